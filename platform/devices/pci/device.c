/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "cpu/log.h"
#include "platform/devices/pci/bus.h"

static bool masters(const PciDevice *pci)
{
    return pci->bus && pci_config_read(&pci->config, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

/* An address at which nobody answers. */
static void abort_cycle(PciDevice *pci, const char *what, uint64_t address)
{
    LOG(LOG_GUEST_ERRORS, "%s: %s at PCI address 0x%" PRIx64 ": %s", pci->dev.id, what, address,
        masters(pci) ? "nobody answers" : "it must not master the bus");
    if (masters(pci))
        pci_config_put(&pci->config, PCI_STATUS, 2, pci_config_read(&pci->config, PCI_STATUS, 2) | PCI_STATUS_MASTER_ABORT);
}

static bool translate(void *opaque, uint64_t address, uint64_t *length, uint64_t *gpa)
{
    PciDevice *pci = opaque;
    const PciBridge *bridge = pci->bus ? &pci->bus->bridge : NULL;
    if (masters(pci) && bridge->inbound(bridge->opaque, address, length, gpa))
        return true;
    abort_cycle(pci, "access", address);
    return false;
}

void pci_device_init(PciDevice *pci, const DeviceOps *ops, const PciDeviceOps *pci_ops, const char *id, const PciIdentity *identity)
{
    device_init(&pci->dev, ops, id);
    pci->ops = pci_ops;
    pci->dma = (Dma){NULL, translate, pci};
    pci_config_init(&pci->config, identity);
}

/* Tells the wire what it is to be: the device's wish, unless COMMAND forbids it. */
static void update_intx(PciDevice *pci)
{
    PciConfig *c = &pci->config;
    uint32_t status = pci_config_read(c, PCI_STATUS, 2) & ~(uint32_t)PCI_STATUS_INTX;
    unsigned pin = c->initial[PCI_INTERRUPT_PIN];
    bool level = pci->intx && pin && !(pci_config_read(c, PCI_COMMAND, 2) & PCI_COMMAND_INTX_OFF);
    pci_config_put(c, PCI_STATUS, 2, status | (pci->intx && pin ? PCI_STATUS_INTX : 0));
    if (level == pci->asserted || !pci->bus)
        return;
    pci->asserted = level;
    pci_bus_wire(pci->bus, pci->devfn, pin, level);
}

void pci_set_intx(PciDevice *pci, bool level)
{
    if (pci->intx == level)
        return;
    pci->intx = level;
    update_intx(pci);
}

void pci_device_config_written(PciDevice *pci, unsigned at, unsigned size)
{
    if (at < PCI_STATUS + 2 && at + size > PCI_COMMAND)
        update_intx(pci);
    if (at < PCI_BAR0 + 4 * PCI_BARS && at + size > PCI_COMMAND)
        pci_bus_remap(pci->bus);
    if (pci->ops->config_written)
        pci->ops->config_written(pci, at, size);
}

void pci_device_reset(PciDevice *pci)
{
    pci_config_reset(&pci->config);
    update_intx(pci);
    if (pci->bus)
        pci_bus_remap(pci->bus);
}

void pci_device_post_load(PciDevice *pci)
{
    pci_config_post_load(&pci->config);
    update_intx(pci);
    if (pci->bus)
        pci_bus_remap(pci->bus);
}

void pci_device_unplug(PciDevice *pci)
{
    PciBus *bus = pci->bus;
    if (!bus)
        return;
    pci_set_intx(pci, false);
    bus->function[pci->devfn] = NULL;
    pci_bus_remap(bus);
}

void pci_send_message(PciDevice *pci, uint64_t address, uint32_t data)
{
    const PciBridge *bridge = pci->bus ? &pci->bus->bridge : NULL;
    const uint32_t bytes = GUINT32_TO_LE(data);
    if (!masters(pci) || bridge->message(bridge->opaque, address, data))
        return;
    dma_write(&pci->dma, address, &bytes, sizeof(bytes));
}
