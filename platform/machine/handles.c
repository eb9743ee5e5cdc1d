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
    if (!m->handles->len)
        return;
    dts_begin(dts, "handles");
    dts_string(dts, "compatible", "simple-bus");
    dts_u32(dts, "#address-cells", 1);
    dts_u32(dts, "#size-cells", 0);
    for (guint i = 0; i < m->handles->len; i++)
        device_describe(m->handles->pdata[i], dts);
    dts_end(dts);
}
