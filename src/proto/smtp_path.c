#include "proto/smtp_path.h"

#include <string.h>

#include "base/escape.h"

enum { PATH_MAX_OCTETS = 254, SHOWN_MAX = 80 }; /* RFC 5321 4.5.3.1.3: 256 with the brackets */

static bool refuse(const char *address, const char *why, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(address), SHOWN_MAX);
    return error_fail(error, POSTERN_ERROR_DATA, "\"%s\" is no address: %s", shown, why);
}

bool smtp_path_check(const char *address, bool smtputf8, GError **error)
{
    size_t len = strlen(address);
    if (len > PATH_MAX_OCTETS) {
        return refuse(address, "it has more than 254 octets", error);
    }
    bool quoted = false, seen_at = false;
    for (const char *c = address; *c; c++) {
        unsigned char octet = (unsigned char)*c;
        if (octet < 0x20 || octet == 0x7f) {
            return refuse(address, "a control character is in it", error);
        }
        if (octet > 0x7f && !smtputf8) {
            return refuse(address, "it is international, and the server has no SMTPUTF8", error);
        }
        if (quoted && octet == '\\' && g_ascii_isprint(c[1])) {
            c++;
        } else if (octet == '"') {
            quoted = !quoted;
        } else if (!quoted && strchr("<> ,;()\\", octet)) {
            return refuse(address, "a bracket, a blank, a comma or a backslash is in it", error);
        } else if (!quoted && octet == '@') {
            if (seen_at) {
                return refuse(address, "it has more than one @", error);
            }
            seen_at = true;
        }
    }
    if (quoted) {
        return refuse(address, "a quote is left open", error);
    }
    const char *at = strrchr(address, '@');
    if (at && (at == address || !at[1])) {
        return refuse(address,
                      at == address ? "nothing stands before the @" : "nothing stands behind the @",
                      error);
    }
    return !smtputf8 || g_utf8_validate(address, -1, NULL) ||
           refuse(address, "it is not UTF-8", error);
}

char *smtp_xtext(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *c = text; *c; c++) {
        unsigned char octet = (unsigned char)*c;
        if (octet > 0x20 && octet < 0x7f && octet != '+' && octet != '=') {
            g_string_append_c(out, *c);
        } else {
            g_string_append_printf(out, "+%02X", octet);
        }
    }
    return g_string_free(out, FALSE);
}
