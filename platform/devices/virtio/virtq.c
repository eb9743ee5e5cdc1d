/* SPDX-License-Identifier: MIT */
#include "platform/devices/virtio/virtq.h"

#include <inttypes.h>
#include <string.h>

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1 };
enum { RING_FLAGS = 0, RING_IDX = 2, RING_ENTRIES = 4, AVAIL_ENTRY = 2, USED_ENTRY = 8, DESC_SIZE = 16 };

/* A descriptor as the device keeps it. */
typedef struct Desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
} Desc;

/* --- the rings in RAM */

static bool ring_at(Virtio *v, uint64_t address, uint64_t size, uint64_t *gpa)
{
    uint64_t length = size;
    if (address % size == 0 && dma_translate(v->transport.dma, address, &length, gpa) && length == size)
        return true;
    virtio_fail(v, "a ring at 0x%" PRIx64 ", which is not aligned or not in RAM", address);
    return false;
}

static bool load16(Virtio *v, uint64_t address, uint16_t *value)
{
    uint64_t gpa;
    if (!ring_at(v, address, 2, &gpa))
        return false;
    *value = memory_load16(v->transport.dma->memory, gpa); /* as a big-endian number */
    if (!virtio_is_big(v))
        *value = GUINT16_SWAP_LE_BE(*value);
    return true;
}

static bool store16(Virtio *v, uint64_t address, uint16_t value)
{
    uint64_t gpa;
    if (!ring_at(v, address, 2, &gpa))
        return false;
    memory_store16(v->transport.dma->memory, gpa, virtio_is_big(v) ? value : GUINT16_SWAP_LE_BE(value));
    return true;
}

static bool load_desc(Virtio *v, uint64_t table, unsigned index, Desc *desc)
{
    struct {
        uint64_t address;
        uint32_t length;
        uint16_t flags, next;
    } raw;
    if (!dma_read(v->transport.dma, table + DESC_SIZE * (uint64_t)index, &raw, DESC_SIZE)) {
        virtio_fail(v, "descriptor %u of a table at 0x%" PRIx64 ", which is not in RAM", index, table);
        return false;
    }
    *desc = (Desc){virtio_u64(v, raw.address), virtio_u32(v, raw.length), virtio_u16(v, raw.flags), virtio_u16(v, raw.next)};
    return true;
}

static uint64_t avail_entry(const VirtioQueue *q, unsigned index)
{
    return q->avail + RING_ENTRIES + AVAIL_ENTRY * (uint64_t)(index & (q->size - 1u));
}

/* Behind the entries of a ring: where the other side says at which index it wants to be told. */
static uint64_t used_event(const VirtioQueue *q)
{
    return q->avail + RING_ENTRIES + AVAIL_ENTRY * (uint64_t)q->size;
}

static uint64_t avail_event(const VirtioQueue *q)
{
    return q->used + RING_ENTRIES + USED_ENTRY * (uint64_t)q->size;
}

/* --- a chain */

typedef struct Chain {
    Virtio *v;
    VirtqRequest *request;
    MemoryMap piece[VIRTQ_BUFFERS_MAX];
    unsigned n;
} Chain;

static void unmap(const Virtio *v, MemoryMap *piece, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        memory_unmap(v->transport.dma->memory, &piece[i]);
}

static bool add_piece(Chain *c, uint64_t address, uint64_t *length, bool in)
{
    if (c->n == VIRTQ_BUFFERS_MAX)
        virtio_fail(c->v, "a request of more than %u buffers", VIRTQ_BUFFERS_MAX);
    else if (!dma_map(c->v->transport.dma, address, length, in, &c->piece[c->n]))
        virtio_fail(c->v, "a buffer at 0x%" PRIx64 ", which is not in RAM", address);
    else
        return ++c->n;
    return false;
}

static bool add_buffer(Chain *c, const Desc *desc)
{
    VirtqRequest *r = c->request;
    bool in = desc->flags & DESC_WRITE;
    uint64_t *total = in ? &r->in_size : &r->out_size;
    if (!in && r->n_in) {
        virtio_fail(c->v, "a buffer to be read behind one to be written");
        return false;
    }
    if (desc->length > VIRTQ_BYTES_MAX - r->in_size - r->out_size) {
        virtio_fail(c->v, "a request of more than %" PRIu64 " bytes", VIRTQ_BYTES_MAX);
        return false;
    }
    for (uint64_t done = 0, length; done < desc->length; done += length) {
        length = desc->length - done;
        if (!add_piece(c, desc->address + done, &length, in))
            return false;
        *(in ? &r->n_in : &r->n_out) += 1;
    }
    *total += desc->length;
    return true;
}

