/* send.c: `postern send`: compose and submit. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/send.h"

#define AT(member) offsetof(SendOptions, member)

static const Option options[] = {
    {"to", 0, OPTION_LIST, AT(to), "ADDRESS", "who gets it; a list, and repeatable", NULL},
    {"cc", 0, OPTION_LIST, AT(cc), "ADDRESS", "who gets a copy", NULL},
    {"bcc", 0, OPTION_LIST, AT(bcc), "ADDRESS", "who gets a copy that nobody sees", NULL},
    {"from", 0, OPTION_STRING, AT(from), "ADDRESS",
     "who it is from (default: the user's name when it is an address, else USER@HOST)", NULL},
    {"envelope-from", 0, OPTION_STRING, AT(envelope_from), "ADDRESS",
     "where bounces go; <> for nowhere (default: --from)", NULL},
    {"subject", 0, OPTION_STRING, AT(subject), "TEXT", "the Subject", NULL},
    {"text", 0, OPTION_STRING, AT(text), "TEXT|@FILE|-",
     "the text; @FILE reads a file, - standard input", NULL},
    {"html", 0, OPTION_FILE, AT(html), "FILE", "the text as HTML, beside or instead of --text",
     NULL},
    {"attach", 0, OPTION_LIST, AT(attach), "FILE[;type=TYPE][;name=NAME]",
     "attach a file; repeatable", NULL},
    {"inline", 0, OPTION_LIST, AT(inlined), "FILE[;cid=ID]",
     "a file that the HTML shows as cid:ID (default: its name); repeatable", NULL},
    {"header", 0, OPTION_LIST, AT(header), "'NAME: VALUE'", "another header field; repeatable",
     NULL},
    {"message", 0, OPTION_FILE, AT(message), "FILE",
     "send this ready message (-: standard input) instead of composing one", NULL},
    {"as-is", 0, OPTION_BOOL, AT(as_is), NULL,
     "add no Date or Message-ID to a ready message, and leave its Bcc in", NULL},
    {"test", 0, OPTION_BOOL, AT(test), NULL, "send a short probe with a unique id", NULL},
    {"print", 0, OPTION_BOOL, AT(print), NULL, "write the message to standard output instead",
     NULL},
    {"notify", 0, OPTION_STRING, AT(notify), "LIST",
     "ask for delivery reports: never, or some of success,failure,delay", NULL},
    {"ret", 0, OPTION_CHOICE, AT(ret), NULL, "how much of the message a report is to return",
     "full|hdrs"},
    {"envid", 0, OPTION_STRING, AT(envid), "ID", "an id that reports repeat", NULL},
    {"orcpt", 0, OPTION_STRING, AT(orcpt), "TYPE;ADDRESS", "the original recipient, for reports",
     NULL},
    {"submitter", 0, OPTION_STRING, AT(submitter), "ADDRESS",
     "who submitted it first (AUTH=); <> for unknown", NULL},
    {"require-tls", 0, OPTION_BOOL, AT(require_tls), NULL,
     "every server on the way must use verified TLS (REQUIRETLS)", NULL},
    {"all-or-none", 0, OPTION_BOOL, AT(all_or_none), NULL,
     "send to nobody when one recipient is refused", NULL},
    {"no-pipelining", 0, OPTION_BOOL, AT(no_pipelining), NULL,
     "wait for each reply before the next command", NULL},
    {"no-chunking", 0, OPTION_BOOL, AT(no_chunking), NULL, "send the text by DATA, not by BDAT",
     NULL},
    {"stop-after", 0, OPTION_CHOICE, AT(stop_after), NULL,
     "go so far, show the dialogue, and end: nothing is sent",
     "connect|greeting|ehlo|tls|auth|mail|rcpt|data"},
    {"mx", 0, OPTION_BOOL, AT(mx), NULL,
     "no server: straight to the MX hosts of each recipient, by DANE, MTA-STS or as they offer",
     NULL},
    {"check-account", 0, OPTION_BOOL, AT(check_account), NULL,
     "try everything short of a message: address, TLS, login", NULL},
    {"batch", 0, OPTION_FILE, AT(batch), "DIR|MBOX|MAILDIR|-",
     "send many messages; -: lines of JSON on standard input", NULL},
    {"connections", 0, OPTION_INT, AT(connections), "N",
     "so many connections at a time in a batch (default: 1)", NULL},
    {"journal", 0, OPTION_FILE, AT(journal), "FILE",
     "where a batch writes down what is done (default: in the state directory)", NULL},
    {"retries", 0, OPTION_STRING, AT(retries), "N",
     "tries behind the first in a batch, when the server says later (default: 3)", NULL},
    {"retry-after", 0, OPTION_DOUBLE, AT(retry_after), "SECONDS",
     "wait so long before the first of them, twice as long each time (default: 30)", NULL},
    {"queue", 0, OPTION_BOOL, AT(queue), NULL,
     "put the message into the spool, safely, and return: --flush or --daemon delivers it", NULL},
    {"flush", 0, OPTION_BOOL, AT(flush), NULL, "deliver what is due in the spool", NULL},
    {"daemon", 0, OPTION_BOOL, AT(daemon), NULL,
     "deliver what comes into the spool, and what is due, until told to end", NULL},
    {"now", 0, OPTION_BOOL, AT(now), NULL, "with --flush: try everything, due or not", NULL},
    {"spool", 0, OPTION_FILE, AT(spool), "DIR", "the spool (default: spool in the state directory)",
     NULL},
    {"expire", 0, OPTION_STRING, AT(expire), "TIME",
     "with --queue: give up after so long, such as 12h (default: 5d)", NULL},
    {"notices", 0, OPTION_FILE, AT(notices), "MAILDIR",
     "notices of failure go there (default: by mail to the sender)", NULL},
    {"queue-list", 0, OPTION_BOOL, AT(queue_list), NULL, "show what waits in the spool", NULL},
    {"queue-remove", 0, OPTION_LIST, AT(queue_remove), "ID",
     "remove a message from the spool (ALL: every one)", NULL},
    {"queue-hold", 0, OPTION_LIST, AT(queue_hold), "ID",
     "keep a message of the spool from being delivered", NULL},
    {"queue-release", 0, OPTION_LIST, AT(queue_release), "ID", "let it go, at once", NULL},
    {"json", 0, OPTION_BOOL, AT(json), NULL, "print the result as a line of JSON", NULL},
    {0},
};

/* --print: the message alone, as it would travel. */
static int print_message(const SendOptions *o)
{
    GError *error = NULL;
    g_autofree char *from = send_default_from(o->connect.user, NULL);
    g_autoptr(Outgoing) message = send_message(o, from, &error);
    if (!message) {
        return command_fail(error);
    }
    fwrite(message->text->data, 1, message->text->len, stdout);
    return 0;
}

