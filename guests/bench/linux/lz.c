/* SPDX-License-Identifier: MIT
 *
 * A Lempel-Ziv compressor of text and its expander: loads and stores of bytes, branches that are hard to foresee.
 * A token is a byte: below 128, so many literals and one more follow; else a match of that many less 128, and MIN_MATCH, bytes,
 * whose distance is the next two bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { MIB = 1 << 20, MIN_MATCH = 4, MAX_MATCH = MIN_MATCH + 127, MAX_LITERALS = 128, WINDOW = 65535, HASH_BITS = 15 };

/* Words of a vocabulary of 4096, the low numbers more often, with blanks, full stops and line ends. */
static void make_text(uint8_t *text, size_t bytes)
{
    uint32_t seed = 7;

    for (size_t at = 0; at < bytes;) {
        uint32_t r = next_random(&seed), word = (r & 0xfff) * (r >> 12 & 0xfff) >> 12, letters = word * 2654435761u | 1;

        for (unsigned n = 2 + word % 9; n && at < bytes; n--)
            text[at++] = (uint8_t)('a' + next_random(&letters) % 26);
        if (at < bytes)
            text[at++] = r >> 24 < 12 ? '\n' : r >> 24 < 32 ? '.' : ' ';
    }
}

static inline uint32_t hash_of(const uint8_t *p)
{
    return ((uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]) * 2654435761u >> (32 - HASH_BITS);
}

static uint8_t *put_literals(uint8_t *out, const uint8_t *from, size_t count)
{
    while (count) {
        size_t n = count < MAX_LITERALS ? count : MAX_LITERALS;

        *out++ = (uint8_t)(n - 1);
        for (size_t i = 0; i < n; i++)
            *out++ = *from++;
        count -= n;
    }
    return out;
}

static size_t compress(uint8_t *out, const uint8_t *in, size_t bytes)
{
    static uint32_t last[1 << HASH_BITS]; /* position + 1 of what hashed so */
    uint8_t *begin = out;
    size_t at = 0, literals = 0;

    memset(last, 0, sizeof last);
    while (at + MIN_MATCH <= bytes) {
        uint32_t h = hash_of(in + at), found = last[h];
        size_t distance = at + 1 - found, length = 0, most = bytes - at < MAX_MATCH ? bytes - at : MAX_MATCH;

        last[h] = (uint32_t)at + 1;
        if (found && distance <= WINDOW)
            while (length < most && in[at + length - distance] == in[at + length])
                length++;
        if (length < MIN_MATCH) {
            at++;
            literals++;
            continue;
        }
        out = put_literals(out, in + at - literals, literals);
        literals = 0;
        *out++ = (uint8_t)(128 + length - MIN_MATCH);
        *out++ = (uint8_t)(distance >> 8);
        *out++ = (uint8_t)distance;
        at += length;
    }
    out = put_literals(out, in + at - literals, literals + bytes - at);
    return (size_t)(out - begin);
}

static size_t expand(uint8_t *out, const uint8_t *in, size_t bytes)
{
    const uint8_t *end = in + bytes;
    uint8_t *begin = out;

    while (in < end) {
        unsigned token = *in++, count = token < 128 ? token + 1 : token - 128 + MIN_MATCH;
        const uint8_t *from = in;

        if (token < 128) {
            in += count;
        } else {
            from = out - (in[0] << 8 | in[1]);
            in += 2;
        }
        while (count--)
            *out++ = *from++;
    }
    return (size_t)(out - begin);
}

uint32_t item_lz(uint32_t work)
{
    size_t bytes = (size_t)work * MIB;
    uint8_t *text = malloc(bytes), *packed = malloc(bytes + bytes / MAX_LITERALS + 16), *again = malloc(bytes);

    if (!text || !packed || !again)
        give_up("lz: memory");
    make_text(text, bytes);
    timing_begin();
    size_t size = compress(packed, text, bytes);
    if (expand(again, packed, size) != bytes || memcmp(text, again, bytes) != 0)
        give_up("lz: expands to something else");
    return digest(packed, size);
}
