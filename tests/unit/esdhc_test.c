/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/esdhc.h"
#include "tests/unit/block_helper.h"
#include "tests/unit/device_helper.h"
#include "tests/unit/unit.h"

enum { DISK = 1 << 20, RAM = 1 << 20, DATA = 0x10000, RCA = 0x45670000, BLOCK_READY = 0x20, WRITE_READY = 0x10 };
enum { DSADDR = 0, BLKATTR = 4, CMDARG = 8, XFERTYP = 0xc, RSP = 0x10, PORT = 0x20, STATE = 0x24, CONTROL = 0x28, SYSCTL = 0x2c };
enum { STATUS = 0x30, ENABLE = 0x34, SIGNAL = 0x38 };
enum { COMMAND_DONE = 1, DONE = 2, NO_ANSWER = 0x10000, DATA_TIMEOUT = 0x100000, DMA_ERROR = 0x10000000 };
enum {
    DMA = 1,
    AUTO_STOP = 4,
    COUNT = 2,
    IN = 0x10,
    MANY = 0x20,
    ANSWER = 0x20000,
    HAS_DATA = 0x200000,
    RSTA = 1 << 24,
    RSTD = 1 << 26
};

typedef struct Fixture {
    Device *dev;
    Memory *memory;
    Block *block;
    char *path;
    Wire wire[1];
} Fixture;

static void put(Fixture *f, uint64_t offset, uint32_t value)
{
    reg_write(f->dev, offset, 4, value);
}

static uint32_t get(Fixture *f, uint64_t offset)
{
    return (uint32_t)reg_read(f->dev, offset, 4);
}

/* A command and what its interrupts say when all is done, which are cleared. */
static uint32_t command(Fixture *f, unsigned index, uint32_t argument, uint32_t type)
{
    put(f, CMDARG, argument);
    put(f, XFERTYP, (uint32_t)index << 24 | type);
    device_settle(f->dev);
    uint32_t status = get(f, STATUS);
    put(f, STATUS, status);
    return status;
}

static void select_card(Fixture *f)
{
    g_assert_cmphex(command(f, 0, 0, 0), ==, COMMAND_DONE);
    g_assert_cmphex(command(f, 8, 0x1aa, ANSWER), ==, COMMAND_DONE);
    g_assert_cmphex(get(f, RSP), ==, 0x1aa);
    g_assert_cmphex(command(f, 5, 0, ANSWER), ==, NO_ANSWER);
    g_assert_cmphex(command(f, 55, 0, ANSWER), ==, COMMAND_DONE);
    g_assert_cmphex(command(f, 41, 0x40300000, ANSWER), ==, COMMAND_DONE);
    g_assert_cmphex(get(f, RSP), ==, 0xc0ff8000);
    g_assert_cmphex(command(f, 2, 0, ANSWER), ==, COMMAND_DONE);
    g_assert_cmphex(command(f, 3, 0, ANSWER), ==, COMMAND_DONE);
    g_assert_cmphex(get(f, RSP) & 0xffff0000, ==, RCA);
    g_assert_cmphex(command(f, 9, RCA, ANSWER), ==, COMMAND_DONE);
    g_assert_cmphex(get(f, RSP + 4) >> 8 & 0xffff, ==, DISK / (512 << 10) - 1); /* C_SIZE */
    g_assert_cmphex(command(f, 7, RCA, ANSWER), ==, COMMAND_DONE);
    g_assert_cmphex(command(f, 13, RCA, ANSWER), ==, COMMAND_DONE);
    g_assert_cmphex(get(f, RSP), ==, 0x900); /* transfer state, ready for data */
}

static void begin(Fixture *f, const char *more)
{
    GError *error = NULL;
    *f = (Fixture){.path = disk_new(DISK), .memory = memory_new(RAM, NULL)};
    f->block = disk_open(f->path, more);
    device_lock();
    f->dev = esdhc_new("esdhc", &(EsdhcConfig){wire_input(f->wire, 0, 72), f->memory, f->block}, &error);
    g_assert_no_error(error);
    device_reset(f->dev);
    select_card(f);
}

static void end(Fixture *f)
{
    device_settle(f->dev);
    device_free(f->dev);
    device_unlock();
    disk_close(f->block, f->path);
    memory_free(f->memory);
    g_free(f->path);
}

