/* autoconfig_parse.c: servers out of the file of mail programs, and what is no such file. */
#include <string.h>

#include "audit/autoconfig_parse.h"

#define SERVER(kind, inside) "<incomingServer type=\"" kind "\">" inside "</incomingServer>"
#define CONFIG(inside)                                                                             \
    "<clientConfig><emailProvider id=\"x\">" inside "</emailProvider></clientConfig>"

static char *told(const GPtrArray *servers)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < servers->len; i++) {
        const AutoconfigServer *s = g_ptr_array_index(servers, i);
        g_string_append_printf(text, "%s %s:%u %s|", s->scheme, s->host, s->port,
                               autoconfig_security_name(s->security));
    }
    return g_string_free(text, FALSE);
}

static const struct {
    const char *xml, *servers; /* NULL: no such file */
} rows[] = {
    {CONFIG(SERVER("imap", "<hostname>imap.%EMAILDOMAIN%</hostname> <port> 993 </port>\n"
                           "<socketType>SSL</socketType>")),
     "imaps imap.example.org:993 SSL|"},
    {CONFIG(
         SERVER("imap", "<hostname>a</hostname><port>143</port><socketType>starttls</socketType>")
             SERVER("pop3", "<hostname>b</hostname><port>110</port>")),
     "imap a:143 STARTTLS|pop3 b:110 plain|"},
    {CONFIG("<outgoingServer type=\"smtp\"><hostname>c</hostname><port>465</port>"
            "<socketType>SSL</socketType><port>25</port></outgoingServer>"),
     "submissions c:465 SSL|"},
    /* Passed over: another protocol, no host, no port, one too large. */
    {CONFIG(SERVER("exchange", "<hostname>a</hostname><port>443</port>")
                SERVER("imap", "<port>143</port>") SERVER("imap", "<hostname>a</hostname>")
                    SERVER("imap", "<hostname>a</hostname><port>65536</port>")),
     ""},
    {"<clientConfig/>", ""},
    {"<html><body/></html>", NULL},
    {"<clientConfig>", NULL},
    {"", NULL},
    {"<clientConfig>&nbsp;</clientConfig>", NULL},
};

static void test_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) servers =
            autoconfig_parse(bytes_of(rows[i].xml), "example.org", &error);
        g_assert_true((servers == NULL) == (rows[i].servers == NULL));
        if (servers == NULL) {
            g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
            continue;
        }
        g_autofree char *text = told(servers);
        g_assert_cmpstr(text, ==, rows[i].servers);
    }
}

static void test_a_flood_of_servers_is_capped(void)
{
    g_autoptr(GString) xml = g_string_new("<clientConfig>");
    for (int i = 0; i < 1000; i++) {
        g_string_append(xml, SERVER("imap", "<hostname>a</hostname><port>143</port>"));
    }
    g_string_append(xml, "</clientConfig>");
    g_autoptr(GPtrArray) servers = autoconfig_parse(bytes_of(xml->str), "x", NULL);
    g_assert_cmpuint(servers->len, ==, 16);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/autoconfig/rows", test_rows);
    g_test_add_func("/autoconfig/flood", test_a_flood_of_servers_is_capped);
    return g_test_run();
}
