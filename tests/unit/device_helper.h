/* SPDX-License-Identifier: MIT
 *
 * For tests of devices: registers without a bus, wires that remember, a clock that stands until
 * told.
 */
#pragma once

#include <libfdt.h>
#include <string.h>

#include "platform/base/clock.h"
#include "platform/base/device.h"
#include "platform/base/irq.h"

static inline uint64_t reg_read(Device *dev, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    g_assert_true(dev->ops->read(dev, 0, offset, size, &value));
    return value;
}

static inline void reg_write(Device *dev, uint64_t offset, unsigned size, uint64_t value)
{
    g_assert_true(dev->ops->write(dev, 0, offset, size, value));
}

static inline bool reg_answers(Device *dev, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    return dev->ops->read(dev, 0, offset, size, &value);
}

typedef struct Wire {
    bool level;
    unsigned rises;
} Wire;

static inline void wire_set(void *opaque, unsigned pin, bool level)
{
    Wire *wire = (Wire *)opaque + pin;
    wire->rises += level && !wire->level;
    wire->level = level;
}

/* wires[pin] as an input of the controller "mpic". */
static inline IrqInput wire_input(Wire *wires, unsigned pin, uint32_t source)
{
    return (IrqInput){{wire_set, wires, pin}, "mpic", {source, 2}, NULL};
}

/* As bus_map() does. */
static inline void device_place(Device *dev, unsigned region, uint64_t gpa, uint64_t size)
{
    dev->region[region] = (DeviceRegion){gpa, size};
}

typedef struct TestClock {
    TimeSource time;
    Clock *clock;
} TestClock;

static inline void test_clock_init(TestClock *t)
{
    time_source_init(&t->time, true, 0);
    t->clock = clock_new(&t->time);
}

static inline void test_clock_advance(TestClock *t, uint64_t ns)
{
    time_source_advance(&t->time, ns);
    clock_run_due(t->clock);
}

/* Saves `from` and loads that into `to`. */
static inline void device_copy(Device *from, Device *to)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    device_save(from, state);
    Sections *sections = sections_read(state->data, state->len, &error);
    g_assert_no_error(error);
    g_assert_true(device_load(to, sections));
    g_assert_true(sections_end(sections, &error));
    g_assert_no_error(error);
    sections_free(sections);
}

/* Loads a state in which every element of every field has all bits set. */
static inline void device_load_ones(Device *dev)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    SectionWriter to = section_begin(state, dev->id, dev->ops->version);
    const StateStruct *what = dev->ops->state;
    g_autofree uint8_t *object = g_malloc(what->size);
    memset(object, 0xff, what->size);
    section_put(&to, what, object);
    section_end(&to);
    Sections *sections = sections_read(state->data, state->len, NULL);
    g_assert_true(device_load(dev, sections));
    g_assert_true(sections_end(sections, NULL));
    sections_free(sections);
}

/* The tree of one device below a root, with stand-ins for the phandles it may refer to. */
static inline GBytes *device_tree(Device *dev, unsigned address_cells, const char *const *refs)
{
    g_autoptr(GError) error = NULL;
    Dts *dts = dts_new();
    dts_begin(dts, "%s", "");
    dts_u32(dts, "#address-cells", address_cells);
    dts_u32(dts, "#size-cells", address_cells);
    device_describe(dev, dts);
    for (; *refs; refs++) {
        dts_begin(dts, "%s", *refs);
        dts_phandle(dts, *refs);
        dts_end(dts);
    }
    dts_end(dts);
    GBytes *tree = dts_finish(dts, &error);
    g_assert_no_error(error);
    dts_free(dts);
    g_assert_cmpint(fdt_check_full(g_bytes_get_data(tree, NULL), g_bytes_get_size(tree)), ==, 0);
    return tree;
}

static inline uint32_t tree_cell(GBytes *tree, const char *path, const char *property, unsigned index)
{
    const void *fdt = g_bytes_get_data(tree, NULL);
    int node = fdt_path_offset(fdt, path), length = 0;
    g_assert_cmpint(node, >=, 0);
    const fdt32_t *cells = fdt_getprop(fdt, node, property, &length);
    g_assert_nonnull(cells);
    g_assert_cmpint((int)(4 * index), <, length);
    return fdt32_ld(cells + index);
}

static inline bool tree_compatible(GBytes *tree, const char *path, const char *compatible)
{
    const void *fdt = g_bytes_get_data(tree, NULL);
    int node = fdt_path_offset(fdt, path);
    return node >= 0 && fdt_node_check_compatible(fdt, node, compatible) == 0;
}
