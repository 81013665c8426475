/* service.h: services on loopback for probes: OpenSSL servers with odd settings, and canned ones
 * for what OpenSSL no longer speaks. Each takes connections one after the other in a thread of its
 * own. */
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include "../tls/hellos.h"
#include "../tls/world.h"
#include "audit/probes.h"

typedef struct Service Service;
struct Service {
    SSL_CTX *context; /* a TLS server; or */
    /* a canned one: told what came first on a connection. */
    void (*canned)(Service *service, int fd, const uint8_t *hello, size_t len);
    void (*talk)(Service *service, int fd); /* or one that does it all itself */
    const char *dialogue; /* "smtp": STARTTLS goes before; NULL: TLS from the start */
    unsigned
        let_in; /* so many connections, then each is closed or turned away at once; 0: no limit */
    unsigned turned_away; /* ... so many of them; then they are let in again */
    const char *host;     /* as it is named; NULL: mail.test */
    void *user;
    /* its own */
    int fd;
    uint16_t port;
    unsigned count, quits;
    GThread *thread;
};

static inline void service_say(int fd, const char *text)
{
    send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static inline void service_send(int fd, const GByteArray *octets)
{
    send(fd, octets->data, octets->len, MSG_NOSIGNAL);
}

/* Reads one line; false at the end. */
static inline bool service_line(int fd, char *line, size_t size)
{
    size_t len = 0;
    while (len + 1 < size && recv(fd, line + len, 1, 0) == 1) {
        if (line[len++] == '\n') {
            line[len] = '\0';
            return true;
        }
    }
    return false;
}

/* True: STARTTLS was agreed on. */
static inline bool service_smtp(Service *s, int fd)
{
    char line[512];
    service_say(fd, "220 mail.test ESMTP\r\n");
    while (service_line(fd, line, sizeof line)) {
        if (g_str_has_prefix(line, "EHLO")) {
            service_say(fd, "250-mail.test\r\n250 STARTTLS\r\n");
        } else if (g_str_has_prefix(line, "STARTTLS")) {
            service_say(fd, "220 go ahead\r\n");
            return true;
        } else {
            s->quits += g_str_has_prefix(line, "QUIT");
            service_say(fd, "221 bye\r\n");
            return false;
        }
    }
    return false;
}

static inline void service_tls(Service *s, int fd)
{
    SSL *ssl = SSL_new(s->context);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        char byte;
        SSL_read(ssl, &byte, 1);
    }
    ERR_clear_error();
    SSL_free(ssl);
}

static inline void service_canned(Service *s, int fd)
{
    uint8_t buffer[4096];
    ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got > 0) {
        s->canned(s, fd, buffer, (size_t)got);
    }
}

/* Half closed, and read to its end, so that nothing said is lost by a reset. */
static inline void service_close(int fd)
{
    char buffer[512];
    shutdown(fd, SHUT_WR);
    while (recv(fd, buffer, sizeof buffer, 0) > 0) {
    }
    close(fd);
}

/* False: the connection is to be closed at once. */
static inline bool service_talk(Service *s, int fd)
{
    s->count++;
    if (s->talk) {
        s->talk(s, fd);
        return true;
    }
    if (s->let_in && s->count > s->let_in && s->count <= s->let_in + s->turned_away) {
        service_say(fd, s->dialogue ? "421 too many connections\r\n" : "");
        return s->dialogue != NULL;
    }
    if (s->dialogue && !service_smtp(s, fd)) {
        return true;
    }
    if (s->canned) {
        service_canned(s, fd);
    } else {
        service_tls(s, fd);
    }
    return true;
}

static inline void *service_thread(void *data)
{
    Service *s = data;
    test_block_sigpipe();
    for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0;) {
        struct timeval limit = {.tv_sec = 10};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        if (service_talk(s, fd)) {
            service_close(fd);
        } else {
            close(fd); /* as a limiter does it, which has no interest in what we say */
        }
    }
    return NULL;
}

static inline void service_start(Service *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(s->fd, (struct sockaddr *)&address, len), ==, 0);
    g_assert_cmpint(listen(s->fd, 16), ==, 0);
    getsockname(s->fd, (struct sockaddr *)&address, &len);
    s->port = ntohs(address.sin_port);
    s->thread = g_thread_new("service", service_thread, s);
}

static inline void service_stop(Service *s)
{
    shutdown(s->fd, SHUT_RDWR);
    g_thread_join(s->thread);
    close(s->fd);
    SSL_CTX_free(s->context);
}

/* What a probe needs, by the service. */
typedef struct {
    Target *target;
    Dns *dns;
    char *connect_to[2];
    SessionPlan session;
    ProbePlan plan;
    Facts *facts;
    Prober *prober;
} Probing;

static inline void probing_start(Probing *g, const Service *s, ProbePlan plan)
{
    GError *error = NULL;
    *g = (Probing){.plan = plan};
    const char *host = s->host ? s->host : "mail.test";
    g_autofree char *url =
        g_strdup_printf("%s://%s:%u", s->dialogue ? s->dialogue : "imaps", host, s->port);
    g->target = target_parse(url, NULL, &error);
    g_assert_no_error(error);
    g->dns = dns_new(&(DnsConfig){.server = "127.0.0.1@9"}, &error);
    g_assert_no_error(error);
    g->connect_to[0] = g_strdup_printf("%s:%u:127.0.0.1:%u", host, s->port, s->port);
    g->session = (SessionPlan){
        .target = g->target,
        .timeout = 20,
        .ehlo = "client.test",
        .dial = {.dns = g->dns, .connect_to = (const char *const *)(void *)g->connect_to}};
    g->plan.plan = &g->session;
    g->facts = facts_new(g->target);
    g->prober = prober_new(&g->plan, g->target, g->facts);
}

static inline void probing_stop(Probing *g)
{
    prober_free(g->prober);
    facts_free(g->facts);
    dns_free(g->dns);
    g_free(g->connect_to[0]);
    target_free(g->target);
}

/* Both at once, and which versions of TLS there are, which most probes need to know. */
static inline void probing_begin(Probing *g, Service *s, ProbePlan plan)
{
    service_start(s);
    probing_start(g, s, plan);
    probe_versions(g->prober);
}

static inline void probing_end(Probing *g, Service *s)
{
    service_stop(s);
    probing_stop(g);
}
