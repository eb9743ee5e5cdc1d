/* SPDX-License-Identifier: MIT
 *
 * What reads and writes of the guest do to a qcow2 image.
 */
#include "platform/block/qcow2.h"

#include <errno.h>
#include <string.h>

#include "cpu/log.h"

typedef enum Kind {
    KIND_HOLE,   /* the backing file's, or zeros */
    KIND_ZERO,   /* zeros, whatever is behind it; it may have a cluster */
    KIND_DATA,   /* a cluster */
    KIND_PACKED, /* a compressed one */
} Kind;

/* Bytes of the guest that are of one kind and in one piece. */
typedef struct Extent {
    Kind kind;
    uint64_t host;   /* of DATA: where it begins in the file */
    uint64_t length; /* bytes */
    uint64_t entry;  /* of the first cluster */
} Extent;

static Qcow2 *qcow2_of(Image *image)
{
    return (Qcow2 *)image;
}

int qcow2_corrupt(Qcow2 *q, const char *format, ...)
{
    enum { H_INCOMPATIBLE = 72, CORRUPT = 2 };
    if (__atomic_exchange_n(&q->corrupt, true, __ATOMIC_RELAXED))
        return EIO;
    va_list ap;
    va_start(ap, format);
    g_autofree char *why = g_strdup_vprintf(format, ap);
    va_end(ap);
    message_error("'%s': qcow2: corrupt, and not written any more: %s", file_name(q->image.file), why);
    uint64_t features = GUINT64_TO_BE(q->incompatible | CORRUPT);
    if (q->version >= 3 && !q->image.read_only)
        file_put(q->image.file, H_INCOMPATIBLE, &features, sizeof(features));
    return EIO;
}

/* --- the lock.  Whoever wants it passes the gate, where a writer waits for the readers that are before it, and they let in no others */

static void share(Qcow2 *q)
{
    g_mutex_lock(&q->gate);
    g_rw_lock_reader_lock(&q->lock);
    g_mutex_unlock(&q->gate);
}

static void exclude(Qcow2 *q)
{
    g_mutex_lock(&q->gate);
    g_rw_lock_writer_lock(&q->lock);
    g_mutex_unlock(&q->gate);
}

/* --- what is where; under either lock */

static int classify(Qcow2 *q, uint64_t entry, Kind *kind)
{
    uint64_t host = entry & QCOW2_OFFSET_MASK;
    *kind = entry & QCOW2_COMPRESSED                ? KIND_PACKED
            : q->version >= 3 && entry & QCOW2_ZERO ? KIND_ZERO
            : host                                  ? KIND_DATA
                                                    : KIND_HOLE;
    if (*kind != KIND_PACKED && (host % q->cluster || (host && host >= file_size(q->image.file) && *kind == KIND_DATA)))
        return qcow2_corrupt(q, "a cluster of the guest's would be at %#" G_GINT64_MODIFIER "x", host);
    return 0;
}

/* The extent that begins at offset; of one that is longer, the first `length` bytes. */
static int extent_at(Qcow2 *q, uint64_t offset, uint64_t length, Extent *e)
{
    uint64_t within = qcow2_in_cluster(q, offset), entry;
    int error = qcow2_l2_entry(q, offset, &e->entry);
    if (!error)
        error = classify(q, e->entry, &e->kind);
    e->host = (e->entry & QCOW2_OFFSET_MASK) + within;
    e->length = MIN(q->cluster - within, length);
    while (!error && e->length < length && e->kind != KIND_PACKED) {
        Kind kind;
        error = qcow2_l2_entry(q, offset + e->length, &entry);
        if (!error)
            error = classify(q, entry, &kind);
        if (error || kind != e->kind || (entry & QCOW2_COPIED) != (e->entry & QCOW2_COPIED) ||
            (kind == KIND_DATA && (entry & QCOW2_OFFSET_MASK) != e->host + e->length))
            break;
        e->length += MIN(q->cluster, length - e->length);
    }
    return error;
}

static bool reads_zeros(const Qcow2 *q, Kind kind)
{
    return kind == KIND_ZERO || (kind == KIND_HOLE && !q->image.backing);
}

/* --- reads */

static int read_packed(Qcow2 *q, const Extent *e, uint64_t within, Span *to)
{
    g_autofree uint8_t *data = g_malloc(q->cluster);
    int error = qcow2_read_compressed(q, e->entry, data);
    if (!error)
        span_put(to, data + within, e->length);
    return error;
}

