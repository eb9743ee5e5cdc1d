/* SPDX-License-Identifier: MIT
 *
 * Power-on and reset: the order of things, and the device tree built for it.
 *
 * A reset (all vCPUs parked):
 *   1. the vCPUs' pending exits take effect; a deferred hypercall stays open
 *   2. rebuild of the VM, when asked for or needed: prepare.  When that fails nothing is lost: the hypercall
 *      answers EV_INTERNAL, and the guest runs on
 *   3. the deferred hypercall takes effect too: its vCPU's state is complete and may be replaced
 *   4. rebuild of the VM: commit.  From here on a failure leaves the run state INTERNAL_ERROR
 *   5. devices, RAM and device tree get their state of power-on, and so do the copies of the vCPUs' registers
 *   6. the copies are written back: at level RESET into the old VM, at level FULL into a new one
 */
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "cpu/fault.h"
#include "cpu/log.h"
#include "dts/nodes.h"
#include "platform/base/lock.h"
#include "platform/machine/machine.h"

/* Paths of the devices that /aliases and /chosen name. */
typedef struct Paths {
    char serial0[32], serial1[32], pci0[32];
    NodesAlias aliases[4];
} Paths;

static void paths_fill(const Machine *m, Paths *p)
{
    const Board *board = m->board;
    *p = (Paths){0};
    g_snprintf(p->serial0, sizeof(p->serial0), "/soc@%" PRIx64 "/serial@%x", board->ccsr, SOC_UART0);
    g_snprintf(p->serial1, sizeof(p->serial1), "/soc@%" PRIx64 "/serial@%x", board->ccsr, SOC_UART1);
    g_snprintf(p->pci0, sizeof(p->pci0), "/pci@%" PRIx64, board->ccsr + SOC_PCI);
    if (!board_has_soc(board)) {
        /* It has none of these devices.  Guests written for Freescale's hypervisor look for their console here. */
        p->aliases[0] = (NodesAlias){m->console ? "stdout" : NULL, m->console};
        return;
    }
    p->aliases[0] = (NodesAlias){"serial0", p->serial0};
    p->aliases[1] = (NodesAlias){"serial1", p->serial1};
    p->aliases[2] = (NodesAlias){"pci0", p->pci0};
    p->aliases[3] = (NodesAlias){NULL, NULL};
}

static void nodes_fill(Machine *m, const Paths *paths, Nodes *nodes)
{
    const Config *config = m->config;
    AccelVm *vm = vcpus_vm(m->vcpus);
    *nodes = (Nodes){
        .model = m->board->model,
        .compatible = config->dt_compatible,
        .board_compatible = m->board->compatible,
        .label = board_has_soc(m->board) ? NULL : partition_name(m->partition),
        .cpu = m->model->name,
        .n_cpus = config->n_vcpus,
        .tb_hz = vm->ops->vm_tb_hz(vm),
        .clock_hz = m->board->clock_hz,
        .bus_hz = m->board->clock_hz,
        .cache_line = m->model->cache_line,
        .spin_table = m->board->spin_table,
        .ram_size = config->ram_size,
        .bootargs = config->append,
        .stdout_path = m->console ? m->console : paths->aliases[0].path,
        .aliases = paths->aliases[0].name ? paths->aliases : NULL,
        .kernel_start = m->boot->kernel ? m->boot->kernel->low : 0,
        .kernel_end = m->boot->kernel ? m->boot->kernel->high : 0,
        .initrd_start = m->boot->initrd_start,
        .initrd_end = m->boot->initrd_end,
        .present = m->hcall.present,
        .hypervisor = m->hcall.present & HCALL_NEED_PARTITION ? partition_strings(m->partition) : NULL,
        .describe_hypervisor = machine_handles_describe,
        .has_handles = device_bus_get(m->buses[DEVICE_BUS_HANDLES], 0) != NULL,
        .opaque = m,
    };
    nodes->n_hcall_instructions = vm->ops->vm_hcall_instructions(vm, nodes->hcall_instructions);
    /* With virtual time a run repeats itself, so the guest's random seed is always the same: zeros. */
    if (!m->time.is_virtual && getrandom(nodes->rng_seed, sizeof(nodes->rng_seed), 0) < 0)
        memset(nodes->rng_seed, 0, sizeof(nodes->rng_seed));
}

