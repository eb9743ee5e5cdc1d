/* SPDX-License-Identifier: MIT */
#include "cpu/steal.h"

#include <time.h>

static uint64_t now_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Two clocks of different grain: only what adds up over all times is stolen. */
static void count(Steal *s, uint64_t wall)
{
    uint64_t cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);

    s->wanted_ns += wall - s->seen_wall;
    s->run_ns += cpu - s->seen_cpu;
    if (s->wanted_ns > s->run_ns && s->wanted_ns - s->run_ns > s->steal_ns)
        s->steal_ns = s->wanted_ns - s->run_ns;
    s->seen_wall = wall;
    s->seen_cpu = cpu;
}

void steal_begin(Steal *s)
{
    __atomic_store_n(&s->counting, true, __ATOMIC_RELAXED);
    s->seen_cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
    s->seen_wall = now_ns(CLOCK_MONOTONIC);
}

void steal_end(Steal *s)
{
    if (s->counting)
        count(s, now_ns(CLOCK_MONOTONIC));
    __atomic_store_n(&s->counting, false, __ATOMIC_RELAXED);
}

void steal_count(Steal *s, uint64_t every_ns)
{
    if (!s->counting)
        return;
    uint64_t wall = now_ns(CLOCK_MONOTONIC);
    if (wall - s->seen_wall >= every_ns)
        count(s, wall);
}

bool steal_counting(const Steal *s)
{
    return __atomic_load_n(&s->counting, __ATOMIC_RELAXED);
}
