/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/uart16550.h"
#include "tests/unit/unit.h"

#include <string.h>

#include "tests/unit/device_helper.h"

/* --- a back end that does what the test says */

struct Chardev {
    const ChardevHandlers *handlers;
    void *opaque;
    size_t room; /* bytes it takes */
    GString *sent;
    const char *input; /* waits until the front end takes it */
};

void chardev_set_handlers(Chardev *chr, const ChardevHandlers *handlers, void *opaque)
{
    chr->handlers = handlers;
    chr->opaque = opaque;
}

size_t chardev_write(Chardev *chr, const uint8_t *data, size_t size)
{
    size_t n = MIN(size, chr->room);
    g_string_append_len(chr->sent, (const char *)data, (gssize)n);
    chr->room -= n;
    return n;
}

void chardev_accept_input(Chardev *chr)
{
    if (!chr->handlers || !chr->input)
        return;
    size_t n = MIN(chr->handlers->can_receive(chr->opaque), strlen(chr->input));
    const char *from = chr->input;
    chr->input += n;
    if (n)
        chr->handlers->receive(chr->opaque, (const uint8_t *)from, n);
}

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };

typedef struct Fixture {
    TestClock time;
    Chardev chr;
    Wire irq;
    Device *uart;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    const Uart16550Config config = {.index = 1, .hz = 400000000};
    test_clock_init(&f->time);
    f->chr.room = SIZE_MAX;
    f->chr.sent = g_string_new(NULL);
    f->uart = uart16550_new("serial0", &config, &f->chr, wire_input(&f->irq, 0, 42), f->time.clock);
    device_place(f->uart, 0, 0x4500, UART16550_SIZE);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    device_free(f->uart);
    g_assert_null(f->chr.handlers); /* hands off the back end */
    g_string_free(f->chr.sent, TRUE);
    clock_free(f->time.clock);
}

static uint8_t get(Fixture *f, unsigned reg)
{
    return (uint8_t)reg_read(f->uart, reg, 1);
}

static void put(Fixture *f, unsigned reg, uint8_t value)
{
    reg_write(f->uart, reg, 1, value);
}

static void input(Fixture *f, const char *text)
{
    f->chr.input = text;
    chardev_accept_input(&f->chr);
}

static void test_reset(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(get(f, IER), ==, 0);
    g_assert_cmphex(get(f, IIR), ==, 1);
    g_assert_cmphex(get(f, LSR), ==, 0x60);
    g_assert_cmphex(get(f, MSR), ==, 0xb0);
    put(f, LCR, 0x80);
    g_assert_cmphex(get(f, DATA), ==, 12);
    g_assert_cmphex(get(f, IER), ==, 0);
}

static void test_sends(Fixture *f, gconstpointer data)
{
    for (const char *s = "hello"; *s; s++) {
        g_assert_cmphex(get(f, LSR) & 0x20, ==, 0x20);
        put(f, DATA, (uint8_t)*s);
    }
    g_assert_cmpstr(f->chr.sent->str, ==, "hello");
}

static void test_back_pressure(Fixture *f, gconstpointer data)
{
    f->chr.room = 3;
    put(f, FCR, 1);
    for (unsigned i = 0; i < 3 + 16; i++)
        put(f, DATA, (uint8_t)('a' + i));
    g_assert_cmpstr(f->chr.sent->str, ==, "abc");
    g_assert_cmphex(get(f, LSR) & 0x60, ==, 0); /* not empty */
    put(f, DATA, '!');                          /* a seventeenth has no place */
    f->chr.room = SIZE_MAX;
    f->chr.handlers->writable(f->chr.opaque);
    g_assert_cmpstr(f->chr.sent->str, ==, "abcdefghijklmnopqrs");
    g_assert_cmphex(get(f, LSR) & 0x60, ==, 0x60);
}

static void test_thre_waits(Fixture *f, gconstpointer data)
{
    put(f, IER, 2);
    g_assert_cmphex(get(f, IIR), ==, 2);
    f->chr.room = 0;
    put(f, DATA, 'x');
    g_assert_false(f->irq.level);
    f->chr.room = 1;
    f->chr.handlers->writable(f->chr.opaque);
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, IIR), ==, 2);
}