static bool enter_indirect(Virtio *v, const Desc *desc, uint64_t *table, unsigned *limit)
{
    if (!virtio_has(v, VIRTIO_F_INDIRECT_DESC) || desc->length == 0 || desc->length % DESC_SIZE || desc->flags & DESC_NEXT) {
        virtio_fail(v, "an indirect table of %u bytes, flags %u", desc->length, desc->flags);
        return false;
    }
    *table = desc->address;
    *limit = MIN(desc->length / DESC_SIZE, VIRTQ_BUFFERS_MAX);
    return true;
}

/* No chain is longer than its table, so one that goes on is a loop. */
static bool follow(Chain *c, const VirtioQueue *q, unsigned index)
{
    uint64_t table = q->desc;
    unsigned limit = q->size, seen = 0;
    bool indirect = false;
    for (Desc desc;; index = desc.next) {
        if (index >= limit || seen++ == limit) {
            virtio_fail(c->v, "a chain that leaves its table of %u descriptors or goes around in it", limit);
            return false;
        }
        if (!load_desc(c->v, table, index, &desc))
            return false;
        if (desc.flags & DESC_INDIRECT) {
            if (indirect || !enter_indirect(c->v, &desc, &table, &limit)) {
                virtio_fail(c->v, "an indirect table in an indirect table");
                return false;
            }
            indirect = true;
            seen = 0;
            desc.next = 0;
            continue;
        }
        if (!add_buffer(c, &desc))
            return false;
        if (!(desc.flags & DESC_NEXT))
            return true;
    }
}

/* --- requests */

static bool next_head(Virtio *v, unsigned queue, uint16_t *head)
{
    VirtioQueue *q = &v->queue[queue];
    uint16_t idx;
    if (!q->enabled || v->status & VIRTIO_NEEDS_RESET || !load16(v, q->avail + RING_IDX, &idx))
        return false;
    uint16_t ready = (uint16_t)(idx - q->last_avail);
    if (ready > q->size) {
        virtio_fail(v, "queue %u: the available ring went on by %u entries, more than it has", queue, ready);
        return false;
    }
    return ready && load16(v, avail_entry(q, q->last_avail), head);
}

bool virtq_has_request(Virtio *v, unsigned queue)
{
    uint16_t head;
    return next_head(v, queue, &head);
}

