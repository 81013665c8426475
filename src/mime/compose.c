/* compose.c: the parts put together: text and HTML are alternatives, HTML and what it shows are
 * related, all that and the attachments are mixed. */
#include "mime/compose.h"

#include <string.h>

#include "base/escape.h"
#include "mime/compose_header.h"
#include "mime/compose_text.h"
#include "mime/gmime_load.h"
#include "proto/smtp_text.h"

enum { LINE_OCTETS = 998, SHOWN_MAX = 60 }; /* RFC 5322 2.1.1 */

static const char *const charset = "UTF-8";

/* --- what may become a header --- */

static bool is_clean(const char *value, const char *what, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(value), SHOWN_MAX);
    for (const char *c = value; c && *c; c++) {
        if ((unsigned char)*c < 0x20 && *c != '\t') {
            return error_fail(error, POSTERN_ERROR_DATA,
                              "%s \"%s\" holds a line end or a control character and would be more "
                              "than one header field",
                              what, shown);
        }
    }
    return !value || g_utf8_validate(value, -1, NULL) ||
           error_fail(error, POSTERN_ERROR_DATA, "%s \"%s\" is not UTF-8", what, shown);
}

static bool lists_are_clean(const char *const *lists, const char *what, GError **error)
{
    for (size_t i = 0; lists && lists[i]; i++) {
        if (!is_clean(lists[i], what, error)) {
            return false;
        }
    }
    return true;
}

static bool parts_are_clean(const ComposePlan *plan, GError **error)
{
    for (size_t i = 0; i < plan->n_parts; i++) {
        const ComposePart *part = &plan->parts[i];
        if (!is_clean(part->name, "the file name", error) ||
            !is_clean(part->type, "the type", error) || !is_clean(part->cid, "the id", error)) {
            return false;
        }
        if (part->cid && (!*part->cid || strpbrk(part->cid, "<> \""))) {
            return error_fail(error, POSTERN_ERROR_DATA,
                              "\"%s\" is no id for an inline file: no blanks, quotes or brackets",
                              part->cid);
        }
        if (part->type && !g_ascii_strncasecmp(part->type, "multipart/", 10)) {
            return error_fail(error, POSTERN_ERROR_DATA,
                              "\"%s\" is made of parts, and a file is one: give its own type, or "
                              "application/octet-stream",
                              part->type);
        }
        if (part->type && (!strchr(part->type, '/') || strpbrk(part->type, " \t"))) {
            return error_fail(error, POSTERN_ERROR_DATA, "\"%s\" is no type such as image/png",
                              part->type);
        }
    }
    return true;
}

static bool is_clean_plan(const ComposePlan *plan, GError **error)
{
    if (plan->text && !g_utf8_validate(plan->text, -1, NULL)) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "the text is not UTF-8: convert it (iconv), or attach it as a file");
    }
    if (plan->html && !g_utf8_validate(plan->html, -1, NULL)) {
        return error_fail(error, POSTERN_ERROR_DATA, "the HTML is not UTF-8: convert it (iconv)");
    }
    return is_clean(plan->from, "the sender", error) &&
           is_clean(plan->subject, "the subject", error) &&
           lists_are_clean(plan->to, "the recipient", error) &&
           lists_are_clean(plan->cc, "the recipient", error) &&
           lists_are_clean(plan->headers, "the header", error) && parts_are_clean(plan, error);
}

/* --- header --- */

/* The fields that come first, in this order; one of them given as a header replaces what would be
 * there. Those of addresses are checked. */
static const struct {
    const char *name;
    bool addresses;
} usual[] = {
    {"Date", false},        {"From", true},        {"Sender", true},   {"Reply-To", true},
    {"To", true},           {"Cc", true},          {"Subject", false}, {"Message-ID", false},
    {"In-Reply-To", false}, {"References", false},
};

/* Those that have an option of their own, or that follow from the parts. */
static const char *instead_of(const char *name)
{
    static const struct {
        const char *name, *option;
    } rows[] = {
        {"From", "--from"},
        {"To", "--to"},
        {"Cc", "--cc"},
        {"Bcc", "--bcc"},
        {"MIME-Version", "nothing: it is always there"},
        {"Content-Type", "--text, --html and --attach"},
        {"Content-Transfer-Encoding", "nothing: it is chosen for each part"},
        {"Content-Disposition", "--attach and --inline"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!g_ascii_strcasecmp(name, rows[i].name)) {
            return rows[i].option;
        }
    }
    return NULL;
}

