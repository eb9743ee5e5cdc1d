/* SPDX-License-Identifier: MIT
 *
 * virtio-balloon: the guest gives pages of its RAM back to the host, as many as it is asked for.  VIRTIO 1.1 §5.5.
 */
#pragma once

#include "platform/devices/virtio/virtio.h"

typedef struct VirtioBalloonConfig {
    bool deflate_on_oom; /* a guest that has no page left may take some back */
} VirtioBalloonConfig;

Virtio *virtio_balloon_new(const VirtioBalloonConfig *config);
/* How much of its RAM the guest is to leave to the host, in bytes, and how much it has left. */
void virtio_balloon_set_target(Virtio *v, uint64_t bytes);
uint64_t virtio_balloon_actual(const Virtio *v);
