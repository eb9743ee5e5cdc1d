/* SPDX-License-Identifier: MIT
 *
 * Frames are sent and received in the main thread.  A driver that makes frames available is not heard while there are some to send, so one
 * that sends many notifies once.
 */
#include <string.h>

#include "platform/devices/virtio/net_priv.h"
#include "platform/net/checksum.h"

enum { RX = NET_RX, TX = NET_TX, QUEUE_SIZE = 256, CTRL_SIZE = 64, BURST = 64 /* frames sent in one go */ };
/* struct virtio_net_hdr (§5.1.6) */
enum {
    AT_FLAGS = 0,
    AT_GSO_TYPE = 1,
    AT_HDR_LEN = 2,
    AT_GSO_SIZE = 4,
    AT_CSUM_START = 6,
    AT_CSUM_OFFSET = 8,
    AT_NUM_BUFFERS = 10,
    HEADER_MAX = 12,
    HEADER_LEGACY = 10,
    NEEDS_CSUM = 1,
    DATA_VALID = 2,
    GSO_TCPV4 = 1,
    GSO_TCPV6 = 4,
    GSO_ECN = 0x80,
};
enum { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_SIZE = 8, STATUS_LINK_UP = 1 };

static const StateField nic_fields[] = {
    STATE_FIELD(Nic, promiscuous, 1),  STATE_FIELD(Nic, all_multicast, 0),
    STATE_FIELD(Nic, all_unicast, 0),  STATE_FIELD(Nic, no_multicast, 0),
    STATE_FIELD(Nic, no_unicast, 0),   STATE_FIELD(Nic, no_broadcast, 0),
    STATE_FIELD(Nic, many_unicast, 0), STATE_FIELD(Nic, many_multicast, 0),
    STATE_FIELD(Nic, has_offloads, 0), STATE_FIELD(Nic, offloads, 0),
    STATE_ARRAY(Nic, mac, 0),          STATE_FIELD(Nic, n_unicast, 0),
    STATE_FIELD(Nic, n_multicast, 0),  STATE_ARRAY(Nic, macs, 0),
    STATE_ARRAY(Nic, vlans, 0),
};
static const StateField nic_derived[] = {
    STATE_DERIVED(Nic, virtio),
    STATE_DERIVED(Nic, config),
    STATE_DERIVED(Nic, blocked),
};
STATE_STRUCT(Nic, nic);

/* Of what is before each frame. */
static size_t header_size(const Virtio *v)
{
    return virtio_has(v, NET_F_MRG_RXBUF | VIRTIO_F_VERSION_1) ? HEADER_MAX : HEADER_LEGACY;
}

static bool runs(const Virtio *v)
{
    return (v->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET)) == VIRTIO_DRIVER_OK;
}

/* --- sending */

/* What the header leaves to us, of what the driver accepted. */
static NetOffload offload_of(const Virtio *v, const VirtqRequest *r)
{
    uint8_t header[HEADER_MAX];
    uint16_t mss, start, offset;
    NetOffload offload = {0};
    virtq_read(r, 0, header, HEADER_LEGACY);
    memcpy(&mss, header + AT_GSO_SIZE, sizeof(mss));
    memcpy(&start, header + AT_CSUM_START, sizeof(start));
    memcpy(&offset, header + AT_CSUM_OFFSET, sizeof(offset));
    const unsigned type = header[AT_GSO_TYPE] & ~(unsigned)GSO_ECN;
    if ((header[AT_FLAGS] & NEEDS_CSUM) && virtio_has(v, NET_F_CSUM)) {
        offload.sum_start = virtio_u16(v, start);
        offload.sum_at = offload.sum_start + virtio_u16(v, offset);
    }
    if (type == GSO_TCPV4 && virtio_has(v, NET_F_HOST_TSO4))
        offload.version = 4;
    else if (type == GSO_TCPV6 && virtio_has(v, NET_F_HOST_TSO6))
        offload.version = 6;
    offload.mss = offload.version ? virtio_u16(v, mss) : 0;
    return offload;
}

