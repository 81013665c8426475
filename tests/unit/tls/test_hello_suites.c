/* The table of cipher suites, compared with OpenSSL's own where it knows them. */
#include <openssl/ssl.h>
#include <string.h>

#include "tls/hello.h"

static void test_the_table_is_in_order_and_found(void)
{
    for (const Suite *s = hello_suites; s->name; s++) {
        g_assert_true(!s[1].name || s[1].id > s->id);
        g_assert_true(hello_suite(s->id) == s);
        g_assert_nonnull(s->auth);
        g_assert_nonnull(s->mac);
        g_assert_true(s->null_cipher == (s->bits == 0));
        g_assert_false(s->aead && s->cbc);
        g_assert_true(!s->export_grade || s->bits <= 56);
    }
    g_assert_null(hello_suite(0x5600)); /* signals are no suites */
    g_assert_null(hello_suite(0x00ff));
    g_assert_null(hello_suite(0xffff));
}

static void test_names_and_bits_are_those_of_openssl(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    SSL_CTX_set_security_level(context, 0);
    g_assert_true(SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL"));
    STACK_OF(SSL_CIPHER) *known = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(known); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(known, i);
        const Suite *suite = hello_suite(SSL_CIPHER_get_protocol_id(cipher));
        g_assert_nonnull(suite);
        g_assert_cmpstr(suite->name, ==, SSL_CIPHER_standard_name(cipher));
        g_assert_cmpstr(suite->openssl_name, ==, SSL_CIPHER_get_name(cipher));
        g_assert_cmpint(suite->bits, ==, SSL_CIPHER_get_bits(cipher, NULL));
        g_assert_cmpint(suite->aead, ==, SSL_CIPHER_is_aead(cipher));
        g_assert_cmpint(suite->anonymous, ==, SSL_CIPHER_get_auth_nid(cipher) == NID_auth_null);
    }
    g_assert_cmpint(sk_SSL_CIPHER_num(known), >, 100);
    SSL_CTX_free(context);
}

static void test_what_openssl_has_forgotten_is_classed(void)
{
    g_assert_true(hello_suite(0x0003)->export_grade && hello_suite(0x0003)->rc4);
    g_assert_cmpint(hello_suite(0x0003)->bits, ==, 40);
    g_assert_true(hello_suite(0x0062)->export_grade && hello_suite(0x0062)->des);
    g_assert_true(hello_suite(0x000a)->triple_des && hello_suite(0x000a)->cbc);
    g_assert_true(hello_suite(0xc007)->rc4);
    g_assert_cmpint(hello_suite(0xc007)->key_exchange, ==, SUITE_KX_ECDHE);
    g_assert_cmpstr(hello_suite(0xc007)->auth, ==, "ECDSA");
    g_assert_true(hello_suite(0x0018)->anonymous && hello_suite(0x0018)->rc4);
    g_assert_true(hello_suite(0x0001)->null_cipher);
    g_assert_cmpint(hello_suite(0x1301)->key_exchange, ==, SUITE_KX_TLS13);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hello-suites/order", test_the_table_is_in_order_and_found);
    g_test_add_func("/hello-suites/openssl", test_names_and_bits_are_those_of_openssl);
    g_test_add_func("/hello-suites/classes", test_what_openssl_has_forgotten_is_classed);
    return g_test_run();
}
