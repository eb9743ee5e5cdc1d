/* SPDX-License-Identifier: MIT
 *
 * Reserved fields of instructions.  The e500v2 takes a word with a bit of one set as illegal; the e500mc ignores the bit, or knows
 * a field there that the architecture gained later.
 */
#include "guest.h"

/* rA = r3 is the address of a word, rB or rS is r4. */
#define CASE(name, plain, word)          \
    PROBE(name##_plain, ".long " plain); \
    PROBE(name##_set, ".long " word)

CASE(lwarx_eh, "0x7c801828", "0x7c801829");   /* lwarx r4,0,r3 */
CASE(lwzx_31, "0x7c80182e", "0x7c80182f");    /* lwzx r4,0,r3: bit 31 */
CASE(mfcr_one, "0x7c800026", "0x7c880026");   /* mfcr r4: bit 12; with bit 11 it is mfocrf */
CASE(mfocrf, "0x7c800026", "0x7c980026");     /* mfocrf r4,0x80 */
CASE(mtocrf, "0x7c880120", "0x7c980120");     /* mtcrf 0x80,r4; mtocrf 0x80,r4 */
CASE(bclr_bh, "0x4e800020", "0x4e800820");    /* blr with BH = 1 */
CASE(mtmsr_l, "0x7ca00124", "0x7ca10124");    /* mtmsr r5, with L = 1 */
CASE(isync, "0x4c00012c", "0x4c21012c");      /* isync */
CASE(mulhw_oe, "0x7c842096", "0x7c842496");   /* mulhw r4,r4,r4, with OE = 1 */
CASE(neg_rb, "0x7c8400d0", "0x7c8408d0");     /* neg r4,r4 with an rB */
CASE(dcbf_l, "0x7c0018ac", "0x7c2018ac");     /* dcbf 0,r3 with L = 1 */
CASE(tlbsync_rb, "0x7c00046c", "0x7c00246c"); /* tlbsync with an rB */
CASE(cmp_9, "0x7c032000", "0x7c432000");      /* cmp cr0,0,r3,r4: bit 9 */
PROBE(cmp_l, ".long 0x7c232000");             /* cmp cr0,1,r3,r4 */
PROBE(lwzx_user, ".long 0x7c80182f");
PROBE(mtmsr_user, ".long 0x7ca10124");

static uint32_t word __attribute__((aligned(64)));

static Trap run(const void *probe, uint32_t msr)
{
    return trap_run(probe, msr, (uint32_t)&word, 0, msr, 0);
}

static bool illegal(Trap t, const void *probe)
{
    return t.vector == VEC_PROGRAM && t.esr == ESR_PIL && t.srr0 == (uint32_t)probe;
}

static void pair(const char *plain_runs, const char *v2_refuses, const void *plain, const void *set)
{
    report(plain_runs, run(plain, MSR_ME).vector == TRAP_NONE);
    Trap t = run(set, MSR_ME);
    report(v2_refuses, cpu_is_e500v2() ? illegal(t, set) : t.vector == TRAP_NONE);
}

#define PAIR(sentence, name) \
    pair(sentence, sentence ": a set reserved bit is illegal on the e500v2 alone", name##_plain, name##_set)

void guest_main(void)
{
    PAIR("lwarx", lwarx_eh);
    PAIR("lwzx", lwzx_31);
    PAIR("mfcr", mfcr_one);
    PAIR("mfcr or mfocrf", mfocrf);
    PAIR("mtcrf or mtocrf", mtocrf);
    PAIR("bclr", bclr_bh);
    PAIR("mtmsr", mtmsr_l);
    PAIR("isync", isync);
    PAIR("mulhw", mulhw_oe);
    PAIR("neg", neg_rb);
    PAIR("dcbf", dcbf_l);
    PAIR("tlbsync", tlbsync_rb);
    PAIR("cmp", cmp_9);
    report("cmp with L = 1 is illegal on both", illegal(run(cmp_l, MSR_ME), cmp_l));
    Trap t = run(lwzx_user, MSR_ME | MSR_PR);
    report("a user's lwzx with a reserved bit", cpu_is_e500v2() ? illegal(t, lwzx_user) : t.vector != VEC_PROGRAM);
    t = run(mtmsr_user, MSR_ME | MSR_PR);
    report("a user's mtmsr with a reserved bit: illegal comes before privileged",
           t.vector == VEC_PROGRAM && t.esr == (cpu_is_e500v2() ? ESR_PIL : ESR_PPR));
}
