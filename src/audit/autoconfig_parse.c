/* autoconfig_parse.c: the file by which mail programs set themselves up. */
#include "audit/autoconfig_parse.h"

#include <string.h>

#include "base/escape.h"

enum { SERVERS_MAX = 16, TEXT_MAX = 255 };

/* What is being read. */
typedef struct {
    const char *domain;
    GPtrArray *servers;
    bool is_config; /* the outermost element is the right one */
    bool in_server; /* inside <incomingServer> or <outgoingServer> */
    char *kind;     /* its attribute "type" */
    GString *text;  /* of the element that is open */
    char *host, *socket;
    guint64 port;
} Reader;

static const struct {
    const char *kind, *tls, *other; /* schemes */
} kinds[] = {
    {"imap", "imaps", "imap"},
    {"pop3", "pop3s", "pop3"},
    {"smtp", "submissions", "submission"},
};

static const char *const security_names[] = {"SSL", "STARTTLS", "plain"};

const char *autoconfig_security_name(AutoconfigSecurity security)
{
    return security_names[security];
}

static void server_free(void *data)
{
    AutoconfigServer *server = data;
    g_free(server->host);
    g_free(server);
}

/* What no word says is in the clear. */
static AutoconfigSecurity security_of(const char *socket)
{
    for (int i = AUTOCONFIG_TLS; i <= AUTOCONFIG_STARTTLS; i++) {
        if (socket != NULL && g_ascii_strcasecmp(socket, security_names[i]) == 0) {
            return (AutoconfigSecurity)i;
        }
    }
    return AUTOCONFIG_PLAIN;
}

static const char *scheme_of(const char *kind, AutoconfigSecurity security)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (kind != NULL && strcmp(kind, kinds[i].kind) == 0) {
            return security == AUTOCONFIG_TLS ? kinds[i].tls : kinds[i].other;
        }
    }
    return NULL;
}

static void begin_server(Reader *r, const char **names, const char **values)
{
    r->in_server = true;
    g_clear_pointer(&r->kind, g_free);
    g_clear_pointer(&r->host, g_free);
    g_clear_pointer(&r->socket, g_free);
    r->port = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], "type") == 0) {
            g_free(r->kind); /* GMarkup lets an attribute stand twice */
            r->kind = g_ascii_strdown(values[i], -1);
        }
    }
}

static void end_server(Reader *r)
{
    AutoconfigSecurity security = security_of(r->socket);
    const char *scheme = scheme_of(r->kind, security);
    r->in_server = false;
    if (scheme == NULL || r->host == NULL || r->host[0] == '\0' || r->port == 0 ||
        r->port > G_MAXUINT16 || r->servers->len >= SERVERS_MAX) {
        return;
    }
    AutoconfigServer *server = g_new0(AutoconfigServer, 1);
    server->scheme = scheme;
    server->host = g_steal_pointer(&r->host);
    server->port = (uint16_t)r->port;
    server->security = security;
    g_ptr_array_add(r->servers, server);
}

static bool is_server(const char *name)
{
    return strcmp(name, "incomingServer") == 0 || strcmp(name, "outgoingServer") == 0;
}

static char *host_of(const Reader *r, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "%EMAILDOMAIN%", -1);
    return g_strjoinv(r->domain, parts);
}

/* The first of each counts, as programs read it. */
static void take_text(Reader *r, const char *name, const char *text)
{
    if (strcmp(name, "hostname") == 0 && r->host == NULL) {
        r->host = host_of(r, text);
    } else if (strcmp(name, "socketType") == 0 && r->socket == NULL) {
        r->socket = g_strdup(text);
    } else if (strcmp(name, "port") == 0 && r->port == 0 &&
               !g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &r->port, NULL)) {
        r->port = 0;
    }
}

/* --- what GMarkup calls --- */

static void on_start(GMarkupParseContext *context, const char *name, const char **names,
                     const char **values, void *user, GError **error)
{
    (void)error;
    Reader *r = user;
    bool outermost = g_markup_parse_context_get_element_stack(context)->next == NULL;
    r->is_config = outermost ? strcmp(name, "clientConfig") == 0 : r->is_config;
    if (is_server(name)) {
        begin_server(r, names, values);
    }
    g_string_truncate(r->text, 0);
}

static void on_text(GMarkupParseContext *context, const char *text, gsize len, void *user,
                    GError **error)
{
    (void)context;
    (void)error;
    Reader *r = user;
    if (r->text->len + len <= TEXT_MAX) {
        g_string_append_len(r->text, text, (gssize)len);
    }
}

static void on_end(GMarkupParseContext *context, const char *name, void *user, GError **error)
{
    (void)context;
    (void)error;
    Reader *r = user;
    if (r->in_server && is_server(name)) {
        end_server(r);
    } else if (r->in_server) {
        take_text(r, name, g_strstrip(r->text->str));
    }
    g_string_truncate(r->text, 0);
}

/* --- all of it --- */

static bool read_xml(Reader *r, Bytes xml, GError **error)
{
    static const GMarkupParser parser = {on_start, on_end, on_text, NULL, NULL};
    GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, r, NULL);
    g_autoptr(GError) cause = NULL;
    bool good = g_markup_parse_context_parse(context, xml.data, (gssize)xml.len, &cause) &&
                g_markup_parse_context_end_parse(context, &cause);
    g_markup_parse_context_free(context);
    if (!good) {
        g_autofree char *why = escape_line_max(bytes_of(cause->message), TEXT_MAX);
        return error_fail(error, POSTERN_ERROR_DATA, "the XML cannot be read: %s", why);
    }
    return r->is_config ||
           error_fail(error, POSTERN_ERROR_DATA, "its outermost element is not <clientConfig>");
}

GPtrArray *autoconfig_parse(Bytes xml, const char *domain, GError **error)
{
    Reader r = {.domain = domain,
                .servers = g_ptr_array_new_with_free_func(server_free),
                .text = g_string_new(NULL)};
    if (!read_xml(&r, xml, error)) {
        g_clear_pointer(&r.servers, g_ptr_array_unref);
    }
    g_free(r.kind);
    g_free(r.host);
    g_free(r.socket);
    g_string_free(r.text, TRUE);
    return r.servers;
}
