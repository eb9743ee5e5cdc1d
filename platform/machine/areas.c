/* SPDX-License-Identifier: MIT */
#include "platform/machine/areas.h"

#include <inttypes.h>
#include <string.h>

#include "cpu/log.h"
#include "platform/base/lock.h"

typedef struct Area {
    bool registered;
    uint64_t gpa;
    uint32_t size;    /* bytes, as the guest registered it */
    uint32_t served;  /* bytes that this program writes: no field lies beyond */
    uint32_t version; /* even: what stands in memory, unless the guest wrote there itself */
} Area;

typedef struct VcpuAreas {
    Area area[AREA_COUNT];
    bool any; /* at least one area of this vCPU is written by the host, so areas_after_exit() has work */
    uint64_t exits, hypercalls, accesses, waits; /* of RUN_STATS, counted from registration on */
    uint64_t steal_ns, run_ns;                   /* of STEAL_TIME, as last written */
    uint64_t steal_before_ns, run_before_ns;     /* what had been counted at registration, which the area does not include */
} VcpuAreas;

static const StateField areas_fields[] = {
    STATE_COLUMN(VcpuAreas, area, registered), STATE_COLUMN(VcpuAreas, area, gpa), STATE_COLUMN(VcpuAreas, area, size),
    STATE_COLUMN(VcpuAreas, area, version),    STATE_FIELD(VcpuAreas, exits, 0),   STATE_FIELD(VcpuAreas, hypercalls, 0),
    STATE_FIELD(VcpuAreas, accesses, 0),       STATE_FIELD(VcpuAreas, waits, 0),   STATE_FIELD(VcpuAreas, steal_ns, 0),
    STATE_FIELD(VcpuAreas, run_ns, 0),
};
static const StateField areas_derived[] = {
    STATE_ELEMENTS(VcpuAreas, area[0].served, "area.served", AREA_COUNT, sizeof(Area), .reset = 0),
    STATE_DERIVED(VcpuAreas, any),
    STATE_DERIVED(VcpuAreas, steal_before_ns), /* counted by this process's thread: another process counts anew */
    STATE_DERIVED(VcpuAreas, run_before_ns),
};
STATE_STRUCT(VcpuAreas, areas);

struct Areas {
    AreasConfig config;
    ClockTimer *tick;
    VcpuAreas *vcpu; /* one a vCPU; areas of the whole machine are kept in the first */
};

/* ---- writing ---- */

/* Each store comes after the one before (memory.h), so whoever sees a new field sees an odd or a new version. */
static void put32(const Areas *a, const Area *area, unsigned offset, uint32_t value)
{
    if (offset < area->served)
        memory_store32(a->config.memory, area->gpa + offset, value);
}

static void put64(const Areas *a, const Area *area, unsigned offset, uint64_t value)
{
    put32(a, area, offset, (uint32_t)(value >> 32));
    put32(a, area, offset + 4, (uint32_t)value);
}

static void fill_WALL_CLOCK(const Areas *a, const VcpuAreas *v, const Area *area)
{
    const AreasConfig *c = &a->config;
    uint64_t ns = c->wall_is_machine_time ? clock_now_ns(c->clock) : (uint64_t)g_get_real_time() * 1000;

    put64(a, area, AREA_WALL_CLOCK_SECONDS, (uint64_t)c->wall_start_s + ns / NS_PER_SECOND);
    put32(a, area, AREA_WALL_CLOCK_NANOSECONDS, (uint32_t)(ns % NS_PER_SECOND));
    put32(a, area, AREA_WALL_CLOCK_PERIOD_US, AREAS_PERIOD_US);
}

static void fill_STEAL_TIME(const Areas *a, const VcpuAreas *v, const Area *area)
{
    put64(a, area, AREA_STEAL_TIME_STEAL_NS, v->steal_ns);
    put64(a, area, AREA_STEAL_TIME_RUN_NS, v->run_ns);
}

static void fill_WATCHDOG_TOUCH(const Areas *a, const VcpuAreas *v, const Area *area)
{
    /* Once it is registered, only the guest writes it. */
}

