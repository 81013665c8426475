#include "config/import.h"

#include <string.h>

#include "config/accounts_keys.h"
#include "config/accounts_read.h"
#include "config/accounts_write.h"

typedef bool ImportFunc(Import *to, Bytes text, GError **error);

static Import *import_text(ImportFunc *func, const char *text)
{
    g_autoptr(GError) error = NULL;
    Import *import = import_new("/home/joe/rc");
    func(import, bytes_of(text), &error);
    g_assert_no_error(error);
    return import;
}

static const Account *account_of(const Import *import, guint i)
{
    g_assert_cmpuint(i, <, import->accounts->len);
    return g_ptr_array_index(import->accounts, i);
}

static bool has_note(const Import *import, const char *words)
{
    for (guint i = 0; i < import->notes->len; i++) {
        if (strstr(g_ptr_array_index(import->notes, i), words)) {
            return true;
        }
    }
    return false;
}

static void assert_password(const Account *account, const char *wanted)
{
    g_autoptr(Secret) other = secret_new(wanted, strlen(wanted));
    g_assert_true(account->password && secret_equal(account->password, other));
}

/* What is written must be what accounts.conf's own reader takes, and say the same. */
static void assert_readable(const Import *import)
{
    g_autoptr(Secret) text = accounts_text(import->accounts, true);
    g_autofree char *copy = bytes_dup(secret_reveal(text));
    g_autoptr(GPtrArray) read = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
    g_autoptr(GError) error = NULL;
    bool has_password;
    accounts_read(copy, strlen(copy), "/home/joe/accounts.conf", read, &has_password, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(read->len, ==, import->accounts->len);
    for (guint i = 0; i < read->len; i++) {
        const Account *a = g_ptr_array_index(read, i);
        const Account *b = account_of(import, i);
        g_assert_cmpstr(a->name, ==, b->name);
        g_assert_cmpstr(a->url, ==, b->url);
        g_assert_cmpstr(a->user, ==, b->user);
        g_assert_cmpstr(a->to, ==, b->to);
        g_assert_cmpint(a->max_size, ==, b->max_size);
        g_assert_true((a->password != NULL) == (b->password != NULL));
        g_assert_true(!a->password || secret_equal(a->password, b->password));
        g_assert_true((a->folders != NULL) == (b->folders != NULL));
    }
}

static void test_import_fetchmailrc(void)
{
    g_autoptr(Import) import = import_text(
        import_fetchmailrc,
        "set daemon 300 set syslog\n"
        "poll pop.example.org proto pop3 user joe pass ' s;3\\\\ret ' is joe here ssl keep\n"
        "  limit 5000 sslproto tls1.2+\n"
        "poll i proto imap user a pass b folder INBOX, 'a;b' mda '/usr/bin/procmail -d %T'\n"
        "  user c pass d no sslcertck smtphost mx/26\n"
        "poll multi proto imap user x is a b here\n");
    g_assert_cmpuint(import->accounts->len, ==, 3);
    const Account *first = account_of(import, 0);
    g_assert_cmpstr(first->name, ==, "pop.example.org");
    g_assert_cmpstr(first->url, ==, "pop3s://pop.example.org");
    g_assert_cmpstr(first->after, ==, "keep");
    g_assert_cmpstr(first->tls_min, ==, "1.2");
    g_assert_cmpint(first->max_size, ==, 5000);
    assert_password(first, " s;3\\ret ");
    const Account *second = account_of(import, 1);
    g_assert_cmpstr(second->name, ==, "a@i");
    g_assert_cmpstr(second->after, ==, "delete");
    g_assert_cmpstr(second->to, ==, "|/usr/bin/procmail -d %u");
    g_assert_cmpstr(second->folders[1], ==, "a;b");
    const Account *third = account_of(import, 2);
    g_assert_cmpstr(third->to, ==, "smtp://mx:26");
    g_assert_cmpstr(third->tls, ==, "opportunistic");
    g_assert_true(has_note(import, "rc:1: daemon: give --daemon=300"));
    g_assert_true(has_note(import, "multidrop"));
    g_assert_true(has_note(import, "no sslcertck"));
    assert_readable(import);
}

static void test_import_turns_the_recipe_into_a_way_through_ssh(void)
{
    g_autoptr(Import) import =
        import_text(import_fetchmailrc,
                    "defaults no rewrite\npoll localhost protocol pop3 port 11110 user joe\n"
                    "  preconnect \"ssh -C -f me@popserver -L 11110:popserver:110 sleep 5\"\n");
    const Account *a = account_of(import, 0);
    g_assert_cmpstr(a->url, ==, "pop3://popserver");
    g_assert_cmpstr(a->via[0], ==, "ssh://me@popserver");
    g_assert_cmpstr(a->after, ==, "delete");
    assert_readable(import);
}

static void test_import_mpoprc(void)
{
    g_autoptr(Import) import = import_text(
        import_mpoprc, "# mine\ndefaults\ntls on\ntls_trust_file system\n\n"
                       "account home\nhost pop.example.org\nuser joe\npassword \"hun ter2\"\n"
                       "delivery maildir ~/Mail\nkeep on\nskipsize 100\n"
                       "account work : home\nhost pop.work.example\nport 995\ntls_starttls off\n"
                       "passwordeval pass mail\ndelivery mda procmail -d joe\nkeep off\n"
                       "uidls_file ~/.u\nauth scram-sha-256\n"
                       "tls_fingerprint AA:BB\n"
                       "account default : home\n"
                       "account none\nuser x\n");
    g_assert_cmpuint(import->accounts->len, ==, 2);
    const Account *home = account_of(import, 0);
    g_assert_cmpstr(home->url, ==, "pop3://pop.example.org");
    g_assert_cmpstr(home->to, ==, "~/Mail");
    g_assert_cmpstr(home->after, ==, "keep");
    g_assert_cmpint(home->max_size, ==, 102400);
    g_assert_null(home->tls);
    assert_password(home, "hun ter2");
    const Account *work = account_of(import, 1);
    g_assert_cmpstr(work->url, ==, "pop3s://pop.work.example:995");
    g_assert_cmpstr(work->password_command, ==, "pass mail");
    g_assert_cmpstr(work->to, ==, "|procmail -d joe");
    g_assert_cmpstr(work->auth[0], ==, "SCRAM-SHA-256");
    g_assert_true(has_note(import, "--adopt-from=~/.u"));
    g_assert_true(has_note(import, "tls_fingerprint: MD5 and SHA-1"));
    g_assert_true(has_note(import, "default: it is the account home"));
    g_assert_true(has_note(import, "none: no host is said"));
    assert_readable(import);
}

static void test_import_msmtprc(void)
{
    g_autoptr(Import) import =
        import_text(import_msmtprc, "host smtp.example.org\nport 587\ntls on\nauth on\nuser joe\n"
                                    "from joe@example.org\npasswordeval \"gpg -d x\"\nlogfile ~/l\n"
                                    "dsn_notify failure\n"
                                    "account b\nhost h\nport 465\ntls on\ntls_starttls off\n"
                                    "account c\nhost h\nproxy_host localhost\nproxy_port 9050\n");
    const Account *first = account_of(import, 0);
    g_assert_cmpstr(first->name, ==, "default");
    g_assert_cmpstr(first->url, ==, "submission://smtp.example.org");
    g_assert_cmpstr(first->password_command, ==, "gpg -d x");
    g_assert_cmpstr(first->from[0], ==, "joe@example.org");
    g_assert_cmpstr(first->dsn, ==, "failure");
    g_assert_cmpstr(account_of(import, 1)->url, ==, "submissions://h");
    g_assert_cmpstr(account_of(import, 2)->tls, ==, "off");
    g_assert_cmpstr(account_of(import, 2)->via[0], ==, "socks5://localhost:9050");
    g_assert_true(has_note(import, "logfile"));
    assert_readable(import);
}

static void test_import_getmailrc(void)
{
    g_autoptr(Import) import = import_text(
        import_getmailrc,
        "[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = imap.example.org\nusername: joe\n"
        "password_command = (\"pass\", \"show\", 'my mail')\nmailboxes = (\"INBOX\",\n  "
        "\"Lists\",)\n"
        "[destination]\ntype = MDA_external\npath = /usr/bin/procmail\narguments = (\"-d\", "
        "\"joe\", \"-f\", \"%(sender)\", \"100%\")\n"
        "[options]\nread_all = false\ndelete_after = 30\nmax_message_size = 5000\n");
    const Account *a = account_of(import, 0);
    g_assert_cmpstr(a->url, ==, "imaps://imap.example.org");
    g_assert_cmpstr(a->password_command, ==, "pass show 'my mail'");
    g_assert_cmpstr(a->folders[1], ==, "Lists");
    g_assert_cmpstr(a->to, ==, "|/usr/bin/procmail -d joe -f '%f' 100%%");
    g_assert_cmpint(a->keep_days, ==, 30);
    g_assert_cmpstr(a->after, ==, "delete");
    g_assert_cmpint(a->max_size, ==, 5000);
    g_assert_true(has_note(import, "certificate is verified now"));
    assert_readable(import);
    g_autoptr(Import) plain =
        import_text(import_getmailrc, "[retriever]\ntype=SimplePOP3Retriever\nserver=p\n"
                                      "password=hunter2\n[destination]\ntype=Maildir\n"
                                      "path=~/Maildir/\n");
    g_assert_cmpstr(account_of(plain, 0)->to, ==, "~/Maildir");
    assert_password(account_of(plain, 0), "hunter2");
}

static void assert_fails(ImportFunc *func, const char *text, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Import) import = import_new("rc");
    g_assert_false(func(import, bytes_of(text), &error));
    g_assert_nonnull(strstr(error->message, wanted));
    g_assert_null(strstr(error->message, "hunter2"));
}

