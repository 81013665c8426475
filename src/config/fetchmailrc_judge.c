#include "config/fetchmailrc_judge.h"

#include <string.h>

#include "base/escape.h"

/* One entry and one of its users; both NULL for a `set` line. */
typedef struct {
    const FetchmailRc *rc;
    const FetchmailServer *server;
    const FetchmailUser *user;
} Case;

typedef struct {
    FetchmailVerdict verdict;
    const char *option; /* whose line is told */
    bool (*applies)(const Case *c);
    const char *words;
} Rule;

/* --- the way through ssh --- */

const char *fetchmail_host(const FetchmailServer *server)
{
    return server->via && *server->via ? server->via : server->name;
}

static bool is_loopback(const char *host)
{
    return g_ascii_strcasecmp(host, "localhost") == 0 || g_str_has_prefix(host, "127.") ||
           strcmp(host, "::1") == 0 || g_ascii_strcasecmp(host, "localhost.localdomain") == 0;
}

static bool is_ssh(const char *word)
{
    const char *slash = strrchr(word, '/');
    const char *base = slash ? slash + 1 : word;
    return strcmp(base, "ssh") == 0 || strcmp(base, "autossh") == 0;
}

bool fetchmail_runs_ssh(const char *command)
{
    if (!command) {
        return false;
    }
    g_auto(GStrv) words = g_strsplit_set(command, " \t\n;&|()`'\"", -1);
    for (char **word = words; *word; word++) {
        if (is_ssh(*word)) {
            return true;
        }
    }
    return false;
}

/* `ssh [-options] [USER@]%h ...`: ssh's own destination is the server. */
static bool is_ssh_to_host(const char *plugin)
{
    static const char with_value[] = "BbcDEeFIiJLlmOopQRSWw";
    g_auto(GStrv) words = g_strsplit_set(plugin ? plugin : "", " \t", -1);
    char **word = words;
    if (!*word || !is_ssh(*word++)) {
        return false;
    }
    for (; *word && (**word == '-' || **word == '\0'); word++) {
        bool takes_next = **word == '-' && strlen(*word) == 2 && strchr(with_value, (*word)[1]);
        word += takes_next && word[1] ? 1 : 0;
    }
    return *word && (strcmp(*word, "%h") == 0 || g_str_has_suffix(*word, "@%h"));
}

bool fetchmail_through_ssh(const FetchmailServer *server, const FetchmailUser *user)
{
    bool loopback = is_loopback(fetchmail_host(server));
    return (loopback &&
            (fetchmail_runs_ssh(user->preconnect) || fetchmail_runs_ssh(server->plugin))) ||
           is_ssh_to_host(server->plugin);
}

/* --- which protocol --- */

static bool is_one_of(const char *text, const char *const *words)
{
    return text && g_strv_contains(words, text);
}

const char *fetchmail_protocol(const FetchmailServer *server)
{
    static const char *const pop_ports[] = {"110", "995", "pop3", "pop3s", NULL};
    static const char *const imap_ports[] = {"143", "993", "imap", "imaps", "imap2", NULL};
    if (strcmp(server->protocol, "auto") != 0) {
        return strcmp(server->protocol, "imap") == 0 ? "imap" : "pop3";
    }
    if (is_one_of(server->service, pop_ports)) {
        return "pop3";
    }
    if (is_one_of(server->service, imap_ports)) {
        return "imap";
    }
    for (guint i = 0; i < server->users->len; i++) {
        const FetchmailUser *user = g_ptr_array_index(server->users, i);
        if (user->folders || user->idle || user->moveto) {
            return "imap";
        }
    }
    return server->uidl ? "pop3" : "auto";
}

/* --- the rules --- */

static bool has_protocol(const Case *c, const char *name)
{
    return strcmp(c->server->protocol, name) == 0;
}

static bool has_auth(const Case *c, const char *name)
{
    return strcmp(c->server->auth, name) == 0;
}

static bool uses_pop2(const Case *c)
{
    return has_protocol(c, "pop2");
}

static bool uses_rpop(const Case *c)
{
    return has_protocol(c, "rpop");
}

