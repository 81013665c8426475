#include "proto/ldap_parse.h"

enum {
    TAG_INTEGER = 0x02,
    TAG_OCTETS = 0x04,
    TAG_ENUMERATED = 0x0a,
    TAG_SEQUENCE = 0x30,
    TAG_EXTENDED_RESPONSE = 0x78,
};

static uint8_t octet(Bytes b, size_t index)
{
    return (uint8_t)b.data[index];
}

/* The length behind the tag: *head octets of tag and length, *len of contents. False when
 * malformed; *head 0: not all here. */
static bool read_length(Bytes b, size_t *head, uint64_t *len)
{
    *head = 0;
    *len = 0;
    if (b.len < 2) {
        return true;
    }
    uint8_t first = octet(b, 1);
    if (first < 0x80) {
        *head = 2;
        *len = first;
        return true;
    }
    size_t count = first & 0x7f;
    if (count == 0 || count > 4) {
        return false;
    }
    for (size_t i = 0; i < count && b.len >= 2 + count; i++) {
        *len = *len << 8 | octet(b, 2 + i);
        *head = 2 + count;
    }
    return true;
}

bool ldap_message_length(Bytes start, uint64_t *ret_total)
{
    size_t head;
    uint64_t len;
    *ret_total = 0;
    if (start.len && octet(start, 0) != TAG_SEQUENCE) {
        return false;
    }
    if (!read_length(start, &head, &len)) {
        return false;
    }
    *ret_total = head ? head + len : 0;
    return true;
}

/* Takes one element with this tag off the front. */
static bool take(Bytes *rest, uint8_t tag, Bytes *contents)
{
    size_t head;
    uint64_t len;
    if (!rest->len || octet(*rest, 0) != tag || !read_length(*rest, &head, &len) || !head ||
        len > rest->len - head) {
        return false;
    }
    *contents = bytes_sub(*rest, head, (size_t)len);
    *rest = bytes_sub(*rest, head + (size_t)len, rest->len);
    return true;
}

static bool take_number(Bytes *rest, uint8_t tag, uint64_t *number)
{
    Bytes contents;
    *number = 0;
    if (!take(rest, tag, &contents) || contents.len == 0 || contents.len > 4) {
        return false;
    }
    for (size_t i = 0; i < contents.len; i++) {
        *number = *number << 8 | octet(contents, i);
    }
    return true;
}

bool ldap_parse_extended(Bytes message, LdapResponse *ret)
{
    Bytes inside, response, matched;
    uint64_t result;
    *ret = (LdapResponse){0};
    if (!take(&message, TAG_SEQUENCE, &inside) || !take_number(&inside, TAG_INTEGER, &ret->id) ||
        !take(&inside, TAG_EXTENDED_RESPONSE, &response) ||
        !take_number(&response, TAG_ENUMERATED, &result) || result > 0xffff ||
        !take(&response, TAG_OCTETS, &matched) || !take(&response, TAG_OCTETS, &ret->words)) {
        return false;
    }
    ret->result = (int)result;
    return true;
}
