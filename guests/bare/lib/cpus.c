/* SPDX-License-Identifier: MIT
 * More CPUs than one: let go by the spin table (ePAPR 1.1 §5.5.2), then one task at a time, the same on each. */
#include "guest.h"

#define TABLE_EA   0x50000000u
#define TABLE_TLB1 7 /* on CPU 0 while it lets the others go */
#define STACK      8192

extern const char cpu_start[];
_Noreturn void cpu_main(void);

static uint8_t stacks[CPUS_MAX][STACK] __attribute__((aligned(16), section(".stacks.cpus")));
static unsigned count;
static CpuTask *volatile the_task;
static volatile uint32_t serial; /* of the_task */
static volatile uint32_t here, through;
static volatile uint32_t met, meetings;

unsigned cpu_index(void)
{
    return mfspr(SPR_PIR);
}

unsigned cpus_count(void)
{
    unsigned n = 0;

    for (int node = -1; (node = fdt_next_with(node, "device_type", "cpu")) >= 0;)
        n++;
    return n;
}

void cpu_main(void)
{
    uint32_t last = 0;

    /* Another entry than the one that maps this code. */
    tlb_write((TlbEntry){MAS0_TLB1(8), MAS1_VALID | MAS1_IPROT | MAS1_TSIZE(10), CCSR | MAS2_I | MAS2_G,
                         0xe0000000 | MAS3_SR | MAS3_SW, 0xf});
    trap_init_cpu();
    atomic_add(&here, 1);
    for (;;) {
        while (serial == last)
            cpu_relax();
        last = serial;
        sync();
        the_task(cpu_index());
        sync();
        atomic_add(&through, 1);
    }
}

static void let_go(unsigned cpu, uint64_t release)
{
    volatile uint32_t *entry = (uint32_t *)(TABLE_EA + (uint32_t)(release & 0xfff));

    tlb1_map(TABLE_TLB1, TABLE_EA | MAS2_I | MAS2_G, release & ~0xfffull, 2, MAS3_SR | MAS3_SW);
    entry[2] = 0;
    entry[3] = (uint32_t)stacks[cpu + 1] - 64;
    sync();
    entry[0] = 0;
    entry[1] = (uint32_t)cpu_start;
    tlb1_unmap(TABLE_TLB1);
}

void cpus_start(void)
{
    for (int node = -1; (node = fdt_next_with(node, "device_type", "cpu")) >= 0; count++) {
        uint32_t length;
        const uint32_t *release = fdt_property(node, "cpu-release-addr", &length);

        if (count && release && length == 8)
            let_go(count, (uint64_t)release[0] << 32 | release[1]);
    }
    while (here != count - 1)
        cpu_relax();
    sync();
}

void cpus_begin(CpuTask *task)
{
    the_task = task;
    through = 0;
    met = 0;
    sync();
    serial++;
}

void cpus_end(void)
{
    while (through != count - 1)
        cpu_relax();
    sync();
}

void cpus_run(CpuTask *task)
{
    cpus_begin(task);
    task(0);
    cpus_end();
}

void cpus_meet(void)
{
    uint32_t mine = meetings;

    sync();
    if (atomic_add(&met, 1) == count) {
        met = 0;
        sync();
        meetings = mine + 1;
    }
    while (meetings == mine)
        cpu_relax();
    sync();
}
