/* socket_owner.c: rows such as
 *
 *   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
 *    0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 4711
 * ...
 *
 * in which an address is one or four words of 32 bits, each in this machine's byte order. */
#include "io/socket_owner.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FIELD_LOCAL = 1, FIELD_REMOTE = 2, FIELD_UID = 7, FIELD_INODE = 9, FIELDS = 10 };
/* A busy server's table; what is behind it is not looked at, and the peer is unknown. */
#define TABLE_MAX (64u * 1024 * 1024)

#define END_SIZE 48

static void put_words(const uint8_t *address, size_t words, uint16_t port, char out[END_SIZE])
{
    for (size_t i = 0; i < words; i++) {
        uint32_t word;
        memcpy(&word, address + 4 * i, sizeof word);
        g_snprintf(out + 8 * i, 9, "%08X", word);
    }
    g_snprintf(out + 8 * words, 6, ":%04X", port);
}

/* One end of a connection in the table's own form; `wide`: as tcp6 has it. False for what is no
 * such address. */
static bool end_text(const struct sockaddr *end, bool wide, char out[END_SIZE])
{
    if (end->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)end;
        uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
        memcpy(mapped + 12, &four->sin_addr, 4);
        put_words(wide ? mapped : mapped + 12, wide ? 4 : 1, ntohs(four->sin_port), out);
        return true;
    }
    if (end->sa_family != AF_INET6 || !wide) {
        return false;
    }
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)end;
    put_words((const uint8_t *)&six->sin6_addr, 4, ntohs(six->sin6_port), out);
    return true;
}

/* An IPv4-mapped address is an IPv4 address to the table of IPv4 sockets. */
static void unmap(const struct sockaddr *end, struct sockaddr_storage *out)
{
    memcpy(out, end,
           end->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)end;
    if (end->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
        struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = six->sin6_port};
        memcpy(&four.sin_addr, (const uint8_t *)&six->sin6_addr + 12, 4);
        memcpy(out, &four, sizeof four);
    }
}

/* Splits a row at blanks; false when it has too few fields. */
static bool split_row(Bytes row, Bytes fields[FIELDS])
{
    row = bytes_trim(row);
    for (size_t i = 0; i < FIELDS; i++) {
        fields[i] = bytes_word(&row);
        if (fields[i].len == 0) {
            return false;
        }
    }
    return true;
}

static bool row_matches(Bytes row, const char *local, const char *remote, uid_t *ret_uid)
{
    Bytes fields[FIELDS];
    uint64_t uid;
    uint64_t inode;
    if (!split_row(row, fields) || !bytes_equal_ci(fields[FIELD_LOCAL], local) ||
        !bytes_equal_ci(fields[FIELD_REMOTE], remote) ||
        !bytes_number(fields[FIELD_UID], UINT32_MAX - 1, &uid) ||
        !bytes_number(fields[FIELD_INODE], UINT64_MAX, &inode) || inode == 0) {
        return false;
    }
    *ret_uid = (uid_t)uid;
    return true;
}

static bool find(Bytes table, const char *local, const char *remote, uid_t *ret_uid)
{
    while (table.len > 0) {
        gssize end = bytes_index(table, '\n');
        size_t len = end < 0 ? table.len : (size_t)end;
        if (row_matches(bytes_sub(table, 0, len), local, remote, ret_uid)) {
            return true;
        }
        table = bytes_sub(table, len + 1, table.len);
    }
    return false;
}

bool socket_owner_find(Bytes table, const struct sockaddr *local, const struct sockaddr *remote,
                       uid_t *ret_uid)
{
    struct sockaddr_storage here;
    struct sockaddr_storage there;
    unmap(local, &here);
    unmap(remote, &there);
    for (int wide = 0; wide < 2; wide++) {
        char a[END_SIZE];
        char b[END_SIZE];
        if (end_text((const struct sockaddr *)&here, wide, a) &&
            end_text((const struct sockaddr *)&there, wide, b) && find(table, a, b, ret_uid)) {
            return true;
        }
    }
    return false;
}

static GByteArray *read_table(const char *path)
{
    GByteArray *table = g_byte_array_new();
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? 1 : 0;
    while (n > 0 && table->len < TABLE_MAX) {
        guint len = table->len;
        g_byte_array_set_size(table, len + 65536);
        n = read(fd, table->data + len, 65536);
        g_byte_array_set_size(table, len + (guint)MAX(n, 0));
    }
    if (fd >= 0) {
        close(fd);
    }
    return table;
}

bool socket_owner(const struct sockaddr *local, const struct sockaddr *remote, uid_t *ret_uid)
{
    static const char *const tables[] = {"/proc/self/net/tcp", "/proc/self/net/tcp6"};
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_autoptr(GByteArray) table = read_table(tables[i]);
        if (socket_owner_find(bytes_of_array(table), local, remote, ret_uid)) {
            return true;
        }
    }
    return false;
}
