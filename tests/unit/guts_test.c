/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/guts.h"
#include "tests/unit/unit.h"

#include "tests/unit/device_helper.h"

static Wire reset;

static Device *make(void)
{
    reset = (Wire){0};
    Device *guts = guts_new("guts", 0x80230020, 0x12345678, 400000000, (IrqLine){wire_set, &reset, 0});
    device_place(guts, 0, 0xe0000, GUTS_SIZE);
    return guts;
}

static void test_identity(void)
{
    Device *guts = make();
    g_assert_cmphex(reg_read(guts, 0xa0, 4), ==, 0x80230020);
    g_assert_cmphex(reg_read(guts, 0xa4, 4), ==, 0x12345678);
    reg_write(guts, 0xa0, 4, 0);
    g_assert_cmphex(reg_read(guts, 0xa0, 4), ==, 0x80230020);
    device_free(guts);
}

static void test_reset_request(void)
{
    Device *guts = make();
    reg_write(guts, 0xb0, 4, 0xfffffffd);
    g_assert_cmpuint(reset.rises, ==, 0);
    reg_write(guts, 0xb0, 4, 2);
    g_assert_cmpuint(reset.rises, ==, 1);
    g_assert_false(reset.level);
    reg_write(guts, 0xb0, 4, 2);
    g_assert_cmpuint(reset.rises, ==, 2);
    g_assert_cmphex(reg_read(guts, 0xb0, 4), ==, 0);
    device_free(guts);
}

static void test_sizes(void)
{
    Device *guts = make();
    for (unsigned size = 1; size <= 8; size *= 2)
        g_assert_cmpint(reg_answers(guts, 0xb0, size), ==, size == 4);
    g_assert_false(guts->ops->write(guts, 0, 0xb0, 1, 2));
    g_assert_cmpuint(reset.rises, ==, 0);
    g_assert_cmphex(reg_read(guts, 0xffc, 4), ==, 0);
    reg_write(guts, 0xffc, 4, 1);
    device_free(guts);
}

/* What boot loaders and kernels ask: clock ratios, host or agent, PCI, what is switched off. */
static void test_power_on_status(void)
{
    Device *guts = make();
    uint32_t ratios = (uint32_t)reg_read(guts, 0x00, 4);
    g_assert_cmpuint(ratios >> 1 & 31, ==, 6);  /* bus: 6 × 66.67 MHz */
    g_assert_cmpuint(ratios >> 16 & 63, ==, 2); /* core: 2/2 of that */
    g_assert_cmphex(reg_read(guts, 0x04, 4) >> 16, ==, 7);
    g_assert_cmphex(reg_read(guts, 0x0c, 4), ==, 0x30000);
    g_assert_cmphex(reg_read(guts, 0x14, 4), ==, 0);
    for (unsigned offset = 0; offset <= 0x20; offset += 4) {
        uint64_t before = reg_read(guts, offset, 4);
        reg_write(guts, offset, 4, 0x5a5a5a5a);
        g_assert_cmphex(reg_read(guts, offset, 4), ==, before);
    }
    /* PCI1, DDR, the core, its time base, I2C and DUART are on */
    g_assert_cmphex(reg_read(guts, 0x70, 4) & 0x8001c006, ==, 0);
    device_free(guts);
}

static void test_kept(void)
{
    const uint32_t absent = 0x6f0c04f0;
    Device *guts = make();
    reg_write(guts, 0x70, 4, 0xabcd);
    g_assert_cmphex(reg_read(guts, 0x70, 4), ==, 0xabcd | absent); /* what is not there stays off */
    g_assert_cmphex(reg_read(guts, 0x70, 4) & ~absent, ==, 0xab0d);
    device_reset(guts);
    g_assert_cmphex(reg_read(guts, 0x70, 4), ==, absent);
    device_free(guts);
}

static void test_node(void)
{
    Device *guts = make();
    g_autoptr(GBytes) tree = device_tree(guts, 1, (const char *const[]){NULL});
    g_assert_true(tree_compatible(tree, "/global-utilities@e0000", "fsl,mpc8544-guts"));
    int length = -1;
    const void *fdt = g_bytes_get_data(tree, NULL);
    g_assert_nonnull(fdt_getprop(fdt, fdt_path_offset(fdt, "/global-utilities@e0000"), "fsl,has-rstcr", &length));
    g_assert_cmpint(length, ==, 0);
    device_free(guts);
}

UNIT_TESTS(guts)
{
    g_test_add_func("/guts/tells-pvr-and-svr", test_identity);
    g_test_add_func("/guts/hreset-req-asks-for-a-reset-each-time", test_reset_request);
    g_test_add_func("/guts/answers-32-bit-accesses-only", test_sizes);
    g_test_add_func("/guts/tells-how-the-chip-came-up", test_power_on_status);
    g_test_add_func("/guts/devdisr-is-kept-until-reset", test_kept);
    g_test_add_func("/guts/describes-itself", test_node);
}
