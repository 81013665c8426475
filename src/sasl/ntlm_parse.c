/* ntlm_parse.c: see ntlm_parse.h. */
#include "sasl/ntlm_parse.h"

#include <string.h>

/* It comes back inside the answer, whose length is told in 16 bits. */
#define TARGET_INFO_MAX 60000

uint16_t ntlm_u16(Bytes message, size_t offset)
{
    uint16_t value = 0;
    if (offset <= message.len && message.len - offset >= sizeof(value)) {
        memcpy(&value, message.data + offset, sizeof(value));
    }
    return GUINT16_FROM_LE(value);
}

uint32_t ntlm_u32(Bytes message, size_t offset)
{
    uint32_t value = 0;
    if (offset <= message.len && message.len - offset >= sizeof(value)) {
        memcpy(&value, message.data + offset, sizeof(value));
    }
    return GUINT32_FROM_LE(value);
}

unsigned ntlm_type(Bytes message)
{
    if (message.len < 12 || memcmp(message.data, NTLM_SIGNATURE, 8) != 0) {
        return 0;
    }
    uint32_t type = ntlm_u32(message, 8);
    return type <= 3 ? type : 0;
}

Bytes ntlm_field(Bytes message, size_t offset)
{
    size_t len = ntlm_u16(message, offset), start = ntlm_u32(message, offset + 4);
    if (start > message.len || len > message.len - start) {
        return BYTES_NONE;
    }
    return bytes_sub(message, start, len);
}

static gunichar2 unit_at(Bytes text, size_t index)
{
    return ntlm_u16(text, 2 * index);
}

char *ntlm_text(Bytes text, bool unicode)
{
    if (!unicode) {
        return bytes_dup(text);
    }
    g_autoptr(GString) out = g_string_new(NULL);
    for (size_t i = 0, n = text.len / 2; i < n; i++) {
        gunichar u = unit_at(text, i);
        if (u >= 0xd800 && u < 0xdc00 && i + 1 < n && (unit_at(text, i + 1) & 0xfc00) == 0xdc00) {
            u = 0x10000 + ((u - 0xd800) << 10) + (unit_at(text, ++i) - 0xdc00u);
        } else if (u >= 0xd800 && u < 0xe000) {
            u = 0xfffd;
        }
        g_string_append_unichar(out, u);
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

bool ntlm_parse_challenge(Bytes message, NtlmChallenge *ret, GError **error)
{
    if (ntlm_type(message) != 2 || message.len < 32) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server's NTLM challenge is not a type 2 message");
    }
    ret->flags = ntlm_u32(message, 20);
    memcpy(ret->challenge, message.data + 24, sizeof(ret->challenge));
    ret->target = ntlm_field(message, 12);
    ret->target_info =
        message.len >= 48 && ret->flags & NTLM_TARGET_INFO ? ntlm_field(message, 40) : BYTES_NONE;
    if (ret->target_info.len > TARGET_INFO_MAX) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "the server's NTLM challenge carries %zu octets of facts",
                          ret->target_info.len);
    }
    return true;
}

bool ntlm_av_pair(Bytes *rest, uint16_t *ret_id, Bytes *ret_value)
{
    if (rest->len < 4) {
        return false;
    }
    size_t len = ntlm_u16(*rest, 2);
    *ret_id = ntlm_u16(*rest, 0);
    if (*ret_id == NTLM_AV_END || len > rest->len - 4) {
        return false;
    }
    *ret_value = bytes_sub(*rest, 4, len);
    *rest = bytes_sub(*rest, 4 + len, SIZE_MAX);
    return true;
}
