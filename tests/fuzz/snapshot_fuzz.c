/* SPDX-License-Identifier: MIT
 *
 * A file of snapshots in which anything may be wrong.  It is refused in one line, or its parts are unpacked and its pages looked at and written.
 * Then the same bytes as they come in one by one, when they are a machine that moves.
 * What the sections of a machine do is state_fuzz.c's.
 *
 * Input: a byte (bit 0: checksums are as they should be, wherever a part's head says that its bytes are; bit 1: pages are written, too), the file.
 */
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/base/xxh64.h"
#include "platform/migrate/priv.h"
#include "platform/snapshot/file.h"
#include "platform/snapshot/ram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEND = 1, WRITE = 2, RAM_SIZE = 2 << 20 };

static void put_sum(uint8_t *at, const uint8_t *data, size_t size, uint64_t seed)
{
    uint64_t be = GUINT64_TO_BE(xxh64(data, size, seed));
    memcpy(at, &be, sizeof(be));
}

static void mend(uint8_t *file, size_t size)
{
    uint64_t index = 0;
    if (size < STREAM_HEAD)
        return;
    put_sum(file + 16, file, 16, 0);
    for (size_t at = STREAM_HEAD; size - at >= PART_HEAD;) {
        uint64_t stored;
        uint8_t *head = file + at;
        memcpy(&stored, head + 8, sizeof(stored));
        stored = GUINT64_FROM_BE(stored);
        if (!memcmp(head, "snap", 4) || !memcmp(head, "last", 4))
            index = 0;
        at += PART_HEAD;
        if (stored <= size - at)
            put_sum(head + 24, head + PART_HEAD, stored, 0);
        put_sum(head + 32, head, 32, index++);
        if (stored > size - at)
            return;
        at += stored;
    }
}

static void check_error(GError *error)
{
    g_assert_nonnull(error);
    g_assert_null(strchr(error->message, '\n'));
    g_error_free(error);
}

static void look_at(const SnapshotFile *file, const FilePart *part, Memory *memory, Packer *packer)
{
    GError *error = NULL;
    g_autofree uint8_t *stored = g_malloc(part->part.stored + 1);
    const uint8_t *plain = NULL;
    bool ok = snapshot_file_read(file, part, stored, &error) && (plain = packer_unpack(packer, &part->part, stored, &error));
    if (ok && part->part.kind == PART_RAM)
        ok = ram_scatter(memory, RAM_SIZE, plain, part->part.plain, &error);
    if (!ok)
        check_error(error);
}

/* Takes the descriptor. */
static void arrive(Memory *memory, int fd)
{
    GError *error = NULL;
    g_autofree char *uri = g_strdup_printf("fd:%d", fd);
    Machine machine = {.memory = memory};
    Migration m = {.machine = &machine, .packer = packer_new(), .channel = channel_new(uri, &error)};
    g_assert_no_error(error);
    lseek(fd, 0, SEEK_SET);
    if (!migration_receive(&m, &error))
        check_error(error);
    else
        g_assert_nonnull(m.state);
    if (m.state)
        g_byte_array_unref(m.state);
    channel_free(m.channel);
    packer_free(m.packer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Memory *memory;
    GError *error = NULL;
    char path[32];
    if (size < 1 || (!memory && !(memory = memory_new(RAM_SIZE, NULL))))
        return 0;
    g_autofree uint8_t *bytes = g_memdup2(data + 1, size - 1);
    if (data[0] & MEND)
        mend(bytes, size - 1);
    int fd = memfd_create("snapshots", MFD_CLOEXEC);
    g_assert_true(write(fd, bytes, size - 1) == (ssize_t)(size - 1));
    g_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    SnapshotFile *file = snapshot_file_open(path, &error);
    arrive(memory, fd);
    if (!file) {
        check_error(error);
        return 0;
    }
    Packer *packer = packer_new();
    for (guint i = 0; i < file->all->len; i++) {
        const FileSnapshot *snapshot = file->all->pdata[i];
        g_assert_nonnull(snapshot_file_find(file, snapshot->info.name));
        for (guint n = 0; n < snapshot->parts->len; n++)
            look_at(file, &g_array_index(snapshot->parts, FilePart, n), data[0] & WRITE ? memory : NULL, packer);
    }
    packer_free(packer);
    snapshot_file_close(file);
    return 0;
}
