/* tunnel_accept.c: the listening side. */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/tunnel.h"

/* Before the next look whether a place has become free. */
#define FULL_PAUSE 0.02

typedef struct {
    Tunnel *t;
    Stream *stream;
    char *who;
} Client;

typedef struct {
    Tunnel *t;
    guint index; /* into listeners and accepting */
} Door;

/* --- who may --- */

static bool user_of(const char *word, uid_t *ret)
{
    uint64_t number;
    if (bytes_number(bytes_of(word), UINT32_MAX - 1, &number)) {
        *ret = (uid_t)number;
        return true;
    }
    const struct passwd *entry = getpwnam(word);
    if (entry) {
        *ret = entry->pw_uid;
    }
    return entry != NULL;
}

bool tunnel_take_allow(Tunnel *t, GError **error)
{
    for (char **word = t->options->allow; word && *word; word++) {
        uid_t uid;
        if (strcmp(*word, "anyone") == 0) {
            t->anyone = true;
        } else if (user_of(*word, &uid)) {
            g_array_append_val(t->others, uid);
        } else {
            g_autofree char *shown = escape_line_max(bytes_of(*word), 60);
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "--allow=%s: there is no such user; give a user's name or number, or "
                              "anyone",
                              shown);
        }
    }
    return true;
}

static bool may(const Tunnel *t, const ListenPeer *peer)
{
    bool listed = t->anyone || (peer->known && peer->uid == geteuid());
    for (guint i = 0; !listed && peer->known && i < t->others->len; i++) {
        listed = g_array_index(t->others, uid_t, i) == peer->uid;
    }
    return listed;
}

static char *user_name(uid_t uid)
{
    const struct passwd *entry = getpwuid(uid);
    return entry ? g_strdup_printf("user %s", entry->pw_name) : g_strdup_printf("uid %u", uid);
}

static void refuse(const Tunnel *t, Stream *stream, const ListenPeer *peer)
{
    g_autofree char *name = peer->known ? user_name(peer->uid) : g_strdup("nobody known");
    g_autofree char *mine = user_name(geteuid());
    tunnel_say(t, false, "refused a connection from %s, of %s: this tunnel is for %s%s", peer->text,
               name, mine,
               peer->known ? " (see --allow)" : "; who connects and leaves at once is not known");
    tunnel_turn_away(t, stream, "this tunnel is for another user");
}

/* --- listening --- */

static bool check_reach(const Tunnel *t, const char *where, bool local, GError **error)
{
    return local || t->anyone ||
           error_fail(error, POSTERN_ERROR_USAGE,
                      "%s can be reached from other machines, whose users cannot be told apart: "
                      "say --allow=anyone if that is meant, else listen on 127.0.0.1",
                      where);
}

/* The file is open to whoever may connect; who that is is asked of each connection as well. */
static mode_t socket_mode(const Tunnel *t)
{
    return t->anyone || t->others->len > 0 ? 0666 : 0600;
}

bool tunnel_listen(Tunnel *t, const char *local, GError **error)
{
    t->listeners = listeners_inherited(error);
    if (!t->listeners) {
        return false;
    }
    if (t->listeners->len == 0) {
        g_auto(ListenAddress) address = {0};
        if (!listen_address_parse(local, &address, error) ||
            !check_reach(t, local, listen_address_is_local(&address), error)) {
            return false;
        }
        Listener *listener = listener_open(&address, socket_mode(t), error);
        if (!listener) {
            return false;
        }
        g_ptr_array_add(t->listeners, listener);
    }
    for (guint i = 0; i < t->listeners->len; i++) {
        const Listener *l = g_ptr_array_index(t->listeners, i);
        if (!check_reach(t, listener_text(l), listener_is_local(l), error)) {
            return false;
        }
    }
    return true;
}

/* --- taking connections --- */

static void run_client(void *user)
{
    Client *c = user;
    Tunnel *t = c->t;
    tunnel_serve(t, c->stream, c->who);
    t->open--;
    g_free(c->who);
    g_free(c);
    if (t->closing && t->open == 0) {
        sched_cancel_all(t->sched);
    }
}

static void let_in(Tunnel *t, Stream *stream, ListenPeer *peer)
{
    Client *c = g_new0(Client, 1);
    *c = (Client){t, stream, g_steal_pointer(&peer->text)};
    tunnel_say(t, true, "%s: connected", c->who);
    g_autoptr(GError) error = NULL;
    if (!sched_spawn(t->sched, run_client, c, &error)) {
        tunnel_say(t, false, "%s: %s", c->who, error->message);
        stream_free(stream);
        g_free(c->who);
        g_free(c);
        return;
    }
    t->open++;
    t->served++;
    if (t->options->once) {
        tunnel_stop_accepting(t);
    }
}

static bool await_place(const Tunnel *t, GError **error)
{
    while (t->open >= (unsigned)t->options->max_connections) {
        if (!io_sleep(deadline_in(FULL_PAUSE), error)) {
            return false;
        }
    }
    return true;
}

/* Suspends. */
static bool take_one(Tunnel *t, Listener *listener, GError **error)
{
    if (!await_place(t, error)) {
        return false;
    }
    g_auto(ListenPeer) peer = {0};
    Stream *stream = listener_accept(listener, &peer, DEADLINE_NEVER, error);
    if (!stream) {
        return false;
    }
    if (t->closing) {
        stream_free(stream);
    } else if (may(t, &peer)) {
        let_in(t, stream, &peer);
    } else {
        refuse(t, stream, &peer);
    }
    return true;
}

static void run_door(void *user)
{
    Door *door = user;
    Tunnel *t = door->t;
    g_autoptr(GError) error = NULL;
    Listener *listener = g_ptr_array_index(t->listeners, door->index);
    while (!t->closing && take_one(t, listener, &error)) {
        /* the next one */
    }
    t->accepting->pdata[door->index] = NULL;
    g_free(door);
    if (error && !g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED)) {
        t->failure = t->failure ? t->failure : g_steal_pointer(&error);
        sched_cancel_all(t->sched);
    }
}

bool tunnel_accept_all(Tunnel *t, GError **error)
{
    for (guint i = 0; i < t->listeners->len; i++) {
        Door *door = g_new0(Door, 1);
        *door = (Door){t, i};
        Task *task = sched_spawn(t->sched, run_door, door, error);
        g_ptr_array_add(t->accepting, task);
        if (!task) {
            g_free(door);
            return false;
        }
    }
    return true;
}

void tunnel_stop_accepting(Tunnel *t)
{
    t->closing = true;
    for (guint i = 0; i < t->accepting->len; i++) {
        Task *task = g_ptr_array_index(t->accepting, i);
        if (task && task != sched_current()) {
            sched_cancel(t->sched, task);
        }
    }
    if (t->open == 0) {
        sched_cancel_all(t->sched);
    }
}
