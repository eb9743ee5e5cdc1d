/* SPDX-License-Identifier: MIT */
#include "dts/guest_tree.h"
#include "tests/unit/unit.h"

#include <libfdt.h>
#include <string.h>

typedef struct Fixture {
    GuestTree *tree;
    GBytes *base;
} Fixture;

static GBytes *base_tree(size_t size)
{
    void *fdt = g_malloc0(size);
    g_assert_cmpint(fdt_create_empty_tree(fdt, (int)size), ==, 0);
    g_assert_cmpint(fdt_setprop_string(fdt, 0, "model", "base"), ==, 0);
    g_assert_cmpint(fdt_pack(fdt), ==, 0);
    return g_bytes_new_take(fdt, fdt_totalsize(fdt));
}

static bool boot(Fixture *f)
{
    bool dropped;
    g_autoptr(GBytes) given = guest_tree_boot(f->tree, f->base, &dropped);
    gsize size;
    const void *fdt = g_bytes_get_data(given, &size);
    g_assert_cmpint(fdt_check_full(fdt, size), ==, 0);
    return !dropped;
}

static void up(Fixture *f, gconstpointer unused)
{
    f->tree = guest_tree_new(1 << 20, 0);
    f->base = base_tree(4096);
}

static void down(Fixture *f, gconstpointer unused)
{
    guest_tree_free(f->tree);
    g_bytes_unref(f->base);
}

static void expect(Fixture *f, const char *path, const char *name, const char *wanted)
{
    const void *value;
    uint32_t size;
    EvStatus status = guest_tree_get(f->tree, path, name, &value, &size);
    if (!wanted) {
        g_assert_cmpint(status, ==, EV_ENOENT);
        return;
    }
    g_assert_cmpint(status, ==, EV_SUCCESS);
    g_assert_cmpmem(value, size, wanted, strlen(wanted) + 1);
}

static EvStatus set(Fixture *f, const char *path, const char *name, const char *value)
{
    return guest_tree_set(f->tree, path, name, value, (uint32_t)strlen(value) + 1);
}

static void nothing_before_the_first_boot(Fixture *f, gconstpointer unused)
{
    expect(f, "/", "model", NULL);
    g_assert_cmpint(set(f, "/", "model", "mine"), ==, EV_EINVAL);
}

static void a_change_is_seen_at_once_and_in_each_later_boot(Fixture *f, gconstpointer unused)
{
    g_assert_true(boot(f));
    expect(f, "/", "model", "base");
    g_assert_cmpint(set(f, "/", "model", "mine"), ==, EV_SUCCESS);
    g_assert_cmpint(set(f, "/a/b@1", "x", "new"), ==, EV_SUCCESS);
    for (unsigned i = 0; i < 3; i++) {
        expect(f, "/", "model", "mine");
        expect(f, "/a/b@1", "x", "new");
        g_assert_true(boot(f));
    }
}

static void what_is_forgotten_is_gone_at_the_next_boot(Fixture *f, gconstpointer unused)
{
    g_assert_true(boot(f));
    g_assert_cmpint(set(f, "/a", "x", "new"), ==, EV_SUCCESS);
    guest_tree_forget(f->tree);
    expect(f, "/a", "x", "new"); /* this boot's tree has it */
    g_assert_true(boot(f));
    expect(f, "/a", "x", NULL);
}

static void what_is_no_path_or_name_is_refused(Fixture *f, gconstpointer unused)
{
    static const char *const paths[] = {"",     "a",   "//",  "/a/",    "/a//b",
                                        "/a b", "/@1", "/a@", "/a@1@2", "/abcdefghijabcdefghijabcdefghij32"};
    static const char *const names[] = {"", "a b", "a/b", "a\n", "abcdefghijabcdefghijabcdefghij32"};
    g_autoptr(GString) deep = g_string_new(NULL);

    g_assert_true(boot(f));
    FOR_ROWS (i, paths) {
        g_test_message("path '%s'", paths[i]);
        g_assert_cmpint(set(f, paths[i], "x", "y"), ==, EV_EINVAL);
    }
    FOR_ROWS (i, names)
        g_assert_cmpint(set(f, "/", names[i], "y"), ==, EV_EINVAL);
    for (unsigned i = 0; i < 32; i++)
        g_string_append(deep, "/d");
    g_assert_cmpint(set(f, deep->str, "x", "y"), ==, EV_SUCCESS);
    g_string_append(deep, "/d");
    g_assert_cmpint(set(f, deep->str, "x", "y"), ==, EV_EINVAL);
}

