/* mime_show.c: one message: shown, taken apart, saved. */
#include "cmd/mime.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/escape.h"
#include "mime/text.h"
#include "report/mime_json.h"
#include "report/mime_text.h"

#define FLUSH_AT (64 * 1024)

/* --- output --- */

static void put(MimeOutput *out, const char *text)
{
    g_string_append(out->pending, text);
}

/* For people: escaped on a terminal. */
static void put_text(MimeOutput *out, Bytes text)
{
    if (out->to_terminal) {
        g_autofree char *shown = escape_text(text);
        g_string_append(out->pending, shown);
    } else {
        g_string_append_len(out->pending, text.data, (gssize)text.len);
    }
}

static bool write_out(MimeOutput *out, Bytes data, GError **error)
{
    while (data.len > 0 && !out->failed) {
        ssize_t n = write(STDOUT_FILENO, data.data, data.len);
        if (n < 0 && errno != EINTR) {
            out->failed = true;
            return error_fail(error, POSTERN_ERROR_IO, "cannot write to standard output: %s",
                              g_strerror(errno));
        }
        data = bytes_sub(data, n > 0 ? (size_t)n : 0, SIZE_MAX);
    }
    return true;
}

bool mime_flush(MimeOutput *out, GError **error)
{
    bool good = write_out(out, bytes_of_string(out->pending), error);
    g_string_truncate(out->pending, 0);
    return good;
}

static bool take_text(void *user, Bytes piece, GError **error)
{
    MimeOutput *out = user;
    put_text(out, piece);
    return !out->may_flush || out->pending->len < FLUSH_AT || mime_flush(out, error);
}

/* --- --json --- */

static bool hash_message(const MimeItem *item, char ret[65], GError **error)
{
    g_autofree char *buffer = g_malloc(FLUSH_AT);
    Digest *digest = digest_new(DIGEST_SHA256);
    uint8_t octets[DIGEST_MAX];
    bool good = true;
    for (uint64_t at = MAX(item->start, item->content); good && at < item->end;) {
        ssize_t n =
            pread(item->fd, buffer, (size_t)MIN((uint64_t)FLUSH_AT, item->end - at), (off_t)at);
        good = n > 0 || error_fail(error, POSTERN_ERROR_IO, "cannot read %s: %s", item->name,
                                   n < 0 ? g_strerror(errno) : "it has become shorter");
        digest_update(digest, (Bytes){buffer, n > 0 ? (size_t)n : 0});
        at += n > 0 ? (uint64_t)n : 0;
    }
    digest_finish(digest, octets);
    g_autofree char *hex = bytes_hex((Bytes){(char *)octets, digest_size(DIGEST_SHA256)});
    g_strlcpy(ret, hex, 65);
    return good;
}

static bool show_json(MimeShow *show, const MimeTree *tree, const MimeItem *item, GError **error)
{
    char sha256[65];
    if (!hash_message(item, sha256, error)) {
        return false;
    }
    MimeJsonFacts facts = {.file = item->name,
                           .sha256 = sha256,
                           .bytes = item->end - MAX(item->start, item->content),
                           .words = item->words};
    g_autofree char *line = mime_json(tree, &facts);
    put(show->out, line);
    return true;
}

/* --- --part --- */

/* "1.2" or "1.2#1". */
static const MimeNode *find_part(const MimeTree *tree, const char *section, unsigned *ret_file,
                                 GError **error)
{
    g_auto(GStrv) words = g_strsplit(section, "#", 2);
    const MimeNode *node = mime_tree_find(tree, words[0] ? words[0] : "");
    uint64_t number = 0;
    bool numbered = words[0] && words[1];
    bool good =
        node != NULL && (!numbered || bytes_number(bytes_of(words[1]), UINT32_MAX, &number));
    if (good && numbered) {
        good = node->files != NULL && number >= 1 && number <= node->files->len;
    }
    if (!good) {
        g_autofree char *shown = escape_line_max(bytes_of(section), 60);
        error_fail(error, POSTERN_ERROR_DATA,
                   "there is no part %s in this message (--tree shows which there are)", shown);
        return NULL;
    }
    *ret_file = (unsigned)number;
    return node;
}

static bool is_text(const MimeNode *node, unsigned file)
{
    return file == 0 && node->kind == MIME_LEAF && g_str_has_prefix(node->type, "text/");
}

static bool show_part(MimeShow *show, const MimeTree *tree, GError **error)
{
    unsigned file = 0;
    const MimeNode *node = find_part(tree, show->options->part, &file, error);
    if (node == NULL) {
        return false;
    }
    bool as_text = show->options->text || (show->out->to_terminal && !show->options->raw);
    if (as_text && is_text(node, file)) {
        show->out->may_flush = true;
        return mime_text_read(tree, node, take_text, show->out, error);
    }
    if (show->options->text || show->out->to_terminal) {
        g_autofree char *type = escape_line_max(bytes_of(file ? "a file" : node->type), 60);
        return error_fail(error, show->options->text ? POSTERN_ERROR_DATA : POSTERN_ERROR_USAGE,
                          "part %s is %s, nothing to be shown as text: write it to a file with > "
                          "FILE or --save=DIR",
                          show->options->part, type);
    }
    return mime_flush(show->out, error) &&
           save_to_fd(tree, node, file, show->options->raw, STDOUT_FILENO, error);
}

/* --- --save --- */

