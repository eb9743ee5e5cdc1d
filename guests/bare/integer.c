/* SPDX-License-Identifier: MIT
 * Integer, condition register, XER, load and store: one row each, expectations worked out by hand.
 * (The differential tests go wide; this goes through real execution and fits on a page.) */
#include "guest.h"

#define SO 0x80000000u
#define OV 0x40000000u
#define CA 0x20000000u
#define LT 8
#define GT 4
#define EQ 2

/* r3 op= r4, r5 with the XER given; then r3, XER and CR. */
typedef struct {
    const char *name;
    const void *pc;
    uint32_t r3, r4, r5, xer; /* in */
    uint32_t want, want_xer, want_cr;
} Row;

typedef struct {
    uint32_t r3, r4, r5, xer, cr;
} Regs;

void run_row(Regs *regs, const void *pc);
__asm__(".pushsection .text; .globl run_row\n"
        "run_row: mflr 0; stwu 1,-32(1); stw 0,36(1); stw 31,28(1); mr 31,3; mtctr 4;"
        "mfcr 0; stw 0,24(1);"
        "lwz 0,12(31); mtxer 0; lwz 0,16(31); mtcr 0; lwz 3,0(31); lwz 4,4(31); lwz 5,8(31);"
        "bctrl;"
        "stw 3,0(31); stw 4,4(31); stw 5,8(31); mfxer 0; stw 0,12(31); mfcr 0; stw 0,16(31);"
        "lwz 0,24(1); mtcr 0; lwz 31,28(1); lwz 0,36(1); mtlr 0; addi 1,1,32; blr; .popsection");

