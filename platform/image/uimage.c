/* SPDX-License-Identifier: MIT
 *
 * Legacy uImage: a header of 64 bytes, all big-endian, with a CRC of itself and one of the data
 * after it.
 */
#include "platform/image/priv.h"

#include <gio/gio.h>
#include <string.h>

enum {
    UIMAGE_MAGIC = 0x27051956,
    UIMAGE_HEADER = 64,
    UIMAGE_ARCH_PPC = 7,
    UIMAGE_KERNEL = 2,
    UIMAGE_KERNEL_NOLOAD = 14,
    UIMAGE_COMP_NONE = 0,
    UIMAGE_COMP_GZIP = 1,
};

typedef struct Uimage {
    uint32_t header_crc, size, load, entry, data_crc;
    uint8_t arch, type, comp;
} Uimage;

bool uimage_recognise(const uint8_t *data, uint64_t size)
{
    return size >= 4 && image_be32(data) == UIMAGE_MAGIC;
}

/* The CRC-32 of IEEE 802.3 (bits reflected), four bits at a time. */
static uint32_t crc32_of(const uint8_t *data, uint64_t size)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = ~0u;
    for (uint64_t i = 0; i < size; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return ~crc;
}

GBytes *gzip_inflate(const uint8_t *data, uint64_t size, uint64_t limit, bool *too_big, uint64_t *steps, GError **error)
{
    enum { CHUNK = 256 << 10 };
    g_autoptr(GConverter) gzip = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    ImageBuffer out = {0};
    GConverterResult result = G_CONVERTER_CONVERTED;
    *too_big = false;
    while (result != G_CONVERTER_FINISHED && result != G_CONVERTER_ERROR && !*too_big) {
        gsize used = 0, made = 0;
        ++*steps;
        if (!image_buffer_reserve(&out, CHUNK)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "this host has no memory for more than %" G_GSIZE_FORMAT " MiB of it",
                        out.len >> 20);
            break;
        }
        result =
            g_converter_convert(gzip, data, (gsize)size, out.data + out.len, CHUNK, G_CONVERTER_INPUT_AT_END, &used, &made, error);
        out.len += made;
        data += used;
        size -= used;
        *too_big = out.len > limit;
    }
    if (result == G_CONVERTER_ERROR)
        g_prefix_error(error, "corrupt gzip data: ");
    GBytes *bytes = result == G_CONVERTER_FINISHED && !*too_big ? image_buffer_take(&out) : NULL;
    image_buffer_clear(&out);
    return bytes;
}

static bool uimage_header(const ImageFile *file, Uimage *u, GError **error)
{
    uint8_t header[UIMAGE_HEADER];
    if (file->size < UIMAGE_HEADER)
        return image_bad(file, error, "truncated in its header");
    memcpy(header, file->data, UIMAGE_HEADER);
    *u = (Uimage){
        .header_crc = image_be32(header + 4),
        .size = image_be32(header + 12),
        .load = image_be32(header + 16),
        .entry = image_be32(header + 20),
        .data_crc = image_be32(header + 24),
        .arch = header[29],
        .type = header[30],
        .comp = header[31],
    };
    memset(header + 4, 0, 4);
    if (crc32_of(header, UIMAGE_HEADER) != u->header_crc)
        return image_bad(file, error, "corrupt: wrong CRC of the header");
    if (u->size > file->size - UIMAGE_HEADER)
        return image_bad(file, error, "truncated: %u bytes of data announced, %" PRIu64 " there", u->size,
                         file->size - UIMAGE_HEADER);
    if (crc32_of(file->data + UIMAGE_HEADER, u->size) != u->data_crc)
        return image_bad(file, error, "corrupt: wrong CRC of the data");
    if (u->arch != UIMAGE_ARCH_PPC)
        return image_bad(file, error, "for another processor (architecture %u), not PowerPC", u->arch);
    if (u->type != UIMAGE_KERNEL && u->type != UIMAGE_KERNEL_NOLOAD)
        return image_bad(file, error, "type %u is not a kernel", u->type);
    return true;
}

static GBytes *uimage_payload(const ImageFile *file, const Uimage *u, uint64_t *steps, GError **error)
{
    const uint8_t *data = file->data + UIMAGE_HEADER;
    if (u->comp == UIMAGE_COMP_NONE)
        return image_copy(file, UIMAGE_HEADER, u->size, error);
    if (u->comp != UIMAGE_COMP_GZIP)
        return image_bad(file, error, "compression %u is not supported, only none and gzip", u->comp);
    bool too_big;
    uint64_t limit = file->ram_size > u->load ? file->ram_size - u->load : 0;
    g_autoptr(GError) why = NULL;
    GBytes *out = gzip_inflate(data, u->size, limit, &too_big, steps, &why);
    if (too_big)
        return image_bad(file, error, "does not fit: unpacked at 0x%x it is larger than RAM (-m gives %" PRIu64 " MiB)", u->load,
                         file->ram_size >> 20);
    return out ? out : image_bad(file, error, "%s", why->message);
}

Image *uimage_load(ImageFile *file, GError **error)
{
    Uimage u;
    file->format = "uImage";
    if (!uimage_header(file, &u, error))
        return NULL;
    if (u.type == UIMAGE_KERNEL_NOLOAD)
        u.load = 0;     /* such a kernel runs wherever it lies, and its entry counts from its own start */
    uint64_t steps = 1; /* the header */
    g_autoptr(GBytes) payload = uimage_payload(file, &u, &steps, error);
    if (!payload)
        return NULL;
    uint64_t size = g_bytes_get_size(payload), end = u.load + size;
    if (end > file->ram_size)
        return image_too_big(file, end, error);
    if (u.entry < u.load || u.entry >= end || u.entry & 3)
        return image_bad(file, error, "entry 0x%x is not in its data, 0x%x to 0x%" PRIx64, u.entry, u.load, end);
    Image *image = image_new("uImage");
    image->entry = u.entry;
    image->steps = steps;
    image_add(image, u.load, size, g_steal_pointer(&payload));
    return image;
}
