/* SPDX-License-Identifier: MIT
 *
 * Registers, windows and configuration cycles.  The bus is little-endian and so is CONFIG_DATA, alone of the registers here: bytes keep
 * their places, so numbers are swapped on their way to a device.
 */
#include "platform/devices/pci/host.h"

#include <inttypes.h>

#include "cpu/log.h"
#include "platform/base/device_bus.h"
#include "platform/devices/pci/atmu.h"

enum {
    CONFIG_ADDR = 0x000,
    CONFIG_DATA = 0x004, /* four bytes, in pieces of 1, 2 or 4 */
    INT_ACK = 0x008,
    BLOCK_REV1 = 0xbf8, /* 0: a PCI block, not PCI Express */
    BLOCK_REV2 = 0xbfc,
    ATMU = 0xc00, /* windows: atmu.h */
    ATMU_END = ATMU + 4 * ATMU_REGISTERS,
    ERR_DR = 0xe00,
    ERR_CAP_DR = 0xe04,
    ERR_EN = 0xe08,
    ERR_ATTRIB = 0xe0c,
    ERR_ADDR = 0xe10,
};

enum { CCSR_SIZE = 1 << 20, COMMAND_WRITABLE = 0x0507 };
#define CONFIG_ADDR_EN   0x80000000u
#define CONFIG_ADDR_KEPT 0x80fffffcu
#define CONFIG_ADDR_BUS  0x00ff0000u
#define ERR_MASTER_ABORT 0x00000040u
#define ERR_MULTIPLE     0x80000000u
#define ERR_ATTRIB_VALID 0x00000001u

typedef struct PciHost {
    Device dev;
    PciHostConfig config;
    PciBus bus;

    uint32_t config_addr;
    Atmu atmu;
    uint32_t err_dr, err_cap_dr, err_en, err_attrib, err_addr;
    PciConfig space; /* the bridge's own */
} PciHost;

static const DeviceField pci_host_fields[] = {
    DEVICE_FIELD(PciHost, config_addr, 0), DEVICE_ARRAY(PciHost, atmu.reg, 0),    DEVICE_FIELD(PciHost, err_dr, 0),
    DEVICE_FIELD(PciHost, err_cap_dr, 0),  DEVICE_FIELD(PciHost, err_en, 0),      DEVICE_FIELD(PciHost, err_attrib, 0),
    DEVICE_FIELD(PciHost, err_addr, 0),    DEVICE_ARRAY(PciHost, space.bytes, 0),
};
static const StateField pci_host_derived[] = {
    STATE_DERIVED(PciHost, dev),           STATE_DERIVED(PciHost, config),         STATE_DERIVED(PciHost, bus),
    STATE_DERIVED(PciHost, space.initial), STATE_DERIVED(PciHost, space.writable), STATE_DERIVED(PciHost, space.clearable),
    STATE_DERIVED(PciHost, space.bar),     STATE_DERIVED(PciHost, space.end),
};
STATE_STRUCT(PciHost, pci_host);

static void error_update(const PciHost *h)
{
    irq_set(&h->config.error.line, h->err_dr & h->err_en);
}

static void master_abort(PciHost *h, uint32_t bus_address)
{
    pci_config_put(&h->space, PCI_STATUS, 2, pci_config_read(&h->space, PCI_STATUS, 2) | PCI_STATUS_MASTER_ABORT);
    if (h->err_cap_dr & ERR_MASTER_ABORT) /* the guest switched the detection of master aborts off */
        return;
    if (h->err_dr & ERR_MASTER_ABORT) {
        h->err_dr |= ERR_MULTIPLE;
    } else {
        h->err_attrib |= ERR_ATTRIB_VALID;
        h->err_addr = bus_address;
    }
    h->err_dr |= ERR_MASTER_ABORT;
    error_update(h);
}

/* The same bytes as a number of the other order; size 1, 2 or 4. */
static uint32_t swap(uint64_t value, unsigned size)
{
    return GUINT32_SWAP_LE_BE((uint32_t)value) >> (32 - 8 * size);
}

/* --- configuration cycles */

/* The function on bus 0 that CONFIG_ADDR names; of another bus there is none. */
static bool config_names(const PciHost *h, unsigned *devfn)
{
    *devfn = h->config_addr >> 8 & 0xff;
    return h->config_addr & CONFIG_ADDR_EN && (h->config_addr & CONFIG_ADDR_BUS) == 0;
}

