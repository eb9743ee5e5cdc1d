/* SPDX-License-Identifier: MIT
 *
 * Of windows that overlap the one with the lowest number counts.
 */
#include "platform/devices/pci/atmu.h"

#include <glib.h>

enum {
    STRIDE = 0x20, /* bytes from one window to the next */
    TAR = 0x00,    /* where it leads */
    TEAR = 0x04,   /* outbound: upper bits of that */
    WBAR = 0x08,   /* where it begins */
    WBEAR = 0x0c,  /* inbound: upper bits of that */
    WAR = 0x10,    /* whether it is there, what for, how large */
    PAGE_SHIFT = 12,
};

#define WAR_EN           0x80000000u
#define WAR_SIZE         0x0000003fu /* the window has 2^(n + 1) bytes */
#define WAR_SIZE_MIN     11u
#define POWAR_RTT        0x000f0000u
#define POWAR_RTT_IO     0x00080000u
#define PIWAR_TARGET     0x00f00000u
#define PIWAR_TARGET_RAM 0x00f00000u
#define POWAR_MEMORY     0x80044000u
#define POWAR_IO         0x80088000u
#define PIWAR_RAM        0xa0f55000u
#define GPA_PAGES        0x00ffffffu /* 36 bits of address, in pages */

uint32_t *atmu_register(Atmu *a, unsigned offset)
{
    unsigned field = offset % STRIDE;
    bool outbound = offset < ATMU_OUTBOUND * STRIDE;
    bool inbound = offset >= ATMU_INBOUND_AT && offset < ATMU_INBOUND_AT + ATMU_INBOUND * STRIDE;
    bool there = field == TAR || field == WBAR || field == WAR || (outbound && field == TEAR) || (inbound && field == WBEAR);
    return (outbound || inbound) && there ? &a->reg[offset / 4] : NULL;
}

static const uint32_t *outbound(const Atmu *a, unsigned window)
{
    return &a->reg[STRIDE / 4 * window];
}

static const uint32_t *inbound(const Atmu *a, unsigned window)
{
    return &a->reg[ATMU_INBOUND_AT / 4 + STRIDE / 4 * (ATMU_INBOUND - window)];
}

static void set(Atmu *a, const uint32_t *window, uint64_t from, uint64_t to, uint32_t attributes, uint64_t size)
{
    uint32_t *reg = &a->reg[window - a->reg];
    reg[TAR / 4] = (uint32_t)(to >> PAGE_SHIFT);
    reg[WBAR / 4] = (uint32_t)(from >> PAGE_SHIFT);
    reg[WAR / 4] = attributes | ((uint32_t)g_bit_storage(size - 1) - 1);
}

void atmu_reset(Atmu *a, uint64_t memory_gpa, uint32_t memory_bus, uint64_t memory_size, uint64_t io_gpa, uint64_t io_size)
{
    *a = (Atmu){0};
    set(a, outbound(a, 1), memory_gpa, memory_bus, POWAR_MEMORY, memory_size);
    set(a, outbound(a, 2), io_gpa, 0, POWAR_IO, io_size);
    set(a, inbound(a, 1), 0, 0, PIWAR_RAM, UINT64_C(1) << 31);
    set(a, inbound(a, 2), UINT64_C(1) << 31, UINT64_C(1) << 31, PIWAR_RAM, UINT64_C(1) << 30);
}

/* Whether an address is in the window that begins there; *offset in it, and how much of it is left. */
static bool hit(uint32_t attributes, uint64_t base, uint64_t address, uint64_t *offset, uint64_t *left)
{
    unsigned n = attributes & WAR_SIZE;
    if (!(attributes & WAR_EN) || n < WAR_SIZE_MIN)
        return false;
    uint64_t mask = n >= 63 ? UINT64_MAX : (UINT64_C(2) << n) - 1;
    *offset = address & mask;
    *left = mask - *offset; /* one less */
    return (address & ~mask) == (base & ~mask);
}

static uint64_t bus_of(const uint32_t *window)
{
    return (window[TAR / 4] | (uint64_t)window[TEAR / 4] << 32) << PAGE_SHIFT;
}

uint64_t atmu_outbound(const Atmu *a, uint64_t gpa, PciSpace *space)
{
    uint64_t offset, left;
    for (unsigned i = 1; i < ATMU_OUTBOUND; i++) {
        const uint32_t *w = outbound(a, i);
        if (!hit(w[WAR / 4], (uint64_t)(w[WBAR / 4] & GPA_PAGES) << PAGE_SHIFT, gpa, &offset, &left))
            continue;
        *space = (w[WAR / 4] & POWAR_RTT) == POWAR_RTT_IO ? PCI_SPACE_IO : PCI_SPACE_MEMORY;
        return bus_of(w) + offset;
    }
    *space = PCI_SPACE_MEMORY;
    return bus_of(outbound(a, 0)) + (uint32_t)gpa;
}

static uint64_t inbound_base(const Atmu *a, unsigned window)
{
    const uint32_t *w = inbound(a, window);
    return (w[WBAR / 4] | (uint64_t)w[WBEAR / 4] << 32) << PAGE_SHIFT & ~((UINT64_C(2) << (w[WAR / 4] & WAR_SIZE)) - 1);
}

/* A window with a lower number takes its own part out of one that begins before it. */
static void stop_before(const Atmu *a, unsigned window, uint64_t address, uint64_t *length)
{
    for (unsigned i = 1; i < window; i++) {
        uint64_t base = inbound_base(a, i), offset, left;
        if (base > address && base - address < *length && hit(inbound(a, i)[WAR / 4], base, base, &offset, &left))
            *length = base - address;
    }
}

bool atmu_inbound(const Atmu *a, uint64_t address, uint64_t *length, uint64_t *gpa)
{
    uint64_t offset, left;
    for (unsigned i = 1; i <= ATMU_INBOUND; i++) {
        const uint32_t *w = inbound(a, i);
        if (!hit(w[WAR / 4], inbound_base(a, i), address, &offset, &left))
            continue;
        *gpa = ((uint64_t)(w[TAR / 4] & GPA_PAGES) << PAGE_SHIFT) + offset;
        if (*length - 1 > left)
            *length = left + 1;
        stop_before(a, i, address, length);
        return (w[WAR / 4] & PIWAR_TARGET) == PIWAR_TARGET_RAM;
    }
    return false;
}
