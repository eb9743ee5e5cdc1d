/* SPDX-License-Identifier: MIT
 *
 * The header of a qcow2 image: read, checked, and written for a new one.
 */
#include "platform/block/qcow2.h"

#include <errno.h>
#include <string.h>

/* Offsets of the header's fields, which are all big-endian. */
enum {
    H_MAGIC = 0,
    H_VERSION = 4,
    H_BACKING_OFFSET = 8,
    H_BACKING_SIZE = 16,
    H_CLUSTER_BITS = 20,
    H_SIZE = 24,
    H_CRYPT = 32,
    H_L1_SIZE = 36,
    H_L1_OFFSET = 40,
    H_REFTABLE_OFFSET = 48,
    H_REFTABLE_CLUSTERS = 56,
    H_N_SNAPSHOTS = 60,
    H_SNAPSHOTS_OFFSET = 64,
    H_INCOMPATIBLE = 72,
    H_COMPATIBLE = 80,
    H_AUTOCLEAR = 88,
    H_REFCOUNT_ORDER = 96,
    H_LENGTH = 100,
    H_COMPRESSION = 104,
    H_READ = 112, /* bytes of it that are of interest */
};

enum { BACKING_NAME_MAX = 1023, FORMAT_NAME_MAX = 32 };
#define EXTENSION_BACKING_FORMAT UINT32_C(0xe2792aca)
enum { INCOMPATIBLE_DIRTY, INCOMPATIBLE_CORRUPT, INCOMPATIBLE_DATA_FILE, INCOMPATIBLE_COMPRESSION, INCOMPATIBLE_EXTENDED_L2 };

static uint32_t get32(const uint8_t *header, unsigned at)
{
    uint32_t value;
    memcpy(&value, header + at, 4);
    return GUINT32_FROM_BE(value);
}

static uint64_t get64(const uint8_t *header, unsigned at)
{
    return (uint64_t)get32(header, at) << 32 | get32(header, at + 4);
}

static bool G_GNUC_PRINTF(3, 4) refuse(const Qcow2 *q, GError **error, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    g_autofree char *why = g_strdup_vprintf(format, ap);
    va_end(ap);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "'%s': qcow2: %s", file_name(q->image.file), why);
    return false;
}

/* --- what each field may say */

/* The bit is there if the clusters are packed by something else than deflate. */
static bool read_compression(Qcow2 *q, const uint8_t *h, GError **error)
{
    enum { DEFLATE, ZSTD };
    bool said = q->incompatible >> INCOMPATIBLE_COMPRESSION & 1;
    unsigned type = q->version >= 3 && get32(h, H_LENGTH) > H_COMPRESSION ? h[H_COMPRESSION] : DEFLATE;
    if (said != (type != DEFLATE))
        return refuse(q, error, "compression of type %u, and a feature bit that contradicts it", type);
    if (type > ZSTD)
        return refuse(q, error, "compression of type %u is not supported; deflate and zstd are", type);
    q->zstd = type == ZSTD;
    return !q->zstd || HAVE_LIBZSTD || refuse(q, error, "it is packed by zstd, and this program was built without libzstd");
}

static bool read_features(Qcow2 *q, const uint8_t *h, GError **error)
{
    static const char *const reasons[] = {
        [INCOMPATIBLE_DIRTY] = "its reference counts are out of date, as it was not closed; qemu-img check -r all sets them right",
        [INCOMPATIBLE_CORRUPT] = "it is marked as corrupt; readonly=on opens it all the same",
        [INCOMPATIBLE_DATA_FILE] = "a data file apart is not supported",
        [INCOMPATIBLE_EXTENDED_L2] = "extended L2 entries are not supported",
    };
    const uint64_t for_readers = 1u << INCOMPATIBLE_DIRTY | 1u << INCOMPATIBLE_CORRUPT, known = 1u << INCOMPATIBLE_COMPRESSION;
    q->incompatible = q->version >= 3 ? get64(h, H_INCOMPATIBLE) : 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        if (!(q->incompatible >> bit & 1) || known >> bit & 1 || (q->image.read_only && for_readers >> bit & 1))
            continue;
        if (bit < G_N_ELEMENTS(reasons))
            return refuse(q, error, "%s", reasons[bit]);
        return refuse(q, error, "it has feature %u, which is not known here", bit);
    }
    return read_compression(q, h, error);
}

