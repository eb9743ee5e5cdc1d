/* SPDX-License-Identifier: MIT
 *
 * virtio-9p: a directory of the host, by the protocol 9P2000.L.  VIRTIO 1.2 names the device (9) and leaves it to its drivers: one queue,
 * of requests whose first bytes are a message and whose rest has room for the answer; and a tag by which the guest finds it.
 */
#pragma once

#include "platform/base/event.h"
#include "platform/devices/virtio/virtio.h"
#include "platform/share/share.h"

enum { VIRTIO_9P_TAG_MAX = 32 };

typedef struct VirtioP9Config {
    Share *share;    /* borrowed; nobody else uses it */
    const char *tag; /* at most VIRTIO_9P_TAG_MAX bytes; borrowed */
    Event *served;   /* for this device alone: answers are there.  Borrowed */
} VirtioP9Config;

Virtio *virtio_p9_new(const VirtioP9Config *config);
