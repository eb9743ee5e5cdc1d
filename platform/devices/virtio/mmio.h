/* SPDX-License-Identifier: MIT
 *
 * A virtio device with registers of its own in the memory of the guest: VIRTIO 1.2 §4.2, version 2 of that interface.  Drivers of before
 * virtio 1.0 know version 1 alone and find none.
 */
#pragma once

#include "platform/base/device.h"
#include "platform/base/irq.h"
#include "platform/base/memory.h"
#include "platform/devices/virtio/virtio.h"

enum { VIRTIO_MMIO_SIZE = 0x200 };

typedef struct VirtioMmioConfig {
    IrqInput irq; /* active until the driver has acknowledged all */
    Memory *memory;
    Event *again; /* VirtioTransport's */
} VirtioMmioConfig;

Device *virtio_mmio_new(const char *id, Virtio *virtio /* take */, const VirtioMmioConfig *config);