static void fill_RUN_STATS(const Areas *a, const VcpuAreas *v, const Area *area)
{
    put64(a, area, AREA_RUN_STATS_EXITS, v->exits);
    put64(a, area, AREA_RUN_STATS_HYPERCALLS, v->hypercalls);
    put64(a, area, AREA_RUN_STATS_ACCESSES, v->accesses);
    put64(a, area, AREA_RUN_STATS_WAITS, v->waits);
}

static void (*const fill[AREA_COUNT])(const Areas *a, const VcpuAreas *v, const Area *area) = {
#define X(id, number, size, per, writer, doc) [AREA_##id] = fill_##id,
    AREA_LIST(X, AREA_NO_FIELD)
#undef X
};

static void area_write(const Areas *a, VcpuAreas *v, AreaId id)
{
    Area *area = &v->area[id];

    put32(a, area, AREA_VERSION, area->version + 1);
    fill[id](a, v, area);
    area->version += 2;
    put32(a, area, AREA_VERSION, area->version);
}

/* ---- time ---- */

static bool steal_wanted(const Areas *a, unsigned vcpu)
{
    const Area *area = &a->vcpu[vcpu].area[AREA_STEAL_TIME];
    return a->config.call_out && area->registered;
}

static void tick_arm(Areas *a)
{
    bool wanted = a->vcpu[0].area[AREA_WALL_CLOCK].registered;

    for (unsigned i = 0; i < a->config.n_vcpus; i++)
        wanted |= steal_wanted(a, i);
    if (wanted)
        clock_timer_set(a->tick, clock_now_ns(a->config.clock) + AREAS_PERIOD_US * UINT64_C(1000));
    else
        clock_timer_cancel(a->tick);
}

void areas_time_runs(Areas *a)
{
    if (a->vcpu[0].area[AREA_WALL_CLOCK].registered)
        area_write(a, &a->vcpu[0], AREA_WALL_CLOCK);
}

static void tick(void *opaque)
{
    Areas *a = opaque;

    areas_time_runs(a);
    for (unsigned i = 0; i < a->config.n_vcpus; i++)
        if (steal_wanted(a, i))
            a->config.call_out(a->config.opaque, i);
    tick_arm(a);
}

/* ---- registering ---- */

static VcpuAreas *owner(const Areas *a, unsigned vcpu, AreaId id)
{
    return &a->vcpu[area_types[id].per == AREA_PER_VCPU ? vcpu : 0];
}

static bool overlaps(const Areas *a, uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < a->config.n_vcpus; i++) {
        for (unsigned id = 0; id < AREA_COUNT; id++) {
            const Area *other = &a->vcpu[i].area[id];
            if (other->registered && gpa < other->gpa + other->size && other->gpa < gpa + size)
                return true;
        }
    }
    return false;
}

/* The checks come in the order that docs/MEMORY-AREAS.md gives, which decides the status where several fail. */
static EvStatus check(const Areas *a, unsigned vcpu, AreaId id, uint64_t gpa, uint64_t size, const char **why)
{
    *why = "address and size must be multiples of 64, size from 64 to 4096";
    if (gpa % AREA_ALIGN || size % AREA_ALIGN || size == 0 || size > AREA_SIZE_MAX)
        return EV_EINVAL;
    *why = "not all of it is RAM";
    if (!memory_contains(a->config.memory, gpa, size))
        return EV_EFAULT;
    *why = "registered already";
    if (owner(a, vcpu, id)->area[id].registered)
        return EV_INVALID_STATE;
    *why = "overlaps another area";
    return overlaps(a, gpa, size) ? EV_CONFIG : EV_SUCCESS;
}

/* Called where an area came or went: in the vCPU's own thread, as `any` is read there without a lock. */
static void look_for_any(VcpuAreas *v)
{
    v->any = v->area[AREA_STEAL_TIME].registered || v->area[AREA_RUN_STATS].registered;
}

