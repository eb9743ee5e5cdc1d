/* SPDX-License-Identifier: MIT
 *
 * The configuration space of one function: bytes, and which bits of them a guest may change.  PCI Local Bus Specification 3.0 §6.
 * Numbers are as PCI has them: little-endian.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    PCI_VENDOR = 0x00,
    PCI_DEVICE_ID = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION = 0x08,
    PCI_CLASS = 0x09, /* programming interface, subclass, class */
    PCI_CACHE_LINE = 0x0c,
    PCI_LATENCY = 0x0d,
    PCI_HEADER_TYPE = 0x0e,
    PCI_BAR0 = 0x10,
    PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_SUBSYSTEM = 0x2e,
    PCI_CAPABILITIES = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
    PCI_HEADER_SIZE = 0x40,
    PCI_CONFIG_SIZE = 0x100,
    PCI_BARS = 6,
};

/* COMMAND and STATUS */
enum {
    PCI_COMMAND_IO = 0x0001,
    PCI_COMMAND_MEMORY = 0x0002,
    PCI_COMMAND_MASTER = 0x0004,
    PCI_COMMAND_INTX_OFF = 0x0400,
    PCI_STATUS_INTX = 0x0008,
    PCI_STATUS_CAPABILITIES = 0x0010,
    PCI_STATUS_MASTER_ABORT = 0x2000,
    PCI_HEADER_MULTIFUNCTION = 0x80,
};

/* What a base address register asks for. */
typedef enum PciBarKind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEMORY, PCI_BAR_MEMORY64 } PciBarKind;
typedef enum PciSpace { PCI_SPACE_MEMORY, PCI_SPACE_IO } PciSpace;

typedef struct PciIdentity {
    uint16_t vendor, device;
    uint32_t class_code; /* class << 16 | subclass << 8 | programming interface */
    uint16_t subsystem_vendor, subsystem;
    uint8_t revision;
    uint8_t pin; /* 1: INTA# … 4: INTD#; 0: none */
} PciIdentity;

typedef struct PciBar {
    PciBarKind kind;
    uint64_t size; /* bytes, a power of two */
} PciBar;

typedef struct PciConfig {
    PciBar bar[PCI_BARS];
    uint64_t end;                   /* of the capabilities that there are.  64 bits, so that no padding is anywhere here */
    uint8_t bytes[PCI_CONFIG_SIZE]; /* guest-visible: the only state here.  The rest is made when the function is */
    uint8_t initial[PCI_CONFIG_SIZE], writable[PCI_CONFIG_SIZE], clearable[PCI_CONFIG_SIZE] /* by writing one */;
} PciConfig;

void pci_config_init(PciConfig *config, const PciIdentity *identity); /* what every function has; capabilities and BARs are added */
/* size: a power of two, of memory at least 16 bytes, of I/O 4 to 256.  A 64-bit one takes the next register, too. */
void pci_config_add_bar(PciConfig *config, unsigned bar, PciBarKind kind, uint64_t size);
/* Offset of a new capability of so many bytes, of which the first two are its head; nothing in it can be written until it is said so. */
unsigned pci_config_add_capability(PciConfig *config, uint8_t id, unsigned size);
/* Sets what is there after a reset, or what can be written. */
void pci_config_set(PciConfig *config, unsigned at, unsigned size, uint32_t value);
void pci_config_allow(PciConfig *config, unsigned at, unsigned size, uint32_t writable);

void pci_config_reset(PciConfig *config);
void pci_config_post_load(PciConfig *config); /* bits that cannot be written get their values again, whatever was loaded */
/* at + size ≤ PCI_CONFIG_SIZE, size 1 to 4 */
uint32_t pci_config_read(const PciConfig *config, unsigned at, unsigned size);
void pci_config_write(PciConfig *config, unsigned at, unsigned size, uint32_t value); /* by the guest */
void pci_config_put(PciConfig *config, unsigned at, unsigned size, uint32_t value);   /* by the device: any bit */

/* Where a BAR answers.  false: there is none, it has no address (0) yet, or COMMAND does not let its space answer. */
bool pci_config_bar(const PciConfig *config, unsigned bar, PciSpace *space, uint64_t *first);
