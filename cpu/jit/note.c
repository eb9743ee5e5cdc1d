/* SPDX-License-Identifier: MIT
 *
 * FPSCR and SPEFSCR while code executes; FPSCR stands for both here, XX for FINXS, and FI, FR and FPRF for the status bits.  Of what an operation's result says of itself, only the last operation counts (FI, FR, FPRF): it is noted, and
 * executed once more by its interpreter function, on copies of its operands, if somebody asks.  What stays is XX: the host keeps it, as the
 * only exception that an inline operation has.
 *
 * So while XX is 0, and blocks execute, the host's flag says whether an inline operation was inexact.  Host arithmetic in C sets it, too:
 * it is taken when code is left and before each instruction that touches FPSCR, and forgotten before code is entered and behind each such
 * instruction.  No other instruction's function computes by the host's floating point.
 */
#include "cpu/e500/exec_spe.h"
#include "cpu/e500/softfp.h"
#include "cpu/jit/cond.h"
#include "cpu/jit/jit.h"

static bool has_fpu(const E500 *c)
{
    return c->model->categories & CAT_FP;
}

static bool is_inexact(const E500 *c)
{
    return has_fpu(c) ? c->s.fpscr & FPSCR_XX : c->s.spr[SPR_SPEFSCR] & SPEFSCR_FINXS;
}

/* In effect before the first instruction that could clear XX, so FX is set when the architecture sets it. */
void jit_inexact_take(E500 *c)
{
    if (is_inexact(c) || !jit_host_inexact())
        return;
    if (has_fpu(c))
        c->s.fpscr |= FPSCR_XX | FPSCR_FX;
    else
        c->s.spr[SPR_SPEFSCR] |= SPEFSCR_FINXS;
}

void jit_inexact_forget(const E500 *c)
{
    if (!is_inexact(c))
        jit_host_inexact_forget();
}

/* Its exceptions are in FPSCR already.  MSR[FP] may be off by now, and CR may have changed. */
static void execute_again(E500 *c, InsnId id)
{
    enum { T, A, B, C, REGISTERS };
    const Insn in = {.id = id, .rt = T, .ra = A, .rb = B, .rc = C};
    uint64_t kept[REGISTERS], *registers = has_fpu(c) ? c->s.fpr : &c->s.gpr[0].d;
    uint32_t msr = c->s.msr, cr = c->s.cr;

    memcpy(kept, registers, sizeof(kept));
    memcpy(registers + A, &c->engine[JIT_WORD_NOTE_A], 3 * sizeof(kept[0]));
    c->s.msr = has_fpu(c) ? MSR_FP : MSR_SPE;
    insn_exec[id](c, &in);
    c->s.msr = msr;
    c->s.cr = cr;
    memcpy(registers, kept, sizeof(kept));
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
