/* SPDX-License-Identifier: MIT */
#include "platform/base/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

struct Memory {
    uint8_t *hva;
    uint64_t size;
    MemoryWritten *written;
    void *opaque;
    bool keeps_bytes; /* a page that is given back to the host is as the file has it afterwards, not zero */
    unsigned mapped;  /* atomic: MemoryMaps that were not unmapped */
};

/* Pages appear when they are first touched: a large -m costs nothing until the guest uses it. */
Memory *memory_new_from(uint64_t size, const RamSource *source, GError **error)
{
    g_assert(size && size % (1 << 20) == 0);
    void *hva = ram_source_map(source, size, error);
    if (!hva)
        return NULL;
    madvise(hva, (size_t)size, MADV_HUGEPAGE); /* a wish; nothing depends on it */
    Memory *memory = g_new(Memory, 1);
    *memory = (Memory){.hva = hva, .size = size, .keeps_bytes = !ram_source_is_anonymous(source)};
    return memory;
}

Memory *memory_new(uint64_t size, GError **error)
{
    static const RamSource anonymous = {.option = "-m"};
    return memory_new_from(size, &anonymous, error);
}

void memory_free(Memory *memory)
{
    if (!memory)
        return;
    g_assert(!__atomic_load_n(&memory->mapped, __ATOMIC_RELAXED));
    munmap(memory->hva, (size_t)memory->size);
    g_free(memory);
}

uint64_t memory_size(const Memory *memory)
{
    return memory->size;
}

void *memory_hva(Memory *memory)
{
    return memory->hva;
}

void memory_listen(Memory *memory, MemoryWritten *written, void *opaque)
{
    memory->written = written;
    memory->opaque = opaque;
}

static void wrote(const Memory *memory, uint64_t gpa, uint64_t size)
{
    if (memory->written && size)
        memory->written(memory->opaque, gpa, size);
}

bool memory_contains(const Memory *memory, uint64_t gpa, uint64_t size)
{
    return gpa <= memory->size && size <= memory->size - gpa;
}

bool memory_read(const Memory *memory, uint64_t gpa, void *to, size_t size)
{
    if (!memory_contains(memory, gpa, size))
        return false;
    if (size)
        memcpy(to, memory->hva + gpa, size);
    return true;
}

bool memory_write(Memory *memory, uint64_t gpa, const void *from, size_t size)
{
    if (!memory_contains(memory, gpa, size))
        return false;
    if (size)
        memcpy(memory->hva + gpa, from, size);
    wrote(memory, gpa, size);
    return true;
}

bool memory_copy(Memory *memory, uint64_t to, uint64_t from, uint64_t size)
{
    if (!memory_contains(memory, to, size) || !memory_contains(memory, from, size))
        return false;
    if (size)
        memmove(memory->hva + to, memory->hva + from, (size_t)size);
    wrote(memory, to, size);
    return true;
}

static void *value_at(const Memory *memory, uint64_t gpa, unsigned size)
{
    g_assert(gpa % size == 0 && memory_contains(memory, gpa, size));
    return memory->hva + gpa;
}

#define VALUE(bits)                                                                                                        \
    uint##bits##_t memory_load##bits(const Memory *memory, uint64_t gpa)                                                   \
    {                                                                                                                      \
        const uint##bits##_t *at = value_at(memory, gpa, bits / 8);                                                        \
        return GUINT##bits##_FROM_BE(__atomic_load_n(at, __ATOMIC_ACQUIRE));                                               \
    }                                                                                                                      \
    void memory_store##bits(Memory *memory, uint64_t gpa, uint##bits##_t value)                                            \
    {                                                                                                                      \
        __atomic_store_n((uint##bits##_t *)value_at(memory, gpa, bits / 8), GUINT##bits##_TO_BE(value), __ATOMIC_RELEASE); \
        wrote(memory, gpa, bits / 8);                                                                                      \
    }
VALUE(16)
VALUE(32)
VALUE(64)
#undef VALUE

bool memory_fill(Memory *memory, uint64_t gpa, uint8_t byte, uint64_t size)
{
    if (!memory_contains(memory, gpa, size))
        return false;
    if (size)
        memset(memory->hva + gpa, byte, (size_t)size);
    wrote(memory, gpa, size);
    return true;
}

bool memory_zero(Memory *memory, uint64_t gpa, uint64_t size)
{
    /* The largest page of any host: what lies between such boundaries consists of whole pages. */
    static const uint64_t page = 64 << 10;
    if (!memory_contains(memory, gpa, size))
        return false;
    uint64_t first = (gpa + page - 1) & ~(page - 1), last = (gpa + size) & ~(page - 1);
    /* A private anonymous mapping reads as zero after MADV_DONTNEED; pages that are locked refuse it. */
    if (memory->keeps_bytes || first >= last || madvise(memory->hva + first, (size_t)(last - first), MADV_DONTNEED) != 0)
        return memory_fill(memory, gpa, 0, size);
    wrote(memory, first, last - first);
    return memory_fill(memory, gpa, 0, first - gpa) && memory_fill(memory, last, 0, gpa + size - last);
}

void memory_clear(Memory *memory)
{
    memory_zero(memory, 0, memory->size);
}

bool memory_map(Memory *memory, uint64_t gpa, uint64_t length, bool write, MemoryMap *map)
{
    *map = (MemoryMap){0};
    if (!memory_contains(memory, gpa, length))
        return false;
    *map = (MemoryMap){memory->hva + gpa, gpa, length, write};
    __atomic_add_fetch(&memory->mapped, 1, __ATOMIC_RELAXED);
    return true;
}

void memory_unmap(Memory *memory, MemoryMap *map)
{
    if (!map->at)
        return;
    if (map->write)
        wrote(memory, map->gpa, map->length);
    *map = (MemoryMap){0};
    __atomic_sub_fetch(&memory->mapped, 1, __ATOMIC_RELAXED);
}
