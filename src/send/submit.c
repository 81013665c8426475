#include "send/submit.h"

#include <string.h>

#include "mime/address.h"
#include "proto/smtp_text.h"

enum { STATUS_OK = 0, STATUS_UNAVAILABLE = 69, STATUS_TEMPFAIL = 75 };

void submission_clear(Submission *s)
{
    for (size_t i = 0; i < s->n; i++) {
        smtp_answer_clear(&s->recipients[i].answer);
    }
    g_free(s->recipients);
    smtp_mail_result_clear(&s->result);
    g_clear_pointer(&s->recoded, g_byte_array_unref);
    *s = (Submission){0};
}

static bool check_notify(const char *notify, GError **error)
{
    g_auto(GStrv) words = g_strsplit(notify, ",", -1);
    static const char *const known[] = {"SUCCESS", "FAILURE", "DELAY", NULL};
    bool fine = words[0] != NULL;
    for (size_t i = 0; words[i]; i++) {
        bool never = !g_ascii_strcasecmp(words[i], "NEVER") && !words[1];
        g_autofree char *word = g_ascii_strup(words[i], -1);
        fine = fine && (never || g_strv_contains(known, word));
    }
    return fine ||
           error_fail(error, POSTERN_ERROR_USAGE,
                      "--notify takes NEVER, or some of SUCCESS,FAILURE,DELAY, not \"%s\"", notify);
}

static bool is_printable(const char *text)
{
    bool good = true;
    for (const char *c = text; *c; c++) {
        good &= g_ascii_isprint(*c);
    }
    return good;
}

bool submit_check_wishes(const SubmitWishes *w, GError **error)
{
    if (w->notify && !check_notify(w->notify, error)) {
        return false;
    }
    if (w->ret && g_ascii_strcasecmp(w->ret, "FULL") != 0 &&
        g_ascii_strcasecmp(w->ret, "HDRS") != 0) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--ret takes full or hdrs, not \"%s\"",
                          w->ret);
    }
    if (w->envid && (strlen(w->envid) > 100 || !is_printable(w->envid))) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--envid takes at most 100 characters of printable ASCII (RFC 3461 4.4)");
    }
    if (w->orcpt) {
        const char *semicolon = strchr(w->orcpt, ';');
        size_t type = semicolon ? (size_t)(semicolon - w->orcpt) : 0;
        bool good = type && semicolon[1] && is_printable(w->orcpt) &&
                    strspn(w->orcpt, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-") == type;
        if (!good) {
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "--orcpt takes TYPE;ADDRESS in printable ASCII, such as "
                              "rfc822;joe@example.org");
        }
    }
    return true;
}

static bool needs_smtputf8(const Outgoing *message)
{
    bool needed = message->header_eight_bit || !address_is_ascii(message->sender);
    for (guint i = 0; i < message->recipients->len && !needed; i++) {
        needed = !address_is_ascii(g_ptr_array_index(message->recipients, i));
    }
    return needed;
}

/* The text as this server takes it: as it is, or recoded into ret->recoded. */
static bool choose_text(const SmtpOffers *offers, const Outgoing *message, SubmitRecode recode,
                        Submission *ret, SmtpMail *mail, GError **error)
{
    mail->text = bytes_of_array(message->text);
    mail->eight_bit = message->eight_bit || message->header_eight_bit;
    bool too_long = smtp_text_has_long_line(mail->text);
    bool too_high = message->eight_bit && !offers->eight_bit;
    if (!recode || (!too_long && !too_high)) {
        return true; /* without one smtp_mail() says what is in the way */
    }
    ret->recoded = recode(mail->text, error);
    if (!ret->recoded) {
        return error_prefix(error, "%s, and the message could not be encoded anew",
                            too_long ? "a line has more than 998 octets (RFC 5321 4.5.3.1.6)"
                                     : "the server does not offer 8BITMIME");
    }
    mail->text = bytes_of_array(ret->recoded);
    mail->eight_bit = message->header_eight_bit;
    return true;
}

bool submit(Session *s, const Outgoing *message, const SubmitWishes *wishes, SubmitRecode recode,
            Submission *ret, GError **error)
{
    *ret = (Submission){.n = message->recipients->len};
    ret->recipients = g_new0(SmtpRecipient, ret->n + 1);
    for (size_t i = 0; i < ret->n; i++) {
        ret->recipients[i].address = g_ptr_array_index(message->recipients, i);
        ret->recipients[i].notify = wishes->notify;
        ret->recipients[i].orcpt = wishes->orcpt;
    }
    SmtpMail mail = {
        .sender = message->sender,
        .recipients = ret->recipients,
        .n_recipients = ret->n,
        .smtputf8 = needs_smtputf8(message),
        .require_tls = wishes->require_tls,
        .ret = wishes->ret,
        .envid = wishes->envid,
        .auth = wishes->submitter,
        .all_or_none = wishes->all_or_none,
        .no_pipelining = wishes->no_pipelining,
        .no_chunking = wishes->no_chunking,
        .stop = wishes->stop,
    };
    SmtpOffers offers = smtp_offers(s->caps);
    return choose_text(&offers, message, recode, ret, &mail, error) &&
           smtp_mail(s, &mail, &ret->result, error);
}

int submission_status(const Submission *s)
{
    int status = STATUS_OK;
    for (size_t i = 0; i < s->n; i++) {
        SmtpFate fate = s->recipients[i].fate;
        if (fate == SMTP_REFUSED) {
            return STATUS_UNAVAILABLE;
        }
        status = fate == SMTP_ACCEPTED ? status : STATUS_TEMPFAIL;
    }
    return status;
}
