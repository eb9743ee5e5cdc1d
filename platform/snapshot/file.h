/* SPDX-License-Identifier: MIT
 *
 * The file of -snapshot-file: snapshots one behind the other.  It is never written in place: whoever changes it writes another one, which then
 * takes its name.
 */
#pragma once

#include "platform/snapshot/part.h"
#include "platform/snapshot/snapshot.h"

typedef struct FilePart {
    Part part;
    uint64_t offset; /* in the file, of what follows its head */
} FilePart;

typedef struct FileSnapshot {
    SnapshotInfo info;
    uint64_t begin; /* of it in the file; info.size bytes */
    GArray *parts;  /* of FilePart */
} FileSnapshot;

typedef struct SnapshotFile {
    char *path;
    int fd;         /* −1: there is no such file yet */
    GPtrArray *all; /* of FileSnapshot*, in the order in which they were taken */
} SnapshotFile;

/* Looks at each part's head, and at nothing else but names and dates.  Errors begin with the path. */
SnapshotFile *snapshot_file_open(const char *path, GError **error);
void snapshot_file_close(SnapshotFile *file);                                 /* NULL: nothing */
FileSnapshot *snapshot_file_find(const SnapshotFile *file, const char *name); /* NULL: there is none */
/* part->part.stored bytes. */
bool snapshot_file_read(const SnapshotFile *file, const FilePart *part, uint8_t *to, GError **error);
/* Another file in its place: what is in it, but for `without`, then parts (of GBytes*; NULL: none).  It is on the disk when this returns. */
bool snapshot_file_write(const SnapshotFile *file, const FileSnapshot *without, const GPtrArray *parts, GError **error);

/* A part SNAPSHOT. */
GBytes *snapshot_info_pack(Packer *packer, const SnapshotInfo *info);
bool snapshot_info_unpack(SnapshotInfo *info, const uint8_t *data, size_t size, GError **error);
