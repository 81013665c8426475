/* tree.c: GMime's objects as a flat list of nodes. */
#include "mime/tree.h"

#include <string.h>

#include "base/digest.h"
#include "mime/defects.h"
#include "mime/embedded.h"
#include "mime/notes.h"

enum { DEFECTS_MAX = 50, FILES_MAX = 1000, BEGINNING = 512 };

static void node_free(gpointer p)
{
    MimeNode *node = p;
    g_free(node->path);
    g_free(node->type);
    g_free(node->charset);
    g_free(node->cte);
    g_free(node->disposition);
    g_free(node->filename);
    g_free(node->note);
    g_clear_pointer(&node->files, g_ptr_array_unref);
    g_free(node);
}

static void header_free(gpointer p)
{
    MimeHeader *header = p;
    g_free(header->name);
    g_free(header->value);
    g_free(header);
}

static void file_free(gpointer p)
{
    MimeFile *file = p;
    g_free(file->name);
    g_free(file->problem);
    g_free(file);
}

void mime_tree_free(MimeTree *tree)
{
    if (tree != NULL) {
        if (tree->message != NULL) {
            tree->g->g_object_unref(tree->message);
        }
        g_ptr_array_unref(tree->nodes);
        g_ptr_array_unref(tree->headers);
        g_ptr_array_unref(tree->defects);
        g_free(tree);
    }
}

void mime_tree_add_defect(MimeTree *tree, char *text)
{
    bool known = false;
    for (guint i = 0; i < tree->defects->len; i++) {
        known = known || strcmp(tree->defects->pdata[i], text) == 0;
    }
    if (known || tree->defects->len >= DEFECTS_MAX) {
        tree->defects_untold += known ? 0 : 1;
        g_free(text);
    } else {
        g_ptr_array_add(tree->defects, text);
    }
}

/* --- leaves --- */

typedef struct {
    MimeTree *tree;
    MimeNode *node;
    Digest *digest;     /* or NULL */
    EmbeddedScan *scan; /* or NULL */
} LeafReading;

static void take_file(void *user, const EmbeddedFile *found, Bytes piece)
{
    (void)piece;
    LeafReading *reading = user;
    MimeNode *node = reading->node;
    if (!found->ended || (node->files != NULL && node->files->len >= FILES_MAX)) {
        return;
    }
    if (node->files == NULL) {
        node->files = g_ptr_array_new_with_free_func(file_free);
    }
    MimeFile *file = g_new0(MimeFile, 1);
    *file = (MimeFile){.number = found->number,
                       .encoding = embedded_word(found->kind),
                       .name = g_utf8_make_valid(found->name, -1),
                       .bytes = found->bytes,
                       .problem = g_strdup(found->problem)};
    g_ptr_array_add(node->files, file);
}

static bool take_content(void *user, Bytes piece, GError **error)
{
    (void)error;
    LeafReading *reading = user;
    MimeNode *node = reading->node;
    if (node->bytes == 0 && reading->scan != NULL && node->note == NULL) {
        node->note = g_strdup(notes_of_text(bytes_sub(piece, 0, BEGINNING)));
    }
    node->bytes += piece.len;
    if (reading->digest != NULL) {
        digest_update(reading->digest, piece);
    }
    if (reading->scan != NULL) {
        embedded_feed(reading->scan, piece);
    }
    return true;
}

static bool read_leaf(MimeTree *tree, MimeNode *node, const MimeWish *wish, GError **error)
{
    LeafReading reading = {.tree = tree, .node = node};
    bool is_text = strcmp(node->type, "text/plain") == 0;
    if (!is_text && !wish->hash && content_is_plain(tree->g, node->object)) {
        node->bytes = content_raw_size(tree->g, node->object);
    }
    if (is_text || wish->hash || node->bytes == 0) {
        reading.digest = wish->hash ? digest_new(DIGEST_SHA256) : NULL;
        reading.scan = is_text ? embedded_new(take_file, &reading) : NULL;
        bool good = content_read(tree->g, node->object, true, take_content, &reading, error);
        if (reading.scan != NULL) {
            embedded_end(reading.scan);
            embedded_free(reading.scan);
        }
        if (reading.digest != NULL) {
            uint8_t octets[DIGEST_MAX];
            digest_finish(reading.digest, octets);
            g_autofree char *hex = bytes_hex((Bytes){(char *)octets, digest_size(DIGEST_SHA256)});
            g_strlcpy(node->sha256, hex, sizeof node->sha256);
        }
        if (!good) {
            return false;
        }
    }
    return !wish->check || defects_check_leaf(tree, node, error);
}

/* --- nodes --- */

/* The first word, lower-case: "Base64 (of course)" is base64. */
static char *token(const char *value, const char *otherwise)
{
    Bytes word = bytes_trim(bytes_of(value));
    word = bytes_sub(word, 0, strcspn(value ? value : "", ";("));
    word = bytes_trim(bytes_sub(word, 0, strcspn(word.len ? word.data : "", " \t\r\n;(")));
    g_autofree char *text = bytes_dup(word);
    return *text ? g_ascii_strdown(text, -1) : g_strdup(otherwise);
}

