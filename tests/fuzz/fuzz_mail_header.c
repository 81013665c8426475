/* A message as somebody's program made it: its header is split, its addresses are read, and what
 * comes out is fit to be sent. */
#include "proto/smtp_text.h"
#include "send/outgoing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OutgoingPlan plan = {.take_recipients = true, .add_from = true, .from = "me@example.org"};
    g_autoptr(Outgoing) o = outgoing_new((Bytes){(const char *)data, size}, &plan, NULL);
    if (o) {
        g_assert_true(smtp_text_check(bytes_of_array(o->text), NULL));
    }
    return 0;
}
