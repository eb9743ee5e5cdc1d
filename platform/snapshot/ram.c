/* SPDX-License-Identifier: MIT */
#include "platform/snapshot/ram.h"

#include <inttypes.h>
#include <string.h>

static bool has(const uint8_t *map, unsigned page)
{
    return map[page / 8] & 0x80 >> page % 8;
}

static void add(uint8_t *map, unsigned page)
{
    map[page / 8] |= (uint8_t)(0x80 >> page % 8);
}

static bool is_zero(const uint8_t *page)
{
    uint64_t first;
    memcpy(&first, page, sizeof(first));
    return first == 0 && !memcmp(page, page + sizeof(first), RAM_PAGE - sizeof(first));
}

size_t ram_gather(const Memory *memory, uint64_t gpa, const uint8_t *wanted, uint8_t *data)
{
    uint64_t be = GUINT64_TO_BE(gpa);
    uint8_t *here = data + 8, *zero = here + RAM_MAP, *to = data + RAM_HEAD;
    bool any = false;
    memset(data, 0, RAM_HEAD);
    memcpy(data, &be, sizeof(be));
    for (unsigned page = 0; page < RAM_PAGES; page++) {
        if (wanted && !has(wanted, page))
            continue;
        memory_read(memory, gpa + (uint64_t)page * RAM_PAGE, to, RAM_PAGE);
        bool full = !is_zero(to);
        if (full)
            to += RAM_PAGE;
        if (full || wanted)
            add(full ? here : zero, page);
        any |= full || wanted;
    }
    return any ? (size_t)(to - data) : 0;
}

static unsigned count(const uint8_t *map)
{
    unsigned n = 0;
    for (unsigned page = 0; page < RAM_PAGES; page++)
        n += has(map, page);
    return n;
}

static uint64_t gpa_of(const uint8_t *data)
{
    uint64_t be;
    memcpy(&be, data, sizeof(be));
    return GUINT64_FROM_BE(be);
}

static bool is_sound(uint64_t ram_size, const uint8_t *data, size_t size)
{
    const uint8_t *here = data + 8, *zero = here + RAM_MAP;
    if (size < RAM_HEAD || gpa_of(data) % RAM_CHUNK || gpa_of(data) >= ram_size ||
        size != RAM_HEAD + (size_t)count(here) * RAM_PAGE)
        return false;
    for (unsigned i = 0; i < RAM_MAP; i++)
        if (here[i] & zero[i])
            return false;
    return true;
}

/* Pages that lie side by side are one write: whoever listens to what is written hears of it once. */
static void write_pages(Memory *memory, uint64_t gpa, const uint8_t *here, const uint8_t *from)
{
    for (unsigned page = 0, end; page < RAM_PAGES; page = end) {
        for (end = page; end < RAM_PAGES && has(here, end);)
            end++;
        size_t size = (size_t)(end - page) * RAM_PAGE;
        memory_write(memory, gpa + (uint64_t)page * RAM_PAGE, from, size);
        from += size;
        end += end == page;
    }
}

bool ram_scatter(Memory *memory, uint64_t ram_size, const uint8_t *data, size_t size, GError **error)
{
    if (!is_sound(ram_size, data, size)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "a part of RAM is damaged, or of a machine with more RAM");
        return false;
    }
    if (!memory)
        return true;
    uint64_t gpa = gpa_of(data);
    const uint8_t *here = data + 8, *zero = here + RAM_MAP;
    write_pages(memory, gpa, here, data + RAM_HEAD);
    for (unsigned page = 0; page < RAM_PAGES; page++)
        if (has(zero, page))
            memory_fill(memory, gpa + (uint64_t)page * RAM_PAGE, 0, RAM_PAGE);
    return true;
}
