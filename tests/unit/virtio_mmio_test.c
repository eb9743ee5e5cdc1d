/* SPDX-License-Identifier: MIT
 *
 * The transport, as a driver finds it in memory: with a device behind it whose configuration counts its bytes.
 */
#include "platform/devices/virtio/mmio.h"

#include "platform/base/lock.h"
#include "platform/devices/virtio/virtq.h"
#include "tests/unit/device_helper.h"
#include "tests/unit/unit.h"

enum { RAM = 4 << 20, DATA = 0x100000, RINGS = 0x10000, USED = RINGS + 0x1000, QUEUE_SIZE = 8 };

typedef struct World {
    Device *dev;
    Virtio *virtio; /* dev's */
    Memory *memory;
    Wire wire;
} World;

static uint8_t config_byte;

static void config_read(Virtio *v, uint8_t *config, bool big)
{
    g_assert_false(big);
    for (unsigned i = 0; i < 12; i++)
        config[i] = (uint8_t)(config_byte + i);
}

static void config_write(Virtio *v, unsigned at, const uint8_t *bytes, unsigned size, bool big)
{
    config_byte = bytes[0];
}

static void notify(Virtio *v, unsigned queue)
{
    for (VirtqRequest *r; (r = virtq_pop(v, queue));)
        virtq_push(v, r, virtq_write(r, 0, "virtio", 6));
    virtq_tell(v, queue);
}

static void open_world(World *w)
{
    static const VirtioOps ops = {.name = "test",
                                  .device = 42,
                                  .config_size = 12,
                                  .config_read = config_read,
                                  .config_write = config_write,
                                  .notify = notify};
    Virtio *v = g_new0(Virtio, 1);
    *w = (World){.memory = memory_new(RAM, NULL), .virtio = v};
    config_byte = 0;
    virtio_init(v, &ops, 1u << 5);
    virtio_add_queue(v, 0, QUEUE_SIZE);
    const VirtioMmioConfig config = {.irq = wire_input(&w->wire, 0, 64), .memory = w->memory};
    w->dev = virtio_mmio_new("virtio-mmio0", v, &config);
    device_place(w->dev, 0, 0x3000, VIRTIO_MMIO_SIZE);
    device_reset(w->dev);
}

static void close_world(World *w)
{
    device_free(w->dev);
    memory_free(w->memory);
}

static uint32_t get(World *w, uint64_t at)
{
    return GUINT32_SWAP_LE_BE((uint32_t)reg_read(w->dev, at, 4));
}

static void put(World *w, uint64_t at, uint32_t value)
{
    reg_write(w->dev, at, 4, GUINT32_SWAP_LE_BE(value));
}

/* As a driver does until DRIVER_OK. */
static void start(World *w)
{
    put(w, 0x70, 3);
    put(w, 0x24, 1);
    put(w, 0x20, 1);
    put(w, 0x70, 0xb);
    put(w, 0x30, 0);
    put(w, 0x38, QUEUE_SIZE);
    put(w, 0x80, RINGS);
    put(w, 0x90, RINGS + 16 * QUEUE_SIZE);
    put(w, 0xa0, USED);
    put(w, 0x44, 1);
    put(w, 0x70, 0xf);
}

/* The nth request, one buffer of 16 bytes at DATA. */
static void make_request(World *w, uint16_t n)
{
    memory_store64(w->memory, RINGS, GUINT64_SWAP_LE_BE(DATA));
    memory_store32(w->memory, RINGS + 8, GUINT32_SWAP_LE_BE(16));
    memory_store16(w->memory, RINGS + 12, GUINT16_SWAP_LE_BE(2));
    memory_store16(w->memory, RINGS + 16 * QUEUE_SIZE + 2, GUINT16_SWAP_LE_BE(n));
    put(w, 0x50, 0);
}

