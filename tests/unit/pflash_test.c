/* SPDX-License-Identifier: MIT */
#include "platform/devices/platform/pflash.h"
#include "tests/unit/block_helper.h"
#include "tests/unit/device_helper.h"
#include "tests/unit/unit.h"

enum { SIZE = 256 << 10, READY = 0x80, BAD_ERASURE = 0x20, BAD_PROGRAM = 0x10, PROTECTED = 0x02, BAD_SEQUENCE = 0x30 };

typedef struct Fixture {
    Device *dev;
    Block *block;
    char *path;
} Fixture;

static void begin(Fixture *f, const char *more)
{
    GError *error = NULL;
    f->path = disk_new(SIZE);
    disk_fill(f->path, SIZE, 0xff);
    f->block = disk_open(f->path, more);
    device_lock();
    f->dev = pflash_new("pflash0", f->block, &error);
    g_assert_no_error(error);
    device_reset(f->dev);
}

static void end(Fixture *f)
{
    device_settle(f->dev);
    device_free(f->dev);
    device_unlock();
    disk_close(f->block, f->path);
    g_free(f->path);
}

static void put(Fixture *f, uint64_t offset, uint16_t value)
{
    reg_write(f->dev, offset, 2, value);
}

static unsigned get(Fixture *f, uint64_t offset)
{
    return (unsigned)reg_read(f->dev, offset, 2);
}

/* The status when the chip is ready again; the array is shown afterwards. */
static unsigned status(Fixture *f)
{
    device_settle(f->dev);
    put(f, 0, 0x70);
    unsigned value = get(f, 0);
    put(f, 0, 0x50);
    put(f, 0, 0xff);
    return value;
}

static unsigned program(Fixture *f, uint64_t offset, uint16_t value)
{
    put(f, offset, 0x40);
    put(f, offset, value);
    return status(f);
}

static unsigned erase(Fixture *f, uint64_t offset)
{
    put(f, offset, 0x20);
    put(f, offset, 0xd0);
    return status(f);
}

static void test_says_what_it_is(void)
{
    static const uint8_t table[] = {'Q', 'R', 'Y', 1, 0, 0x31, 0};
    Fixture f;
    begin(&f, "");
    put(&f, 0xaa, 0x98);
    for (unsigned i = 0; i < sizeof(table); i++)
        g_assert_cmphex(get(&f, 2 * (0x10 + i)), ==, table[i]);
    g_assert_cmpuint(1u << get(&f, 2 * 0x27), ==, SIZE);
    g_assert_cmpuint(get(&f, 2 * 0x2d) + 1, ==, SIZE / PFLASH_BLOCK);
    g_assert_cmpuint((get(&f, 2 * 0x2f) | get(&f, 2 * 0x30) << 8) * 256, ==, PFLASH_BLOCK);
    g_assert_cmphex(get(&f, 2 * 0x31), ==, 'P');
    g_assert_cmphex(get(&f, 2 * 0xff), ==, 0);
    put(&f, 0, 0x90);
    g_assert_cmphex(get(&f, 0), ==, 0x89);
    g_assert_cmphex(get(&f, 2), ==, 0x18);
    g_assert_cmphex(get(&f, 4), ==, 0);
    put(&f, 0, 0xff);
    g_assert_cmphex(get(&f, 0), ==, 0xffff);
    g_autoptr(GBytes) tree = device_tree(f.dev, 1, (const char *const[]){NULL});
    g_assert_cmpuint(tree_cell(tree, "/nor@0", "bank-width", 0), ==, 2);
    end(&f);
}

static void test_program_and_erase(void)
{
    Fixture f;
    begin(&f, "");
    g_assert_cmphex(program(&f, 0x10000, 0x1234), ==, READY);
    g_assert_cmphex(get(&f, 0x10000), ==, 0x1234);
    g_assert_cmphex(get(&f, 0x0fffe), ==, 0xffff);
    g_assert_cmpint(disk_at(f.path, 0x10001), ==, 0x34);
    g_assert_cmphex(program(&f, 0x10000, 0xf0f0), ==, READY); /* a zero stays one */
    g_assert_cmphex(get(&f, 0x10000), ==, 0x1030);
    g_assert_cmphex(erase(&f, 0x1fffe), ==, READY);
    g_assert_cmphex(get(&f, 0x10000), ==, 0xffff);
    g_assert_cmpint(disk_at(f.path, 0x10000), ==, 0xff);
    g_assert_cmphex(program(&f, SIZE - 2, 0xabcd), ==, READY);
    g_assert_cmphex(reg_read(f.dev, SIZE - 8, 8), ==, UINT64_C(0xffffffffffffabcd));
    g_assert_cmphex(reg_read(f.dev, SIZE - 4, 4), ==, 0xffffabcd);
    g_assert_cmphex(reg_read(f.dev, SIZE - 1, 1), ==, 0xcd);
    g_assert_cmphex(reg_read(f.dev, SIZE - 2, 1), ==, 0xab);
    /* one half of a word */
    put(&f, 0x100, 0x40);
    reg_write(f.dev, 0x101, 1, 0x5a);
    g_assert_cmphex(status(&f), ==, READY);
    g_assert_cmphex(get(&f, 0x100), ==, 0xff5a);
    end(&f);
}

