/* probe_robot.c: ROBOT (CVE-2017-13099 and kin) and Ticketbleed (CVE-2016-9244), by raw probes.
 * Both are asked only where they can apply; that a server has no static RSA, or gives no tickets
 * below TLS 1.3, is an answer by itself. */
#include <string.h>

#include "audit/learn.h"
#include "audit/probe_session.h"
#include "audit/probes.h"
#include "tls/engine.h"
#include "tls/robot.h"

enum { RECORD_ALERT = 21, ANSWER_SECONDS = 5 };

/* --- ROBOT --- */

typedef struct {
    Prober *p;
    VersionIndex version;
    const GArray *suites; /* static RSA, known to be offered; borrowed */
    RobotVariant variant;
    char *answer; /* what came, in words that can be compared; or NULL: */
    char *why;    /* nothing was to be learnt */
} Question;

static bool is_static_rsa(const Suite *suite)
{
    return suite && suite->key_exchange == SUITE_KX_RSA && !suite->export_grade;
}

/* Those of the highest version that has any; *version is V_COUNT when none has. The caller frees
 * it. */
static GArray *static_rsa(const Facts *f, VersionIndex *version)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    *version = V_COUNT;
    for (int v = V_TLS12; v >= V_SSL3 && !found->len; v--) {
        const GArray *suites = f->version[v].suites;
        for (guint i = 0; i < suites->len; i++) {
            uint16_t id = g_array_index(suites, uint16_t, i);
            if (is_static_rsa(hello_suite(id))) {
                list_add(found, id);
                *version = (VersionIndex)v;
            }
        }
    }
    return found;
}

/* All alerts that came and how it ended, so that any difference is seen. */
static char *answer_words(const GByteArray *heard, bool record, const char *ended)
{
    g_autoptr(GString) words = g_string_new(NULL);
    Bytes rest = bytes_of_array(heard), body;
    for (uint8_t type; hello_record(&rest, &type, &body);) {
        const char *name =
            type == RECORD_ALERT && body.len == 2 ? hello_alert_name((uint8_t)body.data[1]) : NULL;
        g_string_append_printf(words, "%s%s", words->len ? ", " : "", name ? "alert " : "");
        if (name) {
            g_string_append(words, name);
        } else {
            g_string_append_printf(words, "a record of type %u", type);
        }
    }
    if (!record) {
        g_string_append_printf(words, "%s%s", words->len ? ", " : "", ended);
    }
    return g_string_free(g_steal_pointer(&words), FALSE);
}

static void hear_answer(Question *q, Asked *asked, GByteArray *flight)
{
    g_autoptr(GByteArray) heard = g_byte_array_new();
    const char *ended = "";
    bool record = prober_send_raw(asked, bytes_of_array(flight), heard, ANSWER_SECONDS, &ended);
    q->answer = answer_words(heard, record, ended);
}

/* One variant over one connection. A TaskFunc. */
static void ask_variant(void *user)
{
    Question *q = user;
    g_auto(Asked) asked = {0};
    HelloOffer offer = offer_suites(q->p, q->version, q->suites);
    prober_ask_and_stay(q->p, &offer, &asked);
    const HelloAnswer *a = asked.answer;
    if (!asked.session) {
        q->why = g_strdup(asked.why);
        return;
    }
    if (!is_static_rsa(hello_suite(a->suite)) || !a->certificates->len) {
        q->why = g_strdup("static RSA was offered alone, and something else was chosen");
        return;
    }
    g_autoptr(GError) error = NULL;
    RobotPlan plan = {g_ptr_array_index(a->certificates, 0), a->version, offer.version,
                      a->certificate_asked};
    g_autoptr(GByteArray) flight = robot_flight(&plan, q->variant, &error);
    if (flight) {
        hear_answer(q, &asked, flight);
    } else {
        q->why = g_strdup(error->message);
    }
}

typedef struct {
    Question questions[ROBOT_VARIANTS];
    const char *answers[ROBOT_VARIANTS]; /* theirs */
    const char *why;                     /* not all were answered; theirs */
} Round;

static void ask_round(Prober *p, VersionIndex v, const GArray *suites, Round *round)
{
    void *users[ROBOT_VARIANTS];
    *round = (Round){0};
    for (int i = 0; i < ROBOT_VARIANTS; i++) {
        round->questions[i] = (Question){p, v, suites, (RobotVariant)i, NULL, NULL};
        users[i] = &round->questions[i];
    }
    io_together(ask_variant, users, ROBOT_VARIANTS);
    for (int i = 0; i < ROBOT_VARIANTS; i++) {
        round->answers[i] = round->questions[i].answer;
        round->why = round->why ? round->why : round->questions[i].why;
    }
}

static void round_clear(Round *round)
{
    for (int i = 0; i < ROBOT_VARIANTS; i++) {
        g_free(round->questions[i].answer);
        g_free(round->questions[i].why);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Round, round_clear)

/* The first one that is not answered as a wrong start is. */
static char *difference(const Round *round)
{
    int i = 0;
    while (i < ROBOT_VARIANTS - 1 &&
           g_str_equal(round->answers[i], round->answers[ROBOT_BAD_START])) {
        i++;
    }
    return g_strdup_printf("%s gets \"%s\", %s \"%s\"", robot_variant_words(ROBOT_BAD_START),
                           round->answers[ROBOT_BAD_START], robot_variant_words((RobotVariant)i),
                           round->answers[i]);
}

/* Did it get as far as looking at the premaster at all? */
static bool was_looked_at(const char *answer)
{
    static const char *const before[] = {"unexpected_message", "decode_error", "illegal_parameter",
                                         "internal_error"};
    bool looked = true;
    for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
        looked = looked && !strstr(answer, before[i]);
    }
    return looked;
}

