/* https.c: libcurl's multi interface over a stream of dial(), waited for by io_wait. */
#include "io/https.h"

#include <curl/curl.h>
#include <string.h>

#include "base/escape.h"
#include "base/library.h"
#include "base/openssl_words.h"
#include "io/sched.h"

enum { BODY_MAX_DEFAULT = 64 * 1024, HEADERS_MAX = 64 * 1024, SHOWN_MAX = 200, PORT_DEFAULT = 443 };

/* libcurl brings some thirty libraries: it is loaded by the first request. */
#define LIBRARY "libcurl.so.4"
#define FUNCTIONS(X)                                                                               \
    X(curl_global_init)                                                                            \
    X(curl_easy_init)                                                                              \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_getinfo)                                                                           \
    X(curl_easy_cleanup)                                                                           \
    X(curl_easy_strerror)                                                                          \
    X(curl_multi_init)                                                                             \
    X(curl_multi_setopt)                                                                           \
    X(curl_multi_add_handle)                                                                       \
    X(curl_multi_remove_handle)                                                                    \
    X(curl_multi_socket_action)                                                                    \
    X(curl_multi_info_read)                                                                        \
    X(curl_multi_cleanup)                                                                          \
    X(curl_slist_append)                                                                           \
    X(curl_slist_free_all)

/* The headers wrap the functions with variable arguments in macros that check types; here the
 * functions themselves are meant. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

typedef struct {
    FUNCTIONS(LIBRARY_MEMBER)
    LibraryOnce once;
} Library;

static char *start_curl(void *members)
{
    const Library *curl = members;
    openssl_load_words(); /* for what curl tells of TLS */
    return curl->curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? NULL
                                                                   : g_strdup("it does not start");
}

static const Library *library(void)
{
    static Library curl;
    library_load_once(&curl.once, LIBRARY, LIBRARY_NAMES(FUNCTIONS), &curl, start_curl);
    return &curl;
}

/* One request. */
typedef struct {
    const Library *curl;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *resolve, *headers_sent;
    char words[CURL_ERROR_SIZE]; /* libcurl's about a failure */
    Stream *stream;
    IoWait wait;      /* what libcurl waits for */
    Deadline timer;   /* when it wants to be called without anything to read or write */
    int running;      /* 0: it has come to its end */
    int ready;        /* of the last wait: CURL_CSELECT_ */
    CURLcode verdict; /* at the end */
    size_t max, headers;
    bool too_much;
    HttpsAnswer *answer;
} Request;

/* --- what libcurl calls; none of these waits --- */

static size_t take_body(char *data, size_t size, size_t n, void *user)
{
    Request *r = user;
    size_t len = size * n;
    if (len > r->max - r->answer->body->len) {
        r->too_much = true;
        return 0; /* ends the transfer */
    }
    g_byte_array_append(r->answer->body, (const guint8 *)data, (guint)len);
    return len;
}

static size_t take_header(char *data, size_t size, size_t n, void *user)
{
    (void)data;
    Request *r = user;
    r->headers += size * n;
    r->too_much = r->headers > HEADERS_MAX;
    return r->too_much ? 0 : size * n;
}

static curl_socket_t give_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    (void)address;
    return ((Request *)user)->stream->fd;
}

