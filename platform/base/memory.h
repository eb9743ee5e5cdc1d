/* SPDX-License-Identifier: MIT
 *
 * Guest RAM: one block at physical 0.  memory_write() is the one path by which anything but a vCPU writes
 * guest RAM; dirty logs and code pages will hang there.  Any thread; the caller orders accesses to the same bytes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Memory Memory;

Memory *memory_new(uint64_t size, GError **error); /* size: multiple of 1 MiB; zeroed */
void memory_free(Memory *memory);
uint64_t memory_size(const Memory *memory);
void *memory_hva(Memory *memory);                                               /* for the accelerator's vm_map_ram only */
bool memory_contains(const Memory *memory, uint64_t gpa, uint64_t size);        /* no overflow, size 0 is contained */
bool memory_read(const Memory *memory, uint64_t gpa, void *to, size_t size);    /* false: not all RAM; nothing read */
bool memory_write(Memory *memory, uint64_t gpa, const void *from, size_t size); /* false: not all RAM; nothing written */
bool memory_copy(Memory *memory, uint64_t to, uint64_t from, uint64_t size);    /* both gpa; may overlap */
/*
 * One big-endian word of RAM at a multiple of 4, as the guest's CPUs see it: whole.  A store comes after all that this thread stored
 * before, a load before all that it loads afterwards.  The caller has checked memory_contains().
 */
uint32_t memory_load32(const Memory *memory, uint64_t gpa);
void memory_store32(Memory *memory, uint64_t gpa, uint32_t value);
bool memory_fill(Memory *memory, uint64_t gpa, uint8_t byte, uint64_t size);
/* The same with zeros, by giving whole pages back to the host: it costs what was touched of them, and they stay untouched. */
bool memory_zero(Memory *memory, uint64_t gpa, uint64_t size);
void memory_clear(Memory *memory); /* all of it */
