/* check_handshake.c: what else is agreed on in a handshake, and what a server puts up with. */
#include "audit/family.h"
#include "audit/fixes.h"

enum { WEEK = 7 * 86400 };

/* Subjects that TLS 1.3 has done away with. True: an older version is offered, or may be; go on. */
static bool about_old_tls(const Facts *f, Findings *out)
{
    if (old_tls_offered(f) == NO) {
        findings_not_applicable(out);
        return false;
    }
    return true;
}

/* An ordinary handshake and raw ones, and each time something else came: that is no accident. */
static bool speaks_no_tls(const Facts *f)
{
    enum { CERTAIN = 2 };
    return f->handshake_error != NULL && f->hellos >= CERTAIN && f->hellos_not_tls == f->hellos;
}

static void works(const Facts *f, Findings *out)
{
    if (f->peer != NULL) {
        findings_pass(out, "%s, %s", tls_version_name(f->peer->version),
                      f->peer->cipher_standard ? f->peer->cipher_standard : f->peer->cipher);
    } else if (speaks_no_tls(f)) {
        findings_fail(out, "%s, but no answer to a hello is TLS: %s",
                      f->tls_first ? "TLS is to come first" : "STARTTLS is offered",
                      f->handshake_error);
    } else if (old_tls_offered(f) == NO && f->version[V_TLS13].offered.known == NO) {
        findings_fail(out, "no version from SSLv3 to TLS 1.3 is offered%s%s",
                      f->handshake_error ? ": " : "", f->handshake_error ? f->handshake_error : "");
    } else {
        findings_unknown(out, "%s",
                         f->handshake_error ? f->handshake_error : "no handshake was made");
    }
}

static void secure_renegotiation(const Facts *f, Findings *out)
{
    if (about_old_tls(f, out)) {
        findings_from_fact(out, &f->secure_renegotiation, NO, "");
    }
}

static void client_renegotiation(const Facts *f, Findings *out)
{
    if (about_old_tls(f, out)) {
        findings_from_fact(out, &f->client_renegotiation, YES, "");
    }
}

static void compression(const Facts *f, Findings *out)
{
    if (about_old_tls(f, out)) {
        findings_from_fact(out, &f->compression, YES, "");
    }
}

static void ems(const Facts *f, Findings *out)
{
    if (about_old_tls(f, out)) {
        findings_from_fact(out, &f->ems, NO, "");
    }
}

static void etm(const Facts *f, Findings *out)
{
    g_autofree char *evidence = NULL;
    Known cbc = class_offered(f, CLASS_CBC, &evidence);
    if (cbc == NO) {
        findings_not_applicable(out);
    } else if (cbc == UNKNOWN) {
        findings_unknown(out, "%s", evidence);
    } else {
        findings_from_fact(out, &f->etm, NO, "");
    }
}

/* The signal warns of a fallback below the best version; between 1.2 and 1.3 the sentinel does that
 * (RFC 8446 4.1.3). */
static void fallback_scsv(const Facts *f, Findings *out)
{
    if (!about_old_tls(f, out)) {
        return;
    }
    Known lower = NO;
    for (int v = V_SSL3; v < V_TLS12 && lower != YES; v++) {
        Known offered = f->version[v].offered.known;
        lower = offered == NO ? lower : offered;
    }
    if (lower == NO) {
        findings_not_applicable(out);
    } else {
        findings_from_fact(out, &f->fallback_scsv, NO, "");
    }
}

static void sentinel(const Facts *f, Findings *out)
{
    if (f->version[V_TLS13].offered.known == NO || old_tls_offered(f) == NO) {
        findings_not_applicable(out);
    } else {
        findings_from_fact(out, &f->sentinel, NO, "");
    }
}

static void intolerant(const Facts *f, Findings *out)
{
    findings_from_fact(out, &f->tls13_intolerant, YES, "");
}

static void sni_needed(const Facts *f, Findings *out)
{
    findings_from_fact(out, &f->sni_needed, YES, "");
}

