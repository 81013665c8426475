/* A fetchmailrc as accounts: one for each user of each server. */
#include <string.h>

#include "config/fetchmailrc_judge.h"
#include "config/import.h"

typedef struct {
    Import *to;
    const FetchmailServer *server;
    const FetchmailUser *user;
    Account *account;
} Move;

static unsigned line_of(const Move *m, const char *word)
{
    return fetchmail_line(m->server->lines, word,
                          fetchmail_line(m->user->lines, word, m->user->line));
}

/* --- the tunnel of a preconnect --- */

typedef struct {
    char *hop, *host, *port;
} Forward;

static void forward_clear(Forward *f)
{
    g_free(f->hop);
    g_free(f->host);
    g_free(f->port);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Forward, forward_clear)

/* "[BIND:]PORT:HOST:HOSTPORT" for the port that is polled. */
static void take_forward(Forward *f, const char *value, const char *polled)
{
    g_auto(GStrv) parts = g_strsplit(value, ":", -1);
    guint n = g_strv_length(parts);
    bool fits = (n == 3 || n == 4) && g_strcmp0(parts[n - 3], polled) == 0;
    if (fits && !f->host) {
        f->host = g_strdup(parts[n - 2]);
        f->port = g_strdup(parts[n - 1]);
    }
}

/* ssh's options, its destination, and the -L that leads to the server. */
static bool read_forward(Forward *f, const char *command, const char *polled)
{
    g_auto(GStrv) words = NULL;
    if (!command || !polled || !g_shell_parse_argv(command, NULL, &words, NULL) ||
        strcmp(words[0], "ssh") != 0) {
        return false;
    }
    for (char **word = words + 1; *word; word++) {
        bool is_option = (*word)[0] == '-' && (*word)[1];
        char letter = is_option ? (*word)[1] : '\0';
        bool apart = is_option && strchr("BbcDEeFIiJLlmOopQRSWw", letter) && !(*word)[2];
        const char *value = apart && word[1] ? word[1] : is_option ? *word + 2 : NULL;
        if (letter == 'L') {
            take_forward(f, value, polled);
        } else if (!is_option && !f->hop) {
            f->hop = g_strdup(*word);
        }
        word += apart && word[1] ? 1 : 0;
    }
    return f->hop && f->host && f->port;
}

static bool is_default_port(const char *scheme, const char *port)
{
    static const char *const ports[][2] = {
        {"pop3", "110"}, {"pop3s", "995"}, {"imap", "143"}, {"imaps", "993"}};
    for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
        if (strcmp(ports[i][0], scheme) == 0 && g_strcmp0(ports[i][1], port) == 0) {
            return true;
        }
    }
    return false;
}

/* An address names one protocol; that which `auto` tries first. */
static const char *protocol_of(const Move *m)
{
    const char *protocol = fetchmail_protocol(m->server);
    return strcmp(protocol, "auto") == 0 ? "imap" : protocol;
}

static void take_address(const Move *m)
{
    const FetchmailServer *server = m->server;
    g_autofree char *scheme = g_strconcat(protocol_of(m), m->user->ssl ? "s" : "", NULL);
    g_auto(Forward) f = {0};
    bool tunnel = fetchmail_through_ssh(server, m->user) &&
                  read_forward(&f, m->user->preconnect, server->service);
    const char *host = tunnel ? f.host : fetchmail_host(server);
    const char *port = tunnel ? f.port : server->service;
    m->account->url = import_url(scheme, host, is_default_port(scheme, port) ? NULL : port);
    m->account->user = g_strdup(m->user->remote);
    if (tunnel) {
        g_autofree char *hop = g_strconcat("ssh://", f.hop, NULL);
        m->account->via = import_list(hop);
        import_note(m->to, line_of(m, "preconnect"),
                    "preconnect: its ssh became via = %s; no port is opened for it any more", hop);
    } else if (m->user->preconnect) {
        import_note(m->to, line_of(m, "preconnect"), "preconnect: give it with --before=CMD");
    }
    if (server->plugin) {
        import_note(m->to, line_of(m, "plugin"),
                    "plugin: there is none in accounts.conf; for ssh use via = ssh://HOST");
    }
    if (m->user->postconnect) {
        import_note(m->to, line_of(m, "postconnect"), "postconnect: give it with --after-run=CMD");
    }
}

