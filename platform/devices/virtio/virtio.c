/* SPDX-License-Identifier: MIT */
#include "platform/devices/virtio/virtio.h"

#include <stdarg.h>
#include <string.h>

#include "cpu/log.h"

static const StateField virtio_fields[] = {
    STATE_FIELD(Virtio, accepted, 0),      STATE_FIELD(Virtio, generation, 0),      STATE_FIELD(Virtio, status, 0),
    STATE_COLUMN(Virtio, queue, desc),     STATE_COLUMN(Virtio, queue, avail),      STATE_COLUMN(Virtio, queue, used),
    STATE_COLUMN(Virtio, queue, size),     STATE_COLUMN(Virtio, queue, last_avail), STATE_COLUMN(Virtio, queue, used_idx),
    STATE_COLUMN(Virtio, queue, told_idx), STATE_COLUMN(Virtio, queue, vector),     STATE_COLUMN(Virtio, queue, told),
    STATE_COLUMN(Virtio, queue, silent),   STATE_COLUMN(Virtio, queue, enabled),
};
static const StateField virtio_derived[] = {
    STATE_DERIVED(Virtio, ops),      STATE_DERIVED(Virtio, transport), STATE_DERIVED(Virtio, id),
    STATE_DERIVED(Virtio, features), STATE_DERIVED(Virtio, epoch),     STATE_COLUMN(Virtio, queue, size_max),
    STATE_DERIVED(Virtio, turn),     STATE_DERIVED(Virtio, waiting),   STATE_COLUMN(Virtio, queue, in_use),
};
STATE_STRUCT(Virtio, virtio);

#define COMMON_FEATURES (VIRTIO_F_ANY_LAYOUT | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1)

void virtio_init(Virtio *v, const VirtioOps *ops, uint64_t features)
{
    g_assert(ops->config_size <= VIRTIO_CONFIG_MAX);
    state_check(&virtio_state);
    if (ops->state)
        state_check(ops->state);
    *v = (Virtio){.ops = ops, .features = features | COMMON_FEATURES, .turn = VIRTIO_NO_TURN};
}

void virtio_add_queue(Virtio *v, unsigned queue, uint16_t size)
{
    g_assert(queue < VIRTIO_QUEUES_MAX && size && (size & (size - 1)) == 0 && size <= VIRTIO_QUEUE_SIZE_MAX);
    v->queue[queue] = (VirtioQueue){.size = size, .size_max = size, .vector = VIRTIO_NO_VECTOR};
}

unsigned virtio_n_queues(const Virtio *v)
{
    unsigned n = VIRTIO_QUEUES_MAX;
    while (n && !v->queue[n - 1].size_max)
        n--;
    return n;
}

void virtio_free(Virtio *v)
{
    if (v->ops->free)
        v->ops->free(v);
    else
        g_free(v);
}

bool virtio_is_big(const Virtio *v)
{
    return !(v->accepted & VIRTIO_F_VERSION_1);
}

#define PUT(bits)                                                              \
    void virtio_put##bits(uint8_t *at, uint##bits##_t value, bool big)         \
    {                                                                          \
        value = big ? GUINT##bits##_TO_BE(value) : GUINT##bits##_TO_LE(value); \
        memcpy(at, &value, sizeof(value));                                     \
    }
PUT(16)
PUT(32)
PUT(64)
#undef PUT

void virtio_config_changed(Virtio *v)
{
    v->generation++;
    if (v->status & VIRTIO_DRIVER_OK)
        v->transport.interrupt(v->transport.opaque, -1);
}

void virtio_fail(Virtio *v, const char *format, ...)
{
    if (v->status & VIRTIO_NEEDS_RESET)
        return;
    if (log_on(LOG_GUEST_ERRORS)) {
        va_list args;
        va_start(args, format);
        g_autofree char *text = g_strdup_vprintf(format, args);
        va_end(args);
        LOG(LOG_GUEST_ERRORS, "%s: %s: it stands still until it is reset", v->id, text);
    }
    v->status |= VIRTIO_NEEDS_RESET;
    if (!virtio_is_big(v)) /* legacy drivers know nothing of it */
        virtio_config_changed(v);
}

/* --- transports */

void virtio_settle(Virtio *v)
{
    if (v->ops->settle)
        v->ops->settle(v);
}

void virtio_reset(Virtio *v)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
        v->queue[i].enabled = false;
    v->epoch++;
    virtio_settle(v); /* which may let other vCPUs at the device meanwhile */
    v->epoch++;
    v->accepted = 0;
    v->status = 0;
    v->waiting = 0;
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
        if (v->queue[i].size_max)
            virtio_add_queue(v, i, v->queue[i].size_max);
    if (v->ops->state)
        state_reset(v->ops->state, v);
    if (v->ops->reset)
        v->ops->reset(v);
}

