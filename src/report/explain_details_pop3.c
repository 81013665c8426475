/* explain_details_pop3.c: what POP3's "+OK 2 320" counts (RFC 1939 5). */
#include <string.h>

#include "report/explain_tables.h"

/* The numbers a line begins with, behind its status word. */
typedef struct {
    uint64_t first, second;
    size_t count;
} Numbers;

static Numbers leading_numbers(Bytes line)
{
    Numbers n = {0};
    bytes_word(&line);
    if (bytes_number(bytes_word(&line), UINT64_MAX, &n.first)) {
        n.count = 1;
        n.count += bytes_number(bytes_word(&line), UINT64_MAX, &n.second);
    }
    return n;
}

static char *message_size(Numbers n)
{
    if (n.count != 2) {
        return NULL;
    }
    g_autofree char *size = explain_size(n.second);
    return g_strdup_printf("message %" G_GUINT64_FORMAT " has %s", n.first, size);
}

static char *mailbox_size(Numbers n)
{
    if (n.count != 2) {
        return NULL;
    }
    g_autofree char *messages = explain_count(n.first, "message", "messages");
    g_autofree char *size = explain_size(n.second);
    return g_strdup_printf("%s, %s in all", messages, size);
}

/* "+OK 8388608 octets": a custom, not a rule; without the word the number may be anything. */
static char *announced_size(Numbers n, Bytes line)
{
    bool octets = g_strstr_len(line.data, (gssize)line.len, "octets") != NULL;
    return n.count == 1 && octets && n.first >= 1000 ? explain_size(n.first) : NULL;
}

static char *pop3_details(const ReceivedUnit *unit, Bytes line, ExplainLevel level)
{
    const char *verb = unit->verb == NULL ? "" : unit->verb;
    if (bytes_starts(line, "-ERR")) {
        return level == EXPLAIN_FULL && unit->response_code[0] == '\0'
                   ? g_strdup("-ERR refused; the text is for a person (RFC 1939 3)")
                   : NULL;
    }
    if (!bytes_starts(line, "+OK")) {
        return NULL;
    }
    Numbers n = leading_numbers(line);
    if (strcmp(verb, "STAT") == 0) {
        return mailbox_size(n);
    }
    if (strcmp(verb, "LIST") == 0) {
        return message_size(n);
    }
    return strcmp(verb, "RETR") == 0 ? announced_size(n, line) : NULL;
}

static const char *const pop3_protos[] = {"pop3", NULL};
const Vocabulary vocabulary_pop3 = {
    .protos = pop3_protos,
    .response_codes = pop3_response_codes,
    .code_brackets = "[]",
    .capabilities = pop3_capabilities,
    .refusals = pop3_refusals,
    .reply_details = pop3_details,
};
