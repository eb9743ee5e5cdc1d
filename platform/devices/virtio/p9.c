/* SPDX-License-Identifier: MIT
 *
 * Messages are served in a thread of the device's own, one after the other, so that neither a vCPU nor the main thread waits for the host's
 * disks.  That thread sees copies of messages and answers alone: the guest's memory and the queue are the main thread's.
 */
#include "platform/devices/virtio/p9.h"

#include <string.h>

#include "platform/devices/virtio/virtq.h"

enum { QUEUE = 0, QUEUE_SIZE = 128, TAG = 2 /* in the configuration, behind its length */ };
#define F_MOUNT_TAG (UINT64_C(1) << 0)

/* A request on its way. */
typedef struct Job {
    VirtqRequest *request;
    size_t size, room, answered; /* bytes of the message, that there are for the answer, and that it has */
    uint8_t *reply;
    uint8_t message[];
} Job;

typedef struct P9 {
    Virtio virtio;
    VirtioP9Config config;
    GThread *thread;
    GMutex lock; /* of what follows */
    GCond moves;
    GQueue asked, answered; /* of Job* */
    bool busy, ends;        /* a job is in neither of them; the thread is to end */
} P9;

static const StateField p9_derived[] = {
    STATE_DERIVED(P9, virtio), STATE_DERIVED(P9, config),   STATE_DERIVED(P9, thread),
    STATE_DERIVED(P9, lock),   STATE_DERIVED(P9, moves),    STATE_DERIVED(P9, asked),
    STATE_DERIVED(P9, busy),   STATE_DERIVED(P9, answered), STATE_DERIVED(P9, ends),
};
STATE_STRUCT_DERIVED(P9, p9);

static void job_free(Job *job)
{
    g_free(job->reply);
    g_free(job);
}

/* --- the thread */

static gpointer serve(gpointer opaque)
{
    P9 *p = opaque;
    g_mutex_lock(&p->lock);
    while (true) {
        Job *job;
        while (!(job = g_queue_pop_head(&p->asked)) && !p->ends)
            g_cond_wait(&p->moves, &p->lock);
        if (!job)
            break;
        p->busy = true;
        g_mutex_unlock(&p->lock);
        job->reply = g_malloc(job->room);
        job->answered = share_serve(p->config.share, job->message, job->size, job->reply, job->room);
        g_mutex_lock(&p->lock);
        p->busy = false;
        g_queue_push_tail(&p->answered, job);
        g_cond_broadcast(&p->moves);
        event_signal(p->config.served);
    }
    g_mutex_unlock(&p->lock);
    return NULL;
}

/* --- the queue */

static Job *next_answered(P9 *p)
{
    g_mutex_lock(&p->lock);
    Job *job = g_queue_pop_head(&p->answered);
    g_mutex_unlock(&p->lock);
    return job;
}

/* What is no message gets no answer, and its sender no other one until it resets the device. */
static void answer(void *opaque)
{
    P9 *p = opaque;
    Virtio *v = &p->virtio;
    bool any = false;
    for (Job *job; (job = next_answered(p)); any = true) {
        if (!job->answered && job->request->epoch == v->epoch)
            virtio_fail(v, "a request of %zu bytes that is no message, or without room for an answer", job->size);
        virtq_push(v, job->request, virtq_write(job->request, 0, job->reply, job->answered));
        job_free(job);
    }
    if (any)
        virtq_tell(v, QUEUE);
}

static void p9_notify(Virtio *v, unsigned queue)
{
    P9 *p = (P9 *)v;
    for (VirtqRequest *r; (r = virtq_pop(v, QUEUE));) {
        const size_t size = (size_t)MIN(r->out_size, SHARE_MESSAGE_MAX);
        Job *job = g_malloc(sizeof(*job) + size);
        *job = (Job){.request = r, .size = size, .room = (size_t)MIN(r->in_size, SHARE_MESSAGE_MAX)};
        virtq_read(r, 0, job->message, size);
        g_mutex_lock(&p->lock);
        g_queue_push_tail(&p->asked, job);
        g_cond_broadcast(&p->moves);
        g_mutex_unlock(&p->lock);
    }
}

/* The thread needs no lock of the machine's, so it comes to an end of what it was asked. */
static void p9_settle(Virtio *v)
{
    P9 *p = (P9 *)v;
    g_mutex_lock(&p->lock);
    while (p->asked.length || p->busy)
        g_cond_wait(&p->moves, &p->lock);
    g_mutex_unlock(&p->lock);
    answer(p);
}

static void p9_reset(Virtio *v)
{
    share_forget(((P9 *)v)->config.share);
}

/* --- the device */

static void p9_config_read(Virtio *v, uint8_t *config, bool big)
{
    const char *tag = ((P9 *)v)->config.tag;
    virtio_put16(config, (uint16_t)strlen(tag), big);
    memcpy(config + TAG, tag, strlen(tag));
}

static void p9_free(Virtio *v)
{
    P9 *p = (P9 *)v;
    g_mutex_lock(&p->lock);
    p->ends = true;
    g_cond_broadcast(&p->moves);
    g_mutex_unlock(&p->lock);
    g_thread_join(p->thread);
    for (Job *job; (job = g_queue_pop_head(&p->answered)); job_free(job))
        virtq_drop(v, job->request);
    g_mutex_clear(&p->lock);
    g_cond_clear(&p->moves);
    g_free(p);
}

Virtio *virtio_p9_new(const VirtioP9Config *config)
{
    static const VirtioOps ops = {
        .name = "virtio-9p",
        .device = VIRTIO_9P,
        .class_code = 0x00ff00,
        .state = &p9_state,
        .config_size = TAG + VIRTIO_9P_TAG_MAX,
        .config_read = p9_config_read,
        .notify = p9_notify,
        .settle = p9_settle,
        .reset = p9_reset,
        .free = p9_free,
    };
    P9 *p = g_new0(P9, 1);
    g_assert(strlen(config->tag) <= VIRTIO_9P_TAG_MAX);
    virtio_init(&p->virtio, &ops, F_MOUNT_TAG);
    virtio_add_queue(&p->virtio, QUEUE, QUEUE_SIZE);
    p->config = *config;
    g_mutex_init(&p->lock);
    g_cond_init(&p->moves);
    event_listen(config->served, answer, p);
    p->thread = g_thread_new("9p", serve, p);
    return &p->virtio;
}
