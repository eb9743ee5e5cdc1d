/* SPDX-License-Identifier: MIT
 * Is the machine as after power-on?  One boot leaves its marks on cores, devices and images; the next looks. */
#include "guest.h"

#define MPIC_CTPR (MPIC + 0x20080)
#define MPIC_IVPR(source) (MPIC + 0x10000 + 0x20 * (source))
#define MPIC_TIMER0_IVPR (MPIC + 0x1120)

static uint32_t loaded = 0x600d0600;                /* .data: comes with the image */
extern uint32_t fresh_text[];
__asm__(".pushsection .text; .globl fresh_text; fresh_text: .long 0x7e577e57; .popsection");

void fresh_dirty(void)
{
    loaded = 0;
    fresh_text[0] = 0;
    io_write8(UART0 + 7, 0x5a);
    io_write8(UART0 + 1, 0x01);
    io_write32(MPIC_CTPR, 3);
    io_write32(MPIC_IVPR(16), 0x00050011);
    io_write32(MPIC_TIMER0_IVPR, 0x00050012);
    io_write32(GPIO, 0x04000000);
    tlb1_map(9, TEST_EA, 0x900000, 2, 0x3f);
    tlb_write((TlbEntry){ MAS0_TLB0(2), MAS1_VALID | MAS1_TSIZE(2), TEST_EA + 0x10000, 0x900000 | 0x3f, 0 });
    mtspr(SPR_PID, 7);
    mtspr(SPR_DEC, 0x7fffffff);
    mtspr(SPR_TCR, TCR_DIE | TCR_FIE);
    mtspr(SPR_DBCR0, DBCR0_IDM);
}

const char *fresh_fault(void)
{
    if (entry_gpr(6) != 0x45504150 || entry_gpr(1) != 0x1000000 - 8 || entry_gpr(4) || entry_gpr(5))
        return "entry registers";
    if (entry_state.msr)
        return "MSR";
    if (loaded != 0x600d0600)
        return "the data segment was not loaded again";
    if (fresh_text[0] != 0x7e577e57)
        return "the text segment was not loaded again";
    if (io_read8(UART0 + 7) || io_read8(UART0 + 1))
        return "UART registers";
    if (io_read32(MPIC_CTPR) != 15)
        return "MPIC CTPR";
    if (!(io_read32(MPIC_IVPR(16)) >> 31) || !(io_read32(MPIC_TIMER0_IVPR) >> 31))
        return "an MPIC source is not masked";
    if (io_read32(GPIO))
        return "GPIO direction";
    for (unsigned n = 2; n < 64; n++)
        if (tlb_read(MAS0_TLB1(n), 0).mas1 & MAS1_VALID)
            return "a TLB1 entry is valid";
    if (tlb_read(MAS0_TLB0(2), TEST_EA + 0x10000).mas1 & MAS1_VALID)
        return "a TLB0 entry is valid";
    if (mfspr(SPR_PID))
        return "PID";
    if (mfspr(SPR_TCR))
        return "TCR";
    if (mfspr(SPR_DBCR0))
        return "DBCR0";
    return NULL;
}
