/* SPDX-License-Identifier: MIT */
#include "platform/snapshot/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/base/section.h"

enum { COPY = 1 << 20, NAME_MAX_LENGTH = 128 };

/* ---- names and dates ---- */

GBytes *snapshot_info_pack(Packer *packer, const SnapshotInfo *info)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    SectionWriter w = section_begin(data, "snapshot", 0);
    section_put_string(&w, "name", info->name);
    section_put_u64(&w, "date", (uint64_t)info->date_s);
    section_put_u64(&w, "clock", info->clock_ns);
    section_put_string(&w, "program", "quoin " QUOIN_VERSION);
    section_end(&w);
    return packer_pack(packer, PART_SNAPSHOT, 0, data->data, data->len);
}

bool snapshot_info_unpack(SnapshotInfo *info, const uint8_t *data, size_t size, GError **error)
{
    Sections *sections = sections_read(data, size, error);
    if (!sections)
        return false;
    Section *section = sections_find(sections, "snapshot", 0);
    g_free(section_get_string(section, "program", NAME_MAX_LENGTH));
    info->name = section_get_string(section, "name", NAME_MAX_LENGTH);
    info->date_s = (int64_t)section_get_u64(section, "date", 0);
    info->clock_ns = section_get_u64(section, "clock", 0);
    if (!info->name)
        section_refuse(section, "no name");
    bool ok = sections_end(sections, error);
    sections_free(sections);
    return ok;
}

static void snapshot_free(void *opaque)
{
    FileSnapshot *snapshot = opaque;
    g_free(snapshot->info.name);
    g_array_unref(snapshot->parts);
    g_free(snapshot);
}

/* ---- reading ---- */

static bool read_at(const SnapshotFile *file, uint64_t offset, void *to, size_t size, GError **error)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(file->fd, (uint8_t *)to + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            g_set_error(error, G_FILE_ERROR, n ? g_file_error_from_errno(errno) : G_FILE_ERROR_INVAL, "%s: %s", file->path,
                        n ? g_strerror(errno) : "it is cut off");
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

bool snapshot_file_read(const SnapshotFile *file, const FilePart *part, uint8_t *to, GError **error)
{
    return read_at(file, part->offset, to, part->part.stored, error);
}

static bool damaged(const SnapshotFile *file, uint64_t at, GError **error)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: it is damaged at byte %" G_GUINT64_FORMAT, file->path, at);
    return false;
}

static bool read_info(const SnapshotFile *file, FileSnapshot *snapshot, const FilePart *part, GError **error)
{
    Packer *packer = packer_new();
    g_autofree uint8_t *stored = g_malloc(part->part.stored + 1);
    const uint8_t *plain = NULL;
    if (snapshot_file_read(file, part, stored, error) && !(plain = packer_unpack(packer, &part->part, stored, error)))
        g_prefix_error(error, "%s: ", file->path);
    bool ok = plain && snapshot_info_unpack(&snapshot->info, plain, part->part.plain, error);
    if (plain && !ok)
        g_prefix_error(error, "%s: ", file->path);
    packer_free(packer);
    return ok;
}

/* What may follow what: a snapshot begins, has its parts, ends; then another one, or the file's end. */
static bool in_order(PartKind kind, bool within)
{
    return within == (kind == PART_MACHINE || kind == PART_RAM || kind == PART_END);
}

/* One part; *at moves behind it.  *snapshot: which one it belongs to, NULL: none has begun. */
static bool read_part(SnapshotFile *file, uint64_t *at, FileSnapshot **snapshot, PartKind *kind, GError **error)
{
    uint8_t head[PART_HEAD];
    FilePart part = {.offset = *at + PART_HEAD};
    if (!read_at(file, *at, head, sizeof(head), error))
        return false;
    if (!part_head_get(&part.part, *snapshot ? (*snapshot)->parts->len : 0, head) || !in_order(part.part.kind, *snapshot != NULL))
        return damaged(file, *at, error);
    *kind = part.part.kind;
    if (*kind == PART_LAST)
        return true;
    if (*kind == PART_SNAPSHOT) {
        *snapshot = g_new0(FileSnapshot, 1);
        (*snapshot)->begin = *at;
        (*snapshot)->parts = g_array_new(FALSE, FALSE, sizeof(FilePart));
        g_ptr_array_add(file->all, *snapshot);
        if (!read_info(file, *snapshot, &part, error))
            return false;
    }
    g_array_append_val((*snapshot)->parts, part);
    *at = part.offset + part.part.stored;
    if (*kind == PART_END) {
        (*snapshot)->info.size = *at - (*snapshot)->begin;
        *snapshot = NULL;
    }
    return true;
}

