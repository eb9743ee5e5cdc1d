/* SPDX-License-Identifier: MIT
 *
 * Devices that a guest reaches by hypercalls: what stands below /hypervisor/handles.
 */
#include "platform/devices/mpic.h"
#include "platform/machine.h"

enum { MPIC_SENSE_EDGE = 0, MPIC_SENSE_LEVEL = 2 };

bool machine_next_input(Machine *m, bool level, IrqInput *in, GError **error)
{
    const BoardInputs *inputs = level ? &m->board->level_inputs : &m->board->edge_inputs;
    if (m->n_inputs[level] == inputs->n) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_OPTION,
                    "board %s: more than its %u %s-triggered interrupts for devices are asked for",
                    m->board->name, inputs->n, level ? "level" : "edge");
        return false;
    }
    unsigned source = inputs->first + m->n_inputs[level]++;
    *in = (IrqInput){mpic_input(m->mpic, source),
                     "mpic",
                     {source, level ? MPIC_SENSE_LEVEL : MPIC_SENSE_EDGE}};
    return true;
}

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
