/* spf_dmarc_parse.c: SPF and DMARC records, read for gross errors. */
#include "audit/spf_dmarc_parse.h"

#include <arpa/inet.h>
#include <string.h>

#include "audit/txt_tags.h"
#include "base/escape.h"

enum { PROBLEMS_MAX = 32 };

static void problem(GPtrArray *to, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void problem(GPtrArray *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (to->len < PROBLEMS_MAX) {
        g_ptr_array_add(to, text);
    } else {
        g_free(text);
    }
}

typedef enum { ARGUMENT_NONE, ARGUMENT_MAY, ARGUMENT_MUST, ARGUMENT_IP4, ARGUMENT_IP6 } Argument;

/* RFC 7208 5. */
static const struct {
    const char *name;
    Argument argument;
    bool looks_up;
} mechanisms[] = {
    {"all", ARGUMENT_NONE, false}, {"include", ARGUMENT_MUST, true},
    {"a", ARGUMENT_MAY, true},     {"mx", ARGUMENT_MAY, true},
    {"ptr", ARGUMENT_MAY, true},   {"exists", ARGUMENT_MUST, true},
    {"ip4", ARGUMENT_IP4, false},  {"ip6", ARGUMENT_IP6, false},
};

/* "192.0.2.0/24" */
static bool is_network(Bytes text, int family)
{
    gssize slash = bytes_index(text, '/');
    g_autofree char *address = bytes_dup(bytes_sub(text, 0, slash < 0 ? text.len : (size_t)slash));
    struct in6_addr parsed;
    uint64_t bits = 0;
    return inet_pton(family, address, &parsed) == 1 &&
           (slash < 0 || bytes_number(bytes_sub(text, (size_t)slash + 1, text.len),
                                      family == AF_INET ? 32 : 128, &bits));
}

static bool argument_fits(Argument kind, Bytes argument)
{
    switch (kind) {
    case ARGUMENT_NONE:
        return argument.len == 0;
    case ARGUMENT_MUST:
        return argument.len > 1 && argument.data[0] == ':';
    case ARGUMENT_IP4:
    case ARGUMENT_IP6:
        return argument.len > 1 && argument.data[0] == ':' &&
               is_network(bytes_sub(argument, 1, argument.len),
                          kind == ARGUMENT_IP4 ? AF_INET : AF_INET6);
    case ARGUMENT_MAY:
        break;
    }
    return argument.len != 1;
}

static void take_mechanism(SpfRecord *spf, Bytes term)
{
    g_autofree char *shown = escape_line_max(term, 60);
    char qualifier = '+';
    if (strchr("+-~?", term.data[0]) != NULL && term.data[0] != '\0') {
        qualifier = term.data[0];
        term = bytes_sub(term, 1, term.len);
    }
    size_t name_len = 0;
    while (name_len < term.len && term.data[name_len] != ':' && term.data[name_len] != '/') {
        name_len++;
    }
    Bytes name = bytes_sub(term, 0, name_len);
    Bytes argument = bytes_sub(term, name_len, term.len);
    for (size_t i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
        if (!bytes_equal_ci(name, mechanisms[i].name)) {
            continue;
        }
        spf->lookups += mechanisms[i].looks_up;
        if (!argument_fits(mechanisms[i].argument, argument)) {
            problem(spf->problems, "\"%s\" is not how %s is written", shown, mechanisms[i].name);
        } else if (i == 0) {
            spf->all = qualifier;
        }
        if (strcmp(mechanisms[i].name, "ptr") == 0) {
            problem(spf->problems, "\"%s\" is slow, unreliable and not to be used any more", shown);
        }
        return;
    }
    problem(spf->problems, "\"%s\" is no mechanism that exists", shown);
}

/* "redirect=_spf.example.org": a name and "=" before any ":" or "/". */
static bool is_modifier(Bytes term)
{
    gssize equals = bytes_index(term, '=');
    if (equals <= 0) {
        return false;
    }
    for (gssize i = 0; i < equals; i++) {
        if (!g_ascii_isalnum(term.data[i]) && strchr("-_.", term.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static void take_term(SpfRecord *spf, Bytes term)
{
    bool redirect = bytes_starts_ci(term, "redirect=");
    if (spf->all != 0 && !is_modifier(term)) {
        g_autofree char *shown = escape_line_max(term, 60);
        problem(spf->problems, "\"%s\" stands behind \"all\" and is never looked at", shown);
    } else if (redirect && spf->redirect) {
        problem(spf->problems, "more than one redirect=");
    } else if (redirect) {
        spf->redirect = true;
        spf->lookups++;
    } else if (!is_modifier(term)) {
        take_mechanism(spf, term);
    }
}

/* A record that somebody meant as SPF, and no receiver takes for it. */
static bool looks_like_spf(Bytes line)
{
    static const char *const mistakes[] = {"v=spf",    "spf1",     "spf2.0",
                                           "v = spf1", "\"v=spf1", "v:spf1"};
    for (size_t i = 0; i < G_N_ELEMENTS(mistakes); i++) {
        if (bytes_starts_ci(line, mistakes[i])) {
            return true;
        }
    }
    return false;
}

static void take_record(SpfRecord *spf, Bytes line)
{
    Bytes rest = line;
    Bytes version = bytes_word(&rest);
    if (!bytes_equal_ci(version, "v=spf1")) {
        if (looks_like_spf(bytes_trim(line))) {
            g_autofree char *shown = escape_line_max(line, 60);
            problem(spf->problems, "\"%s\" does not begin with \"v=spf1 \" and counts for nothing",
                    shown);
        }
        return;
    }
    if (spf->records++ > 0) {
        return;
    }
    for (Bytes term = bytes_word(&rest); term.len > 0; term = bytes_word(&rest)) {
        take_term(spf, term);
    }
}

SpfRecord *spf_parse(Bytes records)
{
    SpfRecord *spf = g_new0(SpfRecord, 1);
    spf->problems = g_ptr_array_new_with_free_func(g_free);
    for (Bytes line; txt_next_line(&records, &line);) {
        take_record(spf, line);
    }
    return spf;
}

void spf_record_free(SpfRecord *record)
{
    if (record != NULL) {
        g_ptr_array_unref(record->problems);
        g_free(record);
    }
}

static void take_policy(DmarcRecord *dmarc, const char *tag, Bytes value, char **ret)
{
    static const char *const policies[] = {"none", "quarantine", "reject"};
    for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
        if (bytes_equal_ci(value, policies[i]) && *ret == NULL) {
            *ret = g_strdup(policies[i]);
            return;
        }
    }
    g_autofree char *shown = escape_line_max(value, 40);
    problem(dmarc->problems, "%s=%s: only none, quarantine or reject, and only once, is understood",
            tag, shown);
}

static void take_p(DmarcRecord *dmarc, Bytes value)
{
    take_policy(dmarc, "p", value, &dmarc->policy);
}

static void take_sp(DmarcRecord *dmarc, Bytes value)
{
    take_policy(dmarc, "sp", value, &dmarc->subdomains);
}

static void take_pct(DmarcRecord *dmarc, Bytes value)
{
    uint64_t percent = 100;
    if (!bytes_number(value, 100, &percent)) {
        problem(dmarc->problems, "pct is not a number from 0 to 100");
    }
    dmarc->percent = (unsigned)percent;
}

static void take_rua(DmarcRecord *dmarc, Bytes value)
{
    g_free(dmarc->rua);
    dmarc->rua = bytes_dup(value);
    if (!bytes_starts_ci(value, "mailto:") || bytes_index(value, '@') < 0) {
        g_autofree char *shown = escape_line_max(value, 60);
        problem(dmarc->problems, "rua=%s is no mailto: address", shown);
    }
}

static void take_alignment(DmarcRecord *dmarc, Bytes value)
{
    if (!bytes_equal_ci(value, "r") && !bytes_equal_ci(value, "s")) {
        problem(dmarc->problems, "adkim and aspf are r or s");
    }
}

/* RFC 7489 6.3; tags not known are ignored by receivers, and here. */
static const struct {
    const char *tag;
    void (*take)(DmarcRecord *dmarc, Bytes value);
} tags[] = {{"p", take_p},     {"sp", take_sp},           {"pct", take_pct},
            {"rua", take_rua}, {"adkim", take_alignment}, {"aspf", take_alignment}};

static void take_dmarc_tag(DmarcRecord *dmarc, const TxtTag *tag)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tags); i++) {
        if (bytes_equal_ci(tag->name, tags[i].tag)) {
            tags[i].take(dmarc, tag->value);
        }
    }
}

static void note_mistaken_dmarc(DmarcRecord *dmarc, Bytes records)
{
    for (Bytes line; txt_next_line(&records, &line);) {
        line = bytes_trim(line);
        if ((bytes_starts_ci(line, "v=dmarc") || bytes_starts_ci(line, "p=") ||
             bytes_starts_ci(line, "dmarc")) &&
            !bytes_starts(line, "v=DMARC1")) {
            g_autofree char *shown = escape_line_max(line, 60);
            problem(dmarc->problems,
                    "\"%s\" does not begin with \"v=DMARC1;\" and counts for nothing", shown);
        }
    }
}

DmarcRecord *dmarc_parse(Bytes records)
{
    DmarcRecord *dmarc = g_new0(DmarcRecord, 1);
    dmarc->problems = g_ptr_array_new_with_free_func(g_free);
    dmarc->percent = 100;
    Bytes record = BYTES_NONE;
    dmarc->records = txt_records(records, "v=DMARC1", &record);
    note_mistaken_dmarc(dmarc, records);
    if (dmarc->records == 0) {
        return dmarc;
    }
    bool has_policy = false;
    for (TxtTag tag; txt_next_tag(&record, &tag);) {
        has_policy = has_policy || bytes_equal_ci(tag.name, "p");
        take_dmarc_tag(dmarc, &tag);
    }
    if (!has_policy) {
        problem(dmarc->problems, "there is no p=");
    }
    return dmarc;
}

void dmarc_record_free(DmarcRecord *record)
{
    if (record != NULL) {
        g_free(record->policy);
        g_free(record->subdomains);
        g_free(record->rua);
        g_ptr_array_unref(record->problems);
        g_free(record);
    }
}
