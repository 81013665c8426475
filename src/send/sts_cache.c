#include "send/sts_cache.h"

#include <errno.h>
#include <string.h>

#include "store/durable.h"

/* Four lines of ours, then the policy: "MTA-STS 1", domain, id, seconds. */
#define MARK "MTA-STS 1"

void sts_cached_free(StsCached *cached)
{
    if (cached) {
        g_free(cached->id);
        g_clear_pointer(&cached->policy, mta_sts_policy_free);
        g_free(cached);
    }
}

static Bytes take_line(Bytes *text)
{
    gssize end = bytes_index(*text, '\n');
    Bytes line = bytes_sub(*text, 0, end < 0 ? text->len : (size_t)end);
    *text = bytes_sub(*text, end < 0 ? text->len : (size_t)end + 1, text->len);
    return line;
}

StsCached *sts_cached_parse(Bytes text, const char *domain, int64_t now)
{
    bool ours =
        bytes_equal(take_line(&text), bytes_of(MARK)) && bytes_equal_ci(take_line(&text), domain);
    Bytes id = take_line(&text);
    uint64_t fetched;
    if (!ours || !bytes_number(take_line(&text), INT64_MAX, &fetched)) {
        return NULL;
    }
    g_autoptr(StsCached) cached = g_new0(StsCached, 1);
    cached->id = bytes_dup(id);
    cached->fetched = (int64_t)fetched;
    cached->policy = mta_sts_policy_parse(text);
    int64_t age = now - cached->fetched;
    bool good = !cached->policy->problems->len && age >= 0 && age < cached->policy->max_age;
    return good ? g_steal_pointer(&cached) : NULL;
}

/* A domain is somebody else's words: its digest cannot lead out of the directory. */
static char *path_of(const char *directory, const char *domain)
{
    g_autofree char *low = g_ascii_strdown(domain, -1);
    g_autofree char *name = g_compute_checksum_for_string(G_CHECKSUM_SHA256, low, -1);
    return g_build_filename(directory, name, NULL);
}

StsCached *sts_cache_read(const char *directory, const char *domain, int64_t now)
{
    g_autofree char *path = path_of(directory, domain);
    g_autofree char *text = NULL;
    gsize len;
    return g_file_get_contents(path, &text, &len, NULL)
               ? sts_cached_parse((Bytes){text, len}, domain, now)
               : NULL;
}

bool sts_cache_write(const char *directory, const char *domain, const char *id, Bytes text,
                     int64_t now, GError **error)
{
    if (g_mkdir_with_parents(directory, 0700) != 0) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make the directory %s: %s",
                          directory, g_strerror(errno));
    }
    g_autoptr(GString) file = g_string_new(NULL);
    g_string_printf(file, MARK "\n%s\n%s\n%" G_GINT64_FORMAT "\n", domain, id, (gint64)now);
    g_string_append_len(file, text.data, (gssize)text.len);
    g_autofree char *path = path_of(directory, domain);
    return durable_replace(path, file->str, file->len, error);
}
