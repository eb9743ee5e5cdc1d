/* SPDX-License-Identifier: MIT
 *
 * What all back ends have in common: the length of frames, the cable, and the frames that a card has no room for.
 */
#include "platform/net/priv.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/base/lock.h"

/* --- queues */

static bool is_length(size_t length)
{
    return length >= NET_HEADER && length <= NET_FRAME_MAX;
}

typedef uint32_t QueueLength; /* before each frame of a queue */

bool net_queue_add(NetQueue *q, const struct iovec *piece, unsigned n, size_t length)
{
    QueueLength head = (QueueLength)length;
    if (q->n >= NET_QUEUE_FRAMES || q->n * sizeof(head) + q->bytes + length > NET_QUEUE_BYTES)
        return false;
    if (!q->data)
        q->data = g_byte_array_new();
    if (q->begin > NET_QUEUE_BYTES) { /* those before it are gone, and the rest is the shorter part */
        g_byte_array_remove_range(q->data, 0, q->begin);
        q->begin = 0;
    }
    g_byte_array_append(q->data, (const guint8 *)&head, sizeof(head));
    for (unsigned i = 0; i < n; i++)
        g_byte_array_append(q->data, piece[i].iov_base, (guint)piece[i].iov_len);
    q->bytes += length;
    q->n++;
    return true;
}

const uint8_t *net_queue_peek(const NetQueue *q, size_t *length)
{
    QueueLength head = 0;
    if (q->n)
        memcpy(&head, q->data->data + q->begin, sizeof(head));
    *length = head;
    return q->n ? q->data->data + q->begin + sizeof(head) : NULL;
}

void net_queue_drop(NetQueue *q)
{
    size_t length;
    if (!net_queue_peek(q, &length))
        return;
    q->begin += (guint)(sizeof(QueueLength) + length);
    q->bytes -= length;
    if (--q->n == 0)
        net_queue_empty(q);
}

void net_queue_empty(NetQueue *q)
{
    if (q->data)
        g_byte_array_set_size(q->data, 0);
    q->begin = q->n = 0;
    q->bytes = 0;
}

void net_queue_clear(NetQueue *q)
{
    g_clear_pointer(&q->data, g_byte_array_unref);
    *q = (NetQueue){0};
}

/* The bytes of all frames as they lie there, but with lengths that every host reads the same way. */
void net_queue_save(const NetQueue *q, SectionWriter *to, const char *name)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    NetQueue rest = *q;
    size_t length;
    for (const uint8_t *frame; (frame = net_queue_peek(&rest, &length)); rest.n--) {
        uint32_t head = GUINT32_TO_BE((uint32_t)length);
        g_byte_array_append(bytes, (const guint8 *)&head, sizeof(head));
        g_byte_array_append(bytes, frame, (guint)length);
        rest.begin += (guint)(sizeof(QueueLength) + length);
    }
    section_put_bytes(to, name, bytes->data, bytes->len);
}

void net_queue_load(NetQueue *q, Section *from, const char *name)
{
    size_t size, length;
    const uint8_t *at = section_get_bytes(from, name, NET_QUEUE_BYTES, &size);
    net_queue_empty(q);
    for (; at && size; at += length, size -= length) {
        uint32_t head = 0;
        if (size >= sizeof(head))
            memcpy(&head, at, sizeof(head));
        length = GUINT32_FROM_BE(head);
        struct iovec piece = {(void *)(at + sizeof(head)), length};
        if (size < sizeof(head) + length || !is_length(length) || !net_queue_add(q, &piece, 1, length)) {
            section_refuse(from, "%s: frames of a wrong length, or too many", name);
            return;
        }
        at += sizeof(head);
        size -= sizeof(head);
    }
}

/* --- the cable */

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
    if (net->stopped && !net->held.n) {
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
        bool taken = !net->held.n && net->port->receive(net->opaque, frame, length);
        if (!taken && !net_queue_add(&net->held, &piece, 1, length))
            net->n_dropped++;
    }
    net->stopped = net->held.n > 0;
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
        net_queue_empty(&net->held);
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
    net_queue_empty(&net->held);
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
