/* md4.c: see md4.h. The names follow RFC 1320 section 3.4. */
#include "sasl/md4.h"

#include "base/secret.h"

#include <string.h>

#define BLOCK 64

static uint32_t rotate(uint32_t x, unsigned n)
{
    return (x << n) | (x >> (32 - n));
}

static uint32_t f(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (~x & z);
}

static uint32_t g(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (x & z) | (y & z);
}

static uint32_t h(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static const struct {
    uint32_t (*mix)(uint32_t, uint32_t, uint32_t);
    uint32_t constant;
    uint8_t order[16]; /* which word of the block each step takes */
    uint8_t shifts[4];
} rounds[3] = {
    {f, 0, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {3, 7, 11, 19}},
    {g, 0x5a827999, {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}, {3, 5, 9, 13}},
    {h, 0x6ed9eba1, {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}, {3, 9, 11, 15}},
};

static void add_block(uint32_t state[4], const uint8_t *block)
{
    uint32_t x[16];
    uint32_t v[4] = {state[0], state[1], state[2], state[3]};
    for (size_t i = 0; i < 16; i++) {
        memcpy(&x[i], block + 4 * i, 4);
        x[i] = GUINT32_FROM_LE(x[i]);
    }
    for (size_t r = 0; r < 3; r++) {
        for (size_t i = 0; i < 16; i++) {
            uint32_t *a = &v[(16 - i) % 4]; /* a, d, c, b, a ... */
            uint32_t mixed = rounds[r].mix(v[(17 - i) % 4], v[(18 - i) % 4], v[(19 - i) % 4]);
            *a = rotate(*a + mixed + x[rounds[r].order[i]] + rounds[r].constant,
                        rounds[r].shifts[i % 4]);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        state[i] += v[i];
    }
    secret_wipe(x, sizeof(x));
}

void md4_compute(Bytes data, uint8_t out[MD4_SIZE])
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    uint8_t tail[2 * BLOCK] = {0};
    size_t whole = data.len / BLOCK * BLOCK, left = data.len - whole;
    for (size_t i = 0; i < whole; i += BLOCK) {
        add_block(state, (const uint8_t *)data.data + i);
    }
    if (left > 0) {
        memcpy(tail, data.data + whole, left);
    }
    tail[left] = 0x80;
    size_t tail_len = left < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    uint64_t bits = GUINT64_TO_LE((uint64_t)data.len * 8);
    memcpy(tail + tail_len - 8, &bits, 8);
    for (size_t i = 0; i < tail_len; i += BLOCK) {
        add_block(state, tail + i);
    }
    for (size_t i = 0; i < 4; i++) {
        uint32_t word = GUINT32_TO_LE(state[i]);
        memcpy(out + 4 * i, &word, 4);
    }
    secret_wipe(tail, sizeof(tail));
}
