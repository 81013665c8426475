/* replay.h: one transcript of tests/replay, played to the client. See tests/replay/README.md for
 * what a file may say. */
#pragma once

#include <string.h>
#include <sys/socket.h>

#include "../tls/certs.h"
#include "io/script.h"
#include "proto/session.h"

#define REPLAY_HOST "mail.example.org"

typedef struct {
    char *name, *text;
    GHashTable *head; /* "# key: value" lines */
    bool uses_tls;    /* a ~ arrow stands in it: played over a socket with real TLS */
} Replay;

static inline const char *replay_get(const Replay *r, const char *key, const char *otherwise)
{
    const char *value = g_hash_table_lookup(r->head, key);
    return value ? value : otherwise;
}

static inline void replay_read_head(Replay *r)
{
    r->head = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = g_strsplit(r->text, "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        const char *colon = strstr(lines[i], ": ");
        if (lines[i][0] == '#' && lines[i][1] == ' ' && colon &&
            !memchr(lines[i] + 2, ' ', (size_t)(colon - lines[i] - 2))) {
            g_hash_table_insert(r->head, g_strndup(lines[i] + 2, (gsize)(colon - lines[i] - 2)),
                                g_strdup(colon + 2));
        }
        r->uses_tls |= !strncmp(lines[i], "<~", 2) || !strncmp(lines[i], "~>", 2);
    }
}

static inline Replay *replay_load(const char *path)
{
    Replay *r = g_new0(Replay, 1);
    g_autofree char *base = g_path_get_basename(path);
    r->name = g_strndup(base, strlen(base) - strlen(".txt"));
    g_assert_true(g_file_get_contents(path, &r->text, NULL, NULL));
    replay_read_head(r);
    return r;
}

static inline void replay_free(void *data)
{
    Replay *r = data;
    g_hash_table_unref(r->head);
    g_free(r->name);
    g_free(r->text);
    g_free(r);
}

/* --- a stream that remembers what was written to it --- */

typedef struct {
    Stream stream;
    GString *written; /* borrowed */
} Spy;

static inline StreamStatus spy_read(Stream *s, void *buffer, size_t len, size_t *moved,
                                    GError **error)
{
    StreamStatus status = s->lower->kind->try_read(s->lower, buffer, len, moved, error);
    s->fd = s->lower->fd;
    return status;
}

static inline StreamStatus spy_write(Stream *s, const void *data, size_t len, size_t *moved,
                                     GError **error)
{
    StreamStatus status = s->lower->kind->try_write(s->lower, data, len, moved, error);
    if (status == STREAM_OK) {
        g_string_append_len(((Spy *)s)->written, data, (gssize)*moved);
    }
    s->fd = s->lower->fd;
    return status;
}

static inline bool spy_has_pending(const Stream *s)
{
    return stream_has_pending(s->lower);
}

static inline void spy_destroy(Stream *s)
{
    stream_free(s->lower);
}

static inline Stream *spy_on(Stream *lower, GString *written)
{
    static const StreamKind kind = {.name = "spy",
                                    .try_read = spy_read,
                                    .try_write = spy_write,
                                    .has_pending = spy_has_pending,
                                    .destroy = spy_destroy};
    Spy *spy = g_new0(Spy, 1);
    spy->stream = (Stream){.kind = &kind, .fd = lower->fd, .lower = lower};
    spy->written = written;
    return &spy->stream;
}

/* --- the peer, on a thread of its own, where TLS is played for real --- */

typedef struct {
    char *folder, *ca, *cert, *key;
    TlsServer *server;
} ReplayTls;

static inline ReplayTls *replay_tls_new(void)
{
    ReplayTls *t = g_new0(ReplayTls, 1);
    t->folder = test_folder();
    TestCert ca = test_cert((TestCertSpec){.cn = "Replay CA", .ca = true});
    TestCert leaf =
        test_cert((TestCertSpec){.cn = REPLAY_HOST, .san = "DNS:" REPLAY_HOST, .issuer = &ca});
    t->ca = test_pem_cert(t->folder, "ca.pem", &ca);
    t->cert = test_pem_cert(t->folder, "cert.pem", &leaf);
    t->key = test_pem(t->folder, "key.pem", NULL, leaf.key, NULL);
    test_cert_clear(&ca);
    test_cert_clear(&leaf);
    GError *error = NULL;
    t->server = tls_server_new(&(TlsServerPlan){.cert_file = t->cert, .key_file = t->key}, &error);
    g_assert_no_error(error);
    return t;
}