static bool uses_kpop(const Case *c)
{
    return has_protocol(c, "kpop");
}

static bool uses_sdps(const Case *c)
{
    return has_protocol(c, "sdps");
}

static bool uses_etrn(const Case *c)
{
    return has_protocol(c, "etrn") || has_protocol(c, "odmr");
}

static bool is_unclear(const Case *c)
{
    return strcmp(fetchmail_protocol(c->server), "auto") == 0;
}

static bool uses_kerberos_4(const Case *c)
{
    return has_auth(c, "kerberos_v4");
}

static bool uses_otp(const Case *c)
{
    return has_auth(c, "otp");
}

static bool uses_msn(const Case *c)
{
    return has_auth(c, "msn");
}

static bool uses_ssh_alone(const Case *c)
{
    return has_auth(c, "ssh") && !c->server->plugin;
}

static bool has_plugout(const Case *c)
{
    return c->server->plugout != NULL;
}

static bool has_interface(const Case *c)
{
    return c->server->interface != NULL;
}

static bool has_monitor(const Case *c)
{
    return c->server->monitor != NULL;
}

static bool has_principal(const Case *c)
{
    return c->server->principal != NULL;
}

static bool has_esmtp_password(const Case *c)
{
    return c->server->esmtppassword != NULL;
}

static bool has_tracepolls(const Case *c)
{
    return c->server->tracepolls != 0;
}

static bool is_multidrop(const Case *c)
{
    return c->user->wildcard || c->user->local->len > 1;
}

static bool has_one_mapping(const Case *c)
{
    const FetchmailMapping *first =
        c->user->local->len == 1 ? g_ptr_array_index(c->user->local, 0) : NULL;
    return first && first->local;
}

static bool has_multidrop_options(const Case *c)
{
    return !is_multidrop(c) && (c->server->localdomains || c->server->qvirtual ||
                                fetchmail_line(c->server->lines, "envelope", 0) > 0);
}

static bool has_bsmtp(const Case *c)
{
    return c->user->bsmtp != NULL;
}

static bool has_unix_smtp(const Case *c)
{
    return !c->user->mda && !c->user->lmtp && c->user->smtphost[0][0] == '/';
}

static bool has_lmtp_without_port(const Case *c)
{
    bool bad = false;
    for (char **host = c->user->smtphost; c->user->lmtp && *host; host++) {
        bad |= !strchr(*host, '/');
    }
    return bad && !c->user->mda;
}

static bool has_idle_on_pop3(const Case *c)
{
    return (c->user->idle || c->user->forceidle > 0) &&
           g_strcmp0(fetchmail_protocol(c->server), "pop3") == 0;
}

static bool has_folders_on_pop3(const Case *c)
{
    return c->user->folders && g_strcmp0(fetchmail_protocol(c->server), "pop3") == 0;
}

static bool has_odd_sslproto(const Case *c)
{
    static const char *const known[] = {"",        "auto",    "ssl23",   "tls1",  "tls1.0",
                                        "tls1.1",  "tls1.2",  "tls1.3",  "tls1+", "tls1.0+",
                                        "tls1.1+", "tls1.2+", "tls1.3+", NULL};
    g_autofree char *lower = c->user->sslproto ? g_ascii_strdown(c->user->sslproto, -1) : NULL;
    return lower && !g_strv_contains(known, lower);
}

static bool has_old_sslproto(const Case *c)
{
    static const char *const old[] = {"tls1",    "tls1.0",  "tls1.1", "tls1+",
                                      "tls1.0+", "tls1.1+", NULL};
    g_autofree char *lower = c->user->sslproto ? g_ascii_strdown(c->user->sslproto, -1) : NULL;
    return lower && g_strv_contains(old, lower);
}

static bool goes_without_tls(const Case *c)
{
    return c->user->sslproto && *c->user->sslproto == '\0' && !c->user->ssl &&
           !fetchmail_through_ssh(c->server, c->user);
}

static bool has_common_name(const Case *c)
{
    return c->user->sslcommonname != NULL;
}

