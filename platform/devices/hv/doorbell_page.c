/* SPDX-License-Identifier: MIT */
#include "platform/devices/hv/doorbell_page.h"

typedef struct DoorbellPage {
    Device dev;
    void (*send)(void *opaque, uint32_t handle);
    void *opaque;
} DoorbellPage;

static const StateField doorbell_page_derived[] = {
    STATE_DERIVED(DoorbellPage, dev),
    STATE_DERIVED(DoorbellPage, send),
    STATE_DERIVED(DoorbellPage, opaque),
};
STATE_STRUCT_DERIVED(DoorbellPage, doorbell_page);

static bool page_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    *value = 0;
    return offset == 0 && size == 4;
}

static bool page_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    const DoorbellPage *page = (DoorbellPage *)dev;
    if (offset || size != 4)
        return false;
    page->send(page->opaque, (uint32_t)value);
    return true;
}

static const DeviceOps doorbell_page_ops = {
    .name = "doorbell_page",
    .state = &doorbell_page_state,
    .read = page_read,
    .write = page_write,
    .describe = device_no_node, /* the doorbells that are sent by a store have its address */
};

Device *doorbell_page_new(const char *id, void (*send)(void *opaque, uint32_t handle), void *opaque)
{
    DoorbellPage *page = g_new0(DoorbellPage, 1);
    device_init(&page->dev, &doorbell_page_ops, id);
    page->send = send;
    page->opaque = opaque;
    return &page->dev;
}
