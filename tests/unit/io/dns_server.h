/* dns_server.h: a DNS server on loopback in a thread, answering from a table: what a test needs to
 * ask io/dns.c anything. */
#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    const char *name; /* lower case, without the last dot */
    int type;
    int rcode; /* -1: no answer at all */
    const char *rdata;
    size_t len;
    int delay_ms;
} ServedRecord;

typedef struct {
    int fd;
    uint16_t port;
    const ServedRecord *records; /* ends with a NULL name */
    GThread *thread;
    gint questions; /* how many it was asked */
} DnsServer;

/* The name in dotted form; gives how many octets it took. */
static inline size_t served_name(const uint8_t *packet, size_t len, char out[256])
{
    size_t at = 12;
    size_t n = 0;
    while (at < len && packet[at] != 0 && n + packet[at] < 250) {
        size_t label = packet[at];
        for (size_t i = 1; i <= label && at + i < len; i++) {
            out[n++] = g_ascii_tolower((char)packet[at + i]);
        }
        out[n++] = '.';
        at += label + 1;
    }
    out[n > 0 ? n - 1 : 0] = '\0';
    return at + 1 - 12;
}

static inline void served_u16(GByteArray *a, unsigned v)
{
    g_byte_array_append(a, (const guint8[]){(guint8)(v >> 8), (guint8)v}, 2);
}

static inline void served_answer(GByteArray *a, const ServedRecord *r)
{
    served_u16(a, 0xc00c);
    served_u16(a, (unsigned)r->type);
    served_u16(a, 1);
    served_u16(a, 0);
    served_u16(a, 60);
    served_u16(a, (unsigned)r->len);
    g_byte_array_append(a, (const guint8 *)r->rdata, (guint)r->len);
}

/* NULL: say nothing. */
static inline GByteArray *served_reply(const DnsServer *s, const uint8_t *q, size_t len)
{
    char name[256];
    size_t name_len = served_name(q, len, name);
    int type = q[12 + name_len] << 8 | q[12 + name_len + 1];
    GByteArray *a = g_byte_array_new();
    int rcode = 3;
    unsigned count = 0;
    g_byte_array_append(a, q, (guint)(12 + name_len + 4));
    for (const ServedRecord *r = s->records; r->name; r++) {
        if (strcmp(r->name, name) != 0) {
            continue;
        }
        rcode = rcode == 3 ? 0 : rcode;
        if (r->type != type) {
            continue;
        }
        if (r->rcode < 0) {
            g_byte_array_unref(a);
            return NULL;
        }
        g_usleep((gulong)r->delay_ms * 1000);
        rcode = r->rcode;
        if (r->rdata) {
            served_answer(a, r);
            count++;
        }
    }
    a->data[2] = 0x84;
    a->data[3] = (guint8)(0x80 | rcode);
    a->data[7] = (guint8)count;
    memset(a->data + 8, 0, 4);
    return a;
}

static inline gpointer served_loop(gpointer user)
{
    DnsServer *s = user;
    while (TRUE) {
        uint8_t packet[1500];
        struct sockaddr_in from;
        socklen_t from_len = sizeof from;
        ssize_t n = recvfrom(s->fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_len);
        if (n < 17) { /* an empty datagram ends it */
            return NULL;
        }
        g_atomic_int_inc(&s->questions);
        GByteArray *reply = served_reply(s, packet, (size_t)n);
        if (reply) {
            sendto(s->fd, reply->data, reply->len, 0, (struct sockaddr *)&from, from_len);
            g_byte_array_unref(reply);
        }
    }
}

static inline DnsServer *dns_server_start(const ServedRecord *records)
{
    DnsServer *s = g_new0(DnsServer, 1);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    s->records = records;
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(s->fd, (struct sockaddr *)&at, sizeof at), ==, 0);
    g_assert_cmpint(getsockname(s->fd, (struct sockaddr *)&at, &len), ==, 0);
    s->port = ntohs(at.sin_port);
    s->thread = g_thread_new("dns", served_loop, s);
    return s;
}

static inline void dns_server_stop(DnsServer *s)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(s->port)};
    sendto(s->fd, "", 0, 0, (struct sockaddr *)&at, sizeof at);
    g_thread_join(s->thread);
    close(s->fd);
    g_free(s);
}

static inline char *dns_server_address(const DnsServer *s)
{
    return g_strdup_printf("127.0.0.1@%u", s->port);
}
