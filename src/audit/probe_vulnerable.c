/* probe_vulnerable.c: Heartbleed and the early ChangeCipherSpec, by raw probes that take nothing of
 * worth and break nothing. What follows from other facts (DROWN from SSLv2, ROBOT's absence from
 * static RSA's) is not asked for. */
#include <string.h>

#include "audit/learn.h"
#include "audit/probes.h"

enum {
    RECORD_CCS = 20,
    RECORD_ALERT = 21,
    RECORD_HEARTBEAT = 24,
    SECONDS = 5,
    SILENCE_SECONDS = 3
};

static const char CROWDED[] = ", while other connections were open";

typedef struct {
    Prober *p;
    VersionIndex version;
} Question;

/* What was closed on in a crowd is asked again with nobody beside us. Suspends. */
static void ask_alone(TaskFunc ask, Question *question)
{
    prober_alone(question->p);
    ask(question);
    prober_alone_no_more(question->p);
}

static bool is_in_doubt(const Fact *fact)
{
    return fact->known == UNKNOWN && fact->why && strstr(fact->why, CROWDED);
}

/* The first record of a type among what was heard; false: none. */
static bool find_record(const GByteArray *heard, uint8_t type, Bytes *body)
{
    Bytes rest = bytes_of_array(heard);
    for (uint8_t found; hello_record(&rest, &found, body);) {
        if (found == type) {
            return true;
        }
    }
    return false;
}

static void append_record(GByteArray *out, uint16_t version, uint8_t type, Bytes body)
{
    const uint8_t header[] = {type, (uint8_t)(version >> 8), (uint8_t)version, 0,
                              (uint8_t)body.len};
    g_byte_array_append(out, header, sizeof header);
    g_byte_array_append(out, (const uint8_t *)body.data, (guint)body.len);
}

/* --- Heartbleed (CVE-2014-0160): a request that claims 16 octets more than it has. A server that
 * is well stays silent (RFC 6520 section 4); the goodbye behind it makes an end of the waiting ---
 */

/* `crowded`: closing may have had nothing to do with it. */
static void judge_heartbeat(Fact *fact, const GByteArray *heard, const char *ended, bool crowded)
{
    enum { RESPONSE = 2 };
    Bytes body;
    bool closed = strstr(ended, "closed") != NULL;
    if (find_record(heard, RECORD_HEARTBEAT, &body) && body.len > 0 && body.data[0] == RESPONSE) {
        fact_set(fact, YES, "a heartbeat of 0 octets that claimed 16 was answered with %zu",
                 body.len);
    } else if (find_record(heard, RECORD_ALERT, &body) || (closed && !crowded)) {
        fact_set(fact, NO, "a heartbeat that claims more than it has is not answered");
    } else {
        fact_set(fact, UNKNOWN, "%s%s", ended, closed ? CROWDED : "");
    }
}

static void ask_heartbleed(void *user)
{
    const Question *q = user;
    Prober *p = q->p;
    VersionIndex v = q->version;
    Fact *fact = &p->facts->heartbleed;
    g_auto(Asked) asked = {0};
    HelloOffer offer = offer_suites(p, v, p->facts->version[v].suites);
    prober_ask_and_stay(p, &offer, &asked);
    if (!asked.session) {
        fact_set(fact, UNKNOWN, "%s", asked.why);
        return;
    }
    g_autoptr(GByteArray) request = g_byte_array_new();
    g_autoptr(GByteArray) heard = g_byte_array_new();
    append_record(request, asked.answer->version, RECORD_HEARTBEAT, BYTES_LITERAL("\x01\x00\x10"));
    append_record(request, asked.answer->version, RECORD_ALERT, BYTES_LITERAL("\x01\x00"));
    const char *ended = "the server sent something else";
    prober_send_raw(&asked, bytes_of_array(request), heard, SECONDS, &ended);
    judge_heartbeat(fact, heard, ended, asked_in_crowd(&asked));
}

/* --- CVE-2014-0224: a ChangeCipherSpec before any key was agreed on. A server that is well
 * complains at once, or closes. One that takes it waits for more; and reads what comes then as
 * encrypted, and finds it spoilt --- */

static bool find_alert(const GByteArray *heard, uint8_t *alert)
{
    Bytes body;
    bool found = find_record(heard, RECORD_ALERT, &body) && body.len >= 2;
    *alert = found ? (uint8_t)body.data[1] : 0;
    return found;
}

static bool is_complaint(uint8_t alert)
{
    enum { UNEXPECTED_MESSAGE = 10, HANDSHAKE_FAILURE = 40 };
    return alert == UNEXPECTED_MESSAGE || alert == HANDSHAKE_FAILURE;
}