static void test_identity(void)
{
    World w;
    static const uint32_t rows[][2] = {{0, 0x74726976}, {4, 2}, {8, 42}, {0xc, 0x554d4551}, {0xb0, UINT32_MAX}, {0xb4, UINT32_MAX}};
    open_world(&w);
    FOR_ROWS (i, rows)
        g_assert_cmphex(get(&w, rows[i][0]), ==, rows[i][1]);
    g_assert_cmphex(reg_read(w.dev, 0, 4), ==, 0x76697274); /* "virt" */
    g_assert_false(reg_answers(w.dev, 0, 1));
    g_assert_false(reg_answers(w.dev, 0, 2));
    g_assert_false(reg_answers(w.dev, 0, 8));
    g_assert_false(w.dev->ops->write(w.dev, 0, 0x70, 1, 3));
    close_world(&w);
}

static void test_negotiation(void)
{
    World w;
    open_world(&w);
    put(&w, 0x14, 0);
    g_assert_cmphex(get(&w, 0x10), ==, 0x30000020);
    put(&w, 0x14, 1);
    g_assert_cmphex(get(&w, 0x10), ==, 1);
    put(&w, 0x14, 2);
    g_assert_cmphex(get(&w, 0x10), ==, 0);
    put(&w, 0x70, 3);
    put(&w, 0x70, 0xb); /* without VERSION_1 */
    g_assert_cmphex(get(&w, 0x70), ==, 3);
    put(&w, 0x24, 1);
    put(&w, 0x20, 3); /* what was not offered */
    put(&w, 0x70, 0xb);
    g_assert_cmphex(get(&w, 0x70), ==, 3);
    put(&w, 0x20, 1);
    put(&w, 0x70, 0xb);
    g_assert_cmphex(get(&w, 0x70), ==, 0xb);
    close_world(&w);
}

static void test_queue(void)
{
    World w;
    open_world(&w);
    g_assert_cmpuint(get(&w, 0x34), ==, QUEUE_SIZE);
    static const uint32_t others[] = {1, VIRTIO_QUEUES_MAX, UINT32_MAX};
    FOR_ROWS (i, others) {
        put(&w, 0x30, others[i]);
        g_assert_cmpuint(get(&w, 0x34), ==, 0);
        put(&w, 0x44, 1);
        g_assert_cmpuint(get(&w, 0x44), ==, 0);
    }
    put(&w, 0x30, 0);
    put(&w, 0x38, 16); /* too many, and no power of two */
    put(&w, 0x38, 3);
    g_assert_cmpuint(w.virtio->queue[0].size, ==, QUEUE_SIZE);
    put(&w, 0x84, 1);
    g_assert_cmphex(w.virtio->queue[0].desc, ==, UINT64_C(0x100000000));
    put(&w, 0x84, 0);
    start(&w);
    put(&w, 0x80, 0); /* too late */
    put(&w, 0x38, 2);
    g_assert_cmphex(w.virtio->queue[0].desc, ==, RINGS);
    g_assert_cmpuint(w.virtio->queue[0].size, ==, QUEUE_SIZE);
    make_request(&w, 1);
    g_assert_cmphex(memory_load16(w.memory, USED + 2), ==, 0x0100);
    g_assert_cmphex(memory_load32(w.memory, DATA), ==, 0x76697274);
    put(&w, 0x44, 0); /* stopped */
    make_request(&w, 2);
    g_assert_cmphex(memory_load16(w.memory, USED + 2), ==, 0x0100);
    put(&w, 0x44, 1);
    put(&w, 0x50, 0);
    g_assert_cmphex(memory_load16(w.memory, USED + 2), ==, 0x0200);
    close_world(&w);
}

