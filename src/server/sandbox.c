/* sandbox.c: opens the sandbox and lets clients in: a task a door, a task a client. */
#include "server/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/control.h"
#include "server/sandbox_inside.h"

#define TIMEOUT_S 600.0 /* ten minutes, see end_words() */
#define LISTS_PAUSE 0.01
#define MAIL_MAX ((uint64_t)50 * 1024 * 1024)
enum { SOCKET_PATH_MAX = 107 };

const Service services[] = {
    {"smtp", "smtp", "SMTP_PORT", 25, false, false, smtpd_serve},
    {"submission", "smtp", "SUBMISSION_PORT", 587, false, false, smtpd_serve},
    {"submissions", "smtp", "SUBMISSIONS_PORT", 465, true, false, smtpd_serve},
    {"lmtp", "smtp", "LMTP_PORT", 24, false, false, lmtpd_serve},
    {"pop3", "pop3", "POP3_PORT", 110, false, false, pop3d_serve},
    {"pop3s", "pop3", "POP3S_PORT", 995, true, false, pop3d_serve},
    {"imap", "imap", "IMAP_PORT", 143, false, false, imapd_serve},
    {"imaps", "imap", "IMAPS_PORT", 993, true, false, imapd_serve},
    {"https", "https", "HTTPS_PORT", 443, true, true, httpsd_serve},
    {"echo", "echo", "ECHO_PORT", 7, true, true, echod_serve},
    {"transcript", "transcript", "PORT", 1, false, true, replayd_serve},
    {NULL},
};

/* --- opening --- */

char *sandbox_file(const Sandbox *box, const char *name)
{
    return g_build_filename(box->plan->directory ? box->plan->directory : box->own_dir, name, NULL);
}

/* Clients need the root's certificate in a file, even when everything else is in memory. */
static bool make_directory(Sandbox *box, GError **error)
{
    if (!box->plan->directory) {
        box->own_dir = g_dir_make_tmp("postern-serve-XXXXXX", error);
        return box->own_dir || error_prefix(error, "a directory for the authority");
    }
    if (g_mkdir_with_parents(box->plan->directory, 0700) != 0) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make the directory %s: %s",
                          box->plan->directory, g_strerror(errno));
    }
    return true;
}

static bool open_door_at(Sandbox *box, const Service *service, const ListenAddress *address,
                         GError **error)
{
    Listener *listener = listener_open(address, 0600, error);
    if (!listener) {
        return error_prefix(error, "%s", service->name);
    }
    Door *door = g_new0(Door, 1);
    *door = (Door){box, service, listener};
    g_ptr_array_add(box->doors, door);
    return true;
}

static bool open_door(Sandbox *box, const Service *service, GError **error)
{
    const SandboxPlan *plan = box->plan;
    const ListenAddress address = {
        .host = (char *)(plan->bind ? plan->bind : "127.0.0.1"),
        .port = plan->base_port ? (uint16_t)(plan->base_port + service->offset) : 0};
    return open_door_at(box, service, &address, error);
}

static bool open_unix_door(Sandbox *box, const Service *service, const char *path, GError **error)
{
    const ListenAddress address = {.unix_path = (char *)path};
    return open_door_at(box, service, &address, error);
}

/* A socket's path may have 107 octets, a directory's more: then the file is a link to one that lies
 * elsewhere. */
static bool open_control(Sandbox *box, GError **error)
{
    g_autofree char *path = sandbox_file(box, CONTROL_SOCKET);
    if (strlen(path) <= SOCKET_PATH_MAX) {
        return open_unix_door(box, &control_service, path, error);
    }
    box->socket_dir = g_dir_make_tmp("postern-XXXXXX", error);
    if (!box->socket_dir) {
        return error_prefix(error, "a directory for the control socket");
    }
    g_autofree char *elsewhere = g_build_filename(box->socket_dir, CONTROL_SOCKET, NULL);
    unlink(path);
    return open_unix_door(box, &control_service, elsewhere, error) &&
           (symlink(elsewhere, path) == 0 ||
            error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make %s: %s", path,
                       g_strerror(errno)));
}

static void remove_control_link(Sandbox *box)
{
    if (box->socket_dir) {
        g_autofree char *path = sandbox_file(box, CONTROL_SOCKET);
        unlink(path);
        rmdir(box->socket_dir);
        g_free(box->socket_dir);
    }
}

static const Service *find_service(const char *name)
{
    const Service *s = services;
    while (s->name && strcmp(s->name, name) != 0) {
        s++;
    }
    return s;
}

