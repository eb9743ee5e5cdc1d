/* SPDX-License-Identifier: MIT
 *
 * virtio-rng: random numbers for the guest.  VIRTIO 1.1 §5.4.
 */
#pragma once

#include "platform/base/clock.h"
#include "platform/base/entropy.h"
#include "platform/devices/virtio/virtio.h"

typedef struct VirtioRngConfig {
    Entropy *entropy;   /* borrowed */
    Clock *clock;       /* borrowed */
    uint64_t max_bytes; /* the guest gets so many in each period at most */
    uint32_t period_ms; /* not 0 */
} VirtioRngConfig;

Virtio *virtio_rng_new(const VirtioRngConfig *config);
