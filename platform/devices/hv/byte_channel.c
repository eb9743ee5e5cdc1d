/* SPDX-License-Identifier: MIT
 *
 * Sent bytes go straight to the chardev, which queues what the host does not take; so there is one queue and one limit.  Received ones
 * wait in a ring, since the host must be able to see that it is full.
 */
#include "platform/devices/hv/byte_channel.h"

#include <string.h>

#include "cpu/log.h"

enum { RX_SIZE = 4096 };

typedef struct ByteChannel {
    Device dev;
    uint32_t handle;
    char *name;
    Chardev *chr;
    ByteChannelWires wires;
    uint8_t rx[RX_SIZE]; /* n_rx bytes from `head` on, wrapping */
    size_t head, n_rx;
    bool starved; /* a send took less than was offered, and the chardev has not said since that it has room */
    bool loose;   /* it was reported that nobody is at the other end, and is not reported again */
} ByteChannel;

static const StateField byte_channel_fields[] = {
    STATE_KEPT(ByteChannel, starved),
    STATE_KEPT(ByteChannel, loose),
};
static const StateField byte_channel_derived[] = {
    STATE_DERIVED(ByteChannel, dev),   STATE_DERIVED(ByteChannel, handle),
    STATE_DERIVED(ByteChannel, name),  STATE_DERIVED(ByteChannel, chr),
    STATE_DERIVED(ByteChannel, wires), STATE_DERIVED(ByteChannel, rx), /* the ring: byte_channel_save() */
    STATE_DERIVED(ByteChannel, head),  STATE_DERIVED(ByteChannel, n_rx),
};
STATE_STRUCT(ByteChannel, byte_channel);

static void irq_update(ByteChannel *c)
{
    irq_set(&c->wires.rx.line, c->n_rx > 0);
    irq_set(&c->wires.tx.line, !c->starved);
}

/* --- the guest's side */

static void report_loose(ByteChannel *c)
{
    bool loose = !chardev_is_open(c->chr);
    if (loose && !c->loose)
        LOG(LOG_GUEST_ERRORS, "%s: send on a channel that is closed at the other end: dropped", c->dev.id);
    c->loose = loose;
}

size_t byte_channel_send(Device *dev, const uint8_t *data, size_t size)
{
    ByteChannel *c = (ByteChannel *)dev;
    if (!size)
        return 0;
    size_t n = chardev_write(c->chr, data, size);
    report_loose(c);
    c->starved |= n < size;
    irq_update(c);
    return n;
}

size_t byte_channel_receive(Device *dev, uint8_t *data, size_t size)
{
    ByteChannel *c = (ByteChannel *)dev;
    size_t n = MIN(size, c->n_rx);
    size_t straight = MIN(n, RX_SIZE - c->head);
    memcpy(data, c->rx + c->head, straight);
    memcpy(data + straight, c->rx, n - straight);
    c->head = (c->head + n) % RX_SIZE;
    c->n_rx -= n;
    if (c->n_rx <= RX_SIZE / 2)
        chardev_accept_input(c->chr); /* this may call the receive handler at once */
    irq_update(c);
    return n;
}

void byte_channel_poll(Device *dev, size_t *to_receive, size_t *to_send)
{
    const ByteChannel *c = (ByteChannel *)dev;
    *to_receive = c->n_rx;
    *to_send = chardev_room(c->chr);
}

/* --- the chardev's side */

static size_t chr_can_receive(void *opaque)
{
    return RX_SIZE - ((ByteChannel *)opaque)->n_rx;
}

static void chr_receive(void *opaque, const uint8_t *data, size_t size)
{
    ByteChannel *c = opaque;
    g_assert(size <= RX_SIZE - c->n_rx);
    size_t tail = (c->head + c->n_rx) % RX_SIZE;
    size_t straight = MIN(size, RX_SIZE - tail);
    memcpy(c->rx + tail, data, straight);
    memcpy(c->rx, data + straight, size - straight);
    c->n_rx += size;
    irq_update(c);
}

static void chr_writable(void *opaque)
{
    ByteChannel *c = opaque;
    c->starved = false;
    irq_update(c);
}

/* --- the rest of a device */

static void byte_channel_reset(Device *dev)
{
    irq_update((ByteChannel *)dev); /* The interrupt controller was reset with the machine, and the levels are raised anew. */
}

static void byte_channel_save(const Device *dev, SectionWriter *to)
{
    const ByteChannel *c = (const ByteChannel *)dev;
    uint8_t ring[RX_SIZE];
    for (size_t i = 0; i < c->n_rx; i++)
        ring[i] = c->rx[(c->head + i) % RX_SIZE];
    section_put_bytes(to, "rx", ring, c->n_rx);
}

static void byte_channel_load(Device *dev, Section *from)
{
    ByteChannel *c = (ByteChannel *)dev;
    const uint8_t *ring = section_get_bytes(from, "rx", RX_SIZE, &c->n_rx);
    c->head = 0;
    if (ring)
        memcpy(c->rx, ring, c->n_rx);
    irq_update(c);
}

static void byte_channel_describe(Device *dev, Dts *dts)
{
    const ByteChannel *c = (ByteChannel *)dev;
    dts_begin(dts, "byte-channel@%x", c->handle);
    dts_string(dts, "compatible", "epapr,hv-byte-channel");
    dts_u32(dts, "reg", c->handle);
    dts_u32(dts, "hv-handle", c->handle);
    if (c->name)
        dts_string(dts, "label", c->name);
    IRQ_DESCRIBE(dts, &c->wires.rx, &c->wires.tx);
    dts_end(dts);
}

static void byte_channel_free(Device *dev)
{
    ByteChannel *c = (ByteChannel *)dev;
    chardev_set_handlers(c->chr, NULL, NULL);
    g_free(c->name);
    g_free(c);
}

static const DeviceOps byte_channel_ops = {
    .name = "byte-channel",
    .state = &byte_channel_state,
    .reset = byte_channel_reset,
    .save = byte_channel_save,
    .load = byte_channel_load,
    .describe = byte_channel_describe,
    .free = byte_channel_free,
};

Device *byte_channel_new(const char *id, uint32_t handle, const char *name, Chardev *chr, const ByteChannelWires *wires)
{
    static const ChardevHandlers handlers = {chr_can_receive, chr_receive, chr_writable, NULL};
    ByteChannel *c = g_new0(ByteChannel, 1);
    device_init(&c->dev, &byte_channel_ops, id);
    c->handle = handle;
    c->name = g_strdup(name);
    c->chr = chr;
    c->wires = *wires;
    chardev_set_handlers(chr, &handlers, c);
    irq_update(c);
    return &c->dev;
}

bool byte_channel_is(const Device *dev)
{
    return dev->ops == &byte_channel_ops;
}

uint32_t byte_channel_handle(const Device *dev)
{
    return ((const ByteChannel *)dev)->handle;
}