static bool is_wanted(const SandboxPlan *plan, const Service *service)
{
    if (plan->script) {
        return strcmp(service->name, "transcript") == 0;
    }
    return !service->on_request ||
           (plan->on_request &&
            g_strv_contains((const gchar *const *)plan->on_request, service->name));
}

static bool open_doors(Sandbox *box, GError **error)
{
    for (const Service *s = services; s->name; s++) {
        if (is_wanted(box->plan, s) && !open_door(box, s, error)) {
            return false;
        }
    }
    const char *lmtp = box->plan->lmtp_socket;
    return open_control(box, error) &&
           (!lmtp || open_unix_door(box, find_service("lmtp"), lmtp, error));
}

static void door_free(gpointer data)
{
    Door *door = data;
    listener_free(door->listener);
    g_free(door);
}

static void conduct_free(gpointer data)
{
    SandboxConduct *conduct = data;
    g_free(conduct->what);
    g_free(conduct->example);
    g_free(conduct);
}

Sandbox *sandbox_open(const SandboxPlan *plan, GError **error)
{
    g_autoptr(Sandbox) box = g_new0(Sandbox, 1);
    box->plan = plan;
    box->doors = g_ptr_array_new_with_free_func(door_free);
    box->conduct = g_ptr_array_new_with_free_func(conduct_free);
    box->arrivals = g_ptr_array_new_with_free_func(arrived_free);
    box->waiters = g_ptr_array_new();
    box->client_files = g_ptr_array_new_with_free_func(g_free);
    bool ok = make_directory(box, error) && sandbox_make_tls(box, error) &&
              sandbox_read_tokens(box, error) &&
              (box->store = mailstore_new(plan->directory, error)) && open_doors(box, error);
    if (!ok) {
        return NULL;
    }
    sandbox_remember_old(box);
    return g_steal_pointer(&box);
}

void sandbox_free(Sandbox *box)
{
    if (!box) {
        return;
    }
    g_ptr_array_unref(box->doors);
    g_ptr_array_unref(box->conduct);
    g_ptr_array_unref(box->arrivals);
    g_ptr_array_unref(box->waiters);
    g_clear_pointer(&box->tokens, g_ptr_array_unref);
    tls_public_key_free(box->jwt_key);
    secret_free(box->jwt_secret);
    mailstore_free(box->store);
    tls_server_free(box->tls);
    tls_mint_free(box->mint);
    remove_control_link(box);
    if (box->own_dir) {
        if (box->ca_file) {
            unlink(box->ca_file);
        }
        for (guint i = 0; i < box->client_files->len; i++) {
            unlink(box->client_files->pdata[i]);
        }
        rmdir(box->own_dir);
    }
    g_ptr_array_unref(box->client_files);
    g_free(box->ca_file);
    g_free(box->own_dir);
    g_free(box);
}

uint16_t sandbox_port(const Sandbox *box, const Service *service)
{
    for (guint i = 0; i < box->doors->len; i++) {
        const Door *door = box->doors->pdata[i];
        if (door->service == service) {
            return listener_port(door->listener);
        }
    }
    return 0;
}

const char *sandbox_ca_file(const Sandbox *box)
{
    return box->ca_file;
}

const char *sandbox_client_file(const Sandbox *box)
{
    return box->client_files->len ? box->client_files->pdata[0] : NULL;
}

const char *sandbox_directory(const Sandbox *box)
{
    return box->plan->directory ? box->plan->directory : box->own_dir;
}

SandboxCounts sandbox_counts(const Sandbox *box)
{
    return (SandboxCounts){box->sessions, box->taken, box->failed_tls};
}

const SandboxPlan *sandbox_plan(const Sandbox *box)
{
    return box->plan;
}

uint64_t sandbox_max_size(const Sandbox *box)
{
    return box->plan->max_size ? box->plan->max_size : MAIL_MAX;
}

/* --- serving --- */

typedef struct {
    Door *door;
    Stream *stream;
    char *peer;
} Arrival;

static bool greet_and_serve(Guest *g, GError **error)
{
    if (g->service->implicit_tls && !guest_start_tls(g, error)) {
        return false;
    }
    FaultEffect effect;
    g_strlcpy(g->command, "CONNECT", sizeof(g->command));
    if (!guest_fault_at_command(g, NULL, &effect, error)) {
        return false;
    }
    return (effect != FAULT_NOTHING || g->service->serve(g, error)) && guest_flush(g, error);
}

