/* SPDX-License-Identifier: MIT
 *
 * What a snapshot's file and a stream are made of: a head, then parts, each with a head of its own and checksums.  docs/SNAPSHOTS.md describes
 * them for others.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STREAM_VERSION = 1,
    STREAM_HEAD = 24, /* bytes */
    PART_HEAD = 40,
};

/* X(id, four letters, bytes at most, what it has) */
#define PART_KIND_LIST(X)                                                         \
    X(SNAPSHOT, "snap", 64 << 10, "begins a snapshot: its name and its date")     \
    X(MACHINE, "mach", 256 << 20, "everything but the contents of RAM: sections") \
    X(RAM, "ram ", (1 << 20) + 72, "pages of RAM: ram.h")                         \
    X(END, "end ", 0, "ends a snapshot")                                          \
    X(LAST, "last", 0, "ends the file")

typedef enum PartKind {
#define X(id, letters, max, doc) PART_##id,
    PART_KIND_LIST(X)
#undef X
        PART_KINDS
} PartKind;

typedef struct Part {
    PartKind kind;
    bool packed;            /* by zstd; or it is stored as it is */
    uint64_t stored, plain; /* bytes that follow the head; what they are when they are unpacked */
    uint64_t sum;           /* of what follows */
} Part;

void stream_head_put(uint8_t head[STREAM_HEAD]);
/* False: it is another file, or newer than this program, or damaged.  what: the file or stream, for the message. */
bool stream_head_check(const uint8_t head[STREAM_HEAD], const char *what, GError **error);

/* index: which one of its snapshot it is, 0 for SNAPSHOT; so none is missing, and none comes twice. */
void part_head_put(const Part *part, uint64_t index, uint8_t head[PART_HEAD]);
bool part_head_get(Part *part, uint64_t index, const uint8_t head[PART_HEAD]); /* false: damaged */

size_t part_max(PartKind kind); /* bytes that follow the head, and that they are unpacked */

/* --- what is in them.  A Packer is of one thread at a time */

typedef struct Packer Packer;

Packer *packer_new(void);
void packer_free(Packer *packer);
/* The whole part, head and all; size: part_max() at most.  Packed where this program has zstd and it becomes smaller by that. */
GBytes *packer_pack(Packer *packer, PartKind kind, uint64_t index, const void *data, size_t size);
/* What is in it, as long as nothing else is unpacked: part->plain bytes.  NULL: damaged, or this program has no zstd. */
const uint8_t *packer_unpack(Packer *packer, const Part *part, const uint8_t *stored, GError **error);
