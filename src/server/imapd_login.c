/* imapd_login.c: before there is a mailbox: capabilities, TLS, login. */
#include <string.h>

#include "server/imapd.h"

/* At least half an hour (RFC 3501 5.4): those in IDLE say nothing for 29 minutes (RFC 2177). */
#define INACTIVE_S (31 * 60.0)

char *imapd_capabilities(Imapd *i)
{
    Guest *g = i->g;
    GString *out = g_string_new("IMAP4rev1 LITERAL+ ID ENABLE");
    if (i->user) {
        if (guest_fault(g, "caps-change-auth")) {
            return g_string_free(out, FALSE);
        }
        g_string_append(out, " IDLE NAMESPACE CHILDREN UIDPLUS MOVE UNSELECT ESEARCH");
        return g_string_free(out, FALSE);
    }
    g_string_append(out, " SASL-IR");
    const char *tls = guest_tls_word(g, "STARTTLS");
    if (tls) {
        g_string_append_printf(out, " %s", tls);
    }
    if (!guest_may_show_password(g) || guest_fault(g, "logindisabled")) {
        g_string_append(out, " LOGINDISABLED");
    }
    g_autofree char *mechanisms = guest_mechanisms(g);
    g_auto(GStrv) names = g_strsplit(mechanisms, " ", -1);
    for (size_t n = 0; names[n] && *names[n]; n++) {
        g_string_append_printf(out, " AUTH=%s", names[n]);
    }
    return g_string_free(out, FALSE);
}

bool imapd_enter(Imapd *i, const char *name)
{
    i->user = mailstore_user(i->g->box->store, name, NULL);
    wire_set_timeout(i->g->wire, INACTIVE_S);
    return i->user != NULL;
}

static bool welcome(Imapd *i)
{
    if (!imapd_enter(i, i->g->user)) {
        imapd_no(i, "[UNAVAILABLE] there is no mailbox of that name");
        return true;
    }
    g_autofree char *capabilities = imapd_capabilities(i);
    imapd_ok(i, "[CAPABILITY %s] logged in", capabilities);
    return true;
}

bool imapd_cmd_capability(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    (void)args;
    g_autofree char *capabilities = imapd_capabilities(i);
    guest_reply(i->g, "* CAPABILITY %s", capabilities);
    imapd_ok(i, "that is all");
    return true;
}

static bool is_disabled(Imapd *i)
{
    if (guest_may_show_password(i->g) && !guest_fault(i->g, "logindisabled")) {
        return false;
    }
    guest_conduct(i->g, true, "login-disabled", "sent LOGIN in spite of LOGINDISABLED");
    return true;
}

static bool try_login(Imapd *i, const char *user, const char *password)
{
    Guest *g = i->g;
    if (is_disabled(i)) {
        guest_saw_password(g, "LOGIN");
        imapd_no(i, "%s",
                 i->g->encrypted ? "LOGIN is disabled: AUTHENTICATE"
                                 : "[PRIVACYREQUIRED] only inside TLS");
    } else if (!guest_password_is(g, "LOGIN", bytes_of(user), bytes_of(password)) ||
               guest_fault(g, "auth-always-fails")) {
        imapd_no(i, "[AUTHENTICATIONFAILED] unknown user, or wrong password");
    } else {
        guest_logged_in(g, user, "LOGIN");
        return welcome(i);
    }
    return true;
}

bool imapd_cmd_login(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    g_autofree char *user = imap_scan_astring(&args, false);
    char *password = user && imap_scan_space(&args) ? imap_scan_astring(&args, false) : NULL;
    bool ok = password && args.len == 0 ? try_login(i, user, password)
                                        : imapd_bad(i, "LOGIN USER PASSWORD");
    if (password) {
        secret_wipe(password, strlen(password));
        g_free(password);
    }
    return ok;
}

bool imapd_cmd_authenticate(Imapd *i, Bytes args, GError **error)
{
    static const GuestSasl framing = {"imap", "+ ", "*"};
    static const char *const replies[] = {
        [GUEST_LOGIN_WRONG] = "NO [AUTHENTICATIONFAILED] the credentials are wrong",
        [GUEST_LOGIN_BROKEN] = "BAD that is not what this mechanism says",
        [GUEST_LOGIN_UNKNOWN] = "NO no such mechanism here",
        [GUEST_LOGIN_IN_CLEAR] = "NO [PRIVACYREQUIRED] only inside TLS",
        [GUEST_LOGIN_CANCELLED] = "BAD given up",
    };
    Guest *g = i->g;
    GuestLogin login;
    Bytes mechanism = bytes_word(&args);
    if (mechanism.len == 0) {
        return imapd_bad(i, "AUTHENTICATE MECHANISM [RESPONSE]");
    }
    if (!guest_sasl(g, &framing, mechanism, args.len > 0, args, &login, error)) {
        return false;
    }
    if (login == GUEST_LOGGED_IN) {
        return welcome(i);
    }
    guest_reply(g, "%s %s", i->tag, replies[login]);
    return true;
}

bool imapd_cmd_starttls(Imapd *i, Bytes args, GError **error)
{
    (void)args;
    Guest *g = i->g;
    if (g->encrypted) {
        return imapd_bad(i, "TLS is there already");
    }
    if (guest_tls_refused(g)) {
        imapd_no(i, "TLS is not available");
        return true;
    }
    guest_reply(g, "%s OK go ahead", i->tag);
    return guest_start_tls(g, error);
}

bool imapd_cmd_id(Imapd *i, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    guest_reply(i->g, "* ID (\"name\" \"Postern sandbox\" \"version\" \"%s\")", POSTERN_VERSION);
    imapd_ok(i, "pleased to meet you");
    return true;
}

/* Nothing here has to be enabled (RFC 5161): what is asked for is not there. */
bool imapd_cmd_enable(Imapd *i, Bytes args, GError **error)
{
    (void)error;
    if (args.len == 0) {
        return imapd_bad(i, "ENABLE what?");
    }
    guest_reply(i->g, "* ENABLED");
    imapd_ok(i, "done");
    return true;
}

bool imapd_cmd_logout(Imapd *i, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    guest_reply(i->g, "* BYE good bye");
    guest_reply(i->g, "%s OK logged out", i->tag);
    i->g->closing = true;
    return true;
}
