/* sender_view.c: three kinds of senders, and what each makes of an MX. */
#include "audit/sender_view.h"

#include <string.h>

#include "audit/family.h"
#include "audit/mta_sts_parse.h"
#include "audit/tlsa_match.h"

const char *sender_name(Sender sender)
{
    static const char *const names[] = {"opportunistic", "DANE", "MTA-STS"};
    return names[sender];
}

const char *delivery_name(Delivery delivery)
{
    static const char *const names[] = {"unknown", "not delivered", "plaintext", "encrypted",
                                        "verified"};
    return names[delivery];
}

static SenderOutcome outcome(Delivery delivery, const char *format, ...) G_GNUC_PRINTF(2, 3);

static SenderOutcome outcome(Delivery delivery, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    SenderOutcome result = {delivery, g_strdup_vprintf(format, arguments)};
    va_end(arguments);
    return result;
}

/* What there is to say before anybody's policy counts. False: go on. */
static bool is_out_of_reach(const Facts *f, SenderOutcome *ret)
{
    if (f == NULL) {
        *ret = outcome(DELIVERY_UNKNOWN, "no address of it was asked");
    } else if (f->reachable.known == NO) {
        *ret = outcome(DELIVERY_NONE, "not reached: %s", fact_why(&f->reachable));
    } else if (f->reachable.known == UNKNOWN) {
        *ret = outcome(DELIVERY_UNKNOWN, "%s", fact_why(&f->reachable));
    } else if (f->greeted.known == NO) {
        *ret = outcome(DELIVERY_NONE, "no proper greeting");
    } else {
        return false;
    }
    return true;
}

static const char *without_tls(const Facts *f)
{
    switch (f->tls_offer) {
    case TLS_OFFER_MISSING:
        return "STARTTLS is not offered";
    case TLS_OFFER_MANGLED:
        return "the offer of STARTTLS arrives mangled";
    case TLS_OFFER_REFUSED:
        return "STARTTLS is refused";
    case TLS_OFFER_INJECTED:
        return "plaintext arrives behind the answer to STARTTLS";
    case TLS_OFFER_YES:
    case TLS_OFFER_UNKNOWN:
    case TLS_OFFER_PREAUTH:
        break;
    }
    return NULL;
}

/* Nothing is demanded: TLS if it is there, any certificate, else plaintext (RFC 7435). */
static SenderOutcome opportunistic(const Facts *f)
{
    const char *without = without_tls(f);
    if (f->tls_offer == TLS_OFFER_MISSING || f->tls_offer == TLS_OFFER_MANGLED ||
        f->tls_offer == TLS_OFFER_REFUSED) {
        return f->tls_enforced.known == YES
                   ? outcome(DELIVERY_NONE, "%s, and the server demands it", without)
                   : outcome(DELIVERY_PLAINTEXT, "%s", without);
    }
    if (f->peer != NULL) {
        return outcome(DELIVERY_ENCRYPTED, "%s, whatever the certificate",
                       tls_version_name(f->peer->version));
    }
    return outcome(DELIVERY_UNKNOWN, "%s",
                   f->handshake_error ? f->handshake_error : "no handshake was made");
}

/* RFC 7672 3.1.3, 2.2: usages 0 and 1 and broken records are unusable. */
static guint usable_records(const Facts *f)
{
    guint usable = 0;
    for (guint i = 0; i < f->dane.records->len; i++) {
        const TlsaRecord *record = g_ptr_array_index(f->dane.records, i);
        g_autofree char *mistake = tlsa_mistake(record);
        usable += mistake == NULL && record->usage >= 2;
    }
    return usable;
}

static SenderOutcome with_dane(const MxFacts *mx, const Facts *f)
{
    const DaneFacts *dane = &f->dane;
    if (dane->bogus) {
        return outcome(DELIVERY_NONE, "the TLSA answer fails validation");
    }
    if (dane->answered.known == UNKNOWN) {
        return outcome(DELIVERY_UNKNOWN, "%s", fact_why(&dane->answered));
    }
    if (dane->records->len == 0 || !dane->secure || !mx->secure) {
        SenderOutcome plain = opportunistic(f);
        g_autofree char *why = plain.why;
        return outcome(plain.delivery, "%s, so as any other: %s",
                       dane->records->len == 0 ? "no TLSA records" : "not signed", why);
    }
    const char *without = without_tls(f);
    if (without != NULL) {
        return outcome(DELIVERY_NONE, "there are TLSA records, but %s", without);
    }
    if (usable_records(f) == 0) {
        return f->peer ? outcome(DELIVERY_ENCRYPTED, "no TLSA record is usable: TLS, to whomever")
                       : outcome(DELIVERY_UNKNOWN,
                                 "no TLSA record is usable, and no handshake was made");
    }
    switch (dane->verified.known) {
    case YES:
        return outcome(DELIVERY_VERIFIED, "a TLSA record matches");
    case NO:
        return outcome(DELIVERY_NONE, "no TLSA record matches the certificate");
    case UNKNOWN:
        break;
    }
    return outcome(DELIVERY_UNKNOWN, "%s", fact_why(&dane->verified));
}

