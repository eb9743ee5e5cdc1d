/* SPDX-License-Identifier: MIT
 *
 * Drives as the command line describes them, and how the machine opens and closes them.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "platform/block/block.h"

/* if=: what the drive is plugged into, or NONE: into the device that names it by drive=ID. */
#define DRIVE_IF_LIST(X) \
    X(NONE, "none")      \
    X(VIRTIO, "virtio")  \
    X(SD, "sd")          \
    X(PFLASH, "pflash")  \
    X(MTD, "mtd")        \
    X(IDE, "ide")        \
    X(SCSI, "scsi")      \
    X(FLOPPY, "floppy")

typedef enum DriveInterface {
#define X(id, name) DRIVE_IF_##id,
    DRIVE_IF_LIST(X)
#undef X
        DRIVE_IFS
} DriveInterface;

typedef enum BlockFormat {
    BLOCK_FORMAT_PROBE,
    BLOCK_FORMAT_RAW,
    BLOCK_FORMAT_QCOW2,
    BLOCK_FORMAT_NULL /* no file: zeros */
} BlockFormat;

/* What an error of the host's does: the guest is told, or not, or the machine stops and tries again at cont; ENOSPC: stops for lack of room alone. */
typedef enum DriveOnError { DRIVE_ON_ERROR_REPORT, DRIVE_ON_ERROR_IGNORE, DRIVE_ON_ERROR_STOP, DRIVE_ON_ERROR_ENOSPC } DriveOnError;

/* detect-zeroes=: a write of nothing but zeros writes them as bytes, without bytes, or gives their room back. */
typedef enum DriveZeros { DRIVE_ZEROS_AS_BYTES, DRIVE_ZEROS_DETECTED, DRIVE_ZEROS_UNMAPPED } DriveZeros;

/* aio=: how requests are carried out. */
typedef enum DriveAio {
    DRIVE_AIO_BEST, /* by io_uring where the host has it, else by threads */
    DRIVE_AIO_THREADS,
    DRIVE_AIO_NATIVE,   /* as BEST */
    DRIVE_AIO_IO_URING, /* as BEST, and it is said where the host has it not */
} DriveAio;

/* One drive.  A text that is not said is NULL. */
typedef struct DriveSpec DriveSpec;
struct DriveSpec {
    char *option; /* "-drive file=a,if=none", for messages */
    char *id;
    bool node;         /* of -blockdev, whose node-name is the id */
    char *below;       /* file=NODE: the -blockdev that has the file */
    char *behind_node; /* backing=NODE; "": none, whatever the image says */
    DriveSpec *behind; /* what it says; owned */
    uint64_t size;     /* of null-co, bytes */
    DriveInterface interface;
    bool interface_given;
    unsigned index;
    bool index_given;
    char *file;
    BlockFormat format;
    bool read_only, snapshot, snapshot_given;
    bool direct, no_flush, writethrough; /* cache= */
    bool unmap;                          /* discard=unmap */
    DriveAio aio;
    DriveZeros zeros;
    DriveOnError werror, rerror;
    bool share_rw;       /* share-rw=on: others may write the image meanwhile */
    bool unlocked;       /* file.locking=off */
    const char *used_by; /* "-device virtio-blk-pci"; NULL: nobody yet */
};

const char *drive_interface_name(DriveInterface interface);
/* The argument of an option, "-drive".  Opens nothing; errors of G_OPTION_ERROR. */
DriveSpec *drive_spec_parse(const char *option, const char *text, GError **error);
/* The same for -blockdev. */
DriveSpec *drive_node_parse(const char *option, const char *text, GError **error);
/* A word of werror=, or of rerror= (read). */
bool drive_spec_set_on_error(DriveSpec *spec, const char *what, bool read, const char *value, GError **error);
void drive_spec_free(DriveSpec *spec);

/* Main thread, before and after the machine runs; the errors name option, file and reason. */
Block *block_open(const DriveSpec *spec, GError **error);
void block_close(Block *block); /* nothing is under way; what was written is on the disk afterwards */

/* --- errors of the host's */

typedef struct DriveError {
    bool read; /* or a write of any kind */
    DriveOnError action;
    int error; /* errno */
} DriveError;

/* fn is called in any thread, for each error.  The machine's, once, before anything is submitted. */
void block_on_error(Block *block, void (*fn)(void *opaque, DriveOnError action), void *opaque);
/* The last error that nobody took yet; false: there is none.  Any thread. */
bool block_take_error(Block *block, DriveError *error);
/* Under the device lock: */
void block_settle(Block *block); /* as block_drain(), but what waits for the machine to go on waits on */
void block_retry(Block *block);  /* the machine goes on: it is tried again */

/* --- what control programs see; under the device lock.  Everything is borrowed */

/* A snapshot within the image. */
typedef struct DriveSnapshot {
    char *id, *name;
    uint64_t vm_state_size, clock_ns; /* bytes; the guest's time when it was taken */
    uint32_t date_sec, date_nsec;     /* and the host's, since 1970 */
} DriveSnapshot;

typedef struct DriveCount {
    uint64_t done, failed, bytes, us; /* us: from submission to the end, summed */
} DriveCount;

enum { DRIVE_OPS = BLOCK_WRITE_ZEROES + 1 };

typedef struct DriveInfo {
    bool node; /* of -blockdev */
    DriveZeros zeros;
    DriveCount count[DRIVE_OPS];              /* by BlockOp */
    const GPtrArray *snapshots;               /* of DriveSnapshot*; NULL: the format has none */
    uint64_t highest;                         /* where the last byte that was written ends */
    const char *id, *file, *format, *backing; /* backing: the file behind the image; NULL: none */
    unsigned depth;                           /* how many there are, one behind the other */
    uint64_t size, allocated;                 /* bytes that the guest sees; that the host keeps */
    bool read_only, direct, no_flush, writethrough;
    bool io_uring; /* the host's kernel has its requests, or else threads */
    int waits_for; /* errno for which the machine stopped; 0: it did not */
} DriveInfo;

void block_describe(Block *block, DriveInfo *info);
/* The device, which sees the new size, and the file have it then.  Errors name the drive.  Main thread, under the device lock. */
bool block_resize(Block *block, uint64_t size, GError **error);