/* The name in front of the colon; the caller frees it. */
static char *field_name(const char *line, GError **error)
{
    const char *colon = strchr(line, ':');
    g_autofree char *name = colon ? g_strndup(line, (gsize)(colon - line)) : NULL;
    bool good = name && *name;
    for (const char *c = name; good && *c; c++) {
        good = *c > 0x20 && *c < 0x7f;
    }
    if (!good) {
        error_fail(error, POSTERN_ERROR_DATA, "\"%s\" is no header field: 'Name: value'", line);
        return NULL;
    }
    const char *option = instead_of(name);
    if (option) {
        error_fail(error, POSTERN_ERROR_USAGE, "%s is not set by --header; for that is %s", name,
                   option);
        return NULL;
    }
    return g_steal_pointer(&name);
}

static char *field_value(const char *line)
{
    return g_strstrip(g_strdup(strchr(line, ':') + 1));
}

/* The last of the headers by that name, or NULL. The caller frees it. */
static char *given(const ComposePlan *plan, const char *name)
{
    const char *found = NULL;
    size_t len = strlen(name);
    for (size_t i = 0; plan->headers && plan->headers[i]; i++) {
        bool same = !g_ascii_strncasecmp(plan->headers[i], name, len);
        found = same && plan->headers[i][len] == ':' ? plan->headers[i] : found;
    }
    return found ? field_value(found) : NULL;
}

/* What the plan itself says of that field: NULL-terminated, or NULL. */
static const char *const *planned(const ComposePlan *plan, const char *name, const char *one[2])
{
    const struct {
        const char *name, *value;
    } rows[] = {{"Date", plan->date},
                {"From", plan->from},
                {"Subject", plan->subject},
                {"Message-ID", plan->message_id}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        one[0] = strcmp(name, rows[i].name) != 0 ? one[0] : rows[i].value;
    }
    return one[0] ? one : !strcmp(name, "To") ? plan->to : !strcmp(name, "Cc") ? plan->cc : NULL;
}

static bool add_usual(GString *out, const ComposePlan *plan, size_t i, GError **error)
{
    g_autofree char *value = given(plan, usual[i].name);
    const char *one[2] = {value, NULL};
    const char *const *lists = value ? one : planned(plan, usual[i].name, one);
    if (usual[i].addresses) {
        return compose_address_field(out, usual[i].name, lists, error);
    }
    if (lists) {
        compose_field(out, usual[i].name, lists[0]);
    }
    return true;
}

static bool is_usual(const char *name)
{
    bool found = false;
    for (size_t i = 0; i < G_N_ELEMENTS(usual); i++) {
        found |= !g_ascii_strcasecmp(name, usual[i].name);
    }
    return found;
}

static bool add_headers(GString *out, const ComposePlan *plan, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(usual); i++) {
        if (!add_usual(out, plan, i, error)) {
            return false;
        }
    }
    for (size_t i = 0; plan->headers && plan->headers[i]; i++) {
        g_autofree char *name = field_name(plan->headers[i], error);
        if (!name) {
            return false;
        }
        g_autofree char *value = field_value(plan->headers[i]);
        if (!is_usual(name)) {
            compose_field(out, name, value);
        }
    }
    g_string_append(out, "MIME-Version: 1.0\n");
    return true;
}

/* --- parts --- */

static GMimePart *new_part(const Gmime *g, const char *type, const char *subtype, Bytes content,
                           GMimeContentEncoding encoding)
{
    GMimePart *part = g->g_mime_part_new_with_type(type, subtype);
    GMimeStream *stream = g->g_mime_stream_mem_new_with_buffer(content.data, content.len);
    GMimeDataWrapper *wrapper =
        g->g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g->g_mime_part_set_content(part, wrapper);
    g->g_mime_part_set_content_encoding(part, encoding);
    g->g_object_unref(wrapper);
    g->g_object_unref(stream);
    return part;
}

