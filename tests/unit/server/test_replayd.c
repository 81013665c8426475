/* A recorded conversation, served again to a client that says almost the same. */
#include <string.h>

#include "sandboxed.h"

typedef struct {
    SandboxStepKind kind;
    const char *text;
} Line;

static void step_free(gpointer data)
{
    SandboxStep *step = data;
    g_bytes_unref(step->octets);
    g_free(step);
}

static GPtrArray *script_of(const Line *lines)
{
    GPtrArray *steps = g_ptr_array_new_with_free_func(step_free);
    for (; lines->text; lines++) {
        SandboxStep *step = g_new0(SandboxStep, 1);
        *step =
            (SandboxStep){lines->kind, false, g_bytes_new_static(lines->text, strlen(lines->text))};
        g_ptr_array_add(steps, step);
    }
    return steps;
}

/* What the verdict says of the client: "good: ...", "bad: ...", or "". */
static char *verdict;

static void note_verdict(const Sandboxed *s)
{
    g_free(verdict);
    verdict = g_strdup("");
    for (guint i = 0; i < s->box.conduct->len; i++) {
        const SandboxConduct *c = s->box.conduct->pdata[i];
        g_free(verdict);
        verdict = g_strdup_printf("%s %s: %s", c->bad ? "bad" : "good", c->what, c->example);
    }
}

static void assert_verdict(const char *kind, const char *words)
{
    g_assert_true(g_str_has_prefix(verdict, kind));
    g_assert_nonnull(strstr(verdict, words));
}

static bool play(const Line *lines, const char *client, GError **error)
{
    Sandboxed s;
    sandboxed_begin(&s);
    g_autoptr(GPtrArray) script = script_of(lines);
    s.plan.script = script;
    Stream *stream = script_stream(bytes_of(client), (ScriptOptions){0}, NULL);
    g_assert_nonnull(stream);
    bool ok = sandboxed_serve(&s, "transcript", stream, error);
    note_verdict(&s);
    sandboxed_end(&s);
    return ok;
}

static const Line smtp[] = {{SANDBOX_STEP_SAYS, "220 old\r\n"},
                            {SANDBOX_STEP_EXPECTS, "EHLO then"},
                            {SANDBOX_STEP_SAYS, "250 hello\r\n"},
                            {SANDBOX_STEP_EXPECTS, "DATA"},
                            {SANDBOX_STEP_SAYS, "354 go\r\n"},
                            {SANDBOX_STEP_PAYLOAD, "a"},
                            {SANDBOX_STEP_PAYLOAD, "b"},
                            {SANDBOX_STEP_SAYS, "250 got it\r\n"},
                            {SANDBOX_STEP_EXPECTS, "BDAT 3 LAST"},
                            {SANDBOX_STEP_PAYLOAD, "abc"},
                            {SANDBOX_STEP_SAYS, "250 that too\r\n"},
                            {0}};

static void test_arguments_and_bodies_may_differ(void)
{
    g_autoptr(GError) error = NULL;
    bool ok =
        play(smtp,
             "-> 220 old\n<- ehlo now\n-> 250 hello\n<- DATA\n-> 354 go\n<- one\n<- two\n<- .\n"
             "-> 250 got it\n<- BDAT 5 LAST\n<= 6162636465\n-> 250 that too\n",
             &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    assert_verdict("good transcript", "to its end");
}

static void test_who_leaves_too_early_has_not_done_it(void)
{
    g_assert_false(play(smtp, "-> 220 old\n<- ehlo now\n-> 250 hello\n<eof\n", NULL));
    assert_verdict("bad transcript", "before 'DATA'");
    g_assert_false(play(smtp, "-> 220 old\n<eof\n", NULL));
    g_assert_cmpstr(verdict, ==, ""); /* who only looks in is not judged */
}

static void test_another_command_ends_it(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(play(smtp, "-> 220 old\n<- HELP\n", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    g_assert_nonnull(strstr(error->message, "EHLO then"));
    assert_verdict("bad transcript", "said something else than 'EHLO then'");
    g_assert_null(strstr(verdict, "HELP")); /* it might be a secret */
}

static void test_tags_are_the_clients_own(void)
{
    static const Line imap[] = {{SANDBOX_STEP_SAYS, "* OK old\r\n"},
                                {SANDBOX_STEP_EXPECTS, "P1 NOOP"},
                                {SANDBOX_STEP_SAYS, "* 3 EXISTS\r\n"},
                                {SANDBOX_STEP_SAYS, "P1 OK done\r\n"},
                                {SANDBOX_STEP_EXPECTS, "P2 APPEND x {2}"},
                                {SANDBOX_STEP_SAYS, "+ go\r\n"},
                                {SANDBOX_STEP_PAYLOAD, "ab"},
                                {SANDBOX_STEP_EXPECTS, ""},
                                {SANDBOX_STEP_SAYS, "P2 OK kept\r\n"},
                                {0}};
    g_autoptr(GError) error = NULL;
    bool ok = play(imap,
                   "-> * OK old\n<- a7 noop\n-> * 3 EXISTS\n-> a7 OK done\n<- a8 append y {3}\n"
                   "-> + go\n<= 616263\n<= 0d0a\n-> a8 OK kept\n",
                   &error);
    g_assert_no_error(error);
    g_assert_true(ok);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/arguments and bodies may differ", test_arguments_and_bodies_may_differ);
    g_test_add_func("/who leaves too early has not done it",
                    test_who_leaves_too_early_has_not_done_it);
    g_test_add_func("/another command ends it", test_another_command_ends_it);
    g_test_add_func("/tags are the client's own", test_tags_are_the_clients_own);
    int status = g_test_run();
    g_free(verdict);
    return status;
}