#define ROWS(ROW)                                                                                                   \
    ROW(add, "add. 3,4,5", 0, 0x7fffffff, 1, 0, 0x80000000, 0, LT)                                                  \
    ROW(addo, "addo. 3,4,5", 0, 0x7fffffff, 1, 0, 0x80000000, SO | OV, LT | 1)                                      \
    ROW(addo_clears_ov, "addo 3,4,5", 0, 1, 1, SO | OV, 2, SO, 0)                                                   \
    ROW(addc, "addc 3,4,5", 0, 0xffffffff, 2, 0, 1, CA, 0)                                                          \
    ROW(addc_no_carry, "addc 3,4,5", 0, 0xfffffffd, 2, CA, 0xffffffff, 0, 0)                                        \
    ROW(adde, "adde. 3,4,5", 0, 0xffffffff, 0, CA, 0, CA, EQ)                                                       \
    ROW(addeo, "addeo 3,4,5", 0, 0x7fffffff, 0, CA, 0x80000000, SO | OV, 0)                                         \
    ROW(addme, "addme 3,4", 0, 0, 0, CA, 0, CA, 0)                                                                  \
    ROW(addme_no_carry, "addme 3,4", 0, 0, 0, 0, 0xffffffff, 0, 0)                                                  \
    ROW(addze, "addze 3,4", 0, 0xffffffff, 0, CA, 0, CA, 0)                                                         \
    ROW(addic, "addic. 3,4,-1", 0, 5, 0, 0, 4, CA, GT)                                                              \
    ROW(addis, "addis 3,4,-32768", 0, 0x1234, 0, 0, 0x80001234, 0, 0)                                               \
    ROW(subf, "subf. 3,4,5", 0, 7, 5, 0, 0xfffffffe, 0, LT)                                                         \
    ROW(subfo, "subfo 3,4,5", 0, 1, 0x80000000, 0, 0x7fffffff, SO | OV, 0)                                          \
    ROW(subfc, "subfc 3,4,5", 0, 5, 5, 0, 0, CA, 0)                                                                 \
    ROW(subfc_borrow, "subfc 3,4,5", 0, 6, 5, CA, 0xffffffff, 0, 0)                                                 \
    ROW(subfe, "subfe 3,4,5", 0, 5, 5, 0, 0xffffffff, 0, 0)                                                         \
    ROW(subfic, "subfic 3,4,0", 0, 0, 0, 0, 0, CA, 0)                                                               \
    ROW(subfme, "subfme 3,4", 0, 0xffffffff, 0, 0, 0xffffffff, 0, 0)                                                \
    ROW(subfze, "subfze 3,4", 0, 0, 0, CA, 0, CA, 0)                                                                \
    ROW(neg, "nego. 3,4", 0, 0x80000000, 0, 0, 0x80000000, SO | OV, LT | 1)                                         \
    ROW(mullw, "mullw 3,4,5", 0, 0x10001, 0x10001, 0, 0x00020001, 0, 0)                                             \
    ROW(mullwo, "mullwo. 3,4,5", 0, 0x10000, 0x8000, 0, 0x80000000, SO | OV, LT | 1)                                \
    ROW(mulhw, "mulhw 3,4,5", 0, 0xffffffff, 2, 0, 0xffffffff, 0, 0)                                                \
    ROW(mulhwu, "mulhwu 3,4,5", 0, 0xffffffff, 2, 0, 1, 0, 0)                                                       \
    ROW(mulli, "mulli 3,4,-3", 0, 7, 0, 0, 0xffffffeb, 0, 0)                                                        \
    ROW(divw, "divw 3,4,5", 0, 0xfffffff9, 2, 0, 0xfffffffd, 0, 0)                                                  \
    ROW(divwu, "divwu 3,4,5", 0, 0xfffffff9, 2, 0, 0x7ffffffc, 0, 0)                                                \
    ROW(and, "and. 3,4,5", 0, 0xff00ff00, 0x0ff00ff0, 0, 0x0f000f00, 0, GT)                                         \
    ROW(andc, "andc 3,4,5", 0, 0xff00ff00, 0x0ff00ff0, 0, 0xf000f000, 0, 0)                                         \
    ROW(nand, "nand 3,4,5", 0, 0xff00ff00, 0x0ff00ff0, 0, 0xf0fff0ff, 0, 0)                                         \
    ROW(orc, "orc 3,4,5", 0, 0, 0x0ff00ff0, 0, 0xf00ff00f, 0, 0)                                                    \
    ROW(nor, "nor 3,4,5", 0, 0xff00ff00, 0x0ff00ff0, 0, 0x000f000f, 0, 0)                                           \
    ROW(eqv, "eqv 3,4,5", 0, 0xff00ff00, 0x0ff00ff0, 0, 0x0f0f0f0f, 0, 0)                                           \
    ROW(xor, "xor. 3,4,5", 0, 5, 5, SO, 0, SO, EQ | 1)                                                              \
    ROW(andis, "andis. 3,4,0xf000", 0, 0x12345678, 0, 0, 0x10000000, 0, GT)                                         \
    ROW(slw, "slw 3,4,5", 0, 0x12345678, 4, 0, 0x23456780, 0, 0)                                                    \
    ROW(slw_by_32, "slw 3,4,5", 0, 0x12345678, 32, 0, 0, 0, 0)                                                      \
    ROW(srw_by_63, "srw 3,4,5", 0, 0x92345678, 63, 0, 0, 0, 0)                                                      \
    ROW(sraw, "sraw 3,4,5", 0, 0x80000001, 1, 0, 0xc0000000, CA, 0)                                                 \
    ROW(sraw_by_40, "sraw 3,4,5", 0, 0x80000000, 40, 0, 0xffffffff, CA, 0)                                          \
    ROW(srawi_exact, "srawi. 3,4,4", 0, 0xfffffff0, 0, CA, 0xffffffff, 0, LT)                                       \
    ROW(rlwinm, "rlwinm 3,4,8,24,31", 0, 0xab345678, 0, 0, 0xab, 0, 0)                                              \
    ROW(rlwinm_wrap, "rlwinm 3,4,0,28,3", 0, 0xffffffff, 0, 0, 0xf000000f, 0, 0)                                    \
    ROW(rlwimi, "rlwimi 3,4,16,8,15", 0x11111111, 0x000000ee, 0, 0, 0x11ee1111, 0, 0)                               \
    ROW(rlwnm, "rlwnm 3,4,5,0,31", 0, 0x12345678, 0x24, 0, 0x23456781, 0, 0)                                        \
    ROW(cntlzw, "cntlzw. 3,4", 0, 0x00010000, 0, 0, 15, 0, GT)                                                      \
    ROW(cntlzw_zero, "cntlzw 3,4", 0, 0, 0, 0, 32, 0, 0)                                                            \
    ROW(extsb, "extsb. 3,4", 0, 0x12345680, 0, 0, 0xffffff80, 0, LT)                                                \
    ROW(extsh, "extsh 3,4", 0, 0x12348000, 0, 0, 0xffff8000, 0, 0)                                                  \
    ROW(isel_true, "cmpwi 4,0; isel 3,4,5,2", 0, 0, 7, 0, 0, 0, EQ)                                                 \
    ROW(isel_false, "cmpwi 4,1; isel 3,4,5,2", 0, 0, 7, 0, 7, 0, LT)                                                \
    ROW(isel_zero, "cmpwi 4,0; isel 3,0,5,2", 9, 0, 7, 0, 0, 0, EQ)                                                 \
    ROW(cmp_signed, "cmpw 4,5", 3, 0xffffffff, 1, 0, 3, 0, LT)                                                      \
    ROW(cmp_unsigned, "cmplw 4,5", 3, 0xffffffff, 1, 0, 3, 0, GT)                                                   \
    ROW(cmplwi, "cmplwi 4,0xffff", 3, 0xffff, 1, 0, 3, 0, EQ)                                                       \
    ROW(cmp_field_7, "cmpw 7,4,5; mfcr 3; li 6,0; mtcr 6", 0, 1, 2, 0, LT, 0, 0)                                    \
    ROW(mtcrf, "mtcrf 0x42,4; mfcr 3; li 6,0; mtcr 6", 0, 0xffffffff, 0, 0, 0x0f0000f0, 0, 0)                       \
    ROW(mcrf, "mtcr 4; mcrf 0,6; mfcr 3; li 6,0; mtcr 6", 0, 0x000000a0, 0, 0, 0xa00000a0, 0, 0)                    \
    ROW(mcrxr, "mcrxr 0", 0, 0, 0, SO | CA, 0, 0, 0xa)                                                              \
    ROW(crand, "mtcr 4; crand 0,1,2", 0, 0x60000000, 0, 0, 0, 0, 0xe)                                               \
    ROW(crandc, "mtcr 4; crandc 0,1,3", 0, 0x40000000, 0, 0, 0, 0, 0xc)                                             \
    ROW(creqv, "mtcr 4; creqv 0,1,2", 0, 0x00000000, 0, 0, 0, 0, 0x8)                                               \
    ROW(crnor, "mtcr 4; crnor 0,1,2", 0, 0x40000000, 0, 0, 0, 0, 0x4)                                               \
    ROW(crxor, "mtcr 4; crxor 0,1,2", 0, 0x40000000, 0, 0, 0, 0, 0xc)                                               \
    ROW(crorc, "mtcr 4; crorc 0,1,2", 0, 0x20000000, 0, 0, 0, 0, 0x2)                                               \
    ROW(crnand, "mtcr 4; crnand 0,1,2", 0, 0x60000000, 0, 0, 0, 0, 0x6)                                             \
    ROW(bdnz, "mflr 6; li 3,0; mtctr 4; 1: addi 3,3,2; bdnz 1b; mtlr 6", 0, 5, 0, 0, 10, 0, 0)                      \
    ROW(bdz, "mtctr 4; li 3,1; bdz 1f; li 3,2; 1:", 0, 1, 0, 0, 1, 0, 0)                                            \
    ROW(bl, "mflr 6; bcl 20,31,1f; 1: mflr 3; lis 4,1b@ha; addi 4,4,1b@l; subf 3,4,3; mtlr 6", 9, 0, 0, 0, 0, 0, 0) \
    ROW(bctr, "lis 3,1f@ha; addi 3,3,1f@l; mtctr 3; li 3,1; bctr; li 3,2; 1:", 0, 0, 0, 0, 1, 0, 0)                 \
    ROW(bclr_not_taken, "mtcr 4; mr 3,5; beqlr 0; addi 3,3,1", 0, 0, 5, 0, 6, 0, 0)                                 \
    ROW(mtxer, "mtxer 4; mfxer 3; li 6,0; mtxer 6", 0, 0xe000007f, 0, 0, 0xe000007f, 0, 0)                          \
    ROW(mftb_moves, "mftb 4; 1: mftb 3; cmplw 3,4; beq 1b; li 3,1; li 6,0; mtcr 6", 0, 0, 0, 0, 1, 0, 0)

