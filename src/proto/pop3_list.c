#include "proto/pop3_list.h"

bool pop3_list_line(Bytes line, uint32_t *ret_number, Bytes *ret_rest)
{
    uint64_t number;
    Bytes rest = bytes_trim(line);
    if (!bytes_number(bytes_word(&rest), UINT32_MAX, &number) || number == 0) {
        return false;
    }
    *ret_number = (uint32_t)number;
    *ret_rest = rest;
    return true;
}

uint64_t pop3_list_size(Bytes rest)
{
    uint64_t size;
    return bytes_number(bytes_word(&rest), UINT64_MAX, &size) ? size : 0;
}

bool pop3_list_uidl(Bytes rest, Bytes *ret_uidl)
{
    *ret_uidl = bytes_trim(rest);
    for (size_t i = 0; i < ret_uidl->len; i++) {
        if ((unsigned char)ret_uidl->data[i] < 0x20 || ret_uidl->data[i] == 0x7f) {
            return false;
        }
    }
    return ret_uidl->len > 0 && ret_uidl->len <= POP3_UIDL_MAX;
}
