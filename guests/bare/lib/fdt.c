/* SPDX-License-Identifier: MIT
 * A reader of flattened device trees (Devicetree Specification §5), bounded by the header's sizes.
 * The guest is big-endian, as the format is. */
#include "guest.h"

enum { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };

static const uint8_t *tree;
static uint32_t struct_off, struct_end, strings_off, strings_end;

void fdt_init(const void *p);

static uint32_t word(uint32_t off)
{
    return *(const uint32_t *)(tree + off);
}

void fdt_init(const void *p)
{
    tree = p;
    if (!tree || ((uint32_t)tree & 3) || word(0) != 0xd00dfeed || word(20) < 17 || word(24) > 17) {
        tree = NULL;
        return;
    }
    uint32_t total = word(4);

    struct_off = word(8);
    strings_off = word(12);
    struct_end = struct_off + word(36);
    strings_end = strings_off + word(32);
    if (total < 40 || struct_off > total || struct_end > total || struct_end < struct_off || (struct_off & 3) ||
        strings_off > total || strings_end > total || strings_end < strings_off)
        tree = NULL;
}

bool fdt_valid(void)
{
    return tree != NULL;
}

uint32_t fdt_total_size(void)
{
    return tree ? word(4) : 0;
}

/* The offset after the tag at off, or 0 when the structure ends there. */
static uint32_t skip(uint32_t off)
{
    uint32_t tag = word(off);

    off += 4;
    if (tag == BEGIN_NODE) {
        while (off < struct_end && tree[off])
            off++;
        off++;
    } else if (tag == PROP) {
        if (off + 8 > struct_end || word(off) > struct_end - off - 8)
            return 0;
        off += 8 + word(off);
    } else if (tag != END_NODE && tag != NOP) {
        return 0;
    }
    off = (off + 3) & ~3u;
    return off + 4 <= struct_end ? off : 0;
}

static bool name_matches(const char *node, const char *want, size_t length)
{
    size_t n = 0;

    while (n < length && node[n] == want[n])
        n++;
    return n == length && (node[n] == 0 || node[n] == '@');
}

static int child_named(uint32_t node, const char *name, size_t length)
{
    int depth = 0;

    for (uint32_t off = skip(node); off; off = skip(off)) {
        uint32_t tag = word(off);

        if (tag == BEGIN_NODE) {
            if (depth++ == 0 && name_matches((const char *)tree + off + 4, name, length))
                return (int)off;
        } else if (tag == END_NODE && depth-- == 0) {
            break;
        }
    }
    return -1;
}

int fdt_node(const char *path)
{
    int node = (int)struct_off;

    if (!tree || word(struct_off) != BEGIN_NODE)
        return -1;
    while (*path) {
        const char *end;

        while (*path == '/')
            path++;
        if (!*path)
            break;
        for (end = path; *end && *end != '/'; end++)
            ;
        node = child_named((uint32_t)node, path, (size_t)(end - path));
        if (node < 0)
            break;
        path = end;
    }
    return node;
}

const void *fdt_property(int node, const char *name, uint32_t *length)
{
    if (!tree || node < 0)
        return NULL;
    for (uint32_t off = skip((uint32_t)node); off; off = skip(off)) {
        uint32_t tag = word(off);

        if (tag == NOP)
            continue;
        if (tag != PROP)
            break;
        uint32_t string = strings_off + word(off + 8);

        if (string >= strings_off && string < strings_end && !strcmp((const char *)tree + string, name)) {
            if (length)
                *length = word(off + 4);
            return tree + off + 12;
        }
    }
    return NULL;
}

/* A list of strings: each ends with NUL. */
static bool list_has(const char *list, uint32_t length, const char *value)
{
    size_t size = strlen(value) + 1;

    while (length >= size) {
        if (!memcmp(list, value, size))
            return true;
        while (length && *list) {
            list++;
            length--;
        }
        list++;
        length -= length > 0;
    }
    return false;
}

int fdt_next_with(int node, const char *property, const char *value)
{
    if (!tree)
        return -1;
    for (uint32_t off = node < 0 ? struct_off : skip((uint32_t)node); off; off = skip(off)) {
        uint32_t length;
        const char *p;

        if (word(off) != BEGIN_NODE)
            continue;
        p = fdt_property((int)off, property, &length);
        if (p && list_has(p, length, value))
            return (int)off;
    }
    return -1;
}

bool told_to(const char *word)
{
    const char *args = fdt_property(fdt_node("/chosen"), "bootargs", NULL);
    return args && !strcmp(args, word);
}

uint32_t boot_number(uint32_t otherwise)
{
    const char *p = fdt_property(fdt_node("/chosen"), "bootargs", NULL);
    uint32_t n = 0;

    for (; p && *p >= '0' && *p <= '9'; p++)
        n = n * 10 + (uint32_t)(*p - '0');
    return n ? n : otherwise;
}
