/* SPDX-License-Identifier: MIT
 *
 * For tests of PCI devices: a host bridge with RAM behind it, and a processor that speaks to it.
 */
#pragma once

#include "platform/devices/pci/host.h"
#include "tests/unit/device_helper.h"

#define PCI_TEST_REGISTERS UINT64_C(0xfe0008000)
#define PCI_TEST_MEMORY    UINT64_C(0xc00000000)
#define PCI_TEST_IO        UINT64_C(0xfe1000000)
enum { PCI_TEST_RAM = 4 << 20, PCI_TEST_CONFIG_ADDR = 0, PCI_TEST_CONFIG_DATA = 4 };

typedef struct PciTest {
    Device *host;
    Memory *memory;
    Wire wire[5]; /* INTA to INTD, error */
    unsigned messages;
    uint64_t message_offset;
    uint32_t message_value;
} PciTest;

static inline bool pci_test_message(void *opaque, uint64_t offset, uint32_t value)
{
    PciTest *t = opaque;
    t->messages++;
    t->message_offset = offset;
    t->message_value = value;
    return true;
}

static inline void pci_test_open(PciTest *t)
{
    *t = (PciTest){.memory = memory_new(PCI_TEST_RAM, NULL)};
    PciHostConfig config = {
        .memory_bus = 0xe0000000,
        .error = wire_input(t->wire, 4, 24),
        .first_slot = 1,
        .n_slots = 31,
        .memory = t->memory,
        .message = pci_test_message,
        .opaque = t,
    };
    for (unsigned pin = 0; pin < PCI_PINS; pin++)
        config.intx[pin] = wire_input(t->wire, pin, 1 + pin);
    t->host = pci_host_new("pci", &config);
    device_place(t->host, PCI_HOST_REGISTERS, PCI_TEST_REGISTERS, PCI_HOST_SIZE);
    device_place(t->host, PCI_HOST_MEMORY, PCI_TEST_MEMORY, PCI_HOST_MEMORY_SIZE);
    device_place(t->host, PCI_HOST_IO, PCI_TEST_IO, PCI_HOST_IO_SIZE);
    device_reset(t->host);
}

static inline void pci_test_close(PciTest *t)
{
    device_free(t->host);
    memory_free(t->memory);
}

static inline uint64_t pci_swap(uint64_t value, unsigned size)
{
    uint64_t swapped = 0;
    for (unsigned i = 0; i < size; i++)
        swapped = swapped << 8 | (value >> 8 * i & 0xff);
    return swapped;
}

/* Configuration cycles, in the numbers that PCI means. */
static inline uint32_t pci_test_get(Device *host, unsigned devfn, unsigned reg, unsigned size)
{
    reg_write(host, PCI_TEST_CONFIG_ADDR, 4, 0x80000000u | devfn << 8 | (reg & ~3u));
    return (uint32_t)pci_swap(reg_read(host, PCI_TEST_CONFIG_DATA + (reg & 3), size), size);
}

static inline void pci_test_put(Device *host, unsigned devfn, unsigned reg, unsigned size, uint32_t value)
{
    reg_write(host, PCI_TEST_CONFIG_ADDR, 4, 0x80000000u | devfn << 8 | (reg & ~3u));
    reg_write(host, PCI_TEST_CONFIG_DATA + (reg & 3), size, pci_swap(value, size));
}

/* A processor's access to a window of the host bridge, in the numbers that PCI means; offset in the window. */
static inline uint64_t pci_test_in(Device *host, unsigned region, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    g_assert_true(host->ops->read(host, region, offset, size, &value));
    return pci_swap(value, size);
}

static inline void pci_test_out(Device *host, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    g_assert_true(host->ops->write(host, region, offset, size, pci_swap(value, size)));
}
