/* SPDX-License-Identifier: MIT
 *
 * A vCPU's state as a whole, in and out of KVM.
 *
 * Writing begins with reading, because the fields of struct kvm_sregs that have no name here must go back as they came;
 * e500_state_copy() then says which registers a level writes.  DEC and TSR change by themselves.  RESET and FULL force them on KVM; RUNTIME
 * writes them only if somebody changed the copy, or the time since the reading would be lost.
 *
 * docs/KVM-API.md lists what Linux 6.1 neither shows nor takes.
 */
#include "cpu/e500/interrupt.h"
#include "cpu/kvm/kvm.h"

/* Registers that are read and written one at a time, with KVM_GET_ONE_REG and KVM_SET_ONE_REG. */
static const struct {
    uint64_t id;
    E500SprSlot slot;
    uint32_t feature; /* of struct kvm_sregs; when KVM has this feature the register is a field there instead */
} one_regs[] = {
    {KVM_REG_PPC_IAC1, SPR_IAC1, KVM_SREGS_E_DEBUG},
    {KVM_REG_PPC_IAC2, SPR_IAC2, KVM_SREGS_E_DEBUG},
    {KVM_REG_PPC_DAC1, SPR_DAC1, KVM_SREGS_E_DEBUG},
    {KVM_REG_PPC_DAC2, SPR_DAC2, KVM_SREGS_E_DEBUG},
    {KVM_REG_PPC_EPR, SPR_EPR, 0},
};

typedef struct Snapshot {
    E500State state;
    struct kvm_regs regs;
    struct kvm_sregs sregs;
} Snapshot;

typedef union OneReg {
    uint32_t u32;
    uint64_t u64;
} OneReg;

