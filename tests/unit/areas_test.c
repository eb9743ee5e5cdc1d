/* SPDX-License-Identifier: MIT */
#include "platform/machine/areas.h"
#include "tests/unit/unit.h"

#include <string.h>

#include "device_helper.h"
#include "guests/include/memory_area.h"
#include "platform/base/lock.h"

enum { CPUS = 2, RAM = 1 << 20, START_S = 1000000000 };

typedef struct Fixture {
    TestClock time;
    Memory *memory;
    Areas *areas;
    HcallEnv hcall;
    Steal steal[CPUS];
    unsigned called_out[CPUS];
} Fixture;

static void call_out(void *opaque, unsigned vcpu)
{
    ((Fixture *)opaque)->called_out[vcpu]++;
}

static EvStatus area_register(void *opaque, unsigned vcpu, AreaId id, uint64_t gpa, uint64_t size)
{
    Fixture *f = opaque;
    return areas_register(f->areas, vcpu, id, gpa, size, &f->steal[vcpu]);
}

static EvStatus area_unregister(void *opaque, unsigned vcpu, AreaId id)
{
    return areas_unregister(((Fixture *)opaque)->areas, vcpu, id);
}

static const HcallServices services = {.area_register = area_register, .area_unregister = area_unregister};

static void set_up(Fixture *f, gconstpointer host_time)
{
    test_clock_init(&f->time);
    f->memory = memory_new(RAM, NULL);
    f->areas = areas_new(&(AreasConfig){
        .memory = f->memory,
        .clock = f->time.clock,
        .n_vcpus = CPUS,
        .wall_is_machine_time = !host_time,
        .wall_start_s = host_time ? 0 : START_S,
        .call_out = call_out,
        .opaque = f,
    });
    f->hcall = (HcallEnv){.present = HCALL_NEED_AREAS, .services = &services, .opaque = f};
}

static void tear_down(Fixture *f, gconstpointer data)
{
    areas_free(f->areas);
    clock_free(f->time.clock);
    memory_free(f->memory);
}

/* ---- as the guest does it ---- */

static uint64_t call(Fixture *f, unsigned vcpu, uint64_t token, const uint64_t in[4], uint64_t *r4)
{
    VcpuExit exit = {.kind = VCPU_EXIT_EPAPR_HCALL};
    exit.epapr_hcall.nr = token;
    memcpy(exit.epapr_hcall.args, in, 4 * sizeof(in[0]));
    device_lock();
    g_assert_cmpint(hcall_serve(&f->hcall, vcpu, &exit), ==, HCALL_ANSWERED);
    device_unlock();
    if (r4)
        *r4 = exit.epapr_hcall.args[0];
    return exit.epapr_hcall.ret;
}

static uint64_t reg(Fixture *f, unsigned vcpu, uint64_t type, uint64_t gpa, uint64_t size)
{
    return call(f, vcpu, QUOIN_AREA_REGISTER, (uint64_t[]){type, gpa >> 32, (uint32_t)gpa, size}, NULL);
}

static uint64_t unreg(Fixture *f, unsigned vcpu, uint64_t type)
{
    return call(f, vcpu, QUOIN_AREA_UNREGISTER, (uint64_t[]){type, 0, 0, 0}, NULL);
}

static void exits(Fixture *f, unsigned vcpu, VcpuExitKind kind, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        areas_after_exit(f->areas, vcpu, kind, &f->steal[vcpu]);
}

/* Machine time passes, and what is due is done. */
static void pass(Fixture *f, uint64_t ns)
{
    time_source_advance(&f->time.time, ns);
    device_lock();
    clock_run_due(f->time.clock);
    device_unlock();
}

static uint32_t get32(const Fixture *f, uint64_t gpa)
{
    return memory_load32(f->memory, gpa);
}

static uint64_t get64(const Fixture *f, uint64_t gpa)
{
    return (uint64_t)get32(f, gpa) << 32 | get32(f, gpa + 4);
}

/* Area at gpa: all `size` bytes, to be compared later. */
static GBytes *copy(const Fixture *f, uint64_t gpa, size_t size)
{
    void *data = g_malloc(size);
    g_assert_true(memory_read(f->memory, gpa, data, size));
    return g_bytes_new_take(data, size);
}

static bool unchanged(const Fixture *f, uint64_t gpa, GBytes *before)
{
    g_autoptr(GBytes) now = copy(f, gpa, g_bytes_get_size(before));
    return g_bytes_equal(before, now);
}