/* False: the back end has no room. */
static bool send_one(Nic *nic, const VirtqRequest *r)
{
    struct iovec vec[VIRTQ_BUFFERS_MAX];
    size_t header = header_size(&nic->virtio);
    if (r->out_size <= header)
        return true;
    const NetOffload offload = offload_of(&nic->virtio, r);
    unsigned n = virtq_iov(r, false, header, r->out_size - header, vec);
    return net_send_offload(nic->config.net, vec, n, &offload);
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

/* A checksum that is right need not be looked at by the guest; of one that is wrong it hears nothing, and finds it out. */
static bool is_summed_right(const uint8_t *frame, size_t length)
{
    const NetHeaders h = net_headers(frame, length);
    return h.l4 && (h.protocol == NET_PROTOCOL_TCP || h.protocol == NET_PROTOCOL_UDP) && net_l4_is_right(frame, &h);
}

static void fill_header(const Nic *nic, uint8_t *header, const uint8_t *frame, size_t length, const NetOffload *joined, unsigned n)
{
    const bool big = virtio_is_big(&nic->virtio);
    if (joined) {
        header[AT_FLAGS] = NEEDS_CSUM;
        header[AT_GSO_TYPE] = joined->version == 4 ? GSO_TCPV4 : GSO_TCPV6;
        virtio_put16(header + AT_HDR_LEN, (uint16_t)joined->header, big);
        virtio_put16(header + AT_GSO_SIZE, (uint16_t)joined->mss, big);
        virtio_put16(header + AT_CSUM_START, (uint16_t)joined->sum_start, big);
        virtio_put16(header + AT_CSUM_OFFSET, (uint16_t)(joined->sum_at - joined->sum_start), big);
    } else if ((net_ctrl_offloads(nic) & NET_F_GUEST_CSUM) && is_summed_right(frame, length)) {
        header[AT_FLAGS] = DATA_VALID;
    }
    virtio_put16(header + AT_NUM_BUFFERS, (uint16_t)n, big);
}

static bool receive_joined(void *opaque, const uint8_t *frame, size_t length, const NetOffload *joined)
{
    Nic *nic = opaque;
    Virtio *v = &nic->virtio;
    VirtqRequest *taken[QUEUE_SIZE];
    uint8_t header[HEADER_MAX] = {0};
    const size_t header_bytes = header_size(v), size = header_bytes + length;
    const unsigned most = virtio_has(v, NET_F_MRG_RXBUF) ? G_N_ELEMENTS(taken) : 1;
    size_t room;
    if (!runs(v) || !v->queue[RX].enabled || !net_ctrl_wants(nic, frame, length))
        return true;
    unsigned n = take_buffers(v, size, taken, most, &room);
    if (room < size) {
        for (unsigned i = n; i-- > 0;)
            virtq_unpop(v, taken[i]);
        return n == most || !runs(v); /* lost, since there will be no larger one; else it waits for more of them */
    }
    fill_header(nic, header, frame, length, joined, n);
    for (size_t i = 0, from = 0; i < n; i++) {
        size_t part = MIN(taken[i]->in_size, size - from);
        put_part(taken[i], header, header_bytes, frame, from, part);
        virtq_push(v, taken[i], part);
        from += part;
    }
    virtq_tell(v, RX);
    return true;
}

static bool receive(void *opaque, const uint8_t *frame, size_t length)
{
    return receive_joined(opaque, frame, length, NULL);
}

static unsigned joins(void *opaque)
{
    const Nic *nic = opaque;
    const uint64_t on = runs(&nic->virtio) ? net_ctrl_offloads(nic) : 0;
    return (on & NET_F_GUEST_TSO4 ? 1u << 4 : 0) | (on & NET_F_GUEST_TSO6 ? 1u << 6 : 0);
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
    if (queue == NET_CTRL) {
        net_ctrl_serve(nic);
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
    const Nic *nic = (Nic *)v;
    memcpy(config + CONFIG_MAC, nic->mac, NET_MAC_SIZE);
    virtio_put16(config + CONFIG_STATUS, net_link_is_up(nic->config.net) ? STATUS_LINK_UP : 0, big);
}

/* §5.1.4: a legacy driver sets its address there. */
static void nic_config_write(Virtio *v, unsigned at, const uint8_t *bytes, unsigned size, bool big)
{
    Nic *nic = (Nic *)v;
    if (!virtio_has(v, VIRTIO_F_VERSION_1) && at < NET_MAC_SIZE)
        memcpy(nic->mac + at, bytes, MIN(size, NET_MAC_SIZE - at));
}

static void nic_reset(Virtio *v)
{
    net_ctrl_reset((Nic *)v);
}

static void nic_post_load(Virtio *v)
{
    net_ctrl_post_load((Nic *)v);
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
        .config_write = nic_config_write,
        .notify = nic_notify,
        .started = nic_started,
        .reset = nic_reset,
        .post_load = nic_post_load,
        .free = nic_free,
    };
    static const NetPort port = {receive, joins, receive_joined, sendable, link_changed};
    const uint64_t features = NET_F_CSUM | NET_F_GUEST | NET_F_CTRL_GUEST_OFFLOADS | NET_F_MAC | NET_F_HOST_TSO4 | NET_F_HOST_TSO6 |
                              NET_F_MRG_RXBUF | NET_F_STATUS | NET_F_CTRL_VQ | NET_F_CTRL_RX | NET_F_CTRL_VLAN |
                              NET_F_CTRL_RX_EXTRA | NET_F_CTRL_MAC_ADDR;
    Nic *nic = g_new0(Nic, 1);
    virtio_init(&nic->virtio, &ops, features & ~config->without);
    virtio_add_queue(&nic->virtio, NET_RX, QUEUE_SIZE);
    virtio_add_queue(&nic->virtio, NET_TX, QUEUE_SIZE);
    virtio_add_queue(&nic->virtio, NET_CTRL, CTRL_SIZE);
    nic->config = *config;
    net_ctrl_reset(nic);
    event_listen(config->transmit, transmit, nic);
    if (config->net)
        net_attach(config->net, &port, nic);
    return &nic->virtio;
}
