/* SPDX-License-Identifier: MIT
 *
 * Registers, interrupts and the management of a PHY.
 */
#include "platform/devices/platform/etsec_priv.h"

#include <string.h>

#include "cpu/log.h"

static const DeviceField etsec_fields[] = {
    DEVICE_ARRAY(Etsec, reg, 0),
    DEVICE_ARRAY(Etsec, phy, 0),
};
static const StateField etsec_derived[] = {
    STATE_DERIVED(Etsec, dev),       STATE_DERIVED(Etsec, irq_tx), STATE_DERIVED(Etsec, irq_rx),
    STATE_DERIVED(Etsec, irq_error), STATE_DERIVED(Etsec, dma),    STATE_DERIVED(Etsec, net),
    STATE_DERIVED(Etsec, mac),       STATE_DERIVED(Etsec, again),  STATE_DERIVED(Etsec, frame),
};
STATE_STRUCT(Etsec, etsec);

/* --- interrupts: those of transmission, of reception, and all others (§14.5.3.1.3) */

static void update_wires(const Etsec *e)
{
    uint32_t pending = REG(e, IEVENT) & REG(e, IMASK);
    irq_set(&e->irq_tx.line, pending & (IEVENT_TXB | IEVENT_TXF));
    irq_set(&e->irq_rx.line, pending & (IEVENT_RXB | IEVENT_RXF));
    irq_set(&e->irq_error.line, pending & ~(uint32_t)(IEVENT_TXB | IEVENT_TXF | IEVENT_RXB | IEVENT_RXF));
}

void etsec_event(Etsec *e, uint32_t events)
{
    REG(e, IEVENT) |= events;
    update_wires(e);
}

/* --- the PHY: one that has a link of 1000 Mbit/s as long as the cable is plugged in (IEEE 802.3 §22.2.4) */

enum { BMCR = 0, BMSR = 1, PHY_ID1 = 2, PHY_ID2 = 3, ANAR = 4, ANLPAR = 5, GBCR = 9, GBSR = 10, ESTATUS = 15 };
enum { BMCR_RESET = 0x8000, BMCR_RESTART = 0x0200, BMCR_DEFAULT = 0x1140, BMSR_LINK = 0x0004, BMSR_DONE = 0x0020 };

static void phy_reset(Etsec *e)
{
    memset(e->phy, 0, sizeof(e->phy));
    e->phy[BMCR] = BMCR_DEFAULT;
    e->phy[BMSR] = 0x7949;
    e->phy[PHY_ID1] = 0x0141;
    e->phy[PHY_ID2] = 0x0cc2;
    e->phy[ANAR] = 0x01e1;
    e->phy[ANLPAR] = 0x45e1;
    e->phy[GBCR] = 0x0300;
    e->phy[GBSR] = 0x3c00;
    e->phy[ESTATUS] = 0x3000;
}

/* At address 1; the TBI, which has the same registers here, at TBIPA. */
static bool is_phy(const Etsec *e)
{
    unsigned address = REG(e, MIIMADD) >> 8 & 0x1f;
    return address == 1 || address == (REG(e, TBIPA) & 0x1f);
}

static void phy_read(Etsec *e)
{
    unsigned index = REG(e, MIIMADD) & 0x1f;
    uint16_t value = is_phy(e) ? e->phy[index] : 0xffff;
    if (is_phy(e) && index == BMSR && net_link_is_up(e->net))
        value |= BMSR_LINK | BMSR_DONE;
    REG(e, MIIMSTAT) = value;
    etsec_event(e, IEVENT_MMRD);
}

static void phy_write(Etsec *e, uint16_t value)
{
    unsigned index = REG(e, MIIMADD) & 0x1f;
    etsec_event(e, IEVENT_MMWR);
    if (!is_phy(e) || index == BMSR || index == PHY_ID1 || index == PHY_ID2 || index == ANLPAR || index == GBSR || index == ESTATUS)
        return;
    if (index == BMCR && (value & BMCR_RESET))
        phy_reset(e);
    else
        e->phy[index] = index == BMCR ? value & (uint16_t)~BMCR_RESTART : value;
}

/* --- registers */

static bool etsec_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    enum { SYNCED = 2 };
    const Etsec *e = (Etsec *)dev;
    if (size != 4)
        return false;
    *value = e->reg[offset / 4];
    if (offset == MACCFG1) /* the enables that the clock domain has seen are beside those that were written */
        *value |= (*value & (MACCFG1_RX_EN | MACCFG1_TX_EN)) << 1;
    return true;
}

/* A graceful stop is complete at once: nothing is under way between two accesses. */
static void dmactrl_write(Etsec *e, uint32_t value)
{
    REG(e, DMACTRL) = value;
    if (value & (DMACTRL_GRS | DMACTRL_GTS))
        etsec_event(e, (value & DMACTRL_GRS ? IEVENT_GRSC : 0) | (value & DMACTRL_GTS ? IEVENT_GTSC : 0));
    if (!(value & DMACTRL_GRS))
        net_flush(e->net);
}

