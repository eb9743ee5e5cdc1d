/* SPDX-License-Identifier: MIT
 *
 * Transfers take no time: I2CSR[MIF] is set by the access to I2CDR that starts one.  A reset of the
 * machine also resets the clock chip: it shows the host's time again, as after power-on.
 */
#include "platform/devices/soc/i2c_rtc.h"

#include <inttypes.h>

#include "cpu/log.h"
#include "platform/devices/soc/rtc_ds1338.h"

enum { I2CADR = 0x00, I2CFDR = 0x04, I2CCR = 0x08, I2CSR = 0x0c, I2CDR = 0x10, I2CDFSRR = 0x14 };
enum { CR_MEN = 0x80, CR_MIEN = 0x40, CR_MSTA = 0x20, CR_MTX = 0x10, CR_TXAK = 8, CR_RSTA = 4, CR_BCST = 1 };
enum { CR_KEPT = CR_MEN | CR_MIEN | CR_MSTA | CR_MTX | CR_TXAK | CR_BCST };
enum { SR_MCF = 0x80, SR_MBB = 0x20, SR_MAL = 0x10, SR_MIF = 2, SR_RXAK = 1 };

enum { BUS_IDLE, BUS_ADDRESS, BUS_WRITE, BUS_READ, BUS_NOBODY };

typedef struct I2cRtc {
    Device dev;
    IrqInput irq;

    uint8_t i2cadr, i2cfdr, i2ccr, i2csr, i2cdr, i2cdfsrr;
    uint8_t bus; /* BUS_… */
    RtcDs1338 rtc;
} I2cRtc;

static const DeviceField i2c_rtc_fields[] = {
    DEVICE_FIELD(I2cRtc, i2cadr, 0),        DEVICE_FIELD(I2cRtc, i2cfdr, 0),
    DEVICE_FIELD(I2cRtc, i2ccr, 0),         DEVICE_FIELD(I2cRtc, i2csr, SR_MCF | SR_RXAK),
    DEVICE_FIELD(I2cRtc, i2cdr, 0),         DEVICE_FIELD(I2cRtc, i2cdfsrr, 0x10),
    DEVICE_FIELD(I2cRtc, bus, BUS_IDLE),    DEVICE_FIELD(I2cRtc, rtc.offset_s, 0),
    DEVICE_FIELD(I2cRtc, rtc.stopped_s, 0), DEVICE_FIELD(I2cRtc, rtc.halted, 0),
    DEVICE_FIELD(I2cRtc, rtc.hours_12, 0),  DEVICE_FIELD(I2cRtc, rtc.day_shift, 0),
    DEVICE_FIELD(I2cRtc, rtc.pointer, 0),   DEVICE_FIELD(I2cRtc, rtc.addressed, 0),
    DEVICE_ARRAY(I2cRtc, rtc.regs, 0),      STATE_KEPT(I2cRtc, rtc.base_s),
};
static const StateField i2c_rtc_derived[] = {
    STATE_DERIVED(I2cRtc, dev),
    STATE_DERIVED(I2cRtc, irq),
    STATE_DERIVED(I2cRtc, rtc.clock),
};
STATE_STRUCT(I2cRtc, i2c_rtc);

static void irq_update(const I2cRtc *i)
{
    irq_set(&i->irq.line, (i->i2csr & SR_MIF) && (i->i2ccr & CR_MIEN) && (i->i2ccr & CR_MEN));
}

static void transfer_done(I2cRtc *i, bool acknowledged)
{
    i->i2csr &= ~SR_RXAK;
    i->i2csr |= SR_MCF | SR_MIF | (acknowledged ? 0 : SR_RXAK);
}

static void start(I2cRtc *i)
{
    i->bus = BUS_ADDRESS;
    i->i2csr |= SR_MBB;
}

static void stop(I2cRtc *i)
{
    i->bus = BUS_IDLE;
    i->i2csr &= ~SR_MBB;
}

static void cr_write(I2cRtc *i, uint8_t value)
{
    uint8_t was = i->i2ccr;
    i->i2ccr = value & CR_KEPT;
    if (!(value & CR_MEN)) { /* a module that is switched off loses its state */
        stop(i);
        i->i2csr = SR_MCF | SR_RXAK;
        return;
    }
    if ((value & CR_MSTA) && (!(was & CR_MSTA) || !(was & CR_MEN) || (value & CR_RSTA)))
        start(i);
    else if (!(value & CR_MSTA) && (was & CR_MSTA))
        stop(i);
}

