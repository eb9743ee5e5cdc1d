/* SPDX-License-Identifier: MIT
 *
 * BAR 0 is the legacy interface, in I/O space; BAR 4 the modern one: four structures, a page each.
 */
#include "platform/devices/virtio/pci.h"

#include <inttypes.h>

#include "cpu/log.h"
#include "platform/devices/pci/msix.h"

enum { VENDOR = 0x1af4, DEVICE_MODERN = 0x1040 };
enum { BAR_LEGACY = 0, BAR_MSIX = 1, BAR_MODERN = 4, PAGE = 0x1000, MODERN_SIZE = 4 * PAGE, NOTIFY_STRIDE = 4 };
/* Pages of BAR 4 */
enum { COMMON, ISR, CONFIG, NOTIFY };

/* The capabilities that say where these are: cfg_type */
enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_CONFIG = 4, CAP_WINDOW = 5 };
enum {
    CAP_VENDOR = 0x09,
    CAP_SIZE = 16,
    CAP_NOTIFY_SIZE = 20,
    CAP_WINDOW_SIZE = 20,
    CAP_BAR = 4,
    CAP_OFFSET = 8,
    CAP_LENGTH = 12,
    CAP_DATA = 16
};

/* §4.1.4.3, the common configuration */
enum {
    DEVICE_FEATURE_SELECT = 0x00,
    DEVICE_FEATURE = 0x04,
    DRIVER_FEATURE_SELECT = 0x08,
    DRIVER_FEATURE = 0x0c,
    CONFIG_MSIX_VECTOR = 0x10,
    NUM_QUEUES = 0x12,
    DEVICE_STATUS = 0x14,
    CONFIG_GENERATION = 0x15,
    QUEUE_SELECT = 0x16,
    QUEUE_SIZE = 0x18,
    QUEUE_MSIX_VECTOR = 0x1a,
    QUEUE_ENABLE = 0x1c,
    QUEUE_NOTIFY_OFF = 0x1e,
    QUEUE_DESC = 0x20,
    QUEUE_DRIVER = 0x28,
    QUEUE_DEVICE = 0x30,
    COMMON_SIZE = 0x38,
};

/* §4.1.4.8, the legacy interface */
enum {
    LEGACY_DEVICE_FEATURES = 0x00,
    LEGACY_DRIVER_FEATURES = 0x04,
    LEGACY_QUEUE_ADDRESS = 0x08,
    LEGACY_QUEUE_SIZE = 0x0c,
    LEGACY_QUEUE_SELECT = 0x0e,
    LEGACY_QUEUE_NOTIFY = 0x10,
    LEGACY_STATUS = 0x12,
    LEGACY_ISR = 0x13,
    LEGACY_CONFIG_VECTOR = 0x14, /* this and the next while MSI-X is on */
    LEGACY_QUEUE_VECTOR = 0x16,
    LEGACY_VECTORS = 4, /* bytes of these two: by so much the configuration is further behind then */
    LEGACY_CONFIG = 0x14,
    LEGACY_ALIGN_SHIFT = 12,
};
enum { ISR_QUEUE = 1, ISR_CONFIG = 2 };

typedef struct VirtioPci {
    PciDevice pci;
    Virtio *virtio;  /* owned */
    uint64_t window; /* offset of the capability that is one; 0: there is none */
    uint32_t device_select, driver_select;
    uint16_t queue_select, config_vector;
    uint8_t isr;
    PciMsix msix;
} VirtioPci;

static const StateField virtio_pci_fields[] = {
    PCI_DEVICE_FIELDS(VirtioPci, pci),
    STATE_FIELD(VirtioPci, device_select, 0),
    STATE_FIELD(VirtioPci, driver_select, 0),
    STATE_FIELD(VirtioPci, queue_select, 0),
    STATE_FIELD(VirtioPci, config_vector, VIRTIO_NO_VECTOR),
    STATE_FIELD(VirtioPci, isr, 0),
    PCI_MSIX_FIELDS(VirtioPci, msix),
};
static const StateField virtio_pci_derived[] = {
    PCI_DEVICE_DERIVED(VirtioPci, pci),
    STATE_DERIVED(VirtioPci, virtio),
    STATE_DERIVED(VirtioPci, window),
    PCI_MSIX_DERIVED(VirtioPci, msix),
};
STATE_STRUCT(VirtioPci, virtio_pci);

