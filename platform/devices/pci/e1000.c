/* SPDX-License-Identifier: MIT
 *
 * Registers, interrupts, EEPROM and PHY.
 */
#include "platform/devices/pci/e1000_priv.h"

#include <string.h>

#include "cpu/log.h"

static const DeviceField e1000_fields[] = {
    PCI_DEVICE_FIELDS(E1000, pci),   DEVICE_FIELD(E1000, quiet_until, 0), DEVICE_ARRAY(E1000, reg, 0),
    DEVICE_ARRAY(E1000, context, 0), DEVICE_FIELD(E1000, io_address, 0),  DEVICE_FIELD(E1000, segments, 0),
    DEVICE_FIELD(E1000, ee_bit, 0),  DEVICE_ARRAY(E1000, phy, 0),         DEVICE_FIELD(E1000, ee_in, 0),
    DEVICE_FIELD(E1000, ee_n, 0),    DEVICE_FIELD(E1000, ee_reads, 0),
};
static const StateField e1000_derived[] = {
    PCI_DEVICE_DERIVED(E1000, pci), STATE_DERIVED(E1000, net),    STATE_DERIVED(E1000, mac),
    STATE_DERIVED(E1000, eeprom),   STATE_DERIVED(E1000, clock),  STATE_DERIVED(E1000, again),
    STATE_DERIVED(E1000, throttle), STATE_DERIVED(E1000, packet), STATE_DERIVED(E1000, frame),
};
STATE_STRUCT(E1000, e1000);

enum { BAR_REGISTERS = 0, BAR_IO = 1, REGISTERS_SIZE = 0x20000, IO_SIZE = 0x40, IOADDR = 0, IODATA = 4 };

/* --- interrupts (§3.4) */

/* ITR, in units of 256 ns, is the time from one interrupt's beginning to the next one's. */
static void update_wire(E1000 *e)
{
    bool pending = REG(e, ICR) & REG(e, IMS);
    uint64_t now = clock_now_ns(e->clock), interval = 256 * (uint64_t)(REG(e, ITR) & 0xffff);
    if (pending && !e->pci.intx && now < e->quiet_until) {
        clock_timer_set(e->throttle, e->quiet_until);
        return;
    }
    if (pending && !e->pci.intx)
        e->quiet_until = now + interval;
    pci_set_intx(&e->pci, pending);
}

void e1000_cause(E1000 *e, uint32_t causes)
{
    REG(e, ICR) |= causes;
    update_wire(e);
}

static void unthrottled(void *e1000)
{
    update_wire(e1000);
}

/* Reading it clears it. */
static uint32_t icr_read(E1000 *e)
{
    uint32_t causes = REG(e, ICR);
    if (causes & REG(e, IMS))
        causes |= ICR_INT_ASSERTED;
    REG(e, ICR) = 0;
    update_wire(e);
    return causes;
}

/* --- EEPROM (§5): 64 words behind a Microwire, and behind EERD */

static void eeprom_fill(E1000 *e)
{
    enum { INIT1 = 0x0a, SUBSYSTEM = 0x0b, SUBSYSTEM_VENDOR = 0x0c, DEVICE = 0x0d, VENDOR = 0x0e, INIT2 = 0x0f, SUM = 0xbaba };
    uint16_t sum = 0;
    for (unsigned i = 0; i < 3; i++)
        e->eeprom[i] = (uint16_t)(e->mac[2 * i] | e->mac[2 * i + 1] << 8);
    e->eeprom[INIT1] = 0x4408;
    e->eeprom[SUBSYSTEM] = 0x001e;
    e->eeprom[SUBSYSTEM_VENDOR] = 0x8086;
    e->eeprom[DEVICE] = 0x100e;
    e->eeprom[VENDOR] = 0x8086;
    e->eeprom[INIT2] = 0x3040;
    for (unsigned i = 0; i < E1000_EEPROM_WORDS - 1; i++)
        sum = (uint16_t)(sum + e->eeprom[i]);
    e->eeprom[E1000_EEPROM_WORDS - 1] = (uint16_t)(SUM - sum);
}

/* A command is a start bit, two bits of operation and six of address; only reading is answered.  Data leave it at falling edges. */
static void eecd_write(E1000 *e, uint32_t value)
{
    enum { COMMAND_BITS = 9, READ = 6 };
    uint32_t before = REG(e, EECD);
    REG(e, EECD) = value & (EECD_SK | EECD_CS | EECD_DI | EECD_REQ);
    if (!(value & EECD_CS))
        return;
    if (!(before & EECD_CS)) {
        e->ee_in = e->ee_n = 0;
        e->ee_reads = false;
    }
    if ((value & EECD_SK) == (before & EECD_SK))
        return;
    if (!(value & EECD_SK)) {
        e->ee_bit++;
        return;
    }
    e->ee_in = (uint16_t)(e->ee_in << 1 | (value & EECD_DI ? 1 : 0));
    if (e->ee_n < COMMAND_BITS && ++e->ee_n == COMMAND_BITS) {
        e->ee_reads = e->ee_in >> 6 == READ;
        e->ee_bit = (e->ee_in & 0x3fu) * 16 - 1; /* the falling edge of this clock brings the first bit */
    }
}