static int is_connected(void *user, curl_socket_t fd, curlsocktype purpose)
{
    (void)user;
    (void)fd;
    (void)purpose;
    return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* It is the stream's. */
static int leave_socket(void *user, curl_socket_t fd)
{
    (void)user;
    (void)fd;
    return 0;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *of_socket)
{
    (void)easy;
    (void)of_socket;
    Request *r = user;
    r->wait = (IoWait){.fd = what == CURL_POLL_REMOVE ? -1 : fd,
                       .want_read = what == CURL_POLL_IN || what == CURL_POLL_INOUT,
                       .want_write = what == CURL_POLL_OUT || what == CURL_POLL_INOUT};
    return 0;
}

static int want_timer(CURLM *multi, long ms, void *user)
{
    (void)multi;
    ((Request *)user)->timer = ms < 0 ? DEADLINE_NEVER : deadline_in((double)ms / 1000);
    return 0;
}

/* --- setting up --- */

static void set_callbacks(Request *r)
{
    const Library *curl = r->curl;
    curl->curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl->curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
    curl->curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, take_header);
    curl->curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, r);
    curl->curl_easy_setopt(r->easy, CURLOPT_OPENSOCKETFUNCTION, give_socket);
    curl->curl_easy_setopt(r->easy, CURLOPT_OPENSOCKETDATA, r);
    curl->curl_easy_setopt(r->easy, CURLOPT_SOCKOPTFUNCTION, is_connected);
    curl->curl_easy_setopt(r->easy, CURLOPT_CLOSESOCKETFUNCTION, leave_socket);
    curl->curl_multi_setopt(r->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl->curl_multi_setopt(r->multi, CURLMOPT_SOCKETDATA, r);
    curl->curl_multi_setopt(r->multi, CURLMOPT_TIMERFUNCTION, want_timer);
    curl->curl_multi_setopt(r->multi, CURLMOPT_TIMERDATA, r);
}

/* The hashed directory, not the bundle, which takes twenty milliseconds to read; $SSL_CERT_FILE and
 * $SSL_CERT_DIR as everywhere else. */
static void set_trust(Request *r, const HttpsPlan *plan)
{
    bool own = plan->ca_file || plan->ca_path;
    const char *file = own ? plan->ca_file : g_getenv("SSL_CERT_FILE");
    const char *dir = own ? plan->ca_path : g_getenv("SSL_CERT_DIR");
    if (!own && !file && !dir) {
        dir = "/etc/ssl/certs";
    }
    r->curl->curl_easy_setopt(r->easy, CURLOPT_CAINFO, file);
    r->curl->curl_easy_setopt(r->easy, CURLOPT_CAPATH, dir);
    r->curl->curl_easy_setopt(r->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    r->curl->curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    r->curl->curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYHOST, 2L);
}

/* libcurl must not resolve. The address is only looked at, not dialled. */
static void set_address(Request *r, const char *host, uint16_t port)
{
    if (g_hostname_is_ip_address(host)) {
        return;
    }
    g_autofree char *entry = g_strdup_printf("%s:%u:192.0.2.1", host, port);
    r->resolve = r->curl->curl_slist_append(NULL, entry);
    r->curl->curl_easy_setopt(r->easy, CURLOPT_RESOLVE, r->resolve);
}

typedef struct {
    Request *request;
    const HttpsPlan *plan;
    const char *url, *host;
    uint16_t port;
    const Secret *form; /* or NULL: GET */
} SetUp;

static void set_form(Request *r, const Secret *form)
{
    Bytes plain = secret_reveal(form);
    const Library *curl = r->curl;
    r->headers_sent = curl->curl_slist_append(NULL, "Accept: application/json");
    r->headers_sent = curl->curl_slist_append(r->headers_sent, "Expect:"); /* it is short */
    curl->curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers_sent);
    curl->curl_easy_setopt(r->easy, CURLOPT_POST, 1L);
    curl->curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, plain.data);
    curl->curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE, (long)plain.len);
}

