/* What every session does with lines, replies and faults, apart from its protocol. */
#include <string.h>

#include "sandboxed.h"

typedef struct {
    Sandboxed s;
    GPtrArray *faults;
    Guest g;
    GString *told;
} Fixture;

static void observe(void *user, const SandboxEvent *event)
{
    GString *told = user;
    g_string_append_printf(told, "%d:%.*s\n", (int)event->kind, (int)event->text.len,
                           event->text.data);
}

static void begin(Fixture *f, const char *script, const char *fault)
{
    const Service *service = services; /* smtp */
    sandboxed_begin(&f->s);
    f->told = g_string_new(NULL);
    f->faults = g_ptr_array_new_with_free_func((GDestroyNotify)fault_free);
    if (fault) {
        Fault *parsed = fault_parse(fault, NULL);
        g_assert_nonnull(parsed);
        g_ptr_array_add(f->faults, parsed);
    }
    f->s.plan.faults = f->faults;
    f->s.plan.observer = observe;
    f->s.plan.observer_user = f->told;
    Stream *stream = script_stream(bytes_of(script), (ScriptOptions){0}, NULL);
    g_assert_nonnull(stream);
    f->g = (Guest){.box = &f->s.box,
                   .service = service,
                   .wire = wire_new(stream, 5),
                   .number = 1,
                   .peer = (char *)"test",
                   .cut = -1,
                   .out = g_string_new(NULL)};
}

static void end(Fixture *f)
{
    wire_free(f->g.wire);
    g_string_free(f->g.out, TRUE);
    g_free(f->g.user);
    g_string_free(f->told, TRUE);
    sandboxed_end(&f->s);
    g_ptr_array_unref(f->faults);
}

static void test_replies_wait_until_the_session_does(void)
{
    Fixture f;
    Bytes line;
    g_autoptr(GError) error = NULL;
    begin(&f, "<= 6f6e650d0a74776f0d0a\n-> 1\n-> 2\n<- three\n", NULL);
    g_assert_true(guest_line(&f.g, &line, &error) && bytes_equal(line, BYTES_LITERAL("one")));
    guest_reply(&f.g, "%d", 1);
    g_assert_true(guest_line(&f.g, &line, &error) && bytes_equal(line, BYTES_LITERAL("two")));
    g_assert_cmpuint(f.g.out->len, ==, 3); /* a line was there: nothing went out yet */
    guest_reply(&f.g, "2");
    g_assert_true(guest_line(&f.g, &line, &error) && bytes_equal(line, BYTES_LITERAL("three")));
    g_assert_cmpuint(f.g.out->len, ==, 0);
    g_assert_cmpstr(f.told->str, ==, "2:1\n2:2\n");
    g_assert_false(guest_line(&f.g, &line, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_EOF);
    end(&f);
}

static void test_a_cut_ends_in_the_middle(void)
{
    Fixture f;
    g_autoptr(GError) error = NULL;
    begin(&f, "=> 61626364\n", NULL);
    f.g.cut = 4;
    guest_reply(&f.g, "abcdefgh");
    g_assert_false(guest_flush(&f.g, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    g_assert_true(script_finished(wire_stream(f.g.wire), NULL));
    end(&f);
}

static void test_a_fault_is_done_and_told_when_it_fits(void)
{
    Fixture f;
    begin(&f, "", "delay=1@cmd=RCPT,nth=2");
    g_strlcpy(f.g.command, "RCPT", sizeof(f.g.command));
    g_assert_null(guest_fault(&f.g, "delay"));
    g_assert_null(guest_fault(&f.g, "tarpit"));
    g_assert_nonnull(guest_fault(&f.g, "delay"));
    g_assert_cmpstr(f.told->str, ==, "7:delay=1\n");
    f.g.service = &control_service;
    f.told->len = 0;
    g_assert_null(guest_fault(&f.g, "delay"));
    guest_tell(&f.g, SANDBOX_MAIL, "who controls it is no client");
    g_assert_cmpuint(f.told->len, ==, 0);
    end(&f);
}

static void test_passwords_and_mechanisms_outside_tls(void)
{
    Fixture f;
    begin(&f, "", NULL);
    g_autofree char *with = guest_mechanisms(&f.g);
    g_assert_nonnull(strstr(with, "PLAIN"));
    g_assert_null(strstr(with, "-PLUS"));
    g_assert_null(strstr(with, "OAUTH"));
    g_assert_true(guest_password_is(&f.g, "PASS", BYTES_LITERAL("joe"), BYTES_LITERAL("pencil")));
    g_assert_false(guest_password_is(&f.g, "PASS", BYTES_LITERAL("joe"), BYTES_LITERAL("pencils")));
    g_assert_false(guest_password_is(&f.g, "PASS", BYTES_LITERAL("ann"), BYTES_LITERAL("pencil")));
    g_assert_true(sandbox_misbehaved(&f.s.box)); /* it was in the clear */
    f.s.plan.cleartext_auth = false;
    f.s.plan.jwt_key_file = "a file";
    g_autofree char *without = guest_mechanisms(&f.g);
    g_assert_null(strstr(without, "PLAIN"));
    g_assert_null(strstr(without, "XOAUTH2")); /* a token is as good as a password */
    g_assert_nonnull(strstr(without, "SCRAM-SHA-256"));
    end(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/replies wait until the session does",
                    test_replies_wait_until_the_session_does);
    g_test_add_func("/a cut ends in the middle", test_a_cut_ends_in_the_middle);
    g_test_add_func("/a fault is done, and told, when it fits",
                    test_a_fault_is_done_and_told_when_it_fits);
    g_test_add_func("/passwords and mechanisms outside TLS",
                    test_passwords_and_mechanisms_outside_tls);
    return g_test_run();
}
