/* SPDX-License-Identifier: MIT */
#include "platform/devices/hv/doorbell.h"
#include "tests/unit/unit.h"

#include "platform/devices/hv/doorbell_page.h"
#include "platform/base/lock.h"
#include "tests/unit/chardev_pipes.h"
#include "tests/unit/device_helper.h"

static Device *make(Wire *wire, Chardev *chr)
{
    DoorbellConfig config = {
        .name = "bell",
        .send = 3,
        .receive = 4,
        .input = {{wire_set, wire, 0}, "vmpic", {17, 1}, NULL},
        .chr = chr,
    };
    return doorbell_new("doorbell3", &config);
}

/* A doorbell whose other end is pipes.out, where what it sent is read, and pipes.in, which it hears. */
typedef struct Fixture {
    Wire wire;
    ChardevPipes pipes;
    Device *dev;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    chardev_pipes_open(&f->pipes, "line");
    device_lock();
    f->dev = make(&f->wire, f->pipes.chr);
    device_unlock();
}

static void tear_down(Fixture *f, gconstpointer data)
{
    device_lock();
    device_free(f->dev);
    device_unlock();
    chardev_pipes_close(&f->pipes);
}

static DoorbellResult send_one(Device *dev)
{
    device_lock();
    DoorbellResult result = doorbell_send(dev);
    device_unlock();
    return result;
}

