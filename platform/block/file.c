/* SPDX-License-Identifier: MIT
 *
 * A file or block device of the host, by pread(2) and its like.
 *
 * With cache=none and directsync there are two descriptors: what is aligned as O_DIRECT wants it goes by one that has it, anything else by
 * the other one; the kernel keeps the two coherent.
 */
#include "platform/block/image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpu/fault.h"

enum { SECTOR = 512, ZEROS = 64 << 10 };

struct File {
    char *name;
    int fd, direct_fd; /* direct_fd −1: none */
    bool write, unmap;
    unsigned sector;
    uint64_t size; /* atomic */
    const FileTap *tap;
};

static File *failed(File *f, GError **error)
{
    int why = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "cannot open '%s': %s", f->name, g_strerror(why));
    file_close(f);
    return NULL;
}

/* Size and sector of what the descriptor is; false: errno. */
static bool measure(File *f)
{
    struct stat st;
    int sector = SECTOR;
    if (fstat(f->fd, &st) < 0)
        return false;
    f->size = (uint64_t)st.st_size;
    if (S_ISBLK(st.st_mode) && (ioctl(f->fd, BLKGETSIZE64, &f->size) < 0 || ioctl(f->fd, BLKSSZGET, &sector) < 0))
        return false;
    f->sector = (unsigned)MAX(sector, SECTOR);
    if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
        return true;
    errno = S_ISDIR(st.st_mode) ? EISDIR : ENODEV;
    return false;
}

File *file_new(int fd, const char *name, bool write)
{
    File *f = g_new0(File, 1);
    f->name = g_strdup(name);
    f->fd = fd;
    f->direct_fd = -1;
    f->write = write;
    f->unmap = true;
    measure(f);
    return f;
}

File *file_open(const char *path, const FileMode *mode, GError **error)
{
    int access = mode->write ? O_RDWR : O_RDONLY;
    File *f = g_new0(File, 1);
    f->name = g_strdup(path);
    f->direct_fd = -1;
    f->write = mode->write;
    f->unmap = mode->unmap;
    f->fd = open(path, access | O_CLOEXEC | O_NONBLOCK); /* O_NONBLOCK: a FIFO is refused instead of waited for */
    if (f->fd < 0 || !measure(f))
        return failed(f, error);
    if (!mode->unlocked && file_lock(f->fd, mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                    "cannot open '%s': another program has it open, and one of the two writes; file.locking=off does not look",
                    path);
        file_close(f);
        return NULL;
    }
    if (mode->direct && (f->direct_fd = open(path, access | O_CLOEXEC | O_DIRECT)) < 0)
        return failed(f, error);
    return f;
}

void file_close(File *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->direct_fd >= 0)
        close(f->direct_fd);
    g_free(f->name);
    g_free(f);
}

uint64_t file_size(const File *f)
{
    return __atomic_load_n(&f->size, __ATOMIC_RELAXED);
}

