/* SPDX-License-Identifier: MIT */
#include "platform/snapshot/work.h"

#include <stdio.h>
#include <unistd.h>

enum { THREADS_MAX = 16, SHOW_AFTER_US = 500000, SHOW_EVERY_US = 100000 };

typedef struct Work {
    uint64_t n, next; /* next: atomic */
    WorkOn *fn;
    void *opaque;
    GMutex lock;
    GError *error; /* under the lock; the first */
} Work;

static void fail(Work *work, GError *error)
{
    __atomic_store_n(&work->next, work->n, __ATOMIC_RELAXED);
    g_mutex_lock(&work->lock);
    if (work->error)
        g_error_free(error);
    else
        work->error = error;
    g_mutex_unlock(&work->lock);
}

static bool one(Work *work, Packer *packer)
{
    GError *error = NULL;
    uint64_t i = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED);
    if (i >= work->n)
        return false;
    if (!work->fn(work->opaque, packer, i, &error))
        fail(work, error);
    return true;
}

static void *thread(void *opaque)
{
    Packer *packer = packer_new();
    while (one(opaque, packer)) {
    }
    packer_free(packer);
    return NULL;
}

/* A line that is written over, and blank at the end. */
static gint64 show(const Work *work, const char *what, gint64 due)
{
    gint64 now = g_get_monotonic_time();
    uint64_t next = __atomic_load_n(&work->next, __ATOMIC_RELAXED);
    if (!what || now < due)
        return due;
    fprintf(stderr, "\r%s: %3u %% ", what, (unsigned)(MIN(next, work->n) * 100 / work->n));
    fflush(stderr);
    return now + SHOW_EVERY_US;
}

bool work_on_each(uint64_t n, WorkOn *fn, void *opaque, const char *what, GError **error)
{
    Work work = {.n = n, .fn = fn, .opaque = opaque};
    GThread *threads[THREADS_MAX] = {NULL};
    unsigned n_threads = (unsigned)MIN(MIN(g_get_num_processors(), THREADS_MAX), n);
    gint64 first = g_get_monotonic_time() + SHOW_AFTER_US, due = first;
    Packer *packer = packer_new();
    g_mutex_init(&work.lock);
    for (unsigned i = 1; i < n_threads; i++)
        threads[i] = g_thread_try_new("snapshot", thread, &work, NULL); /* one that does not come is done without */
    what = what && isatty(STDERR_FILENO) ? what : NULL;
    while (one(&work, packer))
        due = show(&work, what, due);
    for (unsigned i = 1; i < n_threads; i++)
        if (threads[i])
            g_thread_join(threads[i]);
    if (due != first)
        fprintf(stderr, "\r\033[K");
    packer_free(packer);
    g_mutex_clear(&work.lock);
    if (work.error)
        g_propagate_error(error, work.error);
    return !work.error;
}
