/* SPDX-License-Identifier: MIT
 * Every hypercall and many that do not exist, with arguments at the edges of what an argument can be.  Those that end a run or the
 * program are left to `resets`.  Every vCPU calls. */
#include "hostile.h"

static uint8_t scratch[4096] __attribute__((aligned(4096)));
static const char path[] __attribute__((aligned(64))) = "/chosen", name[] __attribute__((aligned(64))) = "linux,attack";

static const uint32_t tokens[] = {
#define HCALL(id, vendor, number, n_in, n_out, needs, doc) TOKEN_##id,
#include "hcall/hcall.def"
#undef HCALL
};

static bool ends_the_run(uint32_t token)
{
    return token == TOKEN_KVM_HC_VM_RESET || token == TOKEN_KVM_HC_VM_SHUTDOWN || token == TOKEN_FH_PARTITION_RESTART ||
           token == TOKEN_FH_PARTITION_STOP || token == TOKEN_FH_SYSTEM_RESET;
}

static uint32_t argument(uint32_t *seed)
{
    uint32_t r = next_random(seed);

    switch (r >> 8 & 15) {
    case 0:
    case 1:
        return 0;
    case 2:
        return 1;
    case 3:
        return r & 0x3f; /* a handle, an interrupt, a count */
    case 4:
        return 0xffffffff;
    case 5:
        return 0x80000000 >> (r & 31);
    case 6:
        return 0xffffffff - (r & 0xff);
    case 7:
        return 0x04000000 - (r & 0x7f); /* the end of 64 MiB of RAM */
    case 8:
        return (uint32_t)scratch + 4096 - (r & 0x3f);
    case 9:
        return (uint32_t)scratch + (r & 0xfff);
    case 10:
        return (uint32_t)path;
    case 11:
        return (uint32_t)name;
    case 12:
        return 0xe0000000 | (r & 0xfffff); /* devices */
    case 13:
        return r & 0xfff;
    default:
        return r | 0x02000000; /* not this image, so that the attack goes on */
    }
}

static void ignore(TrapFrame *frame) {}

/*
 * From the virtual interrupt controller, which the calls have set up in their way.  A level-sensitive source whose polarity they inverted is
 * asserted as long as nobody serves it: it is masked, or it would interrupt again before the next instruction.  A call unmasks it some day.
 */
static void end_external(TrapFrame *frame)
{
    const uint32_t mask[2] = {mfspr(SPR_EPR), 1};

    call_EV_INT_SET_MASK(mask, NULL);
    call_EV_INT_EOI(mask, NULL);
}

static void attack(unsigned cpu)
{
    uint32_t seed = boot_seed() + cpu * 0x10001 + 1;

    ignore_interrupts();
    mtmsr(mfmsr() | 0x8000); /* EE: a call that waits comes back */
    for (unsigned n = cpu;; n++) {
        uint32_t args[8], token = tokens[n % (sizeof tokens / sizeof *tokens)];

        if (ends_the_run(token))
            token = next_random(&seed); /* nobody's, but for a few */
        if (ends_the_run(token))
            continue;
        for (unsigned i = 0; i < 8; i++)
            args[i] = argument(&seed);
        hcall_invoke(token, args, 8, NULL);
    }
}

void guest_main(void)
{
    trap_handle(VEC_DEC, acknowledge_timer);
    trap_handle(VEC_MCHECK, ignore); /* FH_SEND_NMI */
    trap_handle(VEC_EXTERNAL, end_external);
    trap_handle(VEC_DOORBELL, ignore);
    trap_handle(VEC_DOORBELL_CRIT, ignore);
    if (cpus_count() > 1) {
        cpus_start();
        cpus_begin(attack);
    }
    attack(0);
}
