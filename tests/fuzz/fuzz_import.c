/* mpop's, msmtp's and getmail's files: the first byte says which, then any bytes. */
#include "config/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool (*const readers[])(Import * to, Bytes text, GError * *error) = {
        import_mpoprc, import_msmtprc, import_getmailrc, import_fetchmailrc};
    if (size == 0) {
        return 0;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(Import) import = import_new("/rc");
    Bytes text = {(const char *)data + 1, size - 1};
    bool good = readers[data[0] % G_N_ELEMENTS(readers)](import, text, &error);
    g_assert_true(good == (error == NULL));
    return 0;
}
