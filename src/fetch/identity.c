/* identity.c: ids of messages, and the markers made of them. */
#include "fetch/identity.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"

/* "UIDL/SIZE" -> how many of it there were. Blanks are in no UIDL (RFC 1939 section 7), but "/" and
 * "#" may be: what is appended is cut off again from behind. */
static const char *numbered(GHashTable *counts, const SourceMessage *m, GStringChunk *texts)
{
    g_autofree char *base = g_strdup_printf("%s/%" G_GUINT64_FORMAT, m->uidl, m->size);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(counts, base)) + 1;
    g_autofree char *id = g_strdup_printf("%s#%u", base, n);
    g_hash_table_insert(counts, g_steal_pointer(&base), GUINT_TO_POINTER(n));
    return g_string_chunk_insert(texts, id);
}

const char **identity_pop3(const SourceListing *listing, GStringChunk *texts)
{
    const char **ids = g_new0(const char *, listing->messages->len + 1);
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < listing->messages->len; i++) {
        const SourceMessage *m = &g_array_index(listing->messages, SourceMessage, i);
        const char *uidl = m->uidl != NULL ? m->uidl : "";
        ids[i] = m->ambiguous ? numbered(counts, m, texts) : uidl;
    }
    return ids;
}

char *identity_alone(const char *id, uint64_t *ret_size)
{
    const char *number = strrchr(id, '#');
    if (number == NULL || strcmp(number, "#1") != 0) {
        return NULL;
    }
    const char *slash = g_strrstr_len(id, number - id, "/");
    if (slash == NULL ||
        !bytes_number((Bytes){slash + 1, (size_t)(number - slash - 1)}, UINT64_MAX, ret_size)) {
        return NULL;
    }
    return g_strndup(id, (gsize)(slash - id));
}

void identity_marker(const char *account, const char *folder, uint32_t validity, uint32_t uid,
                     const char *id, int64_t again, char ret[MAILDIR_MARKER_LENGTH + 1])
{
    /* NUL stands between the parts: none of them has one. */
    g_autoptr(GByteArray) all = g_byte_array_new();
    char numbers[80];
    int len = g_snprintf(numbers, sizeof(numbers), "%u/%u/%" G_GINT64_FORMAT, validity,
                         id != NULL ? 0 : uid, again);
    g_byte_array_append(all, (const guint8 *)account, (guint)strlen(account) + 1);
    g_byte_array_append(all, (const guint8 *)folder, (guint)strlen(folder) + 1);
    g_byte_array_append(all, (const guint8 *)numbers, (guint)len + 1);
    if (id != NULL) {
        g_byte_array_append(all, (const guint8 *)id, (guint)strlen(id));
    }
    uint8_t digest[DIGEST_MAX];
    digest_compute(DIGEST_SHA256, bytes_of_array(all), digest);
    g_autofree char *hex = bytes_hex((Bytes){(const char *)digest, MAILDIR_MARKER_LENGTH / 2});
    memcpy(ret, hex, MAILDIR_MARKER_LENGTH + 1);
}
