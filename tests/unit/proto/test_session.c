#include "proto/session.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../tls/certs.h"
#include "io/script.h"
#include "proto/row.h"

/* --- helpers --- */

typedef struct {
    Target *target;
    SessionPlan plan;
} World;

static World world(const char *url)
{
    GError *error = NULL;
    World w = {.target = target_parse(url, NULL, &error)};
    g_assert_no_error(error);
    w.plan = (SessionPlan){.ehlo = "client.example.org", .timeout = 0.05};
    return w;
}

static Session *over(World *w, const char *script)
{
    GError *error = NULL;
    w->plan.target = w->target;
    Stream *stream = script_stream(bytes_of(script), (ScriptOptions){0}, &error);
    g_assert_no_error(error);
    return session_new_over(&w->plan, stream);
}

static void world_clear(World *w, Session *s)
{
    session_free(s);
    target_free(w->target);
}

static void assert_fails(bool ok, GError **error, int code, const char *words)
{
    g_assert_false(ok);
    g_assert_error(*error, POSTERN_ERROR, code);
    if (!strstr((*error)->message, words)) {
        g_error("\"%s\" does not say \"%s\"", (*error)->message, words);
    }
    g_clear_error(error);
}

/* --- stages --- */

static void test_stages_have_names(void)
{
    GError *error = NULL;
    for (Stage stage = STAGE_CONNECT; stage <= STAGE_AUTH; stage++) {
        Stage parsed;
        g_assert_true(stage_parse(stage_name(stage), &parsed, NULL));
        g_assert_cmpint(parsed, ==, stage);
    }
    Stage parsed;
    assert_fails(stage_parse("none", &parsed, &error), &error, POSTERN_ERROR_USAGE, "is no stage");
    assert_fails(stage_parse("", &parsed, &error), &error, POSTERN_ERROR_USAGE, "is no stage");
}

static void test_climbs_only_as_far_as_asked_and_then_further(void)
{
    World w = world("smtp://mail.example.org");
    w.plan.tls.demand = TLS_OFF;
    Session *s =
        over(&w, "<- 220 hi\n-> EHLO client.example.org\n<- 250-mail\n<- 250 SIZE 5\n<stall\n");
    g_assert_true(session_climb(s, STAGE_CONNECT, NULL));
    g_assert_null(s->greeting);
    g_assert_true(session_climb(s, STAGE_GREETING, NULL));
    g_assert_cmpstr(s->greeting, ==, "220 hi");
    g_assert_null(s->caps);
    g_assert_true(session_climb(s, STAGE_TLS, NULL));
    g_assert_cmpstr(caps_args(s->caps, "SIZE"), ==, "5");
    g_assert_cmpint(s->reached, ==, STAGE_TLS);
    g_assert_true(session_climb(s, STAGE_GREETING, NULL)); /* is behind us */
    world_clear(&w, s);
}

static void test_a_broken_rung_is_named_with_whom(void)
{
    GError *error = NULL;
    World w = world("smtp://mail.example.org:2525");
    Session *s = over(&w, "<- 220 hi\n-> EHLO client.example.org\n<eof\n");
    s->dialled.address = g_strdup("127.0.0.1");
    s->dialled.port = 2525;
    bool ok = session_climb(s, STAGE_TLS, &error);
    g_assert_cmpint(s->reached, ==, STAGE_GREETING);
    g_assert_cmpint(s->trying, ==, STAGE_CAPABILITIES);
    assert_fails(ok, &error, POSTERN_ERROR_EOF,
                 "mail.example.org:2525 (127.0.0.1): capabilities: ");
    world_clear(&w, s);
}

/* --- who --- */

static void test_whom_a_message_names(void)
{
    static const struct {
        const char *url, *address;
        uint16_t port;
        const char *whom;
    } cases[] = {
        {"pop3://mail.example.org", NULL, 0, "mail.example.org:110"},
        {"pop3://mail.example.org", "127.0.0.1", 110, "mail.example.org:110 (127.0.0.1)"},
        {"pop3://mail.example.org", "127.0.0.1", 2110,
         "mail.example.org:110 (127.0.0.1 port 2110)"},
        {"pop3://127.0.0.1", "127.0.0.1", 110, "127.0.0.1:110"},
        {"pop3://[::1]", "::1", 110, "[::1]:110"},
        {"lmtp:///run/lmtp", "/run/lmtp", 0, "/run/lmtp"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        World w = world(cases[i].url);
        Session *s = over(&w, "");
        s->dialled.address = g_strdup(cases[i].address);
        s->dialled.port = cases[i].port;
        g_autofree char *whom = session_whom(s);
        g_assert_cmpstr(whom, ==, cases[i].whom);
        world_clear(&w, s);
    }
}

static void test_our_own_name(void)
{
    static const struct {
        const char *local, *name;
    } cases[] = {
        {"192.0.2.7:40000", "[192.0.2.7]"},
        {"[2001:db8::7]:40000", "[IPv6:2001:db8::7]"},
        {"2001:db8::7:40000", "[IPv6:2001:db8::7]"},
        {NULL, "[127.0.0.1]"},
    };
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        World w = world("smtp://mail.example.org");
        w.plan.ehlo = NULL;
        Session *s = over(&w, "");
        s->dialled.local = g_strdup(cases[i].local);
        g_autofree char *name = row_own_name(s);
        g_assert_cmpstr(name, ==, strchr(host, '.') ? host : cases[i].name);
        world_clear(&w, s);
    }
}

