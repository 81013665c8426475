/* text.c: character sets and HTML on the way from a part to a reader. */
#include "mime/text.h"

#include <string.h>

#include "mime/charset.h"
#include "mime/flowed.h"
#include "mime/html.h"

typedef struct {
    Charset *charset;
    Html *html;     /* or NULL */
    Flowed *flowed; /* or NULL */
    GString *utf8, *text;
    MimeSink sink;
    void *user;
} Reading;

static bool give(Reading *r, GError **error)
{
    GString *out = r->utf8;
    if (r->html != NULL) {
        html_feed(r->html, bytes_of_string(r->utf8), r->text);
        out = r->text;
    } else if (r->flowed != NULL) {
        flowed_feed(r->flowed, bytes_of_string(r->utf8), r->text);
        out = r->text;
    }
    bool good = out->len == 0 || r->sink(r->user, bytes_of_string(out), error);
    g_string_truncate(r->utf8, 0);
    g_string_truncate(r->text, 0);
    return good;
}

static void drop_carriage_returns(GString *text)
{
    char *to = text->str;
    for (size_t i = 0; i < text->len; i++) {
        bool is_end = text->str[i] == '\r' && (i + 1 == text->len || text->str[i + 1] == '\n');
        if (!is_end) {
            *to++ = text->str[i];
        }
    }
    g_string_truncate(text, (gsize)(to - text->str));
}

static bool take(void *user, Bytes piece, GError **error)
{
    Reading *r = user;
    charset_feed(r->charset, piece, r->utf8);
    drop_carriage_returns(r->utf8);
    return give(r, error);
}

static bool has_parameter(const MimeTree *tree, const MimeNode *leaf, const char *name,
                          const char *value)
{
    const char *found = tree->g->g_mime_object_get_content_type_parameter(leaf->object, name);
    return found != NULL && g_ascii_strcasecmp(found, value) == 0;
}

/* RFC 3676; NULL when the lines are as they are. */
static Flowed *flowed_of(const MimeTree *tree, const MimeNode *leaf)
{
    bool flowed =
        strcmp(leaf->type, "text/plain") == 0 && has_parameter(tree, leaf, "format", "flowed");
    return flowed ? flowed_new(has_parameter(tree, leaf, "delsp", "yes")) : NULL;
}

/* What the last stage still holds. */
static bool give_end(Reading *r, GError **error)
{
    if (r->html != NULL) {
        html_end(r->html, r->text);
    } else if (r->flowed != NULL) {
        flowed_end(r->flowed, r->text);
    }
    return r->text->len == 0 || r->sink(r->user, bytes_of_string(r->text), error);
}

bool mime_text_read(const MimeTree *tree, const MimeNode *leaf, MimeSink sink, void *user,
                    GError **error)
{
    if (leaf->kind != MIME_LEAF || !g_str_has_prefix(leaf->type, "text/")) {
        return true;
    }
    bool is_html = strcmp(leaf->type, "text/html") == 0;
    Reading r = {.charset = charset_new(leaf->charset),
                 .html = is_html ? html_new() : NULL,
                 .flowed = flowed_of(tree, leaf),
                 .utf8 = g_string_new(NULL),
                 .text = g_string_new(NULL),
                 .sink = sink,
                 .user = user};
    bool good = content_read(tree->g, leaf->object, true, take, &r, error);
    if (good) {
        charset_end(r.charset, r.utf8);
        good = give(&r, error) && give_end(&r, error);
    }
    charset_free(r.charset);
    html_free(r.html);
    flowed_free(r.flowed);
    g_string_free(r.utf8, TRUE);
    g_string_free(r.text, TRUE);
    return good;
}

/* Is the node inside an alternative that also has a text/plain body? Then only that is shown. */
static bool is_spare(const MimeTree *tree, guint at)
{
    const MimeNode *node = tree->nodes->pdata[at];
    if (strcmp(node->type, "text/plain") == 0) {
        return false;
    }
    for (guint up = at, depth = node->depth; up-- > 0;) {
        const MimeNode *parent = tree->nodes->pdata[up];
        if (parent->depth >= depth) {
            continue;
        }
        depth = parent->depth;
        bool alternative = strcmp(parent->type, "multipart/alternative") == 0;
        for (guint i = up + 1; alternative && i < tree->nodes->len; i++) {
            const MimeNode *other = tree->nodes->pdata[i];
            if (other->depth <= parent->depth) {
                break;
            }
            if (strcmp(other->type, "text/plain") == 0 && mime_node_is_body(other)) {
                return true;
            }
        }
        if (depth == 0) {
            break;
        }
    }
    return false;
}

GPtrArray *mime_text_bodies(const MimeTree *tree)
{
    GPtrArray *bodies = g_ptr_array_new();
    for (guint i = 0; i < tree->nodes->len; i++) {
        MimeNode *node = tree->nodes->pdata[i];
        if (mime_node_is_body(node) && !is_spare(tree, i)) {
            g_ptr_array_add(bodies, node);
        }
    }
    return bodies;
}
