/* A fetchmailrc: any bytes. What was understood is printed too, and judged. */
#include "report/fetchmailrc_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    Bytes text = {(const char *)data, size};
    g_autoptr(FetchmailRc) rc = fetchmailrc_parse(text, "/rc", "joe", &error);
    g_assert_true((rc != NULL) == (error == NULL));
    if (rc) {
        g_autofree char *json = fetchmailrc_json(rc);
        g_assert_nonnull(json);
    }
    return 0;
}
