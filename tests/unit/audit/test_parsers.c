/* txt_tags.c, mta_sts_parse.c, spf_dmarc_parse.c, known_primes.c. */
#include <string.h>

#include "audit/known_primes.h"
#include "audit/mta_sts_parse.h"
#include "audit/spf_dmarc_parse.h"
#include "audit/txt_tags.h"

static char *joined(const GPtrArray *list)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        g_string_append_printf(text, "%s|", (const char *)g_ptr_array_index(list, i));
    }
    return g_string_free(text, FALSE);
}

static void test_tags(void)
{
    Bytes rest = BYTES_LITERAL(" v=X ;; a = b=c ; flag;");
    TxtTag tag;
    g_assert_true(txt_next_tag(&rest, &tag));
    g_assert_true(bytes_equal(tag.name, BYTES_LITERAL("v")) &&
                  bytes_equal(tag.value, BYTES_LITERAL("X")));
    g_assert_true(txt_next_tag(&rest, &tag));
    g_assert_true(bytes_equal(tag.name, BYTES_LITERAL("a")) &&
                  bytes_equal(tag.value, BYTES_LITERAL("b=c")));
    g_assert_true(txt_next_tag(&rest, &tag));
    g_assert_true(bytes_equal(tag.name, BYTES_LITERAL("flag")) && tag.value.len == 0);
    g_assert_false(txt_next_tag(&rest, &tag));
    Bytes record = BYTES_NONE;
    g_assert_cmpuint(txt_records(BYTES_LITERAL("v=A1x\nv=A1;id=2\r\nv=A1\n v=A1"), "v=A1", &record),
                     ==, 2);
    g_assert_true(bytes_equal(record, BYTES_LITERAL("v=A1;id=2")));
}

static const struct {
    const char *text, *mode, *mx, *problems; /* part of them; "" : none */
    int64_t max_age;
} policies[] = {
    {"version: STSv1\r\nmode: enforce\r\nmx: MX.example.org\r\nmx: *.example.net\r\nmax_age: "
     "86400\r\n",
     "enforce", "mx.example.org|*.example.net|", "", 86400},
    {"version: STSv1\nmode: none\nmax_age: 1", "none", "", "", 1},
    {"version:STSv1\nmode:testing\nmx:a.b\nmax_age:5\nx-new: y\n", "testing", "a.b|", "", 5},
    {"mode: enforce\nmx: a.b\nmax_age: 5\n", "enforce", "a.b|", "no line \"version\"", 5},
    {"version: STSv2\nmode: enforce\nmx: a.b\nmax_age: 5\n", "enforce", "a.b|", "\"STSv2\"", 5},
    {"version: STSv1\nmode: Enforce\nmx: a.b\nmax_age: 5\n", NULL, "a.b|", "mode is \"Enforce\"",
     5},
    {"version: STSv1\nmode: enforce\nmax_age: 5\n", "enforce", "", "no line \"mx\"", 5},
    {"version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 31557601\n", "enforce", "a.b|", "max_age",
     -1},
    {"version: STSv1\nmode: enforce\nmx: a.*.b\nmx: .b\nmax_age: 5\n", "enforce", "",
     "\"a.*.b\" is no host", 5},
    {"version: STSv1\nmode: enforce\nmode: none\nmx: a.b\nmax_age: 5\n", "enforce", "a.b|",
     "more than one line \"mode\"", 5},
    {"version: STSv1\nmode enforce\nmx: a.b\nmax_age: 5\n", NULL, "a.b|", "is not \"key: value\"",
     5},
    {"<html>\033[2J", NULL, "", "<html>\\x1B[2J", -1},
    {"", NULL, "", "no line \"version\"", -1},
};

static void test_policies(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
        g_autoptr(MtaStsPolicy) policy = mta_sts_policy_parse(bytes_of(policies[i].text));
        g_autofree char *mx = joined(policy->mx);
        g_autofree char *problems = joined(policy->problems);
        g_assert_cmpstr(policy->mode, ==, policies[i].mode);
        g_assert_cmpstr(mx, ==, policies[i].mx);
        g_assert_cmpint(policy->max_age, ==, policies[i].max_age);
        g_assert_true(policies[i].problems[0] ? strstr(problems, policies[i].problems) != NULL
                                              : !problems[0]);
    }
}

static void test_a_huge_policy_is_cut(void)
{
    g_autoptr(GString) text = g_string_new("version: STSv1\n");
    for (int i = 0; i < 20000; i++) {
        g_string_append(text, "mx: a.b\nnonsense\n");
    }
    g_autoptr(MtaStsPolicy) policy = mta_sts_policy_parse(bytes_of_string(text));
    g_autofree char *problems = joined(policy->problems);
    g_assert_cmpuint(policy->mx->len, ==, 512);
    g_assert_cmpuint(policy->problems->len, ==, 32);
    g_assert_nonnull(strstr(problems, "longer than 65536"));
}

