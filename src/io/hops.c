/* hops.c: reading --via, and writing ssh's command line. */
#include "io/hops.h"

#include <string.h>

#include "base/bytes.h"
#include "base/escape.h"

enum { SOCKS_PORT = 1080 };

/* --- reading --- */

static const struct {
    const char *prefix;
    HopKind kind;
} schemes[] = {
    {"ssh://", HOP_SSH},
    {"socks5://", HOP_SOCKS5},
    {"socks5h://", HOP_SOCKS5}, /* curl's word for "the proxy resolves", which ours always does */
};

static bool bad_hop(const char *text, const char *why, GError **error)
{
    /* Not with a password in it, should there be one. */
    const char *at = strrchr(text, '@');
    g_autofree char *shown = escape_line(bytes_of(at ? at + 1 : text));
    return error_fail(error, POSTERN_ERROR_USAGE, "--via=%s%s: %s", at ? "...@" : "", shown, why);
}

/* No host's or user's name has those, and ssh puts a hop's name into a shell's command line. */
static bool has_odd_characters(const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((guchar)*c <= ' ' || *c == 0x7f || strchr("'\"`$\\;&<>|(){}*?!#", *c)) {
            return true;
        }
    }
    return false;
}

/* "HOST", "HOST:PORT", "[IPv6]", "[IPv6]:PORT" */
static bool split_authority(Bytes text, Bytes *host, Bytes *port)
{
    gssize end;
    if (bytes_starts(text, "[")) {
        end = bytes_index(text, ']');
        if (end < 0) {
            return false;
        }
        *host = bytes_sub(text, 1, (size_t)end - 1);
        *port = bytes_sub(text, (size_t)end + 1, text.len);
        return port->len == 0 || (bytes_starts(*port, ":") && port->len > 1);
    }
    end = bytes_index(text, ':');
    *host = bytes_sub(text, 0, end < 0 ? text.len : (size_t)end);
    *port = bytes_sub(text, host->len, text.len);
    return port->len != 1 && bytes_index(bytes_sub(*port, 1, port->len), ':') < 0;
}

static bool parse_host(const char *text, Bytes authority, Hop *hop, GError **error)
{
    Bytes host;
    Bytes port;
    uint64_t number = hop->kind == HOP_SOCKS5 ? SOCKS_PORT : 0;
    if (!split_authority(authority, &host, &port) || host.len == 0 || bytes_index(host, '/') >= 0 ||
        (port.len > 0 &&
         (!bytes_number(bytes_sub(port, 1, port.len), UINT16_MAX, &number) || number == 0))) {
        return bad_hop(text, "expected HOST or HOST:PORT (IPv6 in brackets)", error);
    }
    hop->host = bytes_dup(host);
    hop->port = (uint16_t)number;
    return hop->host[0] != '-' || bad_hop(text, "a host's name does not begin with -", error);
}

static bool parse_user(const char *text, Bytes user, Hop *hop, GError **error)
{
    if (bytes_index(user, ':') >= 0) {
        return bad_hop(
            text,
            hop->kind == HOP_SSH
                ? "no password in an address: ssh has keys and its agent, or asks"
                : "no password in an address: ~/.netrc may have it, else it is asked for",
            error);
    }
    if (user.len == 0 || user.data[0] == '-') {
        return bad_hop(text, "that is no user's name", error);
    }
    hop->user = bytes_dup(user);
    return true;
}

static bool parse_rest(const char *text, Bytes rest, Hop *hop, GError **error)
{
    if (rest.len > 0 && rest.data[rest.len - 1] == '/') {
        rest.len--;
    }
    const char *at = rest.len > 0 ? memrchr(rest.data, '@', rest.len) : NULL;
    if (at) {
        Bytes user = bytes_sub(rest, 0, (size_t)(at - rest.data));
        rest = bytes_sub(rest, user.len + 1, rest.len);
        if (!parse_user(text, user, hop, error)) {
            return false;
        }
    }
    return parse_host(text, rest, hop, error);
}

