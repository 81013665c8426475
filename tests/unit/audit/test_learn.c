/* What any one answer teaches, and what it does not. */
#include "../tls/hellos.h"
#include "audit/learn.h"
#include "audit/offer.h"

static Target *target;

static HelloReader *read_canned(CannedHello canned)
{
    g_autoptr(GByteArray) octets = hello_canned(&canned);
    HelloReader *r = hello_reader_new();
    hello_reader_feed(r, bytes_of_array(octets));
    return r;
}

static void test_a_suite_teaches_its_classes(void)
{
    g_autoptr(Facts) f = facts_new(target);
    g_autoptr(HelloReader) r = read_canned((CannedHello){.version = 0x0301, .suite = 0x0003});
    HelloOffer offer = {.version = 0x0301};
    learn_answer(f, &offer, hello_reader_answer(r));
    learn_answer(f, &offer, hello_reader_answer(r)); /* once is enough */
    g_assert_cmpuint(f->version[V_TLS10].suites->len, ==, 1);
    g_assert_cmpint(f->suite_class[CLASS_EXPORT].known, ==, YES);
    g_assert_cmpint(f->suite_class[CLASS_RC4].known, ==, YES);
    g_assert_cmpint(f->suite_class[CLASS_RSA_KX].known, ==, YES);
    g_assert_cmpint(f->suite_class[CLASS_CBC].known, ==, UNKNOWN);   /* not asked is not no */
    g_assert_cmpint(f->ems.known, ==, UNKNOWN);                      /* was not offered */
    g_assert_cmpint(f->version[V_TLS10].offered.known, ==, UNKNOWN); /* for the probe to say */
}

static void test_only_what_was_offered_can_have_been_refused(void)
{
    g_autoptr(Facts) f = facts_new(target);
    HelloOffer offer = {
        .version = 0x0303, .ems = true, .etm = true, .compression = true, .heartbeat = true};
    g_autoptr(HelloReader) aead = read_canned((CannedHello){.version = 0x0303, .suite = 0x009c});
    learn_answer(f, &offer, hello_reader_answer(aead));
    g_assert_cmpint(f->ems.known, ==, NO);
    g_assert_cmpint(f->compression.known, ==, NO);
    g_assert_cmpint(f->heartbeat.known, ==, NO);
    g_assert_cmpint(f->etm.known, ==, UNKNOWN); /* impossible with AEAD */
    g_assert_cmpint(f->secure_renegotiation.known, ==, UNKNOWN);
    g_autoptr(HelloReader) cbc = read_canned((CannedHello){
        .version = 0x0303, .suite = 0x002f, .compression = 1, .extensions = "0016 0000 0017 0000"});
    learn_answer(f, &offer, hello_reader_answer(cbc));
    g_assert_cmpint(f->etm.known, ==, YES);
    g_assert_cmpint(f->ems.known, ==, YES); /* seen once counts */
    g_assert_cmpint(f->compression.known, ==, YES);
    learn_answer(f, &offer, hello_reader_answer(aead));
    g_assert_cmpint(f->compression.known, ==, YES); /* and is not taken back */
}

static void test_the_smallest_prime_is_kept(void)
{
    g_autoptr(Facts) f = facts_new(target);
    static const char *const exchanges[] = {"0002 8001 0001 02 0001 05", "0001 81 0001 02 0001 05",
                                            "0003 800001 0001 02 0001 05"};
    HelloOffer offer = {.version = 0x0301};
    for (size_t i = 0; i < G_N_ELEMENTS(exchanges); i++) {
        g_autoptr(HelloReader) r = read_canned(
            (CannedHello){.version = 0x0301, .suite = 0x0033, .key_exchange = exchanges[i]});
        learn_answer(f, &offer, hello_reader_answer(r));
    }
    g_assert_cmpint(f->dh_bits, ==, 8);
    g_assert_cmpuint(g_bytes_get_size(f->dh_prime), ==, 1);
}

static void test_what_failed_behind_the_choice_is_not_offered(void)
{
    g_autoptr(Facts) f = facts_new(target);
    g_autoptr(GByteArray) octets =
        hello_canned(&(CannedHello){.version = 0x0303, .suite = 0x009f, .unfinished = true});
    hello_put(octets, "15 0303 0002 02 50");
    g_autoptr(HelloReader) r = hello_reader_new();
    hello_reader_feed(r, bytes_of_array(octets));
    learn_answer(f, &(HelloOffer){.version = 0x0303}, hello_reader_answer(r));
    g_assert_cmpuint(f->version[V_TLS12].suites->len, ==, 0);
    g_assert_cmpint(f->suite_class[CLASS_DHE].known, ==, UNKNOWN);
}

static void test_the_sentinel_counts_only_where_there_is_tls13(void)
{
    g_autoptr(Facts) f = facts_new(target);
    g_autoptr(HelloReader) r = read_canned((CannedHello){.version = 0x0303, .suite = 0x009c});
    learn_answer(f, &(HelloOffer){.version = 0x0303}, hello_reader_answer(r));
    g_assert_cmpint(f->sentinel.known, ==, UNKNOWN);
    fact_set(&f->version[V_TLS13].offered, YES, NULL);
    learn_answer(f, &(HelloOffer){.version = 0x0303}, hello_reader_answer(r));
    g_assert_cmpint(f->sentinel.known, ==, NO);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    target = target_parse("smtp://mail.test", NULL, NULL);
    g_test_add_func("/learn/classes", test_a_suite_teaches_its_classes);
    g_test_add_func("/learn/extensions", test_only_what_was_offered_can_have_been_refused);
    g_test_add_func("/learn/prime", test_the_smallest_prime_is_kept);
    g_test_add_func("/learn/failed", test_what_failed_behind_the_choice_is_not_offered);
    g_test_add_func("/learn/sentinel", test_the_sentinel_counts_only_where_there_is_tls13);
    int result = g_test_run();
    target_free(target);
    return result;
}
