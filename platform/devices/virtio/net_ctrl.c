/* SPDX-License-Identifier: MIT
 *
 * The control queue, and what it decides: which frames the guest gets.  VIRTIO 1.1 §5.1.6.5.
 */
#include <string.h>

#include "platform/devices/virtio/net_priv.h"

enum { CLASS_RX = 0, CLASS_MAC = 1, CLASS_VLAN = 2, CLASS_GUEST_OFFLOADS = 5, OK = 0, ERR = 1 };
enum { RX_PROMISC, RX_ALLMULTI, RX_ALLUNI, RX_NOMULTI, RX_NOUNI, RX_NOBCAST, RX_COMMANDS };
enum { MAC_TABLE_SET = 0, MAC_ADDR_SET = 1, VLAN_ADD = 0, VLAN_DEL = 1, GUEST_OFFLOADS_SET = 0, HEAD = 2 };

/* Until a driver says otherwise it gets what it would get without this queue: all. */
void net_ctrl_reset(Nic *nic)
{
    memcpy(nic->mac, nic->config.mac, NET_MAC_SIZE);
    nic->promiscuous = true;
}

void net_ctrl_post_load(Nic *nic)
{
    if (nic->n_unicast > VIRTIO_NET_MACS || nic->n_multicast > VIRTIO_NET_MACS - nic->n_unicast)
        nic->n_unicast = nic->n_multicast = 0;
}

uint64_t net_ctrl_offloads(const Nic *nic)
{
    const uint64_t accepted = nic->virtio.accepted & NET_F_GUEST;
    return nic->has_offloads ? accepted & nic->offloads : accepted;
}

/* --- commands */

static bool set_mode(Nic *nic, const VirtqRequest *r, uint8_t command)
{
    bool *const modes[RX_COMMANDS] = {&nic->promiscuous,  &nic->all_multicast, &nic->all_unicast,
                                      &nic->no_multicast, &nic->no_unicast,    &nic->no_broadcast};
    uint8_t on;
    const uint64_t needs = command > RX_ALLMULTI ? NET_F_CTRL_RX_EXTRA : NET_F_CTRL_RX;
    if (!virtio_has(&nic->virtio, needs) || command >= RX_COMMANDS || virtq_read(r, HEAD, &on, 1) != 1)
        return false;
    *modes[command] = on != 0;
    return true;
}

/* One of the two tables at *at: a number of addresses and these.  More than there is room for: all are wanted. */
static bool read_table(Nic *nic, const VirtqRequest *r, uint64_t *at, unsigned first, uint32_t *n, bool *all)
{
    uint32_t raw;
    if (virtq_read(r, *at, &raw, sizeof(raw)) != sizeof(raw))
        return false;
    const uint64_t count = virtio_u32(&nic->virtio, raw), size = count * NET_MAC_SIZE;
    *at += sizeof(raw);
    if (size > r->out_size - *at)
        return false;
    *all = count > VIRTIO_NET_MACS - first;
    *n = *all ? 0 : (uint32_t)count;
    virtq_read(r, *at, nic->macs + first * NET_MAC_SIZE, *n * NET_MAC_SIZE);
    *at += size;
    return true;
}

static bool set_macs(Nic *nic, const VirtqRequest *r)
{
    uint64_t at = HEAD;
    bool all_unicast, all_multicast;
    nic->n_unicast = nic->n_multicast = 0;
    if (!read_table(nic, r, &at, 0, &nic->n_unicast, &all_unicast) ||
        !read_table(nic, r, &at, nic->n_unicast, &nic->n_multicast, &all_multicast)) {
        nic->n_unicast = nic->n_multicast = 0;
        return false;
    }
    nic->many_unicast = all_unicast;
    nic->many_multicast = all_multicast;
    return true;
}

static bool set_mac(Nic *nic, const VirtqRequest *r)
{
    uint8_t mac[NET_MAC_SIZE];
    if (!virtio_has(&nic->virtio, NET_F_CTRL_MAC_ADDR) || virtq_read(r, HEAD, mac, sizeof(mac)) != sizeof(mac))
        return false;
    memcpy(nic->mac, mac, sizeof(mac));
    return true;
}

