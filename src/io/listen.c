/* listen.c: listening sockets. */
#include "io/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/escape.h"
#include "io/addresses.h"
#include "io/socket_owner.h"

#define BACKLOG 1024
/* Out of descriptors or memory: somebody will give some back. */
#define SHORTAGE_PAUSE 0.05
/* sd_listen_fds(3) */
#define INHERITED_FIRST 3
#define INHERITED_MAX 64

typedef union {
    struct sockaddr any;
    struct sockaddr_storage storage;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un unix_;
} Address;

struct Listener {
    int fd;
    char *text;
    char *made_path; /* the socket's file, to be taken away at the end; or NULL */
    uint16_t port;
    bool unix_;
    bool local;
};

/* --- addresses --- */

static bool bad_address(const char *text, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(text), 100);
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "\"%s\" is nothing to listen on: give ADDR:PORT (127.0.0.1:11110, [::1]:0), "
                      "PORT (on 127.0.0.1; 0 for any that is free) or the path of a unix socket",
                      shown);
}

static bool parse_unix(const char *path, ListenAddress *ret, GError **error)
{
    if (*path == '\0' || strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "the path of a unix socket has 1 to %zu octets",
                          sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
    }
    ret->unix_path = g_strdup(path);
    return true;
}

bool listen_address_parse(const char *text, ListenAddress *ret, GError **error)
{
    *ret = (ListenAddress){0};
    if (g_str_has_prefix(text, "unix:") || strchr(text, '/')) {
        return parse_unix(g_str_has_prefix(text, "unix:") ? text + 5 : text, ret, error);
    }
    const char *colon = strrchr(text, ':');
    const char *digits = colon ? colon + 1 : text;
    g_autofree char *host = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup("");
    bool plain_six = strchr(host, ':') && host[0] != '[';
    const char *named =
        *host == '\0' || !g_ascii_strcasecmp(host, "localhost") ? "127.0.0.1" : host;
    uint64_t port;
    DnsAddress parsed;
    if (plain_six || !bytes_number(bytes_of(digits), UINT16_MAX, &port) ||
        !address_parse(named, &parsed)) {
        return bad_address(text, error);
    }
    ret->host = dns_address_text((const struct sockaddr *)&parsed.address);
    ret->port = (uint16_t)port;
    return true;
}

void listen_address_clear(ListenAddress *address)
{
    g_clear_pointer(&address->host, g_free);
    g_clear_pointer(&address->unix_path, g_free);
}

bool listen_address_is_local(const ListenAddress *address)
{
    DnsAddress parsed;
    return address->unix_path || (address_parse(address->host, &parsed) &&
                                  address_is_loopback((const struct sockaddr *)&parsed.address));
}

static char *address_text(const Address *address)
{
    if (address->any.sa_family == AF_UNIX) {
        return g_strdup(address->unix_.sun_path);
    }
    g_autofree char *host = dns_address_text(&address->any);
    bool six = address->any.sa_family == AF_INET6;
    uint16_t port = ntohs(six ? address->six.sin6_port : address->four.sin_port);
    return g_strdup_printf(six ? "[%s]:%u" : "%s:%u", host, port);
}

/* --- opening --- */

/* Ports below 1024 need a permission that a user seldom has. */
static bool explain_low_port(const ListenAddress *address, GError **error)
{
    return error_fail(
        error, POSTERN_ERROR_CANT_CREATE,
        "cannot listen on %s port %u: ports below 1024 are for root. One of these helps:\n"
        "- a port above 1023, if the client can be told\n"
        "- a service manager that opens it and hands it over (systemd: a .socket unit with "
        "ListenStream=%s:%u; LISTEN_FDS is honoured)\n"
        "- sudo setcap cap_net_bind_service=+ep on the program, for whoever may run it\n"
        "- sudo sysctl net.ipv4.ip_unprivileged_port_start=%u, for everybody on this machine",
        address->host, address->port, address->host, address->port, address->port);
}

