/* Server addresses: what is taken can be written out and read again as the same; what is refused
 * says why. */
#include <string.h>

#include "proto/target.h"

static void check(const Target *t)
{
    g_assert_nonnull(t->scheme);
    g_assert_true((t->host != NULL) != (t->unix_path != NULL));
    g_assert_true(t->unix_path || t->port != 0);
    for (const char *c = t->user ? t->user : ""; *c; c++) {
        g_assert_true(*c != '\r' && *c != '\n');
    }
    for (const char *c = t->host ? t->host : ""; *c; c++) {
        g_assert_true(g_ascii_isgraph(*c) && *c != '@' && *c != '/');
    }
    g_autofree char *text = target_text(t);
    g_autoptr(GError) error = NULL;
    g_autoptr(Target) again = target_parse(text, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(again->scheme == t->scheme);
    g_assert_cmpstr(again->host, ==, t->host);
    g_assert_cmpstr(again->user, ==, t->user);
    g_assert_cmpstr(again->unix_path, ==, t->unix_path);
    g_assert_cmpuint(again->port, ==, t->port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    const char *const fallbacks[] = {NULL, "smtp"};
    for (size_t i = 0; i < G_N_ELEMENTS(fallbacks); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Target) t = target_parse(text, fallbacks[i], &error);
        g_assert_true((t == NULL) == (error != NULL));
        if (t) {
            check(t);
        }
    }
    return 0;
}
