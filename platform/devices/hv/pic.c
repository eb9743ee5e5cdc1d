/* SPDX-License-Identifier: MIT
 *
 * What a CPU is asked is computed from latches, wires and settings whenever one of them changes: nothing is queued, so no order
 * of guest calls can leave a stale request behind.
 */
#include "platform/devices/hv/pic.h"

#include <inttypes.h>
#include <string.h>

#include "cpu/log.h"
#include "platform/base/bus.h"

enum { PRIORITY_MAX = 15, PRIORITY_RESET = 8, PAGE_EOI = 0xb0 };

typedef struct HvPic {
    Device dev;
    HvPicConfig config;
    IrqLine out[HV_PIC_CPUS_MAX];
    unsigned n_interrupts;                 /* one beyond the last that is wired */
    uint8_t tree_sense[HV_PIC_INTERRUPTS]; /* HV_PIC_LEVEL or not: what the specifier says */
    bool wire[HV_PIC_INTERRUPTS];          /* levels; others drive them, so a reset leaves them */
    bool asked[HV_PIC_CPUS_MAX];           /* level of out[] */

    uint8_t sense[HV_PIC_INTERRUPTS];
    uint8_t priority[HV_PIC_INTERRUPTS];
    uint8_t cpu[HV_PIC_INTERRUPTS];
    uint8_t masked[HV_PIC_INTERRUPTS];
    uint8_t edge[HV_PIC_INTERRUPTS];        /* a rise that was not acknowledged yet */
    uint32_t sent[HV_PIC_IPIS];             /* the same for an IPI, a bit for each CPU it was sent to */
    uint32_t in_service[HV_PIC_INTERRUPTS]; /* bit per CPU */
    uint8_t task_priority[HV_PIC_CPUS_MAX];
} HvPic;

static const DeviceField hv_pic_fields[] = {
    DEVICE_ARRAY(HvPic, sense, 0),      DEVICE_ARRAY(HvPic, priority, PRIORITY_RESET),
    DEVICE_ARRAY(HvPic, cpu, 0),        DEVICE_ARRAY(HvPic, masked, 1),
    DEVICE_ARRAY(HvPic, edge, 0),       DEVICE_ARRAY(HvPic, sent, 0),
    DEVICE_ARRAY(HvPic, in_service, 0), DEVICE_ARRAY(HvPic, task_priority, 0),
    STATE_KEPT_ARRAY(HvPic, wire),
};
static const StateField hv_pic_derived[] = {
    STATE_DERIVED(HvPic, dev),          STATE_DERIVED(HvPic, config),     STATE_DERIVED(HvPic, out),
    STATE_DERIVED(HvPic, n_interrupts), STATE_DERIVED(HvPic, tree_sense), STATE_DERIVED(HvPic, asked),
};
STATE_STRUCT(HvPic, hv_pic);

static bool is_ipi(unsigned i)
{
    return i >= HV_PIC_IPI_FIRST && i < HV_PIC_IPI_FIRST + HV_PIC_IPIS;
}

static bool exists(const HvPic *p, uint32_t i)
{
    return is_ipi(i) || (i >= HV_PIC_WIRE_FIRST && i < p->n_interrupts);
}

/* A handle of EV_INT_IACK names this controller; 0 stands for any. */
static bool is_me(const HvPic *p, uint32_t handle)
{
    return handle == 0 || handle == p->config.handle;
}

/* ---- delivery ---- */

static bool asks(const HvPic *p, unsigned i, unsigned cpu)
{
    if (p->masked[i])
        return false;
    if (is_ipi(i))
        return p->sent[i - HV_PIC_IPI_FIRST] >> cpu & 1;
    if (p->cpu[i] != cpu || p->in_service[i])
        return false;
    return p->sense[i] & HV_PIC_LEVEL ? p->wire[i] : p->edge[i];
}

