/* SPDX-License-Identifier: MIT
 *
 * Register decode.  Reserved registers read 0 and ignore writes, with a trace.
 */
#include <inttypes.h>

#include "cpu/log.h"
#include "platform/base/bus.h"
#include "platform/devices/soc/mpic_internal.h"

enum {
    PRIVATE_END = 0x1000, /* +0: BRR1, BRR2 and the registers of the CPU that asks */
    BRR1 = 0x0,
    BRR2 = 0x10,
    IPIDR0 = 0x40,
    IPIDR3 = 0x70,
    CTPR = 0x80,
    WHOAMI = 0x90,
    IACK = 0xa0,
    EOI = 0xb0,

    FRR = 0x1000,
    GCR = 0x1020,
    VIR = 0x1080,
    PIR = 0x1090,
    IPIVPR0 = 0x10a0,
    IPIVPR3 = 0x10d0,
    SVR = 0x10e0,
    TIMERS_A = 0x10f0, /* TFRR, 4 × {GTCCR, GTBCR, GTVPR, GTDR}, TCR; group B is TIMERS_STRIDE above */
    TIMERS_STRIDE = 0x1000,
    TIMER_FIRST = 0x10,
    TIMER_END = 0x110,
    TIMER_TCR = 0x210,
    MSIR0 = 0x1600,
    MSIR7 = 0x1670,
    MSISR = 0x1720,
    MSIIR = MPIC_MSIIR,
    EISR = 0x3900,
    EIMR = 0x3910,
    SOURCES = 0x10000, /* 0x20 each: IVPR, IDR at +0x10, ILR at +0x18 */
    SOURCES_END = SOURCES + 0x20 * MPIC_SOURCES,
    CPUS = 0x20000,
    CPU_STRIDE = 0x1000,
    CPUS_END = CPUS + CPU_STRIDE * MPIC_CPUS_MAX,
};

/* Sources less one, CPUs less one, version of the register model. */
#define FRR_VALUE(sources, n_cpus) (((sources)-1) << 16 | ((n_cpus)-1) << 8 | 2)
#define ILR_KEPT                   0x000000ffu
#define TCR_KEPT                   0x07010307u

static void reserved(const Mpic *m, const char *what, uint64_t offset)
{
    LOG(LOG_GUEST_ERRORS, "%s: %s of reserved register 0x%05" PRIx64, m->dev.id, what, offset);
}

/* --- per source */

static uint32_t ivpr_read(const Mpic *m, unsigned source)
{
    return m->ivpr[source] | (mpic_source_active(m, source) ? IVPR_A : 0);
}

/* Sense belongs to external sources, polarity to those with wires. */
static void ivpr_write(Mpic *m, unsigned source, uint32_t value)
{
    uint32_t kept = IVPR_MSK | IVPR_PRIORITY | IVPR_VECTOR;
    if (source < MPIC_SOURCES)
        kept |= IVPR_P;
    if (source < MPIC_INTERNAL)
        kept |= IVPR_S;
    m->ivpr[source] = value & kept;
    if (mpic_source_is_level(m, source))
        m->pending[source] = 0;
    mpic_source_update(m, source);
}

static void idr_write(Mpic *m, unsigned source, uint32_t value)
{
    uint32_t kept = mpic_idr_kept(m, source);
    if (value & ~kept)
        LOG(LOG_GUEST_ERRORS, "%s: source %u is sent to vCPUs 0x%08x, of which some do not exist", m->dev.id, source, value);
    m->idr[source] = value & kept;
    mpic_source_update(m, source);
}

static uint32_t source_read(const Mpic *m, uint64_t offset)
{
    unsigned source = (unsigned)(offset - SOURCES) / 0x20;
    switch (offset & 0x1f) {
    case 0x00:
        return ivpr_read(m, source);
    case 0x10:
        return m->idr[source];
    case 0x18:
        if (!m->version->has_ilr)
            break;
        return m->ilr[source];
    }
    reserved(m, "read", offset);
    return 0;
}

static void source_write(Mpic *m, uint64_t offset, uint32_t value)
{
    unsigned source = (unsigned)(offset - SOURCES) / 0x20;
    switch (offset & 0x1f) {
    case 0x00:
        ivpr_write(m, source, value);
        return;
    case 0x10:
        idr_write(m, source, value);
        return;
    case 0x18:
        if (!m->version->has_ilr)
            break;
        m->ilr[source] = value & ILR_KEPT;
        mpic_source_update(m, source);
        return;
    }
    reserved(m, "write", offset);
}

/* --- per CPU; reg is the offset within its page */

