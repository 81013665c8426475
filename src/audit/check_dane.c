/* check_dane.c: TLSA records against each certificate of this address. */
#include "audit/family.h"
#include "audit/fixes.h"
#include "audit/tlsa_match.h"

#define TLSA_FIX                                                                                   \
    {                                                                                              \
        .dns = "; openssl x509 -in cert.pem -noout -pubkey | openssl pkey -pubin -outform DER | "  \
               "sha256sum\n"                                                                       \
               "_25._tcp.mx.example.org. IN TLSA 3 1 1 THE-DIGEST"                                 \
    }

/* Are there records to judge? True: go on. That there are none is one row's business. */
static bool about_records(const Facts *f, Findings *out)
{
    if (f->dane.answered.known == UNKNOWN) {
        findings_unknown(out, "%s", fact_why(&f->dane.answered));
        return false;
    }
    if (f->dane.records->len == 0) {
        findings_not_applicable(out);
        return false;
    }
    return true;
}

/* Records that count: signed, and not bogus. Others have rows of their own. */
static bool about_valid_records(const Facts *f, Findings *out)
{
    if (!about_records(f, out)) {
        return false;
    }
    if (f->dane.bogus || !f->dane.secure) {
        findings_not_applicable(out);
        return false;
    }
    return true;
}

static void bogus(const Facts *f, Findings *out)
{
    if (f->dane.answered.known == UNKNOWN && !f->dane.bogus) {
        findings_unknown(out, "%s", fact_why(&f->dane.answered));
    } else if (f->dane.bogus) {
        findings_fail(out, "%s%s%s", f->dane.base ? f->dane.base : "the TLSA answer",
                      f->dane.answered.why ? ": " : "",
                      f->dane.answered.why ? f->dane.answered.why : "");
    }
}

static void published(const Facts *f, Findings *out)
{
    if (f->dane.bogus) {
        findings_not_applicable(out);
    } else if (f->dane.answered.known == UNKNOWN) {
        findings_unknown(out, "%s", fact_why(&f->dane.answered));
    } else if (f->dane.records->len == 0) {
        findings_fail(out, "%s", f->dane.base ? f->dane.base : "");
    } else {
        findings_pass(out, "%u at %s", f->dane.records->len,
                      f->dane.base ? f->dane.base : "this name");
    }
}

static void secure(const Facts *f, Findings *out)
{
    if (about_records(f, out) && !f->dane.bogus && !f->dane.secure) {
        findings_fail(out, "%u records, not signed", f->dane.records->len);
    }
}

/* "3 1 1 0a1b...: leaf, 2 1 1 ...: no match" */
static char *each_record(const Facts *f)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < f->dane.records->len; i++) {
        g_autofree char *record = tlsa_text(g_ptr_array_index(f->dane.records, i));
        const char *match = i < f->dane.matches->len ? g_ptr_array_index(f->dane.matches, i) : NULL;
        evidence_add(text, "%s: %s", record,
                     match == NULL ? "not compared"
                     : match[0]    ? match
                                   : "no match");
    }
    return g_string_free(text, FALSE);
}

static void matches(const Facts *f, Findings *out)
{
    if (!about_valid_records(f, out)) {
        return;
    }
    g_autofree char *records = each_record(f);
    if (!f->tls_first && f->tls_offer == TLS_OFFER_MISSING) {
        findings_fail(out, "there are TLSA records, but TLS is not offered");
    } else if (f->dane.verified.known == YES) {
        findings_pass(out, "%s", records);
    } else {
        findings_from_fact(out, &f->dane.verified, NO, records);
    }
}

static bool any_matches(const Facts *f, const GPtrArray *chain)
{
    for (guint i = 0; i < f->dane.records->len; i++) {
        g_autofree char *match = tlsa_match(g_ptr_array_index(f->dane.records, i), chain);
        if (match[0] != '\0') {
            return true;
        }
    }
    return false;
}

