/* SPDX-License-Identifier: MIT
 *
 * Requests, from a device to those who carry them out and back, and what an error of the host's does to them.
 */
#include "platform/block/aio.h"

#include <errno.h>
#include <string.h>

#include "cpu/log.h"
#include "cpu/timeline.h"
#include "platform/base/lock.h"

struct Block {
    char *id, *option;
    Image *image;
    AioClient client;
    Workers *workers;
    Uring *uring; /* NULL: the workers carry out everything */
    bool direct, no_flush, writethrough, unmap;
    DriveZeros zeros;
    DriveOnError werror, rerror;
    void (*on_error)(void *opaque, DriveOnError action);
    void *on_error_opaque;
    void (*on_resize)(void *opaque); /* under the device lock */
    void *on_resize_opaque;
    bool node;
    GMutex lock; /* inside the device lock; what follows is under it */
    GCond idle;
    BlockRequest *held, **last_held; /* those that wait for the machine to go on */
    DriveCount count[DRIVE_OPS];
    uint64_t highest;
    DriveError failed; /* the last error, if `told` is false */
    bool told;
    unsigned under_way; /* submitted, and done() has not returned */
};

/* --- one request */

static bool changes(BlockOp op)
{
    return op == BLOCK_WRITE || op == BLOCK_DISCARD || op == BLOCK_WRITE_ZEROES;
}

/* What is wrong with a request, whoever made it: the one place that looks. */
static int check(const Block *b, const BlockRequest *r)
{
    if (r->op == BLOCK_FLUSH)
        return 0;
    if (r->offset > b->image->size || r->length > b->image->size - r->offset)
        return EINVAL;
    if ((r->op == BLOCK_READ || r->op == BLOCK_WRITE) && span_room(r->iov, r->n_iov) < r->length)
        return EINVAL;
    return changes(r->op) && b->image->read_only ? EROFS : 0;
}

static bool flushes(const Block *b)
{
    return !b->no_flush && !b->image->read_only;
}

static int flush(const Block *b)
{
    return flushes(b) ? b->image->ops->flush(b->image) : 0;
}

static int operate(const Block *b, const BlockRequest *r)
{
    Image *image = b->image;
    Span span = {r->iov, r->n_iov, 0};
    switch (r->op) {
    case BLOCK_READ:
        return image->ops->read(image, r->offset, &span, r->length);
    case BLOCK_WRITE:
        if (b->zeros && span_is_zero(&span, r->length))
            return image->ops->zero(image, r->offset, r->length, b->zeros == DRIVE_ZEROS_UNMAPPED);
        return image->ops->write(image, r->offset, &span, r->length);
    case BLOCK_FLUSH:
        return flush(b);
    case BLOCK_DISCARD:
        return b->unmap ? image->ops->discard(image, r->offset, r->length) : 0;
    case BLOCK_WRITE_ZEROES:
        return image->ops->zero(image, r->offset, r->length, r->may_unmap && b->unmap);
    }
    return EINVAL;
}

static int carry_out(void *opaque, const BlockRequest *r)
{
    const Block *b = opaque;
    int error = operate(b, r);
    return !error && b->writethrough && changes(r->op) ? flush(b) : error;
}

/* --- errors of the host's */

/* What werror= or rerror= says of an error. */
static DriveOnError action_for(const Block *b, const BlockRequest *r, int error)
{
    DriveOnError action = r->op == BLOCK_READ ? b->rerror : b->werror;
    if (action == DRIVE_ON_ERROR_ENOSPC)
        action = error == ENOSPC ? DRIVE_ON_ERROR_STOP : DRIVE_ON_ERROR_REPORT;
    return action;
}

/* An error of the host's.  True: the request waits, and is the machine's to try again. */
static bool host_failed(Block *b, BlockRequest *r)
{
    DriveOnError action = action_for(b, r, r->error);
    g_mutex_lock(&b->lock);
    b->failed = (DriveError){r->op == BLOCK_READ, action, r->error};
    b->told = false;
    if (action == DRIVE_ON_ERROR_STOP) {
        r->next = NULL;
        *b->last_held = r;
        b->last_held = &r->next;
    }
    g_mutex_unlock(&b->lock);
    if (action == DRIVE_ON_ERROR_IGNORE)
        r->error = 0;
    if (b->on_error)
        b->on_error(b->on_error_opaque, action);
    return action == DRIVE_ON_ERROR_STOP;
}

