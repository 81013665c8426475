/* imapd_structure.c: BODY and BODYSTRUCTURE. The recursion is as deep as the walker lets parts be.
 */
#include "server/imapd_structure.h"

#include <string.h>

static void put_part(GString *out, const MimeParts *tree, const MimePart *part, bool extended);

static void put_params(GString *out, const GArray *params)
{
    if (!params || params->len == 0) {
        g_string_append(out, "NIL");
        return;
    }
    for (guint i = 0; i < params->len; i++) {
        const MimeParam *param = &g_array_index(params, MimeParam, i);
        g_string_append(out, i ? " " : "(");
        imap_put_nstring(out, param->name);
        g_string_append_c(out, ' ');
        imap_put_nstring(out, param->value);
    }
    g_string_append_c(out, ')');
}

static void put_field(GString *out, Bytes header, const char *name, const char *otherwise)
{
    Bytes value;
    g_autofree char *text = mime_field(header, name, &value) ? mime_unfold(value) : NULL;
    imap_put_nstring(out, text && *text ? text : otherwise);
}

/* Only its first word: comments and what else stands there are no part of it. */
static void put_encoding(GString *out, Bytes header)
{
    MimeLexer lexer = {0};
    Bytes token;
    bool there = mime_field(header, "Content-Transfer-Encoding", &lexer.rest) &&
                 mime_token(&lexer, ";", &token);
    g_autofree char *text = there ? mime_unfold(token) : NULL;
    imap_put_nstring(out, text ? text : "7bit");
    mime_lexer_clear(&lexer);
}

static void put_disposition(GString *out, Bytes header)
{
    Bytes value;
    MimeContent disposition;
    if (!mime_field(header, "Content-Disposition", &value) ||
        !mime_content_parse(value, false, &disposition)) {
        g_string_append(out, "NIL");
        return;
    }
    g_string_append_c(out, '(');
    imap_put_nstring(out, disposition.type);
    g_string_append_c(out, ' ');
    put_params(out, disposition.params);
    g_string_append_c(out, ')');
    mime_content_clear(&disposition);
}

/* "en, de" as a list. */
static void put_language(GString *out, Bytes header)
{
    MimeLexer lexer = {0};
    Bytes token;
    unsigned n = 0;
    if (mime_field(header, "Content-Language", &lexer.rest)) {
        while (n < MIME_PARAMS_MAX && mime_token(&lexer, ",", &token)) {
            g_autofree char *text = mime_unfold(token);
            g_string_append(out, n++ ? " " : "(");
            imap_put_nstring(out, text);
            mime_special(&lexer, ',');
        }
    }
    mime_lexer_clear(&lexer);
    g_string_append(out, n ? ")" : "NIL");
}

static size_t count_lines(Bytes body)
{
    size_t n = 0;
    while (body.len > 0) {
        gssize end = bytes_index(body, '\n');
        if (end < 0) {
            break;
        }
        n++;
        body = bytes_sub(body, (size_t)end + 1, SIZE_MAX);
    }
    return n;
}

/* What single parts and multiparts have in common at the end. */
static void put_extension(GString *out, Bytes header)
{
    g_string_append_c(out, ' ');
    put_disposition(out, header);
    g_string_append_c(out, ' ');
    put_language(out, header);
    g_string_append_c(out, ' ');
    put_field(out, header, "Content-Location", NULL);
}

static void put_multipart(GString *out, const MimeParts *tree, const MimePart *part, bool extended,
                          const MimeContent *type)
{
    for (uint32_t p = part->first; p != MIME_NO_PART; p = mime_part(tree, p)->next) {
        put_part(out, tree, mime_part(tree, p), extended);
    }
    if (part->first == MIME_NO_PART) { /* the grammar wants one */
        g_string_append(out, "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0");
        g_string_append(out, extended ? " NIL NIL NIL NIL)" : ")");
    }
    g_string_append_c(out, ' ');
    imap_put_nstring(out, type->subtype);
    if (extended) {
        g_string_append_c(out, ' ');
        put_params(out, type->params);
        put_extension(out, mime_part_header(tree, part));
    }
}

static void put_single(GString *out, const MimeParts *tree, const MimePart *part, bool extended,
                       const MimeContent *type)
{
    Bytes header = mime_part_header(tree, part), body = mime_part_body(tree, part);
    bool is_text = g_ascii_strcasecmp(type->type, "text") == 0;
    imap_put_nstring(out, type->type);
    g_string_append_c(out, ' ');
    imap_put_nstring(out, type->subtype);
    g_string_append_c(out, ' ');
    put_params(out, type->params);
    g_string_append_c(out, ' ');
    put_field(out, header, "Content-ID", NULL);
    g_string_append_c(out, ' ');
    put_field(out, header, "Content-Description", NULL);
    g_string_append_c(out, ' ');
    put_encoding(out, header);
    g_string_append_printf(out, " %zu", body.len);
    if (part->kind == MIME_MESSAGE) {
        const MimePart *within = mime_part(tree, part->first);
        g_string_append_c(out, ' ');
        imap_put_envelope(out, mime_part_header(tree, within));
        g_string_append_c(out, ' ');
        put_part(out, tree, within, extended);
    }
    if (is_text || part->kind == MIME_MESSAGE) {
        g_string_append_printf(out, " %zu", count_lines(body));
    }
    if (extended) {
        g_string_append_c(out, ' ');
        put_field(out, header, "Content-MD5", NULL);
        put_extension(out, header);
    }
}

/* Text without a charset has the one RFC 2045 5.2 gives it. */
static void complete_type(MimeContent *type)
{
    if (g_ascii_strcasecmp(type->type, "text") == 0 && !mime_content_param(type, "charset")) {
        MimeParam charset = {g_strdup("charset"), g_strdup("us-ascii")};
        g_array_append_val(type->params, charset);
    }
}

static void put_part(GString *out, const MimeParts *tree, const MimePart *part, bool extended)
{
    MimeContent type;
    mime_part_type(tree, part, &type);
    complete_type(&type);
    g_string_append_c(out, '(');
    if (part->kind == MIME_MULTIPART) {
        put_multipart(out, tree, part, extended, &type);
    } else {
        put_single(out, tree, part, extended, &type);
    }
    g_string_append_c(out, ')');
    mime_content_clear(&type);
}

void imap_put_structure(GString *out, const MimeParts *tree, bool extended)
{
    put_part(out, tree, mime_part(tree, 0), extended);
}
