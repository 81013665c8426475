#include "io/socks.h"

#include <string.h>

#include "io/script.h"

typedef struct {
    const char *host;
    unsigned port;
    const char *user;
    const char *password;
} Want;

static bool play(const char *text, Want want, bool dribble, GError **error)
{
    g_autoptr(Stream) s = script_stream(bytes_of(text), (ScriptOptions){.dribble = dribble}, NULL);
    g_assert_nonnull(s);
    g_autoptr(Secret) password =
        want.password ? secret_new(want.password, strlen(want.password)) : NULL;
    if (!socks5_connect(s, want.host, (uint16_t)want.port, want.user, password, deadline_in(1),
                        error)) {
        return false;
    }
    g_autoptr(GError) rest = NULL;
    script_finished(s, &rest);
    g_assert_no_error(rest);
    return true;
}

static void test_the_three_kinds_of_address(void)
{
    static const struct {
        const char *text;
        Want want;
    } cases[] = {
        {"=> 050100\n<= 0500\n=> 05010003 0c 6d61696c2e6578616d706c65 03e1\n"
         "<= 05000001 7f000001 1234\n",
         {"mail.example", 993, NULL, NULL}},
        {"=> 050100\n<= 0500\n=> 05010001 c0000201 0019\n"
         "<= 05000004 00000000000000000000000000000001 1234\n",
         {"192.0.2.1", 25, NULL, NULL}},
        {"=> 050100\n<= 0500\n=> 05010004 20010db8000000000000000000000001 006e\n"
         "<= 05000003 03 61626300 50\n",
         {"2001:db8::1", 110, NULL, NULL}},
    };
    for (size_t i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        play(cases[i / 2].text, cases[i / 2].want, i % 2, &error);
        g_assert_no_error(error);
    }
}

static void test_user_and_password_go_when_the_proxy_asks(void)
{
    g_autoptr(GError) error = NULL;
    play("=> 05020002\n<= 0502\n=> 01 05616c696365 03 707764\n<= 0100\n"
         "=> 05010001 c0000201 0019\n<= 05000001 00000000 0000\n",
         (Want){"192.0.2.1", 25, "alice", "pwd"}, true, &error);
    g_assert_no_error(error);
    play("=> 05020002\n<= 0500\n=> 05010001 c0000201 0019\n<= 05000001 00000000 0000\n",
         (Want){"192.0.2.1", 25, "alice", "pwd"}, false, &error);
    g_assert_no_error(error);
}

static void test_what_follows_the_reply_is_left_to_the_target(void)
{
    g_autoptr(Stream) s = script_stream(
        BYTES_LITERAL("=> 050100\n<= 0500\n=> 05010001c00002010019\n<= 05000001000000000000\n"
                      "<- 220 hello\n"),
        (ScriptOptions){0}, NULL);
    g_assert_true(socks5_connect(s, "192.0.2.1", 25, NULL, NULL, deadline_in(1), NULL));
    char buffer[64];
    size_t got;
    g_assert_true(stream_read(s, buffer, sizeof buffer, &got, deadline_in(1), NULL));
    g_assert_cmpmem(buffer, got, "220 hello\r\n", 11);
}

static void test_refusals_are_told_in_words(void)
{
    static const struct {
        const char *text;
        int code;
        const char *message;
    } cases[] = {
        {"=> 050100\n<= 05ff\n", POSTERN_ERROR_AUTH, "demands a login"},
        {"=> 050100\n<= 0502\n", POSTERN_ERROR_AUTH, "demands a login"},
        {"=> 050100\n<- HTTP/1.1 400 Bad Request\n", POSTERN_ERROR_PROTOCOL, "not a SOCKS5 proxy"},
        {"=> 050100\n<eof\n", POSTERN_ERROR_UNAVAILABLE, "closed"},
        {"=> 050100\n<= 05\n<eof\n", POSTERN_ERROR_UNAVAILABLE, "closed"},
        {"=> 050100\n<stall\n", POSTERN_ERROR_TIMEOUT, "SOCKS proxy"},
        {"=> 050100\n<= 0500\n=> 05010001c00002010019\n<= 05050001000000000000\n",
         POSTERN_ERROR_UNAVAILABLE, "192.0.2.1 port 25: connection refused"},
        {"=> 050100\n<= 0500\n=> 05010001c00002010019\n<= 05770001000000000000\n",
         POSTERN_ERROR_UNAVAILABLE, "reply 119"},
        {"=> 050100\n<= 0500\n=> 05010001c00002010019\n<= 05000009000000000000\n",
         POSTERN_ERROR_PROTOCOL, "unknown kind of address"},
        {"=> 050100\n<= 0500\n=> 05010001c00002010019\n<= 04000001000000000000\n",
         POSTERN_ERROR_PROTOCOL, "not a SOCKS5 proxy"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Stream) s = script_stream(bytes_of(cases[i].text), (ScriptOptions){0}, NULL);
        g_assert_false(socks5_connect(s, "192.0.2.1", 25, NULL, NULL, deadline_in(0.05), &error));
        g_assert_error(error, POSTERN_ERROR, cases[i].code);
        if (!strstr(error->message, cases[i].message)) {
            g_error("\"%s\" is not in \"%s\"", cases[i].message, error->message);
        }
    }
}

static void test_a_refused_password_is_told_without_it(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(play("=> 05020002\n<= 0502\n=> 01 05616c696365 03 707764\n<= 0101\n",
                        (Want){"192.0.2.1", 25, "alice", "pwd"}, false, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_AUTH);
    g_assert_nonnull(strstr(error->message, "alice"));
    g_assert_null(strstr(error->message, "pwd"));
}

static void test_what_does_not_fit_is_not_sent(void)
{
    g_autofree char *name = g_strnfill(256, 'a');
    const Want wants[] = {
        {name, 25, NULL, NULL},      {"", 25, NULL, NULL},        {"host", 25, name, "pwd"},
        {"host", 25, "alice", name}, {"host", 25, "alice", NULL}, {"host", 25, "", "pwd"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wants); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(play("", wants[i], false, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/socks/addresses", test_the_three_kinds_of_address);
    g_test_add_func("/socks/password", test_user_and_password_go_when_the_proxy_asks);
    g_test_add_func("/socks/rest", test_what_follows_the_reply_is_left_to_the_target);
    g_test_add_func("/socks/refusals", test_refusals_are_told_in_words);
    g_test_add_func("/socks/refused-password", test_a_refused_password_is_told_without_it);
    g_test_add_func("/socks/lengths", test_what_does_not_fit_is_not_sent);
    return g_test_run();
}
