/* SPDX-License-Identifier: MIT */
#include "platform/base/xxh64.h"

#include "tests/unit/unit.h"

/* The published values of the reference implementation; and what libzstd writes behind a frame with a checksum, which is the lower half. */
static void known_values(void)
{
    uint8_t bytes[101];
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    g_assert_cmphex(xxh64("", 0, 0), ==, 0xef46db3751d8e999);
    g_assert_cmphex(xxh64("a", 1, 0), ==, 0xd24ec4f1a98c6e5b);
    g_assert_cmphex(xxh64("abc", 3, 0), ==, 0x44bc2cf5ad770999);
    g_assert_cmphex((uint32_t)xxh64(bytes, sizeof(bytes), 0), ==, 0x5f85381e);
    g_assert_cmphex((uint32_t)xxh64(bytes, 63, 0), ==, 0xa95f8e4f);
}

UNIT_TESTS(xxh64)
{
    g_test_add_func("/xxh64/known-values", known_values);
}