static void test_patterns(void)
{
    g_assert_true(mta_sts_mx_matches("mx.example.org", "MX.example.org."));
    g_assert_true(mta_sts_mx_matches("*.example.org", "mx.Example.org"));
    g_assert_false(mta_sts_mx_matches("*.example.org", "example.org"));
    g_assert_false(mta_sts_mx_matches("*.example.org", "a.b.example.org"));
    g_assert_false(mta_sts_mx_matches("mx.example.org", "mx.example.org.evil.net"));
    g_assert_false(mta_sts_mx_matches("*.example.org", ".example.org"));
    g_assert_false(mta_sts_mx_matches("", ""));
}

typedef char *(*RecordParser)(Bytes records, GError **error);

static const struct {
    RecordParser parse;
    const char *records, *value, *error;
} records[] = {
    {mta_sts_record_parse, "v=STSv1; id=20261121T00;\n", "20261121T00", NULL},
    {mta_sts_record_parse, "google-site=1\nv=STSv1;id=7", "7", NULL},
    {mta_sts_record_parse, "v=STSv1; id=1\nv=STSv1; id=2", NULL, "2 records"},
    {mta_sts_record_parse, "v=STSv1; id=2026-11-21", NULL, "\"2026-11-21\""},
    {mta_sts_record_parse, "v=STSv1;", NULL, "id is \"\""},
    {mta_sts_record_parse, "v=STSv1; id=123456789012345678901234567890123", NULL, "id is"},
    {mta_sts_record_parse, "", NULL, "no record"},
    {tls_rpt_record_parse, "v=TLSRPTv1; rua=mailto:a@b.c,https://b.c/r",
     "mailto:a@b.c,https://b.c/r", NULL},
    {tls_rpt_record_parse, "v=TLSRPTv1; rua=mailto:a", NULL, "mailto:a"},
    {tls_rpt_record_parse, "v=TLSRPTv1; rua=http://b.c", NULL, "http://b.c"},
    {tls_rpt_record_parse, "v=TLSRPTv1", NULL, "rua is \"\""},
    {tls_rpt_record_parse, "v=TLSRPTv2; rua=mailto:a@b.c", NULL, "no record"},
};

static void test_records(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(records); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *value = records[i].parse(bytes_of(records[i].records), &error);
        g_assert_cmpstr(value, ==, records[i].value);
        if (records[i].error) {
            g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
            g_assert_nonnull(strstr(error->message, records[i].error));
        } else {
            g_assert_no_error(error);
        }
    }
}

static const struct {
    const char *text;
    unsigned count;
    char all;
    unsigned lookups;
    bool redirect;
    const char *problems;
} spfs[] = {
    {"v=spf1 mx a:b.c ip4:192.0.2.0/24 ip6:2001:db8::/32 include:_spf.b.c ~all", 1, '~', 3, false,
     ""},
    {"V=SPF1 ?ALL", 1, '?', 0, false, ""},
    {"v=spf1 redirect=_spf.b.c", 1, 0, 1, true, ""},
    {"v=spf1", 1, 0, 0, false, ""},
    {"v=spf1 a/24 mx:b.c/24//64 exists:%{i}.b.c exp=e.b.c -all", 1, '-', 3, false, ""},
    {"v=spf1 -all\nv=spf1 a", 2, '-', 0, false, ""},
    {"other\n", 0, 0, 0, false, ""},
    {"v=spf10 -all", 0, 0, 0, false, "does not begin"},
    {"v=spf2 -all", 0, 0, 0, false, "does not begin"},
    {"spf1 -all", 0, 0, 0, false, "does not begin"},
    {"v=spf1 ipv4:192.0.2.1 -all", 1, '-', 0, false, "no mechanism"},
    {"v=spf1 ip4:192.0.2.300 -all", 1, '-', 0, false, "ip4"},
    {"v=spf1 ip4:192.0.2.0/33 -all", 1, '-', 0, false, "ip4"},
    {"v=spf1 ip6:192.0.2.1 -all", 1, '-', 0, false, "ip6"},
    {"v=spf1 include: -all", 1, '-', 1, false, "include"},
    {"v=spf1 include -all", 1, '-', 1, false, "include"},
    {"v=spf1 -all mx", 1, '-', 0, false, "behind \"all\""},
    {"v=spf1 all:b.c", 1, 0, 0, false, "all"},
    {"v=spf1 ptr ~all", 1, '~', 1, false, "ptr"},
    {"v=spf1 redirect=a.b redirect=c.d", 1, 0, 1, true, "more than one redirect"},
    {"v=spf1 - all", 1, '+', 0, false, "no mechanism"},
};

