/* SPDX-License-Identifier: MIT
 *
 * A virtio device without its transport: what it and a driver agree on, its queues, and what each type of device adds.  Virtual I/O Device
 * (VIRTIO) 1.1 §2 and §3; with a driver that does not accept VIRTIO_F_VERSION_1, what §2 and §4 say of legacy interfaces.
 *
 * The guest is hostile: what a driver may not do makes the device stop until it is reset (DEVICE_NEEDS_RESET), and is traced with
 * -d guest_errors.  Under the device lock.
 */
#pragma once

#include <limits.h>

#include "platform/base/dma.h"
#include "platform/base/event.h"
#include "platform/base/section.h"

enum {
    VIRTIO_NET = 1,
    VIRTIO_BLK = 2,
    VIRTIO_CONSOLE = 3,
    VIRTIO_RNG = 4,
    VIRTIO_BALLOON = 5,
    VIRTIO_9P = 9,
};

/* device status */
enum {
    VIRTIO_ACKNOWLEDGE = 0x01,
    VIRTIO_DRIVER = 0x02,
    VIRTIO_DRIVER_OK = 0x04,
    VIRTIO_FEATURES_OK = 0x08,
    VIRTIO_NEEDS_RESET = 0x40,
    VIRTIO_FAILED = 0x80,
};

/* features of every device; bits 0 to 23 are its own */
#define VIRTIO_F_ANY_LAYOUT    (UINT64_C(1) << 27) /* legacy: requests may be cut up in any way */
#define VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX     (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1     (UINT64_C(1) << 32)

enum {
    VIRTIO_QUEUES_MAX = 64,
    VIRTIO_QUEUE_SIZE_MAX = 1024, /* descriptors */
    VIRTIO_CONFIG_MAX = 64,       /* bytes of a device's own configuration */
    VIRTIO_NO_VECTOR = 0xffff,
    VIRTIO_TURN = 2 * VIRTIO_QUEUE_SIZE_MAX, /* requests that a notification may take before others come to their turn */
};

#define VIRTIO_NO_TURN UINT_MAX

typedef struct Virtio Virtio;

/* A queue as the driver set it up, and how far the device is in it. */
typedef struct VirtioQueue {
    uint64_t desc, avail, used; /* addresses as the device sees them: descriptor, driver and device area */
    uint16_t size, size_max;    /* size_max 0: there is no such queue */
    uint16_t last_avail;        /* the next entry of the available ring that the device looks at */
    uint16_t used_idx;          /* as in the used ring */
    uint16_t told_idx;          /* used_idx when the driver was last told */
    uint16_t vector;            /* of MSI-X */
    uint16_t in_use;            /* requests that the device has: popped and not yet given back */
    bool told;                  /* told_idx means something */
    bool silent;                /* the device does not want to be notified */
    bool enabled;
} VirtioQueue;

/* What the transport does. */
typedef struct VirtioTransport {
    void (*interrupt)(void *opaque, int queue); /* −1: the configuration changed */
    void *opaque;
    const Dma *dma;
    Event *
        again; /* for this device alone, borrowed: by it the main thread goes on with a notification that a vCPU has served for long
                     enough.  NULL: there is no end to it */
} VirtioTransport;

/* A type of device.  Functions may be NULL. */
typedef struct VirtioOps {
    const char *name;         /* virtio-rng */
    uint16_t device;          /* VIRTIO_RNG */
    uint32_t class_code;      /* over PCI */
    const StateStruct *state; /* of its struct, by STATE_STRUCT(); virtio itself is derived there */
    unsigned config_size;     /* bytes */
    /* Fills config_size bytes of configuration; numbers by virtio_put(). */
    void (*config_read)(Virtio *v, uint8_t *config, bool big);
    void (*config_write)(Virtio *v, unsigned at, const uint8_t *bytes, unsigned size, bool big); /* inside of config_size */
    void (*notify)(Virtio *v,
                   unsigned queue); /* the driver made buffers available.  In a vCPU's thread: takes work up, does not do it */
    void (*started)(Virtio *v);     /* DRIVER_OK was set */
    void (*settle)(Virtio *v);      /* finishes what is under way: no buffer of the guest is held afterwards */
    void (*reset)(Virtio *v);       /* by the driver, or of the machine; after settle() */
    void (*save)(const Virtio *v, SectionWriter *to); /* what is in no table */
    void (*load)(Virtio *v, Section *from);
    void (*post_load)(Virtio *v); /* values are brought into range */
    void (*free)(Virtio *v);      /* the struct itself, too */
} VirtioOps;