static bool pins_md5_only(const Case *c)
{
    return c->user->sslfingerprint && !c->user->sslcertck;
}

static bool pins_md5_too(const Case *c)
{
    return c->user->sslfingerprint && c->user->sslcertck;
}

static bool verifies_nothing(const Case *c)
{
    return !c->user->sslcertck && !c->user->sslfingerprint &&
           !fetchmail_through_ssh(c->server, c->user);
}

static bool has_flush(const Case *c)
{
    return c->user->flush != 0;
}

static bool has_limitflush(const Case *c)
{
    return c->user->limitflush && c->user->limit > 0;
}

static bool has_password_fd(const Case *c)
{
    return c->user->passwordfd >= 0;
}

static bool has_mimedecode(const Case *c)
{
    return c->user->mimedecode != 0;
}

static bool has_forcecr(const Case *c)
{
    return c->user->forcecr != 0;
}

static bool drops_headers(const Case *c)
{
    return c->user->dropstatus || c->user->dropdelivered;
}

static bool has_explicit_rewrite(const Case *c)
{
    return c->user->rewrite && fetchmail_line(c->user->lines, "rewrite", 0) > 0;
}

static bool has_antispam(const Case *c)
{
    return c->user->antispam && g_array_index(c->user->antispam, int, 0) > 0;
}

static bool has_retrieve_error(const Case *c)
{
    return c->user->retrieve_error != NULL;
}

static bool has_no_softbounce(const Case *c)
{
    return !c->rc->softbounce;
}

static bool has_spambounce(const Case *c)
{
    return c->rc->spambounce != 0;
}

static bool has_logfile(const Case *c)
{
    return c->rc->logfile != NULL;
}

static const Rule set_rules[] = {
    {FETCHMAIL_IGNORED, "softbounce", has_no_softbounce,
     "no softbounce: mail that is refused at delivery stays on the server all the same"},
    {FETCHMAIL_IGNORED, "spambounce", has_spambounce,
     "spambounce: no bounces are sent; refused mail stays on the server"},
    {FETCHMAIL_IGNORED, "logfile", has_logfile,
     "logfile: it is not written; use syslog, or redirect standard error"},
};

static const Rule server_rules[] = {
    {FETCHMAIL_IGNORED, "protocol", is_unclear,
     "protocol auto: IMAP is tried, and POP3 where that fails; say which it is, proto imap or "
     "proto "
     "pop3 (before `user`)"},
    {FETCHMAIL_REFUSED, "protocol", uses_pop2,
     "protocol POP2: nobody serves it any more; use pop3"},
    {FETCHMAIL_REFUSED, "protocol", uses_rpop,
     "protocol RPOP: it trusts the name of the calling host, which is no protection; use pop3"},
    {FETCHMAIL_REFUSED, "protocol", uses_kpop,
     "protocol KPOP: POP3 with Kerberos 4, which is broken; use pop3 with auth gssapi"},
    {FETCHMAIL_REFUSED, "protocol", uses_sdps, "protocol SDPS: its provider is gone; use pop3"},
    {FETCHMAIL_REFUSED, "protocol", uses_etrn,
     "protocol ETRN or ODMR: they make a server deliver to this host, and fetch nothing; let the "
     "mail server here ask for that"},
    {FETCHMAIL_REFUSED, "auth", uses_kerberos_4, "auth kerberos_v4: it is broken; use auth gssapi"},
    {FETCHMAIL_REFUSED, "auth", uses_otp, "auth otp: one-time passwords (S/KEY) are not supported"},
    {FETCHMAIL_REFUSED, "auth", uses_msn, "auth msn: that service is gone; use auth ntlm"},
    {FETCHMAIL_REFUSED, "auth", uses_ssh_alone,
     "auth ssh: this is for a plugin that logs in by itself, and there is no plugin"},
    {FETCHMAIL_REFUSED, "plugout", has_plugout,
     "plugout: delivery through a program that plays a socket is not supported; use mda"},
    {FETCHMAIL_REFUSED, "interface", has_interface,
     "interface: polling only while a link is up is not supported; start and stop the daemon by "
     "contrib/ip-up.d and ip-down.d"},
    {FETCHMAIL_REFUSED, "monitor", has_monitor,
     "monitor: polling only while a link is busy is not supported; start and stop the daemon by "
     "contrib/ip-up.d and ip-down.d"},
    {FETCHMAIL_REFUSED, "principal", has_principal,
     "principal: the Kerberos name is always SERVICE@HOST; poll the host by its own name"},
    {FETCHMAIL_REFUSED, "esmtppassword", has_esmtp_password,
     "esmtppassword: logging in at delivery is not supported from here; deliver to a server that "
     "knows this host, or to an mda"},
    {FETCHMAIL_IGNORED, "tracepolls", has_tracepolls,
     "tracepolls: the Received: header names host and account anyway"},
};

