/* SPDX-License-Identifier: MIT
 *
 * Which clusters of the file are in use: reference counts, and clusters that come into use and go out of it.
 */
#include "platform/block/qcow2.h"

#include <errno.h>
#include <string.h>

/* --- where header and tables are */

void qcow2_structure_add(Qcow2 *q, uint64_t offset, uint64_t size)
{
    if (!q->structure)
        q->structure = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (uint64_t c = offset >> q->cluster_bits; size && c <= (offset + size - 1) >> q->cluster_bits; c++)
        g_hash_table_add(q->structure, g_memdup2(&c, sizeof(c)));
}

void qcow2_structure_remove(Qcow2 *q, uint64_t offset)
{
    uint64_t c = offset >> q->cluster_bits;
    g_hash_table_remove(q->structure, &c);
}

bool qcow2_is_structure(const Qcow2 *q, uint64_t offset)
{
    uint64_t c = offset >> q->cluster_bits;
    return g_hash_table_contains(q->structure, &c);
}

/* --- counts; index: of a count within its block */

uint64_t qcow2_refcount_at(const Qcow2 *q, const uint8_t *block, uint64_t index)
{
    unsigned bits = 1u << q->refcount_order;
    uint64_t value = 0;
    if (bits < 8) /* the lowest bits of a byte are the first count */
        return block[index * bits / 8] >> index * bits % 8 & ((1u << bits) - 1);
    for (unsigned i = 0; i < bits / 8; i++)
        value = value << 8 | block[index * bits / 8 + i];
    return value;
}

void qcow2_refcount_put(const Qcow2 *q, uint8_t *block, uint64_t index, uint64_t count)
{
    unsigned bits = 1u << q->refcount_order, shift = index * bits % 8;
    uint8_t *at = block + index * bits / 8;
    if (bits < 8)
        *at = (uint8_t)((*at & ~(((1u << bits) - 1) << shift)) | count << shift);
    for (unsigned i = bits / 8; bits >= 8 && i-- > 0; count >>= 8)
        at[i] = (uint8_t)count;
}

static unsigned block_bits(const Qcow2 *q) /* log2 of the counts of a block */
{
    return q->cluster_bits + 3 - q->refcount_order;
}

static uint64_t index_in_block(const Qcow2 *q, uint64_t cluster)
{
    return cluster & ((UINT64_C(1) << block_bits(q)) - 1);
}

/* The block that a cluster's count is in; NULL: there is none, so nothing near it is in use. */
static int block_of(Qcow2 *q, uint64_t cluster, Qcow2Table **block)
{
    uint64_t i = cluster >> block_bits(q);
    *block = NULL;
    return i < q->reftable_size && q->reftable[i] ? qcow2_table_get(q, q->reftable[i], true, block) : 0;
}

int qcow2_refcount(Qcow2 *q, uint64_t cluster, uint64_t *count)
{
    Qcow2Table *block;
    int error = block_of(q, cluster, &block);
    *count = block && !error ? qcow2_refcount_at(q, block->data, index_in_block(q, cluster)) : 0;
    return error;
}

static void put(Qcow2 *q, Qcow2Table *block, uint64_t cluster, uint64_t count)
{
    uint64_t index = index_in_block(q, cluster);
    unsigned at = (unsigned)(index << q->refcount_order >> 3), size = MAX(1u << q->refcount_order >> 3, 1);
    qcow2_refcount_put(q, block->data, index, count);
    qcow2_table_dirty(block, at, size);
}

/* --- a longer table of blocks */

static int alloc_row(Qcow2 *q, uint64_t n, uint64_t *first);

/* The header names place and length of the table; both are in one sector, and so change at once. */
static int name_reftable(Qcow2 *q, uint64_t offset, uint64_t clusters)
{
    enum { H_REFTABLE = 48 };
    uint64_t place = GUINT64_TO_BE(offset);
    uint32_t length = GUINT32_TO_BE((uint32_t)clusters);
    uint8_t field[12];
    memcpy(field, &place, 8);
    memcpy(field + 8, &length, 4);
    return file_put(q->image.file, H_REFTABLE, field, sizeof(field));
}

/* Blocks that only the longer table names are forgotten; counts in others stay, and a cluster that nobody uses counts as used. */
static int shorten_reftable(Qcow2 *q, uint64_t size, int error)
{
    for (uint64_t i = size; i < q->reftable_size; i++) {
        if (!q->reftable[i])
            continue;
        qcow2_structure_remove(q, q->reftable[i]);
        g_hash_table_remove(q->tables, &q->reftable[i]);
    }
    for (guint i = q->reftable_dirty->len; i-- > 0;)
        if (g_array_index(q->reftable_dirty, uint32_t, i) >= size)
            g_array_remove_index(q->reftable_dirty, i);
    q->reftable_size = size;
    q->free_hint = MIN(q->free_hint, size << block_bits(q));
    return error;
}

static int write_reftable(Qcow2 *q, uint64_t offset, uint64_t clusters)
{
    g_autofree uint64_t *table = g_malloc0_n(clusters, q->cluster);
    for (uint64_t i = 0; i < q->reftable_size; i++)
        table[i] = GUINT64_TO_BE(q->reftable[i]);
    return file_put(q->image.file, offset, table, clusters * q->cluster);
}

/*
 * While the new table is allocated its place must be counted, in a block that only the new table can name: so the table in memory is made
 * longer first.  What it names is written, and then the header names it.
 */
