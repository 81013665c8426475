/* talk_local.c: the commands that begin with "/": one function and one row each. */
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "cmd/talk.h"
#include "report/tls_summary.h"

static bool need_session(const Talk *t, GError **error)
{
    return (t->session != NULL && t->session->wire != NULL && !t->closed) ||
           error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                      "the connection is closed (/resume opens it again)");
}

static bool local_starttls(Talk *t, const char *arguments, GError **error)
{
    (void)arguments;
    if (!need_session(t, error)) {
        return false;
    }
    if (wire_encrypted(t->session->wire)) {
        talk_note(t, false, "TLS is up already (/tls shows it)");
        return true;
    }
    if (t->tls_asked) {
        talk_note(t, false,
                  "TLS was asked for already: the handshake starts when the server agrees");
        return true;
    }
    if (!talk_hear_reply(t, error)) {
        return false; /* a reply that is on its way is not bytes injected before the handshake */
    }
    t->ladder = true;
    bool good = session_upgrade(t->session, false, error);
    t->ladder = false;
    if (good) {
        talk_show_capabilities(t, false);
    }
    return good;
}

static bool authenticate(Talk *t, const char *mechanism, GError **error)
{
    if (!need_session(t, error) || !talk_hear_reply(t, error)) {
        return false;
    }
    t->ladder = true;
    GError *problem = NULL;
    bool good = session_auth(t->session, mechanism, &problem);
    t->ladder = false;
    if (g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_AUTH)) {
        connection_forget_password(t->connection); /* the next try asks for another */
    }
    if (!good) {
        g_propagate_error(error, problem);
    }
    if (good) {
        t->refused_status = 0;
        talk_note(t, false, "authenticated by %s", t->session->auth_used);
    }
    return good;
}

static bool local_auth(Talk *t, const char *arguments, GError **error)
{
    g_autofree char *mechanism = arguments ? g_ascii_strup(arguments, -1) : NULL;
    return authenticate(t, mechanism, error);
}

static bool local_apop(Talk *t, const char *arguments, GError **error)
{
    (void)arguments;
    return authenticate(t, "APOP", error);
}

static bool need_peer(const Talk *t, GError **error)
{
    return (t->session != NULL && t->session->peer != NULL) ||
           error_fail(error, POSTERN_ERROR_USAGE,
                      "there is no TLS on this connection (/starttls begins it)");
}

static bool local_cert(Talk *t, const char *arguments, GError **error)
{
    if (!need_peer(t, error)) {
        return false;
    }
    bool pem = arguments != NULL && strcmp(arguments, "--pem") == 0;
    g_autofree char *text = tls_summary_chain(t->session->peer, pem);
    talk_print(t, text);
    return true;
}

static bool local_tls(Talk *t, const char *arguments, GError **error)
{
    if (!need_peer(t, error)) {
        return false;
    }
    bool json = arguments != NULL && strcmp(arguments, "--json") == 0;
    g_autofree char *text =
        json ? tls_summary_json(t->session->peer) : tls_summary_connection(t->session->peer);
    talk_print(t, text);
    return true;
}

static bool local_caps(Talk *t, const char *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    talk_show_capabilities(t, true);
    return true;
}

/* A new connection with the old TLS session, climbed to where talk began. */
static bool local_resume(Talk *t, const char *arguments, GError **error)
{
    (void)arguments;
    TlsSession *old = NULL;
    if (t->session != NULL && t->session->wire != NULL && tls_is(wire_stream(t->session->wire))) {
        old = tls_session_take(wire_stream(t->session->wire));
        if (old == NULL) {
            talk_note(t, false,
                      "the server gave no session to resume: this will be a full handshake");
        }
    }
    if (t->session != NULL && t->session->wire != NULL && !t->closed) {
        wire_shutdown(t->session->wire,
                      NULL); /* some servers forget a session that just breaks off */
    }
    Stage stage = old != NULL ? MAX(STAGE_TLS, talk_start_stage(t)) : talk_start_stage(t);
    talk_close(t);
    g_clear_pointer(&t->resumable, tls_session_free);
    t->resumable = old;
    connection_plan(t->connection)->tls.resume = old;
    if (!talk_open(t, stage, error)) {
        return false;
    }
    if (t->session->peer != NULL) {
        talk_note(t, false,
                  t->session->peer->resumed ? "the TLS session was resumed"
                                            : "the TLS session was not resumed: a full handshake");
    }
    return true;
}

