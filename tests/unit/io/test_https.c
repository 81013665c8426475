/* https: documents from a real TLS server on loopback (openssl s_server -HTTP hands out files that
 * are whole answers, honest ones or not). */
#include <netinet/in.h>

#include "https_peer.h"

#define URL "https://mta-sts.example/"

typedef struct {
    char *before;
    HttpsPeer peer;
    HttpsPlan plan;
} World;

static const struct {
    const char *name, *text;
} answers[] = {
    {"policy", "HTTP/1.0 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\n\r\n"
               "version: STSv1\r\n"},
    {"moved", "HTTP/1.0 301 Moved\r\nLocation: https://elsewhere.example/x\r\n"
              "Content-Length: 0\r\n\r\n"},
    {"gone", "HTTP/1.0 404 Not Found\r\n\r\nno\r\n"},
    {"garbage", "+OK this is no HTTP\r\n"},
    {"short", "HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\ncut"},
};

static void write_answer(const char *name, const char *text)
{
    g_assert_true(g_file_set_contents(name, text, -1, NULL));
}

static void world_open(World *w, const void *user)
{
    (void)user;
    g_autofree char *directory = g_dir_make_tmp("postern-https-XXXXXX", NULL);
    w->before = g_get_current_dir();
    g_assert_cmpint(chdir(directory), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        write_answer(answers[i].name, answers[i].text);
    }
    g_autofree char *filler = g_strnfill(100 * 1024, 'x');
    g_autofree char *large = g_strconcat("HTTP/1.0 200 OK\r\n\r\n", filler, NULL);
    write_answer("large", large);
    g_autofree char *headers =
        g_strconcat("HTTP/1.0 200 OK\r\nX-A: ", filler, "\r\n\r\nbody", NULL);
    write_answer("headers", headers);
    https_peer_serve(&w->peer, "mta-sts.example", true);
    w->plan = (HttpsPlan){.dial = &w->peer.dial, .ca_file = w->peer.certificate};
}

static void world_close(World *w, const void *user)
{
    (void)user;
    https_peer_close(&w->peer);
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_assert_cmpint(unlink(answers[i].name), ==, 0);
    }
    g_assert_cmpint(unlink("large"), ==, 0);
    g_assert_cmpint(unlink("headers"), ==, 0);
    g_autofree char *directory = g_get_current_dir();
    g_assert_cmpint(chdir(w->before), ==, 0);
    g_assert_cmpint(rmdir(directory), ==, 0);
    g_free(w->before);
}

static HttpsAnswer *get(const World *w, const char *url, GError **error)
{
    return https_get(&w->plan, url, deadline_in(20), error);
}

static void assert_fails(const World *w, const char *url, PosternErrorCode code, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HttpsAnswer) answer = get(w, url, &error);
    g_assert_null(answer);
    g_assert_error(error, POSTERN_ERROR, (int)code);
    if (!strstr(error->message, words)) {
        g_error("\"%s\" is not in \"%s\"", words, error->message);
    }
}

static void test_gives_status_type_and_body(World *w, const void *user)
{
    (void)user;
    g_autoptr(GError) error = NULL;
    g_autoptr(HttpsAnswer) answer = get(w, URL "policy", &error);
    g_assert_no_error(error);
    g_assert_cmpint(answer->status, ==, 200);
    g_assert_cmpstr(answer->content_type, ==, "text/plain");
    g_assert_null(answer->location);
    g_assert_cmpmem(answer->body->data, answer->body->len, "version: STSv1\r\n", 16);
}

static void test_a_refusal_is_an_answer(World *w, const void *user)
{
    (void)user;
    g_autoptr(HttpsAnswer) answer = get(w, URL "gone", NULL);
    g_assert_nonnull(answer);
    g_assert_cmpint(answer->status, ==, 404);
}

static void test_redirects_are_told_not_followed(World *w, const void *user)
{
    (void)user;
    g_autoptr(HttpsAnswer) answer = get(w, URL "moved", NULL);
    g_assert_nonnull(answer);
    g_assert_cmpint(answer->status, ==, 301);
    g_assert_cmpstr(answer->location, ==, "https://elsewhere.example/x");
}

