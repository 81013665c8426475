/* socket_owner.h: whose a TCP connection's other end is, when that is on this machine: the kernel's
 * table of sockets (/proc/net/tcp and tcp6, proc(5)) tells the owner of each. */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include "base/bytes.h"

/* Looks in the text of /proc/net/tcp or tcp6 for the socket whose local end is `local` and whose
 * remote end is `remote`. An IPv4 address is found in tcp6 as well, where a program with an IPv6
 * socket has connected to it. False when it is not there, or nobody's any more (a closed socket has
 * no inode, and its row says uid 0). Pure. */
bool socket_owner_find(Bytes table, const struct sockaddr *local, const struct sockaddr *remote,
                       uid_t *ret_uid);

/* The same on this machine's tables. Reads files, does not wait. */
bool socket_owner(const struct sockaddr *local, const struct sockaddr *remote, uid_t *ret_uid);