static bool local_rekey(Talk *t, const char *arguments, GError **error)
{
    (void)arguments;
    if (!need_session(t, error) || !need_peer(t, error)) {
        return false;
    }
    if (!tls_rekey(wire_stream(t->session->wire), deadline_in(wire_timeout(t->session->wire)),
                   error)) {
        return false;
    }
    talk_note(t, false, "new traffic keys in both directions (TLS 1.3 KeyUpdate)");
    return true;
}

/* "~/letter" as the shell reads it. The caller frees it. */
static char *with_home(const char *file)
{
    return g_str_has_prefix(file, "~/") ? g_build_filename(g_get_home_dir(), file + 2, NULL)
                                        : g_strdup(file);
}

static bool local_save(Talk *t, const char *arguments, GError **error)
{
    if (arguments == NULL) {
        return error_fail(error, POSTERN_ERROR_USAGE, "/save needs a file name");
    }
    g_autofree char *file = with_home(arguments);
    if (!talk_hear_reply(t, error) || !reply_store_save(t->reply, file, error)) {
        return false;
    }
    g_autofree char *size = explain_size(reply_store_size(t->reply));
    g_autofree char *which =
        t->literals > 1 ? g_strdup_printf(": the last of %u literals", t->literals) : g_strdup("");
    talk_note(t, false, "saved %s to %s%s", size, file, which);
    return true;
}

static bool local_send(Talk *t, const char *arguments, GError **error)
{
    if (arguments == NULL) {
        return error_fail(error, POSTERN_ERROR_USAGE, "/send needs a file name");
    }
    if (!need_session(t, error) || !talk_hear_reply(t, error)) {
        return false;
    }
    g_autofree char *whole = with_home(arguments);
    if (g_file_test(whole, G_FILE_TEST_EXISTS)) { /* a name may have blanks in it */
        return talk_send_file(t, whole, NULL, error);
    }
    g_auto(GStrv) words = g_strsplit(whole, " ", 2);
    return talk_send_file(t, words[0], words[1], error);
}

/* The lines among the octets, each told to `each` until one says true. What follows the last line
 * end is none. */
static bool any_line(Bytes octets, bool (*each)(Talk *t, Bytes line), Talk *t)
{
    for (gssize end = bytes_index(octets, '\n'); end >= 0; end = bytes_index(octets, '\n')) {
        size_t len = (size_t)end;
        if (each(t,
                 bytes_sub(octets, 0, len > 0 && octets.data[len - 1] == '\r' ? len - 1 : len))) {
            return true;
        }
        octets = bytes_sub(octets, (size_t)end + 1, octets.len);
    }
    return false;
}

static bool is_secret_line(Talk *t, Bytes line)
{
    SentLine sent;
    dialogue_peek(t->dialogue, line, &sent);
    return sent.has_secret;
}

static bool gives_password_away(Talk *t, Bytes line)
{
    SentLine sent;
    dialogue_peek(t->dialogue, line, &sent);
    return sent.is_cleartext_password;
}

static bool follow_line(Talk *t, Bytes line)
{
    SentLine sent;
    dialogue_send(t->dialogue, line, &sent);
    return false;
}

bool talk_raw_is_secret(const Talk *t, const char *line)
{
    if (!g_str_has_prefix(line, "/raw ")) {
        return false;
    }
    g_autoptr(GByteArray) octets = bytes_from_hex(bytes_of(line + strlen("/raw ")));
    return octets != NULL && any_line(bytes_of_array(octets), is_secret_line, (Talk *)t);
}

static bool local_raw(Talk *t, const char *arguments, GError **error)
{
    if (!need_session(t, error)) {
        return false;
    }
    g_autoptr(GByteArray) array = arguments ? bytes_from_hex(bytes_of(arguments)) : NULL;
    if (array == NULL || array->len == 0) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "/raw needs octets in hexadecimal, such as: /raw 4e 4f 4f 50 0d 0a");
    }
    Bytes octets = bytes_of_array(array);
    if (any_line(octets, gives_password_away, t) && !session_is_private(t->session) &&
        !t->options->connect.allow_cleartext_auth) {
        return error_fail(error, POSTERN_ERROR_INSECURE,
                          "not sent: this would give the password away");
    }
    bool masked = any_line(octets, is_secret_line, t);
    if (!wire_send_bytes(t->session->wire, octets, masked, error)) {
        return false;
    }
    any_line(octets, follow_line, t);
    return true;
}

