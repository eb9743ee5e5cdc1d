/* SPDX-License-Identifier: MIT
 *
 * The soft accelerator: VM and vCPU objects around the engines.
 */
#include <string.h>

#include "cpu/e500/granule.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mail.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/ram.h"
#include "cpu/e500/timers.h"
#include "cpu/fault.h"
#include "cpu/log.h"
#include "cpu/profile.h"
#include "cpu/soft/soft.h"

static bool soft_available(char **why_not)
{
    return true;
}

/* The engine of jit=on.  On a host for which nothing can be translated it is the interpreter. */
static const SoftEngine *engine_translating(void)
{
#if HAVE_JIT
    return &soft_jit;
#else
    return &soft_fast;
#endif
}

static AccelVm *soft_vm_open(const AccelConfig *config, GError **error)
{
    if (fault_here(FAULT_VM_OPEN, error))
        return NULL;
    if (config->verify && !config->time->is_virtual) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "soft: engines are compared under virtual time only");
        return NULL;
    }
    SoftVm *vm = g_new0(SoftVm, 1);
    vm->base.ops = &accel_soft;
    vm->tested = config->engine == ACCEL_ENGINE_PLAIN ? &soft_plain : config->jit ? engine_translating() : &soft_fast;
    vm->engine = config->verify ? &soft_lockstep : vm->tested;
    vm->stats = config->stats;
    vm->code_bytes = config->code_bytes;
    vm->profile = config->profile;
    vm->protected_state = config->protected_state;
    vm->no_rebuild = config->no_rebuild;
    vm->e500 = (E500Vm){
        .model = config->model,
        .time = config->time,
        .tb_hz = config->tb_hz,
        .external_proxy = config->external_proxy,
        .wake = config->wake,
        .wake_opaque = config->wake_opaque,
        .serve = config->serve,
        .serve_opaque = config->serve_opaque,
        .granules = config->n_vcpus > 1 ? g_new0(uintptr_t, E500_GRANULES) : NULL,
    };
    return &vm->base;
}

static void soft_vm_close(AccelVm *vm)
{
    g_free(((SoftVm *)vm)->e500.granules);
    e500_ram_free(&((SoftVm *)vm)->e500);
    g_free(vm);
}

static unsigned soft_vm_caps(const AccelVm *vm)
{
    const SoftVm *soft = (const SoftVm *)vm;
    return ACCEL_CAP_HCALL_EXIT | ACCEL_CAP_AREA_EXIT | ACCEL_CAP_IDLE | ACCEL_CAP_SET_DEBUG | ACCEL_CAP_DEBUG_BESIDE |
           ACCEL_CAP_VIRTUAL_TIME | ACCEL_CAP_RAM_WRITTEN | ACCEL_CAP_DIRTY_LOG |
           (soft->e500.model->core == E500_CORE_MC ? ACCEL_CAP_MSGSND : 0) | (soft->no_rebuild ? 0 : ACCEL_CAP_REBUILD) |
           (soft->protected_state ? 0 : ACCEL_CAP_STATE_WRITE);
}

static bool soft_vm_map_ram(AccelVm *vm, const AccelRam *ram, GError **error)
{
    E500Vm *e500 = &((SoftVm *)vm)->e500;
    if (fault_here(FAULT_MAP_RAM, error))
        return false;
    if (e500_ram_add(e500, ram))
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "soft: more than %d RAM blocks", E500_RAM_MAX);
    return false;
}

static void soft_vm_ram_written(AccelVm *vm, uint64_t gpa, uint64_t size)
{
    e500_ram_written(&((SoftVm *)vm)->e500, gpa, size);
}

/* A log begins with all pages dirty, that is without PAGE_CLEAN, and a log that is off looks the same. */
static bool soft_vm_dirty_log(AccelVm *vm, bool on, GError **error)
{
    e500_ram_stop_dirty(&((SoftVm *)vm)->e500);
    return true;
}

