/* SPDX-License-Identifier: MIT
 *
 * Makes a user's tree true of this machine: docs/decisions/003-a-users-tree.md says what is put in, what is removed and why.  What is false goes
 * in one pass (prune.c); what is put in is a fixed number of properties, so all of it takes time as the file is long.
 */
#include <libfdt.h>
#include <string.h>

#include "dts/prune.h"
#include "hcall/hcall.h"

typedef struct Adopt {
    void *fdt;
    const Nodes *nodes;
    NodesReport *report;
    int error; /* first libfdt error: sticky */
    const char *step;
} Adopt;

/* Keeps the first libfdt error, and what was being done.  True: there was none so far. */
static bool ok(Adopt *a, int err, const char *step)
{
    if (a->error == 0 && err < 0) {
        a->error = err;
        a->step = step;
    }
    return a->error == 0;
}

static char *node_path(const Adopt *a, int node)
{
    char path[256];

    if (fdt_get_path(a->fdt, node, path, sizeof path) < 0)
        return g_strdup("?");
    return g_strdup(path);
}

/* Offset of the child `name` of the root, made when missing; negative after an error. */
static int child(Adopt *a, const char *name)
{
    int node = fdt_subnode_offset(a->fdt, 0, name);

    if (node == -FDT_ERR_NOTFOUND)
        node = fdt_add_subnode(a->fdt, 0, name);
    ok(a, node, name);
    return node;
}

static void set_bytes(Adopt *a, int node, const char *name, const void *data, size_t size)
{
    if (a->error == 0)
        ok(a, fdt_setprop(a->fdt, node, name, data, (int)size), name);
}

static void set_string(Adopt *a, int node, const char *name, const char *value)
{
    set_bytes(a, node, name, value, strlen(value) + 1);
}

static void set_strings(Adopt *a, int node, const char *name, const char *const *list)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    for (; *list; list++)
        g_byte_array_append(bytes, (const guint8 *)*list, (guint)strlen(*list) + 1);
    set_bytes(a, node, name, bytes->data, bytes->len);
}

static void set_cells(Adopt *a, int node, const char *name, const uint32_t *cells, size_t n)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    for (size_t i = 0; i < n; i++) {
        fdt32_t cell = cpu_to_fdt32(cells[i]);
        g_byte_array_append(bytes, (const guint8 *)&cell, sizeof cell);
    }
    set_bytes(a, node, name, bytes->data, bytes->len);
}

static void set_gpa(Adopt *a, int node, const char *name, uint64_t gpa)
{
    fdt64_t cells = cpu_to_fdt64(gpa);
    unsigned size = gpa <= UINT32_MAX ? 4 : 8;

    set_bytes(a, node, name, (const char *)&cells + sizeof cells - size, size);
}

static void drop(Adopt *a, int node, const char *property, const char *why)
{
    g_autofree char *path = node_path(a, node);

    prune_report(a->report, path, "property '%s' %s; removed", property, why);
    ok(a, fdt_delprop(a->fdt, node, property), property);
}

