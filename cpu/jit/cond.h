/* SPDX-License-Identifier: MIT
 *
 * A CR field as a 64-bit value, made by one subtraction and tested by one comparison.
 *
 *   GT  the value is > 0
 *   EQ  its lower 32 bits are 0
 *   LT  bit 62
 *   SO  bit 61 differs from bit 62
 *
 * The difference of two 32-bit numbers, signed or not, has bits 61 to 63 alike, and so says LT, GT or EQ, and no SO.  With SO bit 61 is turned
 * round, and a difference of 0 gets bit 63, or it would be > 0.  Every one of the 16 combinations has a value, as mtcrf may write any of them.
 */
#pragma once

#include <stdint.h>

static inline uint32_t cond_to_field(uint64_t v)
{
    uint32_t lt = v >> 62 & 1;
    return lt << 3 | (uint32_t)((int64_t)v > 0) << 2 | (uint32_t)((uint32_t)v == 0) << 1 | ((v >> 61 & 1) ^ lt);
}

/* The 64-bit value that stands for a CR field.  With a constant field it is a constant expression, as a table needs. */
#define COND_LT(f) ((uint64_t)(f) >> 3 & 1)
#define COND_OF_FIELD(f)                                                               \
    (COND_LT(f) << 62 | (COND_LT(f) ^ ((uint64_t)(f)&1)) << 61 | (uint64_t) !((f)&2) | \
     ((f)&4 ? UINT64_C(1) << 32 : UINT64_C(1) << 63))