static uint32_t transfer(Fixture *f, bool in, uint32_t sector, unsigned blocks, uint32_t gpa)
{
    put(f, DSADDR, gpa);
    put(f, BLKATTR, blocks << 16 | 512);
    return command(f, in ? 18 : 25, sector, ANSWER | HAS_DATA | MANY | COUNT | AUTO_STOP | DMA | (in ? IN : 0));
}

static void test_dma(void)
{
    Fixture f;
    uint8_t edge[2];
    begin(&f, "");
    memory_fill(f.memory, DATA, 0x5a, 0x4000);
    g_assert_cmphex(transfer(&f, false, 8, 16, DATA), ==, COMMAND_DONE | DONE);
    g_assert_cmpint(disk_at(f.path, 8 * 512 - 1), ==, 0);
    g_assert_cmpint(disk_at(f.path, 8 * 512), ==, 0x5a);
    g_assert_cmpint(disk_at(f.path, 24 * 512 - 1), ==, 0x5a);
    g_assert_cmpint(disk_at(f.path, 24 * 512), ==, 0);
    g_assert_cmphex(transfer(&f, true, 7, 2, DATA), ==, COMMAND_DONE | DONE);
    memory_read(f.memory, DATA + 511, edge, 2);
    g_assert_cmphex(edge[0], ==, 0);
    g_assert_cmphex(edge[1], ==, 0x5a);
    g_assert_cmphex(transfer(&f, true, DISK / 512 - 1, 1, DATA), ==, COMMAND_DONE | DONE);
    g_assert_cmphex(transfer(&f, true, DISK / 512 - 1, 2, DATA), ==, COMMAND_DONE | DATA_TIMEOUT);
    g_assert_cmphex(transfer(&f, true, DISK / 512, 1, DATA), ==, COMMAND_DONE | DATA_TIMEOUT);
    g_assert_cmphex(transfer(&f, true, UINT32_MAX, 1, DATA), ==, COMMAND_DONE | DATA_TIMEOUT);
    g_assert_cmphex(transfer(&f, true, 0, 1, RAM), ==, COMMAND_DONE | DMA_ERROR);
    g_assert_cmphex(transfer(&f, true, 0, 2, RAM - 512), ==, COMMAND_DONE | DMA_ERROR);
    g_assert_cmphex(transfer(&f, true, 0, 0, DATA), ==, COMMAND_DONE | DATA_TIMEOUT);
    g_assert_cmphex(transfer(&f, true, 0, 1, DATA), ==, COMMAND_DONE | DONE);
    end(&f);
}

static void test_port(void)
{
    Fixture f;
    begin(&f, "");
    put(&f, BLKATTR, 2 << 16 | 512);
    g_assert_cmphex(command(&f, 25, 4, ANSWER | HAS_DATA | MANY | COUNT | AUTO_STOP), ==, COMMAND_DONE | WRITE_READY);
    for (unsigned block = 0; block < 2; block++) {
        g_assert_cmphex(get(&f, STATE) & 0xc02, ==, 0x402);
        for (unsigned i = 0; i < 128; i++)
            put(&f, PORT, 0x44332211);
        g_assert_cmphex(get(&f, STATE) & 0xc00, ==, 0);
        device_settle(f.dev);
        g_assert_cmphex(get(&f, STATUS), ==, block ? DONE : WRITE_READY);
        put(&f, STATUS, UINT32_MAX);
    }
    g_assert_cmpint(disk_at(f.path, 4 * 512), ==, 0x11);
    g_assert_cmpint(disk_at(f.path, 6 * 512 - 1), ==, 0x44);
    put(&f, CONTROL, 0); /* big-endian */
    put(&f, BLKATTR, 1 << 16 | 512);
    g_assert_cmphex(command(&f, 17, 5, ANSWER | HAS_DATA | IN), ==, COMMAND_DONE | BLOCK_READY);
    for (unsigned i = 0; i < 128; i++)
        g_assert_cmphex(get(&f, PORT), ==, 0x11223344);
    g_assert_cmphex(get(&f, STATUS), ==, DONE);
    g_assert_cmphex(get(&f, PORT), ==, 0);
    put(&f, STATUS, DONE);
    /* a register of the card */
    put(&f, BLKATTR, 1 << 16 | 8);
    g_assert_cmphex(command(&f, 55, RCA, ANSWER), ==, COMMAND_DONE);
    g_assert_cmphex(command(&f, 51, 0, ANSWER | HAS_DATA | IN), ==, COMMAND_DONE | BLOCK_READY);
    g_assert_cmphex(get(&f, PORT), ==, 0x02050000);
    g_assert_cmphex(get(&f, PORT), ==, 0);
    g_assert_cmphex(get(&f, STATUS), ==, DONE);
    end(&f);
}

