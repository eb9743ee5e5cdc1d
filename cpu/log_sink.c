/* SPDX-License-Identifier: MIT */
#include "cpu/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FLUSH_MAX_MS = 10000, /* at the end, for a reader that takes a little */
    PIECE = 256,          /* what a terminal that says it is writable takes at once */
};

/* How to write without waiting. */
typedef enum Way {
    WAY_FILE,   /* a regular file: it is always ready, and a line is complete or fails */
    WAY_SOCKET, /* MSG_DONTWAIT */
    WAY_OWN,    /* a non-blocking description of our own */
    WAY_POLL,   /* the description is shared and blocks: ask first, and write little */
} Way;

struct LogSink {
    GMutex lock;
    GCond queued; /* wakes the thread */
    int fd;       /* to write to; borrowed unless WAY_OWN */
    Way way;
    int patience_ms;
    GByteArray *queue;
    guint64 dropped;  /* lines, since the last line that tells their number */
    guint64 told;     /* lines whose number is told by a line that still waits in the queue */
    unsigned tellers; /* such lines in the queue */
    bool stalled;     /* a patient writer gave up, and nothing was taken since */
    bool failed, end; /* failed: `lost` was called */
    GThread *thread;  /* NULL: nothing ever had to wait */
    void (*lost)(void *opaque, int why);
    void *opaque;
};

/* O_NONBLOCK belongs to the description, which other programs share.  A pipe or a terminal can be opened once more. */
static int own_description(int fd)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void choose_way(LogSink *s, int fd)
{
    struct stat st;
    s->fd = fd;
    s->way = WAY_POLL;
    if (fstat(fd, &st) || S_ISREG(st.st_mode)) {
        s->way = WAY_FILE;
    } else if (S_ISSOCK(st.st_mode)) {
        s->way = WAY_SOCKET;
    } else {
        int own = own_description(fd);
        if (own >= 0) {
            s->fd = own;
            s->way = WAY_OWN;
        }
    }
}

static bool writable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, timeout_ms) > 0;
}

/* Bytes written, 0: none now; −1: it failed, errno says why. */
static ssize_t write_now(LogSink *s, const void *data, size_t size)
{
    ssize_t n;
    if (s->way == WAY_POLL && !writable(s->fd, 0))
        return 0;
    do
        n = s->way == WAY_SOCKET ? send(s->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                 : write(s->fd, data, s->way == WAY_POLL ? MIN(size, PIECE) : size);
    while (n < 0 && errno == EINTR);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : n;
}

static void append_dropped(LogSink *s)
{
    char text[96];
    if (!s->dropped)
        return;
    int n = g_snprintf(text, sizeof(text), "quoin: %" G_GUINT64_FORMAT " lines could not be written here\n", s->dropped);
    s->told += s->dropped;
    s->tellers++;
    s->dropped = 0;
    g_byte_array_append(s->queue, (const guint8 *)text, (guint)n);
}

/* What waited is lost, and with it the lines that told of others. */
static void drop_queue(LogSink *s)
{
    guint64 lines = 0;
    for (guint i = 0; i < s->queue->len; i++)
        lines += s->queue->data[i] == '\n';
    s->dropped += s->told + lines - MIN(lines, s->tellers);
    g_byte_array_set_size(s->queue, 0);
}

/* Writes what the descriptor takes now.  Returns the errno of a failure, or 0.  A failure drops the queue. */
static int drain(LogSink *s)
{
    int why = 0;
    while (s->queue->len) {
        ssize_t n = write_now(s, s->queue->data, s->queue->len);
        if (n == 0)
            return 0;
        if (n < 0) {
            why = errno;
            drop_queue(s);
            break;
        }
        s->stalled = false;
        g_byte_array_remove_range(s->queue, 0, (guint)n);
    }
    s->told = s->tellers = 0;
    return why;
}

/* The first failure is told, once; later lines are tried all the same, for a disk may have room again. */
static void unlock_and_tell(LogSink *s, int why)
{
    bool tell = why && !s->failed;
    s->failed |= tell;
    g_mutex_unlock(&s->lock);
    if (tell)
        s->lost(s->opaque, why);
}

static gpointer write_later(gpointer sink)
{
    LogSink *s = sink;
    g_mutex_lock(&s->lock);
    while (!s->end) {
        if (!s->queue->len) {
            g_cond_wait(&s->queued, &s->lock);
            continue;
        }
        g_mutex_unlock(&s->lock);
        writable(s->fd, LOG_SINK_PATIENCE_MS);
        g_mutex_lock(&s->lock);
        unlock_and_tell(s, drain(s));
        g_mutex_lock(&s->lock);
    }
    g_mutex_unlock(&s->lock);
    return NULL;
}

/* Without a thread the queue is written when the next line comes, and at the end. */
static void wake_thread(LogSink *s)
{
    if (!s->thread)
        s->thread = g_thread_try_new("log", write_later, s, NULL);
    g_cond_signal(&s->queued);
}

/* Under the lock, which is let go meanwhile: until there is room for `size` bytes, or the reader took nothing for patience_ms. */
static int wait_for_room(LogSink *s, size_t size)
{
    int why = 0;
    while (!why && !s->stalled && s->queue->len + size > LOG_SINK_QUEUE) {
        g_mutex_unlock(&s->lock);
        bool ready = writable(s->fd, s->patience_ms);
        g_mutex_lock(&s->lock);
        s->stalled |= !ready;
        why = drain(s);
    }
    return why;
}

void log_sink_put(LogSink *s, const char *line, size_t size, bool patient)
{
    g_mutex_lock(&s->lock);
    int why = drain(s);
    if (!why && patient)
        why = wait_for_room(s, size);
    if (s->queue->len + size > LOG_SINK_QUEUE) {
        s->dropped++;
    } else {
        append_dropped(s);
        g_byte_array_append(s->queue, (const guint8 *)line, (guint)size);
        int failed = drain(s);
        why = why ? why : failed;
        if (s->queue->len)
            wake_thread(s);
    }
    unlock_and_tell(s, why);
}

void log_sink_flush(LogSink *s)
{
    gint64 end = g_get_monotonic_time() + FLUSH_MAX_MS * 1000;
    bool ready = true;
    g_mutex_lock(&s->lock);
    if (!s->failed)
        append_dropped(s);
    int why = drain(s);
    while (!why && ready && s->queue->len && g_get_monotonic_time() < end) {
        g_mutex_unlock(&s->lock);
        ready = writable(s->fd, s->patience_ms);
        g_mutex_lock(&s->lock);
        why = drain(s);
    }
    unlock_and_tell(s, why);
}

LogSink *log_sink_new(int fd, int patience_ms, void (*lost)(void *opaque, int why), void *opaque)
{
    LogSink *s = g_new0(LogSink, 1);
    g_mutex_init(&s->lock);
    g_cond_init(&s->queued);
    s->queue = g_byte_array_new();
    s->patience_ms = patience_ms;
    s->lost = lost;
    s->opaque = opaque;
    choose_way(s, fd);
    return s;
}

void log_sink_free(LogSink *s)
{
    g_mutex_lock(&s->lock);
    s->end = true;
    g_cond_signal(&s->queued);
    g_mutex_unlock(&s->lock);
    if (s->thread)
        g_thread_join(s->thread);
    if (s->way == WAY_OWN)
        close(s->fd);
    g_byte_array_unref(s->queue);
    g_cond_clear(&s->queued);
    g_mutex_clear(&s->lock);
    g_free(s);
}
