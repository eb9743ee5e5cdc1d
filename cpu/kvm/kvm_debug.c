/* SPDX-License-Identifier: MIT
 *
 * A debugger's breakpoints and single step (KVM_SET_GUEST_DEBUG).
 *
 * Where the address of a breakpoint is mapped now, the word there is replaced by a trap instruction.  Where it is not, one of the core's two
 * instruction address compares is used.  Several vCPUs, and during a rebuild two VMs, may have a breakpoint at the same word, so there is
 * one table of replaced words for the whole process.  Nobody has to hear of these writes: KVM on e500 has no dirty log.
 *
 * KVM compares data addresses exactly and never a range, so watchpoints are refused, and gdb single-steps instead.
 */
#include <string.h>

#include "cpu/kvm/kvm.h"

enum { KVM_IACS = 2 };

/* A word of guest memory that a trap instruction replaced. */
typedef struct Patch {
    uint32_t *hva;
    uint32_t word; /* the guest's own, in the byte order of memory */
    unsigned users;
} Patch;

static GMutex patch_lock;
static GArray *patches; /* of Patch */

static void store_code(uint32_t *hva, uint32_t word)
{
    *hva = word;
    __asm__ volatile("dcbst 0,%0; sync; icbi 0,%0; sync; isync" : : "r"(hva) : "memory");
}

static Patch *patch_find(const uint32_t *hva)
{
    for (guint i = 0; patches && i < patches->len; i++)
        if (g_array_index(patches, Patch, i).hva == hva)
            return &g_array_index(patches, Patch, i);
    return NULL;
}

static void patch_add(uint32_t *hva, uint32_t trap)
{
    g_mutex_lock(&patch_lock);
    Patch *patch = patch_find(hva);
    if (patch) {
        patch->users++;
    } else {
        Patch fresh = {.hva = hva, .word = *hva, .users = 1};
        if (!patches)
            patches = g_array_new(FALSE, FALSE, sizeof(Patch));
        g_array_append_val(patches, fresh);
        store_code(hva, trap);
    }
    g_mutex_unlock(&patch_lock);
}

static void patch_remove(uint32_t *hva, uint32_t trap)
{
    g_mutex_lock(&patch_lock);
    Patch *patch = patch_find(hva);
    if (patch && --patch->users == 0) {
        if (*hva == trap) /* if not, the guest has written there since, and its word stays */
            store_code(hva, patch->word);
        g_array_remove_index_fast(patches, (guint)(patch - &g_array_index(patches, Patch, 0)));
    }
    g_mutex_unlock(&patch_lock);
}

static void patch_again(uint32_t *hva, uint32_t trap)
{
    g_mutex_lock(&patch_lock);
    Patch *patch = patch_find(hva);
    if (patch && *hva != trap) {
        patch->word = *hva;
        store_code(hva, trap);
    }
    g_mutex_unlock(&patch_lock);
}

/* Host address of the word at ea; NULL when ea is not mapped now, or not to RAM. */
static uint32_t *breakpoint_hva(KvmVcpu *vcpu, Ea ea)
{
    const KvmVm *vm = kvm_vm_of(vcpu);
    uint64_t gpa;
    if (!kvm_translate(&vcpu->base, ea, &gpa) || gpa % 4)
        return NULL;
    for (unsigned i = 0; i < vm->n_ram; i++)
        if (gpa >= vm->ram[i].gpa && gpa - vm->ram[i].gpa < vm->ram[i].size)
            return (uint32_t *)(void *)((uint8_t *)vm->ram[i].hva + (gpa - vm->ram[i].gpa));
    return NULL;
}

void kvm_debug_drop(KvmVcpu *vcpu)
{
    for (unsigned i = 0; i < vcpu->debug.n_breakpoints; i++)
        if (vcpu->patched[i])
            patch_remove(vcpu->patched[i], vcpu->trap);
    memset(vcpu->patched, 0, sizeof(vcpu->patched));
    vcpu->debug = (AccelDebug){0};
    vcpu->debugging = false;
}