/* Counts begin anew with each registration. */
static void begin_counts(VcpuAreas *v, AreaId id, const Steal *steal)
{
    if (id == AREA_RUN_STATS)
        v->exits = v->hypercalls = v->accesses = v->waits = 0;
    if (id == AREA_STEAL_TIME) {
        v->steal_before_ns = steal->steal_ns;
        v->run_before_ns = steal->run_ns;
        v->steal_ns = v->run_ns = 0;
    }
}

EvStatus areas_register(Areas *a, unsigned vcpu, AreaId id, uint64_t gpa, uint64_t size, const Steal *steal)
{
    const AreaType *type = &area_types[id];
    VcpuAreas *v = owner(a, vcpu, id);
    Area *area = &v->area[id];
    const char *why;
    EvStatus status = check(a, vcpu, id, gpa, size, &why);

    g_assert(device_lock_held());
    if (status != EV_SUCCESS) {
        LOG(LOG_GUEST_ERRORS, "vCPU %u: memory area %s at 0x%" PRIx64 ", %" PRIu64 " bytes: %s", vcpu, type->name, gpa, size, why);
        return status;
    }
    *area = (Area){.registered = true, .gpa = gpa, .size = (uint32_t)size, .served = MIN(type->size, (uint32_t)size)};
    begin_counts(v, id, steal);
    put32(a, area, AREA_VERSION, 1);
    for (unsigned offset = AREA_SIZE; offset < area->served; offset += 4)
        put32(a, area, offset, offset == AREA_SIZE ? area->served : 0);
    area_write(a, v, id);
    if (type->per == AREA_PER_VCPU)
        look_for_any(v);
    tick_arm(a);
    return EV_SUCCESS;
}

EvStatus areas_unregister(Areas *a, unsigned vcpu, AreaId id)
{
    VcpuAreas *v = owner(a, vcpu, id);
    Area *area = &v->area[id];

    g_assert(device_lock_held());
    if (!area->registered)
        return EV_ENOENT;
    *area = (Area){0};
    if (area_types[id].per == AREA_PER_VCPU)
        look_for_any(v);
    tick_arm(a);
    return EV_SUCCESS;
}

void areas_reset(Areas *a)
{
    g_assert(device_lock_held());
    for (unsigned i = 0; i < a->config.n_vcpus; i++)
        a->vcpu[i] = (VcpuAreas){0};
    tick_arm(a);
}

/* ---- exits ---- */

static void count_exit(Areas *a, VcpuAreas *v, VcpuExitKind kind)
{
    v->exits++;
    v->hypercalls += kind == VCPU_EXIT_EPAPR_HCALL;
    v->accesses += kind == VCPU_EXIT_MMIO;
    v->waits += kind == VCPU_EXIT_IDLE;
    area_write(a, v, AREA_RUN_STATS);
}

static void show_steal(Areas *a, VcpuAreas *v, Steal *steal)
{
    steal_count(steal, AREAS_STEAL_EVERY_US * UINT64_C(1000));
    uint64_t stolen = steal->steal_ns - v->steal_before_ns, ran = steal->run_ns - v->run_before_ns;
    if (stolen == v->steal_ns && ran == v->run_ns)
        return;
    v->steal_ns = stolen;
    v->run_ns = ran;
    area_write(a, v, AREA_STEAL_TIME);
}

void areas_after_exit(Areas *a, unsigned vcpu, VcpuExitKind kind, Steal *steal)
{
    VcpuAreas *v = &a->vcpu[vcpu];

    if (G_LIKELY(!v->any))
        return;
    if (v->area[AREA_RUN_STATS].registered)
        count_exit(a, v, kind);
    if (v->area[AREA_STEAL_TIME].registered)
        show_steal(a, v, steal);
}

/* ---- looking ---- */

unsigned areas_n_vcpus(const Areas *a)
{
    return a->config.n_vcpus;
}

bool areas_view(const Areas *a, unsigned vcpu, AreaId id, AreaView *view)
{
    const Area *area = &a->vcpu[vcpu].area[id];
    *view = (AreaView){area->gpa, area->size};
    return area->registered;
}

