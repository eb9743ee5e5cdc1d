/* SPDX-License-Identifier: MIT
 *
 * A fuzzer's input as operands, big-endian; zeros when it ends.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct Input {
    const uint8_t *data;
    size_t size;
} Input;

static inline uint64_t take(Input *in, unsigned size)
{
    uint64_t value = 0;
    for (; size; size--) {
        value = value << 8 | (in->size ? *in->data : 0);
        in->data += in->size != 0;
        in->size -= in->size != 0;
    }
    return value;
}
