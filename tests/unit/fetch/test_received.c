#include "fetch/received.h"

#include <string.h>

static void test_the_header_is_one_header_whatever_things_are_called(void)
{
    const ReceivedFacts facts = {.host = "pop.example.org\r\nX-Evil: 1",
                                 .address = "2001:db8::1",
                                 .user = "j(oe)>;\n",
                                 .proto = "POP3",
                                 .encrypted = true,
                                 .local = "here",
                                 .marker = "00ff",
                                 .when = 1795301195};
    g_setenv("TZ", "UTC", TRUE);
    g_autofree char *header = received_header(&facts);
    g_assert_cmpstr(header, ==,
                    "Received: from pop.example.org__X-Evil:_1 ([2001:db8::1])\r\n"
                    "\tby here with POP3S (Postern " POSTERN_VERSION ")\r\n"
                    "\tid 00ff for <j_oe____>;\r\n"
                    "\tSat, 21 Nov 2026 22:46:35 +0000\r\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/received/one", test_the_header_is_one_header_whatever_things_are_called);
    return g_test_run();
}