static void adopt_hypervisor(Adopt *a)
{
    if (a->nodes->n_hcall_instructions == 0)
        return;
    int node = child(a, "hypervisor");
    if (a->error == 0 && !fdt_getprop(a->fdt, node, "compatible", NULL))
        set_strings(a, node, "compatible", nodes_hypervisor_compatible(a->nodes));
    set_cells(a, node, "hcall-instructions", a->nodes->hcall_instructions, a->nodes->n_hcall_instructions);
#define PROMISE(property, need)                \
    if (a->nodes->present & HCALL_NEED_##need) \
        set_bytes(a, node, property, "", 0);
#define PROMISE_CELLS(property, need, ...)     \
    if (a->nodes->present & HCALL_NEED_##need) \
        set_cells(a, node, property, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4);
#include "dts/promises.def"
#undef PROMISE
}

static void adopt_chosen(Adopt *a)
{
    const Nodes *n = a->nodes;
    int node = child(a, "chosen");

    if (n->bootargs && *n->bootargs)
        set_string(a, node, "bootargs", n->bootargs);
    if (n->kernel_start != n->kernel_end) {
        fdt64_t cells[2] = {cpu_to_fdt64(n->kernel_start), cpu_to_fdt64(n->kernel_end - n->kernel_start)};
        set_bytes(a, node, "qemu,boot-kernel", cells, sizeof cells);
    } else if (a->error == 0 && fdt_getprop(a->fdt, node, "qemu,boot-kernel", NULL)) {
        drop(a, node, "qemu,boot-kernel", "names a kernel that is not there");
    }
    if (n->initrd_start != n->initrd_end) {
        set_gpa(a, node, "linux,initrd-start", n->initrd_start);
        set_gpa(a, node, "linux,initrd-end", n->initrd_end);
    } else if (a->error == 0) {
        static const char *const names[] = {"linux,initrd-start", "linux,initrd-end"};
        for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
            if (fdt_getprop(a->fdt, node, names[i], NULL))
                drop(a, node, names[i], "names an initrd that is not there");
    }
    if (a->error == 0 && n->stdout_path && !fdt_getprop(a->fdt, node, "stdout-path", NULL) &&
        fdt_path_offset(a->fdt, n->stdout_path) >= 0)
        set_string(a, node, "stdout-path", n->stdout_path);
}

/* `reg` of a node that describes RAM from 0 on, in the root's cells; size 0: it does not fit. */
static size_t memory_reg(const Adopt *a, fdt32_t reg[4])
{
    int ac = fdt_address_cells(a->fdt, 0), sc = fdt_size_cells(a->fdt, 0);
    size_t n = 0;

    if (ac < 1 || ac > 2 || sc < 1 || sc > 2 || (sc == 1 && a->nodes->ram_size > UINT32_MAX))
        return 0;
    for (int i = 0; i < ac; i++)
        reg[n++] = 0;
    if (sc == 2)
        reg[n++] = cpu_to_fdt32((uint32_t)(a->nodes->ram_size >> 32));
    reg[n++] = cpu_to_fdt32((uint32_t)a->nodes->ram_size);
    return n * sizeof reg[0];
}

static bool all_zero(const uint8_t *data, int size)
{
    for (int i = 0; i < size; i++)
        if (data[i])
            return false;
    return true;
}

/* The size is -m's: a reg of zeros is a blank for the loader to fill in, any other that differs is false.  One node is left. */
static void adopt_memory(Adopt *a)
{
    fdt32_t reg[4];
    size_t size = memory_reg(a, reg);
    int node = fdt_node_offset_by_prop_value(a->fdt, -1, "device_type", "memory", sizeof "memory"), len;

    if (size == 0) {
        ok(a, -FDT_ERR_BADNCELLS, "#address-cells and #size-cells of the root");
        return;
    }
    if (node == -FDT_ERR_NOTFOUND) {
        node = child(a, "memory@0");
        set_string(a, node, "device_type", "memory");
    } else if (ok(a, node, "memory")) {
        const void *value = fdt_getprop(a->fdt, node, "reg", &len);
        if (value && ((size_t)len != size || memcmp(value, reg, size)) && !all_zero(value, len)) {
            g_autofree char *path = node_path(a, node);
            prune_report(a->report, path, "property 'reg' is not this machine's RAM; replaced");
        }
    }
    set_bytes(a, node, "reg", reg, size);
}

static size_t strings_size(const NodesAlias *s)
{
    size_t size = 0;

    for (; s && s->name; s++)
        size += strlen(s->name) + strlen(s->path) + 32;
    return size;
}

static size_t round_up(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

/* A tree with this structure block, the reservations and names of `from`, and room for `more` bytes. */
static void *tree_around(const void *from, const GByteArray *structure, size_t more)
{
    const size_t head = round_up(sizeof(struct fdt_header), 8), names = fdt_size_dt_strings(from);
    const size_t reserved = ((size_t)fdt_num_mem_rsv(from) + 1) * sizeof(struct fdt_reserve_entry);
    const size_t room = head + reserved + structure->len + names + more;
    char *fdt = g_malloc0(room);
    memcpy(fdt + head, (const char *)from + fdt_off_mem_rsvmap(from), reserved);
    memcpy(fdt + head + reserved, structure->data, structure->len);
    memcpy(fdt + head + reserved + structure->len, (const char *)from + fdt_off_dt_strings(from), names);
    fdt_set_magic(fdt, FDT_MAGIC);
    fdt_set_totalsize(fdt, (uint32_t)room);
    fdt_set_off_mem_rsvmap(fdt, (uint32_t)head);
    fdt_set_off_dt_struct(fdt, (uint32_t)(head + reserved));
    fdt_set_off_dt_strings(fdt, (uint32_t)(head + reserved + structure->len));
    fdt_set_version(fdt, 17);
    fdt_set_last_comp_version(fdt, 16);
    fdt_set_boot_cpuid_phys(fdt, fdt_boot_cpuid_phys(from));
    fdt_set_size_dt_struct(fdt, structure->len);
    fdt_set_size_dt_strings(fdt, (uint32_t)names);
    return fdt;
}

/* The packed tree, or NULL with what went wrong. */
static GBytes *finish(Adopt *a, GError **error)
{
    if (a->error == 0)
        ok(a, fdt_pack(a->fdt), "packing");
    if (a->error == 0)
        return g_bytes_new_take(a->fdt, fdt_totalsize(a->fdt));
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the given device tree cannot be completed: %s: %s", a->step,
                fdt_strerror(a->error));
    g_free(a->fdt);
    return NULL;
}

GBytes *nodes_adopt(GBytes *dtb, const Nodes *nodes, NodesReport *report, GError **error)
{
    const void *data = g_bytes_get_data(dtb, NULL);
    g_autoptr(GByteArray) structure = prune_structure(data, nodes, report);
    size_t more = 4096 + (nodes->bootargs ? strlen(nodes->bootargs) : 0) + (nodes->compatible ? strlen(nodes->compatible) : 0);
    Adopt a = {.fdt = tree_around(data, structure, more), .nodes = nodes, .report = report};

    adopt_memory(&a);
    if (a.error == 0)
        adopt_chosen(&a);
    if (a.error == 0)
        adopt_hypervisor(&a);
    if (a.error == 0 && nodes->compatible)
        set_string(&a, 0, "compatible", nodes->compatible);
    return finish(&a, error);
}

GBytes *nodes_renew(GBytes *base, const Nodes *nodes, GError **error)
{
    size_t size;
    const void *data = g_bytes_get_data(base, &size);
    size_t room = size + 1024 + strings_size(nodes->hypervisor);
    Adopt a = {.fdt = g_malloc0(room), .nodes = nodes};

    if (ok(&a, fdt_open_into(data, a.fdt, (int)room), "header"))
        set_bytes(&a, child(&a, "chosen"), "rng-seed", nodes->rng_seed, sizeof nodes->rng_seed);
    if (a.error == 0 && nodes->n_hcall_instructions) {
        int node = child(&a, "hypervisor");
        for (const NodesAlias *s = nodes->hypervisor; s && s->name; s++)
            set_string(&a, node, s->name, s->path);
    }
    return finish(&a, error);
}
