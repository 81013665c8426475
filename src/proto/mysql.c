/* mysql.c: MySQL and MariaDB up to TLS: the server greets with what it can do, and an SSLRequest
 * packet is followed by TLS at once: there is no answer to it. */
#include <string.h>

#include "base/escape.h"
#include "proto/mysql_parse.h"
#include "proto/row.h"

enum { PACKET_MAX = 64 * 1024, HEADER = 4, CHARSET_UTF8MB4 = 45 };

static bool turned_away(const MysqlGreeting *greeting, GError **error)
{
    g_autofree char *words = bytes_dup(greeting->words);
    g_autofree char *all = g_strdup_printf("%u %s", greeting->error_code, words);
    return row_turned_away(false, bytes_of(all), error);
}

static Caps *caps_of(uint32_t bits)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {0x20, "COMPRESS"},        {MYSQL_PROTOCOL_41, "PROTOCOL_41"},
        {MYSQL_CLIENT_SSL, "SSL"}, {MYSQL_SECURE_CONNECTION, "SECURE_CONNECTION"},
        {0x80000, "PLUGIN_AUTH"},
    };
    Caps *caps = caps_new();
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (bits & names[i].bit) {
            caps_add_line(caps, bytes_of(names[i].name));
        }
    }
    return caps;
}

static bool greet(Session *s, GError **error)
{
    Bytes header, payload;
    MysqlGreeting greeting;
    if (!wire_exact(s->wire, HEADER, HEADER, &header, error)) {
        return false;
    }
    uint64_t len = (uint8_t)header.data[0] | (uint64_t)(uint8_t)header.data[1] << 8 |
                   (uint64_t)(uint8_t)header.data[2] << 16;
    if (len > PACKET_MAX || header.data[3] != 0) {
        return row_not_spoken(s, header, error);
    }
    if (!wire_exact(s->wire, len, PACKET_MAX, &payload, error)) {
        return false;
    }
    if (!mysql_parse_greeting(payload, &greeting)) {
        return row_not_spoken(s, payload, error);
    }
    if (greeting.is_error) {
        return turned_away(&greeting, error);
    }
    row_keep_greeting(s, greeting.version);
    row_set_caps(s, caps_of(greeting.capabilities));
    return true;
}

/* Length 32, number 1; capabilities, largest packet, character set, 23 octets of nothing. */
static bool ask_tls(Session *s, GError **error)
{
    const uint32_t bits = MYSQL_CLIENT_SSL | MYSQL_PROTOCOL_41 | MYSQL_SECURE_CONNECTION;
    char request[HEADER + 32] = {32, 0, 0, 1};
    request[4] = (char)(bits & 0xff);
    request[5] = (char)(bits >> 8 & 0xff);
    request[11] = 1; /* 16 MB */
    request[12] = CHARSET_UTF8MB4;
    return row_tls_offered(s, "SSL", "CLIENT_SSL", error) &&
           wire_send_bytes(s->wire, (Bytes){request, sizeof request}, false, error) &&
           row_tls_answer(s, "SSLRequest", true, BYTES_NONE, error);
}

const Proto proto_mysql = {
    .name = "mysql",
    .title = "MySQL",
    .rfc = "MySQL protocol 10",
    .greet = greet,
    .ask_tls = ask_tls,
};
