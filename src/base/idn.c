#include "base/idn.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/library.h"

#include <idn2.h>
#include <string.h>

/* libidn2 brings libunistring, of 1.7 MB: it is loaded by the first name that is not ASCII. */
#define LIBRARY "libidn2.so.0"
#define FUNCTIONS(X) X(idn2_to_ascii_8z) X(idn2_strerror) X(idn2_free)

typedef struct {
    FUNCTIONS(LIBRARY_MEMBER)
    LibraryOnce once;
} Library;

static const Library *library(void)
{
    static Library idn;
    library_load_once(&idn.once, LIBRARY, LIBRARY_NAMES(FUNCTIONS), &idn, NULL);
    return &idn;
}

static const Library *load_idn(const char *host, GError **error)
{
    const Library *idn = library();
    if (idn->once.failed) {
        g_autofree char *shown = escape_line(bytes_of(host));
        error_fail(error, POSTERN_ERROR_CONFIG,
                   "the international name \"%s\" needs " LIBRARY
                   " (Debian: libidn2-0), or write it as xn--...: %s",
                   shown, idn->once.failed);
        return NULL;
    }
    return idn;
}

/* RFC 1035 section 2.3.4, as text without a final dot. */
#define NAME_MAX_LENGTH 253
#define LABEL_MAX_LENGTH 63

/* Whether a DNS name made of ASCII can be one: lengths, no empty label, nothing that is not
 * printable. Underscores pass: _25._tcp.example is looked up too. */
static bool well_formed(const char *name)
{
    size_t len = strlen(name);
    if (len > 0 && name[len - 1] == '.') {
        len--;
    }
    size_t label = 0;
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '.') {
            if (label == 0) {
                return false;
            }
            label = 0;
        } else if (!g_ascii_isgraph(name[i]) || ++label > LABEL_MAX_LENGTH) {
            return false;
        }
    }
    return label > 0 && len <= NAME_MAX_LENGTH;
}

/* "::1", "[::1]", "fe80::1%eth0": only hexadecimal digits, colons and dots before the zone, whose
 * case counts. */
static char *address_literal(const char *host)
{
    if (strchr(host, ':') == NULL) {
        return NULL;
    }
    size_t address = strcspn(host, "%");
    if (strspn(host, "[]:.0123456789abcdefABCDEF") < address) {
        return NULL;
    }
    for (const char *c = host; *c != '\0'; c++) {
        if (!g_ascii_isgraph(*c)) {
            return NULL;
        }
    }
    g_autofree char *lower = g_ascii_strdown(host, (gssize)address);
    return g_strconcat(lower, host + address, NULL);
}

/* Mapping drops invisible characters and, under its STD3 rule, those that become '/' or '@'
 * (full-width cousins): "ex/ample.org" so written would quietly become example.org. Such names are
 * refused before they are mapped. */
static bool mapping_is_honest(const char *host)
{
    g_autofree char *visible = escape_line(bytes_of(host));
    if (strcmp(visible, host) != 0) {
        return false;
    }
    g_autofree char *plain = g_utf8_normalize(host, -1, G_NORMALIZE_ALL_COMPOSE);
    for (const char *c = plain; c != NULL && *c != '\0'; c++) {
        if (g_ascii_isprint(*c) && !g_ascii_isalnum(*c) && strchr("-._", *c) == NULL) {
            return false;
        }
    }
    return plain != NULL;
}

static char *map_international(const char *host, GError **error)
{
    const Library *idn = load_idn(host, error);
    if (!idn) {
        return NULL;
    }
    char *mapped = NULL;
    int rc = mapping_is_honest(host) ? idn->idn2_to_ascii_8z(host, &mapped, IDN2_NONTRANSITIONAL)
                                     : IDN2_DISALLOWED;
    if (rc != IDN2_OK) {
        g_autofree char *shown = escape_line(bytes_of(host));
        error_fail(error, POSTERN_ERROR_USAGE, "\"%s\" is not an international domain name: %s",
                   shown, idn->idn2_strerror(rc));
        return NULL;
    }
    char *name = g_strdup(mapped);
    idn->idn2_free(mapped);
    return name;
}

char *idn_to_ascii(const char *host, GError **error)
{
    char *literal = address_literal(host);
    if (literal != NULL) {
        return literal;
    }
    g_autofree char *name =
        g_str_is_ascii(host) ? g_ascii_strdown(host, -1) : map_international(host, error);
    if (name == NULL) {
        return NULL;
    }
    if (!well_formed(name)) {
        g_autofree char *shown = escape_line(bytes_of(host));
        error_fail(error, POSTERN_ERROR_USAGE, "\"%s\" is not a host name", shown);
        return NULL;
    }
    return g_steal_pointer(&name);
}
