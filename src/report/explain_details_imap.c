/* explain_details_imap.c: what IMAP's untagged data says (RFC 9051 7), and how commands ended. */
#include <string.h>

#include "base/escape.h"
#include "report/explain_tables.h"

#define NAME_MAX_SHOWN 200

/* ---- how a command ended ---- */

static const WordMeaning statuses[] = {
    {"OK", "done", "RFC 9051 7.1.1"},
    {"NO", "understood, but refused or failed", "RFC 9051 7.1.2"},
    {"BAD", "not understood: unknown command, wrong arguments, or not now", "RFC 9051 7.1.3"},
    {"PREAUTH", "logged in already by other means", "RFC 9051 7.1.4"},
    {"BYE", "the server closes the connection", "RFC 9051 7.1.5"},
    {NULL},
};

/* OK is told in FULL only, and a code in brackets says more than NO and BAD do. */
static char *explain_status(Bytes word, const ReceivedUnit *unit, ExplainLevel level)
{
    bool said = bytes_equal_ci(word, "OK") || unit->response_code[0] != '\0';
    for (size_t i = 0; statuses[i].name != NULL; i++) {
        if (bytes_equal_ci(word, statuses[i].name) && (level == EXPLAIN_FULL || !said)) {
            g_autofree char *phrase = explain_with_rfc(statuses[i].phrase, statuses[i].rfc);
            return g_strdup_printf("%s %s", statuses[i].name, phrase);
        }
    }
    return NULL;
}

/* ---- mailboxes ---- */

static const WordMeaning attributes[] = {
    {"\\Noselect", "cannot be opened", NULL},
    {"\\NonExistent", "does not exist itself", NULL},
    {"\\Remote", "is on another server", NULL},
    {"\\All", "all messages", NULL},
    {"\\Archive", "for the archive", NULL},
    {"\\Drafts", "for drafts", NULL},
    {"\\Flagged", "flagged messages", NULL},
    {"\\Important", "important messages", NULL},
    {"\\Junk", "for spam", NULL},
    {"\\Memos", "for notes", NULL},
    {"\\Scheduled", "to be sent later", NULL},
    {"\\Sent", "for sent mail", NULL},
    {"\\Snoozed", "to come back later", NULL},
    {"\\Trash", "for deleted mail", NULL},
    {NULL},
};

static void add_attributes(GString *out, Bytes list)
{
    for (Bytes word = bytes_word(&list); word.len > 0; word = bytes_word(&list)) {
        for (size_t i = 0; attributes[i].name != NULL; i++) {
            if (bytes_equal_ci(word, attributes[i].name)) {
                g_string_append_printf(out, "%s%s", out->len > 0 ? ", " : "", attributes[i].phrase);
            }
        }
    }
}

/* One "&...-" of modified UTF-7 (RFC 3501 5.1.3): base64 of UTF-16 with ',' for '/', without
 * padding. NULL: broken. */
static char *decode_shifted(Bytes text)
{
    g_autoptr(GString) base64 = g_string_new_len(text.data, (gssize)text.len);
    for (size_t i = 0; i < base64->len; i++) {
        base64->str[i] = base64->str[i] == ',' ? '/' : base64->str[i];
    }
    while (base64->len % 4 != 0) {
        g_string_append_c(base64, '=');
    }
    g_autoptr(GByteArray) utf16 = bytes_base64_decode(bytes_of_string(base64));
    return utf16 == NULL ? NULL
                         : g_convert((const char *)utf16->data, utf16->len, "UTF-8", "UTF-16BE",
                                     NULL, NULL, NULL);
}