/* §3.1.1: what the driver accepted is settled by FEATURES_OK, unless it is more than was offered or less than a modern driver must. */
static uint8_t check_features(Virtio *v, uint8_t status)
{
    bool settled = status & ~v->status & VIRTIO_FEATURES_OK;
    if (settled && ((v->accepted & ~v->features) || !(v->accepted & VIRTIO_F_VERSION_1)))
        return status & (uint8_t)~VIRTIO_FEATURES_OK;
    return status;
}

void virtio_set_status(Virtio *v, uint8_t status)
{
    if (!status) {
        virtio_reset(v);
        return;
    }
    status = check_features(v, status);
    bool starts = status & ~v->status & VIRTIO_DRIVER_OK;
    v->status = status | (v->status & VIRTIO_NEEDS_RESET);
    if (starts && v->ops->started)
        v->ops->started(v);
}

void virtio_accept(Virtio *v, unsigned half, uint32_t bits)
{
    if (half > 1 || v->status & VIRTIO_FEATURES_OK || v->status & VIRTIO_DRIVER_OK)
        return;
    virtio_set_half(&v->accepted, half, bits);
}

void virtio_set_queue_size(Virtio *v, VirtioQueue *q, uint32_t size)
{
    if (size && size <= q->size_max && (size & (size - 1)) == 0)
        q->size = (uint16_t)size;
    else
        LOG(LOG_GUEST_ERRORS, "%s: a queue of %u descriptors, of at most %u", v->id, size, q->size_max);
}

void virtio_kick(Virtio *v, unsigned queue)
{
    if (queue >= VIRTIO_QUEUES_MAX || !v->queue[queue].enabled || v->status & VIRTIO_NEEDS_RESET || !v->ops->notify)
        return;
    v->turn = v->transport.again ? VIRTIO_TURN : VIRTIO_NO_TURN;
    v->ops->notify(v, queue);
    if (!v->turn)
        virtio_kick_later(v, UINT64_C(1) << queue);
    v->turn = VIRTIO_NO_TURN;
}

void virtio_kick_later(Virtio *v, uint64_t queues)
{
    v->waiting |= queues;
    if (v->transport.again)
        event_signal(v->transport.again);
}

/* A guest whose one vCPU makes requests as fast as the device serves them to another one would otherwise hold the device lock for ever. */
static void go_on(void *opaque)
{
    Virtio *v = opaque;
    uint64_t waiting = v->waiting;
    v->waiting = 0;
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
        if (waiting >> i & 1)
            virtio_kick(v, i);
}

void virtio_listen(Virtio *v)
{
    event_listen(v->transport.again, go_on, v);
}

void virtio_config_read(Virtio *v, unsigned at, uint8_t *bytes, unsigned size, bool big)
{
    uint8_t config[VIRTIO_CONFIG_MAX + 8] = {0};
    if (v->ops->config_read)
        v->ops->config_read(v, config, big);
    for (unsigned i = 0; i < size; i++)
        bytes[i] = at < v->ops->config_size && i < v->ops->config_size - at ? config[at + i] : 0;
}

void virtio_config_write(Virtio *v, unsigned at, const uint8_t *bytes, unsigned size, bool big)
{
    if (at < v->ops->config_size && size <= v->ops->config_size - at && v->ops->config_write)
        v->ops->config_write(v, at, bytes, size, big);
}

/* --- saved state */

void virtio_save(const Virtio *v, SectionWriter *to)
{
    section_put(to, &virtio_state, v);
    if (v->ops->state)
        section_put(to, v->ops->state, v);
    if (v->ops->save)
        v->ops->save(v, to);
}

/* Anything may have been loaded; virtq.c checks addresses where it uses them. */
static void queue_post_load(VirtioQueue *q)
{
    bool possible = q->size && q->size <= q->size_max && (q->size & (q->size - 1)) == 0;
    if (!possible)
        q->size = q->size_max;
    q->enabled &= possible;
}

void virtio_load(Virtio *v, Section *from)
{
    section_get(from, &virtio_state, v);
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++)
        queue_post_load(&v->queue[i]);
    v->accepted &= v->features;
    if (v->ops->state)
        section_get(from, v->ops->state, v);
    if (v->ops->load)
        v->ops->load(v, from);
    if (v->ops->post_load)
        v->ops->post_load(v);
}
