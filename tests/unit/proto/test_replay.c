/* Every transcript of tests/replay, played whole and a byte at a time; those without TLS also cut
 * at every byte and stalled at every line of what the server says. */
#include "replay.h"

static ReplayTls *tls;

/* --- the client's side --- */

static Secret *give_password(void *user, GError **error)
{
    (void)error;
    const char *password = user;
    return secret_new(password, strlen(password));
}

static void note_event(void *user, const WireEvent *event)
{
    GString *trace = user;
    g_string_append_len(trace, event->raw.data, (gssize)event->raw.len);
    g_string_append_len(trace, event->text.data, (gssize)event->text.len);
}

typedef struct {
    Target *target;
    SessionPlan plan;
    const char *auth[2];
    char *remembered;
    GString *trace;
} Player;

static void player_init(Player *p, const Replay *r, double timeout)
{
    GError *error = NULL;
    p->target = target_parse(replay_get(r, "url", ""), NULL, &error);
    g_assert_no_error(error);
    p->trace = g_string_new(NULL);
    p->remembered = g_strdup(replay_get(r, "remembered", ""));
    g_strdelimit(p->remembered, ",", '\n');
    p->auth[0] = replay_get(r, "auth", NULL);
    p->plan = (SessionPlan){
        .target = p->target,
        .tls = {.ca_file = tls->ca},
        .credentials = {.user = p->target->user,
                        .password = give_password,
                        .callback_user = (void *)replay_get(r, "password", "s3cret-w0rd")},
        .auth = p->auth[0] ? p->auth : NULL,
        .allow_cleartext_auth = replay_get(r, "cleartext", NULL) != NULL,
        .no_initial_response = replay_get(r, "no-initial-response", NULL) != NULL,
        .auth_wait = 0.05,
        .ehlo = replay_get(r, "ehlo", "client.example.org"),
        .timeout = timeout,
        .observer = note_event,
        .observer_user = p->trace,
    };
    g_assert_true(tls_demand_parse(replay_get(r, "tls", "required"), &p->plan.tls.demand, NULL));
}

static void player_clear(Player *p)
{
    target_free(p->target);
    g_free(p->remembered);
    g_string_free(p->trace, TRUE);
}

static Session *begin(Player *p, const Replay *r, Stream *stream)
{
    Session *s = session_new_over(&p->plan, stream);
    s->dialled.private_way = replay_get(r, "private", NULL) != NULL;
    s->dialled.local = g_strdup("127.0.0.1:40000");
    s->remembered = p->remembered;
    s->wants_utf8 = replay_get(r, "utf8", NULL) != NULL;
    return s;
}

static bool climb(Session *s, const Replay *r, GError **error)
{
    Stage upto;
    g_assert_true(stage_parse(replay_get(r, "upto", "tls"), &upto, NULL));
    bool ok = session_climb(s, upto, error);
    if (ok && replay_get(r, "quit", NULL)) {
        session_quit(s);
    }
    return ok;
}

/* --- what must hold --- */

static void assert_outcome(const Session *s, const Replay *r, const GError *error)
{
    const char *expected = replay_get(r, "expect", "ok");
    const char *message = replay_get(r, "message", NULL);
    g_test_message("%s: %s", r->name, error ? error->message : "ok");
    g_assert_cmpstr(error ? error_word(error) : "ok", ==, expected);
    if (message && !strstr(error ? error->message : "", message)) {
        g_error("\"%s\" does not say \"%s\"", error ? error->message : "", message);
    }
    if (replay_get(r, "used", NULL)) {
        g_assert_cmpstr(s->auth_used, ==, replay_get(r, "used", NULL));
    }
    if (replay_get(r, "reached", NULL)) {
        g_assert_cmpstr(stage_name(s->reached), ==, replay_get(r, "reached", NULL));
    }
    if (replay_get(r, "note", NULL)) {
        g_assert_nonnull(
            strstr(((GString *)s->plan->observer_user)->str, replay_get(r, "note", NULL)));
    }
}

static bool holds(const GString *bytes, const char *needle)
{
    return memmem(bytes->str, bytes->len, needle, strlen(needle)) != NULL;
}

/* Neither in the trace, ever, nor on a wire that others can read, unless that was asked for. */
static void assert_no_secret(const Player *p, const Replay *r, const GString *written)
{
    const char *password = replay_get(r, "password", "s3cret-w0rd");
    bool may_travel = replay_get(r, "private", NULL) || replay_get(r, "cleartext", NULL);
    g_autofree char *alone = g_base64_encode((const guchar *)password, strlen(password));
    g_autoptr(GString) plain = g_string_new(NULL);
    g_string_append_c(plain, '\0');
    g_string_append(plain, p->plan.credentials.user ? p->plan.credentials.user : "");
    g_string_append_c(plain, '\0');
    g_string_append(plain, password);
    g_autofree char *as_plain = g_base64_encode((const guchar *)plain->str, plain->len);
    const char *const forms[] = {password, alone, as_plain};
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_assert_false(holds(p->trace, forms[i]));
        g_assert_true(may_travel || !written || !holds(written, forms[i]));
    }
}

/* --- the ways to play --- */

