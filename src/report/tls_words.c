/* tls_words.c: small phrases the summaries of TLS share. */
#include "report/tls_words.h"

#include <string.h>

#include "base/escape.h"

#define DAY 86400

void tls_word_line(GString *out, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *value = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *shown = escape_line(bytes_of(value));
    g_string_append_printf(out, "%-18s %s\n", name, shown);
}

static char *formatted(gint64 seconds, const char *format)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return time == NULL ? g_strdup("an impossible time") : g_date_time_format(time, format);
}

char *tls_word_time(gint64 seconds)
{
    return formatted(seconds, "%Y-%m-%d %H:%M:%S UTC");
}

char *tls_word_iso_time(gint64 seconds)
{
    return formatted(seconds, "%Y-%m-%dT%H:%M:%SZ");
}

static gint64 now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

gint64 tls_word_days_left(const TlsCertificate *certificate)
{
    gint64 left = certificate->not_after - now_seconds();
    return left >= 0 ? left / DAY : -1 - (-1 - left) / DAY;
}

static char *days(gint64 seconds)
{
    gint64 count = seconds / DAY;
    return count == 0
               ? g_strdup("less than a day")
               : g_strdup_printf("%" G_GINT64_FORMAT " %s", count, count == 1 ? "day" : "days");
}

char *tls_word_validity(const TlsCertificate *certificate)
{
    gint64 now = now_seconds();
    if (certificate->not_before > now) {
        g_autofree char *wait = days(certificate->not_before - now);
        return g_strdup_printf("NOT YET VALID, for another %s", wait);
    }
    if (certificate->not_after < now) {
        g_autofree char *ago = days(now - certificate->not_after);
        return g_strdup_printf("EXPIRED, %s ago", ago);
    }
    g_autofree char *left = days(certificate->not_after - now);
    return g_strdup_printf("%s left", left);
}

char *tls_word_why_not(const TlsPeer *peer)
{
    if (peer->why_not == NULL || peer->why_not[0] == '\0') {
        return g_strdup("nobody has checked");
    }
    Bytes first = {peer->why_not, strcspn(peer->why_not, "\n")};
    return escape_line(bytes_trim(first));
}

int tls_word_hash_bits(const char *hash)
{
    static const struct {
        const char *name;
        int bits;
    } known[] = {{"MD5", 128},    {"SHA1", 160},   {"SHA", 160},   {"SHA224", 224},
                 {"SHA256", 256}, {"SHA384", 384}, {"SHA512", 512}};
    for (size_t i = 0; hash != NULL && i < G_N_ELEMENTS(known); i++) {
        if (g_ascii_strcasecmp(hash, known[i].name) == 0) {
            return known[i].bits;
        }
    }
    return 0;
}

const TlsCertificate *tls_word_leaf(const TlsPeer *peer)
{
    return peer->chain == NULL || peer->chain->len == 0 ? NULL : g_ptr_array_index(peer->chain, 0);
}
