/* SPDX-License-Identifier: MIT
 *
 * The NVM command set (§6): each command becomes requests to the drive.
 */
#include <errno.h>
#include <string.h>

#include "platform/devices/pci/nvme_priv.h"

enum { FLUSH = 0x00, WRITE = 0x01, READ = 0x02, WRITE_ZEROES = 0x08, DATASET = 0x09 };
enum { DEALLOCATE_RANGES = 4 /* AD of a dataset management command */ };
#define FORCE_UNIT_ACCESS (1u << 30)
#define DEALLOCATE        (1u << 25)

/* As in the guest's memory (figure 368) */
typedef struct Range {
    uint32_t attributes, blocks;
    uint64_t lba;
} Range;

/* A command while the drive has it. */
typedef struct Job {
    Nvme *n;
    NvmeCommand command;
    BlockRequest block;
    Range *range; /* of a deallocation; owned */
    unsigned n_ranges, at;
    unsigned n_pieces;
    MemoryMap *piece; /* behind iov */
    struct iovec iov[];
} Job;

static NvmeStatus status_of(const Job *job, int error)
{
    switch (error) {
    case 0:
        return NVME_OK;
    case EROFS:
        return NVME_WRITE_PROTECTED | NVME_DO_NOT_RETRY;
    case ENOSPC:
        return NVME_NO_CAPACITY | NVME_DO_NOT_RETRY;
    default:
        return (job->block.op == BLOCK_READ ? NVME_READ_ERROR : NVME_WRITE_FAULT) | NVME_DO_NOT_RETRY;
    }
}

static void finish(Job *job, int error)
{
    Nvme *n = job->n;
    NvmeStatus status = status_of(job, error);
    n->media_errors += error && error != EROFS && error != ENOSPC;
    nvme_unmap(n, job->piece, job->n_pieces);
    nvme_complete(n, &job->command, 0, status);
    g_free(job->range);
    g_free(job);
}

/* A driver that turned the write cache off, or wants this command not to be lost, is answered when the data are on the disk. */
static bool flush_follows(const Job *job)
{
    const Nvme *n = job->n;
    return (job->block.op == BLOCK_WRITE || job->block.op == BLOCK_WRITE_ZEROES) && block_write_cache(n->block) &&
           (!(n->feature[NVME_F_WRITE_CACHE] & 1) || NVME_CDW(&job->command, 12) & FORCE_UNIT_ACCESS);
}

static void set_range(Job *job)
{
    const Range *range = &job->range[job->at];
    job->block.offset = range->lba * NVME_BLOCK;
    job->block.length = (uint64_t)range->blocks * NVME_BLOCK;
}

static void done(void *opaque, int error)
{
    Job *job = opaque;
    if (!error && ++job->at < job->n_ranges)
        set_range(job);
    else if (!error && flush_follows(job))
        job->block.op = BLOCK_FLUSH;
    else {
        finish(job, error);
        return;
    }
    block_submit(job->n->block, &job->block);
}

static Job *new_job(Nvme *n, const NvmeCommand *c, BlockOp op, unsigned pieces)
{
    Job *job = g_malloc(sizeof(Job) + pieces * (sizeof(struct iovec) + sizeof(MemoryMap)));
    *job = (Job){.n = n, .command = *c, .n_pieces = pieces, .block = {.op = op, .done = done, .opaque = job}};
    job->piece = (MemoryMap *)(void *)&job->iov[pieces];
    return job;
}

static NvmeStatus submit(Job *job)
{
    block_submit(job->n->block, &job->block);
    return NVME_PENDING;
}

/* --- the commands */

static bool fits(const Nvme *n, uint64_t lba, uint64_t blocks)
{
    const uint64_t size = block_size(n->block) / NVME_BLOCK;
    return lba <= size && blocks <= size - lba;
}

