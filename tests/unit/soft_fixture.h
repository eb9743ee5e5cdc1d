/* SPDX-License-Identifier: MIT
 *
 * The soft accelerator with two vCPUs, 1 MiB of RAM at 0 and devices behind it, for tests of cpu/soft.  Instructions are written by
 * their rows: put_d(), put_x().
 */
#pragma once

#include <glib.h>
#include <string.h>

#include "cpu/e500/bits.h"
#include "cpu/soft/soft.h"

enum { SOFT_RAM = 1 << 20, SOFT_CODE = 0x1000, SOFT_DEVICE = 0x600000, SOFT_CPUS = 2 };
#define SOFT_DEVICE_GPA UINT64_C(0xfe0000000)

typedef struct SoftFixture {
    TimeSource time;
    AccelVm *vm;
    AccelVcpu *vcpu[SOFT_CPUS];
    VcpuExit exit[SOFT_CPUS];
    uint8_t *ram;
    E500State state; /* room for one */
} SoftFixture;

static inline E500 *soft_core(SoftFixture *f, unsigned index)
{
    return &((SoftVcpu *)f->vcpu[index])->core;
}

static inline void soft_put_word(SoftFixture *f, Ea ea, uint32_t word)
{
    word = GUINT32_TO_BE(word);
    memcpy(f->ram + ea, &word, 4);
}

static inline uint32_t soft_get_word(const SoftFixture *f, Ea ea)
{
    uint32_t word;
    memcpy(&word, f->ram + ea, 4);
    return GUINT32_FROM_BE(word);
}

static inline uint32_t word_d(InsnId id, unsigned rt, unsigned ra, int d)
{
    return insn_info[id].match | rt << 21 | ra << 16 | (uint16_t)d;
}

static inline uint32_t word_x(InsnId id, unsigned rt, unsigned ra, unsigned rb)
{
    return insn_info[id].match | rt << 21 | ra << 16 | rb << 11;
}

/* Each vCPU at SOFT_CODE: RAM at EA 0 and a device page by TLB1, which tlbivax spares where it is protected; the device page is not. */
static inline void soft_start(SoftFixture *f, unsigned index, const E500Model *model)
{
    E500State *s = &f->state;
    e500_state_reset(s, model, index);
    s->pc = SOFT_CODE;
    s->msr = MSR_ME | MSR_FP | MSR_SPE;
    s->tlb1[0] = (E500TlbEntry){.mas1 = 0xc0000000u | 5 << 8, .mas7_3 = 0x3f};
    s->tlb1[1] = (E500TlbEntry){.mas1 = 0x80000000u | 1 << 8, .mas2 = SOFT_DEVICE, .mas7_3 = SOFT_DEVICE_GPA | 0x3f};
    g_assert_true(accel_soft.vcpu_put_state(f->vcpu[index], s, STATE_FULL, NULL));
}

/* tested: what soft_lockstep compares with the plain one.  code_bytes: SoftVm's. */
static inline void soft_up_all(SoftFixture *f, const char *model_name, bool is_virtual, const SoftEngine *engine,
                               const SoftEngine *tested, size_t code_bytes)
{
    memset(f, 0, sizeof(*f));
    const E500Model *model = e500_model_find(model_name);
    time_source_init(&f->time, is_virtual, 0);
    AccelConfig config = {.model = model, .time = &f->time, .tb_hz = NS_PER_SECOND, .n_vcpus = SOFT_CPUS};
    f->vm = accel_soft.vm_open(&config, NULL);
    ((SoftVm *)f->vm)->engine = engine;
    ((SoftVm *)f->vm)->tested = tested;
    ((SoftVm *)f->vm)->code_bytes = code_bytes;
    f->ram = g_aligned_alloc(1, SOFT_RAM, 4096);
    memset(f->ram, 0, SOFT_RAM);
    AccelRam block = {.gpa = 0, .size = SOFT_RAM, .hva = f->ram};
    g_assert_true(accel_soft.vm_map_ram(f->vm, &block, NULL));
    for (unsigned i = 0; i < SOFT_CPUS; i++) {
        f->vcpu[i] = accel_soft.vcpu_create(f->vm, i, NULL);
        soft_start(f, i, model);
    }
}

static inline void soft_up_tested(SoftFixture *f, const char *model_name, bool is_virtual, const SoftEngine *engine,
                                  const SoftEngine *tested)
{
    soft_up_all(f, model_name, is_virtual, engine, tested, 0);
}

static inline void soft_up_code(SoftFixture *f, const char *model_name, bool is_virtual, const SoftEngine *engine,
                                size_t code_bytes)
{
    soft_up_all(f, model_name, is_virtual, engine, &soft_fast, code_bytes);
}

static inline void soft_up_engine(SoftFixture *f, const char *model_name, bool is_virtual, const SoftEngine *engine)
{
    soft_up_all(f, model_name, is_virtual, engine, &soft_fast, 0);
}

static inline void soft_up_with(SoftFixture *f, const char *model_name, bool is_virtual)
{
    soft_up_engine(f, model_name, is_virtual, &soft_plain);
}

static inline void soft_up(SoftFixture *f, gconstpointer model_name)
{
    soft_up_with(f, model_name ? model_name : "e500mc", true);
}

static inline void soft_down(SoftFixture *f, gconstpointer unused)
{
    for (unsigned i = 0; i < SOFT_CPUS; i++)
        accel_soft.vcpu_destroy(f->vcpu[i]);
    accel_soft.vm_close(f->vm);
    g_aligned_free(f->ram);
}

/* Runs vCPU `index` to its next exit. */
static inline VcpuExit *soft_run(SoftFixture *f, unsigned index, bool complete_only)
{
    accel_soft.vcpu_run(f->vcpu[index], &f->exit[index], complete_only);
    return &f->exit[index];
}

/* Virtual time: executes n instructions, unless another exit comes first. */
static inline VcpuExit *soft_run_for(SoftFixture *f, unsigned index, unsigned n)
{
    __atomic_store_n(&f->time.next_deadline_ns, time_now_ns(&f->time) + n, __ATOMIC_RELAXED);
    return soft_run(f, index, false);
}
