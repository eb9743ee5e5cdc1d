/* SPDX-License-Identifier: MIT
 *
 * The front: rows of insn.def to ops of the middle language.  A row without a translation, or a form of it that its translation refuses,
 * becomes a call of its interpreter function.
 */
#pragma once

#include "cpu/jit/jit.h"

typedef struct Front {
    Jit *jit;
    IrBlock *b;
    const E500Model *model;
    uint32_t state; /* jit_state() */
    Ea pc;          /* of the instruction in hand */
    const uint8_t *word;
    Ea next;        /* of the one that follows it in the block */
    unsigned index; /* its number in the block */
    unsigned turns; /* of a loop that are translated already */
    bool ends;      /* nothing follows it in the block */
} Front;

enum { HOME_LR = 32, HOME_CTR, HOMES };

/* False: not this form; nothing was added. */
typedef bool Translate(Front *f, const Insn *in);

typedef struct FrontRow {
    InsnId id;
    Translate *translate;
} FrontRow;

/* Ended by a NULL; each file of the front has its own. */
extern const FrontRow front_integer[], front_memory[], front_branch[], front_fp[], front_spe[];

IrOp *front_op(Front *f, IrOpcode op);
IrOp *front_op_dab(Front *f, IrOpcode op, unsigned d, unsigned a, unsigned b);
IrOp *front_op_dai(Front *f, IrOpcode op, unsigned d, unsigned a, uint32_t imm);
void front_record(Front *f, IrOp *op, const Insn *in); /* gives op a JitRecord */
bool front_sets_rounding(const Insn *in);              /* may change JIT_STATE_FP_PLAIN */
/* The instruction in hand goes to `target`: if that is the block's begin, and another turn fits, it goes on with that. */
bool front_turns(Front *f, Ea target);
bool front_same_page(const Front *f, Ea target);
