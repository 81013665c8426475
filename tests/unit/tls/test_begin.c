#include <glib.h>
#include <openssl/bio.h>
#include <openssl/err.h>

#include "base/openssl_words.h"
#include "tls/engine.h"

static unsigned long error_of_a_missing_file(void)
{
    ERR_clear_error();
    BIO *none = BIO_new_file("/nonexistent/file", "r");
    g_assert_null(none);
    unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    return code;
}

/* Once in a process: what is loaded stays. */
static void test_words_come_when_they_are_asked_for(void)
{
    tls_begin();
    unsigned long code = error_of_a_missing_file();
    g_assert_cmpuint(code, !=, 0);
    g_assert_null(ERR_reason_error_string(code));
    openssl_load_words();
    openssl_load_words();
    g_assert_cmpstr(ERR_reason_error_string(code), ==, "no such file");
    g_assert_cmpstr(ERR_lib_error_string(code), ==, "BIO routines");
}

/* Other parts of OpenSSL, or of a program, may ask for the words in the usual way: that must not
 * load them by the back door, nor fail. */
static void test_the_end_is_quiet(void)
{
    g_assert_cmpint(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/begin/words", test_words_come_when_they_are_asked_for);
    g_test_add_func("/begin/usual_way", test_the_end_is_quiet);
    return g_test_run();
}
