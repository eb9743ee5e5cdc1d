/* SPDX-License-Identifier: MIT
 * Time base, decrementer with auto-reload, fixed interval, watchdog.  EREF §5, e500mc RM §8.
 * Nothing here measures how fast time goes: only that it goes, and what comes of it. */
#include "guest.h"

static volatile unsigned ticks;
static volatile uint32_t tick_tsr;

static void count_dec(TrapFrame *frame)
{
    tick_tsr = mfspr(SPR_TSR);
    mtspr(SPR_TSR, TSR_DIS);
    ticks++;
}

static void count_fit(TrapFrame *frame)
{
    mtspr(SPR_TSR, TSR_FIS);
    ticks++;
}

/* Many times any period used here, counted in work done, so that a busy host cannot make it too
 * short. */
enum { PATIENCE = 20000000 };

static bool wait_tsr(uint32_t bits)
{
    for (unsigned n = 0; n < PATIENCE; n++)
        if ((mfspr(SPR_TSR) & bits) == bits)
            return true;
    return false;
}

static void wait_ticks(unsigned count)
{
    for (unsigned n = 0; n < PATIENCE && ticks < count; n++)
        __asm__ volatile("" : : : "memory");
}

static void quiet(void)
{
    mtspr(SPR_TCR, 0);
    mtspr(SPR_DECAR, 0);
    mtspr(SPR_DEC, 0);
    mtspr(SPR_TSR, ~0u);
}

/* Many times any period used here; returns when nothing interrupts it. */
PROBE(spin_enough, "mtctr 3; 1: bdnz 1b");

static Trap spin_with(uint32_t msr)
{
    return trap_run(spin_enough, msr, 100000000, 0, 0, 0);
}

static void time_base(void)
{
    uint64_t a = timebase(), b;

    do
        b = timebase();
    while (b == a);
    report("the time base goes forward", b > a);
    mtspr(SPR_TBL_W, 0);
    mtspr(SPR_TBU_W, 0x1234);
    mtspr(SPR_TBL_W, 0);
    report_eq("TBU as written", mfspr(SPR_TBU_R), 0x1234);
    mtspr(SPR_TBL_W, 0);
    mtspr(SPR_TBU_W, 0x55);
    mtspr(SPR_TBL_W, 0xffffff00);
    do
        b = timebase();
    while (b >> 32 == 0x55);
    report_eq("TBL carries into TBU", (uint32_t)(b >> 32), 0x56);
    mtspr(SPR_TBL_W, 0);
    mtspr(SPR_TBU_W, 0);
}

static void decrementer(void)
{
    quiet();
    mtspr(SPR_DEC, 0x7fffffff);
    uint32_t a = mfspr(SPR_DEC), b;
    unsigned patience = PATIENCE;
    do
        b = mfspr(SPR_DEC);
    while (b == a && --patience);
    report("DEC counts down", b < a && a <= 0x7fffffff);
    report_eq("no DIS before it gets to 0", mfspr(SPR_TSR) & TSR_DIS, 0);
    mtspr(SPR_DEC, 1000);
    report("DIS when it gets to 0", wait_tsr(TSR_DIS));
    report_eq("without auto-reload it stays at 0", mfspr(SPR_DEC), 0);
    mtspr(SPR_TSR, TSR_DIS);
    report_eq("writing 1 clears DIS", mfspr(SPR_TSR) & TSR_DIS, 0);
    mtspr(SPR_TSR, 0);
    mtspr(SPR_DEC, 1000);
    wait_tsr(TSR_DIS);
    mtspr(SPR_TSR, 0);
    report_eq("writing 0 leaves DIS", mfspr(SPR_TSR) & TSR_DIS, TSR_DIS);

    mtspr(SPR_TCR, TCR_DIE);
    Trap t = spin_with(MSR_EE | MSR_CE);
    report_eq("decrementer: vector", t.vector, VEC_DEC);
    report_eq("decrementer: SRR0", t.srr0, (uint32_t)spin_enough);
    report_eq("decrementer: SRR1", t.srr1, MSR_EE | MSR_CE);
    report_eq("decrementer: MSR[EE] falls, CE stays", t.msr & (MSR_EE | MSR_CE), MSR_CE);
    report_eq("the status stays until it is cleared", mfspr(SPR_TSR) & TSR_DIS, TSR_DIS);
    quiet();
}

static void auto_reload(void)
{
    quiet();
    ticks = 0;
    trap_handle(VEC_DEC, count_dec);
    mtspr(SPR_DECAR, 20000);
    mtspr(SPR_TCR, TCR_DIE | TCR_ARE); /* first: a slow host may let DEC end before the next instruction */
    mtspr(SPR_DEC, 20000);
    mtmsr(mfmsr() | MSR_EE);
    wait_ticks(5);
    mtmsr(mfmsr() & ~MSR_EE);
    uint32_t dec = mfspr(SPR_DEC);
    quiet();
    report("auto-reload: five interrupts from one DEC", ticks >= 5);
    report("auto-reload: DEC starts at DECAR", dec <= 20000);
    report("TSR[DIS] is seen in the handler", tick_tsr & TSR_DIS);

    ticks = 0;
    mtspr(SPR_TCR, TCR_DIE);
    mtspr(SPR_DEC, 20000);
    mtmsr(mfmsr() | MSR_EE);
    wait_ticks(1);
    for (uint64_t end = timebase() + 200000; timebase() < end;)
        ;
    mtmsr(mfmsr() & ~MSR_EE);
    report_eq("without ARE it comes once", ticks, 1);
    trap_handle(VEC_DEC, NULL);
    quiet();
}