/* What the layers below say is said to a client. */
static const char *end_words(const GError *why)
{
    static const struct {
        PosternErrorCode code;
        const char *words;
    } rows[] = {
        {POSTERN_ERROR_EOF, "the client left"},
        {POSTERN_ERROR_TIMEOUT, "the client said nothing, or took nothing, for ten minutes"},
        {POSTERN_ERROR_LIMIT, "the client sent a line that is too long"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_error_matches(why, POSTERN_ERROR, rows[i].code)) {
            return rows[i].words;
        }
    }
    return why->message;
}

static void tell_end(Guest *g, const GError *why)
{
    if (why) {
        guest_tell(g, SANDBOX_CLOSED, "%s", end_words(why));
    } else {
        guest_tell(g, SANDBOX_CLOSED, "done");
        if (g->encrypted && !guest_fault(g, "tls-truncated")) {
            wire_shutdown(g->wire, NULL); /* outside TLS closing says it all */
        }
    }
}

/* "127.0.0.1:40000"; "a unix socket". */
static char *address_text(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    char host[INET6_ADDRSTRLEN] = "";
    uint16_t port = 0;
    if (getpeername(fd, (struct sockaddr *)&address, &len) == 0) {
        if (address.ss_family == AF_INET) {
            const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
            inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
            port = ntohs(in->sin_port);
        } else if (address.ss_family == AF_INET6) {
            const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
            inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
            port = ntohs(in6->sin6_port);
        }
    }
    return *host ? g_strdup_printf(strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port)
                 : g_strdup("a unix socket");
}

/* Whom nobody is told of needs no name. */
static char *peer_text(const Door *door, int fd)
{
    return door->box->plan->observer ? address_text(fd) : g_strdup("");
}

/* The last of the messages that --exit-after waits for has come, and its session is over. */
static void leave_when_full(Sandbox *box)
{
    if (box->full && box->guests == 0) {
        sandbox_stop(box);
    }
}

/* The task of one client. */
static void be_guest(void *user)
{
    g_autofree Arrival *arrival = user;
    g_autofree char *peer = arrival->peer;
    Sandbox *box = arrival->door->box;
    bool counts = arrival->door->service != &control_service;
    Guest guest = {.box = box,
                   .service = arrival->door->service,
                   .wire = wire_new(arrival->stream, TIMEOUT_S),
                   .number = box->sessions += counts,
                   .peer = peer,
                   .cut = -1,
                   .out = g_string_new(NULL)};
    g_autoptr(GError) error = NULL;
    box->guests += counts;
    guest_tell(&guest, SANDBOX_CONNECTED, "%s", peer);
    greet_and_serve(&guest, &error);
    guest_judge_end(&guest);
    tell_end(&guest, error);
    wire_free(guest.wire);
    g_string_free(guest.out, TRUE);
    g_free(guest.user);
    g_free(guest.from);
    g_free(guest.to);
    box->guests -= counts;
    leave_when_full(box);
}

/* The task of one door. */
static void keep_door(void *user)
{
    Door *door = user;
    Sandbox *box = door->box;
    while (!box->stopping) {
        g_autoptr(GError) error = NULL;
        Stream *stream = listener_accept(door->listener, NULL, DEADLINE_NEVER, &error);
        if (!stream) {
            break;
        }
        Arrival *arrival = g_new0(Arrival, 1);
        *arrival = (Arrival){door, stream, peer_text(door, stream->fd)};
        if (!sched_spawn(box->sched, be_guest, arrival, &error)) {
            stream_free(stream);
            g_free(arrival->peer);
            g_free(arrival);
        }
    }
}

/* Lines for the lists of UIDs are gathered for a moment; when all is to end they are written now.
 */
static void write_lists_soon(void *user)
{
    Sandbox *box = user;
    (void)io_sleep(deadline_in(LISTS_PAUSE), NULL);
    mailstore_write_lists(box->store);
}

static void lists_unwritten(void *user)
{
    Sandbox *box = user;
    if (!sched_spawn(box->sched, write_lists_soon, box, NULL)) {
        mailstore_write_lists(box->store);
    }
}

bool sandbox_run(Sandbox *box, Sched *sched, GError **error)
{
    box->sched = sched;
    mailstore_on_unwritten(box->store, lists_unwritten, box);
    for (guint i = 0; i < box->doors->len; i++) {
        if (!sched_spawn(sched, keep_door, box->doors->pdata[i], error)) {
            sched_cancel_all(sched);
            return false;
        }
    }
    return true;
}

void sandbox_stop(Sandbox *box)
{
    if (!box->stopping) {
        box->stopping = true;
        sched_cancel_all(box->sched);
    }
}

void sandbox_took_mail(Sandbox *box)
{
    box->taken++;
    if (box->plan->exit_after && box->taken >= box->plan->exit_after) {
        box->full = true;
    }
}