/* --- what is private --- */

static void test_only_a_private_way_is_private_without_tls(void)
{
    World w = world("imap://mail.example.org");
    Session *s = over(&w, "");
    g_assert_false(session_is_private(s));
    s->dialled.loopback = true;
    g_assert_false(session_is_private(s));
    s->dialled.private_way = true;
    g_assert_true(session_is_private(s));
    world_clear(&w, s);
}

static void test_a_private_way_may_lack_starttls(void)
{
    World w = world("smtp://mail.example.org");
    Session *s = over(&w, "<- 220 hi\n-> EHLO client.example.org\n<- 250 mail\n<stall\n");
    s->dialled.private_way = true;
    g_assert_true(session_climb(s, STAGE_TLS, NULL));
    g_assert_cmpint(s->tls_offer, ==, TLS_OFFER_MISSING);
    world_clear(&w, s);
}

static void test_a_private_way_does_not_excuse_a_spoiled_offer(void)
{
    GError *error = NULL;
    World w = world("smtp://mail.example.org");
    Session *s =
        over(&w, "<- 220 hi\n-> EHLO client.example.org\n<- 250-mail\n<- 250 XXXXXXXA\n<stall\n");
    s->dialled.private_way = true;
    bool ok = session_climb(s, STAGE_TLS, &error);
    assert_fails(ok, &error, POSTERN_ERROR_INSECURE, "XXXXXXXA");
    world_clear(&w, s);
}

static Secret *never_asked(void *user, GError **error)
{
    (void)user;
    (void)error;
    g_error("the password was asked for");
    return NULL;
}

static void test_auth_is_refused_before_tls_where_tls_is_demanded(void)
{
    GError *error = NULL;
    World w = world("imap://joe@mail.example.org");
    w.plan.credentials = (Credentials){.user = "joe", .password = never_asked};
    Session *s = over(&w, "<- * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi\n<stall\n");
    g_assert_true(session_climb(s, STAGE_CAPABILITIES, NULL));
    bool ok = session_auth(s, "PLAIN", &error);
    assert_fails(ok, &error, POSTERN_ERROR_INSECURE, "TLS is demanded");
    world_clear(&w, s);
}

static void test_auth_in_the_clear_does_not_even_ask_for_the_password(void)
{
    GError *error = NULL;
    World w = world("imap://joe@mail.example.org");
    w.plan.tls.demand = TLS_OFF;
    w.plan.credentials = (Credentials){.user = "joe", .password = never_asked};
    Session *s = over(&w, "<- * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi\n<stall\n");
    g_assert_true(session_climb(s, STAGE_CAPABILITIES, NULL));
    static const char *const ways[] = {NULL, "PLAIN", "LOGIN command"};
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        bool ok = session_auth(s, ways[i], &error);
        assert_fails(ok, &error, POSTERN_ERROR_INSECURE, "clear");
    }
    world_clear(&w, s);
}

static void test_no_auth_where_the_protocol_has_none(void)
{
    GError *error = NULL;
    World w = world("tcp://mail.example.org:7");
    Session *s = over(&w, "<stall\n");
    g_assert_true(session_climb(s, STAGE_TLS, NULL));
    bool ok = session_auth(s, NULL, &error);
    assert_fails(ok, &error, POSTERN_ERROR_USAGE, "TCP");
    world_clear(&w, s);
}

/* --- the upgrade by hand --- */

static void test_an_upgrade_asked_for_by_hand_asks_first(void)
{
    GError *error = NULL;
    World w = world("smtp://mail.example.org");
    w.plan.tls.demand = TLS_OFF;
    Session *s = over(&w, "<- 220 hi\n-> EHLO client.example.org\n<- 250-mail\n<- 250 STARTTLS\n"
                          "-> STARTTLS\n<- 454 no\n<stall\n");
    g_assert_true(session_climb(s, STAGE_GREETING, NULL));
    bool ok = session_upgrade(s, false, &error); /* EHLO goes out by itself: it must come before */
    assert_fails(ok, &error, POSTERN_ERROR_INSECURE,
                 "starttls: the server refused STARTTLS: \"454 no\"");
    g_assert_cmpstr(s->tls_answer, ==, "454 no");
    world_clear(&w, s);
}

