/* SPDX-License-Identifier: MIT */
#include "platform/base/event.h"
#include "tests/unit/unit.h"

#include <stdint.h>
#include <sys/eventfd.h>

#include "platform/base/lock.h"

static unsigned heard;

static void count(void *opaque)
{
    g_assert_true(device_lock_held());
    ++*(unsigned *)opaque;
}

static Event *make(void)
{
    g_autoptr(GError) error = NULL;
    Event *event = event_new(&error);
    g_assert_no_error(error);
    heard = 0;
    return event;
}

static void run_pending(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void settle(Event *event)
{
    device_lock();
    event_settle(event);
    device_unlock();
}

static void main_loop_hears(void)
{
    Event *event = make();
    event_listen(event, count, &heard);
    run_pending();
    g_assert_cmpuint(heard, ==, 0);
    event_signal(event);
    run_pending();
    g_assert_cmpuint(heard, ==, 1);
    event_signal(event);
    event_signal(event);
    run_pending();
    g_assert_cmpuint(heard, ==, 2); /* two that nobody heard are one */
    event_free(event);
    run_pending();
    g_assert_cmpuint(heard, ==, 2);
}

static void settled_is_heard_once(void)
{
    Event *event = make();
    event_listen(event, count, &heard);
    event_signal(event);
    settle(event);
    g_assert_cmpuint(heard, ==, 1);
    settle(event);
    run_pending();
    g_assert_cmpuint(heard, ==, 1);
    event_free(event);
}

/* Somebody else hears it: what settles is not taken from him. */
static void not_ours_to_hear(void)
{
    Event *event = make();
    eventfd_t signals;
    event_signal(event);
    settle(event);
    g_assert_cmpint(eventfd_read(event_fd(event), &signals), ==, 0);
    g_assert_cmpuint(signals, ==, 1);
    event_free(event);
}

static void full_counter_is_signalled(void)
{
    Event *event = make();
    event_listen(event, count, &heard);
    g_assert_cmpint(eventfd_write(event_fd(event), UINT64_MAX - 1), ==, 0);
    event_signal(event); /* neither blocks nor is lost */
    run_pending();
    g_assert_cmpuint(heard, ==, 1);
    event_free(event);
}

UNIT_TESTS(event)
{
    g_test_add_func("/event/the-main-loop-hears-it", main_loop_hears);
    g_test_add_func("/event/settled-it-is-heard-once", settled_is_heard_once);
    g_test_add_func("/event/not-ours-to-hear", not_ours_to_hear);
    g_test_add_func("/event/a-full-counter-is-signalled", full_counter_is_signalled);
}