static void interrupt(void *opaque, int queue)
{
    VirtioPci *p = opaque;
    if (pci_msix_is_on(&p->msix, &p->pci)) {
        pci_msix_notify(&p->msix, &p->pci, queue < 0 ? p->config_vector : p->virtio->queue[queue].vector);
        return;
    }
    p->isr |= queue < 0 ? ISR_CONFIG : ISR_QUEUE;
    pci_set_intx(&p->pci, true);
}

static uint8_t isr_read(VirtioPci *p)
{
    uint8_t isr = p->isr;
    p->isr = 0;
    pci_set_intx(&p->pci, false);
    return isr;
}

/* The queue that is selected; one that the device lacks has size_max 0, and takes no writes. */
static VirtioQueue *selected(VirtioPci *p)
{
    return p->queue_select < VIRTIO_QUEUES_MAX ? &p->virtio->queue[p->queue_select] : NULL;
}

/* A driver reads back whether there is such a vector. */
static uint16_t vector(const VirtioPci *p, uint32_t value)
{
    return value < p->msix.n ? (uint16_t)value : VIRTIO_NO_VECTOR;
}

/* --- the device's configuration, in either interface */

static uint32_t config_read(VirtioPci *p, uint64_t at, unsigned size, bool big)
{
    uint8_t bytes[4] = {0};
    virtio_config_read(p->virtio, (unsigned)at, bytes, size, big);
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void config_write(VirtioPci *p, uint64_t at, unsigned size, uint32_t value, bool big)
{
    const uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
    virtio_config_write(p->virtio, (unsigned)at, bytes, size, big);
}

/* --- legacy */

/* Where the configuration begins, which is not always the same. */
static uint64_t legacy_config(const VirtioPci *p)
{
    return LEGACY_CONFIG + (pci_msix_is_on(&p->msix, &p->pci) ? LEGACY_VECTORS : 0);
}

static uint32_t legacy_read(VirtioPci *p, uint64_t offset, unsigned size)
{
    const VirtioQueue *q = selected(p);
    const uint64_t config = legacy_config(p);
    if (offset >= config)
        return config_read(p, offset - config, size, true);
    switch (offset) {
    case LEGACY_DEVICE_FEATURES:
        return (uint32_t)p->virtio->features;
    case LEGACY_DRIVER_FEATURES:
        return (uint32_t)p->virtio->accepted;
    case LEGACY_QUEUE_ADDRESS:
        return q && q->enabled ? (uint32_t)(q->desc >> LEGACY_ALIGN_SHIFT) : 0;
    case LEGACY_QUEUE_SIZE:
        return q ? q->size_max : 0;
    case LEGACY_QUEUE_SELECT:
        return p->queue_select;
    case LEGACY_STATUS:
        return p->virtio->status;
    case LEGACY_ISR:
        return isr_read(p);
    case LEGACY_CONFIG_VECTOR:
        return p->config_vector;
    case LEGACY_QUEUE_VECTOR:
        return q ? q->vector : VIRTIO_NO_VECTOR;
    default:
        return 0;
    }
}

/* Legacy drivers give one page number, from which the addresses of all three areas follow; 0 resets the device. */
static void legacy_queue_address(VirtioPci *p, uint32_t page)
{
    VirtioQueue *q = selected(p);
    const uint64_t align = UINT64_C(1) << LEGACY_ALIGN_SHIFT;
    if (!page) {
        virtio_reset(p->virtio);
        return;
    }
    if (!q || !q->size_max)
        return;
    q->desc = (uint64_t)page << LEGACY_ALIGN_SHIFT;
    q->avail = q->desc + 16 * (uint64_t)q->size;
    q->used = (q->avail + 2 * (3 + (uint64_t)q->size) + align - 1) & ~(align - 1);
    q->enabled = true;
}

static void set_status(VirtioPci *p, uint8_t status)
{
    virtio_set_status(p->virtio, status);
    if (status)
        return;
    p->device_select = p->driver_select = 0;
    p->queue_select = 0;
    p->config_vector = VIRTIO_NO_VECTOR;
    isr_read(p);
}

static void legacy_write(VirtioPci *p, uint64_t offset, unsigned size, uint32_t value)
{
    const uint64_t config = legacy_config(p);
    if (offset >= config) {
        config_write(p, offset - config, size, value, true);
        return;
    }
    switch (offset) {
    case LEGACY_DRIVER_FEATURES:
        virtio_accept(p->virtio, 0, value & (uint32_t)p->virtio->features);
        return;
    case LEGACY_QUEUE_ADDRESS:
        legacy_queue_address(p, value);
        return;
    case LEGACY_QUEUE_SELECT:
        p->queue_select = (uint16_t)value;
        return;
    case LEGACY_QUEUE_NOTIFY:
        virtio_kick(p->virtio, value);
        return;
    case LEGACY_STATUS:
        set_status(p, (uint8_t)value);
        return;
    case LEGACY_CONFIG_VECTOR:
        p->config_vector = vector(p, value);
        return;
    case LEGACY_QUEUE_VECTOR:
        if (selected(p))
            selected(p)->vector = vector(p, value);
    }
}

/* --- modern */

static uint32_t common_read(VirtioPci *p, uint64_t offset)
{
    const VirtioQueue none = {0}, *q = selected(p) ? selected(p) : &none;
    const Virtio *v = p->virtio;
    switch (offset) {
    case DEVICE_FEATURE_SELECT:
        return p->device_select;
    case DEVICE_FEATURE:
        return virtio_half(v->features & ~VIRTIO_F_ANY_LAYOUT, p->device_select);
    case DRIVER_FEATURE_SELECT:
        return p->driver_select;
    case DRIVER_FEATURE:
        return virtio_half(v->accepted, p->driver_select);
    case CONFIG_MSIX_VECTOR:
        return p->config_vector;
    case QUEUE_MSIX_VECTOR:
        return q->size_max ? q->vector : VIRTIO_NO_VECTOR;
    case NUM_QUEUES:
        return virtio_n_queues(p->virtio);
    case DEVICE_STATUS:
        return v->status;
    case CONFIG_GENERATION:
        return v->generation & 0xff;
    case QUEUE_SELECT:
        return p->queue_select;
    case QUEUE_SIZE:
        return q->size;
    case QUEUE_ENABLE:
        return q->enabled;
    case QUEUE_NOTIFY_OFF:
        return q->size_max ? p->queue_select : 0;
    case QUEUE_DESC:
    case QUEUE_DESC + 4:
        return virtio_half(q->desc, offset % 8 / 4);
    case QUEUE_DRIVER:
    case QUEUE_DRIVER + 4:
        return virtio_half(q->avail, offset % 8 / 4);
    case QUEUE_DEVICE:
    case QUEUE_DEVICE + 4:
        return virtio_half(q->used, offset % 8 / 4);
    default:
        return 0;
    }
}

/* Of a queue that is there and not in use. */
static void queue_write(const VirtioPci *p, VirtioQueue *q, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case QUEUE_SIZE:
        virtio_set_queue_size(p->virtio, q, value);
        break;
    case QUEUE_ENABLE:
        q->enabled = value == 1;
        break;
    case QUEUE_DESC:
    case QUEUE_DESC + 4:
        virtio_set_half(&q->desc, offset % 8 / 4, value);
        break;
    case QUEUE_DRIVER:
    case QUEUE_DRIVER + 4:
        virtio_set_half(&q->avail, offset % 8 / 4, value);
        break;
    case QUEUE_DEVICE:
    case QUEUE_DEVICE + 4:
        virtio_set_half(&q->used, offset % 8 / 4, value);
    }
}