/* --- requests on their way */

static void count(Block *b, const BlockRequest *r)
{
    g_mutex_lock(&b->lock);
    DriveCount *c = &b->count[r->op];
    if (r->error)
        c->failed++;
    else {
        c->done++;
        c->bytes += r->op == BLOCK_FLUSH ? 0 : r->length;
        if (r->op == BLOCK_WRITE)
            b->highest = MAX(b->highest, r->offset + r->length);
    }
    c->us += (timeline_ns() - r->since_ns) / 1000;
    g_mutex_unlock(&b->lock);
}

static const char *const op_names[] = {
    [BLOCK_READ] = "read",
    [BLOCK_WRITE] = "write",
    [BLOCK_FLUSH] = "flush",
    [BLOCK_DISCARD] = "discard",
    [BLOCK_WRITE_ZEROES] = "write zeroes",
};

/* Those that are done; the device lock is taken once for all of them. */
static void finished(void *opaque, BlockRequest *list)
{
    Block *b = opaque;
    unsigned n = 0;
    device_lock();
    for (BlockRequest *r = list, *next; r; r = next, n++) {
        next = r->next;
        count(b, r);
        timeline_span(TIMELINE_BLOCK, TIMELINE_LANE_BLOCK, op_names[r->op], r->since_ns, r->length);
        if (!r->error || r->settled || !host_failed(b, r))
            r->done(r->opaque, r->error); /* it may free r */
    }
    device_unlock();
    g_mutex_lock(&b->lock);
    b->under_way -= n;
    if (!b->under_way)
        g_cond_broadcast(&b->idle);
    g_mutex_unlock(&b->lock);
}

static void send(Block *b, BlockRequest *r)
{
    g_mutex_lock(&b->lock);
    b->under_way++;
    g_mutex_unlock(&b->lock);
    if (b->uring)
        uring_submit(b->uring, r);
    else
        workers_submit(b->workers, r);
}

void block_submit(Block *b, BlockRequest *r)
{
    g_assert(device_lock_held());
    r->error = check(b, r);
    r->since_ns = timeline_ns();
    r->settled = r->error || (r->op == BLOCK_FLUSH && !flushes(b));
    send(b, r);
}

static bool is_idle(Block *b)
{
    g_mutex_lock(&b->lock);
    bool idle = !b->under_way;
    g_mutex_unlock(&b->lock);
    return idle;
}

void block_settle(Block *b)
{
    g_assert(device_lock_held());
    while (!is_idle(b)) {
        device_unlock();
        g_mutex_lock(&b->lock);
        while (b->under_way)
            g_cond_wait(&b->idle, &b->lock);
        g_mutex_unlock(&b->lock);
        device_lock();
    }
}

/* --- requests that wait for the machine to go on */

static BlockRequest *take_held(Block *b)
{
    g_mutex_lock(&b->lock);
    BlockRequest *r = b->held;
    b->held = NULL;
    b->last_held = &b->held;
    g_mutex_unlock(&b->lock);
    return r;
}

void block_retry(Block *b)
{
    for (BlockRequest *r = take_held(b), *next; r; r = next) {
        next = r->next;
        r->error = 0;
        send(b, r);
    }
}

void block_drain(Block *b)
{
    BlockRequest *held = NULL;
    do {
        block_settle(b);
        held = take_held(b);
        for (BlockRequest *r = held, *next; r; r = next) {
            next = r->next;
            r->done(r->opaque, r->error); /* it may free r */
        }
    } while (held);
}

void block_on_error(Block *b, void (*fn)(void *opaque, DriveOnError action), void *opaque)
{
    b->on_error = fn;
    b->on_error_opaque = opaque;
}

bool block_take_error(Block *b, DriveError *error)
{
    g_mutex_lock(&b->lock);
    bool is_new = !b->told;
    *error = b->failed;
    b->told = true;
    g_mutex_unlock(&b->lock);
    return is_new;
}

/* --- begin and end */