static void run_set_up(void *user)
{
    const SetUp *e = user;
    Request *r = e->request;
    const Library *curl = r->curl;
    r->multi = curl->curl_multi_init();
    r->easy = curl->curl_easy_init();
    set_callbacks(r);
    set_trust(r, e->plan);
    set_address(r, e->host, e->port);
    curl->curl_easy_setopt(r->easy, CURLOPT_URL, e->url);
    curl->curl_easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, "https");
    curl->curl_easy_setopt(r->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl->curl_easy_setopt(r->easy, CURLOPT_PROXY, "");
    curl->curl_easy_setopt(r->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl->curl_easy_setopt(r->easy, CURLOPT_NOSIGNAL, 1L);
    curl->curl_easy_setopt(r->easy, CURLOPT_USERAGENT, "postern/" POSTERN_VERSION);
    curl->curl_easy_setopt(r->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl->curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, r->words);
    if (e->form) {
        set_form(r, e->form);
    }
    curl->curl_multi_add_handle(r->multi, r->easy);
}

/* --- going on --- */

static void run_step(void *user)
{
    Request *r = user;
    bool timer = r->ready == 0;
    if (timer) {
        r->timer = DEADLINE_NEVER;
    }
    r->curl->curl_multi_socket_action(r->multi, timer ? CURL_SOCKET_TIMEOUT : r->wait.fd, r->ready,
                                      &r->running);
    int left;
    const CURLMsg *message = r->curl->curl_multi_info_read(r->multi, &left);
    if (message && message->msg == CURLMSG_DONE) {
        r->verdict = message->data.result;
        r->running = 0;
    }
}

/* Waits for the socket or libcurl's timer, whichever comes first. Suspends. */
static bool wait_for(Request *r, Deadline deadline, GError **error)
{
    g_autoptr(GError) why = NULL;
    size_t n = r->wait.fd >= 0 ? 1 : 0;
    r->wait.ready_read = r->wait.ready_write = false;
    bool woken = io_wait_any(&r->wait, n, deadline_sooner(r->timer, deadline), &why);
    bool of_timer = !woken && g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT) &&
                    !deadline_passed(deadline);
    if (!woken && !of_timer) {
        g_propagate_error(error, g_steal_pointer(&why));
        return false;
    }
    r->ready =
        (r->wait.ready_read ? CURL_CSELECT_IN : 0) | (r->wait.ready_write ? CURL_CSELECT_OUT : 0);
    return true;
}

static bool transfer(Request *r, Deadline deadline, GError **error)
{
    r->running = 1;
    sched_on_big_stack(run_step, r);
    while (r->running) {
        if (!wait_for(r, deadline, error)) {
            return false;
        }
        sched_on_big_stack(run_step, r);
    }
    return true;
}

/* --- the end --- */

static const struct {
    CURLcode of;
    PosternErrorCode code;
} kinds[] = {
    {CURLE_PEER_FAILED_VERIFICATION, POSTERN_ERROR_INSECURE},
    {CURLE_SSL_CACERT_BADFILE, POSTERN_ERROR_CONFIG},
    {CURLE_GOT_NOTHING, POSTERN_ERROR_EOF},
    {CURLE_RECV_ERROR, POSTERN_ERROR_EOF},
    {CURLE_SEND_ERROR, POSTERN_ERROR_EOF},
    {CURLE_PARTIAL_FILE, POSTERN_ERROR_EOF},
};

static bool judge(const Request *r, GError **error)
{
    if (r->too_much) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          r->headers > HEADERS_MAX ? "the headers are larger than %zu octets"
                                                   : "the document is larger than %zu octets",
                          r->headers > HEADERS_MAX ? (size_t)HEADERS_MAX : r->max);
    }
    if (r->verdict == CURLE_OK) {
        return true;
    }
    PosternErrorCode code = POSTERN_ERROR_PROTOCOL;
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        code = kinds[i].of == r->verdict ? kinds[i].code : code;
    }
    const char *words = *r->words ? r->words : r->curl->curl_easy_strerror(r->verdict);
    g_autofree char *shown = escape_line_max(bytes_of(words), SHOWN_MAX);
    return error_fail(error, code, "%s", shown);
}

static void run_take(void *user)
{
    const Request *r = user;
    const Library *curl = r->curl;
    long status = 0;
    const char *type = NULL, *location = NULL;
    curl->curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
    curl->curl_easy_getinfo(r->easy, CURLINFO_CONTENT_TYPE, &type);
    curl->curl_easy_getinfo(r->easy, CURLINFO_REDIRECT_URL, &location);
    r->answer->status = (int)status;
    if (type) {
        g_autofree char *bare = g_strndup(type, strcspn(type, "; \t"));
        r->answer->content_type = g_ascii_strdown(bare, -1);
    }
    r->answer->location = g_strdup(location);
}

static void run_clear(void *user)
{
    const Request *r = user;
    const Library *curl = r->curl;
    curl->curl_multi_remove_handle(r->multi, r->easy);
    curl->curl_easy_cleanup(r->easy);
    curl->curl_multi_cleanup(r->multi);
    curl->curl_slist_free_all(r->resolve);
    curl->curl_slist_free_all(r->headers_sent);
}