/* ---- cases ---- */

#define SAME_FIELD(AREA, area, FIELD, field) g_assert_cmpuint(AREA_##AREA##_##FIELD, ==, offsetof(struct memory_area_##area, field))
#define SAME_AREA(AREA, area)                                                              \
    g_assert_cmpuint(area_types[AREA_##AREA].number, ==, MEMORY_AREA_##AREA);              \
    g_assert_cmpuint(area_types[AREA_##AREA].size, ==, sizeof(struct memory_area_##area)); \
    g_assert_cmpuint(AREA_VERSION, ==, offsetof(struct memory_area_##area, head.version)); \
    g_assert_cmpuint(AREA_SIZE, ==, offsetof(struct memory_area_##area, head.size))

static void headers(void)
{
    SAME_AREA(WALL_CLOCK, wall_clock);
    SAME_FIELD(WALL_CLOCK, wall_clock, SECONDS, seconds);
    SAME_FIELD(WALL_CLOCK, wall_clock, NANOSECONDS, nanoseconds);
    SAME_FIELD(WALL_CLOCK, wall_clock, PERIOD_US, period_us);
    SAME_AREA(STEAL_TIME, steal_time);
    SAME_FIELD(STEAL_TIME, steal_time, STEAL_NS, steal_ns);
    SAME_FIELD(STEAL_TIME, steal_time, RUN_NS, run_ns);
    SAME_AREA(WATCHDOG_TOUCH, watchdog_touch);
    SAME_FIELD(WATCHDOG_TOUCH, watchdog_touch, TOUCHES, touches);
    SAME_FIELD(WATCHDOG_TOUCH, watchdog_touch, TIME_BASE, time_base);
    SAME_AREA(RUN_STATS, run_stats);
    SAME_FIELD(RUN_STATS, run_stats, EXITS, exits);
    SAME_FIELD(RUN_STATS, run_stats, HYPERCALLS, hypercalls);
    SAME_FIELD(RUN_STATS, run_stats, ACCESSES, accesses);
    SAME_FIELD(RUN_STATS, run_stats, WAITS, waits);
    g_assert_cmpuint(AREA_COUNT, ==, 4); /* another one: compare it here */
    g_assert_cmpuint(AREA_ALIGN, ==, MEMORY_AREA_ALIGN);
    g_assert_cmpuint(AREA_ALL, ==, MEMORY_AREA_ALL);
    g_assert_cmphex(hcall_token(HCALL_QUOIN_AREA_REGISTER), ==, QUOIN_AREA_REGISTER);
    g_assert_cmphex(hcall_token(HCALL_QUOIN_AREA_UNREGISTER), ==, QUOIN_AREA_UNREGISTER);
}

static void filled(Fixture *f, gconstpointer data)
{
    g_assert_true(memory_fill(f->memory, 0x1000, 0xa5, 256));
    uint64_t r4;
    for (unsigned id = 0; id < AREA_COUNT; id++) {
        uint64_t gpa = 0x1000 + 128 * id;
        g_assert_cmpuint(call(f, 1, QUOIN_AREA_REGISTER, (uint64_t[]){area_types[id].number, 0, gpa, 128}, &r4), ==, EV_SUCCESS);
        g_assert_cmpuint(r4, ==, area_types[id].size);
        g_assert_cmpuint(get32(f, gpa + AREA_VERSION), ==, 2);
        g_assert_cmpuint(get32(f, gpa + AREA_SIZE), ==, area_types[id].size);
        g_assert_cmpuint(get32(f, gpa + 60), ==, 0);
    }
    g_assert_cmpuint(get64(f, 0x1000 + AREA_WALL_CLOCK_SECONDS), ==, START_S);
    g_assert_cmphex(get32(f, 0x1000 + 64), ==, 0xa5a5a5a5); /* beyond what is maintained */
}

static void refusals(Fixture *f, gconstpointer data)
{
    static const struct {
        uint64_t type, upper, lower, size;
        EvStatus status;
    } rows[] = {
        {5, 0, 0x3001, 1, EV_ENODEV}, /* an unknown type is told first, whatever else is wrong */
        {0, 0, 0x3000, 64, EV_ENODEV},
        {UINT64_C(1) << 32 | 4, 0, 0x3000, 64, EV_ENODEV},
        {4, 0, 0x3004, 64, EV_EINVAL},
        {4, 0, 0x3020, 64, EV_EINVAL},
        {4, 0, 0x3000, 0, EV_EINVAL},
        {4, 0, 0x3000, 63, EV_EINVAL},
        {4, 0, 0x3000, 65, EV_EINVAL},
        {4, 0, 0x3000, 4096 + 64, EV_EINVAL},
        {4, 0, 0x3000, UINT64_MAX - 63, EV_EINVAL},
        {4, 0, RAM + 1, 64, EV_EINVAL},
        {4, 0, RAM, 64, EV_EFAULT},
        {4, 0, RAM - 64, 128, EV_EFAULT},
        {4, 1, 0x3000, 64, EV_EFAULT},
        {4, UINT32_MAX, UINT32_MAX - 63, 64, EV_EFAULT},
        {4, UINT64_C(1) << 32, 0x3000, 64, EV_EFAULT},
        {4, 0, UINT64_C(1) << 32 | 0x3000, 64, EV_EFAULT},
        {2, 0, RAM, 64, EV_EFAULT}, /* and vCPU 0 has one already; the address is told first */
        {2, 0, 0x3000, 64, EV_INVALID_STATE},
        {2, 0, 0x2000, 64, EV_INVALID_STATE}, /* and it overlaps another area; that there is one already is told first */
        {1, 0, 0x3000, 64, EV_INVALID_STATE}, /* another vCPU registered it, and the machine has only one */
        {4, 0, 0x2000, 64, EV_CONFIG},
        {4, 0, 0x2040, 64, EV_CONFIG}, /* an area is as long as the guest says, not as what is maintained */
        {4, 0, 0x1fc0, 128, EV_CONFIG},
        {4, 0, 0x1000, 4096, EV_SUCCESS}, /* ends where the other one begins */
    };
    g_assert_cmpuint(reg(f, 0, MEMORY_AREA_WALL_CLOCK, 0x2080, 64), ==, EV_SUCCESS);
    g_assert_cmpuint(reg(f, 1, MEMORY_AREA_STEAL_TIME, 0x2000, 128), ==, EV_SUCCESS);
    FOR_ROWS (i, rows) {
        g_autoptr(GBytes) before = copy(f, 0, RAM);
        uint64_t in[] = {rows[i].type, rows[i].upper, rows[i].lower, rows[i].size}, r4;
        g_assert_cmpuint(call(f, 1, QUOIN_AREA_REGISTER, in, &r4), ==, rows[i].status);
        if (rows[i].status == EV_SUCCESS)
            continue;
        g_assert_true(unchanged(f, 0, before));
        g_assert_cmphex(r4, ==, in[1]); /* the guest's */
    }
}

static void not_offered(Fixture *f, gconstpointer data)
{
    f->hcall.present = 0;
    g_assert_cmpuint(reg(f, 0, MEMORY_AREA_RUN_STATS, 0x1000, 64), ==, EV_UNIMPLEMENTED);
    g_assert_cmpuint(unreg(f, 0, MEMORY_AREA_ALL), ==, EV_UNIMPLEMENTED);
}

static void per_vcpu(Fixture *f, gconstpointer data)
{
    g_assert_cmpuint(reg(f, 0, MEMORY_AREA_RUN_STATS, 0x1000, 64), ==, EV_SUCCESS);
    g_assert_cmpuint(reg(f, 1, MEMORY_AREA_RUN_STATS, 0x1040, 64), ==, EV_SUCCESS);
    exits(f, 1, VCPU_EXIT_MMIO, 3);
    g_assert_cmpuint(get64(f, 0x1000 + AREA_RUN_STATS_EXITS), ==, 0);
    g_assert_cmpuint(get64(f, 0x1040 + AREA_RUN_STATS_EXITS), ==, 3);
    g_assert_cmpuint(unreg(f, 0, MEMORY_AREA_RUN_STATS), ==, EV_SUCCESS);
    exits(f, 1, VCPU_EXIT_MMIO, 1);
    g_assert_cmpuint(get64(f, 0x1040 + AREA_RUN_STATS_EXITS), ==, 4);
}

static void unregistered(Fixture *f, gconstpointer data)
{
    for (unsigned id = 0; id < AREA_COUNT; id++) {
        g_assert_cmpuint(unreg(f, 0, area_types[id].number), ==, EV_ENOENT);
        g_assert_cmpuint(reg(f, 0, area_types[id].number, 0x1000 + 64 * id, 64), ==, EV_SUCCESS);
    }
    g_assert_cmpuint(unreg(f, 0, 99), ==, EV_ENODEV);
    g_assert_cmpuint(unreg(f, 0, MEMORY_AREA_RUN_STATS), ==, EV_SUCCESS);
    g_assert_cmpuint(unreg(f, 0, MEMORY_AREA_RUN_STATS), ==, EV_ENOENT);
    g_assert_cmpuint(unreg(f, 0, MEMORY_AREA_ALL), ==, EV_SUCCESS);
    g_assert_cmpuint(unreg(f, 0, MEMORY_AREA_ALL), ==, EV_SUCCESS);
    g_autoptr(GBytes) before = copy(f, 0x1000, 4096);
    exits(f, 0, VCPU_EXIT_MMIO, 3);
    pass(f, NS_PER_SECOND);
    g_assert_true(unchanged(f, 0x1000, before));
    g_assert_cmpuint(f->called_out[0], ==, 0);
    g_assert_cmpuint(reg(f, 0, MEMORY_AREA_RUN_STATS, 0x1000, 256), ==, EV_SUCCESS); /* the memory is free, too */
}

/* What a reset does to a machine with either kind of VM: machine_reset() calls areas_reset() for both. */
static void dropped(Fixture *f, gconstpointer data)
{
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        for (unsigned id = 0; id < AREA_COUNT; id++)
            reg(f, cpu, area_types[id].number, 0x1000 + 0x400 * cpu + 64 * id, 64);
    device_lock();
    areas_reset(f->areas);
    device_unlock();
    g_assert_true(memory_fill(f->memory, 0x1000, 0x5a, 4096));
    g_autoptr(GBytes) before = copy(f, 0x1000, 4096);
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        exits(f, cpu, VCPU_EXIT_EPAPR_HCALL, 3);
        for (unsigned id = 0; id < AREA_COUNT; id++)
            g_assert_cmpuint(unreg(f, cpu, area_types[id].number), ==, EV_ENOENT);
    }
    pass(f, NS_PER_SECOND);
    device_lock();
    areas_time_runs(f->areas);
    device_unlock();
    g_assert_true(unchanged(f, 0x1000, before));
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        g_assert_cmpuint(f->called_out[cpu], ==, 0);
    g_assert_cmpuint(reg(f, 1, MEMORY_AREA_WALL_CLOCK, 0x1000, 64), ==, EV_SUCCESS);
    g_assert_cmpuint(get32(f, 0x1000 + AREA_VERSION), ==, 2);
}

static void wall_clock(Fixture *f, gconstpointer data)
{
    const uint64_t period = AREAS_PERIOD_US * UINT64_C(1000), gpa = 0x1000;
    pass(f, 1500 * 1000000);
    g_assert_cmpuint(reg(f, 1, MEMORY_AREA_WALL_CLOCK, gpa, 64), ==, EV_SUCCESS);
    g_assert_cmpuint(get64(f, gpa + AREA_WALL_CLOCK_SECONDS), ==, START_S + 1);
    g_assert_cmpuint(get32(f, gpa + AREA_WALL_CLOCK_NANOSECONDS), ==, 500000000);
    g_assert_cmpuint(get32(f, gpa + AREA_WALL_CLOCK_PERIOD_US), ==, AREAS_PERIOD_US);
    pass(f, period - 1);
    g_assert_cmpuint(get32(f, gpa + AREA_VERSION), ==, 2);
    pass(f, 1);
    g_assert_cmpuint(get32(f, gpa + AREA_VERSION), ==, 4);
    g_assert_cmpuint(get32(f, gpa + AREA_WALL_CLOCK_NANOSECONDS), ==, 500000000 + period);
    pass(f, NS_PER_SECOND);
    g_assert_cmpuint(get64(f, gpa + AREA_WALL_CLOCK_SECONDS), ==, START_S + 2);
    g_assert_cmpuint(get32(f, gpa + AREA_VERSION), ==, 6);
    time_source_advance(&f->time.time, NS_PER_SECOND);
    device_lock();
    areas_time_runs(f->areas); /* after a stop */
    device_unlock();
    g_assert_cmpuint(get64(f, gpa + AREA_WALL_CLOCK_SECONDS), ==, START_S + 3);
}

static void host_time(Fixture *f, gconstpointer data)
{
    int64_t before = g_get_real_time() / G_USEC_PER_SEC;
    g_assert_cmpuint(reg(f, 0, MEMORY_AREA_WALL_CLOCK, 0x1000, 64), ==, EV_SUCCESS);
    int64_t after = g_get_real_time() / G_USEC_PER_SEC, seconds = (int64_t)get64(f, 0x1000 + AREA_WALL_CLOCK_SECONDS);
    g_assert_cmpint(seconds, >=, before);
    g_assert_cmpint(seconds, <=, after);
}

static void run_stats(Fixture *f, gconstpointer data)
{
    const uint64_t gpa = 0x1000;
    exits(f, 0, VCPU_EXIT_MMIO, 100); /* before it: not counted */
    g_assert_cmpuint(reg(f, 0, MEMORY_AREA_RUN_STATS, gpa, 64), ==, EV_SUCCESS);
    exits(f, 0, VCPU_EXIT_EPAPR_HCALL, 1); /* registering */
    exits(f, 0, VCPU_EXIT_MMIO, 2);
    exits(f, 0, VCPU_EXIT_IDLE, 3);
    exits(f, 0, VCPU_EXIT_INTR, 4);
    g_assert_cmpuint(get64(f, gpa + AREA_RUN_STATS_EXITS), ==, 10);
    g_assert_cmpuint(get64(f, gpa + AREA_RUN_STATS_HYPERCALLS), ==, 1);
    g_assert_cmpuint(get64(f, gpa + AREA_RUN_STATS_ACCESSES), ==, 2);
    g_assert_cmpuint(get64(f, gpa + AREA_RUN_STATS_WAITS), ==, 3);
    g_assert_cmpuint(get32(f, gpa + AREA_VERSION), ==, 22);
    unreg(f, 0, MEMORY_AREA_RUN_STATS);
    g_assert_cmpuint(reg(f, 0, MEMORY_AREA_RUN_STATS, gpa, 64), ==, EV_SUCCESS);
    g_assert_cmpuint(get64(f, gpa + AREA_RUN_STATS_EXITS), ==, 0);
}

static void steal_time(Fixture *f, gconstpointer data)
{
    const uint64_t gpa = 0x1000;
    f->steal[1] = (Steal){.steal_ns = 50, .run_ns = 500};
    g_assert_cmpuint(reg(f, 1, MEMORY_AREA_STEAL_TIME, gpa, 64), ==, EV_SUCCESS);
    exits(f, 1, VCPU_EXIT_MMIO, 2);
    g_assert_cmpuint(get32(f, gpa + AREA_VERSION), ==, 2); /* nothing new */
    f->steal[1].steal_ns += 7;
    f->steal[1].run_ns += UINT64_C(1) << 32;
    exits(f, 1, VCPU_EXIT_MMIO, 1);
    g_assert_cmpuint(get64(f, gpa + AREA_STEAL_TIME_STEAL_NS), ==, 7);
    g_assert_cmpuint(get64(f, gpa + AREA_STEAL_TIME_RUN_NS), ==, UINT64_C(1) << 32);
    for (unsigned i = 0; i < 5; i++)
        pass(f, AREAS_PERIOD_US * UINT64_C(1000));
    g_assert_cmpuint(f->called_out[1], ==, 5);
    g_assert_cmpuint(f->called_out[0], ==, 0);
}

static void steal_clocks(void)
{
    Steal s = {0};
    g_assert_false(steal_counting(&s));
    steal_count(&s, 0); /* does not want to run */
    g_assert_cmpuint(s.wanted_ns, ==, 0);
    steal_begin(&s);
    g_assert_true(steal_counting(&s));
    for (uint64_t last = 0; s.run_ns < 2000000; last = s.steal_ns) { /* some work */
        steal_count(&s, 0);
        g_assert_cmpuint(s.steal_ns, >=, last);
    }
    steal_end(&s);
    g_assert_cmpuint(s.wanted_ns, >=, s.steal_ns);
    uint64_t run = s.run_ns, wanted = s.wanted_ns, steal = s.steal_ns;
    steal_count(&s, 0);
    g_assert_false(steal_counting(&s));
    g_assert_true(s.run_ns == run && s.wanted_ns == wanted);
    steal_begin(&s);
    while (s.steal_ns == steal) { /* it wants to run, and is put aside */
        g_usleep(1);
        steal_count(&s, 0);
    }
    g_assert_cmpuint(s.wanted_ns, >, wanted);
}

static void touches(Fixture *f, gconstpointer data)
{
    const uint64_t gpa = 0x1000;
    AreaTouch touch;
    g_assert_false(areas_touch(f->areas, 0, &touch));
    g_assert_cmpuint(reg(f, 0, MEMORY_AREA_WATCHDOG_TOUCH, gpa, 64), ==, EV_SUCCESS);
    g_assert_true(areas_touch(f->areas, 0, &touch));
    g_assert_true(!touch.torn && touch.touches == 0);
    g_assert_false(areas_touch(f->areas, 1, &touch));
    memory_store32(f->memory, gpa + AREA_WATCHDOG_TOUCH_TOUCHES + 4, 3);
    memory_store32(f->memory, gpa + AREA_WATCHDOG_TOUCH_TIME_BASE, 1);
    memory_store32(f->memory, gpa + AREA_VERSION, 4);
    g_assert_true(areas_touch(f->areas, 0, &touch));
    g_assert_true(!touch.torn && touch.touches == 3 && touch.time_base == UINT64_C(1) << 32);
    memory_store32(f->memory, gpa + AREA_VERSION,
                   5); /* odd, as if the vCPU had died in the middle of writing: a reader does not wait for ever */
    g_assert_true(areas_touch(f->areas, 0, &touch));
    g_assert_true(touch.torn);
    exits(f, 0, VCPU_EXIT_MMIO, 2);
    pass(f, NS_PER_SECOND);
    g_assert_cmpuint(get32(f, gpa + AREA_VERSION), ==, 5); /* nobody but the guest writes there */
}

/* ---- one writes, another reads ---- */

enum { READS = 20000 };

static void *write_stats(void *opaque)
{
    static const VcpuExitKind kinds[] = {VCPU_EXIT_MMIO, VCPU_EXIT_EPAPR_HCALL, VCPU_EXIT_IDLE};
    Fixture *f = opaque;
    for (unsigned i = 0; !__atomic_load_n(&f->called_out[0], __ATOMIC_RELAXED); i++)
        exits(f, 0, kinds[i % 3], 1);
    return NULL;
}

static void consistent(Fixture *f, gconstpointer data)
{
    const uint64_t gpa = 0x1000;
    unsigned changes = 0;
    uint32_t last = 0;
    g_assert_cmpuint(reg(f, 0, MEMORY_AREA_RUN_STATS, gpa, 64), ==, EV_SUCCESS);
    GThread *writer = g_thread_new("writer", write_stats, f);
    for (unsigned reads = 0; reads < READS || changes < 100;) {
        uint32_t version = get32(f, gpa + AREA_VERSION);
        uint64_t sum = get64(f, gpa + AREA_RUN_STATS_HYPERCALLS) + get64(f, gpa + AREA_RUN_STATS_ACCESSES) +
                       get64(f, gpa + AREA_RUN_STATS_WAITS);
        uint64_t all = get64(f, gpa + AREA_RUN_STATS_EXITS);
        if (version & 1 || get32(f, gpa + AREA_VERSION) != version)
            continue;
        g_assert_cmpuint(sum, ==, all);
        g_assert_cmpuint(version, ==, 2 + 2 * (uint32_t)all);
        changes += version != last;
        last = version;
        reads++;
    }
    __atomic_store_n(&f->called_out[0], 1, __ATOMIC_RELAXED);
    g_thread_join(writer);
}

UNIT_TESTS(areas)
{
    static const bool on_host = true;
#define ADD(path, fn) g_test_add("/areas/" path, Fixture, NULL, set_up, fn, tear_down)
    g_test_add_func("/areas/headers-of-both-sides-agree", headers);
    ADD("are-filled-when-the-call-returns", filled);
    ADD("refusals-have-the-documented-status-and-write-nothing", refusals);
    ADD("not-offered-is-unimplemented", not_offered);
    ADD("each-vcpu-has-its-own", per_vcpu);
    ADD("are-not-written-after-unregistration", unregistered);
    ADD("are-dropped-by-a-reset", dropped);
    ADD("wall-clock-goes-with-machine-time-in-periods", wall_clock);
    g_test_add("/areas/wall-clock-is-the-hosts", Fixture, &on_host, set_up, host_time, tear_down);
    ADD("run-stats-count-kinds-from-registration-on", run_stats);
    ADD("steal-time-begins-at-registration-and-calls-out", steal_time);
    g_test_add_func("/areas/steal-is-wanting-to-run-and-not-running", steal_clocks);
    ADD("touches-are-read-whole-or-said-to-be-torn", touches);
    ADD("a-reader-beside-the-writer-sees-what-belongs-together", consistent);
}
