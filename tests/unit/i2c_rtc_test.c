/* SPDX-License-Identifier: MIT */
#include "platform/devices/soc/i2c_rtc.h"
#include "tests/unit/unit.h"

#include "tests/unit/device_helper.h"

enum { ADR = 0, FDR = 4, CR = 8, SR = 0xc, DR = 0x10, DFSRR = 0x14 };
enum { MEN = 0x80, MIEN = 0x40, MSTA = 0x20, MTX = 0x10, TXAK = 8, RSTA = 4 };
enum { MCF = 0x80, MBB = 0x20, MIF = 2, RXAK = 1 };
enum { RTC = 0x68, BASE_S = 1583020799 }; /* 2020-02-29 23:59:59 UTC, a Saturday */

typedef struct Fixture {
    TestClock time;
    Wire irq;
    Device *i2c;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    test_clock_init(&f->time);
    f->i2c = i2c_rtc_new("i2c", wire_input(&f->irq, 0, 43), f->time.clock, BASE_S);
    device_place(f->i2c, 0, 0x3000, I2C_RTC_SIZE);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    device_free(f->i2c);
    clock_free(f->time.clock);
}

static uint8_t get(Fixture *f, unsigned reg)
{
    return (uint8_t)reg_read(f->i2c, reg, 1);
}

static void put(Fixture *f, unsigned reg, uint8_t value)
{
    reg_write(f->i2c, reg, 1, value);
}

/* Waits as a driver does: MIF, then clears it.  True: acknowledged. */
static bool done(Fixture *f)
{
    uint8_t sr = get(f, SR);
    g_assert_cmphex(sr & (MCF | MIF), ==, MCF | MIF);
    put(f, SR, 0);
    g_assert_cmphex(get(f, SR) & MIF, ==, 0);
    return !(sr & RXAK);
}

static bool send(Fixture *f, uint8_t byte)
{
    put(f, DR, byte);
    return done(f);
}

static void rtc_write(Fixture *f, uint8_t reg, const uint8_t *data, unsigned size)
{
    put(f, CR, MEN | MSTA | MTX);
    g_assert_true(send(f, RTC << 1));
    g_assert_true(send(f, reg));
    for (unsigned i = 0; i < size; i++)
        g_assert_true(send(f, data[i]));
    put(f, CR, MEN);
}

static void rtc_read(Fixture *f, uint8_t reg, uint8_t *data, unsigned size)
{
    put(f, CR, MEN | MSTA | MTX);
    g_assert_true(send(f, RTC << 1));
    g_assert_true(send(f, reg));
    put(f, CR, MEN | MSTA | MTX | RSTA);
    g_assert_true(send(f, RTC << 1 | 1));
    put(f, CR, MEN | MSTA | (size == 1 ? TXAK : 0));
    get(f, DR); /* starts the first byte */
    for (unsigned i = 0; i < size; i++) {
        g_assert_cmpint(done(f), ==, i < size - 1);
        if (i == size - 2)
            put(f, CR, MEN | MSTA | TXAK);
        if (i == size - 1)
            put(f, CR, MEN | MSTA | MTX); /* reading shall not start another */
        data[i] = get(f, DR);
    }
    put(f, CR, MEN);
}

static void expect_time(Fixture *f, const char *hex)
{
    uint8_t t[7];
    char text[3 * sizeof(t)];
    rtc_read(f, 0, t, sizeof(t));
    g_snprintf(text, sizeof(text), "%02x:%02x:%02x %x %02x-%02x-%02x", t[2], t[1], t[0], t[3], t[6], t[5], t[4]);
    g_assert_cmpstr(text, ==, hex);
}

static void test_reset(Fixture *f, gconstpointer data)
{
    g_assert_cmphex(get(f, ADR), ==, 0);
    g_assert_cmphex(get(f, CR), ==, 0);
    g_assert_cmphex(get(f, SR), ==, 0x81);
    put(f, FDR, 0xff);
    g_assert_cmphex(get(f, FDR), ==, 0x3f);
    put(f, ADR, 0xff);
    g_assert_cmphex(get(f, ADR), ==, 0xfe);
    put(f, DFSRR, 0x11);
    g_assert_cmphex(get(f, DFSRR), ==, 0x11);
    g_assert_cmphex(reg_read(f->i2c, 0x18, 1), ==, 0);
    for (unsigned size = 1; size <= 8; size *= 2)
        g_assert_cmpint(reg_answers(f->i2c, 0, size), ==, size == 1);
}

