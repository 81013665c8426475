/* serve_wait.c: `postern serve wait`: blocks until a message has come, and prints what a test wants
 * of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/serve.h"
#include "mime/limits.h"
#include "mime/source.h"
#include "mime/text.h"
#include "report/sandbox_mail.h"

#define TIMEOUT_S 10.0
enum { MAIL_MAX = 256 * 1024 * 1024, TEXT_MAX = 16 * 1024 * 1024 };

/* A message that has come. */
typedef struct {
    char *from, *to, *file;
    int64_t received;
    GByteArray *text;
} Came;

static void came_free(Came *c)
{
    if (c) {
        g_free(c->from);
        g_free(c->to);
        g_free(c->file);
        g_byte_array_unref(c->text);
        g_free(c);
    }
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Came, came_free)

/* "90", "30s", "5m". */
static bool parse_timeout(const char *text, double *ret, GError **error)
{
    char *end;
    *ret = g_ascii_strtod(text, &end);
    if (strcmp(end, "m") == 0) {
        *ret *= 60;
    } else if (strcmp(end, "s") != 0 && *end != '\0') {
        end = (char *)text;
    }
    return (end > text && *ret >= 0 && *ret < 1e7) ||
           error_fail(error, POSTERN_ERROR_USAGE, "--timeout takes a time such as 10s or 2m");
}

/* --- what the sandbox says --- */

/* The rest of a line that has to begin with `word`. */
static char *field(Wire *wire, const char *word, GError **error)
{
    Bytes line;
    if (!wire_line(wire, &line, error)) {
        return NULL;
    }
    if (!bytes_equal(bytes_word(&line), bytes_of(word))) {
        error_fail(error, POSTERN_ERROR_PROTOCOL, "the sandbox did not say '%s'", word);
        return NULL;
    }
    return bytes_dup(line);
}

static bool read_numbers(Bytes words, uint64_t *octets, uint64_t *seconds)
{
    return bytes_number(bytes_word(&words), MAIL_MAX, octets) &&
           bytes_number(bytes_word(&words), G_MAXINT64, seconds);
}

/* The next message. NULL without an error: those that were there are told. Suspends. */
static Came *next_mail(Wire *wire, GError **error)
{
    Bytes line, text;
    uint64_t octets, seconds;
    if (!wire_line(wire, &line, error)) {
        return NULL;
    }
    if (bytes_equal(bytes_word(&line), BYTES_LITERAL("those"))) {
        return NULL;
    }
    if (!read_numbers(line, &octets, &seconds)) {
        error_fail(error, POSTERN_ERROR_PROTOCOL, "the sandbox did not say what has come");
        return NULL;
    }
    g_autoptr(Came) c = g_new0(Came, 1);
    c->text = g_byte_array_new();
    c->received = (int64_t)seconds;
    if (!(c->from = field(wire, "from", error)) || !(c->to = field(wire, "to", error)) ||
        !(c->file = field(wire, "file", error)) ||
        !wire_exact(wire, octets, MAIL_MAX, &text, error)) {
        return NULL;
    }
    g_byte_array_append(c->text, (const guint8 *)text.data, (guint)text.len);
    return g_steal_pointer(&c);
}

/* --- what is in it --- */

/* Needs GMime, which hostile messages can keep busy for ever: it has so much time, and no more. */
static MimeTree *parse(const Came *c, int *ret_fd, GError **error)
{
    const MimeLimits limits = {.cpu_seconds = 10, .memory_mb = 2048};
    static const MimeWish wish = {false, false};
    int fd = mime_nameless_file();
    if (fd < 0 || write(fd, c->text->data, c->text->len) != (ssize_t)c->text->len) {
        error_fail(error, POSTERN_ERROR_IO, "cannot keep the message: %s", g_strerror(errno));
        return NULL;
    }
    *ret_fd = fd;
    limits_apply(&limits);
    limits_budget(&limits, c->text->len);
    return mime_tree_parse(fd, 0, c->text->len, &wish, error);
}

static bool take_text(void *user, Bytes piece, GError **error)
{
    GString *out = user;
    (void)error;
    g_string_append_len(out, piece.data,
                        (gssize)MIN(piece.len, TEXT_MAX - MIN(out->len, TEXT_MAX)));
    return true;
}

static char *read_text(const MimeTree *tree, GError **error)
{
    g_autoptr(GPtrArray) bodies = mime_text_bodies(tree);
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < bodies->len; i++) {
        if (!mime_text_read(tree, bodies->pdata[i], take_text, out, error)) {
            return NULL;
        }
    }
    return g_utf8_make_valid(out->str, (gssize)out->len);
}