static bool is_u64(uint64_t id)
{
    return (id & KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U64;
}

bool kvm_get_one_reg(KvmVcpu *vcpu, uint64_t id, uint32_t *value, GError **error)
{
    OneReg reg = {0};
    struct kvm_one_reg request = {.id = id, .addr = (uintptr_t)&reg};
    if (kvm_ioctl(FAULT_KVM_GET_ONE_REG, &vcpu->vcpu, (uintptr_t)&request, error) < 0) {
        g_prefix_error(error, "register 0x%x: ", (unsigned)(id & 0xffff));
        return false;
    }
    *value = is_u64(id) ? (uint32_t)reg.u64 : reg.u32;
    return true;
}

bool kvm_set_one_reg(KvmVcpu *vcpu, uint64_t id, uint32_t value, GError **error)
{
    OneReg reg = {0};
    struct kvm_one_reg request = {.id = id, .addr = (uintptr_t)&reg};
    if (is_u64(id))
        reg.u64 = value;
    else
        reg.u32 = value;
    if (kvm_ioctl(FAULT_KVM_SET_ONE_REG, &vcpu->vcpu, (uintptr_t)&request, error) < 0) {
        g_prefix_error(error, "register 0x%x: ", (unsigned)(id & 0xffff));
        return false;
    }
    return true;
}

static bool get_registers(KvmVcpu *vcpu, struct kvm_regs *regs, struct kvm_sregs *sregs, GError **error)
{
    return kvm_ioctl(FAULT_KVM_GET_REGS, &vcpu->vcpu, (uintptr_t)regs, error) >= 0 &&
           kvm_ioctl(FAULT_KVM_GET_SREGS, &vcpu->vcpu, (uintptr_t)sregs, error) >= 0;
}

static bool set_registers(KvmVcpu *vcpu, const struct kvm_regs *regs, const struct kvm_sregs *sregs, GError **error)
{
    return kvm_ioctl(FAULT_KVM_SET_SREGS, &vcpu->vcpu, (uintptr_t)sregs, error) >= 0 &&
           kvm_ioctl(FAULT_KVM_SET_REGS, &vcpu->vcpu, (uintptr_t)regs, error) >= 0;
}

static bool read_into(KvmVcpu *vcpu, E500State *state, struct kvm_regs *regs, struct kvm_sregs *sregs, GError **error)
{
    *sregs = (struct kvm_sregs){0};
    if (!get_registers(vcpu, regs, sregs, error))
        return false;
    kvm_regs_to_state(state, regs);
    kvm_sregs_to_state(state, sregs);
    for (unsigned i = 0; i < G_N_ELEMENTS(one_regs); i++) {
        uint32_t value;
        if (sregs->u.e.features & one_regs[i].feature)
            continue;
        if (!kvm_get_one_reg(vcpu, one_regs[i].id, &value, error))
            return false;
        state->spr[one_regs[i].slot] = value;
    }
    kvm_tlb_to_state(state, vcpu);
    state->held = vcpu->held;
    state->waiting = false; /* KVM has no such state to report: a guest waits by MSR[WE], or in a hypercall inside KVM */
    return true;
}

bool kvm_get_state(AccelVcpu *base, E500State *state, GError **error)
{
    KvmVcpu *vcpu = (KvmVcpu *)base;
    struct kvm_regs regs;
    struct kvm_sregs sregs;
    if (fault_here(FAULT_GET_STATE, error) || !read_into(vcpu, state, &regs, &sregs, error)) {
        g_prefix_error(error, "vCPU %u: reading its state: ", vcpu->index);
        return false;
    }
    vcpu->dec = (uint32_t)state->spr[SPR_DEC];
    vcpu->tsr = (uint32_t)state->spr[SPR_TSR];
    return true;
}

static uint32_t updates(const KvmVcpu *vcpu, const E500State *state, StateLevel level)
{
    if (level >= STATE_RESET)
        return KVM_SREGS_E_UPDATE_MCSR | KVM_SREGS_E_UPDATE_TSR | KVM_SREGS_E_UPDATE_DEC | KVM_SREGS_E_UPDATE_DBSR;
    return KVM_SREGS_E_UPDATE_MCSR | (state->spr[SPR_TSR] != vcpu->tsr ? KVM_SREGS_E_UPDATE_TSR : 0) |
           (state->spr[SPR_DEC] != vcpu->dec ? KVM_SREGS_E_UPDATE_DEC : 0);
}

static bool write_one_regs(KvmVcpu *vcpu, const E500Spr *was, const Snapshot *now, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(one_regs); i++) {
        E500Spr value = now->state.spr[one_regs[i].slot];
        if (!(now->sregs.u.e.features & one_regs[i].feature) && value != was[one_regs[i].slot] &&
            !kvm_set_one_reg(vcpu, one_regs[i].id, (uint32_t)value, error)) /* these have 32 bits each */
            return false;
    }
    return true;
}

static bool write_level(KvmVcpu *vcpu, const E500State *state, StateLevel level, Snapshot *now, GError **error)
{
    E500Spr was[E500_SPR_SLOTS];
    if (!read_into(vcpu, &now->state, &now->regs, &now->sregs, error))
        return false;
    memcpy(was, now->state.spr, sizeof(was));
    e500_state_copy(&now->state, state, level);
    kvm_regs_from_state(&now->regs, &now->state);
    kvm_sregs_from_state(&now->sregs, &now->state);
    now->sregs.u.e.update_special = updates(vcpu, state, level);
    if (level >= STATE_RESET)
        now->sregs.u.e.tb = now->state.tb; /* Linux 6.1 ignores it: guests read the host's time base */
    if (!set_registers(vcpu, &now->regs, &now->sregs, error) || !write_one_regs(vcpu, was, now, error) ||
        !kvm_tlb_put(vcpu, &now->state, error))
        return false;
    vcpu->held = now->state.held;
    return level < STATE_RESET || kvm_debug_reset(vcpu, error);
}