static bool bind_failed(const ListenAddress *address, GError **error)
{
    int number = errno;
    if (address->unix_path) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot listen on %s: %s",
                          address->unix_path, g_strerror(number));
    }
    if (number == EACCES && address->port > 0 && address->port < 1024) {
        return explain_low_port(address, error);
    }
    return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot listen on %s port %u: %s%s",
                      address->host, address->port, g_strerror(number),
                      number == EADDRINUSE ? " (another program listens there; port 0 takes one "
                                             "that is free)"
                                           : "");
}

/* A socket's file outlives its process: nobody answers there any more. */
static bool is_left_over(const Address *address)
{
    struct stat st;
    if (lstat(address->unix_.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool refused =
        fd >= 0 && connect(fd, &address->any, sizeof address->unix_) < 0 && errno == ECONNREFUSED;
    if (fd >= 0) {
        close(fd);
    }
    return refused;
}

static bool bind_unix(int fd, const Address *address, mode_t mode)
{
    if (is_left_over(address)) {
        unlink(address->unix_.sun_path);
    }
    /* The file must not be open to others for even a moment; the mask is the process's, but nothing
     * waits in between. */
    mode_t before = umask((mode_t)(~mode & 0777));
    bool bound = bind(fd, &address->any, sizeof address->unix_) == 0;
    int number = errno;
    umask(before);
    errno = number;
    return bound;
}

static bool fill_address(const ListenAddress *wanted, Address *ret, socklen_t *ret_len)
{
    *ret = (Address){0};
    if (wanted->unix_path) {
        ret->unix_.sun_family = AF_UNIX;
        memcpy(ret->unix_.sun_path, wanted->unix_path, strlen(wanted->unix_path) + 1);
        *ret_len = sizeof ret->unix_;
        return true;
    }
    DnsAddress parsed;
    if (!address_parse(wanted->host, &parsed)) {
        return false;
    }
    ret->storage = parsed.address;
    *ret_len = parsed.len;
    bool six = ret->any.sa_family == AF_INET6;
    *(six ? &ret->six.sin6_port : &ret->four.sin_port) = htons(wanted->port);
    return true;
}

/* What there is to know of a socket that listens. Takes fd. */
static Listener *describe(int fd)
{
    Address address = {0};
    socklen_t len = sizeof address;
    if (getsockname(fd, &address.any, &len) < 0) {
        address.any.sa_family = AF_UNSPEC;
    }
    Listener *l = g_new0(Listener, 1);
    l->fd = fd;
    l->unix_ = address.any.sa_family == AF_UNIX;
    l->text = address_text(&address);
    l->local = l->unix_ || address_is_loopback(&address.any);
    if (!l->unix_) {
        l->port = ntohs(address.any.sa_family == AF_INET6 ? address.six.sin6_port
                                                          : address.four.sin_port);
    }
    return l;
}

Listener *listener_open(const ListenAddress *wanted, mode_t mode, GError **error)
{
    Address address;
    socklen_t len;
    if (wanted->unix_path && strlen(wanted->unix_path) >= sizeof address.unix_.sun_path) {
        error_fail(error, POSTERN_ERROR_CANT_CREATE,
                   "the path of a socket has at most %zu octets: %s",
                   sizeof address.unix_.sun_path - 1, wanted->unix_path);
        return NULL;
    }
    if (!fill_address(wanted, &address, &len)) {
        bad_address(wanted->host, error);
        return NULL;
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_IO, "no socket: %s", g_strerror(errno));
        return NULL;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    bool bound =
        wanted->unix_path ? bind_unix(fd, &address, mode) : bind(fd, &address.any, len) == 0;
    if (!bound || listen(fd, BACKLOG) < 0) {
        bind_failed(wanted, error);
        close(fd);
        return NULL;
    }
    Listener *l = describe(fd);
    l->made_path = g_strdup(wanted->unix_path);
    return l;
}

void listener_free(Listener *l)
{
    if (l) {
        close(l->fd);
        if (l->made_path) {
            unlink(l->made_path);
        }
        g_free(l->made_path);
        g_free(l->text);
        g_free(l);
    }
}

/* --- handed over --- */

static bool is_listening(int fd)
{
    int type = 0;
    int listening = 0;
    socklen_t len = sizeof type;
    bool stream = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
    len = sizeof listening;
    return stream && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening;
}

static uint64_t number_in_environment(const char *name)
{
    uint64_t number = 0;
    const char *value = getenv(name);
    return value && bytes_number(bytes_of(value), INT32_MAX, &number) ? number : 0;
}

GPtrArray *listeners_inherited(GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)listener_free);
    bool ours = number_in_environment("LISTEN_PID") == (uint64_t)getpid();
    uint64_t n = ours ? MIN(number_in_environment("LISTEN_FDS"), INHERITED_MAX) : 0;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    for (int fd = INHERITED_FIRST; fd < INHERITED_FIRST + (int)n; fd++) {
        if (!is_listening(fd)) {
            error_fail(error, POSTERN_ERROR_CONFIG,
                       "LISTEN_FDS: descriptor %d, handed over by whoever started this, is no "
                       "listening stream socket",
                       fd);
            return NULL;
        }
        if (!io_make_nonblocking(fd, error)) {
            return NULL;
        }
        g_ptr_array_add(all, describe(fd));
    }
    return g_steal_pointer(&all);
}

