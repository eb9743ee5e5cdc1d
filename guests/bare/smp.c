/* SPDX-License-Identifier: MIT
 * Two CPUs: the spin table (ePAPR 1.1 §5.5.2), what the second finds at its entry, interrupts and
 * doorbells across, reservations, invalidations, the time base.  Needs -smp 2. */
#include "mpic_regs.h"

#define TABLE_EA 0x50000000u

/* The second CPU does one task at a time; tasks are handed over by number. */
static volatile struct {
    uint32_t at_entry[9]; /* r3..r9, PIR, MSR */
    uint32_t task, done;
    uint32_t word, answer;
    uint32_t interrupts, doorbells;
} shared;

void second_main(void);
extern const char second_start[];
__asm__(".pushsection .text; .globl second_start\n"
        "second_start: lis 12,second_entry@ha; addi 12,12,second_entry@l;"
        "stw 3,0(12); stw 4,4(12); stw 5,8(12); stw 6,12(12); stw 7,16(12); stw 8,20(12); stw 9,24(12);"
        "mfspr 11,286; stw 11,28(12); mfmsr 11; stw 11,32(12);"
        "lis 1,(second_stack+8192-64)@ha; addi 1,1,(second_stack+8192-64)@l; li 0,0; stw 0,0(1); bl "
        "second_main;"
        "1: b 1b; .popsection");
uint32_t second_entry[9];
uint8_t second_stack[8192] __attribute__((aligned(16)));

static void barrier(void)
{
    __asm__ volatile("sync" : : : "memory");
}

static uint32_t increment(volatile uint32_t *p)
{
    uint32_t v;

    __asm__ volatile("1: lwarx %0,0,%1; addi %0,%0,1; stwcx. %0,0,%1; bne- 1b" : "=&r"(v) : "r"(p) : "memory", "cr0");
    return v;
}

enum { TASK_NONE, TASK_IPI, TASK_DOORBELL, TASK_COUNT, TASK_PING, TASK_TLB_LOAD, TASK_TLB_LOOK, TASK_TIME, TASK_SEND, TASK_STOP };
enum { ROUNDS = 20000 };
#define PING_OVER 0xffffffffu

/* A CPU that runs two of ours in turns makes each exchange cost a time slice: ten will do there. */
static bool enough(unsigned rounds, uint64_t since)
{
    return rounds >= 2000 || (rounds >= 10 && timebase() - since > 1 << 28);
}

static void second_external(TrapFrame *frame)
{
    shared.word = io_read32(MPIC_CPU(1, 0xa0));
    io_write32(MPIC_CPU(1, 0xb0), 0);
    shared.interrupts++;
}

static void second_doorbell(TrapFrame *frame)
{
    shared.doorbells++;
}

static void second_do(uint32_t task)
{
    switch (task) {
    case TASK_IPI:
    case TASK_DOORBELL:
        mtmsr(mfmsr() | MSR_EE);
        while (!(task == TASK_IPI ? shared.interrupts : shared.doorbells))
            cpu_relax();
        mtmsr(mfmsr() & ~MSR_EE);
        break;
    case TASK_COUNT:
        for (unsigned n = 0; n < ROUNDS; n++)
            increment(&shared.word);
        break;
    case TASK_PING:
        for (uint32_t n = 1;; n += 2) {
            while (shared.word != n && shared.word != PING_OVER)
                cpu_relax();
            if (shared.word == PING_OVER)
                break;
            barrier();
            shared.answer += n;
            barrier();
            shared.word = n + 1;
        }
        break;
    case TASK_TLB_LOAD:
        tlb_write((TlbEntry){MAS0_TLB0(2), MAS1_VALID | MAS1_TSIZE(2), TEST_EA, 0x900000 | 0x3f, 0});
        shared.answer = *(volatile uint32_t *)TEST_EA;
        break;
    case TASK_TLB_LOOK:
        shared.answer = tlb_read(MAS0_TLB0(2), TEST_EA).mas1 >> 31;
        break;
    case TASK_TIME:
        shared.word = mfspr(SPR_TBU_R);
        shared.answer = mfspr(SPR_TBL_R);
        break;
    case TASK_SEND:
        io_write32(MPIC_CPU(1, 0x40), 1);
        if (!cpu_is_e500v2())
            __asm__ volatile("msync; msgsnd %0" : : "r"(0) : "memory");
        break;
    default:
        break;
    }
}

