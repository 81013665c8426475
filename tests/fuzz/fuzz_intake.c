/* A session of `sendmail -bs`, read at once and an octet at a time: both hear the same, no message
 * is above the cap, and DATA is the only way into one. */
#include "send/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_OCTETS = 20, TEXT_MAX_OCTETS = 60 };

/* What is heard until more is needed. */
static void hear(Intake *i, GString *heard)
{
    Bytes what;
    for (IntakeWhat kind; (kind = intake_next(i, &what)) != INTAKE_MORE;) {
        g_string_append_printf(heard, "[%d ", (int)kind);
        g_string_append_len(heard, what.data,
                            (gssize)(kind == INTAKE_COMMAND || kind == INTAKE_TEXT ? what.len : 0));
        g_assert_true(kind != INTAKE_COMMAND || what.len <= LINE_MAX_OCTETS);
        g_assert_true(kind != INTAKE_TEXT || what.len <= TEXT_MAX_OCTETS);
        if (kind == INTAKE_COMMAND && bytes_equal_ci(what, "DATA")) {
            intake_begin_text(i);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Intake) whole = intake_new(LINE_MAX_OCTETS, TEXT_MAX_OCTETS);
    g_autoptr(Intake) pieces = intake_new(LINE_MAX_OCTETS, TEXT_MAX_OCTETS);
    g_autoptr(GString) once = g_string_new(NULL), slowly = g_string_new(NULL);
    intake_feed(whole, (Bytes){(const char *)data, size});
    hear(whole, once);
    for (size_t i = 0; i < size; i++) {
        intake_feed(pieces, (Bytes){(const char *)data + i, 1});
        hear(pieces, slowly);
    }
    g_assert_true(g_string_equal(once, slowly));
    return 0;
}