static int grow_reftable(Qcow2 *q)
{
    uint64_t was = q->reftable_size, old = q->reftable_offset, old_clusters = q->reftable_clusters, first;
    uint64_t clusters = old_clusters * 2, size = clusters * q->cluster / 8;
    if (size > QCOW2_REFTABLE_MAX)
        return EFBIG;
    q->reftable = g_renew(uint64_t, q->reftable, size);
    memset(q->reftable + was, 0, (size - was) * 8);
    q->reftable_size = size;
    int error = alloc_row(q, clusters, &first);
    uint64_t offset = first << q->cluster_bits;
    if (error || (error = write_reftable(q, offset, clusters)))
        return shorten_reftable(q, was, error);
    g_array_set_size(q->reftable_dirty, 0); /* all of it is written */
    q->reftable_offset = offset;
    q->reftable_clusters = (uint32_t)clusters;
    qcow2_structure_add(q, offset, clusters * q->cluster);
    q->reftable_moved = true;
    for (uint64_t i = 0; i < old_clusters; i++)
        qcow2_structure_remove(q, old + i * q->cluster);
    qcow2_free_later(q, old, old_clusters);
    return 0;
}

int qcow2_name_reftable(Qcow2 *q)
{
    return name_reftable(q, q->reftable_offset, q->reftable_clusters);
}

/* --- clusters that come into use */

/* A block for counts that have none.  It is in the first cluster that it counts, itself. */
static int add_block(Qcow2 *q, uint64_t cluster, Qcow2Table **block)
{
    uint32_t i = (uint32_t)(cluster >> block_bits(q));
    if (qcow2_is_structure(q, cluster << q->cluster_bits))
        return qcow2_corrupt(q, "a table at cluster %" G_GUINT64_FORMAT " counts as free", cluster);
    q->reftable[i] = cluster << q->cluster_bits;
    g_array_append_val(q->reftable_dirty, i);
    *block = qcow2_table_new(q, q->reftable[i], true);
    put(q, *block, cluster, 1);
    return 0;
}

/* Whether a cluster is free.  One that is near no other in use gets a block for its count, which may make it that block's own. */
static int is_free(Qcow2 *q, uint64_t cluster, bool *is)
{
    Qcow2Table *block;
    int error = block_of(q, cluster, &block);
    *is = false;
    if (!error && cluster >> block_bits(q) >= q->reftable_size)
        return ENOSPC;
    if (!error && !block)
        error = add_block(q, cluster, &block);
    if (error)
        return error;
    *is = !qcow2_refcount_at(q, block->data, index_in_block(q, cluster));
    if (*is && qcow2_is_structure(q, cluster << q->cluster_bits))
        return qcow2_corrupt(q, "a table at cluster %" G_GUINT64_FORMAT " counts as free", cluster);
    return 0;
}

static int alloc_row(Qcow2 *q, uint64_t n, uint64_t *first)
{
    uint64_t run = 0, c = q->free_hint;
    for (; run < n; c++) {
        bool is;
        qcow2_drop_tables(q);
        int error = is_free(q, c, &is);
        if (error)
            return error;
        run = is ? run + 1 : 0;
    }
    *first = c - n;
    for (uint64_t i = *first; i < c; i++) {
        Qcow2Table *block;
        int error = block_of(q, i, &block);
        if (error)
            return error;
        put(q, block, i, 1);
    }
    if (n == 1 || *first == q->free_hint)
        q->free_hint = c;
    return 0;
}

int qcow2_alloc(Qcow2 *q, uint64_t n, uint64_t *offset, bool *behind_end)
{
    uint64_t first;
    int error = __atomic_load_n(&q->corrupt, __ATOMIC_RELAXED) ? EIO : alloc_row(q, n, &first);
    while (error == ENOSPC && !(error = grow_reftable(q)))
        error = alloc_row(q, n, &first);
    if (error)
        return error;
    *offset = first << q->cluster_bits;
    *behind_end = *offset >= file_size(q->image.file);
    return 0;
}

/* --- and go out of it */

static int count_down(Qcow2 *q, uint64_t cluster)
{
    Qcow2Table *block;
    int error = block_of(q, cluster, &block);
    uint64_t count = block && !error ? qcow2_refcount_at(q, block->data, index_in_block(q, cluster)) : 0;
    if (error)
        return error;
    if (!count)
        return qcow2_corrupt(q, "cluster %" G_GUINT64_FORMAT " is in use and counts as free", cluster);
    put(q, block, cluster, count - 1);
    if (count > 1)
        return 0;
    uint64_t offset = cluster << q->cluster_bits;
    q->free_hint = MIN(q->free_hint, cluster);
    qcow2_structure_remove(q, offset);
    if (q->tables)
        g_hash_table_remove(q->tables, &offset);
    file_discard(q->image.file, offset, q->cluster); /* only to save room: whether it works does not matter */
    return 0;
}

int qcow2_release(Qcow2 *q, uint64_t offset, uint64_t n)
{
    int error = 0;
    for (uint64_t i = 0; i < n && !error; i++)
        error = count_down(q, (offset >> q->cluster_bits) + i);
    return error;
}

void qcow2_free_later(Qcow2 *q, uint64_t offset, uint64_t n)
{
    Qcow2Run run = {offset, n};
    g_array_append_val(q->frees, run);
}

int qcow2_apply_frees(Qcow2 *q)
{
    int error = 0;
    guint i = 0;
    while (i < q->frees->len && !error) {
        Qcow2Run run = g_array_index(q->frees, Qcow2Run, i++);
        error = qcow2_release(q, run.offset, run.clusters);
    }
    g_array_remove_range(q->frees, 0, i);
    return error;
}
