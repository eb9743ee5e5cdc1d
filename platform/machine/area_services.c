/* SPDX-License-Identifier: MIT
 *
 * Memory areas that the guest registered: what platform/machine/areas.c needs of vCPUs and clocks.
 */
#include <inttypes.h>

#include "cpu/log.h"
#include "platform/base/lock.h"
#include "platform/machine/machine.h"

/* Makes a vCPU leave the guest: STEAL_TIME is written at exits, and would stand still in a guest that makes none. */
static void call_out(void *opaque, unsigned index)
{
    Vcpu *vcpu = vcpus_get(((Machine *)opaque)->vcpus, index);
    if (steal_counting(&vcpu->steal))
        vcpu_kick(vcpu);
}

void machine_areas_new(Machine *m)
{
    m->areas = areas_new(&(AreasConfig){
        .memory = m->memory,
        .clock = m->clock,
        .n_vcpus = m->config->n_vcpus,
        .wall_is_machine_time = m->rtc_machine_time,
        .wall_start_s = m->rtc_start_s,
        .call_out = m->time.is_virtual ? NULL : call_out,
        .opaque = m,
    });
}

EvStatus machine_area_register(void *machine, unsigned vcpu, AreaId id, uint64_t gpa, uint64_t size)
{
    Machine *m = machine;
    return areas_register(m->areas, vcpu, id, gpa, size, &vcpus_get(m->vcpus, vcpu)->steal);
}

EvStatus machine_area_unregister(void *machine, unsigned vcpu, AreaId id)
{
    return areas_unregister(((Machine *)machine)->areas, vcpu, id);
}

void machine_report_touch(Machine *m, Vcpu *vcpu)
{
    AreaTouch touch;
    const AccelVm *vm = vcpus_vm(m->vcpus);
    g_autofree E500State *now = g_new(E500State, 1);
    g_autoptr(GError) error = NULL;

    device_lock();
    bool registered = areas_touch(m->areas, vcpu->index, &touch);
    device_unlock();
    if (!registered)
        return;
    if (touch.touches == 0) {
        message_guest("vCPU %u: the watchdog expired; the guest never said that it is alive", vcpu->index);
        return;
    }
    if (touch.torn || !vcpu_read_own_state(vcpu, now, &error) || now->tb < touch.time_base) {
        message_guest("vCPU %u: the watchdog expired; the guest's touch %" PRIu64 " says time base 0x%" PRIx64 "%s", vcpu->index,
                      touch.touches, touch.time_base, touch.torn ? " and is not finished" : "");
        return;
    }
    uint64_t ms = mul_div_u64(now->tb - touch.time_base, 1000, vm->ops->vm_tb_hz(vm));
    message_guest("vCPU %u: the watchdog expired; the guest's last touch, number %" PRIu64 ", was %" PRIu64 ".%03u s ago",
                  vcpu->index, touch.touches, ms / 1000, (unsigned)(ms % 1000));
}