static void test_no_upgrade_where_there_is_none(void)
{
    GError *error = NULL;
    World w = world("tcp://mail.example.org:7");
    Session *s = over(&w, "<stall\n");
    g_assert_true(session_climb(s, STAGE_TLS, NULL));
    bool ok = session_upgrade(s, false, &error);
    assert_fails(ok, &error, POSTERN_ERROR_USAGE, "no STARTTLS");
    world_clear(&w, s);
}

static void test_tls_from_the_start_with_one_who_speaks_first(void)
{
    GError *error = NULL;
    World w = world("imaps://mail.example.org");
    Session *s = over(&w, "<- * OK ready\n<stall\n");
    bool ok = session_climb(s, STAGE_CONNECT, &error);
    assert_fails(ok, &error, POSTERN_ERROR_INSECURE, "seems to have no TLS from the start");
    world_clear(&w, s);
}

/* --- with real TLS --- */

typedef struct {
    char *folder, *ca, *cert, *key;
    Stream *stream;
} Peer;

static void *tls_peer_thread(void *data)
{
    Peer *p = data;
    g_autoptr(GError) error = NULL;
    TlsServer *server =
        tls_server_new(&(TlsServerPlan){.cert_file = p->cert, .key_file = p->key}, NULL);
    g_autoptr(Stream) stream = tls_server_accept(server, p->stream, deadline_in(5), &error);
    if (stream) {
        Wire *wire = wire_new(g_steal_pointer(&stream), 5);
        Bytes line;
        wire_sendf(wire, NULL, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi");
        while (wire_line(wire, &line, NULL)) {
        }
        wire_free(wire);
    }
    tls_server_free(server);
    return NULL;
}

static void peer_init(Peer *p, const char *san)
{
    TestCert cert = test_cert((TestCertSpec){.cn = "x", .san = san});
    p->folder = test_folder();
    p->ca = test_pem_cert(p->folder, "ca.pem", &cert);
    p->cert = test_pem_cert(p->folder, "cert.pem", &cert);
    p->key = test_pem(p->folder, "key.pem", NULL, cert.key, NULL);
    test_cert_clear(&cert);
}

static void peer_clear(Peer *p)
{
    test_folder_remove(p->folder);
    g_free(p->ca);
    g_free(p->cert);
    g_free(p->key);
}

static GThread *peer_start(Peer *p, World *w, Session **s)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    p->stream = stream_from_fd(fds[1], NULL);
    w->plan.target = w->target;
    w->plan.timeout = 5;
    *s = session_new_over(&w->plan, stream_from_fd(fds[0], NULL));
    return g_thread_new("peer", tls_peer_thread, p);
}

static void test_verified_tls_is_private(void)
{
    Peer p;
    peer_init(&p, "DNS:mail.example.org");
    World w = world("imaps://mail.example.org");
    w.plan.tls.ca_file = p.ca;
    Session *s;
    GThread *thread = peer_start(&p, &w, &s);
    g_assert_true(session_climb(s, STAGE_TLS, NULL));
    g_assert_true(session_is_private(s) && wire_encrypted(s->wire) && s->peer->verified);
    world_clear(&w, s);
    g_thread_join(thread);
    peer_clear(&p);
}

static void test_unverified_tls_is_not_private(void)
{
    static const TlsPlan plans[] = {{.no_verify = true}, {.demand = TLS_OPPORTUNISTIC}};
    for (size_t i = 0; i < G_N_ELEMENTS(plans); i++) {
        GError *error = NULL;
        Peer p;
        peer_init(&p, "DNS:another.example.org");
        World w = world("imaps://joe@mail.example.org");
        w.plan.tls = plans[i];
        w.plan.credentials = (Credentials){.user = "joe", .password = never_asked};
        Session *s;
        GThread *thread = peer_start(&p, &w, &s);
        g_assert_true(session_climb(s, STAGE_TLS, NULL));
        g_assert_true(wire_encrypted(s->wire));
        g_assert_false(session_is_private(s));
        bool ok = session_auth(s, NULL, &error);
        g_assert_false(ok);
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_INSECURE);
        g_clear_error(&error);
        world_clear(&w, s);
        g_thread_join(thread);
        peer_clear(&p);
    }
}

