/* connect_to.h: --connect-to=[HOST:PORT:]ADDR:PORT, as curl's: dial somewhere else than the address
 * says. */
#pragma once

#include <stdint.h>

#include "base/error.h"

typedef struct {
    char *from_host;    /* NULL: any */
    uint16_t from_port; /* 0: any */
    char *to_host;      /* NULL: as it was */
    uint16_t to_port;   /* 0: as it was */
} ConnectTo;

/* An empty part means "any" or "as it was"; IPv6 addresses stand in brackets. USAGE. */
bool connect_to_parse(const char *text, ConnectTo *ret, GError **error);
void connect_to_clear(ConnectTo *c);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ConnectTo, connect_to_clear)

bool connect_to_matches(const ConnectTo *c, const char *host, uint16_t port);