/* Linux 6.1 applies KVM_SET_GUEST_DEBUG only when the guest's MSR is written next; KVM_SET_REGS makes such a write. */
static bool tell(KvmVcpu *vcpu, struct kvm_guest_debug *guest_debug, GError **error)
{
    struct kvm_regs regs;
    return kvm_ioctl(FAULT_KVM_SET_GUEST_DEBUG, &vcpu->vcpu, (uintptr_t)guest_debug, error) >= 0 &&
           kvm_ioctl(FAULT_KVM_GET_REGS, &vcpu->vcpu, (uintptr_t)&regs, error) >= 0 &&
           kvm_ioctl(FAULT_KVM_SET_REGS, &vcpu->vcpu, (uintptr_t)&regs, error) >= 0;
}

/* Breakpoints that are mapped become trap instructions in RAM; those that are not use the instruction address compares. */
static bool place(KvmVcpu *vcpu, const AccelDebug *debug, struct kvm_guest_debug *guest_debug, GError **error)
{
    unsigned n_hard = 0;
    for (unsigned i = 0; i < debug->n_breakpoints; i++) {
        uint32_t *hva = breakpoint_hva(vcpu, debug->breakpoint[i]);
        if (hva) {
            vcpu->patched[i] = hva;
            patch_add(hva, vcpu->trap);
            guest_debug->control |= KVM_GUESTDBG_USE_SW_BP;
        } else if (n_hard < KVM_IACS) {
            guest_debug->arch.bp[n_hard].addr = debug->breakpoint[i];
            guest_debug->arch.bp[n_hard++].type = KVMPPC_DEBUG_BREAKPOINT;
            guest_debug->control |= KVM_GUESTDBG_USE_HW_BP;
        } else {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC,
                        "vCPU %u: breakpoint at 0x%" PRI_EA ": not mapped yet, and the core compares %d addresses", vcpu->index,
                        debug->breakpoint[i], KVM_IACS);
            return false;
        }
    }
    return true;
}

bool kvm_set_debug(AccelVcpu *base, const AccelDebug *debug, GError **error)
{
    KvmVcpu *vcpu = (KvmVcpu *)base;
    struct kvm_guest_debug guest_debug = {.control = KVM_GUESTDBG_ENABLE | (debug->single_step ? KVM_GUESTDBG_SINGLESTEP : 0)};
    if (fault_here(FAULT_SET_DEBUG, error))
        return false;
    if (debug->n_watchpoints) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "vCPU %u: KVM watches no range of addresses", vcpu->index);
        return false;
    }
    kvm_debug_drop(vcpu);
    if (!debug->single_step && !debug->n_breakpoints) {
        guest_debug.control = 0;
        return tell(vcpu, &guest_debug, error);
    }
    if (!vcpu->trap && !kvm_get_one_reg(vcpu, KVM_REG_PPC_DEBUG_INST, &vcpu->trap, error))
        return false;
    vcpu->debug = *debug;
    if (!place(vcpu, debug, &guest_debug, error) || !tell(vcpu, &guest_debug, error)) {
        kvm_debug_drop(vcpu);
        return false;
    }
    vcpu->debugging = true;
    return true;
}

/*
 * A reset loaded the images again, over the trap instructions, which are put back.  The guest's own DBCR0 is to be 0 after a reset, and KVM
 * offers no register for it: switching debugging off clears it, unless the debugger has debugging switched on.
 */
bool kvm_debug_reset(KvmVcpu *vcpu, GError **error)
{
    struct kvm_guest_debug none = {0};
    for (unsigned i = 0; i < vcpu->debug.n_breakpoints; i++)
        if (vcpu->patched[i])
            patch_again(vcpu->patched[i], vcpu->trap);
    return vcpu->debugging || !kvm_vm_of(vcpu)->cap[KVM_HAS_SET_GUEST_DEBUG] || tell(vcpu, &none, error);
}
