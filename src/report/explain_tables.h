/* explain_tables.h: the vocabulary of each protocol, as data. To teach Postern another protocol's
 * words: a file with a Vocabulary, and a row in explain.c. */
#pragma once

#include "report/explain.h"

/* A three-digit reply code. A row with a verb speaks of answers to that command only and goes
 * before one without. */
typedef struct {
    int code; /* 0 ends the table */
    const char *verb;
    const char *phrase, *rfc;
} CodeMeaning;

/* A response code in brackets, or another word. */
typedef struct {
    const char *name; /* NULL ends the table */
    const char *phrase, *rfc;
    bool obvious; /* told in FULL only */
} WordMeaning;

typedef enum {
    GROUP_SECURITY,
    GROUP_AUTH,
    GROUP_TRANSPORT,
    GROUP_MAILBOX,
    GROUP_MESSAGE,
    GROUP_SEARCH,
    GROUP_LIMIT,
    GROUP_SERVER,
    GROUP_OTHER,
    GROUP_COUNT
} CapGroup;

/* One capability. A name that ends in '=' stands for all that begin so; what follows is its
 * argument. */
typedef struct {
    const char *name; /* NULL ends the table */
    CapGroup group;
    const char *phrase, *rfc; /* rfc may be NULL: nobody has written it down */
    /* A phrase made of its arguments, instead of `phrase`; NULL when they say nothing. May be NULL.
     */
    char *(*with_arguments)(const char *arguments);
} CapMeaning;

/* Why a command may have been refused. Every field that is set must hold; the first row that holds
 * speaks. */
typedef struct {
    const char *verb;  /* alternatives separated by '|'; NULL: any; "" : the greeting */
    const char *codes; /* reply codes, enhanced codes or response codes, separated by '|' */
    const char *words; /* any of these in the line, whatever the case, separated by '|' */
    enum { ANYWHERE, IN_CLEAR, IN_TLS } where;
    const char *has;   /* this capability is known to be there */
    const char *lacks; /* the capabilities are known and this is not among them */
    const char *text;  /* "%M": the mechanisms the server offers. NULL ends the table */
} RefusalRule;

typedef struct {
    const char *const *protos; /* names of registry rows, NULL-terminated */
    const CodeMeaning *codes;  /* each may be NULL */
    const WordMeaning *response_codes;
    const char *code_brackets; /* "[]": how response codes are written */
    const CapMeaning *capabilities;
    const RefusalRule *refusals;
    /* What a status or data line means beyond its code (sizes, counts), or NULL. */
    char *(*reply_details)(const ReceivedUnit *unit, Bytes line, ExplainLevel level);
    /* The reply code when the dialogue does not tell one. May be NULL. */
    int (*reply_code)(Bytes line);
} Vocabulary;

extern const Vocabulary vocabulary_smtp, vocabulary_pop3, vocabulary_imap, vocabulary_sieve,
    vocabulary_nntp, vocabulary_ftp, vocabulary_irc, vocabulary_xmpp, vocabulary_mysql;
extern const CodeMeaning smtp_codes[], nntp_codes[], ftp_codes[], irc_codes[];
extern const WordMeaning pop3_response_codes[], imap_response_codes[], sieve_response_codes[];
extern const CapMeaning smtp_capabilities[], pop3_capabilities[], imap_capabilities[],
    sieve_capabilities[], nntp_capabilities[], ftp_capabilities[], irc_capabilities[];
extern const RefusalRule smtp_refusals[], pop3_refusals[], imap_refusals[], sieve_refusals[],
    nntp_refusals[], ftp_refusals[];

/* What one capability line means, without its RFC in *ret_rfc (static, or NULL). NULL: not known.
 * *ret_group is set always. */
char *explain_capability_phrase(const Vocabulary *vocabulary, const char *line, CapGroup *ret_group,
                                const char **ret_rfc);

/* NULL when nothing is known of the protocol's words. */
const Vocabulary *explain_vocabulary(const Proto *proto);

/* "2.1.0" -> "sender address is valid (RFC 3463 3.2)"; with FULL the class in front. NULL when it
 * is none. */
char *explain_enhanced(const char *enhanced, ExplainLevel level);

/* "SCRAM-SHA-256 (good), PLAIN and LOGIN (the password itself)": by judgement, in the order in
 * which they first stand. */
char *explain_mechanisms(const char *const *names);

/* For CapMeaning.with_arguments, of many protocols: "log in by ..." for mechanisms with blanks, "="
 * or commas between them, and "the server is ..."; NULL when there is nothing. The caller frees. */
char *explain_login_by(const char *arguments);
char *explain_software(const char *arguments);

/* "10.2 MB", "512 octets": the short form of explain_size(). */
char *explain_size_short(uint64_t octets);

/* An argument that is one number; false otherwise. */
bool explain_number(const char *arguments, uint64_t *ret);
/* "3 days", "1 day". */
char *explain_count(uint64_t count, const char *one, const char *many);
/* "phrase (RFC 1939)", or "phrase (in brackets; RFC 1939)"; without an RFC just the phrase. The
 * caller frees it. */
char *explain_with_rfc(const char *phrase, const char *rfc);