static void soft_vm_dirty_fetch(AccelVm *vm, uint64_t gpa, uint64_t n_pages, uint8_t *bitmap)
{
    e500_ram_fetch_dirty(&((SoftVm *)vm)->e500, gpa, n_pages, bitmap);
}

static unsigned soft_vm_hcall_instructions(const AccelVm *vm, uint32_t insn[4])
{
    const E500Model *model = ((const SoftVm *)vm)->e500.model;
    if (model->core == E500_CORE_V2) {
        insn[0] = 0x3c000000 | E500_HCALL_MAGIC >> 16;      /* lis r0 */
        insn[1] = 0x60000000 | (E500_HCALL_MAGIC & 0xffff); /* ori r0,r0 */
        insn[2] = 0x44000002;                               /* sc */
        insn[3] = 0x60000000;
        return 4;
    }
    insn[0] = 0x44000022; /* sc 1 */
    insn[1] = insn[2] = insn[3] = 0x60000000;
    return 4;
}

static const E500Model *soft_host_model(GError **error)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-cpu host: is for -accel kvm; soft has any model");
    return NULL;
}

static uint64_t soft_vm_tb_hz(const AccelVm *vm)
{
    return ((const SoftVm *)vm)->e500.tb_hz;
}

static void soft_vm_msgsnd(AccelVm *vm, uint32_t message)
{
    e500_msgsnd(&((SoftVm *)vm)->e500, message);
}

static AccelVcpu *soft_vcpu_create(AccelVm *vm, unsigned index, GError **error)
{
    E500Vm *e500 = &((SoftVm *)vm)->e500;
    if (fault_here(FAULT_VCPU_CREATE, error))
        return NULL;
    if (index >= G_N_ELEMENTS(e500->core)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "soft: vCPU %u: at most %zu vCPUs", index, G_N_ELEMENTS(e500->core));
        return NULL;
    }
    SoftVcpu *vcpu = g_new0(SoftVcpu, 1);
    vcpu->base.vm = vm;
    e500_core_init(&vcpu->core, e500, index);
    vcpu->engine = ((SoftVm *)vm)->engine;
    vcpu->engine->start(vcpu);
    vcpu->next_sample = ((SoftVm *)vm)->profile ? profile_interval(((SoftVm *)vm)->profile) : UINT64_MAX;
    if (log_on(LOG_IN_ASM))
        e500_attention(&vcpu->core, E500_ATT_DEBUG);
    e500->core[index] = &vcpu->core;
    if (e500->n_cores <= index)
        e500->n_cores = index + 1;
    return &vcpu->base;
}

static void soft_vcpu_destroy(AccelVcpu *vcpu)
{
    SoftVcpu *soft = (SoftVcpu *)vcpu;
    LOG(LOG_EXIT, "vCPU %u: %" PRIu64 " instructions executed", soft->core.index, soft->core.count.instructions);
    ((SoftVm *)vcpu->vm)->e500.core[soft->core.index] = NULL;
    soft->engine->stop(soft);
    if (soft->seen)
        g_hash_table_unref(soft->seen);
    g_free(soft);
}

static void soft_vcpu_kick(AccelVcpu *vcpu)
{
    e500_attention(&((SoftVcpu *)vcpu)->core, E500_ATT_KICK);
}

static void soft_vcpu_set_irq(AccelVcpu *vcpu, AccelIrq irq, bool level)
{
    E500 *c = &((SoftVcpu *)vcpu)->core;
    if (level)
        __atomic_or_fetch(&c->irq_lines, 1u << irq, __ATOMIC_SEQ_CST);
    else
        __atomic_and_fetch(&c->irq_lines, ~(1u << irq), __ATOMIC_SEQ_CST);
    e500_attention(c, E500_ATT_IRQ);
}