bool hop_parse(const char *text, Hop *ret, GError **error)
{
    *ret = (Hop){0};
    if (has_odd_characters(text)) {
        return bad_hop(
            text, "blanks, quotes and what else means something to a shell have no place there",
            error);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (bytes_starts_ci(bytes_of(text), schemes[i].prefix)) {
            ret->kind = schemes[i].kind;
            return parse_rest(text, bytes_of(text + strlen(schemes[i].prefix)), ret, error);
        }
    }
    return bad_hop(text, "expected ssh://[USER@]HOST[:PORT] or socks5://[USER@]HOST[:PORT]", error);
}

void hop_clear(Hop *hop)
{
    g_clear_pointer(&hop->user, g_free);
    g_clear_pointer(&hop->host, g_free);
}

static void clear_element(void *hop)
{
    hop_clear(hop);
}

static const Hop *hop_at(const GArray *hops, size_t i)
{
    return &g_array_index(hops, Hop, i);
}

static bool check_order(const GArray *hops, GError **error)
{
    for (size_t i = 1; i < hops->len; i++) {
        if (hop_at(hops, i)->kind == HOP_SSH && hop_at(hops, i - 1)->kind == HOP_SOCKS5) {
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "--via: ssh to %s cannot go through the SOCKS proxy %s before it; "
                              "put ssh first, or give ssh a ProxyCommand of its own "
                              "(--ssh-option='ProxyCommand=nc -X 5 -x %s:%u %%h %%p')",
                              hop_at(hops, i)->host, hop_at(hops, i - 1)->host,
                              hop_at(hops, i - 1)->host, hop_at(hops, i - 1)->port);
        }
    }
    return true;
}

GArray *hops_parse(const char *const *via, GError **error)
{
    g_autoptr(GArray) hops = g_array_new(FALSE, FALSE, sizeof(Hop));
    g_array_set_clear_func(hops, clear_element);
    for (size_t i = 0; via && via[i]; i++) {
        Hop hop;
        bool ok = hop_parse(via[i], &hop, error);
        g_array_append_val(hops, hop);
        if (!ok) {
            return NULL;
        }
    }
    return check_order(hops, error) ? g_steal_pointer(&hops) : NULL;
}

size_t hops_count_ssh(const GArray *hops)
{
    size_t n = 0;
    while (n < hops->len && hop_at(hops, n)->kind == HOP_SSH) {
        n++;
    }
    return n;
}

/* "host:port", with brackets where they are needed. */
static char *host_and_port(const char *host, uint16_t port)
{
    return g_strdup_printf(strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

char *hops_text(const GArray *hops)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < hops->len; i++) {
        const Hop *hop = hop_at(hops, i);
        g_autofree char *where =
            hop->port ? host_and_port(hop->host, hop->port) : g_strdup(hop->host);
        g_string_append_printf(text, "%s%s %s%s%s", i > 0 ? ", " : "",
                               hop->kind == HOP_SSH ? "ssh" : "socks5", hop->user ? hop->user : "",
                               hop->user ? "@" : "", where);
    }
    return g_string_free(text, hops->len == 0);
}

/* --- ssh's command line --- */

static void add(GPtrArray *argv, char *word)
{
    g_ptr_array_add(argv, word);
}

/* "-C" stays as it is; "Ciphers=..." is what ssh_config knows, which ssh takes after -o. */
static void add_options(GPtrArray *argv, const SshHow *how)
{
    for (size_t i = 0; how->options && how->options[i]; i++) {
        if (how->options[i][0] != '-') {
            add(argv, g_strdup("-o"));
        }
        add(argv, g_strdup(how->options[i]));
    }
    if (how->batch) {
        add(argv, g_strdup("-o"));
        add(argv, g_strdup("BatchMode=yes"));
    }
}

