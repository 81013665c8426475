/* mime_walk.c: the parts of a message, by offsets. */
#include "server/mime_walk.h"

#include <string.h>

static void part_clear(gpointer data)
{
    g_free(((MimePart *)data)->boundary);
}

static MimePart *at(const MimeParts *tree, uint32_t place)
{
    return &g_array_index(tree->parts, MimePart, place);
}

const MimePart *mime_part(const MimeParts *tree, uint32_t place)
{
    return at(tree, place);
}

static size_t line_end(Bytes text, size_t from)
{
    const char *end = from < text.len ? memchr(text.data + from, '\n', text.len - from) : NULL;
    return end ? (size_t)(end + 1 - text.data) : text.len;
}

static bool is_empty_line(Bytes text, size_t from, size_t end)
{
    return end > from && text.data[end - 1] == '\n' &&
           (end - from == 1 || (end - from == 2 && text.data[from] == '\r'));
}

/* --- growing the tree --- */

/* A new part that begins at `header`, the last child of its parent. */
static uint32_t add_part(MimeParts *tree, uint32_t parent, size_t header)
{
    uint32_t place = tree->parts->len;
    MimePart part = {.header = header,
                     .body = tree->text.len,
                     .end = tree->text.len,
                     .parent = parent,
                     .first = MIME_NO_PART,
                     .last = MIME_NO_PART,
                     .next = MIME_NO_PART};
    if (parent != MIME_NO_PART) {
        part.depth = at(tree, parent)->depth + 1;
        MimePart *above = at(tree, parent);
        *(above->last == MIME_NO_PART ? &above->first : &at(tree, above->last)->next) = place;
        above->last = place;
    }
    g_array_append_val(tree->parts, part);
    return place;
}

void mime_part_type(const MimeParts *tree, const MimePart *part, MimeContent *ret)
{
    Bytes value;
    if (mime_field(mime_part_header(tree, part), "Content-Type", &value) &&
        mime_content_parse(value, true, ret)) {
        return;
    }
    bool in_digest = part->parent != MIME_NO_PART && at(tree, part->parent)->digest;
    Bytes usual =
        in_digest ? BYTES_LITERAL("message/rfc822") : BYTES_LITERAL("text/plain; charset=us-ascii");
    mime_content_parse(usual, true, ret);
}

/* The header is complete: what is it? */
static void classify(MimeParts *tree, uint32_t place)
{
    MimePart *part = at(tree, place);
    MimeContent type;
    if (part->depth >= MIME_DEPTH_MAX || tree->parts->len >= MIME_PARTS_MAX) {
        return;
    }
    mime_part_type(tree, part, &type);
    const char *boundary = mime_content_param(&type, "boundary");
    if (g_ascii_strcasecmp(type.type, "multipart") == 0 && boundary && *boundary) {
        part->kind = MIME_MULTIPART;
        part->boundary = g_strdup(boundary);
        part->digest = g_ascii_strcasecmp(type.subtype, "digest") == 0;
    } else if (g_ascii_strcasecmp(type.type, "message") == 0 &&
               g_ascii_strcasecmp(type.subtype, "rfc822") == 0) {
        part->kind = MIME_MESSAGE;
    }
    mime_content_clear(&type);
}

/* All from `place` up to, but without, `top` end where the line at `start` begins: its CRLF is the
 * boundary's. */
static void close_parts(MimeParts *tree, uint32_t place, uint32_t top, size_t start)
{
    size_t end = start;
    end -= end > 0 && tree->text.data[end - 1] == '\n';
    end -= end > 0 && end < start && tree->text.data[end - 1] == '\r';
    for (; place != top; place = at(tree, place)->parent) {
        MimePart *part = at(tree, place);
        part->body = MIN(part->body, start);
        part->end = MAX(part->body, end);
    }
}

/* --- boundaries --- */

/* The multipart above `place`, or itself, whose boundary the line is. */
static uint32_t find_boundary(const MimeParts *tree, uint32_t place, Bytes line, bool *ret_last)
{
    line = bytes_trim(line);
    for (; place != MIME_NO_PART; place = at(tree, place)->parent) {
        const char *boundary = at(tree, place)->boundary;
        size_t len = boundary ? strlen(boundary) : 0;
        if (!boundary || line.len < 2 + len || memcmp(line.data + 2, boundary, len) != 0) {
            continue;
        }
        Bytes rest = bytes_sub(line, 2 + len, SIZE_MAX);
        *ret_last = bytes_equal(rest, BYTES_LITERAL("--"));
        if (rest.len == 0 || *ret_last) {
            return place;
        }
    }
    return MIME_NO_PART;
}

