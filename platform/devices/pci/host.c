/* SPDX-License-Identifier: MIT
 *
 * CONFIG_DATA is the only little-endian register here, as PCI's byte order is.  The address translation windows can be written and
 * read back and have no effect, since no device is behind the bridge; the memory and I/O windows are where the tree says.
 */
#include "platform/devices/pci/host.h"

#include <inttypes.h>
#include <string.h>

#include "cpu/log.h"

enum {
    CONFIG_ADDR = 0x000,
    CONFIG_DATA = 0x004, /* four bytes, in pieces of 1, 2 or 4 */
    INT_ACK = 0x008,
    BLOCK_REV1 = 0xbf8, /* 0: a PCI block, not PCI Express */
    BLOCK_REV2 = 0xbfc,
    ATMU = 0xc00, /* outbound windows 0–4, 0x20 each */
    ATMU_OUTBOUND_END = 0xca0,
    ATMU_INBOUND = 0xda0, /* inbound windows 3–1 */
    ATMU_END = 0xe00,
    ERR_DR = 0xe00,
    ERR_CAP_DR = 0xe04,
    ERR_EN = 0xe08,
    ERR_ATTRIB = 0xe0c,
    ERR_ADDR = 0xe10,
};

#define CONFIG_ADDR_EN   0x80000000u
#define CONFIG_ADDR_KEPT 0x80fffffcu
#define ERR_MASTER_ABORT 0x00000040u
#define ERR_MULTIPLE     0x80000000u
#define ERR_ATTRIB_VALID 0x00000001u

enum { PCI_COMMAND = 0x04, PCI_STATUS = 0x06, PCI_COMMAND_MASK = 0x0507, PCI_STATUS_MASTER_ABORT = 0x2000 };

typedef struct PciHost {
    Device dev;
    PciHostConfig config;

    uint32_t config_addr;
    uint32_t atmu[(ATMU_END - ATMU) / 4];
    uint32_t err_dr, err_cap_dr, err_en, err_attrib, err_addr;
    uint8_t space[256]; /* the bridge's own configuration space */
} PciHost;

static const DeviceField pci_host_fields[] = {
    DEVICE_FIELD(PciHost, config_addr, 0), DEVICE_ARRAY(PciHost, atmu, 0),   DEVICE_FIELD(PciHost, err_dr, 0),
    DEVICE_FIELD(PciHost, err_cap_dr, 0),  DEVICE_FIELD(PciHost, err_en, 0), DEVICE_FIELD(PciHost, err_attrib, 0),
    DEVICE_FIELD(PciHost, err_addr, 0),    DEVICE_ARRAY(PciHost, space, 0),
};
static const StateField pci_host_derived[] = {
    STATE_DERIVED(PciHost, dev),
    STATE_DERIVED(PciHost, config),
};
STATE_STRUCT(PciHost, pci_host);

/* Power-on value and writable bits of each byte: {offset, value, writable, cleared by writing 1}. */
static const struct {
    uint8_t at, value, writable, clearable;
} space_bytes[] = {
    {0x00, 0x57, 0, 0}, {0x01, 0x19, 0, 0}, /* vendor */
    {0x02, 0x30, 0, 0},                     /* device */
    {0x04, 0, 0x07, 0}, {0x05, 0, 0x05, 0}, /* command */
    {0x07, 0, 0, 0xf9},                     /* status */
    {0x0a, 0x20, 0, 0}, {0x0b, 0x0b, 0, 0}, /* class: PowerPC processor */
    {0x0c, 0, 0xff, 0}, {0x0d, 0, 0xff, 0}, /* cache line, latency timer */
    {0x12, 0, 0xf0, 0}, {0x13, 0, 0xff, 0}, /* BAR0: 1 MiB of CCSR */
    {0x2c, 0x57, 0, 0}, {0x2d, 0x19, 0, 0}, /* subsystem vendor */
    {0x3c, 0, 0xff, 0},                     /* interrupt line */
};

static void error_update(const PciHost *h)
{
    irq_set(&h->config.error.line, h->err_dr & h->err_en);
}

