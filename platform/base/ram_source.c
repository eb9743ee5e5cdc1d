/* SPDX-License-Identifier: MIT */
#include "platform/base/ram_source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool ram_source_is_anonymous(const RamSource *source)
{
    return !source->path && !source->memfd && !source->share;
}

static int open_source(const RamSource *source)
{
    struct stat st;
    if (source->memfd)
        return memfd_create("guest-ram", MFD_CLOEXEC);
    if (stat(source->path, &st) == 0 && S_ISDIR(st.st_mode)) { /* hugetlbfs has no O_TMPFILE */
        g_autofree char *name = g_build_filename(source->path, "quoin-ram-XXXXXX", NULL);
        int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
        if (fd >= 0)
            unlink(name);
        return fd;
    }
    return open(source->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
}

/* The file is as large as RAM at least, and its device or file system has that much where it says so. */
static bool grow(int fd, uint64_t size)
{
    struct stat st;
    if (fstat(fd, &st))
        return false;
    return !S_ISREG(st.st_mode) || (uint64_t)st.st_size >= size || ftruncate(fd, (off_t)size) == 0;
}

/* An older kernel has no MADV_POPULATE_WRITE; a page that is read and written has its memory as well, or the host kills the program. */
static bool populate(uint8_t *hva, uint64_t size)
{
#ifdef MADV_POPULATE_WRITE
    if (madvise(hva, (size_t)size, MADV_POPULATE_WRITE) == 0)
        return true;
    if (errno != EINVAL)
        return false;
#endif
    for (uint64_t at = 0; at < size; at += 4096) {
        volatile uint8_t *byte = hva + at;
        *byte = *byte;
    }
    return true;
}

static void *failed(const RamSource *source, uint64_t size, const char *doing, GError **error)
{
    int why = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "%s%s%s: cannot %s %" PRIu64 " MiB of guest RAM: %s",
                source->option, source->path ? " " : "", source->path ? source->path : "", doing, size >> 20, g_strerror(why));
    return NULL;
}

void *ram_source_map(const RamSource *source, uint64_t size, GError **error)
{
    int fd = -1, flags = source->share ? MAP_SHARED : MAP_PRIVATE;
    errno = ENOMEM;
    if (size > SIZE_MAX / 2)
        return failed(source, size, "have", error);
    if (source->path || source->memfd) {
        fd = open_source(source);
        if (fd < 0 || !grow(fd, size)) {
            failed(source, size, "make a file for", error);
            if (fd >= 0)
                close(fd);
            return NULL;
        }
    }
    void *hva = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
    int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    if (hva == MAP_FAILED)
        return failed(source, size, "map", error);
    if (source->prealloc && !populate(hva, size)) {
        failed(source, size, "preallocate", error);
        munmap(hva, (size_t)size);
        return NULL;
    }
    return hva;
}
