#include "io/socket_owner.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define HEAD                                                                                       \
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "  \
    "inode\n"
/* Words of an address are in the machine's byte order: these tables are a little-endian one's. */
static const char four[] = HEAD
    "   0: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 "
    "4711 1 0000000000000000 20 4 30 10 -1\n"
    "   1: 0100007F:C351 0100007F:1F90 06 00000000:00000000 03:00000000 00000000     0        0 0 "
    "3 "
    "0000000000000000\n";
static const char six[] =
    HEAD "   0: 0000000000000000FFFF00000100007F:C352 0000000000000000FFFF00000100007F:1F90 01 "
         "00000000:00000000 00:00000000 00000000  1001        0 4712 1 0 20 4 30 10 -1\n"
         "   1: 00000000000000000000000001000000:C353 00000000000000000000000001000000:1F90 01 "
         "00000000:00000000 00:00000000 00000000  1002        0 4713 1 0 20 4 30 10 -1\n";

static void fill(struct sockaddr_storage *to, const char *address, int port)
{
    struct sockaddr_in *in = (struct sockaddr_in *)to;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
    *to = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, address, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        return;
    }
    g_assert_cmpint(inet_pton(AF_INET6, address, &in6->sin6_addr), ==, 1);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((uint16_t)port);
}

static long owner(const char *table, const char *address, int port)
{
    struct sockaddr_storage local;
    struct sockaddr_storage remote;
    fill(&local, address, port);
    fill(&remote, address, 8080);
    uid_t uid = 0;
    return socket_owner_find(bytes_of(table), (const struct sockaddr *)&local,
                             (const struct sockaddr *)&remote, &uid)
               ? (long)uid
               : -1;
}

static void test_rows(void)
{
    if (G_BYTE_ORDER != G_LITTLE_ENDIAN) {
        return;
    }
    g_assert_cmpint(owner(four, "127.0.0.1", 50000), ==, 1000);
    g_assert_cmpint(owner(four, "::ffff:127.0.0.1", 50000), ==, 1000);
    g_assert_cmpint(owner(six, "127.0.0.1", 50002), ==, 1001);
    g_assert_cmpint(owner(six, "::1", 50003), ==, 1002);
    /* TIME_WAIT: uid 0 and no inode is nobody, not root */
    g_assert_cmpint(owner(four, "127.0.0.1", 50001), ==, -1);
    g_assert_cmpint(owner(four, "127.0.0.2", 50000), ==, -1);
    g_assert_cmpint(owner(four, "127.0.0.1", 50009), ==, -1);
}

static void test_rubbish(void)
{
    static const char *const tables[] = {
        "",
        "\n\n",
        "0: 0100007F:C350 0100007F:1F90",
        "0: 0100007F:C350 0100007F:1F90 01 0 0 0 x 0 4711",
        "0: 0100007F:C350 0100007F:1F90 01 0 0 0 99999999999 0 4711",
        "0: 0100007F:C350 0100007F:1F90 01 0 0 0 4294967295 0 4711"};
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_assert_cmpint(owner(tables[i], "127.0.0.1", 50000), ==, -1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/socket-owner/rows", test_rows);
    g_test_add_func("/socket-owner/rubbish", test_rubbish);
    return g_test_run();
}
