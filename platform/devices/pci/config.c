/* SPDX-License-Identifier: MIT */
#include "platform/devices/pci/config.h"

#include <glib.h>
#include <string.h>

#define COMMAND_WRITABLE 0x0547u /* I/O, memory, master, parity, SERR#, INTx off */
#define STATUS_CLEARABLE 0xf900u

enum { BAR_IS_IO = 1, BAR_IS_64 = 4, BAR_ADDRESS_IO = ~3, BAR_ADDRESS_MEMORY = ~15, CAPABILITY_ALIGN = 4 };

static void store(uint8_t *bytes, unsigned at, unsigned size, uint32_t value)
{
    g_assert(size >= 1 && size <= 4 && at + size <= PCI_CONFIG_SIZE);
    for (unsigned i = 0; i < size; i++)
        bytes[at + i] = (uint8_t)(value >> 8 * i);
}

void pci_config_set(PciConfig *c, unsigned at, unsigned size, uint32_t value)
{
    store(c->initial, at, size, value);
    store(c->bytes, at, size, value);
}

void pci_config_allow(PciConfig *c, unsigned at, unsigned size, uint32_t writable)
{
    store(c->writable, at, size, writable);
}

void pci_config_init(PciConfig *c, const PciIdentity *id)
{
    *c = (PciConfig){.end = PCI_HEADER_SIZE};
    pci_config_set(c, PCI_VENDOR, 2, id->vendor);
    pci_config_set(c, PCI_DEVICE_ID, 2, id->device);
    pci_config_set(c, PCI_REVISION, 1, id->revision);
    pci_config_set(c, PCI_CLASS, 3, id->class_code);
    pci_config_set(c, PCI_SUBSYSTEM_VENDOR, 2, id->subsystem_vendor);
    pci_config_set(c, PCI_SUBSYSTEM, 2, id->subsystem);
    pci_config_set(c, PCI_INTERRUPT_PIN, 1, id->pin);
    pci_config_allow(c, PCI_COMMAND, 2, COMMAND_WRITABLE);
    pci_config_allow(c, PCI_CACHE_LINE, 1, 0xff);
    pci_config_allow(c, PCI_LATENCY, 1, 0xff);
    pci_config_allow(c, PCI_INTERRUPT_LINE, 1, 0xff);
    store(c->clearable, PCI_STATUS, 2, STATUS_CLEARABLE);
}

void pci_config_add_bar(PciConfig *c, unsigned bar, PciBarKind kind, uint64_t size)
{
    unsigned at = PCI_BAR0 + 4 * bar;
    bool io = kind == PCI_BAR_IO, wide = kind == PCI_BAR_MEMORY64;
    g_assert(bar + wide < PCI_BARS && c->bar[bar].kind == PCI_BAR_NONE && (size & (size - 1)) == 0);
    g_assert(io ? size >= 4 && size <= 256 : size >= 16 && (wide || size <= 0x80000000u));
    c->bar[bar] = (PciBar){kind, size};
    pci_config_set(c, at, 4, io ? BAR_IS_IO : wide ? BAR_IS_64 : 0);
    pci_config_allow(c, at, 4, (uint32_t) ~(size - 1));
    if (wide)
        pci_config_allow(c, at + 4, 4, (uint32_t)(~(size - 1) >> 32));
}

unsigned pci_config_add_capability(PciConfig *c, uint8_t id, unsigned size)
{
    unsigned at = (unsigned)c->end;
    g_assert(size >= 2 && at + size <= PCI_CONFIG_SIZE);
    c->end = (at + size + CAPABILITY_ALIGN - 1) & ~(CAPABILITY_ALIGN - 1u);
    pci_config_set(c, at, 1, id);
    pci_config_set(c, at + 1, 1, c->initial[PCI_CAPABILITIES]);
    pci_config_set(c, PCI_CAPABILITIES, 1, at);
    pci_config_set(c, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
    return at;
}

void pci_config_reset(PciConfig *c)
{
    memcpy(c->bytes, c->initial, sizeof(c->bytes));
}

void pci_config_post_load(PciConfig *c)
{
    for (unsigned i = 0; i < PCI_CONFIG_SIZE; i++) {
        uint8_t changes = c->writable[i] | c->clearable[i];
        c->bytes[i] = (uint8_t)((c->initial[i] & ~changes) | (c->bytes[i] & changes));
    }
}

uint32_t pci_config_read(const PciConfig *c, unsigned at, unsigned size)
{
    uint32_t value = 0;
    g_assert(size >= 1 && size <= 4 && at + size <= PCI_CONFIG_SIZE);
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | c->bytes[at + i];
    return value;
}

void pci_config_write(PciConfig *c, unsigned at, unsigned size, uint32_t value)
{
    g_assert(size >= 1 && size <= 4 && at + size <= PCI_CONFIG_SIZE);
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * i), keep = (uint8_t)~c->writable[at + i], *b = &c->bytes[at + i];
        *b = (uint8_t)((*b & keep & ~(byte & c->clearable[at + i])) | (byte & ~keep));
    }
}

void pci_config_put(PciConfig *c, unsigned at, unsigned size, uint32_t value)
{
    store(c->bytes, at, size, value);
}

bool pci_config_bar(const PciConfig *c, unsigned bar, PciSpace *space, uint64_t *first)
{
    PciBarKind kind = c->bar[bar].kind;
    unsigned at = PCI_BAR0 + 4 * bar;
    if (kind == PCI_BAR_NONE)
        return false;
    *space = kind == PCI_BAR_IO ? PCI_SPACE_IO : PCI_SPACE_MEMORY;
    *first = pci_config_read(c, at, 4) & (kind == PCI_BAR_IO ? (uint32_t)BAR_ADDRESS_IO : (uint32_t)BAR_ADDRESS_MEMORY);
    if (kind == PCI_BAR_MEMORY64)
        *first |= (uint64_t)pci_config_read(c, at + 4, 4) << 32;
    return *first && pci_config_read(c, PCI_COMMAND, 2) & (kind == PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
}
