/* SPDX-License-Identifier: MIT
 * Registered memory areas (docs/MEMORY-AREAS.md): the property, each status, what each type shows, readers beside the writer, user
 * mode, and that a reset drops them: the first boot only registers some and resets. */
#include "guest.h"
#include "hcall_guest.h"
#include "memory_area.h"

#define MAGIC 0xa5ea0001

typedef volatile struct memory_area_wall_clock WallClock;
typedef volatile struct memory_area_steal_time StealTime;
typedef volatile struct memory_area_watchdog_touch WatchdogTouch;
typedef volatile struct memory_area_run_stats RunStats;

static struct {
    WallClock clock;
    StealTime steal;
    WatchdogTouch touch;
    RunStats stats;
    uint32_t next[16]; /* no area: what lies behind it must stay as it is */
} a __attribute__((aligned(MEMORY_AREA_ALIGN)));

static uint32_t area_register(uint32_t type, volatile void *area, uint32_t size)
{
    return call_QUOIN_AREA_REGISTER((uint32_t[]){type, 0, (uint32_t)area, size}, NULL);
}

static uint32_t area_unregister(uint32_t type)
{
    return call_QUOIN_AREA_UNREGISTER((uint32_t[]){type}, NULL);
}

static void hypercalls(unsigned n)
{
    while (n--)
        call_KVM_HC_FEATURES(NULL, NULL);
}

/* Waits for two periods of the hypervisor's, by reading the time base alone, so that this vCPU makes no exit. */
static void spin(void)
{
    const uint32_t *hz = fdt_property(fdt_next_with(-1, "device_type", "cpu"), "timebase-frequency", NULL);
    uint64_t end = timebase() + *hz / 40;

    while (timebase() < end)
        cpu_relax();
}

/* Under virtual time the hypervisor calls a vCPU out where something is due, or another one's turn begins. */
static void no_exit(const char *sentence, uint64_t before, uint64_t after)
{
    if (told_to("virtual"))
        report_skip(sentence, "virtual time makes exits of its own");
    else
        report(sentence, after == before);
}

/* ---- the tree ---- */

static bool listed(uint32_t type, uint32_t size)
{
    uint32_t length;
    const uint32_t *cells = fdt_property(fdt_node("/hypervisor"), MEMORY_AREA_PROPERTY, &length);

    for (uint32_t i = 0; cells && i + 2 <= length / 4; i += 2)
        if (cells[i] == type && cells[i + 1] == size)
            return true;
    return false;
}

static void property(void)
{
    uint32_t length;

    fdt_property(fdt_node("/hypervisor"), MEMORY_AREA_PROPERTY, &length);
    report_eq("the property has four pairs", length, 32);
    report("wall clock is listed", listed(MEMORY_AREA_WALL_CLOCK, sizeof(WallClock)));
    report("steal time is listed", listed(MEMORY_AREA_STEAL_TIME, sizeof(StealTime)));
    report("watchdog touch is listed", listed(MEMORY_AREA_WATCHDOG_TOUCH, sizeof(WatchdogTouch)));
    report("run stats are listed", listed(MEMORY_AREA_RUN_STATS, sizeof(RunStats)));
}

/* ---- statuses ---- */

static void registers_kept(void)
{
    uint32_t regs[9] = {MEMORY_AREA_RUN_STATS, 0, (uint32_t)&a.stats, 64, 0x77, 0x88, 0x99, 0x1010, QUOIN_AREA_REGISTER};

    hcall_raw(regs);
    report_eq("register: success", regs[0], EV_SUCCESS);
    report_eq("register: r4 is what is maintained", regs[1], 64);
    report("register: r5 to r11 are kept", regs[2] == (uint32_t)&a.stats && regs[3] == 64 && regs[4] == 0x77 && regs[5] == 0x88 &&
                                               regs[6] == 0x99 && regs[7] == 0x1010 && regs[8] == QUOIN_AREA_REGISTER);
    uint32_t again[9] = {MEMORY_AREA_RUN_STATS, 0x4444, 0x5550, 64, 0, 0, 0, 0, QUOIN_AREA_REGISTER};
    hcall_raw(again);
    report("a refusal keeps r4 to r6", again[0] != EV_SUCCESS && again[1] == 0x4444 && again[2] == 0x5550 && again[3] == 64);
}

