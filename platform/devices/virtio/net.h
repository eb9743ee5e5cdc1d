/* SPDX-License-Identifier: MIT
 *
 * virtio-net: a network card.  VIRTIO 1.1 §5.1.
 */
#pragma once

#include "platform/base/event.h"
#include "platform/devices/virtio/virtio.h"
#include "platform/net/net.h"

typedef struct VirtioNetConfig {
    Net *net; /* borrowed; NULL: no cable */
    uint8_t mac[NET_MAC_SIZE];
    Event *transmit; /* for this card alone: by it a vCPU's thread hands sending over to the main thread.  Borrowed */
} VirtioNetConfig;

Virtio *virtio_net_new(const VirtioNetConfig *config);
