/* SPDX-License-Identifier: MIT
 *
 * Delivery.  Nothing is queued: what a CPU gets is computed from the latches, wires and registers
 * whenever one of them changes, so no order of guest accesses can leave a stale request behind.  A
 * bitmap of the sources that ask keeps that cheap.
 *
 * A source that is sent to CINT or MCP holds that output up while its wire is active and it is not
 * masked; it has no priority, vector, acknowledge or end of interrupt.
 */
#include "platform/devices/soc/mpic.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/devices/soc/mpic_internal.h"

enum { ILR_INT = 0, ILR_CINT = 1, ILR_MCP = 2 };

static const MpicVersion version_20 = {
    .brr1 = 0x00400200,
    .sources = 80,
    .gcr_kept = 0x20000000,
    .cpus_max = 15,
};

static const MpicVersion version_42 = {
    .brr1 = 0x00400402,
    .sources = 196,
    .gcr_kept = 0x7ff00000,
    .has_ilr = true,
    .has_errors = true,
    .cpus_max = MPIC_CPUS_MAX,
};

static const DeviceField mpic_fields[] = {
    DEVICE_FIELD(Mpic, gcr, 0),        DEVICE_FIELD(Mpic, svr, IVPR_VECTOR), DEVICE_FIELD(Mpic, eimr, 0xffffffff),
    DEVICE_FIELD(Mpic, pir, 0),        DEVICE_ARRAY(Mpic, ivpr, IVPR_MSK),   DEVICE_ARRAY(Mpic, idr, 1),
    DEVICE_ARRAY(Mpic, ilr, ILR_INT),  DEVICE_ARRAY(Mpic, pending, 0),       DEVICE_ARRAY(Mpic, ctpr, 15),
    DEVICE_ARRAY(Mpic, in_service, 0), DEVICE_ARRAY(Mpic, msir, 0),          DEVICE_ARRAY(Mpic, tfrr, 0),
    DEVICE_ARRAY(Mpic, tcr, 0),        DEVICE_ARRAY(Mpic, gtbcr, GTBCR_CI),  DEVICE_ARRAY(Mpic, toggle, 0),
    DEVICE_ARRAY(Mpic, left, 0),       DEVICE_ARRAY(Mpic, at_ns, 0),         STATE_KEPT_ARRAY(Mpic, wires),
};
static const StateField mpic_derived[] = {
    STATE_DERIVED(Mpic, dev),        STATE_DERIVED(Mpic, version),     STATE_DERIVED(Mpic, n_cpus),
    STATE_DERIVED(Mpic, out),        STATE_DERIVED(Mpic, remote),      STATE_DERIVED(Mpic, clock),
    STATE_DERIVED(Mpic, timer),      STATE_DERIVED(Mpic, n_wires),     STATE_DERIVED(Mpic, ready),
    STATE_DERIVED(Mpic, direct_out), STATE_DERIVED(Mpic, direct_cpus), STATE_DERIVED(Mpic, n_direct),
    STATE_DERIVED(Mpic, int_level),  STATE_DERIVED(Mpic, core_reset),
};
STATE_STRUCT(Mpic, mpic);

static bool bit_get(const uint32_t *map, unsigned bit)
{
    return map[bit / 32] >> bit % 32 & 1;
}

static void bit_set(uint32_t *map, unsigned bit, bool value)
{
    uint32_t mask = 1u << bit % 32;
    map[bit / 32] = value ? map[bit / 32] | mask : map[bit / 32] & ~mask;
}

static unsigned priority(const Mpic *m, unsigned source)
{
    return (m->ivpr[source] & IVPR_PRIORITY) >> 16;
}

bool mpic_source_is_level(const Mpic *m, unsigned source)
{
    if (source < MPIC_INTERNAL)
        return m->ivpr[source] & IVPR_S;
    return source < MPIC_SOURCES;
}

static bool in_service_anywhere(const Mpic *m, unsigned source)
{
    for (unsigned cpu = 0; cpu < m->n_cpus; cpu++)
        if (bit_get(&m->in_service[cpu * MPIC_WORDS], source))
            return true;
    return false;
}

uint32_t mpic_cpus(const Mpic *m)
{
    return (uint32_t)((UINT64_C(1) << m->n_cpus) - 1);
}

/* The critical-output bits of IDR that exist: CI0 for CPU 0, the next lower bit for CPU 1, and so on. */
static uint32_t critical_bits(const Mpic *m)
{
    const uint32_t all = IDR_CI0 | (IDR_CI0 - 1);
    return all & ~(all >> m->n_cpus);
}