static void test_erase(void)
{
    Fixture f;
    begin(&f, "");
    memory_fill(f.memory, DATA, 0x77, 0x4000);
    g_assert_cmphex(transfer(&f, false, 0, 16, DATA), ==, COMMAND_DONE | DONE);
    command(&f, 32, 2, ANSWER);
    command(&f, 33, 3, ANSWER);
    put(&f, CMDARG, 0);
    put(&f, XFERTYP, 38u << 24 | ANSWER);
    put(&f, CMDARG, RCA);
    put(&f, XFERTYP, 13u << 24 | ANSWER);
    g_assert_cmphex(get(&f, RSP), ==, 0xe00); /* it programs, and is not ready */
    g_assert_cmphex(get(&f, STATE) >> 24, ==, 0xfe);
    put(&f, XFERTYP, 38u << 24 | ANSWER); /* not heard meanwhile */
    device_settle(f.dev);
    command(&f, 13, RCA, ANSWER);
    g_assert_cmphex(get(&f, RSP), ==, 0x900);
    g_assert_cmphex(get(&f, STATE) >> 24, ==, 0xff);
    g_assert_cmpint(disk_at(f.path, 2 * 512 - 1), ==, 0x77);
    g_assert_cmpint(disk_at(f.path, 2 * 512), ==, 0);
    g_assert_cmpint(disk_at(f.path, 4 * 512), ==, 0x77);
    command(&f, 32, 6, ANSWER);
    command(&f, 33, 7, ANSWER);
    put(&f, DSADDR, DATA);
    put(&f, BLKATTR, 1 << 16 | 512);
    g_assert_cmphex(command(&f, 38, 0, ANSWER | HAS_DATA | DMA), ==, COMMAND_DONE | DATA_TIMEOUT); /* an erasure has no data */
    g_assert_cmpint(disk_at(f.path, 6 * 512), ==, 0);
    g_assert_cmpint(disk_at(f.path, 8 * 512), ==, 0x77);
    command(&f, 32, 2, ANSWER);
    command(&f, 33, 1, ANSWER);
    command(&f, 38, 0, ANSWER);
    g_assert_cmphex(get(&f, RSP), ==, 0x08000900); /* the end is before the beginning */
    command(&f, 33, UINT32_MAX, ANSWER);
    command(&f, 38, 0, ANSWER);
    g_assert_cmphex(get(&f, RSP), ==, 0x08000900);
    end(&f);
}

static void test_read_only(void)
{
    Fixture f;
    begin(&f, ",readonly=on");
    g_assert_cmphex(get(&f, STATE) & 0x80000, ==, 0);
    g_assert_cmphex(transfer(&f, false, 0, 1, DATA), ==, COMMAND_DONE | DATA_TIMEOUT);
    g_assert_cmphex(get(&f, RSP), ==, 0x04000900);
    g_assert_cmphex(transfer(&f, true, 0, 1, DATA), ==, COMMAND_DONE | DONE);
    end(&f);
}

static void test_interrupt(void)
{
    Fixture f;
    begin(&f, "");
    put(&f, SIGNAL, DONE);
    put(&f, DSADDR, DATA);
    put(&f, BLKATTR, 1 << 16 | 512);
    put(&f, CMDARG, 0);
    put(&f, XFERTYP, 17u << 24 | ANSWER | HAS_DATA | IN | DMA);
    g_assert_false(f.wire[0].level);
    g_assert_cmphex(get(&f, STATE) & 6, ==, 6);
    device_settle(f.dev);
    g_assert_true(f.wire[0].level);
    g_assert_cmphex(get(&f, STATE) & 6, ==, 0);
    put(&f, STATUS, UINT32_MAX);
    g_assert_false(f.wire[0].level);
    put(&f, ENABLE, 0);
    g_assert_cmphex(command(&f, 13, RCA, ANSWER), ==, 0);
    g_assert_false(reg_answers(f.dev, 0, 2));
    g_autoptr(GBytes) tree = device_tree(f.dev, 1, (const char *const[]){"mpic", NULL});
    g_assert_cmpuint(tree_cell(tree, "/sdhc@0", "interrupts", 0), ==, 72);
    end(&f);
}

