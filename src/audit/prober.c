/* prober.c: the connections of one service: counted, spaced, given up. */
#include "audit/prober.h"

#include <string.h>

#include "audit/learn.h"
#include "audit/offer.h"
#include "base/escape.h"

enum {
    BUDGET_DEFAULT = 20,
    BUDGET_FULL = 300,
    PARALLEL_DEFAULT = 32, /* Postfix lets one client have 50 */
    PARALLEL_VERDICT = 6,  /* twenty connections are not worth more */
    FEW = 4,
    MINUTE_US = 60 * G_USEC_PER_SEC,
    GREETING_SECONDS = 30, /* postscreen's greet delay is 6, some wait longer */
    GREET_DELAY_US = 5 * G_USEC_PER_SEC,
    PATIENCE_SECONDS = 75, /* limits are counted by the minute */
    IMPATIENT_SECONDS = 3,
    SILENT_MAX = 3,        /* hellos without an answer, when none has ever had one */
    STRANGER_SECONDS = 15, /* for one that has never let us in */
};

/* --- made and freed --- */

static void make_raw_plan(Prober *p)
{
    p->raw = *p->plan->plan;
    p->raw_target = *p->target;
    if (p->target->scheme->tls_first) {
        p->raw_target.scheme = target_scheme_find("tcp");
    }
    p->raw.target = &p->raw_target;
    p->raw.tls.demand = TLS_OPPORTUNISTIC; /* whether there is TLS is a finding, not a failure */
    p->raw.tls.dane = false;
    p->raw.timeout = p->raw.timeout > 0 ? p->raw.timeout : GREETING_SECONDS;
}

Prober *prober_new(const ProbePlan *plan, const Target *target, Facts *facts)
{
    Prober *p = g_new0(Prober, 1);
    p->plan = plan;
    p->target = target;
    p->facts = facts;
    p->next_version = V_COUNT;
    p->starts = g_array_new(FALSE, FALSE, sizeof(gint64));
    p->asking = g_ptr_array_new();
    p->per_minute = plan->per_minute;
    p->patience = PATIENCE_SECONDS;
    facts->budget = plan->max_connections ? plan->max_connections
                    : plan->full          ? BUDGET_FULL
                                          : BUDGET_DEFAULT;
    unsigned parallel = plan->parallel ? plan->parallel : PARALLEL_DEFAULT;
    p->bearable = plan->full ? parallel : MIN(parallel, PARALLEL_VERDICT);
    p->gate.limit = p->bearable;
    p->calibrating.limit = 1;
    make_raw_plan(p);
    offer_lists(p);
    return p;
}

void prober_free(Prober *p)
{
    if (!p) {
        return;
    }
    GArray *const lists[] = {p->starts, p->suites,     p->suites13,  p->rare_suites,
                             p->groups, p->old_groups, p->signatures};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_array_unref(lists[i]);
    }
    g_ptr_array_unref(p->asking);
    prober_hang_up(p, p->farewell);
    hello_reader_free(p->best);
    tls_session_free(p->session);
    g_clear_pointer(&p->good_hello, g_byte_array_unref);
    g_strfreev(p->connect_to);
    g_free(p->stopped);
    g_free(p->no_tls);
    g_free(p);
}

bool prober_can(const Prober *p, unsigned connections)
{
    return !p->stopped && p->facts->connections + connections <= p->facts->budget;
}

void prober_progress(const Prober *p, const char *format, ...)
{
    if (!p->plan->progress) {
        return;
    }
    va_list list;
    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    p->plan->progress(p->plan->progress_user, text);
}

void prober_missing(Prober *p, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    g_ptr_array_add(p->facts->missing, g_strdup_vprintf(format, list));
    va_end(list);
}

SessionPlan prober_session_plan(const Prober *p)
{
    SessionPlan plan = *p->plan->plan;
    plan.target = p->target;
    plan.dial.connect_to = p->raw.dial.connect_to;
    plan.timeout = p->raw.timeout;
    return plan;
}

/* --- whose turn it is --- */

static unsigned in_last_minute(const Prober *p, gint64 now, gint64 *oldest)
{
    unsigned n = 0;
    for (guint i = p->starts->len; i-- > 0;) {
        gint64 start = g_array_index(p->starts, gint64, i);
        if (now - start >= MINUTE_US) {
            break;
        }
        *oldest = start;
        n++;
    }
    return n;
}

