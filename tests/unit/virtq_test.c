/* SPDX-License-Identifier: MIT
 *
 * Rings by a device that answers each request with a copy of what it reads, as far as there is room.
 */
#include "tests/unit/unit.h"
#include "tests/unit/virtio_fixture.h"

enum { SIZE = 8 };

typedef struct Echo {
    Virtio virtio;
    unsigned requests, resets, starts;
    uint8_t config[8];
    VirtqRequest *held; /* a request that is not answered yet */
    bool hold;
} Echo;

static void echo_answer(Virtio *v, VirtqRequest *r)
{
    uint8_t bytes[256];
    size_t n = virtq_read(r, 0, bytes, sizeof(bytes));
    virtq_push(v, r, virtq_write(r, 0, bytes, n));
    virtq_tell(v, 0);
}

static void echo_notify(Virtio *v, unsigned queue)
{
    Echo *e = (Echo *)v;
    for (VirtqRequest *r; !e->held && (r = virtq_pop(v, queue));) {
        e->requests++;
        if (e->hold)
            e->held = r;
        else
            echo_answer(v, r);
    }
}

static void echo_settle(Virtio *v)
{
    Echo *e = (Echo *)v;
    if (e->held)
        echo_answer(v, g_steal_pointer(&e->held));
}

static void echo_reset(Virtio *v)
{
    ((Echo *)v)->resets++;
}

static void echo_started(Virtio *v)
{
    ((Echo *)v)->starts++;
}

static void echo_config_read(Virtio *v, uint8_t *config, bool big)
{
    virtio_put32(config, 0x11223344, big);
    virtio_put16(config + 4, 0x5566, big);
}

static void echo_config_write(Virtio *v, unsigned at, const uint8_t *bytes, unsigned size, bool big)
{
    memcpy(((Echo *)v)->config + at, bytes, size);
}

static Echo *open_echo(Driver *d)
{
    static const VirtioOps ops = {
        .name = "echo",
        .device = VIRTIO_RNG,
        .config_size = 6,
        .config_read = echo_config_read,
        .config_write = echo_config_write,
        .notify = echo_notify,
        .started = echo_started,
        .settle = echo_settle,
        .reset = echo_reset,
    };
    Echo *e = g_new0(Echo, 1);
    virtio_init(&e->virtio, &ops, 1 << 3);
    virtio_add_queue(&e->virtio, 0, SIZE);
    driver_open(d, &e->virtio);
    return e;
}

/* Bytes to be read at the begin of the data, room for an answer behind them. */
static void request(Driver *d, uint16_t head, const char *text)
{
    memory_write(d->memory, DRIVER_DATA, text, strlen(text) + 1);
    driver_desc(d, 0, head, DRIVER_DATA, (uint32_t)strlen(text) + 1, DRIVER_NEXT, (uint16_t)(head + 1) % SIZE);
    driver_desc(d, 0, (head + 1u) % SIZE, DRIVER_DATA + 0x1000, 0x100, DRIVER_WRITE, 0);
    driver_offer(d, 0, head);
}

static void check_answer(Driver *d, const char *text)
{
    char got[64] = "";
    g_assert_true(memory_read(d->memory, DRIVER_DATA + 0x1000, got, strlen(text) + 1));
    g_assert_cmpstr(got, ==, text);
    memory_fill(d->memory, DRIVER_DATA + 0x1000, 0, 0x100);
}

static void test_round(void)
{
    Driver d;
    open_echo(&d);
    for (unsigned legacy = 0; legacy <= 1; legacy++) {
        driver_start(&d, legacy, 0);
        d.interrupts = 0;
        for (unsigned i = 0; i < 3 * SIZE; i++) { /* around the ring */
            g_autofree char *text = g_strdup_printf("request %u", i);
            request(&d, (uint16_t)(i % SIZE), text);
            virtio_kick(d.v, 0);
            g_assert_cmpuint(driver_used(&d, 0), ==, i + 1);
            g_assert_cmpuint(driver_used_head(&d, 0, i), ==, i % SIZE);
            g_assert_cmpuint(driver_used_length(&d, 0, i), ==, strlen(text) + 1);
            g_assert_cmpuint(d.interrupts, ==, i + 1);
            check_answer(&d, text);
        }
    }
    g_assert_cmphex(d.v->status & VIRTIO_NEEDS_RESET, ==, 0);
    driver_close(&d);
}

