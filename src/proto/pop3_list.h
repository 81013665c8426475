/* pop3_list.h: the lines of LIST and UIDL (RFC 1939 5, 7), as servers really write them. Pure. */
#pragma once

#include "base/bytes.h"

/* The longest UIDL that is believed: RFC 1939 allows 70 octets, some servers take more. */
enum { POP3_UIDL_MAX = 512 };

/* "12 4711": the message's number, at least 1, and what stands behind it. False when it is no such
 * line. */
bool pop3_list_line(Bytes line, uint32_t *ret_number, Bytes *ret_rest);
/* "4711": the first word of what stands behind the number. 0 when it is no size (negative, beyond
 * 64 bits, missing). */
uint64_t pop3_list_size(Bytes rest);
/* What stands behind the number as an id. False when it is none: empty, too long, or with control
 * characters. */
bool pop3_list_uidl(Bytes rest, Bytes *ret_uidl);
