/* The whole ladder against a server that says anything. The first octet picks the protocol and
 * whether the way is private; the rest is what the server says. Without a private way the password
 * must not come out. */
#include <string.h>

#include "proto/session.h"

#define PASSWORD "s3cret-w0rd"
#define PASSWORD_BASE64 "czNjcmV0LXcwcmQ"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    Stream stream;
    Bytes to_come;
    GString *written; /* borrowed */
} Memory;

static StreamStatus memory_read(Stream *s, void *buffer, size_t len, size_t *moved, GError **error)
{
    Memory *m = (Memory *)s;
    (void)error;
    *moved = MIN(len, m->to_come.len);
    if (!*moved) {
        return STREAM_EOF;
    }
    *moved = MIN(*moved, 64); /* in pieces */
    memcpy(buffer, m->to_come.data, *moved);
    m->to_come = bytes_sub(m->to_come, *moved, m->to_come.len);
    return STREAM_OK;
}

static StreamStatus memory_write(Stream *s, const void *data, size_t len, size_t *moved,
                                 GError **error)
{
    (void)error;
    g_string_append_len(((Memory *)s)->written, data, (gssize)len);
    *moved = len;
    return STREAM_OK;
}

static void memory_destroy(Stream *s)
{
    (void)s;
}

static Stream *memory_stream(Bytes bytes, GString *written)
{
    static const StreamKind kind = {.name = "memory",
                                    .try_read = memory_read,
                                    .try_write = memory_write,
                                    .destroy = memory_destroy};
    Memory *m = g_new0(Memory, 1);
    *m = (Memory){.stream = {.kind = &kind, .fd = -1}, .to_come = bytes, .written = written};
    return &m->stream;
}

static Secret *password(void *user, GError **error)
{
    (void)user;
    (void)error;
    return secret_new(PASSWORD, strlen(PASSWORD));
}

static const char *const urls[] = {
    "smtp://joe@x.example",  "lmtp://joe@x.example", "pop3://joe@x.example", "imap://joe@x.example",
    "sieve://joe@x.example", "ftp://joe@x.example",  "nntp://joe@x.example", "irc://x.example",
    "xmpp://x.example",      "ldap://x.example",     "postgres://x.example", "mysql://x.example",
};

static void climb(const Target *target, bool private, Bytes said, GString *written)
{
    g_autoptr(GError) error = NULL;
    SessionPlan plan = {
        .target = target,
        .tls = {.demand = private ? TLS_OFF : TLS_REQUIRED},
        .credentials = {.user = target->user, .password = password},
        .ehlo = "client.example.org",
        .timeout = 0.01,
        .auth_wait = 0.001,
    };
    Session *s = session_new_over(&plan, memory_stream(said, written));
    s->dialled.private_way = private;
    bool ok = session_climb(s, STAGE_AUTH, &error);
    g_assert_true(ok == (error == NULL));
    session_quit(s);
    session_free(s);
}

/* A peer that knows the password already gets it back where the protocol echoes (IRC's PING): no
 * leak of ours. */
static bool says_password(const uint8_t *data, size_t size)
{
    return memmem(data, size, PASSWORD, strlen(PASSWORD)) ||
           memmem(data, size, PASSWORD_BASE64, strlen(PASSWORD_BASE64));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size || says_password(data, size)) {
        return 0;
    }
    g_autoptr(GString) written = g_string_new(NULL);
    g_autoptr(Target) target = target_parse(urls[(data[0] >> 1) % G_N_ELEMENTS(urls)], NULL, NULL);
    bool private = data[0] & 1;
    climb(target, private, (Bytes){(const char *)data + 1, size - 1}, written);
    g_assert_true(private ||
                  (!strstr(written->str, PASSWORD) && !strstr(written->str, PASSWORD_BASE64)));
    return 0;
}
