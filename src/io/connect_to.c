/* connect_to.c: reading --connect-to. */
#include "io/connect_to.h"

#include <string.h>

#include "base/bytes.h"

/* Takes the next part, up to a colon outside brackets, off *rest. False when brackets do not match.
 * *more: a colon followed. */
static bool take_part(Bytes *rest, Bytes *part, bool *more)
{
    gssize end = bytes_index(*rest, ':');
    if (bytes_starts(*rest, "[")) {
        gssize close = bytes_index(*rest, ']');
        if (close < 0) {
            return false;
        }
        *part = bytes_sub(*rest, 1, (size_t)close - 1);
        *rest = bytes_sub(*rest, (size_t)close + 1, rest->len);
        *more = bytes_starts(*rest, ":");
        *rest = bytes_sub(*rest, 1, rest->len);
        return part->len > 0 && (*more || rest->len == 0);
    }
    *more = end >= 0;
    *part = bytes_sub(*rest, 0, *more ? (size_t)end : rest->len);
    *rest = bytes_sub(*rest, part->len + 1, rest->len);
    return true;
}

static bool take_port(Bytes part, uint16_t *port)
{
    uint64_t number = 0;
    if (part.len > 0 && (!bytes_number(part, UINT16_MAX, &number) || number == 0)) {
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

static char *take_host(Bytes part)
{
    return part.len > 0 ? bytes_dup(part) : NULL;
}

static bool split(const char *text, Bytes parts[4], size_t *n)
{
    Bytes rest = bytes_of(text);
    bool more = true;
    for (*n = 0; more && *n < 4; (*n)++) {
        if (!take_part(&rest, &parts[*n], &more)) {
            return false;
        }
    }
    return !more && (*n == 2 || *n == 4);
}

bool connect_to_parse(const char *text, ConnectTo *ret, GError **error)
{
    *ret = (ConnectTo){0};
    Bytes parts[4];
    size_t n;
    if (!split(text, parts, &n) || !take_port(parts[n - 1], &ret->to_port) ||
        (n == 4 && !take_port(parts[1], &ret->from_port))) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--connect-to takes [HOST:PORT:]ADDR:PORT (IPv6 in brackets), not \"%s\"",
                          text);
    }
    ret->from_host = n == 4 ? take_host(parts[0]) : NULL;
    ret->to_host = take_host(parts[n - 2]);
    return true;
}

void connect_to_clear(ConnectTo *c)
{
    g_clear_pointer(&c->from_host, g_free);
    g_clear_pointer(&c->to_host, g_free);
}

bool connect_to_matches(const ConnectTo *c, const char *host, uint16_t port)
{
    return (!c->from_host || g_ascii_strcasecmp(c->from_host, host) == 0) &&
           (c->from_port == 0 || c->from_port == port);
}