uint32_t mpic_idr_kept(const Mpic *m, unsigned source)
{
    uint32_t kept = mpic_cpus(m);
    if (!m->version->has_ilr && source < MPIC_SOURCES)
        kept |= critical_bits(m) | (source < MPIC_INTERNAL ? IDR_EP : 0);
    return kept;
}

/* To which output of which CPUs the source goes; MPIC_OUTPUTS: to none. */
static MpicOutput route(const Mpic *m, unsigned source, uint32_t *cpus)
{
    static const MpicOutput out[] = {[ILR_INT] = MPIC_OUT_INT, [ILR_CINT] = MPIC_OUT_CINT, [ILR_MCP] = MPIC_OUT_MCP};
    uint32_t idr = m->idr[source];
    *cpus = idr & mpic_cpus(m);
    if (source >= MPIC_SOURCES)
        return MPIC_OUT_INT;
    if (m->version->has_ilr)
        return m->ilr[source] <= ILR_MCP ? out[m->ilr[source]] : MPIC_OUTPUTS;
    if (!(idr & critical_bits(m)))
        return MPIC_OUT_INT;
    *cpus = 0;
    for (unsigned cpu = 0; cpu < m->n_cpus; cpu++)
        *cpus |= (uint32_t)((idr & IDR_CI0 >> cpu) != 0) << cpu;
    return MPIC_OUT_CINT;
}

/* Which CPUs the source asks, masked or not.  A level that somebody serves asks nobody else. */
static uint32_t targets(const Mpic *m, unsigned source)
{
    uint32_t cpus;
    if (source >= MPIC_SOURCES)
        return m->pending[source];
    if (mpic_source_is_level(m, source) ? !m->wires[source] || in_service_anywhere(m, source) : !m->pending[source])
        return 0;
    route(m, source, &cpus);
    return cpus;
}

bool mpic_source_active(const Mpic *m, unsigned source)
{
    return (targets(m, source) && !(m->ivpr[source] & IVPR_MSK)) || in_service_anywhere(m, source);
}

bool mpic_look(const Device *dev, unsigned source, MpicSource *s)
{
    const Mpic *m = (const Mpic *)dev;
    if (source >= MPIC_SOURCES || m->remote.set)
        return false;
    uint32_t cpus;
    route(m, source, &cpus);
    *s = (MpicSource){
        .masked = m->ivpr[source] & IVPR_MSK,
        .level = mpic_source_is_level(m, source),
        .asks = targets(m, source) != 0,
        .in_service = in_service_anywhere(m, source),
        .vector = m->ivpr[source] & IVPR_VECTOR,
        .priority = priority(m, source),
        .cpus = cpus,
    };
    return true;
}

/*
 * The most urgent of the sources in the map, of those that ask the CPU when cpu_bit is not 0; −1:
 * none.
 */
static int most_urgent(const Mpic *m, const uint32_t *map, uint32_t cpu_bit)
{
    int best = -1;
    for (unsigned word = 0; word < MPIC_WORDS; word++) {
        for (uint32_t rest = map[word]; rest; rest &= rest - 1) {
            unsigned source = word * 32 + (unsigned)__builtin_ctz(rest);
            if (cpu_bit && !(targets(m, source) & cpu_bit))
                continue;
            if (best < 0 || priority(m, source) > priority(m, (unsigned)best))
                best = (int)source;
        }
    }
    return best;
}

/* The source that the CPU must take now, above its task and above what it serves; −1: none. */
static int deliverable(const Mpic *m, unsigned cpu)
{
    int best = most_urgent(m, m->ready, 1u << cpu);
    if (best < 0 || priority(m, (unsigned)best) <= m->ctpr[cpu])
        return -1;
    int serving = most_urgent(m, &m->in_service[cpu * MPIC_WORDS], 0);
    return serving >= 0 && priority(m, (unsigned)best) <= priority(m, (unsigned)serving) ? -1 : best;
}

void mpic_cpu_update(Mpic *m, unsigned cpu)
{
    bool level = deliverable(m, cpu) >= 0;
    if (level != m->int_level[cpu]) {
        m->int_level[cpu] = level;
        irq_set(&m->out[cpu][MPIC_OUT_INT], level);
    }
}