static void soc_describe(Machine *m, Dts *dts)
{
    const uint64_t ccsr = m->board->ccsr;
    dts_begin(dts, "soc@%" PRIx64, ccsr);
    dts_string(dts, "device_type", "soc");
    dts_strings(dts, "compatible", (const char *const[]){"fsl,mpc8544-immr", "simple-bus", NULL});
    DTS_CELLS(dts, "#address-cells", 1);
    DTS_CELLS(dts, "#size-cells", 1);
    DTS_CELLS(dts, "ranges", 0, (uint32_t)(ccsr >> 32), (uint32_t)ccsr, SOC_SIZE);
    dts_u32(dts, "bus-frequency", 0);
    device_bus_describe(m->buses[DEVICE_BUS_SOC], dts);
    dts_end(dts);
}

/* As QEMU's boards have it. */
static void platform_describe(Machine *m, Dts *dts)
{
    const uint64_t base = m->board->platform;
    dts_begin(dts, "platform@%" PRIx64, base);
    dts_strings(dts, "compatible", (const char *const[]){"qemu,platform", "simple-bus", NULL});
    DTS_CELLS(dts, "#address-cells", 1);
    DTS_CELLS(dts, "#size-cells", 1);
    DTS_CELLS(dts, "ranges", 0, (uint32_t)(base >> 32), (uint32_t)base, BOARD_PLATFORM_SIZE);
    device_bus_describe(m->buses[DEVICE_BUS_PLATFORM], dts);
    dts_end(dts);
}

static GBytes *build_own(Machine *m, const Nodes *nodes, GError **error)
{
    Dts *dts = dts_new();
    nodes_root(dts, nodes);
    nodes_describe(dts, nodes);
    if (device_bus_get(m->buses[DEVICE_BUS_SOC], 0))
        soc_describe(m, dts);
    device_bus_describe(m->buses[DEVICE_BUS_SYSTEM], dts);
    if (device_bus_get(m->buses[DEVICE_BUS_PLATFORM], 0))
        platform_describe(m, dts);
    dts_end(dts);
    GBytes *tree = dts_finish(dts, error);
    dts_free(dts);
    return tree;
}

/* The user's tree (-dtb), adopted.  Reports what was false in it. */
static GBytes *adopt_users(const Machine *m, Nodes *nodes, GBytes *own, GError **error)
{
    g_autoptr(NodesReport) report = nodes_report_new();
    nodes->own = own;
    GBytes *tree = nodes_adopt(m->boot->dtb, nodes, report, error);
    for (guint i = 0; i < report->lines->len; i++)
        message_warning("%s: %s", m->boot->dtb_from, (char *)report->lines->pdata[i]);
    if (report->n > report->lines->len)
        message_warning("%s: and %u more of these", m->boot->dtb_from, report->n - report->lines->len);
    return tree;
}

/* Made once: the machine stays as it was wired, and a user's tree as it was read. */
static GBytes *build_base(Machine *m, Nodes *nodes, GError **error)
{
    g_autoptr(GBytes) own = build_own(m, nodes, error);
    return own && m->boot->dtb ? adopt_users(m, nodes, own, error) : g_steal_pointer(&own);
}

GBytes *machine_build_tree(Machine *m, GError **error)
{
    Paths paths;
    Nodes nodes;
    if (fault_here(FAULT_BUILD_TREE, error))
        return NULL;
    paths_fill(m, &paths);
    nodes_fill(m, &paths, &nodes);
    if (!m->base_tree)
        m->base_tree = build_base(m, &nodes, error);
    return m->base_tree ? nodes_renew(m->base_tree, &nodes, error) : NULL;
}

/* At power-on a tree must leave room for the longest strings of the partition, so that no later reset fails for lack of room. */
static bool tree_can_grow(const Machine *m, GBytes *tree, GError **error)
{
    gsize size = g_bytes_get_size(tree);
    if (m->resets > 0 || size <= BOOT_DTB_MAX - PARTITION_GROWTH)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "device tree: %zu bytes, at most %d fit", size,
                BOOT_DTB_MAX - PARTITION_GROWTH);
    return false;
}