static uint64_t config_read(PciHost *h, unsigned at, unsigned size)
{
    unsigned devfn;
    uint32_t value;
    bool named = config_names(h, &devfn);
    if (named && devfn == 0)
        return swap(pci_config_read(&h->space, at, size), size);
    if (named && pci_bus_config_read(&h->bus, devfn, at, size, &value))
        return swap(value, size);
    if (h->config_addr & CONFIG_ADDR_EN)
        master_abort(h, h->config_addr);
    return UINT64_MAX >> (64 - 8 * size);
}

static void config_write(PciHost *h, unsigned at, unsigned size, uint64_t value)
{
    unsigned devfn;
    bool named = config_names(h, &devfn);
    if (named && devfn == 0)
        pci_config_write(&h->space, at, size, swap(value, size));
    else if (!(named && pci_bus_config_write(&h->bus, devfn, at, size, swap(value, size))) && h->config_addr & CONFIG_ADDR_EN)
        master_abort(h, h->config_addr);
}

/* --- registers */

static uint32_t *register_at(PciHost *h, uint64_t offset)
{
    switch (offset) {
    case CONFIG_ADDR:
        return &h->config_addr;
    case ERR_DR:
        return &h->err_dr;
    case ERR_CAP_DR:
        return &h->err_cap_dr;
    case ERR_EN:
        return &h->err_en;
    case ERR_ATTRIB:
        return &h->err_attrib;
    case ERR_ADDR:
        return &h->err_addr;
    default:
        return offset >= ATMU && offset < ATMU_END ? atmu_register(&h->atmu, (unsigned)(offset - ATMU)) : NULL;
    }
}

static bool is_config_data(uint64_t offset, unsigned size)
{
    return offset >= CONFIG_DATA && offset < CONFIG_DATA + 4 && size <= 4;
}

static bool registers_read(PciHost *h, uint64_t offset, unsigned size, uint64_t *value)
{
    if (is_config_data(offset, size)) {
        *value = config_read(h, (h->config_addr & 0xfc) + (offset & 3), size);
        return true;
    }
    if (size != 4)
        return false;
    const uint32_t *reg = register_at(h, offset);
    if (!reg && offset != INT_ACK && offset != BLOCK_REV1 && offset != BLOCK_REV2)
        LOG(LOG_GUEST_ERRORS, "%s: read of reserved register 0x%03" PRIx64, h->dev.id, offset);
    *value = reg ? *reg : 0;
    return true;
}

static bool registers_write(PciHost *h, uint64_t offset, unsigned size, uint64_t value)
{
    uint32_t word = (uint32_t)value;
    if (is_config_data(offset, size)) {
        config_write(h, (h->config_addr & 0xfc) + (offset & 3), size, value);
        return true;
    }
    if (size != 4)
        return false;
    uint32_t *reg = register_at(h, offset);
    if (!reg)
        LOG(LOG_GUEST_ERRORS, "%s: write of 0x%08x to reserved register 0x%03" PRIx64, h->dev.id, word, offset);
    else if (offset == ERR_DR) /* write one to clear */
        *reg &= ~word;
    else
        *reg = offset == CONFIG_ADDR ? word & CONFIG_ADDR_KEPT : word;
    error_update(h);
    return true;
}

/* --- the windows */

enum { DATA_MAX = 4 }; /* bytes of data in one cycle: the bus has 32 lines for them */

/* PCI address of an access to a window.  The one for I/O is always there. */
static uint64_t window_address(const PciHost *h, unsigned region, uint64_t offset, PciSpace *space)
{
    uint64_t address = atmu_outbound(&h->atmu, h->dev.region[region].gpa + offset, space);
    if (region == PCI_HOST_MEMORY || *space == PCI_SPACE_IO)
        return address;
    *space = PCI_SPACE_IO;
    return offset;
}

static uint64_t cycle_read(PciHost *h, PciSpace space, uint64_t address, unsigned size)
{
    uint32_t value;
    if (pci_bus_read(&h->bus, space, address, size, &value))
        return swap(value, size);
    LOG(LOG_GUEST_ERRORS, "%s: read at PCI address 0x%08" PRIx64 ": nobody answers", h->dev.id, address);
    master_abort(h, (uint32_t)address);
    return UINT32_MAX >> (32 - 8 * size);
}

