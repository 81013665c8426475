/* Judging what was pasted, and taking a transcript apart line by line. */
#include <stdint.h>

#include "mime/pasted.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes text = {(const char *)data, size};
    Pasted pasted;
    pasted_judge(text, &pasted);
    g_autofree char *header = pasted_header(&pasted);
    g_autofree char *words = pasted_words(&pasted);
    g_assert_nonnull(header);
    g_assert_true(words != NULL || pasted.kind <= PASTED_MBOX);
    for (size_t number = 0; pasted.kind == PASTED_TRANSCRIPT && text.len > 0; number++) {
        gssize at = bytes_index(text, '\n');
        Bytes line = bytes_sub(text, 0, at < 0 ? text.len : (size_t)at + 1);
        text = bytes_sub(text, line.len, SIZE_MAX);
        if (!pasted_line(&pasted, number, &line)) {
            break;
        }
    }
    pasted_clear(&pasted);
    return 0;
}
