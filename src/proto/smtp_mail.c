/* smtp_mail.c: what a server can take at all, and in how many transactions. */
#include "proto/smtp_mail.h"

#include <inttypes.h>
#include <string.h>

#include "proto/smtp_path.h"
#include "proto/smtp_text.h"
#include "proto/smtp_transaction.h"

void smtp_answer_clear(SmtpAnswer *answer)
{
    g_free(answer->text);
    *answer = (SmtpAnswer){0};
}

void smtp_mail_result_clear(SmtpMailResult *result)
{
    smtp_answer_clear(&result->mail);
    smtp_answer_clear(&result->data);
    smtp_answer_clear(&result->end);
}
/* --- what fits --- */

static bool lacks(const char *what, GError **error)
{
    return error_fail(error, POSTERN_ERROR_DATA, "the server does not offer %s: nothing was sent",
                      what);
}

static bool addresses_fit(const SmtpMail *mail, bool smtputf8, GError **error)
{
    if (!smtp_path_check(mail->sender, smtputf8, error)) {
        return error_prefix(error, "the sender");
    }
    for (size_t i = 0; i < mail->n_recipients; i++) {
        const char *address = mail->recipients[i].address;
        if (!*address) {
            return error_fail(error, POSTERN_ERROR_DATA, "a recipient is empty");
        }
        if (!smtp_path_check(address, smtputf8, error)) {
            return error_prefix(error, "a recipient");
        }
    }
    return true;
}

/* Does the server offer what the mail needs (SIZE, 8BITMIME, SMTPUTF8, REQUIRETLS, LIMITS), and is
 * it well-formed? What DSN and AUTH= ask for is no need: it is left out where it is not offered. */
static bool fits(const Session *s, const SmtpOffers *offers, const SmtpMail *mail, GError **error)
{
    if (mail->smtputf8 && !offers->smtputf8) {
        return lacks("SMTPUTF8, which this message's addresses or header need", error);
    }
    if (mail->eight_bit && !offers->eight_bit) {
        return lacks("8BITMIME, and the text has octets above 127", error);
    }
    if (mail->require_tls && !(offers->require_tls && wire_encrypted(s->wire))) {
        return lacks("REQUIRETLS over TLS (RFC 8689), which was asked for", error);
    }
    if (offers->size_max && mail->text.len > offers->size_max) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "the message has %zu octets, and the server takes at most %" PRIu64
                          ": nothing was sent",
                          mail->text.len, offers->size_max);
    }
    if (mail->all_or_none && offers->rcpt_max && mail->n_recipients > offers->rcpt_max) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "the server takes at most %" PRIu64
                          " recipients at a time, so %zu cannot be all or none: nothing was sent",
                          offers->rcpt_max, mail->n_recipients);
    }
    return addresses_fit(mail, mail->smtputf8 && offers->smtputf8, error) &&
           smtp_text_check(mail->text, error);
}

/* --- rounds --- */

static size_t count_accepted(const SmtpMail *mail)
{
    size_t n = 0;
    for (size_t i = 0; i < mail->n_recipients; i++) {
        n += mail->recipients[i].fate == SMTP_ACCEPTED;
    }
    return n;
}

static const char *domain_of(const SmtpRecipient *r)
{
    const char *at = strrchr(r->address, '@');
    return at ? at + 1 : "";
}

/* Is there room for this one's domain among the first n legs? A limit of 0 is none (RFC 9422 4.3).
 */
static bool domain_fits(const SmtpLeg *legs, size_t n, const SmtpRecipient *r, uint64_t max)
{
    uint64_t others = 0;
    for (size_t i = 0; max && i < n; i++) {
        const char *domain = domain_of(legs[i].recipient);
        if (!g_ascii_strcasecmp(domain, domain_of(r))) {
            return true;
        }
        bool seen = i && !g_ascii_strcasecmp(domain, domain_of(legs[i - 1].recipient));
        others += !seen;
    }
    return !max || others < max;
}

/* Who has not been asked yet. Of a domain that comes back after another, the room is counted twice:
 * that costs a transaction, no more. */
static size_t next_round(SmtpMail *mail, SmtpLeg *legs, const SmtpOffers *offers)
{
    size_t max = offers->rcpt_max ? (size_t)offers->rcpt_max : SIZE_MAX;
    size_t n = 0;
    for (size_t i = 0; i < mail->n_recipients && n < max; i++) {
        SmtpRecipient *r = &mail->recipients[i];
        bool left = r->fate == SMTP_NOT_TRIED && !r->answer.code;
        if (left && domain_fits(legs, n, r, offers->rcpt_domain_max)) {
            legs[n++] = (SmtpLeg){.recipient = r};
        }
    }
    return n;
}

/* Those who were too many while others were taken have their turn in the next transaction. */
static void put_back(const SmtpLeg *legs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (legs[i].too_many) {
            legs[i].recipient->fate = SMTP_NOT_TRIED;
            smtp_answer_clear(&legs[i].recipient->answer);
        }
    }
}

/* A server that wants no more transactions in this session (MAILMAX) gets the rest in a new one,
 * which may offer other things. Suspends. */
static bool make_room(Session *s, SmtpOffers *offers, const SmtpMail *mail, GError **error)
{
    if (!offers->mail_max || s->mails < offers->mail_max) {
        return true;
    }
    if (!session_renew(s, error)) {
        return false;
    }
    *offers = smtp_offers(s->caps);
    return fits(s, offers, mail, error) || error_prefix(error, "in the next session");
}

bool smtp_mail(Session *s, SmtpMail *mail, SmtpMailResult *ret, GError **error)
{
    *ret = (SmtpMailResult){0};
    for (size_t i = 0; i < mail->n_recipients; i++) {
        mail->recipients[i].fate = SMTP_NOT_TRIED;
        smtp_answer_clear(&mail->recipients[i].answer);
    }
    SmtpOffers offers = smtp_offers(s->caps);
    if (!fits(s, &offers, mail, error)) {
        return false;
    }
    g_autofree SmtpLeg *legs = g_new0(SmtpLeg, mail->n_recipients + 1);
    bool ok = true;
    size_t n;
    while (ok && (n = next_round(mail, legs, &offers))) {
        if (mail->all_or_none && n < mail->n_recipients) {
            return error_fail(
                error, POSTERN_ERROR_DATA,
                "the server takes fewer domains at a time, so these recipients cannot "
                "be all or none: nothing was sent");
        }
        size_t before = ret->accepted;
        ok = make_room(s, &offers, mail, error) &&
             smtp_transaction(s, &(SmtpRound){&offers, mail, legs, n}, ret, error);
        ret->accepted = count_accepted(mail);
        if (mail->stop || mail->all_or_none) {
            break;
        }
        if (ret->accepted > before) {
            put_back(legs, n);
        }
    }
    return ok;
}
