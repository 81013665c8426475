/* Any client of the POP3 server, with mail there. */
#include "../unit/server/sandboxed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size >= 4096) {
        return 0;
    }
    Sandboxed s;
    sandboxed_begin(&s);
    MailFolder *inbox = mail_find_folder(mailstore_user(s.box.store, "joe", NULL), "INBOX");
    g_autoptr(GBytes) mail = g_bytes_new_static(".a\r\n\r\n..\n.", 10);
    mail_add(s.box.store, inbox, mail, NULL, NULL);
    sandboxed_hear(&s, "pop3", (Bytes){(const char *)data, size});
    sandboxed_end(&s);
    return 0;
}
