/* SPDX-License-Identifier: MIT */
#include "platform/devices/virtio/blk.h"

#include <string.h>

#include "platform/devices/virtio/virtq.h"

enum { QUEUE_SIZE = 256, SECTOR = 512, SEGMENTS_MAX = 254, RANGES_MAX = 32, RANGE_SECTORS_MAX = 0x3fffff };

#define F_SEG_MAX      (UINT64_C(1) << 2)
#define F_RO           (UINT64_C(1) << 5)
#define F_BLK_SIZE     (UINT64_C(1) << 6)
#define F_FLUSH        (UINT64_C(1) << 9)
#define F_TOPOLOGY     (UINT64_C(1) << 10)
#define F_MQ           (UINT64_C(1) << 12)
#define F_DISCARD      (UINT64_C(1) << 13)
#define F_WRITE_ZEROES (UINT64_C(1) << 14)

/* Types of requests, and how they end */
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2, S_PENDING = 0xff /* not yet */ };
enum { RANGE_UNMAP = 1 };

/* The configuration */
enum {
    CAPACITY = 0,
    SEG_MAX = 12,
    BLK_SIZE = 20,
    PHYSICAL_EXPONENT = 24,
    MIN_IO = 26,
    NUM_QUEUES = 34,
    MAX_DISCARD_SECTORS = 36,
    MAX_DISCARD_SEG = 40,
    DISCARD_ALIGNMENT = 44,
    MAX_ZEROES_SECTORS = 48,
    MAX_ZEROES_SEG = 52,
    ZEROES_MAY_UNMAP = 56,
    CONFIG_SIZE = 60,
};

typedef struct Blk {
    Virtio virtio;
    VirtioBlkConfig config;
    char serial[VIRTIO_BLK_SERIAL_MAX]; /* not terminated when it is that long */
} Blk;

static const StateField blk_derived[] = {
    STATE_DERIVED(Blk, virtio),
    STATE_DERIVED(Blk, config),
    STATE_DERIVED(Blk, serial),
};
STATE_STRUCT_DERIVED(Blk, blk);

/* As in the guest's memory */
typedef struct Header {
    uint32_t type, reserved;
    uint64_t sector;
} Header;

typedef struct Range {
    uint64_t sector;
    uint32_t sectors, flags;
} Range;

/* A request of the guest while the drive has it. */
typedef struct Job {
    Blk *blk;
    VirtqRequest *request;
    BlockRequest block;
    Range range[RANGES_MAX]; /* of a discard or zeros */
    unsigned n_ranges, at;   /* at: the one that is under way */
    struct iovec iov[];
} Job;

static void finish(Job *job, uint8_t status)
{
    Virtio *v = &job->blk->virtio;
    VirtqRequest *r = job->request;
    unsigned queue = r->queue;
    uint64_t written = job->block.op == BLOCK_READ && status == S_OK ? r->in_size : 1;
    virtq_write(r, r->in_size - 1, &status, 1);
    virtq_push(v, r, written);
    virtq_tell(v, queue);
    g_free(job);
}

/* --- what the drive does */

static void set_range(Job *job)
{
    const Range *range = &job->range[job->at];
    job->block.offset = range->sector * SECTOR;
    job->block.length = (uint64_t)range->sectors * SECTOR;
    job->block.may_unmap = range->flags & RANGE_UNMAP;
}

/* A driver that knows nothing of flushes expects that what was written is on the disk. */
static bool flush_follows(const Job *job)
{
    return job->block.op == BLOCK_WRITE && !virtio_has(&job->blk->virtio, F_FLUSH) && block_write_cache(job->blk->config.block);
}

static void done(void *opaque, int error)
{
    Job *job = opaque;
    bool more = !error && ++job->at < job->n_ranges;
    if (more)
        set_range(job);
    else if (!error && flush_follows(job))
        job->block.op = BLOCK_FLUSH;
    else {
        finish(job, error ? S_IOERR : S_OK);
        return;
    }
    block_submit(job->blk->config.block, &job->block);
}

static bool fits(const Blk *b, uint64_t sector, uint64_t bytes)
{
    const uint64_t size = block_size(b->config.block), mask = b->config.logical_size - 1;
    return sector <= size / SECTOR && bytes <= size - sector * SECTOR && !(sector * SECTOR & mask) && !(bytes & mask);
}

/* Each of these answers with a status, or S_PENDING when the drive has the request. */

static uint8_t begin_transfer(Job *job, const Header *h)
{
    const VirtqRequest *r = job->request;
    bool in = h->type == T_IN;
    uint64_t at = in ? 0 : sizeof(*h), bytes = in ? r->in_size - 1 : r->out_size - sizeof(*h);
    if (!fits(job->blk, h->sector, bytes) || (!in && block_read_only(job->blk->config.block)))
        return S_IOERR;
    job->block.op = in ? BLOCK_READ : BLOCK_WRITE;
    job->block.offset = h->sector * SECTOR;
    job->block.length = bytes;
    job->block.iov = job->iov;
    job->block.n_iov = virtq_iov(r, in, at, bytes, job->iov);
    return bytes ? S_PENDING : S_OK;
}