static void refusals(void)
{
    uint8_t *p = (uint8_t *)&a;

    for (unsigned i = 0; i < 16; i++)
        a.next[i] = 0x5e5e5e00 + i;
    report_eq("a type that nobody knows: EV_ENODEV", area_register(5, a.next, 64), EV_ENODEV);
    report_eq("type 0: EV_ENODEV", area_register(0, a.next, 64), EV_ENODEV);
    report_eq("type of all ones: EV_ENODEV", area_register(0xffffffff, a.next, 64), EV_ENODEV);
    report_eq("misaligned by 4: EV_EINVAL", area_register(MEMORY_AREA_STEAL_TIME, (uint8_t *)a.next + 4, 64), EV_EINVAL);
    report_eq("misaligned by 32: EV_EINVAL", area_register(MEMORY_AREA_STEAL_TIME, (uint8_t *)a.next + 32, 64), EV_EINVAL);
    report_eq("no size: EV_EINVAL", area_register(MEMORY_AREA_STEAL_TIME, a.next, 0), EV_EINVAL);
    report_eq("an odd size: EV_EINVAL", area_register(MEMORY_AREA_STEAL_TIME, a.next, 65), EV_EINVAL);
    report_eq("too large: EV_EINVAL", area_register(MEMORY_AREA_STEAL_TIME, a.next, 8192), EV_EINVAL);
    report_eq(
        "a device: EV_EFAULT",
        call_QUOIN_AREA_REGISTER((uint32_t[]){MEMORY_AREA_STEAL_TIME, (uint32_t)(ccsr_pa >> 32), (uint32_t)ccsr_pa, 64}, NULL),
        EV_EFAULT);
    report_eq("beyond RAM: EV_EFAULT", area_register(MEMORY_AREA_STEAL_TIME, (void *)0x4000000, 64), EV_EFAULT);
    report_eq("across the end of RAM: EV_EFAULT", area_register(MEMORY_AREA_STEAL_TIME, (void *)(0x4000000 - 64), 128), EV_EFAULT);
    report_eq("with an upper half: EV_EFAULT",
              call_QUOIN_AREA_REGISTER((uint32_t[]){MEMORY_AREA_STEAL_TIME, 0xffffffff, (uint32_t)a.next, 64}, NULL), EV_EFAULT);
    report_eq("twice: EV_INVALID_STATE", area_register(MEMORY_AREA_RUN_STATS, a.next, 64), EV_INVALID_STATE);
    report_eq("twice in the same place: EV_INVALID_STATE", area_register(MEMORY_AREA_RUN_STATS, &a.stats, 64), EV_INVALID_STATE);
    report_eq("over another area: EV_CONFIG", area_register(MEMORY_AREA_STEAL_TIME, &a.stats, 64), EV_CONFIG);
    report_eq("that reaches into another: EV_CONFIG", area_register(MEMORY_AREA_STEAL_TIME, p, sizeof a), EV_CONFIG);
    report_eq("unregister what nobody knows: EV_ENODEV", area_unregister(99), EV_ENODEV);
    report_eq("unregister what is not registered: EV_ENOENT", area_unregister(MEMORY_AREA_STEAL_TIME), EV_ENOENT);
    bool same = true;
    for (unsigned i = 0; i < 16; i++)
        same &= a.next[i] == 0x5e5e5e00 + i;
    report("no refusal writes", same);
}

/* ---- user mode ---- */

extern uint32_t hcall_slot[4];
extern uint32_t user_copy[4];
/* r0 is cleared: it would make a hypercall of the sc that ends a probe on an e500v2. */
PROBE(user_call, "li 11,0x100\n.globl user_copy\nuser_copy: nop; nop; nop; nop; li 0,0");

