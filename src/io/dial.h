/* dial.h: from a host name and a port to a connected stream, whatever lies between: addresses raced
 * (RFC 8305), a unix socket, OpenSSH hops, SOCKS5 proxies.
 *
 * ssh hops come first and are one `ssh -W` with nested ProxyCommands, then SOCKS5 proxies. Every
 * name beyond the first hop is resolved by that hop; the DNS here is not asked. */
#pragma once

#include "base/secret.h"
#include "io/dns.h"
#include "io/stream.h"

/* Lists end in NULL, or are NULL. */
typedef struct {
    const char *host; /* what the user named; NULL with unix_path */
    uint16_t port;
    const char *unix_path; /* instead of host and port */
    int family;            /* AF_UNSPEC, AF_INET, AF_INET6 */
    /* "ssh://[USER@]HOST[:PORT]" or "socks5://[USER@]HOST[:PORT]", in order. */
    const char *const *via;
    /* Gives the password of that user at a SOCKS5 proxy (RFC 1929), the caller's; may suspend.
     * NULL: there is none. */
    Secret *(*proxy_password)(void *user, const char *name, const char *host, GError **error);
    void *proxy_user;
    /* "[HOST:PORT:]ADDR:PORT", as curl's --connect-to; the first that fits counts. */
    const char *const *connect_to;
    /* With arguments, in a shell's quotes, if need be. NULL: "ssh". */
    const char *ssh_command;
    /* For every hop's ssh. Each becomes an argument: "-C", or "-o" and what does not begin so. */
    const char *const *ssh_options;
    bool ssh_batch; /* BatchMode=yes: nobody is there to answer */
    /* The login at the last ssh hop, for many connections of one plan; NULL: each has its own.
     * Borrowed. */
    struct SshShare *ssh_share;
    Dns *dns; /* borrowed */
} DialPlan;

typedef struct {
    /* "127.0.0.1" or "2001:db8::1", or the path of a unix socket; NULL when only the hop knows. */
    char *address;
    uint16_t port;
    char *local;     /* our end, "127.0.0.1:40000", or NULL */
    char *via;       /* in words: "ssh gw.example.org", or NULL */
    bool dns_secure; /* the addresses were DNSSEC-validated */
    char *canonical; /* the host's name after CNAMEs (validated when dns_secure), or NULL */
    /* The last hop is SSH and the target is that hop itself or loopback there; or a unix socket. */
    bool private_way;
    bool loopback; /* the address dialled is loopback, without a hop */
} DialResult;

void dial_result_clear(DialResult *result);

/* Checks via, connect_to and ssh_options without any I/O. Fails with USAGE. */
bool dial_plan_check(const DialPlan *plan, GError **error);

/* Connects. The stream is the caller's; *result is filled as far as things went, on failure too
 * (what it held before is not freed). Errors name every address tried and what each said:
 * UNAVAILABLE, TIMEOUT, NO_HOST, and those of dns_addresses().
 *
 * Through ssh it returns before the way is through: ssh does not tell. If ssh fails, the first read
 * or write fails with UNAVAILABLE, with what ssh said, its status, and what to try. The stream's fd
 * may change then: look at it anew for each wait. Suspends. */
Stream *dial(const DialPlan *plan, DialResult *result, Deadline deadline, GError **error);
