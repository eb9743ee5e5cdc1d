/* SPDX-License-Identifier: MIT
 *
 * platform/image/symbols: which function an address lies in, and files that lie about where their tables are.
 */
#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>

#include "platform/image/symbols.h"
#include "tests/unit/unit.h"

enum { SECTIONS = 52, SYMBOLS = SECTIONS + 4 * 40, N_SYMBOLS = 6, STRINGS = SYMBOLS + N_SYMBOLS * 16, SIZE = STRINGS + 32 };

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8), at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16), put16(at + 2, value & 0xffff);
}

static void put_symbol(uint8_t *file, unsigned i, unsigned name, uint32_t value, uint32_t size, unsigned info, unsigned section)
{
    uint8_t *at = file + SYMBOLS + i * 16;
    put32(at, name), put32(at + 4, value), put32(at + 8, size);
    at[12] = (uint8_t)info;
    put16(at + 14, section);
}

static void put_section(uint8_t *file, unsigned i, unsigned type, uint32_t offset, uint32_t size, unsigned link)
{
    uint8_t *at = file + SECTIONS + i * 40;
    put32(at + 4, type), put32(at + 16, offset), put32(at + 20, size), put32(at + 24, link);
}

/* Two functions, a label of assembly, and what is no code of this program: an undefined one, a variable. */
static void make(uint8_t *file)
{
    static const char strings[32] = "\0first\0second\0label\0other\0";
    memset(file, 0, SIZE);
    memcpy(file, ELFMAG, SELFMAG);
    file[EI_CLASS] = ELFCLASS32;
    file[EI_DATA] = ELFDATA2MSB;
    put32(file + 32, SECTIONS);
    put16(file + 46, 40);
    put16(file + 48, 4);
    put_section(file, 1, SHT_SYMTAB, SYMBOLS, N_SYMBOLS * 16, 2);
    put_section(file, 2, SHT_STRTAB, STRINGS, 32, 0);
    put_section(file, 3, SHT_PROGBITS, 0, 0x2100, 0); /* the code, at 0xc0000000 */
    put32(file + SECTIONS + 3 * 40 + 8, SHF_ALLOC | SHF_EXECINSTR);
    put32(file + SECTIONS + 3 * 40 + 12, 0xc0000000);
    put_symbol(file, 1, 7, 0xc0001000, 0x100, ELF32_ST_INFO(STB_LOCAL, STT_FUNC), 3);
    put_symbol(file, 2, 1, 0xc0000000, 0x800, ELF32_ST_INFO(STB_GLOBAL, STT_FUNC), 3);
    put_symbol(file, 3, 14, 0xc0002000, 0, ELF32_ST_INFO(STB_GLOBAL, STT_NOTYPE), 3);
    put_symbol(file, 4, 20, 0xc0003000, 8, ELF32_ST_INFO(STB_GLOBAL, STT_FUNC), SHN_UNDEF);
    put_symbol(file, 5, 20, 0xc0004000, 8, ELF32_ST_INFO(STB_GLOBAL, STT_OBJECT), 3);
    memcpy(file + STRINGS, strings, sizeof strings);
}

static Symbols *read_bytes(const uint8_t *bytes, gsize size, GError **error)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("quoin-symbols-XXXXXX", &path, NULL);
    g_assert_true(g_close(fd, NULL));
    g_assert_true(g_file_set_contents(path, (const char *)bytes, (gssize)size, NULL));
    Symbols *symbols = symbols_read(path, error);
    g_unlink(path);
    return symbols;
}

static void test_names(void)
{
    static const struct {
        uint32_t ea;
        const char *name;
    } row[] = {
        {0, NULL},
        {0xbfffffff, NULL},
        {0xc0000000, "first"},
        {0xc00007ff, "first"},
        {0xc0000800, NULL},
        {0xc0001000, "second"},
        {0xc00010ff, "second"},
        {0xc0001100, NULL},
        {0xc0002000, "label"},
        {0xc00020ff, "label"}, /* a label goes to the end of its section */
        {0xc0002100, NULL},
        {0xc0004000, NULL},
    };
    uint8_t file[SIZE];
    make(file);
    Symbols *symbols = read_bytes(file, SIZE, NULL);
    g_assert_nonnull(symbols);
    FOR_ROWS (i, row)
        g_assert_cmpstr(symbols_name(symbols, row[i].ea), ==, row[i].name);
    g_assert_null(symbols_name(NULL, 0xc0000000));
    symbols_free(symbols);
}

/* Each word of it in turn is one that it must not be; and it ends anywhere. */
static void test_a_file_that_lies(void)
{
    static const uint32_t wrong[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
    uint8_t file[SIZE];
    for (unsigned at = 0; at < SIZE; at += 4) {
        FOR_ROWS (i, wrong) {
            make(file);
            put32(file + at, wrong[i]);
            Symbols *symbols = read_bytes(file, SIZE, NULL);
            for (uint32_t ea = 0xbffffff0; symbols && ea < 0xc0005000; ea += 0x7f0)
                symbols_name(symbols, ea);
            symbols_free(symbols);
        }
    }
    make(file);
    for (unsigned size = 0; size < SIZE; size++) {
        GError *error = NULL;
        Symbols *symbols = read_bytes(file, size, &error);
        g_assert_true(!symbols == !!error);
        g_assert_true(size >= SYMBOLS || error);
        g_clear_error(&error);
        symbols_free(symbols);
    }
}

UNIT_TESTS(symbols)
{
    g_test_add_func("/symbols/the-function-of-an-address", test_names);
    g_test_add_func("/symbols/a-file-that-lies", test_a_file_that_lies);
}
