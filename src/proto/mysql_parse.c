#include "proto/mysql_parse.h"

#include <string.h>

static unsigned le16(Bytes b, size_t at)
{
    return (uint8_t)b.data[at] | (unsigned)(uint8_t)b.data[at + 1] << 8;
}

/* 0xff, code, "#" and SQL state (not before authentication), words. */
static bool parse_error(Bytes payload, MysqlGreeting *ret)
{
    if (payload.len < 3) {
        return false;
    }
    ret->is_error = true;
    ret->error_code = le16(payload, 1);
    ret->words = bytes_sub(payload, 3, payload.len);
    if (bytes_starts(ret->words, "#")) {
        ret->words = bytes_sub(ret->words, 6, ret->words.len);
    }
    return true;
}

bool mysql_parse_greeting(Bytes payload, MysqlGreeting *ret)
{
    enum {
        PROTOCOL_10 = 10,
        ERROR_PACKET = 0xff,
        FIXED = 4 + 8 + 1
    }; /* thread id, scramble, filler */
    *ret = (MysqlGreeting){0};
    if (payload.len && (uint8_t)payload.data[0] == ERROR_PACKET) {
        return parse_error(payload, ret);
    }
    if (!payload.len || payload.data[0] != PROTOCOL_10) {
        return false;
    }
    Bytes rest = bytes_sub(payload, 1, payload.len);
    gssize end = bytes_index(rest, '\0');
    if (end < 0) {
        return false;
    }
    ret->version = bytes_sub(rest, 0, (size_t)end);
    rest = bytes_sub(rest, (size_t)end + 1 + FIXED, rest.len);
    if (rest.len < 2) {
        return false;
    }
    ret->capabilities = le16(rest, 0);
    if (rest.len >= 7) { /* charset, status, upper half of the capabilities */
        ret->charset = (uint8_t)rest.data[2];
        ret->capabilities |= (uint32_t)le16(rest, 5) << 16;
    }
    return true;
}
