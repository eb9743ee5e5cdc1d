/* SPDX-License-Identifier: MIT */
#include "platform/base/memory.h"
#include "tests/unit/unit.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

static void test_starts_zeroed(void)
{
    uint8_t got[64], zero[64] = {0};
    Memory *m = memory_new(64 * MIB, NULL);
    g_assert_cmpuint(memory_size(m), ==, 64 * MIB);
    g_assert_true(memory_read(m, 64 * MIB - sizeof(got), got, sizeof(got)));
    g_assert_cmpmem(got, sizeof(got), zero, sizeof(zero));
    memory_free(m);
}

static void test_bounds(void)
{
    static const struct {
        uint64_t gpa, size;
        bool inside;
    } cases[] = {
        {0, 0, true},           {0, MIB, true},  {0, MIB + 1, false}, {1, MIB, false},        {MIB - 1, 1, true},
        {MIB, 0, true},         {MIB, 1, false}, {MIB + 1, 0, false}, {UINT64_MAX, 1, false}, {UINT64_MAX, UINT64_MAX, false},
        {1, UINT64_MAX, false},
    };
    Memory *m = memory_new(MIB, NULL);
    FOR_ROWS (i, cases)
        g_assert_cmpint(memory_contains(m, cases[i].gpa, cases[i].size), ==, cases[i].inside);
    memory_free(m);
}

static void test_refused_write_writes_nothing(void)
{
    uint8_t ones[16], got[8], zero[8] = {0};
    memset(ones, 0xff, sizeof(ones));
    Memory *m = memory_new(MIB, NULL);
    g_assert_false(memory_write(m, MIB - 8, ones, sizeof(ones)));
    g_assert_false(memory_fill(m, MIB - 8, 0xff, 16));
    g_assert_true(memory_read(m, MIB - 8, got, 8));
    g_assert_cmpmem(got, 8, zero, 8);
    g_assert_false(memory_read(m, MIB - 4, got, 8));
    memory_free(m);
}

/* Zeros by pages and at the ragged ends; what is beside them stays. */
static void test_zero(void)
{
    static const uint64_t cases[][2] = {
        {0, 0}, {5, 7}, {0, 64 << 10}, {(64 << 10) - 3, 6}, {1, MIB - 2}, {(64 << 10) - 1, (128 << 10) + 2}, {0, MIB}};
    g_autofree uint8_t *got = g_malloc(MIB), *expected = g_malloc(MIB);
    Memory *m = memory_new(MIB, NULL);
    FOR_ROWS (i, cases) {
        memory_fill(m, 0, 0xee, MIB);
        memset(expected, 0xee, MIB);
        memset(expected + cases[i][0], 0, cases[i][1]);
        g_assert_true(memory_zero(m, cases[i][0], cases[i][1]));
        memory_read(m, 0, got, MIB);
        g_assert_cmpmem(got, MIB, expected, MIB);
    }
    g_assert_false(memory_zero(m, 1, MIB));
    g_assert_false(memory_zero(m, MIB + 1, 0));
    memory_free(m);
}

static void test_written_is_read(void)
{
    char got[6] = "";
    Memory *m = memory_new(2 * MIB, NULL);
    g_assert_true(memory_write(m, MIB - 2, "hello", 5));
    g_assert_true(memory_read(m, MIB - 2, got, 5));
    g_assert_cmpstr(got, ==, "hello");
    g_assert_cmpmem((uint8_t *)memory_hva(m) + MIB - 2, 5, "hello", 5);
    g_assert_true(memory_fill(m, MIB - 1, 'x', 2));
    g_assert_true(memory_read(m, MIB - 2, got, 5));
    g_assert_cmpstr(got, ==, "hxxlo");
    memory_free(m);
}

static void test_clear(void)
{
    Memory *m = memory_new(4 * MIB, NULL);
    memory_fill(m, 0, 0xa5, 4 * MIB);
    memory_clear(m);
    const uint8_t *p = memory_hva(m);
    uint8_t any = 0;
    for (uint64_t i = 0; i < 4 * MIB; i++)
        any |= p[i];
    g_assert_cmpuint(any, ==, 0);
    memory_free(m);
}

/* What the listener hears of. */
typedef struct Heard {
    unsigned n;
    uint64_t gpa, size; /* all of it together */
    Memory *memory;
    uint8_t first; /* byte at gpa at that time: it hears after the write */
} Heard;