static void cycle_write(PciHost *h, PciSpace space, uint64_t address, unsigned size, uint64_t value)
{
    if (pci_bus_write(&h->bus, space, address, size, swap(value, size)))
        return;
    LOG(LOG_GUEST_ERRORS, "%s: write at PCI address 0x%08" PRIx64 ": nobody answers", h->dev.id, address);
    master_abort(h, (uint32_t)address);
}

static bool pci_host_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    PciHost *h = (PciHost *)dev;
    PciSpace space;
    if (region == PCI_HOST_REGISTERS)
        return registers_read(h, offset, size, value);
    uint64_t address = window_address(h, region, offset, &space);
    *value = cycle_read(h, space, address, MIN(size, DATA_MAX));
    if (size > DATA_MAX)
        *value = *value << 32 | cycle_read(h, space, address + DATA_MAX, size - DATA_MAX);
    return true;
}

static bool pci_host_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    PciHost *h = (PciHost *)dev;
    PciSpace space;
    if (region == PCI_HOST_REGISTERS)
        return registers_write(h, offset, size, value);
    uint64_t address = window_address(h, region, offset, &space);
    if (size > DATA_MAX)
        cycle_write(h, space, address, DATA_MAX, value >> 32);
    cycle_write(h, space, address + (size > DATA_MAX ? DATA_MAX : 0), MIN(size, DATA_MAX), value);
    return true;
}

/* --- what devices reach */

/* BAR0, which shows CCSR to devices, comes before the windows. */
static bool in_ccsr(const PciHost *h, uint64_t address, uint64_t *first)
{
    PciSpace space;
    return pci_config_bar(&h->space, 0, &space, first) && address >= *first && address - *first < h->space.bar[0].size;
}

static bool inbound(void *opaque, uint64_t address, uint64_t *length, uint64_t *gpa)
{
    const PciHost *h = opaque;
    uint64_t ccsr;
    if (in_ccsr(h, address, &ccsr) || !atmu_inbound(&h->atmu, address, length, gpa))
        return false;
    if (in_ccsr(h, address + (*length - 1), &ccsr) || (ccsr > address && ccsr - address < *length))
        *length = MIN(*length, ccsr - address);
    return true;
}

static bool message(void *opaque, uint64_t address, uint32_t data)
{
    const PciHost *h = opaque;
    uint64_t ccsr;
    if (!in_ccsr(h, address, &ccsr))
        return false;
    if (address % 4 || !h->config.message || !h->config.message(h->config.opaque, address - ccsr, swap(data, 4)))
        LOG(LOG_GUEST_ERRORS, "%s: message 0x%08x to CCSR + 0x%05" PRIx64 ": nobody answers", h->dev.id, data, address - ccsr);
    return true;
}

static void pci_host_reset(Device *dev)
{
    PciHost *h = (PciHost *)dev;
    const DeviceRegion *memory = &dev->region[PCI_HOST_MEMORY], *io = &dev->region[PCI_HOST_IO];
    pci_config_reset(&h->space);
    if (memory->size && io->size)
        atmu_reset(&h->atmu, memory->gpa, h->config.memory_bus, memory->size, io->gpa, io->size);
    error_update(h);
}

static void pci_host_post_load(Device *dev)
{
    PciHost *h = (PciHost *)dev;
    h->config_addr &= CONFIG_ADDR_KEPT;
    pci_config_post_load(&h->space);
    error_update(h);
}

static void pci_host_free(Device *dev)
{
    pci_bus_clear(&((PciHost *)dev)->bus);
    g_free(dev);
}

/* --- the node */

enum { MAP_CELLS = 7 };
enum { RANGE_IO = 0x01000000, RANGE_MEMORY = 0x02000000 };

