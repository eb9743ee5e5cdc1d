/* SPDX-License-Identifier: MIT */
#include <glib.h>

#include "cpu/timesource.h"
#include "tests/unit/unit.h"

static void virtual_time_moves_only_when_told(void)
{
    TimeSource ts;

    time_source_init(&ts, true, 3);
    time_source_start(&ts);
    g_assert_cmpuint(time_now_ns(&ts), ==, 0);
    time_source_advance(&ts, 40);
    time_source_stop(&ts);
    time_source_advance(&ts, 2);
    g_assert_cmpuint(time_now_ns(&ts), ==, 42);
}

static void virtual_time_never_goes_back(void)
{
    TimeSource ts;

    time_source_init(&ts, true, 0);
    time_source_advance_to(&ts, 100);
    time_source_advance_to(&ts, 50);
    g_assert_cmpuint(time_now_ns(&ts), ==, 100);
}

static void host_time_stands_still_while_stopped(void)
{
    TimeSource ts;
    uint64_t at;

    time_source_init(&ts, false, 0);
    g_assert_cmpuint(time_now_ns(&ts), ==, 0);
    time_source_start(&ts);
    at = time_now_ns(&ts);
    while (time_now_ns(&ts) == at)
        ;
    time_source_stop(&ts);
    at = time_now_ns(&ts);
    for (int i = 0; i < 1000; i++)
        g_assert_cmpuint(time_now_ns(&ts), ==, at);
    time_source_advance(&ts, 1000); /* not ours to move */
    g_assert_cmpuint(time_now_ns(&ts), ==, at);
    time_source_start(&ts);
    g_assert_cmpuint(time_now_ns(&ts), >=, at);
}

static void a_product_beyond_64_bits_divides_exactly(void)
{
    g_assert_cmpuint(mul_div_u64(UINT64_MAX, 1000, 1000), ==, UINT64_MAX);
    g_assert_cmpuint(mul_div_u64(UINT64_MAX, UINT64_MAX, UINT64_MAX), ==, UINT64_MAX);
    g_assert_cmpuint(mul_div_u64(UINT64_C(1) << 63, 6, 8), ==, UINT64_C(3) << 61);
    g_assert_cmpuint(mul_div_u64(7, 400000000, NS_PER_SECOND), ==, 2);
    g_assert_cmpuint(mul_div_u64(UINT64_C(0x123456789abcdef0), 0xfedcba987, UINT64_C(1) << 40), ==, UINT64_C(0x121fa00ad70a3d5));
}

static void a_quotient_beyond_64_bits_saturates(void)
{
    g_assert_cmpuint(mul_div_u64(UINT64_MAX, 2, 1), ==, UINT64_MAX);
    g_assert_cmpuint(mul_div_u64(UINT64_C(1) << 40, UINT64_C(1) << 40, 2), ==, UINT64_MAX);
}

UNIT_TESTS(timesource)
{
    g_test_add_func("/timesource/virtual-time-moves-only-when-told", virtual_time_moves_only_when_told);
    g_test_add_func("/timesource/virtual-time-never-goes-back", virtual_time_never_goes_back);
    g_test_add_func("/timesource/host-time-stands-still-while-stopped", host_time_stands_still_while_stopped);
    g_test_add_func("/timesource/a-product-beyond-64-bits-divides-exactly", a_product_beyond_64_bits_divides_exactly);
    g_test_add_func("/timesource/a-quotient-beyond-64-bits-saturates", a_quotient_beyond_64_bits_saturates);
}
