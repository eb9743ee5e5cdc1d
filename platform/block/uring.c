/* SPDX-License-Identifier: MIT
 *
 * Requests by io_uring(7): a thread gives the kernel all that were submitted since it looked last, in one system call which returns when
 * some of them are done, and the client hears of those together.
 */
#include "platform/block/aio.h"

#include <errno.h>
#include <liburing.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpu/fault.h"

enum { DEPTH = 128 }; /* requests that the kernel has at a time; others wait */

/* A request that the kernel has. */
typedef struct Flight {
    BlockRequest *request;
    Span span; /* what is left of it */
    uint64_t offset, left;
    FilePiece piece; /* of that, what the kernel was asked for */
    struct Flight *next_free;
} Flight;

struct Uring {
    const AioClient *client;
    Workers *others;
    struct io_uring ring;
    bool has_ring;
    int wake; /* eventfd: something was submitted while the thread slept */
    uint64_t woken;
    struct iovec woken_iov;
    GThread *thread;
    GMutex lock; /* what follows is under it */
    BlockRequest *first, **last;
    GCond ready;
    bool is_ready, asleep, ending;
    int why_not; /* errno */
    /* The thread's own */
    Flight flights[DEPTH], *free;
    BlockRequest *done, **last_done;
};

/* --- one request */

/* Its SQE; there is one for each flight and one for `wake`, and all are given to the kernel before others are made. */
static struct io_uring_sqe *new_sqe(Uring *u, void *data)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
    g_assert(sqe);
    io_uring_sqe_set_data(sqe, data);
    return sqe;
}

static void end(Uring *u, Flight *f, int error)
{
    BlockRequest *r = f->request;
    r->error = error;
    r->next = NULL;
    *u->last_done = r;
    u->last_done = &r->next;
    f->next_free = u->free;
    u->free = f;
}

static void ask_flush(Uring *u, Flight *f)
{
    f->left = 0;
    f->piece.fd = -1;
    int error = fault_errno_here(FAULT_BLOCK_FLUSH);
    if (error)
        end(u, f, error);
    else
        io_uring_prep_fsync(new_sqe(u, f), file_descriptor(u->client->image->file), IORING_FSYNC_DATASYNC);
}

/* What is left of a transfer, as far as a piece holds it. */
static void ask_transfer(Uring *u, Flight *f)
{
    FilePiece *p = &f->piece;
    file_piece(u->client->image->file, f->offset, &f->span, f->left, p);
    if (f->request->op == BLOCK_READ)
        io_uring_prep_readv(new_sqe(u, f), p->fd, p->iov, p->n, p->offset);
    else
        io_uring_prep_writev(new_sqe(u, f), p->fd, p->iov, p->n, p->offset);
}

static void begin(Uring *u, BlockRequest *r)
{
    Flight *f = u->free;
    u->free = f->next_free;
    *f = (Flight){.request = r, .span = {r->iov, r->n_iov, 0}, .offset = r->offset, .left = r->length};
    int error = r->op == BLOCK_FLUSH ? 0 : fault_errno_here(r->op == BLOCK_READ ? FAULT_BLOCK_READ : FAULT_BLOCK_WRITE);
    if (error)
        end(u, f, error);
    else if (r->op == BLOCK_FLUSH)
        ask_flush(u, f);
    else
        ask_transfer(u, f);
}

/* The kernel moved n bytes of it. */
static void went_on(Uring *u, Flight *f, uint64_t n)
{
    bool read = f->request->op == BLOCK_READ;
    if (!n && !read) {
        end(u, f, ENOSPC);
        return;
    }
    if (!n) /* the file ends here */
        span_zero(&f->span, n = f->left);
    else if (read)
        span_skip(&f->span, n);
    else {
        file_wrote(u->client->image->file, f->offset, f->piece.iov, n);
        span_skip(&f->span, n);
    }
    f->offset += n;
    f->left -= n;
    if (f->left)
        ask_transfer(u, f);
    else if (!read && u->client->flushes)
        ask_flush(u, f);
    else
        end(u, f, 0);
}

static void completed(Uring *u, Flight *f, int result)
{
    bool again = result == -EINTR || result == -EAGAIN, flush = f->piece.fd < 0;
    if (again && !flush)
        ask_transfer(u, f);
    else if (again)
        io_uring_prep_fsync(new_sqe(u, f), file_descriptor(u->client->image->file), IORING_FSYNC_DATASYNC);
    else if (result < 0)
        end(u, f, -result);
    else if (flush) {
        file_flushed(u->client->image->file);
        end(u, f, 0);
    } else
        went_on(u, f, (uint64_t)result);
}

/* --- the thread */

static void listen_for_wake(Uring *u)
{
    u->woken_iov = (struct iovec){&u->woken, sizeof(u->woken)};
    io_uring_prep_readv(new_sqe(u, u), u->wake, &u->woken_iov, 1, 0);
}

/* What the kernel is not asked for goes to the workers at once. */
static bool is_ours(const Uring *u, const BlockRequest *r)
{
    if (r->op == BLOCK_WRITE && u->client->reads_writes)
        return false;
    return !r->settled && u->client->image->ops->in_place && u->client->image->ops->in_place(u->client->image, r);
}

