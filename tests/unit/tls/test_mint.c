/* test_mint.c: certificates of the sandbox, shown to our own client. */
#include "tls/mint.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <glib/gstdio.h>

#include "io/sched.h"
#include "tls/engine.h"

typedef struct {
    Stream *ends[2];
    TlsServer *server;
    const char *host;
    const char *ca_file;
    TlsPeer *peer;
    GError *error;
    char *client_name, *words;
    TlsPlan plan;
} Meeting;

static void serve(void *user)
{
    Meeting *m = user;
    g_autoptr(Stream) s =
        tls_server_accept(m->server, g_steal_pointer(&m->ends[0]), deadline_in(20), NULL);
    char byte;
    size_t got;
    if (s && stream_read(s, &byte, 1, &got, deadline_in(20), NULL) && got == 1) {
        m->client_name = tls_server_client_name(s);
        m->words = tls_session_words(s);
        stream_write(s, BYTES_LITERAL("x"), deadline_in(20), NULL);
    }
}

static void connect_to_it(void *user)
{
    Meeting *m = user;
    g_autoptr(Stream) s = tls_client(g_steal_pointer(&m->ends[1]), &m->plan, m->host, &m->peer,
                                     deadline_in(20), &m->error);
    char byte;
    size_t got;
    if (s && stream_write(s, BYTES_LITERAL("x"), deadline_in(20), &m->error)) {
        stream_read(s, &byte, 1, &got, deadline_in(20), &m->error);
    }
}

/* Who the client's certificate was for, or NULL; *m->error tells of the client. */
static void meet(Meeting *m, const TlsServerPlan *plan)
{
    int fds[2];
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    m->ends[0] = stream_from_fd(fds[0], NULL);
    m->ends[1] = stream_from_fd(fds[1], NULL);
    m->server = tls_server_new(plan, &error);
    g_assert_no_error(error);
    g_autoptr(Sched) sched = sched_new(NULL);
    sched_spawn(sched, serve, m, NULL);
    sched_spawn(sched, connect_to_it, m, NULL);
    g_assert_true(sched_run(sched, NULL));
    tls_server_free(m->server);
}

static void meeting_clear(Meeting *m)
{
    tls_peer_free(m->peer);
    g_clear_error(&m->error);
    g_free(m->client_name);
    g_free(m->words);
}

typedef struct {
    TlsMint *mint;
    char *dir, *ca_file;
} Place;

static void set_up(Place *p, gconstpointer unused)
{
    (void)unused;
    p->mint = tls_mint_new(NULL);
    p->dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    p->ca_file = g_build_filename(p->dir, "ca.pem", NULL);
    g_autofree char *root = tls_mint_root(p->mint);
    g_assert_true(g_file_set_contents(p->ca_file, root, -1, NULL));
}

static void tear_down(Place *p, gconstpointer unused)
{
    (void)unused;
    tls_mint_free(p->mint);
    g_unlink(p->ca_file);
    g_rmdir(p->dir);
    g_free(p->ca_file);
    g_free(p->dir);
}

static const char *const names[] = {"mail.sandbox.test", "127.0.0.1", NULL};

/* The client's failure with a certificate made by `plan`, or NULL. */
static char *complaint(const Place *p, const TlsMintPlan *plan, const char *host, bool revoked,
                       bool weak)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TlsMinted) minted = tls_mint_issue(p->mint, plan, &error);
    g_assert_no_error(error);
    Meeting m = {.host = host, .plan = {.ca_file = p->ca_file}};
    const TlsServerPlan server = {.chain = minted->chain,
                                  .key = minted->key,
                                  .ocsp = revoked ? minted->revoked : minted->good,
                                  .weak = weak};
    meet(&m, &server);
    char *said = m.error ? g_strdup(m.error->message) : NULL;
    meeting_clear(&m);
    return said;
}

