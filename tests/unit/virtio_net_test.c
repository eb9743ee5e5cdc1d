/* SPDX-License-Identifier: MIT */
#include "platform/devices/virtio/net.h"

#include <sys/socket.h>
#include <unistd.h>

#include "platform/base/lock.h"
#include "tests/unit/unit.h"
#include "tests/unit/virtio_fixture.h"
#include "tests/unit/net_cable.h"

enum { RX = 0, TX = 1, FRAME = DRIVER_DATA, BUFFERS = DRIVER_DATA + 0x10000 };
#define F_MRG_RXBUF (UINT64_C(1) << 15)

/* A card at a socket, whose other end is the test's. */
typedef struct Card {
    Driver d;
    Net *net;
    Event *event;
    int other;
} Card;

static void open_card(Card *c)
{
    c->net = cable_new(&c->other);
    c->event = event_new(NULL);
    device_lock();
    const VirtioNetConfig config = {c->net, {0x52, 0x54, 0, 1, 2, 3}, c->event};
    driver_open(&c->d, virtio_net_new(&config));
    device_unlock();
}

static void close_card(Card *c)
{
    device_lock();
    driver_close(&c->d);
    device_unlock();
    event_free(c->event);
    net_free(c->net);
    close(c->other);
}

static void start(Card *c, bool legacy, uint64_t features)
{
    device_lock();
    driver_start(&c->d, legacy, features);
    device_unlock();
}

static void kick(Card *c, unsigned queue)
{
    device_lock();
    virtio_kick(c->d.v, queue);
    device_unlock();
}

/* A frame of so many bytes behind a header; what comes out at the other end. */
static ssize_t sent(Card *c, uint32_t header, uint32_t length, uint8_t *got, size_t size)
{
    for (unsigned i = 0; i < length; i++)
        memory_fill(c->d.memory, FRAME + header + i, (uint8_t)i, 1);
    driver_desc(&c->d, TX, 0, FRAME, header, DRIVER_NEXT, 1);
    driver_desc(&c->d, TX, 1, FRAME + header, length, 0, 0);
    driver_offer(&c->d, TX, 0);
    kick(c, TX);
    cable_settle();
    return recv(c->other, got, size, 0);
}

static void test_sends(void)
{
    Card c;
    uint8_t got[2048];
    open_card(&c);
    for (unsigned legacy = 0; legacy <= 1; legacy++) {
        start(&c, legacy, 0);
        g_assert_cmpint(sent(&c, legacy ? 10 : 12, 1514, got, sizeof(got)), ==, 1514);
        g_assert_cmpuint(got[0], ==, 0);
        g_assert_cmpuint(got[1513], ==, 1513 & 0xff);
        g_assert_cmpuint(driver_used(&c.d, TX), ==, 1);
        g_assert_cmpint(sent(&c, legacy ? 10 : 12, 3, got, sizeof(got)), <, 0); /* shorter than any frame: dropped */
        g_assert_cmpuint(driver_used(&c.d, TX), ==, 2);
    }
    close_card(&c);
}

/* The vCPU's thread sends nothing, and while the main thread has not begun no second notification is wanted. */
static void test_hands_over(void)
{
    Card c;
    uint8_t got[64];
    open_card(&c);
    start(&c, false, 0);
    driver_desc(&c.d, TX, 0, FRAME, 72, 0, 0);
    driver_offer(&c.d, TX, 0);
    kick(&c, TX);
    g_assert_cmpint(recv(c.other, got, sizeof(got), 0), <, 0);
    g_assert_cmpuint(driver_get16(&c.d, driver_ring(TX) + DRIVER_USED), ==, 1);
    for (unsigned i = 0; i < 200; i++)
        driver_offer(&c.d, TX, 0); /* without a kick: they are seen */
    for (unsigned n = 0; n < 201;) {
        g_main_context_iteration(NULL, FALSE);
        while (recv(c.other, got, sizeof(got), 0) > 0)
            n++;
    }
    cable_settle();
    g_assert_cmpuint(driver_get16(&c.d, driver_ring(TX) + DRIVER_USED), ==, 0);
    g_assert_cmpuint(driver_used(&c.d, TX), ==, 201);
    close_card(&c);
}

static void offer_buffers(Card *c, unsigned n, uint32_t size)
{
    for (unsigned i = 0; i < n; i++) {
        driver_desc(&c->d, RX, i, BUFFERS + i * 0x1000u, size, DRIVER_WRITE, 0);
        driver_offer(&c->d, RX, (uint16_t)i);
    }
    kick(c, RX);
}

