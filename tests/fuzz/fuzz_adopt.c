/* What other programs remember of what they fetched: the first byte says which, then any bytes. */
#include "fetch/adopt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    g_autoptr(GError) error = NULL;
    Bytes text = {(const char *)data + 1, size - 1};
    AdoptKind kind = data[0] % 4;
    g_autoptr(GPtrArray) lists = adopt_parse(kind, text, &error);
    g_assert_true((lists != NULL) == (error == NULL));
    if (lists) {
        adopt_find(lists, "joe", "h");
    }
    adopt_kind_guess("x", text, &kind);
    return 0;
}