/* "Content-Type: text" is none, and what has none is text/plain (RFC 2045 section 5.2). */
static char *type_of(const Gmime *g, GMimeObject *object)
{
    GMimeContentType *type = object ? g->g_mime_object_get_content_type(object) : NULL;
    const char *said = object ? g->g_mime_object_get_header(object, "Content-Type") : NULL;
    if (type == NULL || (said != NULL && strchr(said, '/') == NULL)) {
        return g_strdup("text/plain");
    }
    g_autofree char *text = g->g_mime_content_type_get_mime_type(type);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return g_ascii_strdown(valid, -1);
}

static char *valid_or_null(const char *text)
{
    return text != NULL ? g_utf8_make_valid(text, -1) : NULL;
}

static char *filename_of(const Gmime *g, GMimeObject *object)
{
    const char *name = g->g_mime_object_get_content_disposition_parameter(object, "filename");
    if (name == NULL) {
        name = g->g_mime_object_get_content_type_parameter(object, "name");
    }
    return valid_or_null(name);
}

static MimeNode *new_node(const Gmime *g, GMimeObject *object, char *path, unsigned depth)
{
    MimeNode *node = g_new0(MimeNode, 1);
    node->path = path;
    node->depth = depth;
    node->object = object;
    node->type = type_of(g, object);
    if (object == NULL) {
        node->cte = g_strdup("7bit");
        return node;
    }
    const char *cte = g->g_mime_object_get_header(object, "Content-Transfer-Encoding");
    g_autofree char *valid_cte = valid_or_null(cte);
    node->cte = token(valid_cte, "7bit");
    node->charset = valid_or_null(g->g_mime_object_get_content_type_parameter(object, "charset"));
    g_autofree char *disposition = valid_or_null(g->g_mime_object_get_disposition(object));
    node->disposition = disposition ? token(disposition, NULL) : NULL;
    node->filename = filename_of(g, object);
    node->note = notes_of_part(g, node->type, node->filename, object);
    return node;
}

typedef struct {
    MimeTree *tree;
    const MimeWish *wish;
    GError **error;
} Walk;

static bool walk(Walk *w, GMimeObject *object, const char *path, unsigned depth, bool last);

static char *below(const char *path, int number)
{
    return *path ? g_strdup_printf("%s.%d", path, number) : g_strdup_printf("%d", number);
}

static bool walk_multipart(Walk *w, MimeNode *node, int count)
{
    const Gmime *g = w->tree->g;
    node->kind = MIME_MULTIPART;
    for (int i = 0; i < count; i++) {
        GMimeObject *child = g->g_mime_multipart_get_part((GMimeMultipart *)node->object, i);
        g_autofree char *path = below(node->path, i + 1);
        if (!walk(w, child, path, node->depth + 1, i + 1 == count)) {
            return false;
        }
    }
    return true;
}

static bool is_multipart(const Gmime *g, GMimeObject *object)
{
    return gmime_is(g, object, g->g_mime_multipart_get_type()) &&
           g->g_mime_multipart_get_count((GMimeMultipart *)object) > 0;
}

/* The body of a message at `path` ("" for the outermost): a multipart has the message's own number,
 * anything else is its part 1 (RFC 3501 section 6.4.5). */
static bool walk_body(Walk *w, GMimeMessage *message, const char *path, unsigned depth)
{
    const Gmime *g = w->tree->g;
    GMimeObject *body = g->g_mime_message_get_mime_part(message);
    g_autofree char *own = is_multipart(g, body) ? g_strdup(path) : below(path, 1);
    return walk(w, body, own, depth, true);
}

static bool walk(Walk *w, GMimeObject *object, const char *path, unsigned depth, bool last)
{
    const Gmime *g = w->tree->g;
    MimeNode *node = new_node(g, object, g_strdup(path), depth);
    node->last = last;
    g_ptr_array_add(w->tree->nodes, node);
    if (is_multipart(g, object)) {
        return walk_multipart(w, node, g->g_mime_multipart_get_count((GMimeMultipart *)object));
    }
    GMimeMessage *inner = gmime_is(g, object, g->g_mime_message_part_get_type())
                              ? g->g_mime_message_part_get_message((GMimeMessagePart *)object)
                              : NULL;
    if (inner != NULL) {
        node->kind = MIME_MESSAGE;
        return walk_body(w, inner, path, depth + 1);
    }
    return read_leaf(w->tree, node, w->wish, w->error);
}

/* --- headers --- */

typedef struct {
    gint64 offset;
    MimeHeader *header;
} Placed;

