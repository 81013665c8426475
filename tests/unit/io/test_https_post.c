/* https.c: a form that is posted, as the server gets it. */
#include "https_peer.h"

typedef struct {
    HttpsPeer peer;
    const char *form, *until, *body;
    int status;
    HttpsAnswer *answer;
    GError *error;
} World;

static void open_world(World *w, const void *user)
{
    (void)user;
    https_peer_open(&w->peer);
}

static void close_world(World *w, const void *user)
{
    (void)user;
    https_peer_close(&w->peer);
    https_answer_free(w->answer);
    g_clear_error(&w->error);
}

static void ask(void *user)
{
    World *w = user;
    HttpsPlan plan = {.dial = &w->peer.dial, .ca_file = w->peer.certificate};
    g_autoptr(Secret) form = secret_new(w->form, strlen(w->form));
    w->answer =
        https_post_form(&plan, "https://id.example/token", form, deadline_in(20), &w->error);
}

static void answer(void *user)
{
    World *w = user;
    https_peer_answer(&w->peer, w->until, w->status, w->body);
}

static void run(World *w)
{
    https_peer_run(ask, w, answer, w);
}

static void test_a_form_is_posted(World *w, const void *user)
{
    (void)user;
    w->form = "a=b&token=s%26cret";
    w->until = "\r\n\r\na=b&token=s%26cret";
    w->status = 200;
    w->body = "{\"ok\":1}";
    run(w);
    g_assert_no_error(w->error);
    g_assert_cmpint(w->answer->status, ==, 200);
    g_assert_cmpstr(w->answer->content_type, ==, "application/json");
    g_assert_cmpmem(w->answer->body->data, w->answer->body->len, "{\"ok\":1}", 8);
    const char *request = strstr(w->peer.heard->str, "POST /token HTTP/1.1\r\n");
    g_assert_nonnull(request);
    g_assert_nonnull(strstr(request, "Host: id.example\r\n"));
    g_assert_nonnull(strstr(request, "Content-Type: application/x-www-form-urlencoded\r\n"));
    g_assert_nonnull(strstr(request, "Content-Length: 18\r\n"));
    g_assert_nonnull(strstr(request, "Accept: application/json"));
    g_assert_null(strstr(request, "Cookie"));
    g_assert_null(strstr(request, "Expect:"));
}

static void test_a_redirect_gets_no_secret(World *w, const void *user)
{
    (void)user;
    w->form = "x=y";
    w->until = "\r\n\r\nx=y";
    w->status = 307;
    w->body = "";
    run(w);
    g_assert_no_error(w->error);
    g_assert_cmpint(w->answer->status, ==, 307);
    g_assert_cmpstr(w->answer->location, ==, "https://else.example/");
}

static void test_a_large_form_is_posted_whole(World *w, const void *user)
{
    (void)user;
    g_autofree char *filler = g_strnfill(200 * 1000, 'z');
    g_autofree char *form = g_strconcat("x=", filler, "&end=1", NULL);
    w->form = form;
    w->until = "z&end=1";
    w->status = 400;
    w->body = "{}";
    run(w);
    g_assert_no_error(w->error);
    g_assert_cmpint(w->answer->status, ==, 400);
    g_assert_nonnull(strstr(w->peer.heard->str, "Content-Length: 200008\r\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name)                                                                                 \
    g_test_add("/https-post/" #name, World, NULL, open_world, test_##name, close_world)
    TEST(a_form_is_posted);
    TEST(a_redirect_gets_no_secret);
    TEST(a_large_form_is_posted_whole);
    return g_test_run();
}