static void test_a_failed_verification_leaves_the_peer_to_look_at(void)
{
    GError *error = NULL;
    Peer p;
    peer_init(&p, "DNS:another.example.org");
    World w = world("imaps://mail.example.org");
    w.plan.tls.ca_file = p.ca;
    Session *s;
    GThread *thread = peer_start(&p, &w, &s);
    bool ok = session_climb(s, STAGE_TLS, &error);
    g_assert_false(ok);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_INSECURE);
    g_clear_error(&error);
    g_assert_nonnull(s->peer);
    g_assert_false(s->peer->verified);
    g_assert_cmpint(s->reached, ==, STAGE_NONE);
    session_quit(s); /* nothing to say any more */
    world_clear(&w, s);
    g_thread_join(thread);
    peer_clear(&p);
}

/* A peer that holds its tongue. */
static Session *over_silence(World *w, int ends[2])
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), ==, 0);
    GError *error = NULL;
    w->plan.target = w->target;
    Stream *stream = stream_from_fd(ends[0], &error);
    g_assert_no_error(error);
    return session_new_over(&w->plan, stream);
}

static void test_silence_instead_of_a_greeting_names_the_scheme_with_tls_from_the_start(void)
{
    static const struct {
        const char *url, *hint;
    } rows[] = {
        {"pop3://mail.example.org", "try pop3s:// with it"},
        {"imap://mail.example.org", "try imaps:// with it"},
        {"smtp://mail.example.org", "try submissions:// with it"},
        {"lmtp://mail.example.org", "waiting for the greeting"}, /* there is no such scheme */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        int ends[2];
        World w = world(rows[i].url);
        Session *s = over_silence(&w, ends);
        assert_fails(session_climb(s, STAGE_TLS, &error), &error, POSTERN_ERROR_TIMEOUT,
                     rows[i].hint);
        world_clear(&w, s);
        close(ends[1]);
    }
}

static void test_a_greeting_begun_is_no_silence(void)
{
    GError *error = NULL;
    int ends[2];
    World w = world("pop3://mail.example.org");
    Session *s = over_silence(&w, ends);
    g_assert_cmpint(write(ends[1], "+OK he", 6), ==, 6);
    bool ok = session_climb(s, STAGE_TLS, &error);
    g_assert_false(ok);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    g_assert_null(strstr(error->message, "pop3s"));
    g_clear_error(&error);
    world_clear(&w, s);
    close(ends[1]);
}

static void test_no_goodbye_to_a_server_that_waits_for_the_handshake(void)
{
    World w = world("smtp://mail.example.org");
    Session *s = over(&w, "<- 220 hi\n-> EHLO client.example.org\n<- 250-mail\n<- 250 STARTTLS\n"
                          "-> STARTTLS\n<- 220 go\n-> QUIT\n<- 221 bye\n");
    g_assert_true(session_climb(s, STAGE_STARTTLS, NULL));
    uint64_t said = wire_bytes_out(s->wire);
    session_quit(s);
    g_assert_cmpuint(wire_bytes_out(s->wire), ==, said);
    world_clear(&w, s);
}

static void test_every_row_is_found_by_its_name(void)
{
    size_t count = 0;
    for (; protos[count]; count++) {
        g_assert_true(proto_find(protos[count]->name) == protos[count]);
        g_assert_true(protos[count]->title && protos[count]->rfc);
        g_assert_true(!protos[count]->line_based || protos[count]->grammar);
    }
    g_assert_cmpuint(count, ==, 17);
    g_assert_null(proto_find("POP3"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/session/" #name, test_##name)
    TEST(stages_have_names);
    TEST(climbs_only_as_far_as_asked_and_then_further);
    TEST(a_broken_rung_is_named_with_whom);
    TEST(whom_a_message_names);
    TEST(our_own_name);
    TEST(only_a_private_way_is_private_without_tls);
    TEST(a_private_way_may_lack_starttls);
    TEST(a_private_way_does_not_excuse_a_spoiled_offer);
    TEST(auth_is_refused_before_tls_where_tls_is_demanded);
    TEST(auth_in_the_clear_does_not_even_ask_for_the_password);
    TEST(no_auth_where_the_protocol_has_none);
    TEST(an_upgrade_asked_for_by_hand_asks_first);
    TEST(no_upgrade_where_there_is_none);
    TEST(tls_from_the_start_with_one_who_speaks_first);
    TEST(verified_tls_is_private);
    TEST(unverified_tls_is_not_private);
    TEST(a_failed_verification_leaves_the_peer_to_look_at);
    TEST(silence_instead_of_a_greeting_names_the_scheme_with_tls_from_the_start);
    TEST(a_greeting_begun_is_no_silence);
    TEST(no_goodbye_to_a_server_that_waits_for_the_handshake);
    TEST(every_row_is_found_by_its_name);
#undef TEST
    return g_test_run();
}
