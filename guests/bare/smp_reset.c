/* SPDX-License-Identifier: MIT
 * Resets while all other CPUs run: one spins, one holds reservations, one sleeps, one is inside a device, in turns.  As many as
 * the command line says (-append), else 100; then the machine is switched off under the same load. */
#include "mpic_regs.h"
#include "hcall_guest.h"

#define MAGIC 0x51e51001

static volatile uint32_t busy, hammered;

static void keep_busy(uint32_t cpu)
{
    uint32_t kind = cpu + keep_area[1];

    if (kind % 5 == 3)
        mtmsr(mfmsr() | MSR_EE);
    atomic_add(&busy, 1);
    for (;;) {
        switch (kind % 5) {
        case 0:
            cpu_wait();
            break;
        case 1:
            break;
        case 2:
            atomic_add(&hammered, 1);
            break;
        case 3:
            io_write32(MPIC_CPU(cpu, 0x40), 0xffffffff);
            if (!cpu_is_e500v2())
                __asm__ volatile("msync; msgsnd %0" : : "r"(0x04000000) : "memory");
            break;
        default:
            io_read32(MPIC_FRR);
        }
    }
}

static void on_doorbell(TrapFrame *frame) {}

void guest_main(void)
{
    volatile struct {
        uint32_t magic, resets;
    } *kept = (void *)keep_area;
    unsigned cpus = cpus_count();
    const char *fault = fresh_fault();

    if (cpus < 2 || !hcall_promised("has-reset")) {
        report_skip("resets under several CPUs", "one CPU, or no promise of a reset");
        return;
    }
    if (kept->magic != MAGIC) {
        kept->magic = MAGIC;
        kept->resets = 0;
    }
    trap_handle(VEC_DOORBELL, on_doorbell);
    cpus_start();
    cpus_begin(keep_busy);
    while (busy != cpus - 1)
        cpu_relax();
    if (!fault && kept->resets < boot_number(100)) {
        kept->resets++;
        fresh_dirty();
        call_KVM_HC_VM_RESET(NULL, NULL);
        fault = "the call returned";
    }
    if (fault)
        say("after %u resets: %s\n", kept->resets, fault);
    report_eq("as many resets as asked for", kept->resets, boot_number(100));
    report("each found a fresh machine", !fault);
    kept->magic = 0;
}
