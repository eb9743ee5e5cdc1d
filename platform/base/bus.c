/* SPDX-License-Identifier: MIT */
#include "platform/base/bus.h"

#include <inttypes.h>

#include "cpu/log.h"

typedef struct BusRange {
    uint64_t gpa, size;
    Device *dev; /* NULL: nothing answers here, and nothing may be mapped */
    unsigned region;
    char *who; /* for messages */
} BusRange;

enum {
    BLOCK_SHIFT = 12,
    BLOCKS_MAX = 256, /* as many as CCSR has; elsewhere a guest could go on without end */
};

struct Bus {
    GArray *ranges; /* of BusRange, ascending, disjoint */
    uint64_t unmapped;
    bool has_zeros;
    uint64_t zeros, zeros_last; /* where accesses that nobody answers read zeros: first and last byte */
    GHashTable *told;           /* of uint64_t: blocks there whose first access was traced */
};

static __thread unsigned initiator;

static void range_clear(gpointer data)
{
    g_free(((BusRange *)data)->who);
}

Bus *bus_new(void)
{
    Bus *bus = g_new0(Bus, 1);
    bus->ranges = g_array_new(FALSE, FALSE, sizeof(BusRange));
    g_array_set_clear_func(bus->ranges, range_clear);
    bus->told = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return bus;
}

void bus_free(Bus *bus)
{
    if (!bus)
        return;
    g_array_free(bus->ranges, TRUE);
    g_hash_table_destroy(bus->told);
    g_free(bus);
}

static BusRange *range_at(const Bus *bus, guint i)
{
    return &g_array_index(bus->ranges, BusRange, i);
}

/* Index of the first range that begins beyond gpa. */
static guint range_after(const Bus *bus, uint64_t gpa)
{
    guint low = 0, high = bus->ranges->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (range_at(bus, middle)->gpa <= gpa)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool overlap_error(const BusRange *have, const char *who, uint64_t gpa, uint64_t size, GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "physical range 0x%" PRIx64 "+0x%" PRIx64 " of %s overlaps 0x%" PRIx64 "+0x%" PRIx64 " of %s", gpa, size, who,
                have->gpa, have->size, have->who);
    return false;
}

static bool range_insert(Bus *bus, uint64_t gpa, uint64_t size, Device *dev, unsigned region, const char *who, GError **error)
{
    if (size == 0 || gpa + (size - 1) < gpa) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "physical range 0x%" PRIx64 "+0x%" PRIx64 " of %s is empty or wraps around", gpa, size, who);
        return false;
    }
    guint at = range_after(bus, gpa);
    if (at > 0 && gpa - range_at(bus, at - 1)->gpa < range_at(bus, at - 1)->size)
        return overlap_error(range_at(bus, at - 1), who, gpa, size, error);
    if (at < bus->ranges->len && range_at(bus, at)->gpa - gpa < size)
        return overlap_error(range_at(bus, at), who, gpa, size, error);
    BusRange range = {gpa, size, dev, region, g_strdup(who)};
    g_array_insert_val(bus->ranges, at, range);
    return true;
}

bool bus_map(Bus *bus, uint64_t gpa, uint64_t size, Device *dev, unsigned region, GError **error)
{
    g_assert(dev->ops->read && dev->ops->write && region < DEVICE_REGIONS_MAX && !dev->region[region].size);
    if (!range_insert(bus, gpa, size, dev, region, dev->id, error))
        return false;
    dev->region[region] = (DeviceRegion){gpa, size};
    return true;
}

bool bus_reserve(Bus *bus, uint64_t gpa, uint64_t size, const char *who, GError **error)
{
    return range_insert(bus, gpa, size, NULL, 0, who, error);
}

void bus_unmap(Bus *bus, Device *dev, unsigned region)
{
    for (guint i = bus->ranges->len; i-- > 0;) {
        const BusRange *r = range_at(bus, i);
        if (r->dev == dev && r->region == region)
            g_array_remove_index(bus->ranges, i);
    }
    dev->region[region] = (DeviceRegion){0, 0};
}

/* The device range that holds the whole access, or NULL. */
static const BusRange *range_find(const Bus *bus, uint64_t gpa, unsigned size)
{
    guint after = range_after(bus, gpa);
    if (after == 0)
        return NULL;
    const BusRange *r = range_at(bus, after - 1);
    uint64_t offset = gpa - r->gpa;
    return r->dev && offset < r->size && size <= r->size - offset ? r : NULL;
}

void bus_set_zeros(Bus *bus, uint64_t gpa, uint64_t last)
{
    bus->has_zeros = true;
    bus->zeros = gpa;
    bus->zeros_last = last;
}

/* True: this is the first access to its block, to be traced.  After BLOCKS_MAX blocks none is traced, so that a guest cannot fill memory. */
static bool first_in_block(Bus *bus, uint64_t gpa)
{
    uint64_t block = gpa >> BLOCK_SHIFT;
    if (g_hash_table_size(bus->told) >= BLOCKS_MAX || g_hash_table_contains(bus->told, &block))
        return false;
    uint64_t *key = g_new(uint64_t, 1);
    *key = block;
    return g_hash_table_add(bus->told, key);
}

/* Whether an access that nobody answers, or that the device of r refuses, succeeds all the same. */
static bool unmapped(Bus *bus, const char *what, uint64_t gpa, unsigned size, const BusRange *r)
{
    const char *why = r ? "refused by " : "nobody answers", *who = r ? r->who : "";
    bus->unmapped++;
    if (!bus->has_zeros || gpa < bus->zeros || gpa > bus->zeros_last || size - 1 > bus->zeros_last - gpa) {
        LOG(LOG_GUEST_ERRORS, "bus: vCPU %u: %s of %u bytes at 0x%09" PRIx64 ": %s%s", initiator, what, size, gpa, why, who);
        return false;
    }
    if (log_on(LOG_UNIMP) && first_in_block(bus, gpa))
        LOG(LOG_UNIMP,
            "bus: vCPU %u: %s of %u bytes at 0x%09" PRIx64 ": %s%s; answered with zeros, which is not said again for these 4 KiB",
            initiator, what, size, gpa, why, who);
    return true;
}

bool bus_read(Bus *bus, uint64_t gpa, unsigned size, uint64_t *value)
{
    const BusRange *r = range_find(bus, gpa, size);
    *value = 0;
    if (r && r->dev->ops->read && r->dev->ops->read(r->dev, r->region, gpa - r->gpa, size, value))
        return true;
    *value = 0;
    return unmapped(bus, "read", gpa, size, r);
}

bool bus_write(Bus *bus, uint64_t gpa, unsigned size, uint64_t value)
{
    const BusRange *r = range_find(bus, gpa, size);
    if (r && r->dev->ops->write && r->dev->ops->write(r->dev, r->region, gpa - r->gpa, size, value))
        return true;
    return unmapped(bus, "write", gpa, size, r);
}

uint64_t bus_unmapped_count(const Bus *bus)
{
    return bus->unmapped;
}

void bus_set_initiator(unsigned vcpu)
{
    initiator = vcpu;
}

unsigned bus_initiator(void)
{
    return initiator;
}
