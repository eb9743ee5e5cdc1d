/* SPDX-License-Identifier: MIT
 *
 * The board's interrupt controller, an MPIC or the hypervisor's: its wires to the cores, its inputs, and the hypercalls about it.
 */
#include "platform/devices/hv/pic.h"
#include "platform/devices/soc/mpic.h"
#include "platform/machine/machine.h"

static void wire_mpic_out(void *opaque, unsigned pin, bool level)
{
    static const AccelIrq inputs[MPIC_OUTPUTS] = {
        [MPIC_OUT_INT] = ACCEL_IRQ_EXTERNAL,
        [MPIC_OUT_CINT] = ACCEL_IRQ_CRITICAL,
        [MPIC_OUT_MCP] = ACCEL_IRQ_MCHECK,
    };
    Machine *m = opaque;
    vcpu_set_irq(vcpus_get(m->vcpus, pin / MPIC_OUTPUTS), inputs[pin % MPIC_OUTPUTS], level);
}

/* The end of the reset (a low level) is ignored: the core waits at the spin table from its beginning on. */
static void wire_core_reset(void *opaque, unsigned cpu, bool level)
{
    if (level)
        machine_reset_core(opaque, cpu);
}

static void wire_hv_pic_out(void *opaque, unsigned pin, bool level)
{
    vcpu_set_irq(vcpus_get(((Machine *)opaque)->vcpus, pin), ACCEL_IRQ_EXTERNAL, level);
}

/* The MPIC is the accelerator's own: it is told the level. */
static void wire_source(void *opaque, unsigned pin, bool level)
{
    Machine *m = opaque;
    GError *error = NULL;
    if (!vcpus_set_source(m->vcpus, pin, level, &error))
        machine_host_error(m, error);
}

static Device *own_mpic(Machine *m)
{
    unsigned n = m->config->n_vcpus;
    IrqLine out[MPIC_CPUS_MAX][MPIC_OUTPUTS];
    for (unsigned i = 0; i < n * MPIC_OUTPUTS; i++)
        out[i / MPIC_OUTPUTS][i % MPIC_OUTPUTS] = (IrqLine){wire_mpic_out, m, i};
    Device *mpic = mpic_new("mpic", (MpicModel)m->board->mpic, n, out, m->clock);
    for (unsigned cpu = 0; cpu < n; cpu++)
        mpic_wire_core_reset(mpic, cpu, &(IrqLine){wire_core_reset, m, cpu});
    return mpic;
}

static bool add_mpic(Machine *m, GError **error)
{
    const IrqLine sources = {wire_source, m, 0};
    m->mpic = m->config->kernel_irqchip ? mpic_remote_new("mpic", &sources) : own_mpic(m);
    m->proxy = (Proxy){mpic_iack, m->mpic};
    return machine_add_device(m, DEVICE_BUS_SOC, m->mpic, SOC_MPIC, MPIC_SIZE, error);
}

static bool add_hv_pic(Machine *m, GError **error)
{
    const Config *config = m->config;
    IrqLine out[HV_PIC_CPUS_MAX];
    for (unsigned i = 0; i < config->n_vcpus; i++)
        out[i] = (IrqLine){wire_hv_pic_out, m, i};
    HvPicConfig pic = {
        .handle = machine_next_handle(m),
        .n_cpus = config->n_vcpus,
        .external_proxy = !config->no_external_proxy,
        .direct_eoi = config->direct_eoi ? m->board->direct_eoi : 0,
    };
    m->hv_pic = hv_pic_new("vmpic", &pic, out);
    m->proxy = (Proxy){hv_pic_proxy, m->hv_pic};
    device_bus_add(m->buses[DEVICE_BUS_SYSTEM], m->hv_pic);
    return !pic.direct_eoi || bus_map(m->bus, pic.direct_eoi, HV_PIC_PAGE_SIZE, m->hv_pic, 0, error);
}

bool machine_add_pic(Machine *m, GError **error)
{
    return board_has_soc(m->board) ? add_mpic(m, error) : add_hv_pic(m, error);
}

/* An edge-triggered input that the accelerator reads from an eventfd: each rise of the wire is one write, from any thread. */
static void wire_pulse(void *opaque, unsigned pin, bool level)
{
    if (level)
        event_signal(opaque);
}

