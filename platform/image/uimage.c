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
    UIMAGE_MULTI = 4,
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
uint32_t image_crc32(const uint8_t *data, uint64_t size)
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
    if (image_crc32(header, UIMAGE_HEADER) != u->header_crc)
        return image_bad(file, error, "corrupt: wrong CRC of the header");
    if (u->size > file->size - UIMAGE_HEADER)
        return image_bad(file, error, "truncated: %u bytes of data announced, %" PRIu64 " there", u->size,
                         file->size - UIMAGE_HEADER);
    if (image_crc32(file->data + UIMAGE_HEADER, u->size) != u->data_crc)
        return image_bad(file, error, "corrupt: wrong CRC of the data");
    if (u->arch != UIMAGE_ARCH_PPC)
        return image_bad(file, error, "for another processor (architecture %u), not PowerPC", u->arch);
    if (u->type != UIMAGE_KERNEL && u->type != UIMAGE_KERNEL_NOLOAD && u->type != UIMAGE_MULTI)
        return image_bad(file, error, "type %u is not a kernel", u->type);
    return true;
}

GBytes *image_inflate(const ImageFile *file, const uint8_t *data, uint64_t size, uint64_t gpa, uint64_t *steps, GError **error)
{
    bool too_big;
    uint64_t limit = file->ram_size > gpa ? file->ram_size - gpa : 0;
    g_autoptr(GError) why = NULL;
    GBytes *out = gzip_inflate(data, size, limit, &too_big, steps, &why);
    if (too_big)
        return image_bad(file, error, "does not fit: unpacked at 0x%" PRIx64 " it is larger than RAM (-m gives %" PRIu64 " MiB)",
                         gpa, file->ram_size >> 20);
    return out ? out : image_bad(file, error, "%s", why->message);
}

Image *image_of_payload(const ImageFile *file, uint64_t load, uint64_t entry, GBytes *payload, GError **error)
{
    uint64_t size = g_bytes_get_size(payload);
    if (load > file->ram_size || size > file->ram_size - load)
        return image_too_big(file, load + size, error);
    if (entry < load || entry - load >= size || entry & 3)
        return image_bad(file, error, "entry 0x%" PRIx64 " is not in its data, 0x%" PRIx64 " to 0x%" PRIx64, entry, load,
                         load + size);
    Image *image = image_new(file->format);
    image->entry = entry;
    image_add(image, load, size, g_bytes_ref(payload));
    return image;
}

/* --- the data: the kernel, or several files behind a table of their sizes, which a zero ends; each is padded to a multiple of 4 */

enum { PART_KERNEL, PART_INITRD, PART_DTB, UIMAGE_PARTS };

typedef struct Part {
    uint64_t at, size; /* bytes of the file; size 0: there is none */
} Part;

static bool uimage_parts(const ImageFile *file, const Uimage *u, Part *parts, GError **error)
{
    const uint64_t end = UIMAGE_HEADER + (uint64_t)u->size;
    uint64_t at = UIMAGE_HEADER, n = 0;
    parts[PART_KERNEL] = (Part){at, u->size};
    if (u->type != UIMAGE_MULTI)
        return true;
    while (at + 4 <= end && image_be32(file->data + at)) {
        if (n == UIMAGE_PARTS)
            return image_bad(file, error, "more than %d files in it: kernel, initrd and device tree have a use here", UIMAGE_PARTS);
        parts[n++].size = image_be32(file->data + at);
        at += 4;
    }
    at += 4; /* the zero */
    for (uint64_t i = 0; i < n; i++) {
        parts[i].at = at;
        if (at > end || parts[i].size > end - at)
            return image_bad(file, error, "file %" PRIu64 " of %" PRIu64 " in it goes on beyond its data", i + 1, n);
        at += (parts[i].size + 3) & ~UINT64_C(3);
    }
    if (!n)
        return image_bad(file, error, "no file in it");
    return true;
}

static GBytes *uimage_kernel(const ImageFile *file, const Uimage *u, const Part *part, uint64_t *steps, GError **error)
{
    if (u->comp == UIMAGE_COMP_NONE)
        return image_copy(file, part->at, part->size, error);
    if (u->comp != UIMAGE_COMP_GZIP)
        return image_bad(file, error, "compression %u is not supported, only none and gzip", u->comp);
    return image_inflate(file, file->data + part->at, part->size, u->load, steps, error);
}

static bool uimage_others(const ImageFile *file, const Part *parts, Image *image, GError **error)
{
    if (parts[PART_INITRD].size && !(image->initrd = image_copy(file, parts[PART_INITRD].at, parts[PART_INITRD].size, error)))
        return false;
    if (!parts[PART_DTB].size)
        return true;
    g_autoptr(GBytes) dtb = image_copy(file, parts[PART_DTB].at, parts[PART_DTB].size, error);
    image->dtb = dtb ? image_check_dtb_bytes(file->name, dtb, error) : NULL;
    return image->dtb;
}

Image *uimage_load(ImageFile *file, GError **error)
{
    Uimage u;
    Part parts[UIMAGE_PARTS] = {0};
    file->format = "uImage";
    if (!uimage_header(file, &u, error) || !uimage_parts(file, &u, parts, error))
        return NULL;
    if (u.type == UIMAGE_KERNEL_NOLOAD)
        u.load = 0;     /* such a kernel runs wherever it lies, and its entry counts from its own start */
    uint64_t steps = 1; /* the header */
    g_autoptr(GBytes) payload = uimage_kernel(file, &u, &parts[PART_KERNEL], &steps, error);
    Image *image = payload ? image_of_payload(file, u.load, u.entry, payload, error) : NULL;
    if (image && !uimage_others(file, parts, image, error))
        g_clear_pointer(&image, image_free);
    if (image)
        image->steps = steps;
    return image;
}