static void the_257th_change_is_one_too_many(Fixture *f, gconstpointer unused)
{
    char name[8];

    g_assert_true(boot(f));
    for (unsigned i = 0; i < 256; i++) {
        g_snprintf(name, sizeof(name), "p%u", i);
        g_assert_cmpint(set(f, "/n", name, "1"), ==, EV_SUCCESS);
    }
    g_assert_cmpint(set(f, "/n", "p256", "1"), ==, EV_ENOMEM);
    expect(f, "/n", "p256", NULL);
    g_assert_cmpint(set(f, "/n", "p7", "again"), ==, EV_SUCCESS); /* in place of the first */
    g_assert_true(boot(f));
    expect(f, "/n", "p7", "again");
    expect(f, "/n", "p255", "1");
}

static void changes_beyond_a_quarter_of_a_megabyte_are_too_many(Fixture *f, gconstpointer unused)
{
    g_autofree char *value = g_strnfill(100000, 'v');

    g_assert_true(boot(f));
    g_assert_cmpint(set(f, "/n", "a", value), ==, EV_SUCCESS);
    g_assert_cmpint(set(f, "/n", "b", value), ==, EV_SUCCESS);
    g_assert_cmpint(set(f, "/n", "c", value), ==, EV_ENOMEM);
    expect(f, "/n", "c", NULL);
    g_assert_cmpint(set(f, "/n", "a", "short"), ==, EV_SUCCESS);
    g_assert_cmpint(set(f, "/n", "c", value), ==, EV_SUCCESS);
}

static void a_base_that_leaves_no_room_drops_the_changes(Fixture *f, gconstpointer unused)
{
    g_autofree char *value = g_strnfill(1500, 'v');

    guest_tree_free(f->tree);
    f->tree = guest_tree_new(2048, 0);
    g_assert_true(boot(f));
    g_assert_cmpint(set(f, "/n", "a", value), ==, EV_SUCCESS);
    g_assert_cmpint(set(f, "/n", "b", value), ==, EV_ENOMEM);
    g_assert_true(boot(f));

    void *grown = g_malloc0(8192);
    g_assert_cmpint(fdt_open_into(g_bytes_get_data(f->base, NULL), grown, 8192), ==, 0);
    g_assert_cmpint(fdt_setprop(grown, 0, "big", value, 1500), ==, 0);
    g_assert_cmpint(fdt_pack(grown), ==, 0);
    g_bytes_unref(f->base);
    f->base = g_bytes_new_take(grown, fdt_totalsize(grown));
    g_assert_false(boot(f));
    expect(f, "/n", "a", NULL);
    expect(f, "/", "model", "base");
    g_assert_true(boot(f)); /* what could not be set was forgotten, so it does not fail at each boot */
}

#define TEST(name, function) g_test_add("/guest-tree/" name, Fixture, NULL, up, function, down)

UNIT_TESTS(guest_tree)
{
    TEST("nothing-before-the-first-boot", nothing_before_the_first_boot);
    TEST("a-change-is-seen-at-once-and-in-each-later-boot", a_change_is_seen_at_once_and_in_each_later_boot);
    TEST("what-is-forgotten-is-gone-at-the-next-boot", what_is_forgotten_is_gone_at_the_next_boot);
    TEST("what-is-no-path-or-name-is-refused", what_is_no_path_or_name_is_refused);
    TEST("the-257th-change-is-one-too-many", the_257th_change_is_one_too_many);
    TEST("changes-beyond-a-quarter-of-a-megabyte-are-too-many", changes_beyond_a_quarter_of_a_megabyte_are_too_many);
    TEST("a-base-that-leaves-no-room-drops-the-changes", a_base_that_leaves_no_room_drops_the_changes);
}
