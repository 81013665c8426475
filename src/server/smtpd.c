/* smtpd.c: the conversation of SMTP, submission and LMTP (RFC 5321, 6409, 2033), seen from the
 * server. */
#include "server/smtpd.h"

#include <string.h>

enum { ERRORS_MAX = 50, LINE_MAX_SMTP = 12 * 1024 };

static const char *host(const Smtpd *s)
{
    const char *name = s->g->box->plan->host;
    return name ? name : "localhost";
}

static void rcpt_free(gpointer data)
{
    SmtpRcpt *rcpt = data;
    g_free(rcpt->address);
    g_free(rcpt->orcpt);
    g_free(rcpt->notify);
    g_free(rcpt);
}

void smtpd_reset(Smtpd *s)
{
    s->mail = s->chunking = s->require_tls = false;
    s->declared = 0;
    g_clear_pointer(&s->from, g_free);
    g_ptr_array_set_size(s->rcpts, 0);
    g_byte_array_set_size(s->chunks, 0);
    g_clear_pointer(&s->g->from, g_free);
    g_clear_pointer(&s->g->to, g_free);
}

/* --- greeting --- */

/* The lines of the answer to EHLO; one fault or another may spoil what stands for STARTTLS. */
static void list_extensions(Smtpd *s, GPtrArray *lines)
{
    Guest *g = s->g;
    static const char *const always[] = {
        "PIPELINING", "8BITMIME", "BINARYMIME",          "SMTPUTF8",
        "DSN",        "CHUNKING", "ENHANCEDSTATUSCODES", "LIMITS RCPTMAX=1000",
        "HELP"};
    g_ptr_array_add(lines, g_strdup(host(s)));
    if (g->user && guest_fault(g, "caps-change-auth")) {
        return;
    }
    g_ptr_array_add(lines, g_strdup_printf("SIZE %" G_GUINT64_FORMAT, sandbox_max_size(s->g->box)));
    for (size_t i = 0; i < G_N_ELEMENTS(always); i++) {
        g_ptr_array_add(lines, g_strdup(always[i]));
    }
    const char *tls = guest_tls_word(g, "STARTTLS");
    if (tls) {
        g_ptr_array_add(lines, g_strdup(tls));
    } else if (g->encrypted) {
        g_ptr_array_add(lines, g_strdup("REQUIRETLS"));
    }
    g_autofree char *mechanisms = guest_mechanisms(g);
    if (*mechanisms && !s->lmtp) {
        g_ptr_array_add(lines, g_strconcat("AUTH ", mechanisms, NULL));
    }
}

static bool say_hello(Smtpd *s, Bytes args, bool extended)
{
    if (args.len == 0) {
        guest_reply(s->g, "501 5.5.4 a name is wanted");
        return true;
    }
    smtpd_reset(s);
    s->greeted = true;
    s->extended = extended;
    if (!extended) {
        guest_reply(s->g, "250 %s", host(s));
        return true;
    }
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    list_extensions(s, lines);
    for (guint i = 0; i < lines->len; i++) {
        guest_reply(s->g, "250%c%s", i + 1 < lines->len ? '-' : ' ', (char *)lines->pdata[i]);
    }
    return true;
}

static bool cmd_ehlo(Smtpd *s, Bytes args, GError **error)
{
    (void)error;
    if (s->lmtp) {
        guest_reply(s->g, "500 5.5.1 this is LMTP: LHLO");
        return true;
    }
    return say_hello(s, args, true);
}

static bool cmd_helo(Smtpd *s, Bytes args, GError **error)
{
    (void)error;
    if (s->lmtp) {
        guest_reply(s->g, "500 5.5.1 this is LMTP: LHLO");
        return true;
    }
    return say_hello(s, args, false);
}

static bool cmd_lhlo(Smtpd *s, Bytes args, GError **error)
{
    (void)error;
    if (!s->lmtp) {
        guest_reply(s->g, "500 5.5.1 this is no LMTP: EHLO");
        return true;
    }
    return say_hello(s, args, true);
}

