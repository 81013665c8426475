/* compose.c: the parts put together: text and HTML are alternatives, HTML and what it shows are
 * related, all that and the attachments are mixed. */
#include "mime/compose.h"

#include <string.h>

#include "base/escape.h"
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

static bool append_addresses(const Gmime *g, InternetAddressList *into, const char *text,
                             GError **error)
{
    InternetAddressList *list = g->internet_address_list_parse(NULL, text);
    int n = list ? g->internet_address_list_length(list) : 0;
    for (int i = 0; i < n; i++) {
        InternetAddress *address = g->internet_address_list_get_address(list, i);
        g->internet_address_set_charset(address, charset);
        g->internet_address_list_add(into, address);
    }
    if (list) {
        g->g_object_unref(list);
    }
    return n || error_fail(error, POSTERN_ERROR_DATA, "\"%s\" is no address", text);
}

static bool add_addresses(const Gmime *g, GMimeMessage *message, GMimeAddressType type,
                          const char *const *lists, GError **error)
{
    InternetAddressList *into = g->g_mime_message_get_addresses(message, type);
    for (size_t i = 0; lists && lists[i]; i++) {
        if (!append_addresses(g, into, lists[i], error)) {
            return false;
        }
    }
    return true;
}

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

static bool add_header(const Gmime *g, GMimeObject *message, const char *line, GError **error)
{
    const char *colon = strchr(line, ':');
    g_autofree char *name = colon ? g_strndup(line, (gsize)(colon - line)) : NULL;
    bool good = name && *name;
    for (const char *c = name; good && *c; c++) {
        good = *c > 0x20 && *c < 0x7f;
    }
    if (!good) {
        return error_fail(error, POSTERN_ERROR_DATA, "\"%s\" is no header field: 'Name: value'",
                          line);
    }
    const char *option = instead_of(name);
    if (option) {
        return error_fail(error, POSTERN_ERROR_USAGE, "%s is not set by --header; for that is %s",
                          name, option);
    }
    g_autofree char *value = g_strstrip(g_strdup(colon + 1));
    static const char *const single[] = {"Subject",  "Date",       "Message-ID", "Sender",
                                         "Reply-To", "References", "In-Reply-To"};
    for (size_t i = 0; i < G_N_ELEMENTS(single); i++) {
        if (!g_ascii_strcasecmp(name, single[i])) {
            g->g_mime_object_set_header(message, single[i], value, charset);
            return true;
        }
    }
    g->g_mime_object_append_header(message, name, value, charset);
    return true;
}

static bool add_headers(const Gmime *g, GMimeMessage *message, const ComposePlan *plan,
                        GError **error)
{
    GMimeObject *object = (GMimeObject *)message;
    const char *const from[] = {plan->from, NULL};
    if (!add_addresses(g, message, GMIME_ADDRESS_TYPE_FROM, from, error) ||
        !add_addresses(g, message, GMIME_ADDRESS_TYPE_TO, plan->to, error) ||
        !add_addresses(g, message, GMIME_ADDRESS_TYPE_CC, plan->cc, error)) {
        return false;
    }
    if (plan->subject) {
        g->g_mime_message_set_subject(message, plan->subject, charset);
    }
    g->g_mime_object_set_header(object, "Date", plan->date, charset);
    g->g_mime_object_set_header(object, "Message-ID", plan->message_id, charset);
    for (size_t i = 0; plan->headers && plan->headers[i]; i++) {
        if (!add_header(g, object, plan->headers[i], error)) {
            return false;
        }
    }
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
    bool message = !g_ascii_strcasecmp(type, "message/rfc822");
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

/* `first` and, behind it, the files that are (or are not) shown within the text; `first` itself
 * when there are none. Takes `first`, which may be NULL. */
static GMimeObject *with_files(const Gmime *g, GMimeObject *first, const ComposePlan *plan,
                               bool inlined)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_parts; i++) {
        n += (plan->parts[i].cid != NULL) == inlined;
    }
    if (!n) {
        return first;
    }
    GMimeMultipart *all = g->g_mime_multipart_new_with_subtype(inlined ? "related" : "mixed");
    if (first) {
        g->g_mime_multipart_add(all, first);
        g->g_object_unref(first);
    }
    for (size_t i = 0; i < plan->n_parts; i++) {
        if ((plan->parts[i].cid != NULL) == inlined) {
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

static GByteArray *written(const Gmime *g, GMimeObject *object)
{
    GMimeStream *stream = g->g_mime_stream_mem_new();
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
    GMimeMessage *message = g->g_mime_message_new(TRUE);
    GByteArray *text = NULL;
    if (add_headers(g, message, plan, error)) {
        GMimeObject *all = body(g, plan);
        g->g_mime_message_set_mime_part(message, all);
        g->g_object_unref(all);
        text = written(g, (GMimeObject *)message);
    }
    g->g_object_unref(message);
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
        out = written(g, (GMimeObject *)message);
    }
    if (message) {
        g->g_object_unref(message);
    }
    g->g_object_unref(parser);
    g->g_object_unref(stream);
    return out;
}