/* False: the end has come. */
static bool take_submitted(Uring *u)
{
    g_mutex_lock(&u->lock);
    while (u->first && u->free) {
        BlockRequest *r = u->first;
        u->first = r->next;
        if (!u->first)
            u->last = &u->first;
        if (is_ours(u, r))
            begin(u, r);
        else
            workers_submit(u->others, r);
    }
    u->asleep = !u->first;
    bool ending = u->ending;
    g_mutex_unlock(&u->lock);
    return !ending;
}

static void reap(Uring *u)
{
    struct io_uring_cqe *cqe;
    while (io_uring_peek_cqe(&u->ring, &cqe) == 0) {
        void *data = io_uring_cqe_get_data(cqe);
        int result = cqe->res;
        io_uring_cqe_seen(&u->ring, cqe);
        if (data == u)
            listen_for_wake(u);
        else
            completed(u, data, result);
    }
}

static void tell(Uring *u)
{
    BlockRequest *done = u->done;
    u->done = NULL;
    u->last_done = &u->done;
    if (done)
        u->client->finished(u->client->opaque, done);
}

/* 0 or an errno.  liburing has functions for this, which the shared libraries of 2.3 do not export. */
static int register_with(const struct io_uring *ring, unsigned what, void *argument, unsigned n)
{
    return syscall(SYS_io_uring_register, ring->ring_fd, what, argument, n) < 0 ? errno : 0;
}

/* To what new_sqe()'s callers ask for. */
static int restrict_ring(const struct io_uring *ring)
{
    static const uint8_t ops[] = {IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC};
    struct io_uring_restriction rules[G_N_ELEMENTS(ops)] = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(ops); i++) {
        rules[i].opcode = IORING_RESTRICTION_SQE_OP;
        rules[i].sqe_op = ops[i];
    }
    return register_with(ring, IORING_REGISTER_RESTRICTIONS, rules, G_N_ELEMENTS(rules));
}

int uring_ring_open(struct io_uring *ring, unsigned entries)
{
    const unsigned closed = IORING_SETUP_R_DISABLED; /* until it is restricted */
    int error = -io_uring_queue_init(entries, ring, closed | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
    if (error == EINVAL)
        error = -io_uring_queue_init(entries, ring, closed);
    if (error)
        return error;
    if (!(error = restrict_ring(ring)))
        error = register_with(ring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
    if (error)
        io_uring_queue_exit(ring);
    return error;
}

/* 0 or an errno.  The ring is this thread's alone, so that kernels which know the first way need not interrupt it. */
static int set_up(Uring *u)
{
    int error = fault_errno_here(FAULT_IO_URING);
    if (!error)
        error = uring_ring_open(&u->ring, 2 * DEPTH);
    u->has_ring = !error;
    return error;
}

static bool is_set_up(Uring *u)
{
    int error = set_up(u);
    g_mutex_lock(&u->lock);
    u->why_not = error;
    u->is_ready = true;
    g_cond_signal(&u->ready);
    g_mutex_unlock(&u->lock);
    return !error;
}

static gpointer run(gpointer opaque)
{
    Uring *u = opaque;
    if (!is_set_up(u))
        return NULL;
    listen_for_wake(u);
    while (take_submitted(u)) {
        io_uring_submit_and_wait(&u->ring, u->done ? 0 : 1);
        reap(u);
        tell(u);
    }
    return NULL;
}

/* --- from outside */

void uring_submit(Uring *u, BlockRequest *r)
{
    g_mutex_lock(&u->lock);
    r->next = NULL;
    *u->last = r;
    u->last = &r->next;
    bool wake = u->asleep;
    u->asleep = false;
    g_mutex_unlock(&u->lock);
    if (wake)
        eventfd_write(u->wake, 1);
}

static bool start(Uring *u, GError **error)
{
    u->wake = eventfd(0, EFD_CLOEXEC);
    u->why_not = u->wake < 0 ? errno : 0;
    if (u->wake >= 0 && !(u->thread = g_thread_try_new("block", run, u, error)))
        return false;
    g_mutex_lock(&u->lock);
    while (u->thread && !u->is_ready)
        g_cond_wait(&u->ready, &u->lock);
    g_mutex_unlock(&u->lock);
    if (u->why_not)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(u->why_not), "the host's kernel refuses io_uring: %s",
                    g_strerror(u->why_not));
    return !u->why_not;
}

Uring *uring_new(const AioClient *client, Workers *others, GError **error)
{
    Uring *u = g_new0(Uring, 1);
    u->client = client;
    u->others = others;
    u->last = &u->first;
    u->last_done = &u->done;
    u->wake = -1;
    g_mutex_init(&u->lock);
    g_cond_init(&u->ready);
    for (unsigned i = 0; i < DEPTH; i++) {
        u->flights[i].next_free = u->free;
        u->free = &u->flights[i];
    }
    if (start(u, error))
        return u;
    uring_free(u);
    return NULL;
}

void uring_free(Uring *u)
{
    g_mutex_lock(&u->lock);
    u->ending = true;
    g_mutex_unlock(&u->lock);
    if (u->thread) {
        eventfd_write(u->wake, 1);
        g_thread_join(u->thread);
    }
    if (u->has_ring)
        io_uring_queue_exit(&u->ring);
    if (u->wake >= 0)
        close(u->wake);
    g_mutex_clear(&u->lock);
    g_cond_clear(&u->ready);
    g_free(u);
}