/* NULL when the name has nothing shifted in it, or is broken. */
static char *decode_mailbox(Bytes name)
{
    g_autoptr(GString) out = g_string_new(NULL);
    bool shifted = false;
    while (name.len > 0) {
        gssize amp = bytes_index(name, '&');
        Bytes plain = bytes_sub(name, 0, amp < 0 ? name.len : (size_t)amp);
        g_string_append_len(out, plain.len > 0 ? plain.data : "", (gssize)plain.len);
        name = bytes_sub(name, plain.len + 1, name.len);
        if (amp < 0) {
            break;
        }
        gssize end = bytes_index(name, '-');
        g_autofree char *text = end <= 0 ? NULL : decode_shifted(bytes_sub(name, 0, (size_t)end));
        if (end < 0 || (end > 0 && text == NULL)) {
            return NULL;
        }
        g_string_append(out, text == NULL ? "&" : text);
        shifted = true;
        name = bytes_sub(name, (size_t)end + 1, name.len);
    }
    return shifted ? g_strndup(out->str, out->len) : NULL;
}

/* `(\HasNoChildren \Sent) "/" "Sent"` */
static char *explain_list(Bytes rest)
{
    gssize close = bytes_index(rest, ')');
    if (!bytes_starts(rest, "(") || close < 0) {
        return NULL;
    }
    GString *out = g_string_new(NULL);
    add_attributes(out, bytes_sub(rest, 1, (size_t)close - 1));
    Bytes name = bytes_trim(bytes_sub(rest, (size_t)close + 1, rest.len));
    bytes_word(&name); /* the separator */
    g_autofree char *decoded = decode_mailbox(name);
    if (decoded != NULL) {
        g_autofree char *shown = escape_line_max(bytes_of(decoded), NAME_MAX_SHOWN);
        g_string_append_printf(out, "%smailbox %s", out->len > 0 ? "; " : "", shown);
    }
    return g_string_free(out, out->len == 0);
}

/* ---- other untagged data ---- */

static char *explain_search(Bytes rest)
{
    uint64_t count = 0;
    while (bytes_word(&rest).len > 0) {
        count++;
    }
    return explain_count(count, "message", "messages");
}

/* `"" (STORAGE 1024 102400 MESSAGE 5 1000)`: storage is counted in units of 1024 octets (RFC
 * 9208 5.1). */
static char *explain_quota(Bytes rest)
{
    gssize open = bytes_index(rest, '(');
    GString *out = g_string_new(NULL);
    rest = open < 0 ? BYTES_NONE : bytes_sub(rest, (size_t)open + 1, rest.len);
    for (Bytes name = bytes_word(&rest); name.len > 0; name = bytes_word(&rest)) {
        Bytes used_word = bytes_word(&rest), limit_word = bytes_word(&rest);
        uint64_t used, limit;
        limit_word.len -= limit_word.len > 0 && limit_word.data[limit_word.len - 1] == ')';
        if (!bytes_number(used_word, UINT64_MAX / 1024, &used) ||
            !bytes_number(limit_word, UINT64_MAX / 1024, &limit)) {
            break;
        }
        bool storage = bytes_equal_ci(name, "STORAGE");
        g_autofree char *have =
            storage ? explain_size_short(used * 1024) : explain_count(used, "", "");
        g_autofree char *may =
            storage ? explain_size_short(limit * 1024) : explain_count(limit, "", "");
        g_autofree char *what = escape_line_max(name, 40);
        g_string_append_printf(out, "%s%s: %s of %s", out->len > 0 ? ", " : "", what,
                               g_strchomp(have), g_strchomp(may));
    }
    return g_string_free(out, out->len == 0);
}

static char *explain_bye(Bytes rest)
{
    (void)rest;
    return g_strdup("the server closes the connection (RFC 9051 7.1.5)");
}

static char *explain_vanished(Bytes rest)
{
    (void)rest;
    return g_strdup("UIDs of messages that are gone (RFC 7162 3.2.10)");
}

static char *explain_enabled(Bytes rest)
{
    (void)rest;
    return g_strdup("extensions that are on from now (RFC 5161)");
}

static const struct {
    const char *word;
    char *(*explain)(Bytes rest);
} untagged_words[] = {
    {"LIST", explain_list},     {"LSUB", explain_list},         {"XLIST", explain_list},
    {"SEARCH", explain_search}, {"SORT", explain_search},       {"QUOTA", explain_quota},
    {"BYE", explain_bye},       {"VANISHED", explain_vanished}, {"ENABLED", explain_enabled},
};