static int read_locked(Qcow2 *q, uint64_t offset, Span *to, uint64_t length)
{
    Extent e;
    int error = 0;
    for (; length && !error; offset += e.length, length -= e.length) {
        error = extent_at(q, offset, length, &e);
        if (error)
            return error;
        if (reads_zeros(q, e.kind))
            span_zero(to, e.length);
        else if (e.kind == KIND_HOLE)
            error = image_read(q->image.backing, offset, to, e.length);
        else if (e.kind == KIND_PACKED)
            error = read_packed(q, &e, qcow2_in_cluster(q, offset), to);
        else
            error = file_read(q->image.file, e.host, to, e.length);
    }
    return error;
}

static int qcow2_read(Image *image, uint64_t offset, Span *to, uint64_t length)
{
    Qcow2 *q = qcow2_of(image);
    share(q);
    int error = read_locked(q, offset, to, length);
    g_rw_lock_reader_unlock(&q->lock);
    return error;
}

/* --- writes in place */

static bool in_place(const Extent *e)
{
    return e->kind == KIND_DATA && e->entry & QCOW2_COPIED;
}

static int write_in_place(Qcow2 *q, const Extent *e, Span *from)
{
    for (uint64_t at = e->host & ~(q->cluster - 1); at < e->host + e->length; at += q->cluster) {
        if (qcow2_is_structure(q, at))
            return qcow2_corrupt(q, "a cluster of the guest's is a table of the image's, at %#" G_GINT64_MODIFIER "x", at);
    }
    return file_write(q->image.file, e->host, from, e->length);
}

/* --- writes that need clusters; under the exclusive lock */

/* What an entry named goes out of use. */
static int drop_entry(Qcow2 *q, uint64_t entry)
{
    uint64_t offset = entry & QCOW2_OFFSET_MASK, size = q->cluster;
    if (entry & QCOW2_COMPRESSED)
        qcow2_compressed_place(q, entry, &offset, &size);
    if (!offset)
        return 0;
    uint64_t first = offset & ~(q->cluster - 1), n = ((offset + size - 1) >> q->cluster_bits) - (first >> q->cluster_bits) + 1;
    for (uint64_t i = 0; i < n; i++) {
        if (qcow2_is_structure(q, first + i * q->cluster))
            return qcow2_corrupt(q, "a cluster of the guest's is a table of the image's, at %#" G_GINT64_MODIFIER "x", first);
    }
    qcow2_free_later(q, first, n);
    return 0;
}

static int set_entry(Qcow2 *q, uint64_t offset, uint64_t entry)
{
    uint64_t old;
    int error = qcow2_l2_entry(q, offset, &old);
    if (!error)
        error = qcow2_l2_set(q, offset, entry);
    bool stays = !(old & QCOW2_COMPRESSED) && (old & QCOW2_OFFSET_MASK) == (entry & QCOW2_OFFSET_MASK);
    return error || stays ? error : drop_entry(q, old);
}

/* Part of a cluster, or all of it: what the guest does not write comes from where it was. */
static int write_cluster(Qcow2 *q, uint64_t offset, Span *from, uint64_t length, Kind kind)
{
    uint64_t within = qcow2_in_cluster(q, offset), base = offset - within, host;
    bool fresh;
    int error = qcow2_alloc(q, 1, &host, &fresh);
    if (error)
        return error;
    if (length == q->cluster || (fresh && reads_zeros(q, kind))) {
        error = file_write(q->image.file, host + within, from, length);
    } else {
        g_autofree uint8_t *data = g_malloc0(q->cluster);
        struct iovec iov;
        Span all = span_of(&iov, data, q->cluster);
        error = read_locked(q, base, &all, MIN(q->cluster, q->image.size - base));
        if (!error) {
            span_get(from, data + within, length);
            error = file_put(q->image.file, host, data, q->cluster);
        }
    }
    if (!error)
        return set_entry(q, base, host | QCOW2_COPIED);
    qcow2_release(q, host, 1);
    return error;
}