/* A sender may be given any of the certificates: each needs a record. */
static void every_certificate(const Facts *f, Findings *out)
{
    if (!about_valid_records(f, out)) {
        return;
    }
    g_autoptr(GPtrArray) chains = facts_chains(f);
    g_autoptr(GString) bad = g_string_new(NULL);
    for (guint c = 0; c < chains->len; c++) {
        GPtrArray *chain = g_ptr_array_index(chains, c);
        if (!any_matches(f, chain)) {
            const TlsCertificate *leaf = g_ptr_array_index(chain, 0);
            evidence_add(bad, "the %s certificate matches none", leaf->key_type);
        }
    }
    if (bad->len > 0) {
        findings_fail(out, "%s", bad->str);
    } else if (chains->len == 0) {
        findings_unknown(out, "no certificate was seen");
    } else if (f->chains_complete.known != YES) {
        findings_unknown(out, "whether there is another certificate: %s",
                         fact_why(&f->chains_complete));
    }
}

static void well_formed(const Facts *f, Findings *out)
{
    if (!about_records(f, out)) {
        return;
    }
    g_autoptr(GString) bad = g_string_new(NULL);
    for (guint i = 0; i < f->dane.records->len; i++) {
        const TlsaRecord *record = g_ptr_array_index(f->dane.records, i);
        g_autofree char *mistake = tlsa_mistake(record);
        if (mistake != NULL) {
            g_autofree char *text = tlsa_text(record);
            evidence_add(bad, "%s: %s", text, mistake);
        }
    }
    if (bad->len > 0) {
        findings_fail(out, "%s", bad->str);
    }
}

typedef const char *(*RecordMistake)(const Facts *f, const TlsaRecord *record);

static void fails_if_any(const Facts *f, Findings *out, RecordMistake judge)
{
    if (!about_records(f, out)) {
        return;
    }
    g_autoptr(GString) bad = g_string_new(NULL);
    for (guint i = 0; i < f->dane.records->len; i++) {
        const TlsaRecord *record = g_ptr_array_index(f->dane.records, i);
        const char *mistake = judge(f, record);
        if (mistake != NULL) {
            g_autofree char *text = tlsa_text(record);
            evidence_add(bad, "%s: %s", text, mistake);
        }
    }
    if (bad->len > 0) {
        findings_fail(out, "%s", bad->str);
    }
}

static const char *usage_mistake(const Facts *f, const TlsaRecord *record)
{
    bool pkix = record->usage <= 1;
    return pkix && f->role == ROLE_MX ? "mail servers do not take usages 0 and 1" : NULL;
}

static void usage(const Facts *f, Findings *out)
{
    fails_if_any(f, out, usage_mistake);
}

static const char *selector_mistake(const Facts *f, const TlsaRecord *record)
{
    (void)f;
    bool leaf = record->usage == 1 || record->usage == 3;
    if (leaf && record->selector == 0) {
        return "changes with every renewal; selector 1 stays as long as the key";
    }
    return record->matching == 0 && leaf ? "the whole key where its SHA-256 would do" : NULL;
}

static void selector(const Facts *f, Findings *out)
{
    fails_if_any(f, out, selector_mistake);
}

static void stale(const Facts *f, Findings *out)
{
    if (!about_valid_records(f, out)) {
        return;
    }
    g_autoptr(GPtrArray) chains = facts_chains(f);
    if (chains->len == 0) {
        findings_unknown(out, "no certificate was seen");
        return;
    }
    g_autoptr(GString) bad = g_string_new(NULL);
    for (guint i = 0; i < f->dane.records->len; i++) {
        const TlsaRecord *record = g_ptr_array_index(f->dane.records, i);
        bool used = false;
        for (guint c = 0; c < chains->len && !used; c++) {
            g_autofree char *match = tlsa_match(record, g_ptr_array_index(chains, c));
            used = match[0] != '\0';
        }
        if (!used) {
            g_autofree char *text = tlsa_text(record);
            evidence_add(bad, "%s", text);
        }
    }
    if (bad->len > 0) {
        findings_fail(out, "%s", bad->str);
    }
}

/* Not asked for (--next-cert) and not answered: nothing to say. */
static void next_certificate(const Facts *f, Findings *out)
{
    const Fact *next = &f->dane.next_verified;
    if (next->known == UNKNOWN && next->why == NULL) {
        findings_not_applicable(out);
    } else if (about_records(f, out)) {
        findings_from_fact(out, next, NO, "");
    }
}

