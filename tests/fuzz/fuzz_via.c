/* What a person gives to --via and --connect-to, and hosts(5) and resolv.conf(5). */
#include "io/addresses.h"
#include "io/connect_to.h"
#include "io/hops.h"
#include "io/hosts.h"
#include "io/resolvconf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_via(const char *text)
{
    const char *const via[] = {"ssh://first", text, NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) hops = hops_parse(via, &error);
    g_assert_true((hops != NULL) == (error == NULL));
    if (hops) {
        SshHow how = {.command = "ssh"};
        size_t n = hops_count_ssh(hops);
        g_auto(GStrv) argv = hops_ssh_argv(hops, n, &how, "mail.example", 25, NULL);
        g_assert_nonnull(argv);
        g_autofree char *words = hops_text(hops);
        g_assert_nonnull(words);
    }
}

static void read_connect_to(const char *text)
{
    g_auto(ConnectTo) c = {0};
    if (connect_to_parse(text, &c, NULL)) {
        (void)connect_to_matches(&c, "mail.example", 25);
    }
}

static void read_files(Bytes text)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(DnsAddress));
    g_autofree char *canonical = NULL;
    (void)hosts_find(text, "mail", AF_UNSPEC, found, &canonical);
    g_autoptr(ResolvConf) conf = resolvconf_parse(text);
    g_assert_cmpuint(conf->servers->len, <=, 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    read_via(text);
    read_connect_to(text);
    read_files((Bytes){(const char *)data, size});
    DnsAddress address;
    (void)address_parse(text, &address);
    return 0;
}
