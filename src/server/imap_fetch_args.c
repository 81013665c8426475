/* imap_fetch_args.c: the items of FETCH. */
#include "server/imap_fetch_args.h"

#include <string.h>

static void item_clear(gpointer data)
{
    g_clear_pointer(&((ImapFetchItem *)data)->section.fields, g_ptr_array_unref);
}

/* --- sections --- */

static bool scan_fields(Bytes *in, ImapSection *s)
{
    if (!imap_scan_space(in) || !imap_scan_char(in, '(')) {
        return false;
    }
    s->fields = g_ptr_array_new_with_free_func(g_free);
    do {
        g_autofree char *name = imap_scan_astring(in, false);
        if (!name || s->fields->len >= IMAP_FIELDS_MAX) {
            return false;
        }
        g_ptr_array_add(s->fields, g_ascii_strup(name, -1));
    } while (imap_scan_space(in));
    return imap_scan_char(in, ')');
}

/* "1.2." or "1.2" at the front; *ret_more: a word must follow. */
static bool scan_path(Bytes *in, ImapSection *s, bool *ret_more)
{
    *ret_more = false;
    while (in->len && g_ascii_isdigit(in->data[0])) {
        uint64_t n;
        if (s->depth >= IMAP_SECTION_DEPTH || !imap_scan_number(in, G_MAXUINT32, &n) || n == 0) {
            return false;
        }
        s->path[s->depth++] = (uint32_t)n;
        *ret_more = imap_scan_char(in, '.');
        if (!*ret_more) {
            return true;
        }
    }
    return true;
}

static bool scan_section(Bytes *in, ImapSection *s)
{
    static const struct {
        const char *word;
        ImapSectionKind kind;
    } kinds[] = {{"HEADER", IMAP_SECTION_HEADER},
                 {"HEADER.FIELDS", IMAP_SECTION_FIELDS},
                 {"HEADER.FIELDS.NOT", IMAP_SECTION_FIELDS_NOT},
                 {"TEXT", IMAP_SECTION_TEXT},
                 {"MIME", IMAP_SECTION_MIME}};
    bool more;
    if (!scan_path(in, s, &more)) {
        return false;
    }
    if (in->len && in->data[0] == ']') {
        return !more;
    }
    if (s->depth && !more) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (imap_scan_word(in, kinds[i].word)) {
            s->kind = kinds[i].kind;
            bool fields = s->kind == IMAP_SECTION_FIELDS || s->kind == IMAP_SECTION_FIELDS_NOT;
            return (!fields || scan_fields(in, s)) && (s->kind != IMAP_SECTION_MIME || s->depth);
        }
    }
    return false;
}

static bool scan_partial(Bytes *in, ImapFetchItem *item)
{
    uint64_t offset, count;
    if (!imap_scan_char(in, '<')) {
        return true;
    }
    if (!imap_scan_number(in, G_MAXUINT32, &offset) || !imap_scan_char(in, '.') ||
        !imap_scan_number(in, G_MAXUINT32, &count) || count == 0 || !imap_scan_char(in, '>')) {
        return false;
    }
    item->partial = true;
    item->offset = (uint32_t)offset;
    item->count = (uint32_t)count;
    return true;
}

/* --- items --- */

/* "[" is an atom's character, so a word ends before it here. */
static Bytes scan_name(Bytes *in)
{
    size_t n = 0;
    while (n < in->len && (g_ascii_isalnum(in->data[n]) || in->data[n] == '.')) {
        n++;
    }
    Bytes name = bytes_sub(*in, 0, n);
    *in = bytes_sub(*in, n, SIZE_MAX);
    return name;
}

