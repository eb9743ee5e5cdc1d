/* SPDX-License-Identifier: MIT
 *
 * GPDAT reads what is on the pins: the latch for outputs, the outside for inputs.  A pin that turns
 * from input to output shows its latch at once, so the order of "set direction" and "set value" is
 * the guest's choice.
 */
#include "platform/devices/soc/gpio.h"

#include <inttypes.h>

#include "cpu/log.h"

enum { GPDIR = 0x00, GPODR = 0x04, GPDAT = 0x08, GPIER = 0x0c, GPIMR = 0x10, GPICR = 0x14, GPIBE = 0x18 };
enum { PIN_POWER_OFF = 0 };

#define PIN_BIT(pin) (0x80000000u >> (pin))

typedef struct Gpio {
    Device dev;
    IrqInput irq;
    IrqLine power_off;

    uint32_t gpdir;  /* 1: output */
    uint32_t gpodr;  /* 1: open drain */
    uint32_t latch;  /* outputs */
    uint32_t inputs; /* levels that others drive, so a reset leaves them */
    uint32_t gpier;  /* events, write one to clear */
    uint32_t gpimr;  /* 1: event interrupts */
    uint32_t gpicr;  /* 1: only falling edges are events */
    uint32_t gpibe;  /* 1: input buffer on; it can be read back, but all buffers are always on */
    uint32_t driven; /* levels that the outputs show to others */
} Gpio;

static const DeviceField gpio_fields[] = {
    DEVICE_FIELD(Gpio, gpdir, 0), DEVICE_FIELD(Gpio, gpodr, 0), DEVICE_FIELD(Gpio, latch, 0), DEVICE_FIELD(Gpio, gpier, 0),
    DEVICE_FIELD(Gpio, gpimr, 0), DEVICE_FIELD(Gpio, gpicr, 0), DEVICE_FIELD(Gpio, gpibe, 0), STATE_KEPT(Gpio, inputs),
};
static const StateField gpio_derived[] = {
    STATE_DERIVED(Gpio, dev),
    STATE_DERIVED(Gpio, irq),
    STATE_DERIVED(Gpio, power_off),
    STATE_DERIVED(Gpio, driven),
};
STATE_STRUCT(Gpio, gpio);

static uint32_t pins(const Gpio *g)
{
    return (g->latch & g->gpdir) | (g->inputs & ~g->gpdir);
}

static void irq_update(const Gpio *g)
{
    irq_set(&g->irq.line, g->gpier & g->gpimr);
}

static void outputs_update(Gpio *g)
{
    uint32_t now = g->latch & g->gpdir;
    uint32_t changed = now ^ g->driven;
    g->driven = now;
    if (changed & PIN_BIT(PIN_POWER_OFF))
        irq_set(&g->power_off, now & PIN_BIT(PIN_POWER_OFF));
}

static void input_set(void *opaque, unsigned pin, bool level)
{
    Gpio *g = opaque;
    uint32_t bit = PIN_BIT(pin);
    bool was = g->inputs & bit;
    g->inputs = level ? g->inputs | bit : g->inputs & ~bit;
    if (was == level || (g->gpdir & bit) || (level && (g->gpicr & bit)))
        return;
    g->gpier |= bit;
    irq_update(g);
}

IrqLine gpio_input(Device *dev, unsigned pin)
{
    g_assert(pin < GPIO_PINS);
    return (IrqLine){input_set, dev, pin};
}

static bool gpio_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    const Gpio *g = (Gpio *)dev;
    if (size != 4)
        return false;
    switch (offset) {
    case GPDIR:
        *value = g->gpdir;
        break;
    case GPODR:
        *value = g->gpodr;
        break;
    case GPDAT:
        *value = pins(g);
        break;
    case GPIER:
        *value = g->gpier;
        break;
    case GPIMR:
        *value = g->gpimr;
        break;
    case GPICR:
        *value = g->gpicr;
        break;
    case GPIBE:
        *value = g->gpibe;
        break;
    default:
        *value = 0;
        LOG(LOG_GUEST_ERRORS, "%s: read of reserved register 0x%03" PRIx64, dev->id, offset);
    }
    return true;
}

