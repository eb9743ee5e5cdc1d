/* SPDX-License-Identifier: MIT
 *
 * A user's tree made true: docs/decisions/003-a-users-tree.md says what is put in, what is removed
 * and why.
 */
#include <libfdt.h>
#include <string.h>

#include "dts/nodes.h"
#include "hcall/hcall.h"

typedef struct Adopt {
    void *fdt;
    const Nodes *nodes;
    GPtrArray *reports;
    int error; /* first libfdt error: sticky */
    const char *step;
} Adopt;

static void report(Adopt *a, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void report(Adopt *a, const char *format, ...)
{
    va_list args;

    if (!a->reports)
        return;
    va_start(args, format);
    char *line = g_strdup_vprintf(format, args);
    va_end(args);
    for (char *c = line; *c; c++) {
        if (!g_ascii_isprint(*c)) /* the file's own names: one line, no play with the terminal */
            *c = '?';
    }
    g_ptr_array_add(a->reports, line);
}

/* Notes a libfdt error with what was being done; true when all is well so far. */
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

static size_t hcall_words(const Nodes *nodes, fdt32_t words[4])
{
    for (unsigned i = 0; i < nodes->n_hcall_instructions; i++)
        words[i] = cpu_to_fdt32(nodes->hcall_instructions[i]);
    return nodes->n_hcall_instructions * sizeof words[0];
}

static void drop(Adopt *a, int node, const char *property, const char *why)
{
    g_autofree char *path = node_path(a, node);

    report(a, "%s: property '%s' %s; removed", path, property, why);
    ok(a, fdt_delprop(a->fdt, node, property), property);
}

/* Linux takes hcall-instructions and has-idle from whichever node has them, so every node is looked
 * at. */
static void drop_false_promises(Adopt *a)
{
    fdt32_t words[4];
    size_t size = hcall_words(a->nodes, words);

    for (int node = 0; node >= 0 && a->error == 0; node = fdt_next_node(a->fdt, node, NULL)) {
        int len;
        const void *value;

        while (a->error == 0 && (value = fdt_getprop(a->fdt, node, "hcall-instructions", &len)) &&
               (size == 0 || (size_t)len != size || memcmp(value, words, size)))
            drop(a, node, "hcall-instructions", "is not this machine's hypercall");
#define PROMISE(property, need)                                                            \
    while (a->error == 0 && /* a damaged file may have it twice */                         \
           !(a->nodes->n_hcall_instructions && (a->nodes->present & HCALL_NEED_##need)) && \
           fdt_getprop(a->fdt, node, property, NULL))                                      \
        drop(a, node, property, "promises what this machine does not do");
#include "dts/promises.def"
#undef PROMISE
    }
}

static void adopt_hypervisor(Adopt *a)
{
    fdt32_t words[4];
    size_t size = hcall_words(a->nodes, words);

    if (size == 0)
        return;
    int node = child(a, "hypervisor");
    if (a->error == 0 && !fdt_getprop(a->fdt, node, "compatible", NULL))
        set_strings(a, node, "compatible", nodes_hypervisor_compatible(a->nodes));
    set_bytes(a, node, "hcall-instructions", words, size);
#define PROMISE(property, need)                \
    if (a->nodes->present & HCALL_NEED_##need) \
        set_bytes(a, node, property, "", 0);
#define PROMISE_CELLS(property, need, ...)     \
    if (a->nodes->present & HCALL_NEED_##need) \
        set_cells(a, node, property, (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4);
#include "dts/promises.def"
#undef PROMISE
    for (const NodesAlias *s = a->nodes->hypervisor; s && s->name; s++)
        set_string(a, node, s->name, s->path);
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
    set_bytes(a, node, "rng-seed", n->rng_seed, sizeof n->rng_seed);
}

static int next_of_type(const Adopt *a, int after, const char *type)
{
    return fdt_node_offset_by_prop_value(a->fdt, after, "device_type", type, (int)strlen(type) + 1);
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

/* The size is -m's: a zero reg is a blank for the loader to fill in, any other differing one is
 * false. */
static void adopt_memory(Adopt *a)
{
    fdt32_t reg[4];
    size_t size = memory_reg(a, reg);
    int node = next_of_type(a, -1, "memory"), len, other;

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
            report(a, "%s: property 'reg' is not this machine's RAM; replaced", path);
        }
    }
    set_bytes(a, node, "reg", reg, size);
    while (a->error == 0 && (other = next_of_type(a, node, "memory")) >= 0) {
        g_autofree char *path = node_path(a, other);
        report(a, "%s: memory that this machine does not have; removed", path);
        ok(a, fdt_del_node(a->fdt, other), "memory");
    }
}

/* A CPU beyond -smp would be released by a guest and never answer. */
static void drop_missing_cpus(Adopt *a)
{
    int node = -1;

    while (a->error == 0 && (node = next_of_type(a, node, "cpu")) >= 0) {
        int len;
        const fdt32_t *reg = fdt_getprop(a->fdt, node, "reg", &len);

        if (!reg || len < 4 || fdt32_to_cpu(reg[len / 4 - 1]) < a->nodes->n_cpus)
            continue;
        g_autofree char *path = node_path(a, node);
        report(a, "%s: this machine has %u CPU%s; removed", path, a->nodes->n_cpus, a->nodes->n_cpus == 1 ? "" : "s");
        ok(a, fdt_del_node(a->fdt, node), "cpu");
        node = -1; /* offsets moved: from the start */
    }
}

/* Has this machine something of that kind (the node's first compatible) with that handle? */
static bool has_handle(const Adopt *a, int node, fdt32_t handle)
{
    const void *own = g_bytes_get_data(a->nodes->own, NULL);
    int len;
    const char *kind = fdt_getprop(a->fdt, node, "compatible", &len);

    if (!kind || len <= 0 || !memchr(kind, '\0', (size_t)len))
        return true; /* nobody looks for it */
    for (int n = -1; (n = fdt_node_offset_by_prop_value(own, n, "hv-handle", &handle, 4)) >= 0;) {
        if (fdt_node_check_compatible(own, n, kind) == 0)
            return true;
    }
    return false;
}

static void drop_missing_handles(Adopt *a)
{
    for (int node = 0; node >= 0 && a->error == 0 && a->nodes->own;) {
        int len;
        const fdt32_t *handle = fdt_getprop(a->fdt, node, "hv-handle", &len);

        if (!handle || len != 4 || has_handle(a, node, *handle)) {
            node = fdt_next_node(a->fdt, node, NULL);
            continue;
        }
        g_autofree char *path = node_path(a, node);
        report(a, "%s: this machine has nothing of that kind with handle 0x%x; removed", path, fdt32_to_cpu(*handle));
        ok(a, fdt_del_node(a->fdt, node), "hv-handle");
        node = 0; /* offsets moved: from the start */
    }
}

static size_t strings_size(const NodesAlias *s)
{
    size_t size = 0;

    for (; s && s->name; s++)
        size += strlen(s->name) + strlen(s->path) + 32;
    return size;
}

GBytes *nodes_adopt(GBytes *dtb, const Nodes *nodes, GPtrArray *reports, GError **error)
{
    size_t size;
    const void *data = g_bytes_get_data(dtb, &size);
    size_t room = size + 4096 + strings_size(nodes->hypervisor) + (nodes->bootargs ? strlen(nodes->bootargs) : 0) +
                  (nodes->compatible ? strlen(nodes->compatible) : 0);
    g_autofree void *fdt = g_malloc0(room);
    Adopt a = {.fdt = fdt, .nodes = nodes, .reports = reports};

    if (ok(&a, fdt_open_into(data, fdt, (int)room), "header")) {
        drop_false_promises(&a);
        drop_missing_cpus(&a);
        drop_missing_handles(&a);
        if (a.error == 0)
            adopt_memory(&a);
        if (a.error == 0)
            adopt_chosen(&a);
        if (a.error == 0)
            adopt_hypervisor(&a);
        if (nodes->compatible)
            set_string(&a, 0, "compatible", nodes->compatible);
        if (a.error == 0)
            ok(&a, fdt_pack(fdt), "packing");
    }
    if (a.error) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the given device tree cannot be completed: %s: %s", a.step,
                    fdt_strerror(a.error));
        return NULL;
    }
    room = fdt_totalsize(fdt);
    return g_bytes_new_take(g_steal_pointer(&fdt), room);
}
