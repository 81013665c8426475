/* serve_ready.c: tells where the sandbox listens, and how to come in. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cmd/serve.h"
#include "report/sandbox_log.h"

typedef void (*Tell)(void *user, const char *key, const char *value);

/* Everything there is to know, as keys and values. */
static void tell_all(const Serve *s, Tell tell, void *user)
{
    for (const Service *service = services; service->name; service++) {
        uint16_t port = sandbox_port(s->box, service);
        if (port) {
            g_autofree char *text = g_strdup_printf("%u", port);
            tell(user, service->variable, text);
        }
    }
    if (s->options->lmtp_socket) {
        tell(user, "LMTP_SOCKET", s->options->lmtp_socket);
    }
    tell(user, "HOST", s->options->bind ? s->options->bind : "127.0.0.1");
    tell(user, "CA", sandbox_ca_file(s->box));
    if (sandbox_client_file(s->box)) {
        tell(user, "CLIENT_CERT", sandbox_client_file(s->box));
    }
    tell(user, "DIR", sandbox_directory(s->box));
    for (guint i = 0; i < s->made_up->len; i++) {
        const ServeMadeUp *m = s->made_up->pdata[i];
        tell(user, i ? "MORE_USERS" : "MAIL_USER", m->name);
        tell(user, i ? "MORE_PASSWORDS" : "MAIL_PASSWORD", m->password);
    }
}

static void tell_variable(void *user, const char *key, const char *value)
{
    g_autofree char *quoted = escape_shell(value);
    (void)user;
    if (!g_str_has_prefix(key, "MORE_")) {
        printf("%s=%s\n", key, quoted);
    }
}

static void tell_environment(void *user, const char *key, const char *value)
{
    (void)user;
    if (!g_str_has_prefix(key, "MORE_")) {
        g_setenv(key, value, TRUE);
    }
}

static void tell_pair(void *user, const char *key, const char *value)
{
    GPtrArray *pairs = user;
    g_ptr_array_add(pairs, g_strdup(key));
    g_ptr_array_add(pairs, g_strdup(value));
}

static void tell_people(const Serve *s)
{
    const char *host = s->options->bind ? s->options->bind : "127.0.0.1";
    bool brackets = strchr(host, ':') != NULL; /* IPv6 */
    for (const Service *service = services; service->name; service++) {
        uint16_t port = sandbox_port(s->box, service);
        if (port) {
            printf("%-12s %s%s%s:%u%s\n", service->name, brackets ? "[" : "", host,
                   brackets ? "]" : "", port,
                   service->implicit_tls                          ? "  TLS"
                   : strcmp(service->protocol, "transcript") == 0 ? ""
                                                                  : "  STARTTLS");
        }
    }
    if (s->options->lmtp_socket) {
        printf("%-12s %s\n", "lmtp", s->options->lmtp_socket);
    }
    printf("%-12s %s\n", "authority", sandbox_ca_file(s->box));
    printf("%-12s %s\n", "directory", sandbox_directory(s->box));
    for (guint i = 0; i < s->made_up->len; i++) {
        const ServeMadeUp *m = s->made_up->pdata[i];
        printf("%-12s %s, password %s\n", "user", m->name, m->password);
    }
    if (s->options->accept_any) {
        printf("%-12s %s\n", "user", "any, with any password");
    }
    puts("ready");
}

void serve_tell_ready(const Serve *s)
{
    if (s->options->json) {
        g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
        tell_all(s, tell_pair, pairs);
        g_autofree char *json = sandbox_ready_json((const char *const *)pairs->pdata, pairs->len);
        puts(json);
    } else if (s->options->env) {
        tell_all(s, tell_variable, NULL);
        puts("READY=1");
    } else if (!s->options->run && !s->options->quiet) {
        tell_people(s);
    }
    fflush(stdout);
}

void serve_set_environment(const Serve *s)
{
    tell_all(s, tell_environment, NULL);
}
