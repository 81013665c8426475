#include "report/send_result.h"

#include <jansson.h>
#include <string.h>

#include "base/escape.h"
#include "report/explain_tables.h"

static const char *const fates[] = {
    [SMTP_NOT_TRIED] = "not sent", [SMTP_ACCEPTED] = "accepted", [SMTP_LATER] = "deferred",
    [SMTP_REFUSED] = "refused",    [SMTP_UNKNOWN] = "unknown",
};

/* In one line; the enhanced code, which each line of a reply repeats, is said once. */
static char *words_of(const SmtpAnswer *answer)
{
    if (!answer->code) {
        return NULL;
    }
    g_autofree char *again = g_strdup_printf("%s ", answer->enhanced);
    g_auto(GStrv) lines = g_strsplit(answer->text ? answer->text : "", "\n", -1);
    GString *whole = g_string_new(NULL);
    g_string_printf(whole, "%u", answer->code);
    for (char **line = lines; *line; line++) {
        bool repeats = line != lines && g_str_has_prefix(*line, again);
        const char *text = *line + (repeats ? strlen(again) : 0);
        g_string_append_printf(whole, "%s%s", *text ? " " : "", text);
    }
    char *shown = escape_line(bytes_of(whole->str));
    g_string_free(whole, TRUE);
    return shown;
}

static bool is_the_same(const SmtpAnswer *a, const SmtpAnswer *b)
{
    return a->code == b->code && !g_strcmp0(a->text, b->text);
}

/* A refusal that was no answer to RCPT: of what, then? NULL for those. */
static const char *answered(const Submission *s, const SmtpRecipient *r)
{
    const struct {
        const SmtpAnswer *answer;
        const char *what;
    } rows[] = {{&s->result.mail, "the answer to MAIL FROM"},
                {&s->result.data, "the answer to DATA"},
                {&s->result.end, "the answer to the text"}};
    bool no = r->fate == SMTP_REFUSED || r->fate == SMTP_LATER;
    for (size_t i = 0; no && i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].answer->code >= 400 && is_the_same(rows[i].answer, &r->answer)) {
            return rows[i].what;
        }
    }
    return NULL;
}

char *send_result_line(const Submission *s, size_t i)
{
    const SmtpRecipient *r = &s->recipients[i];
    g_autofree char *address = escape_line(bytes_of(r->address));
    g_autofree char *words = words_of(&r->answer);
    GString *line = g_string_new(NULL);
    g_string_printf(line, "%s: %s", address, fates[r->fate]);
    if (words) {
        g_string_append_printf(line, " (%s)", words);
    }
    const char *to_what = answered(s, r);
    if (to_what) {
        g_string_append_printf(line, ", %s", to_what);
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

static void add_recipient(json_t *list, const SmtpRecipient *r)
{
    json_array_append_new(list,
                          json_pack("{s:o, s:s, s:o}", "address", text_or_null(r->address), "fate",
                                    fates[r->fate], "answer", answer_json(&r->answer)));
}

/* Those it was to go to are there even when no server was ever asked. */
static json_t *recipients_json(const Submission *s, const Outgoing *message)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->n; i++) {
        add_recipient(list, &s->recipients[i]);
    }
    for (guint i = 0; !s->n && message && i < message->recipients->len; i++) {
        const SmtpRecipient untried = {.address = g_ptr_array_index(message->recipients, i)};
        add_recipient(list, &untried);
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
    json_t *root = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}",
                             "result", send_result_word(s), "message_id",
                             text_or_null(message ? message->message_id : NULL), "file",
                             text_or_null(about->file), "server", text_or_null(about->server),
                             "sender", text_or_null(message ? message->sender : NULL), "recipients",
                             recipients_json(s, message), "octets",
                             (json_int_t)(s->recoded ? s->recoded->len
                                          : message  ? message->text->len
                                                     : 0),
                             "recoded", json_boolean(s->recoded != NULL), "mail",
                             answer_json(&s->result.mail), "data", answer_json(&s->result.data),
                             "end", answer_json(&s->result.end), "error", error_json(about->error));
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
