#include "proto/imap_parse.h"

#include <string.h>

static const struct {
    const char *word;
    ImapStatus status;
} statuses[] = {
    {"OK", IMAP_OK},   {"NO", IMAP_NO},           {"BAD", IMAP_BAD},
    {"BYE", IMAP_BYE}, {"PREAUTH", IMAP_PREAUTH},
};

static bool parse_status(Bytes rest, ImapResponse *ret)
{
    Bytes word = bytes_word(&rest);
    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
        if (bytes_equal_ci(word, statuses[i].word)) {
            ret->status = statuses[i].status;
            ret->text = bracket_code(rest, ret->code, &ret->code_args);
            return true;
        }
    }
    return false;
}

static void parse_data(Bytes rest, ImapResponse *ret)
{
    ret->word = bytes_word(&rest);
    if (bytes_number(ret->word, UINT64_MAX, &ret->number)) {
        ret->has_number = true;
        ret->word = bytes_word(&rest);
    }
    ret->rest = rest;
    if (!ret->word.len) {
        ret->kind = IMAP_GARBAGE;
    }
}

/* Tags are atoms without "+" (RFC 3501 section 9). */
static bool is_tag(Bytes word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (!g_ascii_isgraph(word.data[i]) || strchr("(){%*\"\\+", word.data[i])) {
            return false;
        }
    }
    return word.len > 0;
}

void imap_parse_response(Bytes response, ImapResponse *ret)
{
    *ret = (ImapResponse){.kind = IMAP_GARBAGE};
    Bytes rest = response;
    Bytes first = bytes_word(&rest);
    if (bytes_equal_ci(first, "+")) {
        ret->kind = IMAP_CONTINUE;
        ret->text = rest;
    } else if (bytes_equal_ci(first, "*")) {
        ret->kind = IMAP_UNTAGGED;
        if (!parse_status(rest, ret)) {
            parse_data(rest, ret);
        }
    } else if (is_tag(first) && parse_status(rest, ret)) {
        ret->kind = IMAP_TAGGED;
        ret->tag = first;
    }
}

bool imap_code_temporary(const char *code)
{
    return !strcmp(code, "UNAVAILABLE") || !strcmp(code, "INUSE") || !strcmp(code, "IN-USE") ||
           !strcmp(code, "SERVERBUG");
}