static void direct_count(Mpic *m, unsigned source, int step)
{
    MpicOutput out = m->direct_out[source];
    for (unsigned cpu = 0; cpu < m->n_cpus; cpu++) {
        if (!(m->direct_cpus[source] >> cpu & 1))
            continue;
        bool was = m->n_direct[cpu][out] > 0;
        m->n_direct[cpu][out] = (uint16_t)(m->n_direct[cpu][out] + step);
        if (was != (m->n_direct[cpu][out] > 0))
            irq_set(&m->out[cpu][out], !was);
    }
}

/* Raises or lowers CINT or MCP for a source that goes there.  Version 2.0 does not mask what goes to CINT. */
static void direct_update(Mpic *m, unsigned source)
{
    uint32_t cpus;
    if (source >= MPIC_SOURCES || (!m->wires[source] && !m->direct_cpus[source])) /* IPIs and timers have no wire and no choice */
        return;
    MpicOutput out = route(m, source, &cpus);
    bool masked = m->version->has_ilr && (m->ivpr[source] & IVPR_MSK);
    if ((out != MPIC_OUT_CINT && out != MPIC_OUT_MCP) || masked || !m->wires[source])
        cpus = 0;
    if (cpus == m->direct_cpus[source] && (!cpus || out == m->direct_out[source]))
        return;
    direct_count(m, source, -1);
    m->direct_out[source] = cpus ? (uint8_t)out : MPIC_OUT_CINT;
    m->direct_cpus[source] = cpus;
    direct_count(m, source, 1);
}

static void source_evaluate(Mpic *m, unsigned source)
{
    uint32_t cpus;
    bool asks = !(m->ivpr[source] & IVPR_MSK) && targets(m, source);
    bit_set(m->ready, source, asks && route(m, source, &cpus) == MPIC_OUT_INT);
    direct_update(m, source);
}

void mpic_source_update(Mpic *m, unsigned source)
{
    source_evaluate(m, source);
    for (unsigned cpu = 0; cpu < m->n_cpus; cpu++)
        mpic_cpu_update(m, cpu);
}

void mpic_wire_set(Mpic *m, unsigned source, unsigned wire, bool level)
{
    bool was = m->wires[source];
    m->wires[source] = level ? m->wires[source] | 1u << wire : m->wires[source] & ~(1u << wire);
    if (was == (m->wires[source] != 0))
        return;
    if (m->remote.set) {
        m->remote.set(m->remote.opaque, source, level);
        return;
    }
    if (!was && !mpic_source_is_level(m, source))
        m->pending[source] = 1;
    mpic_source_update(m, source);
}

void mpic_raise(Mpic *m, unsigned source, uint32_t cpus)
{
    m->pending[source] |= cpus;
    mpic_source_update(m, source);
}

uint32_t mpic_acknowledge(Mpic *m, unsigned cpu)
{
    /* A timer's expiries until now are one interrupt: none of them must be counted after this acknowledgement. */
    mpic_timers_run(m);
    int source = deliverable(m, cpu);
    if (source < 0)
        return m->svr;
    if (source >= MPIC_SOURCES) /* IPIs and timers go to several CPUs, each of which acknowledges for itself */
        m->pending[source] &= ~(1u << cpu);
    else
        m->pending[source] = 0;
    bit_set(&m->in_service[cpu * MPIC_WORDS], (unsigned)source, true);
    mpic_source_update(m, (unsigned)source);
    return m->ivpr[source] & IVPR_VECTOR;
}

void mpic_end_of_interrupt(Mpic *m, unsigned cpu)
{
    int source = most_urgent(m, &m->in_service[cpu * MPIC_WORDS], 0);
    if (source < 0) {
        LOG(LOG_GUEST_ERRORS, "%s: vCPU %u ends an interrupt while it serves none", m->dev.id, cpu);
        return;
    }
    bit_set(&m->in_service[cpu * MPIC_WORDS], (unsigned)source, false);
    mpic_source_update(m, (unsigned)source);
}

void mpic_wire_core_reset(Device *dev, unsigned cpu, const IrqLine *line)
{
    Mpic *m = (Mpic *)dev;
    g_assert(cpu < m->n_cpus);
    m->core_reset[cpu] = *line;
}

void mpic_set_pir(Mpic *m, uint32_t cpus)
{
    uint32_t changed = m->pir ^ cpus;
    m->pir = cpus;
    for (unsigned cpu = 0; cpu < m->n_cpus; cpu++)
        if (changed >> cpu & 1)
            irq_set(&m->core_reset[cpu], cpus >> cpu & 1);
}

