/* SPDX-License-Identifier: MIT
 *
 * A descriptor in the main loop, whose conditions are chosen from any thread.
 */
#include "platform/net/priv.h"

#include "platform/base/lock.h"

struct NetWatch {
    GSource *source;
    gpointer tag; /* NULL: not polled, because poll(2) reports a hang-up to those as well who want nothing */
    int fd;
    GIOCondition wanted;
    NetReady *ready;
    void *opaque;
};

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer opaque)
{
    NetWatch *w = opaque;
    device_lock();
    if (w->tag) {
        GIOCondition seen = g_source_query_unix_fd(source, w->tag) & (w->wanted | G_IO_HUP | G_IO_ERR);
        if (seen)
            w->ready(w->opaque, seen);
    }
    device_unlock();
    return G_SOURCE_CONTINUE;
}

NetWatch *net_watch_new(int fd, NetReady *ready, void *opaque)
{
    static GSourceFuncs funcs = {.dispatch = dispatch};
    NetWatch *w = g_new0(NetWatch, 1);
    w->fd = fd;
    w->ready = ready;
    w->opaque = opaque;
    w->source = g_source_new(&funcs, sizeof(GSource));
    g_source_set_callback(w->source, G_SOURCE_FUNC(ready), w, NULL);
    g_source_attach(w->source, NULL);
    return w;
}

void net_watch_free(NetWatch *w)
{
    if (!w)
        return;
    g_source_destroy(w->source);
    g_source_unref(w->source);
    g_free(w);
}

void net_watch_want(NetWatch *w, GIOCondition condition)
{
    if (condition == w->wanted)
        return;
    w->wanted = condition;
    if (!condition) {
        g_source_remove_unix_fd(w->source, w->tag);
        w->tag = NULL;
    } else if (w->tag) {
        g_source_modify_unix_fd(w->source, w->tag, condition);
    } else {
        w->tag = g_source_add_unix_fd(w->source, w->fd, condition);
    }
}
