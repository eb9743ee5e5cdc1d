/* SPDX-License-Identifier: MIT
 *
 * Memory of blocks and records, freed all at once.
 */
#include "cpu/jit/jit.h"

enum { CHUNK = 1 << 18 };

void *jit_alloc(Jit *jit, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    g_assert(size <= CHUNK);
    if (!jit->arena->len || jit->arena_used + size > CHUNK) {
        g_ptr_array_add(jit->arena, g_malloc(CHUNK));
        jit->arena_used = 0;
    }
    uint8_t *at = (uint8_t *)jit->arena->pdata[jit->arena->len - 1] + jit->arena_used;
    jit->arena_used += size;
    return at;
}

void jit_alloc_ends(Jit *jit, void *at)
{
    uint8_t *chunk = jit->arena->pdata[jit->arena->len - 1];
    jit->arena_used = ((size_t)((uint8_t *)at - chunk) + 15) & ~(size_t)15;
}