/* The address byte, or a byte to the slave. */
static void dr_write(I2cRtc *i, uint8_t byte)
{
    i->i2cdr = byte;
    if (!(i->i2ccr & CR_MEN) || !(i->i2ccr & CR_MSTA))
        return;
    switch (i->bus) {
    case BUS_ADDRESS:
        if (byte >> 1 == RTC_DS1338_ADDRESS) {
            i->bus = byte & 1 ? BUS_READ : BUS_WRITE;
            rtc_ds1338_start(&i->rtc);
        } else {
            i->bus = BUS_NOBODY;
        }
        transfer_done(i, i->bus != BUS_NOBODY);
        break;
    case BUS_WRITE:
        rtc_ds1338_write(&i->rtc, byte);
        transfer_done(i, true);
        break;
    default:
        LOG(LOG_GUEST_ERRORS, "%s: byte 0x%02x sent while nobody listens", i->dev.id, byte);
        transfer_done(i, false);
    }
}

/* The byte received last; as a master receiver this also starts the transfer of the next one. */
static uint8_t dr_read(I2cRtc *i)
{
    uint8_t byte = i->i2cdr;
    if (!(i->i2ccr & CR_MEN) || !(i->i2ccr & CR_MSTA) || (i->i2ccr & CR_MTX))
        return byte;
    if (i->bus == BUS_READ) {
        i->i2cdr = rtc_ds1338_read(&i->rtc);
        transfer_done(i, !(i->i2ccr & CR_TXAK));
    } else if (i->bus == BUS_NOBODY) {
        i->i2cdr = 0xff; /* lines are pulled up */
        transfer_done(i, false);
    }
    return byte;
}

static bool i2c_rtc_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    I2cRtc *i = (I2cRtc *)dev;
    if (size != 1)
        return false;
    switch (offset) {
    case I2CADR:
        *value = i->i2cadr;
        break;
    case I2CFDR:
        *value = i->i2cfdr;
        break;
    case I2CCR:
        *value = i->i2ccr;
        break;
    case I2CSR:
        *value = i->i2csr;
        break;
    case I2CDR:
        *value = dr_read(i);
        irq_update(i);
        break;
    case I2CDFSRR:
        *value = i->i2cdfsrr;
        break;
    default:
        *value = 0;
        LOG(LOG_GUEST_ERRORS, "%s: read of reserved register 0x%02" PRIx64, dev->id, offset);
    }
    return true;
}

static bool i2c_rtc_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    I2cRtc *i = (I2cRtc *)dev;
    uint8_t byte = (uint8_t)value;
    if (size != 1)
        return false;
    switch (offset) {
    case I2CADR:
        i->i2cadr = byte & 0xfe;
        break;
    case I2CFDR:
        i->i2cfdr = byte & 0x3f;
        break;
    case I2CCR:
        cr_write(i, byte);
        break;
    case I2CSR: /* MAL and MIF are cleared by writing 0 */
        i->i2csr &= byte | ~(SR_MAL | SR_MIF);
        break;
    case I2CDR:
        dr_write(i, byte);
        break;
    case I2CDFSRR:
        i->i2cdfsrr = byte & 0x3f;
        break;
    default:
        LOG(LOG_GUEST_ERRORS, "%s: write of reserved register 0x%02" PRIx64, dev->id, offset);
    }
    irq_update(i);
    return true;
}

static void i2c_rtc_derive(Device *dev)
{
    irq_update((I2cRtc *)dev);
}

static void i2c_rtc_describe(Device *dev, Dts *dts)
{
    const I2cRtc *i = (I2cRtc *)dev;
    dts_begin(dts, "i2c@%x", (unsigned)device_address(dev, 0));
    dts_string(dts, "device_type", "i2c");
    dts_string(dts, "compatible", "fsl-i2c");
    device_describe_reg(dev, dts);
    dts_u32(dts, "cell-index", 0);
    IRQ_DESCRIBE(dts, &i->irq);
    dts_u32(dts, "#address-cells", 1);
    dts_u32(dts, "#size-cells", 0);
    dts_begin(dts, "rtc@%x", RTC_DS1338_ADDRESS);
    dts_string(dts, "compatible", "pericom,pt7c4338");
    dts_u32(dts, "reg", RTC_DS1338_ADDRESS);
    dts_end(dts);
    dts_end(dts);
}

static const DeviceOps i2c_rtc_ops = {
    .name = "i2c_rtc",
    .state = &i2c_rtc_state,
    .read = i2c_rtc_read,
    .write = i2c_rtc_write,
    .reset = i2c_rtc_derive,
    .describe = i2c_rtc_describe,
    .post_load = i2c_rtc_derive,
};

Device *i2c_rtc_new(const char *id, IrqInput irq, const Clock *clock, int64_t base_s)
{
    I2cRtc *i = g_new0(I2cRtc, 1);
    device_init(&i->dev, &i2c_rtc_ops, id);
    i->irq = irq;
    i->rtc.clock = clock;
    i->rtc.base_s = base_s;
    device_reset(&i->dev);
    return &i->dev;
}
