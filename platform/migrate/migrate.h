/* SPDX-License-Identifier: MIT
 *
 * A machine that moves into another program of the same command line: what `migrate` and -incoming do.  While RAM is copied the guest goes on,
 * where the accelerator has a log of what it writes meanwhile; what is left is small, and is sent while it stands still.  Whatever goes
 * wrong, the machine goes on here.  docs/MIGRATION.md tells users of it, docs/SNAPSHOTS.md has the stream.  Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct Machine;
typedef struct Migration Migration;

/* X(id, QMP's MigrationStatus, a transfer is under way) */
#define MIGRATION_STATUS_LIST(X)      \
    X(NONE, "none", false)            \
    X(SETUP, "setup", true)           \
    X(ACTIVE, "active", true)         \
    X(DEVICE, "device", true)         \
    X(CANCELLING, "cancelling", true) \
    X(CANCELLED, "cancelled", false)  \
    X(COMPLETED, "completed", false)  \
    X(FAILED, "failed", false)

typedef enum MigrationStatus {
#define X(id, name, active) MIGRATION_##id,
    MIGRATION_STATUS_LIST(X)
#undef X
} MigrationStatus;

typedef struct MigrationInfo {
    MigrationStatus status;
    bool incoming;
    const char *error;                      /* why it FAILED; NULL: it did not.  Borrowed */
    uint64_t transferred, total, remaining; /* bytes; transferred: of the stream, the others of RAM */
    uint64_t normal, duplicate;             /* pages that were sent, and those of zeros that were told */
    uint64_t rounds;                        /* how often RAM was looked through */
    uint64_t bytes_per_second;              /* of the newest round */
    uint64_t total_ms, setup_ms, downtime_ms;
} MigrationInfo;

/* What a user may set at any time. */
typedef struct MigrationParameters {
    uint64_t max_bandwidth; /* bytes per second while the guest goes on; 0: no limit */
    uint64_t downtime_ms;   /* how long the guest may stand still */
} MigrationParameters;

enum { MIGRATION_DOWNTIME_MAX_MS = 2000000 };

Migration *migration_new(struct Machine *machine); /* borrowed */
void migration_free(Migration *migration);         /* cuts off what is under way.  NULL: nothing */

bool migration_is_possible(const Migration *migration, GError **error); /* false: the error names what cannot move */
bool migration_start(Migration *migration, const char *uri, GError **error);
void migration_cancel(Migration *migration); /* nothing is under way: nothing happens */
/*
 * -incoming, before the machine has run: the machine waits for another one, in the run state INMIGRATE.  "defer": somebody says later where it
 * comes from, by migration_listen().  Where loading fails the program ends.
 */
bool migration_expect(Migration *migration, const char *uri, GError **error);
bool migration_listen(Migration *migration, const char *uri, GError **error);

const char *migration_status_name(MigrationStatus status);
bool migration_is_active(const Migration *migration);
void migration_get(const Migration *migration, MigrationInfo *info);
MigrationParameters migration_parameters(const Migration *migration);
bool migration_set_parameters(Migration *migration, const MigrationParameters *parameters, GError **error);
/* Whether each change of the status is told as MIGRATION, and each round as MIGRATION_PASS; they are not at first. */
void migration_set_events(Migration *migration, bool on);
bool migration_events(const Migration *migration);