static void grown(File *f, uint64_t size)
{
    uint64_t was = file_size(f);
    while (was < size && !__atomic_compare_exchange_n(&f->size, &was, size, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

uint64_t file_allocated(const File *f)
{
    struct stat st;
    return fstat(f->fd, &st) < 0 ? 0 : (uint64_t)st.st_blocks * SECTOR;
}

unsigned file_sector_size(const File *f)
{
    return f->sector;
}

const char *file_name(const File *f)
{
    return f->name;
}

void file_set_tap(File *f, const FileTap *tap)
{
    f->tap = tap;
}

/* --- reads and writes */

int file_descriptor(const File *f)
{
    return f->fd;
}

void file_piece(const File *f, uint64_t offset, const Span *span, uint64_t length, FilePiece *p)
{
    uint64_t bits = p->offset = offset;
    p->n = span_next(span, length, p->iov, FILE_PIECES);
    for (unsigned i = 0; i < p->n && f->direct_fd >= 0; i++)
        bits |= (uintptr_t)p->iov[i].iov_base | p->iov[i].iov_len;
    p->fd = f->direct_fd >= 0 && bits % f->sector == 0 ? f->direct_fd : f->fd;
}

int file_read(File *f, uint64_t offset, Span *to, uint64_t length)
{
    FilePiece p;
    int fault = fault_errno_here(FAULT_BLOCK_READ);
    if (fault)
        return fault;
    while (length) {
        file_piece(f, offset, to, length, &p);
        ssize_t got = preadv(p.fd, p.iov, (int)p.n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0) { /* the file ends here */
            span_zero(to, length);
            return 0;
        }
        span_skip(to, (uint64_t)got);
        offset += (uint64_t)got;
        length -= (uint64_t)got;
    }
    return 0;
}

void file_wrote(File *f, uint64_t offset, const struct iovec *iov, uint64_t length)
{
    grown(f, offset + length);
    for (size_t n; f->tap && length; iov++, offset += n, length -= n) {
        n = (size_t)MIN(length, (uint64_t)iov->iov_len);
        f->tap->wrote(f->tap->opaque, offset, iov->iov_base, n);
    }
}

int file_write(File *f, uint64_t offset, Span *from, uint64_t length)
{
    FilePiece p;
    int fault = fault_errno_here(FAULT_BLOCK_WRITE);
    if (fault)
        return fault;
    while (length) {
        file_piece(f, offset, from, length, &p);
        ssize_t put = pwritev(p.fd, p.iov, (int)p.n, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? errno : ENOSPC;
        file_wrote(f, offset, p.iov, (uint64_t)put);
        span_skip(from, (uint64_t)put);
        offset += (uint64_t)put;
        length -= (uint64_t)put;
    }
    return 0;
}

int file_get(File *f, uint64_t offset, void *to, size_t length)
{
    struct iovec iov;
    Span span = span_of(&iov, to, length);
    return file_read(f, offset, &span, length);
}

int file_put(File *f, uint64_t offset, const void *from, size_t length)
{
    struct iovec iov;
    Span span = span_of(&iov, (void *)from, length);
    return file_write(f, offset, &span, length);
}

void file_flushed(File *f)
{
    if (f->tap)
        f->tap->flushed(f->tap->opaque);
}

int file_flush(File *f)
{
    int fault = fault_errno_here(FAULT_BLOCK_FLUSH);
    if (fault)
        return fault;
    while (f->write && fdatasync(f->fd) < 0) {
        if (errno != EINTR)
            return errno;
    }
    file_flushed(f);
    return 0;
}

int file_resize(File *f, uint64_t size)
{
    if (ftruncate(f->fd, (off_t)size) < 0)
        return errno;
    __atomic_store_n(&f->size, size, __ATOMIC_RELAXED);
    return 0;
}

/* --- holes and zeros */

/* False: the host does not do this here (not this file system, not this alignment).  Otherwise *error is 0 or an errno. */
static bool allocate(const File *f, int mode, uint64_t offset, uint64_t length, int *error)
{
    int result;
    do
        result = fallocate(f->fd, mode, (off_t)offset, (off_t)length);
    while (result < 0 && errno == EINTR);
    *error = result < 0 ? errno : 0;
    return *error != EOPNOTSUPP && *error != ENOSYS && *error != ENODEV && *error != EINVAL;
}

int file_discard(File *f, uint64_t offset, uint64_t length)
{
    int error;
    if (f->tap && f->unmap && length)
        f->tap->wrote(f->tap->opaque, offset, NULL, (size_t)length);
    if (!f->unmap || !length || !allocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length, &error))
        return 0;
    return error;
}

static int write_zeros(File *f, uint64_t offset, uint64_t length)
{
    static const char zeros[ZEROS];
    int error = 0;
    for (size_t n; length && !error; offset += n, length -= n) {
        n = (size_t)MIN(length, ZEROS);
        error = file_put(f, offset, zeros, n);
    }
    return error;
}

int file_zero(File *f, uint64_t offset, uint64_t length, bool may_unmap)
{
    int error = fault_errno_here(FAULT_BLOCK_WRITE);
    if (error || !length)
        return error;
    if (may_unmap && f->unmap && allocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length, &error))
        return error;
    if (allocate(f, FALLOC_FL_ZERO_RANGE, offset, length, &error)) {
        if (!error)
            grown(f, offset + length);
        return error;
    }
    return write_zeros(f, offset, length);
}
