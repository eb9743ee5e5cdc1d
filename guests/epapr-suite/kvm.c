/* SPDX-License-Identifier: MIT
 * EV_IDLE, KVM_HC_FEATURES. */
#include "suite.h"

static volatile unsigned ticks;

static void tick(TrapFrame *frame)
{
    mtspr(SPR_TSR, TSR_DIS);
    ticks++;
}

static void idle(void)
{
    unsigned wrong = 0;

    trap_handle(VEC_DEC, tick);
    mtspr(SPR_DECAR, 200000);
    mtspr(SPR_TCR, TCR_DIE | TCR_ARE); /* first: a slow host may let DEC end before the next instruction */
    mtspr(SPR_DEC, 200000);
    mtmsr(mfmsr() | MSR_EE);
    while (ticks < 3)
        wrong |= ask(CALL_EV_IDLE, IN(0), NULL);
    mtmsr(mfmsr() & ~MSR_EE);
    mtspr(SPR_TCR, 0);
    mtspr(SPR_TSR, TSR_DIS);
    trap_handle(VEC_DEC, NULL);
    check(CALL_EV_IDLE, VALID, "ends when an interrupt comes", wrong == EV_SUCCESS);
}

void check_kvm(void)
{
    if (promised(CALL_EV_IDLE))
        idle();
    if (!promised(CALL_KVM_HC_FEATURES))
        return;
    succeeds(CALL_KVM_HC_FEATURES, "features", IN(0), NULL);
    same_outputs(CALL_KVM_HC_FEATURES, IN(0));
}