static void upper(char *word)
{
    for (char *c = word; c && *c; c++) {
        *c = g_ascii_toupper(*c);
    }
}

static bool is_about_the_spool(const SendOptions *o)
{
    return o->queue_list || o->queue_remove || o->queue_hold || o->queue_release;
}

/* What does not go together, and what is of no use alone. */
static bool check(const SendOptions *o, char **args, GError **error)
{
    bool spool = o->flush || o->daemon || is_about_the_spool(o);
    const struct {
        bool wrong;
        const char *why;
    } rows[] = {
        {spool && args[0], "messages in the spool know their server: no address goes with it"},
        {spool && o->connect.dry_run,
         "--dry-run is for what is sent now: --queue-list shows what waits in the spool"},
        {o->flush && o->daemon, "--flush ends, and --daemon does not: one of them"},
        {o->queue && (o->mx || o->batch || o->stop_after || o->check_account || spool),
         "--queue is for one message to a server: --mx, --batch, --stop-after, --check-account and "
         "--flush do not go with it"},
        {o->batch && (o->check_account || o->print || spool),
         "--batch does not go with --check-account, --print or the spool's options"},
        {o->mx && (args[0] || o->batch || o->check_account || o->connect.account),
         "--mx finds the servers itself: no address, --account or --batch goes with it"},
        {o->mx && (o->connect.user || o->connect.auth),
         "--mx is for servers that know nobody: there is no login"},
        {o->now && !o->flush, "--now is for --flush"},
        {o->journal && !o->batch, "--journal is for --batch"},
        {o->retries && !o->batch, "--retries is for --batch"},
        {o->connections && !o->batch && !spool, "--connections is for --batch and --flush"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].wrong) {
            return error_fail(error, POSTERN_ERROR_USAGE, "%s", rows[i].why);
        }
    }
    return true;
}

static int run(void *values, char **args)
{
    SendOptions *o = values;
    if (args[0] && args[1]) {
        GError *error = NULL;
        error_fail(&error, POSTERN_ERROR_USAGE,
                   "one server at a time: \"%s\" is one too many (recipients go into --to)",
                   args[1]);
        return command_fail(error);
    }
    upper(o->notify);
    upper(o->ret);
    GError *error = NULL;
    if (!check(o, args, &error)) {
        return command_fail(error);
    }
    if (o->print) {
        return print_message(o);
    }
    if (is_about_the_spool(o)) {
        return send_queue_manage(o);
    }
    if (o->flush || o->daemon) {
        return send_flush(o);
    }
    if (!send_take_account(o, &error)) {
        return command_fail(error);
    }
    bool one = !o->mx && !o->batch;
    bool sends = one && !o->stop_after && !o->check_account;
    if (!o->connect.dry_run && (o->queue || (sends && o->queue_wish == QUEUE_ALWAYS))) {
        return send_queue(o, args[0]);
    }
    return o->mx ? send_mx(o) : o->batch ? send_batch(o, args[0]) : send_one(o, args[0], NULL);
}

const Command cmd_send = {
    .name = "send",
    .summary = "compose and submit a message",
    .arguments = "[URL]",
    .text = "Hands one message to a server (smtp, submission, submissions, lmtp), or to that\n"
            "of an --account. The message is composed of the options, or comes ready from\n"
            "--message or standard input; then --to, --cc and --bcc name the envelope alone,\n"
            "and without them it goes to whom its header names.",
    .examples = "  postern send submissions://joe@mail.example.org --to ann@example.net \\\n"
                "      --subject Hello --text 'Hi Ann'\n"
                "  postern send --account work --to ann@example.net --subject Report \\\n"
                "      --text @report.txt --attach report.pdf\n"
                "  postern send smtp://mx.example.net --to ann@example.net --test\n"
                "  postern send submission://mail.example.org --user joe < message.eml\n",
    .options = options,
    .connects = true,
    .values_size = sizeof(SendOptions),
    .run = run,
};