static bool save_one(MimeShow *show, const MimeTree *tree, const MimeNode *node, unsigned file,
                     GError **error)
{
    g_autofree char *name = NULL;
    uint64_t bytes;
    if (!save_node(show->save, tree, node, file, &name, &bytes, error)) {
        return false;
    }
    g_autofree char *path = g_build_filename(show->options->save, name, NULL);
    g_autofree char *shown = escape_line(bytes_of(path));
    g_autofree char *size = mime_text_octets(bytes);
    g_autofree char *section =
        file ? g_strdup_printf("%s#%u", node->path, file) : g_strdup(node->path);
    g_autofree char *line = g_strdup_printf("%s  part %s, %s\n", shown, section, size);
    put(show->out, line);
    return true;
}

static bool save_files(MimeShow *show, const MimeTree *tree, const MimeNode *node, GError **error)
{
    for (guint i = 0; node->files != NULL && i < node->files->len; i++) {
        const MimeFile *file = node->files->pdata[i];
        if (!save_one(show, tree, node, file->number, error)) {
            return false;
        }
    }
    return true;
}

/* Everything that is no text to be read; a message inside the message as a whole. */
static bool save_all(MimeShow *show, const MimeTree *tree, GError **error)
{
    unsigned inside = UINT_MAX; /* depth of the message that was saved as a whole */
    for (guint i = 0; i < tree->nodes->len; i++) {
        const MimeNode *node = tree->nodes->pdata[i];
        if (node->depth > inside || node->kind == MIME_MULTIPART) {
            continue;
        }
        inside = node->kind == MIME_MESSAGE ? node->depth : UINT_MAX;
        bool good = mime_node_is_body(node) ? save_files(show, tree, node, error)
                                            : save_one(show, tree, node, 0, error);
        if (!good) {
            return false;
        }
    }
    return true;
}

static bool save(MimeShow *show, const MimeTree *tree, GError **error)
{
    if (show->options->part == NULL) {
        return save_all(show, tree, error);
    }
    unsigned file = 0;
    const MimeNode *node = find_part(tree, show->options->part, &file, error);
    return node != NULL && save_one(show, tree, node, file, error);
}

/* --- for people --- */

static bool show_bodies(MimeShow *show, const MimeTree *tree, bool titled, GError **error)
{
    g_autoptr(GPtrArray) bodies = mime_text_bodies(tree);
    for (guint i = 0; i < bodies->len; i++) {
        const MimeNode *node = bodies->pdata[i];
        if (titled) {
            g_autofree char *type = escape_line_max(bytes_of(node->type), 60);
            g_autofree char *line = g_strdup_printf("\n--- part %s, %s\n", node->path, type);
            put(show->out, line);
        } else if (i > 0) {
            put(show->out, "\n");
        }
        if (!mime_text_read(tree, node, take_text, show->out, error)) {
            return false;
        }
        GString *pending = show->out->pending;
        if (pending->len > 0 && pending->str[pending->len - 1] != '\n') {
            put(show->out, "\n");
        }
    }
    return true;
}

static void show_title(MimeShow *show, const MimeItem *item)
{
    if (!show->single) {
        g_autofree char *name = escape_line(bytes_of(item->name));
        g_autofree char *size = mime_text_octets(item->end - item->start);
        g_autofree char *line = g_strdup_printf(
            "%s=== message %u, %s, %s\n", item->number > 1 ? "\n" : "", item->number, name, size);
        put(show->out, line);
    }
}

static void show_defects(MimeShow *show, const MimeTree *tree, const MimeItem *item)
{
    g_autofree char *defects = mime_text_defects(tree, item->words);
    put(show->out, defects);
}

static bool show_check(MimeShow *show, const MimeTree *tree, const MimeItem *item)
{
    show_title(show, item);
    bool broken = tree->defects->len > 0;
    show->broken = show->broken || broken;
    show_defects(show, tree, item);
    if (!broken) {
        put(show->out, "nothing is broken\n");
    }
    return true;
}

static bool show_whole(MimeShow *show, const MimeTree *tree, const MimeItem *item, GError **error)
{
    const MimeOptions *o = show->options;
    bool chosen = o->headers || o->tree || o->text;
    show_title(show, item);
    if (o->headers || !chosen) {
        g_autofree char *headers = mime_text_headers(tree, o->headers);
        put(show->out, headers);
        put(show->out, *headers && (o->tree || o->text || !chosen) ? "\n" : "");
    }
    if (o->tree || !chosen) {
        g_autofree char *text = mime_text_tree(tree);
        put(show->out, text);
        show_defects(show, tree, item);
        put(show->out, o->text ? "\n" : "");
    }
    if (o->text || (!chosen && show->single)) {
        return show_bodies(show, tree, !o->text, error);
    }
    return true;
}

bool mime_show(MimeShow *show, const MimeItem *item, GError **error)
{
    const MimeOptions *o = show->options;
    MimeWish wish = {.hash = o->json, .check = o->json || o->check};
    g_autoptr(MimeTree) tree = mime_tree_parse(item->fd, item->start, item->end, &wish, error);
    if (tree == NULL) {
        return false;
    }
    if (o->json) {
        return show_json(show, tree, item, error);
    }
    if (o->check) {
        return show_check(show, tree, item);
    }
    if (o->save != NULL) {
        return save(show, tree, error);
    }
    return o->part ? show_part(show, tree, error) : show_whole(show, tree, item, error);
}
