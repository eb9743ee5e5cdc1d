/* SPDX-License-Identifier: MIT
 *
 * Requests about one file: opening, data, attributes, locks.
 */
#include "platform/share/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Of the client's open(2): Linux's numbers for x86. */
enum { OPEN_ACCESS = 3, OPEN_EXCL = 0200, OPEN_TRUNC = 01000, OPEN_APPEND = 02000, OPEN_DSYNC = 010000, OPEN_SYNC = 04000000 };

static int host_flags(uint64_t flags)
{
    static const int access[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR};
    return access[flags & OPEN_ACCESS] | (flags & OPEN_TRUNC ? O_TRUNC : 0) | (flags & OPEN_APPEND ? O_APPEND : 0) |
           (flags & OPEN_DSYNC ? O_DSYNC : 0) | (flags & OPEN_SYNC ? O_SYNC : 0);
}

static int answer_opened(const Share *s, int fd, Writer *w)
{
    struct stat st;
    if (fstat(fd, &st))
        return errno;
    put_qid(w, s, &st);
    put_number(w, 4, 0); /* no size of data is better than another one */
    return 0;
}

int serve_lopen(Share *s, Reader *r, Writer *w)
{
    Fid *fid = fid_find(s, (uint32_t)get_number(r, 4));
    const int flags = host_flags(get_number(r, 4));
    int fd;
    if (r->bad || !fid || fid->fd >= 0)
        return EBADF;
    if (s->readonly && (flags & ~O_APPEND & ~O_DSYNC & ~O_SYNC) != O_RDONLY)
        return EROFS;
    if (s->n_open >= OPEN_MAX)
        return ENFILE;
    int error = path_open(s, fid->path, flags, &fd);
    if (error)
        return error;
    fid_opened(s, fid, fd);
    return answer_opened(s, fd, w);
}

int serve_lcreate(Share *s, Reader *r, Writer *w)
{
    Fid *fid = fid_find(s, (uint32_t)get_number(r, 4));
    g_autofree char *name = get_name(r);
    const uint64_t flags = get_number(r, 4);
    const mode_t mode = get_number(r, 4) & 07777;
    const gid_t gid = (gid_t)get_number(r, 4);
    int dir;
    if (r->bad || !name || !fid || fid->fd >= 0)
        return r->bad || !name ? EINVAL : EBADF;
    if (s->n_open >= OPEN_MAX)
        return ENFILE;
    g_autofree char *path = path_join(fid->path, name);
    int error = path ? path_directory(s, fid->path, &dir) : ENAMETOOLONG;
    if (error)
        return error;
    /* O_EXCL: what is there already may be anything, and is opened as that.  The client has looked before it asks. */
    int fd = openat(dir, name, host_flags(flags) | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode);
    error = fd < 0 ? errno : 0;
    close(dir);
    if (error == EEXIST && !(flags & OPEN_EXCL))
        error = path_open(s, path, host_flags(flags), &fd);
    else if (!error &&
             (fchmod(fd, mode) || (fchown(fd, fid->uid, gid) && s->passthrough))) /* the process' umask is not the guest's */
        error = errno;
    if (error) {
        if (fd >= 0)
            close(fd);
        return error;
    }
    g_free(fid->path);
    fid->path = g_steal_pointer(&path);
    fid_opened(s, fid, fd);
    return answer_opened(s, fd, w);
}

/* --- data */

static Fid *open_file(const Share *s, Reader *r)
{
    Fid *fid = fid_find(s, (uint32_t)get_number(r, 4));
    return fid && fid->fd >= 0 ? fid : NULL;
}

