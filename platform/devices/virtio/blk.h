/* SPDX-License-Identifier: MIT
 *
 * virtio-blk: a disk.  VIRTIO 1.1 §5.2.  Requests are carried out by the drive's threads; what the host refuses is an I/O error to the guest.
 */
#pragma once

#include "platform/block/block.h"
#include "platform/devices/virtio/virtio.h"

enum { VIRTIO_BLK_SERIAL_MAX = 20, VIRTIO_BLK_QUEUES_MAX = 16 };

typedef struct VirtioBlkConfig {
    Block *block;       /* borrowed */
    const char *serial; /* the first 20 characters count; borrowed */
    uint32_t logical_size,
        block_size;             /* bytes: of a sector, and what the disk reads and writes at once; powers of two, 512 at least */
    unsigned n_queues;          /* 1 to VIRTIO_BLK_QUEUES_MAX */
    bool discard, write_zeroes; /* offered */
} VirtioBlkConfig;

Virtio *virtio_blk_new(const VirtioBlkConfig *config);