/* --- asking --- */

const char *listener_text(const Listener *l)
{
    return l->text;
}

uint16_t listener_port(const Listener *l)
{
    return l->port;
}

bool listener_is_unix(const Listener *l)
{
    return l->unix_;
}

bool listener_is_local(const Listener *l)
{
    return l->local;
}

/* --- accepting --- */

void listen_peer_clear(ListenPeer *peer)
{
    g_clear_pointer(&peer->text, g_free);
}

static void find_unix_peer(int fd, ListenPeer *ret)
{
    struct ucred who = {0};
    socklen_t len = sizeof who;
    ret->known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0;
    ret->uid = who.uid;
    ret->text = ret->known ? g_strdup_printf("uid %u", who.uid) : g_strdup("somebody");
}

static void find_tcp_peer(int fd, ListenPeer *ret)
{
    Address here = {0};
    Address there = {0};
    socklen_t here_len = sizeof here;
    socklen_t there_len = sizeof there;
    if (getsockname(fd, &here.any, &here_len) < 0 || getpeername(fd, &there.any, &there_len) < 0) {
        ret->text = g_strdup("somebody who has gone already");
        return;
    }
    ret->text = address_text(&there);
    /* His socket's local end is our remote one. */
    ret->known = socket_owner(&there.any, &here.any, &ret->uid);
}

/* Errors of the connection that was taken, not of the listener (accept(2)). */
static bool is_passing(int number)
{
    return number == EINTR || number == ECONNABORTED || number == EPROTO || number == ENETDOWN ||
           number == EHOSTDOWN || number == EHOSTUNREACH || number == ENETUNREACH ||
           number == EPERM;
}

static bool is_shortage(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

Stream *listener_accept(Listener *l, ListenPeer *ret_peer, Deadline deadline, GError **error)
{
    int fd;
    while ((fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0) {
        int number = errno;
        if (number == EAGAIN) {
            if (!io_wait_read(l->fd, deadline, error)) {
                return NULL;
            }
        } else if (is_shortage(number) && !deadline_passed(deadline)) {
            if (!io_sleep(deadline_sooner(deadline, deadline_in(SHORTAGE_PAUSE)), error)) {
                return NULL;
            }
        } else if (!is_passing(number)) {
            error_fail(error, POSTERN_ERROR_IO, "taking a connection on %s: %s", l->text,
                       g_strerror(number));
            return NULL;
        }
    }
    if (ret_peer) {
        *ret_peer = (ListenPeer){0};
        (l->unix_ ? find_unix_peer : find_tcp_peer)(fd, ret_peer);
    }
    return stream_from_fd(fd, error);
}
