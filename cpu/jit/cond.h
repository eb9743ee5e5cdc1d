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

/* By bits 61 to 63, whether the lower half is 0, and whether all of it is. */
#define COND_FIELD(i)  (uint8_t)(((i) >> 1 & 1) << 3 | ((i)&0x14 ? 0 : 1) << 2 | ((i) >> 3 & 1) << 1 | (((i) >> 1 ^ (i)) & 1))
#define COND_FIELDS(i) COND_FIELD(i), COND_FIELD((i) + 1), COND_FIELD((i) + 2), COND_FIELD((i) + 3)
static const uint8_t cond_fields[32] = {COND_FIELDS(0),  COND_FIELDS(4),  COND_FIELDS(8),  COND_FIELDS(12),
                                        COND_FIELDS(16), COND_FIELDS(20), COND_FIELDS(24), COND_FIELDS(28)};

static inline uint32_t cond_to_field(uint64_t v)
{
    return cond_fields[v >> 61 | (uint32_t)((uint32_t)v == 0) << 3 | (uint32_t)(v == 0) << 4];
}

/* The 64-bit value that stands for a CR field.  With a constant field it is a constant expression, as a table needs. */
#define COND_LT(f) ((uint64_t)(f) >> 3 & 1)
#define COND_OF_FIELD(f)                                                               \
    (COND_LT(f) << 62 | (COND_LT(f) ^ ((uint64_t)(f)&1)) << 61 | (uint64_t) !((f)&2) | \
     ((f)&4 ? UINT64_C(1) << 32 : UINT64_C(1) << 63))