void second_main(void)
{
    /* Not over the entry that maps us, wherever the platform put it: tlbsx would tell, 8 is far
     * from both ends. */
    ccsr_map(8);
    trap_init_cpu();
    for (unsigned i = 0; i < 9; i++)
        shared.at_entry[i] = second_entry[i];
    barrier();
    shared.done = 1;
    for (uint32_t last = 0;;) {
        uint32_t task = shared.task;

        if (task == last)
            continue;
        last = task;
        if ((task & 0xff) == TASK_STOP)
            break;
        second_do(task & 0xff);
        barrier();
        shared.done = task;
    }
    for (;;)
        if (!cpu_is_e500v2()) /* it has no such instruction */
            __asm__ volatile("wait");
}

static void hand_over(uint32_t task)
{
    static uint32_t serial = 1;

    barrier();
    shared.task = ++serial << 8 | task;
}

static void join(void)
{
    while (shared.done != shared.task)
        cpu_relax();
    barrier();
}

static uint64_t release_address(int node)
{
    uint32_t length;
    const uint32_t *p = fdt_property(node, "cpu-release-addr", &length);

    return p && length == 8 ? (uint64_t)p[0] << 32 | p[1] : 0;
}

static void release(uint64_t address)
{
    volatile uint32_t *entry = (uint32_t *)(TABLE_EA + (uint32_t)(address & 0xfff));

    tlb1_map(6, TABLE_EA | MAS2_I | MAS2_G, address & ~0xfffull, 2, MAS3_SR | MAS3_SW);
    report("its entry says wait", entry[0] == 0 && entry[1] == 1);
    barrier();
    entry[2] = 0;
    entry[3] = 0xcafe0001;
    entry[5] = 1;
    barrier();
    entry[0] = 0;
    entry[1] = (uint32_t)second_start;
    while (!shared.done)
        cpu_relax();
    barrier();
    report_eq("entry: r3 as given", shared.at_entry[0], 0xcafe0001);
    report_eq("entry: r4 is 0", shared.at_entry[1], 0);
    report_eq("entry: r5 is 0", shared.at_entry[2], 0);
    report_eq("entry: r6 is 0", shared.at_entry[3], 0);
    report_eq("entry: r7 is 64 MiB", shared.at_entry[4], 64 << 20);
    report_eq("entry: r8 is 0", shared.at_entry[5], 0);
    report_eq("entry: r9 is 0", shared.at_entry[6], 0);
    report_eq("entry: PIR is 1", shared.at_entry[7], 1);
    report_eq("entry: MSR is 0", shared.at_entry[8], 0);
    tlb1_unmap(6);
}

static volatile uint32_t first_interrupts, first_doorbells;

static void first_external(TrapFrame *frame)
{
    if (mfspr(SPR_PIR) == 1) {
        second_external(frame);
        return;
    }
    io_read32(MPIC_IACK);
    io_write32(MPIC_EOI, 0);
    first_interrupts++;
}

static void first_doorbell(TrapFrame *frame)
{
    if (mfspr(SPR_PIR) == 1)
        second_doorbell(frame);
    else
        first_doorbells++;
}