/* As many whole clusters as get a place in one piece; *length: bytes that were written. */
static int write_clusters(Qcow2 *q, uint64_t offset, Span *from, uint64_t *length)
{
    uint64_t most = MIN(*length, q->cluster << q->l2_bits) >> q->cluster_bits, n = 0, host = 0, next;
    uint64_t left = (UINT64_C(1) << q->l2_bits) - (offset >> q->cluster_bits & ((UINT64_C(1) << q->l2_bits) - 1));
    bool fresh;
    int error = 0;
    for (; n < MIN(most, left) && !(error = qcow2_alloc(q, 1, &next, &fresh)); n++) {
        if (n && next != host + n * q->cluster) {
            qcow2_release(q, next, 1);
            break;
        }
        host = n ? host : next;
    }
    if (!n)
        return error;
    *length = n << q->cluster_bits;
    error = file_write(q->image.file, host, from, *length);
    if (error)
        qcow2_release(q, host, n);
    for (uint64_t i = 0; i < n && !error; i++)
        error = set_entry(q, offset + i * q->cluster, (host + i * q->cluster) | QCOW2_COPIED);
    return error;
}

/* A piece of a write; *length: in, bytes that there are; out, those that were written. */
static int write_locked(Qcow2 *q, uint64_t offset, Span *from, uint64_t *length)
{
    Extent e;
    if (__atomic_load_n(&q->corrupt, __ATOMIC_RELAXED))
        return EIO;
    int error = extent_at(q, offset, *length, &e);
    if (!error)
        *length = e.length;
    if (!error && in_place(&e)) /* another write was faster */
        return write_in_place(q, &e, from);
    if (!error)
        error = qcow2_bound_changes(q);
    if (!error)
        error = qcow2_l2_prepare(q, offset);
    if (error)
        return error;
    if (!qcow2_in_cluster(q, offset) && *length >= q->cluster)
        return write_clusters(q, offset, from, length);
    *length = MIN(*length, q->cluster - qcow2_in_cluster(q, offset));
    return write_cluster(q, offset, from, *length, e.kind);
}

static int write_piece(Qcow2 *q, uint64_t offset, Span *from, uint64_t *length)
{
    Extent e;
    share(q);
    int error = __atomic_load_n(&q->corrupt, __ATOMIC_RELAXED) ? EIO : extent_at(q, offset, *length, &e);
    bool done = error || in_place(&e);
    if (done && !error)
        error = write_in_place(q, &e, from);
    if (done && !error)
        *length = e.length;
    g_rw_lock_reader_unlock(&q->lock);
    if (done)
        return error;
    exclude(q);
    error = write_locked(q, offset, from, length);
    g_rw_lock_writer_unlock(&q->lock);
    return error;
}

static int qcow2_write(Image *image, uint64_t offset, Span *from, uint64_t length)
{
    int error = 0;
    for (uint64_t n; length && !error; offset += n, length -= n) {
        n = length;
        error = write_piece(qcow2_of(image), offset, from, &n);
    }
    return error;
}

/* --- zeros and discards */

static int write_zeros(Image *image, uint64_t offset, uint64_t length)
{
    g_autofree uint8_t *zeros = g_malloc0(length);
    struct iovec iov;
    Span from = span_of(&iov, zeros, length);
    return qcow2_write(image, offset, &from, length);
}

/* What the entry of a cluster becomes that reads as zeros; false: such images have no entry for it. */
static bool zero_entry(const Qcow2 *q, uint64_t entry, bool keep, uint64_t *to)
{
    bool has_cluster = !(entry & QCOW2_COMPRESSED) && entry & QCOW2_COPIED && entry & QCOW2_OFFSET_MASK;
    if (q->version >= 3)
        *to = QCOW2_ZERO | (keep && has_cluster ? entry & (QCOW2_COPIED | QCOW2_OFFSET_MASK) : 0);
    else
        *to = 0;
    return q->version >= 3 || !q->image.backing;
}

/* One whole cluster.  *left: it is to be written as zeros instead. */
static int zero_cluster(Qcow2 *q, uint64_t offset, bool keep, bool *left)
{
    uint64_t entry, to;
    Kind kind = KIND_HOLE;
    *left = false;
    int error = __atomic_load_n(&q->corrupt, __ATOMIC_RELAXED) ? EIO : qcow2_l2_entry(q, offset, &entry);
    if (!error)
        error = classify(q, entry, &kind);
    if (error || (reads_zeros(q, kind) && (keep || !(entry & QCOW2_OFFSET_MASK))))
        return error;
    *left = !zero_entry(q, entry, keep, &to);
    if (*left)
        return 0;
    error = qcow2_bound_changes(q);
    return error ? error : set_entry(q, offset, to);
}

