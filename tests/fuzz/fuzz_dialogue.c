/* A conversation of any protocol in which both sides say anything at any time. The first octet
 * picks the protocol; then lines: those that begin with ">" are typed, "#" are octets that went
 * out, "." a body that went out, "T" is TLS, all others come from the server, cut to what the
 * dialogue wants. */
#include <string.h>

#include "proto/dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void typed(Dialogue *d, Bytes line)
{
    SentLine peeked, sent;
    g_autofree char *text = bytes_dup(line);
    g_autofree char *full = dialogue_complete_command(d, text);
    dialogue_peek(d, bytes_of(full), &peeked);
    dialogue_send(d, bytes_of(full), &sent);
    g_assert_true(!sent.has_secret ||
                  (sent.secret_len && sent.secret_from + sent.secret_len <= strlen(full)));
    g_assert_true(peeked.has_secret == sent.has_secret && peeked.secret_from == sent.secret_from);
}

static void came(Dialogue *d, Bytes unit)
{
    ReceivedUnit received;
    uint64_t wanted = dialogue_wants_octets(d);
    if (wanted) {
        unit = bytes_sub(unit, 0, (size_t)MIN(wanted, SIZE_MAX));
    }
    dialogue_receive(d, unit, &received);
    g_assert_nonnull(received.verb);
    g_assert_true(!received.final || !received.unsolicited);
    g_assert_true(!wanted || dialogue_wants_octets(d) == wanted - unit.len);
}

static void step(Dialogue *d, Bytes line)
{
    Bytes rest = bytes_sub(line, 1, line.len);
    if (bytes_starts(line, ">")) {
        typed(d, rest);
    } else if (bytes_starts(line, "#")) {
        dialogue_send_octets(d, rest.len);
    } else if (bytes_starts(line, ".") && line.len == 1) {
        dialogue_payload_sent(d);
    } else if (bytes_starts(line, "T") && line.len == 1) {
        dialogue_reset_after_tls(d);
    } else {
        came(d, line);
    }
    dialogue_expects(d);
    g_assert_cmpuint(dialogue_pending(d), <=, 8192);
    g_assert_true(dialogue_expects(d) == EXPECT_PAYLOAD || dialogue_payload_octets(d) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = 0;
    while (protos[count]) {
        count++;
    }
    if (!size) {
        return 0;
    }
    g_autoptr(Dialogue) d = dialogue_new(protos[data[0] % count]);
    Bytes rest = {(const char *)data + 1, size - 1};
    while (rest.len) {
        gssize end = bytes_index(rest, '\n');
        step(d, bytes_sub(rest, 0, end < 0 ? rest.len : (size_t)end));
        rest = end < 0 ? BYTES_NONE : bytes_sub(rest, (size_t)end + 1, rest.len);
    }
    return 0;
}
