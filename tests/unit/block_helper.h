/* SPDX-License-Identifier: MIT
 *
 * Images in files that go away again, and requests that are waited for.
 */
#pragma once

#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/base/lock.h"
#include "platform/block/drive.h"

static inline char *disk_new(uint64_t size)
{
    char *path = g_strdup("/tmp/quoin-disk-XXXXXX");
    int fd = g_mkstemp(path);
    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    close(fd);
    return path;
}

static inline void disk_fill(const char *path, size_t size, int byte)
{
    g_autofree char *data = g_malloc(size);
    memset(data, byte, size);
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

/* aio= of the drives that are opened; NULL: it is not said */
static const char *disk_aio;

/* more: ",readonly=on" */
static inline Block *disk_open_as(const char *path, const char *more)
{
    GError *error = NULL;
    g_autofree char *text = g_strdup_printf("file=%s,id=d0%s%s%s", path, disk_aio ? ",aio=" : "", disk_aio ? disk_aio : "", more);
    DriveSpec *spec = drive_spec_parse("-drive", text, &error);
    g_assert_no_error(error);
    spec->option = g_strdup("-drive");
    Block *b = block_open(spec, &error);
    g_assert_no_error(error);
    drive_spec_free(spec);
    return b;
}

static inline Block *disk_open(const char *path, const char *more)
{
    g_autofree char *raw = g_strconcat(",format=raw", more, NULL);
    return disk_open_as(path, raw);
}

static inline void disk_close(Block *b, const char *path)
{
    block_close(b);
    unlink(path);
}

static inline void disk_done(void *opaque, int error)
{
    *(int *)opaque = error;
}

/* Submits it and waits; returns its error. */
static inline int disk_do(Block *b, BlockRequest *request)
{
    int error = -1;
    request->done = disk_done;
    request->opaque = &error;
    device_lock();
    block_submit(b, request);
    g_assert_cmpint(error, ==, -1);
    block_drain(b);
    device_unlock();
    g_assert_cmpint(error, !=, -1);
    return error;
}

/* A byte of the file, by another way than the drive's; −1: the file ends before. */
static inline int disk_at(const char *path, off_t offset)
{
    uint8_t byte = 0;
    int fd = open(path, O_RDONLY);
    g_assert_cmpint(fd, >=, 0);
    ssize_t n = pread(fd, &byte, 1, offset);
    close(fd);
    return n == 1 ? byte : -1;
}

static inline bool disk_has_holes(const char *path)
{
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    return (uint64_t)st.st_blocks * 512 < (uint64_t)st.st_size;
}
