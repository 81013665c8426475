/* dial.c: the ways to a connected stream. */
#include "io/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/addresses.h"
#include "io/connect_to.h"
#include "io/hops.h"
#include "io/race.h"
#include "io/socks.h"
#include "io/ssh_share.h"
#include "io/via_ssh.h"

void dial_result_clear(DialResult *result)
{
    g_free(result->address);
    g_free(result->local);
    g_free(result->via);
    g_free(result->canonical);
    *result = (DialResult){0};
}

/* --- checks --- */

static bool check_target(const DialPlan *plan, const GArray *hops, GError **error)
{
    if (plan->unix_path) {
        if (hops->len > 0) {
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "a unix socket (%s) cannot be reached through --via",
                              plan->unix_path);
        }
        return strlen(plan->unix_path) < sizeof(((struct sockaddr_un *)NULL)->sun_path) ||
               error_fail(error, POSTERN_ERROR_USAGE, "the path of a unix socket is too long: %s",
                          plan->unix_path);
    }
    if (!plan->host || plan->host[0] == '\0' || plan->host[0] == '-') {
        return error_fail(error, POSTERN_ERROR_USAGE, "\"%s\" is not the name of a host",
                          plan->host ? plan->host : "");
    }
    return plan->port > 0 || error_fail(error, POSTERN_ERROR_USAGE, "%s: no port", plan->host);
}

static bool check_connect_to(const DialPlan *plan, GError **error)
{
    for (size_t i = 0; plan->connect_to && plan->connect_to[i]; i++) {
        g_auto(ConnectTo) c = {0};
        if (!connect_to_parse(plan->connect_to[i], &c, error)) {
            return false;
        }
        if (c.to_host && c.to_host[0] == '-') {
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "--connect-to=%s: a host's name does not begin with -",
                              plan->connect_to[i]);
        }
    }
    return true;
}

static bool check_ssh_options(const DialPlan *plan, GError **error)
{
    for (size_t i = 0; plan->ssh_options && plan->ssh_options[i]; i++) {
        const char *option = plan->ssh_options[i];
        if (option[0] == '\0' || strcmp(option, "-") == 0 || strcmp(option, "--") == 0 ||
            strpbrk(option, "\r\n")) {
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "\"%s\" is not an option of ssh: expected one as ssh_config(5) has "
                              "it (Compression=yes), or as ssh(1) has it (-C)",
                              option);
        }
    }
    return true;
}

static GArray *check(const DialPlan *plan, GError **error)
{
    g_autoptr(GArray) hops = hops_parse(plan->via, error);
    if (!hops || !check_target(plan, hops, error) || !check_connect_to(plan, error) ||
        !check_ssh_options(plan, error)) {
        return NULL;
    }
    return g_steal_pointer(&hops);
}

bool dial_plan_check(const DialPlan *plan, GError **error)
{
    g_autoptr(GArray) hops = check(plan, error);
    return hops != NULL;
}

/* --- sockets --- */

static char *address_and_port(const struct sockaddr *address)
{
    g_autofree char *text = dns_address_text(address);
    if (address->sa_family == AF_INET6) {
        return g_strdup_printf("[%s]:%u", text,
                               ntohs(((const struct sockaddr_in6 *)address)->sin6_port));
    }
    /* The analyzer loses sight of the storage that getsockname() has filled.
     * NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    return g_strdup_printf("%s:%u", text, ntohs(((const struct sockaddr_in *)address)->sin_port));
}

static char *local_end(int fd)
{
    struct sockaddr_storage local = {0};
    socklen_t len = sizeof local;
    if (getsockname(fd, (struct sockaddr *)&local, &len) < 0) {
        return NULL;
    }
    return address_and_port((const struct sockaddr *)&local);
}

/* Whom a socket was connected to, and what is known of him. */
typedef struct {
    char *address;
    char *canonical;
    bool secure;
    bool loopback;
} Reached;

static void reached_clear(Reached *r)
{
    g_free(r->address);
    g_free(r->canonical);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reached, reached_clear)

static Stream *connect_tcp(const DialPlan *plan, const char *host, uint16_t port, Reached *reached,
                           Deadline deadline, GError **error)
{
    g_autoptr(DnsAddresses) found = dns_addresses(plan->dns, host, plan->family, deadline, error);
    if (!found) {
        return NULL;
    }
    reached->canonical = g_strdup(found->canonical);
    reached->secure = found->secure;
    if (found->addresses->len == 1) { /* then it is known even when nobody answers */
        const DnsAddress *only = &g_array_index(found->addresses, DnsAddress, 0);
        reached->address = dns_address_text((const struct sockaddr *)&only->address);
    }
    size_t winner;
    int fd = race_connect(found->addresses, port, &winner, deadline, error);
    if (fd < 0) {
        error_prefix(error, "cannot connect to %s port %u", host, port);
        return NULL;
    }
    const DnsAddress *a = &g_array_index(found->addresses, DnsAddress, winner);
    g_free(reached->address);
    reached->address = dns_address_text((const struct sockaddr *)&a->address);
    reached->loopback = address_is_loopback((const struct sockaddr *)&a->address);
    return stream_from_fd(fd, error);
}

/* A full backlog is told at once (EAGAIN), with nothing to wait on: it is tried again. */
#define BACKLOG_PAUSE 0.02

static bool connect_unix(int fd, const struct sockaddr_un *address, Deadline deadline,
                         GError **error)
{
    while (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            return error_fail(error, POSTERN_ERROR_UNAVAILABLE, "%s", g_strerror(errno));
        }
        if (deadline_passed(deadline)) {
            return error_fail(error, POSTERN_ERROR_TIMEOUT, "timed out (its backlog is full)");
        }
        if (!io_sleep(deadline_sooner(deadline_in(BACKLOG_PAUSE), deadline), error)) {
            return false;
        }
    }
    return true;
}