static void master_abort(PciHost *h, uint32_t bus_address)
{
    h->space[PCI_STATUS + 1] |= PCI_STATUS_MASTER_ABORT >> 8;
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

/* --- configuration cycles */

/* Configuration space of the function that CONFIG_ADDR names; NULL: there is no such function. */
static uint8_t *config_space(PciHost *h)
{
    if (!(h->config_addr & CONFIG_ADDR_EN))
        return NULL;
    return (h->config_addr & 0x00ffff00) == 0 ? h->space : NULL; /* bus 0, device 0, function 0 */
}

static uint64_t config_read(PciHost *h, unsigned at, unsigned size)
{
    const uint8_t *space = config_space(h);
    uint64_t value = 0;
    if (!space) {
        if (h->config_addr & CONFIG_ADDR_EN)
            master_abort(h, h->config_addr);
        return UINT64_MAX >> (64 - 8 * size);
    }
    for (unsigned i = 0; i < size; i++) /* PCI's first byte is the guest's first byte */
        value = value << 8 | space[at + i];
    return value;
}

static void config_write(PciHost *h, unsigned at, unsigned size, uint64_t value)
{
    uint8_t *space = config_space(h);
    if (!space) {
        if (h->config_addr & CONFIG_ADDR_EN)
            master_abort(h, h->config_addr);
        return;
    }
    for (unsigned n = 0; n < G_N_ELEMENTS(space_bytes); n++) {
        unsigned b = space_bytes[n].at;
        if (b < at || b >= at + size)
            continue;
        uint8_t byte = (uint8_t)(value >> 8 * (size - 1 - (b - at)));
        uint8_t keep = (uint8_t)~space_bytes[n].writable;
        space[b] = (uint8_t)((space[b] & keep & ~(byte & space_bytes[n].clearable)) | (byte & ~keep));
    }
}

/* --- registers */

/* The window register at an offset, or NULL where there is none. */
static uint32_t *atmu_at(PciHost *h, uint64_t offset)
{
    unsigned field = offset % 0x20;
    bool outbound = offset >= ATMU && offset < ATMU_OUTBOUND_END;
    bool inbound = offset >= ATMU_INBOUND && offset < ATMU_END;
    bool there = field == 0x00 || field == 0x08 || field == 0x10 || (outbound && field == 0x04) || (inbound && field == 0x0c);
    return (outbound || inbound) && there ? &h->atmu[(offset - ATMU) / 4] : NULL;
}

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
        return atmu_at(h, offset);
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

static uint32_t window_address(const PciHost *h, unsigned region, uint64_t offset)
{
    return (uint32_t)(offset + (region == PCI_HOST_MEMORY ? h->config.memory_bus : 0));
}

static bool pci_host_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    PciHost *h = (PciHost *)dev;
    if (region == PCI_HOST_REGISTERS)
        return registers_read(h, offset, size, value);
    LOG(LOG_GUEST_ERRORS, "%s: read at PCI address 0x%08x: nobody answers", dev->id, window_address(h, region, offset));
    master_abort(h, window_address(h, region, offset));
    *value = UINT64_MAX >> (64 - 8 * size);
    return true;
}

static bool pci_host_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    PciHost *h = (PciHost *)dev;
    if (region == PCI_HOST_REGISTERS)
        return registers_write(h, offset, size, value);
    LOG(LOG_GUEST_ERRORS, "%s: write at PCI address 0x%08x: nobody answers", dev->id, window_address(h, region, offset));
    master_abort(h, window_address(h, region, offset));
    return true;
}

static void pci_host_reset(Device *dev)
{
    PciHost *h = (PciHost *)dev;
    for (unsigned n = 0; n < G_N_ELEMENTS(space_bytes); n++)
        h->space[space_bytes[n].at] = space_bytes[n].value;
    error_update(h);
}

static void pci_host_post_load(Device *dev)
{
    ((PciHost *)dev)->config_addr &= CONFIG_ADDR_KEPT;
    error_update((PciHost *)dev);
}

/* --- the node */

enum { SLOTS = 32, PINS = 4, MAP_CELLS = 7 };
enum { RANGE_IO = 0x01000000, RANGE_MEMORY = 0x02000000 };

/* INTx lines turn by one from slot to slot.  Device 0 is the bridge itself. */
static void describe_interrupt_map(const PciHost *h, Dts *dts)
{
    const PciHostConfig *c = &h->config;
    uint32_t map[SLOTS * PINS * MAP_CELLS], *cell = map, mpic = dts_ref(dts, c->intx[0].parent);
    for (unsigned slot = c->first_slot; slot < c->first_slot + c->n_slots; slot++) {
        for (unsigned pin = 0; pin < PINS; pin++) {
            *cell++ = slot << 11;
            *cell++ = 0;
            *cell++ = 0;
            *cell++ = pin + 1;
            *cell++ = mpic;
            *cell++ = c->intx[(slot + pin) % PINS].cells[0];
            *cell++ = c->intx[(slot + pin) % PINS].cells[1];
        }
    }
    DTS_CELLS(dts, "interrupt-map-mask", (SLOTS - 1) << 11, 0, 0, 7);
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
};

Device *pci_host_new(const char *id, const PciHostConfig *config)
{
    g_assert(config->first_slot >= 1 && config->first_slot + config->n_slots <= SLOTS);
    PciHost *h = g_new0(PciHost, 1);
    device_init(&h->dev, &pci_host_ops, id);
    h->config = *config;
    device_reset(&h->dev);
    return &h->dev;
}
