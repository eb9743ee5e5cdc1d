/* SPDX-License-Identifier: MIT
 *
 * Snapshots of a machine, by name: what savevm, loadvm and delvm do.  Main thread, without the device lock.  docs/SNAPSHOTS.md has the file.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct Machine;
typedef struct Snapshots Snapshots;

typedef struct SnapshotInfo {
    char *name;
    uint64_t size;     /* bytes of the file that it takes */
    int64_t date_s;    /* when it was taken, since 1970, UTC */
    uint64_t clock_ns; /* what the machine's clock showed */
} SnapshotInfo;

Snapshots *snapshots_new(struct Machine *machine); /* borrowed; -snapshot-file says where they are */
void snapshots_free(Snapshots *snapshots);         /* NULL: nothing */

/*
 * Stops the machine, saves it, and lets it go on when it ran; the file is written while it does.  replace: one of this name makes place for it,
 * which is an error otherwise.  Nothing is changed where it fails.
 */
bool snapshots_save(Snapshots *snapshots, const char *name, bool replace, GError **error);
/*
 * The machine becomes what it was.  It goes on when it ran before, or is told to by cont.  Where it fails the machine is as it was before, and goes on.
 */
bool snapshots_load(Snapshots *snapshots, const char *name, GError **error);
/* The same before the machine ran, for -loadvm: where it fails, the machine is in no state to run. */
bool snapshots_load_first(Snapshots *snapshots, const char *name, GError **error);
bool snapshots_delete(Snapshots *snapshots, const char *name, GError **error);
GPtrArray *snapshots_list(Snapshots *snapshots, GError **error); /* of SnapshotInfo*, with its free function.  NULL: error */
