/* SPDX-License-Identifier: MIT */
#include "platform/devices/pci/e1000_priv.h"
#include "tests/unit/unit.h"
#include "tests/unit/pci_fixture.h"

#include <string.h>

#include "platform/base/lock.h"
#include "platform/net/checksum.h"
#include "tests/unit/net_cable.h"

enum { SLOT1 = 1 << 3, TX = 0x1000, RX = 0x2000, BUFFERS = 0x10000, RING = 8 };
enum { EOP = 1, IFCS = 2, TSE = 4, RS = 8, DEXT = 0x20 }; /* of the command byte */

typedef struct Fixture {
    PciTest pci;
    TestClock clock;
    PciDevice *card;
    Net *net;
    int wire; /* the cable's other end */
    uint8_t seen[4096];
} Fixture;

static uint32_t get(Fixture *f, uint32_t offset)
{
    return f->card->ops->read(f->card, 0, offset, 4);
}

static void put(Fixture *f, uint32_t offset, uint32_t value)
{
    f->card->ops->write(f->card, 0, offset, 4, value);
}

static void put_words(Fixture *f, uint64_t gpa, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const uint32_t words[] = {GUINT32_TO_LE(a), GUINT32_TO_LE(b), GUINT32_TO_LE(c), GUINT32_TO_LE(d)};
    memory_write(f->pci.memory, gpa, words, sizeof(words));
}

static uint32_t word(Fixture *f, uint64_t gpa)
{
    uint32_t value = 0;
    memory_read(f->pci.memory, gpa, &value, sizeof(value));
    return GUINT32_FROM_LE(value);
}

