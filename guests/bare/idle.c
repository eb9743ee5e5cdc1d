/* SPDX-License-Identifier: MIT
 * The wait instruction, or MSR[WE] with HID0[DOZE] where there is none (e500v2): it ends when an
 * interrupt is taken, and the code goes on behind it. */
#include "guest.h"

static volatile unsigned ticks;

PROBE(user_wait, "wait; li 3,5");
PROBE(illegal_wait, "wait");

static void tick(TrapFrame *frame)
{
    mtspr(SPR_TSR, TSR_DIS);
    frame->srr1 &= ~MSR_WE; /* what was interrupted goes on awake */
    ticks++;
}

static void wait_for_interrupt(void)
{
    if (!cpu_is_e500v2()) {
        __asm__ volatile("wait" : : : "memory");
        return;
    }
    mtspr(SPR_HID0, mfspr(SPR_HID0) | HID0_DOZE);
    mtmsr(mfmsr() | MSR_WE);
}

void guest_main(void)
{
    trap_handle(VEC_DEC, tick);
    mtspr(SPR_DECAR, 400000);
    mtspr(SPR_TCR, TCR_DIE | TCR_ARE); /* first: a slow host may let DEC end before the next instruction */
    mtspr(SPR_DEC, 400000);
    unsigned waits = 0, woken = 0;
    mtmsr(mfmsr() | MSR_EE);
    while (ticks < 20) {
        unsigned before = ticks;

        wait_for_interrupt();
        waits++;
        woken += ticks != before;
    }
    mtmsr(mfmsr() & ~MSR_EE);
    report("twenty decrementers through wait", ticks >= 20);
    report("wait waits: about one a tick", waits <= 2 * ticks && woken + 2 >= waits / 2);

    /* an interrupt that is pending and enabled already: wait goes on at once, after it */
    mtspr(SPR_TCR, 0);
    mtspr(SPR_DECAR, 0);
    mtspr(SPR_DEC, 1);
    while (!(mfspr(SPR_TSR) & TSR_DIS))
        ;
    ticks = 0;
    mtspr(SPR_TCR, TCR_DIE);
    mtmsr(mfmsr() | MSR_EE);
    report_eq("pending before: taken at once", ticks, 1);
    mtmsr(mfmsr() & ~MSR_EE);

    if (cpu_is_e500v2()) {
        Trap t = trap_run(illegal_wait, 0, 0, 0, 0, 0);
        report("wait is illegal", t.vector == VEC_PROGRAM && t.esr == ESR_PIL);
        mtspr(SPR_TCR, 0);
        return;
    }
    mtspr(SPR_DECAR, 400000);          /* again and again: the first may come before the wait */
    mtspr(SPR_TCR, TCR_DIE | TCR_ARE); /* first: a slow host may let DEC end before the next instruction */
    mtspr(SPR_DEC, 400000);
    report_eq("wait in user mode goes on behind", trap_run(user_wait, MSR_PR | MSR_EE, 0, 0, 0, 0).ret, 5);
    mtspr(SPR_TCR, 0);
}
