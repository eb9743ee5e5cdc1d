/* SPDX-License-Identifier: MIT
 * Special-purpose registers: identity, who may touch which, what reads back.
 * e500mc Core Reference Manual §2; EREF §3; e500 Core Reference Manual §2. */
#include "guest.h"

/* For one SPR a mfspr r3 and a mtspr r3 probe. */
#define SPR_PROBES(name, spr)           \
    PROBE(get_##name, "mfspr 3," #spr); \
    PROBE(set_##name, "mtspr " #spr ",3")

PROBE(get_sprg0, "mfspr 3,272");
SPR_PROBES(sprg3, 275);
SPR_PROBES(sprg4, 276);
SPR_PROBES(sprg5, 277);
SPR_PROBES(sprg6, 278);
SPR_PROBES(sprg7, 279);
SPR_PROBES(sprg8, 604);
SPR_PROBES(sprg9, 605);
SPR_PROBES(usprg0, 256);
SPR_PROBES(usprg3, 259);
SPR_PROBES(usprg4, 260);
SPR_PROBES(usprg5, 261);
SPR_PROBES(usprg6, 262);
SPR_PROBES(usprg7, 263);
SPR_PROBES(pvr, 287);
SPR_PROBES(svr, 1023);
SPR_PROBES(pir, 286);
SPR_PROBES(srr0, 26);
SPR_PROBES(srr1, 27);
SPR_PROBES(csrr0, 58);
SPR_PROBES(csrr1, 59);
SPR_PROBES(dsrr0, 574);
SPR_PROBES(dsrr1, 575);
SPR_PROBES(mcsrr0, 570);
SPR_PROBES(mcsrr1, 571);
SPR_PROBES(pid1, 633);
SPR_PROBES(pid2, 634);
SPR_PROBES(hid1, 1009);
SPR_PROBES(spefscr, 512);
SPR_PROBES(l2csr0, 1017);
SPR_PROBES(dear, 61);
SPR_PROBES(esr, 62);
SPR_PROBES(pid, 48);
SPR_PROBES(mas0, 624);
SPR_PROBES(mas6, 630);
SPR_PROBES(tbl, 268);
SPR_PROBES(tbu, 269);
SPR_PROBES(tblw, 284);
SPR_PROBES(dec, 22);
SPR_PROBES(hdbcr0, 976);
SPR_PROBES(hdbcr1, 977);
SPR_PROBES(unknown_supervisor, 979); /* the fifth bit of the number is 1 */
SPR_PROBES(unknown_user, 7);         /* … is 0 */
SPR_PROBES(xer, 1);
SPR_PROBES(ctr, 9);

static uint32_t get(const void *pc, uint32_t msr)
{
    return trap_run(pc, msr, 0xdead0000, 0, 0, 0).ret;
}

static void reads_back(const char *sentence, const void *set_pc, const void *get_pc, uint32_t value, uint32_t mask)
{
    uint32_t before = get(get_pc, 0), read, inverse;

    trap_run(set_pc, 0, value, 0, 0, 0);
    read = get(get_pc, 0);
    trap_run(set_pc, 0, ~value, 0, 0, 0);
    inverse = get(get_pc, 0);
    trap_run(set_pc, 0, before, 0, 0, 0);
    report(sentence, (read & mask) == (value & mask) && (inverse & mask) == (~value & mask));
}

static void privileged(const char *sentence, const void *pc)
{
    Trap t = trap_run(pc, MSR_PR, 0, 0, 0, 0);

    report(sentence, t.vector == VEC_PROGRAM && t.esr == ESR_PPR && t.srr0 == (uint32_t)pc);
}

static void identity(void)
{
    report("PVR: e500mc or e500v2", mfspr(SPR_PVR) >> 16 == 0x8023 || mfspr(SPR_PVR) >> 16 == 0x8021);
    report("SVR can be read", trap_run(get_svr, 0, 0, 0, 0, 0).vector == TRAP_NONE);
    report_eq("PIR of the boot CPU", mfspr(SPR_PIR), 0);
    uint32_t l1d = mfspr(SPR_L1CFG0), l1i = mfspr(SPR_L1CFG1);
    report_eq("L1CFG0: 32 KiB of data cache", l1d & 0x7ff, 32);
    report_eq("L1CFG0: 8 ways", l1d >> 11 & 0xff, 7);
    report_eq(cpu_is_e500v2() ? "L1CFG0: 32-byte lines" : "L1CFG0: 64-byte lines", 32u << (l1d >> 23 & 3), cpu_line());
    report_eq("L1CFG1: 32 KiB of instruction cache", l1i & 0x7ff, 32);
    report_eq("L1CFG1: 8 ways", l1i >> 11 & 0xff, 7);
    report_eq(cpu_is_e500v2() ? "L1CFG1: 32-byte lines" : "L1CFG1: 64-byte lines", 32u << (l1i >> 23 & 3), cpu_line());
    report_eq("the boot CPU has no reset in TSR", mfspr(SPR_TSR) & TSR_WRS, 0);
}

static void cache_control(void)
{
    mtspr(SPR_L1CSR0, 0x2); /* CFI: invalidate; the bit falls by itself */
    report_eq("L1CSR0[CFI] completes", mfspr(SPR_L1CSR0) & 2, 0);
    mtspr(SPR_L1CSR1, 0x2);
    report_eq("L1CSR1[ICFI] completes", mfspr(SPR_L1CSR1) & 2, 0);
    mtspr(SPR_L1CSR0, 0x1);
    report_eq("L1CSR0[CE] reads back", mfspr(SPR_L1CSR0) & 1, 1);
    mtspr(SPR_L1CSR1, 0x1);
    report_eq("L1CSR1[ICE] reads back", mfspr(SPR_L1CSR1) & 1, 1);
    if (cpu_is_e500v2())
        return;
    mtspr(SPR_L2CSR0, 0x00200000); /* L2FI */
    report_eq("L2CSR0[L2FI] completes", mfspr(SPR_L2CSR0) & 0x00200000, 0);
}

static void storage(void)
{
    mtspr(SPR_SPRG0, 0x12345678); /* by hand: the vectors use SPRG0 */
    report_eq("SPRG0", mfspr(SPR_SPRG0), 0x12345678);
    reads_back("SPRG3", set_sprg3, get_sprg3, 0x12345678, ~0u);
    reads_back("SPRG4", set_sprg4, get_sprg4, 0x12345678, ~0u);
    reads_back("SPRG5", set_sprg5, get_sprg5, 0x12345678, ~0u);
    reads_back("SPRG6", set_sprg6, get_sprg6, 0x12345678, ~0u);
    reads_back("SPRG7", set_sprg7, get_sprg7, 0x12345678, ~0u);
    reads_back("SPRG8", set_sprg8, get_sprg8, 0x12345678, ~0u);
    reads_back("USPRG0", set_usprg0, get_usprg0, 0x12345678, ~0u);
    reads_back("CSRR0", set_csrr0, get_csrr0, 0x12345678, ~3u);
    reads_back("CSRR1", set_csrr1, get_csrr1, 0x00021200, 0x0002d200);
    reads_back("MCSRR0", set_mcsrr0, get_mcsrr0, 0x12345678, ~3u);
    reads_back("MCSRR1", set_mcsrr1, get_mcsrr1, 0x00021200, 0x0002d200);
    reads_back("DEAR", set_dear, get_dear, 0x12345678, ~0u);
    reads_back("MAS0", set_mas0, get_mas0, 0x10250001, 0x103f0003);
    reads_back("MAS6", set_mas6, get_mas6, 0x00550001, 0x00ff0001);
    reads_back("PID", set_pid, get_pid, 0x5a, 0xff);
}

static bool is_absent(const void *pc)
{
    Trap t = trap_run(pc, 0, 0, 0, 0, 0);

    return t.vector == VEC_PROGRAM && t.esr == ESR_PIL;
}

static void takes_a_write(const char *sentence, const void *set_pc, uint32_t value)
{
    report_eq(sentence, trap_run(set_pc, 0, value, 0, 0, 0).vector, TRAP_NONE);
}

/* What start code writes, and machine check handlers save, on either core. */
static void of_both_cores(void)
{
    reads_back("DSRR0", set_dsrr0, get_dsrr0, 0x12345678, ~3u);
    reads_back("DSRR1", set_dsrr1, get_dsrr1, 0x00021200, 0x0002d200);
    reads_back("HDBCR0", set_hdbcr0, get_hdbcr0, 0x00800048, 0x008001f8);
    takes_a_write("PIR may be written", set_pir, get(get_pir, 0));
}

/* What only one of the cores has; the other says illegal. */
static void of_one_core(void)
{
    if (cpu_is_e500v2()) {
        reads_back("PID1", set_pid1, get_pid1, 0x5a, 0xff);
        reads_back("PID2", set_pid2, get_pid2, 0x5a, 0xff);
        reads_back("HID1", set_hid1, get_hid1, 0x00020000, 0x00020000);
        reads_back("SPEFSCR", set_spefscr, get_spefscr, 0x12340078, 0xff3eff7f);
        report_eq("SPEFSCR in user mode", trap_run(get_spefscr, MSR_PR, 0, 0, 0, 0).vector, TRAP_NONE);
        report("SPRG9 is absent", is_absent(get_sprg9));
        report("L2CSR0 is absent", is_absent(get_l2csr0));
        return;
    }
    reads_back("SPRG9", set_sprg9, get_sprg9, 0x12345678, ~0u);
    reads_back("HDBCR1", set_hdbcr1, get_hdbcr1, 0x01000000, 0x01000000);
    privileged("SPRG9 read in user mode is privileged", get_sprg9);
    report("PID1 is absent", is_absent(get_pid1));
    report("PID2 is absent", is_absent(get_pid2));
    report("SPEFSCR is absent", is_absent(get_spefscr));
}

/* SPRG3 shows at 259 and SPRG4–7 at 260–263, read-only, in user mode; USPRG0 is the user's. */
static void user(void)
{
    mtspr(SPR_SPRG3, 0x33);
    mtspr(SPR_SPRG4, 0x44);
    mtspr(SPR_SPRG5, 0x55);
    mtspr(SPR_SPRG6, 0x66);
    mtspr(SPR_SPRG7, 0x77);
    report_eq("USPRG3 shows SPRG3 in user mode", get(get_usprg3, MSR_PR), 0x33);
    report_eq("USPRG4 shows SPRG4 in user mode", get(get_usprg4, MSR_PR), 0x44);
    report_eq("USPRG5 shows SPRG5 in user mode", get(get_usprg5, MSR_PR), 0x55);
    report_eq("USPRG6 shows SPRG6 in user mode", get(get_usprg6, MSR_PR), 0x66);
    report_eq("USPRG7 shows SPRG7 in user mode", get(get_usprg7, MSR_PR), 0x77);
    Trap t = trap_run(set_usprg0, MSR_PR, 0xabcd, 0, 0, 0);
    report_eq("USPRG0 written in user mode", t.vector == TRAP_NONE ? get(get_usprg0, 0) : t.vector, 0xabcd);
    report_eq("XER in user mode", trap_run(set_xer, MSR_PR, 0, 0, 0, 0).vector, TRAP_NONE);
    report_eq("CTR in user mode", trap_run(get_ctr, MSR_PR, 0, 0, 0, 0).vector, TRAP_NONE);
    report_eq("TBL in user mode", trap_run(get_tbl, MSR_PR, 0, 0, 0, 0).vector, TRAP_NONE);
    report_eq("TBU in user mode", trap_run(get_tbu, MSR_PR, 0, 0, 0, 0).vector, TRAP_NONE);
    privileged("SPRG0 read in user mode is privileged", get_sprg0);
    privileged("SPRG4 write in user mode is privileged", set_sprg4);
    privileged("PVR read in user mode is privileged", get_pvr);
    privileged("PIR read in user mode is privileged", get_pir);
    privileged("SRR0 read in user mode is privileged", get_srr0);
    privileged("SRR1 write in user mode is privileged", set_srr1);
    privileged("CSRR1 write in user mode is privileged", set_csrr1);
    privileged("MCSRR0 read in user mode is privileged", get_mcsrr0);
    privileged("ESR read in user mode is privileged", get_esr);
    privileged("PID write in user mode is privileged", set_pid);
    privileged("MAS0 read in user mode is privileged", get_mas0);
    privileged("DEC read in user mode is privileged", get_dec);
    privileged("TBL write in user mode is privileged", set_tblw);
}

static void absent(void)
{
    Trap t = trap_run(get_unknown_user, 0, 0, 0, 0, 0);

    report("an absent user SPR is illegal", t.vector == VEC_PROGRAM && t.esr == ESR_PIL);
    t = trap_run(set_unknown_user, MSR_PR, 0, 0, 0, 0);
    report("an absent user SPR is illegal in user mode", t.vector == VEC_PROGRAM && t.esr == ESR_PIL);
    t = trap_run(get_unknown_supervisor, 0, 0, 0, 0, 0);
    report("an absent supervisor SPR is illegal", t.vector == VEC_PROGRAM && t.esr == ESR_PIL);
    t = trap_run(get_unknown_supervisor, MSR_PR, 0, 0, 0, 0);
    report("an absent supervisor SPR in user mode is privileged", t.vector == VEC_PROGRAM && t.esr == ESR_PPR);
    t = trap_run(set_pvr, 0, 0, 0, 0, 0);
    report("PVR write is illegal", t.vector == VEC_PROGRAM && t.esr == ESR_PIL);
    t = trap_run(set_tbl, 0, 0, 0, 0, 0);
    report("the user's TBL cannot be written", t.vector == VEC_PROGRAM && t.esr == ESR_PIL);
}

void guest_main(void)
{
    identity();
    cache_control();
    storage();
    user();
    of_both_cores();
    of_one_core();
    absent();
}