static void test_thre(Fixture *f, gconstpointer data)
{
    put(f, IER, 2); /* enabling it while the transmitter is empty asks at once */
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, IIR), ==, 2); /* reading it takes it back */
    g_assert_false(f->irq.level);
    g_assert_cmphex(get(f, IIR), ==, 1);
    put(f, IER, 2); /* no change: no new request */
    g_assert_false(f->irq.level);
    put(f, DATA, 'x');
    g_assert_true(f->irq.level);
    put(f, IER, 0);
    g_assert_false(f->irq.level);
}

static void test_receives(Fixture *f, gconstpointer data)
{
    put(f, IER, 1);
    input(f, "xyz");
    g_assert_cmpstr(f->chr.input, ==, "yz"); /* without FIFO one at a time */
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, IIR), ==, 4);
    g_assert_cmphex(get(f, LSR), ==, 0x61);
    g_assert_cmpint(get(f, DATA), ==, 'x');
    g_assert_cmpint(get(f, DATA), ==, 'y');
    g_assert_cmpint(get(f, DATA), ==, 'z');
    g_assert_false(f->irq.level);
    g_assert_cmphex(get(f, LSR), ==, 0x60);
}

static void test_fifo_sixteen(Fixture *f, gconstpointer data)
{
    put(f, FCR, 1);
    input(f, "0123456789abcdefGHIJ");
    g_assert_cmpstr(f->chr.input, ==, "GHIJ");
    for (const char *s = "0123456789abcdefGHIJ"; *s; s++)
        g_assert_cmpint(get(f, DATA), ==, *s);
    g_assert_cmphex(get(f, LSR), ==, 0x60); /* and no overrun */
}

static void test_trigger(Fixture *f, gconstpointer data)
{
    static const uint8_t level[] = {1, 4, 8, 14};
    put(f, IER, 1);
    for (unsigned i = 0; i < 4; i++) {
        put(f, FCR, (uint8_t)(i << 6 | 3));
        for (unsigned n = 1; n <= level[i]; n++) {
            g_assert_false(f->irq.level);
            input(f, "x");
        }
        g_assert_true(f->irq.level);
        g_assert_cmphex(get(f, IIR), ==, 0xc4);
        get(f, DATA);
        g_assert_false(f->irq.level);
    }
}

static void test_timeout(Fixture *f, gconstpointer data)
{
    const uint64_t four_characters_ns = UINT64_C(4) * 16 * 10 * 12 * 5 / 2; /* 8N1, divisor 12, 2.5 ns a clock */
    put(f, LCR, 3);
    put(f, FCR, 0xc1);
    put(f, IER, 1);
    input(f, "ab");
    test_clock_advance(&f->time, four_characters_ns - 1);
    g_assert_false(f->irq.level);
    test_clock_advance(&f->time, 1);
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, IIR), ==, 0xcc);
    g_assert_cmpint(get(f, DATA), ==, 'a'); /* reading starts the wait over */
    g_assert_false(f->irq.level);
    test_clock_advance(&f->time, four_characters_ns);
    g_assert_cmphex(get(f, IIR), ==, 0xcc);
    g_assert_cmpint(get(f, DATA), ==, 'b');
    test_clock_advance(&f->time, 10 * four_characters_ns);
    g_assert_false(f->irq.level); /* empty: nothing to remind of */
}

/* PC16550D: the timeout indication is cleared when the CPU reads RBR, not when another character comes. */
static void test_timeout_stays(Fixture *f, gconstpointer data)
{
    const uint64_t four_characters_ns = UINT64_C(4) * 16 * 10 * 12 * 5 / 2;
    put(f, LCR, 3);
    put(f, FCR, 0xc1);
    put(f, IER, 1);
    input(f, "a");
    test_clock_advance(&f->time, four_characters_ns);
    g_assert_cmphex(get(f, IIR), ==, 0xcc);
    input(f, "b");
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, IIR), ==, 0xcc);
    get(f, DATA);
    g_assert_false(f->irq.level);
    test_clock_advance(&f->time, four_characters_ns);
    g_assert_cmphex(get(f, IIR), ==, 0xcc);
    put(f, FCR, 0xc3); /* clearing the FIFO takes it back */
    g_assert_false(f->irq.level);
}