static inline void replay_tls_free(ReplayTls *t)
{
    tls_server_free(t->server);
    test_folder_remove(t->folder);
    g_free(t->ca);
    g_free(t->cert);
    g_free(t->key);
    g_free(t);
}

typedef struct {
    const Replay *replay;
    ReplayTls *tls;
    bool dribble;
    Stream *stream;
    char *problem; /* what the client did wrong, or NULL */
} ReplayPeer;

#define REPLAY_PEER_DEADLINE deadline_in(5)

static inline void replay_say(ReplayPeer *p, Bytes bytes)
{
    for (size_t i = 0; i < bytes.len && p->stream; i += p->dribble ? 1 : bytes.len) {
        stream_write(p->stream, bytes_sub(bytes, i, p->dribble ? 1 : bytes.len),
                     REPLAY_PEER_DEADLINE, NULL);
    }
}

static inline char *replay_hear_line(ReplayPeer *p)
{
    GString *line = g_string_new(NULL);
    char c;
    size_t got = 1;
    while (stream_read(p->stream, &c, 1, &got, REPLAY_PEER_DEADLINE, NULL) && got && c != '\n') {
        g_string_append_c(line, c);
    }
    if (line->len && line->str[line->len - 1] == '\r') {
        g_string_truncate(line, line->len - 1);
    }
    return g_string_free(line, FALSE);
}

/* ***** stands for anything. */
static inline bool replay_matches(const char *expected, const char *heard)
{
    const char *star = strstr(expected, "*****");
    if (!star) {
        return !strcmp(expected, heard);
    }
    const char *tail = star + 5;
    size_t head = (size_t)(star - expected);
    return !strncmp(expected, heard, head) && strlen(heard) >= head + strlen(tail) &&
           g_str_has_suffix(heard, tail);
}

static inline void replay_go_tls(ReplayPeer *p)
{
    GError *error = NULL;
    Stream *lower = p->stream;
    p->stream = NULL;
    p->stream = tls_server_accept(p->tls->server, lower, REPLAY_PEER_DEADLINE, &error);
    if (!p->stream) {
        p->problem = g_strdup(error->message);
        g_error_free(error);
    }
}

static inline void replay_play_line(ReplayPeer *p, const char *line)
{
    bool inside = line[0] == '<' ? line[1] == '~' : line[0] == '~';
    const char *text = strlen(line) > 3 ? line + 3 : "";
    if (inside && !tls_is(p->stream)) {
        replay_go_tls(p);
    }
    if (!p->stream || p->problem) {
        return;
    }
    if (line[0] == '<') {
        g_autofree char *said = g_strconcat(text, "\r\n", NULL);
        replay_say(p, bytes_of(said));
        return;
    }
    g_autofree char *heard = replay_hear_line(p);
    if (!replay_matches(text, heard)) {
        p->problem = g_strdup_printf("heard \"%s\" where \"%s\" was expected", heard, text);
    }
}

static inline void *replay_peer_thread(void *data)
{
    ReplayPeer *p = data;
    g_auto(GStrv) lines = g_strsplit(p->replay->text, "\n", -1);
    for (size_t i = 0; lines[i] && p->stream && !p->problem; i++) {
        if (!strcmp(lines[i], "<stall")) {
            g_free(replay_hear_line(p)); /* until the client gives up */
        } else if (!strcmp(lines[i], "<eof")) {
            break;
        } else if (lines[i][0] == '<' || lines[i][0] == '-' || lines[i][0] == '~') {
            replay_play_line(p, lines[i]);
        }
    }
    stream_free(p->stream);
    return NULL;
}