static void user(void)
{
    memcpy(user_copy, hcall_slot, 16);
    code_sync(user_copy, 16);
    Trap t = trap_run(user_call, MSR_PR, MEMORY_AREA_STEAL_TIME, 0, (uint32_t)&a.steal, 64);

    if (cpu_is_e500v2())
        report_eq("user mode: a system call", t.vector, VEC_SC);
    else
        report("user mode: program interrupt, ESR[PPR]", t.vector == VEC_PROGRAM && t.esr == ESR_PPR);
    report_eq("user mode: nothing was registered", area_unregister(MEMORY_AREA_STEAL_TIME), EV_ENOENT);
    t = trap_run(user_call, 0, MEMORY_AREA_STEAL_TIME, 0, (uint32_t)&a.steal, 64);
    report("the same in supervisor mode registers", t.vector == TRAP_NONE && t.ret == EV_SUCCESS);
    report_eq("and unregisters", area_unregister(MEMORY_AREA_STEAL_TIME), EV_SUCCESS);
}

/* ---- what they show ---- */

static struct memory_area_run_stats read_stats(RunStats *area)
{
    struct memory_area_run_stats s;

    do {
        s.head.version = memory_area_read_begin(&area->head);
        s.exits = area->exits;
        s.hypercalls = area->hypercalls;
        s.accesses = area->accesses;
        s.waits = area->waits;
    } while (memory_area_read_retry(&area->head, s.head.version));
    return s;
}

static void run_stats(void)
{
    struct memory_area_run_stats before = read_stats(&a.stats), after;

    for (unsigned i = 0; i < 10000; i++)
        after = read_stats(&a.stats);
    no_exit("ten thousand readings cost no exit", before.exits, after.exits);
    before = read_stats(&a.stats); /* printing a report makes exits */
    hypercalls(5);
    after = read_stats(&a.stats);
    report("five hypercalls: five exits", after.exits - before.exits == 5 && after.hypercalls - before.hypercalls == 5);
    before = read_stats(&a.stats);
    for (unsigned i = 0; i < 3; i++)
        io_read8(UART0 + 5);
    after = read_stats(&a.stats);
    report("three loads of a device: three accesses",
           after.accesses - before.accesses == 3 && after.hypercalls == before.hypercalls);
    report("each update adds two to the version", after.head.version - before.head.version == 2 * (after.exits - before.exits));
}

/* Seconds and nanoseconds as one number that does not go back. */
static uint64_t read_clock(WallClock *area, uint32_t *version)
{
    int64_t seconds;
    uint32_t ns;

    do {
        *version = memory_area_read_begin(&area->head);
        seconds = area->seconds;
        ns = area->nanoseconds;
    } while (memory_area_read_retry(&area->head, *version));
    return (uint64_t)seconds << 32 | ns;
}

static void wall_clock(void)
{
    struct memory_area_run_stats before, after;
    uint32_t version, last;
    uint64_t now, then;
    bool forward = true, nanoseconds = true;

    report_eq("wall clock: registered", area_register(MEMORY_AREA_WALL_CLOCK, &a.clock, 64), EV_SUCCESS);
    then = read_clock(&a.clock, &last);
    report("wall clock: 2020-02-28 12:34:56 or somewhat later", then >> 32 >= 1582893296 && then >> 32 < 1582893296 + 86400);
    report_eq("wall clock: every 10 ms", a.clock.period_us, 10000);
    before = read_stats(&a.stats);
    for (unsigned changes = 0; changes < 5; changes += version != last, last = version, then = now) {
        now = read_clock(&a.clock, &version);
        forward &= now >= then;
        nanoseconds &= (uint32_t)now < 1000000000;
    }
    after = read_stats(&a.stats);
    report("wall clock: goes forward", forward && nanoseconds);
    no_exit("wall clock: and costs no exit", before.exits, after.exits);
    report_eq("wall clock: unregistered", area_unregister(MEMORY_AREA_WALL_CLOCK), EV_SUCCESS);
    last = a.clock.head.version;
    a.clock.seconds = 42;
    spin();
    report("wall clock: not written any more", a.clock.seconds == 42 && a.clock.head.version == last);
}

