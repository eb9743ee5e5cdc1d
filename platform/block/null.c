/* SPDX-License-Identifier: MIT
 *
 * driver=null-co: a drive of zeros that forgets what is written to it.
 */
#include "platform/block/image.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static int null_read(Image *image, uint64_t offset, Span *to, uint64_t length)
{
    span_zero(to, length);
    return 0;
}

static int null_write(Image *image, uint64_t offset, Span *from, uint64_t length)
{
    return 0;
}

static int null_zero(Image *image, uint64_t offset, uint64_t length, bool may_unmap)
{
    return 0;
}

static int null_discard(Image *image, uint64_t offset, uint64_t length)
{
    return 0;
}

static int null_flush(Image *image)
{
    return 0;
}

static void null_close(Image *image)
{
    g_free(image);
}

Image *null_open(uint64_t size, bool read_only, GError **error)
{
    static const ImageOps ops = {
        .name = "null-co",
        .read = null_read,
        .write = null_write,
        .zero = null_zero,
        .discard = null_discard,
        .flush = null_flush,
        .close = null_close,
    };
    int fd = memfd_create("null-co", MFD_CLOEXEC); /* every image has a file */
    if (fd < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "null-co: %s", g_strerror(errno));
        return NULL;
    }
    Image *image = g_new0(Image, 1);
    *image = (Image){.ops = &ops, .file = file_new(fd, "null-co://", false), .size = size, .read_only = read_only};
    return image;
}
