/* SPDX-License-Identifier: MIT */
#include "platform/base/clock.h"

#include "platform/base/lock.h"

struct ClockTimer {
    Clock *clock;
    void (*fn)(void *opaque);
    void *opaque;
    uint64_t at_ns; /* UINT64_MAX: not set */
};

struct Clock {
    TimeSource *time;
    GPtrArray *timers; /* of ClockTimer*; a handful: a scan is fine */
    GSource *source;   /* host clock: ready when the earliest timer is due */
};

static gboolean source_fired(GSource *source, GSourceFunc fn, gpointer opaque)
{
    Clock *clock = opaque;
    device_lock();
    g_source_set_ready_time(source, -1);
    clock_run_due(clock);
    device_unlock();
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {.dispatch = source_fired};

static gboolean no_callback(gpointer opaque)
{
    return G_SOURCE_CONTINUE;
}

Clock *clock_new(TimeSource *time)
{
    Clock *clock = g_new0(Clock, 1);
    clock->time = time;
    clock->timers = g_ptr_array_new();
    __atomic_store_n(&time->next_deadline_ns, UINT64_MAX, __ATOMIC_RELAXED);
    if (!time->is_virtual) {
        clock->source = g_source_new(&source_funcs, sizeof(GSource));
        g_source_set_callback(clock->source, no_callback, clock, NULL);
        g_source_attach(clock->source, NULL);
    }
    return clock;
}

void clock_free(Clock *clock)
{
    if (!clock)
        return;
    g_assert(clock->timers->len == 0);
    if (clock->source) {
        g_source_destroy(clock->source);
        g_source_unref(clock->source);
    }
    g_ptr_array_unref(clock->timers);
    g_free(clock);
}

uint64_t clock_now_ns(const Clock *clock)
{
    return time_now_ns(clock->time);
}

/* The earliest timer, or NULL. */
static ClockTimer *earliest(const Clock *clock)
{
    ClockTimer *first = NULL;
    for (guint i = 0; i < clock->timers->len; i++) {
        ClockTimer *t = clock->timers->pdata[i];
        if (t->at_ns != UINT64_MAX && (!first || t->at_ns < first->at_ns))
            first = t;
    }
    return first;
}

void clock_rearm(Clock *clock)
{
    const ClockTimer *first = earliest(clock);
    uint64_t at = first ? first->at_ns : UINT64_MAX;
    __atomic_store_n(&clock->time->next_deadline_ns, at, __ATOMIC_RELAXED);
    if (!clock->source)
        return;
    bool running = __atomic_load_n(&clock->time->running, __ATOMIC_RELAXED);
    if (!first || !running) {
        g_source_set_ready_time(clock->source, -1);
        return;
    }
    uint64_t now = clock_now_ns(clock);
    uint64_t us = at > now ? (at - now + 999) / 1000 : 0;
    us = MIN(us, (uint64_t)G_TIME_SPAN_HOUR);
    g_source_set_ready_time(clock->source, g_get_monotonic_time() + (gint64)us);
}

ClockTimer *clock_timer_new(Clock *clock, void (*fn)(void *opaque), void *opaque)
{
    ClockTimer *timer = g_new0(ClockTimer, 1);
    *timer = (ClockTimer){clock, fn, opaque, UINT64_MAX};
    g_ptr_array_add(clock->timers, timer);
    return timer;
}

void clock_timer_free(ClockTimer *timer)
{
    if (!timer)
        return;
    g_ptr_array_remove_fast(timer->clock->timers, timer);
    g_free(timer);
}

void clock_timer_set(ClockTimer *timer, uint64_t at_ns)
{
    if (timer->at_ns == at_ns)
        return;
    timer->at_ns = at_ns;
    clock_rearm(timer->clock);
}

void clock_timer_cancel(ClockTimer *timer)
{
    clock_timer_set(timer, UINT64_MAX);
}

void clock_run_due(Clock *clock)
{
    uint64_t now = clock_now_ns(clock);
    for (ClockTimer *t = earliest(clock); t && t->at_ns <= now; t = earliest(clock)) {
        t->at_ns = UINT64_MAX;
        t->fn(t->opaque);
        if (t->at_ns <= now) /* a callback that asks for the past gets its turn at the next look */
            break;
    }
    clock_rearm(clock);
}

void clock_save(const Clock *clock, SectionWriter *to)
{
    section_put_u64(to, "timers", clock->timers->len);
    for (guint i = 0; i < clock->timers->len; i++) {
        char name[16];
        g_snprintf(name, sizeof(name), "timer%u", i);
        section_put_u64(to, name, ((const ClockTimer *)clock->timers->pdata[i])->at_ns);
    }
}

void clock_load(Clock *clock, Section *from)
{
    if (section_get_u64(from, "timers", 0) != clock->timers->len) {
        section_refuse(from, "other timers than this machine's %u", clock->timers->len);
        return;
    }
    for (guint i = 0; i < clock->timers->len; i++) {
        char name[16];
        g_snprintf(name, sizeof(name), "timer%u", i);
        ((ClockTimer *)clock->timers->pdata[i])->at_ns = section_get_u64(from, name, UINT64_MAX);
    }
    clock_rearm(clock);
}
