/* SPDX-License-Identifier: MIT */
#include "platform/image/layout.h"

#include <glib.h>

enum {
    MIB = 1 << 20,
    DTB_GAP = 24 * MIB,
    INITRD_GAP = 32 * MIB,
    INITRD_ALIGN = 16 * MIB,
};

static const uint64_t r3_end = UINT64_C(1) << 32;

static uint64_t align_down(uint64_t v, uint64_t to)
{
    return v & ~(to - 1);
}

static uint64_t align_up(uint64_t v, uint64_t to)
{
    return align_down(v + to - 1, to);
}

/* The tree's place in [from, limit): QEMU's, or the nearest one below it.  False: there is none. */
static bool place_dtb(Layout *l, uint64_t from, uint64_t limit)
{
    if (limit < LAYOUT_DTB_SIZE)
        return false;
    l->dtb = MIN(align_down(from + DTB_GAP, MIB), align_down(limit - LAYOUT_DTB_SIZE, MIB));
    return l->dtb >= from;
}

/* False: it would lie below `from`. */
static bool place_initrd(Layout *l, uint64_t from)
{
    l->initrd = align_down(MAX(from, LAYOUT_FIRMWARE_END) + INITRD_GAP, INITRD_ALIGN);
    if (l->initrd <= l->ram_size && l->initrd_size <= l->ram_size - l->initrd)
        return true;
    if (l->initrd_size > l->ram_size)
        return false;
    l->initrd = align_down(l->ram_size - l->initrd_size, MIB);
    return l->initrd >= from;
}

bool layout_find(Layout *l)
{
    uint64_t end = l->high; /* the end of what lies below the tree */
    if (l->is_firmware)
        end = MAX(end, LAYOUT_FIRMWARE_END);
    if (l->kernel_size) {
        l->kernel = align_up(end, MIB);
        end = l->kernel + l->kernel_size;
    }
    l->needed = align_up(end, MIB) + LAYOUT_DTB_SIZE + align_up(l->initrd_size, MIB);
    if (end > l->ram_size)
        return false;
    l->dtb_too_high = end + LAYOUT_DTB_SIZE > r3_end;
    if (l->dtb_too_high)
        return false;
    uint64_t limit = MIN(l->ram_size, r3_end);
    if (l->initrd_size) {
        if (!place_initrd(l, end))
            return false;
        limit = MIN(limit, l->initrd);
    }
    /* Firmware maps RAM by itself, and passes the tree on to a place where its kernel finds it. */
    uint64_t early_end = align_down(l->low, LAYOUT_EARLY_MAP) + LAYOUT_EARLY_MAP;
    if (place_dtb(l, end, MIN(limit, early_end)))
        return true;
    l->dtb_beyond = !l->is_firmware;
    return place_dtb(l, end, limit);
}
