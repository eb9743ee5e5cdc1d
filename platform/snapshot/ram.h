/* SPDX-License-Identifier: MIT
 *
 * RAM as parts: of each MiB the pages that are not all zeros.
 */
#pragma once

#include "platform/base/memory.h"
#include "platform/snapshot/part.h"

enum {
    RAM_CHUNK = 1 << 20, /* bytes of RAM that a part is about */
    RAM_PAGE = 4096,
    RAM_PAGES = RAM_CHUNK / RAM_PAGE,
    RAM_MAP = RAM_PAGES / 8,         /* bytes of a map: a bit a page, the first is the most significant of the first byte */
    RAM_HEAD = 8 + 2 * RAM_MAP,      /* u64 gpa; map of pages that follow, in their order; map of pages that are all zeros */
    RAM_PART = RAM_HEAD + RAM_CHUNK, /* at most */
};

/*
 * What is to be sent of the chunk at gpa.  wanted: a map; NULL: all of it, and zeros need not be told since RAM is all zeros where it is loaded.
 * Returns the number of bytes in data, RAM_PART at most; 0: nothing.
 */
size_t ram_gather(const Memory *memory, uint64_t gpa, const uint8_t *wanted, uint8_t *data);
/* Checks it, and writes it when memory is not NULL.  ram_size: of the machine. */
bool ram_scatter(Memory *memory, uint64_t ram_size, const uint8_t *data, size_t size, GError **error);
