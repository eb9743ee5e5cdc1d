/* SPDX-License-Identifier: MIT */
#include "platform/devices/guts.h"

#include <inttypes.h>

#include "cpu/log.h"

enum {
    DEVDISR = 0x70,
    POWMGTCSR = 0x80,
    MCPSUMR = 0x90,
    RSTRSCR = 0x94,
    PVR = 0xa0,
    SVR = 0xa4,
    RSTCR = 0xb0,
};

enum { RSTCR_HRESET_REQ = 2 };

typedef struct Guts {
    Device dev;
    uint32_t offset, pvr, svr;
    IrqLine hreset_req;

    uint32_t devdisr, powmgtcsr;
} Guts;

static const DeviceField guts_fields[] = {
    DEVICE_FIELD(Guts, devdisr, 0),
    DEVICE_FIELD(Guts, powmgtcsr, 0),
};

static bool guts_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    const Guts *g = (Guts *)dev;
    if (size != 4)
        return false;
    switch (offset) {
    case DEVDISR:
        *value = g->devdisr;
        break;
    case POWMGTCSR:
        *value = g->powmgtcsr;
        break;
    case PVR:
        *value = g->pvr;
        break;
    case SVR:
        *value = g->svr;
        break;
    case MCPSUMR: /* no machine check, and no reset of an earlier life, to report */
    case RSTRSCR:
    case RSTCR:
        *value = 0;
        break;
    default:
        *value = 0;
        LOG(LOG_GUEST_ERRORS, "%s: read of reserved register 0x%03" PRIx64, dev->id, offset);
    }
    return true;
}

static bool guts_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    Guts *g = (Guts *)dev;
    if (size != 4)
        return false;
    switch (offset) {
    case DEVDISR: /* blocks cannot be switched off; the bits are kept for who reads them */
        g->devdisr = (uint32_t)value;
        break;
    case POWMGTCSR:
        g->powmgtcsr = (uint32_t)value;
        break;
    case MCPSUMR: /* write one to clear */
    case RSTRSCR:
        break;
    case RSTCR:
        if (value & RSTCR_HRESET_REQ) {
            irq_set(&g->hreset_req, true);
            irq_set(&g->hreset_req, false);
        }
        break;
    default:
        LOG(LOG_GUEST_ERRORS, "%s: write of 0x%08" PRIx64 " to %s register 0x%03" PRIx64, dev->id,
            value, offset == PVR || offset == SVR ? "read-only" : "reserved", offset);
    }
    return true;
}

static void guts_describe(Device *dev, Dts *dts)
{
    const Guts *g = (Guts *)dev;
    dts_begin(dts, "global-utilities@%x", g->offset);
    dts_string(dts, "compatible", "fsl,mpc8544-guts");
    DTS_CELLS(dts, "reg", g->offset, GUTS_SIZE);
    dts_empty(dts, "fsl,has-rstcr");
    dts_end(dts);
}

static const DeviceOps guts_ops = {
    .name = "guts",
    .fields = guts_fields,
    .n_fields = G_N_ELEMENTS(guts_fields),
    .read = guts_read,
    .write = guts_write,
    .describe = guts_describe,
};

Device *guts_new(const char *id, uint32_t offset, uint32_t pvr, uint32_t svr, IrqLine hreset_req)
{
    Guts *g = g_new0(Guts, 1);
    device_init(&g->dev, &guts_ops, id);
    g->offset = offset;
    g->pvr = pvr;
    g->svr = svr;
    g->hreset_req = hreset_req;
    device_reset(&g->dev);
    return &g->dev;
}
