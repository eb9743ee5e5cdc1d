/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "platform/base/bus.h"
#include "platform/base/device_bus.h"
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

static Device *probe_new(const char *id, GString *log)
{
    static const DeviceOps ops = {
        .name = "probe", .state = &probe_state, .reset = probe_reset, .describe = probe_describe, .free = probe_free};
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

UNIT_TESTS(device_bus)
{
    g_test_add_func("/device-bus/resets-in-order-and-frees-the-last-one-first", test_order);
    g_test_add_func("/device-bus/a-node-says-where-the-registers-answer", test_address);
}