static uint64_t get64(const Memory *memory, uint64_t gpa)
{
    return (uint64_t)memory_load32(memory, gpa) << 32 | memory_load32(memory, gpa + 4);
}

bool areas_touch(const Areas *a, unsigned vcpu, AreaTouch *touch)
{
    const Area *area = &a->vcpu[vcpu].area[AREA_WATCHDOG_TOUCH];
    const Memory *memory = a->config.memory;

    *touch = (AreaTouch){.torn = true};
    if (!area->registered)
        return false;
    for (unsigned i = 0; touch->torn && i < 100;
         i++) { /* a guest that is stopped, or means it badly, may leave it half written for ever */
        uint32_t version = memory_load32(memory, area->gpa + AREA_VERSION);
        touch->touches = get64(memory, area->gpa + AREA_WATCHDOG_TOUCH_TOUCHES);
        touch->time_base = get64(memory, area->gpa + AREA_WATCHDOG_TOUCH_TIME_BASE);
        touch->torn = version & 1 || memory_load32(memory, area->gpa + AREA_VERSION) != version;
    }
    return true;
}

/* ---- life ---- */

Areas *areas_new(const AreasConfig *config)
{
    Areas *a = g_new0(Areas, 1);
    a->config = *config;
    a->vcpu = g_new0(VcpuAreas, config->n_vcpus);
    a->tick = clock_timer_new(config->clock, tick, a);
    return a;
}

void areas_free(Areas *a)
{
    if (!a)
        return;
    clock_timer_free(a->tick);
    g_free(a->vcpu);
    g_free(a);
}

/* ---- saved ---- */

void areas_save(const Areas *a, GByteArray *to)
{
    for (unsigned i = 0; i < a->config.n_vcpus; i++) {
        char tag[16];
        g_snprintf(tag, sizeof(tag), "areas%u", i);
        SectionWriter w = section_begin(to, tag, 0);
        section_put(&w, &areas_state, &a->vcpu[i]);
        if (i == 0)
            section_put_u64(&w, "wall_start_s", (uint64_t)a->config.wall_start_s);
        section_end(&w);
    }
}

/* The areas of one vCPU, checked as if the guest registered each of them now. */
static void load_one(Areas *a, unsigned i, const VcpuAreas *saved, Section *from)
{
    VcpuAreas *v = &a->vcpu[i];
    const char *why;
    for (unsigned id = 0; id < AREA_COUNT; id++) {
        const Area *area = &saved->area[id];
        if (!area->registered)
            continue;
        if (owner(a, i, id) != v || check(a, i, id, area->gpa, area->size, &why) != EV_SUCCESS) {
            section_refuse(from, "memory area %s at 0x%" PRIx64 " cannot be registered", area_types[id].name, area->gpa);
            return;
        }
        v->area[id] = *area;
        v->area[id].served = MIN(area_types[id].size, area->size);
        v->area[id].version &= ~1u;
    }
}

void areas_load(Areas *a, Sections *from, const Steal *(*steal)(void *opaque, unsigned vcpu), void *opaque)
{
    areas_reset(a);
    for (unsigned i = 0; i < a->config.n_vcpus; i++) {
        char tag[16];
        g_snprintf(tag, sizeof(tag), "areas%u", i);
        Section *section = sections_find(from, tag, 0);
        VcpuAreas saved = {0};
        if (!section_get(section, &areas_state, &saved))
            return;
        if (i == 0)
            a->config.wall_start_s = (int64_t)section_get_u64(section, "wall_start_s", (uint64_t)a->config.wall_start_s);
        VcpuAreas *v = &a->vcpu[i];
        *v = saved;
        memset(v->area, 0, sizeof(v->area));
        v->steal_before_ns = steal(opaque, i)->steal_ns - v->steal_ns;
        v->run_before_ns = steal(opaque, i)->run_ns - v->run_ns;
        load_one(a, i, &saved, section);
        look_for_any(v);
    }
}
