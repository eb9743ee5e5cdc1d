/* SPDX-License-Identifier: MIT
 *
 * A drive for fuzz targets of disk controllers.
 */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "platform/block/drive.h"

enum { FUZZ_DISK = 1 << 19 /* bytes, as many as the smallest card has */ };

/* One drive for all inputs: to open it takes longer than most of them. */
static inline Block *fuzz_disk(void)
{
    static Block *block;
    if (block)
        return block;
    g_autofree char *path = g_strdup("/tmp/quoin-fuzz-XXXXXX"), *text = NULL;
    int fd = g_mkstemp(path);
    g_assert_cmpint(ftruncate(fd, FUZZ_DISK), ==, 0);
    close(fd);
    text = g_strdup_printf("file=%s,id=d,format=raw", path);
    DriveSpec *spec = drive_spec_parse("-drive", text, NULL);
    spec->option = g_strdup("-drive");
    block = block_open(spec, NULL);
    g_assert_nonnull(block);
    drive_spec_free(spec);
    g_unlink(path);
    return block;
}
