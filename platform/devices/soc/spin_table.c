/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/spin_table.h"

#include <inttypes.h>
#include <string.h>

#include "cpu/log.h"

enum { ENTRY_ADDR = 0, ENTRY_R3 = 8, ENTRY_PIR = 20 };
enum { BOOT_CPU = 1 << 0 }; /* it runs from the start and does not wait here */

typedef struct SpinTable {
    Device dev;
    unsigned n_cpus;
    SpinTableRelease *release;
    void *opaque;

    uint8_t bytes[SPIN_TABLE_SIZE]; /* big-endian, as the guest sees them */
    uint32_t released;              /* bit per CPU: it does not wait here */
} SpinTable;

static const DeviceField spin_table_fields[] = {
    DEVICE_ARRAY(SpinTable, bytes, 0),
    DEVICE_FIELD(SpinTable, released, 0),
};
static const StateField spin_table_derived[] = {
    STATE_DERIVED(SpinTable, dev),
    STATE_DERIVED(SpinTable, n_cpus),
    STATE_DERIVED(SpinTable, release),
    STATE_DERIVED(SpinTable, opaque),
};
STATE_STRUCT(SpinTable, spin_table);

static uint64_t be_get(const uint8_t *from, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | from[i];
    return value;
}

static void be_put(uint8_t *to, unsigned size, uint64_t value)
{
    for (unsigned i = size; i-- > 0; value >>= 8)
        to[i] = (uint8_t)value;
}

static bool spin_table_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    const SpinTable *t = (SpinTable *)dev;
    if (offset >= SPIN_TABLE_SIZE || size > SPIN_TABLE_SIZE - offset)
        return false;
    *value = be_get(t->bytes + offset, size);
    return true;
}

static bool spin_table_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    SpinTable *t = (SpinTable *)dev;
    if (offset >= SPIN_TABLE_SIZE || size > SPIN_TABLE_SIZE - offset)
        return false;
    be_put(t->bytes + offset, size, value);

    unsigned cpu = (unsigned)(offset / SPIN_TABLE_ENTRY);
    const uint8_t *entry = t->bytes + cpu * SPIN_TABLE_ENTRY;
    if (cpu >= t->n_cpus) {
        LOG(LOG_GUEST_ERRORS, "%s: write to entry %u: there is no such vCPU", dev->id, cpu);
        return true;
    }
    if ((entry[ENTRY_ADDR + 7] & 1) || (t->released & 1u << cpu))
        return true;
    t->released |= 1u << cpu;
    t->release(t->opaque, cpu, be_get(entry + ENTRY_ADDR, 8), be_get(entry + ENTRY_R3, 8));
    return true;
}

void spin_table_hold(Device *dev, unsigned cpu)
{
    SpinTable *t = (SpinTable *)dev;
    g_assert(cpu < t->n_cpus);
    uint8_t *entry = t->bytes + cpu * SPIN_TABLE_ENTRY;
    memset(entry, 0, SPIN_TABLE_ENTRY);
    be_put(entry + ENTRY_ADDR, 8, 1);
    be_put(entry + ENTRY_R3, 8, cpu);
    be_put(entry + ENTRY_PIR, 4, cpu);
    t->released &= ~(1u << cpu);
}

static void spin_table_reset(Device *dev)
{
    SpinTable *t = (SpinTable *)dev;
    for (unsigned cpu = 0; cpu < t->n_cpus; cpu++)
        spin_table_hold(dev, cpu);
    t->released = BOOT_CPU;
}

static const DeviceOps spin_table_ops = {
    .name = "spin_table",
    .state = &spin_table_state,
    .read = spin_table_read,
    .write = spin_table_write,
    .reset = spin_table_reset,
    .describe = device_no_node, /* each cpu node has the address of its entry */
};

Device *spin_table_new(const char *id, unsigned n_cpus, SpinTableRelease *release, void *opaque)
{
    G_STATIC_ASSERT(SPIN_TABLE_CPUS_MAX * SPIN_TABLE_ENTRY == SPIN_TABLE_SIZE);
    g_assert(n_cpus <= SPIN_TABLE_CPUS_MAX);
    SpinTable *t = g_new0(SpinTable, 1);
    device_init(&t->dev, &spin_table_ops, id);
    t->n_cpus = n_cpus;
    t->release = release;
    t->opaque = opaque;
    device_reset(&t->dev);
    return &t->dev;
}

uint64_t spin_table_entry(uint64_t table, unsigned cpu)
{
    return table + (uint64_t)cpu * SPIN_TABLE_ENTRY;
}