bool mpic_external_proxy(Device *dev)
{
    return (((Mpic *)dev)->gcr & GCR_M) == GCR_M;
}

uint32_t mpic_iack(Device *dev, unsigned cpu)
{
    Mpic *m = (Mpic *)dev;
    return mpic_external_proxy(dev) && cpu < m->n_cpus ? mpic_acknowledge(m, cpu) : 0;
}

static void input_set(void *opaque, unsigned pin, bool level)
{
    mpic_wire_set(opaque, pin & 0xffff, pin >> 16, level);
}

IrqInput mpic_input(Device *dev, unsigned source, MpicSense sense)
{
    Mpic *m = (Mpic *)dev;
    g_assert(source < MPIC_SOURCES && m->n_wires[source] < 32);
    const IrqLine line = {input_set, m, source | (unsigned)m->n_wires[source]++ << 16};
    return (IrqInput){line, m->dev.id, {source, sense}, NULL};
}

/* --- the rest of a device */

static void derive_all(Mpic *m)
{
    for (unsigned source = 0; source < MPIC_SOURCES_ALL; source++)
        source_evaluate(m, source);
    for (unsigned cpu = 0; cpu < m->n_cpus; cpu++)
        mpic_cpu_update(m, cpu);
}

static void mpic_reset(Device *dev)
{
    Mpic *m = (Mpic *)dev;
    for (unsigned source = MPIC_INTERNAL; source < MPIC_SOURCES; source++)
        m->ivpr[source] = IVPR_MSK | IVPR_P;
    for (unsigned i = 0; i < MPIC_MSI_REGISTERS; i++)
        m->wires[MPIC_MSI_SOURCE + i] &= ~1u; /* wire 0 is the register's own, which follows its bits */
    derive_all(m);
    mpic_timers_run(m);
}

/* A saved file may claim anything: registers get only the bits that they have. */
static void mpic_post_load(Device *dev)
{
    Mpic *m = (Mpic *)dev;
    m->pir &= mpic_cpus(m);
    for (unsigned source = 0; source < MPIC_SOURCES_ALL; source++) {
        m->idr[source] &= mpic_idr_kept(m, source);
        if (source >= MPIC_SOURCES)
            m->pending[source] &= mpic_cpus(m);
        else
            m->wires[source] &= (uint32_t)((UINT64_C(1) << m->n_wires[source]) - 1);
    }
    for (unsigned cpu = 0; cpu < MPIC_CPUS_MAX; cpu++)
        m->in_service[cpu * MPIC_WORDS + MPIC_WORDS - 1] &= (1u << MPIC_SOURCES_ALL % 32) - 1;
    for (unsigned i = 0; i < MPIC_MSI_REGISTERS; i++) {
        uint32_t *wires = &m->wires[MPIC_MSI_SOURCE + i];
        *wires = (*wires & ~1u) | (m->msir[i] != 0);
    }
    derive_all(m);
    clock_timer_set(m->timer, clock_now_ns(m->clock)); /* due at once: the timers must not be run here, before the rest is loaded */
}

static void mpic_free(Device *dev)
{
    clock_timer_free(((Mpic *)dev)->timer);
    g_free(dev);
}

static const DeviceOps mpic_ops = {
    .name = "mpic",
    .state = &mpic_state,
    .read = mpic_read,
    .write = mpic_write,
    .reset = mpic_reset,
    .describe = mpic_describe,
    .post_load = mpic_post_load,
    .free = mpic_free,
};

static void timer_due(void *opaque)
{
    mpic_timers_run(opaque);
}

Device *mpic_new(const char *id, MpicModel model, unsigned n_cpus, const IrqLine out[][MPIC_OUTPUTS], Clock *clock)
{
    G_STATIC_ASSERT(MPIC_SOURCES_ALL % 32 != 0);
    const MpicVersion *version = model == MPIC_20 ? &version_20 : &version_42;
    g_assert(n_cpus >= 1 && n_cpus <= version->cpus_max);
    Mpic *m = g_new0(Mpic, 1);
    device_init(&m->dev, &mpic_ops, id);
    m->version = version;
    m->n_cpus = n_cpus;
    memcpy(m->out, out, n_cpus * sizeof(m->out[0]));
    m->clock = clock;
    m->timer = clock_timer_new(clock, timer_due, m);
    for (unsigned i = 0; i < MPIC_MSI_REGISTERS; i++)
        m->n_wires[MPIC_MSI_SOURCE + i] = 1;
    device_reset(&m->dev);
    return &m->dev;
}