/* --- TLS and login --- */

static bool cmd_starttls(Smtpd *s, Bytes args, GError **error)
{
    if (args.len > 0) {
        guest_reply(s->g, "501 5.5.4 STARTTLS takes no argument");
        return true;
    }
    if (s->g->encrypted) {
        guest_reply(s->g, "503 5.5.1 TLS is there already");
        return true;
    }
    if (guest_tls_refused(s->g)) {
        guest_reply(s->g, "454 4.7.0 no TLS now");
        return true;
    }
    guest_reply(s->g, "220 2.0.0 go ahead");
    /* What the client said before counts no more (RFC 3207 section 4.2). */
    smtpd_reset(s);
    s->greeted = s->extended = false;
    return guest_start_tls(s->g, error);
}

static const GuestSasl framing = {"smtp", "334 ", "*"};

static bool cmd_auth(Smtpd *s, Bytes args, GError **error)
{
    static const char *const replies[] = {
        [GUEST_LOGGED_IN] = "235 2.7.0 welcome",
        [GUEST_LOGIN_WRONG] = "535 5.7.8 the credentials are wrong",
        [GUEST_LOGIN_BROKEN] = "501 5.5.2 that is not what this mechanism says",
        [GUEST_LOGIN_UNKNOWN] = "504 5.5.4 no such mechanism here",
        [GUEST_LOGIN_IN_CLEAR] = "538 5.7.11 only inside TLS",
        [GUEST_LOGIN_CANCELLED] = "501 5.7.0 given up",
    };
    Guest *g = s->g;
    Bytes mechanism = bytes_word(&args);
    if (!s->extended || g->user || s->mail) {
        guest_reply(g, g->user ? "503 5.5.1 you are logged in" : "503 5.5.1 out of order");
        return true;
    }
    g_autofree char *offered = guest_mechanisms(g);
    if (!*offered) {
        guest_reply(g, "538 5.7.11 only inside TLS");
        return true;
    }
    GuestLogin login;
    if (!guest_sasl(g, &framing, mechanism, args.len > 0, args, &login, error)) {
        return false;
    }
    guest_reply(g, "%s", replies[login]);
    return true;
}

/* --- small ones --- */

static bool cmd_rset(Smtpd *s, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    smtpd_reset(s);
    guest_reply(s->g, "250 2.0.0 forgotten");
    return true;
}

static bool cmd_noop(Smtpd *s, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    guest_reply(s->g, "250 2.0.0 fine");
    return true;
}

static bool cmd_vrfy(Smtpd *s, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    guest_reply(s->g, "252 2.1.5 mail for it would be taken");
    return true;
}

static bool cmd_etrn(Smtpd *s, Bytes args, GError **error)
{
    (void)error;
    guest_reply(s->g, "%s",
                args.len ? "250 2.0.0 nothing waits for that host" : "501 5.5.4 ETRN DOMAIN");
    return true;
}

static bool cmd_help(Smtpd *s, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    for (const SmtpdCommand *c = smtpd_commands; c->verb; c++) {
        guest_reply(s->g, "214%c2.0.0 %s%s%s", c[1].verb ? '-' : ' ', c->verb, *c->help ? " " : "",
                    c->help);
    }
    return true;
}

static bool cmd_quit(Smtpd *s, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    guest_reply(s->g, "221 2.0.0 good bye");
    s->g->closing = true;
    return true;
}

const SmtpdCommand smtpd_commands[] = {
    {"EHLO", "NAME", cmd_ehlo},
    {"HELO", "NAME", cmd_helo},
    {"LHLO", "NAME", cmd_lhlo},
    {"STARTTLS", "", cmd_starttls},
    {"AUTH", "MECHANISM [INITIAL-RESPONSE]", cmd_auth},
    {"MAIL", "FROM:<ADDRESS> [PARAMETERS]", smtpd_mail},
    {"RCPT", "TO:<ADDRESS> [PARAMETERS]", smtpd_rcpt},
    {"DATA", "", smtpd_data},
    {"BDAT", "OCTETS [LAST]", smtpd_bdat},
    {"RSET", "", cmd_rset},
    {"NOOP", "", cmd_noop},
    {"VRFY", "NAME", cmd_vrfy},
    {"ETRN", "DOMAIN", cmd_etrn},
    {"HELP", "", cmd_help},
    {"QUIT", "", cmd_quit},
    {NULL},
};

