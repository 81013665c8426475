/* send_message.c: the message: composed of the options, read from a file, or a probe. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/send.h"
#include "io/addresses.h"
#include "mime/address.h"
#include "mime/compose.h"

#define FILE_MAX ((size_t)2 * 1024 * 1024 * 1024 - 1)

/* --- files --- */

static bool read_all(int fd, GByteArray *into, GError **error)
{
    enum { CHUNK = 256 * 1024 };
    while (true) {
        guint len = into->len;
        if (len > FILE_MAX - CHUNK) {
            return error_fail(error, POSTERN_ERROR_DATA, "it has more than 2 GB");
        }
        g_byte_array_set_size(into, len + CHUNK);
        ssize_t got = read(fd, into->data + len, CHUNK);
        g_byte_array_set_size(into, len + (guint)MAX(got, 0));
        if (got == 0) {
            return true;
        }
        if (got < 0 && errno != EINTR) {
            return error_fail(error, POSTERN_ERROR_NO_INPUT, "%s", g_strerror(errno));
        }
    }
}

GByteArray *send_read(const char *file, const char *what, GError **error)
{
    bool standard = !strcmp(file, "-");
    int fd = standard ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_NO_INPUT, "cannot read %s %s: %s", what, file,
                   g_strerror(errno));
        return NULL;
    }
    g_autoptr(GByteArray) all = g_byte_array_new();
    bool ok = read_all(fd, all, error);
    close(fd);
    if (!ok) {
        error_prefix(error, "cannot read %s %s", what, standard ? "from standard input" : file);
        return NULL;
    }
    return g_steal_pointer(&all);
}

/* STR, or @FILE, or - for standard input. The caller frees it. */
static char *text_value(const char *value, const char *what, GError **error)
{
    bool file = value[0] == '@' || !strcmp(value, "-");
    if (!file) {
        return g_strdup(value);
    }
    g_autoptr(GByteArray) all = send_read(value[0] == '@' ? value + 1 : value, what, error);
    if (!all) {
        return NULL;
    }
    if (all->len && memchr(all->data, '\0', all->len)) {
        error_fail(error, POSTERN_ERROR_DATA, "%s holds a NUL: attach it as a file", what);
        return NULL;
    }
    return bytes_dup(bytes_of_array(all));
}

/* --- who --- */

/* A number is a domain in brackets only (RFC 5321 section 4.1.3). */
static char *domain_of(const char *server)
{
    DnsAddress address;
    return !address_parse(server, &address) ? g_strdup(server)
           : strchr(server, ':')            ? g_strdup_printf("[IPv6:%s]", server)
                                            : g_strdup_printf("[%s]", server);
}

char *send_default_from(const char *user, const char *server)
{
    if (user && strchr(user, '@')) {
        return g_strdup(user);
    }
    const struct passwd *me = user ? NULL : getpwuid(getuid());
    const char *name = user ? user : me ? me->pw_name : "postern";
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    g_autofree char *there = server ? domain_of(server) : NULL;
    return g_strconcat(name, "@", strchr(host, '.') || !there ? host : there, NULL);
}

/* --- parts --- */

typedef struct {
    GArray *parts;      /* of ComposePart */
    GPtrArray *strings; /* what they borrow */
    GPtrArray *files;   /* of GByteArray */
} Parts;

static void parts_clear(Parts *p)
{
    g_clear_pointer(&p->parts, g_array_unref);
    g_clear_pointer(&p->strings, g_ptr_array_unref);
    g_clear_pointer(&p->files, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parts, parts_clear)

static const char *keep(Parts *p, char *string)
{
    g_ptr_array_add(p->strings, string);
    return string;
}

/* "type=T", "name=N", "cid=C" behind the file. */
static bool take_word(Parts *p, ComposePart *part, const char *word, GError **error)
{
    const struct {
        const char *prefix, **value;
    } rows[] = {{"type=", &part->type}, {"name=", &part->name}, {"cid=", &part->cid}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_str_has_prefix(word, rows[i].prefix)) {
            *rows[i].value = keep(p, g_strdup(word + strlen(rows[i].prefix)));
            return true;
        }
    }
    return error_fail(
        error, POSTERN_ERROR_USAGE,
        "\";%s\": what may follow a file is ;type=TYPE, ;name=NAME and, for --inline, "
        ";cid=ID",
        word);
}

