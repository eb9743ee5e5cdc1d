/* SPDX-License-Identifier: MIT */
#include "dts/nodes.h"
#include "tests/unit/unit.h"

#include <libfdt.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "hcall/hcall.h"

static const uint64_t ALL = HCALL_NEED_IDLE | HCALL_NEED_RESET | HCALL_NEED_SHUTDOWN;

static Nodes a_machine(void)
{
    static const NodesAlias aliases[] = {{"serial0", "/soc/serial"}, {NULL, NULL}};
    static const char *const compatible[] = {"fsl,qemu-e500", NULL};
    return (Nodes){
        .model = "QEMU ppce500",
        .board_compatible = compatible,
        .cpu = "e500mc",
        .n_cpus = 2,
        .tb_hz = 400000000,
        .clock_hz = 400000000,
        .bus_hz = 400000000,
        .cache_line = 64,
        .spin_table = UINT64_C(0xfef000000),
        .ram_size = UINT64_C(5) << 30,
        .bootargs = "console=ttyS0",
        .kernel_start = 0x2000000,
        .kernel_end = 0x2abcdef,
        .initrd_start = 0x3000000,
        .initrd_end = 0x3123456,
        .aliases = aliases,
        .hcall_instructions = {0x44000022, 0x60000000, 0x60000000, 0x60000000},
        .n_hcall_instructions = 4,
        .present = (unsigned)ALL,
    };
}

static GBytes *tree_of(const Nodes *nodes)
{
    g_autoptr(GError) error = NULL;
    Dts *dts = dts_new();

    nodes_root(dts, nodes);
    nodes_describe(dts, nodes);
    dts_end(dts);
    GBytes *tree = dts_finish(dts, &error);
    g_assert_no_error(error);
    dts_free(dts);
    g_assert_cmpint(fdt_check_full(g_bytes_get_data(tree, NULL), g_bytes_get_size(tree)), ==, 0);
    return tree;
}

static const void *prop(GBytes *tree, const char *path, const char *name, int *len)
{
    const void *fdt = g_bytes_get_data(tree, NULL);
    int node = fdt_path_offset(fdt, path);

    return node < 0 ? NULL : fdt_getprop(fdt, node, name, len);
}

static bool has(GBytes *tree, const char *path, const char *name)
{
    return prop(tree, path, name, NULL) != NULL;
}

static void assert_string(GBytes *tree, const char *path, const char *name, const char *want)
{
    int len = 0;
    const char *value = prop(tree, path, name, &len);

    g_assert_nonnull(value);
    g_assert_cmpint(len, ==, (int)strlen(want) + 1);
    g_assert_cmpstr(value, ==, want);
}

static void assert_cells(GBytes *tree, const char *path, const char *name, unsigned n, const uint32_t *want)
{
    int len = 0;
    const fdt32_t *value = prop(tree, path, name, &len);

    g_assert_nonnull(value);
    g_assert_cmpint(len, ==, (int)(n * 4));
    for (unsigned i = 0; i < n; i++)
        g_assert_cmphex(fdt32_to_cpu(value[i]), ==, want[i]);
}

#define ASSERT_CELLS(tree, path, name, ...) \
    assert_cells(tree, path, name, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})

static void whole_machine(void)
{
    Nodes nodes = a_machine();
    g_autoptr(GBytes) tree = tree_of(&nodes);

    assert_string(tree, "/", "compatible", "fsl,qemu-e500");
    assert_string(tree, "/", "model", "QEMU ppce500");
    ASSERT_CELLS(tree, "/memory@0", "reg", 0, 0, 1, 0x40000000);
    assert_string(tree, "/chosen", "bootargs", "console=ttyS0");
    ASSERT_CELLS(tree, "/chosen", "qemu,boot-kernel", 0, 0x2000000, 0, 0xabcdef);
    ASSERT_CELLS(tree, "/chosen", "linux,initrd-start", 0x3000000);
    ASSERT_CELLS(tree, "/chosen", "linux,initrd-end", 0x3123456);
    assert_string(tree, "/aliases", "serial0", "/soc/serial");
    assert_string(tree, "/cpus/PowerPC,e500mc@0", "status", "okay");
    ASSERT_CELLS(tree, "/cpus/PowerPC,e500mc@0", "timebase-frequency", 400000000);
    g_assert_false(has(tree, "/cpus/PowerPC,e500mc@0", "enable-method"));
    assert_string(tree, "/cpus/PowerPC,e500mc@1", "status", "disabled");
    assert_string(tree, "/cpus/PowerPC,e500mc@1", "enable-method", "spin-table");
    ASSERT_CELLS(tree, "/cpus/PowerPC,e500mc@1", "cpu-release-addr", 0xf, 0xef000020);
    ASSERT_CELLS(tree, "/hypervisor", "hcall-instructions", 0x44000022, 0x60000000, 0x60000000, 0x60000000);
    int len = 0;
    const char *compatible = prop(tree, "/hypervisor", "compatible", &len);
    g_assert_cmpmem(compatible, (size_t)len, "linux,kvm\0epapr,hypervisor-1", 29);
}