static bool begin_aio(Block *b, DriveAio aio, GError **error)
{
    g_autoptr(GError) why = NULL;
    b->client = (AioClient){carry_out, finished, b, b->image, b->writethrough && flushes(b), b->zeros};
    b->workers = workers_new(&b->client, error);
    if (b->workers && aio != DRIVE_AIO_THREADS)
        b->uring = uring_new(&b->client, b->workers, &why);
    if (why && aio == DRIVE_AIO_IO_URING)
        message_warning("%s: aio=io_uring: %s; threads carry out its requests", b->option, why->message);
    return b->workers;
}

Block *block_open(const DriveSpec *spec, GError **error)
{
    Image *image = image_open(spec, error);
    if (!image) {
        g_prefix_error(error, "%s: ", spec->option);
        return NULL;
    }
    Block *b = g_new0(Block, 1);
    b->id = g_strdup(spec->id);
    b->node = spec->node;
    b->option = g_strdup(spec->option);
    b->image = image;
    b->no_flush = spec->no_flush;
    b->writethrough = spec->writethrough;
    b->unmap = spec->unmap;
    b->direct = spec->direct;
    b->zeros = spec->zeros;
    b->werror = spec->werror;
    b->rerror = spec->rerror;
    b->last_held = &b->held;
    b->told = true;
    g_mutex_init(&b->lock);
    g_cond_init(&b->idle);
    if (begin_aio(b, spec->aio, error))
        return b;
    g_prefix_error(error, "%s: ", spec->option);
    block_close(b);
    return NULL;
}

void block_close(Block *b)
{
    if (!b)
        return;
    if (b->uring)
        uring_free(b->uring);
    if (b->workers)
        workers_free(b->workers);
    int why = flush(b);
    if (why)
        message_error("%s: what the guest wrote last may not be on the disk: %s", b->option, g_strerror(why));
    image_close(b->image);
    g_mutex_clear(&b->lock);
    g_cond_clear(&b->idle);
    g_free(b->id);
    g_free(b->option);
    g_free(b);
}

/* --- what a device asks */

const char *block_id(const Block *b)
{
    return b->id;
}

uint64_t block_size(const Block *b)
{
    return b->image->size;
}

bool block_read_only(const Block *b)
{
    return b->image->read_only;
}

bool block_discards(const Block *b)
{
    return b->unmap && !b->image->read_only;
}

bool block_write_cache(const Block *b)
{
    return !b->writethrough;
}

unsigned block_sector_size(const Block *b)
{
    return file_sector_size(b->image->file);
}

void block_on_resize(Block *b, void (*fn)(void *opaque), void *opaque)
{
    b->on_resize = fn;
    b->on_resize_opaque = opaque;
}

bool block_resize(Block *b, uint64_t size, GError **error)
{
    Image *image = b->image;
    const char *why_not = !b->on_resize                             ? "its device has one size"
                          : image->read_only                        ? "it is read-only"
                          : !image->ops->resize                     ? "images of its format keep their size here"
                          : size % 512 || !size || size > INT64_MAX ? "a size is a multiple of 512 bytes"
                                                                    : NULL;
    int failed = 0;
    if (!why_not) {
        block_settle(b);
        failed = image->ops->resize(image, size);
        why_not = failed ? g_strerror(failed) : NULL;
    }
    if (why_not)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "drive '%s': %s", b->id, why_not);
    else
        b->on_resize(b->on_resize_opaque);
    return !why_not;
}

void block_describe(Block *b, DriveInfo *info)
{
    const Image *behind = b->image->backing;
    *info = (DriveInfo){
        .id = b->id,
        .node = b->node,
        .zeros = b->zeros,
        .snapshots = b->image->snapshots,
        .file = file_name(b->image->file),
        .format = b->image->ops->name,
        .backing = behind ? file_name(behind->file) : NULL,
        .size = b->image->size,
        .allocated = file_allocated(b->image->file),
        .read_only = b->image->read_only,
        .direct = b->direct,
        .no_flush = b->no_flush,
        .writethrough = b->writethrough,
        .io_uring = b->uring,
    };
    g_mutex_lock(&b->lock);
    info->highest = b->highest;
    memcpy(info->count, b->count, sizeof(b->count));
    info->waits_for = b->held ? b->held->error : 0;
    g_mutex_unlock(&b->lock);
    for (; behind; behind = behind->backing)
        info->depth++;
}