static void test_nobody(Fixture *f, gconstpointer data)
{
    put(f, CR, MEN | MSTA | MTX);
    g_assert_cmphex(get(f, SR) & MBB, ==, MBB);
    g_assert_false(send(f, 0x50 << 1));
    g_assert_false(send(f, 1));
    put(f, CR, MEN | MSTA | MTX | RSTA);
    g_assert_cmphex(get(f, CR) & RSTA, ==, 0); /* reads 0 */
    g_assert_true(send(f, RTC << 1));
    put(f, CR, MEN);
    g_assert_cmphex(get(f, SR) & MBB, ==, 0);
}

static void test_interrupt(Fixture *f, gconstpointer data)
{
    put(f, CR, MEN | MIEN | MSTA | MTX);
    g_assert_false(f->irq.level);
    put(f, DR, RTC << 1);
    g_assert_true(f->irq.level);
    put(f, SR, 0);
    g_assert_false(f->irq.level);
    put(f, DR, 0);
    g_assert_true(f->irq.level);
    put(f, CR, 0); /* module off */
    g_assert_false(f->irq.level);
    g_assert_cmphex(get(f, SR), ==, 0x81);
    put(f, CR, MSTA | MTX); /* off: nothing is sent */
    put(f, DR, RTC << 1);
    g_assert_cmphex(get(f, SR), ==, 0x81);
}

static void test_time(Fixture *f, gconstpointer data)
{
    expect_time(f, "23:59:59 7 20-02-29");
    test_clock_advance(&f->time, NS_PER_SECOND);
    expect_time(f, "00:00:00 1 20-03-01");
    test_clock_advance(&f->time, 306 * UINT64_C(86400) * NS_PER_SECOND);
    expect_time(f, "00:00:00 6 21-01-01");
}

static void test_set(Fixture *f, gconstpointer data)
{
    /* In the order of a driver: the day of the week before the date. */
    static const uint8_t t[] = {0x56, 0x34, 0x12, 0x02, 0x31, 0x12, 0x99};
    rtc_write(f, 0, t, sizeof(t));
    expect_time(f, "12:34:56 2 99-12-31");
    test_clock_advance(&f->time, UINT64_C(86400) * NS_PER_SECOND);
    expect_time(f, "12:34:56 3 00-01-01"); /* two digits of year */
    device_reset(f->i2c);
    test_clock_advance(&f->time, 0);
    expect_time(f, "23:59:59 1 20-03-01"); /* the host's again */
}

static void test_12_hours(Fixture *f, gconstpointer data)
{
    static const struct {
        uint8_t set;
        const char *want;
    } rows[] = {
        {0x72, "72:59:59 7 20-02-29"}, /* 12 PM = noon */
        {0x52, "52:59:59 7 20-02-29"}, /* 12 AM = midnight */
        {0x71, "71:59:59 7 20-02-29"},
        {0x41, "41:59:59 7 20-02-29"},
    };
    FOR_ROWS (i, rows) {
        rtc_write(f, 2, &rows[i].set, 1);
        expect_time(f, rows[i].want);
    }
    static const uint8_t eleven_pm = 0x71, twenty_four = 0x23;
    rtc_write(f, 2, &eleven_pm, 1);
    test_clock_advance(&f->time, NS_PER_SECOND);
    expect_time(f, "52:00:00 1 20-03-01");
    rtc_write(f, 2, &twenty_four, 1);
    expect_time(f, "23:00:00 1 20-03-01");
}

static void test_halt(Fixture *f, gconstpointer data)
{
    static const uint8_t stop = 0x80 | 0x10, go = 0x20;
    rtc_write(f, 0, &stop, 1);
    test_clock_advance(&f->time, 100 * NS_PER_SECOND);
    expect_time(f, "23:59:90 7 20-02-29"); /* CH shows in the seconds */
    rtc_write(f, 0, &go, 1);
    test_clock_advance(&f->time, NS_PER_SECOND);
    expect_time(f, "23:59:21 7 20-02-29");
}

