/* The text of a script, and what happens when it is read and written to. */
#include "io/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void play(Bytes text, ScriptOptions options)
{
    g_autoptr(Stream) s = script_stream(text, options, NULL);
    if (!s) {
        return;
    }
    bool eof = false;
    for (size_t turn = 0; turn < 64 && !eof; turn++) {
        char buffer[64];
        size_t got;
        bool ok = stream_read_now(s, buffer, sizeof buffer, &got, &eof, NULL);
        g_assert_true(ok && got <= sizeof buffer);
        if (got == 0 && !stream_write(s, BYTES_LITERAL("A ***** B\r\n"), DEADLINE_PAST, NULL)) {
            break;
        }
    }
    (void)script_finished(s, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes text = {(const char *)data, size};
    play(text, (ScriptOptions){0});
    play(text, (ScriptOptions){.dribble = true, .loose = true});
    return 0;
}
