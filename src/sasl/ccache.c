/* ccache.c: see ccache.h. Everything is big-endian; a text or blob has its length before it. */
#include "sasl/ccache.h"

#include <string.h>

/* Entries that only carry configuration have this as the realm of their server. */
#define CONFIG_REALM "X-CACHECONF:"

static bool take(Bytes *rest, size_t len, Bytes *ret)
{
    if (len > rest->len) {
        return false;
    }
    if (ret) {
        *ret = bytes_sub(*rest, 0, len);
    }
    *rest = bytes_sub(*rest, len, SIZE_MAX);
    return true;
}

static bool take_number(Bytes *rest, size_t size, uint32_t *ret)
{
    Bytes field;
    if (!take(rest, size, &field)) {
        return false;
    }
    *ret = 0;
    for (size_t i = 0; i < size; i++) {
        *ret = *ret << 8 | (uint8_t)field.data[i];
    }
    return true;
}

static bool take_blob(Bytes *rest, Bytes *ret)
{
    uint32_t len;
    return take_number(rest, 4, &len) && take(rest, len, ret);
}

static bool take_principal(Bytes *rest, Bytes *ret_realm)
{
    uint32_t type, count;
    if (!take_number(rest, 4, &type) || !take_number(rest, 4, &count) ||
        !take_blob(rest, ret_realm)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!take_blob(rest, NULL)) {
            return false;
        }
    }
    return true;
}

/* Addresses, authorization data: a count, then type and blob of each. */
static bool skip_typed_blobs(Bytes *rest)
{
    uint32_t count, type;
    if (!take_number(rest, 4, &count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!take_number(rest, 2, &type) || !take_blob(rest, NULL)) {
            return false;
        }
    }
    return true;
}

static bool take_credential(Bytes *rest, unsigned version, Bytes *ret_realm, uint32_t *ret_end)
{
    uint32_t skipped;
    Bytes client_realm;
    return take_principal(rest, &client_realm) && take_principal(rest, ret_realm) &&
           take(rest, version == 3 ? 4 : 2, NULL) && take_blob(rest, NULL) && /* key */
           take_number(rest, 4, &skipped) &&
           take_number(rest, 4, &skipped) && /* authenticated, starts */
           take_number(rest, 4, ret_end) &&
           take_number(rest, 4, &skipped) && /* ends, renewable till */
           take(rest, 1 + 4, NULL) &&        /* is a session key, flags */
           skip_typed_blobs(rest) && skip_typed_blobs(rest) && take_blob(rest, NULL) &&
           take_blob(rest, NULL);
}

bool ccache_has_ticket(Bytes file, int64_t now)
{
    uint32_t magic, header_len, end;
    Bytes realm;
    if (!take_number(&file, 2, &magic) || (magic != 0x0503 && magic != 0x0504)) {
        return false;
    }
    unsigned version = magic & 0xff;
    if (version == 4 && (!take_number(&file, 2, &header_len) || !take(&file, header_len, NULL))) {
        return false;
    }
    if (!take_principal(&file, &realm)) {
        return false;
    }
    while (take_credential(&file, version, &realm, &end)) {
        if (end > now && !bytes_equal(realm, BYTES_LITERAL(CONFIG_REALM))) {
            return true;
        }
    }
    return false;
}
