/* check_domain_sender.c: who may send for a domain: SPF and DMARC, gross errors only. */
#include <string.h>

#include "audit/family.h"
#include "audit/spf_dmarc_parse.h"

enum { SPF_LOOKUPS_MAX = 10 };

static void spf(const DomainFacts *d, Findings *out)
{
    findings_from_fact(out, &d->spf, NO, "");
}

/* Is there a text to judge? A broken one may be there though no record counts. */
static bool about_text(const Fact *fact, const char *text, Findings *out)
{
    if (text != NULL && text[0] != '\0') {
        return true;
    }
    if (fact->known == NO) {
        findings_not_applicable(out);
    } else {
        findings_unknown(out, "%s",
                         fact->known == YES ? "the record was not kept" : fact_why(fact));
    }
    return false;
}

static void spf_single(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->spf, d->spf_text, out)) {
        return;
    }
    g_autoptr(SpfRecord) record = spf_parse(bytes_of(d->spf_text));
    if (record->records == 0) {
        findings_not_applicable(out);
    } else if (record->records > 1) {
        findings_fail(out, "%u records", record->records);
    }
}

static void spf_syntax(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->spf, d->spf_text, out)) {
        return;
    }
    g_autoptr(SpfRecord) record = spf_parse(bytes_of(d->spf_text));
    for (guint i = 0; i < record->problems->len; i++) {
        findings_fail(out, "%s", (const char *)g_ptr_array_index(record->problems, i));
    }
}

static void spf_lookups(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->spf, d->spf_text, out)) {
        return;
    }
    g_autoptr(SpfRecord) record = spf_parse(bytes_of(d->spf_text));
    if (record->records == 0) {
        findings_not_applicable(out);
    } else if (record->lookups > SPF_LOOKUPS_MAX) {
        findings_fail(out, "%u in this record alone", record->lookups);
    } else {
        findings_pass(out, "%u in this record, those it includes not counted", record->lookups);
    }
}

static void spf_all(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->spf, d->spf_text, out)) {
        return;
    }
    g_autoptr(SpfRecord) record = spf_parse(bytes_of(d->spf_text));
    if (record->all == '+') {
        findings_fail(out, "+all");
    } else if (record->records == 0) {
        findings_not_applicable(out);
    } else {
        findings_pass(out, "%s",
                      record->all == '-'   ? "-all"
                      : record->all == '~' ? "~all"
                      : record->all == '?' ? "?all"
                      : record->redirect   ? "redirect="
                                           : "no all: what is not listed is neutral");
    }
}

static void dmarc(const DomainFacts *d, Findings *out)
{
    findings_from_fact(out, &d->dmarc, NO, "");
}

static void dmarc_syntax(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->dmarc, d->dmarc_text, out)) {
        return;
    }
    g_autoptr(DmarcRecord) record = dmarc_parse(bytes_of(d->dmarc_text));
    if (record->records > 1) {
        findings_fail(out, "%u records: receivers ignore them all", record->records);
    }
    for (guint i = 0; i < record->problems->len; i++) {
        findings_fail(out, "%s", (const char *)g_ptr_array_index(record->problems, i));
    }
}

static void dmarc_policy(const DomainFacts *d, Findings *out)
{
    if (!about_text(&d->dmarc, d->dmarc_text, out)) {
        return;
    }
    g_autoptr(DmarcRecord) record = dmarc_parse(bytes_of(d->dmarc_text));
    if (record->policy == NULL) {
        findings_not_applicable(out); /* the row about its errors says what is wrong */
    } else if (strcmp(record->policy, "none") == 0) {
        findings_fail(out, "p=none");
    } else {
        findings_pass(out, "p=%s", record->policy);
    }
}

static const Check checks[] = {
    {
        .id = "domain.spf",
        .title = "No SPF record",
        .severity = ALWAYS(LOW),
        .run_domain = spf,
        .why = "Receivers cannot tell who may send for this domain. Large providers refuse or set "
               "aside mail from domains without it.",
        .reference = "RFC 7208",
        .fix = {.dns = "@ IN TXT \"v=spf1 mx -all\""},
    },
    {
        .id = "domain.spf_single",
        .title = "More than one SPF record",
        .severity = ALWAYS(MEDIUM),
        .run_domain = spf_single,
        .why = "That is an error for receivers, and none of the records counts. What the domain "
               "means to say has to be in one record.",
        .reference = "RFC 7208 3.2, 4.5",
        .fix = {.dns =
                    "; put them into one:\n@ IN TXT \"v=spf1 mx include:_spf.example.net -all\""},
    },
    {
        .id = "domain.spf_syntax",
        .title = "The SPF record has errors",
        .severity = ALWAYS(MEDIUM),
        .run_domain = spf_syntax,
        .why = "Receivers treat a record with an error as if it were not there, or refuse. What "
               "stands behind the error is not read.",
        .reference = "RFC 7208 4.6, 5",
    },
    {
        .id = "domain.spf_lookups",
        .title = "The SPF record needs too many look-ups",
        .severity = ALWAYS(MEDIUM),
        .run_domain = spf_lookups,
        .why = "A receiver stops after ten questions to the DNS, and that is an error. What the "
               "included records ask for counts too.",
        .reference = "RFC 7208 4.6.4",
        .fix =
            {.dns =
                 "; replace a, mx and include by ip4: and ip6: where the addresses do not change"},
    },
    {
        .id = "domain.spf_all",
        .title = "The SPF record allows everybody",
        .severity = ALWAYS(HIGH),
        .run_domain = spf_all,
        .why = "+all says that any computer in the world may send for this domain. That is worse "
               "than no record, and spammers look for it.",
        .reference = "RFC 7208 5.1",
        .fix = {.dns = "@ IN TXT \"v=spf1 mx -all\""},
    },
    {
        .id = "domain.dmarc",
        .title = "No DMARC record",
        .severity = ALWAYS(LOW),
        .run_domain = dmarc,
        .why = "Anybody can put this domain into the From: that people see, and receivers are not "
               "told what to do about it. Large "
               "providers ask for a record from whoever sends much.",
        .reference = "RFC 7489",
        .fix = {.dns = "_dmarc IN TXT \"v=DMARC1; p=none; rua=mailto:dmarc@example.org\""},
    },
    {
        .id = "domain.dmarc_syntax",
        .title = "The DMARC record has errors",
        .severity = ALWAYS(MEDIUM),
        .run_domain = dmarc_syntax,
        .why = "Receivers ignore a record they cannot read. The domain believes itself protected, "
               "and is not.",
        .reference = "RFC 7489 6.3, 6.6.3",
    },
    {
        .id = "domain.dmarc_policy",
        .title = "The DMARC policy asks for nothing",
        .severity = ALWAYS(INFO),
        .run_domain = dmarc_policy,
        .why = "With p=none forged mail is reported and delivered. That is right for the first "
               "weeks; after that quarantine or reject "
               "protects.",
        .reference = "RFC 7489 6.3",
        .fix = {.dns = "_dmarc IN TXT \"v=DMARC1; p=quarantine; rua=mailto:dmarc@example.org\""},
    },
    {0},
};

const Family family_domain_sender = {"domain", "The domain: SPF and DMARC", checks, NEEDS_DOMAIN};