static void test_buffer(void)
{
    Fixture f;
    begin(&f, "");
    put(&f, 0x2000, 0xe8);
    g_assert_cmphex(get(&f, 0x2000), ==, READY);
    put(&f, 0x2000, 3);
    for (unsigned i = 0; i < 4; i++)
        put(&f, 0x27f8 + 2 * i, (uint16_t)(0x1111 * (i + 1)));
    put(&f, 0x2000, 0xd0);
    put(&f, 0x2000, 0xff); /* is not heard while the chip is busy */
    g_assert_cmphex(get(&f, 0x2000), ==, 0);
    g_assert_cmphex(status(&f), ==, READY);
    g_assert_cmphex(reg_read(f.dev, 0x27f8, 8), ==, UINT64_C(0x1111222233334444));
    g_assert_cmphex(get(&f, 0x27f6), ==, 0xffff);
    g_assert_cmphex(get(&f, 0x2800), ==, 0xffff);
    g_assert_cmpint(disk_at(f.path, 0x27ff), ==, 0x44);
    end(&f);
}

static void test_bad_sequences(void)
{
    static const struct {
        unsigned n;
        uint16_t value[4];
        uint64_t step; /* from one address to the next */
    } rows[] = {
        {2, {0x20, 0xff}, 0},
        {2, {0x60, 0x77}, 0},
        {2, {0xe8, 1024}, 0},
        {2, {0xe8, 0xffff}, 0},
        {4, {0xe8, 0, 0x1234, 0xff}, 0},
        {4, {0xe8, 1, 0x1234, 0x5678}, 0x800},
    };
    Fixture f;
    begin(&f, "");
    FOR_ROWS (i, rows) {
        for (unsigned j = 0; j < rows[i].n; j++)
            put(&f, j * rows[i].step, rows[i].value[j]);
        g_assert_cmphex(status(&f), ==, READY | BAD_SEQUENCE);
        g_assert_cmphex(status(&f), ==, READY); /* cleared */
    }
    put(&f, 0, 0x60);
    put(&f, 0, 0xd0);
    g_assert_cmphex(status(&f), ==, READY);
    for (uint64_t offset = 0; offset < SIZE; offset += 8)
        g_assert_cmphex(reg_read(f.dev, offset, 8), ==, UINT64_MAX);
    end(&f);
}

static void test_read_only(void)
{
    Fixture f;
    begin(&f, ",readonly=on");
    g_assert_cmphex(program(&f, 0, 0), ==, READY | BAD_PROGRAM | PROTECTED);
    g_assert_cmphex(erase(&f, 0), ==, READY | BAD_ERASURE | PROTECTED);
    g_assert_cmphex(get(&f, 0), ==, 0xffff);
    end(&f);
}

static void test_sizes(void)
{
    static const uint64_t sizes[] = {512, 32 << 10, 96 << 10, 256 << 20};
    FOR_ROWS (i, sizes) {
        g_autofree char *path = disk_new(sizes[i]);
        g_autoptr(GError) error = NULL;
        Block *block = disk_open(path, "");
        device_lock();
        g_assert_null(pflash_new("pflash0", block, &error));
        device_unlock();
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        disk_close(block, path);
    }
}

/* In the middle of a command: the other one goes on with it.  One that loads anything goes on living. */
static void test_saved(void)
{
    Fixture f, g;
    begin(&f, "");
    put(&f, 0x2000, 0xe8);
    put(&f, 0x2000, 1);
    put(&f, 0x2000, 0x1234);
    device_unlock();
    begin(&g, "");
    device_copy(f.dev, g.dev);
    put(&g, 0x2002, 0x5678);
    put(&g, 0x2000, 0xd0);
    g_assert_cmphex(status(&g), ==, READY);
    g_assert_cmphex(reg_read(g.dev, 0x2000, 4), ==, 0x12345678);
    device_load_ones(g.dev);
    put(&g, 0, 0xd0);
    status(&g);
    g_assert_cmphex(program(&g, 0x3000, 0x1234), ==, READY);
    g_assert_cmphex(get(&g, 0x3000), ==, 0x1234);
    put(&g, 0x3000, 0x20);
    put(&g, 0x3000, 0xd0);
    device_reset(g.dev); /* in the middle of an erasure, which comes to its end */
    g_assert_cmphex(get(&g, 0x3000), ==, 0xffff);
    end(&g);
    device_lock();
    end(&f);
}

UNIT_TESTS(pflash)
{
    g_test_add_func("/pflash/says-what-it-is", test_says_what_it_is);
    g_test_add_func("/pflash/programs-and-erases", test_program_and_erase);
    g_test_add_func("/pflash/a-buffer-is-programmed", test_buffer);
    g_test_add_func("/pflash/bad-sequences-change-nothing", test_bad_sequences);
    g_test_add_func("/pflash/a-read-only-drive-is-protected", test_read_only);
    g_test_add_func("/pflash/sizes-that-no-flash-has", test_sizes);
    g_test_add_func("/pflash/is-saved-and-loaded", test_saved);
}