static void hear(void *opaque, uint64_t gpa, uint64_t size)
{
    Heard *heard = opaque;
    uint64_t end = MAX(gpa + size, heard->n ? heard->gpa + heard->size : 0);
    g_assert_cmpuint(size, >, 0);
    heard->gpa = heard->n++ ? MIN(heard->gpa, gpa) : gpa;
    heard->size = end - heard->gpa;
    memory_read(heard->memory, heard->gpa, &heard->first, 1);
}

#define HEARS(call, at, length, byte)            \
    do {                                         \
        heard.n = 0;                             \
        call;                                    \
        g_assert_cmpuint(heard.n, >, 0);         \
        g_assert_cmphex(heard.gpa, ==, at);      \
        g_assert_cmphex(heard.size, ==, length); \
        g_assert_cmphex(heard.first, ==, byte);  \
    } while (0)

static void test_every_write_is_heard(void)
{
    Memory *m = memory_new(MIB, NULL);
    Heard heard = {.memory = m};
    MemoryMap map;
    memory_listen(m, hear, &heard);
    HEARS(memory_write(m, 5, "abc", 3), 5, 3, 'a');
    HEARS(memory_copy(m, 0x1000, 5, 3), 0x1000, 3, 'a');
    HEARS(memory_fill(m, 0x2000, 7, 100), 0x2000, 100, 7);
    HEARS(memory_zero(m, 0x1fff, 0x30000), 0x1fff, 0x30000, 0);
    HEARS(memory_store16(m, 0x10, 0x1234), 0x10, 2, 0x12);
    HEARS(memory_store32(m, 0x10, 0x56789abc), 0x10, 4, 0x56);
    HEARS(memory_store64(m, 0x10, UINT64_C(0x9abcdef012345678)), 0x10, 8, 0x9a);
    HEARS(memory_clear(m), 0, MIB, 0);
    g_assert_true(memory_map(m, 0x300, 8, true, &map));
    map.at[0] = 9;
    HEARS(memory_unmap(m, &map), 0x300, 8, 9);
    heard.n = 0;
    g_assert_true(memory_map(m, 0x300, 8, false, &map)); /* to read */
    g_assert_cmpuint(map.at[0], ==, 9);
    memory_unmap(m, &map);
    memory_unmap(m, &map); /* is nothing any more */
    g_assert_true(memory_write(m, 0, "", 0));
    g_assert_false(memory_write(m, MIB, "x", 1));
    g_assert_false(memory_map(m, MIB - 4, 8, true, &map));
    g_assert_null(map.at);
    memory_unmap(m, &map);
    g_assert_cmpuint(heard.n, ==, 0);
    memory_free(m);
}

static void test_values_are_big_endian(void)
{
    uint8_t got[8];
    static const uint8_t expected[8] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
    Memory *m = memory_new(MIB, NULL);
    memory_store64(m, MIB - 8, UINT64_C(0x1122334455667788));
    memory_read(m, MIB - 8, got, 8);
    g_assert_cmpmem(got, 8, expected, 8);
    g_assert_cmphex(memory_load64(m, MIB - 8), ==, UINT64_C(0x1122334455667788));
    g_assert_cmphex(memory_load32(m, MIB - 4), ==, 0x55667788);
    g_assert_cmphex(memory_load16(m, MIB - 2), ==, 0x7788);
    memory_store16(m, MIB - 8, 0xaabb);
    memory_store32(m, MIB - 4, 0xccddeeff);
    g_assert_cmphex(memory_load64(m, MIB - 8), ==, UINT64_C(0xaabb3344ccddeeff));
    memory_free(m);
}

static void test_too_large_names_the_size(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(memory_new(UINT64_C(1) << 62, &error));
    g_assert_nonnull(strstr(error->message, "4398046511104 MiB"));
    g_assert_null(strchr(error->message, '\n'));
}

UNIT_TESTS(memory)
{
    g_test_add_func("/memory/starts-zeroed", test_starts_zeroed);
    g_test_add_func("/memory/bounds-do-not-overflow", test_bounds);
    g_test_add_func("/memory/a-refused-write-writes-nothing", test_refused_write_writes_nothing);
    g_test_add_func("/memory/what-is-written-is-read", test_written_is_read);
    g_test_add_func("/memory/zeros-by-pages-and-at-ragged-ends", test_zero);
    g_test_add_func("/memory/every-write-is-heard", test_every_write_is_heard);
    g_test_add_func("/memory/values-are-big-endian", test_values_are_big_endian);
    g_test_add_func("/memory/clear-leaves-zeros", test_clear);
    g_test_add_func("/memory/too-large-names-the-size", test_too_large_names_the_size);
}
