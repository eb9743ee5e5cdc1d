/* SPDX-License-Identifier: MIT
 *
 * libfdt's sequential-write functions do the encoding.  What they do not check is checked here, where the path is known:
 * properties come before subnodes, no name comes twice, every node is closed, every phandle is given to a node.
 */
#include "dts/dts.h"

#include <libfdt.h>
#include <string.h>

enum { DTS_SIZE_FIRST = 64 * 1024, DTS_SIZE_MAX = 16 * 1024 * 1024 };

typedef struct DtsNode {
    char *name;
    GHashTable *names; /* of its properties and subnodes; a subnode's name is kept as "/name" */
    bool has_subnode;
} DtsNode;

typedef struct DtsPhandle {
    uint32_t value;
    bool given;
} DtsPhandle;

struct Dts {
    void *fdt;
    int size;
    GPtrArray *open;      /* of DtsNode, root first */
    GHashTable *phandles; /* name → DtsPhandle */
    bool reservations_done, root_done;
    GError *error; /* the first; after it every call does nothing */
};

static void node_free(gpointer data)
{
    DtsNode *node = data;
    g_hash_table_destroy(node->names);
    g_free(node->name);
    g_free(node);
}

static void fail(Dts *dts, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void fail(Dts *dts, const char *format, ...)
{
    if (dts->error)
        return;
    va_list ap;
    va_start(ap, format);
    g_autofree char *text = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_autoptr(GString) path = g_string_new(NULL);
    dts_path(dts, path);
    dts->error = g_error_new(G_FILE_ERROR, G_FILE_ERROR_INVAL, "device tree: %s: %s", path->str, text);
}

/* True: there was no room for the operation and now there is, so it is to be repeated.  False: it is done, or its error is kept. */
static bool grow_after(Dts *dts, int result, const char *what)
{
    if (result == -FDT_ERR_NOSPACE && dts->size < DTS_SIZE_MAX) {
        dts->size *= 2;
        void *bigger = g_malloc(dts->size);
        int err = fdt_resize(dts->fdt, bigger, dts->size);
        g_free(err ? bigger : dts->fdt);
        if (!err) {
            dts->fdt = bigger;
            return true;
        }
        result = err;
    }
    if (result < 0)
        fail(dts, "%s: %s", what, fdt_strerror(result));
    return false;
}

#define EMIT(dts, what, call) \
    do {                      \
        if ((dts)->error)     \
            break;            \
    } while (grow_after((dts), (call), (what)))

Dts *dts_new(void)
{
    Dts *dts = g_new0(Dts, 1);
    dts->size = DTS_SIZE_FIRST;
    dts->fdt = g_malloc(dts->size);
    dts->open = g_ptr_array_new_with_free_func(node_free);
    dts->phandles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    int err = fdt_create(dts->fdt, dts->size);
    if (err)
        fail(dts, "begin: %s", fdt_strerror(err));
    return dts;
}

void dts_free(Dts *dts)
{
    if (!dts)
        return;
    g_ptr_array_free(dts->open, TRUE);
    g_hash_table_destroy(dts->phandles);
    g_clear_error(&dts->error);
    g_free(dts->fdt);
    g_free(dts);
}

static DtsNode *node_open(const Dts *dts)
{
    return dts->open->len ? g_ptr_array_index(dts->open, dts->open->len - 1) : NULL;
}

void dts_path(Dts *dts, GString *path)
{
    for (guint i = 1; i < dts->open->len; i++)
        g_string_append_printf(path, "/%s", ((DtsNode *)g_ptr_array_index(dts->open, i))->name);
    if (dts->open->len <= 1)
        g_string_append_c(path, '/');
}

void dts_reserve(Dts *dts, uint64_t gpa, uint64_t size)
{
    if (dts->reservations_done)
        fail(dts, "memory reservation after the first node");
    EMIT(dts, "memory reservation", fdt_add_reservemap_entry(dts->fdt, gpa, size));
}

void dts_begin(Dts *dts, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *name = g_strdup_vprintf(format, ap);
    va_end(ap);
    DtsNode *parent = node_open(dts);

    if (!dts->reservations_done) {
        EMIT(dts, "memory reservations", fdt_finish_reservemap(dts->fdt));
        dts->reservations_done = true;
    }
    if (!parent && (dts->root_done || *name))
        fail(dts, "node '%s' outside the root", name);
    if (parent && (!*name || strchr(name, '/')))
        fail(dts, "'%s' is no node name", name);
    if (parent && !g_hash_table_add(parent->names, g_strconcat("/", name, NULL)))
        fail(dts, "node '%s' twice", name);
    if (parent)
        parent->has_subnode = true;
    EMIT(dts, name, fdt_begin_node(dts->fdt, name));

    DtsNode *node = g_new0(DtsNode, 1);
    node->name = g_steal_pointer(&name);
    node->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_ptr_array_add(dts->open, node);
}

void dts_end(Dts *dts)
{
    if (!node_open(dts)) {
        fail(dts, "end without begin");
        return;
    }
    EMIT(dts, "end", fdt_end_node(dts->fdt));
    g_ptr_array_set_size(dts->open, (gint)dts->open->len - 1);
    if (!dts->open->len)
        dts->root_done = true;
}

void dts_bytes(Dts *dts, const char *name, const void *data, size_t size)
{
    DtsNode *node = node_open(dts);
    if (!node)
        fail(dts, "property '%s' outside the root", name);
    else if (node->has_subnode)
        fail(dts, "property '%s' after a subnode", name);
    else if (!g_hash_table_add(node->names, g_strdup(name)))
        fail(dts, "property '%s' twice", name);
    else if (size > DTS_SIZE_MAX)
        fail(dts, "property '%s' is too long", name);
    EMIT(dts, name, fdt_property(dts->fdt, name, size ? data : "", (int)size));
}

void dts_empty(Dts *dts, const char *name)
{
    dts_bytes(dts, name, NULL, 0);
}

void dts_u32(Dts *dts, const char *name, uint32_t value)
{
    uint32_t be = GUINT32_TO_BE(value);
    dts_bytes(dts, name, &be, sizeof(be));
}

void dts_u64(Dts *dts, const char *name, uint64_t value)
{
    uint64_t be = GUINT64_TO_BE(value);
    dts_bytes(dts, name, &be, sizeof(be));
}

void dts_cells(Dts *dts, const char *name, const uint32_t *cells, size_t n)
{
    g_autofree uint32_t *be = g_new(uint32_t, n);
    for (size_t i = 0; i < n; i++)
        be[i] = GUINT32_TO_BE(cells[i]);
    dts_bytes(dts, name, be, n * sizeof(*be));
}

void dts_string(Dts *dts, const char *name, const char *value)
{
    dts_bytes(dts, name, value, strlen(value) + 1);
}

void dts_strings(Dts *dts, const char *name, const char *const *list)
{
    g_autoptr(GString) all = g_string_new(NULL);
    for (; *list; list++)
        g_string_append_len(all, *list, (gssize)strlen(*list) + 1);
    dts_bytes(dts, name, all->str, all->len);
}

static DtsPhandle *phandle_named(Dts *dts, const char *name)
{
    DtsPhandle *p = g_hash_table_lookup(dts->phandles, name);
    if (!p) {
        p = g_new0(DtsPhandle, 1);
        p->value = g_hash_table_size(dts->phandles) + 1;
        g_hash_table_insert(dts->phandles, g_strdup(name), p);
    }
    return p;
}

uint32_t dts_ref(Dts *dts, const char *name)
{
    return phandle_named(dts, name)->value;
}

void dts_phandle(Dts *dts, const char *name)
{
    DtsPhandle *p = phandle_named(dts, name);
    if (p->given)
        fail(dts, "phandle '%s' was given to another node", name);
    p->given = true;
    dts_u32(dts, "phandle", p->value);
}

static void phandle_check(gpointer key, gpointer value, gpointer opaque)
{
    if (!((DtsPhandle *)value)->given)
        fail(opaque, "no node has phandle '%s', which is referred to", (const char *)key);
}

GBytes *dts_finish(Dts *dts, GError **error)
{
    if (dts->open->len)
        fail(dts, "node is not closed");
    else if (!dts->root_done)
        fail(dts, "no root");
    g_hash_table_foreach(dts->phandles, phandle_check, dts);
    EMIT(dts, "finish", fdt_finish(dts->fdt));
    if (dts->error) {
        if (error)
            *error = g_error_copy(dts->error);
        return NULL;
    }
    return g_bytes_new(dts->fdt, fdt_totalsize(dts->fdt));
}
