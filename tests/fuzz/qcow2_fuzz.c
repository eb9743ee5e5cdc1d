/* SPDX-License-Identifier: MIT
 *
 * A qcow2 image of anybody's, and a guest that reads and writes it.  An input is a byte that says how many requests there are and whether the
 * image is opened for reading alone, five bytes for each request, and the image.
 *
 * What is refused says why in one line; nothing is written outside of the file but where the image grows; what was written is read again,
 * unless an error was told, or the image has counted a cluster as free that the guest has, and gave it to the guest twice.
 */
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/block/qcow2.h"

enum { REQUEST_SIZE = 5, REQUESTS = 15, READ_ONLY = 0x80, LENGTH = 20000, ROOM = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t offset_of(const Image *image, const uint8_t *request, uint64_t length)
{
    unsigned place = request[1] | request[2] << 8;
    uint64_t room = image->size - length;
    return request[0] & 0x10 ? room - MIN(room, place) : place * UINT64_C(257) % (room + 1);
}

static bool is_twice(Image *image, uint64_t offset, uint64_t length)
{
    Qcow2 *q = (Qcow2 *)image;
    g_autoptr(GHashTable) places = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (uint64_t at = offset - qcow2_in_cluster(q, offset); at < offset + length; at += q->cluster) {
        uint64_t entry;
        if (!qcow2_l2_entry(q, at, &entry) && (entry &= QCOW2_OFFSET_MASK) &&
            !g_hash_table_add(places, g_memdup2(&entry, sizeof(entry))))
            return true;
    }
    return false;
}

static void write_and_read(Image *image, uint64_t offset, uint64_t length, uint8_t byte)
{
    g_autofree uint8_t *out = g_malloc(length), *in = g_malloc0(length);
    struct iovec iov[2];
    Span from = span_of(&iov[0], out, length), to = span_of(&iov[1], in, length);
    memset(out, byte, length);
    if (!image->ops->write(image, offset, &from, length) && !image->ops->read(image, offset, &to, length))
        g_assert_true(!memcmp(in, out, length) || is_twice(image, offset, length));
}

static void read_only(Image *image, uint64_t offset, uint64_t length)
{
    g_autofree uint8_t *in = g_malloc0(length);
    struct iovec iov;
    Span to = span_of(&iov, in, length);
    image->ops->read(image, offset, &to, length);
}

static void request(Image *image, const uint8_t *r)
{
    uint64_t length = MIN((r[3] | r[4] << 8) % LENGTH + 1u, image->size);
    if (!length)
        return;
    uint64_t offset = offset_of(image, r, length);
    switch (image->read_only ? 0 : r[0] & 7) {
    case 0:
        read_only(image, offset, length);
        break;
    case 1:
        image->ops->zero(image, offset, length, r[0] & 8);
        break;
    case 2:
        image->ops->discard(image, offset, length);
        break;
    case 3:
        image->ops->flush(image);
        break;
    default:
        write_and_read(image, offset, length, r[0]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *backing = NULL;
    BlockFormat format;
    struct stat st;
    unsigned n = size ? data[0] & REQUESTS : 0;
    if (size < 1 + n * REQUEST_SIZE)
        return 0;
    const uint8_t *requests = data + 1, *bytes = requests + n * REQUEST_SIZE;
    size_t length = (size_t)(data + size - bytes);
    log_silence(true);
    int fd = memfd_create("image", 0);
    if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
        g_error("memfd");
    Image *image = qcow2_open(file_new(dup(fd), "image", true), data[0] & READ_ONLY, false, &backing, &format, &error);
    g_assert_true(!image == !!error);
    if (error)
        g_assert_null(strchr(error->message, '\n'));
    for (unsigned i = 0; image && i < n; i++)
        request(image, requests + i * REQUEST_SIZE);
    if (image)
        image_close(image);
    g_assert_cmpint(fstat(fd, &st), ==, 0);
    g_assert_cmpint(st.st_size, <=, (off_t)length + ROOM);
    if (data[0] & READ_ONLY)
        g_assert_cmpint(st.st_size, ==, (off_t)length);
    close(fd);
    return 0;
}
