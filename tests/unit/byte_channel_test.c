/* SPDX-License-Identifier: MIT */
#include "platform/devices/hv/byte_channel.h"
#include "tests/unit/unit.h"

#include <string.h>

#include "platform/base/lock.h"
#include "tests/unit/chardev_pipes.h"
#include "tests/unit/device_helper.h"

/* A channel whose other end is pipes.out, where what the guest sent is read, and pipes.in, from where it receives. */
typedef struct Fixture {
    ChardevPipes pipes;
    Device *dev;
    Wire wires[2];
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    chardev_pipes_open(&f->pipes, "chan");
    ByteChannelWires wires = {
        .rx = {{wire_set, f->wires, 0}, "mpic", {64, 2}},
        .tx = {{wire_set, f->wires, 1}, "mpic", {65, 2}},
    };
    device_lock();
    f->dev = byte_channel_new("byte-channel0", 3, "console", f->pipes.chr, &wires);
    device_unlock();
}

static void tear_down(Fixture *f, gconstpointer data)
{
    device_free(f->dev);
    chardev_pipes_close(&f->pipes);
}

#define RX(f) ((f)->wires[0].level)
#define TX(f) ((f)->wires[1].level)

static void run_pending(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static size_t send_bytes(Fixture *f, const void *data, size_t size)
{
    device_lock();
    size_t n = byte_channel_send(f->dev, data, size);
    device_unlock();
    return n;
}

static size_t receive_bytes(Fixture *f, void *data, size_t size)
{
    device_lock();
    size_t n = byte_channel_receive(f->dev, data, size);
    device_unlock();
    return n;
}

static void expect_room(Fixture *f, size_t to_receive, size_t to_send)
{
    size_t rx, tx;
    device_lock();
    byte_channel_poll(f->dev, &rx, &tx);
    device_unlock();
    g_assert_cmpuint(rx, ==, to_receive);
    g_assert_cmpuint(tx, ==, to_send);
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 7 ^ i >> 8 ^ i >> 16);
}

static void test_fresh(Fixture *f, gconstpointer data)
{
    uint8_t bytes[16];
    g_assert_false(RX(f));
    g_assert_true(TX(f));
    expect_room(f, 0, CHARDEV_QUEUE);
    g_assert_cmpuint(receive_bytes(f, bytes, 16), ==, 0);
    g_assert_cmpuint(byte_channel_handle(f->dev), ==, 3);
    g_assert_true(byte_channel_is(f->dev));
}

static void test_sends(Fixture *f, gconstpointer data)
{
    char got[16] = "";
    g_assert_cmpuint(send_bytes(f, "hello", 5), ==, 5);
    g_assert_cmpuint(send_bytes(f, "", 0), ==, 0);
    g_assert_cmpint(read(f->pipes.out, got, sizeof got), ==, 5);
    g_assert_cmpstr(got, ==, "hello");
    g_assert_true(TX(f));
}

/* Fills pipe and queue; returns how many bytes went. */
static size_t fill(Fixture *f)
{
    uint8_t bytes[16];
    for (size_t sent = 0;;) {
        for (size_t i = 0; i < 16; i++)
            bytes[i] = pattern(sent + i);
        size_t n = send_bytes(f, bytes, 16);
        sent += n;
        if (n < 16)
            return sent;
    }
}

static void test_back_pressure(Fixture *f, gconstpointer data)
{
    size_t sent = fill(f), got = 0;
    g_assert_cmpuint(sent, >=, CHARDEV_QUEUE);
    g_assert_false(TX(f));
    expect_room(f, 0, 0);
    g_assert_cmpuint(send_bytes(f, "x", 1), ==, 0);
    g_assert_cmpuint(f->wires[1].rises, ==, 1); /* that of the start */
    while (got < sent) {
        uint8_t bytes[4096];
        ssize_t n = read(f->pipes.out, bytes, sizeof bytes);
        g_assert_cmpint(n, >, 0);
        for (ssize_t i = 0; i < n; i++, got++)
            g_assert_cmpuint(bytes[i], ==, pattern(got));
        run_pending();
        g_assert_cmpint(TX(f), ==, f->pipes.chr->out->len <= CHARDEV_QUEUE / 2);
    }
    g_assert_cmpuint(f->wires[1].rises, ==, 2);
    expect_room(f, 0, CHARDEV_QUEUE);
}

