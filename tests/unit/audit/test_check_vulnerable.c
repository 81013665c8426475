/* check_vulnerable.c and check_handshake.c. */
#include "facts_world.h"

static void offer(Facts *f, VersionIndex v, Known known)
{
    fact_set(&f->version[v].offered, known, known == UNKNOWN ? "alert internal_error" : NULL);
}

static void unlisted(Facts *f, SuiteClass c)
{
    fact_set(&f->suite_class[c], UNKNOWN, "connection reset");
    fact_set(&f->version[V_TLS12].suites_complete, UNKNOWN, "out of connections");
}

CHANGE(bleeds, fact_set(&f->heartbleed, YES, "16384 octets came back"))
CHANGE(no_heartbeat, fact_set(&f->heartbleed, UNKNOWN, "not asked"))
CHANGE(heartbeat_unknown, no_heartbeat(f); fact_set(&f->heartbeat, UNKNOWN, "reset"))
CHANGE(ccs, fact_set(&f->ccs_injection, YES, "an early ChangeCipherSpec was taken"))
CHANGE(ccs_unknown, fact_set(&f->ccs_injection, UNKNOWN, "timeout"))
CHANGE(only_tls13, offer(f, V_TLS12, NO); fact_set(&f->ccs_injection, UNKNOWN, NULL);
       fact_set(&f->compression, UNKNOWN, NULL); fact_set(&f->secure_renegotiation, UNKNOWN, NULL))
CHANGE(robot, fact_set(&f->robot, YES, "answers differ"))
CHANGE(robot_unknown, fact_set(&f->robot, UNKNOWN, "timeout"); unlisted(f, CLASS_RSA_KX))
CHANGE(robot_needless, fact_set(&f->robot, UNKNOWN, "not asked"))
CHANGE(ticketbleed, fact_set(&f->ticketbleed, YES, NULL))
CHANGE(no_tickets, fact_set(&f->ticketbleed, UNKNOWN, NULL);
       fact_set(&f->resumption_ticket, NO, NULL); f->ticket_lifetime = -1)
CHANGE(ssl2, offer(f, V_SSL2, YES))
CHANGE(ssl2_unknown, offer(f, V_SSL2, UNKNOWN))
CHANGE(triple_des, fact_set(&f->suite_class[CLASS_3DES], YES, NULL))
CHANGE(triple_des_unknown, unlisted(f, CLASS_3DES))
CHANGE(export_rsa, world_suite(&f->version[V_TLS12], 0x0003)) /* RSA_EXPORT_WITH_RC4_40_MD5 */
CHANGE(export_dhe,
       world_suite(&f->version[V_TLS12], 0x0014)) /* DHE_RSA_EXPORT_WITH_DES40_CBC_SHA */
CHANGE(export_class, unlisted(f, CLASS_EXPORT); fact_set(&f->suite_class[CLASS_EXPORT], YES, NULL))
CHANGE(export_unknown, unlisted(f, CLASS_EXPORT))
CHANGE(short_prime, f->dh_bits = 1024)
CHANGE(long_prime, f->dh_bits = 2048; fact_set(&f->suite_class[CLASS_DHE], YES, NULL))
CHANGE(unseen_prime, fact_set(&f->suite_class[CLASS_DHE], YES, NULL))
CHANGE(tls10_cbc, offer(f, V_TLS10, YES); world_suite(&f->version[V_TLS10], 0x002F))
CHANGE(tls10_unknown_cbc, offer(f, V_TLS10, UNKNOWN); world_suite(&f->version[V_TLS12], 0x002F))
CHANGE(cbc, world_suite(&f->version[V_TLS12], 0x002F))
CHANGE(cbc_without_etm, cbc(f); fact_set(&f->etm, NO, NULL))
CHANGE(cbc_etm_unknown, cbc(f); fact_set(&f->etm, UNKNOWN, "timeout"))
CHANGE(ssl3_cbc, offer(f, V_SSL3, YES); world_suite(&f->version[V_SSL3], 0x002F))
CHANGE(compresses, fact_set(&f->compression, YES, "DEFLATE"))

CHANGE(no_handshake, tls_peer_free(f->peer); f->peer = NULL;
       f->handshake_error = g_strdup("alert handshake_failure"))
CHANGE(no_tls_at_all, no_handshake(f); f->hellos = 2; f->hellos_not_tls = 2)
CHANGE(no_tls_once, no_handshake(f); f->hellos = 2; f->hellos_not_tls = 1)
CHANGE(no_version, no_handshake(f); offer(f, V_TLS12, NO); offer(f, V_TLS13, NO))
CHANGE(no_renegotiation_info, fact_set(&f->secure_renegotiation, NO, NULL))
CHANGE(renegotiates, fact_set(&f->client_renegotiation, YES, NULL))
CHANGE(no_ems, fact_set(&f->ems, NO, NULL))
CHANGE(no_scsv, fact_set(&f->fallback_scsv, NO, NULL))
CHANGE(no_scsv_with_tls10, no_scsv(f); offer(f, V_TLS10, YES))
CHANGE(scsv_unknown, offer(f, V_TLS10, YES); fact_set(&f->fallback_scsv, UNKNOWN, "timeout"))
CHANGE(no_sentinel, fact_set(&f->sentinel, NO, NULL))
CHANGE(no_sentinel_no_tls13, no_sentinel(f); offer(f, V_TLS13, NO))
CHANGE(intolerant, fact_set(&f->tls13_intolerant, YES, NULL))
CHANGE(needs_name, fact_set(&f->sni_needed, YES, NULL))
CHANGE(long_tickets, f->ticket_lifetime = 8 * 86400)
CHANGE(lifetime_unseen, f->ticket_lifetime = -1)
CHANGE(no_resumption, fact_set(&f->resumption_id, NO, NULL);
       fact_set(&f->resumption_ticket, NO, NULL))