/* Step 5 of a reset. */
static bool renew(Machine *m, GError **error)
{
    g_autoptr(GBytes) base = NULL, tree = NULL;
    bool ok, dropped = false;

    machine_drain_drives(m); /* they write into RAM */
    device_lock();
    for (guint i = 0; i < m->events->len; i++)
        event_settle(m->events->pdata[i]); /* stores that the guest made before the reset have their effect now, not after it */
    areas_reset(m->areas);                 /* before RAM is filled: from now on nobody writes into areas */
    for (unsigned kind = 0; kind < DEVICE_BUS_CARRIED; kind++)
        device_bus_settle(m->buses[kind]); /* nor what devices had been asked for */
    device_unlock();
    if (m->config->reset_ram_clear)
        memory_clear(m->memory);
    device_lock();
    for (unsigned kind = 0; kind < DEVICE_BUS_CARRIED; kind++)
        device_bus_reset(m->buses[kind]);
    for (unsigned i = 0; i < m->config->n_vcpus; i++)
        m->release[i] = (CpuRelease){0};
    base = machine_build_tree(m, error);
    if (base && tree_can_grow(m, base, error))
        tree = guest_tree_boot(partition_tree(m->partition), base, &dropped);
    device_unlock();
    if (dropped)
        message_guest("device tree: no room for what the guest set in it");
    ok = tree && boot_put(m->boot, m->memory, tree, error);

    for (unsigned i = 0; i < m->config->n_vcpus; i++) {
        Vcpu *vcpu = vcpus_get(m->vcpus, i);
        e500_state_reset(&vcpu->state, m->model, i);
        e500_state_firmware(&vcpu->state, m->model);
        boot_cpu_state(m->boot, &vcpu->state, i);
        vcpu->state.spr[SPR_TSR] |= partition_wrs(m->partition, i) << 28; /* TSR[WRS] */
        vcpu->valid = true;
    }
    return ok;
}

bool machine_power_on(Machine *m, GError **error)
{
    return renew(m, error) && vcpus_post_init(m->vcpus, error);
}

void machine_answer_deferred(Machine *m, EvStatus status)
{
    for (unsigned i = 0; i < m->config->n_vcpus; i++) {
        Vcpu *vcpu = vcpus_get(m->vcpus, i);
        if (!vcpu->deferred)
            continue;
        hcall_answer(&vcpu->exit, status);
        vcpu->deferred = false;
        vcpu_finish_exit(vcpu);
    }
}

/* A rebuild is done when it is asked for, and where nothing else resets everything: state that cannot be written after launch, or an
 * interrupt controller of the accelerator, whose state nobody can write (docs/decisions/032). */
bool machine_reset_rebuilds(const Config *config, unsigned caps)
{
    return config->reset_mode == RESET_MODE_REBUILD || config->kernel_irqchip || !(caps & ACCEL_CAP_STATE_WRITE);
}

static bool prepare(Machine *m, GError **error)
{
    if (!(vcpus_caps(m->vcpus) & ACCEL_CAP_REBUILD)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "accelerator %s does not support reset",
                    vcpus_vm(m->vcpus)->ops->name);
        return false;
    }
    if (!vcpus_rebuild_prepare(m->vcpus, error)) {
        g_prefix_error(error, "rebuild, prepare: ");
        return false;
    }
    return true;
}

RunResetResult machine_reset(Machine *m, RunCause cause, GError **error)
{
    bool rebuild = machine_reset_rebuilds(m->config, vcpus_caps(m->vcpus));

    for (unsigned i = 0; i < m->config->n_vcpus; i++)
        vcpu_finish_exit(vcpus_get(m->vcpus, i));
    if (rebuild && !prepare(m, error)) {
        machine_answer_deferred(m, EV_INTERNAL);
        return RUN_RESET_REFUSED;
    }
    machine_answer_deferred(m, EV_SUCCESS);
    if (rebuild && !vcpus_rebuild_commit(m->vcpus, error)) {
        g_prefix_error(error, "rebuild, commit: ");
        return RUN_RESET_FAILED;
    }
    m->resets++;
    log_reset();
    device_lock();
    partition_reset(m->partition, cause, run_state(m->run));
    device_unlock();
    if (!renew(m, error)) {
        g_prefix_error(error, "reset: ");
        return RUN_RESET_FAILED;
    }
    if (rebuild ? !vcpus_post_init(m->vcpus, error) : !vcpus_post_reset(m->vcpus, error)) {
        g_prefix_error(error, "reset: ");
        return RUN_RESET_FAILED;
    }
    return RUN_RESET_DONE;
}