static NvmeStatus transfer(Nvme *n, const NvmeCommand *c, uint64_t lba, uint64_t blocks)
{
    NvmeData data;
    const bool in = c->opcode == READ;
    NvmeStatus status = nvme_map(n, c, blocks * NVME_BLOCK, in, &data);
    if (status != NVME_OK)
        return status;
    Job *job = new_job(n, c, in ? BLOCK_READ : BLOCK_WRITE, data.n);
    memcpy(job->piece, data.piece, data.n * sizeof(data.piece[0]));
    job->block.iov = job->iov;
    job->block.n_iov = nvme_iov(&data, job->iov);
    job->block.offset = lba * NVME_BLOCK;
    job->block.length = blocks * NVME_BLOCK;
    *(in ? &n->reads : &n->writes) += 1;
    *(in ? &n->sectors_read : &n->sectors_written) += blocks;
    return submit(job);
}

static NvmeStatus write_zeroes(Nvme *n, const NvmeCommand *c, uint64_t lba, uint64_t blocks)
{
    Job *job = new_job(n, c, BLOCK_WRITE_ZEROES, 0);
    job->block.offset = lba * NVME_BLOCK;
    job->block.length = blocks * NVME_BLOCK;
    job->block.may_unmap = NVME_CDW(c, 12) & DEALLOCATE;
    return submit(job);
}

/* Read, Write and Write Zeroes name blocks alike. */
static NvmeStatus on_blocks(Nvme *n, const NvmeCommand *c)
{
    const uint64_t lba = NVME_CDW(c, 10) | (uint64_t)NVME_CDW(c, 11) << 32, blocks = (NVME_CDW(c, 12) & 0xffff) + UINT64_C(1);
    if (!fits(n, lba, blocks))
        return NVME_BAD_LBA | NVME_DO_NOT_RETRY;
    if (c->opcode != READ && block_read_only(n->block))
        return NVME_WRITE_PROTECTED | NVME_DO_NOT_RETRY;
    return c->opcode == WRITE_ZEROES ? write_zeroes(n, c, lba, blocks) : transfer(n, c, lba, blocks);
}

/* What the guest says of ranges beside that it needs them no more is advice. */
static NvmeStatus dataset(Nvme *n, const NvmeCommand *c)
{
    const unsigned ranges = (NVME_CDW(c, 10) & 0xff) + 1;
    g_autofree Range *range = g_new(Range, ranges);
    NvmeStatus status = nvme_from_guest(n, c, range, ranges * sizeof(Range));
    if (status != NVME_OK)
        return status;
    for (unsigned i = 0; i < ranges; i++) {
        range[i].blocks = GUINT32_FROM_LE(range[i].blocks);
        range[i].lba = GUINT64_FROM_LE(range[i].lba);
        if (!fits(n, range[i].lba, range[i].blocks))
            return NVME_BAD_LBA | NVME_DO_NOT_RETRY;
    }
    if (!(NVME_CDW(c, 11) & DEALLOCATE_RANGES))
        return NVME_OK;
    if (block_read_only(n->block))
        return NVME_WRITE_PROTECTED | NVME_DO_NOT_RETRY;
    Job *job = new_job(n, c, BLOCK_DISCARD, 0);
    job->range = g_steal_pointer(&range);
    job->n_ranges = ranges;
    set_range(job);
    return submit(job);
}

NvmeStatus nvme_io(Nvme *n, const NvmeCommand *c)
{
    if (c->flags & 3) /* half of a fused operation */
        return NVME_BAD_FIELD | NVME_DO_NOT_RETRY;
    if (c->nsid != NVME_NAMESPACE && !(c->opcode == FLUSH && c->nsid == NVME_ALL_NAMESPACES))
        return NVME_BAD_NAMESPACE | NVME_DO_NOT_RETRY;
    switch (c->opcode) {
    case FLUSH:
        return submit(new_job(n, c, BLOCK_FLUSH, 0));
    case WRITE:
    case READ:
    case WRITE_ZEROES:
        return on_blocks(n, c);
    case DATASET:
        return dataset(n, c);
    default:
        return NVME_BAD_OPCODE | NVME_DO_NOT_RETRY;
    }
}
