/* SPDX-License-Identifier: MIT */
#include "platform/devices/platform/etsec_priv.h"
#include "tests/unit/unit.h"
#include "tests/unit/device_helper.h"

#include <string.h>

#include "platform/base/lock.h"
#include "platform/net/checksum.h"
#include "tests/unit/net_cable.h"

enum { TX = 0x1000, RX = 0x2000, BUFFERS = 0x10000, RING = 8, RAM = 4 << 20 };

typedef struct Fixture {
    Device *dev;
    Memory *memory;
    TestClock clock;
    Net *net;
    int wire; /* the cable's other end */
    Wire irq[3];
    uint8_t seen[4096];
} Fixture;

static void put32(Fixture *f, uint64_t gpa, uint32_t value)
{
    memory_store32(f->memory, gpa, value);
}

static void begin(Fixture *f)
{
    *f = (Fixture){.memory = memory_new(RAM, NULL)};
    f->net = cable_new(&f->wire);
    test_clock_init(&f->clock);
    EtsecConfig config = {.tx = wire_input(f->irq, 0, 1),
                          .rx = wire_input(f->irq, 1, 2),
                          .error = wire_input(f->irq, 2, 3),
                          .memory = f->memory,
                          .clock = f->clock.clock,
                          .net = f->net,
                          .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}};
    device_lock();
    f->dev = etsec_new("etsec0", &config);
    device_reset(f->dev);
    reg_write(f->dev, TBASE0, 4, TX);
    reg_write(f->dev, RBASE0, 4, RX);
    reg_write(f->dev, MRBLR, 4, 1536);
    for (unsigned i = 0; i < RING; i++) {
        put32(f, TX + 8 * i, i + 1 == RING ? BD_WRAP << 16 : 0);
        put32(f, TX + 8 * i + 4, BUFFERS + 0x1000 * i);
        put32(f, RX + 8 * i, (uint32_t)(BD_FULL | BD_INTERRUPT | (i + 1 == RING ? BD_WRAP : 0)) << 16);
        put32(f, RX + 8 * i + 4, BUFFERS + 0x1000 * (RING + i));
    }
    reg_write(f->dev, MACCFG1, 4, MACCFG1_RX_EN | MACCFG1_TX_EN);
    reg_write(f->dev, IEVENT, 4, UINT32_MAX);
    reg_write(f->dev, IMASK, 4, UINT32_MAX);
}

static void end(Fixture *f)
{
    device_free(f->dev);
    device_unlock();
    net_free(f->net);
    clock_free(f->clock.clock);
    memory_free(f->memory);
    close(f->wire);
}

static void settle(void)
{
    device_unlock();
    cable_settle();
    device_lock();
}

static ssize_t sent(Fixture *f)
{
    return read(f->wire, f->seen, sizeof(f->seen));
}

static void arrive(Fixture *f, const uint8_t *frame, size_t length)
{
    g_assert_cmpint(write(f->wire, frame, length), ==, (gssize)length);
    settle();
}

static void ready(Fixture *f, unsigned i, uint32_t flags, const void *data, uint32_t length)
{
    memory_write(f->memory, BUFFERS + 0x1000 * i, data, length);
    put32(f, TX + 8 * i, (BD_FULL | flags | (i + 1 == RING ? BD_WRAP : 0)) << 16 | length);
}

