/* https_peer.h: a TLS server (openssl s_server). Either a test writes its answers by hand: what it
 * is asked comes out of its standard output, what it is given goes to whoever is connected. Or it
 * hands out the files of the current directory, which are whole answers. */
#pragma once

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "io/child.h"
#include "io/https.h"
#include "io/sched.h"

typedef struct {
    char *directory, *certificate, *key;
    Stream *server;
    GString *heard; /* of the request that is being answered */
    char *connect_to[2];
    Dns *dns;
    DialPlan dial;
} HttpsPeer;

static inline void https_peer_hear(HttpsPeer *p, const char *until)
{
    while (!strstr(p->heard->str, until)) {
        char piece[512];
        size_t got = 0;
        g_assert_true(stream_read(p->server, piece, sizeof piece, &got, deadline_in(20), NULL));
        g_assert_cmpuint(got, >, 0);
        g_string_append_len(p->heard, piece, (gssize)got);
    }
}

static inline void https_peer_certify(const HttpsPeer *p, const char *host)
{
    g_autofree char *names = g_strconcat("subjectAltName=DNS:", host, NULL);
    const char *make[] = {"openssl",
                          "req",
                          "-x509",
                          "-newkey",
                          "ec",
                          "-pkeyopt",
                          "ec_paramgen_curve:P-256",
                          "-nodes",
                          "-days",
                          "2",
                          "-subj",
                          "/CN=test",
                          "-addext",
                          names,
                          "-keyout",
                          p->key,
                          "-out",
                          p->certificate,
                          NULL};
    int status = -1;
    g_assert_true(g_spawn_sync(NULL, (char **)make, NULL,
                               G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                               NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
}

/* Under that name; `files`: it hands out files. */
static inline void https_peer_serve(HttpsPeer *p, const char *host, bool files)
{
    p->directory = g_dir_make_tmp("postern-peer-XXXXXX", NULL);
    p->certificate = g_build_filename(p->directory, "cert.pem", NULL);
    p->key = g_build_filename(p->directory, "key.pem", NULL);
    https_peer_certify(p, host);
    const char *serve[] = {"openssl",      "s_server", "-accept", "127.0.0.1:0",          "-cert",
                           p->certificate, "-key",     p->key,    files ? "-HTTP" : NULL, NULL};
    p->server = child_stream(serve, NULL);
    p->heard = g_string_new(NULL);
    https_peer_hear(p, "ACCEPT 127.0.0.1:");
    const char *port = strstr(p->heard->str, "ACCEPT 127.0.0.1:") + strlen("ACCEPT ");
    https_peer_hear(p, "\n");
    p->connect_to[0] = g_strndup(port, strcspn(port, "\r\n"));
    p->dns = dns_new(&(DnsConfig){.resolv_conf = "/nonexistent"}, NULL);
    p->dial = (DialPlan){.dns = p->dns, .connect_to = (const char *const *)p->connect_to};
}

static inline void https_peer_open(HttpsPeer *p)
{
    https_peer_serve(p, "id.example", false);
}

static inline void https_peer_close(HttpsPeer *p)
{
    stream_free(p->server);
    dns_free(p->dns);
    g_string_free(p->heard, TRUE);
    g_unlink(p->certificate);
    g_unlink(p->key);
    g_assert_cmpint(g_rmdir(p->directory), ==, 0);
    g_free(p->directory);
    g_free(p->certificate);
    g_free(p->key);
    g_free(p->connect_to[0]);
}

/* Waits for a request that ends in `until`, and answers it. */
static inline void https_peer_answer(HttpsPeer *p, const char *until, int status, const char *body)
{
    https_peer_hear(p, until);
    g_autofree char *answer = g_strdup_printf(
        "HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\nLocation: https://else.example/"
        "\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
        status, strlen(body), body);
    g_assert_true(stream_write(p->server, bytes_of(answer), deadline_in(20), NULL));
}

/* What was heard is forgotten, up to the end of that connection. */
static inline void https_peer_next(HttpsPeer *p)
{
    https_peer_hear(p, "DONE\n");
    g_string_erase(p->heard, 0, strstr(p->heard->str, "DONE\n") - p->heard->str + 5);
}

/* Runs both beside each other. */
static inline void https_peer_run(TaskFunc ask, void *ask_user, TaskFunc answer, void *answer_user)
{
    g_autoptr(Sched) sched = sched_new(NULL);
    g_assert_nonnull(sched_spawn(sched, ask, ask_user, NULL));
    g_assert_nonnull(sched_spawn(sched, answer, answer_user, NULL));
    g_autoptr(GError) error = NULL;
    sched_run(sched, &error);
    g_assert_no_error(error);
}
