/* SPDX-License-Identifier: MIT
 * What an interrupt does: a handler is called, or the trap_run() it hit ends, or the guest fails.
 */
#include "guest.h"

typedef struct {
    uint32_t sp, msr; /* trap_enter()'s; crt0.S knows these offsets */
    bool armed;
    Trap trap;
} TrapCpu;

extern const char vectors[], trap_return[], trap_landing[];
extern const char vector_0[], vector_1[], vector_2[], vector_3[], vector_4[], vector_5[], vector_6[], vector_7[], vector_8[],
    vector_9[], vector_10[], vector_11[], vector_12[], vector_13[], vector_14[], vector_15[], vector_15_v2[], vector_32[],
    vector_33[], vector_34[], vector_35[], vector_36[], vector_37[];
void trap_enter(const uint32_t regs[8], const void *pc, uint32_t msr, TrapCpu *cpu);
void trap_dispatch(TrapFrame *frame);

static TrapCpu cpus[CPUS_MAX];
static TrapHandler *handlers[38];

void trap_init_cpu(void)
{
    mtspr(SPR_IVPR, (uint32_t)vectors & 0xffff0000);
#define IVOR(n) mtspr(SPR_IVOR0 + n, (uint32_t)vector_##n & 0xfff0)
    IVOR(0);
    IVOR(1);
    IVOR(2);
    IVOR(3);
    IVOR(4);
    IVOR(5);
    IVOR(6);
    IVOR(7);
    IVOR(8);
    IVOR(10);
    IVOR(11);
    IVOR(12);
    IVOR(13);
    IVOR(14);
    IVOR(15);
#undef IVOR
    mtspr(SPR_IVOR35, (uint32_t)vector_35 & 0xfff0);
    if (cpu_is_e500v2()) {
        mtspr(SPR_IVOR0 + 15, (uint32_t)vector_15_v2 & 0xfff0);
        mtspr(SPR_IVOR32, (uint32_t)vector_32 & 0xfff0);
        mtspr(SPR_IVOR33, (uint32_t)vector_33 & 0xfff0);
        mtspr(SPR_IVOR34, (uint32_t)vector_34 & 0xfff0);
    } else {
        mtspr(SPR_IVOR36, (uint32_t)vector_36 & 0xfff0);
        mtspr(SPR_IVOR37, (uint32_t)vector_37 & 0xfff0);
    }
}

void trap_handle(unsigned vector, TrapHandler *handler)
{
    handlers[vector] = handler;
}

static void trap_record(Trap *t, const TrapFrame *frame, uint32_t msr)
{
    t->mas[0] = mfspr(SPR_MAS0);
    t->mas[1] = mfspr(SPR_MAS1);
    t->mas[2] = mfspr(SPR_MAS2);
    t->mas[3] = mfspr(SPR_MAS3);
    t->mas[4] = mfspr(SPR_MAS4);
    t->mas[6] = mfspr(SPR_MAS6);
    t->mas[7] = mfspr(SPR_MAS7);
    t->vector = frame->vector;
    t->srr0 = frame->srr0;
    t->srr1 = frame->srr1;
    t->esr = mfspr(SPR_ESR);
    t->dear = mfspr(SPR_DEAR);
    t->mcsr = mfspr(SPR_MCSR);
    t->mcar = t->mcsr & MCSR_MAV ? mfspr(SPR_MCAR) : 0; /* not every core that has an MCSR shows it */
    t->dbsr = mfspr(SPR_DBSR);
    t->epr = frame->vector == VEC_EXTERNAL ? mfspr(SPR_EPR) : 0;
    t->ret = frame->gpr[3];
    t->msr = msr;
    if (frame->vector == VEC_SC && frame->srr0 == (uint32_t)trap_return + 4)
        t->vector = TRAP_NONE;
}

void trap_dispatch(TrapFrame *frame)
{
    uint32_t msr = mfmsr();
    TrapCpu *cpu = &cpus[mfspr(SPR_PIR) % CPUS_MAX];

    if (handlers[frame->vector]) {
        handlers[frame->vector](frame);
    } else if (cpu->armed) {
        cpu->armed = false;
        trap_record(&cpu->trap, frame, msr);
        frame->gpr[1] = cpu->sp;
        frame->srr0 = (uint32_t)trap_landing;
        frame->srr1 = cpu->msr;
    } else {
        say("\nunexpected interrupt %u at 0x%x, MSR 0x%x, ESR 0x%x, DEAR 0x%x\n", frame->vector, frame->srr0, frame->srr1,
            mfspr(SPR_ESR), mfspr(SPR_DEAR));
        report("no unexpected interrupt", false);
        guest_finish();
    }
}

Trap trap_run(const void *pc, uint32_t msr, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    TrapCpu *cpu = &cpus[mfspr(SPR_PIR) % CPUS_MAX];
    uint32_t regs[8] = {a, b, c, d};

    cpu->armed = true;
    trap_enter(regs, pc, msr, cpu);
    return *(volatile Trap *)&cpu->trap;
}
