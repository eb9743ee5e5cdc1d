/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/guts.h"

#include <inttypes.h>

#include "cpu/log.h"

enum {
    PORPLLSR = 0x00,
    PORBMSR = 0x04,
    PORIMPSCR = 0x08,
    PORDEVSR = 0x0c,
    PORDBGMSR = 0x10,
    PORDEVSR2 = 0x14,
    GPPORCR = 0x20,
    GPIOCR = 0x30,
    GPOUTDR = 0x40,
    GPINDR = 0x50,
    PMUXCR = 0x60,
    DEVDISR = 0x70,
    POWMGTCSR = 0x80,
    MCPSUMR = 0x90,
    RSTRSCR = 0x94,
    PVR = 0xa0,
    SVR = 0xa4,
    RSTCR = 0xb0,
};

enum { SYSCLK_HZ = 66666666 };
enum { RSTCR_HRESET_REQ = 2 };
enum {
    PORBMSR_HOST = 7 << 16, /* host on every bus */
    PORPLLSR_CORE = 16,     /* twice the bus clocks in a core clock */
    PORPLLSR_PLATFORM = 1,  /* SYSCLKs in a bus clock */
    PORPLLSR_PCI_SYNC = 0x8000,
    PORDEVSR_PCI1_ARB = 0x20000, /* no SerDes protocol, and PCI of 32 bits with its own arbiter */
    PORDEVSR_PCI1_PCI32 = 0x10000,
};
/* Blocks of the chip that are not here: PCI2, PCIE 1–3, LBC, SEC, SRIO, RMSG, DMA, TSEC 1–4. */
#define DEVDISR_ABSENT 0x6f0c04f0u

typedef struct Guts {
    Device dev;
    uint32_t pvr, svr, porpllsr;
    IrqLine hreset_req;

    uint32_t gpiocr, gpoutdr, pmuxcr, devdisr, powmgtcsr;
} Guts;

static const DeviceField guts_fields[] = {
    DEVICE_FIELD(Guts, gpiocr, 0),    DEVICE_FIELD(Guts, gpoutdr, 0),
    DEVICE_FIELD(Guts, pmuxcr, 0),    DEVICE_FIELD(Guts, devdisr, DEVDISR_ABSENT),
    DEVICE_FIELD(Guts, powmgtcsr, 0),
};
static const StateField guts_derived[] = {
    STATE_DERIVED(Guts, dev),      STATE_DERIVED(Guts, pvr),        STATE_DERIVED(Guts, svr),
    STATE_DERIVED(Guts, porpllsr), STATE_DERIVED(Guts, hreset_req),
};
STATE_STRUCT(Guts, guts);

/* Registers that only keep what was written: there are no pins to configure, and no block can be switched off. */
static uint32_t *kept_register(Guts *g, uint64_t offset)
{
    switch (offset) {
    case GPIOCR:
        return &g->gpiocr;
    case GPOUTDR:
        return &g->gpoutdr;
    case PMUXCR:
        return &g->pmuxcr;
    case DEVDISR:
        return &g->devdisr;
    case POWMGTCSR:
        return &g->powmgtcsr;
    }
    return NULL;
}

/* The value of a register that the guest cannot change.  False: it is none of these. */
static bool fixed_register(const Guts *g, uint64_t offset, uint32_t *value)
{
    switch (offset) {
    case PORPLLSR:
        *value = g->porpllsr;
        return true;
    case PORBMSR:
        *value = PORBMSR_HOST;
        return true;
    case PORDEVSR:
        *value = PORDEVSR_PCI1_ARB | PORDEVSR_PCI1_PCI32;
        return true;
    case PVR:
        *value = g->pvr;
        return true;
    case SVR:
        *value = g->svr;
        return true;
    case PORIMPSCR:
    case PORDBGMSR:
    case PORDEVSR2:
    case GPPORCR:
    case GPINDR:
        *value = 0;
        return true;
    }
    return false;
}

static bool guts_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    Guts *g = (Guts *)dev;
    const uint32_t *kept = kept_register(g, offset);
    uint32_t fixed = 0;
    if (size != 4)
        return false;
    /* MCPSUMR and RSTRSCR read 0: there is neither a machine check nor the cause of an earlier reset to report. */
    if (!kept && !fixed_register(g, offset, &fixed) && offset != MCPSUMR && offset != RSTRSCR && offset != RSTCR)
        LOG(LOG_GUEST_ERRORS, "%s: read of reserved register 0x%03" PRIx64, dev->id, offset);
    *value = kept ? *kept : fixed;
    return true;
}

static bool guts_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    Guts *g = (Guts *)dev;
    uint32_t *kept = kept_register(g, offset), fixed;
    if (size != 4)
        return false;
    if (kept) {
        *kept = (uint32_t)value | (offset == DEVDISR ? DEVDISR_ABSENT : 0);
    } else if (offset == RSTCR) {
        if (value & RSTCR_HRESET_REQ) {
            irq_set(&g->hreset_req, true);
            irq_set(&g->hreset_req, false);
        }
    } else if (offset != MCPSUMR && offset != RSTRSCR) { /* those two are cleared by writing ones, and are clear already */
        bool read_only = fixed_register(g, offset, &fixed);
        LOG(LOG_GUEST_ERRORS, "%s: write of 0x%08" PRIx64 " to %s register 0x%03" PRIx64, dev->id, value,
            read_only ? "read-only" : "reserved", offset);
    }
    return true;
}

static void guts_describe(Device *dev, Dts *dts)
{
    dts_begin(dts, "global-utilities@%x", (unsigned)device_address(dev, 0));
    dts_string(dts, "compatible", "fsl,mpc8544-guts");
    device_describe_reg(dev, dts);
    dts_empty(dts, "fsl,has-rstcr");
    dts_end(dts);
}

static const DeviceOps guts_ops = {
    .name = "guts",
    .state = &guts_state,
    .read = guts_read,
    .write = guts_write,
    .describe = guts_describe,
};

Device *guts_new(const char *id, uint32_t pvr, uint32_t svr, uint32_t clock_hz, IrqLine hreset_req)
{
    Guts *g = g_new0(Guts, 1);
    device_init(&g->dev, &guts_ops, id);
    g->pvr = pvr;
    g->svr = svr;
    g->porpllsr = 2 << PORPLLSR_CORE | PORPLLSR_PCI_SYNC | clock_hz / SYSCLK_HZ << PORPLLSR_PLATFORM;
    g->hreset_req = hreset_req;
    device_reset(&g->dev);
    return &g->dev;
}
