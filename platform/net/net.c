/* SPDX-License-Identifier: MIT
 *
 * What all back ends have in common: the length of frames, the cable, and the frames that a card has no room for.
 */
#include "platform/net/priv.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/base/lock.h"
#include "platform/net/segment.h"

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

void net_queue_skip(NetQueue *q)
{
    size_t length;
    if (!net_queue_peek(q, &length))
        return;
    q->begin += (guint)(sizeof(QueueLength) + length);
    q->bytes -= length;
    q->n--;
}

void net_queue_drop(NetQueue *q)
{
    net_queue_skip(q);
    if (q->n == 0)
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
    for (const uint8_t *frame; (frame = net_queue_peek(&rest, &length)); net_queue_skip(&rest)) {
        uint32_t head = GUINT32_TO_BE((uint32_t)length);
        g_byte_array_append(bytes, (const guint8 *)&head, sizeof(head));
        g_byte_array_append(bytes, frame, (guint)length);
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

static uint8_t *buffer(uint8_t **made)
{
    if (!*made)
        *made = g_malloc(NET_FRAME_MAX);
    return *made;
}

/* To the card: the oldest frame that is kept, with those that continue it where the driver likes that.  0: it has no room; else how many. */
static unsigned offer(Net *net, const uint8_t *frame, size_t length)
{
    const NetPort *port = net->port;
    const unsigned joins = net->held.n > 1 && port->joins ? port->joins(net->opaque) : 0;
    NetQueue next = net->held;
    NetJoin join;
    if (!joins)
        return port->receive(net->opaque, frame, length);
    net_join_begin(&join, buffer(&net->packet), frame, length);
    if (!(joins >> join.headers.version & 1))
        return port->receive(net->opaque, frame, length);
    do {
        net_queue_skip(&next);
        frame = net_queue_peek(&next, &length);
    } while (frame && net_join_add(&join, frame, length));
    net_join_end(&join);
    bool taken = join.n > 1 ? port->receive_joined(net->opaque, join.buffer, join.length, &join.offload)
                            : port->receive(net->opaque, join.first, join.length);
    return taken ? join.n : 0;
}

static void kept_frames_are_taken(Net *net)
{
    size_t length;
    for (const uint8_t *frame; (frame = net_queue_peek(&net->held, &length));) {
        unsigned n = net->port && !net->pulled ? offer(net, frame, length) : 1;
        if (!n)
            return;
        for (; n; n--)
            net_queue_drop(&net->held);
    }
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
    net_sendable(net); /* after a load nobody else says it */
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

bool net_deliver_all(Net *net, NetQueue *from)
{
    size_t length;
    if (!net->held.n) {
        NetQueue empty = net->held;
        net->held = *from;
        *from = empty;
    }
    for (const uint8_t *frame; (frame = net_queue_peek(from, &length)); net_queue_drop(from))
        net->n_dropped += !net_queue_add(&net->held, &(struct iovec){(void *)frame, length}, 1, length);
    kept_frames_are_taken(net);
    net->stopped = net->held.n > 0;
    return !net->stopped;
}

/* --- sending */

/* False: the back end has no room for all of what is left of a packet. */
static bool send_rest(Net *net)
{
    size_t length;
    for (const uint8_t *frame; (frame = net_queue_peek(&net->rest, &length)); net_queue_drop(&net->rest))
        if (!net->kind->send(net, &(struct iovec){(void *)frame, length}, 1, length))
            return false;
    return true;
}

void net_sendable(Net *net)
{
    if (!send_rest(net) || !net->starved)
        return;
    net->starved = false;
    if (net->port && net->port->sendable)
        net->port->sendable(net->opaque);
}

static bool give(Net *net, const struct iovec *piece, unsigned n, size_t length)
{
    if (send_rest(net) && net->kind->send(net, piece, n, length))
        return true;
    net->starved = true;
    return false;
}

/* The bytes of all pieces; one too many where they are more than NET_FRAME_MAX. */
static size_t length_of(const struct iovec *piece, unsigned n)
{
    size_t length = 0;
    for (unsigned i = 0; i < n && length <= NET_FRAME_MAX; i++)
        length += MIN(piece[i].iov_len, NET_FRAME_MAX + 1);
    return length;
}

/* True: nothing more is to be done. */
static bool is_lost(Net *net, size_t length)
{
    if (!net || net->pulled)
        return true;
    if (is_length(length))
        return false;
    LOG(LOG_GUEST_ERRORS, "%s: a frame of %zu bytes is not sent", net->id, length);
    net->n_dropped++;
    return true;
}

static uint8_t *in_one_piece(Net *net, const struct iovec *piece, unsigned n)
{
    uint8_t *packet = buffer(&net->packet);
    for (size_t i = 0, at = 0; i < n; at += piece[i++].iov_len)
        memcpy(packet + at, piece[i].iov_base, piece[i].iov_len);
    return packet;
}

bool net_send(Net *net, const struct iovec *piece, unsigned n)
{
    size_t length = length_of(piece, n);
    if (is_lost(net, length))
        return true;
    struct iovec one = {NULL, length};
    if (n > NET_PIECES_MAX) {
        one.iov_base = in_one_piece(net, piece, n);
        piece = &one;
        n = 1;
    }
    return give(net, piece, n, length);
}

/* The first frame decides whether the back end has room: those behind it may have to wait, and then they are no more the card's. */
static bool send_cut(Net *net, const NetCut *cut)
{
    const size_t count = net_cut_count(cut);
    if (count > NET_QUEUE_FRAMES) {
        LOG(LOG_GUEST_ERRORS, "%s: a packet of %zu bytes is not cut into pieces of %zu", net->id, cut->length, cut->mss);
        net->n_dropped++;
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        struct iovec piece = {buffer(&net->frame), 0};
        piece.iov_len = net_cut_frame(cut, i, net->frame);
        net_fill_sums(net->frame, piece.iov_len);
        bool waits = i && net->rest.n;
        if (!waits && !give(net, &piece, 1, piece.iov_len)) {
            if (!i)
                return false;
            waits = true;
        }
        if (waits)
            net_queue_add(&net->rest, &piece, 1, piece.iov_len);
    }
    return true;
}

bool net_send_offload(Net *net, const struct iovec *piece, unsigned n, const NetOffload *offload)
{
    if (!offload->sum_at && !offload->mss)
        return net_send(net, piece, n);
    const size_t length = length_of(piece, n);
    if (is_lost(net, length))
        return true;
    uint8_t *packet = in_one_piece(net, piece, n);
    NetCut cut;
    if (!offload->mss) {
        if (offload->sum_at + 2 > length || offload->sum_start >= length)
            LOG(LOG_GUEST_ERRORS, "%s: a checksum outside of its frame", net->id);
        else
            net_insert_sum(packet, offload->sum_start, offload->sum_at, length);
    } else if (!net_cut_of(packet, length, offload->version, offload->mss, &cut)) {
        LOG(LOG_GUEST_ERRORS, "%s: a packet that is not TCP over IPv%u is not cut", net->id, offload->version);
        net->n_dropped++;
        return true;
    } else if (!net->kind->whole) {
        return send_cut(net, &cut);
    } else {
        net_fill_sums(packet, length);
    }
    return give(net, &(struct iovec){packet, length}, 1, length);
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
    if (!up) {
        net_queue_empty(&net->held);
        net_queue_empty(&net->rest);
    }
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
    net_queue_empty(&net->rest);
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
    net_queue_clear(&net->rest);
    g_free(net->packet);
    g_free(net->frame);
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
    net_queue_save(&net->rest, to, "rest");
    if (net->kind->save)
        net->kind->save(net, to);
}

void net_load(Net *net, Section *from)
{
    net->pulled = section_get_u64(from, "pulled", 0) != 0;
    net_queue_load(&net->held, from, "held");
    net_queue_load(&net->rest, from, "rest");
    net->stopped = true;
    net->starved = true;
    if (net->kind->load)
        net->kind->load(net, from);
    event_signal(net->wake);
}