static bool edge_to_event(Machine *m, unsigned source, IrqInput *in, GError **error)
{
    in->event = machine_new_event(m, error);
    if (!in->event)
        return false;
    in->line = (IrqLine){wire_pulse, in->event, 0};
    const AccelEventfd pulse = {.fd = event_fd(in->event), .kind = ACCEL_EVENTFD_SOURCE, .source = source};
    return vcpus_eventfd(m->vcpus, &pulse, error);
}

static bool no_input_left(const Machine *m, bool level, GError **error)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "board %s: no %s-triggered interrupt is left for one more device",
                m->board->name, level ? "level" : "edge");
    return false;
}

static bool mpic_next_input(Machine *m, bool level, IrqInput *in, GError **error)
{
    const BoardInputs *inputs = level ? &m->board->level_inputs : &m->board->edge_inputs;
    if (inputs->first + m->n_inputs[level] == SOC_IRQ_ESDHC)
        m->n_inputs[level]++;
    if (m->n_inputs[level] >= inputs->n)
        return no_input_left(m, level, error);
    unsigned source = inputs->first + m->n_inputs[level]++;
    *in = mpic_input(m->mpic, source, level ? MPIC_LEVEL_HIGH : MPIC_EDGE_RISING);
    return level || !(vcpus_caps(m->vcpus) & ACCEL_CAP_IRQFD) || edge_to_event(m, source, in, error);
}

bool machine_next_input(Machine *m, bool level, IrqInput *in, GError **error)
{
    if (!m->hv_pic)
        return mpic_next_input(m, level, in, error);
    return hv_pic_input(m->hv_pic, level, in) || no_input_left(m, level, error);
}

/* ---- hypercalls ---- */

static EvStatus status_of(HvPicResult result)
{
    static const EvStatus status[] = {
        [HV_PIC_OK] = EV_SUCCESS,
        [HV_PIC_INVALID] = EV_EINVAL,
        [HV_PIC_STATE] = EV_INVALID_STATE,
    };
    return status[result];
}

static Device *hv_pic(void *machine)
{
    return ((Machine *)machine)->hv_pic;
}

EvStatus machine_int_set_config(void *machine, uint32_t interrupt, uint32_t config, uint32_t priority, uint32_t cpu)
{
    return status_of(hv_pic_set_config(hv_pic(machine), interrupt, config, priority, cpu));
}

EvStatus machine_int_get_config(void *machine, uint32_t interrupt, uint32_t *config, uint32_t *priority, uint32_t *cpu)
{
    return status_of(hv_pic_get_config(hv_pic(machine), interrupt, config, priority, cpu));
}

EvStatus machine_int_set_mask(void *machine, uint32_t interrupt, uint32_t mask)
{
    return status_of(hv_pic_set_mask(hv_pic(machine), interrupt, mask));
}

EvStatus machine_int_get_mask(void *machine, uint32_t interrupt, uint32_t *mask)
{
    return status_of(hv_pic_get_mask(hv_pic(machine), interrupt, mask));
}

EvStatus machine_int_iack(void *machine, unsigned vcpu, uint32_t handle, uint32_t *interrupt)
{
    return status_of(hv_pic_iack(hv_pic(machine), vcpu, handle, interrupt));
}

EvStatus machine_int_eoi(void *machine, unsigned vcpu, uint32_t interrupt)
{
    return status_of(hv_pic_eoi(hv_pic(machine), vcpu, interrupt));
}

EvStatus machine_int_send_ipi(void *machine, uint32_t ipi, uint32_t cpus)
{
    return status_of(hv_pic_send_ipi(hv_pic(machine), ipi, cpus));
}

EvStatus machine_int_set_task_priority(void *machine, unsigned vcpu, uint32_t handle, uint32_t priority)
{
    return status_of(hv_pic_set_task_priority(hv_pic(machine), vcpu, handle, priority));
}

EvStatus machine_int_get_task_priority(void *machine, unsigned vcpu, uint32_t handle, uint32_t *priority)
{
    return status_of(hv_pic_get_task_priority(hv_pic(machine), vcpu, handle, priority));
}

EvStatus machine_msgsnd(void *machine, uint32_t message)
{
    AccelVm *vm = vcpus_vm(((Machine *)machine)->vcpus);
    vm->ops->vm_msgsnd(vm, message);
    return EV_SUCCESS;
}
