/* SPDX-License-Identifier: MIT */
#include "platform/base/xxh64.h"

#include <glib.h>
#include <string.h>

/* The specification's primes, by their numbers there. */
static const uint64_t p1 = 0x9e3779b185ebca87, p2 = 0xc2b2ae3d27d4eb4f, p3 = 0x165667b19e3779f9, p4 = 0x85ebca77c2b2ae63,
                      p5 = 0x27d4eb2f165667c5;

static uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static uint64_t get64(const uint8_t *at)
{
    uint64_t le;
    memcpy(&le, at, sizeof(le));
    return GUINT64_FROM_LE(le);
}

static uint32_t get32(const uint8_t *at)
{
    uint32_t le;
    memcpy(&le, at, sizeof(le));
    return GUINT32_FROM_LE(le);
}

static uint64_t round_of(uint64_t lane, uint64_t value)
{
    return rotate(lane + value * p2, 31) * p1;
}

static uint64_t merge(uint64_t hash, uint64_t lane)
{
    return (hash ^ round_of(0, lane)) * p1 + p4;
}

/* The stripes of 32 bytes: each of four lanes takes eight of them. */
static uint64_t stripes(const uint8_t *at, const uint8_t *end, uint64_t seed)
{
    uint64_t a = seed + p1 + p2, b = seed + p2, c = seed, d = seed - p1;
    for (; at < end; at += 32) {
        a = round_of(a, get64(at));
        b = round_of(b, get64(at + 8));
        c = round_of(c, get64(at + 16));
        d = round_of(d, get64(at + 24));
    }
    uint64_t hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    return merge(merge(merge(merge(hash, a), b), c), d);
}

uint64_t xxh64(const void *data, size_t size, uint64_t seed)
{
    const uint8_t *at = data, *end = at + size, *body = at + size / 32 * 32;
    uint64_t hash = size < 32 ? seed + p5 : stripes(at, body, seed);
    hash += size;
    for (at = body; end - at >= 8; at += 8)
        hash = rotate(hash ^ round_of(0, get64(at)), 27) * p1 + p4;
    if (end - at >= 4) {
        hash = rotate(hash ^ get32(at) * p1, 23) * p2 + p3;
        at += 4;
    }
    for (; at < end; at++)
        hash = rotate(hash ^ *at * p5, 11) * p1;
    hash = (hash ^ hash >> 33) * p2;
    hash = (hash ^ hash >> 29) * p3;
    return hash ^ hash >> 32;
}