static void test_indices_wrap(void)
{
    Driver d;
    open_echo(&d);
    driver_start(&d, false, 0);
    d.avail[0] = d.v->queue[0].last_avail = d.v->queue[0].used_idx = 0xfffe;
    for (unsigned i = 0; i < 4; i++) {
        request(&d, 0, "wraps");
        virtio_kick(d.v, 0);
        g_assert_cmpuint(driver_used(&d, 0), ==, (uint16_t)(0xffff + i));
        check_answer(&d, "wraps");
    }
    driver_close(&d);
}

static void test_interrupts(void)
{
    Driver d;
    open_echo(&d);
    driver_start(&d, false, 0);
    driver_put16(&d, driver_ring(0) + DRIVER_AVAIL, 1); /* no interrupts, please */
    request(&d, 0, "silent");
    virtio_kick(d.v, 0);
    g_assert_cmpuint(d.interrupts, ==, 0);
    driver_put16(&d, driver_ring(0) + DRIVER_AVAIL, 0);
    request(&d, 0, "loud");
    virtio_kick(d.v, 0);
    g_assert_cmpuint(d.interrupts, ==, 1);
    g_assert_true(!virtq_notifications(d.v, 0, false));
    g_assert_cmpuint(driver_get16(&d, driver_ring(0) + DRIVER_USED), ==, 1);
    request(&d, 0, "no kick");
    g_assert_true(virtq_notifications(d.v, 0, true)); /* there is one already */
    g_assert_cmpuint(driver_get16(&d, driver_ring(0) + DRIVER_USED), ==, 0);
    driver_close(&d);
}

static void test_event_index(void)
{
    Driver d;
    const uint64_t used_event = driver_ring(0) + DRIVER_AVAIL + 4 + 2 * SIZE,
                   avail_event = driver_ring(0) + DRIVER_USED + 4 + 8 * SIZE;
    open_echo(&d);
    driver_start(&d, false, VIRTIO_F_EVENT_IDX);
    driver_put16(&d, used_event, 2); /* tell me when the third one is done */
    for (unsigned i = 0; i < 4; i++) {
        request(&d, 0, "event");
        virtio_kick(d.v, 0);
        g_assert_cmpuint(driver_get16(&d, avail_event), ==, i + 1); /* notify me of the next one */
        g_assert_cmpuint(d.interrupts, ==, 1 + (i >= 2));           /* the first one after a reset always is told */
    }
    virtq_notifications(d.v, 0, false);
    request(&d, 0, "event");
    virtio_kick(d.v, 0);
    g_assert_cmpuint(driver_get16(&d, avail_event), ==, 4);
    g_assert_false(virtq_notifications(d.v, 0, true));
    g_assert_cmpuint(driver_get16(&d, avail_event), ==, 5);
    driver_close(&d);
}

static void test_indirect(void)
{
    Driver d;
    open_echo(&d);
    driver_start(&d, false, VIRTIO_F_INDIRECT_DESC);
    memory_write(d.memory, DRIVER_DATA, "indirect", 9);
    driver_desc_at(&d, DRIVER_DATA + 0x2000, 0, DRIVER_DATA, 4, DRIVER_NEXT, 2);
    driver_desc_at(&d, DRIVER_DATA + 0x2000, 2, DRIVER_DATA + 4, 5, DRIVER_NEXT, 1);
    driver_desc_at(&d, DRIVER_DATA + 0x2000, 1, DRIVER_DATA + 0x1000, 0x100, DRIVER_WRITE, 0);
    driver_desc(&d, 0, 5, DRIVER_DATA + 0x2000, 3 * 16, DRIVER_INDIRECT, 0);
    driver_offer(&d, 0, 5);
    virtio_kick(d.v, 0);
    g_assert_cmpuint(driver_used(&d, 0), ==, 1);
    g_assert_cmpuint(driver_used_head(&d, 0, 0), ==, 5);
    check_answer(&d, "indirect");
    driver_close(&d);
}

