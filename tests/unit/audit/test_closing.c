/* What it means when a server ends a connection without a word: how it refuses, or that there were
 * too many at a time. */
#include "audit/closing.h"

#include "service.h"

enum { GOOD_SUITE = 0xc02f, OTHER_SUITE = 0x009c };

static World w;

/* A server that serves many at a time, and ends what is too much. */
typedef struct {
    unsigned at_once;     /* so many; another is closed on once its hello was read */
    bool alerts;          /* it refuses by an alert, not by closing */
    uint16_t other_suite; /* offered beside GOOD_SUITE */
    int fd;
    uint16_t port;
    GThread *thread;
    GMutex lock;
    unsigned inside, most, turned_away;
} Crowded;

typedef struct {
    Crowded *server;
    int fd;
} Guest;

static bool offers(const uint8_t *hello, size_t len, uint16_t suite)
{
    size_t at = 43 + 1 + (size_t)hello[43];
    size_t n = (size_t)hello[at] << 8 | hello[at + 1];
    g_assert_cmpuint(at + 2 + n, <=, len);
    for (size_t i = at + 2; i < at + 2 + n; i += 2) {
        if ((hello[i] << 8 | hello[i + 1]) == suite) {
            return true;
        }
    }
    return false;
}

/* True: the handshake is to go on. */
static bool answer(const Crowded *c, int fd, const uint8_t *hello, size_t len)
{
    CannedHello canned = {.version = 0x0303, .suite = GOOD_SUITE, .no_certificate = true};
    if (!offers(hello, len, GOOD_SUITE)) {
        canned.suite = c->other_suite;
    }
    g_autoptr(GByteArray) octets = hello_octets("15 0303 0002 02 28");
    if (canned.suite && offers(hello, len, canned.suite)) {
        g_byte_array_unref(octets);
        octets = hello_canned(&canned);
        service_send(fd, octets);
        return true;
    }
    if (c->alerts) {
        service_send(fd, octets);
    }
    return false;
}

static void *guest_thread(void *data)
{
    g_autofree Guest *guest = data;
    Crowded *c = guest->server;
    uint8_t hello[4096] = {0};
    test_block_sigpipe();
    g_mutex_lock(&c->lock);
    bool let_in = ++c->inside <= c->at_once;
    c->most = MAX(c->most, c->inside);
    c->turned_away += !let_in;
    g_mutex_unlock(&c->lock);
    ssize_t len = recv(guest->fd, hello, sizeof hello, 0);
    if (len > 0 && let_in && answer(c, guest->fd, hello, (size_t)len)) {
        while (recv(guest->fd, hello, sizeof hello, 0) > 0) {
            /* until it leaves by itself */
        }
    }
    service_close(guest->fd);
    g_mutex_lock(&c->lock);
    c->inside--;
    g_mutex_unlock(&c->lock);
    return NULL;
}

static void *crowd_thread(void *data)
{
    Crowded *c = data;
    for (int fd; (fd = accept(c->fd, NULL, NULL)) >= 0;) {
        Guest *guest = g_new0(Guest, 1);
        *guest = (Guest){c, fd};
        g_thread_unref(g_thread_new("guest", guest_thread, guest));
    }
    return NULL;
}

static void crowd_start(Crowded *c, Probing *g, ProbePlan plan)
{
    Service s = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(c->fd, (struct sockaddr *)&address, len), ==, 0);
    g_assert_cmpint(listen(c->fd, 64), ==, 0);
    getsockname(c->fd, (struct sockaddr *)&address, &len);
    s.port = c->port = ntohs(address.sin_port);
    c->thread = g_thread_new("crowd", crowd_thread, c);
    probing_start(g, &s, plan);
}

static void crowd_stop(Crowded *c, Probing *g)
{
    probing_stop(g);
    shutdown(c->fd, SHUT_RDWR);
    g_thread_join(c->thread);
    close(c->fd);
    for (bool any = true; any;) {
        g_mutex_lock(&c->lock);
        any = c->inside > 0;
        g_mutex_unlock(&c->lock);
        g_usleep(any ? 1000 : 0);
    }
}

typedef struct {
    Prober *p;
    uint16_t suite;
    AskedOutcome outcome;
    bool by_closing, doubtful;
} Question;

static void ask_one(void *user)
{
    Question *q = user;
    g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    list_add(one, q->suite);
    HelloOffer offer = offer_suites(q->p, V_TLS12, one);
    g_auto(Asked) asked = {0};
    prober_ask(q->p, &offer, &asked);
    q->outcome = asked.outcome;
    q->by_closing = asked.by_closing;
    q->doubtful = asked.doubtful;
}

