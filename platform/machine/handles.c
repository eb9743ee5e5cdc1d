/* SPDX-License-Identifier: MIT
 *
 * Devices that a guest reaches by hypercalls: what stands below /hypervisor/handles.
 */
#include "platform/machine/machine.h"

uint32_t machine_next_handle(Machine *m)
{
    return ++m->n_handles;
}

void machine_handles_describe(void *machine, Dts *dts)
{
    const Machine *m = machine;
    const DeviceBus *bus = m->buses[DEVICE_BUS_HANDLES];
    if (!device_bus_get(bus, 0))
        return;
    dts_begin(dts, "handles");
    dts_string(dts, "compatible", "simple-bus");
    dts_u32(dts, "#address-cells", 1);
    dts_u32(dts, "#size-cells", 0);
    device_bus_describe(bus, dts);
    dts_end(dts);
}
