/* SPDX-License-Identifier: MIT
 *
 * Threads that come as requests do, and stay.
 */
#include "platform/block/aio.h"

enum { THREADS_MAX = 16 };

struct Workers {
    const AioClient *client;
    GMutex lock; /* what follows is under it */
    GCond work;
    BlockRequest *first, **last;
    unsigned queued, waiting, n_threads;
    bool ending;
    GThread *threads[THREADS_MAX];
};

static BlockRequest *take(Workers *w)
{
    BlockRequest *r = w->first;
    w->first = r->next;
    if (!w->first)
        w->last = &w->first;
    w->queued--;
    return r;
}

static void carry_out(const AioClient *client, BlockRequest *r)
{
    if (!r->settled)
        r->error = client->carry_out(client->opaque, r);
    r->next = NULL;
    client->finished(client->opaque, r);
}

static gpointer worker(gpointer opaque)
{
    Workers *w = opaque;
    g_mutex_lock(&w->lock);
    for (;;) {
        while (!w->first && !w->ending) {
            w->waiting++;
            g_cond_wait(&w->work, &w->lock);
            w->waiting--;
        }
        if (!w->first)
            break;
        BlockRequest *r = take(w);
        g_mutex_unlock(&w->lock);
        carry_out(w->client, r);
        g_mutex_lock(&w->lock);
    }
    g_mutex_unlock(&w->lock);
    return NULL;
}

/* Without another thread the request waits for those that there are. */
static bool add_thread(Workers *w, GError **error)
{
    GThread *thread = g_thread_try_new("block", worker, w, error);
    if (thread)
        w->threads[w->n_threads++] = thread;
    return thread;
}

Workers *workers_new(const AioClient *client, GError **error)
{
    Workers *w = g_new0(Workers, 1);
    w->client = client;
    w->last = &w->first;
    g_mutex_init(&w->lock);
    g_cond_init(&w->work);
    if (add_thread(w, error))
        return w;
    workers_free(w);
    return NULL;
}

void workers_submit(Workers *w, BlockRequest *r)
{
    g_mutex_lock(&w->lock);
    r->next = NULL;
    *w->last = r;
    w->last = &r->next;
    w->queued++;
    if (w->queued > w->waiting && w->n_threads < THREADS_MAX)
        add_thread(w, NULL);
    g_cond_signal(&w->work);
    g_mutex_unlock(&w->lock);
}

void workers_free(Workers *w)
{
    g_mutex_lock(&w->lock);
    w->ending = true;
    g_cond_broadcast(&w->work);
    g_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->n_threads; i++)
        g_thread_join(w->threads[i]);
    g_mutex_clear(&w->lock);
    g_cond_clear(&w->work);
    g_free(w);
}
