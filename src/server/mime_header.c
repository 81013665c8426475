/* mime_header.c: fields, tokens and parameters. */
#include "server/mime_header.h"

#include <string.h>

/* --- fields --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t line_length(Bytes text)
{
    gssize end = bytes_index(text, '\n');
    return end < 0 ? text.len : (size_t)end + 1;
}

/* With the lines that go on. */
static size_t field_length(Bytes text)
{
    size_t n = line_length(text);
    while (n < text.len && is_blank(text.data[n])) {
        n += line_length(bytes_sub(text, n, SIZE_MAX));
    }
    return n;
}

bool mime_field_next(Bytes *rest, Bytes *ret_whole, Bytes *ret_name, Bytes *ret_value)
{
    while (rest->len > 0) {
        Bytes whole = bytes_sub(*rest, 0, field_length(*rest));
        *rest = bytes_sub(*rest, whole.len, SIZE_MAX);
        gssize colon = bytes_index(bytes_sub(whole, 0, line_length(whole)), ':');
        if (colon > 0) {
            *ret_whole = whole;
            *ret_name = bytes_trim(bytes_sub(whole, 0, (size_t)colon));
            *ret_value = bytes_sub(whole, (size_t)colon + 1, SIZE_MAX);
            return true;
        }
    }
    return false;
}

bool mime_field(Bytes header, const char *name, Bytes *ret_value)
{
    Bytes whole, found;
    while (mime_field_next(&header, &whole, &found, ret_value)) {
        if (bytes_equal_ci(found, name)) {
            return true;
        }
    }
    return false;
}

char *mime_unfold(Bytes value)
{
    value = bytes_trim(value);
    GString *out = g_string_sized_new(value.len);
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] != '\r' && value.data[i] != '\n' && value.data[i] != '\0') {
            g_string_append_c(out, value.data[i]);
        }
    }
    return g_string_free(out, FALSE);
}

/* --- tokens --- */

void mime_lexer_clear(MimeLexer *lexer)
{
    g_clear_pointer(&lexer->comment, g_free);
}

/* A comment, which may hold others; one that does not end takes all. */
static void skip_comment(MimeLexer *lexer)
{
    Bytes in = lexer->rest;
    GString *text = g_string_new(NULL);
    unsigned depth = 1;
    size_t i = 1;
    for (; i < in.len; i++) {
        char c = in.data[i];
        depth += c == '(';
        depth -= c == ')';
        if (depth == 0) {
            i++;
            break;
        }
        if (c == '\\' && i + 1 < in.len) {
            c = in.data[++i];
        }
        if (c != '\r' && c != '\n' && c != '\0') {
            g_string_append_c(text, c);
        }
    }
    lexer->rest = bytes_sub(in, i, SIZE_MAX);
    g_free(lexer->comment);
    lexer->comment = g_strstrip(g_string_free(text, FALSE));
}

void mime_skip(MimeLexer *lexer)
{
    while (lexer->rest.len > 0) {
        char c = lexer->rest.data[0];
        if (c == '(') {
            skip_comment(lexer);
        } else if (is_blank(c) || c == '\r' || c == '\n') {
            lexer->rest = bytes_sub(lexer->rest, 1, SIZE_MAX);
        } else {
            return;
        }
    }
}

bool mime_token(MimeLexer *lexer, const char *specials, Bytes *ret)
{
    size_t n = 0;
    mime_skip(lexer);
    Bytes in = lexer->rest;
    while (n < in.len && !strchr(" \t\r\n\"(", in.data[n]) && !strchr(specials, in.data[n])) {
        n++;
    }
    *ret = bytes_sub(in, 0, n);
    lexer->rest = bytes_sub(in, n, SIZE_MAX);
    return n > 0;
}

char *mime_quoted(MimeLexer *lexer)
{
    mime_skip(lexer);
    Bytes in = lexer->rest;
    if (in.len == 0 || in.data[0] != '"') {
        return NULL;
    }
    GString *out = g_string_new(NULL);
    size_t i = 1;
    for (; i < in.len && in.data[i] != '"'; i++) {
        i += in.data[i] == '\\' && i + 1 < in.len;
        if (in.data[i] != '\r' && in.data[i] != '\n' && in.data[i] != '\0') {
            g_string_append_c(out, in.data[i]);
        }
    }
    lexer->rest = bytes_sub(in, i + 1, SIZE_MAX);
    return g_string_free(out, FALSE);
}

bool mime_special(MimeLexer *lexer, char c)
{
    mime_skip(lexer);
    if (lexer->rest.len == 0 || lexer->rest.data[0] != c) {
        return false;
    }
    lexer->rest = bytes_sub(lexer->rest, 1, SIZE_MAX);
    return true;
}

/* --- types and their parameters --- */

static const char specials[] = "/;=";

static void param_clear(gpointer data)
{
    MimeParam *param = data;
    g_free(param->name);
    g_free(param->value);
}

static char *take_value(MimeLexer *lexer)
{
    char *quoted = mime_quoted(lexer);
    Bytes token;
    if (quoted) {
        return quoted;
    }
    return mime_token(lexer, ";", &token) ? mime_unfold(token) : NULL;
}

/* Goes on behind the next ";", whatever stands before it. */
static bool next_param(MimeLexer *lexer)
{
    while (!mime_special(lexer, ';')) {
        g_autofree char *quoted = mime_quoted(lexer);
        if (!quoted && lexer->rest.len == 0) {
            return false;
        }
        lexer->rest = quoted ? lexer->rest : bytes_sub(lexer->rest, 1, SIZE_MAX);
    }
    return true;
}

static void read_params(MimeLexer *lexer, GArray *params)
{
    while (params->len < MIME_PARAMS_MAX && next_param(lexer)) {
        Bytes name;
        if (!mime_token(lexer, specials, &name) || !mime_special(lexer, '=')) {
            continue;
        }
        MimeParam param = {mime_unfold(name), take_value(lexer)};
        param.value = param.value ? param.value : g_strdup("");
        g_array_append_val(params, param);
    }
}

bool mime_content_parse(Bytes value, bool has_subtype, MimeContent *ret)
{
    MimeLexer lexer = {.rest = value};
    Bytes type, subtype = BYTES_NONE;
    bool good =
        mime_token(&lexer, specials, &type) &&
        (!has_subtype || (mime_special(&lexer, '/') && mime_token(&lexer, specials, &subtype)));
    *ret = (MimeContent){0};
    if (good) {
        ret->type = mime_unfold(type);
        ret->subtype = has_subtype ? mime_unfold(subtype) : NULL;
        ret->params = g_array_new(FALSE, FALSE, sizeof(MimeParam));
        g_array_set_clear_func(ret->params, param_clear);
        read_params(&lexer, ret->params);
    }
    mime_lexer_clear(&lexer);
    return good;
}

void mime_content_clear(MimeContent *content)
{
    g_clear_pointer(&content->type, g_free);
    g_clear_pointer(&content->subtype, g_free);
    g_clear_pointer(&content->params, g_array_unref);
}

const char *mime_content_param(const MimeContent *content, const char *name)
{
    for (guint i = 0; content->params && i < content->params->len; i++) {
        const MimeParam *param = &g_array_index(content->params, MimeParam, i);
        if (g_ascii_strcasecmp(param->name, name) == 0) {
            return param->value;
        }
    }
    return NULL;
}