static void common_write(VirtioPci *p, uint64_t offset, uint32_t value)
{
    VirtioQueue *q = selected(p);
    switch (offset) {
    case DEVICE_FEATURE_SELECT:
        p->device_select = value;
        return;
    case DRIVER_FEATURE_SELECT:
        p->driver_select = value;
        return;
    case DRIVER_FEATURE:
        virtio_accept(p->virtio, p->driver_select, value);
        return;
    case CONFIG_MSIX_VECTOR:
        p->config_vector = vector(p, value);
        return;
    case QUEUE_MSIX_VECTOR:
        if (q)
            q->vector = vector(p, value);
        return;
    case DEVICE_STATUS:
        set_status(p, (uint8_t)value);
        return;
    case QUEUE_SELECT:
        p->queue_select = (uint16_t)value;
        return;
    default:
        if (q && q->size_max && !q->enabled)
            queue_write(p, q, offset, value);
    }
}

static uint32_t modern_read(VirtioPci *p, uint64_t offset, unsigned size)
{
    const uint64_t at = offset % PAGE;
    switch (offset / PAGE) {
    case COMMON:
        return common_read(p, at);
    case ISR:
        return at == 0 ? isr_read(p) : 0;
    case CONFIG:
        return config_read(p, at, size, false);
    default:
        return 0;
    }
}

