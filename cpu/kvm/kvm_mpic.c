/* SPDX-License-Identifier: MIT
 *
 * The MPIC in the kernel, and eventfds: the kernel handles these interrupts and stores by itself, without an exit.
 */
#include "cpu/kvm/kvm.h"

static bool set_attr(const KvmVm *vm, uint32_t group, uint64_t attr, const void *value, GError **error)
{
    struct kvm_device_attr set = {.group = group, .attr = attr, .addr = (uintptr_t)value};
    return kvm_ioctl(FAULT_KVM_SET_DEVICE_ATTR, &vm->mpic, (uintptr_t)&set, error) >= 0;
}

/* An irqfd names a GSI (KVM's global interrupt number).  The routing table makes the GSI of each MPIC source its number. */
static bool route(KvmVm *vm, GError **error)
{
    g_autofree struct kvm_irq_routing *routing = g_malloc0(sizeof(*routing) + ACCEL_MPIC_SOURCES * sizeof(routing->entries[0]));
    routing->nr = ACCEL_MPIC_SOURCES;
    for (unsigned i = 0; i < ACCEL_MPIC_SOURCES; i++) {
        routing->entries[i].gsi = routing->entries[i].u.irqchip.pin = i;
        routing->entries[i].type = KVM_IRQ_ROUTING_IRQCHIP;
    }
    return kvm_ioctl(FAULT_KVM_SET_GSI_ROUTING, &vm->vm, (uintptr_t)routing, error) >= 0;
}

bool kvm_mpic_create(KvmVm *vm, GError **error)
{
    const AccelMpic *mpic = &vm->config.mpic;
    if (!mpic->version)
        return true;
    if (!vm->cap[KVM_HAS_DEVICE_CTRL] || !vm->cap[KVM_HAS_IRQ_MPIC]) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "-M kernel-irqchip=on: this KVM lacks KVM_CAP_IRQ_MPIC");
        return false;
    }
    struct kvm_create_device device = {.type = mpic->version == 20 ? KVM_DEV_TYPE_FSL_MPIC_20 : KVM_DEV_TYPE_FSL_MPIC_42};
    if (kvm_ioctl(FAULT_KVM_CREATE_DEVICE, &vm->vm, (uintptr_t)&device, error) < 0)
        return false;
    vm->mpic.fd = (int)device.fd;
    return set_attr(vm, KVM_DEV_MPIC_GRP_MISC, KVM_DEV_MPIC_BASE_ADDR, &mpic->gpa, error) &&
           (!vm->cap[KVM_HAS_IRQ_ROUTING] || route(vm, error));
}

bool kvm_mpic_connect(KvmVcpu *vcpu, GError **error)
{
    return kvm_enable_cap(vcpu, KVM_CAP_IRQ_MPIC, (uint64_t)kvm_vm_of(vcpu)->mpic.fd, vcpu->index, error);
}

bool kvm_vm_set_source(AccelVm *vm, unsigned source, bool level, GError **error)
{
    const uint32_t active = level;
    return set_attr((KvmVm *)vm, KVM_DEV_MPIC_GRP_IRQ_ACTIVE, source, &active, error);
}

/* The address is of no use: a VM has one MPIC, and KVM takes the value as one that was stored to its MSIIR. */
bool kvm_vm_message(AccelVm *base, uint32_t value, GError **error)
{
    const KvmVm *vm = (KvmVm *)base;
    struct kvm_msi message = {.data = value};
    return kvm_ioctl(FAULT_KVM_SIGNAL_MSI, &vm->vm, (uintptr_t)&message, error) >= 0;
}

bool kvm_vm_eventfd(AccelVm *base, const AccelEventfd *e, GError **error)
{
    const KvmVm *vm = (KvmVm *)base;
    if (e->kind == ACCEL_EVENTFD_SOURCE) {
        struct kvm_irqfd irqfd = {.fd = (uint32_t)e->fd, .gsi = e->source};
        return kvm_ioctl(FAULT_KVM_IRQFD, &vm->vm, (uintptr_t)&irqfd, error) >= 0;
    }
    struct kvm_ioeventfd store = {
        .fd = e->fd,
        .addr = e->gpa,
        .len = e->size,
        .datamatch = e->value,
        .flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
    };
    return kvm_ioctl(FAULT_KVM_IOEVENTFD, &vm->vm, (uintptr_t)&store, error) >= 0;
}
