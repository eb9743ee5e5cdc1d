/* SPDX-License-Identifier: MIT
 *
 * The guest's TLBs as an array that KVM and Quoin share (KVM_CAP_SW_TLB): first TLB0, set by set, then TLB1.  KVM reads and writes it
 * while the vCPU runs; whoever changes it in between says so with KVM_DIRTY_TLB.
 */
#include "cpu/kvm/kvm.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned tlb1_entries(const KvmVcpu *vcpu)
{
    return MIN(kvm_vm_of(vcpu)->config.model->tlb1_entries, E500_TLB1_MAX);
}

static unsigned entries(const KvmVcpu *vcpu)
{
    return E500_TLB0_ENTRIES + tlb1_entries(vcpu);
}

bool kvm_tlb_share(KvmVcpu *vcpu, GError **error)
{
    bool hv = kvm_vm_of(vcpu)->config.model->core == E500_CORE_MC;
    unsigned n1 = tlb1_entries(vcpu);
    size_t used = entries(vcpu) * sizeof(*vcpu->tlb);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    vcpu->tlb_size = (used + page - 1) / page * page;
    void *array = mmap(NULL, vcpu->tlb_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (array == MAP_FAILED) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "vCPU %u: %zu bytes for its TLBs: %s", vcpu->index,
                    vcpu->tlb_size, g_strerror(errno));
        return false;
    }
    vcpu->tlb = array;
    struct kvm_book3e_206_tlb_params params = {
        .tlb_sizes = {E500_TLB0_ENTRIES, n1},
        .tlb_ways = {E500_TLB0_WAYS, n1},
    };
    struct kvm_config_tlb config = {
        .params = (uintptr_t)&params,
        .array = (uintptr_t)vcpu->tlb,
        .mmu_type = hv ? KVM_MMU_FSL_BOOKE_HV : KVM_MMU_FSL_BOOKE_NOHV,
        .array_len = (uint32_t)used,
    };
    struct kvm_enable_cap cap = {.cap = KVM_CAP_SW_TLB, .args = {(uintptr_t)&config}};
    if (kvm_ioctl(FAULT_KVM_ENABLE_CAP, &vcpu->vcpu, (uintptr_t)&cap, error) < 0) {
        g_prefix_error(error, "KVM_CAP_SW_TLB: ");
        return false;
    }
    return true;
}

void kvm_tlb_unshare(KvmVcpu *vcpu)
{
    if (vcpu->tlb)
        munmap(vcpu->tlb, vcpu->tlb_size);
    vcpu->tlb = NULL;
}

static E500TlbEntry to_state(const struct kvm_book3e_206_tlb_entry *from)
{
    return (E500TlbEntry){.mas1 = from->mas1, .mas2 = (uint32_t)from->mas2, .mas7_3 = from->mas7_3, .mas8 = from->mas8};
}

static struct kvm_book3e_206_tlb_entry from_state(const E500TlbEntry *from)
{
    return (struct kvm_book3e_206_tlb_entry){.mas1 = from->mas1, .mas2 = from->mas2, .mas7_3 = from->mas7_3, .mas8 = from->mas8};
}

void kvm_tlb_to_state(E500State *state, const KvmVcpu *vcpu)
{
    for (unsigned i = 0; i < E500_TLB0_ENTRIES; i++)
        state->tlb0[i] = to_state(&vcpu->tlb[i]);
    for (unsigned i = 0; i < tlb1_entries(vcpu); i++)
        state->tlb1[i] = to_state(&vcpu->tlb[E500_TLB0_ENTRIES + i]);
}

/* KVM is told only when an entry differs, because it then drops all translations of the guest. */
bool kvm_tlb_put(KvmVcpu *vcpu, const E500State *state, GError **error)
{
    uint8_t bitmap[(KVM_TLB_ENTRIES + 63) / 64 * 8] = {0};
    unsigned n = entries(vcpu), dirty = 0;
    for (unsigned i = 0; i < n; i++) {
        const E500TlbEntry *from = i < E500_TLB0_ENTRIES ? &state->tlb0[i] : &state->tlb1[i - E500_TLB0_ENTRIES];
        struct kvm_book3e_206_tlb_entry entry = from_state(from);
        if (!memcmp(&vcpu->tlb[i], &entry, sizeof(entry)))
            continue;
        vcpu->tlb[i] = entry;
        bitmap[i / 8] |= (uint8_t)(1u << i % 8);
        dirty++;
    }
    struct kvm_dirty_tlb told = {.bitmap = (uintptr_t)bitmap, .num_dirty = dirty};
    vcpu->tlb_stale |= dirty != 0;
    if (vcpu->tlb_stale && kvm_ioctl(FAULT_KVM_DIRTY_TLB, &vcpu->vcpu, (uintptr_t)&told, error) < 0)
        return false;
    vcpu->tlb_stale = false;
    return true;
}