static void test_a_frame_in_pieces_is_sent(void)
{
    Fixture f;
    begin(&f);
    ready(&f, 0, TXBD_CRC, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a", 10);
    ready(&f, 1, 0, "\x0b\x0c\x08\x06", 4);
    ready(&f, 2, BD_LAST | BD_INTERRUPT, "the rest", 8);
    reg_write(f.dev, TSTAT, 4, TSTAT_THLT0);
    g_assert_cmpint(sent(&f), ==, 22);
    g_assert_cmpmem(f.seen + 14, 8, "the rest", 8);
    g_assert_cmphex(memory_load32(f.memory, TX), ==, TXBD_CRC << 16 | 10);
    g_assert_cmphex(reg_read(f.dev, TBPTR0, 4), ==, TX + 24);
    g_assert_cmphex(reg_read(f.dev, IEVENT, 4), ==, IEVENT_TXF);
    g_assert_true(f.irq[0].level && !f.irq[1].level && !f.irq[2].level);
    reg_write(f.dev, IEVENT, 4, IEVENT_TXF);
    g_assert_false(f.irq[0].level);
    g_assert_cmphex(reg_read(f.dev, TSTAT, 4), ==, TSTAT_THLT0 | TSTAT_TXF0); /* it waits for the next kick */
    ready(&f, 3, BD_LAST | TXBD_PAD_CRC, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x08\x06", 14);
    g_assert_cmpint(sent(&f), ==, -1);
    reg_write(f.dev, TSTAT, 4, TSTAT_THLT0);
    g_assert_cmpint(sent(&f), ==, 60);
    end(&f);
}

/* A UDP datagram of 192.0.2.1 to 192.0.2.2, with the sums as the driver leaves them. */
static size_t datagram(uint8_t *frame)
{
    memcpy(frame,
           "\x52\x54\0\x12\x34\x56\x52\x54\0\x12\x34\x57\x08\0\x45\0\0\x20\0\0\0\0\x40\x11\0\0\xc0\0\x02\x01\xc0\0\x02\x02"
           "\x10\0\x20\0\0\x0c\0\0ahoy",
           46);
    return 46;
}

static void test_checksums_are_filled_in(void)
{
    Fixture f;
    uint8_t packet[FCB_SIZE + 46] = {0x40 | 0x10 | 0x08 | 0x04 | 0x02, 0, 20, 14};
    begin(&f);
    datagram(packet + FCB_SIZE);
    reg_write(f.dev, TCTRL, 4, TCTRL_IPCSEN | TCTRL_TUCSEN);
    ready(&f, 0, BD_LAST | TXBD_CRC | TXBD_TOE, packet, sizeof(packet));
    reg_write(f.dev, TSTAT, 4, TSTAT_THLT0);
    g_assert_cmpint(sent(&f), ==, 46);
    NetHeaders h = net_headers(f.seen, 46);
    g_assert_true(h.version == 4 && h.l4 == 34 && net_ip_is_right(f.seen, &h) && net_l4_is_right(f.seen, &h));
    g_assert_true(f.seen[40] || f.seen[41]);
    /* With NPH the driver gives the pseudo-header's sum. */
    uint32_t pseudo = net_sum_pseudo(f.seen, &h, 12);
    packet[0] |= 0x01;
    packet[4] = (uint8_t)(pseudo >> 8);
    packet[5] = (uint8_t)pseudo;
    ready(&f, 1, BD_LAST | TXBD_CRC | TXBD_TOE, packet, sizeof(packet));
    reg_write(f.dev, TSTAT, 4, TSTAT_THLT0);
    g_assert_cmpint(sent(&f), ==, 46);
    g_assert_true(net_l4_is_right(f.seen, &h));
    end(&f);
}

static void test_a_frame_is_received(void)
{
    Fixture f;
    uint8_t frame[60] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 0x52, 0x54, 0, 1, 2, 3, 8, 6, 'x'}, got[64];
    begin(&f);
    arrive(&f, frame, sizeof(frame));
    g_assert_cmphex(memory_load32(f.memory, RX), ==, (uint32_t)(BD_INTERRUPT | BD_LAST | RXBD_FIRST) << 16 | 64);
    memory_read(f.memory, BUFFERS + 0x1000 * RING, got, sizeof(got));
    g_assert_cmpmem(got, 60, frame, 60);
    g_assert_true(f.irq[1].level);
    memset(frame, 0xff, 6);
    arrive(&f, frame, sizeof(frame));
    g_assert_cmphex(memory_load32(f.memory, RX + 8) >> 16 & RXBD_BROADCAST, ==, RXBD_BROADCAST);
    frame[0] = 0x02; /* somebody else's */
    arrive(&f, frame, sizeof(frame));
    g_assert_cmphex(memory_load32(f.memory, RX + 16) >> 16, ==, BD_FULL | BD_INTERRUPT);
    reg_write(f.dev, RCTRL, 4, RCTRL_PROM);
    arrive(&f, frame, sizeof(frame));
    g_assert_cmphex(memory_load32(f.memory, RX + 16) >> 16 & RXBD_MISS, ==, RXBD_MISS);
    g_assert_cmpuint(reg_read(f.dev, RPKT, 4), ==, 3);
    g_assert_cmpuint(reg_read(f.dev, RBCA, 4), ==, 1);
    end(&f);
}

/* As Linux's gianfar sets it up: an FCB with the verdict, two bytes of padding. */
static void test_checksums_are_checked(void)
{
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        Fixture f;
        uint8_t frame[60] = {0}, got[8];
        begin(&f);
        size_t length = datagram(frame);
        NetHeaders h = net_headers(frame, length);
        uint16_t sum = net_checksum(net_sum(0, frame + 14, 20));
        memcpy(frame + 24, &(uint16_t){GUINT16_TO_BE(sum)}, 2);
        sum = net_checksum(net_sum(net_sum_pseudo(frame, &h, 12), frame + 34, 12));
        memcpy(frame + 40, &(uint16_t){GUINT16_TO_BE(sum)}, 2);
        frame[45] ^= (uint8_t)wrong;
        reg_write(f.dev, RCTRL, 4, RCTRL_PRSDEP | RCTRL_IPCSEN | RCTRL_TUCSEN | 2 << RCTRL_PAL_SHIFT);
        arrive(&f, frame, length);
        memory_read(f.memory, BUFFERS + 0x1000 * RING, got, sizeof(got));
        g_assert_cmphex(got[0], ==, wrong ? 0x5d : 0x5c); /* IP, TUP, CIP, CTU, and ETU */
        g_assert_cmpuint(memory_load32(f.memory, RX) & 0xffff, ==, 8 + 2 + 60 + 4);
        end(&f);
    }
}

