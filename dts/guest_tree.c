/* SPDX-License-Identifier: MIT */
#include "dts/guest_tree.h"

#include <libfdt.h>
#include <string.h>

enum {
    CHANGES_MAX = 256,
    CHANGES_BYTES_MAX = 256 * 1024, /* bytes of the names and values of all changes: a tree has one megabyte of room in RAM */
    NAME_MAX_LENGTH = 31,           /* characters of a property's name, and of a node's without its unit address (DTSpec 2.2) */
    DEPTH_MAX = 32,
};

typedef struct Change {
    char *path, *name;
    GBytes *value;
} Change;

struct GuestTree {
    GBytes *fdt;     /* with the changes; NULL before the first boot */
    GPtrArray *list; /* of Change, in the order made */
    size_t size_max, growth;
};

static void change_free(gpointer data)
{
    Change *change = data;
    g_free(change->path);
    g_free(change->name);
    g_bytes_unref(change->value);
    g_free(change);
}

GuestTree *guest_tree_new(size_t size_max, size_t growth)
{
    g_assert(growth < size_max);
    GuestTree *tree = g_new0(GuestTree, 1);
    tree->size_max = size_max;
    tree->growth = growth;
    tree->list = g_ptr_array_new_with_free_func(change_free);
    return tree;
}

void guest_tree_free(GuestTree *tree)
{
    if (!tree)
        return;
    g_clear_pointer(&tree->fdt, g_bytes_unref);
    g_ptr_array_unref(tree->list);
    g_free(tree);
}

void guest_tree_forget(GuestTree *tree)
{
    g_ptr_array_set_size(tree->list, 0);
}

/* ---- names ---- */

static bool is_name(const char *text, size_t length, const char *more)
{
    if (length == 0 || length > NAME_MAX_LENGTH)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && !strchr(more, text[i]))
            return false;
    return true;
}

static bool is_property_name(const char *name)
{
    return is_name(name, strlen(name), ",._+-?#");
}

/* "/", or components of the form name[@unit-address], each behind a slash. */
static bool is_path(const char *path)
{
    unsigned depth = 0;
    if (*path != '/')
        return false;
    while (*++path) {
        size_t length = strcspn(path, "/"), name = strcspn(path, "/@");
        if (++depth > DEPTH_MAX || !is_name(path, name, ",._+-") ||
            (name < length && !is_name(path + name + 1, length - name - 1, ",._+-")))
            return false;
        path += length;
        if (!*path)
            return true;
    }
    return depth == 0;
}

/* ---- trees ---- */

/* The node at path, made where it is missing; negative: libfdt's error. */
static int node_make(void *fdt, const char *path)
{
    int node = 0;
    while (*path++ && *path && node >= 0) {
        int length = (int)strcspn(path, "/");
        int parent = node;
        node = fdt_subnode_offset_namelen(fdt, parent, path, length);
        if (node == -FDT_ERR_NOTFOUND)
            node = fdt_add_subnode_namelen(fdt, parent, path, length);
        path += length;
    }
    return node;
}

static size_t change_room(const Change *change)
{
    return strlen(change->path) + 16 * DEPTH_MAX + strlen(change->name) + g_bytes_get_size(change->value) + 64;
}

static int change_apply(void *fdt, const Change *change)
{
    gsize size;
    const void *value = g_bytes_get_data(change->value, &size);
    int node = node_make(fdt, change->path);
    return node < 0 ? node : fdt_setprop(fdt, node, change->name, size ? value : "", (int)size);
}

/* A copy of fdt with n changes, each made in the same buffer; NULL: they do not fit into size_max. */
static GBytes *changed(GBytes *fdt, Change *const *changes, guint n, size_t size_max)
{
    gsize size;
    const void *old = g_bytes_get_data(fdt, &size);
    if (n == 0)
        return g_bytes_ref(fdt);
    size_t room = size;
    for (guint i = 0; i < n; i++)
        room += change_room(changes[i]);
    g_autofree void *data = g_malloc0(room);
    int err = fdt_open_into(old, data, (int)room);
    for (guint i = 0; i < n && err >= 0; i++)
        err = change_apply(data, changes[i]);
    if (err >= 0)
        err = fdt_pack(data);
    if (err < 0 || fdt_totalsize(data) > size_max)
        return NULL;
    size = fdt_totalsize(data);
    return g_bytes_new_take(g_steal_pointer(&data), size);
}

GBytes *guest_tree_boot(GuestTree *tree, GBytes *base, bool *dropped)
{
    GBytes *fdt = changed(base, (Change *const *)tree->list->pdata, tree->list->len, tree->size_max);
    *dropped = !fdt;
    if (!fdt) { /* the machine's own part has grown */
        guest_tree_forget(tree);
        fdt = g_bytes_ref(base);
    }
    g_clear_pointer(&tree->fdt, g_bytes_unref);
    tree->fdt = g_bytes_ref(fdt);
    return fdt;
}