/* The most urgent that the CPU serves; 0: it serves none. */
static unsigned serving(const HvPic *p, unsigned cpu)
{
    unsigned best = 0;
    for (unsigned i = HV_PIC_IPI_FIRST; i < p->n_interrupts; i++)
        if ((p->in_service[i] >> cpu & 1) && (!best || p->priority[i] > p->priority[best]))
            best = i;
    return best;
}

/* What the CPU has to take now; 0: nothing. */
static unsigned deliverable(const HvPic *p, unsigned cpu)
{
    unsigned above = p->task_priority[cpu], served = serving(p, cpu), best = 0;
    if (served)
        above = MAX(above, p->priority[served]);
    for (unsigned i = HV_PIC_IPI_FIRST; i < p->n_interrupts; i++) {
        if (p->priority[i] > above && asks(p, i, cpu)) {
            best = i;
            above = p->priority[i];
        }
    }
    return best;
}

static void update(HvPic *p)
{
    for (unsigned cpu = 0; cpu < p->config.n_cpus; cpu++) {
        bool ask = deliverable(p, cpu) != 0;
        if (ask != p->asked[cpu]) {
            p->asked[cpu] = ask;
            irq_set(&p->out[cpu], ask);
        }
    }
}

static uint32_t acknowledge(HvPic *p, unsigned cpu)
{
    unsigned i = deliverable(p, cpu);
    if (!i)
        return HV_PIC_SPURIOUS;
    if (is_ipi(i))
        p->sent[i - HV_PIC_IPI_FIRST] &= ~(1u << cpu);
    p->edge[i] = false;
    p->in_service[i] |= 1u << cpu;
    update(p);
    return i;
}

static void end(HvPic *p, unsigned cpu, unsigned i)
{
    p->in_service[i] &= ~(1u << cpu);
    update(p);
}

/* ---- wires ---- */

/* An edge input does, however it is configured meanwhile (docs/decisions/030); a level input only while it is configured as an edge. */
static bool keeps_edges(const HvPic *p, unsigned i)
{
    return !(p->tree_sense[i] & p->sense[i] & HV_PIC_LEVEL);
}

static void input_set(void *opaque, unsigned i, bool level)
{
    HvPic *p = opaque;
    if (level == p->wire[i])
        return;
    p->wire[i] = level;
    if (level && keeps_edges(p, i))
        p->edge[i] = true;
    update(p);
}

bool hv_pic_input(Device *dev, bool level, IrqInput *in)
{
    HvPic *p = (HvPic *)dev;
    unsigned i = p->n_interrupts;
    if (i == HV_PIC_INTERRUPTS)
        return false;
    p->n_interrupts++;
    p->tree_sense[i] = p->sense[i] = level ? HV_PIC_LEVEL | HV_PIC_POLARITY : HV_PIC_POLARITY;
    uint32_t direct = p->config.direct_eoi ? HV_PIC_DIRECT_EOI : 0;
    *in = (IrqInput){{input_set, p, i}, "vmpic", {i, p->tree_sense[i] | direct}, NULL};
    return true;
}

/* ---- hypercalls ---- */

HvPicResult hv_pic_set_config(Device *dev, uint32_t interrupt, uint32_t config, uint32_t priority, uint32_t cpu)
{
    HvPic *p = (HvPic *)dev;
    if (!exists(p, interrupt) || priority > PRIORITY_MAX || cpu >= p->config.n_cpus ||
        config & ~(uint32_t)(HV_PIC_POLARITY | HV_PIC_LEVEL) || (is_ipi(interrupt) && config & HV_PIC_LEVEL))
        return HV_PIC_INVALID;
    p->sense[interrupt] = (uint8_t)config;
    if (!keeps_edges(p, interrupt))
        p->edge[interrupt] = false;
    p->priority[interrupt] = (uint8_t)priority;
    p->cpu[interrupt] = (uint8_t)cpu;
    update(p);
    return HV_PIC_OK;
}

