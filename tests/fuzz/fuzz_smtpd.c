/* Any client of the SMTP server. */
#include <string.h>

#include "../unit/server/sandboxed.h"

/* What the client sends, as a script's hex line. */
static void serve(const char *service, const uint8_t *data, size_t size)
{
    Sandboxed s;
    g_autofree char *hex = bytes_hex((Bytes){(const char *)data, size});
    g_autofree char *text = g_strdup_printf("<= %s\n", hex);
    g_autoptr(GError) error = NULL;
    sandboxed_begin(&s);
    Stream *stream = script_stream(bytes_of(text), (ScriptOptions){.loose = true}, NULL);
    if (stream) {
        sandboxed_serve(&s, service, stream, &error);
    }
    sandboxed_end(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && size < 4096) {
        serve(data[0] & 1 ? "lmtp" : "submission", data + 1, size - 1);
    }
    return 0;
}
