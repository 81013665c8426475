/* pop3d.c: the POP3 server (RFC 1939, 2449, 2595, 3206, 5034): a maildrop as it was when the
 * session began, locked until its end; what was marked goes at QUIT. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "server/pop3d.h"

enum { ERRORS_MAX = 50, LINE_MAX_POP3 = 4096 };

static const char *host(const Pop3d *p)
{
    const char *name = p->g->box->plan->host;
    return name ? name : "localhost";
}

static bool refuse_order(Pop3d *p)
{
    guest_reply(p->g, p->folder ? "-ERR you are logged in" : "-ERR log in first");
    return true;
}

/* --- before the login --- */

static bool cmd_capa(Pop3d *p, Bytes args, GError **error)
{
    static const char *const always[] = {"TOP",        "UIDL", "RESP-CODES", "AUTH-RESP-CODE",
                                         "PIPELINING", "UTF8"};
    Guest *g = p->g;
    (void)args;
    (void)error;
    guest_reply(g, "+OK");
    bool fewer = g->user && guest_fault(g, "caps-change-auth");
    for (size_t i = 0; !fewer && i < G_N_ELEMENTS(always); i++) {
        guest_reply(g, "%s", always[i]);
    }
    const char *tls = guest_tls_word(g, "STLS");
    if (tls) {
        guest_reply(g, "%s", tls);
    }
    if (guest_may_show_password(g)) {
        guest_reply(g, "USER");
    }
    g_autofree char *mechanisms = guest_mechanisms(g);
    if (*mechanisms) {
        guest_reply(g, "SASL %s", mechanisms);
    }
    guest_reply(g, "IMPLEMENTATION Postern-sandbox");
    guest_reply(g, ".");
    return true;
}

static bool cmd_stls(Pop3d *p, Bytes args, GError **error)
{
    (void)args;
    if (p->g->encrypted || p->folder) {
        guest_reply(p->g, "-ERR not now");
        return true;
    }
    if (guest_tls_refused(p->g)) {
        guest_reply(p->g, "-ERR [SYS/TEMP] no TLS now");
        return true;
    }
    guest_reply(p->g, "+OK go ahead");
    g_clear_pointer(&p->user, g_free);
    return guest_start_tls(p->g, error);
}

/* The maildrop of who has logged in: locked, and remembered as it is now. */
static bool open_maildrop(Pop3d *p, const char *name)
{
    Guest *g = p->g;
    MailUser *user = mailstore_user(g->box->store, name, NULL);
    MailFolder *inbox = user ? mail_find_folder(user, "INBOX") : NULL;
    if (!inbox || inbox->locked || guest_fault(g, "in-use")) {
        guest_reply(g, "-ERR [IN-USE] another session has the maildrop");
        return true;
    }
    inbox->locked = true;
    p->folder = inbox;
    for (guint i = 0; i < inbox->mails->len; i++) {
        Pop3dMail drop = {mail_ref(inbox->mails->pdata[i]), false};
        g_array_append_val(p->mails, drop);
    }
    guest_reply(g, "+OK %u messages", p->mails->len);
    return true;
}

static bool cmd_user(Pop3d *p, Bytes args, GError **error)
{
    (void)error;
    if (p->folder) {
        return refuse_order(p);
    }
    if (!guest_may_show_password(p->g)) {
        guest_reply(p->g, "-ERR [AUTH] only inside TLS");
        return true;
    }
    if (args.len == 0) {
        guest_reply(p->g, "-ERR USER NAME");
        return true;
    }
    g_free(p->user);
    p->user = bytes_dup(args);
    guest_reply(p->g, "+OK and the password?");
    return true;
}

static bool wrong(Pop3d *p)
{
    guest_reply(p->g, "-ERR [AUTH] unknown user, or wrong password");
    return true;
}

