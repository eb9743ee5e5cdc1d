/* SPDX-License-Identifier: MIT
 *
 * Jobs: what QMP's snapshot-save and its like asked for, done from the main loop, and kept with its outcome until somebody dismisses it.
 * Every change of a job's status is told as JOB_STATUS_CHANGE.  Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "platform/base/notice.h"
#include "platform/snapshot/snapshot.h"

/* X(id, QMP's JobType) */
#define SNAPSHOT_JOB_LIST(X) \
    X(SAVE, "snapshot-save") \
    X(LOAD, "snapshot-load") \
    X(DELETE, "snapshot-delete")

typedef enum SnapshotJobType {
#define X(id, name) SNAPSHOT_JOB_##id,
    SNAPSHOT_JOB_LIST(X)
#undef X
} SnapshotJobType;

typedef struct Jobs Jobs;

typedef struct JobInfo {
    const char *id, *type, *status; /* in QMP's words; borrowed */
    const char *error;              /* why it failed; NULL: it did not, or is not done */
    bool done;
} JobInfo;

Jobs *jobs_new(Snapshots *snapshots, Notices *notices); /* borrowed */
void jobs_free(Jobs *jobs);                             /* those that have not run yet never do.  NULL: nothing */
bool jobs_begin(Jobs *jobs, SnapshotJobType type, const char *id, const char *tag, GError **error);
bool jobs_get(const Jobs *jobs, unsigned index, JobInfo *info); /* false: there are no more */
bool jobs_dismiss(Jobs *jobs, const char *id, GError **error);
