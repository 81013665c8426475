/* explain_details.c: the vocabularies of the other protocols, and what their replies count. */
#include <string.h>

#include "report/explain_tables.h"

/* ---- SMTP and LMTP ---- */

static const char *const smtp_protos[] = {"smtp", "submission", "lmtp", NULL};
const Vocabulary vocabulary_smtp = {
    .protos = smtp_protos,
    .codes = smtp_codes,
    .capabilities = smtp_capabilities,
    .refusals = smtp_refusals,
};

/* ---- ManageSieve ---- */

static char *sieve_details(const ReceivedUnit *unit, Bytes line, ExplainLevel level)
{
    (void)unit;
    Bytes word = bytes_word(&line);
    if (bytes_equal_ci(word, "NO") && level == EXPLAIN_FULL) {
        return g_strdup("NO refused or failed; the text is for a person (RFC 5804 1.2)");
    }
    return bytes_equal_ci(word, "BYE")
               ? g_strdup("BYE the server closes the connection (RFC 5804 1.2)")
               : NULL;
}

static const char *const sieve_protos[] = {"sieve", NULL};
const Vocabulary vocabulary_sieve = {
    .protos = sieve_protos,
    .response_codes = sieve_response_codes,
    .code_brackets = "()",
    .capabilities = sieve_capabilities,
    .refusals = sieve_refusals,
    .reply_details = sieve_details,
};

/* ---- NNTP ---- */

/* "211 1234 3000234 3002322 misc.test" (RFC 3977 6.1.1) */
static char *nntp_details(const ReceivedUnit *unit, Bytes line, ExplainLevel level)
{
    (void)level;
    uint64_t count, low, high;
    bytes_word(&line);
    if (unit->code != 211 || !bytes_number(bytes_word(&line), UINT64_MAX, &count) ||
        !bytes_number(bytes_word(&line), UINT64_MAX, &low) ||
        !bytes_number(bytes_word(&line), UINT64_MAX, &high)) {
        return NULL;
    }
    g_autofree char *articles = explain_count(count, "article", "articles");
    return g_strdup_printf("about %s, numbers %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                           articles, low, high);
}

static const char *const nntp_protos[] = {"nntp", NULL};
const Vocabulary vocabulary_nntp = {
    .protos = nntp_protos,
    .codes = nntp_codes,
    .capabilities = nntp_capabilities,
    .refusals = nntp_refusals,
    .reply_details = nntp_details,
};

/* ---- FTP ---- */

/* "(127,0,0,1,200,10)" (RFC 959 4.1.2) */
static char *passive_address(Bytes text)
{
    g_autofree char *copy = bytes_dup(text);
    char *digits = strchr(copy, '(');
    g_auto(GStrv) parts = g_strsplit(digits == NULL ? "" : digits + 1, ",", 7);
    uint64_t numbers[6];
    if (g_strv_length(parts) != 6) {
        return NULL;
    }
    parts[5][strspn(parts[5], "0123456789")] = '\0';
    for (size_t i = 0; i < 6; i++) {
        if (!bytes_number(bytes_of(parts[i]), 255, &numbers[i])) {
            return NULL;
        }
    }
    return g_strdup_printf("data connection to %u.%u.%u.%u port %u", (unsigned)numbers[0],
                           (unsigned)numbers[1], (unsigned)numbers[2], (unsigned)numbers[3],
                           (unsigned)(numbers[4] * 256 + numbers[5]));
}

static char *ftp_details(const ReceivedUnit *unit, Bytes line, ExplainLevel level)
{
    (void)level;
    uint64_t octets;
    Bytes rest = line;
    bytes_word(&rest);
    if (unit->code == 213 && unit->verb != NULL && strcmp(unit->verb, "SIZE") == 0 &&
        bytes_number(bytes_trim(rest), UINT64_MAX, &octets)) {
        return explain_size(octets);
    }
    return unit->code == 227 ? passive_address(line) : NULL;
}

static const char *const ftp_protos[] = {"ftp", NULL};
const Vocabulary vocabulary_ftp = {
    .protos = ftp_protos,
    .codes = ftp_codes,
    .capabilities = ftp_capabilities,
    .refusals = ftp_refusals,
    .reply_details = ftp_details,
};

/* ---- IRC ---- */

/* ":server 670 nick :text" */
static int irc_code(Bytes line)
{
    uint64_t code;
    Bytes word = bytes_word(&line);
    if (bytes_starts(word, ":")) {
        word = bytes_word(&line);
    }
    return word.len == 3 && bytes_number(word, 999, &code) ? (int)code : 0;
}

static const char *const irc_protos[] = {"irc", NULL};
const Vocabulary vocabulary_irc = {
    .protos = irc_protos,
    .codes = irc_codes,
    .capabilities = irc_capabilities,
    .reply_code = irc_code,
};