static bool cmd_pass(Pop3d *p, Bytes args, GError **error)
{
    Guest *g = p->g;
    (void)error;
    if (p->folder || !p->user) {
        guest_saw_password(g, "PASS");
        guest_reply(g, p->folder ? "-ERR you are logged in" : "-ERR USER first");
        return true;
    }
    g_autofree char *user = g_steal_pointer(&p->user);
    if (!guest_password_is(g, "PASS", bytes_of(user), args) ||
        guest_fault(g, "auth-always-fails")) {
        return wrong(p);
    }
    guest_logged_in(g, user, "USER/PASS");
    return open_maildrop(p, user);
}

static bool cmd_apop(Pop3d *p, Bytes args, GError **error)
{
    Bytes user = bytes_word(&args);
    (void)error;
    if (p->folder || !p->challenge) {
        return p->folder ? refuse_order(p) : wrong(p);
    }
    if (!guest_apop_is(p->g, bytes_of(p->challenge), user, bytes_trim(args)) ||
        guest_fault(p->g, "auth-always-fails")) {
        return wrong(p);
    }
    g_autofree char *name = bytes_dup(user);
    guest_logged_in(p->g, name, "APOP");
    return open_maildrop(p, name);
}

static const GuestSasl framing = {"pop", "+ ", "*"};

static bool cmd_auth(Pop3d *p, Bytes args, GError **error)
{
    static const char *const replies[] = {
        [GUEST_LOGIN_WRONG] = "-ERR [AUTH] the credentials are wrong",
        [GUEST_LOGIN_BROKEN] = "-ERR that is not what this mechanism says",
        [GUEST_LOGIN_UNKNOWN] = "-ERR no such mechanism here",
        [GUEST_LOGIN_IN_CLEAR] = "-ERR [AUTH] only inside TLS",
        [GUEST_LOGIN_CANCELLED] = "-ERR given up",
    };
    Guest *g = p->g;
    Bytes mechanism = bytes_word(&args);
    if (p->folder) {
        return refuse_order(p);
    }
    GuestLogin login;
    if (!guest_sasl(g, &framing, mechanism, args.len > 0, args, &login, error)) {
        return false;
    }
    if (login == GUEST_LOGGED_IN) {
        return open_maildrop(p, g->user);
    }
    guest_reply(g, "%s", replies[login]);
    return true;
}

/* --- the maildrop --- */

static uint64_t size_of(const Pop3dMail *mail)
{
    return mail->mail->octets;
}

/* The message a number names, or NULL and the reply is made. */
static Pop3dMail *pick(Pop3d *p, Bytes number, unsigned *ret_n)
{
    uint64_t n;
    if (!bytes_number(number, G_MAXUINT32, &n) || n == 0 || n > p->mails->len) {
        guest_reply(p->g, "-ERR there is no such message");
        return NULL;
    }
    Pop3dMail *mail = &g_array_index(p->mails, Pop3dMail, n - 1);
    if (mail->gone) {
        guest_reply(p->g, "-ERR it is marked as deleted");
        return NULL;
    }
    *ret_n = (unsigned)n;
    return mail;
}

static bool cmd_stat(Pop3d *p, Bytes args, GError **error)
{
    uint64_t octets = 0;
    unsigned n = 0;
    (void)args;
    (void)error;
    for (guint i = 0; i < p->mails->len; i++) {
        const Pop3dMail *mail = &g_array_index(p->mails, Pop3dMail, i);
        n += !mail->gone;
        octets += mail->gone ? 0 : size_of(mail);
    }
    guest_reply(p->g, "+OK %u %" G_GUINT64_FORMAT, n, octets);
    return true;
}

/* What LIST and UIDL say of a message; faults may make it a lie. */
static char *describe(Pop3d *p, unsigned n, const Pop3dMail *mail, bool uidl)
{
    if (!uidl) {
        uint64_t lie = guest_fault(p->g, "wrong-size") ? 7 : 0;
        return g_strdup_printf("%u %" G_GUINT64_FORMAT, n, size_of(mail) + lie);
    }
    uint32_t uid = guest_fault(p->g, "duplicate-uidl") ? 1 : mail->mail->uid;
    return g_strdup_printf("%u %08x%08x", n, p->folder->validity, uid);
}