static bool wait_for_turn(Prober *p, GError **error)
{
    gint64 oldest = 0;
    while (p->per_minute > 0 &&
           in_last_minute(p, g_get_monotonic_time(), &oldest) >= p->per_minute) {
        prober_progress(p, "waiting: no more than %g connections a minute", p->per_minute);
        if (!io_sleep(oldest + MINUTE_US, error)) {
            return false;
        }
    }
    return true;
}

static bool count_connection(Prober *p, GError **error)
{
    if (p->stopped) {
        return error_fail(error, POSTERN_ERROR_UNAVAILABLE, "%s", p->stopped);
    }
    if (p->facts->connections >= p->facts->budget) {
        return error_fail(error, POSTERN_ERROR_LIMIT, "the budget of %u connections is used up",
                          p->facts->budget);
    }
    p->facts->connections++;
    return true;
}

/* Counted only when it is its turn: what happens to those before may be the end of it all. */
static bool take_turn(Prober *p, GError **error)
{
    if (!wait_for_turn(p, error) || !count_connection(p, error)) {
        return false;
    }
    gint64 now = g_get_monotonic_time();
    g_array_append_val(p->starts, now);
    return true;
}

/* Whoever waits for an answer is less alone than before. */
static void tell_the_crowd(const Prober *p)
{
    for (guint i = 0; i < p->asking->len; i++) {
        Asked *asked = g_ptr_array_index(p->asking, i);
        asked->crowd = MAX(asked->crowd, p->gate.inside);
    }
}

/* Places are taken in this order by all. */
static bool enter(Prober *p, GError **error)
{
    if (!gate_enter(&p->gate, error)) {
        return false;
    }
    if (p->plan->gate && !gate_enter(p->plan->gate, error)) {
        gate_leave(&p->gate);
        return false;
    }
    tell_the_crowd(p);
    return true;
}

/* Of the places for all services only those are taken that are to be had at once: two who waited
 * for each other's would wait for ever. */
unsigned prober_reserve(Prober *p, unsigned wanted)
{
    prober_alone(p);
    if (!enter(p, NULL)) {
        prober_alone_no_more(p);
        return 0;
    }
    double greeting = (double)p->facts->greeting_us / G_USEC_PER_SEC;
    p->impatient = p->raw;
    p->impatient.timeout = MIN(p->raw.timeout, IMPATIENT_SECONDS + greeting);
    unsigned n = 1;
    while (n < wanted && (!p->plan->gate || gate_try(p->plan->gate))) {
        gate_push_in(&p->gate);
        n++;
    }
    return n;
}

void prober_reserve_end(Prober *p)
{
    prober_alone_no_more(p);
}

static void leave(Prober *p)
{
    if (p->plan->gate) {
        gate_leave(p->plan->gate);
    }
    gate_leave(&p->gate);
}

bool prober_crowded(const Prober *p)
{
    return p->gate.inside > 1;
}

void prober_narrow(Prober *p)
{
    unsigned limit = p->bearable >= FEW * FEW ? p->bearable / FEW : 1;
    if (p->bearable > 1) {
        prober_progress(p, "no more than %u connections at a time from now on", limit);
        prober_bear(p, limit);
    }
}

void prober_bear(Prober *p, unsigned limit)
{
    p->bearable = limit;
    gate_set_limit(&p->gate, p->alone ? 1 : limit);
}

void prober_alone(Prober *p)
{
    p->alone++;
    gate_set_limit(&p->gate, 1);
}

void prober_alone_no_more(Prober *p)
{
    if (--p->alone == 0) {
        gate_set_limit(&p->gate, p->bearable);
    }
}

bool prober_alone_for_no(Prober *p)
{
    bool wanted = (p->refuses_by_closing == YES && p->borne < 2) ||
                  (p->refuses_by_closing == UNKNOWN && !p->plan->full);
    if (wanted) {
        prober_alone(p);
    }
    return wanted;
}

static void stop(Prober *p, const char *why)
{
    if (!p->stopped) {
        p->stopped = g_strdup(why);
    }
}

/* --- what any connection teaches --- */