EvStatus guest_tree_get(const GuestTree *tree, const char *path, const char *name, const void **value, uint32_t *size)
{
    int node, length;
    const void *data;

    if (!tree->fdt || !is_path(path))
        return EV_ENOENT;
    data = g_bytes_get_data(tree->fdt, NULL);
    node = fdt_path_offset(data, path);
    *value = node < 0 ? NULL : fdt_getprop(data, node, name, &length);
    if (!*value)
        return EV_ENOENT;
    *size = (uint32_t)length;
    return EV_SUCCESS;
}

static size_t change_size(const Change *change)
{
    return strlen(change->path) + strlen(change->name) + g_bytes_get_size(change->value);
}

static bool same_place(const Change *a, const Change *b)
{
    return !strcmp(a->path, b->path) && !strcmp(a->name, b->name);
}

/* Keeps a change, in place of an earlier one of the same property.  False: there are too many. */
static bool remember(GuestTree *tree, Change *change)
{
    size_t total = change_size(change);
    guint same = tree->list->len;
    for (guint i = 0; i < tree->list->len; i++) {
        const Change *other = tree->list->pdata[i];
        if (same_place(other, change))
            same = i;
        else
            total += change_size(other);
    }
    if (total > CHANGES_BYTES_MAX || same == CHANGES_MAX)
        return false;
    if (same < tree->list->len)
        g_ptr_array_remove_index(tree->list, same);
    g_ptr_array_add(tree->list, change);
    return true;
}

EvStatus guest_tree_set(GuestTree *tree, const char *path, const char *name, const void *value, uint32_t size)
{
    if (!tree->fdt || !is_path(path) || !is_property_name(name))
        return EV_EINVAL;
    Change *change = g_new0(Change, 1);
    *change = (Change){g_strdup(path), g_strdup(name), g_bytes_new(value, size)};
    GBytes *fdt = changed(tree->fdt, &change, 1, tree->size_max - tree->growth);
    if (!fdt || !remember(tree, change)) {
        if (fdt)
            g_bytes_unref(fdt);
        change_free(change);
        return EV_ENOMEM;
    }
    g_bytes_unref(tree->fdt);
    tree->fdt = fdt;
    return EV_SUCCESS;
}

/* ---- saved ---- */

static void put_blob(GByteArray *to, const void *data, size_t size)
{
    uint32_t be = GUINT32_TO_BE((uint32_t)size);
    g_byte_array_append(to, (const uint8_t *)&be, 4);
    if (size)
        g_byte_array_append(to, data, (guint)size);
}

void guest_tree_save(const GuestTree *tree, GByteArray *fdt, GByteArray *changes)
{
    gsize size = 0;
    const void *data = tree->fdt ? g_bytes_get_data(tree->fdt, &size) : NULL;
    if (size)
        g_byte_array_append(fdt, data, (guint)size);
    for (guint i = 0; i < tree->list->len; i++) {
        const Change *change = tree->list->pdata[i];
        put_blob(changes, change->path, strlen(change->path));
        put_blob(changes, change->name, strlen(change->name));
        data = g_bytes_get_data(change->value, &size);
        put_blob(changes, data, size);
    }
}

static bool take_blob(const uint8_t **at, size_t *left, const uint8_t **data, size_t *size)
{
    uint32_t be;
    if (*left < 4)
        return false;
    memcpy(&be, *at, 4);
    *size = GUINT32_FROM_BE(be);
    *data = *at + 4;
    if (*size > *left - 4)
        return false;
    *at += 4 + *size;
    *left -= 4 + *size;
    return true;
}

static bool load_change(GuestTree *tree, const uint8_t **at, size_t *left)
{
    const uint8_t *path, *name, *value;
    size_t path_size, name_size, value_size;
    if (!take_blob(at, left, &path, &path_size) || !take_blob(at, left, &name, &name_size) ||
        !take_blob(at, left, &value, &value_size))
        return false;
    Change *change = g_new0(Change, 1);
    *change = (Change){g_strndup((const char *)path, path_size), g_strndup((const char *)name, name_size),
                       g_bytes_new(value, value_size)};
    if (is_path(change->path) && is_property_name(change->name) && remember(tree, change))
        return true;
    change_free(change);
    return false;
}

bool guest_tree_load(GuestTree *tree, const void *fdt, size_t fdt_size, const void *changes, size_t changes_size)
{
    g_autoptr(GBytes) copy = fdt_size ? g_bytes_new(fdt, fdt_size) : NULL; /* aligned, as libfdt wants it */
    if (copy && (fdt_size > tree->size_max || fdt_check_full(g_bytes_get_data(copy, NULL), fdt_size)))
        return false;
    GPtrArray *before = tree->list;
    const uint8_t *at = changes;
    bool ok = true;
    tree->list = g_ptr_array_new_with_free_func(change_free);
    while (ok && changes_size)
        ok = load_change(tree, &at, &changes_size);
    g_ptr_array_unref(ok ? before : tree->list);
    if (!ok) {
        tree->list = before;
        return false;
    }
    g_clear_pointer(&tree->fdt, g_bytes_unref);
    tree->fdt = g_steal_pointer(&copy);
    return true;
}
