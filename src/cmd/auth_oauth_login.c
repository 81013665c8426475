/* auth_oauth_login.c: the two ways in which a person agrees: a code typed in somewhere, or a
 * browser on this machine that comes back to a port of ours. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/escape.h"
#include "cmd/auth_oauth.h"
#include "config/oauth_form.h"
#include "io/listen.h"
#include "io/spawn.h"
#include "proto/wire.h"

#define WAIT_SECONDS 300
/* A browser opens connections ahead that it says nothing on. */
#define REQUEST_SECONDS 3
#define REQUEST_LINE_MAX ((size_t)32 * 1024)
#define HEADER_LINES_MAX 200
#define CALLBACK_PATH "/"

static double wait_of(const OauthLogin *l)
{
    return l->options->oauth.wait > 0 ? l->options->oauth.wait : WAIT_SECONDS;
}

/* --- by a code --- */

bool auth_oauth_by_device(const OauthLogin *l, GError **error)
{
    g_auto(OauthDevice) device = {0};
    if (!oauth_device_start(&l->net, l->grant, l->grant->device_endpoint, &device, error)) {
        return error_prefix(error, "asking for a code");
    }
    g_autofree char *where = escape_line_max(bytes_of(device.verification_uri), 500);
    g_autofree char *code = escape_line_max(bytes_of(device.user_code), 60);
    printf("On any device open\n\n    %s\n\nand enter the code\n\n    %s\n\n", where, code);
    if (device.verification_uri_complete) {
        g_autofree char *all = escape_line_max(bytes_of(device.verification_uri_complete), 500);
        printf("or open %s\n\n", all);
    }
    fflush(stdout);
    if (l->options->oauth.wait > 0) {
        device.expires = deadline_sooner(device.expires, deadline_in(wait_of(l)));
    }
    return oauth_device_wait(&l->net, &device, l->grant, error);
}

/* --- by the browser --- */

/* What the browser shows at the end. */
static void answer(Wire *w, const char *status, const char *text)
{
    g_autofree char *body =
        g_strdup_printf("<!doctype html><meta charset=utf-8><title>Postern</title><p>%s\n", text);
    g_autofree char *whole = g_strdup_printf(
        "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
        "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n%s",
        status, strlen(body), body);
    if (wire_send_bytes(w, bytes_of(whole), false, NULL)) {
        wire_shutdown(w, NULL);
    }
}

/* One request, as far as it matters; false for what is none. Suspends. */
static bool read_request(Wire *w, OauthRedirect *ret)
{
    Bytes line;
    wire_set_max_line(w, REQUEST_LINE_MAX);
    wire_set_deadline(w, deadline_in(REQUEST_SECONDS));
    if (!wire_line(w, &line, NULL) || !oauth_redirect_parse(line, CALLBACK_PATH, ret)) {
        return false;
    }
    for (int i = 0; i < HEADER_LINES_MAX; i++) {
        if (!wire_line(w, &line, NULL) || line.len == 0) {
            break;
        }
    }
    wire_set_deadline(w, deadline_in(REQUEST_SECONDS));
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a && b && strlen(a) == strlen(b) && digest_same(a, b, strlen(a));
}

static bool same_issuer(const char *a, const char *b)
{
    g_autofree char *bare_a = g_strndup(a, strlen(a) - g_str_has_suffix(a, "/"));
    g_autofree char *bare_b = g_strndup(b, strlen(b) - g_str_has_suffix(b, "/"));
    return strcmp(bare_a, bare_b) == 0;
}

static bool denied(const OauthRedirect *r, GError **error)
{
    g_autofree char *what = escape_line_max(bytes_of(r->error), 60);
    g_autofree char *said =
        r->error_description ? escape_line_max(bytes_of(r->error_description), 200) : NULL;
    bool no = strcmp(r->error, "access_denied") == 0;
    return error_fail(error, POSTERN_ERROR_AUTH, "%s%s%s%s%s%s",
                      no ? "the login was denied (" : "the provider refused the login (", what, ")",
                      said ? "; it says: \"" : "", said ? said : "", said ? "\"" : "");
}

/* RFC 9207 section 2.4: the answer must be of the provider that was asked. */
static bool judge(const OauthLogin *l, OauthRedirect *r, Secret **ret_code, GError **error)
{
    if (r->issuer && l->issuer && !same_issuer(r->issuer, l->issuer)) {
        g_autofree char *shown = escape_line_max(bytes_of(r->issuer), 100);
        return error_fail(error, POSTERN_ERROR_AUTH,
                          "the browser came back from another provider (%s) than the one asked",
                          shown);
    }
    if (r->error) {
        return denied(r, error);
    }
    *ret_code = g_steal_pointer(&r->code);
    return *ret_code ||
           error_fail(error, POSTERN_ERROR_PROTOCOL, "the browser came back without a code");
}

