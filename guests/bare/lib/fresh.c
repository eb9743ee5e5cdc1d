/* SPDX-License-Identifier: MIT
 * Is the machine as after power-on?  One boot leaves its marks on cores, devices and images; the
 * next looks. */
#include "guest.h"

#define MPIC_CTPR         (MPIC + 0x20080)
#define MPIC_IVPR(source) (MPIC + 0x10000 + 0x20 * (source))
#define MPIC_TIMER0_IVPR  (MPIC + 0x1120)

static uint32_t loaded = 0x600d0600; /* in .data, which each boot loads anew with the image */
extern uint32_t fresh_text[];
__asm__(".pushsection .text; .globl fresh_text; fresh_text: .long 0x7e577e57; .popsection");

/* CPU 1 counts in RAM that is kept, for as long as it runs. */
#define SECOND_COUNT (keep_area[1023])
extern const char fresh_second[];
__asm__(".pushsection .text; .globl fresh_second; fresh_second: lis 4,(keep_area+4092)@ha;"
        "1: lwz 5,(keep_area+4092)@l(4); addi 5,5,1; stw 5,(keep_area+4092)@l(4); or 27,27,27; b 1b; .popsection");

/* The entry of CPU 1, mapped by TLB1 entry 10; NULL: there is none. */
static volatile uint32_t *map_spin_entry(void)
{
    int node = fdt_next_with(fdt_next_with(-1, "device_type", "cpu"), "device_type", "cpu");
    uint32_t length;
    const uint32_t *release = fdt_property(node, "cpu-release-addr", &length);

    if (!release || length != 8)
        return NULL;
    tlb1_map(10, (TEST_EA + 0x100000) | MAS2_I | MAS2_G, (uint64_t)release[0] << 32 | (release[1] & ~0xfffu), 2, MAS3_SR | MAS3_SW);
    return (uint32_t *)(TEST_EA + 0x100000 + (release[1] & 0xfff));
}

static void start_second(void)
{
    volatile uint32_t *entry = map_spin_entry();
    uint32_t before = *(volatile uint32_t *)&SECOND_COUNT;

    if (!entry || !(entry[1] & 1)) /* there is none, or it runs already */
        return;
    entry[5] = 1;
    entry[0] = 0;
    entry[1] = (uint32_t)fresh_second;
    while (*(volatile uint32_t *)&SECOND_COUNT == before)
        cpu_relax();
}

static bool second_waits(void)
{
    volatile uint32_t *entry = map_spin_entry();
    uint32_t before = *(volatile uint32_t *)&SECOND_COUNT;
    bool waits = !entry || (entry[0] == 0 && entry[1] == 1);

    for (unsigned n = 0; entry && n < 1000; n++)
        waits &= *(volatile uint32_t *)&SECOND_COUNT == before;
    tlb1_unmap(10);
    return waits;
}

void fresh_dirty(void)
{
    start_second();
    loaded = 0;
    fresh_text[0] = 0;
    io_write8(UART0 + 7, 0x5a);
    io_write8(UART0 + 1, 0x01);
    io_write32(MPIC_CTPR, 3);
    io_write32(MPIC_IVPR(16), 0x00050011);
    io_write32(MPIC_TIMER0_IVPR, 0x00050012);
    if (board_has("/soc/gpio"))
        io_write32(GPIO, 0x04000000);
    tlb1_map(9, TEST_EA, 0x900000, 2, 0x3f);
    tlb_write((TlbEntry){MAS0_TLB0(2), MAS1_VALID | MAS1_TSIZE(2), TEST_EA + 0x10000, 0x900000 | 0x3f, 0});
    mtspr(SPR_PID, 7);
    mtspr(SPR_DEC, 0x7fffffff);
    mtspr(SPR_TCR, TCR_DIE | TCR_FIE);
    mtspr(SPR_DBCR0, DBCR0_IDM);
}

/* The MPIC of Linux's KVM has no timers: their registers read as other ones. */
static bool has_timers(void)
{
    const uint32_t vpr = 0x80050012;
    io_write32(MPIC_TIMER0_IVPR, vpr);
    return io_read32(MPIC_TIMER0_IVPR) == vpr;
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
    if (!(io_read32(MPIC_IVPR(16)) >> 31))
        return "an MPIC source is not masked";
    if (!(io_read32(MPIC_TIMER0_IVPR) >> 31) && has_timers())
        return "an MPIC timer is not masked";
    if (board_has("/soc/gpio") && io_read32(GPIO))
        return "GPIO direction";
    for (unsigned n = 2; n < cpu_tlb1_entries(); n++)
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
    if (!second_waits())
        return "CPU 1 does not wait";
    return NULL;
}
