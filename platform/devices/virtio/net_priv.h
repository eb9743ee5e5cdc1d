/* SPDX-License-Identifier: MIT
 *
 * What the files of virtio-net share; nobody else includes it.
 */
#pragma once

#include "platform/devices/virtio/net.h"
#include "platform/devices/virtio/virtq.h"

enum { NET_RX = 0, NET_TX = 1, NET_CTRL = 2 }; /* queues */
enum { VIRTIO_NET_MACS = 64, VIRTIO_NET_VLANS = 4096 };

typedef struct Nic {
    Virtio virtio;
    VirtioNetConfig config;
    bool blocked; /* the back end takes no frame now; it will say when it does */
    /* What the driver said by the control queue: */
    bool promiscuous, all_multicast, all_unicast, no_multicast, no_unicast, no_broadcast;
    bool many_unicast, many_multicast;            /* more addresses than there is room for: all are wanted */
    bool has_offloads;                            /* `offloads` counts, not what was accepted */
    uint64_t offloads;                            /* of NET_F_GUEST */
    uint8_t mac[NET_MAC_SIZE];                    /* its address */
    uint32_t n_unicast, n_multicast;              /* of … */
    uint8_t macs[VIRTIO_NET_MACS * NET_MAC_SIZE]; /* … these: unicast addresses, then those of groups */
    uint32_t vlans[VIRTIO_NET_VLANS / 32];        /* bit n of them: frames of VLAN n are wanted */
} Nic;

/* --- net_ctrl.c */

void net_ctrl_reset(Nic *nic);
void net_ctrl_post_load(Nic *nic);
void net_ctrl_serve(Nic *nic);                                            /* the control queue */
bool net_ctrl_wants(const Nic *nic, const uint8_t *frame, size_t length); /* is a frame that came one for this card? */
uint64_t net_ctrl_offloads(const Nic *nic);                               /* those of NET_F_GUEST that are on */
