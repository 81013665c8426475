/* race.c: happy eyeballs. */
#include "io/race.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#define STAGGER 0.25 /* RFC 8305 section 5 */

typedef struct {
    int fd;     /* -1: not started, or failed */
    int number; /* why it failed (errno); 0 while it has not */
    bool started;
    Deadline since;
} Attempt;

typedef struct {
    const GArray *addresses; /* of DnsAddress */
    uint16_t port;
    size_t n, next;
    Attempt attempts[RACE_MAX];
} Race;

static DnsAddress with_port(const DnsAddress *address, uint16_t port)
{
    DnsAddress a = *address;
    if (a.address.ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)&a.address)->sin6_port = htons(port);
    } else {
        ((struct sockaddr_in *)&a.address)->sin_port = htons(port);
    }
    return a;
}

static void fail_attempt(Attempt *a, int number)
{
    if (a->fd >= 0) {
        close(a->fd);
    }
    a->fd = -1;
    a->number = number;
}

static void start_attempt(Race *r, size_t i)
{
    Attempt *a = &r->attempts[i];
    DnsAddress to = with_port(&g_array_index(r->addresses, DnsAddress, i), r->port);
    a->started = true;
    a->since = deadline_now();
    a->fd = socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (a->fd < 0 || (connect(a->fd, (struct sockaddr *)&to.address, to.len) < 0 &&
                      errno != EINPROGRESS && errno != EINTR)) {
        fail_attempt(a, errno);
    }
}

static bool running(const Race *r)
{
    for (size_t i = 0; i < r->next; i++) {
        if (r->attempts[i].fd >= 0) {
            return true;
        }
    }
    return false;
}

/* Starts those whose turn it is. Gives when the next one's will be. */
static Deadline start_due(Race *r)
{
    while (r->next < r->n) {
        if (r->next > 0 && running(r)) {
            Deadline due = r->attempts[r->next - 1].since + (Deadline)(STAGGER * G_USEC_PER_SEC);
            if (r->attempts[r->next - 1].fd >= 0 && !deadline_passed(due)) {
                return due;
            }
        }
        start_attempt(r, r->next++);
    }
    return DEADLINE_NEVER;
}

/* Looks at those whose connecting has come to an end. The index of one that is connected, or -1. */
static int look(Race *r, const IoWait *waits)
{
    for (size_t i = 0; i < r->next; i++) {
        Attempt *a = &r->attempts[i];
        if (a->fd < 0 || !waits[i].ready_write) {
            continue;
        }
        int number = 0;
        socklen_t len = sizeof number;
        if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &number, &len) < 0) {
            number = errno;
        }
        if (number == 0) {
            return (int)i;
        }
        fail_attempt(a, number);
    }
    return -1;
}

/* One wait. False when it is over without a winner; *error is set only when it was cancelled. */
static bool step(Race *r, int *winner, Deadline deadline, GError **error)
{
    Deadline due = start_due(r);
    if (!running(r)) {
        return false;
    }
    IoWait waits[RACE_MAX];
    for (size_t i = 0; i < r->next; i++) {
        waits[i] = (IoWait){.fd = r->attempts[i].fd, .want_write = true};
    }
    g_autoptr(GError) why = NULL;
    if (io_wait_any(waits, r->next, deadline_sooner(due, deadline), &why)) {
        *winner = look(r, waits);
        return true;
    }
    if (g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        return !deadline_passed(deadline);
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

/* "192.0.2.1: Connection refused; 2001:db8::1: no answer in 9.8 s" */
static void tell_failures(const Race *r, GError **error)
{
    g_autoptr(GString) told = g_string_new(NULL);
    bool late = false;
    for (size_t i = 0; i < r->n; i++) {
        const Attempt *a = &r->attempts[i];
        const DnsAddress *address = &g_array_index(r->addresses, DnsAddress, i);
        g_autofree char *text = dns_address_text((const struct sockaddr *)&address->address);
        g_string_append_printf(told, "%s%s: ", i > 0 ? "; " : "", text);
        if (a->number != 0) {
            g_string_append(told, g_strerror(a->number));
        } else if (a->started) {
            double seconds = (double)(deadline_now() - a->since) / G_USEC_PER_SEC;
            g_string_append_printf(told, "no answer in %.3g s", seconds);
        } else {
            g_string_append(told, "not tried in time");
        }
        late |= a->number == 0;
    }
    if (r->addresses->len > r->n) {
        g_string_append_printf(told, "; %zu more were not tried", r->addresses->len - r->n);
    }
    error_fail(error, late ? POSTERN_ERROR_TIMEOUT : POSTERN_ERROR_UNAVAILABLE, "%s", told->str);
}

int race_connect(const GArray *addresses, uint16_t port, size_t *ret_winner, Deadline deadline,
                 GError **error)
{
    Race r = {.addresses = addresses, .port = port, .n = MIN(addresses->len, RACE_MAX)};
    for (size_t i = 0; i < r.n; i++) {
        r.attempts[i].fd = -1;
    }
    g_autoptr(GError) why = NULL;
    int winner = -1;
    while (winner < 0 && step(&r, &winner, deadline, &why)) {
        /* until one is connected, or none can be */
    }
    int fd = -1;
    if (winner >= 0) {
        *ret_winner = (size_t)winner;
        fd = r.attempts[winner].fd;
        r.attempts[winner].fd = -1;
    } else if (why) {
        g_propagate_error(error, g_steal_pointer(&why));
    } else {
        tell_failures(&r, error);
    }
    for (size_t i = 0; i < r.n; i++) {
        fail_attempt(&r.attempts[i], 0);
    }
    return fd;
}