static void add_destination(GPtrArray *argv, const Hop *hop)
{
    if (hop->port) {
        add(argv, g_strdup("-p"));
        add(argv, g_strdup_printf("%u", hop->port));
    }
    if (hop->user) {
        add(argv, g_strdup("-l"));
        add(argv, g_strdup(hop->user));
    }
    add(argv, g_strdup("--"));
    add(argv, g_strdup(hop->host));
}

/* ssh expands %h and its kin in a ProxyCommand before a shell reads it. */
static char *escape_percent(const char *word)
{
    g_auto(GStrv) parts = g_strsplit(word, "%", -1);
    return g_strjoinv("%%", parts);
}

/* The one word that ssh shall expand: where the hop behind really is, as that ssh's own
 * configuration says. */
#define EXPANDED_TARGET "[%h]:%p"

/* For a shell, and percent-escaped but for the target. */
static char *as_proxy_command(const GPtrArray *argv)
{
    g_autoptr(GString) line = g_string_new("ProxyCommand=");
    for (guint i = 0; i < argv->len; i++) {
        const char *word = g_ptr_array_index(argv, i);
        bool target = strcmp(word, EXPANDED_TARGET) == 0;
        g_autofree char *escaped = target ? g_strdup(word) : escape_percent(word);
        g_autofree char *quoted = escape_shell(escaped);
        g_string_append_printf(line, "%s%s", i > 0 ? " " : "", quoted);
    }
    return g_strdup(line->str);
}

static bool start_argv(GPtrArray *argv, const SshHow *how, GError **error)
{
    g_auto(GStrv) words = NULL;
    g_autoptr(GError) why = NULL;
    if (!g_shell_parse_argv(how->command, NULL, &words, &why)) {
        return error_fail(error, POSTERN_ERROR_CONFIG, "the ssh command \"%s\": %s", how->command,
                          why->message);
    }
    for (size_t i = 0; words[i]; i++) {
        add(argv, g_strdup(words[i]));
    }
    return true;
}

/* ssh with everything but its name. `proxy` is taken: the ProxyCommand through the hops before, or
 * NULL. */
static void fill_argv(GPtrArray *argv, const SshHow *how, char *proxy)
{
    add_options(argv, how);
    if (proxy) {
        add(argv, g_strdup("-o"));
        add(argv, proxy);
    }
}

/* To the hops before the last, which only forward, and share nothing. */
static void add_forward(GPtrArray *argv, char *target)
{
    add(argv, g_strdup("-W"));
    add(argv, target);
}

static void add_role(GPtrArray *argv, const SshHow *how, const char *host, uint16_t port)
{
    if (how->control) {
        add(argv, g_strdup("-o"));
        add(argv, g_strdup_printf("ControlMaster=%s", how->role == SSH_MASTER ? "yes" : "no"));
        add(argv, g_strdup("-o"));
        add(argv, g_strdup_printf("ControlPath=%s", how->control));
        add(argv, g_strdup("-o"));
        add(argv, g_strdup("ControlPersist=no"));
    }
    if (how->role == SSH_FORWARD) {
        add_forward(argv, host_and_port(host, port));
    } else {
        add(argv, g_strdup(how->role == SSH_MASTER ? "-N" : "-G"));
    }
}

GStrv hops_ssh_argv(const GArray *hops, size_t n, const SshHow *how, const char *host,
                    uint16_t port, GError **error)
{
    char *proxy = NULL;
    for (size_t i = 0; i < n; i++) {
        g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
        if (!start_argv(argv, how, error)) {
            g_free(proxy);
            return NULL;
        }
        bool last = i + 1 == n;
        fill_argv(argv, how, proxy);
        if (last) {
            add_role(argv, how, host, port);
        } else {
            add_forward(argv, g_strdup(EXPANDED_TARGET));
        }
        add_destination(argv, hop_at(hops, i));
        if (last) {
            g_ptr_array_add(argv, NULL);
            return (GStrv)g_ptr_array_steal(argv, NULL);
        }
        proxy = as_proxy_command(argv);
    }
    g_assert_not_reached();
}
