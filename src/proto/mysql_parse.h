/* mysql_parse.h: the packet with which a MySQL or MariaDB server greets (protocol 10). Pure. */
#pragma once

#include "base/bytes.h"

enum { MYSQL_CLIENT_SSL = 0x800, MYSQL_PROTOCOL_41 = 0x200, MYSQL_SECURE_CONNECTION = 0x8000 };

typedef struct {
    bool is_error; /* the server turns us away: `words` */
    unsigned error_code;
    Bytes words;   /* of the error; borrowed */
    Bytes version; /* "8.0.36", "5.5.5-10.11.6-MariaDB"; borrowed */
    uint32_t capabilities;
    uint8_t charset;
} MysqlGreeting;

/* `payload` is the packet without its header of four octets. False when it is none. */
bool mysql_parse_greeting(Bytes payload, MysqlGreeting *ret);
