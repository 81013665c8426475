/* facts_world.h: facts made by hand: a good server, a good domain, and how to ask checks about
 * them. */
#pragma once

#include <string.h>

#include "audit/check.h"

static inline char *world_pin(void)
{
    return g_strdup("sha256:00");
}

/* Two years' worth of a leaf, or of an issuer; what a test cares about it changes. */
static inline TlsCertificate *world_certificate(const char *subject, const char *issuer,
                                                const char *dns_name, gint64 now)
{
    TlsCertificate *c = g_new0(TlsCertificate, 1);
    c->subject = g_strdup(subject);
    c->issuer = g_strdup(issuer);
    c->common_name = g_strdup(subject + 3);
    c->dns_names = g_ptr_array_new_with_free_func(g_free);
    c->ip_names = g_ptr_array_new_with_free_func(g_free);
    c->emails = g_ptr_array_new_with_free_func(g_free);
    if (dns_name) {
        g_ptr_array_add(c->dns_names, g_strdup(dns_name));
    }
    c->not_before = now - 30 * 86400;
    c->not_after = now + 60 * 86400;
    c->key_type = g_strdup("RSA");
    c->key_bits = 2048;
    c->signature = g_strdup("sha256WithRSAEncryption");
    c->serial = g_strdup("01");
    c->sha256 = g_strdup("AA:BB:CC:DD:EE:FF:00:11:22");
    c->sha1 = g_strdup("AA");
    c->md5 = g_strdup("AA");
    c->spki_pin = world_pin();
    c->ocsp_url = g_strdup("http://ocsp.example.org");
    c->der = g_bytes_new_static("der", 3);
    return c;
}

static inline GPtrArray *world_chain(const char *host, gint64 now)
{
    GPtrArray *chain = g_ptr_array_new_with_free_func((GDestroyNotify)tls_certificate_free);
    g_autofree char *subject = g_strdup_printf("CN=%s", host);
    g_ptr_array_add(chain, world_certificate(subject, "CN=Authority", host, now));
    g_ptr_array_add(chain, world_certificate("CN=Authority", "CN=Root", NULL, now));
    return chain;
}

static inline Caps *world_caps(const char *lines)
{
    Caps *caps = caps_new();
    g_auto(GStrv) list = g_strsplit(lines, "\n", -1);
    for (size_t i = 0; list[i]; i++) {
        caps_add_line(caps, bytes_of(list[i]));
    }
    return caps;
}

static inline void world_suite(VersionFacts *version, uint16_t suite)
{
    g_array_append_val(version->suites, suite);
}

static inline void world_versions(Facts *f)
{
    for (int v = 0; v < V_COUNT; v++) {
        fact_set(&f->version[v].offered, v >= V_TLS12 ? YES : NO, NULL);
        fact_set(&f->version[v].suites_complete, YES, NULL);
        fact_set(&f->version[v].server_order, YES, NULL);
    }
    world_suite(&f->version[V_TLS12],
                0xC030); /* ECDHE-RSA with AES-256-GCM, and with AES-128-GCM */
    world_suite(&f->version[V_TLS12], 0xC02F);
    world_suite(&f->version[V_TLS13], 0x1301);
    for (int c = 0; c < CLASS_COUNT; c++) {
        fact_set(&f->suite_class[c], c == CLASS_ECDHE || c == CLASS_AEAD ? YES : NO, NULL);
    }
    const uint16_t groups[] = {0x11EC, 29, 23}; /* X25519MLKEM768, X25519, P-256 */
    g_array_append_vals(f->groups, groups, G_N_ELEMENTS(groups));
    fact_set(&f->groups_complete, YES, NULL);
    const uint16_t signature = 0x0804; /* rsa_pss_rsae_sha256 */
    g_array_append_val(f->signatures, signature);
}

static inline void world_answers(Facts *f)
{
    Fact *const yes[] = {&f->reachable,
                         &f->greeted,
                         &f->tls_enforced,
                         &f->secure_renegotiation,
                         &f->ems,
                         &f->etm,
                         &f->fallback_scsv,
                         &f->resumption_id,
                         &f->resumption_ticket,
                         &f->sentinel,
                         &f->ocsp_stapled,
                         &f->sct_present,
                         &f->chains_complete,
                         &f->dane.answered,
                         &f->dane.verified,
                         &f->hybrid_groups};
    Fact *const no[] = {&f->greet_delayed,
                        &f->command_injection,
                        &f->response_injection,
                        &f->login_before_tls,
                        &f->client_renegotiation,
                        &f->compression,
                        &f->early_data,
                        &f->tls13_intolerant,
                        &f->sni_needed,
                        &f->heartbeat,
                        &f->heartbleed,
                        &f->ccs_injection,
                        &f->robot,
                        &f->ticketbleed,
                        &f->weak_groups};
    for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
        fact_set(yes[i], YES, NULL);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(no); i++) {
        fact_set(no[i], NO, NULL);
    }
}

