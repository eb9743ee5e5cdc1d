/* SPDX-License-Identifier: MIT
 * What goes from one CPU to others: interrupts and their distribution, doorbells, invalidations, code that changes, the time
 * base.  With -smp 2 to 32; the last report is made while the others still spin, wait and touch devices. */
#include "mpic_regs.h"

enum { TICKS = 4000, PAGES = 8, PAGE = 4096 };

/* Where the host has fewer CPUs than we, each exchange costs time slices: the more CPUs, the fewer rounds. */
static unsigned cpus, rounds;
static volatile uint32_t got[CPUS_MAX], rung[CPUS_MAX], wrong;

static void mpic_own(uint32_t ctpr)
{
    io_write32(MPIC_CPU(cpu_index(), 0x80), ctpr);
}

static void on_external(TrapFrame *frame)
{
    unsigned cpu = cpu_index();
    uint32_t vector = io_read32(MPIC_CPU(cpu, 0xa0));

    io_write32(MPIC_CPU(cpu, 0xb0), 0);
    if (vector != 0xffff)
        got[cpu] += 1 + (vector << 16);
}

static void on_doorbell(TrapFrame *frame)
{
    rung[cpu_index()]++;
}

static void enable(void)
{
    mtmsr(mfmsr() | MSR_EE);
}

static void disable(void)
{
    mtmsr(mfmsr() & ~MSR_EE);
}

static void nothing_got(void)
{
    for (unsigned n = 0; n < CPUS_MAX; n++)
        got[n] = rung[n] = 0;
    wrong = 0;
}

/* Each waits for what comes to it in each round. */
static void expect(volatile uint32_t *mine, uint32_t want)
{
    while (*mine != want)
        cpu_relax();
}

/* CPU 0 interrupts all, itself too. */
static void ipi_to_all(uint32_t cpu)
{
    mpic_own(0);
    enable();
    for (uint32_t n = 1; n <= rounds; n++) {
        cpus_meet();
        if (cpu == 0)
            io_write32(MPIC_IPIDR(1), cpus == 32 ? 0xffffffff : (1u << cpus) - 1);
        expect(&got[cpu], n * (1 + (0x51 << 16)));
    }
    disable();
}

/* Each interrupts its neighbour, all at once. */
static void ipi_round(uint32_t cpu)
{
    enable();
    for (uint32_t n = 1; n <= rounds; n++) {
        cpus_meet();
        io_write32(MPIC_CPU(cpu, 0x40 + 0x20), 1u << (cpu + 1) % cpus);
        expect(&got[cpu], n * (1 + (0x52 << 16)));
    }
    disable();
}

static void doorbell_round(uint32_t cpu)
{
    enable();
    for (uint32_t n = 1; n <= rounds; n++) {
        cpus_meet();
        __asm__ volatile("msync; msgsnd %0" : : "r"((cpu + 1) % cpus) : "memory");
        expect(&rung[cpu], n);
    }
    disable();
}

static void doorbell_broadcast(uint32_t cpu)
{
    enable();
    for (uint32_t n = 1; n <= rounds; n++) {
        cpus_meet();
        if (cpu == n % cpus)
            __asm__ volatile("msync; msgsnd %0" : : "r"(0x04000000) : "memory");
        expect(&rung[cpu], n);
    }
    disable();
}

/* A message interrupt per CPU, each sent to that one alone. */
static void message_to_each(uint32_t cpu)
{
    enable();
    cpus_meet();
    if (cpu == 0) {
        for (unsigned n = 0; n < cpus; n++) {
            io_write32(MPIC_GTVPR(0), VPR(5, 0x60));
            io_write32(MPIC_GTDR(0), 1u << n);
            io_write32(MPIC_GTBCR(0), 50); /* base count: soon; then stop it */
            while (!got[n])
                cpu_relax();
            io_write32(MPIC_GTBCR(0), 0x80000000);
            io_write32(MPIC_GTVPR(0), VPR_MSK);
        }
        for (unsigned n = 0; n < cpus; n++)
            wrong += got[n] >> 16 == 0;
    }
    cpus_meet();
    disable();
}

static void interrupts(void)
{
    trap_handle(VEC_EXTERNAL, on_external);
    trap_handle(VEC_DOORBELL, on_doorbell);
    io_write32(MPIC_GCR, GCR_MIXED);
    io_write32(MPIC_IPIVPR(1), VPR(5, 0x51));
    io_write32(MPIC_IPIVPR(2), VPR(5, 0x52));
    report_eq("FRR counts the CPUs", (io_read32(MPIC_FRR) >> 8 & 0x1f) + 1, cpus);
    nothing_got();
    cpus_run(ipi_to_all);
    report("an IPI to all reaches each once", true);
    nothing_got();
    cpus_run(ipi_round);
    report("all interrupt their neighbours at once", true);
    nothing_got();
    cpus_run(message_to_each);
    report_eq("a timer's interrupt goes to the CPU that it names", wrong, 0);
    if (cpu_is_e500v2()) {
        report_skip("doorbells to the neighbours", "the e500v2 has none");
        report_skip("a doorbell to all", "the e500v2 has none");
        return;
    }
    nothing_got();
    cpus_run(doorbell_round);
    report("doorbells to the neighbours", true);
    nothing_got();
    cpus_run(doorbell_broadcast);
    report("a doorbell to all", true);
}

