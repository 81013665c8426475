/* imapd.c: the IMAP4rev1 server (RFC 3501): commands one after the other, each by its row. */
#include "server/imapd.h"

#include <string.h>

#include "proto/imap_mailbox.h"

enum { ERRORS_MAX = 20, LINE_MAX_IMAP = 64 * 1024 };

typedef enum { ANY_TIME, BEFORE_LOGIN, AFTER_LOGIN, SELECTED } When;

typedef struct {
    const char *verb;
    When when;
    bool uid;        /* has a UID form */
    bool no_expunge; /* see Imapd */
    bool secret;     /* its arguments are not for logs */
    ImapdFunc *run;
} ImapdCommand;

/* --- replies --- */

static void G_GNUC_PRINTF(3, 0)
    finish(Imapd *i, const char *status, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);
    imapd_news(i);
    guest_reply(i->g, "%s %s %s", i->tag, status, text);
}

void imapd_ok(Imapd *i, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    finish(i, "OK", format, args);
    va_end(args);
}

void imapd_no(Imapd *i, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    finish(i, "NO", format, args);
    va_end(args);
}

bool imapd_bad(Imapd *i, const char *text)
{
    guest_reply(i->g, "%s BAD %s", i->tag, text);
    i->errors++;
    return true;
}

bool imapd_say(Imapd *i, GString *text, GError **error)
{
    guest_tell_bytes(i->g, SANDBOX_SENT, bytes_of_string(text), false);
    g_string_append(text, "\r\n");
    return guest_send(i->g, bytes_of_string(text), error);
}

void imapd_put_mailbox(GString *out, const char *name)
{
    g_autofree char *encoded = imap_mailbox_encode(name);
    imap_put_nstring(out, encoded);
}

/* --- the table --- */

static bool cmd_noop(Imapd *i, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    imapd_ok(i, "done");
    return true;
}

static const ImapdCommand commands[] = {
    {"CAPABILITY", ANY_TIME, .run = imapd_cmd_capability},
    {"NOOP", ANY_TIME, .run = cmd_noop},
    {"LOGOUT", ANY_TIME, .run = imapd_cmd_logout},
    {"ID", ANY_TIME, .run = imapd_cmd_id},
    {"STARTTLS", BEFORE_LOGIN, .run = imapd_cmd_starttls},
    {"LOGIN", BEFORE_LOGIN, .secret = true, .run = imapd_cmd_login},
    {"AUTHENTICATE", BEFORE_LOGIN, .secret = true, .run = imapd_cmd_authenticate},
    {"ENABLE", AFTER_LOGIN, .run = imapd_cmd_enable},
    {"SELECT", AFTER_LOGIN, .run = imapd_cmd_select},
    {"EXAMINE", AFTER_LOGIN, .run = imapd_cmd_examine},
    {"CREATE", AFTER_LOGIN, .run = imapd_cmd_create},
    {"DELETE", AFTER_LOGIN, .run = imapd_cmd_delete},
    {"RENAME", AFTER_LOGIN, .run = imapd_cmd_rename},
    {"SUBSCRIBE", AFTER_LOGIN, .run = imapd_cmd_subscribe},
    {"UNSUBSCRIBE", AFTER_LOGIN, .run = imapd_cmd_unsubscribe},
    {"LIST", AFTER_LOGIN, .run = imapd_cmd_list},
    {"LSUB", AFTER_LOGIN, .run = imapd_cmd_lsub},
    {"STATUS", AFTER_LOGIN, .run = imapd_cmd_status},
    {"NAMESPACE", AFTER_LOGIN, .run = imapd_cmd_namespace},
    {"APPEND", AFTER_LOGIN, .run = imapd_cmd_append},
    {"IDLE", AFTER_LOGIN, .run = imapd_cmd_idle},
    {"CHECK", SELECTED, .run = cmd_noop},
    {"CLOSE", SELECTED, .run = imapd_cmd_close},
    {"UNSELECT", SELECTED, .run = imapd_cmd_unselect},
    {"EXPUNGE", SELECTED, .uid = true, .run = imapd_cmd_expunge},
    {"SEARCH", SELECTED, .uid = true, .no_expunge = true, .run = imapd_cmd_search},
    {"FETCH", SELECTED, .uid = true, .no_expunge = true, .run = imapd_cmd_fetch},
    {"STORE", SELECTED, .uid = true, .no_expunge = true, .run = imapd_cmd_store},
    {"COPY", SELECTED, .uid = true, .run = imapd_cmd_copy},
    {"MOVE", SELECTED, .uid = true, .run = imapd_cmd_move},
};

static const ImapdCommand *find_command(Bytes verb)
{
    for (size_t n = 0; n < G_N_ELEMENTS(commands); n++) {
        if (bytes_equal_ci(verb, commands[n].verb)) {
            return &commands[n];
        }
    }
    return NULL;
}

/* Why the command cannot be done now; NULL: it can. */
static const char *objection(const Imapd *i, const ImapdCommand *command, bool uid)
{
    if (!command || (uid && !command->uid)) {
        return "no such command";
    }
    switch (command->when) {
    case ANY_TIME:
        return NULL;
    case BEFORE_LOGIN:
        return i->user ? "you are logged in" : NULL;
    case AFTER_LOGIN:
        return i->user ? NULL : "log in first";
    case SELECTED:
        return i->folder ? NULL : i->user ? "SELECT a mailbox first" : "log in first";
    }
    return NULL;
}