static uint32_t cpu_read(Mpic *m, unsigned cpu, uint64_t offset)
{
    if (cpu < m->n_cpus) {
        switch (offset % CPU_STRIDE) {
        case CTPR:
            return m->ctpr[cpu];
        case WHOAMI:
            return cpu;
        case IACK:
            return mpic_acknowledge(m, cpu);
        case EOI:
        case IPIDR0:
        case IPIDR0 + 0x10:
        case IPIDR0 + 0x20:
        case IPIDR3:
            return 0; /* write-only */
        }
    }
    reserved(m, "read", offset);
    return 0;
}

static void cpu_write(Mpic *m, unsigned cpu, uint64_t offset, uint32_t value)
{
    uint64_t reg = offset % CPU_STRIDE;
    if (cpu >= m->n_cpus) {
        reserved(m, "write", offset);
        return;
    }
    switch (reg) {
    case IPIDR0:
    case IPIDR0 + 0x10:
    case IPIDR0 + 0x20:
    case IPIDR3:
        mpic_raise(m, MPIC_SOURCE_IPI + (unsigned)(reg - IPIDR0) / 0x10, value & mpic_cpus(m));
        break;
    case CTPR:
        m->ctpr[cpu] = value & 15;
        mpic_cpu_update(m, cpu);
        break;
    case EOI:
        mpic_end_of_interrupt(m, cpu);
        break;
    default:
        reserved(m, "write", offset);
    }
}

/* --- timers; at is the offset within the group */

static bool is_timers(uint64_t offset)
{
    return offset >= TIMERS_A && offset < TIMERS_A + 2 * TIMERS_STRIDE && (offset - TIMERS_A) % TIMERS_STRIDE <= TIMER_TCR;
}

static unsigned timer_at(unsigned group, unsigned at)
{
    return group * MPIC_GROUP_TIMERS + (at - TIMER_FIRST) / 0x40;
}

static uint32_t timers_read(Mpic *m, uint64_t offset)
{
    unsigned group = (unsigned)(offset - TIMERS_A) / TIMERS_STRIDE;
    unsigned at = (unsigned)(offset - TIMERS_A) % TIMERS_STRIDE;
    if (at == 0)
        return m->tfrr[group];
    if (at == TIMER_TCR)
        return m->tcr[group];
    if (at >= TIMER_FIRST && at < TIMER_END) {
        unsigned timer = timer_at(group, at);
        switch ((at - TIMER_FIRST) % 0x40) {
        case 0x00:
            return mpic_timer_gtccr(m, timer);
        case 0x10:
            return m->gtbcr[timer];
        case 0x20:
            return ivpr_read(m, MPIC_SOURCE_TIMER + timer);
        case 0x30:
            return m->idr[MPIC_SOURCE_TIMER + timer];
        }
    }
    reserved(m, "read", offset);
    return 0;
}

static void timers_write(Mpic *m, uint64_t offset, uint32_t value)
{
    unsigned group = (unsigned)(offset - TIMERS_A) / TIMERS_STRIDE;
    unsigned at = (unsigned)(offset - TIMERS_A) % TIMERS_STRIDE;
    if (at == 0) {
        m->tfrr[group] = value;
        return;
    }
    if (at == TIMER_TCR) {
        mpic_timer_set_tcr(m, group, value & TCR_KEPT);
        return;
    }
    if (at >= TIMER_FIRST && at < TIMER_END) {
        unsigned timer = timer_at(group, at);
        switch ((at - TIMER_FIRST) % 0x40) {
        case 0x10:
            mpic_timer_set_gtbcr(m, timer, value);
            return;
        case 0x20:
            ivpr_write(m, MPIC_SOURCE_TIMER + timer, value);
            mpic_timers_run(m); /* somebody may watch it now */
            return;
        case 0x30:
            idr_write(m, MPIC_SOURCE_TIMER + timer, value);
            return;
        }
    }
    reserved(m, "write", offset);
}

/*
 * --- MSI: MSIIR[SRS] names a register, MSIIR[IBS] a bit in it; reading the register takes the bits
 */

static uint32_t msir_read(Mpic *m, unsigned index)
{
    uint32_t bits = m->msir[index];
    m->msir[index] = 0;
    mpic_wire_set(m, MPIC_MSI_SOURCE + index, 0, false);
    return bits;
}

static void msiir_write(Mpic *m, uint32_t value)
{
    unsigned index = value >> 29;
    m->msir[index] |= 1u << (value >> 24 & 31);
    mpic_wire_set(m, MPIC_MSI_SOURCE + index, 0, true);
}

static uint32_t msisr_read(const Mpic *m)
{
    uint32_t summary = 0;
    for (unsigned i = 0; i < MPIC_MSI_REGISTERS; i++)
        summary |= (uint32_t)(m->msir[i] != 0) << i;
    return summary;
}

/* --- global */