/* INTx lines turn by one from slot to slot.  Device 0 is the bridge itself. */
static void describe_interrupt_map(const PciHost *h, Dts *dts)
{
    const PciHostConfig *c = &h->config;
    uint32_t map[PCI_SLOTS * PCI_PINS * MAP_CELLS], *cell = map, mpic = dts_ref(dts, c->intx[0].parent);
    for (unsigned slot = c->first_slot; slot < c->first_slot + c->n_slots; slot++) {
        for (unsigned pin = 0; pin < PCI_PINS; pin++) {
            *cell++ = slot << 11;
            *cell++ = 0;
            *cell++ = 0;
            *cell++ = pin + 1;
            *cell++ = mpic;
            *cell++ = c->intx[(slot + pin) % PCI_PINS].cells[0];
            *cell++ = c->intx[(slot + pin) % PCI_PINS].cells[1];
        }
    }
    DTS_CELLS(dts, "interrupt-map-mask", (PCI_SLOTS - 1) << 11, 0, 0, 7);
    dts_cells(dts, "interrupt-map", map, (size_t)(cell - map));
}

#define CELLS2(value) (uint32_t)((value) >> 32), (uint32_t)(value)

static void pci_host_describe(Device *dev, Dts *dts)
{
    const PciHost *h = (PciHost *)dev;
    const PciHostConfig *c = &h->config;
    const DeviceRegion *memory = &dev->region[PCI_HOST_MEMORY], *io = &dev->region[PCI_HOST_IO];
    dts_begin(dts, "pci@%" PRIx64, dev->region[PCI_HOST_REGISTERS].gpa);
    dts_string(dts, "device_type", "pci");
    dts_string(dts, "compatible", "fsl,mpc8540-pci");
    DTS_CELLS(dts, "reg", CELLS2(dev->region[PCI_HOST_REGISTERS].gpa), 0, PCI_HOST_SIZE);
    dts_u32(dts, "cell-index", 0);
    dts_u32(dts, "clock-frequency", 66666666);
    DTS_CELLS(dts, "bus-range", 0, 255);
    dts_u32(dts, "#address-cells", 3);
    dts_u32(dts, "#size-cells", 2);
    dts_u32(dts, "#interrupt-cells", 1);
    DTS_CELLS(dts, "ranges", RANGE_MEMORY, 0, c->memory_bus, CELLS2(memory->gpa), CELLS2(memory->size), RANGE_IO, 0, 0,
              CELLS2(io->gpa), CELLS2(io->size));
    IRQ_DESCRIBE(dts, &c->error);
    describe_interrupt_map(h, dts);
    dts_u32(dts, "fsl,msi", dts_ref(dts, "msi"));
    dts_end(dts);
}

static const DeviceOps pci_host_ops = {
    .name = "pci_host",
    .state = &pci_host_state,
    .read = pci_host_read,
    .write = pci_host_write,
    .reset = pci_host_reset,
    .describe = pci_host_describe,
    .post_load = pci_host_post_load,
    .free = pci_host_free,
};

Device *pci_host_new(const char *id, const PciHostConfig *config)
{
    static const PciIdentity identity = {
        .vendor = 0x1957, .device = 0x0030, .class_code = 0x0b2000 /* PowerPC processor */, .subsystem_vendor = 0x1957};
    g_assert(config->first_slot >= 1 && config->first_slot + config->n_slots <= PCI_SLOTS);
    PciHost *h = g_new0(PciHost, 1);
    PciBridge bridge = {.memory = config->memory, .inbound = inbound, .message = message, .opaque = h};
    for (unsigned pin = 0; pin < PCI_PINS; pin++)
        bridge.intx[pin] = config->intx[pin].line;
    device_init(&h->dev, &pci_host_ops, id);
    h->config = *config;
    pci_config_init(&h->space, &identity);
    pci_config_allow(&h->space, PCI_COMMAND, 2, COMMAND_WRITABLE);
    pci_config_add_bar(&h->space, 0, PCI_BAR_MEMORY, CCSR_SIZE);
    pci_bus_init(&h->bus, &bridge);
    h->dev.below = device_bus_new(DEVICE_BUS_PCI, 0);
    device_reset(&h->dev);
    return &h->dev;
}

void pci_host_plug(Device *host, PciDevice *dev, unsigned devfn)
{
    device_bus_add(host->below, &dev->dev);
    pci_bus_plug(pci_host_bus(host), dev, devfn);
    device_reset(&dev->dev);
}

PciBus *pci_host_bus(Device *host)
{
    return &((PciHost *)host)->bus;
}

const PciConfig *pci_host_config(Device *dev)
{
    return &((PciHost *)dev)->space;
}
