/* ntlm_parse.h: NTLM's three messages (MS-NLMP section 2.2.1), taken apart. Pure; everything is
 * borrowed from the input. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#define NTLM_SIGNATURE "NTLMSSP" /* and its NUL */
#define NTLM_UNICODE 0x00000001u
#define NTLM_OEM 0x00000002u
#define NTLM_REQUEST_TARGET 0x00000004u
#define NTLM_NTLM 0x00000200u
#define NTLM_ALWAYS_SIGN 0x00008000u
#define NTLM_EXTENDED_SECURITY 0x00080000u
#define NTLM_TARGET_INFO 0x00800000u

/* The type of an NTLM message, 1 to 3; 0: it is none. */
unsigned ntlm_type(Bytes message);
/* Little-endian numbers; 0 outside the message. */
uint16_t ntlm_u16(Bytes message, size_t offset);
uint32_t ntlm_u32(Bytes message, size_t offset);
/* The bytes that the length-and-offset field at `offset` points to; empty where it points outside.
 */
Bytes ntlm_field(Bytes message, size_t offset);
/* A text in UTF-16LE or, without unicode, 8-bit, as UTF-8 (broken parts as U+FFFD; 8-bit as it is).
 * The caller frees it. */
char *ntlm_text(Bytes text, bool unicode);

typedef struct {
    uint32_t flags;
    uint8_t challenge[8];
    Bytes target;      /* name, by the flags UTF-16LE or 8-bit */
    Bytes target_info; /* AV pairs, or empty */
} NtlmChallenge;

/* Type 2. Fails with PROTOCOL or LIMIT. */
bool ntlm_parse_challenge(Bytes message, NtlmChallenge *ret, GError **error);

typedef enum {
    NTLM_AV_END,
    NTLM_AV_COMPUTER,
    NTLM_AV_DOMAIN,
    NTLM_AV_DNS_COMPUTER,
    NTLM_AV_DNS_DOMAIN,
    NTLM_AV_DNS_TREE,
    NTLM_AV_FLAGS,
    NTLM_AV_TIMESTAMP,
} NtlmAvId;

/* Takes one AV pair off the front; false at the end or where it is cut. */
bool ntlm_av_pair(Bytes *rest, uint16_t *ret_id, Bytes *ret_value);