static void settle_same(Fact *fact, const char *answer)
{
    if (was_looked_at(answer)) {
        fact_set(fact, NO, "five kinds of padding get the same answer: %s", answer);
    } else {
        fact_set(fact, UNKNOWN, "the server did not get as far as the padding: %s", answer);
    }
}

/* Twice the same, or else it was something in between. */
static void settle_different(Fact *fact, const Round *first, const Round *second)
{
    RobotOracle oracle = robot_judge(second->answers);
    bool same = true;
    for (int i = 0; i < ROBOT_VARIANTS; i++) {
        same = same && g_str_equal(first->answers[i], second->answers[i]);
    }
    g_autofree char *words = difference(first);
    if (same) {
        fact_set(fact, YES, "%s oracle: %s", oracle == ROBOT_STRONG ? "a strong" : "a weak", words);
    } else {
        fact_set(fact, UNKNOWN, "the answers are not the same each time: %s", words);
    }
}

static void ask_robot(Prober *p, VersionIndex v, const GArray *suites)
{
    Fact *fact = &p->facts->robot;
    g_auto(Round) first = {0}, second = {0};
    prober_progress(p, "ROBOT");
    ask_round(p, v, suites, &first);
    if (first.why) {
        fact_set(fact, UNKNOWN, "%s", first.why);
        return;
    }
    if (robot_judge(first.answers) == ROBOT_NONE) {
        settle_same(fact, first.answers[0]);
        return;
    }
    ask_round(p, v, suites, &second);
    if (second.why) {
        fact_set(fact, UNKNOWN, "the answers differ, and could not be asked for again: %s",
                 second.why);
    } else {
        settle_different(fact, &first, &second);
    }
}

void probe_robot(Prober *p)
{
    Facts *f = p->facts;
    VersionIndex v;
    g_autoptr(GArray) suites = static_rsa(f, &v);
    if (f->robot.known != UNKNOWN) {
        return;
    }
    if (v != V_COUNT && prober_can(p, ROBOT_VARIANTS)) {
        ask_robot(p, v, suites);
    } else if (v != V_COUNT && !p->plan->full && !p->stopped) {
        f->robot_left_out = true;
        fact_set(&f->robot, UNKNOWN, "static RSA is offered; with --full it is asked for");
    } else if (v != V_COUNT) {
        fact_set(&f->robot, UNKNOWN, "no connections were left to ask");
    } else if (f->suite_class[CLASS_RSA_KX].known == NO) {
        fact_set(&f->robot, NO, "static RSA is not offered");
    }
}

/* --- Ticketbleed: a ticket with a session id of few octets. A server that is well answers with
 * the same few; one that bleeds with 32, ours and then what its memory held --- */

enum { ID_LEN = 16, ID_WHOLE = 32 };

static void judge_bleeding(Fact *fact, const Asked *asked, Bytes id)
{
    const HelloAnswer *a = asked->answer;
    if (!a->chosen) {
        fact_set(fact, asked->outcome == ASKED_REFUSED ? NO : UNKNOWN, "%s",
                 asked->why ? asked->why : "no answer");
    } else if (a->session_id_len == ID_WHOLE && !memcmp(a->session_id, id.data, id.len)) {
        fact_set(fact, YES, "a session id of %zu octets came back as %d", id.len, ID_WHOLE);
    } else {
        fact_set(fact, NO,
                 a->resumed ? "the session id came back as it was sent"
                            : "a ticket with a short session id is not taken");
    }
}

static void ask_ticketbleed(Prober *p, const TlsSession *session)
{
    uint16_t suite = tls_session_suite(session);
    VersionIndex v = tls_session_facts(session).version == TLS_1_2 ? V_TLS12 : V_TLS10;
    g_autoptr(GArray) suites = g_array_new(FALSE, FALSE, sizeof suite);
    list_add(suites, suite);
    HelloOffer offer = offer_suites(p, v, suites);
    offer.version = (uint16_t)tls_session_facts(session).version;
    offer.session_id = BYTES_LITERAL("sixteen octets!!");
    offer.ticket_data = tls_session_ticket(session);
    g_auto(Asked) asked = {0};
    prober_progress(p, "Ticketbleed");
    prober_ask(p, &offer, &asked);
    judge_bleeding(&p->facts->ticketbleed, &asked, offer.session_id);
}

void probe_ticketbleed(Prober *p)
{
    Facts *f = p->facts;
    Fact *fact = &f->ticketbleed;
    if (!p->session) {
        bool none = f->resumption_ticket.known == NO;
        fact_set(fact, none ? NO : UNKNOWN, "%s",
                 f->resumption_ticket.why ? f->resumption_ticket.why : "no session was had");
        return;
    }
    TlsSessionFacts session = tls_session_facts(p->session);
    if (session.version == TLS_1_3) {
        /* The BIG-IP releases that bleed, 11.4 to 12.1, have no TLS 1.3. */
        fact_set(fact, NO, "TLS 1.3 is offered, which no release with the flaw has");
    } else if (!session.ticket) {
        fact_set(fact, NO, "the server gives no ticket");
    } else if (prober_can(p, 1)) {
        ask_ticketbleed(p, p->session);
    } else {
        fact_set(fact, UNKNOWN, "no connection was left to ask");
        prober_missing(p, "Ticketbleed");
    }
}
