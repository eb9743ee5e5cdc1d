/* SPDX-License-Identifier: MIT
 *
 * What guest RAM is made of: memory of the process, a file (-mem-path, memory-backend-file), or a file without a name (memory-backend-memfd).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct RamSource {
    const char *option; /* "-mem-path", for messages */
    const char *
        path; /* a file, which is made and grows where it must, and is kept; a directory: a file of it that has no name.  NULL: none */
    bool memfd;    /* without path */
    bool share;    /* what the guest writes is in the file: another process that maps it sees it */
    bool prealloc; /* every page is the guest's from the start, or that is an error */
} RamSource;

/* size bytes, read and written, to be given back by munmap().  NULL: the error is set. */
void *ram_source_map(const RamSource *source, uint64_t size, GError **error);
/* Whether what is given back to the host reads as zeros again: of a file it does not. */
bool ram_source_is_anonymous(const RamSource *source);
