/* SPDX-License-Identifier: MIT
 *
 * What happens to the machine.  All that can be wrong with a file is looked for before anything of a machine that runs is changed; and since
 * what devices say of their sections is known afterwards only, what the machine was is kept until they have taken them.
 */
#include "platform/snapshot/snapshot.h"

#include <string.h>

#include "platform/base/lock.h"
#include "platform/machine/machine.h"
#include "platform/snapshot/file.h"
#include "platform/snapshot/ram.h"
#include "platform/snapshot/work.h"

enum { MACHINE_PART = 1, RAM_PART_0, NAME_LENGTH = 128 };

struct Snapshots {
    Machine *machine;
    char *path; /* of -snapshot-file, whatever the working directory is later; NULL: none */
};

Snapshots *snapshots_new(Machine *machine)
{
    Snapshots *snapshots = g_new0(Snapshots, 1);
    snapshots->machine = machine;
    if (machine->config->snapshot_file)
        snapshots->path = g_canonicalize_filename(machine->config->snapshot_file, NULL);
    return snapshots;
}

void snapshots_free(Snapshots *snapshots)
{
    if (snapshots)
        g_free(snapshots->path);
    g_free(snapshots);
}

static SnapshotFile *open_file(const Snapshots *s, GError **error)
{
    if (s->path)
        return snapshot_file_open(s->path, error);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "there is no -snapshot-file");
    return NULL;
}

/* ---- the run state ---- */

/* Returns whether it ran. */
static bool stop(const Machine *m)
{
    run_apply(m->run);
    bool ran = run_state(m->run) == RUN_STATE_RUNNING;
    if (ran) {
        run_request(m->run, RUN_CAUSE_HOST_STOP);
        run_apply(m->run);
    }
    return ran;
}

static void go_on(const Machine *m, bool ran)
{
    if (!ran || run_state(m->run) != RUN_STATE_PAUSED)
        return;
    run_request(m->run, RUN_CAUSE_HOST_CONT);
    run_apply(m->run);
}

/* ---- saving ---- */

static bool name_is_good(const char *name, GError **error)
{
    size_t length = strlen(name);
    bool good = length > 0 && length <= NAME_LENGTH;
    for (size_t i = 0; i < length; i++)
        good &= g_ascii_isprint(name[i]) != 0;
    if (!good)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "a snapshot's name is of 1 to %d printable characters of ASCII",
                    NAME_LENGTH);
    return good;
}

/* A file of our own has no disks, so a disk that has changed meanwhile would not fit what the guest knows of it. */
static bool disks_stay(const Machine *m, GError **error)
{
    for (guint i = 0; i < m->drives->len; i++) {
        const Block *block = m->drives->pdata[i];
        if (!block_read_only(block)) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "Device '%s' is writable but does not support snapshots",
                        block_id(block));
            return false;
        }
    }
    return true;
}

typedef struct Saving {
    Machine *machine;
    GBytes **parts; /* of each chunk of RAM; NULL: it is all zeros */
} Saving;

static bool save_chunk(void *opaque, Packer *packer, uint64_t i, GError **error)
{
    const Saving *saving = opaque;
    g_autofree uint8_t *data = g_malloc(RAM_PART);
    size_t size = ram_gather(saving->machine->memory, i * RAM_CHUNK, NULL, data);
    if (size) /* the index is known when all are */
        saving->parts[i] = packer_pack(packer, PART_RAM, 0, data, size);
    return true;
}

static void add_ram(GPtrArray *parts, GBytes **chunks, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        Part part;
        uint8_t *head;
        if (!chunks[i])
            continue;
        head = (uint8_t *)g_bytes_get_data(chunks[i], NULL);
        part_head_get(&part, 0, head);
        part_head_put(&part, parts->len, head);
        g_ptr_array_add(parts, chunks[i]);
    }
}

