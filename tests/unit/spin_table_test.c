/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/spin_table.h"
#include "tests/unit/unit.h"

#include "tests/unit/device_helper.h"

static struct {
    unsigned calls, cpu;
    uint64_t entry, r3;
} released;

static void release(void *opaque, unsigned cpu, uint64_t entry, uint64_t r3)
{
    released.calls++;
    released.cpu = cpu;
    released.entry = entry;
    released.r3 = r3;
}

static Device *make(unsigned n_cpus)
{
    memset(&released, 0, sizeof(released));
    return spin_table_new("spin", n_cpus, release, NULL);
}

static void test_reset(void)
{
    Device *t = make(4);
    for (unsigned cpu = 0; cpu < 4; cpu++) {
        g_assert_cmphex(reg_read(t, cpu * 32, 8), ==, 1);
        g_assert_cmphex(reg_read(t, cpu * 32 + 4, 4), ==, 1);
        g_assert_cmphex(reg_read(t, cpu * 32 + 7, 1), ==, 1);
        g_assert_cmphex(reg_read(t, cpu * 32 + 8, 8), ==, cpu);
        g_assert_cmphex(reg_read(t, cpu * 32 + 20, 4), ==, cpu);
        g_assert_cmphex(reg_read(t, cpu * 32 + 24, 8), ==, 0);
    }
    g_assert_cmphex(reg_read(t, 4 * 32, 8), ==, 0); /* no such CPU */
    device_free(t);
}

/* A core that was reset by itself waits again, the boot CPU too, and is let go once more. */
static void test_hold(void)
{
    Device *t = make(2);
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        unsigned entry = cpu * 32, calls = released.calls;
        reg_write(t, entry + 8, 8, 0x1111);
        reg_write(t, entry, 8, 0x1000);
        g_assert_cmpuint(released.calls, ==, calls + (cpu != 0)); /* the boot CPU runs already */
        spin_table_hold(t, cpu);
        g_assert_cmphex(reg_read(t, entry, 8), ==, 1);
        g_assert_cmphex(reg_read(t, entry + 8, 8), ==, cpu);
        reg_write(t, entry, 8, 0x2000);
        g_assert_cmpuint(released.calls, ==, calls + (cpu != 0) + 1);
        g_assert_cmpuint(released.cpu, ==, cpu);
        g_assert_cmphex(released.entry, ==, 0x2000);
    }
    device_free(t);
}

static void test_release_64(void)
{
    Device *t = make(3);
    reg_write(t, 64 + 8, 8, UINT64_C(0x1122334455667788));
    g_assert_cmpuint(released.calls, ==, 0);
    reg_write(t, 64, 8, UINT64_C(0x100000000));
    g_assert_cmpuint(released.calls, ==, 1);
    g_assert_cmpuint(released.cpu, ==, 2);
    g_assert_cmphex(released.entry, ==, UINT64_C(0x100000000));
    g_assert_cmphex(released.r3, ==, UINT64_C(0x1122334455667788));
    device_free(t);
}

static void test_release_32(void)
{
    Device *t = make(2);
    reg_write(t, 32 + 20, 4, 1);
    reg_write(t, 32, 4, 0); /* upper half first: bit 0 is in the lower */
    g_assert_cmpuint(released.calls, ==, 0);
    reg_write(t, 32 + 4, 4, 0x10004);
    g_assert_cmpuint(released.calls, ==, 1);
    g_assert_cmphex(released.entry, ==, 0x10004);
    g_assert_cmphex(released.r3, ==, 1);
    device_free(t);
}

static void test_release_bytes(void)
{
    Device *t = make(2);
    reg_write(t, 32 + 4, 1, 0x12);
    reg_write(t, 32 + 5, 1, 0x34);
    reg_write(t, 32 + 6, 1, 0x56);
    g_assert_cmpuint(released.calls, ==, 0);
    reg_write(t, 32 + 7, 1, 0x78);
    g_assert_cmphex(released.entry, ==, 0x12345678);
    device_free(t);
}

static void test_once(void)
{
    Device *t = make(2);
    reg_write(t, 32, 8, 0x1000);
    reg_write(t, 32, 8, 0x2000);
    reg_write(t, 32 + 16, 4, 0);
    g_assert_cmpuint(released.calls, ==, 1);
    device_reset(t);
    g_assert_cmphex(reg_read(t, 32, 8), ==, 1);
    reg_write(t, 32, 8, 0x3000);
    g_assert_cmpuint(released.calls, ==, 2);
    g_assert_cmphex(released.entry, ==, 0x3000);
    device_free(t);
}

static void test_others(void)
{
    Device *t = make(2);
    reg_write(t, 0, 8, 0x1000); /* the boot CPU runs */
    reg_write(t, 2 * 32, 8, 0x1000);
    reg_write(t, 31 * 32, 8, 0x1000);
    g_assert_cmpuint(released.calls, ==, 0);
    g_assert_false(reg_answers(t, SPIN_TABLE_SIZE, 1));
    g_assert_false(t->ops->write(t, 0, SPIN_TABLE_SIZE, 8, 0));
    device_free(t);

    t = make(SPIN_TABLE_CPUS_MAX);
    reg_write(t, 31 * 32, 8, 0x1000);
    g_assert_cmpuint(released.cpu, ==, 31);
    device_free(t);
    g_assert_cmphex(spin_table_entry(UINT64_C(0xfef000000), 3), ==, UINT64_C(0xfef000060));
}

UNIT_TESTS(spin_table)
{
    g_test_add_func("/spin-table/every-cpu-waits-after-reset", test_reset);
    g_test_add_func("/spin-table/clearing-bit-0-releases-with-one-write", test_release_64);
    g_test_add_func("/spin-table/clearing-bit-0-releases-with-two-writes", test_release_32);
    g_test_add_func("/spin-table/clearing-bit-0-releases-byte-by-byte", test_release_bytes);
    g_test_add_func("/spin-table/a-held-cpu-waits-again", test_hold);
    g_test_add_func("/spin-table/a-cpu-is-released-once-until-reset", test_once);
    g_test_add_func("/spin-table/boot-cpu-and-absent-cpus-are-not-released", test_others);
}