static void gather_headers(const Gmime *g, GMimeObject *object, GArray *placed)
{
    GMimeHeaderList *list = object ? g->g_mime_object_get_header_list(object) : NULL;
    int count = list ? g->g_mime_header_list_get_count(list) : 0;
    for (int i = 0; i < count; i++) {
        GMimeHeader *from = g->g_mime_header_list_get_header_at(list, i);
        MimeHeader *header = g_new0(MimeHeader, 1);
        const char *value = g->g_mime_header_get_value(from);
        header->name = g_utf8_make_valid(g->g_mime_header_get_name(from), -1);
        header->value = g_utf8_make_valid(value ? value : "", -1);
        g_strstrip(header->value);
        Placed one = {g->g_mime_header_get_offset(from), header};
        g_array_append_val(placed, one);
    }
}

static int by_offset(gconstpointer a, gconstpointer b)
{
    gint64 first = ((const Placed *)a)->offset, second = ((const Placed *)b)->offset;
    return first < second ? -1 : first > second;
}

/* GMime gives those that begin with "Content-" to the body: here they stand in their own order
 * again. */
static void take_headers(MimeTree *tree)
{
    const Gmime *g = tree->g;
    g_autoptr(GArray) placed = g_array_new(FALSE, FALSE, sizeof(Placed));
    gather_headers(g, (GMimeObject *)tree->message, placed);
    gather_headers(g, g->g_mime_message_get_mime_part(tree->message), placed);
    g_array_sort(placed, by_offset);
    for (guint i = 0; i < placed->len; i++) {
        g_ptr_array_add(tree->headers, g_array_index(placed, Placed, i).header);
    }
}

/* --- all of it --- */

static void take_warning(gint64 offset, GMimeParserWarning code, const char *item, gpointer user)
{
    char *text = defects_of_warning(code, offset, item);
    if (text != NULL) {
        mime_tree_add_defect(user, text);
    }
}

static GMimeParserOptions *options_for(const Gmime *g, MimeTree *tree)
{
    static const char *charsets[] = {"utf-8", "windows-1252", NULL};
    GMimeParserOptions *options = g->g_mime_parser_options_new();
    g->g_mime_parser_options_set_parameter_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
    g->g_mime_parser_options_set_rfc2047_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
    g->g_mime_parser_options_set_address_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
    g->g_mime_parser_options_set_fallback_charsets(options, charsets);
    g->g_mime_parser_options_set_warning_callback(options, take_warning, tree);
    return options;
}

static bool parse(MimeTree *tree, int fd, uint64_t start, uint64_t end, GError **error)
{
    const Gmime *g = tree->g;
    GMimeStream *stream = g->g_mime_stream_fs_new_with_bounds(fd, (gint64)start, (gint64)end);
    g->g_mime_stream_fs_set_owner((GMimeStreamFs *)stream, FALSE);
    GMimeParser *parser = g->g_mime_parser_new_with_stream(stream);
    GMimeParserOptions *options = options_for(g, tree);
    tree->message = g->g_mime_parser_construct_message(parser, options);
    g->g_mime_parser_options_free(options);
    g->g_object_unref(parser);
    g->g_object_unref(stream);
    return tree->message != NULL ||
           error_fail(error, POSTERN_ERROR_DATA, "this is no message: it has no header");
}

MimeTree *mime_tree_parse(int fd, uint64_t start, uint64_t end, const MimeWish *wish,
                          GError **error)
{
    const Gmime *g = gmime_load(error);
    if (g == NULL) {
        return NULL;
    }
    g_autoptr(MimeTree) tree = g_new0(MimeTree, 1);
    tree->g = g;
    tree->nodes = g_ptr_array_new_with_free_func(node_free);
    tree->headers = g_ptr_array_new_with_free_func(header_free);
    tree->defects = g_ptr_array_new_with_free_func(g_free);
    if (!parse(tree, fd, start, end, error)) {
        return NULL;
    }
    take_headers(tree);
    if (wish->check) {
        defects_check_headers(tree);
    }
    Walk w = {tree, wish, error};
    return walk_body(&w, tree->message, "", 0) ? g_steal_pointer(&tree) : NULL;
}

const MimeNode *mime_tree_find(const MimeTree *tree, const char *section)
{
    if (*section == '\0' || g_ascii_strcasecmp(section, "TEXT") == 0) {
        return tree->nodes->pdata[0];
    }
    for (guint i = 0; i < tree->nodes->len; i++) {
        MimeNode *node = tree->nodes->pdata[i];
        if (strcmp(node->path, section) == 0) {
            return node;
        }
    }
    return NULL;
}

const char *mime_tree_header(const MimeTree *tree, const char *name)
{
    for (guint i = 0; i < tree->headers->len; i++) {
        const MimeHeader *header = tree->headers->pdata[i];
        if (g_ascii_strcasecmp(header->name, name) == 0) {
            return header->value;
        }
    }
    return NULL;
}

bool mime_node_is_body(const MimeNode *node)
{
    return node->kind == MIME_LEAF && g_str_has_prefix(node->type, "text/") &&
           node->filename == NULL && g_strcmp0(node->disposition, "attachment") != 0;
}
