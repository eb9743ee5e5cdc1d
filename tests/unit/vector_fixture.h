/* SPDX-License-Identifier: MIT
 *
 * The core of core_fixture.h with vectors, and instructions executed by their word: for tests of interrupts.
 */
#pragma once

#include "cpu/e500/insn.h"
#include "tests/unit/core_fixture.h"

static inline ExecResult execute(E500 *c, uint32_t word)
{
    Insn in;

    insn_decode(word, c->model, &in);
    return insn_exec[in.id](c, &in);
}

/* Each interrupt has a vector of its own, and the next instruction is at 0x1000. */
static inline void vectors_up(E500 *c)
{
    static const E500SprSlot ivor[] = {
#define EXCP(id, ivor, class, kind, doc) SPR_IVOR##ivor,
#include "cpu/e500/excp.def"
#undef EXCP
    };

    c->s.spr[SPR_IVPR] = 0xc0000000;
    for (unsigned i = 0; i < G_N_ELEMENTS(ivor); i++)
        c->s.spr[ivor[i]] = (i + 1) << 4;
    c->s.pc = 0x1000;
}

static inline Ea vector(E500Excp excp)
{
    return 0xc0000000 + ((Ea)excp + 1) * 16;
}