static bool add_machine(Machine *m, Packer *packer, const char *name, GPtrArray *parts, GError **error)
{
    g_autoptr(GByteArray) state = g_byte_array_new();
    SnapshotInfo info = {(char *)name, 0, g_get_real_time() / G_USEC_PER_SEC, time_now_ns(&m->time)};
    if (!machine_save(m, state, error))
        return false;
    if (state->len > part_max(PART_MACHINE)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "the devices' state has %u bytes, more than a snapshot may have",
                    state->len);
        return false;
    }
    g_ptr_array_add(parts, snapshot_info_pack(packer, &info));
    g_ptr_array_add(parts, packer_pack(packer, PART_MACHINE, MACHINE_PART, state->data, state->len));
    return true;
}

/* All parts of a snapshot, of GBytes; the machine stands still.  NULL: error */
static GPtrArray *take(Machine *m, const char *name, GError **error)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    uint64_t n = memory_size(m->memory) / RAM_CHUNK;
    g_autofree GBytes **chunks = g_new0(GBytes *, n);
    g_autofree char *what = g_strdup_printf("savevm %s", name);
    Saving saving = {m, chunks};
    Packer *packer = packer_new();
    bool ok = add_machine(m, packer, name, parts, error) && work_on_each(n, save_chunk, &saving, what, error);
    if (ok) {
        add_ram(parts, chunks, n);
        g_ptr_array_add(parts, packer_pack(packer, PART_END, parts->len, NULL, 0));
    }
    packer_free(packer);
    return ok ? g_steal_pointer(&parts) : NULL;
}

bool snapshots_save(Snapshots *s, const char *name, bool replace, GError **error)
{
    Machine *m = s->machine;
    g_autoptr(GPtrArray) parts = NULL;
    if (!name_is_good(name, error))
        return false;
    SnapshotFile *file = open_file(s, error);
    FileSnapshot *old = file ? snapshot_file_find(file, name) : NULL;
    if (old && !replace) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "Snapshot '%s' already exists in %s", name, file->path);
    } else if (file && disks_stay(m, error)) {
        bool ran = stop(m);
        parts = take(m, name, error);
        go_on(m, ran);
    }
    bool ok = parts && snapshot_file_write(file, old, parts, error);
    snapshot_file_close(file);
    return ok;
}

/* ---- loading ---- */

typedef struct Loading {
    const SnapshotFile *file;
    const FileSnapshot *snapshot;
    Memory *memory; /* NULL: the parts are looked at, nothing more */
    uint64_t ram_size;
} Loading;

static bool load_part(void *opaque, Packer *packer, uint64_t i, GError **error)
{
    const Loading *loading = opaque;
    const FilePart *part = &g_array_index(loading->snapshot->parts, FilePart, i);
    if (part->part.kind != PART_RAM)
        return true;
    g_autofree uint8_t *stored = g_malloc(part->part.stored + 1);
    if (!snapshot_file_read(loading->file, part, stored, error))
        return false;
    const uint8_t *data = packer_unpack(packer, &part->part, stored, error);
    if (data && ram_scatter(loading->memory, loading->ram_size, data, part->part.plain, error))
        return true;
    g_prefix_error(error, "%s: ", loading->file->path);
    return false;
}

static bool load_ram(const Machine *m, const SnapshotFile *file, const FileSnapshot *snapshot, bool write, GError **error)
{
    g_autofree char *what = g_strdup_printf("loadvm %s", snapshot->info.name);
    Loading loading = {file, snapshot, write ? m->memory : NULL, memory_size(m->memory)};
    if (write)
        memory_clear(m->memory);
    return work_on_each(snapshot->parts->len, load_part, &loading, what, error);
}

/* The sections; *packer owns them.  NULL: error */
static const uint8_t *read_machine(const SnapshotFile *file, const FileSnapshot *snapshot, Packer *packer, uint8_t **stored,
                                   size_t *size, GError **error)
{
    const FilePart *found = NULL;
    for (guint i = 0; i < snapshot->parts->len; i++) {
        const FilePart *part = &g_array_index(snapshot->parts, FilePart, i);
        if (part->part.kind != PART_MACHINE)
            continue;
        if (found) {
            g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: two machines in one snapshot", file->path);
            return NULL;
        }
        found = part;
    }
    if (!found) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: a snapshot without a machine", file->path);
        return NULL;
    }
    *stored = g_malloc(found->part.stored + 1);
    *size = found->part.plain;
    if (!snapshot_file_read(file, found, *stored, error))
        return NULL;
    const uint8_t *data = packer_unpack(packer, &found->part, *stored, error);
    if (!data)
        g_prefix_error(error, "%s: ", file->path);
    return data;
}