/* --- the loop --- */

static const SmtpdCommand *find_command(const char *verb)
{
    for (const SmtpdCommand *c = smtpd_commands; c->verb; c++) {
        if (strcmp(verb, c->verb) == 0) {
            return c;
        }
    }
    return NULL;
}

static void note_command(Guest *g, Bytes verb)
{
    size_t len = MIN(verb.len, sizeof(g->command) - 1);
    for (size_t i = 0; i < len; i++) {
        g->command[i] = g_ascii_toupper(verb.data[i]);
    }
    g->command[len] = '\0';
}

static void tell_command(Guest *g, const SmtpdCommand *command, Bytes line, Bytes args)
{
    bool login = command && strcmp(command->verb, "AUTH") == 0;
    if (!command && guest_tell_stray(g, line)) {
        return;
    }
    g->in_login = login;
    if (!login) {
        guest_tell_bytes(g, SANDBOX_RECEIVED, line, false);
        return;
    }
    g_autofree char *words = guest_auth_words(args);
    g_autofree char *text = g_strconcat("AUTH ", words, NULL);
    guest_tell_bytes(g, SANDBOX_RECEIVED, bytes_of(text), strstr(words, "*****") != NULL);
}

static bool do_command(Smtpd *s, Bytes line, GError **error)
{
    Guest *g = s->g;
    Bytes args = line, verb = bytes_word(&args);
    bool login = bytes_equal_ci(verb, "AUTH");
    note_command(g, verb);
    const SmtpdCommand *command = find_command(g->command);
    tell_command(g, command, line, args);
    g_autofree char *copy = bytes_dup(args); /* a wait ends `line` */
    smtpd_note_address(s, (Bytes){copy, args.len});
    FaultEffect effect = FAULT_NOTHING;
    /* A chunk comes in any case: smtpd_bdat() asks when it has it. */
    if (strcmp(g->command, "BDAT") != 0 && !guest_fault_at_command(g, NULL, &effect, error)) {
        return false;
    }
    if (effect != FAULT_NOTHING) {
        g->closing = effect == FAULT_CLOSE;
        return true;
    }
    if (!command) {
        guest_reply(g, "500 5.5.2 no such command");
        s->errors++;
        return true;
    }
    bool ok = command->run(s, (Bytes){copy, args.len}, error);
    if (login) {
        secret_wipe(copy, args.len);
    }
    return ok;
}

static bool converse(Smtpd *s, GError **error)
{
    Guest *g = s->g;
    wire_set_max_line(g->wire, LINE_MAX_SMTP);
    guest_reply(g, "220 %s %s Postern sandbox", host(s), s->lmtp ? "LMTP" : "ESMTP");
    while (!g->closing) {
        Bytes line;
        if (!guest_line(g, &line, error) || !do_command(s, line, error)) {
            return false;
        }
        if (s->errors > ERRORS_MAX) {
            guest_reply(g, "421 4.7.0 too many errors");
            g->closing = true;
        }
    }
    return true;
}

static bool serve(Guest *g, bool lmtp, GError **error)
{
    Smtpd s = {.g = g,
               .lmtp = lmtp,
               .rcpts = g_ptr_array_new_with_free_func(rcpt_free),
               .chunks = g_byte_array_new()};
    bool ok = converse(&s, error);
    smtpd_reset(&s);
    g_ptr_array_unref(s.rcpts);
    g_byte_array_unref(s.chunks);
    return ok;
}

bool smtpd_serve(Guest *g, GError **error)
{
    return serve(g, false, error);
}

bool lmtpd_serve(Guest *g, GError **error)
{
    return serve(g, true, error);
}
