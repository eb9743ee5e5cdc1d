/* SPDX-License-Identifier: MIT
 *
 * A request is answered with what there is, at most PIECE bytes, and a driver asks again for the rest: so a large buffer does not keep the
 * device lock for long.
 */
#include "platform/devices/virtio/rng.h"

#include "platform/devices/virtio/virtq.h"

enum { QUEUE = 0, QUEUE_SIZE = 8, PIECE = 1024, RETRY_NS = 100000000 };

typedef struct Rng {
    Virtio virtio;
    VirtioRngConfig config;
    ClockTimer *timer;      /* set while a request waits */
    uint64_t left;          /* bytes that the guest may still get in this period */
    uint64_t period_end_ns; /* 0: none has begun */
} Rng;

static const StateField rng_fields[] = {
    STATE_FIELD(Rng, left, 0),
    STATE_FIELD(Rng, period_end_ns, 0),
};
static const StateField rng_derived[] = {
    STATE_DERIVED(Rng, virtio),
    STATE_DERIVED(Rng, config),
    STATE_DERIVED(Rng, timer),
};
STATE_STRUCT(Rng, rng);

static void rng_work(void *opaque);

/* For the next period, or for bytes to be there: entropy_get() will say it, but not to a machine that was saved meanwhile. */
static void wait(Rng *r)
{
    clock_timer_set(r->timer, r->left ? clock_now_ns(r->config.clock) + RETRY_NS : r->period_end_ns);
}

/* How many of size bytes the guest may have now; 0: the timer will say when there are more. */
static size_t allowance(Rng *r, size_t size)
{
    uint64_t now_ns = clock_now_ns(r->config.clock);
    if (now_ns >= r->period_end_ns) {
        r->period_end_ns = now_ns + UINT64_C(1000000) * r->config.period_ms;
        r->left = r->config.max_bytes;
    }
    return (size_t)MIN(size, r->left);
}

static size_t fill(Rng *r, const VirtqRequest *request)
{
    uint8_t bytes[PIECE];
    size_t wanted = allowance(r, (size_t)MIN(request->in_size, PIECE));
    size_t got = wanted ? entropy_get(r->config.entropy, bytes, wanted, rng_work, r) : 0;
    r->left -= got;
    return virtq_write(request, 0, bytes, got);
}

static void rng_work(void *opaque)
{
    Rng *r = opaque;
    Virtio *v = &r->virtio;
    bool done = false;
    for (VirtqRequest *request; (request = virtq_pop(v, QUEUE)); done = true) {
        size_t got = fill(r, request);
        if (!got && request->in_size) {
            wait(r);
            virtq_unpop(v, request);
            break;
        }
        virtq_push(v, request, got);
    }
    if (done)
        virtq_tell(v, QUEUE);
}

static void rng_notify(Virtio *v, unsigned queue)
{
    rng_work(v);
}

static void rng_reset(Virtio *v)
{
    Rng *r = (Rng *)v;
    entropy_forget(r->config.entropy, r);
    clock_timer_cancel(r->timer);
}

static void rng_post_load(Virtio *v)
{
    Rng *r = (Rng *)v;
    r->left = MIN(r->left, r->config.max_bytes);
    r->period_end_ns = MIN(r->period_end_ns, clock_now_ns(r->config.clock) + UINT64_C(1000000) * r->config.period_ms);
}

static void rng_free(Virtio *v)
{
    Rng *r = (Rng *)v;
    entropy_forget(r->config.entropy, r);
    clock_timer_free(r->timer);
    g_free(r);
}

Virtio *virtio_rng_new(const VirtioRngConfig *config)
{
    static const VirtioOps ops = {
        .name = "virtio-rng",
        .device = VIRTIO_RNG,
        .class_code = 0x00ff00,
        .state = &rng_state,
        .notify = rng_notify,
        .reset = rng_reset,
        .post_load = rng_post_load,
        .free = rng_free,
    };
    Rng *r = g_new0(Rng, 1);
    virtio_init(&r->virtio, &ops, 0);
    virtio_add_queue(&r->virtio, QUEUE, QUEUE_SIZE);
    r->config = *config;
    r->timer = clock_timer_new(config->clock, rng_work, r);
    return &r->virtio;
}