/* --- invalidation: after tlbivax and tlbsync nobody reads a page by its old translation */

static volatile uint32_t current; /* real address of the page that TEST_EA is to show */
static volatile uint32_t over, looks[CPUS_MAX];
static uint8_t *const pages = (uint8_t *)0x900000;

static void map_current(TrapFrame *frame)
{
    uint32_t page;

    do { /* an invalidation between the two would miss the entry: look again */
        page = current;
        tlb_write((TlbEntry){MAS0_TLB0(1), MAS1_VALID | MAS1_TSIZE(2), TEST_EA | MAS2_M, page | 0x3f, 0});
        sync();
    } while (page != current);
}

static void look(uint32_t cpu)
{
    if (!cpu)
        return;
    while (!over) {
        uint32_t v = *(volatile uint32_t *)TEST_EA;

        if (v != 0x600d)
            wrong++;
        looks[cpu]++;
    }
    tlb_write((TlbEntry){MAS0_TLB0(1), MAS1_TSIZE(2), TEST_EA, 0, 0});
}

static volatile uint32_t *page_word(unsigned n)
{
    return (volatile uint32_t *)(pages + n % PAGES * PAGE);
}

static void invalidation(void)
{
    trap_handle(VEC_DTLB, map_current);
    *page_word(0) = 0x600d;
    current = (uint32_t)page_word(0);
    wrong = over = 0;
    cpus_begin(look);
    for (unsigned cpu = 1; cpu < cpus; cpu++)
        while (!looks[cpu])
            cpu_relax();
    for (unsigned n = 1; n <= rounds; n++) {
        *page_word(n) = 0x600d;
        sync();
        current = (uint32_t)page_word(n);
        __asm__ volatile("msync; tlbivax 0,%0; msync; tlbsync; msync" : : "r"(TEST_EA) : "memory");
        *page_word(n - 1) = 0xbad;
    }
    over = 1;
    cpus_end();
    report_eq("after tlbivax and tlbsync the old page is seen by nobody", wrong, 0);
}

/* --- code of another CPU changes */

static uint32_t code[2] __attribute__((aligned(64)));
static volatile uint32_t written, called;

static void call_code(uint32_t cpu)
{
    if (!cpu)
        return;
    for (uint32_t n = 1; n <= rounds; n++) {
        while (written != n)
            cpu_relax();
        __asm__ volatile("isync" : : : "memory");
        if (((uint32_t(*)(void))(void *)code)() != n)
            wrong++;
        sync();
        atomic_add(&called, 1);
    }
}

static void code_changes(void)
{
    wrong = 0;
    cpus_begin(call_code);
    for (uint32_t n = 1; n <= rounds; n++) {
        *(volatile uint32_t *)&code[0] = 0x38600000 | n; /* li r3,n */
        *(volatile uint32_t *)&code[1] = 0x4e800020;     /* blr */
        __asm__ volatile("dcbst 0,%0; msync; icbi 0,%0; msync; isync" : : "r"(code) : "memory");
        written = n;
        while (called != n * (cpus - 1))
            cpu_relax();
    }
    cpus_end();
    report_eq("code written here runs there", wrong, 0);
}

/* --- time: never seen to go back, from whichever CPU */

static volatile uint32_t time_lock __attribute__((aligned(64)));
static volatile uint64_t last_time;
static volatile uint32_t turns[CPUS_MAX];

static void read_time(uint32_t cpu)
{
    uint32_t t;

    for (unsigned n = 0; n < TICKS; n++) {
        __asm__ volatile("b 2f; 1: or 27,27,27; 2: lwarx %0,0,%1; cmpwi %0,0; bne- 1b; stwcx. %2,0,%1; bne- 1b; isync"
                         : "=&r"(t)
                         : "r"(&time_lock), "r"(1)
                         : "memory", "cr0");
        uint64_t now = timebase();

        if (now < last_time)
            wrong++;
        last_time = now;
        sync();
        time_lock = 0;
    }
}

static void time(void)
{
    wrong = 0;
    cpus_run(read_time);
    report_eq("the time base never goes back from one CPU to another", wrong, 0);
}

/* --- the end */

static volatile uint32_t busy, hammered;

/* Spin, reserve, sleep, touch a device: for ever. */
static void keep_busy(uint32_t cpu)
{
    atomic_add(&busy, 1);
    for (;;) {
        switch (cpu % 4) {
        case 0:
            cpu_wait();
            break;
        case 1:
            break;
        case 2:
            atomic_add(&hammered, 1);
            break;
        default:
            io_read32(MPIC_FRR);
        }
    }
}

void guest_main(void)
{
    cpus = cpus_count();
    if (cpus < 2) {
        report_skip("several CPUs", "the tree has one");
        return;
    }
    rounds = 1 + 64 / cpus;
    cpus_start();
    report("all CPUs came by the spin table", true);
    interrupts();
    invalidation();
    code_changes();
    time();
    cpus_begin(keep_busy);
    while (busy != cpus - 1)
        cpu_relax();
    report("the machine ends while the others are busy", true);
}
