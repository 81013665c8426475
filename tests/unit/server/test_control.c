/* The control socket, by scripts in which "<-" asks and "->" is the answer, and what it tells of.
 * To wait takes a socket: see tests/e2e/test_serve_logins.py. */
#include "server/control.h"

#include <string.h>

#include "sandboxed.h"

static MailFolder *inbox_of(Sandboxed *s)
{
    return mail_find_folder(mailstore_user(s->box.store, "joe", NULL), "INBOX");
}

/* At a time of its own, so that the order is known. */
static Mail *put(Sandboxed *s, const char *text, const char *to, int64_t at)
{
    g_autoptr(GBytes) octets = g_bytes_new_static(text, strlen(text));
    const Mail as = {.from = (char *)(to ? "jim@a.test" : NULL), .to = (char *)to, .received = at};
    Mail *mail = mail_add(s->box.store, inbox_of(s), octets, &as, NULL);
    g_assert_nonnull(mail);
    return mail;
}

static bool ask(Sandboxed *s, const char *script, GError **error)
{
    Stream *stream = script_stream(bytes_of(script), (ScriptOptions){0}, error);
    g_assert_nonnull(stream);
    Guest g = {.box = &s->box,
               .service = &control_service,
               .wire = wire_new(stream, 5),
               .peer = (char *)"test",
               .cut = -1,
               .out = g_string_new(NULL)};
    bool ok = control_service.serve(&g, error) && guest_flush(&g, error) &&
              script_finished(stream, error);
    wire_free(g.wire);
    g_string_free(g.out, TRUE);
    return ok;
}

static char *report(const Sandbox *box, bool json)
{
    (void)box;
    return g_strdup(json ? "{}" : "fine");
}

static void test_the_report_is_the_plans(void)
{
    Sandboxed s;
    g_autoptr(GError) error = NULL;
    sandboxed_begin(&s);
    s.plan.report = report;
    g_assert_true(ask(&s, "<- report text\n-> misbehaved 0\n-> 4\n=> 66696e65\n", &error));
    g_assert_true(ask(&s, "<- report json\n-> misbehaved 0\n-> 2\n=> 7b7d\n", &error));
    g_assert_true(ask(&s, "<- dance\n-> what?\n", &error));
    g_assert_no_error(error);
    sandboxed_end(&s);
}

static void test_what_came_before_is_told_oldest_first(void)
{
    Sandboxed s;
    sandboxed_begin(&s);
    put(&s, "b", "joe@a.test", 200);
    put(&s, "a", "ann@a.test", 100);
    put(&s, "appended", NULL, 150);
    sandbox_remember_old(&s.box);
    g_assert_cmpuint(s.box.arrivals->len, ==, 2);
    const Arrived *first = s.box.arrivals->pdata[0], *second = s.box.arrivals->pdata[1];
    g_assert_cmpstr(first->mail->to, ==, "ann@a.test");
    g_assert_cmpstr(second->mail->to, ==, "joe@a.test");
    sandboxed_end(&s);
}

static void test_the_oldest_are_forgotten(void)
{
    Sandboxed s;
    sandboxed_begin(&s);
    MailFolder *inbox = inbox_of(&s);
    for (int i = 0; i <= ARRIVALS_MAX; i++) {
        sandbox_remember(&s.box, inbox, put(&s, "x", i ? "later@a.test" : "first@a.test", 1));
    }
    g_assert_cmpuint(s.box.arrivals->len, ==, ARRIVALS_MAX);
    g_assert_cmpuint(s.box.so_far, ==, ARRIVALS_MAX + 1);
    g_assert_cmpstr(((const Arrived *)s.box.arrivals->pdata[0])->mail->to, ==, "later@a.test");
    sandboxed_end(&s);
}

/* Who reads it removes it: what came is known all the same. */
static void test_what_was_removed_still_came(void)
{
    Sandboxed s;
    sandboxed_begin(&s);
    Mail *mail = put(&s, "x", "joe@a.test", 1);
    sandbox_remember(&s.box, inbox_of(&s), mail);
    mail_remove(s.box.store, inbox_of(&s), mail);
    const Arrived *arrived = s.box.arrivals->pdata[0];
    g_assert_true(arrived->mail->gone && g_bytes_get_size(arrived->mail->text) == 1);
    sandboxed_end(&s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/the report is the plan's", test_the_report_is_the_plans);
    g_test_add_func("/what came before is told, oldest first",
                    test_what_came_before_is_told_oldest_first);
    g_test_add_func("/the oldest are forgotten", test_the_oldest_are_forgotten);
    g_test_add_func("/what was removed still came", test_what_was_removed_still_came);
    return g_test_run();
}
