/* addresses.c: addresses as values. */
#include "io/addresses.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

static void set_four(DnsAddress *a, const void *octets)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&a->address;
    in->sin_family = AF_INET;
    memcpy(&in->sin_addr, octets, 4);
    a->len = sizeof *in;
}

static void set_six(DnsAddress *a, const void *octets, uint32_t scope)
{
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)&a->address;
    in->sin6_family = AF_INET6;
    in->sin6_scope_id = scope;
    memcpy(&in->sin6_addr, octets, 16);
    a->len = sizeof *in;
}

/* "2001:db8::1" or "fe80::1%eth0". */
static bool parse_six(const char *text, DnsAddress *ret)
{
    g_auto(GStrv) parts = g_strsplit(text, "%", 2);
    uint8_t octets[16];
    if (!parts[0] || inet_pton(AF_INET6, parts[0], octets) != 1) {
        return false;
    }
    uint32_t scope = parts[1] ? if_nametoindex(parts[1]) : 0;
    if (parts[1] && scope == 0) {
        return false;
    }
    set_six(ret, octets, scope);
    return true;
}

bool address_parse(const char *text, DnsAddress *ret)
{
    memset(ret, 0, sizeof *ret);
    uint8_t octets[4];
    if (inet_pton(AF_INET, text, octets) == 1) {
        set_four(ret, octets);
        return true;
    }
    size_t len = strlen(text);
    if (text[0] == '[' && text[len - 1] == ']') {
        g_autofree char *inside = g_strndup(text + 1, len - 2);
        return parse_six(inside, ret);
    }
    return parse_six(text, ret);
}

bool address_from_rdata(int family, Bytes rdata, DnsAddress *ret)
{
    memset(ret, 0, sizeof *ret);
    if (family == AF_INET && rdata.len == 4) {
        set_four(ret, rdata.data);
        return true;
    }
    if (family == AF_INET6 && rdata.len == 16) {
        set_six(ret, rdata.data, 0);
        return true;
    }
    return false;
}

bool address_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family != AF_INET6) {
        return false;
    }
    const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

GArray *addresses_interleave(const GArray *six, const GArray *four)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(DnsAddress));
    for (guint i = 0; i < MAX(six->len, four->len); i++) {
        if (i < six->len) {
            g_array_append_vals(all, &g_array_index(six, DnsAddress, i), 1);
        }
        if (i < four->len) {
            g_array_append_vals(all, &g_array_index(four, DnsAddress, i), 1);
        }
    }
    return all;
}

char *dns_address_text(const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (address->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text);
        return g_strdup(text);
    }
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    char name[IF_NAMESIZE];
    inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
    if (six->sin6_scope_id != 0 && if_indextoname(six->sin6_scope_id, name)) {
        return g_strdup_printf("%s%%%s", text, name);
    }
    return g_strdup(text);
}
