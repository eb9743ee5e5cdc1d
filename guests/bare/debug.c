/* SPDX-License-Identifier: MIT
 * The guest's own debug events in internal debug mode: what is recorded, where it interrupts, and
 * what comes of it while MSR[DE] is 0.  EREF 2.0 §8.  The e500v2 takes them in the critical class;
 * the e500mc has a class for them, and events for critical interrupts. */
#include "guest.h"

#define DBCR0_IAC2   0x00400000
#define DBCR0_DAC1   (DBCR0_DAC1R | DBCR0_DAC1W)
#define DBCR0_DAC2   (DBCR0_DAC1 >> 2)
#define DBCR0_CIRPT  0x00000040
#define DBCR0_CRET   0x00000020
#define DBSR_IRPT    DBCR0_IRPT
#define DBSR_RET     DBCR0_RET
#define DBSR_DAC2W   (DBSR_DAC1W >> 2)
#define PAIR_MASK    0x00400000
#define PAIR_INSIDE  0x00800000
#define PAIR_OUTSIDE 0x00c00000
#define USER_ONLY    0xcc000000
#define MSR_SPE      0x02000000

extern const char vector_8[], vector_37[];

PROBE(probe_nops, "nop; nop; nop; nop");
PROBE(probe_sc, "sc");
PROBE(probe_bc, "cmpwi 3,0; beq 1f; nop; 1: nop");
PROBE(probe_bclr, "mflr 6; bcl 20,31,1f; 1: mflr 5; addi 5,5,16; mtlr 5; blr; mtlr 6");
PROBE(probe_lbz, "lbz 4,0(3)");
PROBE(probe_stb, "stb 4,0(3)");
PROBE(probe_sth, "li 4,0x11; sth 4,0(3)");
PROBE(probe_outside, "mtspr 308,4; isync; lbz 5,0(3); nop; li 5,0; mtspr 308,5; isync"); /* r4: DBCR0, on only here
                                                                           */
PROBE(probe_stwu, "stwu 4,8(3)");
PROBE(probe_stmw, "stmw 28,0(3)");
PROBE(probe_lmw, "lmw 28,0(3)");
PROBE(probe_lwarx, "lwarx 4,0,3");
PROBE(probe_stwcx, "lwarx 4,0,4; stwcx. 4,0,3");
PROBE(probe_dcbz, "dcbz 0,3");
PROBE(probe_lfd, "lfd 1,0(3)");
PROBE(probe_evldd, ".long 0x10830301"); /* evldd 4,0(3) */
PROBE(probe_late, "stw 3,0(3); mtmsr 4; .globl late_insn; late_insn: nop; nop");
/* r4: DBCR0, which is on only around this rfi, since the way into a probe is an rfi itself */
PROBE(probe_rfi, "lis 5,1f@ha; addi 5,5,1f@l; mtspr 26,5; mfmsr 6; mtspr 27,6; mtspr 308,4; isync;"
                 ".globl rfi_insn; rfi_insn: rfi; 1: nop");
PROBE(probe_rfci, "lis 5,1f@ha; addi 5,5,1f@l; mtspr 58,5; mfmsr 6; mtspr 59,6; mtspr 308,4; isync;"
                  ".globl rfci_insn; rfci_insn: rfci; 1: nop");
PROBE(probe_doorbell, "lis 5,0x0800; mtspr 308,4; isync; .long 0x7c00299c; nop; nop; nop"); /* msgsnd 5 */
extern const char late_insn[], rfi_insn[], rfci_insn[];

static uint32_t room[64] __attribute__((aligned(256)));

static Trap run(const void *pc, uint32_t dbcr0, uint32_t msr, uint32_t a, uint32_t b)
{
    mtspr(SPR_DBSR, ~0u);
    mtspr(SPR_DBCR0, DBCR0_IDM | dbcr0);
    Trap t = trap_run(pc, msr, a, b, 0, 0);
    t.dbsr &= ~DBSR_MRR;
    mtspr(SPR_DBCR0, 0);
    mtspr(SPR_DBSR, ~0u);
    return t;
}

static void event(const char *sentence, Trap t, uint32_t dbsr, const void *at)
{
    bool ok = t.vector == VEC_DEBUG && t.dbsr == dbsr && t.srr0 == (uint32_t)at;

    report(sentence, ok);
    if (!ok)
        say("    vector %u, DBSR 0x%x want 0x%x, at 0x%x want 0x%x\n", t.vector, t.dbsr, dbsr, t.srr0, (uint32_t)at);
}

static void nothing(const char *sentence, Trap t)
{
    report_eq(sentence, t.vector, TRAP_NONE);
}