static void test_contents(void)
{
    Driver d;
    char text[16] = "";
    struct iovec vec[VIRTQ_BUFFERS_MAX];
    Echo *e = open_echo(&d);
    driver_start(&d, false, 0);
    e->hold = true;
    memory_write(d.memory, DRIVER_DATA, "abcdefgh", 8);
    driver_desc(&d, 0, 0, DRIVER_DATA, 3, DRIVER_NEXT, 1);
    driver_desc(&d, 0, 1, DRIVER_DATA + 3, 0, DRIVER_NEXT, 2); /* empty */
    driver_desc(&d, 0, 2, DRIVER_DATA + 3, 5, DRIVER_NEXT, 3);
    driver_desc(&d, 0, 3, DRIVER_DATA + 0x1000, 2, DRIVER_WRITE | DRIVER_NEXT, 4);
    driver_desc(&d, 0, 4, DRIVER_DATA + 0x2000, 2, DRIVER_WRITE, 0);
    driver_offer(&d, 0, 0);
    virtio_kick(d.v, 0);
    const VirtqRequest *r = e->held;
    g_assert_cmpuint(r->out_size, ==, 8);
    g_assert_cmpuint(r->in_size, ==, 4);
    g_assert_cmpuint(virtq_read(r, 2, text, 3), ==, 3);
    g_assert_cmpstr(text, ==, "cde");
    g_assert_cmpuint(virtq_read(r, 6, text, 9), ==, 2);
    g_assert_cmpuint(virtq_read(r, 8, text, 9), ==, 0);
    g_assert_cmpuint(virtq_write(r, 1, "xyz-", 4), ==, 3);
    g_assert_cmpuint(virtq_iov(r, false, 1, 4, vec), ==, 2);
    g_assert_cmpuint(vec[0].iov_len, ==, 2);
    g_assert_cmpuint(vec[1].iov_len, ==, 2);
    g_assert_cmpmem((char *)memory_hva(d.memory) + DRIVER_DATA + 0x1001, 1, "x", 1);
    g_assert_cmpmem((char *)memory_hva(d.memory) + DRIVER_DATA + 0x2000, 2, "yz", 2);
    driver_close(&d);
}

/* --- hostile drivers */

/* What a driver does wrong: the device stands still, tells it, and works again after a reset. */
static void refused(Driver *d)
{
    unsigned used = driver_used(d, 0), told = d->config_interrupts;
    virtio_kick(d->v, 0);
    g_assert_cmphex(d->v->status & VIRTIO_NEEDS_RESET, ==, VIRTIO_NEEDS_RESET);
    g_assert_cmpuint(d->config_interrupts, ==, told + 1);
    g_assert_cmpuint(driver_used(d, 0), ==, used);
    virtio_kick(d->v, 0);
    driver_start(d, false, VIRTIO_F_INDIRECT_DESC);
    request(d, 0, "again");
    virtio_kick(d->v, 0);
    check_answer(d, "again");
    driver_start(d, false, VIRTIO_F_INDIRECT_DESC);
}

