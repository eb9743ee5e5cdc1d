/* SPDX-License-Identifier: MIT
 *
 * Decoded instructions.  One row of insn.def makes: an InsnId, the decoder's match, the prototype exec_<id>(), operands for
 * disassembler and register sets, a line of docs/INSNS.md and the differential tests' subjects.
 */
#pragma once

#include "cpu/e500/core.h"

/* Categories (Power ISA 2.06B Book I §1.3.5), per core model. */
enum {
    CAT_B = 1 << 0,     /* Base */
    CAT_E = 1 << 1,     /* Embedded */
    CAT_WT = 1 << 2,    /* Wait */
    CAT_FP = 1 << 3,    /* classic floating point */
    CAT_EPD = 1 << 4,   /* Embedded.External PID */
    CAT_EHV = 1 << 5,   /* Embedded.Hypervisor: seen by a guest without it, see docs/decisions */
    CAT_PC = 1 << 6,    /* Embedded.Processor Control: msgsnd, msgclr */
    CAT_PM = 1 << 7,    /* Embedded.Performance Monitor */
    CAT_ECL = 1 << 8,   /* Embedded Cache Locking */
    CAT_ED = 1 << 9,    /* Embedded.Enhanced Debug: rfdi */
    CAT_ATB = 1 << 10,  /* Alternate Time Base */
    CAT_MA = 1 << 11,   /* Move Assist: lsw, stsw */
    CAT_EXP = 1 << 12,  /* Embedded.Enhanced ... e500-specific: isel, dcbal, mbar */
    CAT_SPE = 1 << 13,  /* SPE, for e500v2 */
    CAT_EFS = 1 << 14,  /* embedded scalar single, for e500v2 */
    CAT_EFD = 1 << 15,  /* embedded scalar double, for e500v2 */
    CAT_64 = 1 << 16,
};

typedef enum InsnId {
#define INSN(id, ...) INSN_##id,
#include "cpu/e500/insn.def"
#undef INSN
    INSN_ILLEGAL,
    INSN_COUNT
} InsnId;

enum { INSN_RC = 1, INSN_OE = 2, INSN_AA = 4, INSN_LK = 8 }; /* Insn.flags: forms that share a row */

typedef struct Insn {
    uint32_t word;
    uint16_t id;
    uint8_t flags;
    uint8_t rt; /* bits 6–10: RT RS FRT FRS BO TO; crfD/crfS etc. as the operand says */
    uint8_t ra; /* bits 11–15: RA FRA BI BA; bits 11–15 of others */
    uint8_t rb; /* bits 16–20: RB FRB SH NB BB */
    uint8_t rc; /* bits 21–25: FRC MB; isel's BC */
    uint8_t me; /* bits 26–30 */
    int32_t imm; /* sign-extended D/SI, zero-extended UI, displacement of a branch, SPR/PMR/TMR number, FXM, FLM, U … */
} Insn;

typedef ExecResult InsnExec(E500 *c, const Insn *in);

#define INSN(id, ...) InsnExec exec_##id;
#include "cpu/e500/insn.def"
#undef INSN

extern InsnExec *const insn_exec[INSN_COUNT]; /* decode.c; INSN_ILLEGAL raises a program interrupt */

/* A pure function of word and model: may be memoized by word. */
void insn_decode(uint32_t word, const E500Model *model, Insn *out);
/* "mnemonic operands" as objdump -M raw prints it, branch targets absolute; always terminated. */
void insn_disassemble(uint32_t word, const E500Model *model, Ea pc, char *text, size_t size);
