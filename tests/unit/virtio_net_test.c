/* SPDX-License-Identifier: MIT */
#include "platform/devices/virtio/net_priv.h"
#include "platform/net/checksum.h"

#include <sys/socket.h>
#include <unistd.h>

#include "platform/base/lock.h"
#include "tests/unit/unit.h"
#include "tests/unit/virtio_fixture.h"
#include "tests/unit/net_cable.h"

enum { RX = NET_RX, TX = NET_TX, FRAME = DRIVER_DATA, BUFFERS = DRIVER_DATA + 0x10000 };

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
    const VirtioNetConfig config = {c->net, {0x52, 0x54, 0, 1, 2, 3}, 0, c->event};
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
    start(&c, false, NET_F_MRG_RXBUF);
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

/* --- what the card does for its driver */

enum { SYN_SIZE = 54, MSS = 1000, DATA = 2500 };

/* The headers of a TCP packet with so many bytes of data; its checksums are not there. */
static void put_headers(uint8_t *p, size_t data, uint32_t sequence)
{
    memcpy(p, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0\x45\0\0\0\0\0\0\0\x40\x06\0\0\x0a\0\2\x0f\x0a\0\2\2", 34);
    memcpy(p + 34, "\x30\x39\0\x50\0\0\0\0\0\0\0\1\x50\x10\x10\0\0\0\0\0", 20);
    p[16] = (uint8_t)((40 + data) >> 8);
    p[17] = (uint8_t)(40 + data);
    p[40] = (uint8_t)(sequence >> 8);
    p[41] = (uint8_t)sequence;
}

static bool is_right(const uint8_t *frame, size_t length)
{
    const NetHeaders h = net_headers(frame, length);
    return h.l4 && net_l4_is_right(frame, &h);
}

static void test_checksums_and_segments(void)
{
    uint8_t packet[12 + SYN_SIZE + DATA] = {0}, got[2048];
    const uint64_t features = NET_F_CSUM | NET_F_HOST_TSO4;
    Card c;
    open_card(&c);
    for (unsigned legacy = 0; legacy <= 1; legacy++) {
        const unsigned header = legacy ? 10 : 12, at = legacy ? 0 : 1; /* of a number's low byte */
        for (unsigned cut = 0; cut <= 1; cut++) {
            const unsigned size = SYN_SIZE + (cut ? DATA : 100);
            start(&c, legacy, features);
            memset(packet, 0, sizeof(packet));
            packet[0] = 1; /* NEEDS_CSUM */
            packet[6 + !at] = 34;
            packet[8 + !at] = 16;
            packet[1] = cut; /* TCPV4 */
            packet[4 + at] = cut ? MSS >> 8 : 0;
            packet[4 + !at] = cut ? MSS & 0xff : 0;
            put_headers(packet + header, size - SYN_SIZE, 0);
            const NetHeaders h = net_headers(packet + header, size);
            const uint16_t pseudo = (uint16_t)~net_checksum(net_sum_pseudo(packet + header, &h, 20 + size - SYN_SIZE));
            packet[header + 50] = (uint8_t)(pseudo >> 8);
            packet[header + 51] = (uint8_t)pseudo;
            memory_write(c.d.memory, FRAME, packet, header + size);
            driver_desc(&c.d, TX, 0, FRAME, header + size, 0, 0);
            driver_offer(&c.d, TX, 0);
            kick(&c, TX);
            cable_settle();
            for (unsigned left = size - SYN_SIZE; left;) {
                const unsigned data = MIN(left, MSS);
                g_assert_cmpint(recv(c.other, got, sizeof(got), 0), ==, SYN_SIZE + data);
                g_assert_true(is_right(got, SYN_SIZE + data));
                left -= data;
            }
            g_assert_cmpint(recv(c.other, got, sizeof(got), 0), <, 0);
        }
    }
    start(&c, false, 0); /* what was not accepted is not done */
    memcpy(packet, "\1\1", 2);
    memory_write(c.d.memory, FRAME, packet, sizeof(packet));
    driver_desc(&c.d, TX, 0, FRAME, 12 + SYN_SIZE, 0, 0);
    driver_offer(&c.d, TX, 0);
    kick(&c, TX);
    cable_settle();
    g_assert_cmpint(recv(c.other, got, sizeof(got), 0), ==, SYN_SIZE);
    g_assert_cmpmem(got, SYN_SIZE, packet + 12, SYN_SIZE);
    close_card(&c);
}

/* A checksum that is right is the card's word. */
static void test_vouches_for_checksums(void)
{
    uint8_t frame[SYN_SIZE + 100] = {0}, flags;
    Card c;
    open_card(&c);
    put_headers(frame, 100, 0);
    const NetHeaders h = net_headers(frame, sizeof(frame));
    const uint32_t sum = net_sum(net_sum_pseudo(frame, &h, 120), frame + 34, 120);
    frame[50] = (uint8_t)(net_checksum(sum) >> 8);
    frame[51] = (uint8_t)net_checksum(sum);
    g_assert_true(is_right(frame, sizeof(frame)));
    for (unsigned wrong = 0; wrong <= 1; wrong++) {
        for (unsigned accepted = 0; accepted <= 1; accepted++) {
            start(&c, false, accepted ? NET_F_GUEST_CSUM : 0);
            offer_buffers(&c, 1, 2048);
            frame[60] = (uint8_t)wrong;
            g_assert_cmpint(send(c.other, frame, sizeof(frame), 0), ==, sizeof(frame));
            cable_settle();
            g_assert_cmpuint(driver_used(&c.d, RX), ==, 1);
            memory_read(c.d.memory, BUFFERS, &flags, 1);
            g_assert_cmpuint(flags, ==, accepted && !wrong ? 2 : 0);
        }
    }
    close_card(&c);
}

/* --- the control queue */

enum { COMMAND = DRIVER_DATA + 0x8000, ACK = DRIVER_DATA + 0x9000 };

/* What the device answers to a command. */
static unsigned command(Card *c, const char *bytes, uint32_t size)
{
    uint8_t ack = 0xee;
    memory_write(c->d.memory, COMMAND, bytes, size);
    memory_write(c->d.memory, ACK, &ack, 1);
    driver_desc(&c->d, NET_CTRL, 0, COMMAND, size, DRIVER_NEXT, 1);
    driver_desc(&c->d, NET_CTRL, 1, ACK, 1, DRIVER_WRITE, 0);
    driver_offer(&c->d, NET_CTRL, 0);
    kick(c, NET_CTRL);
    memory_read(c->d.memory, ACK, &ack, 1);
    return ack;
}

/* Does a frame to this address come through? */
static bool gets(Card *c, const char *to, unsigned vlan)
{
    char frame[64] = {0};
    const unsigned before = driver_used(&c->d, RX);
    memcpy(frame, to, NET_MAC_SIZE);
    memcpy(frame + 12, vlan ? "\x81\0\0" : "\x08\0\0", 3);
    frame[15] = (char)vlan;
    offer_buffers(c, 1, 2048);
    g_assert_cmpint(send(c->other, frame, sizeof(frame), 0), ==, sizeof(frame));
    cable_settle();
    return driver_used(&c->d, RX) != before;
}

#define OWN   "\x52\x54\0\1\2\3"
#define OTHER "\2\0\0\0\0\7"
#define GROUP "\1\0\x5e\0\0\1"
#define ALL   "\xff\xff\xff\xff\xff\xff"

static void test_filters(void)
{
    const uint64_t features = NET_F_CTRL_VQ | NET_F_CTRL_RX | NET_F_CTRL_RX_EXTRA | NET_F_CTRL_VLAN | NET_F_CTRL_MAC_ADDR;
    static const struct {
        const char *command;
        uint32_t size;
        bool own, other, group, all;
    } steps[] = {
        {"\0\0\1", 3, true, true, true, true},   /* promiscuous, as after a reset */
        {"\0\0\0", 3, true, false, false, true}, /* not so */
        {"\0\1\1", 3, true, false, true, true},  /* all groups */
        {"\0\3\1", 3, true, false, false, true}, /* no groups */
        {"\0\3\0", 3, true, false, true, true},
        {"\0\1\0", 3, true, false, false, true},
        {"\0\2\1", 3, true, true, false, true},   /* all stations */
        {"\0\4\1", 3, false, false, false, true}, /* no stations */
        {"\0\4\0", 3, true, true, false, true},
        {"\0\2\0", 3, true, false, false, true},
        {"\0\5\1", 3, true, false, false, false}, /* no broadcast */
        {"\0\5\0", 3, true, false, false, true},
        {"\1\0\1\0\0\0" OTHER "\1\0\0\0" GROUP, 22, true, true, true, true}, /* tables */
        {"\1\0\0\0\0\0\1\0\0\0" GROUP, 16, true, false, true, true},
        {"\1\0\0\0\0\0\0\0\0\0", 10, true, false, false, true},
        {"\1\1" OTHER, 8, false, true, false, true}, /* another address */
        {"\1\1" OWN, 8, true, false, false, true},
    };
    Card c;
    open_card(&c);
    start(&c, false, features);
    g_assert_true(gets(&c, OTHER, 0));
    FOR_ROWS (i, steps) {
        g_assert_cmpuint(command(&c, steps[i].command, steps[i].size), ==, 0);
        g_assert_cmpint(gets(&c, OWN, 0), ==, steps[i].own);
        g_assert_cmpint(gets(&c, OTHER, 0), ==, steps[i].other);
        g_assert_cmpint(gets(&c, GROUP, 0), ==, steps[i].group);
        g_assert_cmpint(gets(&c, ALL, 0), ==, steps[i].all);
    }
    g_assert_false(gets(&c, OWN, 7));
    g_assert_cmpuint(command(&c, "\2\0\7\0", 4), ==, 0); /* VLAN 7 */
    g_assert_true(gets(&c, OWN, 7));
    g_assert_cmpuint(command(&c, "\2\1\7\0", 4), ==, 0);
    g_assert_false(gets(&c, OWN, 7));
    start(&c, false, features); /* a reset forgets all */
    g_assert_true(gets(&c, OTHER, 7));
    close_card(&c);
}

static void test_commands_that_are_none(void)
{
    static const struct {
        const char *command;
        uint32_t size;
    } rows[] = {
        {"", 0},
        {"\0", 1},
        {"\0\0", 2},
        {"\0\6\1", 3},
        {"\1\0\1\0\0\0\2\0\0", 9},
        {"\1\0\0\0", 4},
        {"\1\2", 2},
        {"\1\1\2\0\0", 5},
        {"\2\0\0\x10", 4},
        {"\2\2\1\0", 4},
        {"\3\0\1", 3},
        {"\4\0\1\0", 4},
        {"\5\1\2\0\0\0", 6},
        {"\5\0\4\0\0\0\0\0\0\0", 10}, /* never accepted */
        {"\1\0\xff\xff\xff\xff", 6},
    };
    Card c;
    open_card(&c);
    start(&c, false,
          NET_F_CTRL_VQ | NET_F_CTRL_RX | NET_F_CTRL_RX_EXTRA | NET_F_CTRL_VLAN | NET_F_CTRL_MAC_ADDR | NET_F_CTRL_GUEST_OFFLOADS |
              NET_F_GUEST_CSUM);
    FOR_ROWS (i, rows)
        g_assert_cmpuint(command(&c, rows[i].command, rows[i].size), ==, 1);
    g_assert_cmpuint(command(&c, "\5\0\2\0\0\0\0\0\0\0", 10), ==, 0);
    start(&c, false, NET_F_CTRL_VQ); /* each feature has its commands */
    g_assert_cmpuint(command(&c, "\0\0\1", 3), ==, 1);
    g_assert_cmpuint(command(&c, "\2\0\7\0", 4), ==, 1);
    g_assert_cmpuint(command(&c, "\1\1" OTHER, 8), ==, 1);
    close_card(&c);
}

UNIT_TESTS(virtio_net)
{
    g_test_add_func("/virtio-net/checksums-and-segments-are-made", test_checksums_and_segments);
    g_test_add_func("/virtio-net/vouches-for-checksums-that-are-right", test_vouches_for_checksums);
    g_test_add_func("/virtio-net/the-driver-says-what-it-wants-to-get", test_filters);
    g_test_add_func("/virtio-net/commands-that-are-none", test_commands_that_are_none);
    g_test_add_func("/virtio-net/sends-what-is-behind-the-header", test_sends);
    g_test_add_func("/virtio-net/sends-in-the-main-thread", test_hands_over);
    g_test_add_func("/virtio-net/receives-when-there-are-buffers", test_receives);
    g_test_add_func("/virtio-net/joins-buffers-where-the-driver-can", test_joins_buffers);
    g_test_add_func("/virtio-net/the-cable-is-told", test_link);
}
