/* SPDX-License-Identifier: MIT
 *
 * Trees from files: what must hold before anybody takes them for one.
 */
#include "platform/image/layout.h"
#include "platform/image/priv.h"

#include <libfdt.h>
#include <string.h>

enum {
    DTB_VERSION = 17,   /* ePAPR 1.1 §8; libfdt 1.6's full check falls over versions before 16 */
    DTB_NAME_MAX = 255, /* bytes of a property's name; DTSpec 2.2.4 allows 31, and real trees have some more */
};

/* What of the file is left when its gaps are closed; libfdt has not checked it yet. */
static uint64_t dtb_used(const void *fdt)
{
    uint64_t reserved = fdt_off_dt_struct(fdt) > fdt_off_mem_rsvmap(fdt) ? fdt_off_dt_struct(fdt) - fdt_off_mem_rsvmap(fdt) : 0;
    return sizeof(struct fdt_header) + reserved + fdt_size_dt_struct(fdt) + fdt_size_dt_strings(fdt);
}

/*
 * libfdt measures the name of each property anew.  Were names without bound, a tree whose properties share one long name would
 * take time as the square of its size.
 */
static bool dtb_check_names(const ImageFile *file, GError **error)
{
    uint64_t at = fdt_off_dt_strings(file->data), end = at + fdt_size_dt_strings(file->data), name = at;
    if (end > file->size)
        return image_bad(file, error, "damaged: its strings end at byte %" PRIu64 ", the file at %" PRIu64, end, file->size);
    for (; at < end; at++) {
        if (!file->data[at])
            name = at + 1;
        else if (at - name >= DTB_NAME_MAX)
            return image_bad(file, error, "damaged: the name of a property, at byte %" PRIu64 ", has more than %d bytes", name,
                             DTB_NAME_MAX);
    }
    return true;
}

/* The bytes of the token at `at` of a block, with what belongs to it; 0: it does not end within the block, or has no name. */
static uint64_t token_size(const uint8_t *block, uint64_t at, uint64_t size, uint64_t names)
{
    const uint64_t left = size - at;
    uint64_t takes = 4;
    if (left < takes)
        return 0;
    if (image_be32(block + at) == FDT_BEGIN_NODE) {
        const uint8_t *end = memchr(block + at + takes, '\0', left - takes);
        takes = end ? (uint64_t)(end + 1 - block) - at : left + 1;
    } else if (image_be32(block + at) == FDT_PROP) {
        takes += 8;
        if (left < takes || image_be32(block + at + 8) >= names)
            return 0;
        takes += image_be32(block + at + 4);
    }
    takes = (takes + 3) & ~UINT64_C(3);
    return takes <= left ? takes : 0;
}

/*
 * Whoever walks the structure later stays within it.  libfdt 1.6 does not see to that: it adds lengths in 32 bits, and so takes a property
 * of 4 GiB less a byte for an empty one.
 */
static bool dtb_check_tokens(const ImageFile *file, GError **error)
{
    const uint64_t begin = fdt_off_dt_struct(file->data), size = fdt_size_dt_struct(file->data);
    const uint8_t *block = file->data + begin;
    uint32_t tag = FDT_NOP;
    for (uint64_t at = 0, takes; tag != FDT_END; at += takes) {
        takes = token_size(block, at, size, fdt_size_dt_strings(file->data));
        if (!takes)
            return image_bad(file, error, "damaged: what begins at byte %" PRIu64 " does not end within the structure", begin + at);
        tag = image_be32(block + at);
    }
    return true;
}

/* What must hold before libfdt looks at the blocks: it loads their words where they lie, and in time as they are long. */
static bool dtb_check_blocks(const ImageFile *file, uint64_t most, GError **error)
{
    const void *fdt = file->data;
    if (fdt_off_mem_rsvmap(fdt) % 8)
        return image_bad(file, error, "damaged: its memory reservations begin at byte %u, not at a multiple of 8",
                         fdt_off_mem_rsvmap(fdt));
    if (fdt_off_dt_struct(fdt) % 4)
        return image_bad(file, error, "damaged: its structure begins at byte %u, not at a multiple of 4", fdt_off_dt_struct(fdt));
    if (dtb_used(fdt) > most)
        return image_bad(file, error, "too large: %" PRIu64 " bytes, and a guest's tree has %" PRIu64, dtb_used(fdt), most);
    return dtb_check_names(file, error) && dtb_check_tokens(file, error);
}

static bool dtb_check_size(const ImageFile *file, GError **error)
{
    if (file->size < sizeof(struct fdt_header) || fdt_magic(file->data) != FDT_MAGIC)
        return image_bad(file, error, "not a device tree blob (no 0xd00dfeed at its start)");
    uint64_t total = fdt_totalsize(file->data);
    if (total > file->size)
        return image_bad(file, error, "totalsize says %" PRIu64 " bytes, the file has %" PRIu64 " (truncated?)", total, file->size);
    return true;
}

/* A file of nothing else. */
static bool dtb_check_end(const ImageFile *file, GError **error)
{
    uint64_t total = fdt_totalsize(file->data);
    for (uint64_t i = total; i < file->size; i++) {
        if (file->data[i]) /* zeros are padding, of a file that was rounded up */
            return image_bad(file, error, "totalsize says %" PRIu64 " bytes, but data goes on to %" PRIu64, total, file->size);
    }
    return true;
}

bool image_check_fdt(const ImageFile *file, uint64_t most, GError **error)
{
    if (!dtb_check_size(file, error))
        return false;
    if (fdt_version(file->data) < DTB_VERSION || fdt_last_comp_version(file->data) > DTB_VERSION)
        return image_bad(file, error, "version %u, compatible with %u; only %d will do", fdt_version(file->data),
                         fdt_last_comp_version(file->data), DTB_VERSION);
    int bad = fdt_check_header(file->data);
    if (!bad && !dtb_check_blocks(file, most, error))
        return false;
    if (!bad)
        bad = fdt_check_full(file->data, (size_t)file->size);
    if (bad)
        return image_bad(file, error, "damaged: %s", fdt_strerror(bad));
    return true;
}

GBytes *image_check_dtb_bytes(const char *name, GBytes *bytes, GError **error)
{
    gsize size;
    const uint8_t *data = g_bytes_get_data(bytes, &size);
    ImageFile file = {.name = name, .format = "device tree", .data = data, .size = size};
    return dtb_check_size(&file, error) && dtb_check_end(&file, error) && image_check_fdt(&file, LAYOUT_DTB_SIZE, error)
               ? g_bytes_new_from_bytes(bytes, 0, fdt_totalsize(data))
               : NULL;
}
