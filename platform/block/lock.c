/* SPDX-License-Identifier: MIT
 *
 * Locks by which programs that open one image exclude each other: the protocol of QEMU's file back end, so that QEMU, its tools and this
 * program do.  All are shared locks of an open file description (fcntl(2), F_OFD_SETLK) on single bytes of the file:
 *
 *   100 + bit   somebody does this to the image
 *   200 + bit   somebody is not content that others do
 *
 * Whoever opens an image takes its bytes first, and then looks whether another one has the opposite byte of one of them: of two that open it
 * at a time, one at least sees the other.
 */
#include "platform/block/image.h"

#include <errno.h>
#include <fcntl.h>

enum { DOES = 100, MINDS = 200 };
enum { BIT_READ = 0, BIT_WRITE = 1, BIT_RESIZE = 3 };

static int lock_byte(int fd, short type, int command, off_t at)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    if (fcntl(fd, command, &lock) < 0)
        return errno;
    return command == F_OFD_GETLK && lock.l_type != F_UNLCK ? EAGAIN : 0;
}

/* Takes a byte for each bit of both sets, or looks for those of others at the opposite ones. */
static int each_bit(int fd, unsigned does, unsigned minds, bool look)
{
    int error = 0;
    for (unsigned bit = 0; bit < 8 && !error; bit++) {
        if (does & 1u << bit)
            error = lock_byte(fd, look ? F_WRLCK : F_RDLCK, look ? F_OFD_GETLK : F_OFD_SETLK, (look ? MINDS : DOES) + (int)bit);
        if (!error && minds & 1u << bit)
            error = lock_byte(fd, look ? F_WRLCK : F_RDLCK, look ? F_OFD_GETLK : F_OFD_SETLK, (look ? DOES : MINDS) + (int)bit);
    }
    return error;
}

int file_lock(int fd, const FileMode *mode)
{
    unsigned does = 1u << BIT_READ, minds = 1u << BIT_RESIZE;
    if (mode->write)
        does |= 1u << BIT_WRITE;
    if (mode->write && !mode->share_rw)
        does |= 1u << BIT_RESIZE;
    if (!mode->share_rw)
        minds |= 1u << BIT_WRITE;
    int error = each_bit(fd, does, minds, false);
    if (!error)
        error = each_bit(fd, does, minds, true);
    /* Linux says EAGAIN of a conflict.  All else is a host without such locks: a file system, or by EACCES a kernel without CONFIG_FILE_LOCKING. */
    return error == EAGAIN ? EAGAIN : 0;
}
