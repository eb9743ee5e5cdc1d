/* SPDX-License-Identifier: MIT
 * A core is reset through the MPIC's processor initialization register, waits at its spin-table entry again and is let go once more, as
 * Linux does it for kexec and for CPU hotplug.  QorIQ and MPC8544E reference manuals, "Processor initialization register"; ePAPR 1.1
 * section 5.5.2. */
#include "mpic_regs.h"

enum { TABLE_EA = 0x50000000, TABLE_TLB1 = 7 };

/* The second core: stores the r3 that it starts with, then counts without a stack or a vector of its own. */
extern const char count_start[];
__asm__(".pushsection .text; .balign 64; .globl count_start\n"
        "count_start: lis 12,counter@ha; addi 12,12,counter@l; stw 3,4(12); li 4,0;"
        "1: addi 4,4,1; stw 4,0(12); b 1b; .popsection");
volatile uint32_t counter[2]; /* the count, and r3 */

static volatile uint32_t *entry_map(void)
{
    uint64_t where = 0;

    for (int node = -1; (node = fdt_next_with(node, "device_type", "cpu")) >= 0;) {
        const uint32_t *p = fdt_property(node, "cpu-release-addr", NULL);

        if (p)
            where = (uint64_t)p[0] << 32 | p[1];
    }
    tlb1_map(TABLE_TLB1, TABLE_EA | MAS2_I | MAS2_G, where & ~0xfffull, 2, MAS3_SR | MAS3_SW);
    return (volatile uint32_t *)(TABLE_EA + (uint32_t)(where & 0xfff));
}

static void let_go(volatile uint32_t *entry, uint32_t r3)
{
    counter[1] = 0;
    entry[2] = 0;
    entry[3] = r3;
    entry[0] = 0;
    __asm__ volatile("sync" ::: "memory");
    entry[1] = (uint32_t)count_start;
}

/* Waits for ever where the core does not count, which the guest's runner notices. */
static void wait_until_it_counts(uint32_t r3)
{
    uint32_t was = counter[0];

    while (counter[1] != r3 || counter[0] == was)
        cpu_relax();
}

static void wait_until_it_stands(void)
{
    uint32_t was;

    do {
        uint64_t begin = timebase();

        was = counter[0];
        while (timebase() - begin < 4000000)
            cpu_relax();
    } while (counter[0] != was);
}

void guest_main(void)
{
    volatile uint32_t *entry = entry_map();

    io_write32(MPIC_PIR, 0);
    report_eq("PIR comes up 0", io_read32(MPIC_PIR), 0);
    let_go(entry, 0x1111);
    wait_until_it_counts(0x1111);
    report("it runs after its first release", true);
    io_write32(MPIC_PIR, 0xfffffffe);
    report_eq("PIR reads back the processor that exists", io_read32(MPIC_PIR), 2);
    io_write32(MPIC_PIR, 0);
    report_eq("its spin-table entry says wait", entry[1], 1);
    wait_until_it_stands();
    let_go(entry, 0x2222);
    wait_until_it_counts(0x2222);
    report("it runs after its second release", true);
    io_write32(MPIC_PIR, 2); /* the release below may come before the reset has happened */
    let_go(entry, 0x3333);
    wait_until_it_counts(0x3333);
    report("a release right behind the reset is not lost", true);
}
