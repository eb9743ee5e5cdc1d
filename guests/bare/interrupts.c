/* SPDX-License-Identifier: MIT
 * Interrupt classes: what is saved where, which MSR bits fall, what ESR and DEAR say, and the
 * returns. e500mc Core Reference Manual §4.  The e500v2 has no debug class: DSRR0 means CSRR0
 * there. */
#include "guest.h"

#define KEPT (MSR_CE | MSR_ME | MSR_DE)

PROBE(probe_sc, "sc");
PROBE(probe_trap, "tw 31,3,3");
PROBE(probe_twi, "twi 4,3,7"); /* equal */
PROBE(probe_illegal, ".long 0");
PROBE(probe_illegal_31, ".long 0x7c000002"); /* opcode 31, extended opcode 1 */
PROBE(probe_mfmsr, "mfmsr 3");
PROBE(probe_rfi, "rfi");
PROBE(probe_rfci, "rfci");
PROBE(probe_rfdi, "rfdi");
PROBE(probe_tlbwe, "tlbwe");
PROBE(probe_wrteei, "wrteei 0");
PROBE(probe_fadd, "fadd 1,2,3");
PROBE(probe_lfd, "lfd 1,0(3)");
PROBE(probe_stfs, "stfs 1,0(3)");
PROBE(probe_lwz, "lwz 3,0(3)");
PROBE(probe_stw, "stw 3,0(3)");
PROBE(probe_lwarx, "lwarx 4,0,3");
PROBE(probe_stwcx, "stwcx. 4,0,3");
PROBE(probe_lmw, "lmw 30,0(3)");
PROBE(probe_stmw, "stmw 30,0(3)");
PROBE(probe_dcbz, "dcbz 0,3");
PROBE(probe_nop, "nop; nop");
PROBE(probe_branch, "b 1f\n1: nop");

/* rX to a label with MSR = r3; r3 = the MSR there, or 0 when the return went elsewhere */
#define RETURN_PROBE(name, srr0, srr1, insn, low)                                                                      \
    PROBE(name, "lis 5,(1f+" #low ")@ha; addi 5,5,(1f+" #low ")@l; mtspr " srr0 ",5; mtspr " srr1 ",3; mfmsr 6; " insn \
                "; li 3,0; blr; 1: mfmsr 3; mtmsr 6; isync")
RETURN_PROBE(return_rfi, "26", "27", "rfi", 0);
RETURN_PROBE(return_rfi_low, "26", "27", "rfi", 3);
RETURN_PROBE(return_rfci, "58", "59", "rfci", 0);
RETURN_PROBE(return_rfdi, "574", "575", "rfdi", 0);
RETURN_PROBE(return_rfmci, "570", "571", "rfmci", 0);

static void system_call(void)
{
    uint32_t all = MSR_EE | KEPT | (cpu_is_e500v2() ? MSR_SPE : MSR_FP | MSR_FE0 | MSR_FE1);
    Trap t = trap_run(probe_sc, all, 0, 0, 0, 0);

    report_eq("sc: vector", t.vector, VEC_SC);
    report_eq("sc: SRR0 is the next instruction", t.srr0, (uint32_t)probe_sc + 4);
    report_eq("sc: SRR1 is the MSR before", t.srr1, all);
    report_eq("sc: MSR keeps CE ME DE alone", t.msr, KEPT);
    t = trap_run(probe_sc, MSR_PR | MSR_EE, 0, 0, 0, 0);
    report_eq("sc from user mode: SRR1 has PR", t.srr1, MSR_PR | MSR_EE);
    report_eq("sc from user mode: the handler has not", t.msr & MSR_PR, 0);
}

static void one_program(const char *name, const char *where, const void *pc, uint32_t msr, uint32_t esr)
{
    Trap t = trap_run(pc, msr, 7, 0, 0, 0);

    report_eq(name, t.vector == VEC_PROGRAM ? t.esr : t.vector, esr);
    report_eq(where, t.srr0, (uint32_t)pc);
}

