/* hosts.c: reading hosts(5). */
#include "io/hosts.h"

#include <string.h>

#include "io/addresses.h"
#include "io/dns.h"

static bool has_name(Bytes names, const char *host)
{
    while (names.len > 0) {
        if (bytes_equal_ci(bytes_word(&names), host)) {
            return true;
        }
    }
    return false;
}

static void add_once(GArray *addresses, const DnsAddress *address)
{
    for (guint i = 0; i < addresses->len; i++) {
        const DnsAddress *known = &g_array_index(addresses, DnsAddress, i);
        if (known->len == address->len &&
            memcmp(&known->address, &address->address, address->len) == 0) {
            return;
        }
    }
    g_array_append_vals(addresses, address, 1);
}

/* One line, without its comment. True when it speaks of the host. */
static bool look_at_line(Bytes line, const char *host, int family, GArray *addresses,
                         char **ret_canonical)
{
    Bytes names = bytes_trim(line);
    g_autofree char *literal = bytes_dup(bytes_word(&names));
    DnsAddress address;
    if (!has_name(names, host) || !address_parse(literal, &address)) {
        return false;
    }
    if (ret_canonical && !*ret_canonical) {
        *ret_canonical = bytes_dup(bytes_word(&names));
    }
    if (family == AF_UNSPEC || address.address.ss_family == family) {
        add_once(addresses, &address);
    }
    return true;
}

bool hosts_find(Bytes text, const char *host, int family, GArray *addresses, char **ret_canonical)
{
    bool found = false;
    if (ret_canonical) {
        *ret_canonical = NULL;
    }
    while (text.len > 0) {
        gssize end = bytes_index(text, '\n');
        Bytes line = bytes_sub(text, 0, end < 0 ? text.len : (size_t)end);
        text = bytes_sub(text, line.len + 1, text.len);
        gssize comment = bytes_index(line, '#');
        line = bytes_sub(line, 0, comment < 0 ? line.len : (size_t)comment);
        found |= look_at_line(line, host, family, addresses, ret_canonical);
    }
    return found;
}
