/* SPDX-License-Identifier: MIT
 *
 * What the files of this folder share.
 */
#pragma once

#include "platform/machine/machine.h"
#include "platform/migrate/channel.h"
#include "platform/migrate/migrate.h"
#include "platform/snapshot/file.h"
#include "platform/snapshot/ram.h"

/* One turn of the thread that reads or writes the stream; what it needs is given to it, and what came of it is looked at when it has ended. */
typedef bool MigrationStep(Migration *migration, GError **error);
typedef void MigrationStepped(Migration *migration, GError *error /* take; NULL: it went well */);

struct Migration {
    Machine *machine;
    MigrationParameters parameters;
    bool events, incoming, waits; /* waits: -incoming defer, and nobody has said yet where from */
    MigrationStatus status;
    GError *error;
    int64_t begin_us, first_us, round_us, stop_us,
        end_us; /* when it began, the first and the newest round began, the guest was stopped; 0: not yet */
    Channel *channel;
    Packer *packer;
    uint64_t index; /* of the next part */
    uint8_t *
        dirty; /* a bit for each page of RAM that is still to be sent, as AccelOps.vm_dirty_fetch has them; NULL: there is no log */
    uint64_t n_dirty;                       /* bits that are set */
    uint64_t bytes_per_second, transferred; /* transferred: of the one that has ended */
    bool ran;                               /* the guest ran until it was stopped */
    GByteArray *state;                      /* the machine's sections, for the last round or as they came; NULL: none yet */
    struct {                                /* of the step that runs */
        uint8_t *pages;                     /* what it sends; NULL: all */
        MigrationStep *step;
        MigrationStepped *stepped;
        GError *error;
    } now;
    uint64_t normal, duplicate, rounds; /* atomic */
    GThread *thread;
};

/* incoming.c: the stream, into RAM and m->state */
MigrationStep migration_receive;

/* migrate.c */
void migration_enter(Migration *migration, MigrationStatus status);
void migration_begin(Migration *migration, Channel *channel /* take */, bool incoming);
void migration_end(Migration *migration, MigrationStatus status, GError *error /* take, or NULL */);
/* Another thread takes the step, then the main loop calls stepped.  False: there is no thread for it. */
void migration_step(Migration *migration, MigrationStep *step, MigrationStepped *stepped);