static void test_size_is_capped(World *w, const void *user)
{
    (void)user;
    assert_fails(w, URL "large", POSTERN_ERROR_LIMIT, "larger than 65536 octets");
    w->plan.max_bytes = 200 * 1024;
    g_autoptr(HttpsAnswer) answer = get(w, URL "large", NULL);
    g_assert_nonnull(answer);
    g_assert_cmpuint(answer->body->len, ==, 100 * 1024);
    g_autoptr(HttpsAnswer) endless = get(w, URL "headers", NULL);
    g_assert_null(endless);
}

static void test_only_https(World *w, const void *user)
{
    (void)user;
    static const char *const urls[] = {"http://mta-sts.example/policy", "file:///etc/passwd",
                                       "https:///policy", "https://joe:x@mta-sts.example/policy",
                                       "no address"};
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        assert_fails(w, urls[i], POSTERN_ERROR_USAGE, "no https:// address");
    }
}

static void test_the_certificate_is_verified(World *w, const void *user)
{
    (void)user;
    assert_fails(w, "https://other.example/policy", POSTERN_ERROR_INSECURE, "other.example");
    w->plan.ca_file = NULL;
    w->plan.ca_path = w->peer.directory; /* trusts nobody */
    assert_fails(w, URL "policy", POSTERN_ERROR_INSECURE, "certificate");
}

static void test_what_is_no_http_fails(World *w, const void *user)
{
    (void)user;
    assert_fails(w, URL "garbage", POSTERN_ERROR_PROTOCOL, "");
    assert_fails(w, URL "short", POSTERN_ERROR_EOF, "");
}

static void test_nobody_there(World *w, const void *user)
{
    (void)user;
    g_clear_pointer(&w->peer.server, stream_free);
    assert_fails(w, URL "policy", POSTERN_ERROR_UNAVAILABLE, "127.0.0.1");
}

/* Takes connections into its backlog and never says a word. */
static int listen_silently(char **ret_connect_to)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&at, len), ==, 0);
    g_assert_cmpint(listen(listener, 8), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&at, &len), ==, 0);
    g_free(*ret_connect_to);
    *ret_connect_to = g_strdup_printf("127.0.0.1:%u", ntohs(at.sin_port));
    return listener;
}

static void test_a_silent_server_meets_the_deadline(World *w, const void *user)
{
    (void)user;
    int listener = listen_silently(&w->peer.connect_to[0]);
    g_autoptr(GError) error = NULL;
    g_autoptr(HttpsAnswer) answer = https_get(&w->plan, URL "policy", deadline_in(0.3), &error);
    g_assert_null(answer);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    close(listener);
}

typedef struct {
    const World *world;
    int status;
} Job;

static void run_job(void *user)
{
    Job *job = user;
    g_autoptr(HttpsAnswer) answer = get(job->world, URL "policy", NULL);
    job->status = answer ? answer->status : -1;
}

static void test_runs_on_small_stacks(World *w, const void *user)
{
    (void)user;
    g_autoptr(Sched) sched = sched_new(NULL);
    Job jobs[3] = {{w, 0}, {w, 0}, {w, 0}};
    for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++) {
        g_assert_nonnull(sched_spawn(sched, run_job, &jobs[i], NULL));
    }
    g_assert_true(sched_run(sched, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++) {
        g_assert_cmpint(jobs[i].status, ==, 200);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add("/https/" #name, World, NULL, world_open, test_##name, world_close)
    TEST(gives_status_type_and_body);
    TEST(a_refusal_is_an_answer);
    TEST(redirects_are_told_not_followed);
    TEST(size_is_capped);
    TEST(only_https);
    TEST(the_certificate_is_verified);
    TEST(what_is_no_http_fails);
    TEST(nobody_there);
    TEST(a_silent_server_meets_the_deadline);
    TEST(runs_on_small_stacks);
    return g_test_run();
}