static int zero_piece(Image *image, uint64_t offset, uint64_t length, bool keep)
{
    Qcow2 *q = qcow2_of(image);
    bool left = true;
    int error = 0;
    if (length == q->cluster) {
        exclude(q);
        error = zero_cluster(q, offset, keep, &left);
        g_rw_lock_writer_unlock(&q->lock);
    }
    return !error && left ? write_zeros(image, offset, length) : error;
}

/* The bytes, from offset on, that are zeros since they have no L2 table: a drive may be so large that nobody goes through all of it. */
static uint64_t empty_from(Qcow2 *q, uint64_t offset, uint64_t length)
{
    uint64_t table = q->cluster << q->l2_bits;
    share(q);
    bool empty = !q->image.backing && !q->l1[offset >> (q->cluster_bits + q->l2_bits)];
    g_rw_lock_reader_unlock(&q->lock);
    return empty ? MIN(length, table - (offset & (table - 1))) : 0;
}

static int qcow2_zero(Image *image, uint64_t offset, uint64_t length, bool may_unmap)
{
    Qcow2 *q = qcow2_of(image);
    int error = 0;
    for (uint64_t n; length && !error; offset += n, length -= n) {
        n = empty_from(q, offset, length);
        if (n)
            continue;
        n = MIN(length, q->cluster - qcow2_in_cluster(q, offset));
        error = zero_piece(image, offset, n, !may_unmap);
    }
    return error;
}

/* Whole clusters alone, and those for which zeros can be said; the rest stays what it is. */
static int qcow2_discard(Image *image, uint64_t offset, uint64_t length)
{
    Qcow2 *q = qcow2_of(image);
    uint64_t end = (offset + length) & ~(q->cluster - 1);
    int error = 0;
    uint64_t n;
    for (offset = (offset + q->cluster - 1) & ~(q->cluster - 1); offset < end && !error; offset += n) {
        bool left;
        n = empty_from(q, offset, end - offset);
        if (n)
            continue;
        n = q->cluster;
        exclude(q);
        error = zero_cluster(q, offset, false, &left);
        g_rw_lock_writer_unlock(&q->lock);
    }
    return error;
}

/* --- the image as a whole */

static int qcow2_flush(Image *image)
{
    Qcow2 *q = qcow2_of(image);
    int error = 0;
    share(q);
    bool changes = qcow2_has_changes(q);
    if (!changes && !q->no_flush)
        error = file_flush(image->file);
    g_rw_lock_reader_unlock(&q->lock);
    if (!changes)
        return error;
    exclude(q);
    error = qcow2_sync(q);
    g_rw_lock_writer_unlock(&q->lock);
    return error;
}

static void qcow2_close(Image *image)
{
    Qcow2 *q = qcow2_of(image);
    int error = 0;
    while (!error && !image->read_only && !q->corrupt && q->tables && qcow2_has_changes(q))
        error = qcow2_sync(q);
    if (error)
        message_error("'%s': qcow2: what was written last may be lost: %s", file_name(image->file), g_strerror(error));
    qcow2_tables_free(q);
    g_clear_pointer(&q->structure, g_hash_table_unref);
    g_array_unref(q->l1_dirty);
    g_array_unref(q->reftable_dirty);
    g_array_unref(q->frees);
    g_rw_lock_clear(&q->lock);
    g_mutex_clear(&q->gate);
    g_mutex_clear(&q->tables_lock);
    g_free(q->l1);
    g_free(q->reftable);
    g_free(q);
}

static const ImageOps qcow2_ops = {
    .name = "qcow2",
    .read = qcow2_read,
    .write = qcow2_write,
    .zero = qcow2_zero,
    .discard = qcow2_discard,
    .flush = qcow2_flush,
    .close = qcow2_close,
};

Image *qcow2_open(File *file, bool read_only, bool no_flush, char **backing, BlockFormat *backing_format, GError **error)
{
    Qcow2 *q = g_new0(Qcow2, 1);
    q->image = (Image){.ops = &qcow2_ops, .file = file, .read_only = read_only};
    q->no_flush = no_flush;
    q->l1_dirty = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    q->reftable_dirty = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    q->frees = g_array_new(FALSE, FALSE, sizeof(Qcow2Run));
    g_rw_lock_init(&q->lock);
    g_mutex_init(&q->gate);
    g_mutex_init(&q->tables_lock);
    if (qcow2_read_header(q, backing, backing_format, error))
        return &q->image;
    image_close(&q->image);
    return NULL;
}