static Stream *dial_unix(const DialPlan *plan, DialResult *result, Deadline deadline,
                         GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, plan->unix_path, strlen(plan->unix_path) + 1);
    result->address = g_strdup(plan->unix_path);
    result->private_way = true;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_IO, "no socket: %s", g_strerror(errno));
        return NULL;
    }
    if (!connect_unix(fd, &address, deadline, error)) {
        error_prefix(error, "cannot connect to %s", plan->unix_path);
        close(fd);
        return NULL;
    }
    return stream_from_fd(fd, error);
}

/* --- the ways --- */

/* Where to, after --connect-to; the first that fits counts. */
typedef struct {
    char *host;
    uint16_t port;
} Goal;

static Goal goal_of(const DialPlan *plan)
{
    Goal goal = {g_strdup(plan->host), plan->port};
    for (size_t i = 0; plan->connect_to && plan->connect_to[i]; i++) {
        g_auto(ConnectTo) c = {0};
        if (connect_to_parse(plan->connect_to[i], &c, NULL) &&
            connect_to_matches(&c, plan->host, plan->port)) {
            if (c.to_host) {
                g_free(goal.host);
                goal.host = g_steal_pointer(&c.to_host);
            }
            goal.port = c.to_port ? c.to_port : goal.port;
            break;
        }
    }
    return goal;
}

static const Hop *hop_at(const GArray *hops, size_t i)
{
    return &g_array_index(hops, Hop, i);
}

static bool is_loopback_name(const char *host)
{
    DnsAddress address;
    return g_ascii_strcasecmp(host, "localhost") == 0 ||
           (address_parse(host, &address) &&
            address_is_loopback((const struct sockaddr *)&address.address));
}

/* SSH ends at the very host the bytes are for: nobody in between can read them. */
static bool is_private(const GArray *hops, const char *host)
{
    const Hop *last = hops->len > 0 ? hop_at(hops, hops->len - 1) : NULL;
    return last && last->kind == HOP_SSH &&
           (is_loopback_name(host) || g_ascii_strcasecmp(last->host, host) == 0);
}

static Stream *first_leg(const DialPlan *plan, const GArray *hops, const Goal *goal,
                         DialResult *result, Deadline deadline, GError **error)
{
    size_t n_ssh = hops_count_ssh(hops);
    bool direct = hops->len == 0;
    const char *host = n_ssh < hops->len ? hop_at(hops, n_ssh)->host : goal->host;
    uint16_t port = n_ssh < hops->len ? hop_at(hops, n_ssh)->port : goal->port;
    if (n_ssh > 0) {
        SshHow how = {
            .command = plan->ssh_command ? plan->ssh_command : "ssh",
            .options = plan->ssh_options,
            .batch = plan->ssh_batch,
        };
        if (plan->ssh_share &&
            !ssh_share_ready(plan->ssh_share, hops, n_ssh, &how, deadline, error)) {
            return NULL;
        }
        return via_ssh(hops, n_ssh, &how, host, port, error);
    }

    g_auto(Reached) reached = {0};
    Stream *s = connect_tcp(plan, host, port, &reached, deadline, error);
    if (direct) {
        result->address = g_steal_pointer(&reached.address);
        result->canonical = g_steal_pointer(&reached.canonical);
        result->dns_secure = reached.secure;
        result->loopback = reached.loopback;
    }
    result->local = s ? local_end(s->fd) : NULL;
    return s;
}

/* Suspends. */
static bool socks_leg(Stream *s, const DialPlan *plan, const Hop *hop, const char *host,
                      uint16_t port, Deadline deadline, GError **error)
{
    g_autoptr(Secret) password = NULL;
    if (hop->user) {
        if (!plan->proxy_password) {
            return error_fail(error, POSTERN_ERROR_AUTH,
                              "there is no password of %s for the SOCKS proxy", hop->user);
        }
        password = plan->proxy_password(plan->proxy_user, hop->user, hop->host, error);
        if (!password) {
            return false;
        }
    }
    return socks5_connect(s, host, port, hop->user, password, deadline, error);
}

/* Each SOCKS proxy is asked for the next, the last one for the goal. */
static bool socks_legs(Stream *s, const DialPlan *plan, const GArray *hops, const Goal *goal,
                       Deadline deadline, GError **error)
{
    for (size_t i = hops_count_ssh(hops); i < hops->len; i++) {
        bool last = i + 1 == hops->len;
        const char *host = last ? goal->host : hop_at(hops, i + 1)->host;
        uint16_t port = last ? goal->port : hop_at(hops, i + 1)->port;
        if (!socks_leg(s, plan, hop_at(hops, i), host, port, deadline, error)) {
            return error_prefix(error, "through %s port %u", hop_at(hops, i)->host,
                                hop_at(hops, i)->port);
        }
    }
    return true;
}

Stream *dial(const DialPlan *plan, DialResult *result, Deadline deadline, GError **error)
{
    *result = (DialResult){0};
    g_autoptr(GArray) hops = check(plan, error);
    if (!hops) {
        return NULL;
    }
    if (plan->unix_path) {
        return dial_unix(plan, result, deadline, error);
    }
    Goal goal = goal_of(plan);
    result->port = goal.port;
    result->via = hops_text(hops);
    result->private_way = is_private(hops, goal.host);
    g_autoptr(Stream) s = first_leg(plan, hops, &goal, result, deadline, error);
    bool ok = s && socks_legs(s, plan, hops, &goal, deadline, error);
    g_free(goal.host);
    return ok ? g_steal_pointer(&s) : NULL;
}
