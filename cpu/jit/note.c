/* SPDX-License-Identifier: MIT
 *
 * FPSCR while code executes.  Of what an operation's result says of itself, only the last operation counts (FI, FR, FPRF): it is noted, and
 * executed once more by its interpreter function, on copies of its operands, if somebody asks.  What stays is XX: the host keeps it, as the
 * only exception that an inline operation has.
 *
 * So while XX is 0, and blocks execute, the host's flag says whether an inline operation was inexact.  Host arithmetic in C sets it, too:
 * it is taken when code is left and before each instruction that touches FPSCR, and forgotten before code is entered and behind each such
 * instruction.  No other instruction's function computes by the host's floating point.
 */
#include "cpu/e500/interrupt.h"
#include "cpu/e500/softfp.h"
#include "cpu/jit/cond.h"
#include "cpu/jit/jit.h"

/* In effect before the first instruction that could clear XX, so FX is set when the architecture sets it. */
void jit_inexact_take(E500 *c)
{
    if (!(c->s.fpscr & FPSCR_XX) && jit_host_inexact())
        c->s.fpscr |= FPSCR_XX | FPSCR_FX;
}

void jit_inexact_forget(const E500 *c)
{
    if (!(c->s.fpscr & FPSCR_XX))
        jit_host_inexact_forget();
}

/* Its exceptions are in FPSCR already.  MSR[FP] may be off by now. */
static void execute_again(E500 *c, InsnId id)
{
    enum { T, A, B, C, REGISTERS };
    const Insn in = {.id = id, .rt = T, .ra = A, .rb = B, .rc = C};
    uint64_t kept[REGISTERS];
    uint32_t msr = c->s.msr;

    memcpy(kept, c->s.fpr, sizeof(kept));
    for (unsigned i = 0; i < 3; i++)
        c->s.fpr[A + i] = c->engine[JIT_WORD_NOTE_A + i];
    c->s.msr = MSR_FP;
    insn_exec[id](c, &in);
    c->s.msr = msr;
    memcpy(c->s.fpr, kept, sizeof(kept));
}

static void note_conversion(E500 *c)
{
    Softfp fp = {.fpscr = c->s.fpscr};
    softfp_to_int32(&fp, c->engine[JIT_WORD_NOTE_CONVERTED], SOFTFP_ZERO);
    c->s.fpscr = (c->s.fpscr & ~(uint32_t)(FPSCR_FI | FPSCR_FR)) | (fp.flags & (FPSCR_FI | FPSCR_FR));
}

void jit_note_settle(E500 *c)
{
    uint32_t note = (uint32_t)c->engine[JIT_WORD_NOTE];
    c->engine[JIT_WORD_NOTE] = 0;
    if (!note)
        return;
    if (note & NOTE_OP)
        execute_again(c, (InsnId)((note & NOTE_OP) - 1));
    if (note & NOTE_CONVERTED)
        note_conversion(c);
    if (note & NOTE_COMPARED)
        c->s.fpscr = (c->s.fpscr & ~(uint32_t)FPSCR_FPCC) | cond_to_field(c->engine[JIT_WORD_NOTE_COMPARED]) << 12;
}