static void test_hostile_chains(void)
{
    Driver d;
    static const struct {
        uint64_t address;
        uint32_t length;
        uint16_t flags, next;
    } first[] = {
        {DRIVER_DATA, 16, DRIVER_NEXT, 0},    /* itself */
        {DRIVER_DATA, 16, DRIVER_NEXT, SIZE}, /* beyond the table */
        {DRIVER_DATA, 16, DRIVER_NEXT, 0xffff},
        {DRIVER_RAM, 1, 0, 0},     /* not RAM */
        {DRIVER_RAM - 4, 8, 0, 0}, /* not all of it */
        {UINT64_MAX, 1, 0, 0},
        {UINT64_MAX - 3, 8, DRIVER_WRITE, 0},                /* around the end */
        {0, UINT32_MAX, 0, 0},                               /* too much */
        {DRIVER_DATA, 0, DRIVER_INDIRECT, 0},                /* an empty table */
        {DRIVER_DATA, 17, DRIVER_INDIRECT, 0},               /* half a descriptor */
        {DRIVER_RAM, 16, DRIVER_INDIRECT, 0},                /* a table outside of RAM */
        {DRIVER_DATA, 16, DRIVER_INDIRECT | DRIVER_NEXT, 1}, /* both */
        {DRIVER_DATA + 0x3000, 16, DRIVER_INDIRECT, 0},      /* a table in a table, made below */
        {DRIVER_DATA + 0x3010, 32, DRIVER_INDIRECT, 0},      /* a table that goes around */
    };
    open_echo(&d);
    driver_start(&d, false, VIRTIO_F_INDIRECT_DESC);
    driver_desc_at(&d, DRIVER_DATA + 0x3000, 0, DRIVER_DATA, 16, DRIVER_INDIRECT, 0);
    driver_desc_at(&d, DRIVER_DATA + 0x3010, 0, DRIVER_DATA, 16, DRIVER_NEXT, 1);
    driver_desc_at(&d, DRIVER_DATA + 0x3010, 1, DRIVER_DATA, 16, DRIVER_NEXT, 0);
    FOR_ROWS (i, first) {
        driver_desc(&d, 0, 0, first[i].address, first[i].length, first[i].flags, first[i].next);
        driver_offer(&d, 0, 0);
        refused(&d);
    }
    driver_close(&d);
}

static void test_hostile_order(void)
{
    Driver d;
    open_echo(&d);
    driver_start(&d, false, 0);
    driver_desc(&d, 0, 0, DRIVER_DATA, 16, DRIVER_WRITE | DRIVER_NEXT, 1);
    driver_desc(&d, 0, 1, DRIVER_DATA, 16, 0, 0);
    driver_offer(&d, 0, 0);
    refused(&d);
    driver_start(&d, false, 0);
    driver_desc(&d, 0, 0, DRIVER_DATA, 16, DRIVER_INDIRECT, 0); /* which this driver did not accept */
    driver_offer(&d, 0, 0);
    refused(&d);
    driver_close(&d);
}

static void test_hostile_rings(void)
{
    Driver d;
    static const uint64_t wrong[] = {DRIVER_RAM, UINT64_MAX - 0xfff, DRIVER_DATA + 1, UINT64_C(1) << 40};
    open_echo(&d);
    driver_start(&d, false, 0);
    driver_offer(&d, 0, SIZE); /* no such descriptor */
    refused(&d);
    driver_put16(&d, driver_ring(0) + DRIVER_AVAIL + 2, SIZE + 1); /* more entries than the ring has */
    refused(&d);
    FOR_ROWS (i, wrong) {
        d.v->queue[0].avail = wrong[i];
        refused(&d);
        request(&d, 0, "x");
        d.v->queue[0].used = wrong[i];
        if (wrong[i] != DRIVER_DATA + 1) /* the entry lies there; its index does not */
            refused(&d);
        driver_start(&d, false, 0);
        request(&d, 0, "x");
        d.v->queue[0].desc = wrong[i] | 15;
        if (wrong[i] != DRIVER_DATA + 1)
            refused(&d);
        driver_start(&d, false, 0);
    }
    driver_close(&d);
}

/* What it takes and what it gives change between: nothing of a request that an earlier life of the device took is given back. */
static void test_reset(void)
{
    Driver d;
    Echo *e = open_echo(&d);
    driver_start(&d, false, 0);
    e->hold = true;
    request(&d, 0, "held");
    virtio_kick(d.v, 0);
    g_assert_nonnull(e->held);
    unsigned resets = e->resets;
    virtio_set_status(d.v, 0);
    g_assert_null(e->held);
    g_assert_cmpuint(e->resets, ==, resets + 1);
    g_assert_cmpuint(driver_used(&d, 0), ==, 0);
    g_assert_cmpuint(d.interrupts, ==, 0);
    g_assert_false(d.v->queue[0].enabled);
    virtio_kick(d.v, 0);
    virtio_kick(d.v, 1);
    virtio_kick(d.v, UINT32_MAX);
    g_assert_cmpuint(e->requests, ==, 1);
    driver_close(&d);
}