static bool set_vlan(Nic *nic, const VirtqRequest *r, bool on)
{
    uint16_t raw;
    if (!virtio_has(&nic->virtio, NET_F_CTRL_VLAN) || virtq_read(r, HEAD, &raw, sizeof(raw)) != sizeof(raw))
        return false;
    const unsigned id = virtio_u16(&nic->virtio, raw);
    if (id >= VIRTIO_NET_VLANS)
        return false;
    nic->vlans[id / 32] = (nic->vlans[id / 32] & ~(1u << id % 32)) | (on ? 1u << id % 32 : 0);
    return true;
}

static bool set_offloads(Nic *nic, const VirtqRequest *r)
{
    uint64_t raw, offloads;
    if (!virtio_has(&nic->virtio, NET_F_CTRL_GUEST_OFFLOADS) || virtq_read(r, HEAD, &raw, sizeof(raw)) != sizeof(raw))
        return false;
    offloads = virtio_is_big(&nic->virtio) ? GUINT64_FROM_BE(raw) : GUINT64_FROM_LE(raw);
    if (offloads & ~(nic->virtio.accepted & NET_F_GUEST))
        return false;
    nic->offloads = offloads;
    nic->has_offloads = true;
    return true;
}

static bool obey(Nic *nic, const VirtqRequest *r)
{
    uint8_t head[HEAD];
    if (virtq_read(r, 0, head, HEAD) != HEAD)
        return false;
    switch (head[0]) {
    case CLASS_RX:
        return set_mode(nic, r, head[1]);
    case CLASS_MAC:
        return head[1] == MAC_TABLE_SET ? set_macs(nic, r) : head[1] == MAC_ADDR_SET && set_mac(nic, r);
    case CLASS_VLAN:
        return head[1] <= VLAN_DEL && set_vlan(nic, r, head[1] == VLAN_ADD);
    case CLASS_GUEST_OFFLOADS:
        return head[1] == GUEST_OFFLOADS_SET && set_offloads(nic, r);
    default:
        return false;
    }
}

void net_ctrl_serve(Nic *nic)
{
    Virtio *v = &nic->virtio;
    bool any = false;
    for (VirtqRequest *r; (r = virtq_pop(v, NET_CTRL)); any = true) {
        const uint8_t ack = obey(nic, r) ? OK : ERR;
        virtq_push(v, r, virtq_write(r, 0, &ack, 1));
    }
    if (any)
        virtq_tell(v, NET_CTRL);
}

/* --- frames */

static bool is_vlan_wanted(const Nic *nic, const uint8_t *frame, size_t length)
{
    enum { TYPE = 2 * NET_MAC_SIZE, TAG = 4 };
    if (!virtio_has(&nic->virtio, NET_F_CTRL_VLAN) || length < NET_HEADER + TAG || frame[TYPE] != 0x81 || frame[TYPE + 1] != 0x00)
        return true;
    const unsigned id = (unsigned)(frame[NET_HEADER] << 8 | frame[NET_HEADER + 1]) & (VIRTIO_NET_VLANS - 1);
    return nic->vlans[id / 32] >> id % 32 & 1;
}

static bool in_table(const Nic *nic, const uint8_t *mac, unsigned first, unsigned n)
{
    for (unsigned i = first; i < first + n; i++)
        if (!memcmp(nic->macs + i * NET_MAC_SIZE, mac, NET_MAC_SIZE))
            return true;
    return false;
}

bool net_ctrl_wants(const Nic *nic, const uint8_t *frame, size_t length)
{
    static const uint8_t broadcast[NET_MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    if (nic->promiscuous)
        return true;
    if (!is_vlan_wanted(nic, frame, length))
        return false;
    if (!memcmp(frame, broadcast, NET_MAC_SIZE))
        return !nic->no_broadcast;
    if (frame[0] & 1)
        return !nic->no_multicast &&
               (nic->all_multicast || nic->many_multicast || in_table(nic, frame, nic->n_unicast, nic->n_multicast));
    return !nic->no_unicast && (nic->all_unicast || nic->many_unicast || !memcmp(frame, nic->mac, NET_MAC_SIZE) ||
                                in_table(nic, frame, 0, nic->n_unicast));
}