static void test_interrupt(void)
{
    World w;
    open_world(&w);
    start(&w);
    make_request(&w, 1);
    g_assert_true(w.wire.level);
    g_assert_cmphex(get(&w, 0x60), ==, 1);
    virtio_config_changed(w.virtio);
    g_assert_cmphex(get(&w, 0x60), ==, 3);
    put(&w, 0x64, 1);
    g_assert_true(w.wire.level);
    put(&w, 0x64, 2);
    g_assert_false(w.wire.level);
    make_request(&w, 2);
    g_assert_true(w.wire.level);
    put(&w, 0x70, 0); /* which resets all of it */
    g_assert_false(w.wire.level);
    g_assert_cmphex(get(&w, 0x60) | get(&w, 0x44) | get(&w, 0x70), ==, 0);
    close_world(&w);
}

static void test_configuration(void)
{
    World w;
    open_world(&w);
    g_assert_cmphex(reg_read(w.dev, 0x101, 1), ==, 1);
    g_assert_cmphex(reg_read(w.dev, 0x102, 2), ==, 0x0203);
    g_assert_cmphex(reg_read(w.dev, 0x104, 4), ==, 0x04050607);
    g_assert_cmphex(reg_read(w.dev, 0x100, 8), ==, 0x0001020304050607);
    g_assert_cmphex(reg_read(w.dev, 0x108, 8), ==, 0x08090a0b00000000); /* behind its end there is nothing */
    g_assert_cmphex(reg_read(w.dev, 0x1fc, 4), ==, 0);
    reg_write(w.dev, 0x100, 1, 7);
    g_assert_cmphex(reg_read(w.dev, 0x101, 1), ==, 8);
    reg_write(w.dev, 0x10c, 4, 9);
    g_assert_cmphex(reg_read(w.dev, 0x101, 1), ==, 8);
    uint32_t generation = get(&w, 0xfc);
    virtio_config_changed(w.virtio);
    g_assert_cmphex(get(&w, 0xfc), !=, generation);
    close_world(&w);
}

static void test_node(void)
{
    World w;
    open_world(&w);
    g_autoptr(GBytes) tree = device_tree(w.dev, 1, (const char *const[]){"mpic", NULL});
    g_assert_true(tree_compatible(tree, "/virtio_mmio@3000", "virtio,mmio"));
    g_assert_cmphex(tree_cell(tree, "/virtio_mmio@3000", "reg", 1), ==, VIRTIO_MMIO_SIZE);
    g_assert_cmphex(tree_cell(tree, "/virtio_mmio@3000", "interrupts", 0), ==, 64);
    close_world(&w);
}

static void test_save(void)
{
    World w, x;
    open_world(&w);
    open_world(&x);
    start(&w);
    make_request(&w, 1);
    put(&w, 0x14, 1);
    device_copy(w.dev, x.dev);
    g_assert_true(x.wire.level);
    g_assert_cmphex(get(&x, 0x60), ==, 1);
    g_assert_cmphex(get(&x, 0x10), ==, 1);
    g_assert_cmphex(get(&x, 0x44), ==, 1);
    memory_store16(x.memory, USED + 2, GUINT16_SWAP_LE_BE(1));
    make_request(&x, 2);
    g_assert_cmphex(memory_load16(x.memory, USED + 2), ==, 0x0200);
    device_load_ones(x.dev);
    g_assert_cmphex(get(&x, 0x60), ==, 3);
    g_assert_cmphex(get(&x, 0x34), ==, 0);
    close_world(&w);
    close_world(&x);
}

UNIT_TESTS(virtio_mmio)
{
    g_test_add_func("/virtio-mmio/registers-say-what-it-is", test_identity);
    g_test_add_func("/virtio-mmio/features-are-negotiated", test_negotiation);
    g_test_add_func("/virtio-mmio/a-queue-is-set-up-and-stopped", test_queue);
    g_test_add_func("/virtio-mmio/an-interrupt-stays-until-it-is-acknowledged", test_interrupt);
    g_test_add_func("/virtio-mmio/the-configuration-is-read-in-any-size", test_configuration);
    g_test_add_func("/virtio-mmio/its-node-names-registers-and-interrupt", test_node);
    g_test_add_func("/virtio-mmio/saved-state-goes-on-elsewhere", test_save);
}
