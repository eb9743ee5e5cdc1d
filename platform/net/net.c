/* SPDX-License-Identifier: MIT
 *
 * What all back ends have in common: the length of frames, the cable, and the frames that a card has no room for.
 */
#include "platform/net/priv.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/base/lock.h"

/* --- queues */

bool net_queue_add(NetQueue *q, const struct iovec *piece, unsigned n, size_t length)
{
    if (q->frames.length >= NET_QUEUE_FRAMES || q->bytes + length > NET_QUEUE_BYTES)
        return false;
    uint8_t *copy = g_malloc(length), *to = copy;
    for (unsigned i = 0; i < n; to += piece[i++].iov_len)
        memcpy(to, piece[i].iov_base, piece[i].iov_len);
    g_queue_push_tail(&q->frames, g_bytes_new_take(copy, length));
    q->bytes += length;
    return true;
}

const uint8_t *net_queue_peek(const NetQueue *q, size_t *length)
{
    GBytes *first = q->frames.head ? q->frames.head->data : NULL;
    *length = 0;
    return first ? g_bytes_get_data(first, length) : NULL;
}

void net_queue_drop(NetQueue *q)
{
    GBytes *first = g_queue_pop_head(&q->frames);
    if (!first)
        return;
    q->bytes -= g_bytes_get_size(first);
    g_bytes_unref(first);
}

void net_queue_clear(NetQueue *q)
{
    while (q->frames.length)
        net_queue_drop(q);
}

void net_queue_save(const NetQueue *q, SectionWriter *to, const char *name)
{
    unsigned i = 0;
    for (const GList *link = q->frames.head; link; link = link->next) {
        char label[32];
        gsize size;
        const void *data = g_bytes_get_data(link->data, &size);
        g_snprintf(label, sizeof(label), "%s%u", name, i++);
        section_put_bytes(to, label, data, size);
    }
}

void net_queue_load(NetQueue *q, Section *from, const char *name)
{
    net_queue_clear(q);
    for (unsigned i = 0; i < NET_QUEUE_FRAMES; i++) {
        char label[32];
        size_t size;
        g_snprintf(label, sizeof(label), "%s%u", name, i);
        const uint8_t *data = section_get_bytes(from, label, NET_FRAME_MAX, &size);
        if (!data)
            return;
        struct iovec piece = {(void *)data, size};
        if (size < NET_HEADER || !net_queue_add(q, &piece, 1, size))
            section_refuse(from, "%s: no frame, or one too many", label);
    }
}

/* --- the cable */

static bool is_length(size_t length)
{
    return length >= NET_HEADER && length <= NET_FRAME_MAX;
}

static void kept_frames_are_taken(Net *net)
{
    size_t length;
    for (const uint8_t *frame; (frame = net_queue_peek(&net->held, &length)); net_queue_drop(&net->held))
        if (net->port && !net->pulled && !net->port->receive(net->opaque, frame, length))
            return;
}

/* In the main thread: a card has room, or a back end has. */
static void awake(void *opaque)
{
    Net *net = opaque;
    kept_frames_are_taken(net);
    if (net->stopped && !net->held.frames.length) {
        net->stopped = false;
        if (net->kind->resume)
            net->kind->resume(net);
    }
}

bool net_deliver(Net *net, const uint8_t *frame, size_t length)
{
    const struct iovec piece = {(void *)frame, length};
    if (!is_length(length)) {
        net->n_dropped++;
    } else if (net->port && !net->pulled) {
        bool taken = !net->held.frames.length && net->port->receive(net->opaque, frame, length);
        if (!taken && !net_queue_add(&net->held, &piece, 1, length))
            net->n_dropped++;
    }
    net->stopped = net->held.frames.length > 0;
    return !net->stopped;
}

void net_sendable(Net *net)
{
    if (!net->starved)
        return;
    net->starved = false;
    if (net->port && net->port->sendable)
        net->port->sendable(net->opaque);
}

bool net_send(Net *net, const struct iovec *piece, unsigned n)
{
    size_t length = 0;
    for (unsigned i = 0; i < n && length <= NET_FRAME_MAX; i++)
        length += piece[i].iov_len > NET_FRAME_MAX ? NET_FRAME_MAX + 1 : piece[i].iov_len;
    if (!net || net->pulled)
        return true;
    if (!is_length(length)) {
        LOG(LOG_GUEST_ERRORS, "%s: a frame of %zu bytes is not sent", net->id, length);
        net->n_dropped++;
        return true;
    }
    if (net->kind->send(net, piece, n, length))
        return true;
    net->starved = true;
    return false;
}

void net_flush(Net *net)
{
    if (net && net->stopped)
        event_signal(net->wake);
}

bool net_link_is_up(Net *net)
{
    return net && !net->pulled;
}

void net_set_link(Net *net, bool up)
{
    if (net->pulled != up)
        return;
    net->pulled = !up;
    if (!up)
        net_queue_clear(&net->held);
    if (net->port && net->port->link)
        net->port->link(net->opaque, up);
    event_signal(net->wake);
}

void net_attach(Net *net, const NetPort *port, void *opaque)
{
    g_assert(!net->port);
    net->port = port;
    net->opaque = opaque;
}

void net_detach(Net *net)
{
    net->port = NULL;
    net->opaque = NULL;
    net->starved = false;
    net_queue_clear(&net->held);
}

/* --- the object */

static bool open_spec(Net *net, const NetSpec *spec, GError **error)
{
    net->wake = event_new(error);
    net->opened = net->wake != NULL;
    if (!net->opened || !net->kind->open(net, spec, error))
        return false;
    event_listen(net->wake, awake, net);
    return true;
}

Net *net_new(const char *text, GError **error)
{
    NetSpec spec;
    Net *net = NULL;
    if (net_spec_parse(text, &spec, error)) {
        net = g_malloc0(spec.kind->size);
        net->kind = spec.kind;
        net->id = g_strdup(spec.id);
        g_queue_init(&net->held.frames);
        if (!open_spec(net, &spec, error))
            g_clear_pointer(&net, net_free);
    }
    net_spec_clear(&spec);
    return net;
}

void net_free(Net *net)
{
    if (!net)
        return;
    if (net->opened)
        net->kind->close(net);
    net_queue_clear(&net->held);
    g_clear_pointer(&net->wake, event_free);
    g_free(net->id);
    g_free(net);
}

const char *net_id(const Net *net)
{
    return net->id;
}

/* A load leaves the link to whoever asked for it last, and lets the main thread find out what there is to deliver. */
void net_save(Net *net, SectionWriter *to)
{
    section_put_u64(to, "pulled", net->pulled);
    net_queue_save(&net->held, to, "held");
    if (net->kind->save)
        net->kind->save(net, to);
}

void net_load(Net *net, Section *from)
{
    net->pulled = section_get_u64(from, "pulled", 0) != 0;
    net_queue_load(&net->held, from, "held");
    net->stopped = true;
    net->starved = true;
    if (net->kind->load)
        net->kind->load(net, from);
    event_signal(net->wake);
}