static void test_fifo_clear(Fixture *f, gconstpointer data)
{
    put(f, FCR, 1);
    input(f, "abc");
    put(f, FCR, 3);
    g_assert_cmphex(get(f, LSR) & 1, ==, 0);
    input(f, "def");
    put(f, FCR, 0); /* switching it off clears too */
    g_assert_cmphex(get(f, LSR) & 1, ==, 0);
    g_assert_cmphex(get(f, IIR) & 0xc0, ==, 0);
    put(f, FCR, 0xc0); /* without bit 0 nothing else counts */
    g_assert_cmphex(get(f, IIR) & 0xc0, ==, 0);
}

static void test_break(Fixture *f, gconstpointer data)
{
    put(f, FCR, 1);
    put(f, IER, 4);
    input(f, "a");
    f->chr.handlers->event(f->chr.opaque, CHARDEV_BREAK);
    g_assert_false(f->irq.level);
    g_assert_cmphex(get(f, LSR), ==, 0xe1); /* an error in the FIFO, not yet at the top */
    g_assert_cmpint(get(f, DATA), ==, 'a');
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, IIR), ==, 0xc6);
    g_assert_cmphex(get(f, LSR), ==, 0xf9); /* BI and FE: shown once */
    g_assert_false(f->irq.level);
    g_assert_cmphex(get(f, LSR), ==, 0x61);
    g_assert_cmpint(get(f, DATA), ==, 0);
}

static void test_overrun(Fixture *f, gconstpointer data)
{
    put(f, MCR, 0x10);
    put(f, FCR, 1);
    put(f, IER, 4);
    for (unsigned i = 0; i < 16; i++)
        put(f, DATA, (uint8_t)i);
    g_assert_false(f->irq.level);
    put(f, DATA, 99);
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, LSR), ==, 0x63);
    for (unsigned i = 0; i < 16; i++)
        g_assert_cmpuint(get(f, DATA), ==, i);
    g_assert_cmphex(get(f, LSR), ==, 0x60);
}

static void test_loopback(Fixture *f, gconstpointer data)
{
    f->chr.input = "late";
    put(f, MCR, 0x10);
    get(f, MSR);
    g_assert_cmphex(get(f, MSR), ==, 0);
    put(f, MCR, 0x1a);
    g_assert_cmphex(get(f, MSR), ==, 0x99); /* RTS → CTS, OUT2 → DCD, both changed */
    put(f, MCR, 0x15);
    g_assert_cmphex(get(f, MSR), ==, 0x6b); /* DTR → DSR, OUT1 → RI: rising RI is no event */
    put(f, MCR, 0x10);
    g_assert_cmphex(get(f, MSR), ==, 0x06); /* falling RI is */
    put(f, DATA, 0x5a);
    g_assert_cmpuint(f->chr.sent->len, ==, 0);
    g_assert_cmphex(get(f, DATA), ==, 0x5a);
    g_assert_cmpstr(f->chr.input, ==, "late"); /* the input is cut off, not lost */
    put(f, MCR, 0);
    g_assert_cmpint(get(f, DATA), ==, 'l');
}

static void test_modem_interrupt(Fixture *f, gconstpointer data)
{
    put(f, IER, 8);
    put(f, MCR, 0x10);
    g_assert_true(f->irq.level);
    g_assert_cmphex(get(f, IIR), ==, 0);
    get(f, MSR);
    g_assert_false(f->irq.level);
    g_assert_cmphex(get(f, IIR), ==, 1);
}

static void test_priority(Fixture *f, gconstpointer data)
{
    put(f, FCR, 1);
    put(f, IER, 15);
    f->chr.handlers->event(f->chr.opaque, CHARDEV_BREAK);
    put(f, MCR, 0x10);
    static const uint8_t order[] = {0xc6, 0xc4, 0xc2, 0xc0, 0xc1};
    FOR_ROWS (i, order) {
        g_assert_cmpint(f->irq.level, ==, i < 4);
        g_assert_cmphex(get(f, IIR), ==, order[i]); /* takes the third by itself */
        if (i == 0)
            get(f, LSR);
        else if (i == 1)
            get(f, DATA);
        else if (i == 3)
            get(f, MSR);
    }
}

