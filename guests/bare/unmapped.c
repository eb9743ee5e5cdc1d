/* SPDX-License-Identifier: MIT
 * Physical addresses where nobody answers: a machine check or zeros, and the guest goes on. */
#include "guest.h"

PROBE(load, "lwz 3,0(3)");
PROBE(load_byte, "lbz 3,0(3)");
PROBE(store, "stw 4,0(3)");

static void one(const char *vector, const char *where, const void *pc, uint64_t pa, uint32_t offset, bool zero)
{
    tlb1_map(5, TEST_EA | MAS2_I | MAS2_G, pa, 2, 0x3f);
    mtspr(SPR_MCSR, mfspr(SPR_MCSR));
    Trap t = trap_run(pc, MSR_ME, TEST_EA + offset, 0x5a5a5a5a, 0, 0);
    report_eq(vector, t.vector, zero ? TRAP_NONE : VEC_MCHECK);
    if (zero)
        report(where, t.vector == TRAP_NONE && (pc == store || t.ret == 0));
    else
        report(where, t.vector == VEC_MCHECK && t.srr0 == (uint32_t)pc && !(t.msr & MSR_ME) && (t.srr1 & MSR_ME));
    tlb1_unmap(5);
}

/* Blocks of the MPC8544 that start-up code of real systems touches: U-Boot's reginfo, Linux with the vendor's tree, FreeBSD, NetBSD. */
static unsigned blocks_that_answer(void)
{
    static const uint32_t blocks[] = {0x0,     0x20,    0xc08,   0xc10,   0x1000,  0x1010,  0x2000,  0x3000,  0x3100,
                                      0x4500,  0x4600,  0x5000,  0x8000,  0x9000,  0xa000,  0xb000,  0xf000,  0x20000,
                                      0x21300, 0x24000, 0x26000, 0x30000, 0x40000, 0xe0000, 0xe1000, 0xe3000, 0xffffc};
    unsigned answer = 0;
    for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        mtspr(SPR_MCSR, mfspr(SPR_MCSR));
        answer += trap_run(load, MSR_ME, CCSR + blocks[i], 0, 0, 0).vector == TRAP_NONE;
    }
    return answer;
}

void guest_main(void)
{
    bool zero = told_to("zero"), ccsr = !told_to("machine-check");
    one("load from nowhere", "load from nowhere: MCSRR0, MCSRR1, MSR[ME]", load, 0x800000000ull, 0, zero);
    one("byte from nowhere", "byte from nowhere: MCSRR0, MCSRR1, MSR[ME]", load_byte, 0x7fffff000ull, 0xfff, zero);
    one("store to nowhere", "store to nowhere: MCSRR0, MCSRR1, MSR[ME]", store, 0x800000000ull, 8, zero);
    one("load beyond RAM", "load beyond RAM: MCSRR0, MCSRR1, MSR[ME]", load, 0x10000000, 0, zero);
    one("hole in CCSR", "hole in CCSR, answered so", load, ccsr_pa + 0xb0000, 0, ccsr);
    one("store to a hole in CCSR", "store to a hole in CCSR, answered so", store, ccsr_pa + 0xb0000, 0, ccsr);
    one("byte that a device refuses", "byte that a device refuses, answered so", load_byte, ccsr_pa + 0xe0000, 0xa3, ccsr);
    unsigned answer = blocks_that_answer();
    report("blocks of the MPC8544 answer", ccsr ? answer == 27 : answer < 27);

    tlb1_map(5, TEST_EA | MAS2_I | MAS2_G, 0x800000000ull, 2, 0x3f);
    if (!zero) {
        mtspr(SPR_MCSR, mfspr(SPR_MCSR));
        Trap t = trap_run(load, MSR_ME, TEST_EA + 0x120, 0, 0, 0);
        report("MCSR names a bus error or a load", t.mcsr != 0);
        report("MCSR[MAV] with MCAR the address", !(t.mcsr & MCSR_MAV) || (t.mcar & 0xfff) == 0x120);
        mtspr(SPR_MCSR, t.mcsr);
        report_eq("MCSR is cleared by ones", mfspr(SPR_MCSR), 0);
    }
    /* a fetch from nowhere */
    Trap t = trap_run((void *)TEST_EA, MSR_ME, 0, 0, 0, 0);
    report_eq("fetch from nowhere", t.vector, VEC_MCHECK);
    report_eq("fetch from nowhere: MCSRR0", t.srr0, TEST_EA);
    tlb1_unmap(5);
}