static void interrupts(void)
{
    trap_handle(VEC_EXTERNAL, first_external);
    trap_handle(VEC_DOORBELL, first_doorbell);
    io_write32(MPIC_GCR, GCR_MIXED);
    io_write32(MPIC_IPIVPR(0), VPR(5, 0x55));
    io_write32(MPIC_CTPR, 0);
    io_write32(MPIC_CPU(1, 0x80), 0);
    report_eq("FRR counts two CPUs", io_read32(MPIC_FRR) >> 8 & 0x1f, 1);
    hand_over(TASK_IPI);
    io_write32(MPIC_IPIDR(0), 2);
    join();
    report_eq("an IPI to CPU 1", shared.interrupts, 1);
    report_eq("its vector", shared.word, 0x55);
    if (cpu_is_e500v2()) { /* no doorbells */
        mtmsr(mfmsr() | MSR_EE);
        hand_over(TASK_SEND);
        while (!first_interrupts)
            cpu_relax();
        join();
        mtmsr(mfmsr() & ~MSR_EE);
        report_eq("an IPI from CPU 1", first_interrupts, 1);
        report_eq("no doorbell exists", first_doorbells, 0);
        return;
    }
    hand_over(TASK_DOORBELL);
    __asm__ volatile("msync; msgsnd %0" : : "r"(1) : "memory");
    join();
    report_eq("a doorbell to CPU 1", shared.doorbells, 1);
    mtmsr(mfmsr() | MSR_EE);
    hand_over(TASK_SEND);
    while (!first_interrupts || !first_doorbells)
        cpu_relax();
    join();
    mtmsr(mfmsr() & ~MSR_EE);
    report("an IPI and a doorbell from CPU 1", first_interrupts == 1 && first_doorbells == 1);
}

static void memory(void)
{
    shared.word = 0;
    hand_over(TASK_COUNT);
    for (unsigned n = 0; n < ROUNDS; n++)
        increment(&shared.word);
    join();
    report_eq("both count by reservation: none is lost", shared.word, 2 * ROUNDS);

    shared.word = 0;
    shared.answer = 0;
    uint32_t expected = 0;
    bool ordered = true;
    hand_over(TASK_PING);
    uint64_t since = timebase();
    for (uint32_t n = 1; !enough(n / 2, since); n += 2) {
        expected += n;
        shared.word = n;
        while (shared.word != n + 1)
            cpu_relax();
        barrier();
        ordered &= shared.answer == expected;
    }
    shared.word = PING_OVER;
    join();
    report("messages to and fro come in order", ordered);
}

static void invalidation(void)
{
    *(volatile uint32_t *)0x900000 = 0x0ff1ce;
    hand_over(TASK_TLB_LOAD);
    join();
    report_eq("CPU 1 maps a page by its own TLB0", shared.answer, 0x0ff1ce);
    report_eq("that is not ours", tlb_read(MAS0_TLB0(2), TEST_EA).mas1 >> 31, 0);
    __asm__ volatile("tlbivax 0,%0; msync; tlbsync; msync; isync" : : "r"(TEST_EA) : "memory");
    hand_over(TASK_TLB_LOOK);
    join();
    report_eq("tlbivax here reaches there", shared.answer, 0);
    hand_over(TASK_TLB_LOAD);
    join();
    mtspr(SPR_MAS6, 0);
    if (cpu_is_e500v2()) /* no tlbilx: all of our TLB0 */
        mtspr(SPR_MMUCSR0, 4);
    else
        __asm__ volatile("tlbilx 3,0,%0; msync; isync" : : "r"(TEST_EA) : "memory");
    hand_over(TASK_TLB_LOOK);
    join();
    report_eq("an invalidation for this CPU alone does not", shared.answer, 1);
}

static void time(void)
{
    bool ordered = true;

    uint64_t since = timebase();
    for (unsigned n = 0; !enough(n, since); n++) {
        uint64_t before = timebase();

        hand_over(TASK_TIME);
        join();
        uint64_t there = (uint64_t)shared.word << 32 | shared.answer;
        ordered &= there >= before && timebase() >= there;
    }
    report("the time bases go together", ordered);
}

void guest_main(void)
{
    int node = fdt_next_with(-1, "device_type", "cpu");

    node = node < 0 ? -1 : fdt_next_with(node, "device_type", "cpu");
    if (node < 0) {
        report_skip("two CPUs", "the tree has one");
        return;
    }
    report_eq64("the tree names its spin-table entry", release_address(node),
                board_is("MPC8544DS") ? 0xef000020ull : 0xfef000020ull);
    const char *status = fdt_property(node, "status", NULL), *method = fdt_property(node, "enable-method", NULL);
    report("its status is disabled, its method spin-table",
           status && !strcmp(status, "disabled") && method && !strcmp(method, "spin-table"));
    release(release_address(node));
    interrupts();
    memory();
    invalidation();
    time();
    hand_over(TASK_STOP);
}
