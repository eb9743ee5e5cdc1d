/* SPDX-License-Identifier: MIT */
#include "platform/base/event.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "platform/base/lock.h"

struct Event {
    int fd;
    guint source; /* 0: nobody listens */
    void (*fn)(void *opaque);
    void *opaque;
};

Event *event_new(GError **error)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "eventfd: %s", g_strerror(errno));
        return NULL;
    }
    Event *event = g_new0(Event, 1);
    event->fd = fd;
    return event;
}

void event_free(Event *event)
{
    if (event->source)
        g_source_remove(event->source);
    close(event->fd);
    g_free(event);
}

int event_fd(const Event *event)
{
    return event->fd;
}

void event_signal(Event *event)
{
    const uint64_t one = 1;
    while (write(event->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ; /* EAGAIN: the counter is full, so a signal is waiting to be heard anyway */
}

static bool take(Event *event)
{
    uint64_t count;
    return read(event->fd, &count, sizeof(count)) == sizeof(count);
}

void event_settle(Event *event)
{
    if (event->fn && take(event))
        event->fn(event->opaque);
}

static gboolean ready(gint fd, GIOCondition condition, gpointer event)
{
    device_lock();
    event_settle(event);
    device_unlock();
    return G_SOURCE_CONTINUE;
}

void event_listen(Event *event, void (*fn)(void *opaque), void *opaque)
{
    event->fn = fn;
    event->opaque = opaque;
    event->source = g_unix_fd_add(event->fd, G_IO_IN, ready, event);
}