enum { QUESTIONS = 20 };

/* One that is answered first, and then many beside each other; every fourth of them is for
 * OTHER_SUITE. */
static void ask_many(Prober *p, Question *questions, unsigned n)
{
    void *users[QUESTIONS];
    Question first = {.p = p, .suite = GOOD_SUITE};
    ask_one(&first);
    g_assert_cmpint(first.outcome, ==, ASKED_CHOSE);
    for (unsigned i = 0; i < n; i++) {
        questions[i] = (Question){.p = p, .suite = i % 4 ? 0x0005 : OTHER_SUITE};
        users[i] = &questions[i];
    }
    io_together(ask_one, users, n);
}

static void assert_answers(const Question *questions, unsigned n, AskedOutcome other)
{
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmpint(questions[i].outcome, ==, i % 4 ? ASKED_REFUSED : other);
    }
}

static void test_a_server_that_bears_a_crowd_is_believed_in_it(void)
{
    Crowded c = {.at_once = 1000, .other_suite = OTHER_SUITE};
    Question questions[QUESTIONS];
    Probing g;
    crowd_start(&c, &g, (ProbePlan){.full = true});
    ask_many(g.prober, questions, QUESTIONS);
    assert_answers(questions, QUESTIONS, ASKED_CHOSE);
    g_assert_true(questions[1].by_closing);
    g_assert_cmpint(g.prober->refuses_by_closing, ==, YES);
    g_assert_cmpuint(g.prober->borne, ==, 8);
    g_assert_cmpuint(g.prober->bearable, ==, 8);
    /* One each, the trial, and a second question for those that were beside too many. */
    g_assert_cmpuint(g.facts->connections, <=, 1 + QUESTIONS + 8 + 15);
    unsigned before = g.facts->connections;
    ask_many(g.prober, questions, QUESTIONS);
    assert_answers(questions, QUESTIONS, ASKED_CHOSE);
    g_assert_cmpuint(g.facts->connections - before, ==, 1 + QUESTIONS); /* no doubts any more */
    crowd_stop(&c, &g);
}

static void test_a_server_that_ends_what_is_too_much_is_asked_alone(void)
{
    for (int alerts = 0; alerts < 2; alerts++) {
        Crowded c = {.at_once = 2, .other_suite = OTHER_SUITE, .alerts = alerts};
        Question questions[QUESTIONS];
        Probing g;
        crowd_start(&c, &g, (ProbePlan){.full = true});
        ask_many(g.prober, questions, QUESTIONS);
        assert_answers(questions, QUESTIONS, ASKED_CHOSE);
        g_assert_cmpuint(c.turned_away, >, 0);
        g_assert_cmpuint(g.prober->borne, <, 3);
        g_assert_cmpuint(g.prober->bearable, <=, 8);
        crowd_stop(&c, &g);
    }
}

static void test_an_alert_is_an_answer_whatever_the_crowd(void)
{
    Crowded c = {.at_once = 1000, .alerts = true};
    Question questions[QUESTIONS];
    Probing g;
    crowd_start(&c, &g, (ProbePlan){.full = true});
    ask_many(g.prober, questions, QUESTIONS);
    assert_answers(questions, QUESTIONS, ASKED_REFUSED);
    g_assert_cmpuint(g.facts->connections, ==, 1 + QUESTIONS);
    g_assert_cmpuint(g.prober->bearable, >, 8);
    crowd_stop(&c, &g);
}

/* With nothing left to ask again, it is no refusal. */
static void test_what_cannot_be_asked_again_stays_in_doubt(void)
{
    Crowded c = {.at_once = 1000};
    Question questions[QUESTIONS];
    Probing g;
    crowd_start(&c, &g, (ProbePlan){.full = true, .max_connections = 5});
    ask_many(g.prober, questions, 4);
    unsigned doubtful = 0;
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpint(questions[i].outcome, ==, ASKED_BROKE);
        doubtful += questions[i].doubtful;
    }
    g_assert_cmpuint(doubtful, >, 0);
    g_assert_cmpuint(g.facts->connections, ==, 5);
    crowd_stop(&c, &g);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/closing/borne", test_a_server_that_bears_a_crowd_is_believed_in_it);
    g_test_add_func("/closing/not-borne", test_a_server_that_ends_what_is_too_much_is_asked_alone);
    g_test_add_func("/closing/alerts", test_an_alert_is_an_answer_whatever_the_crowd);
    g_test_add_func("/closing/doubt", test_what_cannot_be_asked_again_stays_in_doubt);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