/* From now on the address that answered, and no other of the host's. */
static void pin_address(Prober *p, const Session *s)
{
    Facts *f = p->facts;
    if (f->address || !s->dialled.address || p->target->unix_path) {
        return;
    }
    f->address = g_strdup(s->dialled.address);
    const char *host = p->target->host, *address = f->address;
    bool host_brackets = strchr(host, ':') != NULL, brackets = strchr(address, ':') != NULL;
    GStrvBuilder *builder = g_strv_builder_new();
    g_autofree char *pin = g_strdup_printf(
        "%s%s%s:%u:%s%s%s:%u", host_brackets ? "[" : "", host, host_brackets ? "]" : "",
        p->target->port, brackets ? "[" : "", address, brackets ? "]" : "", s->dialled.port);
    g_strv_builder_add(builder, pin);
    if (p->raw.dial.connect_to) {
        g_strv_builder_addv(builder, (const char **)(void *)p->raw.dial.connect_to);
    }
    p->connect_to = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    p->raw.dial.connect_to = (const char *const *)p->connect_to;
}

static void note_greeting(Facts *f, const Session *s)
{
    if (f->greeted.known == YES || s->reached < STAGE_GREETING || !s->greeting) {
        return;
    }
    fact_set(&f->greeted, YES, NULL);
    f->greeting = g_strdup(s->greeting);
    f->greeting_us = s->greeting_us;
    fact_set(&f->greet_delayed, s->greeting_us > GREET_DELAY_US ? YES : NO, "after %.1f s",
             (double)s->greeting_us / G_USEC_PER_SEC);
}

static Caps *caps_copy(const Caps *caps)
{
    Caps *copy = caps_new();
    for (size_t i = 0; i < caps_count(caps); i++) {
        caps_add_line(copy, bytes_of(caps_line(caps, i)));
    }
    return copy;
}

static void note_offer(Facts *f, const Session *s)
{
    if (f->tls_first || f->tls_offer == TLS_OFFER_YES || f->tls_offer == TLS_OFFER_INJECTED) {
        return;
    }
    const Caps *before = s->caps_before ? s->caps_before : s->caps;
    if (!f->caps_before && before && !s->peer) {
        f->caps_before = caps_copy(before);
    }
    if (s->tls_offer != TLS_OFFER_UNKNOWN) {
        f->tls_offer = s->tls_offer;
    }
    if (s->tls_answer) {
        g_free(f->tls_answer);
        f->tls_answer = g_strdup(s->tls_answer);
    }
}

static void note_session(Prober *p, const Session *s, const GError *error)
{
    Facts *f = p->facts;
    if (s->wire) {
        pin_address(p, s);
        if (f->reachable.known != YES) {
            fact_set(&f->reachable, YES, NULL);
            f->connect_us = s->connect_us;
        }
        note_greeting(f, s);
        note_offer(f, s);
    } else if (f->reachable.known == UNKNOWN &&
               !g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED)) {
        fact_set(&f->reachable, NO, "%s", error->message);
    }
    if (error && s->wire && f->greeted.known != YES && s->reached < STAGE_GREETING &&
        !f->tls_first) {
        fact_set(&f->greeted, NO, "%s", error->message);
    }
}

/* --- backing off --- */

/* Is this how a server says that it wants no more of us for now? What worked before and does not
 * now is taken for that. */
static bool is_turned_away(const Prober *p, const GError *error)
{
    if (error->domain != POSTERN_ERROR || error->code == POSTERN_ERROR_TEMPFAIL) {
        return error->domain == POSTERN_ERROR;
    }
    static const int codes[] = {POSTERN_ERROR_EOF, POSTERN_ERROR_IO, POSTERN_ERROR_UNAVAILABLE,
                                POSTERN_ERROR_TIMEOUT};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (error->code == codes[i]) {
            return p->answered;
        }
    }
    return false;
}

/* A session that failed behind the agreement on TLS failed by what was said there. */
static bool failed_in_tls(const Session *s, Stage upto)
{
    return upto > STAGE_STARTTLS && s->wire &&
           (s->trying >= STAGE_TLS || s->plan->target->scheme->tls_first);
}

/* As many a minute as have gone well: it is the server's limit, or a little less. */
static void slow_down(Prober *p)
{
    gint64 oldest;
    unsigned n = in_last_minute(p, g_get_monotonic_time(), &oldest);
    double bearable = n > 1 ? n - 1 : 1;
    p->per_minute = p->per_minute > 0 ? MIN(p->per_minute, bearable) : bearable;
}

/* Waits 1, 2, 4 ... seconds; false when patience has run out. Suspends. */
static bool back_off(Prober *p, double *waited, double *pause, GError **error)
{
    double patience = p->answered ? p->patience : MIN(p->patience, STRANGER_SECONDS);
    if (*waited >= patience) {
        return false;
    }
    double seconds = MIN(*pause, patience - *waited);
    *waited += seconds;
    *pause *= 2;
    return io_sleep(deadline_in(seconds), error);
}