/* What the e500v2 lacks. */
#define LATER_ROWS(ROW) \
    ROW(mfocrf, "mtcr 4; mfocrf 3,0x40; rlwinm 3,3,0,4,7; li 6,0; mtcr 6", 0, 0x1a000000, 0, 0, 0x0a000000, 0, 0)

/* r4 = the room, which holds 00 11 22 … ff at first. */
#define MEMORY_ROWS(ROW)                                                                           \
    ROW(lbz, "lbz 3,10(4)", 0, 0xaa)                                                               \
    ROW(lhz_misaligned, "lhz 3,9(4)", 0, 0x99aa)                                                   \
    ROW(lha, "lha 3,8(4)", 0, 0xffff8899)                                                          \
    ROW(lwz_misaligned, "lwz 3,1(4)", 0, 0x11223344)                                               \
    ROW(lwzx, "lwzx 3,4,5", 4, 0x44556677)                                                         \
    ROW(lwzu, "mr 6,4; lwzu 3,4(6); subf 6,4,6; add 3,3,6", 0, 0x4455667b)                         \
    ROW(lhzux, "mr 6,4; lhzux 3,6,5; subf 6,4,6; add 3,3,6", 2, 0x2235)                            \
    ROW(lbzu, "addi 6,4,4; lbzu 3,-1(6); subf 6,4,6; add 3,3,6", 0, 0x36)                          \
    ROW(lhau, "mr 6,4; lhau 3,14(6); subf 6,4,6; add 3,3,6", 0, 0xffffef0d)                        \
    ROW(lwbrx, "lwbrx 3,0,4", 0, 0x33221100)                                                       \
    ROW(lhbrx, "lhbrx 3,4,5", 6, 0x7766)                                                           \
    ROW(stb, "stb 5,5(4); lwz 3,4(4)", 0x12345678, 0x44786677)                                     \
    ROW(sth_misaligned, "sth 5,5(4); lwz 3,4(4)", 0x12345678, 0x44567877)                          \
    ROW(stwu, "mr 6,4; stwu 5,8(6); lwz 3,0(6); subf 6,4,6; add 3,3,6", 0x100, 0x108)              \
    ROW(stbux, "mr 6,4; li 7,3; stbux 5,6,7; subf 6,4,6; lwz 3,0(4); add 3,3,6", 0xcd, 0x001122d0) \
    ROW(stwbrx, "stwbrx 5,0,4; lwz 3,0(4)", 0x12345678, 0x78563412)                                \
    ROW(sthbrx, "sthbrx 5,0,4; lwz 3,0(4)", 0x12345678, 0x78562233)                                \
    ROW(lmw, "mr 6,30; mr 7,31; lmw 30,8(4); add 3,30,31; mr 30,6; mr 31,7", 0, 0x557799b9 + 1)    \
    ROW(stmw,                                                                                      \
        "mr 6,30; mr 7,31; li 30,1; li 31,2; stmw 30,4(4); mr 30,6; mr 31,7; lwz 3,4(4);"          \
        "lwz 6,8(4); slwi 3,3,4; add 3,3,6",                                                       \
        0, 0x12)