static uint32_t eecd_read(const E1000 *e)
{
    uint32_t word = e->eeprom[e->ee_bit / 16 % E1000_EEPROM_WORDS];
    bool out = !e->ee_reads || (word >> (15 - e->ee_bit % 16) & 1);
    return REG(e, EECD) | EECD_PRES | (REG(e, EECD) & EECD_REQ ? EECD_GNT : 0) | (out ? EECD_DO : 0);
}

static void eerd_write(E1000 *e, uint32_t value)
{
    unsigned word = value >> 8 & 0xff;
    REG(e, EERD) = value & 0xff01;
    if (value & EERD_START)
        REG(e, EERD) |= EERD_DONE | (word < E1000_EEPROM_WORDS ? (uint32_t)e->eeprom[word] << 16 : 0);
}

/* --- the PHY (§13.4.8): an 88E1011, with a link of 1000 Mbit/s as long as the cable is plugged in */

enum {
    BMCR = 0,
    BMSR = 1,
    ID1 = 2,
    ID2 = 3,
    ANAR = 4,
    ANLPAR = 5,
    GBCR = 9,
    GBSR = 10,
    SPEC_CTRL = 16,
    SPEC_STATUS = 17,
    EXT_CTRL = 20
};
enum { BMCR_RESET = 0x8000, BMCR_RESTART = 0x0200, BMSR_LINK = 0x24, SPEC_LINK = 0x0400 };

static void phy_reset(E1000 *e)
{
    memset(e->phy, 0, sizeof(e->phy));
    e->phy[BMCR] = 0x1140;
    e->phy[BMSR] = 0x7949;
    e->phy[ID1] = 0x0141;
    e->phy[ID2] = 0x0c20;
    e->phy[ANAR] = 0x0de1;
    e->phy[ANLPAR] = 0x45e1;
    e->phy[GBCR] = 0x0e00;
    e->phy[GBSR] = 0x3c00;
    e->phy[SPEC_CTRL] = 0x0360;
    e->phy[SPEC_STATUS] = 0xa800; /* 1000 Mbit/s, full duplex, resolved */
    e->phy[EXT_CTRL] = 0x0d60;
}

static void mdic_write(E1000 *e, uint32_t value)
{
    unsigned reg = value >> 16 & 0x1f, phy = value >> 21 & 0x1f;
    uint32_t answer = value & ~(uint32_t)MDIC_ERROR;
    bool link = net_link_is_up(e->net);
    if (phy != 1) {
        answer |= MDIC_ERROR;
    } else if (value & MDIC_READ) {
        uint16_t data = e->phy[reg];
        if (link)
            data |= reg == BMSR ? BMSR_LINK : reg == SPEC_STATUS ? SPEC_LINK : 0;
        answer = (answer & 0xffff0000) | data;
    } else if ((value & MDIC_WRITE) && reg == BMCR && (value & BMCR_RESET)) {
        phy_reset(e);
    } else if ((value & MDIC_WRITE) && reg == BMCR) {
        e->phy[BMCR] = (uint16_t)(value & ~(uint32_t)BMCR_RESTART);
        if ((value & BMCR_RESTART) && link)
            e1000_cause(e, ICR_LSC);
    } else if ((value & MDIC_WRITE) && (reg == ANAR || reg == GBCR || reg >= SPEC_CTRL) && reg != SPEC_STATUS) {
        e->phy[reg] = (uint16_t)value;
    }
    REG(e, MDIC) = answer | MDIC_READY;
    if (value & MDIC_INT_EN)
        e1000_cause(e, ICR_MDAC);
}

bool e1000_link(const E1000 *e)
{
    return net_link_is_up(e->net) && (REG(e, CTRL) & CTRL_SLU);
}

static uint32_t status_read(const E1000 *e)
{
    enum { FULL_DUPLEX = 0x01, LINK_UP = 0x02, SPEED_1000 = 0x80, ASDV_1000 = 0x300, MASTER = 0x80000 };
    return FULL_DUPLEX | SPEED_1000 | ASDV_1000 | MASTER | (e1000_link(e) ? LINK_UP : 0);
}

