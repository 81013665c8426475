#include "proto/target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/un.h>

#include "base/escape.h"
#include "base/idn.h"
#include "base/nearest.h"
#include "proto/protos.h"

/* name, proto, port, tls_first, mail, alias_of, tls */
const Scheme target_schemes[] = {
    {"smtp", &proto_smtp, 25, false, true, NULL, "STARTTLS"},
    {"submission", &proto_submission, 587, false, true, NULL, "STARTTLS"},
    {"submissions", &proto_submission, 465, true, true, NULL, "from the start"},
    {"smtps", &proto_submission, 465, true, true, "submissions", "from the start"},
    {"ssmtp", &proto_submission, 465, true, true, "submissions", "from the start"},
    {"lmtp", &proto_lmtp, 24, false, true, NULL, "STARTTLS"},
    {"imap", &proto_imap, 143, false, true, NULL, "STARTTLS"},
    {"imaps", &proto_imap, 993, true, true, NULL, "from the start"},
    {"pop3", &proto_pop3, 110, false, true, NULL, "STLS"},
    {"pop3s", &proto_pop3, 995, true, true, NULL, "from the start"},
    {"sieve", &proto_sieve, 4190, false, true, NULL, "STARTTLS"},
    {"ftp", &proto_ftp, 21, false, false, NULL, "AUTH TLS"},
    {"https", &proto_https, 443, true, false, NULL, "from the start"},
    {"nntp", &proto_nntp, 119, false, false, NULL, "STARTTLS"},
    {"nntps", &proto_nntp, 563, true, false, NULL, "from the start"},
    {"irc", &proto_irc, 6667, false, false, NULL, "STARTTLS"},
    {"ircs", &proto_irc, 6697, true, false, NULL, "from the start"},
    {"xmpp", &proto_xmpp, 5222, false, false, NULL, "STARTTLS"},
    {"xmpp-server", &proto_xmpp_server, 5269, false, false, NULL, "STARTTLS"},
    {"ldap", &proto_ldap, 389, false, false, NULL, "STARTTLS"},
    {"ldaps", &proto_ldap, 636, true, false, NULL, "from the start"},
    {"postgres", &proto_postgres, 5432, false, false, NULL, "the protocol's own"},
    {"mysql", &proto_mysql, 3306, false, false, NULL, "the protocol's own"},
    {"tls", &proto_tls, 0, true, false, NULL, "from the start"},
    {"tcp", &proto_tcp, 0, false, false, NULL, "none"},
    {NULL},
};

const Scheme *target_scheme_find(const char *name)
{
    for (const Scheme *s = target_schemes; s->name; s++) {
        if (g_ascii_strcasecmp(s->name, name) == 0) {
            return s;
        }
    }
    return NULL;
}

void target_free(Target *target)
{
    if (!target) {
        return;
    }
    g_free(target->user);
    g_free(target->host);
    g_free(target->shown_host);
    g_free(target->unix_path);
    g_free(target->path);
    g_free(target);
}

/* An address cut into its parts, each a copy of what was typed; "" or NULL where there is nothing.
 */
typedef struct {
    char *scheme;    /* NULL: none was given */
    char *user;      /* NULL: no '@' */
    char *host_port; /* "mail.example.org:993" */
    char *path;      /* from the first '/', '?' or '#' on, or "" */
} Parts;

static void parts_clear(Parts *parts)
{
    g_free(parts->scheme);
    g_free(parts->user);
    g_free(parts->host_port);
    g_free(parts->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parts, parts_clear)

static bool is_scheme_word(const char *text, size_t len)
{
    if (len == 0 || !g_ascii_isalpha(text[0])) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isalnum(text[i]) && !strchr("+-.", text[i])) {
            return false;
        }
    }
    return true;
}

/* "joe:se/cret@host": the slash of a password ended what would be the host and its port. */
static bool has_cut_password(const Parts *parts)
{
    const char *colon = strchr(parts->host_port, ':');
    bool port = colon && colon[1 + strspn(colon + 1, "0123456789")] == '\0';
    return colon && !port && parts->host_port[0] != '[' && strchr(parts->path, '@');
}