struct Virtio { /* first member of a type's struct */
    const VirtioOps *ops;
    VirtioTransport transport;
    const char *id;    /* for messages; the transport's */
    uint64_t features; /* offered */
    uint64_t epoch;    /* how many resets there were: what an earlier one took from a queue is not given back */
    unsigned turn;     /* requests that the notification being served may still pop; VIRTIO_NO_TURN: none is being served */
    uint64_t waiting;  /* bit n: queue n was not done when its turn ended */
    /* state: */
    uint64_t accepted;   /* features that the driver wants */
    uint32_t generation; /* of the configuration */
    uint8_t status;
    VirtioQueue queue[VIRTIO_QUEUES_MAX];
};

/* features: without those of every device */
void virtio_init(Virtio *v, const VirtioOps *ops, uint64_t features);
void virtio_add_queue(Virtio *v, unsigned queue, uint16_t size); /* size: a power of two */
unsigned virtio_n_queues(const Virtio *v);                       /* one more than the last there is */
void virtio_free(Virtio *v);                                     /* nothing is under way: virtio_settle() */

/* Numbers of a device's configuration: in the driver's byte order where it is a legacy one, else little-endian. */
void virtio_put16(uint8_t *at, uint16_t value, bool big);
void virtio_put32(uint8_t *at, uint32_t value, bool big);
void virtio_put64(uint8_t *at, uint64_t value, bool big);
/* Numbers of requests: the order follows from what the driver accepted. */
bool virtio_is_big(const Virtio *v);
static inline uint16_t virtio_u16(const Virtio *v, uint16_t raw) /* also the other way */
{
    return virtio_is_big(v) ? GUINT16_FROM_BE(raw) : GUINT16_FROM_LE(raw);
}
static inline uint32_t virtio_u32(const Virtio *v, uint32_t raw)
{
    return virtio_is_big(v) ? GUINT32_FROM_BE(raw) : GUINT32_FROM_LE(raw);
}
static inline uint64_t virtio_u64(const Virtio *v, uint64_t raw)
{
    return virtio_is_big(v) ? GUINT64_FROM_BE(raw) : GUINT64_FROM_LE(raw);
}
static inline bool virtio_has(const Virtio *v, uint64_t feature)
{
    return v->accepted & feature;
}

void virtio_config_changed(Virtio *v); /* the driver is told */
/* The driver did what it may not: traced, and the device stands still until it is reset. */
void virtio_fail(Virtio *v, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * As if the driver had notified of these queues, bit n being queue n: in the main thread, when the others there had their turn.  A device
 * asks for it after it was loaded, where RAM and back ends may not yet be.  Never where the transport has no `again`.
 */
void virtio_kick_later(Virtio *v, uint64_t queues);

/* --- for transports */

void virtio_reset(Virtio *v);
void virtio_settle(Virtio *v);
void virtio_set_status(Virtio *v, uint8_t status);           /* 0 resets */
void virtio_accept(Virtio *v, unsigned half, uint32_t bits); /* features 32 × half and on; ignored once they are settled */
void virtio_set_queue_size(Virtio *v, VirtioQueue *q, uint32_t size); /* of one that is not enabled; traced where it cannot be */
void virtio_kick(Virtio *v, unsigned queue);                          /* any number */
void virtio_listen(Virtio *v);                                        /* to transport.again, which is set */
/* Bytes of the configuration; zeros and nothing beyond its end. */
void virtio_config_read(Virtio *v, unsigned at, uint8_t *bytes, unsigned size, bool big);
void virtio_config_write(Virtio *v, unsigned at, const uint8_t *bytes, unsigned size, bool big);
/* Registers of 64 bits, seen through 32: half 0 or 1.  Of a higher one there is nothing to see. */
static inline uint32_t virtio_half(uint64_t value, unsigned half)
{
    return half < 2 ? (uint32_t)(value >> 32 * half) : 0;
}
static inline void virtio_set_half(uint64_t *value, unsigned half, uint32_t bits)
{
    *value = (*value & ~(UINT64_C(0xffffffff) << 32 * half)) | (uint64_t)bits << 32 * half;
}
void virtio_save(const Virtio *v, SectionWriter *to);
void virtio_load(Virtio *v, Section *from);
