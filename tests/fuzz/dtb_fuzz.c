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
    g_autoptr(GPtrArray) reports = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GBytes) tree = nodes_adopt(dtb, &bare, reports, &error);
    g_assert_true(!tree == !!error);
    if (tree) {
        gsize tree_size;
        const void *fdt = g_bytes_get_data(tree, &tree_size);
        check_tree(fdt, tree_size);
    }
    for (guint i = 0; i < reports->len; i++)
        g_assert_null(strchr(reports->pdata[i], '\n'));
    return 0;
}