/* Before anything of an address may stand in a message: a password in it must not. */
static bool refuse_password(const Parts *parts, GError **error)
{
    bool has_one = parts->user ? strchr(parts->user, ':') != NULL : has_cut_password(parts);
    return !has_one ||
           error_fail(error, POSTERN_ERROR_USAGE,
                      "a password in an address would be seen by everybody on this machine and "
                      "kept in the shell's history: give USER@HOST only, and the password by "
                      "--password-command, --password-file, $POSTERN_PASSWORD, an account "
                      "(--account) or ~/.netrc, or type it when asked");
}

static bool split(const char *text, Parts *parts, GError **error)
{
    const char *rest = text;
    const char *mark = strstr(text, "://");
    if (mark && is_scheme_word(text, (size_t)(mark - text))) {
        parts->scheme = g_strndup(text, (size_t)(mark - text));
        rest = mark + 3;
    }
    size_t authority = strcspn(rest, "/?#");
    parts->path = g_strdup(rest + authority);
    g_autofree char *whole = g_strndup(rest, authority);
    /* The last '@': many a login is a mail address itself. */
    char *at = strrchr(whole, '@');
    parts->user = at ? g_strndup(whole, (size_t)(at - whole)) : NULL;
    parts->host_port = g_strdup(at ? at + 1 : whole);
    return refuse_password(parts, error);
}

static bool fail_scheme(const char *scheme, GError **error)
{
    Nearest near = {.word = scheme};
    for (const Scheme *s = target_schemes; s->name; s++) {
        nearest_offer(&near, s->name);
    }
    g_autofree char *shown = escape_line_max(bytes_of(scheme), 40);
    if (near.best) {
        return error_fail(error, POSTERN_ERROR_USAGE, "unknown scheme \"%s\"; did you mean %s://?",
                          shown, near.best);
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "unknown scheme \"%s\"; \"postern help ports\" lists those there are", shown);
}

/* Something that is clearly not an address gets a word of its own. */
static bool looks_like_path(const char *text)
{
    bool drive = g_ascii_isalpha(text[0]) && text[1] == ':' && (text[2] == '\\' || text[2] == '/');
    return drive || text[0] == '/' || text[0] == '\\' || g_str_has_prefix(text, "./") ||
           g_str_has_prefix(text, "../");
}

static bool fail_no_scheme(const char *text, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(text), 80);
    if (looks_like_path(text)) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "\"%s\" is a file name, not a server address; an address looks like "
                          "imaps://mail.example.org",
                          shown);
    }
    size_t word = strcspn(text, ":/");
    g_autofree char *scheme = g_strndup(text, word);
    bool mistyped = text[word] == ':' && (text[word + 1] == '\0' || text[word + 1] == '/');
    if (mistyped && target_scheme_find(scheme)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "\"%s\" lacks \"://\": %s://HOST", shown,
                          scheme);
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "\"%s\" lacks a scheme: SCHEME://HOST, as in imaps://%s; \"postern help "
                      "ports\" lists the schemes",
                      shown, *text && g_ascii_isalnum(text[0]) ? shown : "mail.example.org");
}

/* The row of the scheme, given or the caller's default. */
static bool take_scheme(Target *t, const Parts *parts, const char *text, const char *fallback,
                        GError **error)
{
    if (!parts->scheme && (!fallback || looks_like_path(text) || *text == '\0')) {
        fail_no_scheme(text, error);
        return false;
    }
    const char *name = parts->scheme ? parts->scheme : fallback;
    t->scheme = target_scheme_find(name);
    if (!t->scheme) {
        fail_scheme(name, error);
        return false;
    }
    return true;
}

static bool has_control(const char *text)
{
    for (const char *c = text; *c; c = g_utf8_next_char(c)) {
        if (g_unichar_iscntrl(g_utf8_get_char(c))) {
            return true;
        }
    }
    return false;
}

/* Percent-decodes; what comes out must be UTF-8 without control characters (CR, LF, NUL). */
static char *decode(const char *text, const char *what, GError **error)
{
    g_autofree char *plain = g_uri_unescape_string(text, NULL);
    if (!plain || !g_utf8_validate(plain, -1, NULL) || has_control(plain)) {
        g_autofree char *shown = escape_line_max(bytes_of(text), 60);
        error_fail(error, POSTERN_ERROR_USAGE,
                   "the %s \"%s\" in the address is not percent-encoded UTF-8 without control "
                   "characters (a literal %% is written %%25)",
                   what, shown);
        return NULL;
    }
    return g_steal_pointer(&plain);
}

