/* SPDX-License-Identifier: MIT
 *
 * Registers are 32 bits and little-endian.  The device's own configuration begins at CONFIG, and may be accessed in any size.
 */
#include "platform/devices/virtio/mmio.h"

/* §4.2.2 */
enum {
    MAGIC_VALUE = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    VENDOR_ID = 0x00c,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SEL = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SEL = 0x024,
    QUEUE_SEL = 0x030,
    QUEUE_NUM_MAX = 0x034,
    QUEUE_NUM = 0x038,
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_DESC_LOW = 0x080, /* of each pair the upper half follows */
    QUEUE_DESC_HIGH = 0x084,
    QUEUE_DRIVER_LOW = 0x090,
    QUEUE_DRIVER_HIGH = 0x094,
    QUEUE_DEVICE_LOW = 0x0a0,
    QUEUE_DEVICE_HIGH = 0x0a4,
    SHM_LEN_LOW = 0x0b0,
    SHM_BASE_HIGH = 0x0bc,
    CONFIG_GENERATION = 0x0fc,
    CONFIG = 0x100,
};
enum { MAGIC = 0x74726976, VENDOR = 0x554d4551 /* what drivers know from QEMU */ };
enum { INTERRUPT_QUEUE = 1, INTERRUPT_CONFIG = 2 };

typedef struct VirtioMmio {
    Device dev;
    Virtio *virtio; /* owned */
    IrqInput irq;
    Dma dma;
    uint32_t device_select, driver_select, queue_select;
    uint8_t interrupt_status;
} VirtioMmio;

static const DeviceField virtio_mmio_fields[] = {
    DEVICE_FIELD(VirtioMmio, device_select, 0),
    DEVICE_FIELD(VirtioMmio, driver_select, 0),
    DEVICE_FIELD(VirtioMmio, queue_select, 0),
    DEVICE_FIELD(VirtioMmio, interrupt_status, 0),
};
static const StateField virtio_mmio_derived[] = {
    STATE_DERIVED(VirtioMmio, dev),
    STATE_DERIVED(VirtioMmio, virtio),
    STATE_DERIVED(VirtioMmio, irq),
    STATE_DERIVED(VirtioMmio, dma),
};
STATE_STRUCT(VirtioMmio, virtio_mmio);

static void set_interrupt_status(VirtioMmio *m, unsigned status)
{
    m->interrupt_status = (uint8_t)status;
    irq_set(&m->irq.line, status != 0);
}

static void interrupt(void *opaque, int queue)
{
    VirtioMmio *m = opaque;
    set_interrupt_status(m, m->interrupt_status | (queue < 0 ? INTERRUPT_CONFIG : INTERRUPT_QUEUE));
}

/* The queue that is selected; one that the device lacks has size_max 0, and takes no writes. */
static VirtioQueue *selected(VirtioMmio *m)
{
    return m->queue_select < VIRTIO_QUEUES_MAX ? &m->virtio->queue[m->queue_select] : NULL;
}

static uint32_t register_read(VirtioMmio *m, uint64_t offset)
{
    const VirtioQueue *q = selected(m);
    const Virtio *v = m->virtio;
    switch (offset) {
    case MAGIC_VALUE:
        return MAGIC;
    case VERSION:
        return 2;
    case DEVICE_ID:
        return v->ops->device;
    case VENDOR_ID:
        return VENDOR;
    case DEVICE_FEATURES:
        return virtio_half(v->features & ~VIRTIO_F_ANY_LAYOUT, m->device_select);
    case QUEUE_NUM_MAX:
        return q ? q->size_max : 0;
    case QUEUE_READY:
        return q && q->enabled;
    case INTERRUPT_STATUS:
        return m->interrupt_status;
    case STATUS:
        return v->status;
    case CONFIG_GENERATION:
        return v->generation;
    default: /* there is no shared memory, which is said by a length of −1 */
        return offset >= SHM_LEN_LOW && offset <= SHM_BASE_HIGH ? UINT32_MAX : 0;
    }
}

static void set_status(VirtioMmio *m, uint8_t status)
{
    virtio_set_status(m->virtio, status);
    if (status)
        return;
    m->device_select = m->driver_select = m->queue_select = 0;
    set_interrupt_status(m, 0);
}

/* Of a queue that is there.  Where it is in memory cannot be changed while it is in use. */
static void queue_write(VirtioMmio *m, VirtioQueue *q, uint64_t offset, uint32_t value)
{
    if (offset == QUEUE_READY)
        q->enabled = value & 1;
    if (q->enabled)
        return;
    switch (offset) {
    case QUEUE_NUM:
        virtio_set_queue_size(m->virtio, q, value);
        break;
    case QUEUE_DESC_LOW:
    case QUEUE_DESC_HIGH:
        virtio_set_half(&q->desc, offset % 8 / 4, value);
        break;
    case QUEUE_DRIVER_LOW:
    case QUEUE_DRIVER_HIGH:
        virtio_set_half(&q->avail, offset % 8 / 4, value);
        break;
    case QUEUE_DEVICE_LOW:
    case QUEUE_DEVICE_HIGH:
        virtio_set_half(&q->used, offset % 8 / 4, value);
    }
}