static void test_edges(Fixture *f, gconstpointer data)
{
    put(f, SCR, 0xa5);
    g_assert_cmphex(get(f, SCR), ==, 0xa5);
    g_assert_cmphex(reg_read(f->uart, 8, 1), ==, 0);
    g_assert_cmphex(reg_read(f->uart, 0xff, 1), ==, 0);
    reg_write(f->uart, 0xff, 1, 0xff);
    put(f, LSR, 0xff);
    put(f, MSR, 0xff);
    g_assert_cmphex(get(f, LSR), ==, 0x60);
    g_assert_cmphex(get(f, MSR), ==, 0xb0);
    put(f, LCR, 0x80); /* a divisor of 0 */
    put(f, DATA, 0);
    put(f, LCR, 3);
    put(f, FCR, 0xc1);
    input(f, "x");
    test_clock_advance(&f->time, NS_PER_SECOND);
    put(f, IER, 1);
    g_assert_cmphex(get(f, IIR), ==, 0xcc);
}

static void test_save(Fixture *f, gconstpointer data)
{
    const Uart16550Config config = {.hz = 400000000};
    Wire irq = {0};
    Device *other = uart16550_new("serial0", &config, NULL, wire_input(&irq, 0, 42), f->time.clock);
    put(f, FCR, 0xc1);
    put(f, IER, 1);
    input(f, "ab");
    device_copy(f->uart, other);
    g_assert_false(irq.level);
    test_clock_advance(&f->time, NS_PER_SECOND);
    g_assert_true(irq.level); /* the timeout went along */
    g_assert_cmpint(reg_read(other, DATA, 1), ==, 'a');
    g_assert_cmpint(reg_read(other, DATA, 1), ==, 'b');
    device_reset(other);
    g_assert_false(irq.level);
    g_assert_cmphex(reg_read(other, LSR, 1), ==, 0x60);
    device_free(other);
}

static void test_node(Fixture *f, gconstpointer data)
{
    g_autoptr(GBytes) tree = device_tree(f->uart, 1, (const char *const[]){"mpic", NULL});
    const char *path = "/serial@4500";
    g_assert_true(tree_compatible(tree, path, "ns16550"));
    g_assert_cmphex(tree_cell(tree, path, "reg", 0), ==, 0x4500);
    g_assert_cmphex(tree_cell(tree, path, "reg", 1), ==, 0x100);
    g_assert_cmpuint(tree_cell(tree, path, "clock-frequency", 0), ==, 400000000);
    g_assert_cmpuint(tree_cell(tree, path, "interrupts", 0), ==, 42);
    g_assert_cmpuint(tree_cell(tree, path, "cell-index", 0), ==, 1);
}

UNIT_TESTS(uart16550)
{
#define TEST(name, fn) g_test_add("/uart16550/" name, Fixture, NULL, set_up, fn, tear_down)
    TEST("comes-up-idle", test_reset);
    TEST("sends-what-is-written-in-order", test_sends);
    TEST("a-slow-back-end-keeps-thre-clear-and-loses-nothing", test_back_pressure);
    TEST("the-empty-interrupt-waits-for-a-slow-back-end", test_thre_waits);
    TEST("the-empty-interrupt-comes-at-enabling-and-goes-by-reading-iir", test_thre);
    TEST("without-fifo-input-comes-byte-by-byte", test_receives);
    TEST("fifo-drops-nothing-at-sixteen", test_fifo_sixteen);
    TEST("the-receive-interrupt-comes-at-the-trigger-level", test_trigger);
    TEST("a-timeout-stays-until-the-fifo-is-read", test_timeout_stays);
    TEST("a-few-bytes-interrupt-after-four-characters-of-silence", test_timeout);
    TEST("switching-the-fifo-empties-it", test_fifo_clear);
    TEST("a-break-shows-when-it-is-at-the-top", test_break);
    TEST("an-overrun-keeps-the-first-sixteen", test_overrun);
    TEST("loopback-turns-data-and-modem-lines-round", test_loopback);
    TEST("a-modem-line-that-changes-interrupts", test_modem_interrupt);
    TEST("interrupts-come-by-priority", test_priority);
    TEST("reserved-and-read-only-registers-change-nothing", test_edges);
    TEST("saved-state-goes-on-elsewhere", test_save);
    TEST("describes-itself", test_node);
}