/* --- rings and statistics, for both directions */

uint32_t e1000_ring(const E1000 *e, unsigned length)
{
    return (REG(e, length) & 0xfff80) / E1000_DESCRIPTOR;
}

uint64_t e1000_descriptor(const E1000 *e, unsigned base, uint32_t i)
{
    uint64_t low = REG(e, base) & ~(uint32_t)(E1000_DESCRIPTOR - 1);
    return ((uint64_t)REG(e, base + 4) << 32 | low) + (uint64_t)i * E1000_DESCRIPTOR;
}

bool e1000_store(E1000 *e, uint64_t address, uint32_t value)
{
    uint64_t length = sizeof(value), gpa;
    if (!dma_translate(&e->pci.dma, address, &length, &gpa) || length < sizeof(value) || gpa % sizeof(value))
        return false;
    memory_store32(e->pci.dma.memory, gpa, GUINT32_SWAP_LE_BE(value));
    return true;
}

static void add64(E1000 *e, unsigned low, uint64_t n)
{
    uint64_t sum = ((uint64_t)REG(e, low + 4) << 32 | REG(e, low)) + n;
    REG(e, low) = (uint32_t)sum;
    REG(e, low + 4) = (uint32_t)(sum >> 32);
}

void e1000_count(E1000 *e, bool received, const uint8_t *frame, size_t length)
{
    static const size_t upto[] = {64, 127, 255, 511, 1023, SIZE_MAX};
    enum { FCS = 4 };
    unsigned class = 0;
    length += FCS;
    while (length > upto[class])
        class ++;
    REG(e, (received ? PRC64 : PTC64) + 4 * class)++;
    REG(e, received ? GPRC : GPTC)++;
    REG(e, received ? TPR : TPT)++;
    add64(e, received ? GORCL : GOTCL, length);
    add64(e, received ? TORL : TOTL, length);
    if (frame[0] == 0xff)
        REG(e, received ? BPRC : BPTC)++;
    else if (frame[0] & 1)
        REG(e, received ? MPRC : MPTC)++;
}

/* --- registers */

/* What CTRL[RST] and a reset of the machine have in common. */
static void reset_registers(E1000 *e)
{
    clock_timer_cancel(e->again);
    clock_timer_cancel(e->throttle);
    memset(e->reg, 0, sizeof(e->reg));
    memset(e->context, 0, sizeof(e->context));
    e->segments = 0;
    e->quiet_until = 0;
    e->ee_reads = false;
    REG(e, CTRL) = 0x18140241;
    REG(e, PBA) = 0x00100030;
    REG(e, LEDCTL) = 0x00000602;
    REG(e, VET) = 0x8100;
    REG(e, RA) = (uint32_t)e->mac[3] << 24 | (uint32_t)e->mac[2] << 16 | (uint32_t)e->mac[1] << 8 | e->mac[0];
    REG(e, RA + 4) = RAH_AV | (uint32_t)e->mac[5] << 8 | e->mac[4];
    update_wire(e);
}

static void ctrl_write(E1000 *e, uint32_t value)
{
    if (value & CTRL_RST) {
        reset_registers(e);
        return;
    }
    if (value & CTRL_PHY_RST)
        phy_reset(e);
    bool was_up = e1000_link(e);
    REG(e, CTRL) = value & ~(uint32_t)CTRL_PHY_RST;
    if (e1000_link(e) != was_up)
        e1000_cause(e, ICR_LSC);
}

static uint32_t reg_read(E1000 *e, uint32_t offset)
{
    uint32_t value;
    if (offset >= E1000_END)
        return 0;
    switch (offset) {
    case CTRL_DUP:
        return REG(e, CTRL);
    case STATUS:
        return status_read(e);
    case EECD:
        return eecd_read(e);
    case ICR:
        return icr_read(e);
    case ICS:
    case IMC:
        return 0; /* only to be written */
    default:
        value = REG(e, offset);
        if (offset >= STATISTICS && offset < STATISTICS_END)
            REG(e, offset) = 0;
        return value;
    }
}