static bool read_parts(SnapshotFile *file, GError **error)
{
    uint8_t head[STREAM_HEAD];
    uint64_t at = STREAM_HEAD;
    FileSnapshot *snapshot = NULL;
    PartKind kind = PART_KINDS;
    if (!read_at(file, 0, head, sizeof(head), error) || !stream_head_check(head, file->path, error))
        return false;
    while (kind != PART_LAST)
        if (!read_part(file, &at, &snapshot, &kind, error))
            return false;
    return true;
}

SnapshotFile *snapshot_file_open(const char *path, GError **error)
{
    struct stat st;
    SnapshotFile *file = g_new0(SnapshotFile, 1);
    file->path = g_strdup(path);
    file->all = g_ptr_array_new_with_free_func(snapshot_free);
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0 && errno == ENOENT)
        return file;
    if (file->fd < 0 || fstat(file->fd, &st) < 0)
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
    else if (!S_ISREG(st.st_mode))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: not a file that can be replaced", path);
    else if (read_parts(file, error))
        return file;
    snapshot_file_close(file);
    return NULL;
}

void snapshot_file_close(SnapshotFile *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    g_ptr_array_unref(file->all);
    g_free(file->path);
    g_free(file);
}

FileSnapshot *snapshot_file_find(const SnapshotFile *file, const char *name)
{
    for (guint i = 0; i < file->all->len; i++)
        if (!strcmp(((FileSnapshot *)file->all->pdata[i])->info.name, name))
            return file->all->pdata[i];
    return NULL;
}

/* ---- writing ---- */

static bool write_all(int fd, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, (const uint8_t *)data + done, size - done);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* A snapshot as it is in the old file; false: errno says why, or *error. */
static bool copy(const SnapshotFile *file, const FileSnapshot *snapshot, int fd, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(COPY);
    uint64_t at = snapshot->begin, end = at + snapshot->info.size;
    for (size_t size; at < end; at += size) {
        size = (size_t)MIN(end - at, COPY);
        if (!read_at(file, at, buffer, size, error) || !write_all(fd, buffer, size))
            return false;
    }
    return true;
}

static bool write_contents(const SnapshotFile *file, const FileSnapshot *without, const GPtrArray *parts, int fd, GError **error)
{
    uint8_t head[STREAM_HEAD], last[PART_HEAD];
    stream_head_put(head);
    part_head_put(&(Part){.kind = PART_LAST, .sum = 0}, 0, last);
    if (!write_all(fd, head, sizeof(head)))
        return false;
    for (guint i = 0; i < file->all->len; i++)
        if (file->all->pdata[i] != without && !copy(file, file->all->pdata[i], fd, error))
            return false;
    for (guint i = 0; parts && i < parts->len; i++) {
        gsize size;
        const void *data = g_bytes_get_data(parts->pdata[i], &size);
        if (!write_all(fd, data, size))
            return false;
    }
    return write_all(fd, last, sizeof(last)) && fsync(fd) == 0;
}

/* The name is on the disk, too. */
static bool sync_directory(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

bool snapshot_file_write(const SnapshotFile *file, const FileSnapshot *without, const GPtrArray *parts, GError **error)
{
    g_autofree char *temporary = g_strconcat(file->path, ".XXXXXX", NULL);
    GError *why = NULL;
    struct stat st;
    int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", file->path, g_strerror(errno));
        return false;
    }
    /* Who may read the old one may read this one. */
    bool ok = file->fd < 0 || (fstat(file->fd, &st) == 0 && fchmod(fd, st.st_mode & 0777) == 0);
    ok = ok && write_contents(file, without, parts, fd, &why);
    int failed = errno;
    if (close(fd) < 0 && ok) {
        ok = false;
        failed = errno;
    }
    if (ok && g_rename(temporary, file->path) == 0)
        return sync_directory(file->path) || true; /* a directory that cannot be synced has the file all the same */
    failed = ok ? errno : failed;
    g_unlink(temporary);
    if (why)
        g_propagate_error(error, why);
    else
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(failed), "%s: %s", file->path, g_strerror(failed));
    return false;
}
