/* SPDX-License-Identifier: MIT */
#include "platform/devices/hv/doorbell.h"

enum { RING = 0x01, RECEIVE_MAX = 4096 };

typedef struct Doorbell {
    Device dev;
    DoorbellConfig config;
    char *name;
} Doorbell;

/* No state: a ring is latched by the interrupt controller from the moment it comes. */
static const StateField doorbell_derived[] = {
    STATE_DERIVED(Doorbell, dev),
    STATE_DERIVED(Doorbell, config),
    STATE_DERIVED(Doorbell, name),
};
STATE_STRUCT_DERIVED(Doorbell, doorbell);

void doorbell_ring(Device *dev)
{
    const Doorbell *d = (Doorbell *)dev;
    irq_set(&d->config.input.line, true);
    irq_set(&d->config.input.line, false);
}

DoorbellResult doorbell_send(Device *dev)
{
    const Doorbell *d = (Doorbell *)dev;
    const uint8_t ring = RING;
    if (!d->config.chr) {
        doorbell_ring(dev);
        return DOORBELL_SENT;
    }
    if (!chardev_is_open(d->config.chr))
        return DOORBELL_NOBODY;
    chardev_write(d->config.chr, &ring, 1); /* a full queue takes none, and has rings enough */
    return DOORBELL_SENT;
}

static size_t chr_can_receive(void *opaque)
{
    return RECEIVE_MAX;
}

static void chr_receive(void *opaque, const uint8_t *data, size_t size)
{
    if (size)
        doorbell_ring(opaque);
}

static void begin_end(const Doorbell *d, Dts *dts, const char *end, uint32_t handle, const char *const *compatible)
{
    dts_begin(dts, "%s-doorbell@%x", end, handle);
    dts_strings(dts, "compatible", compatible);
    dts_u32(dts, "reg", handle);
    dts_u32(dts, "hv-handle", handle);
    if (d->name)
        dts_string(dts, "label", d->name);
}

static void doorbell_describe(Device *dev, Dts *dts)
{
    const Doorbell *d = (Doorbell *)dev;
    const DoorbellConfig *c = &d->config;
    const char *const sends[] = {"epapr,hv-send-doorbell", NULL};
    const char *const receives[] = {c->compatible, "epapr,hv-receive-doorbell", NULL};
    if (c->send) {
        begin_end(d, dts, "send", c->send, sends);
        if (c->store)
            DTS_CELLS(dts, "quoin,store", (uint32_t)(c->store >> 32), (uint32_t)c->store);
        dts_end(dts);
    }
    if (c->receive) {
        begin_end(d, dts, "receive", c->receive, receives + !c->compatible);
        IRQ_DESCRIBE(dts, &c->input);
        dts_end(dts);
    }
}

static void doorbell_free(Device *dev)
{
    Doorbell *d = (Doorbell *)dev;
    if (d->config.chr)
        chardev_set_handlers(d->config.chr, NULL, NULL);
    g_free(d->name);
    g_free(d);
}

static const DeviceOps doorbell_ops = {
    .name = "doorbell",
    .state = &doorbell_state,
    .describe = doorbell_describe,
    .free = doorbell_free,
};

Device *doorbell_new(const char *id, const DoorbellConfig *config)
{
    static const ChardevHandlers handlers = {chr_can_receive, chr_receive, NULL, NULL};
    Doorbell *d = g_new0(Doorbell, 1);
    device_init(&d->dev, &doorbell_ops, id);
    d->config = *config;
    d->name = g_strdup(config->name);
    if (config->chr)
        chardev_set_handlers(config->chr, &handlers, d);
    return &d->dev;
}

bool doorbell_is(const Device *dev)
{
    return dev->ops == &doorbell_ops;
}

uint32_t doorbell_send_handle(const Device *dev)
{
    return ((const Doorbell *)dev)->config.send;
}

bool doorbell_takes_stores(const Device *dev)
{
    return ((const Doorbell *)dev)->config.store != 0;
}