static void run_pending(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void own_is_an_edge(void)
{
    Wire wire = {0};
    Device *dev = make(&wire, NULL);
    for (unsigned i = 1; i <= 3; i++) {
        g_assert_cmpint(doorbell_send(dev), ==, DOORBELL_SENT);
        g_assert_cmpuint(wire.rises, ==, i);
        g_assert_false(wire.level);
    }
    device_reset(dev);
    g_assert_cmpuint(wire.rises, ==, 3);
    device_free(dev);
}

static void sent_is_a_byte(Fixture *f, gconstpointer data)
{
    uint8_t bytes[8] = {0};
    g_assert_cmpint(send_one(f->dev), ==, DOORBELL_SENT);
    g_assert_cmpint(send_one(f->dev), ==, DOORBELL_SENT);
    run_pending();
    g_assert_cmpint(read(f->pipes.out, bytes, sizeof(bytes)), ==, 2);
    g_assert_cmphex(bytes[0], ==, 1);
    g_assert_cmphex(bytes[1], ==, 1);
    g_assert_cmpuint(f->wire.rises, ==, 0); /* the other one's, not ours */
}

static void any_byte_rings(Fixture *f, gconstpointer data)
{
    static const uint8_t bytes[] = {0, 1, 0xff};
    FOR_ROWS (i, bytes) {
        g_assert_cmpint(write(f->pipes.in, &bytes[i], 1), ==, 1);
        run_pending();
        g_assert_cmpuint(f->wire.rises, ==, i + 1);
        g_assert_false(f->wire.level);
    }
}

static void many_bytes_ring(Fixture *f, gconstpointer data)
{
    uint8_t bytes[10000] = {0};
    g_assert_cmpint(write(f->pipes.in, bytes, sizeof(bytes)), ==, sizeof(bytes));
    run_pending();
    g_assert_cmpuint(f->wire.rises, >=, 1);
    g_assert_cmpuint(f->wire.rises, <=, sizeof(bytes));
    uint8_t more;
    g_assert_cmpint(read(f->pipes.out, &more, 1), ==, -1); /* nothing is answered */
}

/* A queue that is full of rings takes no more, and needs none. */
static void full_queue_is_no_error(Fixture *f, gconstpointer data)
{
    uint8_t byte = 0;
    for (unsigned i = 0; i < 1 << 20; i++)
        g_assert_cmpint(send_one(f->dev), ==, DOORBELL_SENT);
    run_pending();
    g_assert_cmpint(read(f->pipes.out, &byte, 1), ==, 1);
    g_assert_cmphex(byte, ==, 1);
}

static void nobody_there(void)
{
    g_autofree char *path = g_strdup_printf("%s/quoin-bell-%d", g_get_tmp_dir(), getpid());
    g_autofree char *text = g_strdup_printf("socket,id=line,path=%s,server=on,wait=off", path);
    g_autoptr(GError) error = NULL;
    Wire wire = {0};
    Chardev *chr = chardev_option_new(text, &error);
    g_assert_no_error(error);
    device_lock();
    Device *dev = make(&wire, chr);
    device_unlock();
    g_assert_cmpint(send_one(dev), ==, DOORBELL_NOBODY);
    g_assert_cmpuint(wire.rises, ==, 0);
    device_lock();
    device_free(dev);
    device_unlock();
    chardev_free(chr);
}

static void nodes(void)
{
    static const char *const refs[] = {"vmpic", NULL};
    Wire wire = {0};
    Device *dev = make(&wire, NULL);
    g_autoptr(GBytes) tree = device_tree(dev, 1, refs);
    const char *sends = "/send-doorbell@3", *receives = "/receive-doorbell@4";
    g_assert_true(tree_compatible(tree, sends, "epapr,hv-send-doorbell"));
    g_assert_cmpuint(tree_cell(tree, sends, "hv-handle", 0), ==, 3);
    g_assert_cmpuint(tree_cell(tree, sends, "reg", 0), ==, 3);
    g_assert_true(tree_compatible(tree, receives, "epapr,hv-receive-doorbell"));
    g_assert_cmpuint(tree_cell(tree, receives, "hv-handle", 0), ==, 4);
    g_assert_cmpuint(tree_cell(tree, receives, "interrupts", 0), ==, 17);
    g_assert_cmpuint(tree_cell(tree, receives, "interrupts", 1), ==, 1);
    g_assert_cmpuint(tree_cell(tree, receives, "interrupt-parent", 0), ==, tree_cell(tree, "/vmpic", "phandle", 0));
    g_assert_true(doorbell_is(dev));
    g_assert_cmpuint(doorbell_send_handle(dev), ==, 3);
    device_free(dev);
}

static void one_end(void)
{
    static const char *const refs[] = {"vmpic", NULL};
    Wire wire = {0};
    DoorbellConfig config = {
        .compatible = "fsl,hv-shutdown-doorbell",
        .receive = 4,
        .input = {{wire_set, &wire, 0}, "vmpic", {17, 1}, NULL},
    };
    Device *dev = doorbell_new("shutdown", &config);
    g_autoptr(GBytes) tree = device_tree(dev, 1, refs);
    const void *fdt = g_bytes_get_data(tree, NULL);
    g_assert_true(tree_compatible(tree, "/receive-doorbell@4", "fsl,hv-shutdown-doorbell"));
    g_assert_true(tree_compatible(tree, "/receive-doorbell@4", "epapr,hv-receive-doorbell"));
    g_assert_cmpint(fdt_path_offset(fdt, "/send-doorbell"), ==, -FDT_ERR_NOTFOUND);
    g_assert_cmpuint(doorbell_send_handle(dev), ==, 0);
    doorbell_ring(dev);
    g_assert_cmpuint(wire.rises, ==, 1);
    device_free(dev);
}

static void stores_have_an_address(void)
{
    static const char *const refs[] = {"vmpic", NULL};
    Wire wire = {0};
    DoorbellConfig config = {.send = 3, .receive = 4, .input = {{wire_set, &wire, 0}, "vmpic", {17, 1}, NULL}};
    Device *without = doorbell_new("without", &config);
    config.store = UINT64_C(0xfef001000);
    Device *with = doorbell_new("with", &config);
    g_assert_false(doorbell_takes_stores(without));
    g_assert_true(doorbell_takes_stores(with));
    g_autoptr(GBytes) tree = device_tree(with, 1, refs), other = device_tree(without, 1, refs);
    g_assert_cmphex(tree_cell(tree, "/send-doorbell@3", "quoin,store", 0), ==, 0xf);
    g_assert_cmphex(tree_cell(tree, "/send-doorbell@3", "quoin,store", 1), ==, 0xef001000);
    const void *fdt = g_bytes_get_data(other, NULL);
    g_assert_null(fdt_getprop(fdt, fdt_path_offset(fdt, "/send-doorbell@3"), "quoin,store", NULL));
    device_free(without);
    device_free(with);
}

static void remember(void *opaque, uint32_t handle)
{
    *(uint32_t *)opaque = handle;
}

static void page_is_one_word(void)
{
    uint32_t sent = 0;
    Device *page = doorbell_page_new("page", remember, &sent);
    reg_write(page, 0, 4, 0x80000003);
    g_assert_cmphex(sent, ==, 0x80000003);
    g_assert_cmphex(reg_read(page, 0, 4), ==, 0);
    g_assert_false(reg_answers(page, 0, 2));
    g_assert_false(reg_answers(page, 4, 4));
    g_assert_false(page->ops->write(page, 0, 0, 8, 3));
    g_assert_false(page->ops->write(page, 0, 0, 1, 3));
    g_assert_false(page->ops->write(page, 0, 4, 4, 3));
    g_assert_cmphex(sent, ==, 0x80000003);
    device_free(page);
}

UNIT_TESTS(doorbell)
{
    g_test_add_func("/doorbell/own-is-an-edge-each-time", own_is_an_edge);
    g_test_add("/doorbell/sent-is-a-byte", Fixture, NULL, set_up, sent_is_a_byte, tear_down);
    g_test_add("/doorbell/any-byte-rings", Fixture, NULL, set_up, any_byte_rings, tear_down);
    g_test_add("/doorbell/many-bytes-ring-at-least-once", Fixture, NULL, set_up, many_bytes_ring, tear_down);
    g_test_add("/doorbell/full-queue-is-no-error", Fixture, NULL, set_up, full_queue_is_no_error, tear_down);
    g_test_add_func("/doorbell/nobody-there", nobody_there);
    g_test_add_func("/doorbell/both-ends-are-nodes", nodes);
    g_test_add_func("/doorbell/one-end-alone", one_end);
    g_test_add_func("/doorbell/a-store-has-an-address", stores_have_an_address);
    g_test_add_func("/doorbell/the-page-is-one-word", page_is_one_word);
}