void https_answer_free(HttpsAnswer *answer)
{
    if (answer) {
        g_free(answer->content_type);
        g_free(answer->location);
        secret_wipe(answer->body->data, answer->body->len);
        g_byte_array_unref(answer->body);
        g_free(answer);
    }
}

/* --- all of it --- */

static GUri *parse(const char *url, GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_ENCODED, NULL);
    bool good = uri && g_strcmp0(g_uri_get_scheme(uri), "https") == 0 && g_uri_get_host(uri) &&
                *g_uri_get_host(uri) && !g_uri_get_userinfo(uri);
    if (!good) {
        g_autofree char *shown = escape_line_max(bytes_of(url), SHOWN_MAX);
        error_fail(error, POSTERN_ERROR_USAGE, "\"%s\" is no https:// address", shown);
    }
    return good ? g_steal_pointer(&uri) : NULL;
}

static Stream *dial_host(const HttpsPlan *plan, const char *host, uint16_t port, Deadline deadline,
                         GError **error)
{
    DialPlan dialled = *plan->dial;
    DialResult result = {0};
    dialled.host = host;
    dialled.port = port;
    dialled.unix_path = NULL;
    Stream *stream = dial(&dialled, &result, deadline, error);
    dial_result_clear(&result);
    return stream;
}

/* Of a tunnel that broke the stream knows more than libcurl, which has only seen an end. */
static void ask_stream(Request *r, GError **error)
{
    g_autoptr(GError) why = NULL;
    char byte;
    size_t got;
    bool eof;
    if (!stream_read_now(r->stream, &byte, 1, &got, &eof, &why)) {
        g_clear_error(error);
        g_propagate_error(error, g_steal_pointer(&why));
    }
}

static bool run(Request *r, SetUp *set_up, Deadline deadline, GError **error)
{
    sched_on_big_stack(run_set_up, set_up);
    bool ended = transfer(r, deadline, error);
    bool good = ended && judge(r, error);
    if (good) {
        sched_on_big_stack(run_take, r);
    } else if (ended && r->verdict == CURLE_RECV_ERROR) {
        ask_stream(r, error);
    }
    sched_on_big_stack(run_clear, r);
    return good;
}

static HttpsAnswer *ask(const HttpsPlan *plan, const char *url, const Secret *form,
                        Deadline deadline, GError **error)
{
    const Library *curl = library();
    if (curl->once.failed) {
        error_fail(error, POSTERN_ERROR_CONFIG, "HTTPS needs " LIBRARY ": %s", curl->once.failed);
        return NULL;
    }
    g_autoptr(GUri) uri = parse(url, error);
    if (!uri) {
        return NULL;
    }
    const char *host = g_uri_get_host(uri);
    uint16_t port = g_uri_get_port(uri) > 0 ? (uint16_t)g_uri_get_port(uri) : PORT_DEFAULT;
    Request r = {.curl = curl,
                 .wait = {.fd = -1},
                 .timer = DEADLINE_NEVER,
                 .max = plan->max_bytes ? plan->max_bytes : BODY_MAX_DEFAULT};
    r.stream = dial_host(plan, host, port, deadline, error);
    if (!r.stream) {
        return NULL;
    }
    r.answer = g_new0(HttpsAnswer, 1);
    /* Never moved: what it holds may be secret. */
    r.answer->body = g_byte_array_sized_new((guint)r.max);
    bool good = run(&r, &(SetUp){&r, plan, url, host, port, form}, deadline, error);
    stream_free(r.stream);
    if (!good) {
        g_clear_pointer(&r.answer, https_answer_free);
        error_prefix(error, "%s", url);
    }
    return r.answer;
}

HttpsAnswer *https_get(const HttpsPlan *plan, const char *url, Deadline deadline, GError **error)
{
    return ask(plan, url, NULL, deadline, error);
}

HttpsAnswer *https_post_form(const HttpsPlan *plan, const char *url, const Secret *form,
                             Deadline deadline, GError **error)
{
    return ask(plan, url, form, deadline, error);
}