/* What has never worked is no sign that the server has enough of us, unless it says so. */
static bool failed_beyond(const Prober *p, const Session *s, const GError *error)
{
    return p->answered && s->wire && s->trying > p->reached &&
           !g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_TEMPFAIL);
}

void prober_note_hello(Prober *p, bool heard)
{
    p->heard = p->heard || heard;
    if (!p->heard && ++p->silent >= SILENT_MAX && !p->no_tls) {
        p->no_tls = g_strdup("the server answers no hello of TLS at all");
    }
}

static bool is_silent(const Prober *p, Stage upto, GError **error)
{
    bool silent = upto > STAGE_STARTTLS && !p->heard && p->silent >= SILENT_MAX;
    return silent && !error_fail(error, POSTERN_ERROR_TIMEOUT, "%s", p->no_tls);
}

/* Failing, *by_itself says that it was not for the number of our connections. */
static Session *climb_once(Prober *p, const SessionPlan *plan, Stage upto, bool *by_itself,
                           GError **error)
{
    *by_itself = true; /* nothing to be repeated, unless a connection fails */
    if (is_silent(p, upto, error) || !take_turn(p, error)) {
        return NULL;
    }
    GError *cause = NULL;
    Session *s = session_new(plan);
    bool fine = session_climb(s, upto, &cause);
    note_session(p, s, cause);
    p->reached = MAX(p->reached, s->reached);
    if (fine) {
        p->answered = true;
        p->heard = p->heard || upto > STAGE_STARTTLS;
        return s;
    }
    bool in_tls = failed_in_tls(s, upto);
    if (in_tls) {
        prober_note_hello(p, !g_error_matches(cause, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT));
    }
    *by_itself = in_tls || failed_beyond(p, s, cause);
    session_quit(s);
    session_free(s);
    g_propagate_error(error, cause);
    return NULL;
}

/* With others beside us it may be their number that the server does not bear: once more, alone.
 * Suspends. */
static bool step_back(Prober *p)
{
    prober_narrow(p);
    leave(p);
    return enter(p, NULL);
}

/* Holds a place, and keeps it while it waits, so that nobody else bothers the server meanwhile.
 * *inside tells whether it still has it. Suspends. */
static Session *climb_patiently(Prober *p, const SessionPlan *plan, Stage upto, bool *inside,
                                GError **error)
{
    double waited = 0, pause = 1;
    for (bool waited_once = false;;) {
        g_autoptr(GError) cause = NULL;
        bool by_itself;
        bool crowded = prober_crowded(p);
        Session *s = climb_once(p, plan, upto, &by_itself, &cause);
        if (s) {
            if (waited_once) {
                slow_down(p);
            }
            return s;
        }
        bool turned_away = !by_itself && is_turned_away(p, cause);
        if (turned_away && (crowded || prober_crowded(p))) {
            *inside = step_back(p);
            if (*inside) {
                continue;
            }
        } else if (turned_away) {
            prober_progress(p, "turned away, waiting: %s", cause->message);
            prober_narrow(p);
            waited_once = true;
            if (back_off(p, &waited, &pause, NULL)) {
                continue;
            }
        }
        bool hopeless = turned_away || !p->answered;
        if ((!by_itself && hopeless) ||
            g_error_matches(cause, POSTERN_ERROR, POSTERN_ERROR_CANCELLED)) {
            stop(p, cause->message);
        }
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
}

Session *prober_climb(Prober *p, const SessionPlan *plan, Stage upto, GError **error)
{
    if (!enter(p, error)) {
        return NULL;
    }
    bool inside = true;
    Session *s = climb_patiently(p, plan ? plan : &p->raw, upto, &inside, error);
    if (!s && inside) {
        leave(p);
    }
    return s;
}

Session *prober_climb_reserved(Prober *p, Stage upto, GError **error)
{
    bool by_itself;
    Session *s = climb_once(p, &p->impatient, upto, &by_itself, error);
    if (!s) {
        leave(p);
    }
    return s;
}

void prober_drop(Prober *p, Session *s)
{
    if (s) {
        session_free(s);
        leave(p);
    }
}

void prober_hang_up(Prober *p, Session *s)
{
    if (s) {
        session_quit(s);
    }
    prober_drop(p, s);
}
