/* --fault: how it is read, and when a fault is done. */
#include "server/fault.h"

#include <string.h>

static void parses(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Fault) f =
        fault_parse("reply=550 5.7.1 not joe@example.org@cmd=RCPT,to=a@b,nth=2", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(f->row->name, ==, "reply");
    g_assert_cmpstr(f->arguments, ==, "550 5.7.1 not joe@example.org");
    g_assert_cmpstr(f->command, ==, "RCPT");
    g_assert_cmpstr(f->to, ==, "a@b");
    g_assert_cmpuint(f->nth, ==, 2);
}

static void refuses(void)
{
    static const char *const wrong[] = {
        "",
        "no-such",
        "drop=1",
        "drop@nth=0",
        "drop@cmd=A,what",
        "in-use=joe",
        "delay=soon@cmd=NOOP",
        "delay=-1",
        "drop-at=x",
        "endless-line=1k",
        "drop@pop",                /* pop3 */
        "reply=451 x@cdm=RCPT",    /* cmd= */
        "reply=451 x@service=pop", /* no service */
        "preauth@smtp",            /* would never happen */
        "cert-expired@imap",       /* all or nothing */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Fault) f = fault_parse(wrong[i], &error);
        g_assert_null(f);
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    }
}

static void an_address_in_a_reply_is_no_condition(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Fault) f = fault_parse("reply=550 joe@smtp.example.org is gone@cmd=RCPT", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(f->arguments, ==, "550 joe@smtp.example.org is gone");
    g_assert_cmpstr(f->command, ==, "RCPT");
    g_assert_null(f->protocol);
    g_assert_cmpstr(f->said, ==, "reply=550 joe@smtp.example.org is gone@cmd=RCPT");
}

static void names_the_nearest(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Fault) f = fault_parse("starttls-striped", &error);
    g_assert_null(f);
    g_assert_nonnull(strstr(error->message, "starttls-stripped"));
}

static void counts_and_fits(void)
{
    g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func((GDestroyNotify)fault_free);
    g_ptr_array_add(faults, fault_parse("drop@pop3,cmd=RETR,nth=2", NULL));
    FaultMoment moment = {.protocol = "pop3", .service = "pop3s", .command = "RETR"};
    FaultMoment other = {.protocol = "imap", .service = "imap", .command = "RETR"};
    FaultMoment nowhere = {0};
    g_assert_null(fault_find(faults, "drop", &other));
    g_assert_null(fault_find(faults, "drop", &nowhere));
    g_assert_null(fault_find(faults, "drop-after", &moment));
    g_assert_null(fault_find(faults, "drop", &moment));
    g_assert_nonnull(fault_find(faults, "drop", &moment));
    g_assert_null(fault_find(faults, "drop", &moment));
    g_assert_cmpuint(((Fault *)faults->pdata[0])->done, ==, 1);
}

static void every_row_can_be_asked_for(void)
{
    for (const FaultRow *row = fault_rows; row->name; row++) {
        g_autoptr(GError) error = NULL;
        bool version = strcmp(row->name, "tls-only") == 0;
        const char *arguments = !row->arguments ? "" : version ? "=1.2" : "=1";
        g_autofree char *text = g_strconcat(row->name, arguments, NULL);
        g_autoptr(Fault) f = fault_parse(text, &error);
        g_assert_no_error(error);
        g_assert_true(f->row == row);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fault/parses", parses);
    g_test_add_func("/fault/refuses", refuses);
    g_test_add_func("/fault/address-in-reply", an_address_in_a_reply_is_no_condition);
    g_test_add_func("/fault/names-the-nearest", names_the_nearest);
    g_test_add_func("/fault/counts-and-fits", counts_and_fits);
    g_test_add_func("/fault/every-row", every_row_can_be_asked_for);
    return g_test_run();
}
