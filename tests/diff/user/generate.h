/* SPDX-License-Identifier: MIT
 *
 * Instruction words and operand values for a row of insn.def, out of the row's own description: new
 * rows need no line here.
 */
#pragma once

#include "cpu/e500/insn.h"
#include "tests/diff/user/record.h"

typedef struct Random {
    uint64_t state;
} Random;

uint64_t random_next(Random *r);
static inline uint32_t random_below(Random *r, uint32_t n)
{
    return (uint32_t)((random_next(r) >> 32) * n >> 32);
}

/* A word of the row, and the one to execute before it, to stand in slot `slot`. */
void generate_words(Random *r, InsnId id, unsigned slot, Record *out);
/* spe: the core has 64-bit GPRs instead of FPRs.  Registers and memory for the words in *record;
 * addresses of accesses fall into record->mem. */
void generate_values(Random *r, InsnId id, bool spe, Record *record);