static bool read_geometry(Qcow2 *q, const uint8_t *h, GError **error)
{
    q->version = get32(h, H_VERSION);
    if (q->version != 2 && q->version != 3)
        return refuse(q, error, "version %u is not supported; 2 and 3 are", q->version);
    q->cluster_bits = get32(h, H_CLUSTER_BITS);
    if (q->cluster_bits < QCOW2_CLUSTER_BITS_MIN || q->cluster_bits > QCOW2_CLUSTER_BITS_MAX)
        return refuse(q, error, "clusters of 2^%u bytes; from 2^9 to 2^21 are possible", q->cluster_bits);
    q->cluster = UINT64_C(1) << q->cluster_bits;
    q->l2_bits = q->cluster_bits - 3;
    q->refcount_order = q->version >= 3 ? get32(h, H_REFCOUNT_ORDER) : 4;
    if (q->refcount_order > 6)
        return refuse(q, error, "reference counts of 2^%u bits; up to 2^6 are possible", q->refcount_order);
    uint32_t length = q->version >= 3 ? get32(h, H_LENGTH) : QCOW2_V2_HEADER;
    if (length > q->cluster || (q->version >= 3 && length < QCOW2_V3_HEADER))
        return refuse(q, error, "a header of %u bytes", length);
    if (get32(h, H_CRYPT))
        return refuse(q, error, "encryption is not supported");
    q->image.size = get64(h, H_SIZE);
    return true;
}

/* A table in the file: at a cluster, and whole within it. */
static bool check_place(const Qcow2 *q, const char *what, uint64_t offset, uint64_t size, GError **error)
{
    uint64_t file = file_size(q->image.file);
    if (offset % q->cluster || !offset || offset > file || size > file - offset)
        return refuse(q, error,
                      "its %s would be %" G_GUINT64_FORMAT " bytes at %#" G_GINT64_MODIFIER "x of a file of %" G_GUINT64_FORMAT,
                      what, size, offset, file);
    return true;
}

static bool read_places(Qcow2 *q, const uint8_t *h, GError **error)
{
    q->l1_size = get32(h, H_L1_SIZE);
    q->l1_offset = get64(h, H_L1_OFFSET);
    q->reftable_offset = get64(h, H_REFTABLE_OFFSET);
    q->reftable_clusters = get32(h, H_REFTABLE_CLUSTERS);
    q->n_snapshots = get32(h, H_N_SNAPSHOTS);
    q->snapshots_offset = get64(h, H_SNAPSHOTS_OFFSET);
    uint64_t reftable = (uint64_t)q->reftable_clusters << q->cluster_bits;
    unsigned shift = q->cluster_bits + q->l2_bits; /* the guest's bytes that an L1 entry is for */
    uint64_t needed = (q->image.size >> shift) + !!(q->image.size & ((UINT64_C(1) << shift) - 1));
    if (q->l1_size > QCOW2_L1_MAX || needed > q->l1_size || q->image.size > INT64_MAX)
        return refuse(q, error, "a drive of %" G_GUINT64_FORMAT " bytes with an L1 table of %u entries", q->image.size, q->l1_size);
    if (!reftable || reftable / 8 > QCOW2_REFTABLE_MAX)
        return refuse(q, error, "a reference count table of %u clusters", q->reftable_clusters);
    if (q->n_snapshots > QCOW2_SNAPSHOTS_MAX || (q->n_snapshots && q->snapshots_offset % q->cluster))
        return refuse(q, error, "%u snapshots at %#" G_GINT64_MODIFIER "x", q->n_snapshots, q->snapshots_offset);
    return (!q->l1_size || check_place(q, "L1 table", q->l1_offset, (uint64_t)q->l1_size * 8, error)) &&
           check_place(q, "reference count table", q->reftable_offset, reftable, error);
}