int serve_read(Share *s, Reader *r, Writer *w)
{
    const Fid *fid = open_file(s, r);
    const uint64_t offset = get_number(r, 8), wanted = get_number(r, 4);
    if (r->bad || !fid)
        return EBADF;
    if (w->left < IO_HEAD - HEAD)
        return EMSGSIZE;
    if (offset > INT64_MAX)
        return EINVAL;
    ssize_t got;
    do
        got = pread(fid->fd, w->at + 4, MIN(wanted, w->left - 4), (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno;
    put_number(w, 4, (uint64_t)got);
    w->at += got;
    w->left -= (size_t)got;
    return 0;
}

int serve_write(Share *s, Reader *r, Writer *w)
{
    const Fid *fid = open_file(s, r);
    const uint64_t offset = get_number(r, 8), size = get_number(r, 4);
    if (r->bad || !fid)
        return EBADF;
    if (size > r->left || offset > INT64_MAX)
        return EINVAL;
    ssize_t done;
    do
        done = pwrite(fid->fd, r->at, size, (off_t)offset);
    while (done < 0 && errno == EINTR);
    if (done < 0)
        return errno;
    put_number(w, 4, (uint64_t)done);
    return 0;
}

/* Older clients do not say whether the data are enough. */
int serve_fsync(Share *s, Reader *r, Writer *w)
{
    const Fid *fid = open_file(s, r);
    const bool data = r->left >= 4 && get_number(r, 4);
    if (r->bad || !fid)
        return EBADF;
    return (data ? fdatasync(fid->fd) : fsync(fid->fd)) ? errno : 0;
}

/* --- attributes */

static int stat_fid(const Share *s, const Fid *fid, struct stat *st)
{
    return fid->fd >= 0 ? (fstat(fid->fd, st) ? errno : 0) : path_stat(s, fid->path, st);
}

static void put_time(Writer *w, const struct timespec *t)
{
    put_number(w, 8, (uint64_t)t->tv_sec);
    put_number(w, 8, (uint64_t)t->tv_nsec);
}

int serve_getattr(Share *s, Reader *r, Writer *w)
{
    enum { BASIC = 0x7ff };
    static const struct timespec none;
    const Fid *fid = fid_find(s, (uint32_t)get_number(r, 4));
    struct stat st;
    get_number(r, 8); /* which ones it wants: it gets all that there are */
    int error = r->bad || !fid ? EBADF : stat_fid(s, fid, &st);
    if (error)
        return error;
    put_number(w, 8, BASIC);
    put_qid(w, s, &st);
    put_number(w, 4, st.st_mode);
    put_number(w, 4, st.st_uid);
    put_number(w, 4, st.st_gid);
    put_number(w, 8, st.st_nlink);
    put_number(w, 8, st.st_rdev);
    put_number(w, 8, (uint64_t)st.st_size);
    put_number(w, 8, (uint64_t)st.st_blksize);
    put_number(w, 8, (uint64_t)st.st_blocks);
    put_time(w, &st.st_atim);
    put_time(w, &st.st_mtim);
    put_time(w, &st.st_ctim);
    put_time(w, &none); /* birth, generation and version of the data are not told */
    put_number(w, 8, 0);
    put_number(w, 8, 0);
    return 0;
}

enum { SET_MODE = 1, SET_UID = 2, SET_GID = 4, SET_SIZE = 8, SET_ATIME = 0x10, SET_MTIME = 0x20, SET_CTIME = 0x40 };
enum { SET_ATIME_TO = 0x80, SET_MTIME_TO = 0x100 };

typedef struct Attributes {
    uint64_t valid, size;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    struct timespec times[2];
} Attributes;

static int set_times(const char *handle, const Attributes *a)
{
    struct timespec times[2] = {a->times[0], a->times[1]};
    if (!(a->valid & SET_ATIME_TO))
        times[0].tv_nsec = a->valid & SET_ATIME ? UTIME_NOW : UTIME_OMIT;
    if (!(a->valid & SET_MTIME_TO))
        times[1].tv_nsec = a->valid & SET_MTIME ? UTIME_NOW : UTIME_OMIT;
    return utimensat(AT_FDCWD, handle, times, 0) ? errno : 0;
}

/* By /proc/self/fd, which leads to the object itself: the calls for descriptors want one that is open. */
static int set_attributes(const Share *s, int fd, mode_t type, const Attributes *a)
{
    g_autofree char *handle = g_strdup_printf("/proc/self/fd/%d", fd);
    const uid_t uid = a->valid & SET_UID ? a->uid : (uid_t)-1;
    const gid_t gid = a->valid & SET_GID ? a->gid : (gid_t)-1;
    if (a->valid & (SET_UID | SET_GID) && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) && s->passthrough)
        return errno;
    if (S_ISLNK(type))
        return a->valid & SET_SIZE ? EINVAL : 0; /* the rest is of no use to a link */
    if (a->valid & SET_MODE && chmod(handle, a->mode))
        return errno;
    if (a->valid & SET_SIZE && (a->size > INT64_MAX || !S_ISREG(type)))
        return EINVAL;
    if (a->valid & SET_SIZE && truncate(handle, (off_t)a->size))
        return errno;
    return a->valid & (SET_ATIME | SET_MTIME) ? set_times(handle, a) : 0;
}

int serve_setattr(Share *s, Reader *r, Writer *w)
{
    const Fid *fid = fid_find(s, (uint32_t)get_number(r, 4));
    Attributes a = {.valid = get_number(r, 4)};
    struct stat st;
    int fd;
    a.mode = get_number(r, 4) & 07777;
    a.uid = (uid_t)get_number(r, 4);
    a.gid = (gid_t)get_number(r, 4);
    a.size = get_number(r, 8);
    for (unsigned i = 0; i < 2; i++) {
        a.times[i].tv_sec = (time_t)get_number(r, 8);
        a.times[i].tv_nsec = (long)get_number(r, 8);
    }
    int error = r->bad || !fid ? EBADF : path_handle(s, fid->path, &fd);
    if (error)
        return error;
    error = fstat(fd, &st) ? errno : set_attributes(s, fd, st.st_mode, &a);
    close(fd);
    return error;
}

int serve_statfs(Share *s, Reader *r, Writer *w)
{
    enum { V9FS_MAGIC = 0x01021997 };
    struct statfs st;
    if (!fid_find(s, (uint32_t)get_number(r, 4)))
        return EBADF;
    if (fstatfs(s->root, &st))
        return errno;
    put_number(w, 4, V9FS_MAGIC);
    put_number(w, 4, (uint64_t)st.f_bsize);
    put_number(w, 8, st.f_blocks);
    put_number(w, 8, st.f_bfree);
    put_number(w, 8, st.f_bavail);
    put_number(w, 8, st.f_files);
    put_number(w, 8, st.f_ffree);
    put_number(w, 8, s->dev);
    put_number(w, 4, NAME_BYTES_MAX);
    return 0;
}

int serve_readlink(Share *s, Reader *r, Writer *w)
{
    const Fid *fid = fid_find(s, (uint32_t)get_number(r, 4));
    char text[PATH_BYTES_MAX];
    const char *name;
    int dir, error = fid ? path_parent(s, fid->path, &dir, &name) : EBADF;
    if (error)
        return error;
    ssize_t size = readlinkat(dir, name, text, sizeof(text) - 1);
    error = size < 0 ? errno : 0;
    close(dir);
    text[MAX(size, 0)] = 0;
    if (!error)
        put_text(w, text);
    return error;
}

/* --- locks: a guest has its own among its programs, and no other guest has this server */

int serve_lock(Share *s, Reader *r, Writer *w)
{
    enum { LOCK_SUCCESS = 0 };
    if (!open_file(s, r))
        return EBADF;
    put_number(w, 1, LOCK_SUCCESS);
    return 0;
}

int serve_getlock(Share *s, Reader *r, Writer *w)
{
    enum { UNLOCKED = 2 };
    const Fid *fid = open_file(s, r);
    get_number(r, 1);
    const uint64_t start = get_number(r, 8), length = get_number(r, 8), process = get_number(r, 4);
    g_autofree char *client = get_text(r);
    if (!fid || !client)
        return fid ? EINVAL : EBADF;
    put_number(w, 1, UNLOCKED);
    put_number(w, 8, start);
    put_number(w, 8, length);
    put_number(w, 4, process);
    put_text(w, client);
    return 0;
}
