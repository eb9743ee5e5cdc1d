/* SPDX-License-Identifier: MIT
 *
 * What tells the guest about its own partition on a board that is the hypervisor's: the handle, and doorbells for shutdown, changes of state
 * and an expired watchdog.
 */
#include "platform/machine/machine.h"

#include "platform/devices/hv/doorbell.h"
#include "platform/devices/hv/partition_handle.h"
#include "platform/base/lock.h"

static Device *doorbell(Machine *m, const char *id, const char *compatible, GError **error)
{
    DoorbellConfig config = {.compatible = compatible};
    if (!machine_next_input(m, false, &config.input, error))
        return NULL;
    config.receive = machine_next_handle(m);
    return doorbell_new(id, &config);
}

bool machine_add_partition(Machine *m, GError **error)
{
    if (board_has_soc(m->board) || !(m->hcall.present & HCALL_NEED_PARTITION))
        return true;
    PartitionHandleConfig config = {.handle = machine_next_handle(m), .name = partition_name(m->partition)};
    m->bell.shutdown = doorbell(m, "shutdown", "fsl,hv-shutdown-doorbell", error);
    if (!m->bell.shutdown)
        return false;
    device_bus_add(m->buses[DEVICE_BUS_HANDLES], m->bell.shutdown);
    m->bell.state = doorbell(m, "state-change", "fsl,hv-state-change-doorbell", error);
    if (!m->bell.state)
        return false;
    m->bell.watchdog = doorbell(m, "watchdog-expiration", "fsl,hv-watchdog-expiration-doorbell", error);
    if (!m->bell.watchdog) {
        device_free(m->bell.state);
        return false;
    }
    config.state_change = m->bell.state;
    config.watchdog = m->bell.watchdog;
    device_bus_add(m->buses[DEVICE_BUS_HANDLES], partition_handle_new("partition", &config));
    m->hcall.partition = config.handle;
    return true;
}

static void ring(Device *bell)
{
    if (!bell)
        return;
    device_lock();
    doorbell_ring(bell);
    device_unlock();
}

void machine_ring_shutdown(Machine *m)
{
    ring(m->bell.shutdown);
}

void machine_ring_watchdog(Machine *m)
{
    ring(m->bell.watchdog);
}

/* A guest that stood still and goes on is told by its state doorbell.  One that begins anew is not. */
void machine_partition_told(void *machine, RunEvent event, RunCause cause)
{
    Machine *m = machine;
    switch (event) {
    case RUN_EVENT_STOP:
        m->bell.stood = true;
        break;
    case RUN_EVENT_RESET:
        m->bell.stood = false;
        break;
    case RUN_EVENT_RESUME:
        if (m->bell.stood)
            ring(m->bell.state);
        m->bell.stood = false;
        break;
    case RUN_EVENT_SHUTDOWN:
    case RUN_EVENT_POWERDOWN:
    case RUN_EVENT_WATCHDOG:
    case RUN_EVENT_PANIC:
    case RUN_EVENTS:
        break;
    }
}