static void classes(void)
{
    mtspr(SPR_CSRR0, 0x11110);
    mtspr(SPR_IAC1, (uint32_t)probe_nops + 8);
    Trap t = run(probe_nops, DBCR0_IAC1, MSR_DE | MSR_CE | MSR_ME | MSR_EE, 0, 0);

    event("an event interrupts", t, DBSR_IAC1, probe_nops + 8);
    report_eq("its handler keeps ME alone", t.msr & (MSR_DE | MSR_CE | MSR_EE | MSR_ME), MSR_ME);
    if (cpu_is_e500v2())
        report("it is of the critical class", mfspr(SPR_CSRR0) != 0x11110);
    else
        report_eq("it leaves the critical class alone", mfspr(SPR_CSRR0), 0x11110);
    mtspr(SPR_DBSR, ~0u);
    mtspr(SPR_DBCR0, DBCR0_IAC1);
    nothing("without internal debug mode there is none", trap_run(probe_nops, MSR_DE, 0, 0, 0, 0));
    report_eq("and none is recorded", mfspr(SPR_DBSR) & ~DBSR_MRR, 0);
    mtspr(SPR_DBCR0, 0);
}

static void instructions(void)
{
    const char *nops = probe_nops;

    mtspr(SPR_IAC1, (uint32_t)nops + 4);
    mtspr(SPR_IAC2, (uint32_t)nops + 12);
    event("IAC2", run(nops, DBCR0_IAC2, MSR_DE, 0, 0), DBCR0_IAC2, nops + 12);
    mtspr(SPR_DBCR1, PAIR_INSIDE);
    event("inside: from IAC1 on", run(nops, DBCR0_IAC1, MSR_DE, 0, 0), DBSR_IAC1, nops + 4);
    event("both tell that are asked", run(nops, DBCR0_IAC1 | DBCR0_IAC2, MSR_DE, 0, 0), DBSR_IAC1 | DBCR0_IAC2, nops + 4);
    mtspr(SPR_IAC2, (uint32_t)nops + 4);
    nothing("inside: IAC2 is outside", run(nops, DBCR0_IAC1, MSR_DE, 0, 0));
    mtspr(SPR_DBCR1, PAIR_OUTSIDE);
    Trap t = run(nops, DBCR0_IAC2, MSR_DE, 0, 0);
    t.dbsr &= ~DBSR_IDE; /* the way there was outside too */
    event("outside: below IAC1", t, DBCR0_IAC2, nops);
    mtspr(SPR_IAC1, (uint32_t)nops + 0x30000008);
    mtspr(SPR_IAC2, 0x0ffffffc);
    mtspr(SPR_DBCR1, PAIR_MASK);
    event("masked: some bits of the address alone", run(nops, DBCR0_IAC1, MSR_DE, 0, 0), DBSR_IAC1, nops + 8);
    mtspr(SPR_IAC1, (uint32_t)nops + 4);
    mtspr(SPR_DBCR1, USER_ONLY);
    nothing("the user's instructions: not the supervisor's", run(nops, DBCR0_IAC1, MSR_DE, 0, 0));
    event("but the user's instructions", run(nops, DBCR0_IAC1, MSR_DE | MSR_PR, 0, 0), DBSR_IAC1, nops + 4);
    mtspr(SPR_DBCR1, 0);
    event("branch taken, conditional", run(probe_bc, DBCR0_BRT, MSR_DE, 0, 0), DBSR_BRT, probe_bc + 4);
    event("branch not taken: the return is", run(probe_bc, DBCR0_BRT, MSR_DE, 1, 0), DBSR_BRT, probe_bc + 16);
    event("branch and link", run(probe_bclr, DBCR0_BRT, MSR_DE, 0, 0), DBSR_BRT, probe_bclr + 4);
    event("instruction complete", run(nops, DBCR0_ICMP, MSR_DE, 0, 0), DBSR_ICMP, nops + 4);
    event("a system call is complete at its handler", run(probe_sc, DBCR0_ICMP, MSR_DE, 0, 0), DBSR_ICMP, vector_8);
    event("interrupt taken, at its handler", run(probe_sc, DBCR0_IRPT, MSR_DE, 0, 0), DBSR_IRPT, vector_8);
    event("return", run(probe_rfi, 0, MSR_DE, 0, DBCR0_IDM | DBCR0_RET), DBSR_RET, rfi_insn);
}

static void critical(void)
{
    if (cpu_is_e500v2()) {
        nothing("no event for a critical return", run(probe_rfci, 0, MSR_DE, 0, DBCR0_IDM | DBCR0_CRET));
        report_skip("critical interrupt taken", "category E.ED");
        return;
    }
    event("critical return", run(probe_rfci, 0, MSR_DE, 0, DBCR0_IDM | DBCR0_CRET), DBCR0_CRET, rfci_insn);
    event("critical interrupt taken", run(probe_doorbell, 0, MSR_DE | MSR_CE, 0, DBCR0_IDM | DBCR0_CIRPT), DBCR0_CIRPT, vector_37);
}

