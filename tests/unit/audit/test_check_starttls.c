/* check_reach.c and check_starttls.c. */
#include "facts_world.h"

static void capabilities(Facts *f, const char *before, const char *after)
{
    caps_free(f->caps_before);
    caps_free(f->caps_after);
    f->caps_before = before ? world_caps(before) : NULL;
    f->caps_after = after ? world_caps(after) : NULL;
}

CHANGE(dead, fact_set(&f->reachable, NO, "connection refused"))
CHANGE(silent, fact_set(&f->greeted, NO, "nothing within 30 s"))
CHANGE(delayed, fact_set(&f->greet_delayed, YES, NULL); f->greeting_us = 6100000)
CHANGE(cut_short, g_ptr_array_add(f->missing, g_strdup("ROBOT: 421 too many")))
CHANGE(missing, f->tls_offer = TLS_OFFER_MISSING)
CHANGE(mangled, f->tls_offer = TLS_OFFER_MANGLED; capabilities(f, "PIPELINING\nXXXXXXXA", NULL))
CHANGE(refused, f->tls_offer = TLS_OFFER_REFUSED; f->tls_answer = g_strdup("454 no certificate"))
CHANGE(preauth, f->tls_offer = TLS_OFFER_PREAUTH)
CHANGE(not_learnt, f->tls_offer = TLS_OFFER_UNKNOWN; f->tls_answer = g_strdup("421 slow down"))
CHANGE(injects, fact_set(&f->command_injection, YES, "the answer to NOOP came inside TLS"))
CHANGE(injection_unknown, fact_set(&f->command_injection, UNKNOWN, "connection reset"))
CHANGE(early_bytes, fact_set(&f->response_injection, YES, "12 octets");
       f->tls_offer = TLS_OFFER_INJECTED)
CHANGE(again, capabilities(f, "STARTTLS", "PIPELINING\nSTARTTLS"))
CHANGE(disabled_inside, capabilities(f, "STARTTLS\nLOGINDISABLED", "IMAP4rev1\nLOGINDISABLED"))
CHANGE(empty_inside, capabilities(f, "STARTTLS", ""))
CHANGE(unseen_inside, capabilities(f, "STARTTLS", NULL))
CHANGE(changes, capabilities(f, "STARTTLS\nSIZE 10", "AUTH PLAIN\nSIZE 20"))
CHANGE(clear_login, fact_set(&f->login_before_tls, YES, "LOGIN is not disabled"))
CHANGE(not_enforced, fact_set(&f->tls_enforced, NO, "NOOP was answered"))
CHANGE(enforced, fact_set(&f->tls_enforced, YES, "530"))
CHANGE(enforced_unknown, fact_set(&f->tls_enforced, UNKNOWN, "450 greylisted"))

static const WorldCase cases[] = {
    {MX, NULL, "reach.connect", "pass"},
    {MX, dead, "reach.connect", "fail", "connection refused"},
    {MX, NULL, "reach.greeting", "pass", "ESMTP"},
    {MX, silent, "reach.greeting", "fail", "30 s"},
    {MX, dead, "reach.greeting", "unknown", "refused"},
    {MX, delayed, "reach.greet_delay", "fail", "6.1 s"},
    {MX, NULL, "reach.greet_delay", "pass"},
    {MX, NULL, "reach.complete", "pass", "12 of 20"},
    {MX, cut_short, "reach.complete", "unknown", "421 too many"},
    /* absent, mangled and refused are three answers */
    {MX, missing, "starttls.offered", "fail"},
    {MX, missing, "starttls.mangled", "pass"},
    {MX, missing, "starttls.refused", "pass"},
    {MX, mangled, "starttls.offered", "none"},
    {MX, mangled, "starttls.mangled", "fail", "XXXXXXXA instead of STARTTLS"},
    {MX, mangled, "starttls.refused", "pass"},
    {MX, refused, "starttls.offered", "none"},
    {MX, refused, "starttls.mangled", "pass"},
    {MX, refused, "starttls.refused", "fail", "454 no certificate"},
    {MX, not_learnt, "starttls.offered", "unknown", "421 slow down"},
    {MX, not_learnt, "starttls.refused", "unknown"},
    {MX, dead, "starttls.offered", "unknown", "not reached"},
    {IMAPS, missing, "starttls.offered", "none"},
    {IMAP, preauth, "starttls.preauth", "fail"},
    {IMAP, NULL, "starttls.preauth", "pass"},
    {POP3, preauth, "starttls.preauth", "none"},
    {POP3, missing, "starttls.offered", "fail", "STLS"},
    {MX, injects, "starttls.command_injection", "fail", "NOOP"},
    {MX, injection_unknown, "starttls.command_injection", "unknown", "reset"},
    {MX, missing, "starttls.command_injection", "none"},
    {IMAPS, injects, "starttls.command_injection", "none"},
    {IMAP, early_bytes, "starttls.response_injection", "fail", "12 octets"},
    {IMAP, early_bytes, "starttls.offered", "pass"},
    {MX, again, "starttls.offered_again", "fail"},
    {MX, NULL, "starttls.offered_again", "pass"},
    {MX, unseen_inside, "starttls.offered_again", "unknown"},
    {IMAP, disabled_inside, "starttls.capabilities", "fail", "LOGINDISABLED"},
    {IMAP, empty_inside, "starttls.capabilities", "fail", "no capability"},
    {MX, changes, "starttls.capabilities", "pass", "+AUTH, now SIZE 20, -STARTTLS"},
    {MX, unseen_inside, "starttls.capabilities", "unknown"},
    {IMAP, clear_login, "starttls.login_before_tls", "fail", "LOGIN"},
    {IMAPS, clear_login, "starttls.login_before_tls", "none"},
    {SUBMISSION, not_enforced, "starttls.enforced", "fail", "NOOP"},
    {SUBMISSION, enforced_unknown, "starttls.enforced", "unknown", "450"},
    {MX, not_enforced, "starttls.enforced", "none"},
    {MX, enforced, "starttls.mx_demands_tls", "fail", "530"},
    {MX, not_enforced, "starttls.mx_demands_tls", "pass"},
    {SUBMISSION, enforced, "starttls.mx_demands_tls", "none"},
};

static void test_cases(void)
{
    world_run(cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/check_starttls/cases", test_cases);
    return g_test_run();
}
