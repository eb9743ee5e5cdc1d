/* SPDX-License-Identifier: MIT */
#include "platform/control/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 << 10, PAGE = 4096 };

const E500State *inspect_state(const ControlView *view, unsigned cpu, GError **error)
{
    Vcpu *vcpu = vcpus_get(view->vcpus, cpu);
    return vcpu_synchronize_state(vcpu, error) ? &vcpu->state : NULL;
}

/* One of `to` and `from` is NULL. */
static bool access_memory(const ControlView *view, unsigned cpu, Ea ea, uint8_t *to, const uint8_t *from, size_t size)
{
    while (size > 0) {
        uint64_t gpa;
        size_t n = MIN(size, PAGE - (ea & (PAGE - 1)));
        if (!vcpu_translate(vcpus_get(view->vcpus, cpu), ea, &gpa))
            return false;
        if (to ? !memory_read(view->memory, gpa, to, n) : !memory_write(view->memory, gpa, from, n))
            return false;
        to = to ? to + n : NULL;
        from = from ? from + n : NULL;
        ea += (Ea)n;
        size -= n;
    }
    return true;
}

bool inspect_read(const ControlView *view, unsigned cpu, Ea ea, void *to, size_t size)
{
    return access_memory(view, cpu, ea, to, NULL, size);
}

bool inspect_write(const ControlView *view, unsigned cpu, Ea ea, const void *from, size_t size)
{
    return access_memory(view, cpu, ea, NULL, from, size);
}

/* --- files */

static bool failed(const char *doing, const char *file, GError **error)
{
    int why = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "Could not %s '%s': %s", doing, file, g_strerror(why));
    return false;
}

int inspect_create(const ControlView *view, const char *file, GError **error)
{
    if (view->create_file)
        return view->create_file(file, error);
    struct stat st;
    int fd = open(file, O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    if (fd < 0) {
        failed("open", file, error);
        return -1;
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "Could not open '%s': Not a regular file", file);
        close(fd);
        return -1;
    }
    if (ftruncate(fd, 0)) {
        failed("truncate", file, error);
        close(fd);
        return -1;
    }
    return fd;
}

bool inspect_append(int fd, const void *data, size_t size, const char *file, GError **error)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed("write", file, error);
        at += n;
        size -= (size_t)n;
    }
    return true;
}

bool inspect_append_ram(int fd, const ControlView *view, uint64_t gpa, uint64_t size, const char *file, GError **error)
{
    g_autofree uint8_t *piece = g_malloc(PIECE);
    while (size > 0) {
        size_t n = (size_t)MIN(size, PIECE);
        if (!memory_read(view->memory, gpa, piece, n)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAULT, "No RAM at physical 0x%" PRIx64, gpa);
            return false;
        }
        if (!inspect_append(fd, piece, n, file, error))
            return false;
        gpa += n;
        size -= n;
    }
    return true;
}

bool inspect_close(int fd, bool ok, const char *file, GError **error)
{
    bool closed = !close(fd); /* where a disk is full or a quota used up, some file systems say so here only */
    return ok && (closed || failed("write", file, error));
}

static bool bad_range(uint64_t address, uint64_t size, GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAULT, "Invalid addr 0x%016" PRIx64 "/size %" PRIu64 " specified", address, size);
    return false;
}

bool inspect_save_physical(const ControlView *view, uint64_t gpa, uint64_t size, const char *file, GError **error)
{
    if (!memory_contains(view->memory, gpa, size))
        return bad_range(gpa, size, error);
    int fd = inspect_create(view, file, error);
    return fd >= 0 && inspect_close(fd, inspect_append_ram(fd, view, gpa, size, file, error), file, error);
}

static bool append_virtual(int fd, const ControlView *view, unsigned cpu, uint64_t ea, uint64_t size, const char *file,
                           GError **error)
{
    uint8_t page[PAGE];
    for (uint64_t done = 0; done < size;) {
        size_t n = (size_t)MIN(size - done, PAGE - ((ea + done) & (PAGE - 1)));
        if (!inspect_read(view, cpu, (Ea)(ea + done), page, n))
            return bad_range(ea + done, size, error);
        if (!inspect_append(fd, page, n, file, error))
            return false;
        done += n;
    }
    return true;
}

bool inspect_save_virtual(const ControlView *view, unsigned cpu, uint64_t ea, uint64_t size, const char *file, GError **error)
{
    uint64_t last = ea + size - 1;
    if (ea > EA_MAX || (size && (last < ea || last > EA_MAX)))
        return bad_range(ea, size, error);
    int fd = inspect_create(view, file, error);
    return fd >= 0 && inspect_close(fd, append_virtual(fd, view, cpu, ea, size, file, error), file, error);
}
