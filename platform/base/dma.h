/* SPDX-License-Identifier: MIT
 *
 * How a device masters a bus: the one path from its addresses to RAM.  Whoever carries the device says what its addresses mean; RAM alone
 * answers, so that no device reaches the registers of another, and every range is checked here.  Any thread that may use Memory and
 * that keeps the translation from changing meanwhile: the device lock does.
 */
#pragma once

#include "platform/base/memory.h"

typedef struct Dma {
    Memory *memory;
    /*
     * gpa of a device's address; *length, not 0, shrinks to what is translated alike.  false: nobody answers there.  The range need not be
     * RAM.  NULL: addresses are physical ones.
     */
    bool (*translate)(void *opaque, uint64_t address, uint64_t *length, uint64_t *gpa);
    void *opaque;
} Dma;

/* Where RAM has what the device sees at address; *length, not 0, shrinks to what lies there in one piece.  false: no RAM there. */
bool dma_translate(const Dma *dma, uint64_t address, uint64_t *length, uint64_t *gpa);
bool dma_read(const Dma *dma, uint64_t address, void *to, size_t size); /* false: not all RAM; what was read means nothing */
bool dma_write(const Dma *dma, uint64_t address, const void *from, size_t size); /* false: not all RAM; some may be written */
/* As memory_map(), of one piece: *length shrinks to it. */
bool dma_map(const Dma *dma, uint64_t address, uint64_t *length, bool write, MemoryMap *map);