static void steal_time(void)
{
    uint64_t run = 0, steal = 0;
    uint32_t version;
    bool forward = true;

    report_eq("steal time: registered", area_register(MEMORY_AREA_STEAL_TIME, &a.steal, 64), EV_SUCCESS);
    if (told_to("virtual")) {
        version = a.steal.head.version;
        spin();
        report("steal time: none under virtual time, where nobody is there to steal",
               a.steal.head.version == version && !a.steal.run_ns && !a.steal.steal_ns);
        report_eq("steal time: unregistered", area_unregister(MEMORY_AREA_STEAL_TIME), EV_SUCCESS);
        return;
    }
    for (unsigned changes = 0, last = a.steal.head.version; changes < 3; changes += version != last, last = version) {
        uint64_t run_now, steal_now;
        do {
            version = memory_area_read_begin(&a.steal.head);
            run_now = a.steal.run_ns;
            steal_now = a.steal.steal_ns;
        } while (memory_area_read_retry(&a.steal.head, version));
        forward &= run_now >= run && steal_now >= steal;
        run = run_now;
        steal = steal_now;
    }
    report("steal time: shown to a CPU that makes no exit", run > 0);
    report("steal time: goes forward", forward);
    report_eq("steal time: unregistered", area_unregister(MEMORY_AREA_STEAL_TIME), EV_SUCCESS);
}

static void watchdog_touch(void)
{
    report_eq("watchdog touch: registered", area_register(MEMORY_AREA_WATCHDOG_TOUCH, &a.touch, 64), EV_SUCCESS);
    uint32_t version = a.touch.head.version;
    report("watchdog touch: empty", a.touch.touches == 0 && !(version & 1) && a.touch.head.size == 64);
    memory_area_touch(&a.touch, timebase());
    memory_area_touch(&a.touch, timebase());
    hypercalls(2);
    report("watchdog touch: only the guest writes it", a.touch.touches == 2 && a.touch.head.version == version + 4);
}

/* ---- readers beside the writer ---- */

enum { WRITES = 3000 };
static volatile uint32_t writer_done, wrong, reservations_wrong, readings;

/* Each exit is one update: version and count tell of each other. */
static void read_beside(unsigned cpu)
{
    uint32_t base = a.stats.head.size; /* 64; and a use of it */

    while (!writer_done || readings == 0) {
        struct memory_area_run_stats s = read_stats(&a.stats);
        if (s.exits < s.hypercalls + s.accesses + s.waits || s.head.version != 2 + 2 * (uint32_t)s.exits || base != 64)
            atomic_add(&wrong, 1);
        atomic_add(&readings, 1);
    }
}

/* A reservation on the version does not outlive an update. */
static void reserve_beside(unsigned cpu)
{
    while (!writer_done) {
        uint32_t first, second, cr;
        __asm__ volatile("lwarx %0,0,%3; sync; lwz %1,0(%3); stwcx. %0,0,%3; mfcr %2"
                         : "=&r"(first), "=&r"(second), "=&r"(cr)
                         : "r"(&a.stats.head.version)
                         : "memory", "cr0");
        if (first != second && cr & 0x20000000)
            atomic_add(&reservations_wrong, 1);
    }
}

static void beside(unsigned cpu)
{
    if (cpu == 0) {
        for (unsigned i = 0; i < WRITES || readings == 0; i++)
            if (i % 2)
                hypercalls(1);
            else
                io_read8(UART0 + 5);
        sync();
        writer_done = 1;
    } else {
        read_beside(cpu);
    }
}

static void reserve(unsigned cpu)
{
    if (cpu == 0) {
        hypercalls(WRITES);
        sync();
        writer_done = 1;
    } else {
        reserve_beside(cpu);
    }
}

static volatile uint32_t second_status[4];
static RunStats second_stats __attribute__((aligned(MEMORY_AREA_ALIGN)));

static void on_second(unsigned cpu)
{
    if (cpu != 1)
        return;
    second_status[0] = area_register(MEMORY_AREA_RUN_STATS, &second_stats, 64);
    second_status[1] = area_register(MEMORY_AREA_WATCHDOG_TOUCH, &a.stats, 64);
    second_status[2] = area_unregister(MEMORY_AREA_WATCHDOG_TOUCH);
    hypercalls(7);
    second_status[3] = (uint32_t)read_stats(&second_stats).hypercalls;
}

