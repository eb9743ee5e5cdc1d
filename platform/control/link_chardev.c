/* SPDX-License-Identifier: MIT
 *
 * A monitor at a back end.  The back end calls from the main loop or from a vCPU's thread, with the device lock held; the monitor is called
 * from the main loop without it.  Between the two stand two queues, and a source that moves them on.
 */
#include <string.h>

#include "platform/base/lock.h"
#include "platform/chardev/chardev.h"
#include "platform/control/link.h"

enum { IN_MAX = 4096 };

typedef struct ChardevEnd {
    Chardev *chr;
    bool owned, mux;
    const ControlSocketOps *ops;
    void *opaque;
    GByteArray *in;     /* under the device lock */
    GByteArray *out;    /* what the back end did not take yet.  Main thread */
    bool opens, closes; /* to be told; under the device lock */
    bool is_open;       /* was told.  Main thread */
    GSource *source;    /* in the main loop while there is something to do; under the device lock */
} ChardevEnd;

static gboolean move(gpointer opaque);

/* Under the device lock. */
static void schedule(ChardevEnd *end)
{
    if (end->source)
        return;
    end->source = g_idle_source_new();
    g_source_set_priority(end->source, G_PRIORITY_DEFAULT);
    g_source_set_callback(end->source, move, end, NULL);
    g_source_attach(end->source, NULL);
}

/* --- the back end's side */

static size_t can_receive(void *opaque)
{
    const ChardevEnd *end = opaque;
    return IN_MAX - end->in->len;
}

static void receive(void *opaque, const uint8_t *data, size_t size)
{
    ChardevEnd *end = opaque;
    g_byte_array_append(end->in, data, (guint)size);
    schedule(end);
}

static void writable(void *opaque)
{
    schedule(opaque);
}

static void event(void *opaque, ChardevEvent what)
{
    ChardevEnd *end = opaque;
    end->opens |= what == CHARDEV_OPENED;
    end->closes |= what == CHARDEV_CLOSED;
    schedule(end);
}

/* --- the monitor's */

static bool end_is_full(const void *opaque)
{
    return ((const ChardevEnd *)opaque)->out->len >= CONTROL_SOCKET_FULL;
}

static void flush(ChardevEnd *end)
{
    device_lock();
    size_t taken = end->out->len ? chardev_write(end->chr, end->out->data, end->out->len) : 0;
    device_unlock();
    g_byte_array_remove_range(end->out, 0, (guint)taken);
}

static void tell_opened(ChardevEnd *end, bool opens, bool closes)
{
    if (closes && end->is_open) {
        g_byte_array_set_size(end->out, 0);
        end->is_open = false;
        end->ops->closed(end->opaque);
    }
    if (opens && !end->is_open) {
        end->is_open = true;
        end->ops->opened(end->opaque);
    }
}

static gboolean move(gpointer opaque)
{
    ChardevEnd *end = opaque;
    uint8_t data[IN_MAX];
    device_lock();
    g_clear_pointer(&end->source, g_source_unref);
    bool opens = end->opens, closes = end->closes, was_full = end_is_full(end);
    end->opens = end->closes = false;
    device_unlock();
    tell_opened(end, opens, closes);
    flush(end);
    if (was_full && !end_is_full(end) && end->ops->drained)
        end->ops->drained(end->opaque);
    device_lock();
    size_t size = end_is_full(end) ? 0 : end->in->len; /* whoever does not read is not read */
    memcpy(data, end->in->data, size);
    g_byte_array_remove_range(end->in, 0, (guint)size);
    chardev_accept_input(end->chr);
    device_unlock();
    if (size)
        end->ops->received(end->opaque, (const char *)data, size);
    return G_SOURCE_REMOVE;
}

static void end_send(void *opaque, const void *data, size_t size)
{
    ChardevEnd *end = opaque;
    g_byte_array_append(end->out, data, (guint)size);
    flush(end);
}

/* The back end stays; what the monitor has to say next is for whoever comes then. */
static void end_hang_up(void *opaque) {}

static void end_drop(void *opaque)
{
    g_byte_array_set_size(((ChardevEnd *)opaque)->out, 0);
}

static void end_free(void *opaque)
{
    ChardevEnd *end = opaque;
    flush(end);
    device_lock();
    if (end->mux)
        chardev_set_monitor(end->chr, NULL, NULL);
    else
        chardev_set_handlers(end->chr, NULL, NULL);
    if (end->source) {
        g_source_destroy(end->source);
        g_source_unref(end->source);
    }
    if (end->owned) {
        chardev_flush(end->chr);
        chardev_free(end->chr);
    }
    device_unlock();
    g_byte_array_unref(end->in);
    g_byte_array_unref(end->out);
    g_free(end);
}

Chardev *link_find_chardev(const GPtrArray *chardevs, const char *label)
{
    for (guint i = 0; chardevs && i < chardevs->len; i++) {
        if (!strcmp(chardev_label(chardevs->pdata[i]), label))
            return chardevs->pdata[i];
    }
    return NULL;
}

bool link_open_chardev(Link *link, const ControlSocketOps *ops, void *opaque, const void *how, GError **error)
{
    static const LinkType type = {end_send, end_is_full, end_hang_up, end_drop, end_free};
    static const ChardevHandlers handlers = {can_receive, receive, writable, event};
    const LinkChardev *given = how;
    ChardevEnd *end = g_new0(ChardevEnd, 1);
    *end = (ChardevEnd){.chr = given->chr, .owned = given->owned, .mux = given->mux, .ops = ops, .opaque = opaque};
    end->in = g_byte_array_new();
    end->out = g_byte_array_new();
    device_lock();
    if (end->mux)
        chardev_set_monitor(end->chr, &handlers, end);
    else
        chardev_set_handlers(end->chr, &handlers, end);
    device_unlock();
    *link = (Link){&type, end, false};
    return true;
}