/* The machine as it was takes its place again: it was saved by this program a moment ago, so nothing can be wrong with it. */
static void put_back(Machine *m, const GByteArray *was)
{
    GError *error = NULL;
    if (!machine_load(m, was->data, was->len, &error)) {
        g_prefix_error(&error, "after a snapshot that was refused: ");
        machine_host_error(m, error);
    }
}

/* Into a machine that stands still, and which is as it was before where this fails. */
static bool replace(Machine *m, const SnapshotFile *file, const FileSnapshot *snapshot, const uint8_t *data, size_t size,
                    GError **error)
{
    g_autoptr(GByteArray) was = g_byte_array_new();
    if (!load_ram(m, file, snapshot, false, error) || !machine_save(m, was, error))
        return false;
    if (!machine_load(m, data, size, error)) {
        g_prefix_error(error, "%s: ", file->path);
        put_back(m, was);
        return false;
    }
    GError *why = NULL;
    if (!load_ram(m, file, snapshot, true, &why)) /* somebody wrote into the file meanwhile, or the host cannot read it any more */
        machine_host_error(m, why);
    return true;
}

static bool load_into(Snapshots *s, const char *name, bool first, GError **error)
{
    Machine *m = s->machine;
    uint8_t *stored = NULL;
    size_t size;
    SnapshotFile *file = open_file(s, error);
    const FileSnapshot *snapshot = file ? snapshot_file_find(file, name) : NULL;
    if (file && !snapshot)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "Snapshot '%s' does not exist in %s", name, file->path);
    Packer *packer = packer_new();
    const uint8_t *data = snapshot ? read_machine(file, snapshot, packer, &stored, &size, error) : NULL;
    bool ok = data && disks_stay(m, error);
    if (ok && first) {
        ok = machine_load(m, data, size, error) && load_ram(m, file, snapshot, true, error);
    } else if (ok) {
        bool ran = stop(m);
        ok = replace(m, file, snapshot, data, size, error);
        go_on(m, ran);
    }
    packer_free(packer);
    g_free(stored);
    snapshot_file_close(file);
    return ok;
}

bool snapshots_load(Snapshots *s, const char *name, GError **error)
{
    return load_into(s, name, false, error);
}

bool snapshots_load_first(Snapshots *s, const char *name, GError **error)
{
    return load_into(s, name, true, error);
}

/* ---- the file alone ---- */

bool snapshots_delete(Snapshots *s, const char *name, GError **error)
{
    SnapshotFile *file = open_file(s, error);
    const FileSnapshot *snapshot = file ? snapshot_file_find(file, name) : NULL;
    if (file && !snapshot)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "Snapshot '%s' does not exist in %s", name, file->path);
    bool ok = snapshot && snapshot_file_write(file, snapshot, NULL, error);
    snapshot_file_close(file);
    return ok;
}

static void info_free(void *opaque)
{
    SnapshotInfo *info = opaque;
    g_free(info->name);
    g_free(info);
}

GPtrArray *snapshots_list(Snapshots *s, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(info_free);
    SnapshotFile *file = NULL;
    if (!s->path)
        return list;
    if (!(file = open_file(s, error))) {
        g_ptr_array_unref(list);
        return NULL;
    }
    for (guint i = 0; i < file->all->len; i++) {
        SnapshotInfo *info = g_memdup2(&((FileSnapshot *)file->all->pdata[i])->info, sizeof(*info));
        info->name = g_strdup(info->name);
        g_ptr_array_add(list, info);
    }
    snapshot_file_close(file);
    return list;
}
