#include "proto/imap_set.h"

#include <string.h>

ImapSet *imap_set_new(void)
{
    ImapSet *set = g_new0(ImapSet, 1);
    set->ranges = g_array_new(FALSE, FALSE, sizeof(ImapRange));
    return set;
}

void imap_set_free(ImapSet *set)
{
    if (set) {
        g_array_unref(set->ranges);
        g_free(set);
    }
}

static ImapRange *at(const ImapSet *set, guint i)
{
    return &g_array_index(set->ranges, ImapRange, i);
}

void imap_set_add(ImapSet *set, uint32_t uid)
{
    ImapRange *last = set->ranges->len ? at(set, set->ranges->len - 1) : NULL;
    if (last && last->last != UINT32_MAX && last->last + 1 == uid) {
        last->last = uid;
    } else if (!last || last->last != uid) {
        g_array_append_vals(set->ranges, &(ImapRange){uid, uid}, 1);
    }
}

static bool number(Bytes text, uint32_t *ret)
{
    uint64_t value;
    bool ok = bytes_number(text, UINT32_MAX, &value) && value > 0;
    *ret = ok ? (uint32_t)value : 0;
    return ok;
}

static bool parse_range(Bytes text, ImapRange *ret)
{
    gssize colon = bytes_index(text, ':');
    Bytes one = bytes_sub(text, 0, colon < 0 ? text.len : (size_t)colon);
    Bytes other = colon < 0 ? one : bytes_sub(text, (size_t)colon + 1, text.len);
    uint32_t a, b;
    if (!number(one, &a) || !number(other, &b)) {
        return false;
    }
    *ret = (ImapRange){MIN(a, b), MAX(a, b)};
    return true;
}

bool imap_set_parse(ImapSet *set, Bytes text, size_t max)
{
    while (true) {
        ImapRange range;
        gssize comma = bytes_index(text, ',');
        Bytes part = bytes_sub(text, 0, comma < 0 ? text.len : (size_t)comma);
        if (set->ranges->len >= max || !parse_range(part, &range)) {
            return false;
        }
        g_array_append_val(set->ranges, range);
        if (comma < 0) {
            return true;
        }
        text = bytes_sub(text, (size_t)comma + 1, text.len);
    }
}

static int by_first(const void *a, const void *b)
{
    const ImapRange *one = a, *other = b;
    return (one->first > other->first) - (one->first < other->first);
}

void imap_set_tidy(ImapSet *set)
{
    guint kept = 0;
    g_array_sort(set->ranges, by_first);
    for (guint i = 0; i < set->ranges->len; i++) {
        ImapRange range = *at(set, i);
        ImapRange *last = kept ? at(set, kept - 1) : NULL;
        if (last && (uint64_t)last->last + 1 >= range.first) {
            last->last = MAX(last->last, range.last);
        } else {
            *at(set, kept++) = range;
        }
    }
    g_array_set_size(set->ranges, kept);
}

bool imap_set_has(const ImapSet *set, uint32_t uid)
{
    guint low = 0, high = set->ranges->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        const ImapRange *range = at(set, middle);
        if (uid < range->first) {
            high = middle;
        } else if (uid > range->last) {
            low = middle + 1;
        } else {
            return true;
        }
    }
    return false;
}

uint64_t imap_set_count(const ImapSet *set)
{
    uint64_t count = 0;
    for (guint i = 0; i < set->ranges->len; i++) {
        count += (uint64_t)at(set, i)->last - at(set, i)->first + 1;
    }
    return count;
}

char *imap_set_text(const ImapSet *set, size_t *from, size_t max_len)
{
    GString *text = g_string_new(NULL);
    for (; *from < set->ranges->len; ++*from) {
        const ImapRange *range = at(set, (guint)*from);
        char part[32];
        int len = range->first == range->last
                      ? g_snprintf(part, sizeof part, "%u", range->first)
                      : g_snprintf(part, sizeof part, "%u:%u", range->first, range->last);
        if (text->len && text->len + 1 + (size_t)len > max_len) {
            break;
        }
        g_string_append_printf(text, "%s%s", text->len ? "," : "", part);
    }
    return text->len ? g_string_free(text, FALSE) : (g_string_free(text, TRUE), NULL);
}