static void program(void)
{
    one_program("tw: ESR[PTR]", "tw: SRR0 is the trap", probe_trap, 0, ESR_PTR);
    one_program("twi equal: ESR[PTR]", "twi: SRR0 is the trap", probe_twi, 0, ESR_PTR);
    report_eq("twi unequal does not trap", trap_run(probe_twi, 0, 8, 0, 0, 0).vector, TRAP_NONE);
    one_program("illegal: ESR[PIL]", "illegal: SRR0", probe_illegal, 0, ESR_PIL);
    one_program("illegal in user mode: ESR[PIL]", "illegal in user mode: SRR0", probe_illegal, MSR_PR, ESR_PIL);
    one_program("illegal extended opcode: ESR[PIL]", "illegal extended opcode: SRR0", probe_illegal_31, 0, ESR_PIL);
    one_program("mfmsr in user mode: ESR[PPR]", "mfmsr in user mode: SRR0", probe_mfmsr, MSR_PR, ESR_PPR);
    one_program("rfi in user mode: ESR[PPR]", "rfi in user mode: SRR0", probe_rfi, MSR_PR, ESR_PPR);
    one_program("rfci in user mode: ESR[PPR]", "rfci in user mode: SRR0", probe_rfci, MSR_PR, ESR_PPR);
    one_program("tlbwe in user mode: ESR[PPR]", "tlbwe in user mode: SRR0", probe_tlbwe, MSR_PR, ESR_PPR);
    one_program("wrteei in user mode: ESR[PPR]", "wrteei in user mode: SRR0", probe_wrteei, MSR_PR, ESR_PPR);
}

/* The e500v2 has no FPRs: whatever MSR says, an emulation gets these as illegal instructions. */
static void fp_lacking(void)
{
    one_program("fadd: illegal", "fadd: SRR0", probe_fadd, 0, ESR_PIL);
    one_program("lfd in user mode: illegal", "lfd in user mode: SRR0", probe_lfd, MSR_PR, ESR_PIL);
    report_eq("fadd with MSR[FP] asked for: illegal", trap_run(probe_fadd, MSR_FP, 0, 0, 0, 0).vector, VEC_PROGRAM);
}

static void fp_unavailable(void)
{
    if (cpu_is_e500v2()) {
        fp_lacking();
        return;
    }
    static uint32_t room[2];
    Trap t = trap_run(probe_fadd, 0, 0, 0, 0, 0);

    report_eq("fadd without MSR[FP]: vector", t.vector, VEC_FP);
    report_eq("fadd without MSR[FP]: SRR0", t.srr0, (uint32_t)probe_fadd);
    t = trap_run(probe_lfd, MSR_PR, (uint32_t)room, 0, 0, 0);
    report_eq("lfd without MSR[FP]: vector", t.vector, VEC_FP);
    t = trap_run(probe_stfs, 0, TEST_EA, 0, 0, 0);
    report_eq("stfs without MSR[FP] to nowhere: unavailable comes first", t.vector, VEC_FP);
    t = trap_run(probe_fadd, MSR_FP, 0, 0, 0, 0);
    report_eq("fadd with MSR[FP] runs", t.vector, TRAP_NONE);
}

static void one_alignment(const char *name, const char *address, const void *pc, uint32_t ea, uint32_t st)
{
    Trap t = trap_run(pc, 0, ea, 0, 0, 0);

    report(name, t.vector == VEC_ALIGNMENT && t.srr0 == (uint32_t)pc);
    report(address, t.vector == VEC_ALIGNMENT && t.dear == ea && (t.esr & ESR_ST) == st);
}

static void alignment(void)
{
    static uint32_t room[4];
    uint32_t odd = (uint32_t)room + 2;

    report_eq("lwz misaligned is served", trap_run(probe_lwz, 0, odd, 0, 0, 0).vector, TRAP_NONE);
    report_eq("stw misaligned is served", trap_run(probe_stw, 0, odd, 0, 0, 0).vector, TRAP_NONE);
    one_alignment("lwarx misaligned", "lwarx misaligned: DEAR, ESR", probe_lwarx, odd, 0);
    one_alignment("stwcx. misaligned", "stwcx. misaligned: DEAR, ESR[ST]", probe_stwcx, odd, ESR_ST);
    one_alignment("lmw misaligned", "lmw misaligned: DEAR, ESR", probe_lmw, odd, 0);
    one_alignment("stmw misaligned", "stmw misaligned: DEAR, ESR[ST]", probe_stmw, odd, ESR_ST);
    tlb1_map(2, TEST_EA | MAS2_I | MAS2_G, 0x900000, 2, 0x3f);
    one_alignment("dcbz of inhibited memory", "dcbz of inhibited memory: DEAR, ESR[ST]", probe_dcbz, TEST_EA + 64, ESR_ST);
    tlb1_unmap(2);
}

