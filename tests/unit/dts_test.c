/* SPDX-License-Identifier: MIT */
#include "dts/dts.h"
#include "tests/unit/unit.h"

#include <libfdt.h>
#include <string.h>

static Dts *rooted(void)
{
    Dts *dts = dts_new();
    dts_begin(dts, "%s", "");
    return dts;
}

static void expect_error(Dts *dts, const char *path, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(dts_finish(dts, &error));
    g_assert_nonnull(error);
    if (!strstr(error->message, path) || !strstr(error->message, words))
        g_error("'%s' lacks '%s' or '%s'", error->message, path, words);
    dts_free(dts);
}

static GBytes *finish(Dts *dts)
{
    g_autoptr(GError) error = NULL;
    GBytes *tree = dts_finish(dts, &error);
    g_assert_no_error(error);
    dts_free(dts);
    g_assert_cmpint(fdt_check_full(g_bytes_get_data(tree, NULL), g_bytes_get_size(tree)), ==, 0);
    return tree;
}

static void test_properties(void)
{
    Dts *dts = dts_new();
    dts_reserve(dts, 0x123456789, 0x1000);
    dts_begin(dts, "%s", "");
    dts_begin(dts, "node@%x", 0x4500);
    dts_empty(dts, "empty");
    dts_u32(dts, "u32", 0x01020304);
    dts_u64(dts, "u64", UINT64_C(0x0102030405060708));
    DTS_CELLS(dts, "cells", 1, 2);
    dts_string(dts, "string", "one");
    dts_strings(dts, "strings", (const char *const[]){"a", "bc", NULL});
    dts_bytes(dts, "bytes", "\xff\x00\xee", 3);
    dts_end(dts);
    dts_end(dts);
    g_autoptr(GBytes) tree = finish(dts);

    const void *fdt = g_bytes_get_data(tree, NULL);
    static const struct {
        const char *name, *data;
        int size;
    } want[] = {
        {"empty", "", 0},     {"u32", "\1\2\3\4", 4},  {"u64", "\1\2\3\4\5\6\7\10", 8}, {"cells", "\0\0\0\1\0\0\0\2", 8},
        {"string", "one", 4}, {"strings", "a\0bc", 5}, {"bytes", "\xff\x00\xee", 3},
    };
    int node = fdt_path_offset(fdt, "/node@4500");
    g_assert_cmpint(node, >, 0);
    FOR_ROWS (i, want) {
        int size = -1;
        const void *data = fdt_getprop(fdt, node, want[i].name, &size);
        g_assert_nonnull(data);
        g_assert_cmpmem(data, size, want[i].data, want[i].size);
    }
    uint64_t gpa, size;
    g_assert_cmpint(fdt_num_mem_rsv(fdt), ==, 1);
    g_assert_cmpint(fdt_get_mem_rsv(fdt, 0, &gpa, &size), ==, 0);
    g_assert_cmphex(gpa, ==, 0x123456789);
    g_assert_cmphex(size, ==, 0x1000);
}

static void test_grows(void)
{
    Dts *dts = rooted();
    g_autofree char *big = g_malloc0(300000);
    dts_bytes(dts, "big", big, 300000);
    for (int i = 0; i < 5000; i++) {
        dts_begin(dts, "node@%x", i);
        dts_u32(dts, "reg", i);
        dts_end(dts);
    }
    dts_end(dts);
    g_autoptr(GBytes) tree = finish(dts);
    g_assert_cmpint(fdt_path_offset(g_bytes_get_data(tree, NULL), "/node@1387"), >, 0);
}

static void test_phandles(void)
{
    Dts *dts = rooted();
    dts_u32(dts, "interrupt-parent", dts_ref(dts, "mpic"));
    dts_u32(dts, "msi", dts_ref(dts, "msi"));
    dts_begin(dts, "pic");
    dts_phandle(dts, "mpic");
    dts_end(dts);
    dts_begin(dts, "msi");
    dts_phandle(dts, "msi");
    dts_end(dts);
    dts_end(dts);
    g_autoptr(GBytes) tree = finish(dts);
    const void *fdt = g_bytes_get_data(tree, NULL);
    const fdt32_t *parent = fdt_getprop(fdt, 0, "interrupt-parent", NULL);
    const fdt32_t *msi = fdt_getprop(fdt, 0, "msi", NULL);
    g_assert_cmpint(fdt_node_offset_by_phandle(fdt, fdt32_ld(parent)), ==, fdt_path_offset(fdt, "/pic"));
    g_assert_cmpint(fdt_node_offset_by_phandle(fdt, fdt32_ld(msi)), ==, fdt_path_offset(fdt, "/msi"));
}

static void test_phandle_missing(void)
{
    Dts *dts = rooted();
    dts_u32(dts, "interrupt-parent", dts_ref(dts, "mpic"));
    dts_end(dts);
    expect_error(dts, "/", "mpic");
}

static void test_errors(void)
{
    Dts *dts = rooted();
    dts_begin(dts, "soc@1");
    dts_begin(dts, "serial@2");
    dts_end(dts);
    dts_u32(dts, "late", 1);
    dts_u32(dts, "later", 1); /* the first one stays */
    dts_end(dts);
    dts_end(dts);
    expect_error(dts, "/soc@1:", "'late' after a subnode");

    dts = rooted();
    dts_begin(dts, "a");
    dts_u32(dts, "x", 1);
    dts_empty(dts, "x");
    dts_end(dts);
    dts_end(dts);
    expect_error(dts, "/a:", "'x' twice");

    dts = rooted();
    for (int i = 0; i < 2; i++) {
        dts_begin(dts, "a");
        dts_end(dts);
    }
    dts_end(dts);
    expect_error(dts, "/:", "'a' twice");

    dts = rooted();
    dts_begin(dts, "a");
    dts_begin(dts, "b");
    expect_error(dts, "/a/b:", "not closed");

    dts = rooted();
    dts_end(dts);
    dts_end(dts);
    expect_error(dts, "/", "end without begin");

    dts = dts_new();
    expect_error(dts, "/", "no root");

    dts = dts_new();
    dts_u32(dts, "x", 1);
    expect_error(dts, "/", "outside the root");

    dts = rooted();
    dts_begin(dts, "a");
    dts_phandle(dts, "p");
    dts_end(dts);
    dts_begin(dts, "b");
    dts_phandle(dts, "p");
    dts_end(dts);
    dts_end(dts);
    expect_error(dts, "/b:", "'p'");

    dts = rooted();
    dts_reserve(dts, 0, 1);
    dts_end(dts);
    expect_error(dts, "/", "reservation");

    dts = rooted();
    dts_begin(dts, "a/b");
    dts_end(dts);
    dts_end(dts);
    expect_error(dts, "/:", "no node name");
}

UNIT_TESTS(dts)
{
    g_test_add_func("/dts/properties-are-big-endian-and-exact", test_properties);
    g_test_add_func("/dts/a-big-tree-grows-its-buffer", test_grows);
    g_test_add_func("/dts/a-phandle-may-be-used-before-it-is-given", test_phandles);
    g_test_add_func("/dts/a-phandle-nobody-gives-is-an-error", test_phandle_missing);
    g_test_add_func("/dts/the-first-error-stays-and-names-the-node", test_errors);
}