/* Where the file's name ends in "FILE;type=T": at the last ";" before which there is such a file,
 * for a name may hold one itself. */
static size_t file_length(const char *value)
{
    for (size_t len = strlen(value); len; len--) {
        g_autofree char *file = g_strndup(value, len);
        if ((!value[len] || value[len] == ';') && access(file, F_OK) == 0) {
            return len;
        }
    }
    return strcspn(value, ";");
}

static bool add_part(Parts *p, const char *value, bool inlined, GError **error)
{
    size_t len = file_length(value);
    g_autofree char *file = g_strndup(value, len);
    ComposePart part = {.name = keep(p, g_path_get_basename(file))};
    part.cid = inlined ? part.name : NULL;
    GByteArray *content = send_read(file, "the attachment", error);
    if (!content) {
        return false;
    }
    g_ptr_array_add(p->files, content);
    part.content = bytes_of_array(content);
    g_auto(GStrv) words = g_strsplit(value[len] ? value + len + 1 : "", ";", -1);
    for (char **word = words; *word; word++) {
        if (!take_word(p, &part, *word, error)) {
            return false;
        }
    }
    if (part.cid && !inlined) {
        return error_fail(error, POSTERN_ERROR_USAGE, ";cid= is for --inline");
    }
    g_array_append_val(p->parts, part);
    return true;
}

static bool gather_parts(Parts *p, const SendOptions *o, GError **error)
{
    p->parts = g_array_new(FALSE, TRUE, sizeof(ComposePart));
    p->strings = g_ptr_array_new_with_free_func(g_free);
    p->files = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    for (char **value = o->inlined; value && *value; value++) {
        if (!add_part(p, *value, true, error)) {
            return false;
        }
    }
    for (char **value = o->attach; value && *value; value++) {
        if (!add_part(p, *value, false, error)) {
            return false;
        }
    }
    return true;
}

/* --- the whole --- */

static bool add_lists(Outgoing *message, char **lists, GError **error)
{
    for (char **list = lists; list && *list; list++) {
        if (!outgoing_add_recipients(message, bytes_of(*list), error)) {
            return false;
        }
    }
    return true;
}

static Outgoing *composed(const SendOptions *o, const char *from, ComposePlan *plan, GError **error)
{
    g_autofree char *address = address_one(from, error);
    if (!address) {
        return NULL;
    }
    g_autofree char *domain =
        strrchr(address, '@') ? g_strconcat("x", strrchr(address, '@'), NULL) : NULL;
    g_autofree char *ascii = domain ? address_for_envelope(domain, error) : g_strdup("x@");
    if (!ascii) {
        return NULL;
    }
    g_autofree char *id = outgoing_message_id(ascii + 2);
    g_autofree char *date = outgoing_date(g_get_real_time() / G_USEC_PER_SEC);
    plan->from = from;
    plan->message_id = id;
    plan->date = date;
    plan->to = (const char *const *)o->to;
    plan->cc = (const char *const *)o->cc;
    plan->headers = (const char *const *)o->header;
    GByteArray *text = compose(plan, error);
    g_autoptr(Outgoing) message = text ? outgoing_ready(text) : NULL;
    bool fine = message && add_lists(message, o->to, error) && add_lists(message, o->cc, error) &&
                add_lists(message, o->bcc, error) &&
                outgoing_set_sender(message, o->envelope_from ? o->envelope_from : from, error);
    return fine ? g_steal_pointer(&message) : NULL;
}

static Outgoing *compose_options(const SendOptions *o, const char *from, GError **error)
{
    if (!o->text && !o->html && !o->attach && !o->inlined) {
        error_fail(error, POSTERN_ERROR_USAGE,
                   "the message has no text: give --text=STRING, --text=@FILE or --text=- "
                   "(standard input), or a ready message with --message=FILE");
        return NULL;
    }
    g_autofree char *text = o->text ? text_value(o->text, "the text", error) : NULL;
    if (o->text && !text) {
        return NULL;
    }
    g_autofree char *file = o->html ? g_strconcat("@", o->html, NULL) : NULL;
    g_autofree char *html =
        o->html ? text_value(!strcmp(o->html, "-") ? "-" : file, "the HTML", error) : NULL;
    g_auto(Parts) parts = {0};
    if ((o->html && !html) || !gather_parts(&parts, o, error)) {
        return NULL;
    }
    ComposePlan plan = {.subject = o->subject,
                        .text = text,
                        .html = html,
                        .parts = (const ComposePart *)(void *)parts.parts->data,
                        .n_parts = parts.parts->len};
    return composed(o, from, &plan, error);
}

