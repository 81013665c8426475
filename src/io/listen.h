/* listen.h: sockets that others connect to: TCP and unix, port 0, sockets handed over by a service
 * manager, and who is at the other end.
 *
 * A Listener owns its descriptor and, where it made one, the file of its unix socket. */
#pragma once

#include <sys/types.h>

#include "io/stream.h"

/* Where to listen, as a user wrote it. */
typedef struct {
    char *host;    /* an address literal without brackets; NULL with unix_path */
    uint16_t port; /* 0: any that is free */
    char *unix_path;
} ListenAddress;

/* "ADDR:PORT", "[IPv6]:PORT", "localhost:PORT", "PORT" and ":PORT" (127.0.0.1), or a path with a
 * slash in it, "unix:PATH" too. USAGE. */
bool listen_address_parse(const char *text, ListenAddress *ret, GError **error);
void listen_address_clear(ListenAddress *address);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ListenAddress, listen_address_clear)
/* Can only this machine reach it? True for loopback addresses and unix sockets. */
bool listen_address_is_local(const ListenAddress *address);

typedef struct Listener Listener;

/* Binds and listens. The file of a unix socket is made with `mode` (0600 for the user alone); one
 * that is left over from a process that has ended is replaced, one that is in use is not, nor is a
 * file that is no socket. CANT_CREATE; for a port below 1024 that is not allowed (EACCES) the
 * message says what to do. Does not suspend. */
Listener *listener_open(const ListenAddress *address, mode_t mode, GError **error);

/* Sockets handed over by a service manager (systemd's LISTEN_PID and LISTEN_FDS), of Listener;
 * empty when there are none. The variables leave the environment. CONFIG when one of them is no
 * listening stream socket. Call it once. */
GPtrArray *listeners_inherited(GError **error);

void listener_free(Listener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listener, listener_free)

/* "127.0.0.1:11110", "[::1]:11110" or the path, with the port it has got. Borrowed. */
const char *listener_text(const Listener *listener);
/* 0 for a unix socket. */
uint16_t listener_port(const Listener *listener);
bool listener_is_unix(const Listener *listener);
/* As listen_address_is_local(). */
bool listener_is_local(const Listener *listener);

/* Who has connected. */
typedef struct {
    bool known; /* uid is that of the process that made the connection */
    uid_t uid;
    char *text; /* "127.0.0.1:40000", or "uid 1000" on a unix socket */
} ListenPeer;

void listen_peer_clear(ListenPeer *peer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ListenPeer, listen_peer_clear)

/* The next connection. *ret_peer may be NULL: then nobody is looked up. Out of descriptors it waits
 * a moment and tries again. TIMEOUT, CANCELLED, IO. Suspends. */
Stream *listener_accept(Listener *listener, ListenPeer *ret_peer, Deadline deadline,
                        GError **error);