/* Would a sender that follows the policy go on with this MX? NULL: yes. *ret_known: is that for
 * sure? */
static const char *against_policy(const DomainFacts *d, const MxFacts *mx, const Facts *f,
                                  bool *ret_known)
{
    bool named = false;
    for (guint i = 0; i < d->mta_sts_mx->len; i++) {
        named = named || mta_sts_mx_matches(g_ptr_array_index(d->mta_sts_mx, i), mx->host);
    }
    *ret_known = true;
    if (!named) {
        return "the policy does not name this MX";
    }
    const char *without = without_tls(f);
    if (without != NULL) {
        return without;
    }
    if (f->peer == NULL) {
        *ret_known = false;
        return f->handshake_error ? f->handshake_error : "no handshake was made";
    }
    return f->peer->verified ? NULL : "the certificate is not valid for this name";
}

static SenderOutcome with_mta_sts(const DomainFacts *d, const MxFacts *mx, const Facts *f)
{
    if (d->mta_sts_record.known == UNKNOWN ||
        (d->mta_sts_record.known == YES && d->mta_sts_policy.known == UNKNOWN)) {
        return outcome(
            DELIVERY_UNKNOWN, "%s",
            fact_why(d->mta_sts_record.known == UNKNOWN ? &d->mta_sts_record : &d->mta_sts_policy));
    }
    g_autofree char *id =
        d->mta_sts_text ? mta_sts_record_parse(bytes_of(d->mta_sts_text), NULL) : g_strdup("");
    bool none = id == NULL || d->mta_sts_record.known == NO || d->mta_sts_policy.known == NO ||
                d->mta_sts_mode == NULL || strcmp(d->mta_sts_mode, "none") == 0;
    SenderOutcome plain = opportunistic(f);
    g_autofree char *plain_why = plain.why;
    if (none) {
        return outcome(plain.delivery, "no policy, so as any other: %s", plain_why);
    }
    bool known = false;
    const char *against = against_policy(d, mx, f, &known);
    if (against == NULL) {
        return outcome(DELIVERY_VERIFIED, "the policy holds");
    }
    if (strcmp(d->mta_sts_mode, "testing") == 0) {
        return outcome(plain.delivery, "reports that %s, and goes on: %s", against, plain_why);
    }
    return known ? outcome(DELIVERY_NONE, "%s", against) : outcome(DELIVERY_UNKNOWN, "%s", against);
}

static void sender_view_free(void *data)
{
    SenderView *view = data;
    for (int s = 0; s < SENDER_COUNT; s++) {
        g_free(view->by[s].why);
    }
    g_free(view);
}

static SenderView *view_of(const DomainFacts *d, const MxFacts *mx, const Facts *f)
{
    SenderView *view = g_new0(SenderView, 1);
    view->mx = mx;
    view->service = f;
    for (int s = 0; s < SENDER_COUNT; s++) {
        if (is_out_of_reach(f, &view->by[s])) {
            continue;
        }
        view->by[s] = s == SENDER_OPPORTUNISTIC ? opportunistic(f)
                      : s == SENDER_DANE        ? with_dane(mx, f)
                                                : with_mta_sts(d, mx, f);
    }
    return view;
}

GPtrArray *sender_views(const DomainFacts *domain)
{
    GPtrArray *views = g_ptr_array_new_with_free_func(sender_view_free);
    for (guint m = 0; m < domain->mx->len; m++) {
        const MxFacts *mx = g_ptr_array_index(domain->mx, m);
        guint before = views->len;
        for (guint i = 0; i < domain->services->len; i++) {
            const Facts *f = g_ptr_array_index(domain->services, i);
            if (f->role == ROLE_MX && g_ascii_strcasecmp(f->host, mx->host) == 0) {
                g_ptr_array_add(views, view_of(domain, mx, f));
            }
        }
        if (views->len == before) {
            g_ptr_array_add(views, view_of(domain, mx, NULL));
        }
    }
    return views;
}