static void test_receives(void)
{
    Card c;
    uint8_t frame[1514], got[2048];
    open_card(&c);
    for (unsigned i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 7);
    for (unsigned legacy = 0; legacy <= 1; legacy++) {
        const unsigned header = legacy ? 10 : 12;
        start(&c, legacy, 0);
        g_assert_cmpint(send(c.other, frame, sizeof(frame), 0), ==, sizeof(frame));
        cable_settle();
        g_assert_cmpuint(driver_used(&c.d, RX), ==, 0); /* kept until there are buffers */
        offer_buffers(&c, 2, 2048);
        cable_settle();
        g_assert_cmpuint(driver_used(&c.d, RX), ==, 1);
        g_assert_cmpuint(driver_used_length(&c.d, RX, 0), ==, header + sizeof(frame));
        memory_read(c.d.memory, BUFFERS, got, header + sizeof(frame));
        g_assert_cmpmem(got + header, sizeof(frame), frame, sizeof(frame));
        g_assert_cmpmem(got, header, "\0\0\0\0\0\0\0\0\0\0\1\0", header);
        g_assert_cmpuint(c.d.interrupts, ==, 1 + legacy);
    }
    close_card(&c);
}

static void test_joins_buffers(void)
{
    Card c;
    uint8_t frame[1000], got[1024];
    open_card(&c);
    for (unsigned i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 5);
    start(&c, false, F_MRG_RXBUF);
    offer_buffers(&c, 3, 400);
    g_assert_cmpint(send(c.other, frame, sizeof(frame), 0), ==, sizeof(frame));
    cable_settle();
    g_assert_cmpuint(driver_used(&c.d, RX), ==, 3);
    g_assert_cmpuint(driver_used_length(&c.d, RX, 2), ==, 212);
    for (unsigned i = 0; i < 3; i++)
        memory_read(c.d.memory, BUFFERS + i * 0x1000u, got + 400 * i, i < 2 ? 400 : 212);
    g_assert_cmpmem(got, 12, "\0\0\0\0\0\0\0\0\0\0\3\0", 12);
    g_assert_cmpmem(got + 12, sizeof(frame), frame, sizeof(frame));
    offer_buffers(&c, 1, 8); /* even the header is cut */
    offer_buffers(&c, 1, 2);
    offer_buffers(&c, 2, 600);
    g_assert_cmpint(send(c.other, frame, 100, 0), ==, 100);
    cable_settle();
    g_assert_cmpuint(driver_used(&c.d, RX), >, 3);
    start(&c, false, 0); /* a driver that cannot: what is too large is lost, and the buffer is kept */
    offer_buffers(&c, 1, 400);
    g_assert_cmpint(send(c.other, frame, sizeof(frame), 0), ==, sizeof(frame));
    g_assert_cmpint(send(c.other, frame, 100, 0), ==, 100);
    cable_settle();
    g_assert_cmpuint(driver_used(&c.d, RX), ==, 1);
    g_assert_cmpuint(driver_used_length(&c.d, RX, 0), ==, 112);
    close_card(&c);
}

static void test_link(void)
{
    Card c;
    uint8_t config[8];
    open_card(&c);
    start(&c, false, 0);
    virtio_config_read(c.d.v, 0, config, 8, false);
    g_assert_cmpmem(config, 8, "\x52\x54\0\1\2\3\1\0", 8);
    device_lock();
    unsigned told = c.d.config_interrupts;
    net_set_link(c.net, false);
    g_assert_cmpuint(c.d.config_interrupts, ==, told + 1);
    virtio_config_read(c.d.v, 0, config, 8, true);
    g_assert_cmpmem(config + 6, 2, "\0\0", 2);
    device_unlock();
    close_card(&c);
}

UNIT_TESTS(virtio_net)
{
    g_test_add_func("/virtio-net/sends-what-is-behind-the-header", test_sends);
    g_test_add_func("/virtio-net/sends-in-the-main-thread", test_hands_over);
    g_test_add_func("/virtio-net/receives-when-there-are-buffers", test_receives);
    g_test_add_func("/virtio-net/joins-buffers-where-the-driver-can", test_joins_buffers);
    g_test_add_func("/virtio-net/the-cable-is-told", test_link);
}
