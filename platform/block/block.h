/* SPDX-License-Identifier: MIT
 *
 * A drive as a device sees it: a number of bytes that are read and written by requests, whatever image is behind them.
 *
 * All functions are called under the device lock.  Requests are carried out by threads of the drive's own, any number at a time and in any
 * order: a caller to whom the order of two matters submits the second when the first is done.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct Block Block;

typedef enum BlockOp {
    BLOCK_READ,
    BLOCK_WRITE,
    BLOCK_FLUSH, /* everything that was done before it was submitted is on the disk when it is done */
    BLOCK_DISCARD, /* what the range holds is of no interest any more; what is read there afterwards is anything that it held, or zeros */
    BLOCK_WRITE_ZEROES, /* zeros are read there afterwards */
} BlockOp;

/*
 * The caller's, and in one place with the iovec and the memory it names from block_submit() until done() is called; done() may free it.  The
 * caller fills the first part.
 */
typedef struct BlockRequest BlockRequest;
struct BlockRequest {
    BlockOp op;
    uint64_t offset, length; /* bytes, of any alignment; of no meaning for a flush */
    const struct iovec *iov; /* of a read or write: host memory, `length` bytes in all or more */
    unsigned n_iov;
    bool may_unmap; /* of WRITE_ZEROES: the image need not keep room for them */
    /*
     * error: 0 or an errno.  EINVAL: the range is not within the drive, or not within the memory; EROFS: the drive is read-only; ENOSPC;
     * anything else is to the guest an I/O error.  Called under the device lock, from any thread, never within block_submit().  After an
     * error, any part of a write may have happened.
     */
    void (*done)(void *opaque, int error);
    void *opaque;

    BlockRequest *next; /* from here on the drive's own */
    int error;
    bool settled;      /* the error is known: nobody carries it out */
    uint64_t since_ns; /* timeline_ns() when it was submitted */
};

void block_submit(Block *block, BlockRequest *request);
/* fn is called under the device lock when the drive's size has changed.  A drive that has none keeps its size. */
void block_on_resize(Block *block, void (*fn)(void *opaque), void *opaque);
/*
 * Waits until no request is under way; their done() is called meanwhile, and so the device lock is not held all the time.  Those that wait
 * for the machine to go on (werror=stop) end in their error.
 */
void block_drain(Block *block);

const char *block_id(const Block *block);   /* "d0": of -drive id=, or made as QEMU makes it.  Borrowed */
uint64_t block_size(const Block *block);    /* bytes; a multiple of 512 */
bool block_read_only(const Block *block);   /* a write of any kind ends in EROFS */
bool block_discards(const Block *block);    /* discard=unmap; otherwise a discard is done without an effect */
bool block_write_cache(const Block *block); /* a write that is done may be lost until a flush is: cache=writeback and its like */
unsigned
block_sector_size(const Block *block); /* what the host reads and writes at once, 512 or more: smaller requests cost more */
