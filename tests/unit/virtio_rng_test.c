/* SPDX-License-Identifier: MIT */
#include "platform/base/lock.h"
#include "platform/devices/virtio/rng.h"
#include "tests/unit/device_helper.h"
#include "tests/unit/unit.h"
#include "tests/unit/virtio_fixture.h"

typedef struct Rng {
    Driver d;
    TestClock clock;
    Entropy *entropy;
} Rng;

static void open_rng(Rng *r, uint64_t max_bytes)
{
    test_clock_init(&r->clock);
    r->entropy = entropy_new_repeated();
    const VirtioRngConfig config = {r->entropy, r->clock.clock, max_bytes, 100};
    driver_open(&r->d, virtio_rng_new(&config));
    driver_start(&r->d, false, 0);
}

static void close_rng(Rng *r)
{
    driver_close(&r->d);
    entropy_free(r->entropy);
    clock_free(r->clock.clock);
}

static void ask(Rng *r, uint32_t bytes)
{
    driver_desc(&r->d, 0, 0, DRIVER_DATA, bytes, DRIVER_WRITE, 0);
    driver_offer(&r->d, 0, 0);
    virtio_kick(r->d.v, 0);
}

static void test_fills(void)
{
    Rng r;
    static const uint32_t sizes[] = {1, 64, 1024, 0x10000, 0};
    open_rng(&r, UINT64_MAX);
    FOR_ROWS (i, sizes) {
        ask(&r, sizes[i]);
        g_assert_cmpuint(driver_used(&r.d, 0), ==, i + 1);
        g_assert_cmpuint(driver_used_length(&r.d, 0, i), ==, MIN(sizes[i], 1024)); /* of a large one a piece */
    }
    g_assert_cmpuint(r.d.interrupts, ==, G_N_ELEMENTS(sizes));
    g_assert_cmphex(memory_load64(r.d.memory, DRIVER_DATA), !=, 0);
    g_assert_cmphex(memory_load64(r.d.memory, DRIVER_DATA + 1024), ==, 0);
    close_rng(&r);
}

static void test_limit(void)
{
    Rng r;
    open_rng(&r, 100);
    ask(&r, 64);
    ask(&r, 64);
    g_assert_cmpuint(driver_used_length(&r.d, 0, 1), ==, 36);
    ask(&r, 64);
    g_assert_cmpuint(driver_used(&r.d, 0), ==, 2); /* the next period */
    test_clock_advance(&r.clock, 99999999);
    g_assert_cmpuint(driver_used(&r.d, 0), ==, 2);
    test_clock_advance(&r.clock, 1);
    g_assert_cmpuint(driver_used(&r.d, 0), ==, 3);
    g_assert_cmpuint(driver_used_length(&r.d, 0, 2), ==, 64);
    ask(&r, 64);
    ask(&r, 64);
    virtio_set_status(r.d.v, 0); /* nobody waits any more */
    test_clock_advance(&r.clock, 1000000000);
    g_assert_cmpuint(driver_used(&r.d, 0), ==, 4);
    close_rng(&r);
}

/* A driver that offers a request for each that the device takes, as another vCPU can. */
static uint64_t endless_taken;

static void endless_notify(Virtio *v, unsigned queue)
{
    for (VirtqRequest *r; (r = virtq_pop(v, queue)); endless_taken++) {
        virtq_push(v, r, 0);
        driver_offer(v->transport.opaque, queue, 0);
    }
}

static void test_turns(void)
{
    static const VirtioOps ops = {.name = "endless", .notify = endless_notify};
    Driver d;
    Virtio *v = g_new0(Virtio, 1);
    Event *again = event_new(NULL);
    virtio_init(v, &ops, 0);
    virtio_add_queue(v, 0, 8);
    driver_open(&d, v);
    v->transport.again = again;
    device_lock();
    virtio_listen(v);
    driver_start(&d, false, 0);
    driver_desc(&d, 0, 0, DRIVER_DATA, 16, 0, 0);
    driver_offer(&d, 0, 0);
    for (unsigned turn = 1; turn <= 3; turn++) {
        turn == 1 ? virtio_kick(v, 0) : event_settle(again);
        g_assert_cmpuint(endless_taken, ==, turn * VIRTIO_TURN);
    }
    virtio_reset(v);
    event_settle(again); /* nothing is left of it */
    g_assert_cmpuint(endless_taken, ==, 3 * VIRTIO_TURN);
    driver_close(&d);
    device_unlock();
    event_free(again);
}

UNIT_TESTS(virtio_rng)
{
    g_test_add_func("/virtio/a-notification-has-its-turn", test_turns);
    g_test_add_func("/virtio-rng/buffers-are-filled", test_fills);
    g_test_add_func("/virtio-rng/a-period-has-so-many-bytes", test_limit);
}
