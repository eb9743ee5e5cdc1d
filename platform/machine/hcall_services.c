/* SPDX-License-Identifier: MIT
 *
 * What the machine does for hypercall handlers.  In a vCPU's thread, under the device lock.
 */
#include "cpu/fault.h"
#include "cpu/log.h"
#include "platform/machine/machine.h"

static bool request(Machine *m, FaultId fault, RunCause cause)
{
    g_autoptr(GError) error = NULL;
    if (fault_here(fault, &error)) {
        message_guest("%s: %s", run_cause_name(cause), error->message);
        return false;
    }
    run_request(m->run, cause);
    return true;
}

static bool request_reset(void *opaque, unsigned vcpu)
{
    return request(opaque, FAULT_RESET, RUN_CAUSE_GUEST_RESET_HCALL);
}

static bool request_shutdown(void *opaque, unsigned vcpu)
{
    Machine *m = opaque;
    if (!request(m, FAULT_SHUTDOWN, RUN_CAUSE_GUEST_SHUTDOWN_HCALL))
        return false;
    partition_stopped(m->partition, false, vcpu, 0);
    return true;
}

static bool request_system_reset(void *opaque, unsigned vcpu)
{
    return request(opaque, FAULT_RESET, RUN_CAUSE_GUEST_SYSTEM_RESET);
}

/* ---- vCPUs ---- */

static Vcpu *vcpu_at(void *opaque, unsigned vcpu)
{
    return vcpus_get(((Machine *)opaque)->vcpus, vcpu);
}

static unsigned n_vcpus(void *opaque)
{
    return ((Machine *)opaque)->config->n_vcpus;
}

static void send_nmi(void *opaque, unsigned vcpu)
{
    vcpu_send_nmi(vcpu_at(opaque, vcpu));
}

static HcallCoreState core_state(void *opaque, unsigned vcpu)
{
    switch (vcpu_activity(vcpu_at(opaque, vcpu))) {
    case VCPU_RUNS:
        return HCALL_CORE_RUNS;
    case VCPU_WAITS:
        return HCALL_CORE_WAITS;
    case VCPU_NAPS:
        return HCALL_CORE_NAPS;
    }
    return HCALL_CORE_RUNS;
}

static void enter_nap(void *opaque, unsigned vcpu)
{
    vcpu_nap(vcpu_at(opaque, vcpu));
}

static void exit_nap(void *opaque, unsigned vcpu)
{
    vcpu_wake(vcpu_at(opaque, vcpu));
}

/* ---- memory ---- */

static bool mem_read(void *opaque, uint64_t gpa, void *to, size_t size)
{
    return memory_read(((Machine *)opaque)->memory, gpa, to, size);
}

static bool mem_write(void *opaque, uint64_t gpa, const void *from, size_t size)
{
    return memory_write(((Machine *)opaque)->memory, gpa, from, size);
}

static bool mem_copy(void *opaque, uint64_t to, uint64_t from, uint64_t size)
{
    return memory_copy(((Machine *)opaque)->memory, to, from, size);
}

static bool mem_contains(void *opaque, uint64_t gpa, uint64_t size)
{
    return memory_contains(((Machine *)opaque)->memory, gpa, size);
}

/* ---- the partition ---- */

static EvStatus dtprop_get(void *opaque, const char *path, const char *name, const void **value, uint32_t *size)
{
    return guest_tree_get(partition_tree(((Machine *)opaque)->partition), path, name, value, size);
}

static EvStatus dtprop_set(void *opaque, const char *path, const char *name, const void *value, uint32_t size)
{
    return guest_tree_set(partition_tree(((Machine *)opaque)->partition), path, name, value, size);
}

static bool error_peek(void *opaque, void *record)
{
    return partition_error_peek(((Machine *)opaque)->partition, record);
}

static void error_drop(void *opaque)
{
    partition_error_drop(((Machine *)opaque)->partition);
}

const HcallServices machine_hcall_services = {
    .int_set_config = machine_int_set_config,
    .int_get_config = machine_int_get_config,
    .int_set_mask = machine_int_set_mask,
    .int_get_mask = machine_int_get_mask,
    .int_iack = machine_int_iack,
    .int_eoi = machine_int_eoi,
    .int_send_ipi = machine_int_send_ipi,
    .int_set_task_priority = machine_int_set_task_priority,
    .int_get_task_priority = machine_int_get_task_priority,
    .msgsnd = machine_msgsnd,
    .doorbell_send = machine_doorbell_send,
    .request_reset = request_reset,
    .request_shutdown = request_shutdown,
    .area_register = machine_area_register,
    .area_unregister = machine_area_unregister,
    .byte_channel_send = machine_byte_channel_send,
    .byte_channel_receive = machine_byte_channel_receive,
    .byte_channel_poll = machine_byte_channel_poll,
    .request_system_reset = request_system_reset,
    .n_vcpus = n_vcpus,
    .send_nmi = send_nmi,
    .core_state = core_state,
    .enter_nap = enter_nap,
    .exit_nap = exit_nap,
    .mem_read = mem_read,
    .mem_write = mem_write,
    .mem_copy = mem_copy,
    .mem_contains = mem_contains,
    .dtprop_get = dtprop_get,
    .dtprop_set = dtprop_set,
    .error_peek = error_peek,
    .error_drop = error_drop,
};
