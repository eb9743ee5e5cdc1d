/* SPDX-License-Identifier: MIT
 *
 * The input is a guest: it is put at physical 0x1000 and executed by the interpreter, first as supervisor, with every register pointing
 * somewhere into RAM.  It may do what it likes; the engine must come back with exits that make sense.
 */
#include <string.h>

#include "cpu/accel.h"
#include "cpu/e500/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAM = 1 << 18, CODE = 0x1000, EXITS = 24, SLICE_NS = 2000 };

static uint8_t ram[RAM] __attribute__((aligned(4096)));

static void start_state(E500State *s, const E500Model *model)
{
    e500_state_reset(s, model, 0);
    s->pc = CODE;
    s->msr = MSR_FP | MSR_ME | MSR_CE | MSR_EE;
    for (unsigned i = 0; i < 32; i++)
        s->gpr[i].w = i * 0x1000 + i;
    /* 64 MiB from 0: RAM and, beyond it, devices */
    s->tlb1[0] = (E500TlbEntry){.mas1 = 0xc0000000u | 8 << 8, .mas7_3 = 0x3f};
}

static void answer(VcpuExit *exit, uint64_t noise)
{
    switch (exit->kind) {
    case VCPU_EXIT_MMIO:
        g_assert_true(exit->mmio.size == 1 || exit->mmio.size == 2 || exit->mmio.size == 4 ||
                      exit->mmio.size == 8);
        g_assert_cmpuint(exit->mmio.gpa % exit->mmio.size, ==, 0);
        g_assert_cmpuint(exit->mmio.gpa >> 36, ==, 0);
        exit->mmio.data = noise;
        exit->mmio.failed = noise % 5 == 0;
        break;
    case VCPU_EXIT_EPAPR_HCALL:
        for (unsigned i = 0; i < 8; i++)
            g_assert_cmpuint(exit->epapr_hcall.args[i] >> 32, ==, 0);
        exit->epapr_hcall.ret = noise & 15;
        exit->epapr_hcall.idle = noise & 16;
        break;
    case VCPU_EXIT_EPR:
        exit->epr.epr = (uint32_t)noise;
        break;
    case VCPU_EXIT_FATAL:
    case VCPU_EXIT_KINDS:
        g_assert_not_reached();
    case VCPU_EXIT_INTR:
    case VCPU_EXIT_IDLE:
    case VCPU_EXIT_DEBUG:
    case VCPU_EXIT_WATCHDOG:
    case VCPU_EXIT_SHUTDOWN:
        break;
    }
}

static void run(const E500Model *model, const uint8_t *data, size_t size)
{
    TimeSource time;
    time_source_init(&time, true, 0);
    AccelConfig config = {
        .model = model, .time = &time, .tb_hz = 400000000, .n_vcpus = 1, .external_proxy = true};
    AccelVm *vm = accel_soft.vm_open(&config, NULL);
    AccelRam block = {.gpa = 0, .size = RAM, .hva = ram};
    g_autofree E500State *s = g_new0(E500State, 1);
    memset(ram, 0, RAM);
    memcpy(ram + CODE, data, MIN(size, (size_t)RAM - CODE));
    g_assert_true(accel_soft.vm_map_ram(vm, &block, NULL));
    AccelVcpu *vcpu = accel_soft.vcpu_create(vm, 0, NULL);
    start_state(s, model);
    g_assert_true(accel_soft.vcpu_put_state(vcpu, s, STATE_FULL, NULL));

    VcpuExit exit = {0};
    uint64_t noise = 0x9e3779b97f4a7c15u;
    for (unsigned i = 0; i < EXITS; i++) {
        __atomic_store_n(&time.next_deadline_ns, time_now_ns(&time) + SLICE_NS, __ATOMIC_RELAXED);
        accel_soft.vcpu_run(vcpu, &exit, false);
        if (exit.kind == VCPU_EXIT_SHUTDOWN || exit.kind == VCPU_EXIT_DEBUG || exit.kind == VCPU_EXIT_WATCHDOG)
            break;
        if (exit.kind == VCPU_EXIT_IDLE) /* an interrupt ends it, or the input's end */
            accel_soft.vcpu_set_irq(vcpu, i % ACCEL_IRQS, i & 4);
        noise = noise * 6364136223846793005u + 1442695040888963407u;
        answer(&exit, noise >> 20);
    }
    g_assert_true(accel_soft.vcpu_get_state(vcpu, s, NULL));
    accel_soft.vcpu_destroy(vcpu);
    accel_soft.vm_close(vm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n;
    const E500Model *models = e500_models(&n);
    for (size_t i = 0; i < n; i++)
        run(&models[i], data, size);
    return 0;
}