bool kvm_put_state(AccelVcpu *base, const E500State *state, StateLevel level, GError **error)
{
    KvmVcpu *vcpu = (KvmVcpu *)base;
    g_autofree Snapshot *now = g_new0(Snapshot, 1);
    if (fault_here(FAULT_PUT_STATE, error) || !write_level(vcpu, state, level, now, error)) {
        g_prefix_error(error, "vCPU %u: writing its state: ", vcpu->index);
        return false;
    }
    return true;
}

bool kvm_translate(AccelVcpu *base, Ea ea, uint64_t *gpa)
{
    KvmVcpu *vcpu = (KvmVcpu *)base;
    struct kvm_regs regs;
    if (kvm_ioctl(FAULT_KVM_GET_REGS, &vcpu->vcpu, (uintptr_t)&regs, NULL) < 0)
        return false;
    const bool spaces[] = {regs.msr & MSR_DS, regs.msr & MSR_IS};
    for (unsigned i = 0; i < G_N_ELEMENTS(spaces); i++) {
        struct kvm_translation t = {.linear_address = (uint64_t)spaces[i] << 40 | (regs.pid & 0xff) << 32 | ea};
        if (kvm_ioctl(FAULT_KVM_TRANSLATE, &vcpu->vcpu, (uintptr_t)&t, NULL) >= 0 && t.valid) {
            *gpa = t.physical_address;
            return true;
        }
    }
    return false;
}

/* ---- interrupts that KVM does not raise for us ---- */

bool kvm_take_machine_check(KvmVcpu *vcpu, struct kvm_regs *regs, uint64_t gpa, bool is_write, bool *taken, GError **error)
{
    bool v2 = kvm_vm_of(vcpu)->config.model->core == E500_CORE_V2;
    uint32_t load = v2 ? MCSR_V2_BUS_RBERR : MCSR_LD | MCSR_MAV, store = v2 ? MCSR_V2_BUS_WBERR : MCSR_ST | MCSR_MAV;
    struct kvm_sregs sregs = {0};
    *taken = regs->msr & MSR_ME;
    if (!*taken)
        return true;
    if (kvm_ioctl(FAULT_KVM_GET_SREGS, &vcpu->vcpu, (uintptr_t)&sregs, error) < 0)
        return false;
    sregs.u.e.mcsrr0 = regs->pc;
    sregs.u.e.mcsrr1 = (uint32_t)regs->msr;
    sregs.u.e.mcsr |= is_write ? store : load;
    sregs.u.e.update_special = KVM_SREGS_E_UPDATE_MCSR;
    sregs.u.e.impl.fsl.mcar = gpa;
    regs->pc = (Ea)(sregs.u.e.ivpr | sregs.u.e.ivor_low[1]);
    regs->msr = 0;
    return set_registers(vcpu, regs, &sregs, error);
}

bool kvm_take_illegal(KvmVcpu *vcpu, GError **error)
{
    struct kvm_regs regs;
    struct kvm_sregs sregs = {0};
    if (!get_registers(vcpu, &regs, &sregs, error))
        return false;
    regs.srr0 = regs.pc;
    regs.srr1 = regs.msr;
    regs.pc = (Ea)(sregs.u.e.ivpr | sregs.u.e.ivor_low[6]);
    regs.msr &= MSR_CE | MSR_ME | MSR_DE;
    sregs.u.e.esr = ESR_PIL;
    return set_registers(vcpu, &regs, &sregs, error);
}

bool kvm_scramble(KvmVcpu *vcpu, uint32_t seed, GError **error)
{
    g_autofree E500State *state = g_new0(E500State, 1);
    struct kvm_regs regs;
    if (kvm_ioctl(FAULT_KVM_GET_REGS, &vcpu->vcpu, (uintptr_t)&regs, error) < 0)
        return false;
    kvm_regs_to_state(state, &regs);
    e500_scramble(state, seed);
    kvm_regs_from_state(&regs, state);
    return kvm_ioctl(FAULT_KVM_SET_REGS, &vcpu->vcpu, (uintptr_t)&regs, error) >= 0;
}
