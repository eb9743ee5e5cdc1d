/* SPDX-License-Identifier: MIT
 *
 * The host bridge of a board and the places on its bus.
 */
#include "platform/devices/pci/host.h"
#include "platform/devices/pci/query.h"
#include "platform/devices/soc/mpic.h"
#include "platform/machine/machine.h"

bool machine_takes_messages(const Machine *m)
{
    return !m->config->kernel_irqchip || (vcpus_caps(m->vcpus) & ACCEL_CAP_MESSAGE);
}

/* The controller is the accelerator's own: it is told what would be stored to its MSIIR. */
static bool message_to_accel(Machine *m, uint64_t offset, uint32_t value)
{
    GError *error = NULL;
    if (offset != SOC_MPIC + MPIC_MSIIR || !machine_takes_messages(m))
        return false;
    if (!vcpus_message(m->vcpus, value, &error))
        machine_host_error(m, error);
    return true;
}

/*
 * Of all that CCSR has, messages reach the interrupt controller alone: so no device gets into another one's registers.  An MPIC of version 2.0
 * takes their bytes in the other order (its erratum PIC1), and drivers that know the version send them so.
 */
static bool message(void *opaque, uint64_t offset, uint32_t value)
{
    Machine *m = opaque;
    if (m->board->mpic == MPIC_20)
        value = GUINT32_SWAP_LE_BE(value);
    if (m->config->kernel_irqchip)
        return message_to_accel(m, offset, value);
    return offset >= SOC_MPIC && offset - SOC_MPIC < MPIC_SIZE && bus_write(m->bus, m->board->ccsr + offset, 4, value);
}

bool machine_add_pci(Machine *m, GError **error)
{
    const Board *board = m->board;
    PciHostConfig pci = {
        .memory_bus = board->pci_memory_bus,
        .error = mpic_input(m->mpic, SOC_IRQ_PCI_ERROR, MPIC_LEVEL_HIGH),
        .first_slot = board->pci_slot,
        .n_slots = board->pci_slots,
        .memory = m->memory,
        .message = message,
        .opaque = m,
    };
    for (unsigned pin = 0; pin < G_N_ELEMENTS(pci.intx); pin++)
        pci.intx[pin] = mpic_input(m->mpic, SOC_IRQ_PCI_INTA + pin, MPIC_LEVEL_LOW);
    m->pci = pci_host_new("pci", &pci);
    return machine_add_device(m, DEVICE_BUS_SYSTEM, m->pci, board->ccsr + SOC_PCI, PCI_HOST_SIZE, error) &&
           bus_map(m->bus, board->pci_memory, PCI_HOST_MEMORY_SIZE, m->pci, PCI_HOST_MEMORY, error) &&
           bus_map(m->bus, board->pci_io, PCI_HOST_IO_SIZE, m->pci, PCI_HOST_IO, error);
}

static bool bad_place(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool bad_place(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_propagate_error(error, g_error_new_valist(G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args));
    va_end(args);
    return false;
}

static bool find_place(Machine *m, const DeviceOption *option, unsigned *devfn, GError **error)
{
    if (!m->pci)
        return bad_place(error, "board %s has no PCI bus", m->board->name);
    const PciBus *bus = pci_host_bus(m->pci);
    int slot = option->devfn >= 0 ? option->devfn >> 3 : pci_bus_free_slot(bus, m->board->pci_slot);
    if (slot < 0)
        return bad_place(error, "no slot of the PCI bus is free");
    *devfn = (unsigned)(option->devfn >= 0 ? option->devfn : slot << 3);
    if (slot == 0)
        return bad_place(error, "addr: slot 0 of the PCI bus is the host bridge's");
    return !bus->function[*devfn] ||
           bad_place(error, "addr: slot %x, function %u is already %s's", *devfn >> 3, *devfn & 7, bus->function[*devfn]->dev.id);
}

char *machine_pci_place(Machine *m, const DeviceOption *option, unsigned *devfn, GError **error)
{
    const char *name = device_types[option->type].name;
    return find_place(m, option, devfn, error) ? g_strdup_printf("%s@%02x.%u", name, *devfn >> 3, *devfn & 7) : NULL;
}

GVariant *machine_query_pci(void *machine)
{
    const Machine *m = machine;
    return m->pci ? pci_host_query(m->pci) : g_variant_new("aa{sv}", NULL);
}