static bool list(Pop3d *p, Bytes args, bool uidl)
{
    Guest *g = p->g;
    unsigned n;
    if (args.len > 0) {
        const Pop3dMail *mail = pick(p, args, &n);
        if (mail) {
            g_autofree char *text = describe(p, n, mail, uidl);
            guest_reply(g, "+OK %s", text);
        }
        return true;
    }
    guest_reply(g, "+OK");
    for (guint i = 0; i < p->mails->len; i++) {
        const Pop3dMail *mail = &g_array_index(p->mails, Pop3dMail, i);
        if (!mail->gone) {
            g_autofree char *text = describe(p, i + 1, mail, uidl);
            guest_reply(g, "%s", text);
        }
    }
    if (!uidl && guest_fault(g, "list-lies")) {
        guest_reply(g, "%u 12345", p->mails->len + 1);
    }
    guest_reply(g, ".");
    return true;
}

static bool cmd_list(Pop3d *p, Bytes args, GError **error)
{
    (void)error;
    return list(p, args, false);
}

static bool cmd_uidl(Pop3d *p, Bytes args, GError **error)
{
    (void)error;
    return list(p, args, true);
}

static bool cmd_retr(Pop3d *p, Bytes args, GError **error)
{
    unsigned n;
    const Pop3dMail *mail = pick(p, args, &n);
    if (!mail) {
        return true;
    }
    gsize len;
    g_autoptr(GBytes) text = mail_text(mail->mail, error);
    if (!text) {
        return false;
    }
    const char *data = g_bytes_get_data(text, &len);
    guest_reply(p->g, "+OK %" G_GSIZE_FORMAT " octets", len);
    return pop3d_send_body(p->g, (Bytes){data, len}, error);
}

static bool cmd_top(Pop3d *p, Bytes args, GError **error)
{
    unsigned n;
    uint64_t lines;
    Bytes number = bytes_word(&args);
    const Pop3dMail *mail = pick(p, number, &n);
    if (!mail) {
        return true;
    }
    if (!bytes_number(bytes_trim(args), G_MAXUINT32, &lines)) {
        guest_reply(p->g, "-ERR TOP NUMBER LINES");
        return true;
    }
    gsize len;
    g_autoptr(GBytes) text = mail_text(mail->mail, error);
    if (!text) {
        return false;
    }
    const char *data = g_bytes_get_data(text, &len);
    guest_reply(p->g, "+OK");
    return pop3d_send_body(p->g, pop3d_top((Bytes){data, len}, lines), error);
}

static bool cmd_dele(Pop3d *p, Bytes args, GError **error)
{
    unsigned n;
    Pop3dMail *mail = pick(p, args, &n);
    (void)error;
    if (mail) {
        mail->gone = true;
        guest_reply(p->g, "+OK it goes at QUIT");
    }
    return true;
}

static bool cmd_rset(Pop3d *p, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    for (guint i = 0; i < p->mails->len; i++) {
        g_array_index(p->mails, Pop3dMail, i).gone = false;
    }
    guest_reply(p->g, "+OK nothing is marked");
    return true;
}

static bool cmd_noop(Pop3d *p, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    guest_reply(p->g, "+OK");
    return true;
}

static bool cmd_utf8(Pop3d *p, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    if (p->folder) { /* RFC 6856 section 2 */
        return refuse_order(p);
    }
    guest_reply(p->g, "+OK UTF-8 it is");
    return true;
}

/* The UPDATE state (RFC 1939 section 6). */
static void update(Pop3d *p)
{
    for (guint i = 0; i < p->mails->len; i++) {
        const Pop3dMail *drop = &g_array_index(p->mails, Pop3dMail, i);
        if (drop->gone) {
            mail_remove(p->g->box->store, p->folder, drop->mail);
        }
    }
}

static bool cmd_quit(Pop3d *p, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    if (p->folder) {
        update(p);
    }
    guest_reply(p->g, "+OK good bye");
    p->g->closing = true;
    return true;
}

/* --- the loop --- */

typedef struct {
    const char *verb;
    bool needs_login;
    bool secret; /* its argument is not for logs */
    bool (*run)(Pop3d *p, Bytes args, GError **error);
} Pop3dCommand;

