/* check.c: running checks: which are wanted, what they say, and what silence means. */
#include "audit/check.h"

#include <string.h>

#include "audit/family.h"
#include "base/escape.h"
#include "base/nearest.h"

const Family *const families[] = {
    &family_reach,
    &family_starttls,
    &family_sasl_where,
    &family_sasl,
    &family_versions,
    &family_ciphers,
    &family_groups,
    &family_cert,
    &family_cert_times,
    &family_cert_chain,
    &family_cert_status,
    &family_handshake,
    &family_vulnerable,
    &family_dane,
    &family_domain_exists,
    &family_domain,
    &family_domain_policy,
    &family_domain_sender,
    &family_domain_settings,
    &family_consistency,
    NULL,
};

static const char *const severity_names[] = {"info", "low", "medium", "high", "critical"};

const char *severity_name(Severity s)
{
    return severity_names[s];
}

bool severity_parse(const char *text, Severity *ret, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(severity_names); i++) {
        if (g_ascii_strcasecmp(text, severity_names[i]) == 0) {
            *ret = (Severity)i;
            return true;
        }
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "\"%s\" is no severity: info, low, medium, high or critical", text);
}

const char *verdict_name(Verdict v)
{
    static const char *const names[] = {"pass", "fail", "unknown"};
    return names[v];
}

/* What one check says about one subject. */
struct Findings {
    GPtrArray *out;
    const Check *check;
    const Facts *facts;
    const DomainFacts *domain;
    bool said;
};

static void add(Findings *out, Verdict verdict, char *evidence)
{
    Finding *finding = g_new0(Finding, 1);
    finding->check = out->check;
    finding->verdict = verdict;
    finding->severity = SEVERITY_INFO;
    if (verdict == VERDICT_FAIL) {
        finding->severity = out->check->severity[out->facts ? out->facts->role : ROLE_MX];
    }
    finding->evidence = evidence;
    finding->facts = out->facts;
    finding->domain = out->domain;
    g_ptr_array_add(out->out, finding);
    out->said = true;
}

void findings_fail(Findings *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(out, VERDICT_FAIL, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void findings_unknown(Findings *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(out, VERDICT_UNKNOWN, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void findings_pass(Findings *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(out, VERDICT_PASS, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void findings_not_applicable(Findings *out)
{
    out->said = true;
}

void findings_from_fact(Findings *out, const Fact *fact, Known bad, const char *evidence)
{
    if (fact->known == UNKNOWN) {
        findings_unknown(out, "%s", fact_why(fact));
    } else if (fact->known == bad) {
        bool both = evidence != NULL && evidence[0] != '\0' && fact->why != NULL;
        findings_fail(out, "%s%s%s", evidence ? evidence : "", both ? ": " : "",
                      fact->why ? fact->why : "");
    } else {
        findings_pass(out, "%s", fact->why ? fact->why : "");
    }
}

static bool names_check(const char *const *names, const Family *family, const Check *check)
{
    return g_strv_contains(names, check->id) || g_strv_contains(names, family->name);
}

static bool selected(const char *const *only, const char *const *skip, const Family *family,
                     const Check *check)
{
    return (only == NULL || names_check(only, family, check)) &&
           (skip == NULL || !names_check(skip, family, check));
}

/* No TLS was to be had: is that for sure, and what did the server say? True: the check need not
 * run. */
static bool lacks_tls(const Facts *facts, Findings *out)
{
    g_autofree char *words = escape_line_max(bytes_of(facts->tls_answer), 200);
    switch (facts->tls_offer) {
    case TLS_OFFER_MISSING:
    case TLS_OFFER_PREAUTH:
        findings_not_applicable(out);
        return true;
    case TLS_OFFER_MANGLED:
        findings_unknown(out, "the offer of STARTTLS arrives mangled");
        return true;
    case TLS_OFFER_REFUSED:
        findings_unknown(out, "STARTTLS was refused: %s", words);
        return true;
    case TLS_OFFER_UNKNOWN:
    case TLS_OFFER_YES:
    case TLS_OFFER_INJECTED:
        break;
    }
    return false; /* the single facts tell why they are unknown */
}

/* True: what the family is about was not there, and that has been said. */
static bool lacks_ground(const Family *family, const Facts *facts, Findings *out)
{
    if (family->needs != NEEDS_NOTHING && facts->reachable.known == NO) {
        findings_unknown(out, "the service was not reached: %s", fact_why(&facts->reachable));
        return true;
    }
    return family->needs == NEEDS_TLS && !facts->tls_first && lacks_tls(facts, out);
}

static void finish(Findings *out)
{
    if (!out->said) {
        add(out, VERDICT_PASS, g_strdup(""));
    }
}

void checks_run(const Facts *facts, const char *const *only, const char *const *skip,
                GPtrArray *out)
{
    for (size_t i = 0; families[i] != NULL; i++) {
        for (const Check *check = families[i]->checks; check->id != NULL; check++) {
            if (check->run == NULL || !selected(only, skip, families[i], check)) {
                continue;
            }
            Findings findings = {.out = out, .check = check, .facts = facts};
            if (!lacks_ground(families[i], facts, &findings)) {
                check->run(facts, &findings);
                finish(&findings);
            }
        }
    }
}

void checks_run_domain(const DomainFacts *facts, const char *const *only, const char *const *skip,
                       GPtrArray *out)
{
    for (size_t i = 0; families[i] != NULL; i++) {
        if (families[i]->needs == NEEDS_DOMAIN && facts->exists.known == NO) {
            continue;
        }
        for (const Check *check = families[i]->checks; check->id != NULL; check++) {
            if (check->run_domain != NULL && selected(only, skip, families[i], check)) {
                Findings findings = {.out = out, .check = check, .domain = facts};
                check->run_domain(facts, &findings);
                finish(&findings);
            }
        }
    }
}

void finding_free(Finding *finding)
{
    if (finding != NULL) {
        g_free(finding->evidence);
        g_free(finding);
    }
}

const Check *check_find(const char *id)
{
    for (size_t i = 0; families[i] != NULL; i++) {
        for (const Check *check = families[i]->checks; check->id != NULL; check++) {
            if (strcmp(check->id, id) == 0) {
                return check;
            }
        }
    }
    return NULL;
}

static bool known_name(const char *name, Nearest *near)
{
    for (size_t i = 0; families[i] != NULL; i++) {
        if (strcmp(families[i]->name, name) == 0) {
            return true;
        }
        nearest_offer(near, families[i]->name);
        for (const Check *check = families[i]->checks; check->id != NULL; check++) {
            nearest_offer(near, check->id);
        }
    }
    return check_find(name) != NULL;
}

bool checks_selection_valid(const char *const *names, GError **error)
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        Nearest near = {.word = names[i]};
        if (!known_name(names[i], &near)) {
            g_autofree char *maybe =
                near.best ? g_strdup_printf(": did you mean \"%s\"?", near.best) : g_strdup("");
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "\"%s\" is no check and no family of checks%s "
                              "(postern check --list shows them all)",
                              names[i], maybe);
        }
    }
    return true;
}