static const Rule user_rules[] = {
    {FETCHMAIL_REFUSED, "is", is_multidrop,
     "multidrop: whom a message in a shared mailbox is for can only be guessed from its header, "
     "and mail goes astray; poll each mailbox for one user, or deliver all to one and sort there"},
    {FETCHMAIL_REFUSED, "is", has_one_mapping,
     "a single NAME=LOCAL: for a mailbox of one user write `is LOCAL here`"},
    {FETCHMAIL_REFUSED, "bsmtp", has_bsmtp,
     "bsmtp: batch files are not supported; deliver to smtphost, lmtp or an mda"},
    {FETCHMAIL_REFUSED, "smtphost", has_unix_smtp,
     "smtphost: a socket file speaks LMTP; add `lmtp`"},
    {FETCHMAIL_REFUSED, "lmtp", has_lmtp_without_port,
     "lmtp: it has no port of its own; write smtphost HOST/PORT or /SOCKET"},
    {FETCHMAIL_REFUSED, "sslproto", has_odd_sslproto,
     "sslproto: expected auto, tls1.2, tls1.2+, tls1.3, tls1.3+ or \"\" (SSL 2 and 3 are broken)"},
    {FETCHMAIL_REFUSED, "sslcommonname", has_common_name,
     "sslcommonname: another name for the certificate is not supported; poll the host by the name "
     "that is in it, and use `via` only for an address"},
    {FETCHMAIL_REFUSED, "sslfingerprint", pins_md5_only,
     "sslfingerprint: MD5 can be forged, so with no sslcertck nobody is recognised by it; give "
     "--pin=sha256:HEX, or remove `no sslcertck`"},
    {FETCHMAIL_REFUSED, "passwordfd", has_password_fd,
     "passwordfd: use passwordfile, --password-command or ~/.netrc"},
    {FETCHMAIL_UNSAFE, "sslfingerprint", pins_md5_too,
     "sslfingerprint: MD5 can be forged and is not looked at; the certificate is verified as usual "
     "(--pin=sha256:HEX pins one)"},
    {FETCHMAIL_UNSAFE, "sslcertck", verifies_nothing,
     "no sslcertck: anybody in between can read the mail and take the password"},
    {FETCHMAIL_UNSAFE, "sslproto", goes_without_tls,
     "sslproto \"\": mail travels in the clear; a password only with --allow-cleartext-auth"},
    {FETCHMAIL_UNSAFE, "sslproto", has_old_sslproto,
     "sslproto: TLS 1.0 and 1.1 are broken; tls1.2+ is the least"},
    {FETCHMAIL_UNSAFE, "flush", has_flush,
     "flush: what was fetched and kept before is deleted there first"},
    {FETCHMAIL_UNSAFE, "limitflush", has_limitflush,
     "limitflush: messages above the limit are deleted unread"},
    {FETCHMAIL_IGNORED, "envelope", has_multidrop_options,
     "envelope, localdomains, qvirtual: they matter for multidrop only"},
    {FETCHMAIL_IGNORED, "idle", has_idle_on_pop3, "idle: POP3 has none; use set daemon"},
    {FETCHMAIL_IGNORED, "folder", has_folders_on_pop3, "folder: POP3 has none"},
    {FETCHMAIL_IGNORED, "mimedecode", has_mimedecode,
     "mimedecode: messages stay as they are, byte for byte"},
    {FETCHMAIL_IGNORED, "forcecr", has_forcecr,
     "forcecr: lines go to SMTP and LMTP with CRLF anyway"},
    {FETCHMAIL_IGNORED, "dropstatus", drops_headers,
     "dropstatus, dropdelivered: messages stay as they are, byte for byte"},
    {FETCHMAIL_IGNORED, "rewrite", has_explicit_rewrite,
     "rewrite: messages stay as they are, byte for byte"},
    {FETCHMAIL_IGNORED, "antispam", has_antispam,
     "antispam: mail that the mail server here refuses stays on the server there"},
    {FETCHMAIL_IGNORED, "retrieve-error", has_retrieve_error,
     "retrieve-error: a message that cannot be fetched stays there and is tried again"},
};