static inline TlsPeer *world_peer(const Facts *f)
{
    TlsPeer *peer = g_new0(TlsPeer, 1);
    peer->version = TLS_1_3;
    peer->cipher = g_strdup("TLS_AES_128_GCM_SHA256");
    peer->cipher_standard = g_strdup("TLS_AES_128_GCM_SHA256");
    peer->chain = world_chain(f->host, f->now);
    peer->verified = true;
    peer->trust = TLS_TRUST_PKIX;
    peer->ocsp = g_strdup("good");
    peer->ocsp_valid = true;
    return peer;
}

/* A server with nothing to complain about. The caller frees it with world_free(). */
static inline Facts *world_good(const char *url)
{
    g_autoptr(GError) error = NULL;
    Target *target = target_parse(url, NULL, &error);
    g_assert_no_error(error);
    Facts *f = facts_new(target);
    f->now = 1795262400; /* 2026-11-21 */
    f->address = g_strdup("192.0.2.1");
    f->greeting = g_strdup("220 mx.example.org ESMTP");
    f->tls_offer = TLS_OFFER_YES;
    f->connections = 12;
    f->budget = 20;
    const char *logins = f->role == ROLE_MX ? "" : "\nAUTH PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
    g_autofree char *inside = g_strconcat("PIPELINING", logins, NULL);
    if (!f->tls_first) {
        f->caps_before = world_caps("PIPELINING\nSTARTTLS\nSTLS");
    }
    f->caps_after = world_caps(inside);
    f->ticket_lifetime = 7200;
    world_answers(f);
    if (f->role == ROLE_MX) {
        fact_set(&f->tls_enforced, NO, NULL);
    }
    world_versions(f);
    f->peer = world_peer(f);
    g_ptr_array_add(f->chains, world_chain(f->host, f->now));
    return f;
}

/* The same with nothing known. */
static inline Facts *world_unknown(const char *url)
{
    return facts_new(target_parse(url, NULL, NULL));
}

static inline void world_free(Facts *f)
{
    Target *target = (Target *)f->target;
    facts_free(f);
    target_free(target);
}

static inline GPtrArray *world_findings(const Facts *f, const DomainFacts *d, const char *id)
{
    GPtrArray *findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
    const char *const only[] = {id, NULL};
    g_assert_true(id == NULL || checks_selection_valid(only, NULL));
    if (f) {
        checks_run(f, id ? only : NULL, NULL, findings);
    } else {
        checks_run_domain(d, id ? only : NULL, NULL, findings);
    }
    return findings;
}

/* "pass", "fail", "unknown", or "none" for no finding; of several the worst (fail before unknown).
 * *ret_evidence is all of it, and the caller's. */
static inline const char *world_verdict(GPtrArray *findings, char **ret_evidence)
{
    GString *evidence = g_string_new(NULL);
    const char *verdict = "none";
    static const char *const order[] = {"none", "pass", "unknown", "fail", NULL};
    size_t worst = 0;
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = g_ptr_array_index(findings, i);
        g_string_append_printf(evidence, "%s|", finding->evidence);
        for (size_t o = 0; order[o]; o++) {
            if (strcmp(order[o], verdict_name(finding->verdict)) == 0 && o > worst) {
                worst = o;
            }
        }
    }
    verdict = order[worst];
    *ret_evidence = g_string_free(evidence, FALSE);
    return verdict;
}

/* One row: the good server, changed, and what a check then says. */
typedef struct {
    const char *url;
    void (*change)(Facts *f); /* NULL: as it is */
    const char *id, *expect;
    const char *evidence; /* part of it; NULL: any */
} WorldCase;

#define CHANGE(name, statements)                                                                   \
    static void name(Facts *f)                                                                     \
    {                                                                                              \
        statements;                                                                                \
    }

static inline void world_check(const char *what, const char *id, GPtrArray *findings,
                               const char *expect, const char *part)
{
    g_autofree char *evidence = NULL;
    const char *verdict = world_verdict(findings, &evidence);
    if (strcmp(verdict, expect) != 0 || (part && !strstr(evidence, part))) {
        g_error("%s of %s: %s (%s), not %s (%s)", id, what, verdict, evidence, expect,
                part ? part : "");
    }
    g_ptr_array_unref(findings);
}

static inline void world_run(const WorldCase *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        Facts *f = world_good(cases[i].url);
        if (cases[i].change) {
            cases[i].change(f);
        }
        g_autofree char *what = g_strdup_printf("row %zu", i);
        world_check(what, cases[i].id, world_findings(f, NULL, cases[i].id), cases[i].expect,
                    cases[i].evidence);
        world_free(f);
    }
}

#define MX "smtp://mx.example.org"
#define SUBMISSION "submission://mail.example.org"
#define IMAP "imap://mail.example.org"
#define IMAPS "imaps://mail.example.org"
#define POP3 "pop3://mail.example.org"