static void two_cpus(void)
{
    cpus_start();
    cpus_run(on_second);
    report_eq("another CPU registers its own", second_status[0], EV_SUCCESS);
    report_eq("not over the first's", second_status[1], EV_CONFIG);
    report_eq("and does not unregister the first's", second_status[2], EV_ENOENT);
    report_eq("and counts its own hypercalls, registering and two others among them", second_status[3], 10);
    cpus_run(beside);
    say("    %u readings beside %u updates\n", readings, WRITES);
    report_eq("no reader sees what does not belong together", wrong, 0);
    writer_done = 0;
    cpus_run(reserve);
    report_eq("no reservation outlives an update", reservations_wrong, 0);
}

static void one_cpu(void)
{
    static const char *const sentences[] = {"another CPU registers its own",
                                            "not over the first's",
                                            "and does not unregister the first's",
                                            "and counts its own hypercalls, registering and two others among them",
                                            "no reader sees what does not belong together",
                                            "no reservation outlives an update"};

    for (unsigned i = 0; i < 6; i++)
        report_skip(sentences[i], "one CPU");
}

/* ---- a reset ---- */

typedef struct Kept {
    uint32_t magic, boots;
    WallClock clock __attribute__((aligned(MEMORY_AREA_ALIGN)));
    RunStats stats;
} Kept;

static bool all_even_words(volatile void *area, uint32_t value)
{
    for (unsigned i = 0; i < 16; i++)
        if (((volatile uint32_t *)area)[i] != value)
            return false;
    return true;
}

static void first_boot(Kept *kept)
{
    kept->magic = MAGIC;
    kept->boots = 1;
    if (area_register(MEMORY_AREA_WALL_CLOCK, &kept->clock, 64) == EV_SUCCESS &&
        area_register(MEMORY_AREA_RUN_STATS, &kept->stats, 64) == EV_SUCCESS)
        kept->boots = 2;
    call_KVM_HC_VM_RESET(NULL, NULL);
    kept->boots = 99;
}

static void after_reset(Kept *kept)
{
    report_eq("the boot before this one registered two", kept->boots, 2);
    for (unsigned i = 0; i < 16; i++)
        ((volatile uint32_t *)&kept->clock)[i] = ((volatile uint32_t *)&kept->stats)[i] = 0x600d600d;
    hypercalls(3);
    spin();
    report("a reset ends them: nothing writes there",
           all_even_words(&kept->clock, 0x600d600d) && all_even_words(&kept->stats, 0x600d600d));
    report_eq("and they can be registered again", area_register(MEMORY_AREA_WALL_CLOCK, &kept->clock, 64), EV_SUCCESS);
    report_eq("all at once they are unregistered", area_unregister(MEMORY_AREA_ALL), EV_SUCCESS);
    kept->magic = 0;
}

static void not_offered(void)
{
    report_eq("no property: register is unimplemented", area_register(MEMORY_AREA_RUN_STATS, &a.stats, 64), EV_UNIMPLEMENTED);
    report_eq("no property: unregister is unimplemented", area_unregister(MEMORY_AREA_ALL), EV_UNIMPLEMENTED);
}

void guest_main(void)
{
    Kept *kept = (Kept *)(((uint32_t)keep_area + MEMORY_AREA_ALIGN - 1) & -MEMORY_AREA_ALIGN);

    if (!hcall_present()) {
        report_skip("memory areas", "no hypercalls");
        return;
    }
    if (!fdt_property(fdt_node("/hypervisor"), MEMORY_AREA_PROPERTY, NULL)) {
        not_offered();
        return;
    }
    if (kept->magic != MAGIC)
        first_boot(kept);
    after_reset(kept);
    property();
    registers_kept();
    refusals();
    user();
    run_stats();
    wall_clock();
    steal_time();
    watchdog_touch();
    if (cpus_count() > 1)
        two_cpus();
    else
        one_cpu();
}