CHANGE(resumption_unknown, fact_set(&f->resumption_id, NO, NULL);
       fact_set(&f->resumption_ticket, UNKNOWN, "timeout"))
CHANGE(zero_rtt, fact_set(&f->early_data, YES, NULL))
CHANGE(heartbeats, fact_set(&f->heartbeat, YES, NULL))

static const WorldCase cases[] = {
    {MX, bleeds, "vulnerable.heartbleed", "fail", "16384"},
    {MX, no_heartbeat, "vulnerable.heartbleed", "pass"},
    {MX, heartbeat_unknown, "vulnerable.heartbleed", "unknown", "not asked"},
    {MX, ccs, "vulnerable.ccs", "fail"},
    {MX, ccs_unknown, "vulnerable.ccs", "unknown", "timeout"},
    {MX, only_tls13, "vulnerable.ccs", "none"},
    {MX, robot, "vulnerable.robot", "fail", "differ"},
    {MX, robot_unknown, "vulnerable.robot", "unknown", "timeout"},
    {MX, robot_needless, "vulnerable.robot", "pass", "not offered"},
    {MX, ticketbleed, "vulnerable.ticketbleed", "fail"},
    {MX, no_tickets, "vulnerable.ticketbleed", "pass"},
    {MX, ssl2, "vulnerable.drown", "fail"},
    {MX, ssl2_unknown, "vulnerable.drown", "unknown"},
    {MX, triple_des, "vulnerable.sweet32", "fail"},
    {MX, triple_des_unknown, "vulnerable.sweet32", "unknown", "reset"},
    {MX, export_rsa, "vulnerable.freak", "fail", "EXPORT"},
    {MX, export_rsa, "vulnerable.logjam", "pass"},
    {MX, export_dhe, "vulnerable.logjam", "fail", "DHE"},
    {MX, export_class, "vulnerable.freak", "unknown", "not all"},
    {MX, export_unknown, "vulnerable.freak", "unknown"},
    {MX, NULL, "vulnerable.freak", "pass"},
    {MX, NULL, "vulnerable.logjam", "pass"},
    {MX, short_prime, "vulnerable.logjam", "fail", "1024"},
    {MX, long_prime, "vulnerable.logjam", "pass"},
    {MX, unseen_prime, "vulnerable.logjam", "unknown", "no Diffie-Hellman prime"},
    {MX, tls10_cbc, "vulnerable.beast", "fail", "CBC"},
    {MX, tls10_unknown_cbc, "vulnerable.beast", "unknown", "internal_error"},
    {MX, cbc, "vulnerable.beast", "pass"},
    {MX, cbc, "vulnerable.lucky13", "pass"},
    {MX, cbc_without_etm, "vulnerable.lucky13", "fail"},
    {MX, cbc_etm_unknown, "vulnerable.lucky13", "unknown", "timeout"},
    {MX, ssl3_cbc, "vulnerable.poodle", "fail"},
    {MX, cbc, "vulnerable.poodle", "pass"},
    {MX, compresses, "vulnerable.crime", "fail", "DEFLATE"},
    {MX, only_tls13, "vulnerable.crime", "pass"},
    {MX, NULL, "handshake.works", "pass", "TLS 1.3"},
    {MX, no_handshake, "handshake.works", "unknown", "handshake_failure"},
    {MX, no_tls_at_all, "handshake.works", "fail", "STARTTLS is offered"},
    {MX, no_tls_once, "handshake.works", "unknown", "handshake_failure"},
    {MX, no_version, "handshake.works", "fail"},
    {MX, no_renegotiation_info, "handshake.secure_renegotiation", "fail"},
    {MX, only_tls13, "handshake.secure_renegotiation", "none"},
    {MX, renegotiates, "handshake.client_renegotiation", "fail"},
    {MX, compresses, "handshake.compression", "fail"},
    {MX, no_ems, "handshake.ems", "fail"},
    {MX, cbc_without_etm, "handshake.etm", "fail"},
    {MX, NULL, "handshake.etm", "none"},
    {MX, no_scsv, "handshake.fallback_scsv", "none"}, /* there is nothing to fall back to */
    {MX, no_scsv_with_tls10, "handshake.fallback_scsv", "fail"},
    {MX, scsv_unknown, "handshake.fallback_scsv", "unknown", "timeout"},
    {MX, no_sentinel, "handshake.sentinel", "fail"},
    {MX, no_sentinel_no_tls13, "handshake.sentinel", "none"},
    {MX, intolerant, "handshake.tls13_intolerant", "fail"},
    {MX, needs_name, "handshake.sni_needed", "fail"},
    {MX, NULL, "handshake.ticket_lifetime", "pass", "7200 s"},
    {MX, long_tickets, "handshake.ticket_lifetime", "fail", "192 hours"},
    {MX, lifetime_unseen, "handshake.ticket_lifetime", "unknown"},
    {MX, no_tickets, "handshake.ticket_lifetime", "none"},
    {MX, no_resumption, "handshake.resumption", "fail"},
    {MX, resumption_unknown, "handshake.resumption", "unknown", "timeout"},
    {MX, zero_rtt, "handshake.early_data", "fail"},
    {MX, heartbeats, "handshake.heartbeat", "fail"},
};

static void test_cases(void)
{
    world_run(cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/check_vulnerable/cases", test_cases);
    return g_test_run();
}