typedef enum { NOT_IT, IT_IS, IT_FAILED } Came;

/* Who does not know the state is not our browser, or not back from this login: he is told no, and
 * waiting goes on, so that nobody on this machine can end a login. Suspends. */
static Came serve(const OauthLogin *l, const OauthBrowser *b, Wire *w, Secret **ret_code,
                  GError **error)
{
    g_auto(OauthRedirect) r = {0};
    if (!read_request(w, &r)) {
        return NOT_IT;
    }
    if (!r.is_callback || !(r.code || r.error)) {
        answer(w, "404 Not Found", "There is nothing here.");
        return NOT_IT;
    }
    if (!same_text(r.state, b->state)) {
        fprintf(stderr, "postern: warning: somebody came back with a wrong state, and was refused: "
                        "that was not this login\n");
        answer(w, "400 Bad Request", "This is not the login that was begun here (wrong state).");
        return NOT_IT;
    }
    bool good = judge(l, &r, ret_code, error);
    answer(w, "200 OK",
           good ? "Postern has what it needs. This window can be closed."
                : "The login did not succeed. This window can be closed.");
    return good ? IT_IS : IT_FAILED;
}

static Secret *await_code(const OauthLogin *l, const OauthBrowser *b, Listener *listener,
                          GError **error)
{
    Deadline until = deadline_in(wait_of(l));
    Secret *code = NULL;
    Came came = NOT_IT;
    while (came == NOT_IT) {
        g_autoptr(GError) why = NULL;
        Stream *stream = listener_accept(listener, NULL, until, &why);
        if (!stream) {
            bool late = g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
            error_fail(error, late ? POSTERN_ERROR_TIMEOUT : why->code,
                       late ? "the browser did not come back within %g s. Does the provider show "
                              "an error, or another address than %s? That one must be allowed for "
                              "this client there (--redirect-port fixes the port)"
                            : "waiting for the browser failed (%g s, %s)",
                       wait_of(l), b->redirect_uri);
            return NULL;
        }
        g_autoptr(Wire) w = wire_new(stream, REQUEST_SECONDS);
        came = serve(l, b, w, &code, error);
    }
    return code;
}

/* Does not wait for it: some browsers stay. */
static bool open_browser(const OauthLogin *l, const char *url, GError **error)
{
    g_autofree char *quoted = escape_shell(url);
    g_autofree char *line = g_strdup_printf("%s %s &", l->options->oauth.browser, quoted);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    SpawnPlan plan = {argv, -1, -1, -1, false};
    pid_t pid;
    int end_fd;
    if (!spawn_start(&plan, &pid, &end_fd, error)) {
        return error_prefix(error, "--browser");
    }
    spawn_end(pid, end_fd, REQUEST_SECONDS);
    close(end_fd);
    return true;
}

static bool send_there(const OauthLogin *l, const OauthBrowser *b, GError **error)
{
    g_autofree char *url =
        oauth_browser_url(b, l->grant, l->grant->authorization_endpoint, l->options->connect.user);
    g_autofree char *shown = escape_line(bytes_of(url));
    printf("Open this address in a browser on this machine:\n\n    %s\n\n", shown);
    fflush(stdout);
    return !l->options->oauth.browser || open_browser(l, url, error);
}

bool auth_oauth_by_browser(const OauthLogin *l, GError **error)
{
    int port = l->options->oauth.redirect_port;
    if (port < 0 || port > UINT16_MAX) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--redirect-port takes a number up to 65535");
    }
    ListenAddress here = {.host = (char *)"127.0.0.1", .port = (uint16_t)port};
    g_autoptr(Listener) listener = listener_open(&here, 0600, error);
    if (!listener) {
        return false;
    }
    g_auto(OauthBrowser) browser = {0};
    g_autofree char *uri =
        g_strdup_printf("http://%s:%u" CALLBACK_PATH, l->redirect_host, listener_port(listener));
    oauth_browser_init(&browser, uri);
    if (!send_there(l, &browser, error)) {
        return false;
    }
    g_autoptr(Secret) code = await_code(l, &browser, listener, error);
    return code && oauth_browser_finish(&l->net, &browser, code, l->grant, error);
}