/* --- tables that are wholly in memory */

static bool read_table(const Qcow2 *q, const char *what, uint64_t offset, uint64_t n, uint64_t **to, GError **error)
{
    *to = g_try_new0(uint64_t, n + 1);
    int why = *to ? file_get(q->image.file, offset, *to, n * 8) : ENOMEM;
    if (why)
        return refuse(q, error, "cannot read its %s: %s", what, g_strerror(why));
    for (uint64_t i = 0; i < n; i++)
        (*to)[i] = GUINT64_FROM_BE((*to)[i]);
    return true;
}

static bool note_structure(Qcow2 *q, GError **error)
{
    qcow2_structure_add(q, 0, q->cluster);
    qcow2_structure_add(q, q->l1_offset, (uint64_t)q->l1_size * 8);
    qcow2_structure_add(q, q->reftable_offset, q->reftable_size * 8);
    qcow2_structure_add(q, q->snapshots_offset, q->snapshots_size);
    for (uint64_t i = 0; i < q->reftable_size; i++) {
        uint64_t offset = q->reftable[i];
        if (offset && (offset % q->cluster || offset >= file_size(q->image.file) || qcow2_is_structure(q, offset)))
            return refuse(q, error, "its block %" G_GUINT64_FORMAT " of reference counts would be at %#" G_GINT64_MODIFIER "x", i,
                          offset);
        if (offset)
            qcow2_structure_add(q, offset, q->cluster);
    }
    for (uint32_t i = 0; i < q->l1_size; i++) {
        uint64_t offset = q->l1[i] & QCOW2_OFFSET_MASK;
        if (offset && (offset % q->cluster || offset >= file_size(q->image.file) || qcow2_is_structure(q, offset)))
            return refuse(q, error, "its L2 table %u would be at %#" G_GINT64_MODIFIER "x", i, offset);
        if (offset)
            qcow2_structure_add(q, offset, q->cluster);
    }
    return true;
}

static void snapshot_free(gpointer pointer)
{
    DriveSnapshot *s = pointer;
    g_free(s->id);
    g_free(s->name);
    g_free(s);
}

/* What control programs are told of one: texts that are in the file, as far as they are UTF-8. */
static bool note_snapshot(Qcow2 *q, const uint8_t *entry, uint64_t at)
{
    enum { ID_SIZE = 12, DATE = 16, CLOCK = 24, STATE_SIZE = 32, EXTRA_SIZE = 36, FIXED = 40, LARGE_STATE = 8 };
    const uint32_t sizes = get32(entry, ID_SIZE), extra = get32(entry, EXTRA_SIZE);
    const size_t id_size = sizes >> 16, name_size = sizes & 0xffff;
    g_autofree char *texts = g_malloc0(id_size + name_size + 1);
    uint8_t large[LARGE_STATE] = {0};
    if (extra >= LARGE_STATE && file_get(q->image.file, at + FIXED, large, LARGE_STATE))
        return false;
    if (file_get(q->image.file, at + FIXED + extra, texts, id_size + name_size))
        return false;
    DriveSnapshot *s = g_new(DriveSnapshot, 1);
    *s = (DriveSnapshot){
        .id = g_utf8_make_valid(texts, (gssize)strnlen(texts, id_size)),
        .name = g_utf8_make_valid(texts + id_size, (gssize)strnlen(texts + id_size, name_size)),
        .vm_state_size = extra >= LARGE_STATE ? get64(large, 0) : get32(entry, STATE_SIZE),
        .clock_ns = get64(entry, CLOCK),
        .date_sec = get32(entry, DATE),
        .date_nsec = get32(entry, DATE + 4),
    };
    g_ptr_array_add(q->image.snapshots, s);
    return true;
}