/* --- judging --- */

static void judgement_free(void *data)
{
    FetchmailJudgement *j = data;
    g_free(j->words);
    g_free(j);
}

static unsigned line_of(const Case *c, const char *option)
{
    unsigned line = c->server ? c->server->line : 0;
    if (c->user) {
        line = fetchmail_line(c->user->lines, option, c->user->line);
    }
    if (c->server) {
        return fetchmail_line(c->server->lines, option, line);
    }
    return fetchmail_line(c->rc->lines, option, line);
}

static bool is_known(const GPtrArray *out, unsigned line, const char *words)
{
    for (guint i = 0; i < out->len; i++) {
        const FetchmailJudgement *j = g_ptr_array_index(out, i);
        if (j->line == line && strcmp(j->words, words) == 0) {
            return true;
        }
    }
    return false;
}

static void apply(const Case *c, const Rule *rules, size_t n, GPtrArray *out)
{
    for (size_t i = 0; i < n; i++) {
        unsigned line = line_of(c, rules[i].option);
        if (!rules[i].applies(c) || is_known(out, line, rules[i].words)) {
            continue;
        }
        FetchmailJudgement *j = g_new0(FetchmailJudgement, 1);
        j->verdict = rules[i].verdict;
        j->line = line;
        j->entry = c->server ? c->server->name : NULL;
        j->words = g_strdup(rules[i].words);
        g_ptr_array_add(out, j);
    }
}

static void judge_server(const FetchmailRc *rc, const FetchmailServer *server, GPtrArray *out)
{
    Case c = {rc, server, NULL};
    apply(&c, server_rules, G_N_ELEMENTS(server_rules), out);
    for (guint i = 0; i < server->users->len; i++) {
        c.user = g_ptr_array_index(server->users, i);
        apply(&c, user_rules, G_N_ELEMENTS(user_rules), out);
    }
}

static int by_line(gconstpointer a, gconstpointer b)
{
    const FetchmailJudgement *left = *(void *const *)a;
    const FetchmailJudgement *right = *(void *const *)b;
    return (left->line > right->line) - (left->line < right->line);
}

GPtrArray *fetchmailrc_judge(const FetchmailRc *rc,
                             bool (*wanted)(const FetchmailServer *server, void *user), void *user)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(judgement_free);
    Case c = {rc, NULL, NULL};
    apply(&c, set_rules, G_N_ELEMENTS(set_rules), out);
    for (guint i = 0; i < rc->servers->len; i++) {
        const FetchmailServer *server = g_ptr_array_index(rc->servers, i);
        if (wanted ? wanted(server, user) : server->active) {
            judge_server(rc, server, out);
        }
    }
    g_ptr_array_sort(out, by_line);
    return out;
}

bool fetchmailrc_accept(const FetchmailRc *rc, const GPtrArray *judgements, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < judgements->len; i++) {
        const FetchmailJudgement *j = g_ptr_array_index(judgements, i);
        if (j->verdict == FETCHMAIL_REFUSED) {
            g_string_append_printf(text, "%s%s:%u: %s", text->len ? "\n" : "", rc->file, j->line,
                                   j->words);
        }
    }
    return text->len == 0 || error_fail(error, POSTERN_ERROR_CONFIG, "%s", text->str);
}
