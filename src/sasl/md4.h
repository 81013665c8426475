/* md4.h: MD4 (RFC 1320), which NTLM's password hash is made of and OpenSSL 3 has put away. For
 * nothing else. */
#pragma once

#include "base/bytes.h"

#define MD4_SIZE 16

void md4_compute(Bytes data, uint8_t out[MD4_SIZE]);
