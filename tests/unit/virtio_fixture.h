/* SPDX-License-Identifier: MIT
 *
 * For tests of virtio devices: a driver's side of a queue in RAM, in either byte order, and a transport that counts interrupts.
 */
#pragma once

#include <string.h>

#include "platform/devices/virtio/virtq.h"

enum { DRIVER_RAM = 4 << 20, DRIVER_RINGS = 0x10000, DRIVER_RING_STRIDE = 0x8000, DRIVER_DATA = 0x200000 };
enum { DRIVER_DESC = 0, DRIVER_AVAIL = 0x4000, DRIVER_USED = 0x6000 }; /* in the rings of a queue */
enum { DRIVER_NEXT = 1, DRIVER_WRITE = 2, DRIVER_INDIRECT = 4 };

typedef struct Driver {
    Memory *memory;
    Dma dma;
    Virtio *v;
    unsigned interrupts, config_interrupts;
    uint16_t avail[VIRTIO_QUEUES_MAX], used[VIRTIO_QUEUES_MAX], free[VIRTIO_QUEUES_MAX];
    bool big;
} Driver;

static inline void driver_interrupt(void *opaque, int queue)
{
    Driver *d = opaque;
    *(queue < 0 ? &d->config_interrupts : &d->interrupts) += 1;
}

static inline uint64_t driver_ring(unsigned queue)
{
    return DRIVER_RINGS + DRIVER_RING_STRIDE * (uint64_t)queue;
}

static inline void driver_put16(Driver *d, uint64_t gpa, uint16_t value)
{
    memory_store16(d->memory, gpa, d->big ? value : GUINT16_SWAP_LE_BE(value));
}

static inline uint16_t driver_get16(Driver *d, uint64_t gpa)
{
    uint16_t value = memory_load16(d->memory, gpa);
    return d->big ? value : GUINT16_SWAP_LE_BE(value);
}

static inline uint32_t driver_get32(Driver *d, uint64_t gpa)
{
    uint32_t value = memory_load32(d->memory, gpa);
    return d->big ? value : GUINT32_SWAP_LE_BE(value);
}

/* A descriptor of a table that begins at gpa. */
static inline void driver_desc_at(Driver *d, uint64_t table, unsigned i, uint64_t address, uint32_t length, uint16_t flags,
                                  uint16_t next)
{
    const uint64_t at = table + 16 * (uint64_t)i;
    memory_store64(d->memory, at, d->big ? address : GUINT64_SWAP_LE_BE(address));
    memory_store32(d->memory, at + 8, d->big ? length : GUINT32_SWAP_LE_BE(length));
    driver_put16(d, at + 12, flags);
    driver_put16(d, at + 14, next);
}

static inline void driver_desc(Driver *d, unsigned queue, unsigned i, uint64_t address, uint32_t length, uint16_t flags,
                               uint16_t next)
{
    driver_desc_at(d, driver_ring(queue) + DRIVER_DESC, i, address, length, flags, next);
}

static inline void driver_offer(Driver *d, unsigned queue, uint16_t head)
{
    const uint64_t ring = driver_ring(queue) + DRIVER_AVAIL;
    driver_put16(d, ring + 4 + 2 * (uint64_t)(d->avail[queue] % d->v->queue[queue].size), head);
    driver_put16(d, ring + 2, ++d->avail[queue]);
}

static inline unsigned driver_used(Driver *d, unsigned queue)
{
    return driver_get16(d, driver_ring(queue) + DRIVER_USED + 2);
}

/* The length of a used entry, counted from the first ever. */
static inline uint32_t driver_used_length(Driver *d, unsigned queue, unsigned n)
{
    return driver_get32(d, driver_ring(queue) + DRIVER_USED + 4 + 8 * (uint64_t)(n % d->v->queue[queue].size) + 4);
}

static inline uint32_t driver_used_head(Driver *d, unsigned queue, unsigned n)
{
    return driver_get32(d, driver_ring(queue) + DRIVER_USED + 4 + 8 * (uint64_t)(n % d->v->queue[queue].size));
}

/* Sets a device up as a driver does, which accepts these features and VIRTIO_F_VERSION_1 unless it is a legacy one. */
static inline void driver_start(Driver *d, bool legacy, uint64_t features)
{
    Virtio *v = d->v;
    features |= legacy ? 0 : VIRTIO_F_VERSION_1;
    d->big = legacy;
    virtio_set_status(v, 0);
    virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    virtio_accept(v, 0, (uint32_t)features);
    virtio_accept(v, 1, (uint32_t)(features >> 32));
    if (!legacy) {
        virtio_set_status(v, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
        g_assert_cmphex(v->status & VIRTIO_FEATURES_OK, ==, VIRTIO_FEATURES_OK);
    }
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        VirtioQueue *q = &v->queue[i];
        if (!q->size_max)
            continue;
        q->desc = driver_ring(i) + DRIVER_DESC;
        q->avail = driver_ring(i) + DRIVER_AVAIL;
        q->used = driver_ring(i) + DRIVER_USED;
        q->enabled = true;
        d->avail[i] = d->used[i] = 0;
        memory_fill(d->memory, driver_ring(i), 0, DRIVER_RING_STRIDE);
    }
    virtio_set_status(v, v->status | VIRTIO_DRIVER_OK);
}

/* Takes v; the device is driver_close()d. */
static inline void driver_open(Driver *d, Virtio *v)
{
    *d = (Driver){.memory = memory_new(DRIVER_RAM, NULL), .v = v};
    d->dma = (Dma){.memory = d->memory};
    v->id = "test";
    v->transport = (VirtioTransport){.interrupt = driver_interrupt, .opaque = d, .dma = &d->dma};
}

static inline void driver_close(Driver *d)
{
    virtio_reset(d->v);
    virtio_free(d->v);
    memory_free(d->memory);
}
