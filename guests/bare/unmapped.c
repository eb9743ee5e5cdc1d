/* SPDX-License-Identifier: MIT
 * Physical addresses where nobody answers: machine checks, and the guest goes on. */
#include "guest.h"

PROBE(load, "lwz 3,0(3)");
PROBE(load_byte, "lbz 3,0(3)");
PROBE(store, "stw 4,0(3)");

static void one(const char *vector, const char *where, const void *pc, uint64_t pa, uint32_t offset)
{
    tlb1_map(5, TEST_EA | MAS2_I | MAS2_G, pa, 2, 0x3f);
    mtspr(SPR_MCSR, mfspr(SPR_MCSR));
    Trap t = trap_run(pc, MSR_ME, TEST_EA + offset, 0, 0, 0);
    report_eq(vector, t.vector, VEC_MCHECK);
    report(where, t.vector == VEC_MCHECK && t.srr0 == (uint32_t)pc && !(t.msr & MSR_ME) && (t.srr1 & MSR_ME));
    tlb1_unmap(5);
}

void guest_main(void)
{
    report_plan(15);
    one("load from nowhere", "load from nowhere: MCSRR0, MCSRR1, MSR[ME]", load, 0x800000000ull, 0);
    one("byte from nowhere", "byte from nowhere: MCSRR0, MCSRR1, MSR[ME]", load_byte, 0x7fffff000ull, 0xfff);
    one("store to nowhere", "store to nowhere: MCSRR0, MCSRR1, MSR[ME]", store, 0x800000000ull, 8);
    one("load beyond RAM", "load beyond RAM: MCSRR0, MCSRR1, MSR[ME]", load, 0x10000000, 0);
    one("hole in CCSR", "hole in CCSR: MCSRR0, MCSRR1, MSR[ME]", load, ccsr_pa + 0xb0000, 0);

    tlb1_map(5, TEST_EA | MAS2_I | MAS2_G, 0x800000000ull, 2, 0x3f);
    mtspr(SPR_MCSR, mfspr(SPR_MCSR));
    Trap t = trap_run(load, MSR_ME, TEST_EA + 0x120, 0, 0, 0);
    report("MCSR names a bus error or a load", t.mcsr != 0);
    report("MCSR[MAV] with MCAR the address", !(t.mcsr & MCSR_MAV) || (t.mcar & 0xfff) == 0x120);
    mtspr(SPR_MCSR, t.mcsr);
    report_eq("MCSR is cleared by ones", mfspr(SPR_MCSR), 0);
    /* a fetch from nowhere */
    t = trap_run((void *)TEST_EA, MSR_ME, 0, 0, 0, 0);
    report_eq("fetch from nowhere", t.vector, VEC_MCHECK);
    report_eq("fetch from nowhere: MCSRR0", t.srr0, TEST_EA);
    tlb1_unmap(5);
}
