/* SPDX-License-Identifier: MIT
 * All vCPUs at once: interprocessor interrupts, invalidations that reach every core, reservations on one line, doorbells, hypercalls and
 * device accesses, while each rewrites code that the others execute. */
#include "hostile.h"
#include "mpic_regs.h"

static volatile uint32_t line[16] __attribute__((aligned(64)));
static uint32_t code[64] __attribute__((aligned(4096)));

static void take_external(TrapFrame *frame)
{
    io_read32(MPIC_CPU(cpu_index(), 0xa0));
    io_write32(MPIC_CPU(cpu_index(), 0xb0), 0);
}

static void take_doorbell(TrapFrame *frame) {}

static void one(unsigned cpu, uint32_t r, uint32_t *seed)
{
    const uint32_t args[8] = {r >> 16 & 3, next_random(seed)};

    switch (r & 7) {
    case 0:
        io_write32(MPIC_IPIDR(r >> 8 & 3), next_random(seed));
        break;
    case 1:
        __asm__ volatile("tlbivax 0, %0; tlbsync" : : "r"(next_random(seed) & 0xfffff000) : "memory");
        break;
    case 2:
        atomic_add(&line[r >> 8 & 15], 1);
        break;
    case 3:
        code[r >> 8 & 31] = 0x60000000 | (r >> 16 & 0x1f) * 0x00210000; /* ori rN,rN,0 */
        code_sync(&code[r >> 8 & 31], 4);
        break;
    case 4:
        ((void (*)(void))code)();
        break;
    case 5:
        call_EV_BYTE_CHANNEL_POLL(args, NULL);
        break;
    case 6:
        io_read8(UART0 + (r >> 8 & 7));
        break;
    case 7:
        mtspr(SPR_DEC, r >> 20);
        break;
    }
}

static void attack(unsigned cpu)
{
    uint32_t seed = boot_seed() + cpu * 0x10001 + 1;

    ignore_interrupts();
    io_write32(MPIC_CPU(cpu, 0x80), 0); /* task priority: everything comes */
    mtmsr(mfmsr() | 0x8000);
    for (;;)
        one(cpu, next_random(&seed), &seed);
}

void guest_main(void)
{
    for (unsigned i = 0; i < 32; i++)
        code[i] = 0x60000000;
    code[32] = 0x4e800020;
    code_sync(code, sizeof code);
    for (unsigned i = 0; i < 4; i++)
        io_write32(MPIC_IPIVPR(i), 0x00080010 + i); /* the four interprocessor interrupts, priority 8 */
    trap_handle(VEC_DEC, acknowledge_timer);
    trap_handle(VEC_EXTERNAL, take_external);
    trap_handle(VEC_DOORBELL, take_doorbell);
    if (cpus_count() > 1) {
        cpus_start();
        cpus_begin(attack);
    }
    attack(0);
}
