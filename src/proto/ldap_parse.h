/* ldap_parse.h: the little BER that it takes to read an ExtendedResponse (RFC 4511 4.12, 5.1).
 * Pure. */
#pragma once

#include "base/bytes.h"

/* How long the whole message is that begins with `start`: 0 when its length cannot be told yet.
 * False when it is no LDAP message, or its length is told in a way LDAP forbids (RFC 4511 5.1: no
 * indefinite form). */
bool ldap_message_length(Bytes start, uint64_t *ret_total);

typedef struct {
    uint64_t id;
    int result;  /* resultCode */
    Bytes words; /* diagnosticMessage, borrowed */
} LdapResponse;

/* False when it is no ExtendedResponse. */
bool ldap_parse_extended(Bytes message, LdapResponse *ret);
