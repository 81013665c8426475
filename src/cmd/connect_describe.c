/* What --dry-run prints: everything that was decided, and from where; never a secret. */
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "cmd/connection.h"
#include "config/netrc.h"

/* One "name      words" line; the words may come from files and are escaped. */
static void tell(GString *text, const char *name, const char *words)
{
    g_autofree char *shown = escape_line(bytes_of(words));
    g_string_append_printf(text, "%-11s %s\n", name, shown);
}

static void tell_list(GString *text, const char *name, const char *const *list)
{
    if (list && *list) {
        g_autofree char *joined = g_strjoinv(", ", (char **)list);
        tell(text, name, joined);
    }
}

static void tell_target(GString *text, const Connection *c)
{
    const Target *t = c->target;
    g_autofree char *address = target_text(t);
    if (t->unix_path) {
        g_autofree char *words = g_strdup_printf("%s (a unix socket)", address);
        tell(text, "target", words);
        return;
    }
    bool other_name = g_ascii_strcasecmp(t->host, t->shown_host) != 0;
    g_autofree char *words = g_strdup_printf("%s (port %u%s%s)", address, t->port,
                                             other_name ? ", " : "", other_name ? t->host : "");
    tell(text, "target", words);
}

static char *when_tls(const Connection *c)
{
    const Scheme *scheme = c->target->scheme;
    if (scheme->tls_first) {
        return g_strdup(scheme->tls);
    }
    if (c->target->unix_path) {
        return g_strdup("none, over a unix socket");
    }
    if (!scheme->port) {
        return g_strdup("none");
    }
    switch (c->plan.tls.demand) {
    case TLS_OFF:
        return g_strdup("off: plaintext until it is asked for");
    case TLS_OPPORTUNISTIC:
        return g_strdup_printf("opportunistic: %s if the server has it, else PLAINTEXT",
                               scheme->tls);
    case TLS_REQUIRED:
        return g_strdup_printf("required, by %s", scheme->tls);
    }
    return NULL;
}

static void tell_verification(GString *text, const TlsPlan *tls)
{
    g_autofree char *words = NULL;
    if (tls->no_verify) {
        words = g_strdup("NONE: any certificate is accepted (--no-verify)");
    } else if (tls->pins && *tls->pins) {
        g_autofree char *pins = g_strjoinv(" or ", (char **)tls->pins);
        words = g_strdup_printf("by pin: %s", pins);
    } else if (tls->dane) {
        words = g_strdup("by DANE, demanded");
    } else if (tls->ca_file || tls->ca_path) {
        words = g_strdup_printf("by PKIX, trusting %s%s%s", tls->ca_file ? tls->ca_file : "",
                                tls->ca_file && tls->ca_path ? " and " : "",
                                tls->ca_path ? tls->ca_path : "");
    } else {
        words = g_strdup("by PKIX, trusting the system's authorities");
    }
    tell(text, "verified", words);
}

static void tell_tls(GString *text, const Connection *c)
{
    const TlsPlan *tls = &c->plan.tls;
    g_autofree char *when = when_tls(c);
    tell(text, "tls", when);
    g_autofree char *versions =
        g_strdup_printf("%s to %s", tls_version_name(tls->min ? tls->min : TLS_1_2),
                        tls_version_name(tls->max ? tls->max : TLS_1_3));
    tell(text, "versions", versions);
    tell_verification(text, tls);
    const struct {
        const char *name, *words;
    } rest[] = {{"ciphers", tls->ciphers},
                {"groups", tls->groups},
                {"certificate", tls->client_cert},
                {"sni", tls->sni},
                {"key log", tls->keylog_file}};
    for (size_t i = 0; i < G_N_ELEMENTS(rest); i++) {
        if (rest[i].words) {
            tell(text, rest[i].name, rest[i].words);
        }
    }
    tell_list(text, "alpn", tls->alpn);
}