static void test_spf(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(spfs); i++) {
        g_autoptr(SpfRecord) spf = spf_parse(bytes_of(spfs[i].text));
        g_autofree char *problems = joined(spf->problems);
        g_test_message("%s: %s", spfs[i].text, problems);
        g_assert_cmpuint(spf->records, ==, spfs[i].count);
        g_assert_cmpint(spf->all, ==, spfs[i].all);
        g_assert_cmpuint(spf->lookups, ==, spfs[i].lookups);
        g_assert_true(spf->redirect == spfs[i].redirect);
        g_assert_true(spfs[i].problems[0] ? strstr(problems, spfs[i].problems) != NULL
                                          : !problems[0]);
    }
}

static const struct {
    const char *text;
    unsigned count;
    const char *policy, *subdomains;
    unsigned percent;
    const char *problems;
} dmarcs[] = {
    {"v=DMARC1; p=reject; sp=none; pct=50; rua=mailto:a@b.c; adkim=s; fo=1", 1, "reject", "none",
     50, ""},
    {"x=y\nv=DMARC1;p=NONE", 1, "none", NULL, 100, ""},
    {"v=DMARC1; rua=mailto:a@b.c", 1, NULL, NULL, 100, "no p="},
    {"v=DMARC1; p=rejected", 1, NULL, NULL, 100, "p=rejected"},
    {"v=DMARC1; p=none; p=reject", 1, "none", NULL, 100, "only once"},
    {"v=DMARC1; p=none; pct=101", 1, "none", NULL, 100, "pct"},
    {"v=DMARC1; p=none; rua=a@b.c", 1, "none", NULL, 100, "rua=a@b.c"},
    {"v=DMARC1; p=none; aspf=x", 1, "none", NULL, 100, "aspf"},
    {"v=dmarc1; p=none", 0, NULL, NULL, 100, "does not begin"},
    {"p=none; v=DMARC1", 0, NULL, NULL, 100, "does not begin"},
    {"v=DMARC1; p=none\nv=DMARC1; p=reject", 2, "none", NULL, 100, ""},
    {"", 0, NULL, NULL, 100, ""},
};

static void test_dmarc(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dmarcs); i++) {
        g_autoptr(DmarcRecord) dmarc = dmarc_parse(bytes_of(dmarcs[i].text));
        g_autofree char *problems = joined(dmarc->problems);
        g_test_message("%s: %s", dmarcs[i].text, problems);
        g_assert_cmpuint(dmarc->records, ==, dmarcs[i].count);
        g_assert_cmpstr(dmarc->policy, ==, dmarcs[i].policy);
        g_assert_cmpstr(dmarc->subdomains, ==, dmarcs[i].subdomains);
        g_assert_cmpuint(dmarc->percent, ==, dmarcs[i].percent);
        g_assert_true(dmarcs[i].problems[0] ? strstr(problems, dmarcs[i].problems) != NULL
                                            : !problems[0]);
    }
}

/* RFC 7919 A.1. */
#define FFDHE2048                                                                                  \
    "FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1D8B9C583CE2D3695"                             \
    "A9E13641146433FBCC939DCE249B3EF97D2FE363630C75D8F681B202AEC4617A"                             \
    "D3DF1ED5D5FD65612433F51F5F066ED0856365553DED1AF3B557135E7F57C935"                             \
    "984F0C70E0E68B77E2A689DAF3EFE8721DF158A136ADE73530ACCA4F483A797A"                             \
    "BC0AB182B324FB61D108A94BB2C8E3FBB96ADAB760D7F4681D4F42A3DE394DF4"                             \
    "AE56EDE76372BB190B07A7C8EE0A6D709E02FCE1CDF7E2ECC03404CD28342F61"                             \
    "9172FE9CE98583FF8E4F1232EEF28183C3FE3B1B4C6FAD733BB5FCBC2EC22005"                             \
    "C58EF1837D1683B2C6F34A26C1B2EFFA886B423861285C97FFFFFFFFFFFFFFFF"

static void test_known_primes(void)
{
    g_autoptr(GByteArray) prime = bytes_from_hex(BYTES_LITERAL(FFDHE2048));
    const KnownPrime *known = known_prime_find(bytes_of_array(prime));
    g_assert_nonnull(known);
    g_assert_cmpstr(known->name, ==, "RFC 7919 ffdhe2048");
    g_assert_cmpint(known->bits, ==, 2048);
    prime->data[100] ^= 1;
    g_assert_null(known_prime_find(bytes_of_array(prime)));
    g_assert_null(known_prime_find(BYTES_NONE));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parsers/tags", test_tags);
    g_test_add_func("/parsers/policies", test_policies);
    g_test_add_func("/parsers/a_huge_policy_is_cut", test_a_huge_policy_is_cut);
    g_test_add_func("/parsers/patterns", test_patterns);
    g_test_add_func("/parsers/records", test_records);
    g_test_add_func("/parsers/spf", test_spf);
    g_test_add_func("/parsers/dmarc", test_dmarc);
    g_test_add_func("/parsers/known_primes", test_known_primes);
    return g_test_run();
}
