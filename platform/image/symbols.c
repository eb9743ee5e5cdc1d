/* SPDX-License-Identifier: MIT */
#include "platform/image/symbols.h"

#include <elf.h>
#include <string.h>

#include "platform/image/priv.h"

/* System V ABI, Elf32_Shdr and Elf32_Sym: where the fields are in the file. */
enum {
    EHDR_SIZE = 52,
    EHDR_SHOFF = 32,
    EHDR_SHENTSIZE = 46,
    EHDR_SHNUM = 48,
    SHDR_SIZE = 40,
    SYM_SIZE = 16,
};

typedef struct Symbol {
    uint32_t from, size; /* of a label of assembly, up to the end of its section: the next one hides the rest */
    const char *name;
} Symbol;

struct Symbols {
    char *file;
    gsize size;
    GArray *symbols; /* of Symbol, ascending */
};

typedef struct Part {
    const uint8_t *data;
    uint32_t size;
} Part;

static bool part_of(const Symbols *s, const uint8_t *shdr, Part *part)
{
    uint32_t offset = image_be32(shdr + 16);
    part->size = image_be32(shdr + 20);
    part->data = (const uint8_t *)s->file + offset;
    return offset <= s->size && part->size <= s->size - offset;
}

/* The executable section that this is in: what is behind it.  0: it is in none. */
static uint64_t end_of_code(const Part *sections, unsigned section, uint32_t ea)
{
    const uint8_t *shdr = sections->data + section * SHDR_SIZE;
    if (section >= sections->size / SHDR_SIZE || !(image_be32(shdr + 8) & SHF_EXECINSTR))
        return 0;
    uint64_t from = image_be32(shdr + 12), end = from + image_be32(shdr + 20);
    return ea >= from && ea < end ? end : 0;
}

static void take(Symbols *s, const Part *sections, Part table, Part strings)
{
    for (uint32_t at = 0; at + SYM_SIZE <= table.size; at += SYM_SIZE) {
        const uint8_t *sym = table.data + at;
        uint32_t name = image_be32(sym);
        unsigned type = ELF32_ST_TYPE(sym[12]), section = image_be16(sym + 14);
        bool code = type == STT_FUNC || (type == STT_NOTYPE && ELF32_ST_BIND(sym[12]) == STB_GLOBAL);
        uint32_t from = image_be32(sym + 4), size = image_be32(sym + 8);
        uint64_t end = code && section != SHN_UNDEF ? end_of_code(sections, section, from) : 0;
        if (!end || name >= strings.size || !strings.data[name] || !memchr(strings.data + name, 0, strings.size - name))
            continue;
        Symbol symbol = {from, size ? size : (uint32_t)(end - from), (const char *)strings.data + name};
        g_array_append_val(s->symbols, symbol);
    }
}

static gint by_address(gconstpointer a, gconstpointer b)
{
    const Symbol *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

/* All sections of type SHT_SYMTAB. */
static void take_all(Symbols *s)
{
    const uint8_t *h = (const uint8_t *)s->file;
    uint32_t shoff = image_be32(h + EHDR_SHOFF), n = image_be16(h + EHDR_SHNUM);
    if (image_be16(h + EHDR_SHENTSIZE) != SHDR_SIZE || shoff > s->size || n > (s->size - shoff) / SHDR_SIZE)
        return;
    const Part sections = {h + shoff, n * SHDR_SIZE};
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *shdr = h + shoff + i * SHDR_SIZE;
        uint32_t link = image_be32(shdr + 24);
        Part table, strings;
        if (image_be32(shdr + 4) == SHT_SYMTAB && link < n && part_of(s, shdr, &table) &&
            part_of(s, h + shoff + link * SHDR_SIZE, &strings))
            take(s, &sections, table, strings);
    }
    g_array_sort(s->symbols, by_address);
}

Symbols *symbols_read(const char *path, GError **error)
{
    Symbols *s = g_new0(Symbols, 1);
    s->symbols = g_array_new(FALSE, FALSE, sizeof(Symbol));
    if (!g_file_get_contents(path, &s->file, &s->size, error)) {
        symbols_free(s);
        return NULL;
    }
    const uint8_t *h = (const uint8_t *)s->file;
    if (s->size >= EHDR_SIZE && !memcmp(h, ELFMAG, SELFMAG) && h[EI_CLASS] == ELFCLASS32 && h[EI_DATA] == ELFDATA2MSB)
        take_all(s);
    if (s->symbols->len)
        return s;
    symbols_free(s);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: no 32-bit big-endian ELF file with a symbol table", path);
    return NULL;
}

void symbols_free(Symbols *s)
{
    if (!s)
        return;
    g_array_unref(s->symbols);
    g_free(s->file);
    g_free(s);
}

const char *symbols_name(const Symbols *s, uint64_t ea)
{
    guint low = 0, high = s ? s->symbols->len : 0;
    while (low < high) { /* the last one that begins at or below ea */
        guint middle = low + (high - low) / 2;
        if (g_array_index(s->symbols, Symbol, middle).from <= ea)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low)
        return NULL;
    const Symbol *symbol = &g_array_index(s->symbols, Symbol, low - 1);
    return ea - symbol->from < symbol->size ? symbol->name : NULL;
}
