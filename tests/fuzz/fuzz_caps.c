/* Capability lines. */
#include "proto/caps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Caps) caps = caps_new();
    Bytes rest = {(const char *)data, size};
    while (rest.len) {
        gssize end = bytes_index(rest, '\n');
        caps_add_line(caps, bytes_sub(rest, 0, end < 0 ? rest.len : (size_t)end));
        rest = end < 0 ? BYTES_NONE : bytes_sub(rest, (size_t)end + 1, rest.len);
    }
    g_assert_cmpuint(caps_count(caps), <=, 512);
    for (size_t i = 0; i < caps_count(caps); i++) {
        g_assert_true(caps_has(caps, caps_name(caps, i)) && caps_line(caps, i));
        caps_args(caps, caps_name(caps, i));
    }
    g_strfreev(caps_mechanisms(caps));
    caps_mangled_tls(caps, "STARTTLS");
    caps_mangled_tls(caps, "STLS");
    return 0;
}