static void test_a_good_one_is_good(Place *p, gconstpointer unused)
{
    (void)unused;
    const TlsMintPlan plan = {.names = names};
    const TlsMintPlan rsa = {.names = names, .rsa_bits = 2048, .must_staple = true};
    g_autofree char *first = complaint(p, &plan, "mail.sandbox.test", false, false);
    g_autofree char *second = complaint(p, &plan, "127.0.0.1", false, false);
    g_autofree char *third = complaint(p, &rsa, "127.0.0.1", false, false);
    g_assert_cmpstr(first, ==, NULL);
    g_assert_cmpstr(second, ==, NULL);
    g_assert_cmpstr(third, ==, NULL);
}

static void test_each_fault_is_that_fault(Place *p, gconstpointer unused)
{
    (void)unused;
    gint64 now = time(NULL);
    const struct {
        TlsMintPlan plan;
        const char *host;
        bool revoked, weak;
        const char *said;
    } faults[] = {
        {{.names = names, .not_before = now - 9000, .not_after = now - 5000},
         names[0],
         0,
         0,
         "expired"},
        {{.names = names, .not_before = now + 5000, .not_after = now + 9000},
         names[0],
         0,
         0,
         "not yet"},
        {{.names = names}, "other.test", 0, 0, "other.test"},
        {{.names = names, .self_signed = true}, names[0], 0, 0, "self-signed"},
        {{.names = names, .without_intermediate = true}, names[0], 0, 0, "issuer"},
        {{.names = names}, names[0], true, 0, "revoked"},
        {{.names = names, .rsa_bits = 1024}, names[0], 0, true, "weak"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *said =
            complaint(p, &faults[i].plan, faults[i].host, faults[i].revoked, faults[i].weak);
        g_test_message("%s: %s", faults[i].said, said ? said : "nothing");
        g_assert_nonnull(said);
        g_assert_nonnull(strstr(said, faults[i].said));
    }
}

static void test_clients_are_known_by_their_certificate(Place *p, gconstpointer unused)
{
    (void)unused;
    static const char *const joe[] = {"joe", NULL};
    const TlsMintPlan plan = {.names = names}, client_plan = {.names = joe, .client = true};
    g_autoptr(TlsMinted) minted = tls_mint_issue(p->mint, &plan, NULL);
    g_autoptr(TlsMinted) client = tls_mint_issue(p->mint, &client_plan, NULL);
    g_autofree char *root = tls_mint_root(p->mint);
    g_autofree char *file = g_build_filename(p->dir, "joe.pem", NULL);
    Bytes key = secret_reveal(client->key);
    g_autofree char *both = g_strdup_printf("%s%.*s", client->chain, (int)key.len, key.data);
    g_assert_true(g_file_set_contents(file, both, -1, NULL));
    Meeting m = {.host = names[0], .plan = {.ca_file = p->ca_file, .client_cert = file}};
    const TlsServerPlan server = {.chain = minted->chain, .key = minted->key, .client_ca = root};
    meet(&m, &server);
    g_assert_no_error(m.error);
    g_assert_cmpstr(m.client_name, ==, "joe");
    g_assert_true(g_str_has_prefix(m.words, "TLSv1.3 "));
    meeting_clear(&m);
    g_unlink(file);
}

static void test_an_authority_comes_back_from_its_file(Place *p, gconstpointer unused)
{
    (void)unused;
    g_autofree char *path = g_build_filename(p->dir, "authority.pem", NULL);
    g_autofree char *text = NULL;
    g_assert_true(tls_mint_save(p->mint, path, NULL));
    GStatBuf st;
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_unlink(path);
    TlsMint *again = tls_mint_load(bytes_of(text), NULL);
    g_assert_nonnull(again);
    tls_mint_free(p->mint);
    p->mint = again;
    test_a_good_one_is_good(p, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(tls_mint_load(BYTES_LITERAL("nothing"), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/mint/" name, Place, NULL, set_up, func, tear_down)
    ADD("good", test_a_good_one_is_good);
    ADD("faults", test_each_fault_is_that_fault);
    ADD("client", test_clients_are_known_by_their_certificate);
    ADD("saved", test_an_authority_comes_back_from_its_file);
    return g_test_run();
}