static const char *alert_name(uint8_t alert)
{
    const char *name = hello_alert_name(alert);
    return name ? name : "of an unknown kind";
}

/* It was silent on the first; what does it say to the second? */
static void ask_second_ccs(Fact *fact, Asked *asked, Bytes ccs)
{
    enum { BAD_RECORD_MAC = 20, DECRYPTION_FAILED = 21 };
    g_autoptr(GByteArray) heard = g_byte_array_new();
    const char *ended = "";
    uint8_t alert;
    prober_send_raw(asked, ccs, heard, SECONDS, &ended);
    bool alerted = find_alert(heard, &alert);
    bool spoilt = alert == BAD_RECORD_MAC || alert == DECRYPTION_FAILED;
    fact_set(fact, alerted && spoilt ? YES : UNKNOWN,
             "an early ChangeCipherSpec is taken without a word, a second gets %s%s",
             alerted ? "alert " : "", alerted ? alert_name(alert) : ended);
}

void probe_early_ccs(Facts *f, Asked *asked)
{
    Fact *fact = &f->ccs_injection;
    g_autoptr(GByteArray) ccs = g_byte_array_new();
    g_autoptr(GByteArray) heard = g_byte_array_new();
    append_record(ccs, asked->answer->version, RECORD_CCS, BYTES_LITERAL("\x01"));
    const char *ended = "the server sent something else";
    uint8_t alert;
    bool heard_all = prober_send_raw(asked, bytes_of_array(ccs), heard, SILENCE_SECONDS, &ended);
    if (find_alert(heard, &alert)) {
        fact_set(fact, is_complaint(alert) ? NO : UNKNOWN,
                 "an early ChangeCipherSpec gets alert %s", alert_name(alert));
    } else if (heard_all || !strstr(ended, "silent")) {
        bool closed = !heard->len && strstr(ended, "closed"), crowded = asked_in_crowd(asked);
        fact_set(fact, closed && !crowded ? NO : UNKNOWN, "on an early ChangeCipherSpec %s%s",
                 ended, closed && crowded ? CROWDED : "");
    } else {
        ask_second_ccs(fact, asked, bytes_of_array(ccs));
    }
}

static void ask_early_ccs(void *user)
{
    const Question *q = user;
    Prober *p = q->p;
    VersionIndex v = q->version;
    g_auto(Asked) asked = {0};
    HelloOffer offer = offer_suites(p, v, p->facts->version[v].suites);
    prober_ask_and_stay(p, &offer, &asked);
    if (asked.session) {
        probe_early_ccs(p->facts, &asked);
    } else {
        fact_set(&p->facts->ccs_injection, UNKNOWN, "%s", asked.why);
    }
}

static void settle_without_version(Facts *f)
{
    bool only_tls13 = old_versions_known(f) && f->version[V_TLS13].offered.known == YES;
    Fact *const facts[] = {&f->heartbleed, &f->ccs_injection, &f->robot};
    for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
        fact_set(facts[i], only_tls13 ? NO : UNKNOWN, "%s",
                 only_tls13 ? "TLS 1.3 alone is offered" : "no answer below TLS 1.3");
    }
}

void probe_vulnerable(Prober *p)
{
    Facts *f = p->facts;
    VersionIndex v = highest_old(f);
    if (v == V_COUNT) {
        settle_without_version(f);
        return;
    }
    Question question = {p, v};
    prober_progress(p, "old flaws");
    if (f->heartbeat.known == NO) {
        fact_set(&f->heartbleed, NO, "there is no heartbeat");
    } else if (f->heartbeat.known == YES) {
        ask_heartbleed(&question);
        if (is_in_doubt(&f->heartbleed) && prober_can(p, 1)) {
            ask_alone(ask_heartbleed, &question);
        }
    } else {
        fact_set(&f->heartbleed, UNKNOWN, "it is not known whether there is a heartbeat");
    }
    if (f->suite_class[CLASS_RSA_KX].known == NO) {
        fact_set(&f->robot, NO, "static RSA is not offered");
    }
    if (is_in_doubt(&f->ccs_injection) && prober_can(p, 1)) {
        ask_alone(ask_early_ccs, &question);
    } else if (f->ccs_injection.known == UNKNOWN) {
        ask_early_ccs(&question);
    }
    if (is_in_doubt(&f->ccs_injection) && prober_can(p, 1)) {
        ask_alone(ask_early_ccs, &question);
    }
}