static bool take_user(Target *t, const Parts *parts, GError **error)
{
    if (!parts->user) {
        return true;
    }
    g_autofree char *lower = g_ascii_strdown(parts->user, -1);
    if (strstr(lower, ";auth=")) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "\";AUTH=\" in an address is not read: name the mechanism by --auth");
    }
    if (*parts->user == '\0') {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "the address has an \"@\" without a user name before it");
    }
    t->user = decode(parts->user, "user name", error);
    return t->user != NULL;
}

/* Our own names first: a small system may come without /etc/services. */
static bool service_port(const char *name, uint16_t *port)
{
    const Scheme *scheme = target_scheme_find(name);
    if (scheme && scheme->port) {
        *port = scheme->port;
        return true;
    }
    char buffer[2048];
    struct servent row;
    struct servent *found = NULL;
    /* A row that does not fit the buffer counts as unknown. */
    if (getservbyname_r(name, "tcp", &row, buffer, sizeof(buffer), &found) != 0 || !found) {
        return false;
    }
    *port = ntohs((uint16_t)found->s_port);
    return *port != 0;
}

static bool take_port(Target *t, const char *text, GError **error)
{
    uint64_t number;
    if (bytes_number(bytes_of(text), UINT16_MAX, &number) && number > 0) {
        t->port = (uint16_t)number;
        return true;
    }
    bool digits = text[strspn(text, "0123456789")] == '\0';
    if (!digits && strlen(text) <= 64 && service_port(text, &t->port)) {
        return true;
    }
    g_autofree char *shown = escape_line_max(bytes_of(text), 40);
    return error_fail(error, POSTERN_ERROR_USAGE,
                      digits ? "port %s is not between 1 and 65535"
                             : "\"%s\" is neither a port number nor the name of a service",
                      shown);
}

static bool fail_host(const char *host, const char *why, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(host), 80);
    return error_fail(error, POSTERN_ERROR_USAGE, "the host \"%s\" in the address %s", shown, why);
}

/* What stands between brackets: an IPv6 address, perhaps with a zone ("fe80::1%eth0", "%25eth0" as
 * RFC 6874 writes it). */
static bool take_literal(Target *t, const char *inside, GError **error)
{
    g_autofree char *address = g_strndup(inside, strcspn(inside, "%"));
    const char *zone = inside + strlen(address);
    struct in6_addr parsed;
    if (inet_pton(AF_INET6, address, &parsed) != 1) {
        return fail_host(inside, "is not an IPv6 address", error);
    }
    if (g_str_has_prefix(zone, "%25")) {
        zone += 3;
    } else if (*zone == '%') {
        zone++;
    }
    for (const char *c = zone; *c; c++) {
        if (!g_ascii_isalnum(*c) && !strchr("-_.", *c)) {
            return fail_host(inside, "has a zone that is no interface name", error);
        }
    }
    g_autofree char *lower = g_ascii_strdown(address, -1);
    t->host = *zone ? g_strconcat(lower, "%", zone, NULL) : g_strdup(lower);
    t->shown_host = *zone ? g_strconcat(address, "%", zone, NULL) : g_strdup(address);
    return true;
}

/* 1.2.3.999 and 1.2.3 are mistyped addresses: no name in the DNS ends in a label of digits. */
static bool is_mistyped_ipv4(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *last = dot ? dot + 1 : host;
    struct in_addr parsed;
    return last[strspn(last, "0123456789")] == '\0' && inet_pton(AF_INET, host, &parsed) != 1;
}

static bool take_name(Target *t, const char *name, GError **error)
{
    g_autofree char *typed = g_strdup(name);
    size_t len = strlen(typed);
    if (len > 1 && typed[len - 1] == '.') {
        typed[len - 1] = '\0'; /* "absolute" to a resolver, but no certificate bears the dot */
    }
    for (const char *c = typed; *c; c++) {
        bool letter = g_ascii_isalnum(*c) || (*c & 0x80) || strchr("-_.", *c);
        if (!letter) {
            return fail_host(name, "has a character that no host name has", error);
        }
    }
    g_autofree char *ascii = idn_to_ascii(typed, error);
    if (!ascii) {
        return false;
    }
    if (is_mistyped_ipv4(ascii)) {
        return fail_host(name, "is not an IPv4 address", error);
    }
    t->host = g_steal_pointer(&ascii);
    t->shown_host = g_steal_pointer(&typed);
    return true;
}

