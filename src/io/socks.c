/* socks.c: SOCKS5, the client's side. */
#include "io/socks.h"

#include <arpa/inet.h>
#include <string.h>

/* RFC 1928 section 3, RFC 1929 */
enum { VERSION = 5, AUTH_VERSION = 1, CONNECT = 1 };
enum { METHOD_NONE = 0, METHOD_PASSWORD = 2, METHOD_REFUSED = 0xff };
enum { ADDRESS_IPV4 = 1, ADDRESS_NAME = 3, ADDRESS_IPV6 = 4 };

/* RFC 1928 section 6 */
static const char *const refusals[] = {
    [1] = "general failure",
    [2] = "its rules do not allow that",
    [3] = "network unreachable",
    [4] = "host unreachable",
    [5] = "connection refused",
    [6] = "time to live expired",
    [7] = "it cannot connect on behalf of others",
    [8] = "it does not know that kind of address",
};

/* Exactly len bytes, and not one more: what follows belongs to the target. */
static bool read_exactly(Stream *s, uint8_t *buffer, size_t len, Deadline deadline, GError **error)
{
    for (size_t have = 0; have < len;) {
        size_t got;
        if (!stream_read(s, buffer + have, len - have, &got, deadline, error)) {
            return error_prefix(error, "waiting for the SOCKS proxy");
        }
        if (got == 0) {
            /* ssh -D does that instead of telling that it cannot connect. */
            return error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                              "the SOCKS proxy closed the connection without an answer");
        }
        have += got;
    }
    return true;
}

static bool write_all(Stream *s, const GByteArray *message, Deadline deadline, GError **error)
{
    return stream_write(s, bytes_of_array(message), deadline, error) ||
           error_prefix(error, "writing to the SOCKS proxy");
}

static void add_octet(GByteArray *message, unsigned octet)
{
    guint8 byte = (guint8)octet;
    g_byte_array_append(message, &byte, 1);
}

/* One octet of length, then the bytes. */
static void add_counted(GByteArray *message, Bytes b)
{
    add_octet(message, (unsigned)b.len);
    g_byte_array_append(message, (const guint8 *)b.data, (guint)b.len);
}

static bool not_socks5(const char *where, unsigned got, GError **error)
{
    return error_fail(error, POSTERN_ERROR_PROTOCOL,
                      "this is not a SOCKS5 proxy: its %s begins with octet %u", where, got);
}

static bool choose_method(Stream *s, bool password, uint8_t *ret_method, Deadline deadline,
                          GError **error)
{
    g_autoptr(GByteArray) hello = g_byte_array_new();
    add_octet(hello, VERSION);
    add_octet(hello, password ? 2 : 1);
    add_octet(hello, METHOD_NONE);
    if (password) {
        add_octet(hello, METHOD_PASSWORD);
    }
    uint8_t reply[2];
    if (!write_all(s, hello, deadline, error) ||
        !read_exactly(s, reply, sizeof reply, deadline, error)) {
        return false;
    }
    if (reply[0] != VERSION) {
        return not_socks5("answer", reply[0], error);
    }
    *ret_method = reply[1];
    if (reply[1] == METHOD_NONE || (password && reply[1] == METHOD_PASSWORD)) {
        return true;
    }
    return error_fail(error, POSTERN_ERROR_AUTH, "the SOCKS proxy %s",
                      password ? "accepts neither no login nor a user name and password"
                               : "demands a login");
}

static bool log_in(Stream *s, const char *user, const Secret *password, Deadline deadline,
                   GError **error)
{
    GByteArray *message = g_byte_array_sized_new(3 + 255 + 255);
    add_octet(message, AUTH_VERSION);
    add_counted(message, bytes_of(user));
    add_counted(message, secret_reveal(password));
    bool sent = write_all(s, message, deadline, error);
    secret_wipe(message->data, message->len);
    g_byte_array_unref(message);

    uint8_t reply[2];
    if (!sent || !read_exactly(s, reply, sizeof reply, deadline, error)) {
        return false;
    }
    return reply[1] == 0 ||
           error_fail(error, POSTERN_ERROR_AUTH, "the SOCKS proxy does not accept user %s", user);
}

static void add_address(GByteArray *message, const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1) {
        add_octet(message, ADDRESS_IPV4);
        g_byte_array_append(message, (const guint8 *)&four, sizeof four);
    } else if (inet_pton(AF_INET6, host, &six) == 1) {
        add_octet(message, ADDRESS_IPV6);
        g_byte_array_append(message, (const guint8 *)&six, sizeof six);
    } else {
        add_octet(message, ADDRESS_NAME);
        add_counted(message, bytes_of(host));
    }
}

/* The address the proxy says it connects from; nobody needs it, but it must be read to its end. */
static bool skip_bound_address(Stream *s, uint8_t kind, Deadline deadline, GError **error)
{
    uint8_t rest[255 + 2];
    switch (kind) {
    case ADDRESS_IPV4:
        return read_exactly(s, rest, 4 + 2, deadline, error);
    case ADDRESS_IPV6:
        return read_exactly(s, rest, 16 + 2, deadline, error);
    case ADDRESS_NAME:
        return read_exactly(s, rest, 1, deadline, error) &&
               read_exactly(s, rest, (size_t)rest[0] + 2, deadline, error);
    default:
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the SOCKS proxy answers with an unknown kind of address (%u)", kind);
    }
}

static bool ask_to_connect(Stream *s, const char *host, uint16_t port, Deadline deadline,
                           GError **error)
{
    g_autoptr(GByteArray) request = g_byte_array_new();
    add_octet(request, VERSION);
    add_octet(request, CONNECT);
    add_octet(request, 0);
    add_address(request, host);
    add_octet(request, port >> 8);
    add_octet(request, port & 0xff);
    uint8_t reply[4];
    if (!write_all(s, request, deadline, error) ||
        !read_exactly(s, reply, sizeof reply, deadline, error)) {
        return false;
    }
    if (reply[0] != VERSION) {
        return not_socks5("reply", reply[0], error);
    }
    if (reply[1] == 0) {
        return skip_bound_address(s, reply[3], deadline, error);
    }
    const char *why = reply[1] < G_N_ELEMENTS(refusals) ? refusals[reply[1]] : "unknown reason";
    return error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                      "the SOCKS proxy cannot connect to %s port %u: %s (reply %u)", host, port,
                      why, reply[1]);
}

/* RFC 1928 section 5 and RFC 1929 section 2: one octet of length each. */
static bool check_lengths(const char *host, const char *user, const Secret *password,
                          GError **error)
{
    if (host[0] == '\0' || strlen(host) > 255) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "a SOCKS proxy takes host names of 1 to 255 octets");
    }
    size_t password_len = password ? secret_length(password) : 0;
    if (user &&
        (user[0] == '\0' || strlen(user) > 255 || password_len == 0 || password_len > 255)) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "a SOCKS proxy takes user names and passwords of 1 to 255 octets");
    }
    return true;
}

bool socks5_connect(Stream *s, const char *host, uint16_t port, const char *user,
                    const Secret *password, Deadline deadline, GError **error)
{
    uint8_t method = METHOD_REFUSED;
    if (!check_lengths(host, user, password, error) ||
        !choose_method(s, user != NULL, &method, deadline, error)) {
        return false;
    }
    if (method == METHOD_PASSWORD && !log_in(s, user, password, deadline, error)) {
        return false;
    }
    return ask_to_connect(s, host, port, deadline, error);
}