static void ticket_lifetime(const Facts *f, Findings *out)
{
    if (f->ticket_lifetime > WEEK) {
        findings_fail(out, "%" G_GINT64_FORMAT " hours", (gint64)(f->ticket_lifetime / 3600));
    } else if (f->ticket_lifetime >= 0) {
        findings_pass(out, "%" G_GINT64_FORMAT " s", (gint64)f->ticket_lifetime);
    } else if (f->resumption_ticket.known == NO) {
        findings_not_applicable(out);
    } else if (f->resumption_ticket.known == YES) {
        findings_unknown(out, "tickets are given, their lifetime was not seen");
    } else {
        findings_unknown(out, "%s", fact_why(&f->resumption_ticket));
    }
}

static void resumption(const Facts *f, Findings *out)
{
    const Fact *id = &f->resumption_id, *ticket = &f->resumption_ticket;
    if (id->known == YES || ticket->known == YES) {
        findings_pass(out, "by %s", ticket->known == YES ? "ticket" : "session id");
    } else if (id->known == NO && ticket->known == NO) {
        findings_fail(out, "neither by session id nor by ticket");
    } else {
        findings_unknown(out, "%s", fact_why(ticket->known == UNKNOWN ? ticket : id));
    }
}

static void early_data(const Facts *f, Findings *out)
{
    if (f->version[V_TLS13].offered.known == NO) {
        findings_not_applicable(out);
    } else {
        findings_from_fact(out, &f->early_data, YES, "");
    }
}

static void heartbeat(const Facts *f, Findings *out)
{
    findings_from_fact(out, &f->heartbeat, YES, "");
}

