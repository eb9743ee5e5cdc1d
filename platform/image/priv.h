/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder share: an image file while it is looked at, bytes that grow, the formats.  Nobody else includes it.
 */
#pragma once

#include <inttypes.h>

#include "platform/options/config.h"
#include "platform/image/loader.h"

/* An image file in memory while it is being looked at. */
typedef struct ImageFile {
    const char *name;   /* as the user gave it */
    const char *format; /* "ELF", … */
    const uint8_t *data;
    uint64_t size;
    uint64_t ram_size;
} ImageFile;

/* *error becomes "NAME: FORMAT: …".  The value is a null pointer and so false too: `return image_bad(…)` serves every function. */
#define image_bad(file, error, ...) (image_set_error(file, error, __VA_ARGS__), NULL)
void image_set_error(const ImageFile *file, GError **error, const char *why, ...) G_GNUC_PRINTF(3, 4);
/* The same error for what would end at gpa `end`, beyond RAM. */
#define image_too_big(file, end, error)                                                                                     \
    image_bad(file, error, "does not fit: it needs RAM up to 0x%" PRIx64 ", and -m gives %" PRIu64 " MiB", (uint64_t)(end), \
              (file)->ram_size >> 20)

/* Bytes that grow as long as the host has memory for them.  All zero is an empty one. */
typedef struct ImageBuffer {
    uint8_t *data;
    gsize len, room;
} ImageBuffer;

/* Makes room for `more` bytes behind the first `len`.  False: the host has no memory for them. */
bool image_buffer_reserve(ImageBuffer *buffer, gsize more);
void image_buffer_clear(ImageBuffer *buffer);
/* Hands over the first `len` bytes without a copy; the buffer is empty afterwards. */
GBytes *image_buffer_take(ImageBuffer *buffer);

Image *image_new(const char *format);
void image_add(Image *image, uint64_t gpa, uint64_t size, GBytes *data /* take */); /* ascending gpa */

/* A copy of part of the file; NULL: the host has no memory for it. */
GBytes *image_copy(const ImageFile *file, uint64_t offset, uint64_t size, GError **error);

bool elf_recognise(const uint8_t *data, uint64_t size);
Image *elf_load(ImageFile *file, GError **error);
bool uimage_recognise(const uint8_t *data, uint64_t size);
Image *uimage_load(ImageFile *file, GError **error);
/* A tree as such: header, blocks and structure are whole, and it has no more than `most` bytes without its gaps. */
bool image_check_fdt(const ImageFile *file, uint64_t most, GError **error);
bool fit_recognise(const uint8_t *data, uint64_t size);
Image *fit_load(ImageFile *file, GError **error);

/*
 * Unpacks gzip data, but no more than `limit` bytes: it gives up when there are more, and sets *too_big.  NULL: that, or *error.
 * *steps counts the pieces it took (Image).
 */
GBytes *gzip_inflate(const uint8_t *data, uint64_t size, uint64_t limit, bool *too_big, uint64_t *steps, GError **error);
/* The same of a part of the file, for RAM from gpa on. */
GBytes *image_inflate(const ImageFile *file, const uint8_t *data, uint64_t size, uint64_t gpa, uint64_t *steps, GError **error);
uint32_t image_crc32(const uint8_t *data, uint64_t size); /* IEEE 802.3 */
/* A program of one piece, at `load`.  NULL: it does not fit, or the entry is not in it. */
Image *image_of_payload(const ImageFile *file, uint64_t load, uint64_t entry, GBytes *payload, GError **error);

static inline uint32_t image_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t image_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