static bool uses_ssh(const DialPlan *dial)
{
    for (const char *const *hop = dial->via; hop && *hop; hop++) {
        if (g_str_has_prefix(*hop, "ssh:")) {
            return true;
        }
    }
    return false;
}

static void tell_way(GString *text, const Connection *c)
{
    const DialPlan *dial = &c->plan.dial;
    tell_list(text, "via", dial->via);
    if (uses_ssh(dial)) {
        tell(text, "ssh", dial->ssh_command ? dial->ssh_command : "ssh");
        tell_list(text, "ssh options", dial->ssh_options);
    }
    tell_list(text, "connect to", dial->connect_to);
    if (dial->family != AF_UNSPEC) {
        tell(text, "addresses", dial->family == AF_INET ? "IPv4 only" : "IPv6 only");
    }
    if (c->options->dns) {
        tell(text, "resolver", c->options->dns);
    }
    if (c->options->dns_anchor) {
        tell(text, "dns anchor", c->options->dns_anchor);
    }
}

static void tell_account(GString *text, const Connection *c)
{
    if (c->account->name) {
        g_autofree char *words = g_strdup_printf("%s (%s)", c->account->name, c->account->file);
        tell(text, "account", words);
    } else if (c->account->file) {
        g_autofree char *words = g_strdup_printf("none; defaults of %s", c->account->file);
        tell(text, "account", words);
    } else {
        tell(text, "account", "none");
    }
}

/* Where it would come from. Only ~/.netrc has to be looked into for that. */
static char *password_source(const Connection *c)
{
    if (!c->plan.credentials.password) {
        return g_strdup("none: a token is given");
    }
    if (c->way.kind != PASSWORD_BY_NETRC) {
        return c->way.value ? g_strdup_printf("from %s: %s", c->way.said, c->way.value)
                            : g_strdup_printf("from %s", c->way.said);
    }
    g_autoptr(GError) failure = NULL;
    const char *host = c->target->host;
    g_autoptr(Secret) found =
        host ? netrc_password(NULL, host, c->plan.credentials.user, NULL, &failure) : NULL;
    if (failure) {
        return g_strdup(failure->message);
    }
    return g_strdup(found ? "from ~/.netrc" : "asked for on the terminal");
}

static void tell_login(GString *text, const Connection *c)
{
    const char *user = c->plan.credentials.user;
    tell(text, "user", user ? user : "none named");
    if (c->plan.auth) {
        tell_list(text, "auth", c->plan.auth);
    } else {
        tell(text, "auth", "the strongest both sides have");
    }
    g_autofree char *source = password_source(c);
    tell(text, "password", source);
    if (c->plan.credentials.token) {
        g_autofree char *words =
            c->options->token_command ? g_strdup("from --token-command")
            : c->account->oauth ? g_strdup_printf("of the OAuth login \"%s\"", c->account->oauth)
                                : g_strdup("from the account's token-command");
        tell(text, "token", words);
    }
    if (c->plan.channel_binding) {
        tell(text, "channel binding", c->plan.channel_binding);
    }
    if (c->plan.allow_cleartext_auth) {
        tell(text, "cleartext", "a password may travel UNENCRYPTED (--allow-cleartext-auth)");
    }
}

char *connection_describe(const Connection *c)
{
    GString *text = g_string_new(NULL);
    tell_target(text, c);
    tell_tls(text, c);
    tell_way(text, c);
    tell_account(text, c);
    tell_login(text, c);
    if (c->plan.ehlo) {
        tell(text, "ehlo", c->plan.ehlo);
    }
    g_autofree char *timeout =
        g_strdup_printf("%g s for each answer", c->plan.timeout > 0 ? c->plan.timeout : 60.0);
    tell(text, "timeout", timeout);
    if (c->options->transcript) {
        tell(text, "transcript", c->options->transcript);
    }
    return g_string_free(text, FALSE);
}