static bool local_wait(Talk *t, const char *arguments, GError **error)
{
    if (!need_session(t, error)) {
        return false;
    }
    if (arguments == NULL) {
        return talk_hear_reply(t, error);
    }
    char *end = NULL;
    double seconds = g_ascii_strtod(arguments, &end);
    if (*end != '\0' || !(seconds >= 0 && seconds <= 86400)) {
        return error_fail(
            error, POSTERN_ERROR_USAGE,
            "/wait takes a number of seconds, or nothing: until the reply is complete");
    }
    return talk_hear_until(t, deadline_in(seconds), error);
}

static bool local_expect(Talk *t, const char *arguments, GError **error)
{
    if (arguments == NULL) {
        return error_fail(error, POSTERN_ERROR_USAGE, "/expect needs a regular expression");
    }
    return talk_hear_reply(t, error) && talk_expect(t, arguments, error);
}

static bool local_history(Talk *t, const char *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    if (t->print_history == NULL) {
        talk_print(t, "There is no history: nobody is typing.");
    } else {
        t->print_history(t);
    }
    return true;
}

static bool local_help(Talk *t, const char *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    for (const LocalCommand *c = local_commands; c->name != NULL; c++) {
        g_autofree char *usage = g_strdup_printf("/%s%s%s", c->name, c->arguments ? " " : "",
                                                 c->arguments ? c->arguments : "");
        g_autofree char *line = g_strdup_printf("  %-22s %s", usage, c->help);
        talk_print(t, line);
    }
    g_autofree char *end =
        g_strdup_printf("  %-22s sends a line that begins with a slash\n"
                        "Everything else goes to the server. SIGALRM does what /starttls does:"
                        " kill -ALRM %d",
                        "//...", (int)getpid());
    talk_print(t, end);
    return true;
}

static bool local_quit(Talk *t, const char *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    talk_goodbye(t);
    t->closed = true;
    return true;
}

static bool local_drop(Talk *t, const char *arguments, GError **error)
{
    (void)arguments;
    (void)error;
    t->quitting = true;
    t->closed = true;
    talk_close(t);
    return true;
}

const LocalCommand local_commands[] = {
    {"starttls", NULL, "ask for TLS and begin it", local_starttls},
    {"auth", "[MECH]", "authenticate, with the strongest mechanism or this one", local_auth},
    {"apop", NULL, "authenticate with APOP (POP3)", local_apop},
    {"cert", "[--pem]", "the server's certificates", local_cert},
    {"tls", "[--json]", "what was agreed: version, cipher, keys, trust", local_tls},
    {"caps", NULL, "the capabilities, explained, and what TLS changed", local_caps},
    {"resume", NULL, "connect anew, resuming the TLS session", local_resume},
    {"rekey", NULL, "new traffic keys (TLS 1.3)", local_rekey},
    {"save", "FILE", "write the last reply's body (RETR, FETCH) to a file, byte for byte",
     local_save},
    {"mime", "[OPTION]", "the last reply as a message: headers, structure, text (--tree, --text)",
     talk_mime},
    {"attach", "N FILE", "write part N of the last reply, decoded, to a new file", talk_attach},
    {"send", "FILE [MAILBOX]", "send a file: DATA or POST dot-stuffed, APPEND as a literal",
     local_send},
    {"raw", "HEX", "send these octets, with nothing added", local_raw},
    {"wait", "[SECONDS]", "listen: until the reply is complete, or so long", local_wait},
    {"expect", "REGEX", "the last reply must match; else a script ends with status 65",
     local_expect},
    {"history", NULL, "what was typed", local_history},
    {"help", NULL, "this", local_help},
    {"quit", NULL, "say goodbye and end", local_quit},
    {"drop", NULL, "end without a word", local_drop},
    {NULL, NULL, NULL, NULL},
};

bool talk_local(Talk *t, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 2);
    if (words[0] == NULL) {
        return local_help(t, NULL, error);
    }
    char *arguments = words[1] ? g_strstrip(words[1]) : NULL;
    if (arguments != NULL && *arguments == '\0') {
        arguments = NULL;
    }
    for (const LocalCommand *c = local_commands; c->name != NULL; c++) {
        if (strcmp(c->name, words[0]) == 0) {
            return c->run(t, arguments, error);
        }
    }
    Nearest near = {.word = words[0]};
    for (const LocalCommand *c = local_commands; c->name != NULL; c++) {
        nearest_offer(&near, c->name);
    }
    g_autofree char *shown = escape_line(bytes_of(words[0]));
    return error_fail(
        error, POSTERN_ERROR_USAGE,
        "there is no /%s%s%s%s (/help lists what there is; // sends a line that begins "
        "with a slash)",
        shown, near.best ? "; is it /" : "", near.best ? near.best : "", near.best ? "?" : "");
}
