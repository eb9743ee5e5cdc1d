/* SPDX-License-Identifier: MIT */
#include "platform/devices/virtio/blk.h"
#include "tests/unit/block_helper.h"
#include "tests/unit/unit.h"
#include "tests/unit/virtio_fixture.h"

enum { DISK = 1 << 20, T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { HEADER = DRIVER_DATA, STATUS = DRIVER_DATA + 0x100, DATA = DRIVER_DATA + 0x1000, NONE = 0xff };
#define F_FLUSH  (UINT64_C(1) << 9)
#define F_RANGES (UINT64_C(3) << 13)

typedef struct Disk {
    Driver d;
    Block *block;
    char *path;
} Disk;

static void open_disk(Disk *k, const char *more)
{
    k->path = disk_new(DISK);
    k->block = disk_open(k->path, more);
    const VirtioBlkConfig config = {.block = k->block,
                                    .serial = "serial-of-more-than-20",
                                    .logical_size = 512,
                                    .block_size = 4096,
                                    .n_queues = 2,
                                    .discard = true,
                                    .write_zeroes = true};
    driver_open(&k->d, virtio_blk_new(&config));
    device_lock();
    driver_start(&k->d, false, F_FLUSH | (strstr(more, "readonly") ? 0 : F_RANGES));
}

static void close_disk(Disk *k)
{
    driver_close(&k->d);
    device_unlock();
    disk_close(k->block, k->path);
    g_free(k->path);
}

static void put32(Disk *k, uint64_t gpa, uint32_t value)
{
    memory_store32(k->d.memory, gpa, k->d.big ? value : GUINT32_SWAP_LE_BE(value));
}

static void put64(Disk *k, uint64_t gpa, uint64_t value)
{
    memory_store64(k->d.memory, gpa, k->d.big ? value : GUINT64_SWAP_LE_BE(value));
}

static void header(Disk *k, uint32_t type, uint64_t sector)
{
    put32(k, HEADER, type);
    put32(k, HEADER + 4, 0);
    put64(k, HEADER + 8, sector);
    memory_fill(k->d.memory, STATUS, NONE, 1);
    driver_desc(&k->d, 0, 0, HEADER, 16, DRIVER_NEXT, 1);
}

static unsigned go(Disk *k)
{
    uint8_t status;
    unsigned used = driver_used(&k->d, 0), told = k->d.interrupts;
    driver_offer(&k->d, 0, 0);
    virtio_kick(k->d.v, 0);
    block_drain(k->block);
    g_assert_cmpuint(driver_used(&k->d, 0), ==, used + 1);
    g_assert_cmpuint(k->d.interrupts, ==, told + 1);
    g_assert_true(memory_read(k->d.memory, STATUS, &status, 1));
    return status;
}

/* A request with so many bytes of data, in two pieces; its status. */
static unsigned request(Disk *k, uint32_t type, uint64_t sector, uint32_t bytes)
{
    const uint16_t way = type == T_IN || type == T_GET_ID ? DRIVER_WRITE : 0;
    const uint32_t first = bytes / 2;
    header(k, type, sector);
    driver_desc(&k->d, 0, 1, DATA, first, way | DRIVER_NEXT, 2);
    driver_desc(&k->d, 0, 2, DATA + first, bytes - first, way | DRIVER_NEXT, 3);
    driver_desc(&k->d, 0, 3, STATUS, 1, DRIVER_WRITE, 0);
    return go(k);
}

static void test_transfers(void)
{
    Disk k;
    uint8_t edge[2];
    open_disk(&k, "");
    for (unsigned legacy = 0; legacy <= 1; legacy++) {
        driver_start(&k.d, legacy, 0);
        memory_fill(k.d.memory, DATA, (uint8_t)(0x55 + legacy), 4096);
        g_assert_cmpuint(request(&k, T_OUT, 8, 4096), ==, 0);
        g_assert_cmpuint(driver_used_length(&k.d, 0, 0), ==, 1);
        g_assert_cmpint(disk_at(k.path, 8 * 512), ==, 0x55 + legacy);
        g_assert_cmpint(disk_at(k.path, 16 * 512 - 1), ==, 0x55 + legacy);
        g_assert_cmpint(disk_at(k.path, 16 * 512), ==, 0);
        memory_fill(k.d.memory, DATA, 0, 8192);
        g_assert_cmpuint(request(&k, T_IN, 7, 1024), ==, 0);
        g_assert_cmpuint(driver_used_length(&k.d, 0, 1), ==, 1025);
        memory_read(k.d.memory, DATA + 511, edge, 2);
        g_assert_cmpuint(edge[0], ==, 0);
        g_assert_cmpuint(edge[1], ==, 0x55 + legacy);
        g_assert_cmpuint(request(&k, T_FLUSH, 0, 0), ==, 0);
    }
    close_disk(&k);
}

static void test_edges(void)
{
    static const struct {
        uint64_t sector;
        uint32_t bytes, status;
    } rows[] = {
        {DISK / 512 - 1, 512, 0},    {DISK / 512 - 1, 1024, 1},
        {DISK / 512, 0, 0},          {DISK / 512, 512, 1},
        {DISK / 512 + 1, 0, 1},      {UINT64_MAX, 512, 1},
        {UINT64_MAX / 512, 512, 1},  {0, 511, 1},
        {UINT64_C(1) << 55, 512, 1}, {0, 0, 0},
    };
    Disk k;
    open_disk(&k, "");
    FOR_ROWS (i, rows) {
        g_assert_cmpuint(request(&k, T_IN, rows[i].sector, rows[i].bytes), ==, rows[i].status);
        g_assert_cmpuint(request(&k, T_OUT, rows[i].sector, rows[i].bytes), ==, rows[i].status);
    }
    g_assert_cmpuint(request(&k, 99, 0, 512), ==, 2);
    g_assert_cmpuint(request(&k, UINT32_MAX, 0, 512), ==, 2);
    close_disk(&k);
}

static void test_serial(void)
{
    Disk k;
    char text[32] = "";
    open_disk(&k, "");
    g_assert_cmpuint(request(&k, T_GET_ID, 0, 20), ==, 0);
    memory_read(k.d.memory, DATA, text, 21);
    g_assert_cmpstr(text, ==, "serial-of-more-than-");
    g_assert_cmpuint(request(&k, T_GET_ID, 0, 4), ==, 0);
    close_disk(&k);
}

static unsigned ranges(Disk *k, uint32_t type, unsigned n, uint64_t sector, uint32_t sectors, uint32_t flags)
{
    header(k, type, 0);
    for (unsigned i = 0; i < n; i++) {
        put64(k, DATA + 16 * (uint64_t)i, sector + i * (uint64_t)sectors);
        put32(k, DATA + 16 * (uint64_t)i + 8, sectors);
        put32(k, DATA + 16 * (uint64_t)i + 12, flags);
    }
    driver_desc(&k->d, 0, 1, DATA, 16 * n, DRIVER_NEXT, 2);
    driver_desc(&k->d, 0, 2, STATUS, 1, DRIVER_WRITE, 0);
    return go(k);
}

static void test_ranges(void)
{
    Disk k;
    open_disk(&k, ",discard=unmap");
    memory_fill(k.d.memory, DATA, 0x77, 0x10000);
    g_assert_cmpuint(request(&k, T_OUT, 0, 0x10000), ==, 0);
    g_assert_cmpuint(ranges(&k, T_WRITE_ZEROES, 1, 1, 2, 0), ==, 0);
    g_assert_cmpint(disk_at(k.path, 511), ==, 0x77);
    g_assert_cmpint(disk_at(k.path, 512), ==, 0);
    g_assert_cmpint(disk_at(k.path, 3 * 512), ==, 0x77);
    g_assert_cmpuint(ranges(&k, T_WRITE_ZEROES, 32, 10, 2, 1), ==, 0); /* one after the other */
    g_assert_cmpint(disk_at(k.path, 73 * 512), ==, 0);
    g_assert_cmpint(disk_at(k.path, 74 * 512), ==, 0x77);
    g_assert_cmpuint(ranges(&k, T_DISCARD, 1, 80, 40, 0), ==, 0);
    g_assert_cmpuint(ranges(&k, T_DISCARD, 1, 80, 40, 1), ==, 2); /* a flag that is none */
    g_assert_cmpuint(ranges(&k, T_WRITE_ZEROES, 1, 80, 40, 2), ==, 2);
    g_assert_cmpuint(ranges(&k, T_WRITE_ZEROES, 33, 0, 1, 0), ==, 1);
    g_assert_cmpuint(ranges(&k, T_WRITE_ZEROES, 0, 0, 1, 0), ==, 1);
    g_assert_cmpuint(ranges(&k, T_WRITE_ZEROES, 2, DISK / 512 - 1, 1, 0), ==, 1);
    g_assert_cmpuint(ranges(&k, T_DISCARD, 1, UINT64_MAX, UINT32_MAX, 0), ==, 1);
    driver_start(&k.d, false, 0); /* without these features */
    g_assert_cmpuint(ranges(&k, T_DISCARD, 1, 0, 1, 0), ==, 2);
    close_disk(&k);
}

static void test_read_only(void)
{
    Disk k;
    open_disk(&k, ",readonly=on");
    g_assert_cmphex(k.d.v->features & (1 << 5 | F_RANGES), ==, 1 << 5);
    g_assert_cmpuint(request(&k, T_OUT, 0, 512), ==, 1);
    g_assert_cmpuint(request(&k, T_IN, 0, 512), ==, 0);
    close_disk(&k);
}

static void test_config(void)
{
    Disk k;
    uint8_t bytes[60];
    open_disk(&k, "");
    virtio_config_read(k.d.v, 0, bytes, sizeof(bytes), false);
    g_assert_cmpmem(bytes, 8, "\0\10\0\0\0\0\0\0", 8); /* 2048 sectors */
    g_assert_cmpuint(bytes[24], ==, 3);                /* 4096 = 512 << 3 */
    g_assert_cmpuint(bytes[34], ==, 2);
    close_disk(&k);
}

/* A request without room for its header or its status stops the device; one that waits while it is reset is never given back. */
static void test_hostile(void)
{
    Disk k;
    open_disk(&k, "");
    driver_desc(&k.d, 0, 0, HEADER, 15, DRIVER_NEXT, 1);
    driver_desc(&k.d, 0, 1, STATUS, 1, DRIVER_WRITE, 0);
    driver_offer(&k.d, 0, 0);
    virtio_kick(k.d.v, 0);
    g_assert_cmphex(k.d.v->status & VIRTIO_NEEDS_RESET, !=, 0);
    driver_start(&k.d, false, 0);
    driver_desc(&k.d, 0, 0, HEADER, 16, 0, 0);
    driver_offer(&k.d, 0, 0);
    virtio_kick(k.d.v, 0);
    g_assert_cmphex(k.d.v->status & VIRTIO_NEEDS_RESET, !=, 0);
    driver_start(&k.d, false, 0);
    header(&k, T_IN, 0);
    driver_desc(&k.d, 0, 1, DATA, 0x8000, DRIVER_WRITE | DRIVER_NEXT, 2);
    driver_desc(&k.d, 0, 2, STATUS, 1, DRIVER_WRITE, 0);
    for (unsigned i = 0; i < 32; i++)
        driver_offer(&k.d, 0, 0);
    virtio_kick(k.d.v, 0);
    virtio_set_status(k.d.v, 0);
    g_assert_cmpuint(driver_used(&k.d, 0), ==, 0);
    driver_start(&k.d, false, 0);
    g_assert_cmpuint(request(&k, T_IN, 0, 512), ==, 0);
    close_disk(&k);
}

/* The drive is slow, and the driver offers the same descriptors again and again meanwhile: the device takes no more than they are. */
static void test_too_many(void)
{
    Disk k;
    open_disk(&k, "");
    header(&k, T_FLUSH, 0);
    driver_desc(&k.d, 0, 1, STATUS, 1, DRIVER_WRITE, 0);
    const unsigned size = k.d.v->queue[0].size;
    for (unsigned i = 0; i < size + 1 && !(k.d.v->status & VIRTIO_NEEDS_RESET); i++) {
        driver_offer(&k.d, 0, 0);
        virtio_kick(k.d.v, 0); /* nothing is done before the device lock is let go */
        g_assert_cmpuint(k.d.v->queue[0].in_use, ==, MIN(i + 1, size));
    }
    g_assert_true(k.d.v->status & VIRTIO_NEEDS_RESET);
    block_drain(k.block);
    virtio_reset(k.d.v);
    g_assert_cmpuint(k.d.v->queue[0].in_use, ==, 0);
    close_disk(&k);
}

UNIT_TESTS(virtio_blk)
{
    g_test_add_func("/virtio-blk/no-more-requests-than-descriptors", test_too_many);
    g_test_add_func("/virtio-blk/what-was-written-is-read", test_transfers);
    g_test_add_func("/virtio-blk/nothing-is-beyond-the-end", test_edges);
    g_test_add_func("/virtio-blk/has-a-serial-number", test_serial);
    g_test_add_func("/virtio-blk/ranges-are-zeroed-and-discarded", test_ranges);
    g_test_add_func("/virtio-blk/a-read-only-disk-says-so", test_read_only);
    g_test_add_func("/virtio-blk/configuration", test_config);
    g_test_add_func("/virtio-blk/hostile-requests-stop-it-and-a-reset-forgets-all", test_hostile);
}
