/* SPDX-License-Identifier: MIT
 *
 * Guest RAM: one block at physical 0.  Everybody but a vCPU writes it here, and whoever listens hears of each write: translated code,
 * reservations and dirty logs depend on it.  Any thread; the caller orders accesses to the same bytes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "platform/base/ram_source.h"

typedef struct Memory Memory;

Memory *memory_new(uint64_t size, GError **error);                               /* size: multiple of 1 MiB; zeroed */
Memory *memory_new_from(uint64_t size, const RamSource *source, GError **error); /* as the file has it, where there is one */
void memory_free(Memory *memory);                                                /* after each memory_map() was unmapped again */
uint64_t memory_size(const Memory *memory);
void *memory_hva(Memory *memory); /* for the accelerator's vm_map_ram only */

/* [gpa, gpa + size) was written and the bytes are there; size is not 0.  In the writer's thread. */
typedef void MemoryWritten(void *opaque, uint64_t gpa, uint64_t size);
void memory_listen(Memory *memory, MemoryWritten *written, void *opaque); /* one listener; before other threads */

bool memory_contains(const Memory *memory, uint64_t gpa, uint64_t size);        /* no overflow, size 0 is contained */
bool memory_read(const Memory *memory, uint64_t gpa, void *to, size_t size);    /* false: not all RAM; nothing read */
bool memory_write(Memory *memory, uint64_t gpa, const void *from, size_t size); /* false: not all RAM; nothing written */
bool memory_copy(Memory *memory, uint64_t to, uint64_t from, uint64_t size);    /* both gpa; may overlap */
bool memory_fill(Memory *memory, uint64_t gpa, uint8_t byte, uint64_t size);
/* The same with zeros, by giving whole pages back to the host: it costs what was touched of them, and they stay untouched. */
bool memory_zero(Memory *memory, uint64_t gpa, uint64_t size);
void memory_clear(Memory *memory); /* all of it */

/*
 * A big-endian value of RAM at a multiple of its size, as the guest's CPUs see it: whole (64 bits on a 32-bit host: whole to other callers of
 * these, in two halves to a vCPU under KVM).  A store comes after all that this thread stored before, a load before all that it loads
 * afterwards.  The caller has checked memory_contains().
 */
uint16_t memory_load16(const Memory *memory, uint64_t gpa);
uint32_t memory_load32(const Memory *memory, uint64_t gpa);
uint64_t memory_load64(const Memory *memory, uint64_t gpa);
void memory_store16(Memory *memory, uint64_t gpa, uint16_t value);
void memory_store32(Memory *memory, uint64_t gpa, uint32_t value);
void memory_store64(Memory *memory, uint64_t gpa, uint64_t value);

/*
 * Direct access for a device that masters the bus: `length` bytes at `at` are the RAM at gpa, until they are unmapped.  The range is checked
 * here and nowhere else: the device stays inside.  What it wrote counts as written when it unmaps, so it does that before it tells the
 * guest of the data.
 */
typedef struct MemoryMap {
    uint8_t *at;
    uint64_t gpa, length;
    bool write; /* the device may write, and is taken to have written all of it */
} MemoryMap;

bool memory_map(Memory *memory, uint64_t gpa, uint64_t length, bool write, MemoryMap *map); /* false: not all RAM; *map is all 0 */
void memory_unmap(Memory *memory, MemoryMap *map); /* *map is all 0 afterwards; one that is all 0 already is left alone */
