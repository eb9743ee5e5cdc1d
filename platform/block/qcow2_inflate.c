/* SPDX-License-Identifier: MIT
 *
 * Compressed clusters: raw deflate, as glib's decompressor has it, or zstd.  They are read; what the guest writes is not compressed.
 */
#include "platform/block/qcow2.h"

#include <errno.h>
#include <gio/gio.h>
#if HAVE_LIBZSTD
#include <zstd.h>
#endif

void qcow2_compressed_place(const Qcow2 *q, uint64_t entry, uint64_t *offset, uint64_t *size)
{
    enum { SECTOR = 512 };
    unsigned offset_bits = 62 - (q->cluster_bits - 8);
    uint64_t more_sectors = (entry & ~(QCOW2_COPIED | QCOW2_COMPRESSED)) >> offset_bits;
    *offset = entry & ((UINT64_C(1) << offset_bits) - 1);
    *size = (more_sectors + 1) * SECTOR - *offset % SECTOR;
}

static int inflate(const uint8_t *from, size_t size, uint8_t *to, size_t room)
{
    g_autoptr(GZlibDecompressor) d = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_RAW);
    GConverterResult result = G_CONVERTER_CONVERTED;
    while (room && result != G_CONVERTER_FINISHED) {
        gsize got = 0, put = 0;
        result = g_converter_convert(G_CONVERTER(d), from, size, to, room, G_CONVERTER_INPUT_AT_END, &got, &put, NULL);
        if (result == G_CONVERTER_ERROR)
            return EIO;
        from += got;
        size -= got;
        to += put;
        room -= put;
    }
    return room ? EIO : 0;
}

#if HAVE_LIBZSTD
/* The last frame may end before the last sector does: what is behind it is of other clusters. */
static int unpack_zstd(const uint8_t *from, size_t size, uint8_t *to, size_t room)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {from, size, 0};
    ZSTD_outBuffer out = {to, room, 0};
    size_t before;
    int error = context ? 0 : ENOMEM;
    while (!error && out.pos < out.size) {
        before = in.pos + out.pos;
        if (ZSTD_isError(ZSTD_decompressStream(context, &out, &in)) || in.pos + out.pos == before)
            error = EIO;
    }
    ZSTD_freeDCtx(context);
    return error;
}
#else
static int unpack_zstd(const uint8_t *from, size_t size, uint8_t *to, size_t room)
{
    return ENOTSUP; /* such images were refused */
}
#endif

int qcow2_read_compressed(Qcow2 *q, uint64_t entry, uint8_t *to)
{
    uint64_t offset, size;
    qcow2_compressed_place(q, entry, &offset, &size);
    if (offset >= file_size(q->image.file))
        return qcow2_corrupt(q, "a compressed cluster would be at %#" G_GINT64_MODIFIER "x", offset);
    g_autofree uint8_t *data = g_malloc(size);
    int error = file_get(q->image.file, offset, data, size);
    if (!error)
        error = (q->zstd ? unpack_zstd : inflate)(data, size, to, q->cluster);
    return error;
}
