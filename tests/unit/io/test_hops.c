#include "io/hops.h"

#include <string.h>

static GArray *hops(const char *const *via)
{
    g_autoptr(GError) error = NULL;
    GArray *parsed = hops_parse(via, &error);
    g_assert_no_error(error);
    return parsed;
}
#define HOPS(...) hops((const char *const[]){__VA_ARGS__, NULL})

static void test_good_hops_are_read(void)
{
    static const struct {
        const char *text;
        Hop hop;
    } good[] = {
        {"ssh://gw.example", {HOP_SSH, NULL, (char *)"gw.example", 0}},
        {"ssh://gw.example/", {HOP_SSH, NULL, (char *)"gw.example", 0}},
        {"ssh://alice@gw.example:2222", {HOP_SSH, (char *)"alice", (char *)"gw.example", 2222}},
        {"SSH://alice@corp@gw", {HOP_SSH, (char *)"alice@corp", (char *)"gw", 0}},
        {"ssh://[2001:db8::1]:22", {HOP_SSH, NULL, (char *)"2001:db8::1", 22}},
        {"ssh://[::1]", {HOP_SSH, NULL, (char *)"::1", 0}},
        {"socks5://127.0.0.1:9050", {HOP_SOCKS5, NULL, (char *)"127.0.0.1", 9050}},
        {"socks5://proxy", {HOP_SOCKS5, NULL, (char *)"proxy", 1080}},
        {"socks5://joe@proxy", {HOP_SOCKS5, (char *)"joe", (char *)"proxy", 1080}},
        {"socks5h://proxy", {HOP_SOCKS5, NULL, (char *)"proxy", 1080}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        Hop hop;
        g_autoptr(GError) error = NULL;
        hop_parse(good[i].text, &hop, &error);
        g_assert_no_error(error);
        g_assert_cmpint(hop.kind, ==, good[i].hop.kind);
        g_assert_cmpstr(hop.user, ==, good[i].hop.user);
        g_assert_cmpstr(hop.host, ==, good[i].hop.host);
        g_assert_cmpuint(hop.port, ==, good[i].hop.port);
        hop_clear(&hop);
    }
}

static void test_bad_hops_are_refused(void)
{
    static const char *const bad[] = {
        "",
        "gw.example",
        "http://gw.example",
        "ssh://",
        "ssh://@gw",
        "ssh://-oProxyCommand=touch",
        "ssh://-l@gw",
        "ssh://gw:",
        "ssh://gw:0",
        "ssh://gw:99999",
        "ssh://gw:22:23",
        "ssh://[::1",
        "ssh://[::1]22",
        "ssh://2001:db8::1",
        "ssh://gw example",
        "ssh://gw\nexample",
        "ssh://$(reboot)",
        "ssh://a'b",
        "ssh://gw/path",
        "socks5://@proxy",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        Hop hop;
        g_autoptr(GError) error = NULL;
        if (hop_parse(bad[i], &hop, &error)) {
            g_error("\"%s\" was taken", bad[i]);
        }
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
        hop_clear(&hop);
    }
}

static void test_a_password_in_a_hop_is_refused_and_not_shown(void)
{
    static const char *const bad[] = {"ssh://alice:hunter2@gw", "socks5://alice:hunter2@proxy:1080",
                                      "http://alice:hunter2@gw"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        Hop hop;
        g_autoptr(GError) error = NULL;
        g_assert_false(hop_parse(bad[i], &hop, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
        g_assert_null(strstr(error->message, "hunter2"));
        hop_clear(&hop);
    }
}

static void test_ssh_behind_socks_is_refused_with_a_way_out(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(
        hops_parse((const char *const[]){"ssh://a", "socks5://p", "ssh://b", NULL}, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "ProxyCommand=nc -X 5 -x p:1080 %h %p"));
}

static void test_hops_are_told_in_words(void)
{
    g_autoptr(GArray) h = HOPS("ssh://alice@gw:2222", "ssh://inner", "socks5://[::1]:1080");
    g_autofree char *text = hops_text(h);
    g_assert_cmpstr(text, ==, "ssh alice@gw:2222, ssh inner, socks5 [::1]:1080");
    g_assert_cmpuint(hops_count_ssh(h), ==, 2);
    g_autoptr(GArray) none = hops(NULL);
    g_assert_null(hops_text(none));
}

static void assert_argv(const GArray *h, size_t n, const SshHow *how, const char *host,
                        const char *const *expected)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) argv = hops_ssh_argv(h, n, how, host, 993, &error);
    g_assert_no_error(error);
    g_autofree char *got = g_strjoinv("\n", argv);
    g_autofree char *wanted = g_strjoinv("\n", (char **)expected);
    g_assert_cmpstr(got, ==, wanted);
}

static void test_one_hop_is_one_ssh(void)
{
    g_autoptr(GArray) h = HOPS("ssh://alice@gw:2222");
    SshHow how = {.command = "ssh -F '/tmp/a b'",
                  .options = (const char *const[]){"-C", "IdentitiesOnly=yes", NULL},
                  .batch = true};
    assert_argv(h, 1, &how, "mail.example",
                (const char *const[]){"ssh", "-F", "/tmp/a b", "-C", "-o", "IdentitiesOnly=yes",
                                      "-o", "BatchMode=yes", "-W", "mail.example:993", "-p", "2222",
                                      "-l", "alice", "--", "gw", NULL});
    assert_argv(h, 1, &(SshHow){.command = "ssh"}, "2001:db8::1",
                (const char *const[]){"ssh", "-W", "[2001:db8::1]:993", "-p", "2222", "-l", "alice",
                                      "--", "gw", NULL});
}

/* What ssh does with a ProxyCommand: percent-expansion, then a shell. Gives the words the shell
 * would run. */
static GStrv as_ssh_runs(const char *option, const char *h, const char *p)
{
    g_assert_true(g_str_has_prefix(option, "ProxyCommand="));
    GString *line = g_string_new(NULL);
    for (const char *c = option + strlen("ProxyCommand="); *c; c++) {
        if (*c != '%') {
            g_string_append_c(line, *c);
            continue;
        }
        c++;
        g_assert_true(*c == 'h' || *c == 'p' || *c == '%');
        g_string_append(line, *c == 'h' ? h : *c == 'p' ? p : "%");
    }
    g_autofree char *command = g_strdup_printf("printf '%%s\\n' %s", line->str);
    g_string_free(line, TRUE);
    g_autofree char *out = NULL;
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", command, NULL};
    g_assert_true(g_spawn_sync(NULL, argv, NULL, 0, NULL, NULL, &out, NULL, NULL, NULL));
    out[strlen(out) - 1] = '\0';
    return g_strsplit(out, "\n", -1);
}

static const char *proxy_of(char **argv)
{
    for (; *argv; argv++) {
        if (g_str_has_prefix(*argv, "ProxyCommand=")) {
            return *argv;
        }
    }
    return NULL;
}

static void assert_words(char **words, const char *const *expected)
{
    g_autofree char *got = g_strjoinv("\n", words);
    g_autofree char *wanted = g_strjoinv("\n", (char **)expected);
    g_assert_cmpstr(got, ==, wanted);
}

static void test_several_hops_are_nested_and_survive_every_shell(void)
{
    g_autoptr(GArray) h = HOPS("ssh://one", "ssh://bob@two:2", "ssh://three");
    SshHow how = {.command = "ssh",
                  .options = (const char *const[]){"SendEnv=it's 100% \"$HOME\"", NULL}};
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) outer = hops_ssh_argv(h, 3, &how, "mail.example", 993, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(outer[2], ==, "SendEnv=it's 100% \"$HOME\"");
    g_assert_cmpstr(outer[g_strv_length(outer) - 1], ==, "three");

    g_auto(GStrv) middle = as_ssh_runs(proxy_of(outer), "three.real", "22");
    g_autofree char *inner_option = g_strdup(proxy_of(middle));
    assert_words(middle, (const char *const[]){"ssh", "-o", "SendEnv=it's 100% \"$HOME\"", "-o",
                                               inner_option, "-W", "[three.real]:22", "-p", "2",
                                               "-l", "bob", "--", "two", NULL});
    g_auto(GStrv) inner = as_ssh_runs(inner_option, "two.real", "2");
    assert_words(inner, (const char *const[]){"ssh", "-o", "SendEnv=it's 100% \"$HOME\"", "-W",
                                              "[two.real]:2", "--", "one", NULL});
}

static void test_an_unreadable_command_is_told(void)
{
    g_autoptr(GArray) h = HOPS("ssh://gw");
    g_autoptr(GError) error = NULL;
    g_assert_null(hops_ssh_argv(h, 1, &(SshHow){.command = "ssh 'unfinished"}, "a", 1, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hops/good", test_good_hops_are_read);
    g_test_add_func("/hops/bad", test_bad_hops_are_refused);
    g_test_add_func("/hops/password", test_a_password_in_a_hop_is_refused_and_not_shown);
    g_test_add_func("/hops/order", test_ssh_behind_socks_is_refused_with_a_way_out);
    g_test_add_func("/hops/text", test_hops_are_told_in_words);
    g_test_add_func("/hops/one", test_one_hop_is_one_ssh);
    g_test_add_func("/hops/nested", test_several_hops_are_nested_and_survive_every_shell);
    g_test_add_func("/hops/command", test_an_unreadable_command_is_told);
    return g_test_run();
}
