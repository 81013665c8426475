/* imap_command.h: what an IMAP client says (RFC 3501 section 9), taken apart. Pure.
 *
 * A command is one run of bytes: its lines without the last CRLF, literals in place behind their
 * "{n}" CRLF. Scanners take what they name off the front of *in and return false (or NULL) when it
 * is not there; *in is then anywhere. Everything is capped. */
#pragma once

#include "proto/imap_set.h"
#include "server/mailstore.h"

enum { IMAP_RANGES_MAX = 4096, IMAP_KEYWORDS_MAX = 64, IMAP_KEYWORD_LENGTH = 100 };

typedef struct {
    Bytes tag;
    Bytes verb; /* behind "UID " when there is one */
    bool uid;   /* "UID FETCH" */
    Bytes args; /* without the blank before them */
} ImapCommandLine;

/* False when there is no tag that is one. The verb may be empty. Borrowed from `command`. */
bool imap_command_line(Bytes command, ImapCommandLine *ret);

/* Does the line announce a literal, "{12}" or "{12+}", at its end? (RFC 7888) */
bool imap_literal_at_end(Bytes line, uint64_t *ret_octets, bool *ret_at_once);

bool imap_scan_char(Bytes *in, char c);
bool imap_scan_space(Bytes *in);
/* A word in any case, up to what is no part of an atom. */
bool imap_scan_word(Bytes *in, const char *word);
/* Borrowed. */
bool imap_scan_atom(Bytes *in, Bytes *ret);
bool imap_scan_number(Bytes *in, uint64_t max, uint64_t *ret);
/* Quoted or literal; without NULs. The caller frees it. */
char *imap_scan_string(Bytes *in);
/* An atom too (with "]"); with `wildcards` also "%" and "*", for LIST. The caller frees it. */
char *imap_scan_astring(Bytes *in, bool wildcards);
/* A mailbox, decoded to UTF-8, INBOX in upper case. The caller frees it. */
char *imap_scan_mailbox(Bytes *in);
/* A sequence set, "*" being `star`; `set` is tidied. */
bool imap_scan_set(Bytes *in, uint32_t star, ImapSet *set);
/* Flags in parentheses, or bare ones (STORE): into the flags and keywords of *ret, which the caller
 * clears with imap_flags_clear(). \Recent is taken and forgotten. */
bool imap_scan_flags(Bytes *in, Mail *ret);
void imap_flags_clear(Mail *flags);
/* "17-Jul-1996", also quoted, as 19960717. */
bool imap_scan_date(Bytes *in, uint32_t *ret);
/* "\"17-Jul-1996 02:44:25 -0700\"" as seconds since the epoch. */
bool imap_scan_date_time(Bytes *in, int64_t *ret);

typedef struct {
    char *mailbox;
    Mail flags; /* its flags, keywords and `received` (0: none given) */
    uint64_t octets;
    bool at_once; /* LITERAL+ */
} ImapAppend;

/* The arguments of APPEND, up to and with the announcement of the message. False when they end
 * elsewhere: at the literal of the mailbox, say. */
bool imap_parse_append(Bytes args, ImapAppend *ret);
void imap_append_clear(ImapAppend *append);
