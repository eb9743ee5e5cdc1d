/* SPDX-License-Identifier: MIT */
#include "platform/base/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

struct Memory {
    uint8_t *hva;
    uint64_t size;
};

/* Pages appear when they are first touched: a large -m costs nothing until the guest uses it. */
static void *ram_map(void *where, uint64_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (where ? MAP_FIXED : 0);
    return mmap(where, (size_t)size, PROT_READ | PROT_WRITE, flags, -1, 0);
}

Memory *memory_new(uint64_t size, GError **error)
{
    g_assert(size && size % (1 << 20) == 0);
    void *hva = MAP_FAILED;
    errno = ENOMEM;
    if (size <= SIZE_MAX / 2)
        hva = ram_map(NULL, size);
    if (hva == MAP_FAILED) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "cannot reserve %" PRIu64 " MiB of guest RAM: %s",
                    size >> 20, g_strerror(errno));
        return NULL;
    }
    madvise(hva, (size_t)size, MADV_HUGEPAGE); /* a wish; nothing depends on it */
    Memory *memory = g_new(Memory, 1);
    *memory = (Memory){.hva = hva, .size = size};
    return memory;
}

void memory_free(Memory *memory)
{
    if (!memory)
        return;
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
    return true;
}

bool memory_copy(Memory *memory, uint64_t to, uint64_t from, uint64_t size)
{
    if (!memory_contains(memory, to, size) || !memory_contains(memory, from, size))
        return false;
    if (size)
        memmove(memory->hva + to, memory->hva + from, (size_t)size);
    return true;
}

static uint32_t *word_at(const Memory *memory, uint64_t gpa)
{
    g_assert(gpa % 4 == 0 && memory_contains(memory, gpa, 4));
    return (uint32_t *)(void *)(memory->hva + gpa);
}

uint32_t memory_load32(const Memory *memory, uint64_t gpa)
{
    return GUINT32_FROM_BE(__atomic_load_n(word_at(memory, gpa), __ATOMIC_ACQUIRE));
}

void memory_store32(Memory *memory, uint64_t gpa, uint32_t value)
{
    __atomic_store_n(word_at(memory, gpa), GUINT32_TO_BE(value), __ATOMIC_RELEASE);
}

bool memory_fill(Memory *memory, uint64_t gpa, uint8_t byte, uint64_t size)
{
    if (!memory_contains(memory, gpa, size))
        return false;
    if (size)
        memset(memory->hva + gpa, byte, (size_t)size);
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
    if (first >= last || madvise(memory->hva + first, (size_t)(last - first), MADV_DONTNEED) != 0)
        return memory_fill(memory, gpa, 0, size);
    return memory_fill(memory, gpa, 0, first - gpa) && memory_fill(memory, last, 0, gpa + size - last);
}

void memory_clear(Memory *memory)
{
    memory_zero(memory, 0, memory->size);
}