static void test_features(void)
{
    Driver d;
    Echo *e = open_echo(&d);
    unsigned starts = e->starts;
    virtio_set_status(d.v, VIRTIO_ACKNOWLEDGE);
    virtio_accept(d.v, 0, 1 << 4); /* not offered */
    virtio_accept(d.v, 1, 1);
    virtio_set_status(d.v, VIRTIO_FEATURES_OK);
    g_assert_cmphex(d.v->status, ==, 0);
    virtio_accept(d.v, 0, 1 << 3);
    virtio_accept(d.v, 1, 0); /* not of this century */
    virtio_set_status(d.v, VIRTIO_FEATURES_OK);
    g_assert_cmphex(d.v->status, ==, 0);
    virtio_accept(d.v, 1, 1);
    virtio_accept(d.v, 2, UINT32_MAX);
    virtio_set_status(d.v, VIRTIO_FEATURES_OK);
    g_assert_cmphex(d.v->status, ==, VIRTIO_FEATURES_OK);
    virtio_accept(d.v, 0, 0); /* too late */
    g_assert_true(virtio_has(d.v, 1 << 3));
    virtio_set_status(d.v, VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
    virtio_set_status(d.v, VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
    g_assert_cmpuint(e->starts, ==, starts + 1);
    driver_close(&d);
}

static void test_config(void)
{
    Driver d;
    uint8_t bytes[4];
    Echo *e = open_echo(&d);
    virtio_config_read(d.v, 2, bytes, 4, false);
    g_assert_cmpmem(bytes, 4, "\x22\x11\x66\x55", 4);
    virtio_config_read(d.v, 2, bytes, 4, true);
    g_assert_cmpmem(bytes, 4, "\x33\x44\x55\x66", 4);
    virtio_config_read(d.v, 4, bytes, 4, true);
    g_assert_cmpmem(bytes, 4, "\x55\x66\0\0", 4);
    virtio_config_read(d.v, UINT32_MAX, bytes, 4, true);
    g_assert_cmpmem(bytes, 4, "\0\0\0\0", 4);
    virtio_config_write(d.v, 4, (const uint8_t *)"ab", 2, true);
    virtio_config_write(d.v, 5, (const uint8_t *)"cd", 2, true);
    virtio_config_write(d.v, UINT32_MAX, (const uint8_t *)"cd", 2, true);
    g_assert_cmpmem(e->config, 8, "\0\0\0\0ab\0\0", 8);
    driver_start(&d, false, 0);
    unsigned told = d.config_interrupts;
    uint32_t generation = d.v->generation;
    virtio_config_changed(d.v);
    g_assert_cmpuint(d.config_interrupts, ==, told + 1);
    g_assert_cmpuint(d.v->generation, !=, generation);
    driver_close(&d);
}

UNIT_TESTS(virtq)
{
    g_test_add_func("/virtq/requests-go-around-the-ring-in-both-byte-orders", test_round);
    g_test_add_func("/virtq/indices-wrap", test_indices_wrap);
    g_test_add_func("/virtq/a-driver-may-ask-for-silence", test_interrupts);
    g_test_add_func("/virtq/event-indices-say-when-to-tell", test_event_index);
    g_test_add_func("/virtq/indirect-tables-are-chains", test_indirect);
    g_test_add_func("/virtq/contents-lie-in-pieces", test_contents);
    g_test_add_func("/virtq/hostile-chains-stop-the-device", test_hostile_chains);
    g_test_add_func("/virtq/hostile-orders-stop-the-device", test_hostile_order);
    g_test_add_func("/virtq/hostile-rings-stop-the-device", test_hostile_rings);
    g_test_add_func("/virtq/a-reset-forgets-requests", test_reset);
    g_test_add_func("/virtq/features-are-negotiated", test_features);
    g_test_add_func("/virtq/configuration-has-two-byte-orders-and-an-end", test_config);
}
