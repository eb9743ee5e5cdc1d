/* SPDX-License-Identifier: MIT
 *
 * A raw image: the file's bytes are the drive's.
 */
#include "platform/block/image.h"

static int raw_read(Image *image, uint64_t offset, Span *to, uint64_t length)
{
    return file_read(image->file, offset, to, length);
}

static int raw_write(Image *image, uint64_t offset, Span *from, uint64_t length)
{
    return file_write(image->file, offset, from, length);
}

static int raw_zero(Image *image, uint64_t offset, uint64_t length, bool may_unmap)
{
    return file_zero(image->file, offset, length, may_unmap);
}

static int raw_discard(Image *image, uint64_t offset, uint64_t length)
{
    return file_discard(image->file, offset, length);
}

static int raw_flush(Image *image)
{
    return file_flush(image->file);
}

static void raw_close(Image *image)
{
    g_free(image);
}

static const ImageOps raw_ops = {
    .name = "raw",
    .read = raw_read,
    .write = raw_write,
    .zero = raw_zero,
    .discard = raw_discard,
    .flush = raw_flush,
    .close = raw_close,
};

Image *raw_open(File *file, bool read_only, GError **error)
{
    enum { SECTOR = 512 };
    Image *image = g_new0(Image, 1);
    image->ops = &raw_ops;
    image->file = file;
    image->size = (file_size(file) + SECTOR - 1) & ~(uint64_t)(SECTOR - 1); /* the last sector is read with zeros behind the end */
    image->read_only = read_only;
    return image;
}
