/* SPDX-License-Identifier: MIT
 *
 * A raw image: the file's bytes are the drive's.
 */
#include "platform/block/image.h"

#include <errno.h>
#include <string.h>

typedef struct Raw {
    Image image;
    bool guessed;
} Raw;

static int raw_read(Image *image, uint64_t offset, Span *to, uint64_t length)
{
    return file_read(image->file, offset, to, length);
}

/* How images of other formats begin, or nearly so. */
enum { HEAD = 0x48 };
static const struct {
    unsigned at, size;
    const char *bytes;
} signatures[] = {
    {0, 4, "QFI\xfb"},  {0, 4, "QED\0"},        {0, 4, "KDMV"},     {0, 4, "COWD"},     {0, 8, "conectix"},
    {0, 8, "vhdxfile"}, {0, 6, "LUKS\xba\xbe"}, {0, 8, "WithoutF"}, {0, 8, "WithouFr"}, {0x40, 4, "\x7f\x10\xda\xbe"},
};

/*
 * A guest that writes such a signature into an image whose format is guessed would make it another one at the next start, with a backing file
 * of the guest's choice: any file of the host's.
 */
static int check_head(Image *image, uint64_t offset, const Span *from, uint64_t length)
{
    uint8_t head[HEAD];
    Span span = *from;
    if (!((Raw *)image)->guessed || offset >= HEAD)
        return 0;
    int error = file_get(image->file, 0, head, HEAD);
    span_get(&span, head + offset, (size_t)MIN(length, HEAD - offset));
    for (unsigned i = 0; i < G_N_ELEMENTS(signatures) && !error; i++) {
        if (!memcmp(head + signatures[i].at, signatures[i].bytes, signatures[i].size))
            error = EPERM;
    }
    return error;
}

static int raw_write(Image *image, uint64_t offset, Span *from, uint64_t length)
{
    int error = check_head(image, offset, from, length);
    return error ? error : file_write(image->file, offset, from, length);
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

static int raw_resize(Image *image, uint64_t size)
{
    int error = file_resize(image->file, size);
    if (!error)
        image->size = size;
    return error;
}

static bool raw_in_place(Image *image, const BlockRequest *r)
{
    bool head = r->op == BLOCK_WRITE && ((Raw *)image)->guessed && r->offset < HEAD;
    return r->op == BLOCK_READ || r->op == BLOCK_FLUSH || (r->op == BLOCK_WRITE && !head);
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
    .in_place = raw_in_place,
    .resize = raw_resize,
    .close = raw_close,
};

Image *raw_open(File *file, bool read_only, bool guessed)
{
    enum { SECTOR = 512 };
    Raw *raw = g_new0(Raw, 1);
    Image *image = &raw->image;
    raw->guessed = guessed;
    image->ops = &raw_ops;
    image->file = file;
    image->size = (file_size(file) + SECTOR - 1) & ~(uint64_t)(SECTOR - 1); /* the last sector is read with zeros behind the end */
    image->read_only = read_only;
    return image;
}