HvPicResult hv_pic_get_config(Device *dev, uint32_t interrupt, uint32_t *config, uint32_t *priority, uint32_t *cpu)
{
    const HvPic *p = (HvPic *)dev;
    if (!exists(p, interrupt))
        return HV_PIC_INVALID;
    *config = p->sense[interrupt];
    *priority = p->priority[interrupt];
    *cpu = p->cpu[interrupt];
    return HV_PIC_OK;
}

HvPicResult hv_pic_set_mask(Device *dev, uint32_t interrupt, uint32_t mask)
{
    HvPic *p = (HvPic *)dev;
    if (!exists(p, interrupt) || mask > 1)
        return HV_PIC_INVALID;
    p->masked[interrupt] = (uint8_t)mask;
    update(p);
    return HV_PIC_OK;
}

HvPicResult hv_pic_get_mask(Device *dev, uint32_t interrupt, uint32_t *mask)
{
    const HvPic *p = (HvPic *)dev;
    if (!exists(p, interrupt))
        return HV_PIC_INVALID;
    *mask = p->masked[interrupt];
    return HV_PIC_OK;
}

HvPicResult hv_pic_iack(Device *dev, unsigned cpu, uint32_t handle, uint32_t *interrupt)
{
    HvPic *p = (HvPic *)dev;
    if (!is_me(p, handle))
        return HV_PIC_INVALID;
    if (p->config.external_proxy) {
        LOG(LOG_GUEST_ERRORS, "%s: vCPU %u: EV_INT_IACK, but the core acknowledges (EPR)", dev->id, cpu);
        return HV_PIC_STATE;
    }
    *interrupt = acknowledge(p, cpu);
    return HV_PIC_OK;
}

HvPicResult hv_pic_eoi(Device *dev, unsigned cpu, uint32_t interrupt)
{
    HvPic *p = (HvPic *)dev;
    if (!exists(p, interrupt))
        return HV_PIC_INVALID;
    if (!(p->in_service[interrupt] >> cpu & 1)) {
        LOG(LOG_GUEST_ERRORS, "%s: vCPU %u ends interrupt %u, which it does not serve", dev->id, cpu, interrupt);
        return HV_PIC_STATE;
    }
    unsigned most_urgent = serving(p, cpu);
    if (p->priority[most_urgent] > p->priority[interrupt])
        LOG(LOG_GUEST_ERRORS, "%s: vCPU %u ends interrupt %u before %u, which is more urgent", dev->id, cpu, interrupt,
            most_urgent);
    end(p, cpu, interrupt);
    return HV_PIC_OK;
}

HvPicResult hv_pic_send_ipi(Device *dev, uint32_t ipi, uint32_t cpus)
{
    HvPic *p = (HvPic *)dev;
    if (ipi >= HV_PIC_IPIS || !cpus || (uint64_t)cpus >> p->config.n_cpus)
        return HV_PIC_INVALID;
    p->sent[ipi] |= cpus;
    update(p);
    return HV_PIC_OK;
}

HvPicResult hv_pic_set_task_priority(Device *dev, unsigned cpu, uint32_t handle, uint32_t priority)
{
    HvPic *p = (HvPic *)dev;
    if (!is_me(p, handle) || priority > PRIORITY_MAX)
        return HV_PIC_INVALID;
    p->task_priority[cpu] = (uint8_t)priority;
    update(p);
    return HV_PIC_OK;
}

HvPicResult hv_pic_get_task_priority(Device *dev, unsigned cpu, uint32_t handle, uint32_t *priority)
{
    const HvPic *p = (HvPic *)dev;
    if (!is_me(p, handle))
        return HV_PIC_INVALID;
    *priority = p->task_priority[cpu];
    return HV_PIC_OK;
}

uint32_t hv_pic_proxy(Device *dev, unsigned cpu)
{
    HvPic *p = (HvPic *)dev;
    return p->config.external_proxy ? acknowledge(p, cpu) : 0;
}

/* ---- direct EOI ---- */

static bool hv_pic_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    *value = 0;
    return offset == PAGE_EOI && size == 4;
}

