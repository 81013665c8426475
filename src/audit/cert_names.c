/* cert_names.c: names of certificates. */
#include "audit/cert_names.h"

#include <arpa/inet.h>
#include <string.h>

static bool matches(const char *pattern, const char *host)
{
    size_t len = strlen(host);
    g_autofree char *name = g_strndup(host, len > 0 && host[len - 1] == '.' ? len - 1 : len);
    if (!g_str_has_prefix(pattern, "*.")) {
        return g_ascii_strcasecmp(pattern, name) == 0;
    }
    const char *dot = strchr(name, '.');
    /* "*.org" is nobody's to have */
    return dot != NULL && dot != name && strchr(pattern + 2, '.') != NULL &&
           g_ascii_strcasecmp(pattern + 1, dot) == 0;
}

/* The same address however it is written. */
static bool same_address(const char *a, const char *b)
{
    for (int i = 0; i < 2; i++) {
        int family = i == 0 ? AF_INET : AF_INET6;
        size_t len = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
        struct in6_addr x, y;
        if (inet_pton(family, a, &x) == 1 && inet_pton(family, b, &y) == 1) {
            return memcmp(&x, &y, len) == 0;
        }
    }
    return false;
}

bool cert_bears_name(const TlsCertificate *certificate, const char *host)
{
    for (guint i = 0; i < certificate->ip_names->len; i++) {
        if (same_address(g_ptr_array_index(certificate->ip_names, i), host)) {
            return true;
        }
    }
    for (guint i = 0; i < certificate->dns_names->len; i++) {
        if (matches(g_ptr_array_index(certificate->dns_names, i), host)) {
            return true;
        }
    }
    return certificate->dns_names->len == 0 && certificate->ip_names->len == 0 &&
           certificate->common_name != NULL && matches(certificate->common_name, host);
}

char *cert_names_text(const TlsCertificate *certificate, guint max)
{
    GString *text = g_string_new(NULL);
    const GPtrArray *const lists[] = {certificate->dns_names, certificate->ip_names};
    guint count = 0;
    for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
        for (guint i = 0; i < lists[l]->len; i++) {
            if (count++ < max) {
                g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
                                       (const char *)g_ptr_array_index(lists[l], i));
            }
        }
    }
    if (count == 0) {
        g_string_append(text, certificate->common_name ? certificate->common_name : "no name");
    } else if (count > max) {
        g_string_append_printf(text, " and %u more", count - max);
    }
    return g_string_free(text, FALSE);
}
