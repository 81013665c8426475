/* What a SOCKS proxy answers: the input is all it ever says. */
#include "io/script.h"
#include "io/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void talk(Bytes script, const char *user, const Secret *password)
{
    g_autoptr(Stream) s = script_stream(script, (ScriptOptions){.loose = true}, NULL);
    g_autoptr(GError) error = NULL;
    bool ok = socks5_connect(s, "mail.example", 25, user, password, DEADLINE_PAST, &error);
    g_assert_true(ok == (error == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *hex = bytes_hex((Bytes){(const char *)data, size});
    g_autofree char *script = g_strdup_printf("<= %s\n", hex);
    g_autoptr(Secret) password = secret_new("pwd", 3);
    talk(bytes_of(script), NULL, NULL);
    talk(bytes_of(script), "alice", password);
    return 0;
}
