/* SPDX-License-Identifier: MIT
 *
 * virtio-net: a network card.  VIRTIO 1.1 §5.1.
 */
#pragma once

#include "platform/base/event.h"
#include "platform/devices/virtio/virtio.h"
#include "platform/net/net.h"

/* Features: VIRTIO 1.1 §5.1.3 */
#define NET_F_CSUM                (UINT64_C(1) << 0)
#define NET_F_GUEST_CSUM          (UINT64_C(1) << 1)
#define NET_F_CTRL_GUEST_OFFLOADS (UINT64_C(1) << 2)
#define NET_F_MAC                 (UINT64_C(1) << 5)
#define NET_F_GUEST_TSO4          (UINT64_C(1) << 7)
#define NET_F_GUEST_TSO6          (UINT64_C(1) << 8)
#define NET_F_HOST_TSO4           (UINT64_C(1) << 11)
#define NET_F_HOST_TSO6           (UINT64_C(1) << 12)
#define NET_F_MRG_RXBUF           (UINT64_C(1) << 15)
#define NET_F_STATUS              (UINT64_C(1) << 16)
#define NET_F_CTRL_VQ             (UINT64_C(1) << 17)
#define NET_F_CTRL_RX             (UINT64_C(1) << 18)
#define NET_F_CTRL_VLAN           (UINT64_C(1) << 19)
#define NET_F_CTRL_RX_EXTRA       (UINT64_C(1) << 20)
#define NET_F_CTRL_MAC_ADDR       (UINT64_C(1) << 23)
#define NET_F_GUEST               (NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6) /* what CTRL_GUEST_OFFLOADS switches */

typedef struct VirtioNetConfig {
    Net *net; /* borrowed; NULL: no cable */
    uint8_t mac[NET_MAC_SIZE];
    uint64_t without; /* features that are not offered: NET_F_… */
    Event *transmit;  /* for this card alone: by it a vCPU's thread hands sending over to the main thread.  Borrowed */
} VirtioNetConfig;

Virtio *virtio_net_new(const VirtioNetConfig *config);