/* Length of the table of snapshots: its entries are of various lengths. */
static bool read_snapshots(Qcow2 *q, GError **error)
{
    enum { L1_OFFSET = 0, L1_SIZE = 8, FIXED = 40, ID_SIZE = 12, NAME_SIZE = 14, EXTRA_SIZE = 36, SNAPSHOTS_L1_MAX = 256 << 20 };
    uint64_t at = q->snapshots_offset, l1_total = 0;
    q->image.snapshots = g_ptr_array_new_with_free_func(snapshot_free);
    for (uint32_t i = 0; i < q->n_snapshots; i++) {
        uint8_t entry[FIXED];
        int why = at + FIXED > file_size(q->image.file) ? EINVAL : file_get(q->image.file, at, entry, FIXED);
        if (why)
            return refuse(q, error, "cannot read snapshot %u: %s", i, g_strerror(why));
        uint64_t l1_offset = get64(entry, L1_OFFSET), l1_bytes = (uint64_t)get32(entry, L1_SIZE) * 8;
        l1_total += l1_bytes;
        if (l1_total > SNAPSHOTS_L1_MAX || (l1_bytes && !check_place(q, "snapshot's L1 table", l1_offset, l1_bytes, NULL)))
            return refuse(q, error, "snapshot %u has an L1 table of %" G_GUINT64_FORMAT " bytes at %#" G_GINT64_MODIFIER "x", i,
                          l1_bytes, l1_offset);
        qcow2_structure_add(q, l1_offset, l1_bytes);
        if (!note_snapshot(q, entry, at))
            return refuse(q, error, "cannot read snapshot %u", i);
        at += FIXED + (uint64_t)get32(entry, EXTRA_SIZE) + (get32(entry, ID_SIZE) >> 16) + (get32(entry, ID_SIZE) & 0xffff);
        at = (at + 7) & ~UINT64_C(7);
        if (at - q->snapshots_offset > 64 << 20)
            return refuse(q, error, "a table of snapshots of more than 64 MiB");
    }
    q->snapshots_size = at - q->snapshots_offset;
    return true;
}

/* --- the backing file */

static bool backing_format_of(const Qcow2 *q, const char *name, BlockFormat *format, GError **error)
{
    if (!strcmp(name, "raw"))
        *format = BLOCK_FORMAT_RAW;
    else if (!strcmp(name, "qcow2"))
        *format = BLOCK_FORMAT_QCOW2;
    else
        return refuse(q, error, "a backing file of the format '%s' is not supported; raw and qcow2 are", name);
    return true;
}

static bool read_extensions(const Qcow2 *q, const uint8_t *h, uint64_t end, BlockFormat *format, GError **error)
{
    uint64_t at = q->version >= 3 ? get32(h, H_LENGTH) : QCOW2_V2_HEADER;
    while (at + 8 <= end) {
        uint8_t head[8], name[FORMAT_NAME_MAX + 1] = {0};
        int why = file_get(q->image.file, at, head, sizeof(head));
        uint32_t type = get32(head, 0), size = get32(head, 4);
        if (why || !type)
            return !why || refuse(q, error, "cannot read its header: %s", g_strerror(why));
        if (size > end - at - 8)
            return refuse(q, error, "a header extension of %u bytes", size);
        if (type == EXTENSION_BACKING_FORMAT) {
            if (size > FORMAT_NAME_MAX || file_get(q->image.file, at + 8, name, size))
                return refuse(q, error, "a backing format of %u letters", size);
            if (!backing_format_of(q, (const char *)name, format, error))
                return false;
        }
        at += 8 + (((uint64_t)size + 7) & ~UINT64_C(7));
    }
    return true;
}

