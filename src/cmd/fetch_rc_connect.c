/* The way to a fetchmailrc's server: address, TLS, login. fetchmail's defaults hold: verified TLS,
 * asked for by STARTTLS unless `ssl` says it is there from the start. */
#include <string.h>

#include "cmd/fetch_rc.h"

static char *address_of(const RcEntry *e)
{
    const FetchmailServer *server = e->server;
    const char *host = fetchmail_host(server);
    bool brackets = strchr(host, ':') && *host != '[';
    bool has_port = server->service && *server->service;
    return g_strdup_printf("%s%s://%s%s%s%s%s", e->protocol, e->user->ssl ? "s" : "",
                           brackets ? "[" : "", host, brackets ? "]" : "", has_port ? ":" : "",
                           has_port ? server->service : "");
}

/* --- TLS --- */

/* "tls1.2+" is "1.2" at least, "tls1.2" is that alone; "auto" and "ssl23" are anything. */
static void take_versions(RcEntry *e)
{
    const char *said = e->user->sslproto;
    if (!said || g_ascii_strncasecmp(said, "tls", 3) != 0) {
        return;
    }
    bool at_least = g_str_has_suffix(said, "+");
    g_autofree char *number = g_strndup(said + 3, strlen(said) - 3 - at_least);
    const char *version = strcmp(number, "1") == 0 ? "1.0" : number;
    if (!e->options.tls_min) {
        e->options.tls_min = e->owned[0] = g_strdup(version);
    }
    if (!at_least && !e->options.tls_max) {
        e->options.tls_max = e->owned[1] = g_strdup(version);
    }
}

static bool is_empty(const char *text)
{
    return text && *text == '\0';
}

static const char *demand_of(const RcEntry *e)
{
    const FetchmailUser *user = e->user;
    bool names_version = user->sslproto && g_ascii_strncasecmp(user->sslproto, "tls", 3) == 0;
    if (e->through_ssh) {
        return is_empty(user->sslproto) && !user->ssl ? "off" : "opportunistic";
    }
    if (user->ssl || names_version) {
        return "required";
    }
    if (is_empty(user->sslproto)) {
        return "off";
    }
    return user->sslcertck ? "required" : "opportunistic";
}

static void take_tls(RcEntry *e)
{
    ConnectOptions *o = &e->options;
    const FetchmailUser *user = e->user;
    bool own_trust = o->ca_file || o->ca_path;
    if (!o->tls) {
        o->tls = (char *)demand_of(e);
    }
    o->no_verify = o->no_verify || (!user->sslcertck && !o->pins);
    o->allow_cleartext_auth = o->allow_cleartext_auth || e->through_ssh;
    o->ca_file = own_trust ? o->ca_file : user->sslcertfile;
    o->ca_path = own_trust ? o->ca_path : user->sslcertpath;
    if (!o->client_cert) {
        o->client_cert = user->sslcert;
        o->client_key = o->client_key ? o->client_key : user->sslkey;
    }
    take_versions(e);
}

/* --- who one is --- */

static const struct {
    const char *said, *mechanisms;
} ways[] = {
    {"password", "USER/PASS,LOGIN,PLAIN"},
    {"cram-md5", "CRAM-MD5"},
    {"gssapi", "GSSAPI"},
    {"kerberos_v5", "GSSAPI"},
    {"ntlm", "NTLM"},
    {"external", "EXTERNAL"},
    {"oauthbearer", "OAUTHBEARER"},
    {"xoauth2", "XOAUTH2"},
};

static bool takes_token(const RcEntry *e)
{
    return strcmp(e->server->auth, "oauthbearer") == 0 || strcmp(e->server->auth, "xoauth2") == 0;
}

static void take_ways(RcEntry *e)
{
    if (e->options.auth) {
        return;
    }
    if (strcmp(e->server->protocol, "apop") == 0) {
        e->auth_list[0] = (char *)"APOP";
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (strcmp(e->server->auth, ways[i].said) == 0) {
            e->auth_list[0] = (char *)ways[i].mechanisms;
        }
    }
    e->options.auth = e->auth_list[0] ? e->auth_list : NULL;
}

static Secret *own_password(void *user, GError **error)
{
    const RcEntry *e = user;
    (void)error;
    return secret_copy(e->user->password);
}

/* The file's password stands in where the command line names no way to one. */
static void take_password(RcEntry *e)
{
    Credentials *credentials = &connection_plan(e->connection)->credentials;
    const ConnectOptions *o = &e->options;
    bool has_other = o->password_command || o->password_file || o->token_command;
    if (!e->user->password || has_other) {
        connection_ask_in_turn(e->connection, e->asking);
        return;
    }
    credentials->callback_user = e;
    credentials->password = takes_token(e) ? NULL : own_password;
    credentials->token = takes_token(e) ? own_password : NULL;
}

bool rc_entry_connect(RcEntry *e, GError **error)
{
    ConnectOptions *o = &e->options;
    o->account = NULL;
    o->config = (char *)"/dev/null"; /* the file says it all: accounts.conf has no part in it */
    o->user = o->user ? o->user : e->user->remote;
    o->timeout = o->timeout > 0 ? o->timeout : e->server->timeout;
    if (e->user->passwordfile && !o->password_file && !o->password_command) {
        o->password_file = e->user->passwordfile;
    }
    take_tls(e);
    take_ways(e);
    g_autofree char *address = address_of(e);
    e->connection = connection_new(o, address, NULL, error);
    if (!e->connection) {
        return rc_fail_at(e, "poll", error);
    }
    take_password(e);
    return true;
}