static void modern_write(VirtioPci *p, uint64_t offset, unsigned size, uint32_t value)
{
    const uint64_t at = offset % PAGE;
    switch (offset / PAGE) {
    case COMMON:
        common_write(p, at, value);
        break;
    case CONFIG:
        config_write(p, at, size, value, false);
        break;
    case NOTIFY:
        virtio_kick(p->virtio, (unsigned)at / NOTIFY_STRIDE);
    }
}

static uint32_t virtio_pci_read(PciDevice *pci, unsigned bar, uint64_t offset, unsigned size)
{
    VirtioPci *p = (VirtioPci *)pci;
    if (bar == BAR_MSIX)
        return pci_msix_read(&p->msix, offset, size);
    uint32_t value = (bar == BAR_LEGACY ? legacy_read : modern_read)(p, offset, size);
    return value & UINT32_MAX >> (32 - 8 * size);
}

static void virtio_pci_write(PciDevice *pci, unsigned bar, uint64_t offset, unsigned size, uint32_t value)
{
    VirtioPci *p = (VirtioPci *)pci;
    if (bar == BAR_MSIX)
        pci_msix_write(&p->msix, pci, offset, size, value);
    else
        (bar == BAR_LEGACY ? legacy_write : modern_write)(p, offset, size, value);
}

/* --- the window into BARs, in configuration space: §4.1.4.7 */

/* Whether an access to configuration space is one to the window's data, and what it is to be. */
static bool window_names(const VirtioPci *p, unsigned at, unsigned *bar, uint32_t *offset, unsigned *size)
{
    const PciConfig *c = &p->pci.config;
    const unsigned window = (unsigned)p->window;
    if (!window || at != window + CAP_DATA)
        return false;
    *bar = c->bytes[window + CAP_BAR];
    *offset = pci_config_read(c, window + CAP_OFFSET, 4);
    *size = pci_config_read(c, window + CAP_LENGTH, 4);
    return *bar < PCI_BARS && c->bar[*bar].kind != PCI_BAR_NONE && (*size == 1 || *size == 2 || *size == 4) &&
           *offset % *size == 0 && *offset < c->bar[*bar].size;
}

static void window_read(PciDevice *pci, unsigned at, unsigned size)
{
    VirtioPci *p = (VirtioPci *)pci;
    unsigned bar, length;
    uint32_t offset;
    if (window_names(p, at, &bar, &offset, &length))
        pci_config_put(&pci->config, (unsigned)p->window + CAP_DATA, 4, virtio_pci_read(pci, bar, offset, length));
}

static void virtio_pci_config_written(PciDevice *pci, unsigned at, unsigned size)
{
    VirtioPci *p = (VirtioPci *)pci;
    unsigned bar, length;
    uint32_t offset;
    pci_msix_config_written(&p->msix, pci);
    if (window_names(p, at, &bar, &offset, &length))
        virtio_pci_write(pci, bar, offset, length, pci_config_read(&pci->config, (unsigned)p->window + CAP_DATA, length));
}

/* --- the device */

static void virtio_pci_reset(Device *dev)
{
    VirtioPci *p = (VirtioPci *)dev;
    virtio_reset(p->virtio);
    pci_msix_reset(&p->msix);
    pci_device_reset(&p->pci);
}

static void virtio_pci_settle(Device *dev)
{
    virtio_settle(((VirtioPci *)dev)->virtio);
}

static void virtio_pci_save(const Device *dev, SectionWriter *to)
{
    virtio_save(((const VirtioPci *)dev)->virtio, to);
}

static void virtio_pci_load(Device *dev, Section *from)
{
    virtio_load(((VirtioPci *)dev)->virtio, from);
}

static void virtio_pci_post_load(Device *dev)
{
    VirtioPci *p = (VirtioPci *)dev;
    p->msix.pending &= (UINT64_C(1) << p->msix.n) - 1;
    pci_device_post_load(&p->pci);
}

static void virtio_pci_free(Device *dev)
{
    VirtioPci *p = (VirtioPci *)dev;
    pci_device_unplug(&p->pci);
    virtio_free(p->virtio);
    g_free(p);
}

