/* SPDX-License-Identifier: MIT */
#include "platform/base/dma.h"

bool dma_translate(const Dma *dma, uint64_t address, uint64_t *length, uint64_t *gpa)
{
    const uint64_t ram = memory_size(dma->memory);
    *gpa = address;
    if (!*length || (dma->translate && !dma->translate(dma->opaque, address, length, gpa)) || *gpa >= ram)
        return false;
    *length = MIN(*length, ram - *gpa);
    return true;
}

bool dma_read(const Dma *dma, uint64_t address, void *to, size_t size)
{
    uint8_t *at = to;
    while (size) {
        uint64_t length = size, gpa;
        if (!dma_translate(dma, address, &length, &gpa) || !memory_read(dma->memory, gpa, at, (size_t)length))
            return false;
        at += length;
        address += length;
        size -= (size_t)length;
    }
    return true;
}

bool dma_write(const Dma *dma, uint64_t address, const void *from, size_t size)
{
    const uint8_t *at = from;
    while (size) {
        uint64_t length = size, gpa;
        if (!dma_translate(dma, address, &length, &gpa) || !memory_write(dma->memory, gpa, at, (size_t)length))
            return false;
        at += length;
        address += length;
        size -= (size_t)length;
    }
    return true;
}

bool dma_map(const Dma *dma, uint64_t address, uint64_t *length, bool write, MemoryMap *map)
{
    uint64_t gpa;
    *map = (MemoryMap){0};
    return dma_translate(dma, address, length, &gpa) && memory_map(dma->memory, gpa, *length, write, map);
}