static void returns(void)
{
    uint32_t msr = MSR_ME | MSR_CE;

    report_eq("rfi: SRR1 to MSR", trap_run(return_rfi, 0, msr, 0, 0, 0).ret, msr);
    report_eq("rfi: the two low bits of SRR0 are dropped", trap_run(return_rfi_low, 0, msr, 0, 0, 0).ret, msr);
    report_eq("rfci: CSRR1 to MSR", trap_run(return_rfci, 0, msr, 0, 0, 0).ret, msr);
    if (cpu_is_e500v2())
        report_eq("rfdi is illegal", trap_run(probe_rfdi, 0, 0, 0, 0, 0).vector, VEC_PROGRAM);
    else
        report_eq("rfdi: DSRR1 to MSR", trap_run(return_rfdi, 0, msr, 0, 0, 0).ret, msr);
    report_eq("rfmci: MCSRR1 to MSR", trap_run(return_rfmci, 0, msr, 0, 0, 0).ret, msr);
}

static void classes_apart(void)
{
    mtspr(SPR_CSRR0, 0x11110);
    if (!cpu_is_e500v2())
        mtspr(SPR_DSRR0, 0x22220);
    if (kvm_serves()) {
        report_skip("a base interrupt leaves CSRR0 DSRR0 MCSRR0", "KVM has no MCSRR0 that can be written");
        return;
    }
    mtspr(SPR_MCSRR0, 0x33330);
    trap_run(probe_trap, 0, 0, 0, 0, 0);
    report("a base interrupt leaves CSRR0 DSRR0 MCSRR0",
           mfspr(SPR_CSRR0) == 0x11110 && (cpu_is_e500v2() || mfspr(SPR_DSRR0) == 0x22220) && mfspr(SPR_MCSRR0) == 0x33330);
}

static Trap debug_run(const void *pc, uint32_t dbcr0, uint32_t msr)
{
    mtspr(SPR_DBSR, 0xffffffff);
    mtspr(SPR_DBCR0, DBCR0_IDM | dbcr0);
    Trap t = trap_run(pc, msr, 0, 0, 0, 0);
    mtspr(SPR_DBCR0, 0);
    mtspr(SPR_DBSR, 0xffffffff);
    return t;
}

static void debug(void)
{
    Trap t = debug_run(probe_trap, DBCR0_TRAP, MSR_DE);

    report_eq("debug trap: vector", t.vector, VEC_DEBUG);
    report_eq("debug trap: DSRR0 is the trap", t.srr0, (uint32_t)probe_trap);
    report_eq("debug trap: DBSR[TRAP]", t.dbsr & ~DBSR_MRR, DBSR_TRAP);
    report_eq("debug trap: MSR[DE] falls", t.msr & MSR_DE, 0);
    t = debug_run(probe_trap, DBCR0_TRAP, 0);
    report_eq("debug trap with MSR[DE]=0: program interrupt", t.vector, VEC_PROGRAM);
    t = debug_run(probe_nop, DBCR0_ICMP, MSR_DE);
    report_eq("instruction complete: vector", t.vector, VEC_DEBUG);
    report_eq("instruction complete: DBSR[ICMP]", t.dbsr & ~DBSR_MRR, DBSR_ICMP);
    report_eq("instruction complete: DSRR0 is the next", t.srr0, (uint32_t)probe_nop + 4);
    t = debug_run(probe_branch, DBCR0_BRT, MSR_DE);
    report_eq("branch taken: vector", t.vector, VEC_DEBUG);
    report_eq("branch taken: DBSR[BRT]", t.dbsr & ~DBSR_MRR, DBSR_BRT);
    report_eq("branch taken: DSRR0 is the branch", t.srr0, (uint32_t)probe_branch);
    mtspr(SPR_IAC1, (uint32_t)probe_nop + 4);
    t = debug_run(probe_nop, DBCR0_IAC1, MSR_DE);
    report_eq("instruction address compare: vector", t.vector, VEC_DEBUG);
    report_eq("instruction address compare: DBSR[IAC1]", t.dbsr & ~DBSR_MRR, DBSR_IAC1);
    report_eq("instruction address compare: DSRR0", t.srr0, (uint32_t)probe_nop + 4);
}

