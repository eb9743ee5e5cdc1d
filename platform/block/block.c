/* SPDX-License-Identifier: MIT
 *
 * Requests, from a device to the image and back: a queue, and threads that come as requests do.
 */
#include "platform/block/image.h"

#include <errno.h>

#include "cpu/log.h"
#include "platform/base/lock.h"

enum { THREADS_MAX = 16 };

struct Block {
    char *id, *option;
    Image *image;
    bool direct, no_flush, writethrough, unmap;
    DriveOnError werror, rerror;
    void (*on_error)(void *opaque, DriveOnError action);
    void *on_error_opaque;
    GMutex lock; /* inside the device lock; what follows is under it */
    GCond work, idle;
    BlockRequest *first, **last;     /* the queue */
    BlockRequest *held, **last_held; /* those that wait for the machine to go on */
    DriveError failed;               /* the last error, if `told` is false */
    bool told;
    unsigned queued, under_way; /* under_way: submitted, and done() has not returned */
    unsigned n_threads, waiting;
    bool ending;
    GThread *threads[THREADS_MAX];
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

static int flush(const Block *b)
{
    return b->no_flush || b->image->read_only ? 0 : b->image->ops->flush(b->image);
}

static int carry_out(const Block *b, const BlockRequest *r)
{
    Image *image = b->image;
    Span span = {r->iov, r->n_iov, 0};
    switch (r->op) {
    case BLOCK_READ:
        return image->ops->read(image, r->offset, &span, r->length);
    case BLOCK_WRITE:
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

/* --- the queue */

static BlockRequest *take(Block *b)
{
    BlockRequest *r = b->first;
    b->first = r->next;
    if (!b->first)
        b->last = &b->first;
    b->queued--;
    return r;
}

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

static void serve(Block *b, BlockRequest *r)
{
    if (!r->error) {
        r->error = carry_out(b, r);
        if (!r->error && b->writethrough && changes(r->op))
            r->error = flush(b);
        if (r->error && host_failed(b, r))
            return;
    }
    device_lock();
    r->done(r->opaque, r->error); /* it may free r */
    device_unlock();
}

static gpointer worker(gpointer opaque)
{
    Block *b = opaque;
    g_mutex_lock(&b->lock);
    for (;;) {
        while (!b->first && !b->ending) {
            b->waiting++;
            g_cond_wait(&b->work, &b->lock);
            b->waiting--;
        }
        if (!b->first)
            break;
        BlockRequest *r = take(b);
        g_mutex_unlock(&b->lock);
        serve(b, r);
        g_mutex_lock(&b->lock);
        if (--b->under_way == 0)
            g_cond_broadcast(&b->idle);
    }
    g_mutex_unlock(&b->lock);
    return NULL;
}

/* Without another thread the request waits for those that there are. */
static bool add_thread(Block *b, GError **error)
{
    GThread *thread = g_thread_try_new("block", worker, b, error);
    if (thread)
        b->threads[b->n_threads++] = thread;
    return thread;
}

/* Under b->lock. */
static void enqueue(Block *b, BlockRequest *r)
{
    r->next = NULL;
    *b->last = r;
    b->last = &r->next;
    b->queued++;
    b->under_way++;
    if (b->queued > b->waiting && b->n_threads < THREADS_MAX)
        add_thread(b, NULL);
    g_cond_signal(&b->work);
}

void block_submit(Block *b, BlockRequest *r)
{
    g_assert(device_lock_held());
    r->error = check(b, r);
    g_mutex_lock(&b->lock);
    enqueue(b, r);
    g_mutex_unlock(&b->lock);
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
        g_mutex_lock(&b->lock);
        enqueue(b, r);
        g_mutex_unlock(&b->lock);
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

Block *block_open(const DriveSpec *spec, GError **error)
{
    Image *image = image_open(spec, error);
    if (!image) {
        g_prefix_error(error, "%s: ", spec->option);
        return NULL;
    }
    Block *b = g_new0(Block, 1);
    b->id = g_strdup(spec->id);
    b->option = g_strdup(spec->option);
    b->image = image;
    b->no_flush = spec->no_flush;
    b->writethrough = spec->writethrough;
    b->unmap = spec->unmap;
    b->direct = spec->direct;
    b->werror = spec->werror;
    b->rerror = spec->rerror;
    b->last = &b->first;
    b->last_held = &b->held;
    b->told = true;
    g_mutex_init(&b->lock);
    g_cond_init(&b->work);
    g_cond_init(&b->idle);
    if (!add_thread(b, error)) {
        g_prefix_error(error, "%s: ", spec->option);
        block_close(b);
        return NULL;
    }
    return b;
}

void block_close(Block *b)
{
    if (!b)
        return;
    g_mutex_lock(&b->lock);
    b->ending = true;
    g_cond_broadcast(&b->work);
    g_mutex_unlock(&b->lock);
    for (unsigned i = 0; i < b->n_threads; i++)
        g_thread_join(b->threads[i]);
    int why = flush(b);
    if (why)
        message_error("%s: what the guest wrote last may not be on the disk: %s", b->option, g_strerror(why));
    image_close(b->image);
    g_mutex_clear(&b->lock);
    g_cond_clear(&b->work);
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

void block_describe(Block *b, DriveInfo *info)
{
    const Image *behind = b->image->backing;
    *info = (DriveInfo){
        .id = b->id,
        .file = file_name(b->image->file),
        .format = b->image->ops->name,
        .backing = behind ? file_name(behind->file) : NULL,
        .size = b->image->size,
        .allocated = file_allocated(b->image->file),
        .read_only = b->image->read_only,
        .direct = b->direct,
        .no_flush = b->no_flush,
        .writethrough = b->writethrough,
    };
    g_mutex_lock(&b->lock);
    info->waits_for = b->held ? b->held->error : 0;
    g_mutex_unlock(&b->lock);
    for (; behind; behind = behind->backing)
        info->depth++;
}