static const Check checks[] = {
    {
        .id = "dane.bogus",
        .title = "The TLSA answer fails validation",
        .severity = BY_ROLE(CRITICAL, MEDIUM, MEDIUM, MEDIUM),
        .run = bogus,
        .why = "Senders that use DANE do not deliver here at all: for them somebody is tampering "
               "with the DNS. Signatures have "
               "expired, or a key was changed without telling the parent zone.",
        .reference = "RFC 7672 2.1.1, RFC 6698 4.1",
        .fix = {.dns = "; sign the zone again, and compare the DS records at the parent with the "
                       "zone's keys"},
    },
    {
        .id = "dane.published",
        .title = "No TLSA records",
        .severity = BY_ROLE(LOW, INFO, INFO, INFO),
        .run = published,
        .why = "With DANE senders know that they must encrypt, and to whom, and cannot be brought "
               "down to plaintext. It needs a "
               "signed zone and one record a server.",
        .reference = "RFC 7672",
        .fix = TLSA_FIX,
    },
    {
        .id = "dane.secure",
        .title = "TLSA records in a zone that is not signed",
        .severity = BY_ROLE(MEDIUM, LOW, LOW, LOW),
        .run = secure,
        .why = "Without DNSSEC nobody may use the records, since anybody could have forged them. "
               "They look like protection, and are "
               "none.",
        .reference = "RFC 6698 4.1, RFC 7672 2.1.1",
        .fix = {.dns = "; sign the zone, and have its DS record put into the parent zone"},
    },
    {
        .id = "dane.match",
        .title = "No TLSA record matches the certificate",
        .severity = BY_ROLE(CRITICAL, MEDIUM, MEDIUM, MEDIUM),
        .run = matches,
        .why = "Senders that use DANE take this server for a false one, and mail from them waits "
               "and then comes back. Mostly the "
               "certificate was renewed with a new key and the record was not.",
        .reference = "RFC 7672 2.2, RFC 7671 8.1",
        .fix = TLSA_FIX,
    },
    {
        .id = "dane.every_certificate",
        .title = "A certificate that no TLSA record matches",
        .severity = BY_ROLE(HIGH, MEDIUM, MEDIUM, MEDIUM),
        .run = every_certificate,
        .why = "The server has more than one certificate, and which one a sender gets depends on "
               "what it offers. Some senders then "
               "deliver and others do not.",
        .reference = "RFC 7671 5.1, 8",
        .fix = TLSA_FIX,
    },
    {
        .id = "dane.malformed",
        .title = "A TLSA record that cannot be used",
        .severity = BY_ROLE(MEDIUM, LOW, LOW, LOW),
        .run = well_formed,
        .why = "Clients pass over such a record, so the protection it was meant to give is not "
               "there. When no other is usable, "
               "senders encrypt without knowing to whom.",
        .reference = "RFC 6698 2.1",
        .fix = TLSA_FIX,
    },
    {
        .id = "dane.usage",
        .title = "A TLSA usage that mail servers do not take",
        .severity = BY_ROLE(MEDIUM, INFO, INFO, INFO),
        .run = usage,
        .why = "Between mail servers only usages 2 (DANE-TA) and 3 (DANE-EE) count; 0 and 1 are "
               "held to be unusable. A server with "
               "no others is not protected.",
        .reference = "RFC 7672 3.1.3",
        .fix = TLSA_FIX,
    },
    {
        .id = "dane.selector",
        .title = "A TLSA record that is easily forgotten",
        .severity = ALWAYS(INFO),
        .run = selector,
        .why = "A record over the whole certificate has to change at every renewal, and one day "
               "that is forgotten. Over the public "
               "key (3 1 1) it holds for as long as the key is kept.",
        .reference = "RFC 7671 5.1",
        .fix = TLSA_FIX,
    },
    {
        .id = "dane.stale",
        .title = "A TLSA record that matches nothing",
        .severity = ALWAYS(INFO),
        .run = stale,
        .why = "During a change of keys that is as it should be: the next key's record is there "
               "early. Otherwise it is left over, "
               "and vouches for a key that may be in other hands.",
        .reference = "RFC 7671 8.1",
        .fix = {.dns = "; take the record out once the old key is no longer in use"},
    },
    {
        .id = "dane.next",
        .title = "The next certificate matches no TLSA record",
        .severity = BY_ROLE(HIGH, MEDIUM, MEDIUM, MEDIUM),
        .run = next_certificate,
        .why = "As soon as it is put in place, senders that use DANE stop delivering. Publish its "
               "record first, and wait for twice "
               "the record's TTL.",
        .reference = "RFC 7671 8.1",
        .fix = TLSA_FIX,
    },
    {0},
};

const Family family_dane = {"dane", "DANE", checks, NEEDS_NOTHING};