static void test_receives(Fixture *f, gconstpointer data)
{
    uint8_t bytes[16];
    g_assert_cmpint(write(f->pipes.in, "abcdefghijklmnopqrstuvwxyz", 26), ==, 26);
    run_pending();
    g_assert_true(RX(f));
    expect_room(f, 26, CHARDEV_QUEUE);
    g_assert_cmpuint(receive_bytes(f, bytes, 16), ==, 16);
    g_assert_cmpmem(bytes, 16, "abcdefghijklmnop", 16);
    g_assert_true(RX(f));
    g_assert_cmpuint(receive_bytes(f, bytes, 0), ==, 0);
    g_assert_cmpuint(receive_bytes(f, bytes, 16), ==, 10);
    g_assert_cmpmem(bytes, 10, "qrstuvwxyz", 10);
    g_assert_false(RX(f));
}

/* The host writes whatever goes, the guest takes odd pieces: the ring wraps at every place. */
static void test_input_waits(Fixture *f, gconstpointer data)
{
    enum { TOTAL = 1 << 20 };
    size_t written = 0, got = 0;
    unsigned turn = 0;
    bool full = false;
    g_unix_set_fd_nonblocking(f->pipes.in, TRUE, NULL);
    while (got < TOTAL) {
        uint8_t bytes[1000], piece[16];
        size_t want = MIN(sizeof bytes, TOTAL - written), rx, tx;
        for (size_t i = 0; i < want; i++)
            bytes[i] = pattern(written + i);
        ssize_t n = want ? write(f->pipes.in, bytes, want) : 0;
        written += n > 0 ? (size_t)n : 0;
        full |= n < 0; /* the pipe too: the host has to wait */
        run_pending();
        byte_channel_poll(f->dev, &rx, &tx);
        g_assert_cmpint(RX(f), ==, rx > 0);
        for (unsigned take = full ? 1 + turn++ % 300 : 0; take; take--) {
            size_t r = receive_bytes(f, piece, 1 + got % 16);
            for (size_t i = 0; i < r; i++, got++)
                g_assert_cmpuint(piece[i], ==, pattern(got));
        }
    }
    g_assert_true(full);
    expect_room(f, 0, CHARDEV_QUEUE);
}

static void test_reset_keeps_all(Fixture *f, gconstpointer data)
{
    size_t sent = fill(f);
    uint8_t bytes[16];
    char tail[2];
    g_assert_cmpint(write(f->pipes.in, "typed", 5), ==, 5);
    run_pending();
    f->wires[0].level = false; /* as an interrupt controller does that was reset first */
    device_lock();
    device_reset(f->dev);
    device_unlock();
    g_assert_true(RX(f) && !TX(f));
    g_assert_cmpuint(receive_bytes(f, bytes, 16), ==, 5);
    g_assert_cmpmem(bytes, 5, "typed", 5);
    for (size_t got = 0; got < sent; got++) {
        g_assert_cmpint(read(f->pipes.out, tail, 1), ==, 1);
        g_assert_cmpuint((uint8_t)tail[0], ==, pattern(got));
        run_pending();
    }
}

static void test_reader_gone(Fixture *f, gconstpointer data)
{
    fill(f);
    close(f->pipes.out);
    f->pipes.out = -1;
    while (!TX(f)) /* the guest hears that it may go on: what it sends is dropped */
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(send_bytes(f, "more", 4), ==, 4);
    expect_room(f, 0, CHARDEV_QUEUE);
}

static void test_node(Fixture *f, gconstpointer data)
{
    static const char *const refs[] = {"mpic", NULL};
    g_autoptr(GBytes) tree = device_tree(f->dev, 1, refs);
    const char *path = "/byte-channel@3";
    g_assert_true(tree_compatible(tree, path, "epapr,hv-byte-channel"));
    g_assert_cmpuint(tree_cell(tree, path, "reg", 0), ==, 3);
    g_assert_cmpuint(tree_cell(tree, path, "hv-handle", 0), ==, 3);
    static const uint32_t interrupts[] = {64, 2, 65, 2};
    FOR_ROWS (i, interrupts)
        g_assert_cmpuint(tree_cell(tree, path, "interrupts", i), ==, interrupts[i]);
    g_assert_cmpuint(tree_cell(tree, path, "interrupt-parent", 0), ==, tree_cell(tree, "/mpic", "phandle", 0));
}

UNIT_TESTS(byte_channel)
{
#define TEST(name, fn) g_test_add("/byte-channel/" name, Fixture, NULL, set_up, fn, tear_down)
    TEST("comes-up-empty-with-room-to-send", test_fresh);
    TEST("sends-in-order", test_sends);
    TEST("a-host-that-does-not-read-makes-sends-short-and-loses-nothing", test_back_pressure);
    TEST("receives-sixteen-at-a-time", test_receives);
    TEST("a-guest-that-does-not-read-makes-the-host-wait", test_input_waits);
    TEST("a-reset-loses-neither-input-nor-output", test_reset_keeps_all);
    TEST("without-a-reader-sends-succeed", test_reader_gone);
    TEST("describes-itself", test_node);
}