static uint8_t begin_ranges(Job *job, const Header *h)
{
    const Virtio *v = &job->blk->virtio;
    const VirtqRequest *r = job->request;
    const uint64_t bytes = r->out_size - sizeof(*h);
    bool discard = h->type == T_DISCARD;
    if (!virtio_has(v, discard ? F_DISCARD : F_WRITE_ZEROES) || bytes % sizeof(Range))
        return S_UNSUPP;
    if (!bytes || bytes > sizeof(job->range) || block_read_only(job->blk->config.block))
        return S_IOERR;
    virtq_read(r, sizeof(*h), job->range, (size_t)bytes);
    job->n_ranges = (unsigned)(bytes / sizeof(Range));
    for (unsigned i = 0; i < job->n_ranges; i++) {
        Range *range = &job->range[i];
        /* Little-endian even from legacy drivers: these requests are younger than version 1.0. */
        *range = (Range){GUINT64_FROM_LE(range->sector), GUINT32_FROM_LE(range->sectors), GUINT32_FROM_LE(range->flags)};
        if (range->flags & ~(discard ? 0u : (unsigned)RANGE_UNMAP))
            return S_UNSUPP;
        if (range->sectors > RANGE_SECTORS_MAX || !fits(job->blk, range->sector, (uint64_t)range->sectors * SECTOR))
            return S_IOERR;
    }
    job->block.op = discard ? BLOCK_DISCARD : BLOCK_WRITE_ZEROES;
    set_range(job);
    return S_PENDING;
}

static uint8_t begin(Job *job, const Header *h)
{
    switch (h->type) {
    case T_IN:
    case T_OUT:
        return begin_transfer(job, h);
    case T_FLUSH:
        job->block.op = BLOCK_FLUSH;
        return S_PENDING;
    case T_GET_ID:
        virtq_write(job->request, 0, job->blk->serial, MIN(sizeof(job->blk->serial), job->request->in_size - 1));
        return S_OK;
    case T_DISCARD:
    case T_WRITE_ZEROES:
        return begin_ranges(job, h);
    default:
        return S_UNSUPP;
    }
}

/* Begins a request; false: it has no room for header and status, which is the driver's mistake. */
static bool take(Blk *b, VirtqRequest *r)
{
    Virtio *v = &b->virtio;
    Header h;
    if (virtq_read(r, 0, &h, sizeof(h)) != sizeof(h) || !r->in_size) {
        virtio_fail(v, "a request of %u and %u bytes", (unsigned)r->out_size, (unsigned)r->in_size);
        virtq_drop(v, r);
        return false;
    }
    h = (Header){.type = virtio_u32(v, h.type), .sector = virtio_u64(v, h.sector)};
    Job *job = g_malloc(sizeof(Job) + (r->n_out + r->n_in) * sizeof(struct iovec));
    *job = (Job){.blk = b, .request = r, .block = {.op = BLOCK_FLUSH, .done = done, .opaque = job}};
    uint8_t status = begin(job, &h);
    if (status == S_PENDING)
        block_submit(b->config.block, &job->block);
    else
        finish(job, status);
    return true;
}

static void blk_notify(Virtio *v, unsigned queue)
{
    for (VirtqRequest *r; (r = virtq_pop(v, queue)) && take((Blk *)v, r);)
        ;
}

static void blk_settle(Virtio *v)
{
    block_drain(((Blk *)v)->config.block);
}

/* --- the configuration */

static void blk_config_read(Virtio *v, uint8_t *config, bool big)
{
    const VirtioBlkConfig *c = &((Blk *)v)->config;
    virtio_put64(config + CAPACITY, block_size(c->block) / SECTOR, big);
    virtio_put32(config + SEG_MAX, SEGMENTS_MAX, big);
    virtio_put32(config + BLK_SIZE, c->logical_size, big);
    config[PHYSICAL_EXPONENT] = (uint8_t)(g_bit_storage(c->block_size / c->logical_size) - 1);
    virtio_put16(config + MIN_IO, (uint16_t)(c->block_size / c->logical_size), big);
    virtio_put16(config + NUM_QUEUES, (uint16_t)c->n_queues, big);
    virtio_put32(config + MAX_DISCARD_SECTORS, RANGE_SECTORS_MAX, big);
    virtio_put32(config + MAX_DISCARD_SEG, RANGES_MAX, big);
    virtio_put32(config + DISCARD_ALIGNMENT, c->block_size / SECTOR, big);
    virtio_put32(config + MAX_ZEROES_SECTORS, RANGE_SECTORS_MAX, big);
    virtio_put32(config + MAX_ZEROES_SEG, RANGES_MAX, big);
    config[ZEROES_MAY_UNMAP] = 1;
}

static uint64_t features(const VirtioBlkConfig *c)
{
    uint64_t f = F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_TOPOLOGY | (c->n_queues > 1 ? F_MQ : 0);
    if (block_read_only(c->block))
        return f | F_RO;
    return f | (c->discard ? F_DISCARD : 0) | (c->write_zeroes ? F_WRITE_ZEROES : 0);
}

static void resized(void *opaque)
{
    virtio_config_changed(opaque);
}

Virtio *virtio_blk_new(const VirtioBlkConfig *config)
{
    static const VirtioOps ops = {
        .name = "virtio-blk",
        .device = VIRTIO_BLK,
        .class_code = 0x010000,
        .state = &blk_state,
        .config_size = CONFIG_SIZE,
        .config_read = blk_config_read,
        .notify = blk_notify,
        .settle = blk_settle,
    };
    Blk *b = g_new0(Blk, 1);
    virtio_init(&b->virtio, &ops, features(config));
    for (unsigned i = 0; i < config->n_queues; i++)
        virtio_add_queue(&b->virtio, i, QUEUE_SIZE);
    b->config = *config;
    block_on_resize(config->block, resized, b);
    for (unsigned i = 0; i < sizeof(b->serial) && config->serial[i]; i++)
        b->serial[i] = config->serial[i];
    b->config.serial = NULL;
    return &b->virtio;
}