/* --- TLS --- */

static void take_tls(const Move *m)
{
    const FetchmailUser *user = m->user;
    Account *a = m->account;
    bool named = user->sslproto && g_ascii_strncasecmp(user->sslproto, "tls", 3) == 0;
    if (user->sslproto && *user->sslproto == '\0' && !user->ssl && !a->via) {
        a->tls = g_strdup("off");
    } else if (!user->sslcertck && !user->ssl && !named) {
        a->tls = g_strdup("opportunistic");
    }
    if (named) {
        g_autofree char *version = g_strndup(user->sslproto + 3, strcspn(user->sslproto + 3, "+"));
        a->tls_min = g_strdup(strcmp(version, "1") == 0 ? "1.0" : version);
    }
    if (!user->sslcertck) {
        import_note(m->to, line_of(m, "sslcertck"),
                    "no sslcertck: certificates are verified; where that cannot be, give "
                    "--no-verify, or better pin = sha256:HEX");
    }
    a->ca_file = g_strdup(user->sslcertfile);
    a->client_cert = g_strdup(user->sslcert);
    a->client_key = g_strdup(user->sslkey);
    if (user->sslcertpath) {
        import_note(m->to, line_of(m, "sslcertpath"), "sslcertpath: give it with --ca-path=DIR");
    }
}

/* --- who one is --- */

static const struct {
    const char *said, *mechanism;
} ways[] = {
    {"cram-md5", "CRAM-MD5"}, {"gssapi", "GSSAPI"},     {"kerberos_v5", "GSSAPI"},
    {"ntlm", "NTLM"},         {"external", "EXTERNAL"}, {"oauthbearer", "OAUTHBEARER"},
    {"xoauth2", "XOAUTH2"},
};

static void take_login(const Move *m)
{
    const FetchmailServer *server = m->server;
    if (strcmp(server->protocol, "apop") == 0) {
        m->account->auth = import_list("APOP");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (strcmp(server->auth, ways[i].said) == 0) {
            g_strfreev(m->account->auth);
            m->account->auth = import_list(ways[i].mechanism);
        }
    }
    if (m->user->password) {
        m->account->password = secret_copy(m->user->password);
    }
    m->account->password_file = g_strdup(m->user->passwordfile);
}

/* --- where to, and what becomes of it there --- */

static void take_mda(const Move *m)
{
    const char *mda = m->user->mda;
    g_auto(GStrv) parts = g_strsplit(mda, "%T", -1);
    g_autofree char *command = g_strjoinv("%u", parts);
    m->account->to = g_strconcat("|", command, NULL);
    if (strpbrk(mda, ";&|<>()$`\\\"'*?~#") || strstr(mda, "%F")) {
        import_note(m->to, line_of(m, "mda"),
                    "mda: a program is run without a shell; give --shell where it needs one (%%F "
                    "is %%f now)");
    }
}

static void take_smtp(const Move *m)
{
    const FetchmailUser *user = m->user;
    g_auto(GStrv) parts = g_strsplit(user->smtphost[0], "/", 2);
    const char *scheme = user->lmtp ? "lmtp" : "smtp";
    bool is_socket = user->smtphost[0][0] == '/';
    m->account->to = is_socket ? g_strdup_printf("%s://%s", scheme, user->smtphost[0])
                               : import_url(scheme, parts[0], parts[0] ? parts[1] : NULL);
    if (user->smtphost[1]) {
        import_note(m->to, line_of(m, "smtphost"), "smtphost: only the first of several is kept");
    }
    const FetchmailMapping *local = user->local->len > 0 ? g_ptr_array_index(user->local, 0) : NULL;
    if (user->smtpname || user->smtpaddress || local) {
        const char *name = user->smtpname ? user->smtpname : local ? local->name : user->remote;
        import_note(m->to, line_of(m, "smtpname"),
                    "%s: whom mail is handed over for is said by --recipient=ADDRESS", name);
    }
}