#define ROW(id, body, ...) PROBE(probe_##id, body);
ROWS(ROW)
LATER_ROWS(ROW)
MEMORY_ROWS(ROW)
#undef ROW
#define ROW(id, body, ...) {#id, probe_##id, __VA_ARGS__},
static const Row rows[] = {ROWS(ROW)}, later_rows[] = {LATER_ROWS(ROW)};
#undef ROW

static const struct {
    const char *name;
    const void *pc;
    uint32_t r5, want;
} memory_rows[] = {
#define ROW(id, body, ...) {#id, probe_##id, __VA_ARGS__},
    MEMORY_ROWS(ROW)
#undef ROW
};

/* False: the row ended in an interrupt, as where the core (or QEMU's) lacks the instruction. */
static bool runs(const char *name, Regs *regs, const void *pc)
{
    Trap t = trap_run(run_row, 0, (uint32_t)regs, (uint32_t)pc, 0, 0);

    if (t.vector == TRAP_NONE)
        return true;
    report(name, false);
    say("    interrupt %u at 0x%x, ESR 0x%x\n", t.vector, t.srr0, t.esr);
    return false;
}

static void check_row(const Row *row)
{
    Regs regs = {row->r3, row->r4, row->r5, row->xer, 0};

    if (!runs(row->name, &regs, row->pc))
        return;
    if (regs.r3 == row->want && regs.xer == row->want_xer && regs.cr == row->want_cr << 28) {
        report(row->name, true);
        return;
    }
    report(row->name, false);
    say("    r3 0x%x want 0x%x, XER 0x%x want 0x%x, CR 0x%x want 0x%x\n", regs.r3, row->want, regs.xer, row->want_xer, regs.cr,
        row->want_cr << 28);
}

/* Not in the core: the string instructions trap (e500mc RM §3.3). */
PROBE(probe_lswi, ".long 0x7c6424aa");
PROBE(probe_mtsr, ".long 0x7c6001a4");

void guest_main(void)
{
    static uint8_t room[16] __attribute__((aligned(16)));

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(&rows[i]);
    for (unsigned i = 0; i < sizeof later_rows / sizeof later_rows[0]; i++) {
        if (cpu_is_e500v2())
            report_skip(later_rows[i].name, "the e500v2 lacks it");
        else
            check_row(&later_rows[i]);
    }
    for (unsigned i = 0; i < sizeof memory_rows / sizeof memory_rows[0]; i++) {
        for (unsigned n = 0; n < 16; n++)
            room[n] = (uint8_t)(n * 0x11);
        Regs regs = {0, (uint32_t)room, memory_rows[i].r5, 0, 0};
        if (runs(memory_rows[i].name, &regs, memory_rows[i].pc))
            report_eq(memory_rows[i].name, regs.r3, memory_rows[i].want);
    }
    Trap t = trap_run(probe_lswi, 0, 0, (uint32_t)room, 0, 0);
    report("lswi is illegal", t.vector == VEC_PROGRAM && t.esr == ESR_PIL);
    t = trap_run(probe_mtsr, 0, 0, 0, 0, 0);
    report("mtsr is illegal", t.vector == VEC_PROGRAM && t.esr == ESR_PIL);
}
