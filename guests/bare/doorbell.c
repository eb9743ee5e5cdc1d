/* SPDX-License-Identifier: MIT
 * msgsnd and msgclr to oneself (Power ISA 2.06B Book III-E §10). */
#include "guest.h"

#define MESSAGE(type) ((uint32_t)(type) << 27)
#define BROADCAST     0x04000000u
#define DBELL         0
#define DBELL_CRIT    1

static void send(uint32_t message)
{
    __asm__ volatile("msync; msgsnd %0" : : "r"(message) : "memory");
}

static void clear(uint32_t message)
{
    __asm__ volatile("msgclr %0" : : "r"(message) : "memory");
}

PROBE(spin_enough, "mtctr 3; 1: bdnz 1b");
PROBE(do_msgsnd, "msgsnd 3");
PROBE(do_msgclr, "msgclr 3");

static Trap wait_for(uint32_t msr)
{
    return trap_run(spin_enough, msr, 10000000, 0, 0, 0);
}

static Trap brief(uint32_t msr)
{
    return trap_run(spin_enough, msr, 1000, 0, 0, 0);
}

void guest_main(void)
{
    send(MESSAGE(DBELL));
    report_eq("masked by EE: not taken", brief(MSR_CE).vector, TRAP_NONE);
    Trap t = wait_for(MSR_EE);
    report_eq("doorbell: vector", t.vector, VEC_DOORBELL);
    report_eq("doorbell: SRR1", t.srr1, MSR_EE);
    report_eq("taken once", brief(MSR_EE).vector, TRAP_NONE);
    send(MESSAGE(DBELL_CRIT));
    report_eq("critical, masked by CE: not taken", brief(MSR_EE).vector, TRAP_NONE);
    t = wait_for(MSR_CE);
    report_eq("critical doorbell: vector", t.vector, VEC_DOORBELL_CRIT);
    report_eq("critical doorbell: CSRR1", t.srr1, MSR_CE);
    send(MESSAGE(DBELL));
    send(MESSAGE(DBELL_CRIT));
    report_eq("both: the critical one first", wait_for(MSR_EE | MSR_CE).vector, VEC_DOORBELL_CRIT);
    report_eq("then the other", wait_for(MSR_EE | MSR_CE).vector, VEC_DOORBELL);
    send(MESSAGE(DBELL));
    clear(MESSAGE(DBELL));
    report_eq("msgclr takes it back", brief(MSR_EE).vector, TRAP_NONE);
    send(MESSAGE(DBELL) | 17);
    report_eq("a message to another PIR is not ours", brief(MSR_EE).vector, TRAP_NONE);
    send(MESSAGE(DBELL) | BROADCAST | 17);
    report_eq("a broadcast is, whatever the PIR", wait_for(MSR_EE).vector, VEC_DOORBELL);
    send(MESSAGE(9));
    report_eq("an unknown type does nothing", brief(MSR_EE | MSR_CE).vector, TRAP_NONE);
    t = trap_run(do_msgsnd, MSR_PR, 0, 0, 0, 0);
    report("msgsnd is privileged", t.vector == VEC_PROGRAM && t.esr == ESR_PPR);
    t = trap_run(do_msgclr, MSR_PR, 0, 0, 0, 0);
    report("msgclr is privileged", t.vector == VEC_PROGRAM && t.esr == ESR_PPR);
}
