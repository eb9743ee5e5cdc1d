/* SPDX-License-Identifier: MIT */
#include "platform/devices/virtio/p9.h"

#include "platform/base/lock.h"
#include "tests/unit/net_cable.h"
#include "tests/unit/unit.h"
#include "tests/unit/virtio_fixture.h"

enum { ASK = DRIVER_DATA, ANSWER = DRIVER_DATA + 0x10000 };

static const uint8_t version[] = {21, 0, 0, 0, 100, 0xff, 0xff, 0, 0x10, 0, 0, 8, 0, '9', 'P', '2', '0', '0', '0', '.', 'L'};

typedef struct Directory {
    Driver d;
    Event *event;
    Share *share;
} Directory;

static void open_directory(Directory *t)
{
    t->share = share_new("local,id=f,path=/,security_model=none,readonly=on", NULL);
    t->event = event_new(NULL);
    device_lock();
    driver_open(&t->d, virtio_p9_new(&(VirtioP9Config){t->share, "the-tag", t->event}));
    driver_start(&t->d, false, 1);
    device_unlock();
}

static void close_directory(Directory *t)
{
    device_lock();
    driver_close(&t->d);
    device_unlock();
    event_free(t->event);
    share_free(t->share);
}

static void ask(Directory *t, const uint8_t *message, uint32_t size, uint32_t room)
{
    device_lock();
    memory_write(t->d.memory, ASK, message, size);
    driver_desc(&t->d, 0, 0, ASK, size, DRIVER_NEXT, 1);
    driver_desc(&t->d, 0, 1, ANSWER, room, DRIVER_WRITE, 0);
    driver_offer(&t->d, 0, 0);
    virtio_kick(t->d.v, 0);
    device_unlock();
}

/* The answer comes when the main loop hears of it. */
static void test_answers(void)
{
    Directory t;
    uint8_t got[32], config[34];
    open_directory(&t);
    virtio_config_read(t.d.v, 0, config, sizeof(config), false);
    g_assert_cmpmem(config, 9, "\7\0the-tag", 9);
    ask(&t, version, sizeof(version), 256);
    while (!driver_used(&t.d, 0))
        g_main_context_iteration(NULL, FALSE);
    g_assert_cmpuint(driver_used_length(&t.d, 0, 0), ==, 21);
    memory_read(t.d.memory, ANSWER, got, 21);
    g_assert_cmpuint(got[4], ==, 101);
    g_assert_cmpmem(got + 13, 8, "9P2000.L", 8);
    g_assert_cmpuint(t.d.interrupts, ==, 1);
    close_directory(&t);
}

/* A reset waits for what is under way, and forgets it and the client. */
static void test_resets(void)
{
    Directory t;
    open_directory(&t);
    for (unsigned i = 0; i < 50; i++) {
        ask(&t, version, sizeof(version), 256);
        device_lock();
        if (i % 2)
            virtio_settle(t.d.v);
        g_assert_cmpuint(driver_used(&t.d, 0), ==, i % 2);
        driver_start(&t.d, false, 1);
        g_assert_cmpuint(t.d.v->queue[0].in_use, ==, 0);
        device_unlock();
    }
    ask(&t, version, sizeof(version), 256); /* and is ended with a request under way */
    close_directory(&t);
}

static void test_no_message(void)
{
    static const struct {
        uint32_t size, room;
    } rows[] = {{3, 256}, {20, 256}, {21, 5}, {21, 0}, {0, 256}};
    Directory t;
    open_directory(&t);
    FOR_ROWS (i, rows) {
        device_lock();
        driver_start(&t.d, false, 1);
        device_unlock();
        ask(&t, version, rows[i].size, rows[i].room);
        device_lock();
        virtio_settle(t.d.v);
        g_assert_cmphex(t.d.v->status & VIRTIO_NEEDS_RESET, ==, VIRTIO_NEEDS_RESET);
        device_unlock();
    }
    close_directory(&t);
}

UNIT_TESTS(virtio_p9)
{
    g_test_add_func("/virtio-9p/messages-are-answered", test_answers);
    g_test_add_func("/virtio-9p/a-reset-forgets-all", test_resets);
    g_test_add_func("/virtio-9p/what-is-no-message-stops-it", test_no_message);
}