/* What a write to these does beside changing them.  All other registers are as they were written. */
static bool special_write(Etsec *e, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case TSEC_ID:
    case TSEC_ID2:
    case MIIMSTAT:
    case MIIMIND:
    case RBPTR0: /* by the controller alone: a ring begins at its base */
    case TBPTR0:
        return true;
    case IEVENT:
        REG(e, IEVENT) &= ~value;
        update_wires(e);
        return true;
    case IMASK:
        REG(e, IMASK) = value;
        update_wires(e);
        return true;
    case ECNTRL:
        if (value & ECNTRL_CLRCNT)
            memset(&REG(e, RMON_BEGIN), 0, RMON_END - RMON_BEGIN);
        REG(e, ECNTRL) = value & ~(uint32_t)ECNTRL_CLRCNT;
        return true;
    case DMACTRL:
        dmactrl_write(e, value);
        return true;
    case TSTAT:
        REG(e, TSTAT) &= ~value;
        return true;
    case RSTAT:
        REG(e, RSTAT) &= ~value;
        net_flush(e->net);
        return true;
    case TBASE0:
        REG(e, TBASE0) = REG(e, TBPTR0) = value & ~(uint32_t)(BD_SIZE - 1);
        return true;
    case RBASE0:
        REG(e, RBASE0) = REG(e, RBPTR0) = value & ~(uint32_t)(BD_SIZE - 1);
        return true;
    case MIIMCOM:
        if ((value & MIIMCOM_READ) && !(REG(e, MIIMCOM) & MIIMCOM_READ))
            phy_read(e);
        REG(e, MIIMCOM) = value;
        return true;
    case MIIMCON:
        phy_write(e, (uint16_t)value);
        return true;
    default:
        return false;
    }
}

static bool etsec_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    Etsec *e = (Etsec *)dev;
    if (size != 4)
        return false;
    if (!special_write(e, offset, (uint32_t)value))
        e->reg[offset / 4] = (uint32_t)value;
    if (offset == TSTAT || offset == DMACTRL || offset == MACCFG1 || offset == TQUEUE)
        etsec_transmit(e);
    if (offset == MACCFG1 || offset == RQUEUE || offset == MRBLR)
        net_flush(e->net);
    return true;
}

static void etsec_reset(Device *dev)
{
    Etsec *e = (Etsec *)dev;
    clock_timer_cancel(e->again);
    REG(e, TSEC_ID) = 0x01240000;
    REG(e, TSEC_ID2) = 0x003000f0;
    REG(e, TQUEUE) = TQUEUE_EN0;
    REG(e, RQUEUE) = 0x00800080;
    REG(e, MACCFG2) = 0x7000;
    REG(e, IPGIFG) = 0x40605060;
    REG(e, HAFDUP) = 0x00a1f037;
    REG(e, MAXFRM) = 0x600;
    REG(e, MIIMCFG) = 7;
    REG(e, MACSTNADDR1) = (uint32_t)(e->mac[5] << 24 | e->mac[4] << 16 | e->mac[3] << 8 | e->mac[2]);
    REG(e, MACSTNADDR2) = (uint32_t)(e->mac[1] << 24 | e->mac[0] << 16);
    phy_reset(e);
    update_wires(e);
}

static void etsec_post_load(Device *dev)
{
    Etsec *e = (Etsec *)dev;
    REG(e, TBPTR0) &= ~(uint32_t)(BD_SIZE - 1);
    REG(e, RBPTR0) &= ~(uint32_t)(BD_SIZE - 1);
    REG(e, TBASE0) &= ~(uint32_t)(BD_SIZE - 1);
    REG(e, RBASE0) &= ~(uint32_t)(BD_SIZE - 1);
    update_wires(e);
    net_flush(e->net);
}

/* As gianfar and U-Boot's tsec want it; the old form of fixed-link (id, full duplex, Mbit/s, pause, asymmetric pause) is what both know. */
static void etsec_describe(Device *dev, Dts *dts)
{
    const Etsec *e = (Etsec *)dev;
    dts_begin(dts, "ethernet@%x", (unsigned)device_address(dev, 0));
    dts_string(dts, "device_type", "network");
    dts_string(dts, "compatible", "fsl,etsec2");
    dts_string(dts, "model", "eTSEC");
    device_describe_reg(dev, dts);
    dts_bytes(dts, "local-mac-address", e->mac, NET_MAC_SIZE);
    DTS_CELLS(dts, "fixed-link", 0, 1, 1000, 0, 0);
    DTS_CELLS(dts, "#address-cells", 1);
    DTS_CELLS(dts, "#size-cells", 1);
    dts_empty(dts, "ranges");
    dts_begin(dts, "queue-group@%x", (unsigned)device_address(dev, 0));
    device_describe_reg(dev, dts);
    IRQ_DESCRIBE(dts, &e->irq_tx, &e->irq_rx, &e->irq_error);
    dts_end(dts);
    dts_end(dts);
}

static void etsec_free(Device *dev)
{
    Etsec *e = (Etsec *)dev;
    if (e->net)
        net_detach(e->net);
    clock_timer_free(e->again);
    g_free(e->frame);
    g_free(e);
}

static void go_on(void *etsec)
{
    etsec_transmit(etsec);
}

static const NetPort port = {.receive = etsec_receive, .sendable = go_on};

static const DeviceOps etsec_ops = {
    .name = "etsec",
    .state = &etsec_state,
    .read = etsec_read,
    .write = etsec_write,
    .reset = etsec_reset,
    .describe = etsec_describe,
    .post_load = etsec_post_load,
    .free = etsec_free,
};

Device *etsec_new(const char *id, const EtsecConfig *config)
{
    Etsec *e = g_new0(Etsec, 1);
    e->irq_tx = config->tx;
    e->irq_rx = config->rx;
    e->irq_error = config->error;
    e->dma = (Dma){.memory = config->memory};
    e->net = config->net;
    memcpy(e->mac, config->mac, NET_MAC_SIZE);
    e->frame = g_malloc(ETSEC_FRAME);
    e->again = clock_timer_new(config->clock, go_on, e);
    device_init(&e->dev, &etsec_ops, id);
    if (e->net)
        net_attach(e->net, &port, e);
    return &e->dev;
}
