/* SPDX-License-Identifier: MIT
 * A machine check for an address where nobody answers, as a guest of KVM can take it too: KVM's emulator has neither MCSRR0, MCSRR1 nor
 * rfmci, so the handler finds in registers where to go on.  unmapped.c says what these three hold. */
#include "guest.h"

/* r6: the MSR to go on with; r7: where.  r8: the MSR of the handler. */
extern const char bus_error_handler[];
__asm__(".pushsection .text; .balign 16; .globl bus_error_handler\n"
        "bus_error_handler: mfmsr 8; mtmsr 6; isync; mtctr 7; bctr; .popsection");

typedef struct {
    bool taken;
    uint32_t value; /* what was to be stored, or the register of a load */
    uint32_t msr;   /* the handler's, if it was taken */
} Access;

static Access access(bool store, uint32_t ea)
{
    uint32_t taken = 0, value = 0x5a5a5a5a, msr = 0;

    mtspr(SPR_MCSR, mfspr(SPR_MCSR));
    __asm__ volatile(
        "lis 7,2f@ha; addi 7,7,2f@l; mfmsr 6; cmpwi %4,0; bne 1f; lwz %0,0(%3); sync; b 3f; 1: stw %0,0(%3); sync; b 3f;"
        "2: li %1,1; mr %2,8; 3:"
        : "+&r"(value), "+&r"(taken), "+&r"(msr)
        : "b"(ea), "r"((uint32_t)store)
        : "6", "7", "8", "ctr", "cr0", "memory");
    return (Access){taken, value, msr};
}

static void one(const char *sentence, const char *afterwards, bool store, uint64_t pa, bool zero)
{
    tlb1_map(5, TEST_EA | MAS2_I | MAS2_G, pa & ~0xfffull, 2, 0x3f);
    Access a = access(store, TEST_EA | (pa & 0xfff));

    report(sentence, a.taken != zero);
    if (a.taken)
        report(afterwards, a.value == 0x5a5a5a5a && mfspr(SPR_MCSR) && !(a.msr & (MSR_ME | MSR_EE | MSR_CE)));
    else
        report(afterwards, !mfspr(SPR_MCSR) && (store || !a.value));
    tlb1_unmap(5);
}

void guest_main(void)
{
    bool zero = told_to("zero"), strict = told_to("machine-check");

    mtspr(SPR_IVOR0 + 1, (uint32_t)bus_error_handler & 0xfff0);
    mtmsr(mfmsr() | MSR_ME);
    one("load from nowhere", "load from nowhere: the register stays, MCSR, MSR[ME]", false, 0x800000120ull, zero);
    one("store to nowhere", "store to nowhere: MCSR, MSR[ME]", true, 0x800000120ull, zero);
    one("load beyond RAM", "load beyond RAM: the register stays, MCSR, MSR[ME]", false, 0x10000ffcull, zero);
    one("hole in CCSR", "hole in CCSR: what is seen of it", false, ccsr_pa + 0xb0000, !strict);
    one("store to a hole in CCSR", "store to a hole in CCSR: what is seen of it", true, ccsr_pa + 0xb0000, !strict);
}
