/* SPDX-License-Identifier: MIT
 *
 * Who carries requests out while those who submitted them go on.  For block.c alone.
 *
 * submit() may be called under any lock and never calls back; finished() is called by a thread of theirs, without a lock, with a list of
 * requests that are linked by `next`, each with its error.  free() is called when nothing is under way.
 */
#pragma once

#include "platform/block/image.h"

typedef struct AioClient {
    int (*carry_out)(void *opaque, const BlockRequest *r); /* blocks; 0 or an errno.  Any thread, several at a time */
    void (*finished)(void *opaque, BlockRequest *list);
    void *opaque;
    Image *image;
    bool flushes;      /* a write is flushed before it is done */
    bool reads_writes; /* what is to be written is looked at first: the workers have writes */
} AioClient;

/* --- workers.c: threads, as many as there are requests, that carry out one each */

typedef struct Workers Workers;

Workers *workers_new(const AioClient *client, GError **error); /* the client is borrowed */
void workers_submit(Workers *workers, BlockRequest *request);
void workers_free(Workers *workers);

/* --- uring.c: one thread and the kernel's io_uring, for what is in one piece in a file of the host; the workers have the rest */

typedef struct Uring Uring;

Uring *uring_new(const AioClient *client, Workers *others,
                 GError **error); /* both borrowed.  Errors of G_FILE_ERROR: the host has none */
void uring_submit(Uring *uring, BlockRequest *request);
void uring_free(Uring *uring);

/* A ring of the calling thread's for reads, writes and flushes.  The kernel refuses it anything else with EACCES: io_uring also opens
   files and makes sockets, past any filter of system calls.  0 or an errno; Linux 5.10 is the first that can. */
struct io_uring;
int uring_ring_open(struct io_uring *ring, unsigned entries);