/* A reset in the middle: its bit stays until the drive is done, and nobody is told of the data. */
static void test_resets(void)
{
    Fixture f;
    begin(&f, "");
    put(&f, DSADDR, DATA);
    put(&f, BLKATTR, 1 << 16 | 512);
    put(&f, CMDARG, 0);
    put(&f, XFERTYP, 18u << 24 | ANSWER | HAS_DATA | IN | DMA | MANY);
    put(&f, SYSCTL, RSTD);
    g_assert_cmphex(get(&f, SYSCTL) & RSTD, ==, RSTD);
    device_settle(f.dev);
    g_assert_cmphex(get(&f, SYSCTL) & RSTD, ==, 0);
    g_assert_cmphex(get(&f, STATUS), ==, COMMAND_DONE);
    g_assert_cmphex(command(&f, 12, 0, ANSWER), ==, COMMAND_DONE);
    g_assert_cmphex(transfer(&f, true, 0, 1, DATA), ==, COMMAND_DONE | DONE);
    put(&f, XFERTYP, 18u << 24 | ANSWER | HAS_DATA | IN | DMA | MANY);
    device_reset(f.dev);
    g_assert_cmphex(get(&f, STATE) & 6, ==, 0);
    select_card(&f);
    put(&f, SYSCTL, RSTA);
    g_assert_cmphex(get(&f, SYSCTL) & RSTA, ==, 0);
    g_assert_cmphex(transfer(&f, true, 0, 1, DATA), ==, COMMAND_DONE | DONE); /* the card stays as it is */
    end(&f);
}

/* In the middle of a block: the other one goes on with it.  One that loads anything goes on living. */
static void test_saved(void)
{
    Fixture f, g;
    begin(&f, "");
    put(&f, BLKATTR, 1 << 16 | 512);
    command(&f, 24, 9, ANSWER | HAS_DATA);
    for (unsigned i = 0; i < 64; i++)
        put(&f, PORT, 0x11111111);
    device_unlock();
    begin(&g, "");
    device_copy(f.dev, g.dev);
    for (unsigned i = 0; i < 64; i++)
        put(&g, PORT, 0x22222222);
    device_settle(g.dev);
    g_assert_cmphex(get(&g, STATUS), ==, DONE);
    g_assert_cmpint(disk_at(g.path, 9 * 512), ==, 0x11);
    g_assert_cmpint(disk_at(g.path, 10 * 512 - 1), ==, 0x22);
    device_load_ones(g.dev);
    for (unsigned i = 0; i < 2000; i++)
        put(&g, PORT, get(&g, PORT));
    put(&g, SYSCTL, RSTA);
    device_settle(g.dev);
    select_card(&g);
    g_assert_cmphex(transfer(&g, true, 0, 1, DATA), ==, COMMAND_DONE | DONE);
    end(&g);
    device_lock();
    end(&f);
}

static void test_sizes(void)
{
    static const uint64_t sizes[] = {512, 768 << 10, UINT64_C(3) << 40};
    FOR_ROWS (i, sizes) {
        g_autofree char *path = disk_new(sizes[i]);
        g_autoptr(GError) error = NULL;
        Block *block = disk_open(path, "");
        device_lock();
        g_assert_null(esdhc_new("esdhc", &(EsdhcConfig){.block = block}, &error));
        device_unlock();
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        disk_close(block, path);
    }
}

UNIT_TESTS(esdhc)
{
    g_test_add_func("/esdhc/dma-moves-blocks-and-nothing-beyond-the-end", test_dma);
    g_test_add_func("/esdhc/the-port-moves-blocks-in-both-byte-orders", test_port);
    g_test_add_func("/esdhc/blocks-are-erased", test_erase);
    g_test_add_func("/esdhc/a-read-only-card-is-protected", test_read_only);
    g_test_add_func("/esdhc/interrupts-are-enabled-and-signalled", test_interrupt);
    g_test_add_func("/esdhc/resets-wait-for-the-drive", test_resets);
    g_test_add_func("/esdhc/is-saved-and-loaded", test_saved);
    g_test_add_func("/esdhc/sizes-that-no-card-has", test_sizes);
}