static void test_import_says_where_a_file_is_wrong(void)
{
    assert_fails(import_fetchmailrc, "poll h\nuser u pass hunter2=x", "rc:2:");
    assert_fails(import_mpoprc, "account a\naccount a", "rc:2: an account of this name");
    assert_fails(import_mpoprc, "account a : b", "rc:1: there is no account b");
    assert_fails(import_mpoprc, "account", "needs a name");
    assert_fails(import_getmailrc, "server = x", "rc:1: expected NAME = VALUE");
    assert_fails(import_getmailrc, "[retriever]\ntype=MultidropPOP3Retriever", "rc:2: only");
    assert_fails(import_getmailrc, "[retriever]\npassword = a\n hunter2", "rc:3: this line");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/import/fetchmailrc", test_import_fetchmailrc);
    g_test_add_func("/import/turns_the_recipe_into_a_way_through_ssh",
                    test_import_turns_the_recipe_into_a_way_through_ssh);
    g_test_add_func("/import/mpoprc", test_import_mpoprc);
    g_test_add_func("/import/msmtprc", test_import_msmtprc);
    g_test_add_func("/import/getmailrc", test_import_getmailrc);
    g_test_add_func("/import/says_where_a_file_is_wrong", test_import_says_where_a_file_is_wrong);
    return g_test_run();
}