static const DeviceOps virtio_pci_ops = {
    .name = "virtio-pci",
    .state = &virtio_pci_state,
    .reset = virtio_pci_reset,
    .settle = virtio_pci_settle,
    .describe = device_no_node,
    .save = virtio_pci_save,
    .load = virtio_pci_load,
    .post_load = virtio_pci_post_load,
    .free = virtio_pci_free,
};

static const PciDeviceOps virtio_pci_pci_ops = {virtio_pci_read, virtio_pci_write, window_read, virtio_pci_config_written};

static unsigned add_structure(PciConfig *c, uint8_t type, unsigned page, uint32_t size, unsigned cap_size)
{
    unsigned at = pci_config_add_capability(c, CAP_VENDOR, cap_size);
    pci_config_set(c, at + 2, 1, cap_size);
    pci_config_set(c, at + 3, 1, type);
    pci_config_set(c, at + CAP_BAR, 1, type == CAP_WINDOW ? 0 : BAR_MODERN);
    pci_config_set(c, at + CAP_OFFSET, 4, page * PAGE);
    pci_config_set(c, at + CAP_LENGTH, 4, size);
    return at;
}

static void add_modern(VirtioPci *p)
{
    PciConfig *c = &p->pci.config;
    pci_config_add_bar(c, BAR_MODERN, PCI_BAR_MEMORY64, MODERN_SIZE);
    add_structure(c, CAP_COMMON, COMMON, PAGE, CAP_SIZE);
    add_structure(c, CAP_ISR, ISR, PAGE, CAP_SIZE);
    add_structure(c, CAP_CONFIG, CONFIG, PAGE, CAP_SIZE);
    unsigned notify = add_structure(c, CAP_NOTIFY, NOTIFY, PAGE, CAP_NOTIFY_SIZE);
    pci_config_set(c, notify + CAP_DATA, 4, NOTIFY_STRIDE);
    p->window = add_structure(c, CAP_WINDOW, 0, 0, CAP_WINDOW_SIZE);
    pci_config_allow(c, (unsigned)p->window + CAP_BAR, 1, 0xff);
    pci_config_allow(c, (unsigned)p->window + CAP_OFFSET, 4, UINT32_MAX);
    pci_config_allow(c, (unsigned)p->window + CAP_LENGTH, 4, UINT32_MAX);
    pci_config_allow(c, (unsigned)p->window + CAP_DATA, 4, UINT32_MAX);
}

/* Device IDs of transitional devices are no rule, but a list: §4.1.2.1. */
static uint16_t legacy_id(uint16_t device)
{
    static const uint16_t ids[] = {
        [VIRTIO_NET] = 0x1000, [VIRTIO_BLK] = 0x1001,     [VIRTIO_CONSOLE] = 0x1003,
        [VIRTIO_RNG] = 0x1005, [VIRTIO_BALLOON] = 0x1002, [VIRTIO_9P] = 0x1009,
    };
    g_assert(device < G_N_ELEMENTS(ids));
    return ids[device];
}

PciDevice *virtio_pci_new(const char *id, Virtio *v, const VirtioPciConfig *config)
{
    g_assert(config->legacy || config->modern);
    const PciIdentity identity = {
        .vendor = VENDOR,
        .device = config->legacy ? legacy_id(v->ops->device) : (uint16_t)(DEVICE_MODERN + v->ops->device),
        .class_code = v->ops->class_code,
        .revision = !config->legacy,
        .subsystem_vendor = VENDOR,
        .subsystem = config->legacy ? v->ops->device : 0x1100,
        .pin = 1,
    };
    VirtioPci *p = g_new0(VirtioPci, 1);
    pci_device_init(&p->pci, &virtio_pci_ops, &virtio_pci_pci_ops, id, &identity);
    p->virtio = v;
    p->pci.name = config->name;
    v->id = p->pci.dev.id;
    v->transport = (VirtioTransport){interrupt, p, &p->pci.dma, config->again};
    if (config->again)
        virtio_listen(v);
    if (config->legacy)
        pci_config_add_bar(&p->pci.config, BAR_LEGACY, PCI_BAR_IO,
                           1u << g_bit_storage(LEGACY_CONFIG + LEGACY_VECTORS + v->ops->config_size - 1));
    if (config->vectors)
        pci_msix_init(&p->msix, &p->pci, BAR_MSIX, config->vectors);
    if (config->modern)
        add_modern(p);
    else
        v->features &= ~VIRTIO_F_VERSION_1;
    return &p->pci;
}