/* The period is a bit of the time base, bits counted from the left of 64: FP 2 bits and FPEXT 4. */
static uint32_t fit_bit(unsigned bit)
{
    return (bit & 3) << 24 | (bit >> 2) << 13;
}

static uint32_t wdt_bit(unsigned bit)
{
    return (bit & 3) << 30 | (bit >> 2) << 17;
}

static void fixed_interval(void)
{
    if (kvm_serves()) {
        static const char *why = "KVM has no fixed-interval timer";
        report_skip("FIS when its bit of the time base rises", why);
        report_skip("fixed interval: vector", why);
        report_skip("fixed interval: SRR0", why);
        report_skip("fixed interval: again and again", why);
        return;
    }
    quiet();
    mtspr(SPR_TCR, fit_bit(63 - 14));
    report("FIS when its bit of the time base rises", wait_tsr(TSR_FIS));
    mtspr(SPR_TCR, fit_bit(63 - 14) | TCR_FIE);
    Trap t = spin_with(MSR_EE);
    report_eq("fixed interval: vector", t.vector, VEC_FIT);
    report_eq("fixed interval: SRR0", t.srr0, (uint32_t)spin_enough);
    ticks = 0;
    mtspr(SPR_TSR, TSR_FIS);
    trap_handle(VEC_FIT, count_fit);
    mtmsr(mfmsr() | MSR_EE);
    wait_ticks(4);
    mtmsr(mfmsr() & ~MSR_EE);
    trap_handle(VEC_FIT, NULL);
    report("fixed interval: again and again", ticks >= 4);
    quiet();
}

static void watchdog(void)
{
    quiet();
    mtspr(SPR_TCR, wdt_bit(63 - 14));
    report("watchdog, first time: ENW", wait_tsr(TSR_ENW));
    report("watchdog, second time: WIS", wait_tsr(TSR_WIS));
    report_eq("without TCR[WRC] no reset comes", mfspr(SPR_TSR) & TSR_WRS, 0);
    mtspr(SPR_TCR, wdt_bit(63 - 14) | TCR_WIE);
    Trap t = spin_with(MSR_CE | MSR_EE);
    report_eq("watchdog: vector", t.vector, VEC_WDT);
    report_eq("watchdog: CSRR0", t.srr0, (uint32_t)spin_enough);
    report_eq("watchdog: CSRR1", t.srr1, MSR_CE | MSR_EE);
    report_eq("watchdog: MSR[CE, EE] fall", t.msr & (MSR_CE | MSR_EE), 0);
    quiet();
    report_eq("WIS and ENW are cleared by ones", mfspr(SPR_TSR) & (TSR_WIS | TSR_ENW), 0);
}

/* Both classes pending and enabled: the critical one is taken first, by its own registers. */
static void priorities(void)
{
    quiet();
    mtspr(SPR_TCR, wdt_bit(63 - 10));
    wait_tsr(TSR_WIS);
    mtspr(SPR_TCR, 0);
    mtspr(SPR_DEC, 1);
    wait_tsr(TSR_DIS);
    mtspr(SPR_TCR, TCR_WIE | TCR_DIE);
    Trap t = spin_with(MSR_CE | MSR_EE);
    report_eq("watchdog before decrementer", t.vector, VEC_WDT);
    t = spin_with(MSR_EE);
    report_eq("with CE off the decrementer", t.vector, VEC_DEC);
    mtspr(SPR_TCR, TCR_WIE);
    t = spin_with(MSR_CE);
    report_eq("with EE off the watchdog", t.vector, VEC_WDT);
    quiet();
}

PROBE(enable_by_wrteei, "wrteei 1; nop; wrteei 0");
PROBE(enable_by_wrtee, "ori 4,4,0x8000; wrtee 4; nop; wrteei 0");
PROBE(enable_by_mtmsr, "mfmsr 3; ori 4,3,0x8000; mtmsr 4; isync; mtmsr 3");
PROBE(masked, "nop; nop; nop");

static void enabling(void)
{
    quiet();
    mtspr(SPR_DEC, 1);
    wait_tsr(TSR_DIS);
    mtspr(SPR_TCR, TCR_DIE);
    report_eq("masked by EE: not taken", trap_run(masked, 0, 0, 0, 0, 0).vector, TRAP_NONE);
    report_eq("wrteei 1 lets it in", trap_run(enable_by_wrteei, 0, 0, 0, 0, 0).vector, VEC_DEC);
    report_eq("wrtee lets it in", trap_run(enable_by_wrtee, 0, 0, 0, 0, 0).vector, VEC_DEC);
    report_eq("mtmsr lets it in", trap_run(enable_by_mtmsr, 0, 0, 0, 0, 0).vector, VEC_DEC);
    mtspr(SPR_TCR, 0);
    report_eq("masked by TCR[DIE]: not taken", trap_run(masked, MSR_EE, 0, 0, 0, 0).vector, TRAP_NONE);
    quiet();
}

void guest_main(void)
{
    time_base();
    decrementer();
    auto_reload();
    fixed_interval();
    watchdog();
    priorities();
    enabling();
}
