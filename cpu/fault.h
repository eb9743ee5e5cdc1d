/* SPDX-License-Identifier: MIT
 *
 * Fault points: places where the host may fail, made to fail on purpose by `-M …,inject-fault=NAME[:N]` so that tests reach every
 * error path.  Costs one compare when none is armed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define FAULT_LIST(X)                                                          \
    X(VM_OPEN, "vm-open", "opening a VM handle")                               \
    X(MAP_RAM, "map-ram", "giving RAM to a VM")                                \
    X(VCPU_CREATE, "vcpu-create", "creating a vCPU")                           \
    X(VCPU_THREAD, "vcpu-thread", "making a vCPU's thread")                    \
    X(SET_DEBUG, "set-debug", "giving breakpoints to a vCPU")                  \
    X(REBUILD_COMMIT, "rebuild-commit", "replacing the old VM by the new one") \
    X(PUT_STATE, "put-state", "writing vCPU state")                            \
    X(GET_STATE, "get-state", "reading vCPU state")                            \
    X(BUILD_TREE, "build-tree", "building the device tree at a reset")         \
    X(RESET, "reset", "accepting a request for a reset")                       \
    X(SHUTDOWN, "shutdown", "accepting a request for a shutdown")              \
    X(CODE_MEMORY, "code-memory", "memory for translated code")                \
    X(BLOCK_READ, "block-read", "reading from a drive's image")                \
    X(BLOCK_WRITE, "block-write", "writing to a drive's image")                \
    X(BLOCK_FLUSH, "block-flush", "bringing a drive's image to the disk")      \
    X(IO_URING, "io-uring", "asking the host for io_uring, for a drive")       \
    FAULT_KVM_LIST(X)

/* The requests to KVM that the kvm accelerator makes (cpu/kvm).  Only a program for PowerPC makes them. */
#define FAULT_KVM_LIST(X)                                                                     \
    X(KVM_GET_API_VERSION, "kvm-get-api-version", "KVM_GET_API_VERSION")                      \
    X(KVM_CHECK_EXTENSION, "kvm-check-extension", "KVM_CHECK_EXTENSION")                      \
    X(KVM_GET_VCPU_MMAP_SIZE, "kvm-get-vcpu-mmap-size", "KVM_GET_VCPU_MMAP_SIZE")             \
    X(KVM_CREATE_VM, "kvm-create-vm", "KVM_CREATE_VM")                                        \
    X(KVM_PPC_GET_PVINFO, "kvm-ppc-get-pvinfo", "KVM_PPC_GET_PVINFO")                         \
    X(KVM_SET_USER_MEMORY_REGION, "kvm-set-user-memory-region", "KVM_SET_USER_MEMORY_REGION") \
    X(KVM_CREATE_VCPU, "kvm-create-vcpu", "KVM_CREATE_VCPU")                                  \
    X(KVM_ENABLE_CAP, "kvm-enable-cap", "KVM_ENABLE_CAP")                                     \
    X(KVM_RUN, "kvm-run", "KVM_RUN")                                                          \
    X(KVM_INTERRUPT, "kvm-interrupt", "KVM_INTERRUPT")                                        \
    X(KVM_GET_REGS, "kvm-get-regs", "KVM_GET_REGS")                                           \
    X(KVM_SET_REGS, "kvm-set-regs", "KVM_SET_REGS")                                           \
    X(KVM_GET_SREGS, "kvm-get-sregs", "KVM_GET_SREGS")                                        \
    X(KVM_SET_SREGS, "kvm-set-sregs", "KVM_SET_SREGS")                                        \
    X(KVM_GET_ONE_REG, "kvm-get-one-reg", "KVM_GET_ONE_REG")                                  \
    X(KVM_SET_ONE_REG, "kvm-set-one-reg", "KVM_SET_ONE_REG")                                  \
    X(KVM_DIRTY_TLB, "kvm-dirty-tlb", "KVM_DIRTY_TLB")                                        \
    X(KVM_TRANSLATE, "kvm-translate", "KVM_TRANSLATE")                                        \
    X(KVM_SET_GUEST_DEBUG, "kvm-set-guest-debug", "KVM_SET_GUEST_DEBUG")                      \
    X(KVM_CREATE_DEVICE, "kvm-create-device", "KVM_CREATE_DEVICE")                            \
    X(KVM_SET_DEVICE_ATTR, "kvm-set-device-attr", "KVM_SET_DEVICE_ATTR")                      \
    X(KVM_SET_GSI_ROUTING, "kvm-set-gsi-routing", "KVM_SET_GSI_ROUTING")                      \
    X(KVM_IRQFD, "kvm-irqfd", "KVM_IRQFD")                                                    \
    X(KVM_IOEVENTFD, "kvm-ioeventfd", "KVM_IOEVENTFD")                                        \
    X(KVM_SIGNAL_MSI, "kvm-signal-msi", "KVM_SIGNAL_MSI")

typedef enum FaultId {
#define X(id, name, doc) FAULT_##id,
    FAULT_LIST(X)
#undef X
        FAULTS
} FaultId;

/*
 * Arms one fault point.  "NAME", "NAME:N" or "NAME:N:ERRNO": when it is passed for the Nth time, counted from 1, it fails, and at no other
 * time.  A request to the host's kernel fails with that errno: EINVAL if none is named, ENOMEM, EINTR, EIO or ENOSPC.  Call it before threads start.
 */
bool fault_arm(const char *spec, GError **error);
/* True: fail here, now; *error (if asked for) is set.  Any thread. */
bool fault_here(FaultId id, GError **error);
/* The same for a request to the host's kernel: the errno to fail with, or 0. */
int fault_errno_here(FaultId id);