static void test_a_ring_without_room_keeps_frames_on_the_cable(void)
{
    Fixture f;
    uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 1, 2, 3, 8, 6};
    begin(&f);
    for (unsigned i = 0; i < RING + 2; i++)
        arrive(&f, frame, sizeof(frame));
    g_assert_cmphex(reg_read(f.dev, RSTAT, 4) & RSTAT_QHLT0, ==, RSTAT_QHLT0);
    g_assert_true(reg_read(f.dev, IEVENT, 4) & IEVENT_BSY && f.irq[2].level);
    for (unsigned i = 0; i < 2; i++)
        put32(&f, RX + 8 * i, (uint32_t)BD_FULL << 16);
    reg_write(f.dev, RSTAT, 4, RSTAT_QHLT0);
    settle();
    g_assert_cmphex(memory_load32(f.memory, RX + 8) >> 16, ==, BD_LAST | RXBD_FIRST | RXBD_BROADCAST);
    g_assert_cmpuint(reg_read(f.dev, RPKT, 4), ==, RING + 2);
    end(&f);
}

/* The hash of 01:00:5e:00:00:01 as Linux's gianfar computes it. */
static void test_groups_are_filtered(void)
{
    Fixture f;
    const uint8_t group[NET_MAC_SIZE] = {0x01, 0x00, 0x5e, 0x00, 0x00, 0x01};
    bool missed;
    begin(&f);
    g_assert_false(etsec_filter((Etsec *)f.dev, group, &missed));
    unsigned set = 0;
    for (unsigned entry = 0; entry < 256; entry++) {
        reg_write(f.dev, GADDR0 + 4 * (entry / 32), 4, UINT32_C(1) << (31 - entry % 32));
        if (etsec_filter((Etsec *)f.dev, group, &missed)) {
            g_assert_cmpuint(entry, ==, 0x7f);
            set++;
        }
        reg_write(f.dev, GADDR0 + 4 * (entry / 32), 4, 0);
    }
    g_assert_cmpuint(set, ==, 1);
    end(&f);
}

