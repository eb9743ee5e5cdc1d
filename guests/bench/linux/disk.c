/* SPDX-License-Identifier: MIT
 *
 * A disk, which the command line's word `benchdisk` names ("/dev/vda"), without the guest's cache.  In its first DATA MiB each block of
 * 4 KiB begins with its number; behind them is what is written.
 */
#define _GNU_SOURCE /* O_DIRECT */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

enum { DATA = 256, MIB = 1 << 20, LARGE = 256 << 10, SMALL = 4096, DEPTH = 32 };

static int open_disk(void)
{
    const char *name = getenv("benchdisk");

    mount("dev", "/dev", "devtmpfs", 0, NULL);
    int fd = open(name ? name : "/dev/vda", O_RDWR | O_DIRECT);
    if (fd < 0)
        give_up("open the disk");
    return fd;
}

/* Whole pages, as O_DIRECT wants them. */
static uint8_t *new_buffer(size_t size)
{
    void *memory = NULL;

    if (posix_memalign(&memory, SMALL, size) != 0)
        give_up("memory");
    memset(memory, 1, size);
    return memory;
}

static uint32_t number_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint32_t item_diskread(uint32_t mib)
{
    uint8_t *buffer = new_buffer(LARGE);
    int fd = open_disk();
    uint32_t sum = 0;

    timing_begin();
    for (uint64_t at = 0; at < (uint64_t)mib * MIB; at += LARGE) {
        if (pread(fd, buffer, LARGE, (off_t)(at % ((uint64_t)DATA * MIB))) != LARGE)
            give_up("read the disk");
        for (uint32_t i = 0; i < LARGE; i += SMALL)
            sum += number_at(buffer + i);
    }
    close(fd);
    return sum;
}

uint32_t item_diskwrite(uint32_t mib)
{
    uint8_t *buffer = new_buffer(LARGE);
    int fd = open_disk();
    uint32_t sum = 0;

    timing_begin();
    for (uint64_t at = 0; at < (uint64_t)mib * MIB; at += LARGE) {
        buffer[0] = (uint8_t)(at >> 20);
        if (pwrite(fd, buffer, LARGE, (off_t)((uint64_t)DATA * MIB + at % ((uint64_t)DATA * MIB))) != LARGE)
            give_up("write the disk");
        sum += buffer[0];
    }
    if (fsync(fd) != 0)
        give_up("flush the disk");
    close(fd);
    return sum;
}

/* --- blocks in any order, so many at a time */

typedef struct Job {
    struct iocb iocb;
    uint8_t *buffer;
} Job;

static void submit(aio_context_t context, Job *job, int fd, uint32_t *random)
{
    struct iocb *list[] = {&job->iocb};

    job->iocb = (struct iocb){.aio_data = (uintptr_t)job,
                              .aio_lio_opcode = IOCB_CMD_PREAD,
                              .aio_fildes = (uint32_t)fd,
                              .aio_buf = (uintptr_t)job->buffer,
                              .aio_nbytes = SMALL,
                              .aio_offset = (int64_t)(next_random(random) % (DATA * (MIB / SMALL))) * SMALL};
    if (syscall(SYS_io_submit, context, 1, list) != 1)
        give_up("submit a read");
}

static uint32_t random_reads(uint32_t n, unsigned depth)
{
    Job jobs[DEPTH];
    struct io_event events[DEPTH];
    aio_context_t context = 0;
    uint32_t sum = 0, random = 1, begun = 0, done = 0;
    int fd = open_disk();

    if (syscall(SYS_io_setup, depth, &context) != 0)
        give_up("io_setup");
    for (unsigned i = 0; i < depth; i++)
        jobs[i].buffer = new_buffer(SMALL);
    timing_begin();
    for (; begun < depth && begun < n; begun++)
        submit(context, &jobs[begun], fd, &random);
    while (done < n) {
        long got = syscall(SYS_io_getevents, context, 1L, (long)depth, events, NULL);

        if (got < 1)
            give_up("wait for a read");
        for (long i = 0; i < got; i++, done++) {
            Job *job = (Job *)(uintptr_t)events[i].data;
            if (events[i].res != SMALL)
                give_up("a read");
            sum += number_at(job->buffer);
            if (begun < n) {
                submit(context, job, fd, &random);
                begun++;
            }
        }
    }
    close(fd);
    return sum;
}

uint32_t item_diskrand1(uint32_t n)
{
    return random_reads(n, 1);
}

uint32_t item_diskrand32(uint32_t n)
{
    return random_reads(n, DEPTH);
}

/* The same with another controller. */

uint32_t item_nvmeread(uint32_t mib)
{
    return item_diskread(mib);
}

uint32_t item_nvmewrite(uint32_t mib)
{
    return item_diskwrite(mib);
}

uint32_t item_nvmerand1(uint32_t n)
{
    return random_reads(n, 1);
}

uint32_t item_nvmerand32(uint32_t n)
{
    return random_reads(n, DEPTH);
}