/* Where the next line that begins with "--" does, from the beginning of one on. */
static size_t next_dashes(Bytes text, size_t from)
{
    if (bytes_starts(bytes_sub(text, from, 2), "--")) {
        return from;
    }
    const char *found =
        from < text.len ? memmem(text.data + from, text.len - from, "\n--", 3) : NULL;
    return found ? (size_t)(found + 1 - text.data) : text.len;
}

/* --- the pass --- */

typedef struct {
    MimeParts *tree;
    uint32_t place; /* the part in which we are */
    bool in_header;
    size_t from;
} Walk;

/* The line at w->from begins with "--": does it end something? */
static bool take_boundary(Walk *w, size_t end)
{
    bool last = false;
    Bytes line = bytes_sub(w->tree->text, w->from, end - w->from);
    uint32_t owner = find_boundary(w->tree, w->place, line, &last);
    if (owner == MIME_NO_PART) {
        return false;
    }
    close_parts(w->tree, w->place, owner, w->from);
    if (last || w->tree->parts->len >= MIME_PARTS_MAX) {
        /* What follows is epilogue: only boundaries further up count. */
        g_clear_pointer(&at(w->tree, owner)->boundary, g_free);
        w->place = owner;
        w->in_header = false;
    } else {
        w->place = add_part(w->tree, owner, end);
        w->in_header = true;
    }
    return true;
}

static void end_header(Walk *w, size_t end)
{
    MimePart *part = at(w->tree, w->place);
    part->body = end;
    w->in_header = false;
    classify(w->tree, w->place);
    if (at(w->tree, w->place)->kind == MIME_MESSAGE) {
        w->place = add_part(w->tree, w->place, end);
        w->in_header = true;
    }
}

MimeParts *mime_walk(Bytes text)
{
    MimeParts *tree = g_new0(MimeParts, 1);
    tree->text = text;
    tree->parts = g_array_new(FALSE, FALSE, sizeof(MimePart));
    g_array_set_clear_func(tree->parts, part_clear);
    Walk w = {tree, add_part(tree, MIME_NO_PART, 0), true, 0};
    while (w.from < text.len) {
        w.from = w.in_header ? w.from : next_dashes(text, w.from);
        size_t end = line_end(text, w.from);
        bool dashes = bytes_starts(bytes_sub(text, w.from, 2), "--");
        bool taken = dashes && take_boundary(&w, end);
        if (!taken && w.in_header && is_empty_line(text, w.from, end)) {
            end_header(&w, end);
        }
        w.from = end;
    }
    if (w.in_header) { /* there was no blank line: it may still be a message, an empty one */
        end_header(&w, text.len);
    }
    return tree;
}

void mime_parts_free(MimeParts *tree)
{
    if (tree) {
        g_array_unref(tree->parts);
        g_free(tree);
    }
}

/* --- looking --- */

Bytes mime_part_header(const MimeParts *tree, const MimePart *part)
{
    return bytes_sub(tree->text, part->header, part->body - part->header);
}

Bytes mime_part_body(const MimeParts *tree, const MimePart *part)
{
    return bytes_sub(tree->text, part->body, part->end - part->body);
}

Bytes mime_header_of(Bytes text)
{
    size_t from = 0;
    while (from < text.len) {
        size_t end = line_end(text, from);
        if (is_empty_line(text, from, end)) {
            return bytes_sub(text, 0, end);
        }
        from = end;
    }
    return text;
}

/* The n-th of what lies in a part: a message that is no multipart has itself as its only part. */
static uint32_t nth_child(const MimeParts *tree, uint32_t place, uint32_t n)
{
    if (at(tree, place)->kind == MIME_MESSAGE) {
        place = at(tree, place)->first;
    }
    if (place == MIME_NO_PART) {
        return MIME_NO_PART;
    }
    if (at(tree, place)->kind != MIME_MULTIPART) {
        return n == 1 ? place : MIME_NO_PART;
    }
    uint32_t child = at(tree, place)->first;
    while (child != MIME_NO_PART && --n > 0) {
        child = at(tree, child)->next;
    }
    return child;
}

uint32_t mime_find(const MimeParts *tree, const uint32_t *path, unsigned depth)
{
    uint32_t place = 0;
    for (unsigned i = 0; i < depth && place != MIME_NO_PART; i++) {
        const MimePart *part = at(tree, place);
        /* A leaf has no parts; only a message as a whole has itself as its first. */
        bool whole = i == 0 || part->kind != MIME_LEAF;
        /* The root may be message/rfc822 itself: then it is the only part of itself. */
        bool root_message = i == 0 && part->kind == MIME_MESSAGE;
        place = !whole         ? MIME_NO_PART
                : root_message ? (path[0] == 1 ? place : MIME_NO_PART)
                               : nth_child(tree, place, path[i]);
    }
    return place;
}