static void data(void)
{
    uint32_t at = (uint32_t)&room[8], load = DBSR_DAC1R, store = DBSR_DAC1W;

    mtspr(SPR_DAC1, at);
    mtspr(SPR_DAC2, at + 8);
    room[8] = 0x11223344;
    event("byte store", run(probe_stb, DBCR0_DAC1, MSR_DE, at, 0), store, probe_stb);
    report_eq("it did not happen", room[8], 0x11223344);
    event("store with update, through DAC2", run(probe_stwu, DBCR0_DAC2, MSR_DE, at, 0), DBSR_DAC2W, probe_stwu);
    nothing("exact: another address, the same word", run(probe_sth, DBCR0_DAC1, MSR_DE, at - 1, 0));
    mtspr(SPR_DBCR2, PAIR_INSIDE);
    event("inside: the last byte", run(probe_lbz, DBCR0_DAC1, MSR_DE, at + 7, 0), load, probe_lbz);
    nothing("inside: no further", run(probe_lbz, DBCR0_DAC1, MSR_DE, at + 8, 0));
    event("a store multiple's last word", run(probe_stmw, DBCR0_DAC1, MSR_DE, at - 12, 0), store, probe_stmw);
    event("a load multiple's", run(probe_lmw, DBCR0_DAC1, MSR_DE, at - 12, 0), load, probe_lmw);
    event("a reservation", run(probe_lwarx, DBCR0_DAC1, MSR_DE, at, 0), load, probe_lwarx);
    event("and its store", run(probe_stwcx, DBCR0_DAC1W, MSR_DE, at, at), store, probe_stwcx + 4);
    event("a block set to zero", run(probe_dcbz, DBCR0_DAC1, MSR_DE, at + 31, 0), store, probe_dcbz);
    report_eq("that did not happen either", room[8], 0x11223344);
    if (cpu_is_e500v2())
        event("SPE load", run(probe_evldd, DBCR0_DAC1, MSR_DE | MSR_SPE, at, 0), load, probe_evldd);
    else
        event("floating-point load", run(probe_lfd, DBCR0_DAC1, MSR_DE | MSR_FP, at, 0), load, probe_lfd);
    mtspr(SPR_DBCR2, PAIR_OUTSIDE);
    Trap t = run(probe_outside, 0, MSR_DE, at - 1, DBCR0_IDM | DBCR0_DAC1);
    t.dbsr &= ~(DBSR_IDE | store); /* the handler's stack is outside too */
    event("outside: below", t, load, probe_outside + 8);
    nothing("outside: not inside", run(probe_outside, 0, MSR_DE, at, DBCR0_IDM | DBCR0_DAC1));
    mtspr(SPR_DBCR2, PAIR_MASK);
    mtspr(SPR_DAC2, 0xfffffffc);
    nothing("masked: another word", run(probe_lbz, DBCR0_DAC1, MSR_DE, at + 4, 0));
    event("masked: any byte of the word", run(probe_lbz, DBCR0_DAC1, MSR_DE, at + 2, 0), load, probe_lbz);
    mtspr(SPR_DBCR2, USER_ONLY);
    nothing("the user's accesses: not the supervisor's", run(probe_lbz, DBCR0_DAC1, MSR_DE, at, 0));
    event("but the user's accesses", run(probe_lbz, DBCR0_DAC1, MSR_DE | MSR_PR, at, 0), load, probe_lbz);
    mtspr(SPR_DBCR2, 0);
}

static void late(void)
{
    uint32_t at = (uint32_t)&room[8];

    mtspr(SPR_DAC1, at);
    event("with MSR[DE] = 0 the access happens; the interrupt comes when it may", run(probe_late, DBCR0_DAC1, 0, at, MSR_DE),
          DBSR_IDE | DBSR_DAC1W, late_insn);
    report_eq("and it did happen", room[8], at);
    Trap t = run(probe_rfi, 0, 0, 0, DBCR0_IDM | DBCR0_RET);
    report_eq("a return is recorded as well", t.dbsr, DBSR_IDE | DBSR_RET);
    mtspr(SPR_DBSR, ~0u);
    mtspr(SPR_DBCR0, DBCR0_IDM | DBCR0_BRT | DBCR0_ICMP);
    trap_run(probe_bc, 0, 0, 0, 0, 0);
    report_eq("branches and completed instructions are not", mfspr(SPR_DBSR) & ~DBSR_MRR, 0);
    mtspr(SPR_DBCR0, 0);
}

void guest_main(void)
{
    classes();
    instructions();
    critical();
    data();
    late();
}