static void data_address_compare(void)
{
    static uint32_t room[4];
    uint32_t watched = (uint32_t)&room[1];

    mtspr(SPR_DAC1, watched);
    mtspr(SPR_DBSR, ~0u);
    mtspr(SPR_DBCR0, DBCR0_IDM | DBCR0_DAC1W);
    Trap t = trap_run(probe_stw, MSR_DE, watched, 0, 0, 0);
    report_eq("store to a watched word: vector", t.vector, VEC_DEBUG);
    report_eq("store to a watched word: DBSR[DAC1W]", t.dbsr & ~DBSR_MRR, DBSR_DAC1W);
    mtspr(SPR_DBSR, ~0u);
    report_eq("a load from it is not asked for", trap_run(probe_lwz, MSR_DE, watched, 0, 0, 0).vector, TRAP_NONE);
    report_eq("a store beside it neither", trap_run(probe_stw, MSR_DE, watched + 4, 0, 0, 0).vector, TRAP_NONE);
    mtspr(SPR_DBCR0, DBCR0_IDM | DBCR0_DAC1R);
    t = trap_run(probe_lwz, MSR_DE, watched, 0, 0, 0);
    report_eq("load from a watched word: vector", t.vector, VEC_DEBUG);
    report_eq("load from a watched word: DBSR[DAC1R]", t.dbsr & ~DBSR_MRR, DBSR_DAC1R);
    mtspr(SPR_DBCR0, 0);
    mtspr(SPR_DBSR, ~0u);
    report_eq("off again: nothing", trap_run(probe_lwz, MSR_DE, watched, 0, 0, 0).vector, TRAP_NONE);
}

/* IVPR and IVOR are honoured: the trap vector moved to another 64 KiB. */
extern const char moved[];
__asm__(".pushsection .text; .balign 16; moved: li 4,77; lis 3,moved_here@ha;"
        "addi 3,3,moved_here@l; mtspr 26,3; rfi; moved_here: mr 3,4; blr; .popsection");

PROBE(probe_moved, "li 3,0; tw 31,3,3");

static void vectors_move(void)
{
    uint32_t ivor = mfspr(SPR_IVOR0 + VEC_PROGRAM), ivpr = mfspr(SPR_IVPR);

    mtspr(SPR_IVOR0 + VEC_PROGRAM, (uint32_t)moved & 0xfff0);
    Trap t = trap_run(probe_moved, 0, 0, 0, 0, 0);
    mtspr(SPR_IVOR0 + VEC_PROGRAM, ivor);
    report_eq("IVOR6 moves the program interrupt", t.ret, 77);

    /* A copy of the first 64 KiB of code further up, reached by IVPR alone. */
    memcpy((void *)0xa00000, (const void *)0x100000, 0x10000);
    ((uint32_t *)0xa00000)[((uint32_t)moved & 0xffff) / 4] = 0x38800058; /* li 4,88 */
    code_sync((void *)0xa00000, 0x10000);
    mtspr(SPR_IVOR0 + VEC_PROGRAM, (uint32_t)moved & 0xfff0);
    mtspr(SPR_IVPR, 0xa00000);
    t = trap_run(probe_moved, 0, 0, 0, 0, 0);
    mtspr(SPR_IVPR, ivpr);
    mtspr(SPR_IVOR0 + VEC_PROGRAM, ivor);
    report_eq("IVPR moves the vectors", t.ret, 88);
}

void guest_main(void)
{
    system_call();
    program();
    fp_unavailable();
    alignment();
    returns();
    classes_apart();
    debug();
    data_address_compare();
    vectors_move();
}