/* RFC822.SIZE of a FETCH. */
static char *explain_fetch(uint64_t number, Bytes rest)
{
    static const char item[] = "RFC822.SIZE ";
    const char *at = g_strstr_len(rest.data == NULL ? "" : rest.data, (gssize)rest.len, item);
    if (at == NULL) {
        return NULL;
    }
    at += strlen(item);
    Bytes digits = {at, 0};
    while (at + digits.len < rest.data + rest.len && g_ascii_isdigit(at[digits.len])) {
        digits.len++;
    }
    uint64_t octets;
    if (!bytes_number(digits, UINT64_MAX, &octets)) {
        return NULL;
    }
    g_autofree char *size = explain_size(octets);
    return g_strdup_printf("message %" G_GUINT64_FORMAT " has %s", number, size);
}

static char *explain_numbered(uint64_t number, Bytes word, Bytes rest)
{
    if (bytes_equal_ci(word, "EXISTS")) {
        g_autofree char *count = explain_count(number, "message", "messages");
        return g_strdup_printf("%s in the mailbox (RFC 9051 7.4.1)", count);
    }
    if (bytes_equal_ci(word, "RECENT")) {
        g_autofree char *count = explain_count(number, "message is", "messages are");
        return g_strdup_printf("%s new to this session (RFC 3501 7.3.2)", count);
    }
    if (bytes_equal_ci(word, "EXPUNGE")) {
        return g_strdup_printf("message %" G_GUINT64_FORMAT
                               " is gone; the numbers after it move down by one (RFC 9051 7.5.1)",
                               number);
    }
    return bytes_equal_ci(word, "FETCH") ? explain_fetch(number, rest) : NULL;
}

static char *explain_untagged(Bytes rest)
{
    uint64_t number;
    Bytes word = bytes_word(&rest);
    if (bytes_number(word, UINT32_MAX, &number)) {
        word = bytes_word(&rest);
        return explain_numbered(number, word, rest);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(untagged_words); i++) {
        if (bytes_equal_ci(word, untagged_words[i].word)) {
            return untagged_words[i].explain(rest);
        }
    }
    return NULL;
}

/* "{8388608}" at the end of a line. */
static char *explain_literal(Bytes line)
{
    gssize open = -1;
    for (size_t i = 0; i < line.len; i++) {
        open = line.data[i] == '{' ? (gssize)i : open;
    }
    uint64_t octets;
    if (open < 0 || line.data[line.len - 1] != '}' ||
        !bytes_number(bytes_sub(line, (size_t)open + 1, line.len - (size_t)open - 2), UINT64_MAX,
                      &octets)) {
        return NULL;
    }
    g_autofree char *size = explain_size(octets);
    return g_strdup_printf("a literal of %s follows", size);
}

static char *imap_details(const ReceivedUnit *unit, Bytes line, ExplainLevel level)
{
    char *literal = explain_literal(line);
    if (literal != NULL) {
        return literal;
    }
    Bytes rest = line;
    Bytes tag = bytes_word(&rest);
    if (bytes_equal(tag, BYTES_LITERAL("+"))) {
        return g_strdup(g_strcmp0(unit->verb, "IDLE") == 0
                            ? "from now on the server tells what happens; DONE ends that (RFC 2177)"
                            : "go ahead: the server awaits the rest of the command (RFC 9051 7.6)");
    }
    if (bytes_equal(tag, BYTES_LITERAL("*"))) {
        return explain_untagged(rest);
    }
    return explain_status(bytes_word(&rest), unit, level);
}

static const char *const imap_protos[] = {"imap", NULL};
const Vocabulary vocabulary_imap = {
    .protos = imap_protos,
    .response_codes = imap_response_codes,
    .code_brackets = "[]",
    .capabilities = imap_capabilities,
    .refusals = imap_refusals,
    .reply_details = imap_details,
};