static bool soft_vcpu_get_state(AccelVcpu *vcpu, E500State *state, GError **error)
{
    E500 *c = &((SoftVcpu *)vcpu)->core;
    if (fault_here(FAULT_GET_STATE, error))
        return false;
    e500_mail_attend(c); /* what others asked for is part of the state */
    e500_timers_freeze(c);
    e500_state_pending(c);
    *state = c->s;
    return true;
}

static bool soft_vcpu_put_state(AccelVcpu *vcpu, const E500State *state, StateLevel level, GError **error)
{
    SoftVcpu *soft = (SoftVcpu *)vcpu;
    if (fault_here(FAULT_PUT_STATE, error)) {
        g_prefix_error(error, "vCPU %u: writing gpr: ", soft->core.index);
        return false;
    }
    if (((SoftVm *)vcpu->vm)->protected_state && soft->launched) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM, "vCPU %u: writing gpr: state is protected after launch",
                    soft->core.index);
        return false;
    }
    e500_mail_attend(&soft->core); /* asked of the old state */
    e500_timers_freeze(&soft->core);
    e500_state_copy(&soft->core.s, state, level);
    e500_state_replaced(&soft->core, level);
    return true;
}

static bool soft_vcpu_set_debug(AccelVcpu *vcpu, const AccelDebug *debug, GError **error)
{
    SoftVcpu *soft = (SoftVcpu *)vcpu;
    if (fault_here(FAULT_SET_DEBUG, error))
        return false;
    if (soft->core.host_watch || debug->n_watchpoints)
        e500_soft_tlb_flush(&soft->core); /* other pages are watched now */
    soft->debug = *debug;
    soft->core.host_watch = debug->n_watchpoints ? &soft->debug : NULL;
    soft->core.host_debug = debug->single_step || debug->n_breakpoints;
    soft->breakpoint_filter = 0;
    for (unsigned i = 0; i < debug->n_breakpoints; i++)
        soft->breakpoint_filter |= SOFT_BREAKPOINT_BIT(debug->breakpoint[i]);
    if (soft->core.host_debug || log_on(LOG_IN_ASM))
        e500_attention(&soft->core, E500_ATT_DEBUG);
    else
        __atomic_and_fetch(&soft->core.attention, ~(uint32_t)E500_ATT_DEBUG, __ATOMIC_SEQ_CST);
    return true;
}

static bool soft_vcpu_translate(AccelVcpu *vcpu, Ea ea, uint64_t *gpa)
{
    const E500 *c = &((SoftVcpu *)vcpu)->core;
    E500Translation t;
    if (e500_mmu_lookup(c, ea, c->ctx_data, ACCESS_READ, &t) == MMU_MISS &&
        e500_mmu_lookup(c, ea, c->ctx_fetch, ACCESS_EXECUTE, &t) == MMU_MISS)
        return false;
    *gpa = t.gpa;
    return true;
}

const AccelOps accel_soft = {
    .name = "soft",
    .doc = "software e500 core: runs anywhere",
    .available = soft_available,
    .host_model = soft_host_model,
    .vm_open = soft_vm_open,
    .vm_close = soft_vm_close,
    .vm_caps = soft_vm_caps,
    .vm_map_ram = soft_vm_map_ram,
    .vm_hcall_instructions = soft_vm_hcall_instructions,
    .vm_tb_hz = soft_vm_tb_hz,
    .vm_ram_written = soft_vm_ram_written,
    .vm_dirty_log = soft_vm_dirty_log,
    .vm_dirty_fetch = soft_vm_dirty_fetch,
    .vm_msgsnd = soft_vm_msgsnd,
    .vcpu_create = soft_vcpu_create,
    .vcpu_destroy = soft_vcpu_destroy,
    .vcpu_run = soft_vcpu_run,
    .vcpu_kick = soft_vcpu_kick,
    .vcpu_set_irq = soft_vcpu_set_irq,
    .vcpu_get_state = soft_vcpu_get_state,
    .vcpu_put_state = soft_vcpu_put_state,
    .vcpu_set_debug = soft_vcpu_set_debug,
    .vcpu_translate = soft_vcpu_translate,
};