static void play_script(const Replay *r, bool dribble)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) unfinished = NULL;
    g_autoptr(GString) written = g_string_new(NULL);
    Player p;
    player_init(&p, r, 0.05);
    Stream *script = script_stream(bytes_of(r->text), (ScriptOptions){.dribble = dribble}, &error);
    g_assert_no_error(error);
    Session *s = begin(&p, r, spy_on(script, written));
    climb(s, r, &error);
    assert_outcome(s, r, error);
    assert_no_secret(&p, r, written);
    if (!error && !script_finished(script, &unfinished)) {
        g_error("%s: %s", r->name, unfinished->message);
    }
    session_free(s);
    player_clear(&p);
}

static void play_tls(const Replay *r, bool dribble)
{
    int fds[2];
    g_autoptr(GError) error = NULL;
    Player p;
    ReplayPeer peer = {.replay = r, .tls = tls, .dribble = dribble};
    player_init(&p, r, 5);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    peer.stream = stream_from_fd(fds[1], NULL);
    GThread *thread = g_thread_new("peer", replay_peer_thread, &peer);
    Session *s = begin(&p, r, stream_from_fd(fds[0], NULL));
    climb(s, r, &error);
    assert_outcome(s, r, error);
    session_free(s);
    g_thread_join(thread);
    if (peer.problem && !error) {
        g_error("%s: %s", r->name, peer.problem);
    }
    g_free(peer.problem);
    assert_no_secret(&p, r, NULL);
    player_clear(&p);
}

static void play(const Replay *r, bool dribble)
{
    (r->uses_tls ? play_tls : play_script)(r, dribble);
}

static void test_whole(const void *data)
{
    play(data, false);
}

static void test_dribbled(const void *data)
{
    play(data, true);
}

/* --- cut and stalled --- */

/* Plays an altered text: it must end, by success where everything needed was there, or by an error;
 * and keep the secret. */
static bool play_altered(const Replay *r, const char *text, double timeout)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) written = g_string_new(NULL);
    Player p;
    player_init(&p, r, timeout);
    Stream *script = script_stream(bytes_of(text), (ScriptOptions){0}, &error);
    g_assert_no_error(error);
    Session *s = begin(&p, r, spy_on(script, written));
    bool ok = climb(s, r, &error);
    g_assert_true(ok == (error == NULL));
    g_assert_true(ok || error->domain == POSTERN_ERROR);
    g_assert_true(ok || !g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_BUG));
    assert_no_secret(&p, r, written);
    session_free(s);
    player_clear(&p);
    return ok;
}

/* The script up to line `at`, of which only the first `octets` are said, then the end. */
static char *cut(char **lines, size_t at, size_t octets)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < at; i++) {
        g_string_append_printf(text, "%s\n", lines[i]);
    }
    g_autofree char *said = g_strconcat(strlen(lines[at]) > 3 ? lines[at] + 3 : "", "\r\n", NULL);
    g_autofree char *hex = bytes_hex((Bytes){said, octets});
    if (octets) {
        g_string_append_printf(text, "<= %s\n", hex);
    }
    g_string_append(text, "<eof\n");
    return g_string_free(text, FALSE);
}

static bool is_said(const char *line)
{
    return !strncmp(line, "<-", 2);
}

static void test_cut_at_each_byte(const void *data)
{
    const Replay *r = data;
    g_auto(GStrv) lines = g_strsplit(r->text, "\n", -1);
    for (size_t at = 0; lines[at]; at++) {
        size_t len = is_said(lines[at]) ? MAX(strlen(lines[at]), 3) - 3 + 2 : 0;
        for (size_t octets = 0; octets < len; octets++) {
            g_autofree char *text = cut(lines, at, octets);
            play_altered(r, text, 0.01);
        }
    }
}

static void test_stalled_at_each_line(const void *data)
{
    const Replay *r = data;
    g_auto(GStrv) lines = g_strsplit(r->text, "\n", -1);
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t at = 0; lines[at]; at++) {
        if (is_said(lines[at])) {
            g_autofree char *stalled = g_strconcat(text->str, "<stall\n", NULL);
            play_altered(r, stalled, 0.003);
        }
        g_string_append_printf(text, "%s\n", lines[at]);
    }
}

/* --- */

static void add(GPtrArray *replays, const char *path)
{
    static const struct {
        const char *name;
        void (*test)(const void *);
        bool with_tls;
    } ways[] = {{"whole", test_whole, true},
                {"dribbled", test_dribbled, true},
                {"cut-at-each-byte", test_cut_at_each_byte, false},
                {"stalled-at-each-line", test_stalled_at_each_line, false}};
    Replay *r = replay_load(path);
    g_ptr_array_add(replays, r);
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_autofree char *name = g_strdup_printf("/replay/%s/%s", r->name, ways[i].name);
        if (ways[i].with_tls || !r->uses_tls) {
            g_test_add_data_func(name, r, ways[i].test);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = g_build_filename(TEST_DATA, "replay", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_assert_nonnull(dir);
    g_autoptr(GPtrArray) replays = g_ptr_array_new_with_free_func(replay_free);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_str_has_suffix(name, ".txt")) {
            add(replays, path);
        }
    }
    g_assert_cmpuint(replays->len, >, 20);
    tls = replay_tls_new();
    int status = g_test_run();
    replay_tls_free(tls);
    return status;
}