static GMimeContentEncoding readable_encoding(Bytes text)
{
    SmtpTextFacts facts = smtp_text_facts(text);
    return facts.longest_line > LINE_OCTETS ? GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE
           : facts.eight_bit                ? GMIME_CONTENT_ENCODING_8BIT
                                            : GMIME_CONTENT_ENCODING_7BIT;
}

static GMimeObject *text_part(const Gmime *g, const char *text)
{
    bool flowed;
    g_autofree char *lines = compose_flowed(text, &flowed);
    Bytes content = bytes_of(lines);
    GMimeObject *part =
        (GMimeObject *)new_part(g, "text", "plain", content, readable_encoding(content));
    g->g_mime_object_set_content_type_parameter(part, "charset", "utf-8");
    if (flowed) {
        g->g_mime_object_set_content_type_parameter(part, "format", "flowed");
    }
    return part;
}

static GMimeObject *html_part(const Gmime *g, const char *html)
{
    g_autofree char *lines = compose_unix_lines(html);
    Bytes content = bytes_of(lines);
    GMimeObject *part =
        (GMimeObject *)new_part(g, "text", "html", content, readable_encoding(content));
    g->g_mime_object_set_content_type_parameter(part, "charset", "utf-8");
    return part;
}

static void set_name(const Gmime *g, GMimePart *part, const char *name)
{
    GMimeObject *object = (GMimeObject *)part;
    g->g_mime_part_set_filename(part, name);
    GMimeParamList *lists[] = {
        g->g_mime_content_type_get_parameters(g->g_mime_object_get_content_type(object)),
        g->g_mime_content_disposition_get_parameters(
            g->g_mime_object_get_content_disposition(object)),
    };
    static const char *const names[] = {"name", "filename"};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        GMimeParam *param = g->g_mime_param_list_get_parameter(lists[i], names[i]);
        if (param) {
            g->g_mime_param_set_charset(param, charset);
        }
    }
}

/* A message within a message must stay readable as it is (RFC 2046 5.2.1); one that cannot travel
 * so goes as a file. */
static GMimePart *file_part(const Gmime *g, const ComposePart *plan)
{
    const char *type = plan->type ? plan->type : compose_guess_type(plan->name, plan->content);
    bool message = !g_ascii_strncasecmp(type, "message/", 8);
    SmtpTextFacts facts = smtp_text_facts(plan->content);
    bool fits = facts.longest_line <= LINE_OCTETS && !facts.nul && !facts.bare_cr;
    if (message && !fits) {
        type = "application/octet-stream";
        message = false;
    }
    const char *slash = strchr(type, '/');
    g_autofree char *main_type = g_strndup(type, (gsize)(slash - type));
    GMimePart *part =
        new_part(g, main_type, slash + 1, plan->content,
                 message ? readable_encoding(plan->content) : GMIME_CONTENT_ENCODING_BASE64);
    bool utf8 = !g_ascii_strcasecmp(main_type, "text") &&
                g_utf8_validate(plan->content.data, (gssize)plan->content.len, NULL);
    if (utf8) {
        g->g_mime_object_set_content_type_parameter((GMimeObject *)part, "charset", "utf-8");
    }
    g->g_mime_object_set_disposition((GMimeObject *)part, plan->cid ? "inline" : "attachment");
    if (plan->name) {
        set_name(g, part, plan->name);
    }
    if (plan->cid) {
        g->g_mime_part_set_content_id(part, plan->cid);
    }
    return part;
}

/* Without HTML nothing refers to an inline file: it is one of the others then. */
static bool is_related(const ComposePlan *plan, size_t i)
{
    return plan->html && plan->parts[i].cid;
}

/* `first` and, behind it, the files that are (or are not) shown within the HTML; `first` itself
 * when there are none. Takes `first`, which may be NULL. */
static GMimeObject *with_files(const Gmime *g, GMimeObject *first, const ComposePlan *plan,
                               bool related)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_parts; i++) {
        n += is_related(plan, i) == related;
    }
    if (!n) {
        return first;
    }
    GMimeMultipart *all = g->g_mime_multipart_new_with_subtype(related ? "related" : "mixed");
    if (related) { /* the type of its first part must be said (RFC 2387 3.1) */
        g->g_mime_object_set_content_type_parameter((GMimeObject *)all, "type", "text/html");
    }
    if (first) {
        g->g_mime_multipart_add(all, first);
        g->g_object_unref(first);
    }
    for (size_t i = 0; i < plan->n_parts; i++) {
        if (is_related(plan, i) == related) {
            GMimePart *part = file_part(g, &plan->parts[i]);
            g->g_mime_multipart_add(all, (GMimeObject *)part);
            g->g_object_unref(part);
        }
    }
    return (GMimeObject *)all;
}