/* --- one command --- */

static void tell_command(Imapd *i, const ImapdCommand *command, const ImapCommandLine *line)
{
    if (!command && guest_tell_stray(i->g, bytes_of_string(i->command))) {
        g_free(i->tag); /* it is none, and would be shown with the answer */
        i->tag = g_strdup("*");
        return;
    }
    i->g->in_login = command && command->secret;
    if (command && command->secret && line->args.len > 0 && !i->g->box->plan->show_secrets) {
        bool auth = strcmp(command->verb, "AUTHENTICATE") == 0;
        g_autofree char *words = auth ? guest_auth_words(line->args) : g_strdup("*****");
        g_autofree char *text = g_strdup_printf("%s %s %s", i->tag, command->verb, words);
        guest_tell_bytes(i->g, SANDBOX_RECEIVED, bytes_of(text), strstr(words, "*****") != NULL);
    } else {
        guest_tell_bytes(i->g, SANDBOX_RECEIVED, bytes_of_string(i->command), false);
    }
}

/* Greeted as if logged in, without TLS: whoever needs that must leave (RFC 3501 11.1, and the
 * attacks that PREAUTH makes possible). */
static void watch_preauth(Imapd *i, const ImapdCommand *command)
{
    if (i->preauth && command && command->when >= AFTER_LOGIN) {
        guest_conduct(i->g, true, "preauth", "went on in the clear after PREAUTH (%s)",
                      command->verb);
        i->preauth = false;
    }
}

static bool run_command(Imapd *i, const ImapdCommand *command, Bytes args, bool uid, GError **error)
{
    const char *why = objection(i, command, uid);
    if (why) {
        return imapd_bad(i, why);
    }
    g_assert(command != NULL); /* there is an objection to one that nobody knows */
    unsigned before = i->errors;
    i->uid = uid;
    i->no_expunge = command->no_expunge && !uid;
    bool ok = command->run(i, args, error);
    i->errors = i->errors == before ? 0 : i->errors;
    return ok;
}

static bool do_command(Imapd *i, GError **error)
{
    Guest *g = i->g;
    ImapCommandLine line;
    g_free(i->tag);
    i->tag = NULL;
    if (!imap_command_line(bytes_of_string(i->command), &line)) {
        i->tag = g_strdup("*");
        tell_command(i, NULL, &line);
        return imapd_bad(i, "a command begins with a tag");
    }
    i->tag = bytes_dup(line.tag);
    const ImapdCommand *command = find_command(line.verb);
    g_strlcpy(g->command, command ? command->verb : "?", sizeof(g->command));
    tell_command(i, command, &line);
    watch_preauth(i, command);
    FaultEffect effect;
    bool ok = guest_fault_at_command(g, i->tag, &effect, error);
    if (ok && effect == FAULT_NOTHING) {
        ok = run_command(i, command, line.args, line.uid, error);
    }
    g->closing = g->closing || effect == FAULT_CLOSE;
    return ok;
}

/* --- the session --- */

static bool greet(Imapd *i, GError **error)
{
    Guest *g = i->g;
    const GPtrArray *users = g->box->plan->users;
    const SandboxUser *first = users && users->len ? users->pdata[0] : NULL;
    if (guest_fault(g, "preauth") && imapd_enter(i, first ? first->name : "preauth")) {
        i->preauth = g->tempted.no_tls = !g->encrypted;
        guest_reply(g, "* PREAUTH Postern sandbox: you are logged in as %s", i->user->name);
        return true;
    }
    g_autofree char *capabilities = imapd_capabilities(i);
    guest_reply(g, "* OK [CAPABILITY %s] Postern sandbox", capabilities);
    (void)error;
    return true;
}

/* Neither passwords nor mail stay in what is kept between commands. */
static void forget_command(Imapd *i)
{
    secret_wipe(i->command->str, i->command->len);
    g_string_truncate(i->command, 0);
    g_clear_pointer(&i->message, g_bytes_unref);
    imap_append_clear(&i->append);
}

static bool next_command(Imapd *i, GError **error)
{
    bool good;
    bool ok = imapd_read(i, &good, error);
    if (ok && good) {
        ok = do_command(i, error);
    }
    forget_command(i);
    if (ok && i->errors > ERRORS_MAX) {
        guest_reply(i->g, "* BYE too many errors");
        i->g->closing = true;
    }
    return ok;
}

bool imapd_serve(Guest *g, GError **error)
{
    Imapd i = {.g = g,
               .rows = g_array_new(FALSE, FALSE, sizeof(ImapRow)),
               .command = g_string_sized_new(256)};
    wire_set_max_line(g->wire, LINE_MAX_IMAP);
    bool ok = greet(&i, error);
    while (ok && !g->closing) {
        ok = next_command(&i, error);
    }
    imapd_unselect(&i);
    g_array_unref(i.rows);
    g_string_free(i.command, TRUE);
    g_free(i.tag);
    return ok;
}
