#include "report/send_result.h"

#include <jansson.h>
#include <string.h>

#include "base/escape.h"
#include "report/explain_tables.h"

static const char *const fates[] = {
    [SMTP_NOT_TRIED] = "not sent", [SMTP_ACCEPTED] = "accepted", [SMTP_LATER] = "deferred",
    [SMTP_REFUSED] = "refused",    [SMTP_UNKNOWN] = "unknown",
};

static char *words_of(const SmtpAnswer *answer)
{
    if (!answer->code) {
        return NULL;
    }
    g_autofree char *whole =
        g_strdup_printf("%u%s%s", answer->code, answer->text && *answer->text ? " " : "",
                        answer->text ? answer->text : "");
    g_autofree char *one_line = g_strdelimit(g_strdup(whole), "\n", ' ');
    return escape_line(bytes_of(one_line));
}

char *send_result_line(const SmtpRecipient *r)
{
    g_autofree char *address = escape_line(bytes_of(r->address));
    g_autofree char *words = words_of(&r->answer);
    GString *line = g_string_new(NULL);
    g_string_printf(line, "%s: %s", address, fates[r->fate]);
    if (words) {
        g_string_append_printf(line, " (%s)", words);
    }
    if (r->fate == SMTP_UNKNOWN) {
        g_string_append(line, ": the connection broke before the server said whether it took the "
                              "message; it may have been delivered");
    }
    bool no = r->fate == SMTP_REFUSED || r->fate == SMTP_LATER;
    g_autofree char *meaning =
        no && r->answer.enhanced[0] ? explain_enhanced(r->answer.enhanced, EXPLAIN_BRIEF) : NULL;
    if (meaning) {
        g_string_append_printf(line, "\n  %s", g_strchomp(meaning));
    }
    return g_string_free(line, FALSE);
}

const char *send_result_word(const Submission *s)
{
    size_t count[G_N_ELEMENTS(fates)] = {0};
    for (size_t i = 0; i < s->n; i++) {
        count[s->recipients[i].fate]++;
    }
    if (count[SMTP_ACCEPTED]) {
        return count[SMTP_ACCEPTED] == s->n ? "accepted" : "partly accepted";
    }
    static const SmtpFate order[] = {SMTP_UNKNOWN, SMTP_LATER, SMTP_REFUSED};
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        if (count[order[i]]) {
            return fates[order[i]];
        }
    }
    return fates[SMTP_NOT_TRIED];
}

/* What a server says need not be UTF-8: escaped then. */
static json_t *text_or_null(const char *text)
{
    if (!text) {
        return json_null();
    }
    json_t *json = json_string(text);
    if (json) {
        return json;
    }
    g_autofree char *escaped = escape_text(bytes_of(text));
    return json_string(escaped);
}

static json_t *answer_json(const SmtpAnswer *answer)
{
    if (!answer->code) {
        return json_null();
    }
    return json_pack("{s:i, s:o, s:o}", "code", (int)answer->code, "enhanced",
                     text_or_null(answer->enhanced[0] ? answer->enhanced : NULL), "text",
                     text_or_null(answer->text));
}

static json_t *recipients_json(const Submission *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->n; i++) {
        const SmtpRecipient *r = &s->recipients[i];
        json_array_append_new(list,
                              json_pack("{s:o, s:s, s:o}", "address", text_or_null(r->address),
                                        "fate", fates[r->fate], "answer", answer_json(&r->answer)));
    }
    return list;
}

static json_t *error_json(const GError *error)
{
    return error ? json_pack("{s:s, s:o}", "kind", error_word(error), "message",
                             text_or_null(error->message))
                 : json_null();
}

static json_t *account_json(const SendAccount *account)
{
    return json_pack("{s:o, s:o, s:I}", "tls", text_or_null(account->tls), "mechanism",
                     text_or_null(account->mechanism), "size_max", (json_int_t)account->size_max);
}

char *send_result_json(const SendResultAbout *about, const Submission *s)
{
    const Outgoing *message = about->message;
    json_t *root = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "result",
        send_result_word(s), "message_id", text_or_null(message ? message->message_id : NULL),
        "file", text_or_null(about->file), "server", text_or_null(about->server), "sender",
        text_or_null(message ? message->sender : NULL), "recipients", recipients_json(s), "octets",
        (json_int_t)(s->recoded ? s->recoded->len
                     : message  ? message->text->len
                                : 0),
        "recoded", json_boolean(s->recoded != NULL), "mail", answer_json(&s->result.mail), "data",
        answer_json(&s->result.data), "end", answer_json(&s->result.end), "error",
        error_json(about->error));
    if (about->account) {
        json_object_set_new(root, "result", json_string("ok"));
        json_object_set_new(root, "account", account_json(about->account));
    }
    char *dumped = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(6));
    char *line = g_strdup(dumped);
    free(dumped);
    json_decref(root);
    return line;
}