static bool hv_pic_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    HvPic *p = (HvPic *)dev;
    unsigned cpu = bus_initiator();
    if (offset != PAGE_EOI || size != 4)
        return false;
    unsigned i = serving(p, cpu);
    if (i)
        end(p, cpu, i);
    else
        LOG(LOG_GUEST_ERRORS, "%s: vCPU %u ends an interrupt while it serves none", dev->id, cpu);
    return true;
}

/* ---- the rest of a device ---- */

static void hv_pic_reset(Device *dev)
{
    HvPic *p = (HvPic *)dev;
    memcpy(p->sense, p->tree_sense, sizeof(p->sense));
    update(p);
}

/* A saved file may claim anything: its values are brought into range. */
static void hv_pic_post_load(Device *dev)
{
    HvPic *p = (HvPic *)dev;
    uint32_t cpus = (uint32_t)((UINT64_C(1) << p->config.n_cpus) - 1);
    for (unsigned i = 0; i < HV_PIC_INTERRUPTS; i++) {
        p->sense[i] &= is_ipi(i) ? HV_PIC_POLARITY : HV_PIC_POLARITY | HV_PIC_LEVEL;
        p->priority[i] &= PRIORITY_MAX;
        p->cpu[i] = (uint8_t)(p->cpu[i] % p->config.n_cpus);
        p->masked[i] &= 1;
        p->edge[i] &= 1;
        p->wire[i] = p->wire[i] && exists(p, i);
        p->in_service[i] &= exists(p, i) ? cpus : 0;
    }
    for (unsigned i = 0; i < HV_PIC_IPIS; i++)
        p->sent[i] &= cpus;
    for (unsigned i = 0; i < HV_PIC_CPUS_MAX; i++)
        p->task_priority[i] &= PRIORITY_MAX;
    update(p);
}

static void hv_pic_describe(Device *dev, Dts *dts)
{
    static const char *const compatible[] = {"fsl,hv-mpic-per-cpu", "fsl,hv-vmpic", "epapr,hv-pic", NULL};
    const HvPic *p = (HvPic *)dev;
    uint64_t page = p->config.direct_eoi;
    if (page)
        dts_begin(dts, "vmpic@%" PRIx64, page);
    else
        dts_begin(dts, "vmpic");
    dts_strings(dts, "compatible", compatible + !page);
    if (page)
        DTS_CELLS(dts, "reg", (uint32_t)(page >> 32), (uint32_t)page, 0, HV_PIC_PAGE_SIZE);
    dts_u32(dts, "#address-cells", 0);
    dts_u32(dts, "#interrupt-cells", 2);
    dts_empty(dts, "interrupt-controller");
    if (p->config.external_proxy)
        dts_empty(dts, "has-external-proxy");
    dts_u32(dts, "hv-handle", p->config.handle);
    DTS_CELLS(dts, "quoin,ipi-interrupts", HV_PIC_IPI_FIRST, HV_PIC_IPI_FIRST + 1, HV_PIC_IPI_FIRST + 2, HV_PIC_IPI_FIRST + 3);
    dts_phandle(dts, "vmpic");
    dts_end(dts);
}

static const DeviceOps hv_pic_ops = {
    .name = "hv_pic",
    .state = &hv_pic_state,
    .read = hv_pic_read,
    .write = hv_pic_write,
    .reset = hv_pic_reset,
    .describe = hv_pic_describe,
    .post_load = hv_pic_post_load,
};

Device *hv_pic_new(const char *id, const HvPicConfig *config, const IrqLine *out)
{
    G_STATIC_ASSERT(HV_PIC_IPIS == 4);
    g_assert(config->n_cpus >= 1 && config->n_cpus <= HV_PIC_CPUS_MAX);
    HvPic *p = g_new0(HvPic, 1);
    device_init(&p->dev, &hv_pic_ops, id);
    p->config = *config;
    p->n_interrupts = HV_PIC_WIRE_FIRST;
    memcpy(p->out, out, config->n_cpus * sizeof(*out));
    device_reset(&p->dev);
    return &p->dev;
}