static const Pop3dCommand commands[] = {
    {"CAPA", false, false, cmd_capa}, {"STLS", false, false, cmd_stls},
    {"USER", false, false, cmd_user}, {"PASS", false, true, cmd_pass},
    {"APOP", false, true, cmd_apop},  {"AUTH", false, true, cmd_auth},
    {"STAT", true, false, cmd_stat},  {"LIST", true, false, cmd_list},
    {"UIDL", true, false, cmd_uidl},  {"RETR", true, false, cmd_retr},
    {"TOP", true, false, cmd_top},    {"DELE", true, false, cmd_dele},
    {"RSET", true, false, cmd_rset},  {"NOOP", true, false, cmd_noop},
    {"UTF8", false, false, cmd_utf8}, {"QUIT", false, false, cmd_quit},
};

static const Pop3dCommand *find_command(Bytes verb)
{
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (bytes_equal_ci(verb, commands[i].verb)) {
            return &commands[i];
        }
    }
    return NULL;
}

static void tell_line(Pop3d *p, const Pop3dCommand *command, Bytes line, Bytes args)
{
    if (!command && guest_tell_stray(p->g, line)) {
        return;
    }
    p->g->in_login = command && command->secret;
    if (command && command->secret && args.len > 0 && !p->g->box->plan->show_secrets) {
        bool auth = strcmp(command->verb, "AUTH") == 0;
        g_autofree char *words = auth ? guest_auth_words(args) : g_strdup("*****");
        g_autofree char *text = g_strdup_printf("%s %s", command->verb, words);
        guest_tell_bytes(p->g, SANDBOX_RECEIVED, bytes_of(text), strstr(words, "*****") != NULL);
    } else {
        guest_tell_bytes(p->g, SANDBOX_RECEIVED, line, false);
    }
}

static bool do_command(Pop3d *p, Bytes line, GError **error)
{
    Guest *g = p->g;
    Bytes args = line, verb = bytes_word(&args);
    const Pop3dCommand *command = find_command(verb);
    g_strlcpy(g->command, command ? command->verb : "?", sizeof(g->command));
    tell_line(p, command, line, args);
    /* Waiting ends the borrowed line. */
    g_autofree char *copy = bytes_dup(args);
    Bytes own = {copy, args.len};
    FaultEffect effect;
    bool ok = guest_fault_at_command(g, NULL, &effect, error);
    if (ok && effect == FAULT_NOTHING) {
        if (!command) {
            guest_reply(g, "-ERR no such command");
            p->errors++;
        } else if (command->needs_login && !p->folder) {
            refuse_order(p);
        } else {
            ok = command->run(p, own, error);
        }
    }
    g->closing = g->closing || effect == FAULT_CLOSE || p->errors > ERRORS_MAX;
    secret_wipe(copy, own.len);
    return ok;
}

static void greet(Pop3d *p)
{
    uint8_t random[8];
    digest_random(random, sizeof(random));
    g_autofree char *word = bytes_hex((Bytes){(const char *)random, sizeof(random)});
    p->challenge =
        g_strdup_printf("<%s.%" G_GINT64_FORMAT "@%s>", word, (gint64)time(NULL), host(p));
    guest_reply(p->g, "+OK Postern sandbox %s", p->challenge);
}

static void mail_clear(gpointer data)
{
    mail_unref(((Pop3dMail *)data)->mail);
}

bool pop3d_serve(Guest *g, GError **error)
{
    Pop3d p = {.g = g, .mails = g_array_new(FALSE, FALSE, sizeof(Pop3dMail))};
    Bytes line;
    bool ok = true;
    g_array_set_clear_func(p.mails, mail_clear);
    wire_set_max_line(g->wire, LINE_MAX_POP3);
    greet(&p);
    while (ok && !g->closing) {
        ok = guest_line(g, &line, error) && do_command(&p, line, error);
    }
    if (p.folder) {
        p.folder->locked = false;
    }
    g_array_unref(p.mails);
    g_free(p.user);
    g_free(p.challenge);
    return ok;
}
