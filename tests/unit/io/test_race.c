#include "io/race.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "io/addresses.h"
#include "io/sched.h"

typedef struct {
    int fd;
    uint16_t port;
} Listener;

static Listener listen_on(const char *address, uint16_t port, int backlog)
{
    DnsAddress a;
    g_assert_true(address_parse(address, &a));
    ((struct sockaddr_in *)&a.address)->sin_port = htons(port);
    Listener l = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    g_assert_cmpint(bind(l.fd, (struct sockaddr *)&a.address, a.len), ==, 0);
    g_assert_cmpint(listen(l.fd, backlog), ==, 0);
    struct sockaddr_in got;
    socklen_t len = sizeof got;
    g_assert_cmpint(getsockname(l.fd, (struct sockaddr *)&got, &len), ==, 0);
    l.port = ntohs(got.sin_port);
    return l;
}

/* A listener that answers nobody: its backlog is full, so the kernel drops what comes. */
typedef struct {
    Listener listener;
    int fill[4];
} Deaf;

static Deaf deaf_on(const char *address, uint16_t port)
{
    Deaf d = {.listener = listen_on(address, port, 0)};
    DnsAddress a;
    g_assert_true(address_parse(address, &a));
    ((struct sockaddr_in *)&a.address)->sin_port = htons(d.listener.port);
    for (size_t i = 0; i < G_N_ELEMENTS(d.fill); i++) {
        d.fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(d.fill[i], (struct sockaddr *)&a.address, a.len);
    }
    return d;
}

static void deaf_close(Deaf d)
{
    close(d.listener.fd);
    for (size_t i = 0; i < G_N_ELEMENTS(d.fill); i++) {
        close(d.fill[i]);
    }
}

static GArray *list_of(const char *const *texts)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(DnsAddress));
    for (; *texts; texts++) {
        DnsAddress a;
        g_assert_true(address_parse(*texts, &a));
        g_array_append_val(list, a);
    }
    return list;
}
#define LIST(...) list_of((const char *const[]){__VA_ARGS__, NULL})

static void test_the_second_address_serves_when_the_first_refuses(void)
{
    Listener l = listen_on("127.0.0.2", 0, 8);
    g_autoptr(GArray) list = LIST("::1", "127.0.0.1", "127.0.0.2");
    size_t winner = 0;
    Deadline start = deadline_now();
    int fd = race_connect(list, l.port, &winner, deadline_in(10), NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpuint(winner, ==, 2);
    g_assert_cmpint(deadline_now() - start, <, 200000); /* refused: no stagger */
    close(fd);
    close(l.fd);
}

static void test_a_silent_address_costs_the_stagger_only(void)
{
    Listener l = listen_on("127.0.0.2", 0, 8);
    Deaf deaf = deaf_on("127.0.0.3", l.port);
    g_autoptr(GArray) list = LIST("127.0.0.3", "127.0.0.2");
    size_t winner = 0;
    Deadline start = deadline_now();
    int fd = race_connect(list, l.port, &winner, deadline_in(10), NULL);
    Deadline took = deadline_now() - start;
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpuint(winner, ==, 1);
    g_assert_cmpint(took, >=, 240000);
    g_assert_cmpint(took, <, 900000);
    close(fd);
    close(l.fd);
    deaf_close(deaf);
}

static void test_every_failure_is_named(void)
{
    Listener l = listen_on("127.0.0.2", 0, 8);
    close(l.fd);
    g_autoptr(GArray) list = LIST("127.0.0.1", "127.0.0.2");
    size_t winner;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(race_connect(list, l.port, &winner, deadline_in(10), &error), ==, -1);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
    g_assert_cmpstr(error->message, ==,
                    "127.0.0.1: Connection refused; 127.0.0.2: Connection refused");
}

static void test_the_deadline_is_told_for_those_that_were_silent(void)
{
    Deaf deaf = deaf_on("127.0.0.3", 0);
    g_autoptr(GArray) list = LIST("127.0.0.1", "127.0.0.3");
    size_t winner;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(race_connect(list, deaf.listener.port, &winner, deadline_in(0.1), &error), ==,
                    -1);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    g_assert_true(g_str_has_prefix(error->message,
                                   "127.0.0.1: Connection refused; 127.0.0.3: no answer in 0.1"));
    deaf_close(deaf);
}

static void test_too_many_addresses_are_not_all_tried(void)
{
    Listener l = listen_on("127.0.0.2", 0, 8);
    close(l.fd);
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(DnsAddress));
    for (int i = 0; i < RACE_MAX + 5; i++) {
        DnsAddress a;
        g_assert_true(address_parse("127.0.0.1", &a));
        g_array_append_val(list, a);
    }
    size_t winner;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(race_connect(list, l.port, &winner, deadline_in(10), &error), ==, -1);
    g_assert_nonnull(strstr(error->message, "; 5 more were not tried"));
}

typedef struct {
    const GArray *list;
    uint16_t port;
    bool connected;
} Runner;

static void run(void *user)
{
    Runner *r = user;
    size_t winner;
    int fd = race_connect(r->list, r->port, &winner, deadline_in(10), NULL);
    r->connected = fd >= 0;
    if (fd >= 0) {
        close(fd);
    }
}

static void test_tasks_race_too(void)
{
    Listener l = listen_on("127.0.0.2", 0, 200);
    g_autoptr(GArray) list = LIST("127.0.0.1", "127.0.0.2");
    g_autoptr(Sched) sched = sched_new(NULL);
    Runner runners[100];
    for (size_t i = 0; i < G_N_ELEMENTS(runners); i++) {
        runners[i] = (Runner){list, l.port, false};
        g_assert_nonnull(sched_spawn(sched, run, &runners[i], NULL));
    }
    g_assert_true(sched_run(sched, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(runners); i++) {
        g_assert_true(runners[i].connected);
    }
    close(l.fd);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/race/refused", test_the_second_address_serves_when_the_first_refuses);
    g_test_add_func("/race/silent", test_a_silent_address_costs_the_stagger_only);
    g_test_add_func("/race/failures", test_every_failure_is_named);
    g_test_add_func("/race/deadline", test_the_deadline_is_told_for_those_that_were_silent);
    g_test_add_func("/race/many", test_too_many_addresses_are_not_all_tried);
    g_test_add_func("/race/tasks", test_tasks_race_too);
    return g_test_run();
}