static const struct {
    const char *name;
    ImapFetchItem item;
} items[] = {
    {"UID", {.kind = IMAP_FETCH_UID}},
    {"FLAGS", {.kind = IMAP_FETCH_FLAGS}},
    {"INTERNALDATE", {.kind = IMAP_FETCH_INTERNALDATE}},
    {"RFC822.SIZE", {.kind = IMAP_FETCH_SIZE}},
    {"ENVELOPE", {.kind = IMAP_FETCH_ENVELOPE}},
    {"BODY", {.kind = IMAP_FETCH_BODY}},
    {"BODYSTRUCTURE", {.kind = IMAP_FETCH_BODYSTRUCTURE}},
    {"RFC822", {.kind = IMAP_FETCH_SECTION, .label = "RFC822"}},
    {"RFC822.HEADER",
     {.kind = IMAP_FETCH_SECTION,
      .label = "RFC822.HEADER",
      .peek = true,
      .section = {.kind = IMAP_SECTION_HEADER}}},
    {"RFC822.TEXT",
     {.kind = IMAP_FETCH_SECTION, .label = "RFC822.TEXT", .section = {.kind = IMAP_SECTION_TEXT}}},
};

static bool scan_item(Bytes *in, GArray *out)
{
    Bytes name = scan_name(in);
    if (out->len >= IMAP_ITEMS_MAX) {
        return false;
    }
    if (imap_scan_char(in, '[')) {
        ImapFetchItem item = {.kind = IMAP_FETCH_SECTION,
                              .peek = bytes_equal_ci(name, "BODY.PEEK")};
        bool good = (item.peek || bytes_equal_ci(name, "BODY")) &&
                    scan_section(in, &item.section) && imap_scan_char(in, ']') &&
                    scan_partial(in, &item);
        g_array_append_val(out, item);
        return good;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(items); i++) {
        if (bytes_equal_ci(name, items[i].name)) {
            g_array_append_val(out, items[i].item);
            return true;
        }
    }
    return false;
}

static bool scan_macro(Bytes *in, GArray *out)
{
    static const struct {
        const char *name;
        unsigned items; /* how many of all_items it has */
    } macros[] = {{"FAST", 3}, {"ALL", 4}, {"FULL", 5}};
    static const ImapFetchKind all_items[] = {IMAP_FETCH_FLAGS, IMAP_FETCH_INTERNALDATE,
                                              IMAP_FETCH_SIZE, IMAP_FETCH_ENVELOPE,
                                              IMAP_FETCH_BODY};
    for (size_t i = 0; i < G_N_ELEMENTS(macros); i++) {
        for (unsigned j = 0; bytes_equal_ci(*in, macros[i].name) && j < macros[i].items; j++) {
            const ImapFetchItem item = {.kind = all_items[j]};
            g_array_append_val(out, item);
        }
    }
    return out->len > 0;
}

static bool scan_list(Bytes *in, GArray *out)
{
    if (!imap_scan_char(in, '(')) {
        return scan_item(in, out) && in->len == 0;
    }
    do {
        if (!scan_item(in, out)) {
            return false;
        }
    } while (imap_scan_space(in));
    return imap_scan_char(in, ')') && in->len == 0;
}

GArray *imap_parse_fetch_items(Bytes in)
{
    g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(ImapFetchItem));
    g_array_set_clear_func(out, item_clear);
    return scan_macro(&in, out) || scan_list(&in, out) ? g_steal_pointer(&out) : NULL;
}

char *imap_fetch_label(const ImapFetchItem *item)
{
    static const char *const words[] = {"",     "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT",
                                        "TEXT", "MIME"};
    if (item->label) {
        return g_strdup(item->label);
    }
    const ImapSection *s = &item->section;
    GString *out = g_string_new("BODY[");
    for (unsigned i = 0; i < s->depth; i++) {
        g_string_append_printf(out, "%s%u", i ? "." : "", s->path[i]);
    }
    g_string_append_printf(out, "%s%s", s->depth && s->kind ? "." : "", words[s->kind]);
    for (guint i = 0; s->fields && i < s->fields->len; i++) {
        const char *name = s->fields->pdata[i];
        bool atom = *name && !strpbrk(name, "(){%*\"\\] ");
        g_string_append(out, i ? " " : " (");
        g_string_append_printf(out, atom ? "%s" : "\"%s\"", name);
    }
    g_string_append(out, s->fields ? ")]" : "]");
    if (item->partial) {
        g_string_append_printf(out, "<%u>", item->offset);
    }
    return g_string_free(out, FALSE);
}