static Outgoing *probe(const SendOptions *o, const char *from, GError **error)
{
    g_autofree char *id = outgoing_message_id(NULL);
    g_autofree char *word = g_strndup(id + 1, strcspn(id + 1, "@"));
    g_autofree char *when = outgoing_date(g_get_real_time() / G_USEC_PER_SEC);
    g_autofree char *subject = g_strdup_printf("test %s", word);
    g_autofree char *text =
        g_strdup_printf("A test, sent by \"postern send --test\".\n\nTime: %s\nId: %s\n\n"
                        "Whoever got it may delete it.\n",
                        when, word);
    ComposePlan plan = {.subject = o->subject ? o->subject : subject, .text = text};
    return composed(o, from, &plan, error);
}

char **send_all_recipients(const SendOptions *o)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    char **const lists[] = {o->to, o->cc, o->bcc};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        if (lists[i]) {
            g_strv_builder_addv(builder, (const char **)lists[i]);
        }
    }
    return g_strv_builder_end(builder);
}

static Outgoing *ready(const SendOptions *o, const char *default_from, GError **error)
{
    if (!o->message && isatty(STDIN_FILENO)) {
        if (o->stop_after) {
            return probe(o, o->from ? o->from : default_from, error); /* nobody will get it */
        }
        error_fail(error, POSTERN_ERROR_USAGE,
                   "there is no message: give --subject and --text, --message=FILE, or a message "
                   "on standard input (--test sends a probe)");
        return NULL;
    }
    g_autoptr(GByteArray) raw = send_read(o->message ? o->message : "-", "the message", error);
    if (!raw) {
        return NULL;
    }
    g_auto(GStrv) lists = send_all_recipients(o);
    g_autofree char *own = address_one(default_from, NULL);
    const char *at = own ? strrchr(own, '@') : NULL;
    OutgoingPlan plan = {
        .as_is = o->as_is,
        .add_from = !o->as_is,
        .take_recipients = !lists[0],
        .from = o->from ? o->from : default_from,
        .host = at ? at + 1 : NULL,
        .sender = o->envelope_from ? o->envelope_from : o->from,
        .recipients = (const char *const *)lists,
    };
    g_autoptr(Outgoing) message = outgoing_new(bytes_of_array(raw), &plan, error);
    if (message && !message->sender && !outgoing_set_sender(message, default_from, error)) {
        return NULL;
    }
    return g_steal_pointer(&message);
}

/* Standard input can be read once. */
static bool reads_twice(const SendOptions *o)
{
    const char *const values[] = {o->text, o->html};
    unsigned count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        count += !g_strcmp0(values[i], "-") || !g_strcmp0(values[i], "@-");
    }
    char **const lists[] = {o->attach, o->inlined};
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (char **value = lists[i]; value && *value; value++) {
            count += (*value)[0] == '-' && strchr(";", (*value)[1]);
        }
    }
    return count > 1;
}

Outgoing *send_message(const SendOptions *o, const char *default_from, GError **error)
{
    bool composing = o->subject || o->text || o->html || o->attach || o->inlined || o->header;
    if ((o->message || o->as_is) && (composing || o->test)) {
        error_fail(error, POSTERN_ERROR_USAGE,
                   "a ready message (--message, --as-is) is not composed: --subject, --text and "
                   "their kin do not go with it");
        return NULL;
    }
    if (reads_twice(o)) {
        error_fail(error, POSTERN_ERROR_USAGE,
                   "standard input is there once: only one of --text, --html, --attach and "
                   "--inline can be \"-\"");
        return NULL;
    }
    const char *from = o->from ? o->from : default_from;
    g_autoptr(Outgoing) message = o->test     ? probe(o, from, error)
                                  : composing ? compose_options(o, from, error)
                                              : ready(o, default_from, error);
    if (message && !message->recipients->len && !o->print) {
        error_fail(error, POSTERN_ERROR_USAGE, "nobody is named to send it to: give --to=ADDRESS");
        return NULL;
    }
    return g_steal_pointer(&message);
}

GByteArray *send_recode(Bytes text, GError **error)
{
    return compose_seven_bit(text, error);
}