static GMimeObject *alternatives(const Gmime *g, GMimeObject *plain, GMimeObject *rich)
{
    if (!plain || !rich) {
        return plain ? plain : rich;
    }
    GMimeMultipart *both = g->g_mime_multipart_new_with_subtype("alternative");
    g->g_mime_multipart_add(both, plain);
    g->g_mime_multipart_add(both, rich);
    g->g_object_unref(plain);
    g->g_object_unref(rich);
    return (GMimeObject *)both;
}

static GMimeObject *body(const Gmime *g, const ComposePlan *plan)
{
    GMimeObject *plain = plan->text ? text_part(g, plan->text) : NULL;
    GMimeObject *rich = with_files(g, plan->html ? html_part(g, plan->html) : NULL, plan, true);
    GMimeObject *all = with_files(g, alternatives(g, plain, rich), plan, false);
    return all ? all : text_part(g, "");
}

/* --- out --- */

/* The object behind these lines. */
static GByteArray *written(const Gmime *g, GMimeObject *object, const char *lines)
{
    GMimeStream *stream = g->g_mime_stream_mem_new();
    g->g_mime_stream_write(stream, lines, strlen(lines));
    GMimeFormatOptions *options = g->g_mime_format_options_new();
    g->g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_UNIX);
    g->g_mime_object_write_to_stream(object, options, stream);
    GByteArray *all = g->g_mime_stream_mem_get_byte_array((GMimeStreamMem *)stream);
    GByteArray *text = smtp_text_normalise(bytes_of_array(all));
    g->g_mime_format_options_free(options);
    g->g_object_unref(stream);
    return text;
}

GByteArray *compose(const ComposePlan *plan, GError **error)
{
    const Gmime *g = is_clean_plan(plan, error) ? gmime_load(error) : NULL;
    if (!g) {
        return NULL;
    }
    g_autoptr(GString) header = g_string_new(NULL);
    if (!add_headers(header, plan, error)) {
        return NULL;
    }
    GMimeObject *all = body(g, plan);
    GByteArray *text = written(g, all, header->str);
    g->g_object_unref(all);
    return text;
}

/* --- encoding anew --- */

static bool has_signature(const Gmime *g, GMimeObject *object)
{
    GMimeContentType *type = object ? g->g_mime_object_get_content_type(object) : NULL;
    if (type && g->g_mime_content_type_is_type(type, "multipart", "signed")) {
        return true;
    }
    if (!gmime_is(g, object, g->g_mime_multipart_get_type())) {
        return false;
    }
    int n = g->g_mime_multipart_get_count((GMimeMultipart *)object);
    bool found = false;
    for (int i = 0; i < n && !found; i++) {
        found = has_signature(g, g->g_mime_multipart_get_part((GMimeMultipart *)object, i));
    }
    return found;
}

GByteArray *compose_seven_bit(Bytes text, GError **error)
{
    const Gmime *g = gmime_load(error);
    if (!g) {
        return NULL;
    }
    g_autofree char *plain = bytes_dup(text);
    g_autofree char *lines = compose_unix_lines(plain);
    GMimeStream *stream = g->g_mime_stream_mem_new_with_buffer(lines, strlen(lines));
    GMimeParser *parser = g->g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g->g_mime_parser_construct_message(parser, NULL);
    GByteArray *out = NULL;
    if (!message) {
        error_fail(error, POSTERN_ERROR_DATA, "the message cannot be taken apart");
    } else if (has_signature(g, g->g_mime_message_get_mime_part(message))) {
        error_fail(error, POSTERN_ERROR_DATA,
                   "it is signed, and encoding it anew would break the signature");
    } else {
        g->g_mime_object_encode((GMimeObject *)message, GMIME_ENCODING_CONSTRAINT_7BIT);
        out = written(g, (GMimeObject *)message, "");
    }
    if (message) {
        g->g_object_unref(message);
    }
    g->g_object_unref(parser);
    g->g_object_unref(stream);
    return out;
}