/* With the next buffer.  A driver makes that available first and then looks whether it is to notify, so the device does the reverse. */
static void ask_for_notification(Virtio *v, const VirtioQueue *q)
{
    if (virtio_has(v, VIRTIO_F_EVENT_IDX))
        store16(v, avail_event(q), q->last_avail);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

VirtqRequest *virtq_pop(Virtio *v, unsigned queue)
{
    VirtioQueue *q = &v->queue[queue];
    VirtqRequest request = {.queue = queue, .epoch = v->epoch};
    if (!v->turn || !next_head(v, queue, &request.head))
        return NULL;
    if (q->in_use >= q->size) {
        virtio_fail(v, "queue %u: a request more than the %u that it has descriptors for", queue, q->size);
        return NULL;
    }
    Chain chain;
    chain.v = v;
    chain.request = &request;
    chain.n = 0;
    if (!follow(&chain, q, request.head)) {
        unmap(v, chain.piece, chain.n);
        return NULL;
    }
    q->last_avail++;
    q->in_use++;
    v->turn -= v->turn != VIRTIO_NO_TURN;
    if (!q->silent)
        ask_for_notification(v, q);
    request.piece = g_memdup2(chain.piece, chain.n * sizeof(chain.piece[0]));
    return g_memdup2(&request, sizeof(request));
}

void virtq_drop(Virtio *v, VirtqRequest *r)
{
    v->queue[r->queue].in_use -= r->epoch == v->epoch;
    unmap(v, r->piece, r->n_out + r->n_in);
    g_free(r->piece);
    g_free(r);
}

void virtq_unpop(Virtio *v, VirtqRequest *r)
{
    v->queue[r->queue].last_avail -= r->epoch == v->epoch;
    virtq_drop(v, r);
}

void virtq_push(Virtio *v, VirtqRequest *r, uint64_t written)
{
    VirtioQueue *q = &v->queue[r->queue];
    uint64_t entry = q->used + RING_ENTRIES + USED_ENTRY * (uint64_t)(q->used_idx & (q->size - 1u));
    const uint32_t bytes[2] = {virtio_u32(v, r->head), virtio_u32(v, (uint32_t)written)};
    bool stale = r->epoch != v->epoch || !q->enabled || v->status & VIRTIO_NEEDS_RESET;
    virtq_drop(v, r);
    if (stale)
        return;
    if (!dma_write(v->transport.dma, entry, bytes, sizeof(bytes))) {
        virtio_fail(v, "a used ring at 0x%" PRIx64 ", which is not in RAM", q->used);
        return;
    }
    q->used_idx++;
    store16(v, q->used + RING_IDX, q->used_idx);
}

/* §2.6.7.2: whether the index that the driver waits for was passed. */
static bool passed(uint16_t event, uint16_t now, uint16_t before)
{
    return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

static bool wants_to_know(Virtio *v, VirtioQueue *q)
{
    uint16_t value;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* the index was stored before what the driver wants is read: it does the reverse */
    if (!virtio_has(v, VIRTIO_F_EVENT_IDX))
        return load16(v, q->avail + RING_FLAGS, &value) && !(value & AVAIL_NO_INTERRUPT);
    bool told = q->told;
    uint16_t before = q->told_idx;
    q->told = true;
    q->told_idx = q->used_idx;
    return load16(v, used_event(q), &value) && (!told || passed(value, q->used_idx, before));
}

void virtq_tell(Virtio *v, unsigned queue)
{
    VirtioQueue *q = &v->queue[queue];
    if (q->enabled && !(v->status & VIRTIO_NEEDS_RESET) && wants_to_know(v, q))
        v->transport.interrupt(v->transport.opaque, (int)queue);
}

bool virtq_notifications(Virtio *v, unsigned queue, bool on)
{
    VirtioQueue *q = &v->queue[queue];
    if (!q->enabled || v->status & VIRTIO_NEEDS_RESET)
        return false;
    q->silent = !on;
    if (!virtio_has(v, VIRTIO_F_EVENT_IDX))
        store16(v, q->used + RING_FLAGS, on ? 0 : USED_NO_NOTIFY);
    if (on)
        ask_for_notification(v, q);
    return on && virtq_has_request(v, queue);
}

/* --- contents */

unsigned virtq_iov(const VirtqRequest *r, bool in, uint64_t at, uint64_t size, struct iovec *vec)
{
    const unsigned first = in ? r->n_out : 0, end = first + (in ? r->n_in : r->n_out); /* where there are none, r->piece is NULL */
    unsigned n = 0;
    for (unsigned i = first; i < end && size; i++) {
        const MemoryMap *piece = &r->piece[i];
        if (at >= piece->length) {
            at -= piece->length;
            continue;
        }
        uint64_t length = MIN(piece->length - at, size);
        vec[n++] = (struct iovec){piece->at + at, (size_t)length};
        size -= length;
        at = 0;
    }
    return n;
}

static size_t copy(const VirtqRequest *r, bool in, uint64_t at, uint8_t *bytes, size_t size)
{
    struct iovec vec[VIRTQ_BUFFERS_MAX];
    unsigned n = virtq_iov(r, in, at, size, vec);
    size_t done = 0;
    for (unsigned i = 0; i < n; i++) {
        if (in)
            memcpy(vec[i].iov_base, bytes + done, vec[i].iov_len);
        else
            memcpy(bytes + done, vec[i].iov_base, vec[i].iov_len);
        done += vec[i].iov_len;
    }
    return done;
}

size_t virtq_read(const VirtqRequest *r, uint64_t at, void *to, size_t size)
{
    return copy(r, false, at, to, size);
}

size_t virtq_write(const VirtqRequest *r, uint64_t at, const void *from, size_t size)
{
    return copy(r, true, at, (uint8_t *)(uintptr_t)from, size);
}
