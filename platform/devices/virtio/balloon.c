/* SPDX-License-Identifier: MIT
 *
 * Pages are 4 KiB and named by physical address, not by bus address; numbers of the configuration are little-endian for every driver.
 */
#include "platform/devices/virtio/balloon.h"

#include "platform/devices/virtio/virtq.h"

enum { INFLATE = 0, DEFLATE = 1, QUEUE_SIZE = 128, PAGE_SHIFT = 12, NUMBERS = 256 /* looked at together */ };
enum { CONFIG_NUM_PAGES = 0, CONFIG_ACTUAL = 4, CONFIG_SIZE = 8 };

#define F_DEFLATE_ON_OOM (UINT64_C(1) << 2)

typedef struct Balloon {
    Virtio virtio;
    uint32_t num_pages, actual; /* wanted, and what the driver says that there are */
} Balloon;

static const StateField balloon_fields[] = {
    STATE_KEPT(Balloon, num_pages),
    STATE_FIELD(Balloon, actual, 0),
};
static const StateField balloon_derived[] = {STATE_DERIVED(Balloon, virtio)};
STATE_STRUCT(Balloon, balloon);

/* The guest does not use these pages any more; runs of them go back to the host together. */
static void give_back(Virtio *v, uint32_t page, unsigned n)
{
    memory_zero(v->transport.dma->memory, (uint64_t)page << PAGE_SHIFT,
                (uint64_t)n << PAGE_SHIFT); /* of what is not RAM, nothing */
}

static void inflate(Virtio *v, const VirtqRequest *r)
{
    uint32_t numbers[NUMBERS];
    uint64_t end = MIN(r->out_size, (v->transport.dma->memory ? memory_size(v->transport.dma->memory) : 0) >> (PAGE_SHIFT - 2));
    for (uint64_t at = 0; at + 4 <= end; at += sizeof(numbers)) {
        size_t n = virtq_read(r, at, numbers, (size_t)MIN(sizeof(numbers), end - at)) / 4;
        for (size_t first = 0, i = 0; i < n; i++) {
            uint32_t page = virtio_u32(v, numbers[i]);
            numbers[i] = page;
            if (i + 1 < n && virtio_u32(v, numbers[i + 1]) == page + 1)
                continue;
            give_back(v, numbers[first], (unsigned)(i + 1 - first));
            first = i + 1;
        }
    }
}

static void balloon_notify(Virtio *v, unsigned queue)
{
    for (VirtqRequest *r; (r = virtq_pop(v, queue));) {
        if (queue == INFLATE)
            inflate(v, r);
        virtq_push(v, r, 0);
    }
    virtq_tell(v, queue);
}

static void balloon_config_read(Virtio *v, uint8_t *config, bool big)
{
    const Balloon *b = (Balloon *)v;
    virtio_put32(config + CONFIG_NUM_PAGES, b->num_pages, false);
    virtio_put32(config + CONFIG_ACTUAL, b->actual, false);
}

static void balloon_config_write(Virtio *v, unsigned at, const uint8_t *bytes, unsigned size, bool big)
{
    Balloon *b = (Balloon *)v;
    for (unsigned i = 0; i < size; i++) {
        unsigned shift = 8 * (at + i - CONFIG_ACTUAL);
        if (at + i >= CONFIG_ACTUAL)
            b->actual = (b->actual & ~(0xffu << shift)) | (uint32_t)bytes[i] << shift;
    }
}

void virtio_balloon_set_target(Virtio *v, uint64_t bytes)
{
    ((Balloon *)v)->num_pages = (uint32_t)MIN(bytes >> PAGE_SHIFT, UINT32_MAX);
    virtio_config_changed(v);
}

uint64_t virtio_balloon_actual(const Virtio *v)
{
    return (uint64_t)((const Balloon *)v)->actual << PAGE_SHIFT;
}

Virtio *virtio_balloon_new(const VirtioBalloonConfig *config)
{
    static const VirtioOps ops = {
        .name = "virtio-balloon",
        .device = VIRTIO_BALLOON,
        .class_code = 0x00ff00,
        .state = &balloon_state,
        .config_size = CONFIG_SIZE,
        .config_read = balloon_config_read,
        .config_write = balloon_config_write,
        .notify = balloon_notify,
    };
    Balloon *b = g_new0(Balloon, 1);
    virtio_init(&b->virtio, &ops, config->deflate_on_oom ? F_DEFLATE_ON_OOM : 0);
    virtio_add_queue(&b->virtio, INFLATE, QUEUE_SIZE);
    virtio_add_queue(&b->virtio, DEFLATE, QUEUE_SIZE);
    return &b->virtio;
}
