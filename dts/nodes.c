/* SPDX-License-Identifier: MIT */
#include "dts/nodes.h"

#include "hcall/hcall.h"

enum { CACHE_SIZE = 32 * 1024 }; /* e500mc: 32 KiB each, L1 */

void nodes_root(Dts *dts, const Nodes *nodes)
{
    const char *const user[] = {nodes->compatible, NULL};
    dts_begin(dts, "%s", "");
    dts_string(dts, "model", nodes->model);
    dts_strings(dts, "compatible", nodes->compatible ? user : nodes->board_compatible);
    if (nodes->label)
        dts_string(dts, "label", nodes->label);
    dts_u32(dts, "#address-cells", 2);
    dts_u32(dts, "#size-cells", 2);
}

/* CPU 0 boots; the others spin until released (ePAPR 1.1 §5.5.2), which the tree calls disabled. */
static void node_cpu(Dts *dts, const Nodes *nodes, unsigned cpu)
{
    dts_begin(dts, "PowerPC,%s@%x", nodes->cpu, cpu);
    dts_string(dts, "device_type", "cpu");
    dts_u32(dts, "reg", cpu);
    dts_u32(dts, "timebase-frequency", nodes->tb_hz);
    dts_u32(dts, "clock-frequency", nodes->clock_hz);
    dts_u32(dts, "bus-frequency", nodes->bus_hz);
    dts_u32(dts, "d-cache-line-size", nodes->cache_line);
    dts_u32(dts, "i-cache-line-size", nodes->cache_line);
    dts_u32(dts, "d-cache-size", CACHE_SIZE);
    dts_u32(dts, "i-cache-size", CACHE_SIZE);
    if (cpu == 0) {
        dts_string(dts, "status", "okay");
    } else {
        dts_string(dts, "status", "disabled");
        dts_string(dts, "enable-method", "spin-table");
        dts_u64(dts, "cpu-release-addr", nodes->spin_table + (uint64_t)cpu * NODES_SPIN_ENTRY_SIZE);
    }
    dts_end(dts);
}

static void node_cpus(Dts *dts, const Nodes *nodes)
{
    dts_begin(dts, "cpus");
    dts_u32(dts, "#address-cells", 1);
    dts_u32(dts, "#size-cells", 0);
    for (unsigned i = 0; i < nodes->n_cpus; i++)
        node_cpu(dts, nodes, i);
    dts_end(dts);
}

static void node_memory(Dts *dts, const Nodes *nodes)
{
    dts_begin(dts, "memory@0");
    dts_string(dts, "device_type", "memory");
    DTS_CELLS(dts, "reg", 0, 0, (uint32_t)(nodes->ram_size >> 32), (uint32_t)nodes->ram_size);
    dts_end(dts);
}

/* One cell where that is enough, as QEMU does: older boot loaders, which are still in use, do not read two. */
static void put_gpa(Dts *dts, const char *name, uint64_t gpa)
{
    if (gpa <= UINT32_MAX)
        dts_u32(dts, name, (uint32_t)gpa);
    else
        dts_u64(dts, name, gpa);
}

static void node_chosen(Dts *dts, const Nodes *nodes)
{
    dts_begin(dts, "chosen");
    if (nodes->bootargs)
        dts_string(dts, "bootargs", nodes->bootargs);
    if (nodes->kernel_start != nodes->kernel_end) { /* Not in any specification: QEMU's property, which U-Boot reads. */
        uint64_t size = nodes->kernel_end - nodes->kernel_start;
        DTS_CELLS(dts, "qemu,boot-kernel", (uint32_t)(nodes->kernel_start >> 32), (uint32_t)nodes->kernel_start,
                  (uint32_t)(size >> 32), (uint32_t)size);
    }
    if (nodes->initrd_start != nodes->initrd_end) {
        put_gpa(dts, "linux,initrd-start", nodes->initrd_start);
        put_gpa(dts, "linux,initrd-end", nodes->initrd_end);
    }
    if (nodes->stdout_path)
        dts_string(dts, "stdout-path", nodes->stdout_path);
    dts_bytes(dts, "rng-seed", nodes->rng_seed, sizeof nodes->rng_seed);
    dts_end(dts);
}

static void node_aliases(Dts *dts, const Nodes *nodes)
{
    if (!nodes->aliases)
        return;
    dts_begin(dts, "aliases");
    for (const NodesAlias *a = nodes->aliases; a->name; a++)
        dts_string(dts, a->name, a->path);
    dts_end(dts);
}

const char *const *nodes_hypervisor_compatible(const Nodes *nodes)
{
    static const char *const lists[2][2][5] = {
        {{"linux,kvm", "epapr,hypervisor-1"}, {"linux,kvm", "epapr,hypervisor-1", "simple-bus"}},
        {{"linux,kvm", "fsl,embedded-hypervisor-v1.3", "epapr,hypervisor-1"},
         {"linux,kvm", "fsl,embedded-hypervisor-v1.3", "epapr,hypervisor-1", "simple-bus"}},
    };

    return lists[(nodes->present & HCALL_NEED_PARTITION) != 0][nodes->has_handles];
}

static void node_hypervisor(Dts *dts, const Nodes *nodes)
{
    if (nodes->n_hcall_instructions == 0)
        return;
    dts_begin(dts, "hypervisor");
    dts_strings(dts, "compatible", nodes_hypervisor_compatible(nodes));
    dts_cells(dts, "hcall-instructions", nodes->hcall_instructions, nodes->n_hcall_instructions);
#define PROMISE(property, need)             \
    if (nodes->present & HCALL_NEED_##need) \
        dts_empty(dts, property);
#define PROMISE_CELLS(property, need, ...)  \
    if (nodes->present & HCALL_NEED_##need) \
        DTS_CELLS(dts, property, __VA_ARGS__);
#include "dts/promises.def"
#undef PROMISE
    for (const NodesAlias *s = nodes->hypervisor; s && s->name; s++)
        dts_string(dts, s->name, s->path);
    if (nodes->describe_hypervisor)
        nodes->describe_hypervisor(nodes->opaque, dts);
    dts_end(dts);
}

void nodes_describe(Dts *dts, const Nodes *nodes)
{
    node_aliases(dts, nodes);
    node_chosen(dts, nodes);
    node_cpus(dts, nodes);
    node_memory(dts, nodes);
    node_hypervisor(dts, nodes);
}