static void test_a_graceful_stop_is_answered(void)
{
    Fixture f;
    begin(&f);
    reg_write(f.dev, DMACTRL, 4, DMACTRL_GRS | DMACTRL_GTS);
    g_assert_cmphex(reg_read(f.dev, IEVENT, 4), ==, IEVENT_GRSC | IEVENT_GTSC);
    ready(&f, 0, BD_LAST | TXBD_PAD_CRC, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x08\x06", 14);
    reg_write(f.dev, TSTAT, 4, TSTAT_THLT0);
    g_assert_cmpint(sent(&f), ==, -1);
    reg_write(f.dev, DMACTRL, 4, 0);
    g_assert_cmpint(sent(&f), ==, 60);
    end(&f);
}

static void test_the_phy_has_a_link(void)
{
    Fixture f;
    begin(&f);
    reg_write(f.dev, MIIMADD, 4, 1 << 8 | 1);
    reg_write(f.dev, MIIMCOM, 4, MIIMCOM_READ);
    g_assert_cmphex(reg_read(f.dev, MIIMSTAT, 4) & 0x24, ==, 0x24);
    net_set_link(f.net, false);
    reg_write(f.dev, MIIMCOM, 4, 0);
    reg_write(f.dev, MIIMCOM, 4, MIIMCOM_READ);
    g_assert_cmphex(reg_read(f.dev, MIIMSTAT, 4) & 0x24, ==, 0);
    reg_write(f.dev, MIIMADD, 4, 7 << 8 | 1);
    reg_write(f.dev, MIIMCOM, 4, 0);
    reg_write(f.dev, MIIMCOM, 4, MIIMCOM_READ);
    g_assert_cmphex(reg_read(f.dev, MIIMSTAT, 4), ==, 0xffff);
    end(&f);
}

/* --- a hostile guest */

static void test_rings_that_lie(void)
{
    static const struct {
        uint32_t base, first, buffer;
        uint32_t event;
    } rows[] = {
        {RAM, 0, 0, IEVENT_EBERR},                                                     /* a ring behind RAM */
        {0xfffffff8, 0, 0, IEVENT_EBERR},                                              /* and one at the end */
        {TX, (BD_FULL | BD_LAST) << 16 | 100, 0xffffff00, IEVENT_EBERR},               /* a buffer that is not RAM */
        {TX, (BD_FULL | BD_LAST) << 16 | 0xffff, RAM - 0x100, IEVENT_EBERR},           /* and one that leaves it */
        {TX, (BD_FULL | BD_WRAP) << 16 | 0xffff, 0, IEVENT_EBERR},                     /* a frame that is its own rest */
        {TX, (BD_FULL | BD_WRAP) << 16 | 0, 0, IEVENT_TXE},                            /* the same without a byte */
        {TX, (BD_FULL | BD_LAST) << 16 | 5, BUFFERS, IEVENT_TXE},                      /* shorter than any frame */
        {TX, (uint32_t)(BD_FULL | BD_LAST | TXBD_TOE) << 16 | 9, BUFFERS, IEVENT_TXE}, /* an FCB and nothing else */
    };
    FOR_ROWS (i, rows) {
        Fixture f;
        begin(&f);
        reg_write(f.dev, TBASE0, 4, rows[i].base);
        if (memory_contains(f.memory, rows[i].base, 8)) {
            put32(&f, rows[i].base, rows[i].first);
            put32(&f, rows[i].base + 4, rows[i].buffer);
        }
        reg_write(f.dev, TSTAT, 4, TSTAT_THLT0);
        g_assert_cmphex(reg_read(f.dev, IEVENT, 4), ==, rows[i].event);
        g_assert_true(f.irq[2].level);
        g_assert_cmpint(sent(&f), ==, -1);
        end(&f);
    }
}

static void test_receive_rings_that_lie(void)
{
    uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 1, 2, 3, 8, 6};
    Fixture f;
    begin(&f);
    put32(&f, RX + 4, 0xfffff000);
    arrive(&f, frame, sizeof(frame));
    g_assert_cmphex(reg_read(f.dev, IEVENT, 4), ==, IEVENT_EBERR);
    reg_write(f.dev, RBASE0, 4, 0xfffffff8);
    reg_write(f.dev, IEVENT, 4, UINT32_MAX);
    reg_write(f.dev, RSTAT, 4, UINT32_MAX);
    settle();
    g_assert_cmphex(reg_read(f.dev, IEVENT, 4), ==, IEVENT_EBERR);
    reg_write(f.dev, MRBLR, 4, 1); /* no buffers at all: nothing is received */
    reg_write(f.dev, RSTAT, 4, UINT32_MAX);
    settle();
    g_assert_cmphex(reg_read(f.dev, RSTAT, 4), ==, 0);
    end(&f);
}

UNIT_TESTS(etsec)
{
    g_test_add_func("/etsec/a-frame-in-pieces-is-sent", test_a_frame_in_pieces_is_sent);
    g_test_add_func("/etsec/checksums-are-filled-in", test_checksums_are_filled_in);
    g_test_add_func("/etsec/a-frame-is-received", test_a_frame_is_received);
    g_test_add_func("/etsec/checksums-are-checked", test_checksums_are_checked);
    g_test_add_func("/etsec/a-ring-without-room-keeps-frames-on-the-cable", test_a_ring_without_room_keeps_frames_on_the_cable);
    g_test_add_func("/etsec/groups-are-filtered", test_groups_are_filtered);
    g_test_add_func("/etsec/a-graceful-stop-is-answered", test_a_graceful_stop_is_answered);
    g_test_add_func("/etsec/the-phy-has-a-link", test_the_phy_has_a_link);
    g_test_add_func("/etsec/rings-that-lie", test_rings_that_lie);
    g_test_add_func("/etsec/receive-rings-that-lie", test_receive_rings_that_lie);
}