static uint32_t global_read(Mpic *m, uint64_t offset)
{
    switch (offset) {
    case FRR:
        return FRR_VALUE(m->version->sources, m->n_cpus);
    case GCR:
        return m->gcr;
    case PIR:
        return m->pir;
    case VIR:
        return 0;
    case EISR: /* no source of error interrupts */
        if (!m->version->has_errors)
            break;
        return 0;
    case SVR:
        return m->svr;
    case EIMR:
        if (!m->version->has_errors)
            break;
        return m->eimr;
    case MSISR:
        return msisr_read(m);
    case MSIIR:
        return 0;
    }
    if (offset >= IPIVPR0 && offset <= IPIVPR3 && offset % 0x10 == 0)
        return ivpr_read(m, MPIC_SOURCE_IPI + (unsigned)(offset - IPIVPR0) / 0x10);
    if (offset >= MSIR0 && offset <= MSIR7 && offset % 0x10 == 0)
        return msir_read(m, (unsigned)(offset - MSIR0) / 0x10);
    reserved(m, "read", offset);
    return 0;
}

static void global_write(Mpic *m, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case GCR:
        if (value & GCR_R)
            device_reset(&m->dev);
        else
            m->gcr = value & m->version->gcr_kept;
        return;
    case PIR:
        mpic_set_pir(m, value & mpic_cpus(m));
        return;
    case SVR:
        m->svr = value & IVPR_VECTOR;
        return;
    case EIMR:
        if (!m->version->has_errors)
            break;
        m->eimr = value;
        return;
    case MSIIR:
        msiir_write(m, value);
        return;
    }
    if (offset >= IPIVPR0 && offset <= IPIVPR3 && offset % 0x10 == 0)
        ivpr_write(m, MPIC_SOURCE_IPI + (unsigned)(offset - IPIVPR0) / 0x10, value);
    else
        reserved(m, "write", offset);
}

bool mpic_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    Mpic *m = (Mpic *)dev;
    if (size != 4)
        return false;
    if (offset == BRR1)
        *value = m->version->brr1;
    else if (offset == BRR2)
        *value = 0;
    else if (offset < PRIVATE_END)
        *value = cpu_read(m, bus_initiator(), offset);
    else if (offset >= CPUS && offset < CPUS_END)
        *value = cpu_read(m, (unsigned)(offset - CPUS) / CPU_STRIDE, offset);
    else if (offset >= SOURCES && offset < SOURCES_END)
        *value = source_read(m, offset);
    else if (is_timers(offset))
        *value = timers_read(m, offset);
    else
        *value = global_read(m, offset);
    return true;
}

bool mpic_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    Mpic *m = (Mpic *)dev;
    uint32_t word = (uint32_t)value;
    if (size != 4)
        return false;
    if (offset < PRIVATE_END)
        cpu_write(m, bus_initiator(), offset, word);
    else if (offset >= CPUS && offset < CPUS_END)
        cpu_write(m, (unsigned)(offset - CPUS) / CPU_STRIDE, offset, word);
    else if (offset >= SOURCES && offset < SOURCES_END)
        source_write(m, offset, word);
    else if (is_timers(offset))
        timers_write(m, offset, word);
    else
        global_write(m, offset, word);
    return true;
}

/* --- the nodes: the controller, and its MSI block as a device of its own */

enum { MSI_OFFSET = 0x1600, MSI_SIZE = 0x200, MSI_RANGE = 0x100 };

void mpic_describe(Device *dev, Dts *dts)
{
    const uint32_t msi = (uint32_t)device_address(dev, 0) + MSI_OFFSET;
    dts_begin(dts, "pic@%x", (unsigned)device_address(dev, 0));
    dts_string(dts, "device_type", "open-pic");
    dts_string(dts, "compatible", "fsl,mpic");
    device_describe_reg(dev, dts);
    dts_u32(dts, "#address-cells", 0);
    dts_u32(dts, "#interrupt-cells", 2);
    dts_empty(dts, "interrupt-controller");
    dts_phandle(dts, "mpic");
    dts_end(dts);

    uint32_t interrupts[2 * MPIC_MSI_REGISTERS];
    for (unsigned i = 0; i < MPIC_MSI_REGISTERS; i++) {
        interrupts[2 * i] = MPIC_MSI_SOURCE + i;
        interrupts[2 * i + 1] = 0;
    }
    dts_begin(dts, "msi@%x", msi);
    dts_string(dts, "compatible", "fsl,mpic-msi");
    DTS_CELLS(dts, "reg", msi, MSI_SIZE);
    DTS_CELLS(dts, "msi-available-ranges", 0, MSI_RANGE);
    dts_cells(dts, "interrupts", interrupts, G_N_ELEMENTS(interrupts));
    dts_u32(dts, "interrupt-parent", dts_ref(dts, "mpic"));
    dts_phandle(dts, "msi");
    dts_end(dts);
}
