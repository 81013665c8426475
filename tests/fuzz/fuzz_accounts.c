/* The text of accounts.conf: whatever is in it, no password is left in the text or shows in a
 * message. */
#include <string.h>

#include "base/bytes.h"
#include "config/accounts_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) accounts = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_malloc(size + 1);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    bool has_password = false;
    bool good = accounts_read(text, size, "accounts.conf", accounts, &has_password, &error);
    g_assert_true(good == (error == NULL));
    bool found = false;
    for (guint i = 0; i < accounts->len; i++) {
        const Account *account = g_ptr_array_index(accounts, i);
        found |= account->password != NULL;
    }
    g_assert_true(!found || has_password);
    return 0;
}