static void nothing_optional(void)
{
    Nodes nodes = a_machine();
    nodes.bootargs = NULL;
    nodes.kernel_start = nodes.kernel_end = nodes.initrd_start = nodes.initrd_end = 0;
    nodes.aliases = NULL;
    nodes.n_hcall_instructions = 0;
    nodes.compatible = "acme,board";
    g_autoptr(GBytes) tree = tree_of(&nodes);

    assert_string(tree, "/", "compatible", "acme,board");
    g_assert_false(has(tree, "/chosen", "bootargs"));
    g_assert_false(has(tree, "/chosen", "qemu,boot-kernel"));
    g_assert_false(has(tree, "/chosen", "linux,initrd-start"));
    g_assert_cmpint(fdt_path_offset(g_bytes_get_data(tree, NULL), "/aliases"), <, 0);
    g_assert_cmpint(fdt_path_offset(g_bytes_get_data(tree, NULL), "/hypervisor"), <, 0);
}

/* What stands in the tree against what is present; `tree` has /hypervisor. */
static void assert_promises(GBytes *tree, unsigned present)
{
#define PROMISE(property, need)                                                                                     \
    do {                                                                                                            \
        int len = -1;                                                                                               \
        g_assert_cmpint(prop(tree, "/hypervisor", property, &len) != NULL, ==, (present & HCALL_NEED_##need) != 0); \
        if (present & HCALL_NEED_##need)                                                                            \
            g_assert_cmpint(len, ==, 0);                                                                            \
    } while (0);
#include "dts/promises.def"
#undef PROMISE
}

static bool yes(void *opaque, unsigned vcpu)
{
    return true;
}

/* A promise stands ⇔ the call is served: the table of hypercalls, the tree and dispatch say the
 * same. */
static void promise_is_served(void)
{
    static const HcallServices services = {.request_reset = yes, .request_shutdown = yes};

    for (unsigned present = 0; present <= ALL; present++) {
        HcallEnv env = {.present = present, .services = &services};
        Nodes nodes = a_machine();
        nodes.present = present;
        g_autoptr(GBytes) tree = tree_of(&nodes);

        assert_promises(tree, present);
        for (unsigned id = 0; id < HCALL_COUNT; id++) {
            VcpuExit exit = {.kind = VCPU_EXIT_EPAPR_HCALL};
            if (hcall_needs(id) == HCALL_NEED_NOTHING)
                continue;
            exit.epapr_hcall.nr = hcall_token(id);
            bool served = hcall_serve(&env, 0, &exit) == HCALL_DEFERRED || exit.epapr_hcall.ret != EV_UNIMPLEMENTED;
#define PROMISE(property, need)               \
    if (hcall_needs(id) == HCALL_NEED_##need) \
        g_assert_cmpint(served, ==, has(tree, "/hypervisor", property));
#include "dts/promises.def"
#undef PROMISE
        }
    }
}

/* Each need but NOTHING has a promise, or a guest could not find the call. */
static void every_need_is_promised(void)
{
    unsigned promised = 0;
#define PROMISE(property, need) promised |= HCALL_NEED_##need;
#define NODE(compatible, need)  promised |= HCALL_NEED_##need;
#include "dts/promises.def"
#undef PROMISE
#define NEED(id, doc)                  \
    if (!(promised & HCALL_NEED_##id)) \
        g_error("dts/promises.def has no row for " #id);
#include "hcall/need.def"
}

static void no_dtc_warning(void)
{
    g_autofree char *dtc = g_find_program_in_path("dtc");
    if (!dtc) {
        g_test_skip("dtc is not installed");
        return;
    }
    Nodes nodes = a_machine();
    nodes.aliases = NULL; /* it names a device, and there is none here */
    g_autoptr(GBytes) tree = tree_of(&nodes);
    g_autoptr(GError) error = NULL;
    g_autofree char *file = NULL, *warnings = NULL;
    int fd = g_file_open_tmp("nodes-XXXXXX.dtb", &file, NULL), status = -1;

    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(file, g_bytes_get_data(tree, NULL), (gssize)g_bytes_get_size(tree), NULL));
    char *argv[] = {dtc, (char *)"-Idtb", (char *)"-Odts", (char *)"-o/dev/null", file, NULL};
    g_assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &warnings, &status, &error));
    g_assert_no_error(error);
    unlink(file);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(warnings, ==, "");
}

/* --- a user's tree */

typedef struct Prop {
    const char *node, *name;
    const void *value;
    size_t size;
} Prop;

/* A tree with root cells of 2 and 2, the nodes that `props` name (children of the root, or nested
 * paths whose parents came before). */
static GBytes *users_tree(const Prop *props, size_t n)
{
    const size_t room = 8192;
    char *fdt = g_malloc0(room);
    fdt32_t two = cpu_to_fdt32(2);

    g_assert_cmpint(fdt_create_empty_tree(fdt, (int)room), ==, 0);
    fdt_setprop(fdt, 0, "#address-cells", &two, 4);
    fdt_setprop(fdt, 0, "#size-cells", &two, 4);
    for (size_t i = 0; i < n; i++) {
        int node = fdt_path_offset(fdt, props[i].node);
        if (node < 0) {
            g_autofree char *parent = g_path_get_dirname(props[i].node);
            g_autofree char *name = g_path_get_basename(props[i].node);
            node = fdt_add_subnode(fdt, fdt_path_offset(fdt, parent), name);
        }
        g_assert_cmpint(node, >=, 0);
        g_assert_cmpint(fdt_setprop(fdt, node, props[i].name, props[i].value, (int)props[i].size), ==, 0);
    }
    fdt_pack(fdt);
    return g_bytes_new_take(fdt, fdt_totalsize(fdt));
}

static GBytes *adopt(GBytes *dtb, const Nodes *nodes, NodesReport *report)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) adopted = nodes_adopt(dtb, nodes, report, &error);
    g_assert_no_error(error);
    GBytes *tree = nodes_renew(adopted, nodes, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fdt_check_full(g_bytes_get_data(tree, NULL), g_bytes_get_size(tree)), ==, 0);
    return tree;
}

static void adopted_gets_all(void)
{
    Nodes nodes = a_machine();
    g_autoptr(NodesReport) report = nodes_report_new();
    g_autoptr(GBytes) file = users_tree(NULL, 0);
    g_autoptr(GBytes) tree = adopt(file, &nodes, report);

    g_assert_cmpuint(report->n, ==, 0);
    assert_promises(tree, (unsigned)ALL);
    ASSERT_CELLS(tree, "/memory@0", "reg", 0, 0, 1, 0x40000000);
    assert_string(tree, "/memory@0", "device_type", "memory");
    assert_string(tree, "/chosen", "bootargs", "console=ttyS0");
    ASSERT_CELLS(tree, "/chosen", "qemu,boot-kernel", 0, 0x2000000, 0, 0xabcdef);
    ASSERT_CELLS(tree, "/chosen", "linux,initrd-start", 0x3000000);
}

static void adopted_keeps_own(void)
{
    static const Prop props[] = {
        {"/chosen", "bootargs", "theirs", 7},
        {"/chosen", "stdout-path", "/x", 3},
        {"/hypervisor", "compatible", "acme,hv", 8},
        {"/hypervisor", "has-reset", "", 0},
        {"/memory", "device_type", "memory", 7},
        {"/memory", "reg", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
        {"/acme", "thing", "1", 2},
    };
    Nodes nodes = a_machine();
    nodes.bootargs = "";
    nodes.stdout_path = "/acme";
    g_autoptr(NodesReport) report = nodes_report_new();
    g_autoptr(GBytes) file = users_tree(props, G_N_ELEMENTS(props));
    g_autoptr(GBytes) tree = adopt(file, &nodes, report);

    g_assert_cmpuint(report->n, ==, 0);
    assert_string(tree, "/chosen", "bootargs", "theirs");
    assert_string(tree, "/chosen", "stdout-path", "/x");
    assert_string(tree, "/hypervisor", "compatible", "acme,hv");
    assert_string(tree, "/acme", "thing", "1");
    ASSERT_CELLS(tree, "/memory", "reg", 0, 0, 1, 0x40000000);
    assert_promises(tree, (unsigned)ALL);
}

static void false_promises_go(void)
{
    static const Prop props[] = {
        {"/hypervisor", "has-reset", "", 0},
        {"/hypervisor", "kvm,has-shutdown", "", 0},
        {"/hypervisor", "hcall-instructions", "\x44\0\0\2", 4},
        {"/other", "has-reset", "", 0},
        {"/other", "has-idle", "", 0},
        {"/chosen", "linux,initrd-start", "\0\0\0\1", 4},
        {"/chosen", "qemu,boot-kernel", "", 0},
        {"/memory@7", "device_type", "memory", 7}, /* libfdt puts later ones first */
        {"/memory@0", "device_type", "memory", 7},
        {"/memory@0", "reg", "\0\0\0\0\0\0\0\0\0\0\0\7\0\0\0\0", 16},
        {"/cpus", "#address-cells", "\0\0\0\1", 4},
        {"/cpus/cpu@1", "device_type", "cpu", 4},
        {"/cpus/cpu@1", "reg", "\0\0\0\1", 4},
        {"/cpus/cpu@2", "device_type", "cpu", 4},
        {"/cpus/cpu@2", "reg", "\0\0\0\2", 4},
        {"/cpus/cpu@3", "device_type", "cpu", 4},
        {"/cpus/cpu@3", "reg", "\0\0\0\3", 4},
    };
    static const char *const want[] = {
        "/hypervisor: property 'hcall-instructions' is not this machine's hypercall; removed",
        "/hypervisor: property 'has-reset' promises what this machine does not do; removed",
        "/other: property 'has-reset' promises what this machine does not do; removed",
        "/cpus/cpu@2: this machine has 2 vCPUs; removed",
        "/cpus/cpu@3: this machine has 2 vCPUs; removed",
        "/memory@0: property 'reg' is not this machine's RAM; replaced",
        "/memory@7: memory that this machine does not have; removed",
        "/chosen: property 'qemu,boot-kernel' names a kernel that is not there; removed",
        "/chosen: property 'linux,initrd-start' names an initrd that is not there; removed",
    };
    Nodes nodes = a_machine();
    nodes.present = HCALL_NEED_IDLE | HCALL_NEED_SHUTDOWN;
    nodes.kernel_start = nodes.kernel_end = nodes.initrd_start = nodes.initrd_end = 0;
    g_autoptr(NodesReport) report = nodes_report_new();
    g_autoptr(GBytes) file = users_tree(props, G_N_ELEMENTS(props));
    g_autoptr(GBytes) tree = adopt(file, &nodes, report);

    FOR_ROWS (i, want) {
        bool found = false;
        for (unsigned r = 0; r < report->lines->len; r++)
            found = found || g_str_equal(report->lines->pdata[r], want[i]);
        if (!found)
            g_test_message("missing: %s", want[i]);
        g_assert_true(found);
    }
    g_assert_cmpuint(report->n, ==, G_N_ELEMENTS(want));
    assert_promises(tree, nodes.present);
    g_assert_false(has(tree, "/other", "has-reset"));
    g_assert_true(has(tree, "/other", "has-idle"));
    ASSERT_CELLS(tree, "/hypervisor", "hcall-instructions", 0x44000022, 0x60000000, 0x60000000, 0x60000000);
    g_assert_true(has(tree, "/cpus/cpu@1", "reg"));
    g_assert_false(has(tree, "/cpus/cpu@2", "reg"));
}

static void adopted_twice_is_the_same(void)
{
    Nodes nodes = a_machine();
    g_autoptr(NodesReport) report = nodes_report_new();
    g_autoptr(GBytes) made = tree_of(&nodes);
    g_autoptr(GBytes) once = adopt(made, &nodes, report);
    g_autoptr(GBytes) twice = adopt(once, &nodes, report);

    g_assert_cmpuint(report->n, ==, 0);
    g_assert_true(g_bytes_equal(once, twice));
}

static void unfit_cells(void)
{
    Nodes nodes = a_machine();
    g_autoptr(GError) error = NULL;
    const Prop props[] = {{"/", "#size-cells", "\0\0\0\1", 4}};
    g_autoptr(GBytes) file = users_tree(props, 1);

    g_autoptr(NodesReport) report = nodes_report_new();
    g_assert_null(nodes_adopt(file, &nodes, report, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
    g_assert_nonnull(strstr(error->message, "#size-cells"));
}

/* ---- trees as large as a guest's may be, each of one kind of thing that is false */

typedef void WriteNode(void *fdt, unsigned i);

static void write_promise(void *fdt, unsigned i)
{
    fdt_property(fdt, "hcall-instructions", "\x44\0\0\2", 4);
}

static void write_cpu(void *fdt, unsigned i)
{
    fdt_property_string(fdt, "device_type", "cpu");
    fdt_property_u32(fdt, "reg", 7 + i);
}

static void write_memory(void *fdt, unsigned i)
{
    fdt_property_string(fdt, "device_type", "memory");
}

static void write_handle(void *fdt, unsigned i)
{
    fdt_property_u32(fdt, "hv-handle", i);
    fdt_property_string(fdt, "compatible", "epapr,hv-byte-channel");
}

/* Side by side, or each in the one before. */
static GBytes *large_tree(WriteNode *write, bool nested)
{
    enum { ROOM = 1000 * 1024, NODE = 200 };
    unsigned n = 0, ends = 1;
    char *fdt = g_malloc(ROOM);
    g_assert_cmpint(fdt_create(fdt, ROOM), ==, 0);
    fdt_finish_reservemap(fdt);
    fdt_begin_node(fdt, "");
    fdt_property_u32(fdt, "#address-cells", 2);
    fdt_property_u32(fdt, "#size-cells", 2);
    for (; fdt32_to_cpu(((fdt32_t *)(void *)fdt)[9]) < ROOM - NODE - 4 * ends; n++) {
        char name[16];
        g_snprintf(name, sizeof(name), "n%x", n);
        g_assert_cmpint(fdt_begin_node(fdt, name), ==, 0);
        write(fdt, n);
        if (nested)
            ends++;
        else
            fdt_end_node(fdt);
    }
    while (ends--)
        fdt_end_node(fdt);
    g_assert_cmpint(fdt_finish(fdt), ==, 0);
    g_assert_cmpuint(n, >, 10000);
    return g_bytes_new_take(fdt, fdt_totalsize(fdt));
}

/* Each token is looked at a fixed number of times, however many things are false; and of these some are said, the rest counted. */
static void adopting_is_linear(void)
{
    static WriteNode *const kinds[] = {write_promise, write_cpu, write_memory, write_handle};
    Nodes nodes = a_machine();
    g_autoptr(GBytes) own = tree_of(&nodes);
    nodes.own = own;
    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(kinds); i++) {
        g_autoptr(GBytes) file = large_tree(kinds[i / 2], i % 2);
        g_autoptr(NodesReport) report = nodes_report_new();
        g_autoptr(GBytes) tree = adopt(file, &nodes, report);
        g_assert_cmpuint(report->steps, <=, 3 * (g_bytes_get_size(file) / 4));
        g_assert_cmpuint(report->lines->len, <=, NODES_REPORT_LINES);
        g_assert_cmpuint(report->n, >=, 1);
        if (i % 2 == 0 || kinds[i / 2] == write_promise) { /* else the outermost goes, and all in it */
            g_assert_cmpuint(report->n, >, 10000);
            g_assert_cmpuint(report->lines->len, ==, NODES_REPORT_LINES);
        }
        const char *line = report->lines->pdata[report->lines->len - 1];
        g_assert_cmpuint(strlen(line), <, 300);
    }
}

UNIT_TESTS(dts_nodes)
{
    g_test_add_func("/nodes/describe-the-whole-machine", whole_machine);
    g_test_add_func("/nodes/leave-out-what-is-not-given", nothing_optional);
    g_test_add_func("/nodes/promise-exactly-what-is-served", promise_is_served);
    g_test_add_func("/nodes/every-need-has-a-promise", every_need_is_promised);
    g_test_add_func("/nodes/dtc-has-no-warning", no_dtc_warning);
    g_test_add_func("/nodes/users-tree-gets-what-it-lacks", adopted_gets_all);
    g_test_add_func("/nodes/users-tree-keeps-its-own", adopted_keeps_own);
    g_test_add_func("/nodes/false-promises-are-removed-and-reported", false_promises_go);
    g_test_add_func("/nodes/adopting-twice-changes-nothing", adopted_twice_is_the_same);
    g_test_add_func("/nodes/adopting-takes-steps-as-the-tree-is-long", adopting_is_linear);
    g_test_add_func("/nodes/ram-too-big-for-the-cells-is-an-error", unfit_cells);
}