static bool take_bracketed(Target *t, const char *text, const char **port, GError **error)
{
    const char *end = strchr(text, ']');
    if (!end || (end[1] != '\0' && end[1] != ':')) {
        return fail_host(text, "has a \"[\" without its \"]\"", error);
    }
    g_autofree char *inside = g_strndup(text + 1, (size_t)(end - text - 1));
    *port = end[1] == ':' ? end + 2 : NULL;
    return take_literal(t, inside, error);
}

static bool take_host_port(Target *t, const char *text, GError **error)
{
    const char *port = NULL;
    if (text[0] == '[') {
        if (!take_bracketed(t, text, &port, error)) {
            return false;
        }
    } else {
        const char *colon = strchr(text, ':');
        if (colon && strchr(colon + 1, ':')) {
            return fail_host(
                text, "has several colons: an IPv6 address is written in brackets, [::1]", error);
        }
        g_autofree char *name = g_strndup(text, colon ? (size_t)(colon - text) : strlen(text));
        if (*name == '\0') {
            return error_fail(error, POSTERN_ERROR_USAGE, "the address names no host: %s://HOST",
                              t->scheme->name);
        }
        if (!take_name(t, name, error)) {
            return false;
        }
        port = colon ? colon + 1 : NULL;
    }
    t->port = t->scheme->port;
    if (port && *port && !take_port(t, port, error)) {
        return false;
    }
    return t->port != 0 ||
           error_fail(error, POSTERN_ERROR_USAGE, "%s:// has no port of its own: %s://HOST:PORT",
                      t->scheme->name, t->scheme->name);
}

/* lmtp:///PATH */
static bool take_unix_path(Target *t, const char *path, GError **error)
{
    t->unix_path = decode(path, "path", error);
    if (!t->unix_path) {
        return false;
    }
    size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    if (strlen(t->unix_path) > most || strlen(t->unix_path) < 2) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "the path of a unix socket has between 1 and %zu characters after its "
                          "\"/\"",
                          most - 1);
    }
    return true;
}

static bool fill(Target *t, const char *text, const char *default_scheme, GError **error)
{
    g_auto(Parts) parts = {0};
    if (!split(text, &parts, error) || !take_scheme(t, &parts, text, default_scheme, error) ||
        !take_user(t, &parts, error)) {
        return false;
    }
    if (*parts.host_port == '\0' && t->scheme->proto == &proto_lmtp && parts.path[0] == '/') {
        return take_unix_path(t, parts.path, error);
    }
    bool has_path = *parts.path && strcmp(parts.path, "/") != 0;
    t->path = has_path ? g_strdup(parts.path) : NULL;
    return take_host_port(t, parts.host_port, error);
}

Target *target_parse(const char *text, const char *default_scheme, GError **error)
{
    if (!g_utf8_validate(text, -1, NULL) || has_control(text) || strchr(text, ' ')) {
        error_fail(error, POSTERN_ERROR_USAGE,
                   "an address is UTF-8 text without blanks and control characters "
                   "(percent-encode them in a user name)");
        return NULL;
    }
    Target *t = g_new0(Target, 1);
    if (!fill(t, text, default_scheme, error)) {
        target_free(t);
        return NULL;
    }
    return t;
}

char *target_text(const Target *target)
{
    GString *text = g_string_new(target->scheme->name);
    g_string_append(text, "://");
    if (target->user) {
        g_autofree char *user = g_uri_escape_string(target->user, "@", TRUE);
        g_string_append_printf(text, "%s@", user);
    }
    if (target->unix_path) {
        g_autofree char *path = g_uri_escape_string(target->unix_path, "/", TRUE);
        g_string_append(text, path);
        return g_string_free(text, FALSE);
    }
    bool literal = strchr(target->host, ':') != NULL;
    g_string_append_printf(text, literal ? "[%s]" : "%s", target->shown_host);
    if (target->port != target->scheme->port) {
        g_string_append_printf(text, ":%u", target->port);
    }
    return g_string_free(text, FALSE);
}
