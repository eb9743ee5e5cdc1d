/* SPDX-License-Identifier: MIT
 *
 * Frames are sent and received in the main thread.  A driver that makes frames available is not heard while there are some to send, so one
 * that sends many notifies once.
 */
#include "platform/devices/virtio/net.h"

#include <string.h>

#include "platform/devices/virtio/virtq.h"

enum {
    RX = 0,
    TX = 1,
    QUEUE_SIZE = 256,
    HEADER_MAX = 12,
    HEADER_LEGACY = 10,
    AT_NUM_BUFFERS = 10,
    BURST = 64 /* frames sent in one go */
};
enum { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_SIZE = 8, STATUS_LINK_UP = 1 };

#define F_MAC       (UINT64_C(1) << 5)
#define F_MRG_RXBUF (UINT64_C(1) << 15)
#define F_STATUS    (UINT64_C(1) << 16)

typedef struct Nic {
    Virtio virtio;
    VirtioNetConfig config;
    bool blocked; /* the back end takes no frame now; it will say when it does */
} Nic;

static const StateField nic_derived[] = {
    STATE_DERIVED(Nic, virtio),
    STATE_DERIVED(Nic, config),
    STATE_DERIVED(Nic, blocked),
};
STATE_STRUCT_DERIVED(Nic, nic);

/* The header before each frame, which says nothing here: no work is left to the card. */
static size_t header_size(const Virtio *v)
{
    return virtio_has(v, F_MRG_RXBUF | VIRTIO_F_VERSION_1) ? HEADER_MAX : HEADER_LEGACY;
}

static bool runs(const Virtio *v)
{
    return (v->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK;
}

/* --- sending */

/* False: the back end has no room. */
static bool send_one(Nic *nic, const VirtqRequest *r)
{
    struct iovec vec[VIRTQ_BUFFERS_MAX];
    size_t header = header_size(&nic->virtio);
    if (r->out_size <= header)
        return true;
    unsigned n = virtq_iov(r, false, header, r->out_size - header, vec);
    return net_send(nic->config.net, vec, n);
}

/* False: there may be more. */
static bool send_burst(Nic *nic)
{
    Virtio *v = &nic->virtio;
    for (unsigned i = 0; i < BURST; i++) {
        VirtqRequest *r = virtq_pop(v, TX);
        if (!r)
            return true;
        if (!send_one(nic, r)) {
            virtq_unpop(v, r);
            nic->blocked = true;
            return true;
        }
        virtq_push(v, r, 0);
    }
    return false;
}

static void transmit(void *opaque)
{
    Nic *nic = opaque;
    Virtio *v = &nic->virtio;
    if (nic->blocked || !runs(v))
        return;
    uint16_t before = v->queue[TX].used_idx;
    bool all = send_burst(nic);
    if (v->queue[TX].used_idx != before)
        virtq_tell(v, TX);
    if (nic->blocked)
        return;
    if (!all || virtq_notifications(v, TX, true)) /* other sources of the main loop come in between */
        event_signal(nic->config.transmit);
}

static void sendable(void *opaque)
{
    Nic *nic = opaque;
    nic->blocked = false;
    transmit(nic);
}

/* --- receiving */

/* What card and frame together have at [from, from + size), into a buffer. */
static void put_part(const VirtqRequest *r, const uint8_t *header, size_t header_bytes, const uint8_t *frame, size_t from,
                     size_t size)
{
    size_t of_header = from < header_bytes ? MIN(size, header_bytes - from) : 0;
    if (of_header)
        virtq_write(r, 0, header + from, of_header);
    virtq_write(r, of_header, frame + (from + of_header - header_bytes), size - of_header);
}

/* Takes buffers for so many bytes; how many there are, and what they hold together.  A driver that cannot join them gives large ones. */
static unsigned take_buffers(Virtio *v, size_t size, VirtqRequest **taken, unsigned most, size_t *room)
{
    unsigned n = 0;
    *room = 0;
    while (*room < size && n < most && (taken[n] = virtq_pop(v, RX)))
        *room += taken[n++]->in_size;
    return n;
}

static bool receive(void *opaque, const uint8_t *frame, size_t length)
{
    Virtio *v = &((Nic *)opaque)->virtio;
    VirtqRequest *taken[QUEUE_SIZE];
    uint8_t header[HEADER_MAX] = {0};
    const size_t header_bytes = header_size(v), size = header_bytes + length;
    const unsigned most = virtio_has(v, F_MRG_RXBUF) ? G_N_ELEMENTS(taken) : 1;
    size_t room;
    if (!runs(v) || !v->queue[RX].enabled)
        return true;
    unsigned n = take_buffers(v, size, taken, most, &room);
    if (room < size) {
        for (unsigned i = n; i-- > 0;)
            virtq_unpop(v, taken[i]);
        return n == most || !runs(v); /* lost, since there will be no larger one; else it waits for more of them */
    }
    virtio_put16(header + AT_NUM_BUFFERS, (uint16_t)n, virtio_is_big(v));
    for (size_t i = 0, from = 0; i < n; i++) {
        size_t part = MIN(taken[i]->in_size, size - from);
        put_part(taken[i], header, header_bytes, frame, from, part);
        virtq_push(v, taken[i], part);
        from += part;
    }
    virtq_tell(v, RX);
    return true;
}

static void link_changed(void *opaque, bool up)
{
    virtio_config_changed(opaque);
}

/* --- the device */

static void nic_notify(Virtio *v, unsigned queue)
{
    Nic *nic = (Nic *)v;
    if (queue == RX) {
        net_flush(nic->config.net);
        return;
    }
    virtq_notifications(v, TX, false);
    event_signal(nic->config.transmit);
}

static void nic_started(Virtio *v)
{
    net_flush(((Nic *)v)->config.net);
}

static void nic_config_read(Virtio *v, uint8_t *config, bool big)
{
    const VirtioNetConfig *c = &((Nic *)v)->config;
    memcpy(config + CONFIG_MAC, c->mac, NET_MAC_SIZE);
    virtio_put16(config + CONFIG_STATUS, net_link_is_up(c->net) ? STATUS_LINK_UP : 0, big);
}

static void nic_free(Virtio *v)
{
    Nic *nic = (Nic *)v;
    if (nic->config.net)
        net_detach(nic->config.net);
    g_free(nic);
}

Virtio *virtio_net_new(const VirtioNetConfig *config)
{
    static const VirtioOps ops = {
        .name = "virtio-net",
        .device = VIRTIO_NET,
        .class_code = 0x020000,
        .state = &nic_state,
        .config_size = CONFIG_SIZE,
        .config_read = nic_config_read,
        .notify = nic_notify,
        .started = nic_started,
        .free = nic_free,
    };
    static const NetPort port = {receive, sendable, link_changed};
    Nic *nic = g_new0(Nic, 1);
    virtio_init(&nic->virtio, &ops, F_MAC | F_MRG_RXBUF | F_STATUS);
    virtio_add_queue(&nic->virtio, RX, QUEUE_SIZE);
    virtio_add_queue(&nic->virtio, TX, QUEUE_SIZE);
    nic->config = *config;
    event_listen(config->transmit, transmit, nic);
    if (config->net)
        net_attach(config->net, &port, nic);
    return &nic->virtio;
}
