/* imapd_section.c: sections of messages. */
#include "server/imapd_section.h"

#include <string.h>

const MimeParts *imap_message_tree(ImapMessage *message)
{
    if (!message->tree) {
        message->tree = mime_walk(message->text);
    }
    return message->tree;
}

void imap_message_clear(ImapMessage *message)
{
    g_clear_pointer(&message->tree, mime_parts_free);
}

static bool is_named(const ImapSection *s, Bytes name)
{
    for (guint i = 0; i < s->fields->len; i++) {
        if (bytes_equal_ci(name, s->fields->pdata[i])) {
            return true;
        }
    }
    return false;
}

/* The fields that are named (or are not), as they stand, and the blank line. */
static GString *pick_fields(Bytes header, const ImapSection *s)
{
    GString *out = g_string_new(NULL);
    Bytes whole, name, value;
    bool wanted = s->kind == IMAP_SECTION_FIELDS;
    while (mime_field_next(&header, &whole, &name, &value)) {
        if (is_named(s, name) == wanted) {
            g_string_append_len(out, whole.data, (gssize)whole.len);
        }
    }
    g_string_append(out, "\r\n");
    return out;
}

/* Header and body of the message that the path names, or of the whole. */
static bool find_message(ImapMessage *m, const ImapSection *s, Bytes *ret_header, Bytes *ret_body)
{
    if (s->depth == 0) {
        *ret_header = mime_header_of(m->text);
        *ret_body = bytes_sub(m->text, ret_header->len, SIZE_MAX);
        return true;
    }
    const MimeParts *tree = imap_message_tree(m);
    uint32_t place = mime_find(tree, s->path, s->depth);
    const MimePart *part = place == MIME_NO_PART ? NULL : mime_part(tree, place);
    if (!part || part->kind != MIME_MESSAGE) {
        return false;
    }
    const MimePart *within = mime_part(tree, part->first);
    *ret_header = mime_part_header(tree, within);
    *ret_body = mime_part_body(tree, within);
    return true;
}

/* A part as it stands, or its MIME header. */
static bool find_part(ImapMessage *m, const ImapSection *s, Bytes *ret)
{
    if (s->depth == 0) {
        *ret = m->text;
        return true;
    }
    const MimeParts *tree = imap_message_tree(m);
    uint32_t place = mime_find(tree, s->path, s->depth);
    if (place == MIME_NO_PART) {
        return false;
    }
    const MimePart *part = mime_part(tree, place);
    *ret = s->kind == IMAP_SECTION_MIME ? mime_part_header(tree, part) : mime_part_body(tree, part);
    return true;
}

static bool find_octets(ImapMessage *m, const ImapSection *s, Bytes *ret, GString **ret_own)
{
    Bytes header, body;
    if (s->kind == IMAP_SECTION_ALL || s->kind == IMAP_SECTION_MIME) {
        return find_part(m, s, ret);
    }
    if (!find_message(m, s, &header, &body)) {
        return false;
    }
    if (s->fields) {
        *ret_own = pick_fields(header, s);
        *ret = bytes_of_string(*ret_own);
    } else {
        *ret = s->kind == IMAP_SECTION_HEADER ? header : body;
    }
    return true;
}

bool imap_section(ImapMessage *message, const ImapFetchItem *item, Bytes *ret, GString **ret_own)
{
    *ret_own = NULL;
    if (!find_octets(message, &item->section, ret, ret_own)) {
        return false;
    }
    if (item->partial) {
        *ret = bytes_sub(*ret, item->offset, item->count);
    }
    return true;
}