static void test_nonsense(Fixture *f, gconstpointer data)
{
    uint8_t all[7], t[7];
    for (unsigned byte = 0; byte < 256; byte += 5) {
        memset(all, (int)byte, sizeof(all));
        rtc_write(f, 0, all, sizeof(all));
        rtc_read(f, 0, t, sizeof(t));
        g_assert_cmphex(t[0] & 0x7f, <, 0x60);
        g_assert_cmphex(t[3], >=, 1);
        g_assert_cmphex(t[3], <=, 7);
        g_assert_cmphex(t[4], >=, 1);
        g_assert_cmphex(t[4], <=, 0x31);
        g_assert_cmphex(t[5], >=, 1);
        g_assert_cmphex(t[5], <=, 0x12);
    }
}

static void test_memory(Fixture *f, gconstpointer data)
{
    static const uint8_t bytes[] = {0xb3, 1, 2, 3};
    uint8_t back[4], wrapped[2];
    rtc_write(f, 7, bytes, sizeof(bytes));
    rtc_read(f, 7, back, sizeof(back));
    g_assert_cmpmem(back, 4, bytes, 4);
    static const uint8_t last = 0x77;
    rtc_write(f, 63, &last, 1);
    rtc_read(f, 63, wrapped, 2);
    g_assert_cmphex(wrapped[0], ==, 0x77);
    g_assert_cmphex(wrapped[1], ==, 0x59); /* goes on at the seconds */
    rtc_write(f, 255, &last, 1);           /* pointer wraps too */
    rtc_read(f, 63, wrapped, 1);
    g_assert_cmphex(wrapped[0], ==, 0x77);
}

static void test_save(Fixture *f, gconstpointer data)
{
    static const uint8_t t[] = {0x56, 0x34, 0x12, 0x02, 0x31, 0x12, 0x99};
    Wire irq = {0};
    Device *other = i2c_rtc_new("i2c", wire_input(&irq, 0, 43), f->time.clock, BASE_S);
    rtc_write(f, 0, t, sizeof(t));
    put(f, CR, MEN | MIEN | MSTA | MTX);
    put(f, DR, RTC << 1);
    device_copy(f->i2c, other);
    g_assert_true(irq.level);
    Device *mine = f->i2c;
    f->i2c = other;
    put(f, SR, 0);
    put(f, CR, MEN);
    expect_time(f, "12:34:56 2 99-12-31");
    f->i2c = mine;
    device_free(other);
}

static void test_node(Fixture *f, gconstpointer data)
{
    g_autoptr(GBytes) tree = device_tree(f->i2c, 1, (const char *const[]){"mpic", NULL});
    g_assert_true(tree_compatible(tree, "/i2c@3000", "fsl-i2c"));
    g_assert_cmpuint(tree_cell(tree, "/i2c@3000", "interrupts", 0), ==, 43);
    g_assert_cmpuint(tree_cell(tree, "/i2c@3000", "#address-cells", 0), ==, 1);
    g_assert_cmpuint(tree_cell(tree, "/i2c@3000", "#size-cells", 0), ==, 0);
    g_assert_true(tree_compatible(tree, "/i2c@3000/rtc@68", "pericom,pt7c4338"));
    g_assert_cmphex(tree_cell(tree, "/i2c@3000/rtc@68", "reg", 0), ==, 0x68);
}

UNIT_TESTS(i2c_rtc)
{
#define TEST(name, fn) g_test_add("/i2c-rtc/" name, Fixture, NULL, set_up, fn, tear_down)
    TEST("registers-are-bytes", test_reset);
    TEST("an-absent-slave-does-not-acknowledge", test_nobody);
    TEST("a-finished-byte-interrupts", test_interrupt);
    TEST("time-goes-on-through-leap-days", test_time);
    TEST("the-guest-sets-date-and-day-of-the-week", test_set);
    TEST("twelve-hours-are-a-way-to-show", test_12_hours);
    TEST("a-halted-clock-stands", test_halt);
    TEST("what-is-no-date-becomes-one", test_nonsense);
    TEST("memory-is-kept-and-the-pointer-wraps", test_memory);
    TEST("saved-state-goes-on-elsewhere", test_save);
    TEST("describes-itself-and-the-clock-chip", test_node);
}
