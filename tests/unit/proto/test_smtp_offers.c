#include "proto/smtp_offers.h"

static SmtpOffers offers_of(const char *const *lines)
{
    g_autoptr(Caps) caps = caps_new();
    for (size_t i = 0; lines[i]; i++) {
        caps_add_line(caps, bytes_of(lines[i]));
    }
    return smtp_offers(caps);
}

static void test_offers(void)
{
    SmtpOffers o = offers_of((const char *[]){"pipelining", "CHUNKING", "SIZE 10240000", "8BITMIME",
                                              "LIMITS RCPTMAX=20 MAILMAX=5 rcptdomainmax=1", NULL});
    g_assert_true(o.pipelining && o.chunking && o.size && o.eight_bit);
    g_assert_false(o.smtputf8 || o.dsn || o.require_tls || o.auth);
    g_assert_cmpuint(o.size_max, ==, 10240000);
    g_assert_cmpuint(o.rcpt_max, ==, 20);
    g_assert_cmpuint(o.mail_max, ==, 5);
    g_assert_cmpuint(o.rcpt_domain_max, ==, 1);
    o = offers_of((const char *[]){"SIZE", "LIMITS RCPTMAX=x MAILMAX= =7", NULL});
    g_assert_true(o.size);
    g_assert_cmpuint(o.size_max + o.rcpt_max + o.mail_max, ==, 0);
    o = offers_of((const char *[]){"SIZE 99999999999999999999999", "SMTPUTF8", "REQUIRETLS", "DSN",
                                   "AUTH PLAIN", NULL});
    g_assert_cmpuint(o.size_max, ==, 0);
    g_assert_true(o.smtputf8 && o.require_tls && o.dsn && o.auth);
    o = smtp_offers(NULL);
    g_assert_false(o.pipelining || o.size);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp-offers/of-ehlo-lines", test_offers);
    return g_test_run();
}