static char *as_json(const Came *c, const MimeTree *tree, const char *text)
{
    g_autoptr(GPtrArray) headers = g_ptr_array_new();
    for (guint i = 0; i < tree->headers->len; i++) {
        const MimeHeader *h = tree->headers->pdata[i];
        g_ptr_array_add(headers, h->name);
        g_ptr_array_add(headers, h->value);
    }
    g_ptr_array_add(headers, NULL);
    const SandboxMail mail = {.from = c->from,
                              .to = c->to,
                              .subject = mime_tree_header(tree, "Subject"),
                              .file = *c->file ? c->file : NULL,
                              .received = c->received,
                              .octets = c->text->len,
                              .headers = (const char *const *)headers->pdata,
                              .text = text};
    return sandbox_mail_json(&mail);
}

/* What is to be printed of the parsed message; NULL: it has none of that. */
static char *extract(const Came *c, const MimeTree *tree, const char *print, GError **error)
{
    g_autofree char *text = read_text(tree, error);
    if (!text) {
        return NULL;
    }
    if (strcmp(print, "json") == 0) {
        return as_json(c, tree, text);
    }
    char *found = NULL;
    if (strcmp(print, "code") == 0) {
        found = sandbox_mail_code(text);
    } else {
        g_auto(GStrv) links = sandbox_mail_links(text);
        found = g_strdup(links[0]);
    }
    if (!found) {
        error_fail(error, POSTERN_ERROR_DATA, "the message has come, but there is no %s in it",
                   print);
    }
    return found;
}

static bool print_mail(const Came *c, const char *print, GError **error)
{
    if (!print) {
        fwrite(c->text->data, 1, c->text->len, stdout);
        return true;
    }
    if (strcmp(print, "path") == 0) {
        return *c->file ? puts(c->file) >= 0
                        : error_fail(error, POSTERN_ERROR_DATA,
                                     "the sandbox keeps mail in memory: start it with a directory");
    }
    int fd = -1;
    g_autoptr(MimeTree) tree = parse(c, &fd, error);
    g_autofree char *words = tree ? extract(c, tree, print, error) : NULL;
    if (words) {
        puts(words);
    }
    close(fd);
    return words != NULL;
}

/* --- waiting --- */

static bool subject_fits(const Came *c, const GRegex *subject, bool *ret, GError **error)
{
    *ret = true;
    if (!subject) {
        return true;
    }
    int fd = -1;
    g_autoptr(MimeTree) tree = parse(c, &fd, error);
    const char *words = tree ? mime_tree_header(tree, "Subject") : NULL;
    *ret = words && g_regex_match(subject, words, 0, NULL);
    close(fd);
    return tree != NULL;
}

/* The newest of those that are there; else the first that comes. */
static Came *await(Wire *wire, const GRegex *subject, GError **error)
{
    g_autoptr(Came) newest = NULL;
    for (bool new = false;;) {
        GError *why = NULL;
        g_autoptr(Came) c = next_mail(wire, &why);
        bool fits = false;
        if (why || (c && !subject_fits(c, subject, &fits, &why))) {
            g_propagate_error(error, why);
            return NULL;
        }
        new = new || !c;
        if (fits) {
            came_free(newest);
            newest = g_steal_pointer(&c);
        }
        if (new &&newest) {
            return g_steal_pointer(&newest);
        }
    }
}

static bool wait_for_it(const ServeOptions *o, const char *directory, GError **error)
{
    double seconds = TIMEOUT_S;
    g_autoptr(GRegex) subject = NULL;
    if (!o->to) {
        return error_fail(error, POSTERN_ERROR_USAGE, "whose message? --to ADDRESS, or --to '*'");
    }
    if (o->timeout && !parse_timeout(o->timeout, &seconds, error)) {
        return false;
    }
    if (o->subject && !(subject = g_regex_new(o->subject, 0, 0, error))) {
        g_prefix_error(error, "--subject: ");
        (*error)->domain = POSTERN_ERROR;
        (*error)->code = POSTERN_ERROR_USAGE;
        return false;
    }
    g_autofree char *question = g_strdup_printf("wait %s", o->to);
    g_autoptr(Wire) wire = serve_ask(directory, seconds, question, error);
    if (!wire) {
        return false;
    }
    wire_set_deadline(wire, deadline_in(seconds));
    wire_await(wire, "the message");
    g_autoptr(GError) why = NULL;
    g_autoptr(Came) c = await(wire, subject, &why);
    if (!c && g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        return error_fail(error, POSTERN_ERROR_TIMEOUT, "no such message came within %g s",
                          seconds);
    }
    if (!c) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    return print_mail(c, o->print, error);
}

int serve_wait(const ServeOptions *o, char **args)
{
    GError *error = NULL;
    return wait_for_it(o, args[0], &error) ? 0 : command_fail(error);
}
