/* SPDX-License-Identifier: MIT
 *
 * L2 tables and blocks of reference counts in memory, and how their changes reach the file.
 */
#include "platform/block/qcow2.h"

#include <errno.h>
#include <string.h>

enum { TABLES_BYTES = 8 << 20, TABLES_MIN = 16 }; /* in memory at a time, if no more of them are dirty */

/* --- tables */

static void table_free(gpointer pointer)
{
    Qcow2Table *t = pointer;
    g_free(t->data);
    g_free(t);
}

static bool is_dirty(const Qcow2Table *t)
{
    return t->dirty_from != t->dirty_to;
}

void qcow2_table_dirty(Qcow2Table *t, unsigned at, unsigned size)
{
    t->dirty_from = is_dirty(t) ? MIN(t->dirty_from, at) : at;
    t->dirty_to = MAX(t->dirty_to, at + size);
}

static Qcow2Table *table_add(Qcow2 *q, uint64_t offset, bool refcounts)
{
    if (!q->tables)
        q->tables = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, table_free);
    Qcow2Table *t = g_new0(Qcow2Table, 1);
    t->offset = offset;
    t->refcounts = refcounts;
    t->data = g_malloc0(q->cluster);
    t->used = ++q->now;
    g_hash_table_replace(q->tables, &t->offset, t);
    return t;
}

/* With the inner lock, or the outer one exclusive. */
static int load(Qcow2 *q, uint64_t offset, bool refcounts, Qcow2Table **table)
{
    Qcow2Table *t = q->tables ? g_hash_table_lookup(q->tables, &offset) : NULL;
    *table = t;
    if (t && t->refcounts != refcounts)
        return qcow2_corrupt(q, "an L2 table and reference counts are both at %#" G_GINT64_MODIFIER "x", offset);
    if (t) {
        t->used = ++q->now;
        return 0;
    }
    t = table_add(q, offset, refcounts);
    int error = file_get(q->image.file, offset, t->data, q->cluster);
    *table = t;
    if (error)
        g_hash_table_remove(q->tables, &offset);
    return error;
}

int qcow2_table_get(Qcow2 *q, uint64_t offset, bool refcounts, Qcow2Table **table)
{
    g_mutex_lock(&q->tables_lock);
    int error = load(q, offset, refcounts, table);
    g_mutex_unlock(&q->tables_lock);
    return error;
}

Qcow2Table *qcow2_table_new(Qcow2 *q, uint64_t offset, bool refcounts)
{
    g_mutex_lock(&q->tables_lock);
    Qcow2Table *t = table_add(q, offset, refcounts);
    g_mutex_unlock(&q->tables_lock);
    qcow2_table_dirty(t, 0, (unsigned)q->cluster);
    qcow2_structure_add(q, offset, q->cluster);
    return t;
}

/* Removes the clean table that was not used for longest; false: there is none. */
static bool drop_one(Qcow2 *q)
{
    GHashTableIter iter;
    gpointer value;
    Qcow2Table *oldest = NULL;
    g_hash_table_iter_init(&iter, q->tables);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Qcow2Table *t = value;
        if (!is_dirty(t) && (!oldest || t->used < oldest->used))
            oldest = t;
    }
    return oldest && g_hash_table_remove(q->tables, &oldest->offset);
}

/* How many are in memory at most, if no more of them are dirty. */
static guint tables_max(const Qcow2 *q)
{
    return (guint)MAX(TABLES_BYTES >> q->cluster_bits, TABLES_MIN);
}

void qcow2_drop_tables(Qcow2 *q)
{
    g_mutex_lock(&q->tables_lock);
    if (q->tables && g_hash_table_size(q->tables) > tables_max(q))
        while (g_hash_table_size(q->tables) > tables_max(q) / 2 && drop_one(q))
            ;
    g_mutex_unlock(&q->tables_lock);
}

/* Without this, a guest that writes everywhere and never flushes would have them all in memory. */
int qcow2_bound_changes(Qcow2 *q)
{
    g_mutex_lock(&q->tables_lock);
    bool full = q->tables && g_hash_table_size(q->tables) > tables_max(q);
    g_mutex_unlock(&q->tables_lock);
    return full && qcow2_has_changes(q) ? qcow2_sync(q) : 0;
}

void qcow2_tables_free(Qcow2 *q)
{
    g_clear_pointer(&q->tables, g_hash_table_unref);
}

/* --- L2 entries */

static uint32_t l1_index(const Qcow2 *q, uint64_t offset)
{
    return (uint32_t)(offset >> (q->cluster_bits + q->l2_bits));
}

static unsigned l2_at(const Qcow2 *q, uint64_t offset)
{
    return (unsigned)(offset >> q->cluster_bits & ((1u << q->l2_bits) - 1)) * 8;
}

int qcow2_l2_entry(Qcow2 *q, uint64_t offset, uint64_t *entry)
{
    uint64_t table = q->l1[l1_index(q, offset)] & QCOW2_OFFSET_MASK;
    Qcow2Table *t;
    *entry = 0;
    if (!table)
        return 0;
    qcow2_drop_tables(q);
    g_mutex_lock(&q->tables_lock);
    int error = load(q, table, false, &t);
    if (!error)
        memcpy(entry, t->data + l2_at(q, offset), 8);
    g_mutex_unlock(&q->tables_lock);
    *entry = GUINT64_FROM_BE(*entry);
    return error;
}