static bool gpio_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    Gpio *g = (Gpio *)dev;
    uint32_t word = (uint32_t)value;
    if (size != 4)
        return false;
    switch (offset) {
    case GPDIR:
        g->gpdir = word;
        break;
    case GPODR:
        g->gpodr = word;
        break;
    case GPDAT:
        g->latch = word;
        break;
    case GPIER:
        g->gpier &= ~word;
        break;
    case GPIMR:
        g->gpimr = word;
        break;
    case GPICR:
        g->gpicr = word;
        break;
    case GPIBE:
        g->gpibe = word;
        break;
    default:
        LOG(LOG_GUEST_ERRORS, "%s: write of 0x%08x to reserved register 0x%03" PRIx64, dev->id, word, offset);
        return true;
    }
    outputs_update(g);
    irq_update(g);
    return true;
}

static void gpio_derive(Device *dev)
{
    outputs_update((Gpio *)dev);
    irq_update((Gpio *)dev);
}

static void gpio_post_load(Device *dev)
{
    Gpio *g = (Gpio *)dev;
    g->driven = g->latch & g->gpdir; /* What pin 0 asked for was done before the machine was saved, and is not done again. */
    irq_update(g);
}

static void gpio_describe(Device *dev, Dts *dts)
{
    const Gpio *g = (Gpio *)dev;
    dts_begin(dts, "gpio@%x", (unsigned)device_address(dev, 0));
    dts_string(dts, "compatible", "fsl,qoriq-gpio");
    device_describe_reg(dev, dts);
    IRQ_DESCRIBE(dts, &g->irq);
    dts_u32(dts, "#gpio-cells", 2);
    dts_empty(dts, "gpio-controller");
    dts_phandle(dts, g->dev.id);
    dts_end(dts);
}

static const DeviceOps gpio_ops = {
    .name = "gpio",
    .state = &gpio_state,
    .read = gpio_read,
    .write = gpio_write,
    .reset = gpio_derive,
    .describe = gpio_describe,
    .post_load = gpio_post_load,
};

Device *gpio_new(const char *id, IrqInput irq, IrqLine power_off)
{
    Gpio *g = g_new0(Gpio, 1);
    device_init(&g->dev, &gpio_ops, id);
    g->irq = irq;
    g->power_off = power_off;
    device_reset(&g->dev);
    return &g->dev;
}

typedef struct PowerOff {
    Device dev;
    char *gpio; /* name of the controller's phandle */
} PowerOff;

/*
 * What hangs on a pin has no address, so it cannot sit in a simple-bus (dtc would warn), and Linux
 * looks for devices only in buses that it knows: hence the bus of its own, of the one kind that
 * needs neither `reg` nor `ranges`.  U-Boot knows the other name for it.
 */
static void power_off_describe(Device *dev, Dts *dts)
{
    dts_begin(dts, "pins");
    dts_strings(dts, "compatible", (const char *const[]){"soc", "simple-mfd", NULL});
    dts_begin(dts, "%s", dev->id);
    dts_string(dts, "compatible", "gpio-poweroff");
    DTS_CELLS(dts, "gpios", dts_ref(dts, ((PowerOff *)dev)->gpio), PIN_POWER_OFF, 0);
    dts_end(dts);
    dts_end(dts);
}

static const StateField power_off_derived[] = {
    STATE_DERIVED(PowerOff, dev),
    STATE_DERIVED(PowerOff, gpio),
};
STATE_STRUCT_DERIVED(PowerOff, power_off);

static void power_off_free(Device *dev)
{
    g_free(((PowerOff *)dev)->gpio);
    g_free(dev);
}

static const DeviceOps power_off_ops = {
    .name = "power_off",
    .state = &power_off_state,
    .describe = power_off_describe,
    .free = power_off_free,
};

Device *gpio_power_off_new(const char *id, const Device *gpio)
{
    PowerOff *p = g_new0(PowerOff, 1);
    device_init(&p->dev, &power_off_ops, id);
    p->gpio = g_strdup(gpio->id);
    return &p->dev;
}
