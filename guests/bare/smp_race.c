/* SPDX-License-Identifier: MIT
 * What one CPU changes while another one uses it, without a word between them: the word under a reservation, code, a translation; and
 * that every CPU goes on while all others want the same.  Needs -smp 2 or more; "long" in bootargs: LONG times as much. */
#include "guest.h"

enum { LONG = 50, LINE = 64, CODE_VALUES = 500, TURNS = 6, SHARES = 200 };

static unsigned cpus, times = 1;
static volatile uint32_t over __attribute__((aligned(LINE))), wrong, chances;

static void begin(CpuTask *task)
{
    over = wrong = chances = 0;
    cpus_begin(task);
}

static void end(void)
{
    over = 1;
    cpus_end();
}

/* --- a reservation does not outlive two changes that were seen, though the word has its old value again */

static volatile uint32_t word __attribute__((aligned(LINE))), changes __attribute__((aligned(LINE)));

static void change_and_change_back(unsigned cpu)
{
    while (cpu == 1 && !over) {
        word = 1;
        sync();
        word = 0;
        sync();
        changes++;
        for (unsigned n = 0; n < 30; n++)
            sync();
    }
}

/* lwarx, changes, a while, changes, stwcx.: was it stored?  Of two more changes the second began after the lwarx. */
static bool stored_over(uint32_t delay, uint32_t *more)
{
    uint32_t before, after, stored;

    __asm__ volatile("lwarx %2,0,%3; sync; lwz %0,0(%4); mtctr %5; 1: bdnz 1b; lwz %1,0(%4); sync;"
                     "stwcx. %2,0,%3; mfcr %2; rlwinm %2,%2,3,31,31"
                     : "=&r"(before), "=&r"(after), "=&r"(stored)
                     : "b"(&word), "b"(&changes), "r"(delay)
                     : "memory", "cr0", "ctr");
    *more = after - before;
    return stored;
}

static void reservations(void)
{
    uint32_t more, stored = 0;

    begin(change_and_change_back);
    for (unsigned n = 0; n < times * 2000 || !chances || !stored; n++) {
        bool done = stored_over(1 + n % 1024, &more);

        stored += done;
        chances += more >= 2;
        wrong += done && more >= 2;
    }
    end();
    say("    %u reservations were stored by, %u saw two changes\n", stored, chances);
    report_eq("changed twice, the old value again: stwcx. does not store", wrong, 0);
}

/* --- code: who knows that it was written executes it, and nothing but what was written */

PROBE(race_code, "li 3,0");
static volatile uint32_t published __attribute__((aligned(LINE)));

static uint32_t call_race_code(void)
{
    register uint32_t r3 __asm__("r3");

    __asm__ volatile("bl race_code" : "=r"(r3) : : "lr", "memory"); /* a branch that can be linked, not one by pointer */
    return r3;
}

static void execute(unsigned cpu)
{
    while (cpu && !over) {
        uint32_t least = published, got;

        __asm__ volatile("cmpw %0,%0; bne- 1f; 1: isync" : : "r"(least) : "cr0", "memory");
        got = call_race_code();
        sync();
        wrong += got < least || got > published + 1;
        if (got > least)
            atomic_add(&chances, 1);
    }
}

static void write_code(uint32_t n)
{
    *(volatile uint32_t *)race_code = 0x38600000 | n; /* li r3,n */
    code_sync(race_code, 4);
    published = n;
}

static void code(void)
{
    uint32_t faults = 0, new = 0;

    for (unsigned t = 0; t < times; t++) {
        write_code(0);
        begin(execute);
        for (uint32_t n = 1; n <= CODE_VALUES; n++)
            write_code(n);
        faults += wrong, new += chances;
        end();
        faults += wrong;
    }
    say("    %u calls found newer code than they knew of\n", new);
    report_eq("code that is known to be written is executed", faults, 0);
}

/* --- a translation: after tlbivax and tlbsync no store arrives by the old one */

enum { PAGE = 4096, PAGES = 4 };
static uint8_t *const pages = (uint8_t *)0x900000;
static volatile uint32_t current __attribute__((aligned(LINE))); /* real address of the page that TEST_EA is to show */

static volatile uint32_t *page_words(unsigned n)
{
    return (volatile uint32_t *)(pages + n % PAGES * PAGE);
}

static void map_current(TrapFrame *frame)
{
    uint32_t page;

    do { /* an invalidation between the two would miss the entry: look again */
        page = current;
        tlb_write((TlbEntry){MAS0_TLB0(1), MAS1_VALID | MAS1_TSIZE(2), TEST_EA | MAS2_M, page | 0x3f, 0});
        sync();
    } while (page != current);
}

static void store_always(unsigned cpu)
{
    volatile uint32_t *mine = (volatile uint32_t *)TEST_EA + cpu;

    if (!cpu)
        return;
    for (uint32_t n = 1; !over; n++)
        *mine = n;
    tlb_write((TlbEntry){MAS0_TLB0(1), MAS1_TSIZE(2), TEST_EA, 0, 0});
}

static void translations(void)
{
    uint32_t last[CPUS_MAX], stores = 0;

    trap_handle(VEC_DTLB, map_current);
    current = (uint32_t)page_words(0);
    memset(pages, 0, PAGES * PAGE);
    begin(store_always);
    for (unsigned n = 1; n <= times * 400 / cpus; n++) {
        volatile uint32_t *old = page_words(n - 1);

        sync();
        current = (uint32_t)page_words(n);
        __asm__ volatile("msync; tlbivax 0,%0; msync; tlbsync; msync" : : "r"(TEST_EA) : "memory");
        for (unsigned cpu = 1; cpu < cpus; cpu++)
            last[cpu] = old[cpu];
        for (unsigned i = 0; i < 100; i++)
            sync();
        for (unsigned cpu = 1; cpu < cpus; cpu++) {
            wrong += old[cpu] != last[cpu];
            stores += last[cpu] != 0;
            old[cpu] = 0;
        }
    }
    end();
    say("    %u times a CPU had stored into the page\n", stores);
    report_eq("after tlbivax and tlbsync no store comes by the old translation", wrong, 0);
}

/* --- all go on: each with its turn, and each with its share of a word that all want */

static volatile uint32_t turn __attribute__((aligned(LINE))), wanted __attribute__((aligned(LINE)));
static volatile uint32_t satisfied __attribute__((aligned(LINE)));

static void take_turns(unsigned cpu)
{
    for (unsigned n = 0; n < TURNS; n++) {
        while (turn % cpus != cpu)
            cpu_relax();
        turn++;
    }
}

/* Nobody stops before all have theirs. */
static void take_shares(unsigned cpu)
{
    for (unsigned n = 0; satisfied < cpus; n++) {
        atomic_add(&wanted, 1);
        if (n == SHARES)
            atomic_add(&satisfied, 1);
    }
}

static void liveness(void)
{
    cpus_run(take_turns);
    report_eq("each CPU has its turn, again and again", turn, cpus * TURNS);
    cpus_run(take_shares);
    report("each gets its share of a word that all want", satisfied == cpus && wanted > cpus * SHARES);
}

void guest_main(void)
{

    cpus = cpus_count();
    if (cpus < 2) {
        report_skip("several CPUs", "the tree has one");
        return;
    }
    if (told_to("long"))
        times = LONG;
    cpus_start();
    reservations();
    code();
    translations();
    liveness();
}
