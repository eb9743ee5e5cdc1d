/* SPDX-License-Identifier: MIT
 *
 * A -dtb file: what passes the check can be completed into a tree that is whole, and promises
 * nothing that is not kept.
 */
#include <libfdt.h>
#include <string.h>

#include "dts/nodes.h"
#include "platform/image/loader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A machine that keeps no promise at all: none may be left in any node. */
static const Nodes bare = {
    .cpu = "e500mc",
    .n_cpus = 1,
    .ram_size = UINT64_C(128) << 20,
    .bootargs = "console=ttyS0",
    .initrd_start = 0x1000000,
    .initrd_end = 0x1100000,
};

static void check_tree(const void *fdt, gsize size)
{
    static const char *const promises[] = {
#define PROMISE(property, needs) property,
#include "dts/promises.def"
#undef PROMISE
        "hcall-instructions",
    };
    g_assert_cmpint(fdt_check_full(fdt, size), ==, 0);
    for (int node = 0, depth = 0; node >= 0; node = fdt_next_node(fdt, node, &depth)) {
        for (size_t i = 0; i < G_N_ELEMENTS(promises); i++)
            g_assert_null(fdt_getprop(fdt, node, promises[i], NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(GBytes) dtb = image_check_dtb_bytes("fuzz", bytes, &error);
    g_assert_true(!dtb == !!error);
    if (!dtb)
        return 0;
    g_autoptr(NodesReport) report = nodes_report_new();
    g_autoptr(GBytes) adopted = nodes_adopt(dtb, &bare, report, &error);
    g_assert_true(!adopted == !!error);
    g_autoptr(GBytes) tree = adopted ? nodes_renew(adopted, &bare, &error) : NULL;
    g_assert_true(!tree == !!error);
    if (tree) {
        gsize tree_size;
        const void *fdt = g_bytes_get_data(tree, &tree_size);
        check_tree(fdt, tree_size);
    }
    g_assert_cmpuint(report->lines->len, <=, NODES_REPORT_LINES);
    for (guint i = 0; i < report->lines->len; i++)
        g_assert_null(strchr(report->lines->pdata[i], '\n'));
    /* A token has four bytes at least; each is copied or skipped, and looked at once more before that. */
    g_assert_cmpuint(report->steps, <=, 3 * (size / 4));
    return 0;
}
