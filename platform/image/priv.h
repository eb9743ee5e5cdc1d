/* SPDX-License-Identifier: MIT
 *
 * Shared by the image formats (loader*.c); nobody else includes it.
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

/* *error becomes "NAME: FORMAT: …".  As an expression a null pointer, so false: `return
 * image_bad(…)`. */
#define image_bad(file, error, ...) (image_set_error(file, error, __VA_ARGS__), NULL)
void image_set_error(const ImageFile *file, GError **error, const char *why, ...) G_GNUC_PRINTF(3, 4);
/* The same when something would end at gpa `end`, beyond RAM. */
#define image_too_big(file, end, error)                                                                                     \
    image_bad(file, error, "does not fit: it needs RAM up to 0x%" PRIx64 ", and -m gives %" PRIu64 " MiB", (uint64_t)(end), \
              (file)->ram_size >> 20)

/* Bytes that grow while the host has memory for them; all zero: none. */
typedef struct ImageBuffer {
    uint8_t *data;
    gsize len, room;
} ImageBuffer;

/* Room for `more` bytes behind the first `len`; false: the host has none. */
bool image_buffer_reserve(ImageBuffer *buffer, gsize more);
void image_buffer_clear(ImageBuffer *buffer);
/* The first `len` bytes, as they lie; the buffer is empty afterwards. */
GBytes *image_buffer_take(ImageBuffer *buffer);

Image *image_new(const char *format);
void image_add(Image *image, uint64_t gpa, uint64_t size, GBytes *data /* take */); /* ascending gpa */

/* A copy of part of the file; NULL: the host has no memory for it. */
GBytes *image_copy(const ImageFile *file, uint64_t offset, uint64_t size, GError **error);

bool elf_recognise(const uint8_t *data, uint64_t size);
Image *elf_load(ImageFile *file, GError **error);
bool uimage_recognise(const uint8_t *data, uint64_t size);
Image *uimage_load(ImageFile *file, GError **error);

/* gzip data → bytes, at most `limit` of them: *too_big says that there are more.  NULL: *error or
 * *too_big. */
GBytes *gzip_inflate(const uint8_t *data, uint64_t size, uint64_t limit, bool *too_big, GError **error);

static inline uint32_t image_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t image_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}