static void register_write(VirtioMmio *m, uint64_t offset, uint32_t value)
{
    VirtioQueue *q = selected(m);
    switch (offset) {
    case DEVICE_FEATURES_SEL:
        m->device_select = value;
        break;
    case DRIVER_FEATURES_SEL:
        m->driver_select = value;
        break;
    case DRIVER_FEATURES:
        virtio_accept(m->virtio, m->driver_select, value);
        break;
    case QUEUE_SEL:
        m->queue_select = value;
        break;
    case QUEUE_NOTIFY:
        virtio_kick(m->virtio, value);
        break;
    case INTERRUPT_ACK:
        set_interrupt_status(m, m->interrupt_status & ~value);
        break;
    case STATUS:
        set_status(m, (uint8_t)value);
        break;
    default:
        if (q && q->size_max)
            queue_write(m, q, offset, value);
    }
}

/* --- accesses, whose values are as a big-endian one sees them */

static bool virtio_mmio_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    VirtioMmio *m = (VirtioMmio *)dev;
    uint8_t bytes[8] = {0};
    if (offset >= CONFIG)
        virtio_config_read(m->virtio, (unsigned)(offset - CONFIG), bytes, size, false);
    else if (size == 4)
        virtio_put32(bytes, register_read(m, offset), false);
    else
        return false;
    *value = 0;
    for (unsigned i = 0; i < size; i++)
        *value = *value << 8 | bytes[i];
    return true;
}

static bool virtio_mmio_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    VirtioMmio *m = (VirtioMmio *)dev;
    uint8_t bytes[8];
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * (size - 1 - i));
    if (offset >= CONFIG)
        virtio_config_write(m->virtio, (unsigned)(offset - CONFIG), bytes, size, false);
    else if (size == 4)
        register_write(m, offset, GUINT32_SWAP_LE_BE((uint32_t)value));
    else
        return false;
    return true;
}

/* --- the device */

static void virtio_mmio_reset(Device *dev)
{
    VirtioMmio *m = (VirtioMmio *)dev;
    virtio_reset(m->virtio);
    set_interrupt_status(m, 0);
}

static void virtio_mmio_describe(Device *dev, Dts *dts)
{
    const VirtioMmio *m = (VirtioMmio *)dev;
    dts_begin(dts, "virtio_mmio@%x", (unsigned)device_address(dev, 0));
    dts_string(dts, "compatible", "virtio,mmio");
    device_describe_reg(dev, dts);
    IRQ_DESCRIBE(dts, &m->irq);
    dts_end(dts);
}

static void virtio_mmio_settle(Device *dev)
{
    virtio_settle(((VirtioMmio *)dev)->virtio);
}

static void virtio_mmio_save(const Device *dev, SectionWriter *to)
{
    virtio_save(((const VirtioMmio *)dev)->virtio, to);
}

static void virtio_mmio_load(Device *dev, Section *from)
{
    virtio_load(((VirtioMmio *)dev)->virtio, from);
}

static void virtio_mmio_post_load(Device *dev)
{
    VirtioMmio *m = (VirtioMmio *)dev;
    set_interrupt_status(m, m->interrupt_status & (INTERRUPT_QUEUE | INTERRUPT_CONFIG));
}

static void virtio_mmio_free(Device *dev)
{
    VirtioMmio *m = (VirtioMmio *)dev;
    virtio_free(m->virtio);
    g_free(m);
}

static const DeviceOps virtio_mmio_ops = {
    .name = "virtio-mmio",
    .state = &virtio_mmio_state,
    .read = virtio_mmio_read,
    .write = virtio_mmio_write,
    .reset = virtio_mmio_reset,
    .describe = virtio_mmio_describe,
    .settle = virtio_mmio_settle,
    .save = virtio_mmio_save,
    .load = virtio_mmio_load,
    .post_load = virtio_mmio_post_load,
    .free = virtio_mmio_free,
};

Device *virtio_mmio_new(const char *id, Virtio *v, const VirtioMmioConfig *config)
{
    VirtioMmio *m = g_new0(VirtioMmio, 1);
    m->virtio = v;
    m->irq = config->irq;
    m->dma = (Dma){.memory = config->memory};
    device_init(&m->dev, &virtio_mmio_ops, id);
    v->id = m->dev.id;
    v->transport = (VirtioTransport){interrupt, m, &m->dma, config->again};
    if (config->again)
        virtio_listen(v);
    return &m->dev;
}
