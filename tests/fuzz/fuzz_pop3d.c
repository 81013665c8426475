/* Any client of the POP3 server, with mail there. */
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
    MailFolder *inbox = mail_find_folder(mailstore_user(s.box.store, "joe", NULL), "INBOX");
    g_autoptr(GBytes) mail = g_bytes_new_static(".a\r\n\r\n..\n.", 10);
    mail_add(s.box.store, inbox, mail, NULL, NULL);
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
        serve("pop3", data, size);
    }
    return 0;
}