static bool read_backing(const Qcow2 *q, const uint8_t *h, char **name, BlockFormat *format, GError **error)
{
    uint64_t offset = get64(h, H_BACKING_OFFSET);
    uint32_t size = get32(h, H_BACKING_SIZE);
    char text[BACKING_NAME_MAX + 1] = {0};
    *name = NULL;
    *format = BLOCK_FORMAT_PROBE;
    if (!read_extensions(q, h, offset ? MIN(offset, q->cluster) : q->cluster, format, error))
        return false;
    if (!offset)
        return true;
    if (!size || size > BACKING_NAME_MAX || offset > q->cluster - size)
        return refuse(q, error, "the name of a backing file of %u bytes at %#" G_GINT64_MODIFIER "x", size, offset);
    int why = file_get(q->image.file, offset, text, size);
    if (why)
        return refuse(q, error, "cannot read its header: %s", g_strerror(why));
    *name = g_strdup(text);
    return true;
}

bool qcow2_read_header(Qcow2 *q, char **backing, BlockFormat *backing_format, GError **error)
{
    uint8_t h[H_READ];
    int why = file_get(q->image.file, 0, h, sizeof(h));
    if (why || get32(h, H_MAGIC) != QCOW2_MAGIC)
        return refuse(q, error, "%s", why ? g_strerror(why) : "the image does not begin as one does");
    if (!read_geometry(q, h, error) || !read_features(q, h, error) || !read_places(q, h, error) || !read_snapshots(q, error))
        return false;
    q->reftable_size = ((uint64_t)q->reftable_clusters << q->cluster_bits) / 8;
    if (!read_table(q, "L1 table", q->l1_offset, q->l1_size, &q->l1, error) ||
        !read_table(q, "reference count table", q->reftable_offset, q->reftable_size, &q->reftable, error))
        return false;
    if (!note_structure(q, error) || !read_backing(q, h, backing, backing_format, error))
        return false;
    /* What is added to an image by extensions that are not known here (bitmaps) is not kept up to date: these bits say that it is. */
    uint64_t none = 0;
    why = q->version >= 3 && !q->image.read_only && get64(h, H_AUTOCLEAR) ? file_put(q->image.file, H_AUTOCLEAR, &none, 8) : 0;
    return !why || refuse(q, error, "cannot write its header: %s", g_strerror(why));
}

/* --- a new image */

static void put32(uint8_t *header, unsigned at, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    memcpy(header + at, &value, 4);
}

static void put64(uint8_t *header, unsigned at, uint64_t value)
{
    put32(header, at, (uint32_t)(value >> 32));
    put32(header, at + 4, (uint32_t)value);
}

/* One cluster each for the header, the table of blocks of counts and one block, and then the L1 table, which is empty. */
int qcow2_create(File *file, uint64_t size, unsigned version)
{
    enum { BITS = 16, CLUSTER = 1 << BITS, REFTABLE = CLUSTER, BLOCK = 2 * CLUSTER, L1 = 3 * CLUSTER, ORDER = 4 };
    const uint64_t l1_size = (size + (UINT64_C(1) << 29) - 1) >> 29, l1_clusters = (l1_size * 8 + CLUSTER - 1) >> BITS;
    if (l1_size > QCOW2_L1_MAX)
        return EFBIG;
    g_autofree uint8_t *all = g_malloc0(L1 + l1_clusters * CLUSTER);
    put32(all, H_MAGIC, QCOW2_MAGIC);
    put32(all, H_VERSION, version);
    put32(all, H_CLUSTER_BITS, BITS);
    put64(all, H_SIZE, size);
    put32(all, H_L1_SIZE, (uint32_t)l1_size);
    put64(all, H_L1_OFFSET, L1);
    put64(all, H_REFTABLE_OFFSET, REFTABLE);
    put32(all, H_REFTABLE_CLUSTERS, 1);
    if (version >= 3) {
        put32(all, H_REFCOUNT_ORDER, ORDER);
        put32(all, H_LENGTH, QCOW2_V3_HEADER);
    }
    put64(all, REFTABLE, BLOCK);
    for (unsigned i = 0; i < L1 / CLUSTER + l1_clusters; i++)
        all[BLOCK + 2 * i + 1] = 1;
    return file_put(file, 0, all, L1 + l1_clusters * CLUSTER);
}