/* A table that may be changed: a new one where there was none, a copy where a snapshot has it, too. */
int qcow2_l2_prepare(Qcow2 *q, uint64_t offset)
{
    uint32_t index = l1_index(q, offset);
    uint64_t l1 = q->l1[index], old = l1 & QCOW2_OFFSET_MASK, place;
    Qcow2Table *from = NULL;
    bool behind_end;
    if (old && l1 & QCOW2_COPIED)
        return qcow2_table_get(q, old, false, &from);
    int error = qcow2_alloc(q, 1, &place, &behind_end);
    if (error)
        return error;
    if (old && (error = qcow2_table_get(q, old, false, &from))) {
        qcow2_release(q, place, 1);
        return error;
    }
    Qcow2Table *to = qcow2_table_new(q, place, false);
    if (from) {
        memcpy(to->data, from->data, q->cluster);
        qcow2_free_later(q, old, 1);
    }
    q->l1[index] = place | QCOW2_COPIED;
    g_array_append_val(q->l1_dirty, index);
    return 0;
}

int qcow2_l2_set(Qcow2 *q, uint64_t offset, uint64_t entry)
{
    Qcow2Table *t;
    int error = qcow2_l2_prepare(q, offset);
    if (!error)
        error = qcow2_table_get(q, q->l1[l1_index(q, offset)] & QCOW2_OFFSET_MASK, false, &t);
    if (error)
        return error;
    entry = GUINT64_TO_BE(entry);
    memcpy(t->data + l2_at(q, offset), &entry, 8);
    qcow2_table_dirty(t, l2_at(q, offset), 8);
    return 0;
}

/* --- into the file */

static int flush(const Qcow2 *q)
{
    return q->no_flush ? 0 : file_flush(q->image.file);
}

/* Writes all dirty tables of a kind; *any: there were some. */
static int write_tables(Qcow2 *q, bool refcounts, bool *any)
{
    GHashTableIter iter;
    gpointer value;
    int error = 0;
    if (!q->tables)
        return 0;
    g_hash_table_iter_init(&iter, q->tables);
    while (!error && g_hash_table_iter_next(&iter, NULL, &value)) {
        Qcow2Table *t = value;
        if (t->refcounts != refcounts || !is_dirty(t))
            continue;
        *any = true;
        unsigned from = t->dirty_from & ~511u, to = MIN((t->dirty_to + 511) & ~511u, (unsigned)q->cluster);
        error = file_put(q->image.file, t->offset + from, t->data + from, to - from);
    }
    return error;
}

static void tables_are_clean(Qcow2 *q, bool refcounts)
{
    GHashTableIter iter;
    gpointer value;
    if (!q->tables)
        return;
    g_hash_table_iter_init(&iter, q->tables);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Qcow2Table *t = value;
        if (t->refcounts == refcounts)
            t->dirty_from = t->dirty_to = 0;
    }
}

static int write_entries(Qcow2 *q, GArray *dirty, const uint64_t *table, uint64_t offset)
{
    int error = 0;
    for (guint i = 0; i < dirty->len && !error; i++) {
        uint32_t index = g_array_index(dirty, uint32_t, i);
        uint64_t entry = GUINT64_TO_BE(table[index]);
        error = file_put(q->image.file, offset + (uint64_t)index * 8, &entry, 8);
    }
    return error;
}

/* Tables, then the entries which make those known that are new; nothing of both is forgotten before it is on the disk. */
static int sync_kind(Qcow2 *q, bool refcounts)
{
    GArray *dirty = refcounts ? q->reftable_dirty : q->l1_dirty;
    bool any = false;
    int error = write_tables(q, refcounts, &any);
    if (!error && any)
        error = flush(q);
    if (!error && dirty->len)
        error = write_entries(q, dirty, refcounts ? q->reftable : q->l1, refcounts ? q->reftable_offset : q->l1_offset);
    if (!error && dirty->len)
        error = flush(q);
    if (!error && refcounts && q->reftable_moved)
        error = qcow2_name_reftable(q);
    if (!error && refcounts && q->reftable_moved)
        error = flush(q);
    if (error)
        return error;
    q->reftable_moved &= !refcounts;
    tables_are_clean(q, refcounts);
    g_array_set_size(dirty, 0);
    return 0;
}

bool qcow2_has_changes(Qcow2 *q)
{
    GHashTableIter iter;
    gpointer value;
    bool dirty = q->l1_dirty->len || q->reftable_dirty->len || q->frees->len;
    g_mutex_lock(&q->tables_lock);
    if (q->tables)
        g_hash_table_iter_init(&iter, q->tables);
    while (q->tables && !dirty && g_hash_table_iter_next(&iter, NULL, &value))
        dirty = is_dirty(value);
    g_mutex_unlock(&q->tables_lock);
    return dirty;
}

int qcow2_sync(Qcow2 *q)
{
    if (__atomic_load_n(&q->corrupt, __ATOMIC_RELAXED))
        return EIO;
    int error = sync_kind(q, true);
    if (!error)
        error = flush(q); /* the guest's data, before the tables that say where it is */
    if (!error)
        error = sync_kind(q, false);
    return error ? error : qcow2_apply_frees(q);
}
