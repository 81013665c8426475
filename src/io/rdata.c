/* rdata.c: names, MX, SRV and TXT out of wire form. */
#include "io/rdata.h"

#include <string.h>

enum { LABEL_MAX = 63, NAME_MAX_OCTETS = 255 };

static uint8_t octet(Bytes b, size_t i)
{
    return (uint8_t)b.data[i];
}

static uint16_t number(Bytes b, size_t i)
{
    return (uint16_t)(octet(b, i) << 8 | octet(b, i + 1));
}

static void add_label(GString *name, Bytes label)
{
    if (name->len > 0) {
        g_string_append_c(name, '.');
    }
    for (size_t i = 0; i < label.len; i++) {
        char c = label.data[i];
        if (c == '.' || c == '\\') {
            g_string_append_printf(name, "\\%c", c);
        } else if (g_ascii_isgraph(c)) {
            g_string_append_c(name, c);
        } else {
            g_string_append_printf(name, "\\%03u", octet(label, i));
        }
    }
}

char *rdata_name(Bytes *rest)
{
    g_autoptr(GString) name = g_string_new(NULL);
    size_t at = 0;
    while (at < rest->len && octet(*rest, at) > 0) {
        size_t len = octet(*rest, at);
        if (len > LABEL_MAX || at + 1 + len >= rest->len || at + 1 + len >= NAME_MAX_OCTETS) {
            return NULL;
        }
        add_label(name, bytes_sub(*rest, at + 1, len));
        at += 1 + len;
    }
    if (at >= rest->len) {
        return NULL;
    }
    *rest = bytes_sub(*rest, at + 1, rest->len);
    return g_strdup(name->len > 0 ? name->str : ".");
}

/* The name that fills what is left of a record. */
static char *last_name(Bytes rest)
{
    char *name = rdata_name(&rest);
    if (rest.len > 0) {
        g_clear_pointer(&name, g_free);
    }
    return name;
}

bool rdata_mx(Bytes rdata, RdataMx *ret)
{
    if (rdata.len < 3) {
        return false;
    }
    *ret = (RdataMx){number(rdata, 0), last_name(bytes_sub(rdata, 2, rdata.len))};
    return ret->host != NULL;
}

bool rdata_srv(Bytes rdata, RdataSrv *ret)
{
    if (rdata.len < 7) {
        return false;
    }
    *ret = (RdataSrv){number(rdata, 0), number(rdata, 2), number(rdata, 4),
                      last_name(bytes_sub(rdata, 6, rdata.len))};
    return ret->host != NULL;
}

GString *rdata_txt(Bytes rdata)
{
    GString *text = g_string_new(NULL);
    for (size_t at = 0; at < rdata.len;) {
        size_t len = octet(rdata, at);
        if (at + 1 + len > rdata.len) {
            g_string_free(text, TRUE);
            return NULL;
        }
        g_string_append_len(text, rdata.data + at + 1, (gssize)len);
        at += 1 + len;
    }
    return text;
}
