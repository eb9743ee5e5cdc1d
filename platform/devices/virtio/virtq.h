/* SPDX-License-Identifier: MIT
 *
 * Split virtqueues as a device sees them: VIRTIO 1.1 §2.6.  A request is a chain of buffers: those that the device reads (out), then
 * those that it writes (in).  Every descriptor is read once, so a guest that changes it meanwhile gains nothing; contents of buffers may
 * change at any time, so whoever decides by them reads them once, too.  Under the device lock.
 */
#pragma once

#include <sys/uio.h>

#include "platform/devices/virtio/virtio.h"

enum { VIRTQ_BUFFERS_MAX = 1024 }; /* pieces of RAM of one request */
#define VIRTQ_BYTES_MAX (UINT64_C(1) << 30)

typedef struct VirtqRequest {
    uint64_t epoch; /* of the device when it was popped */
    unsigned queue;
    uint16_t head;
    unsigned n_out, n_in;       /* pieces */
    uint64_t out_size, in_size; /* bytes in all, at most VIRTQ_BYTES_MAX */
    MemoryMap *piece;           /* of RAM, mapped: n_out, then n_in */
} VirtqRequest;

/*
 * A driver notifies of a buffer after the device found none: who pops until there is none misses none.
 *
 * The next request, whose buffers stay mapped until virtq_push() or virtq_drop(); NULL: none, or the device failed.
 */
VirtqRequest *virtq_pop(Virtio *v, unsigned queue);
bool virtq_has_request(Virtio *v, unsigned queue);
/* Gives it back with so many bytes written at its begin; frees it.  The driver is told by virtq_tell(). */
void virtq_push(Virtio *v, VirtqRequest *request, uint64_t written);
void virtq_drop(Virtio *v, VirtqRequest *request);  /* frees it without giving it back: the device was or will be reset */
void virtq_unpop(Virtio *v, VirtqRequest *request); /* the last one that was popped: it comes again */
void virtq_tell(Virtio *v, unsigned queue);         /* interrupts the driver for what was given back, unless it asked for silence */
/* Off: the driver need not notify.  On: it must; true: there are requests meanwhile, for which it may not have done so. */
bool virtq_notifications(Virtio *v, unsigned queue, bool on);

/* Copies at an offset of what the device reads or writes; returns how many bytes there were. */
size_t virtq_read(const VirtqRequest *request, uint64_t at, void *to, size_t size);
size_t virtq_write(const VirtqRequest *request, uint64_t at, const void *from, size_t size);
/* The pieces of [at, at + size), which is inside, into vec[VIRTQ_BUFFERS_MAX]; how many. */
unsigned virtq_iov(const VirtqRequest *request, bool in, uint64_t at, uint64_t size, struct iovec *vec);