static void begin(Fixture *f)
{
    *f = (Fixture){0};
    f->net = cable_new(&f->wire);
    test_clock_init(&f->clock);
    E1000Config config = {.clock = f->clock.clock, .net = f->net, .mac = {0x52, 0x54, 0, 0x12, 0x34, 0x56}};
    device_lock();
    pci_test_open(&f->pci);
    f->card = e1000_new("e1000", &config);
    pci_host_plug(f->pci.host, f->card, SLOT1);
    device_reset(f->pci.host);
    pci_test_put(f->pci.host, SLOT1, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
    put(f, TDBAL, TX);
    put(f, TDLEN, RING * 16);
    put(f, RDBAL, RX);
    put(f, RDLEN, RING * 16);
    for (unsigned i = 0; i < RING; i++)
        put_words(f, RX + 16 * i, BUFFERS + 0x1000 * i, 0, 0, 0);
    put(f, RDT, RING - 1);
    put(f, TCTL, TCTL_EN | TCTL_PSP);
    put(f, RCTL, RCTL_EN | RCTL_BAM | RCTL_SECRC);
    put(f, IMS, 0xffff);
}

static void end(Fixture *f)
{
    pci_test_close(&f->pci);
    device_unlock();
    net_free(f->net);
    clock_free(f->clock.clock);
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

static void test_a_guest_finds_it(void)
{
    Fixture f;
    begin(&f);
    g_assert_cmphex(pci_test_get(f.pci.host, SLOT1, 0, 4), ==, 0x100e8086);
    g_assert_cmphex(pci_test_get(f.pci.host, SLOT1, 8, 4), ==, 0x02000003);
    pci_test_put(f.pci.host, SLOT1, PCI_BAR0, 4, 0xffffffff);
    g_assert_cmphex(pci_test_get(f.pci.host, SLOT1, PCI_BAR0, 4), ==, 0xfffe0000);
    pci_test_put(f.pci.host, SLOT1, PCI_BAR0 + 4, 4, 0xffffffff);
    g_assert_cmphex(pci_test_get(f.pci.host, SLOT1, PCI_BAR0 + 4, 4), ==, 0xffffffc1);
    f.card->ops->write(f.card, 1, 0, 4, STATUS); /* by way of the I/O BAR */
    g_assert_cmphex(f.card->ops->read(f.card, 1, 4, 4), ==, get(&f, STATUS));
    g_assert_cmphex(get(&f, STATUS) & 2, ==, 2);
    net_set_link(f.net, false);
    g_assert_cmphex(get(&f, STATUS) & 2, ==, 0);
    g_assert_cmphex(get(&f, ICR), ==, ICR_LSC | ICR_INT_ASSERTED);
    end(&f);
}

/* By EERD, and bit by bit. */
static uint16_t microwire(Fixture *f, unsigned address)
{
    unsigned command = 6u << 6 | address;
    uint16_t value = 0;
    put(f, EECD, EECD_CS);
    for (unsigned i = 9; i-- > 0;) {
        uint32_t bit = command >> i & 1 ? EECD_CS | EECD_DI : EECD_CS;
        put(f, EECD, bit);
        put(f, EECD, bit | EECD_SK);
        put(f, EECD, bit);
    }
    for (unsigned i = 0; i < 16; i++) {
        put(f, EECD, EECD_CS | EECD_SK);
        value = (uint16_t)(value << 1 | (get(f, EECD) & EECD_DO ? 1 : 0));
        put(f, EECD, EECD_CS);
    }
    put(f, EECD, 0);
    return value;
}

static void test_the_eeprom(void)
{
    Fixture f;
    uint16_t sum = 0;
    begin(&f);
    for (unsigned i = 0; i < E1000_EEPROM_WORDS; i++) {
        put(&f, EERD, i << 8 | EERD_START);
        g_assert_cmphex(get(&f, EERD) >> 16, ==, microwire(&f, i));
        sum = (uint16_t)(sum + (get(&f, EERD) >> 16));
    }
    g_assert_cmphex(sum, ==, 0xbaba);
    g_assert_cmphex(microwire(&f, 2), ==, 0x5634);
    put(&f, EERD, 200 << 8 | EERD_START);
    g_assert_cmphex(get(&f, EERD) >> 16, ==, 0);
    end(&f);
}

static void test_a_frame_is_sent(void)
{
    Fixture f;
    begin(&f);
    memory_write(f.pci.memory, BUFFERS, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x08\x06head", 18);
    memory_write(f.pci.memory, BUFFERS + 0x100, "tail", 4);
    put_words(&f, TX, BUFFERS, 0, 18, 0);
    put_words(&f, TX + 16, BUFFERS + 0x100, 0, (uint32_t)(EOP | IFCS | RS) << 24 | 4, 0);
    put(&f, TDT, 2);
    g_assert_cmpint(sent(&f), ==, 60);
    g_assert_cmpmem(f.seen + 14, 8, "headtail", 8);
    g_assert_cmphex(word(&f, TX + 12), ==, 0); /* it did not ask for a report */
    g_assert_cmphex(word(&f, TX + 28), ==, 1);
    g_assert_cmpuint(get(&f, TDH), ==, 2);
    g_assert_true(f.card->intx);
    g_assert_cmphex(get(&f, ICR), ==, ICR_TXDW | ICR_TXQE | ICR_INT_ASSERTED);
    g_assert_false(f.card->intx);
    g_assert_cmpuint(get(&f, GPTC), ==, 1);
    g_assert_cmpuint(get(&f, GPTC), ==, 0); /* reading has cleared it */
    end(&f);
}

/* A TCP packet of 54 bytes of headers and 2500 of data, cut into three. */
static void test_a_packet_is_cut(void)
{
    enum { HEADER = 54, DATA = 2500, MSS = 1000 };
    static const uint8_t headers[HEADER] = "\x52\x54\0\x12\x34\x56\x52\x54\0\x12\x34\x57\x08\0\x45\0\0\0\x12\x34\x40\0\x40\x06\0\0"
                                           "\xc0\0\x02\x01\xc0\0\x02\x02\x10\0\x20\0\0\0\x10\0\0\0\0\0\x50\x19\x10\0\0\0\0";
    Fixture f;
    uint8_t packet[HEADER + DATA];
    begin(&f);
    memcpy(packet, headers, HEADER);
    for (unsigned i = 0; i < DATA; i++)
        packet[HEADER + i] = (uint8_t)i;
    NetHeaders h = {.version = 4, .l3 = 14, .l4 = 34, .protocol = NET_PROTOCOL_TCP};
    uint32_t pseudo = net_sum_pseudo(packet, &h, 0);
    packet[50] = (uint8_t)(pseudo >> 8);
    packet[51] = (uint8_t)pseudo;
    memory_write(f.pci.memory, BUFFERS, packet, sizeof(packet));
    put_words(&f, TX, 14 | 24 << 8 | 33 << 16, 34 | 50 << 8, (uint32_t)(TSE | 3 | DEXT) << 24 | DATA, HEADER << 8 | MSS << 16);
    put_words(&f, TX + 16, BUFFERS, 0, (uint32_t)(EOP | IFCS | TSE | RS | DEXT) << 24 | 1 << 20 | (HEADER + DATA), 0x300);
    put(&f, TDT, 2);
    for (unsigned n = 0; n < 3; n++) {
        size_t size = n < 2 ? MSS : DATA - 2 * MSS;
        g_assert_cmpint(sent(&f), ==, (gssize)(HEADER + size));
        h = net_headers(f.seen, HEADER + size);
        g_assert_cmpuint(h.end, ==, HEADER + size);
        g_assert_true(net_ip_is_right(f.seen, &h) && net_l4_is_right(f.seen, &h));
        g_assert_cmphex(f.seen[19], ==, 0x34 + n);
        g_assert_cmphex((unsigned)f.seen[40] << 8 | f.seen[41], ==, 0x1000 + n * MSS);
        g_assert_cmphex(f.seen[47], ==, n < 2 ? 0x10 : 0x19);
        g_assert_cmphex(f.seen[HEADER], ==, (uint8_t)(n * MSS));
    }
    g_assert_cmpint(sent(&f), ==, -1);
    g_assert_cmphex(word(&f, TX + 28) & 1, ==, 1);
    end(&f);
}

static void test_frames_are_received(void)
{
    Fixture f;
    uint8_t frame[1514] = {0x52, 0x54, 0, 0x12, 0x34, 0x56, 0x52, 0x54, 0, 1, 2, 3, 8, 6, 'x'}, got[60];
    begin(&f);
    arrive(&f, frame, 60);
    g_assert_cmphex(word(&f, RX + 8), ==, 60);
    g_assert_cmphex(word(&f, RX + 12), ==, 7);
    memory_read(f.pci.memory, BUFFERS, got, 60);
    g_assert_cmpmem(got, 60, frame, 60);
    g_assert_cmphex(get(&f, ICR) & ICR_RXT0, ==, ICR_RXT0);
    frame[0] = 0x56; /* somebody else's */
    arrive(&f, frame, 60);
    g_assert_cmpuint(get(&f, RDH), ==, 1);
    put(&f, RCTL, RCTL_EN | RCTL_UPE | 3 << 16); /* buffers of 256 bytes, and the FCS */
    arrive(&f, frame, sizeof(frame));
    g_assert_cmpuint(get(&f, RDH), ==, 7);
    g_assert_cmphex(word(&f, RX + 16 * 6 + 8), ==, 1518 - 5 * 256);
    g_assert_cmphex(word(&f, RX + 16 * 6 + 12) & 3, ==, 3);
    arrive(&f, frame, 60); /* no room: it waits */
    g_assert_cmpuint(get(&f, RDH), ==, 7);
    put(&f, RDT, 3);
    settle();
    g_assert_cmpuint(get(&f, RDH), ==, 0);
    end(&f);
}

static void test_groups_are_filtered(void)
{
    Fixture f;
    uint8_t frame[60] = {0x01, 0x00, 0x5e, 0x00, 0x12, 0xfb, 0x52, 0x54, 0, 1, 2, 3, 8, 6};
    begin(&f);
    arrive(&f, frame, sizeof(frame));
    g_assert_cmpuint(get(&f, RDH), ==, 0);
    put(&f, MTA + 4 * (0xfb1 >> 5), 1u << (0xfb1 & 31)); /* bits 47:36 of the address */
    arrive(&f, frame, sizeof(frame));
    g_assert_cmpuint(get(&f, RDH), ==, 1);
    end(&f);
}

/* ITR: 1000 × 256 ns from one interrupt to the next. */
static void test_interrupts_are_throttled(void)
{
    Fixture f;
    begin(&f);
    put(&f, ITR, 1000);
    put(&f, ICS, ICR_LSC);
    g_assert_true(f.card->intx);
    get(&f, ICR);
    put(&f, ICS, ICR_LSC);
    g_assert_false(f.card->intx);
    test_clock_advance(&f.clock, 255999);
    g_assert_false(f.card->intx);
    test_clock_advance(&f.clock, 1);
    g_assert_true(f.card->intx);
    put(&f, IMC, ICR_LSC);
    g_assert_false(f.card->intx);
    end(&f);
}

/* --- a hostile guest */

static void test_rings_that_lie(void)
{
    static const struct {
        uint32_t base, length, tail;
        uint32_t words[4];
    } rows[] = {
        {0xfffffff0, 128, 1, {0, 0, 0, 0}},                                           /* behind RAM */
        {TX, 0, 5, {BUFFERS, 0, 0x01000040, 0}},                                      /* no ring at all */
        {TX, 128, 9, {BUFFERS, 0, 0x01000040, 0}},                                    /* a tail behind its end */
        {TX, 128, 1, {0xffffff00, 0xffffffff, 0x01000040, 0}},                        /* a buffer that is nowhere */
        {TX, 128, 1, {PCI_TEST_RAM - 4, 0, 0x01000040, 0}},                           /* and one that leaves RAM */
        {TX, 128, 1, {BUFFERS, 0, 0x011fffff | (uint32_t)DEXT << 24, 0}},             /* longer than any packet */
        {TX, 128, 1, {BUFFERS, 0, 0x01100100 | (uint32_t)(DEXT | TSE) << 24, 0x300}}, /* to be cut without a context */
        {TX, 128, 1, {BUFFERS, 0, 0x01000005, 0}},                                    /* shorter than any frame, but padded */
        {TX, 128, 1, {BUFFERS, 0, 0x05ff0040, 0xff00}},                               /* a checksum outside of it */
    };
    FOR_ROWS (i, rows) {
        Fixture f;
        begin(&f);
        put_words(&f, TX, rows[i].words[0], rows[i].words[1], rows[i].words[2], rows[i].words[3]);
        put(&f, TDBAL, rows[i].base);
        put(&f, TDLEN, rows[i].length);
        put(&f, TDT, rows[i].tail);
        g_assert_cmpint(sent(&f), ==, i == 8 ? 64 : i == 7 ? 60 : -1);
        g_assert_cmpuint(get(&f, TDH), ==, i == 0 || i > 2 ? 1 : 0);
        end(&f);
    }
}

static void test_contexts_that_lie(void)
{
    static const uint32_t words[][4] = {
        {0xffffffff, 0xffffffff, (uint32_t)(TSE | 3 | DEXT) << 24, 0xffffffff},
        {0, 0, (uint32_t)(TSE | 3 | DEXT) << 24, 0x0001ff00},
        {0, 0, (uint32_t)(TSE | DEXT) << 24, 0x00013600},
        {0xff00ff, 0xff00, (uint32_t)(TSE | 2 | DEXT) << 24, 0x00200e00},
    };
    FOR_ROWS (i, words) {
        Fixture f;
        begin(&f);
        put_words(&f, TX, words[i][0], words[i][1], words[i][2], words[i][3]);
        put_words(&f, TX + 16, BUFFERS, 0, (uint32_t)(EOP | TSE | DEXT) << 24 | 1 << 20 | 4000, 0x300);
        put(&f, TDT, 2);
        g_assert_cmpuint(get(&f, TDH), ==, 2);
        end(&f);
    }
}

static void test_receive_rings_that_lie(void)
{
    uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 1, 2, 3, 8, 6};
    Fixture f;
    begin(&f);
    put_words(&f, RX, 0xffffff00, 0xffffffff, 0, 0);
    arrive(&f, frame, sizeof(frame));
    g_assert_cmpuint(get(&f, RDH), ==, 1);
    put(&f, RDBAL, 0xfffffff0);
    arrive(&f, frame, sizeof(frame));
    put(&f, RDLEN, 0);
    arrive(&f, frame, sizeof(frame));
    put(&f, RDLEN, 128);
    put(&f, RDH, 0xffff);
    arrive(&f, frame, sizeof(frame));
    g_assert_cmphex(get(&f, RDH), ==, 0xffff);
    end(&f);
}

static void test_saved_state_may_be_anything(void)
{
    Fixture f;
    uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 1, 2, 3, 8, 6};
    begin(&f);
    device_load_ones(&f.card->dev);
    put(&f, TDT, 5);
    arrive(&f, frame, sizeof(frame));
    f.card->ops->read(f.card, 1, 4, 4);
    end(&f);
}

UNIT_TESTS(e1000)
{
    g_test_add_func("/e1000/a-guest-finds-it", test_a_guest_finds_it);
    g_test_add_func("/e1000/the-eeprom", test_the_eeprom);
    g_test_add_func("/e1000/a-frame-is-sent", test_a_frame_is_sent);
    g_test_add_func("/e1000/a-packet-is-cut", test_a_packet_is_cut);
    g_test_add_func("/e1000/frames-are-received", test_frames_are_received);
    g_test_add_func("/e1000/groups-are-filtered", test_groups_are_filtered);
    g_test_add_func("/e1000/interrupts-are-throttled", test_interrupts_are_throttled);
    g_test_add_func("/e1000/rings-that-lie", test_rings_that_lie);
    g_test_add_func("/e1000/contexts-that-lie", test_contexts_that_lie);
    g_test_add_func("/e1000/receive-rings-that-lie", test_receive_rings_that_lie);
    g_test_add_func("/e1000/saved-state-may-be-anything", test_saved_state_may_be_anything);
}