static const Check checks[] = {
    {
        .id = "handshake.works",
        .title = "No handshake with a client of today",
        .severity = BY_ROLE(HIGH, CRITICAL, CRITICAL, HIGH),
        .run = works,
        .why = "The server says that it speaks TLS, and then cannot agree with an ordinary client. "
               "Nobody with up-to-date "
               "software can encrypt here.",
        .reference = "RFC 9325 3.1.1",
        .fix = {.postfix = POSTFIX_PROTOCOLS "\n" POSTFIX_CERTIFICATE,
                .dovecot = DOVECOT_PROTOCOLS "\n" DOVECOT_CERTIFICATE,
                .exim = EXIM_CERTIFICATE,
                .exchange = EXCHANGE_CERTIFICATE},
    },
    {
        .id = "handshake.secure_renegotiation",
        .title = "Secure renegotiation is not supported",
        .severity = BY_ROLE(LOW, HIGH, HIGH, MEDIUM),
        .run = secure_renegotiation,
        .why = "An attacker can put commands of his own in front of a client's session, and the "
               "server takes them as the client's. "
               "The remedy is from 2010.",
        .reference = "RFC 5746, CVE-2009-3555",
        .flat_id = "secure_renego",
    },
    {
        .id = "handshake.client_renegotiation",
        .title = "A client may renegotiate as often as it likes",
        .severity = ALWAYS(LOW),
        .run = client_renegotiation,
        .why = "Each renegotiation costs the server far more than the client, so that one "
               "connection can keep it busy. No mail "
               "client needs it.",
        .reference = "CVE-2011-1473, RFC 9325 3.5",
        .flat_id = "secure_client_renego",
        .fix = {.postfix = "tls_ssl_options = NO_RENEGOTIATION",
                .exim = "openssl_options = +no_renegotiation"},
    },
    {
        .id = "handshake.compression",
        .title = "TLS compression is offered",
        .severity = ALWAYS(LOW),
        .run = compression,
        .why = "The length of compressed data tells about its contents, also when it is encrypted. "
               "OpenSSL has had it switched off "
               "since 2016.",
        .reference = "RFC 9325 3.3",
        .fix = {.postfix = "tls_ssl_options = NO_COMPRESSION",
                .dovecot = "ssl_options = no_compression",
                .exim = "openssl_options = +no_compression"},
    },
    {
        .id = "handshake.ems",
        .title = "The extended master secret is not supported",
        .severity = ALWAYS(LOW),
        .run = ems,
        .why = "Without it an attacker in between can make two sessions with the same keys, and so "
               "break what binds a login to a "
               "session. Channel binding with TLS 1.2 cannot be relied on.",
        .reference = "RFC 7627, RFC 9325 3.4",
    },
    {
        .id = "handshake.etm",
        .title = "CBC suites without encrypt-then-MAC",
        .severity = ALWAYS(INFO),
        .run = etm,
        .why = "In CBC mode TLS authenticates before it encrypts, which made attacks like Lucky 13 "
               "possible. This extension turns "
               "the order round, for clients that know it.",
        .reference = "RFC 7366",
    },
    {
        .id = "handshake.fallback_scsv",
        .title = "A forced fallback to an older version is not noticed",
        .severity = ALWAYS(LOW),
        .run = fallback_scsv,
        .why = "An attacker can disturb handshakes until a client tries an older version. A server "
               "that knows this signal ends such "
               "a connection.",
        .reference = "RFC 7507",
        .flat_id = "fallback_SCSV",
    },
    {
        .id = "handshake.sentinel",
        .title = "No mark against downgrades from TLS 1.3",
        .severity = ALWAYS(MEDIUM),
        .run = sentinel,
        .why = "A server with TLS 1.3 puts a mark into its answers in older versions, by which a "
               "client sees that somebody has "
               "tampered. Without it an attacker can bring both down to a weaker version.",
        .reference = "RFC 8446 4.1.3",
    },
    {
        .id = "handshake.tls13_intolerant",
        .title = "Clients that offer TLS 1.3 are turned away",
        .severity = ALWAYS(HIGH),
        .run = intolerant,
        .why = "A server that does not know TLS 1.3 has to answer with an older version. This one "
               "fails instead, for every client "
               "of today.",
        .reference = "RFC 8446 4.2.1, D",
    },
    {
        .id = "handshake.sni_needed",
        .title = "Nothing works without a server name",
        .severity = BY_ROLE(MEDIUM, LOW, LOW, LOW),
        .run = sni_needed,
        .why = "Many mail servers and old clients do not say which name they want (SNI). Those get "
               "no TLS here, or the wrong "
               "certificate.",
        .reference = "RFC 6066 3, RFC 9325 3.7",
        .fix = {.postfix = "# a default beside tls_server_sni_maps:\n" POSTFIX_CERTIFICATE,
                .dovecot = "# a default outside of local_name:\n" DOVECOT_CERTIFICATE},
    },
    {
        .id = "handshake.ticket_lifetime",
        .title = "Session tickets live longer than a week",
        .severity = ALWAYS(LOW),
        .run = ticket_lifetime,
        .why = "Whoever steals the key for tickets can decrypt the sessions that use them. Seven "
               "days are the most that TLS 1.3 "
               "allows.",
        .reference = "RFC 8446 4.6.1, RFC 9325 3.4",
        .flat_id = "TLS_session_ticket",
        .fix = {.postfix = "smtpd_tls_session_cache_timeout = 3600s"},
    },
    {
        .id = "handshake.resumption",
        .title = "Sessions cannot be resumed",
        .severity = ALWAYS(INFO),
        .run = resumption,
        .why = "Every connection then costs a full handshake, and mail programs make many. It is "
               "slower, not less safe.",
        .reference = "RFC 8446 2.2",
    },
    {
        .id = "handshake.early_data",
        .title = "Early data (0-RTT) is accepted",
        .severity = ALWAYS(MEDIUM),
        .run = early_data,
        .why = "What is sent with the first message can be sent a second time by anybody who "
               "recorded it. No mail protocol says "
               "which of its commands would be harmless.",
        .reference = "RFC 8446 8, RFC 9325 3.10",
    },
    {
        .id = "handshake.heartbeat",
        .title = "The heartbeat extension is offered",
        .severity = ALWAYS(INFO),
        .run = heartbeat,
        .why = "Nothing in mail uses it, and it gave the world Heartbleed. A server that offers it "
               "runs an old TLS library.",
        .reference = "RFC 6520",
    },
    {0},
};

const Family family_handshake = {"handshake", "Handshake", checks, NEEDS_TLS};