static void take_rest(const Move *m)
{
    const FetchmailUser *user = m->user;
    Account *a = m->account;
    bool imap = strcmp(protocol_of(m), "imap") == 0;
    a->folders = imap ? g_strdupv(user->folders) : NULL;
    a->after = user->keep     ? g_strdup("keep")
               : user->moveto ? g_strconcat("move:", user->moveto, NULL)
                              : g_strdup("delete");
    a->max_size = user->limit > 0 ? user->limit : -1;
    if (user->idle || user->forceidle > 0) {
        import_note(m->to, line_of(m, "idle"), "idle: give --idle");
    }
    if (user->fetchlimit > 0) {
        import_note(m->to, line_of(m, "fetchlimit"), "fetchlimit: give --limit=%d",
                    user->fetchlimit);
    }
    if (imap && !user->fetchall) {
        import_note(m->to, m->user->line,
                    "what others have read is fetched too; --unseen leaves it out, as fetchmail "
                    "does without fetchall");
    }
}

static char *account_name(const FetchmailServer *server, const FetchmailUser *user)
{
    return server->users->len == 1 ? g_strdup(server->name)
                                   : g_strdup_printf("%s@%s", user->remote, server->name);
}

static void move_user(Import *to, const FetchmailServer *server, const FetchmailUser *user)
{
    g_autofree char *name = account_name(server, user);
    Move m = {to, server, user, import_account(to, name)};
    take_address(&m);
    take_tls(&m);
    take_login(&m);
    if (user->mda) {
        take_mda(&m);
    } else {
        take_smtp(&m);
    }
    take_rest(&m);
}

/* --- all of it --- */

static bool can_move(const GPtrArray *judgements, const FetchmailServer *server)
{
    for (guint i = 0; i < judgements->len; i++) {
        const FetchmailJudgement *j = g_ptr_array_index(judgements, i);
        if (j->entry == server->name && j->verdict == FETCHMAIL_REFUSED) {
            return false;
        }
    }
    return true;
}

static bool is_any(const FetchmailServer *server, void *user)
{
    (void)server;
    (void)user;
    return true;
}

static void note_set(Import *to, const FetchmailRc *rc)
{
    if (rc->daemon > 0) {
        import_note(to, fetchmail_line(rc->lines, "daemon", 1), "daemon: give --daemon=%d",
                    rc->daemon);
    }
    if (rc->syslog) {
        import_note(to, fetchmail_line(rc->lines, "syslog", 1), "syslog: give --syslog");
    }
    if (rc->invisible) {
        import_note(to, fetchmail_line(rc->lines, "invisible", 1), "invisible: give --invisible");
    }
    if (rc->idfile) {
        import_note(to, fetchmail_line(rc->lines, "idfile", 1),
                    "idfile: what was fetched is taken over once by --adopt-from=%s", rc->idfile);
    }
}

bool import_fetchmailrc(Import *to, Bytes text, GError **error)
{
    g_autoptr(FetchmailRc) rc = fetchmailrc_parse(text, to->file, g_get_user_name(), error);
    if (!rc) {
        return false;
    }
    g_autoptr(GPtrArray) judgements = fetchmailrc_judge(rc, is_any, NULL);
    note_set(to, rc);
    for (guint i = 0; i < judgements->len; i++) {
        const FetchmailJudgement *j = g_ptr_array_index(judgements, i);
        import_note(to, j->line, "%s", j->words);
    }
    for (guint i = 0; i < rc->servers->len; i++) {
        const FetchmailServer *server = g_ptr_array_index(rc->servers, i);
        if (!can_move(judgements, server)) {
            import_note(to, server->line, "%s: left out, see above", server->name);
            continue;
        }
        if (!server->active) {
            import_note(to, server->line,
                        "%s: it is skipped there; here only accounts that are "
                        "named, or all, are fetched from",
                        server->name);
        }
        for (guint j = 0; j < server->users->len; j++) {
            move_user(to, server, g_ptr_array_index(server->users, j));
        }
    }
    return true;
}
