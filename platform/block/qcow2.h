/* SPDX-License-Identifier: MIT
 *
 * qcow2, versions 2 and 3 (QEMU's docs/interop/qcow2.txt names the fields as they are named here): what its files share.
 *
 * Nothing in the file is believed: what it says is checked before it is used, and an image that contradicts itself is told of once, is marked
 * corrupt, and is not written any more.
 *
 * Changes of tables stay in memory until a flush.  qcow2_sync() writes them in an order which leaves, wherever it ends, an image whose
 * tables are right, but for clusters that nobody uses and that count as used:
 *   1. reference counts of clusters that came into use, then the entries that make new blocks of counts known
 *   2. L2 tables, then the L1 entries that make new ones known
 *   3. and only now the clusters that went out of use are counted down, to be written by the next one.
 */
#pragma once

#include "platform/block/image.h"

enum {
    QCOW2_MAGIC = 0x514649fb,
    QCOW2_V2_HEADER = 72,
    QCOW2_V3_HEADER = 104,
    QCOW2_CLUSTER_BITS_MIN = 9,
    QCOW2_CLUSTER_BITS_MAX = 21,
    QCOW2_L1_MAX = 4 << 20,       /* entries */
    QCOW2_REFTABLE_MAX = 1 << 20, /* entries */
    QCOW2_SNAPSHOTS_MAX = 65536,
};

#define QCOW2_COPIED      (UINT64_C(1) << 63) /* the reference count is 1: it may be written in place */
#define QCOW2_COMPRESSED  (UINT64_C(1) << 62)
#define QCOW2_ZERO        UINT64_C(1)
#define QCOW2_OFFSET_MASK UINT64_C(0x00fffffffffffe00)

/* A table of one cluster in memory: an L2 table or a block of reference counts, as it is in the file. */
typedef struct Qcow2Table {
    uint64_t offset; /* in the file */
    bool refcounts;
    unsigned dirty_from, dirty_to; /* bytes that the file does not have; none if equal */
    uint64_t used;                 /* when; the least goes first */
    uint8_t *data;
} Qcow2Table;

/* A run of clusters of the file. */
typedef struct Qcow2Run {
    uint64_t offset, clusters;
} Qcow2Run;

typedef struct Qcow2 {
    Image image;
    unsigned version, cluster_bits, refcount_order;
    uint64_t cluster; /* bytes */
    unsigned l2_bits; /* entries of an L2 table */
    uint64_t incompatible;
    bool zstd;     /* what is packed, is by zstd; else by deflate */
    bool no_flush; /* what is written need not be on the disk */
    bool corrupt;  /* atomic.  Nothing is written any more */
    uint64_t l1_offset, reftable_offset, snapshots_offset;
    uint32_t l1_size, reftable_clusters, n_snapshots;
    uint64_t snapshots_size;           /* bytes */
    uint64_t *l1, *reftable;           /* in the host's byte order */
    uint64_t reftable_size;            /* entries */
    bool reftable_moved;               /* the header names another place still */
    GArray *l1_dirty, *reftable_dirty; /* of uint32_t: entries that the file does not have */
    /*
     * Shared: reads, and writes of clusters that may be written in place.  Exclusive: whatever changes a table.  The inner lock is for the
     * tables in memory, which even a read may load.
     */
    GRWLock lock;
    GMutex gate; /* before it, or a guest that always reads would keep writers out for ever */
    GMutex tables_lock;
    GHashTable *tables;    /* offset → Qcow2Table */
    uint64_t now;          /* for Qcow2Table.used */
    GHashTable *structure; /* numbers of clusters that are header or table: a guest's data is never in one */
    uint64_t free_hint;    /* no cluster below is free */
    GArray *frees;         /* of Qcow2Run, to be counted down when no table in the file names them */
} Qcow2;

/* Says so once, and marks it in the file; EIO. */
int qcow2_corrupt(Qcow2 *q, const char *format, ...) G_GNUC_PRINTF(2, 3);
static inline uint64_t qcow2_in_cluster(const Qcow2 *q, uint64_t offset)
{
    return offset & (q->cluster - 1);
}

/* --- qcow2_header.c */
bool qcow2_read_header(Qcow2 *q, char **backing, BlockFormat *backing_format, GError **error);
int qcow2_create(File *file, uint64_t size, unsigned version); /* an empty image, of clusters of 64 KiB */

/* --- qcow2_table.c; under the exclusive lock but for qcow2_l2_entry() */
/* An entry, by the guest's offset; 0 where there is no L2 table.  Either lock. */
int qcow2_l2_entry(Qcow2 *q, uint64_t offset, uint64_t *entry);
/* Sets it, and makes the L2 table for it if need be. */
int qcow2_l2_set(Qcow2 *q, uint64_t offset, uint64_t entry);
int qcow2_l2_prepare(Qcow2 *q, uint64_t offset); /* the table can be changed: qcow2_l2_set() of this offset does not fail */
int qcow2_table_get(Qcow2 *q, uint64_t offset, bool refcounts, Qcow2Table **table); /* valid until the lock is released */
Qcow2Table *qcow2_table_new(Qcow2 *q, uint64_t offset, bool refcounts);
void qcow2_table_dirty(Qcow2Table *table, unsigned at, unsigned size);
int qcow2_sync(Qcow2 *q);         /* what is in memory alone goes to the file, and the file to the disk */
bool qcow2_has_changes(Qcow2 *q); /* either lock */
void qcow2_drop_tables(
    Qcow2 *q); /* some of those that are as in the file, where there are many: no table is in use.  Either lock */
int qcow2_bound_changes(Qcow2 *q); /* and if many are not, all go there: before the first change of a request */
void qcow2_tables_free(Qcow2 *q);

/* --- qcow2_refcount.c; under the exclusive lock */
int qcow2_alloc(Qcow2 *q, uint64_t n, uint64_t *offset,
                bool *behind_end);                        /* n clusters in a row; behind_end: the file ends before */
int qcow2_release(Qcow2 *q, uint64_t offset, uint64_t n); /* now: no table in the file has ever named them */
void qcow2_free_later(Qcow2 *q, uint64_t offset, uint64_t n);
int qcow2_apply_frees(Qcow2 *q);
int qcow2_name_reftable(Qcow2 *q); /* in the header, after reftable_moved */
int qcow2_refcount(Qcow2 *q, uint64_t cluster, uint64_t *count);
uint64_t qcow2_refcount_at(const Qcow2 *q, const uint8_t *block, uint64_t index);
void qcow2_refcount_put(const Qcow2 *q, uint8_t *block, uint64_t index, uint64_t count);
void qcow2_structure_add(Qcow2 *q, uint64_t offset, uint64_t size);
void qcow2_structure_remove(Qcow2 *q, uint64_t offset);
bool qcow2_is_structure(const Qcow2 *q, uint64_t offset);

/* --- qcow2_inflate.c */
/* One compressed cluster, whole: entry is its L2 entry. */
int qcow2_read_compressed(Qcow2 *q, uint64_t entry, uint8_t *to);
void qcow2_compressed_place(const Qcow2 *q, uint64_t entry, uint64_t *offset, uint64_t *size);