static void reg_write(E1000 *e, uint32_t offset, uint32_t value)
{
    if (offset >= E1000_END || (offset >= STATISTICS && offset < STATISTICS_END))
        return;
    switch (offset) {
    case CTRL:
    case CTRL_DUP:
        ctrl_write(e, value);
        return;
    case STATUS:
        return;
    case EECD:
        eecd_write(e, value);
        return;
    case EERD:
        eerd_write(e, value);
        return;
    case MDIC:
        mdic_write(e, value);
        return;
    case ICR:
        REG(e, ICR) &= ~value;
        break;
    case ICS:
        REG(e, ICR) |= value & 0x1ffff;
        break;
    case IMS:
        REG(e, IMS) |= value & 0x1ffff;
        break;
    case IMC:
        REG(e, IMS) &= ~value;
        break;
    case RDH:
    case RDT:
    case TDH:
    case TDT:
        REG(e, offset) = value & 0xffff;
        e->segments = offset == TDH ? 0 : e->segments;
        break;
    default:
        REG(e, offset) = value;
    }
    if (offset == ICR || offset == ICS || offset == IMS || offset == IMC)
        update_wire(e);
    if (offset == TDT || offset == TCTL)
        e1000_transmit(e);
    if (offset == RDT || offset == RCTL)
        net_flush(e->net);
}

static uint32_t e1000_read(PciDevice *pci, unsigned bar, uint64_t offset, unsigned size)
{
    E1000 *e = (E1000 *)pci;
    uint32_t whole;
    if (bar == BAR_REGISTERS)
        whole = reg_read(e, (uint32_t)offset & ~3u);
    else
        whole = (offset & ~3u) == IOADDR ? e->io_address : (offset & ~3u) == IODATA ? reg_read(e, e->io_address) : 0;
    return size == 4 ? whole : whole >> 8 * (offset & 3) & ((1u << 8 * size) - 1);
}

static void e1000_write(PciDevice *pci, unsigned bar, uint64_t offset, unsigned size, uint32_t value)
{
    E1000 *e = (E1000 *)pci;
    if (size != 4)
        return; /* §13.1: registers are written as a whole */
    if (bar == BAR_REGISTERS)
        reg_write(e, (uint32_t)offset, value);
    else if (offset == IOADDR)
        e->io_address = value & (REGISTERS_SIZE - 4);
    else if (offset == IODATA)
        reg_write(e, e->io_address, value);
}

static void e1000_reset(Device *dev)
{
    E1000 *e = (E1000 *)dev;
    phy_reset(e);
    reset_registers(e);
    pci_device_reset(&e->pci);
}

static void e1000_post_load(Device *dev)
{
    static const unsigned indexes[] = {RDH, RDT, TDH, TDT};
    E1000 *e = (E1000 *)dev;
    for (unsigned i = 0; i < G_N_ELEMENTS(indexes); i++)
        REG(e, indexes[i]) &= 0xffff;
    e->io_address &= REGISTERS_SIZE - 4;
    pci_device_post_load(&e->pci);
    net_flush(e->net);
}

static void e1000_free(Device *dev)
{
    E1000 *e = (E1000 *)dev;
    if (e->net)
        net_detach(e->net);
    pci_device_unplug(&e->pci);
    clock_timer_free(e->again);
    clock_timer_free(e->throttle);
    g_free(e->packet);
    g_free(e->frame);
    g_free(e);
}

static void go_on(void *e1000)
{
    e1000_transmit(e1000);
}

static void link_changed(void *e1000, bool up)
{
    e1000_cause(e1000, ICR_LSC);
}

static const NetPort port = {.receive = e1000_receive, .sendable = go_on, .link = link_changed};

static const DeviceOps e1000_ops = {
    .name = "e1000",
    .state = &e1000_state,
    .reset = e1000_reset,
    .describe = device_no_node,
    .post_load = e1000_post_load,
    .free = e1000_free,
};

static const PciDeviceOps e1000_pci_ops = {.read = e1000_read, .write = e1000_write};

PciDevice *e1000_new(const char *id, const E1000Config *config)
{
    static const PciIdentity identity = {.vendor = 0x8086,
                                         .device = 0x100e,
                                         .class_code = 0x020000,
                                         .subsystem_vendor = 0x8086,
                                         .subsystem = 0x001e,
                                         .revision = 3,
                                         .pin = 1};
    E1000 *e = g_new0(E1000, 1);
    e->net = config->net;
    memcpy(e->mac, config->mac, NET_MAC_SIZE);
    eeprom_fill(e);
    e->clock = config->clock;
    e->again = clock_timer_new(config->clock, go_on, e);
    e->throttle = clock_timer_new(config->clock, unthrottled, e);
    e->packet = g_malloc(E1000_PACKET);
    e->frame = g_malloc(E1000_PACKET);
    pci_device_init(&e->pci, &e1000_ops, &e1000_pci_ops, id, &identity);
    pci_config_add_bar(&e->pci.config, BAR_REGISTERS, PCI_BAR_MEMORY, REGISTERS_SIZE);
    pci_config_add_bar(&e->pci.config, BAR_IO, PCI_BAR_IO, IO_SIZE);
    if (e->net)
        net_attach(e->net, &port, e);
    return &e->pci;
}
