/* SPDX-License-Identifier: MIT */
#include "platform/devices/virtio/rng.h"
#include "tests/unit/device_helper.h"
#include "tests/unit/unit.h"
#include "tests/unit/virtio_fixture.h"

typedef struct Rng {
    Driver d;
    TestClock clock;
    Entropy *entropy;
} Rng;

static void open_rng(Rng *r, uint64_t max_bytes)
{
    test_clock_init(&r->clock);
    r->entropy = entropy_new_repeated();
    const VirtioRngConfig config = {r->entropy, r->clock.clock, max_bytes, 100};
    driver_open(&r->d, virtio_rng_new(&config));
    driver_start(&r->d, false, 0);
}

static void close_rng(Rng *r)
{
    driver_close(&r->d);
    entropy_free(r->entropy);
    clock_free(r->clock.clock);
}

static void ask(Rng *r, uint32_t bytes)
{
    driver_desc(&r->d, 0, 0, DRIVER_DATA, bytes, DRIVER_WRITE, 0);
    driver_offer(&r->d, 0, 0);
    virtio_kick(r->d.v, 0);
}

static void test_fills(void)
{
    Rng r;
    static const uint32_t sizes[] = {1, 64, 1024, 0x10000, 0};
    open_rng(&r, UINT64_MAX);
    FOR_ROWS (i, sizes) {
        ask(&r, sizes[i]);
        g_assert_cmpuint(driver_used(&r.d, 0), ==, i + 1);
        g_assert_cmpuint(driver_used_length(&r.d, 0, i), ==, MIN(sizes[i], 1024)); /* of a large one a piece */
    }
    g_assert_cmpuint(r.d.interrupts, ==, G_N_ELEMENTS(sizes));
    g_assert_cmphex(memory_load64(r.d.memory, DRIVER_DATA), !=, 0);
    g_assert_cmphex(memory_load64(r.d.memory, DRIVER_DATA + 1024), ==, 0);
    close_rng(&r);
}

static void test_limit(void)
{
    Rng r;
    open_rng(&r, 100);
    ask(&r, 64);
    ask(&r, 64);
    g_assert_cmpuint(driver_used_length(&r.d, 0, 1), ==, 36);
    ask(&r, 64);
    g_assert_cmpuint(driver_used(&r.d, 0), ==, 2); /* the next period */
    test_clock_advance(&r.clock, 99999999);
    g_assert_cmpuint(driver_used(&r.d, 0), ==, 2);
    test_clock_advance(&r.clock, 1);
    g_assert_cmpuint(driver_used(&r.d, 0), ==, 3);
    g_assert_cmpuint(driver_used_length(&r.d, 0, 2), ==, 64);
    ask(&r, 64);
    ask(&r, 64);
    virtio_set_status(r.d.v, 0); /* nobody waits any more */
    test_clock_advance(&r.clock, 1000000000);
    g_assert_cmpuint(driver_used(&r.d, 0), ==, 4);
    close_rng(&r);
}

UNIT_TESTS(virtio_rng)
{
    g_test_add_func("/virtio-rng/buffers-are-filled", test_fills);
    g_test_add_func("/virtio-rng/a-period-has-so-many-bytes", test_limit);
}
