/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "platform/base/bus.h"
#include "platform/base/device_bus.h"
#include "tests/unit/device_helper.h"
#include "tests/unit/unit.h"

typedef struct Probe {
    Device dev;
    GString *log;
} Probe;

static const StateField probe_derived[] = {{.name = "all", .size = sizeof(Probe), .count = 1}};
STATE_STRUCT_DERIVED(Probe, probe);

static void probe_reset(Device *dev)
{
    g_string_append_printf(((Probe *)dev)->log, "reset %s;", dev->id);
}

static void probe_describe(Device *dev, Dts *dts)
{
    dts_begin(dts, "%s@%x", dev->id, (unsigned)device_address(dev, 0));
    device_describe_reg(dev, dts);
    dts_end(dts);
}

static void probe_free(Device *dev)
{
    g_string_append(((Probe *)dev)->log, "free;");
    g_free(dev);
}

static bool probe_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    return false;
}

static bool probe_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    return false;
}

static Device *probe_new(const char *id, GString *log)
{
    static const DeviceOps ops = {
        .name = "probe",
        .state = &probe_state,
        .read = probe_read,
        .write = probe_write,
        .reset = probe_reset,
        .describe = probe_describe,
        .free = probe_free,
    };
    Probe *p = g_new0(Probe, 1);
    device_init(&p->dev, &ops, id);
    p->log = log;
    return &p->dev;
}

static void test_order(void)
{
    g_autoptr(GString) log = g_string_new(NULL);
    DeviceBus *bus = device_bus_new(DEVICE_BUS_SOC, 0);
    Device *a = probe_new("a", log), *b = probe_new("b", log);
    device_bus_add(bus, a);
    device_bus_add(bus, b);
    g_assert_true(device_bus_get(bus, 0) == a && device_bus_get(bus, 1) == b);
    g_assert_null(device_bus_get(bus, 2));
    device_bus_reset(bus);
    device_bus_free(bus);
    g_assert_cmpstr(log->str, ==, "reset a;reset b;free;free;");
}

/* The tree and the physical address space cannot say different things: both come of one bus_map(). */
static void test_address(void)
{
    g_autoptr(GString) log = g_string_new(NULL);
    DeviceBus *soc = device_bus_new(DEVICE_BUS_SOC, UINT64_C(0xfe0000000));
    Bus *space = bus_new();
    Device *dev = probe_new("uart", log);
    device_bus_add(soc, dev);
    g_assert_true(bus_map(space, soc->base + 0x4500, 0x100, dev, 0, NULL));
    g_assert_cmphex(device_address(dev, 0), ==, 0x4500);
    bus_unmap(space, dev, 0);
    g_assert_true(bus_map(space, soc->base + 0x4600, 0x80, dev, 0, NULL));
    g_assert_cmphex(device_address(dev, 0), ==, 0x4600);

    Dts *dts = dts_new();
    dts_begin(dts, "%s", "");
    dts_u32(dts, "#address-cells", 1);
    dts_u32(dts, "#size-cells", 1);
    device_bus_describe(soc, dts);
    dts_end(dts);
    g_autoptr(GBytes) tree = dts_finish(dts, NULL);
    g_assert_nonnull(memmem(g_bytes_get_data(tree, NULL), g_bytes_get_size(tree), "uart@4600", 10));
    dts_free(dts);
    bus_free(space);
    device_bus_free(soc);
}

/* ---- a device that carries a bus ---- */

typedef struct Bridge {
    Device dev;
    uint32_t setting;
} Bridge;

static const DeviceField bridge_fields[] = {DEVICE_FIELD(Bridge, setting, 7)};
static const StateField bridge_derived[] = {STATE_DERIVED(Bridge, dev)};
STATE_STRUCT(Bridge, bridge);

static void bridge_describe(Device *dev, Dts *dts)
{
    dts_begin(dts, "bridge@%x", (unsigned)device_address(dev, 0));
    device_describe_reg(dev, dts);
    dts_u32(dts, "#address-cells", 1);
    dts_u32(dts, "#size-cells", 1);
    DTS_CELLS(dts, "ranges", 0, (uint32_t)device_address(dev, 1), (uint32_t)dev->region[1].size);
    device_bus_describe(dev->below, dts);
    dts_end(dts);
}

/* A bridge on soc with registers at 0x5000, and from 0x80000 a window through which its own bus is seen. */
static Device *bridge_new(DeviceBus *soc, GString *log)
{
    static const DeviceOps ops = {.name = "bridge", .state = &bridge_state, .describe = bridge_describe};
    Bridge *b = g_new0(Bridge, 1);
    device_init(&b->dev, &ops, "bridge");
    device_bus_add(soc, &b->dev);
    device_place(&b->dev, 0, soc->base + 0x5000, 0x1000);
    device_place(&b->dev, 1, soc->base + 0x80000, 0x10000);
    b->dev.below = device_bus_new(DEVICE_BUS_SYSTEM, b->dev.region[1].gpa);
    device_bus_add(b->dev.below, probe_new("inner", log));
    return &b->dev;
}

static void test_bus_in_bus(void)
{
    g_autoptr(GString) log = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) state = g_byte_array_new();
    DeviceBus *soc = device_bus_new(DEVICE_BUS_SOC, UINT64_C(0xfe0000000)), *other = device_bus_new(DEVICE_BUS_SOC, 0);
    Device *bridge = bridge_new(soc, log), *loaded = bridge_new(other, log);
    Device *inner = device_bus_get(bridge->below, 0);
    Bus *space = bus_new();
    g_assert_true(bus_map(space, bridge->below->base + 0x4500, 0x100, inner, 0, &error));
    g_assert_cmphex(inner->region[0].gpa, ==, UINT64_C(0xfe0084500)); /* where accesses find it, */
    g_assert_cmphex(device_address(inner, 0), ==, 0x4500);            /* and what its node says */

    g_autoptr(GBytes) tree = device_tree(bridge, 1, (const char *const[]){NULL});
    g_assert_cmphex(tree_cell(tree, "/bridge@5000", "ranges", 1), ==, 0x80000);
    g_assert_cmphex(tree_cell(tree, "/bridge@5000/inner@4500", "reg", 0), ==, 0x4500);

    device_bus_reset(soc);
    g_assert_cmpuint(((Bridge *)bridge)->setting, ==, 7);
    ((Bridge *)bridge)->setting = 8;
    device_bus_save(soc, state);
    Sections *sections = sections_read(state->data, state->len, &error);
    device_bus_load(other, sections);
    g_assert_true(sections_end(sections, &error)); /* the section of the inner device was found, too */
    g_assert_cmpuint(((Bridge *)loaded)->setting, ==, 8);
    sections_free(sections);
    bus_free(space);
    device_bus_free(soc);
    device_bus_free(other);
    g_assert_cmpstr(log->str, ==, "reset inner;free;free;");
}

UNIT_TESTS(device_bus)
{
    g_test_add_func("/device-bus/a-device-carries-a-bus-behind-a-window", test_bus_in_bus);
    g_test_add_func("/device-bus/resets-in-order-and-frees-the-last-one-first", test_order);
    g_test_add_func("/device-bus/a-node-says-where-the-registers-answer", test_address);
}
