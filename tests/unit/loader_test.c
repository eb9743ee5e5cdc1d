/* SPDX-License-Identifier: MIT */
#include "platform/image/loader.h"
#include "tests/unit/unit.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <libfdt.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/options/config.h"

#define MIB (UINT64_C(1) << 20)
#define RAM (64 * MIB)

static void be16(GByteArray *b, uint32_t at, uint32_t v)
{
    b->data[at] = (uint8_t)(v >> 8);
    b->data[at + 1] = (uint8_t)v;
}

static void be32(GByteArray *b, uint32_t at, uint32_t v)
{
    be16(b, at, v >> 16);
    be16(b, at + 2, v);
}

static GByteArray *zeros(guint size)
{
    GByteArray *b = g_byte_array_new();
    g_byte_array_set_size(b, size);
    memset(b->data, 0, size);
    return b;
}

/* --- ELF files: header, program headers, then 4 KiB of text at 0x1000 */

typedef struct Phdr {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, align;
} Phdr;

#define LOAD 1
#define TEXT(v, p, m)                         \
    {                                         \
        LOAD, 0x1000, v, p, 0x1000, m, 0x1000 \
    }

static GByteArray *elf_new(unsigned type, uint32_t entry, const Phdr *phdrs, unsigned n)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 1, 2, 1};
    GByteArray *b = zeros(0x2000);
    memcpy(b->data, ident, sizeof(ident));
    be16(b, 16, type);
    be16(b, 18, 20);
    be32(b, 20, 1);
    be32(b, 24, entry);
    be32(b, 28, 52);
    be16(b, 40, 52);
    be16(b, 42, 32);
    be16(b, 44, n);
    for (unsigned i = 0; i < n; i++) {
        const uint32_t words[] = {
            phdrs[i].type, phdrs[i].offset, phdrs[i].vaddr, phdrs[i].paddr, phdrs[i].filesz, phdrs[i].memsz, 7, phdrs[i].align};
        for (unsigned w = 0; w < 8; w++)
            be32(b, 52 + i * 32 + w * 4, words[w]);
    }
    memset(b->data + 0x1000, 0x5a, 0x1000);
    return b;
}

static Image *load(GByteArray *b /* take */, uint64_t ram, GError **error)
{
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(b);
    return image_load_kernel_bytes("k", bytes, ram, error);
}

static void refused(GByteArray *b /* take */, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(load(b, RAM, &error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
    g_assert_cmpstr(error->message, ==, message);
}

static Image *accepted(GByteArray *b /* take */, uint64_t ram)
{
    g_autoptr(GError) error = NULL;
    Image *image = load(b, ram, &error);
    g_assert_no_error(error);
    return image;
}

static void test_elf_virtual_entry(void)
{
    const Phdr phdrs[] = {TEXT(0xc0000000, 0, 0x3000)};
    for (unsigned type = 2; type <= 3; type++) { /* ET_EXEC, ET_DYN: Linux is either */
        Image *image = accepted(elf_new(type, 0xc0000100, phdrs, 1), RAM);
        g_assert_cmphex(image->entry, ==, 0x100);
        g_assert_cmphex(image->low, ==, 0);
        g_assert_cmphex(image->high, ==, 0x3000);
        g_assert_cmpstr(image->format, ==, "ELF");
        image_free(image);
    }
}

static void test_elf_physical_entry(void)
{
    const Phdr phdrs[] = {TEXT(0xc0000000, 0x100000, 0x1000)};
    Image *image = accepted(elf_new(2, 0x100040, phdrs, 1), RAM);
    g_assert_cmphex(image->entry, ==, 0x100040);
    image_free(image);
}

static void test_elf_put(void)
{
    /* Out of order, one with bss, one of bss alone, and two which are not loaded at all. */
    const Phdr phdrs[] = {{LOAD, 0x1800, 0x9000, 0x9000, 0x10, 0x20, 4},
                          TEXT(0x4000, 0x4000, 0x1000),
                          {4, 0x1000, 0, 0, 0x100, 0x100, 4},
                          {LOAD, 0x1000, 0x7000, 0x7000, 0, 0, 4},
                          {LOAD, 0xffffffff, 0xa000, 0xa000, 0, 0, 4},
                          {LOAD, 0x1000, 0xb000, 0xb000, 0, 0x10, 4}};
    Image *image = accepted(elf_new(2, 0x4000, phdrs, 6), RAM);
    Memory *memory = memory_new(RAM, NULL);
    uint8_t got[0x9000], expected[0x9000];
    memory_fill(memory, 0, 0xee, RAM);
    for (unsigned twice = 0; twice < 2; twice++) { /* any number of times */
        g_assert_true(image_put(image, memory));
        g_assert_true(memory_read(memory, 0x3000, got, sizeof(got)));
        memset(expected, 0xee, sizeof(expected));
        memset(expected + 0x1000, 0x5a, 0x1000);
        memset(expected + 0x6000, 0x5a, 0x10);
        memset(expected + 0x6010, 0, 0x10);
        memset(expected + 0x8000, 0, 0x10);
        g_assert_cmpmem(got, sizeof(got), expected, sizeof(expected));
        memory_fill(memory, 0x3000, 0xee, 0x9000);
    }
    memory_free(memory);
    image_free(image);
}

/* Where one segment has zeros and another has data the data counts, whichever header comes first. */
static void test_elf_data_in_zeros(void)
{
    const Phdr phdrs[] = {
        {LOAD, 0x1000, 0x1000, 0x1000, 0x10, 0x5000, 4}, /* zeros under all the others */
        {LOAD, 0x1000, 0x3000, 0x3000, 0x20, 0x20, 4},   /* data in the middle of them */
        {LOAD, 0x1000, 0x3020, 0x3020, 0, 0x1000, 4},    /* zeros on zeros */
        {LOAD, 0x1000, 0x5ff0, 0x5ff0, 0x20, 0x30, 4},   /* data over their end, and zeros of its own */
    };
    uint8_t got[0x7000], expected[0x7000];
    memset(expected, 0xee, sizeof(expected));
    memset(expected + 0x1000, 0, 0x5020);
    memset(expected + 0x1000, 0x5a, 0x10);
    memset(expected + 0x3000, 0x5a, 0x20);
    memset(expected + 0x5ff0, 0x5a, 0x20);
    for (unsigned order = 0; order < 4; order++) {
        Phdr turned[4];
        for (unsigned i = 0; i < 4; i++)
            turned[i] = phdrs[(i + order) % 4];
        Image *image = accepted(elf_new(2, 0x1000, turned, 4), RAM);
        Memory *memory = memory_new(RAM, NULL);
        memory_fill(memory, 0, 0xee, RAM);
        g_assert_true(image_put(image, memory));
        g_assert_true(memory_read(memory, 0, got, sizeof(got)));
        g_assert_cmpmem(got, sizeof(got), expected, sizeof(expected));
        g_assert_cmphex(image->low, ==, 0x1000);
        g_assert_cmphex(image->high, ==, 0x6020);
        memory_free(memory);
        image_free(image);
    }
}

/* The most program headers that a file can have, behind the header; each of them `phdr` with i × stride added to its address. */
static GByteArray *elf_many(Phdr phdr, uint32_t stride, guint tail)
{
    enum { MOST = 0xfffe };
    const Phdr text = TEXT(0xc0000000, 0, 0x1000);
    GByteArray *b = elf_new(2, 0xc0000000, &text, 1);
    guint at = b->len, size = MOST * 32 + tail;
    g_byte_array_set_size(b, at + size);
    memset(b->data + at, 0x5a, size);
    memcpy(b->data + at, b->data + 52, 32);
    be32(b, 28, at);
    be16(b, 44, MOST);
    for (guint i = 1; i < MOST; i++) {
        const uint32_t words[] = {phdr.type, phdr.offset, phdr.vaddr, phdr.paddr + i * stride, phdr.filesz, phdr.memsz, 7, 4};
        for (unsigned w = 0; w < 8; w++)
            be32(b, at + i * 32 + w * 4, words[w]);
    }
    return b;
}

/* Headers that each point to the same large thing do not make the loader look at it again. */
static void test_elf_takes_linear_time(void)
{
    enum { TABLE = 0xfffe, BIG = 16 << 20 };
    const Phdr dynamic = {2, 0x2000, 0, 0, BIG, BIG, 4}, zeros = {LOAD, 0x1000, 0x100000, 0x100000, 0, 0x1000000, 4},
               bytes = {LOAD, 0x1000, 0x100000, 0x100000, 4, 0x1000000, 4};
    Image *image = accepted(elf_many(dynamic, 0, BIG), RAM);
    g_assert_cmpuint(image->steps, <=, TABLE + 64 * 1024 / 8);
    image_free(image);
    image = accepted(elf_many(zeros, 8, 0), RAM);
    g_assert_cmpuint(image->steps, <=, TABLE);
    g_assert_cmpuint(image->segments->len, <=, 3);
    image_free(image);
    image = accepted(elf_many(bytes, 8, 0), RAM);
    g_assert_cmpuint(image->steps, <=, TABLE);
    g_assert_cmpuint(image->segments->len, <=, 2 * TABLE);
    image_free(image);
}

static uint64_t resident_bytes(Memory *memory)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), n = memory_size(memory) / page, resident = 0;
    g_autofree unsigned char *in_core = g_malloc(n);
    g_assert_cmpint(mincore(memory_hva(memory), memory_size(memory), in_core), ==, 0);
    for (uint64_t i = 0; i < n; i++)
        resident += (in_core[i] & 1) * page;
    return resident;
}

/* A small file that asks for nearly all of the address space as zeros costs the pages of its data, at each reset too. */
static void test_elf_zeros_stay_untouched(void)
{
    const uint64_t huge_pages = 8 * MIB; /* the host may give one for each byte that is written or read below */
    uint32_t size = sizeof(void *) == 4 ? 1u << 30 : 0xfffff000u;
    uint64_t ram = (size / MIB + 16) * MIB;
    const Phdr phdrs[] = {{LOAD, 0x1000, 0, 0, 0x100, size, 4}};
    Image *image = accepted(elf_new(2, 0, phdrs, 1), ram);
    Memory *memory = memory_new(ram, NULL);
    for (unsigned resets = 0; resets < 3; resets++) {
        g_assert_true(image_put(image, memory));
        g_assert_cmpuint(resident_bytes(memory), <=, huge_pages);
        uint8_t got[4];
        g_assert_true(memory_read(memory, size - 4, got, 4));
        g_assert_cmpmem(got, 4, "\0\0\0\0", 4);
        memory_fill(memory, size / 2, 0xee, 3 * MIB + 5); /* what the guest did */
    }
    memory_free(memory);
    image_free(image);
}

/* zImage.epapr is linked at 512 MiB, runs anywhere, and has to be where its kernel sees it. */
static void test_elf_relocatable_goes_low(void)
{
    static const struct {
        uint64_t ram, low;
    } cases[] = {{1024 * MIB, 32 * MIB}, {128 * MIB, 32 * MIB}, {64 * MIB, 16 * MIB}};
    const Phdr phdrs[] = {{LOAD, 0x1000, 0x20000000, 0x20000000, 0x1000, 0x1000, 0x10000},
                          {LOAD, 0x1000, 0x20010000, 0x20010000, 0x1000, 0x4000, 0x10000},
                          {2, 0x1ff0, 0, 0, 0x10, 0x10, 4}};
    FOR_ROWS (i, cases) {
        Image *image = accepted(elf_new(3, 0x20000100, phdrs, 2), cases[i].ram);
        g_assert_cmphex(image->low, ==, cases[i].low);
        g_assert_cmphex(image->entry, ==, cases[i].low + 0x100);
        g_assert_cmphex(image->high, ==, cases[i].low + 0x14000);
        image_free(image);
    }
    /* ET_EXEC with relocations to apply to itself: the same.  Without: where it was linked. */
    for (unsigned tag = 6; tag <= 7; tag++) {
        GByteArray *b = elf_new(2, 0x20000100, phdrs, 3);
        be32(b, 0x1ff0, 1);
        be32(b, 0x1ff8, tag); /* DT_SYMTAB, DT_RELA */
        Image *image = accepted(b, 1024 * MIB);
        g_assert_cmphex(image->low, ==, tag == 7 ? 32 * MIB : 0x20000000);
        image_free(image);
    }
    refused(elf_new(2, 0x20000100, phdrs, 3), "k: ELF: does not fit: it needs RAM up to 0x20014000, and -m gives 64 MiB");
}

/* A relocatable Linux is linked at 0 and stays there. */
static void test_elf_relocatable_stays_low(void)
{
    const Phdr phdrs[] = {TEXT(0xc0000000, 0x100000, 0x1000)};
    Image *image = accepted(elf_new(3, 0xc0000000, phdrs, 1), RAM);
    g_assert_cmphex(image->low, ==, 0x100000);
    image_free(image);
}

static GByteArray *elf_good(void)
{
    const Phdr phdrs[] = {TEXT(0xc0000000, 0, 0x1000)};
    return elf_new(2, 0xc0000000, phdrs, 1);
}

static GByteArray *elf_byte(uint32_t at, uint8_t value)
{
    GByteArray *b = elf_good();
    b->data[at] = value;
    return b;
}

static GByteArray *elf_cut(guint size)
{
    return g_byte_array_set_size(elf_good(), size);
}

static GByteArray *elf_with(Phdr a, Phdr b)
{
    const Phdr phdrs[] = {a, b};
    return elf_new(2, 0x1000, phdrs, 2);
}

static void test_elf_refused(void)
{
    refused(elf_cut(40), "k: ELF: truncated in its header");
    refused(elf_cut(60), "k: ELF: truncated in its program headers");
    refused(elf_cut(0x1fff), "k: ELF: truncated: segment 0 ends at byte 8192, the file at 8191");
    refused(elf_byte(4, 2), "k: ELF: a 64-bit program, and the core is a 32-bit one");
    refused(elf_byte(4, 9), "k: ELF: unknown class 9");
    refused(elf_byte(5, 1), "k: ELF: little-endian, and the machine boots big-endian programs");
    refused(elf_byte(6, 0), "k: ELF: unknown version 0");
    refused(elf_byte(19, 62), "k: ELF: for another processor (machine 62), not PowerPC");
    refused(elf_byte(17, 1), "k: ELF: an object file; link it");
    refused(elf_byte(17, 4), "k: ELF: not executable");
    refused(elf_byte(43, 56), "k: ELF: program headers of 56 bytes, not 32");
    refused(elf_byte(45, 0), "k: ELF: nothing to load in it (no PT_LOAD segment)");
    refused(elf_byte(24, 0xd0), "k: ELF: entry 0xd0000000 lies outside of every segment");
    refused(elf_byte(27, 2), "k: ELF: entry 0xc0000002 is not a multiple of 4");
    refused(elf_with((Phdr)TEXT(0x1000, 0x1000, 0x2000), (Phdr)TEXT(0x2000, 0x1fff, 0x1000)),
            "k: ELF: overlapping segments at physical 0x1000 and 0x1fff");
    refused(elf_with((Phdr)TEXT(0x1000, 0x1000, 0x1000), (Phdr)TEXT(0x2000, 0x2000, 0xfff)),
            "k: ELF: segment 1 has more bytes in the file than in memory");
    refused(elf_with((Phdr)TEXT(0x1000, 0x1000, 0x1000), (Phdr){LOAD, 0xfffffff0, 0, 0, 0xffffffff, 0xffffffff, 4}),
            "k: ELF: truncated: segment 1 ends at byte 8589934575, the file at 8192");
    refused(elf_with((Phdr)TEXT(0x1000, 0x1000, 0x1000), (Phdr){LOAD, 0x1000, 0, 0xfffff000, 0x1000, 0xffffffff, 4}),
            "k: ELF: does not fit: it needs RAM up to 0x1ffffefff, and -m gives 64 MiB");
    refused(elf_with((Phdr)TEXT(0x1000, 0x1000, 0x1000), (Phdr)TEXT(0x2000, 0x4000000 - 0xfff, 0x1000)),
            "k: ELF: does not fit: it needs RAM up to 0x4000001, and -m gives 64 MiB");
}

/* --- uImage */

static uint32_t crc32_bitwise(const uint8_t *p, size_t n)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n * 8; i++) {
        uint32_t bit = (crc ^ (uint32_t)(p[i / 8] >> i % 8)) & 1;
        crc = crc >> 1 ^ (bit ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void uimage_seal(GByteArray *b)
{
    be32(b, 4, 0);
    be32(b, 4, crc32_bitwise(b->data, 64));
}

static GByteArray *uimage_new(uint32_t loads_at, uint32_t entry, unsigned type, unsigned comp, GBytes *payload)
{
    gsize size;
    const uint8_t *data = g_bytes_get_data(payload, &size);
    GByteArray *b = zeros(64);
    be32(b, 0, 0x27051956);
    be32(b, 12, (uint32_t)size);
    be32(b, 16, loads_at);
    be32(b, 20, entry);
    be32(b, 24, crc32_bitwise(data, size));
    b->data[28] = 5;
    b->data[29] = 7;
    b->data[30] = (uint8_t)type;
    b->data[31] = (uint8_t)comp;
    uimage_seal(b);
    return g_byte_array_append(b, data, (guint)size);
}

static GBytes *pattern(gsize size)
{
    uint8_t *p = g_malloc(size);
    for (gsize i = 0; i < size; i++)
        p[i] = (uint8_t)(i * 7 >> 3);
    return g_bytes_new_take(p, size);
}

static GBytes *gzip_of(GBytes *plain)
{
    g_autoptr(GConverter) gzip = G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 1));
    g_autoptr(GInputStream) memory = g_memory_input_stream_new_from_bytes(plain);
    g_autoptr(GInputStream) in = g_converter_input_stream_new(memory, gzip);
    g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable();
    g_assert_cmpint(g_output_stream_splice(out, in, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, NULL), >=, 0);
    return g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(out));
}

static void assert_holds(const Image *image, GBytes *expected)
{
    const ImageSegment *s = &g_array_index(image->segments, ImageSegment, 0);
    g_assert_cmpuint(image->segments->len, ==, 1);
    g_assert_true(g_bytes_equal(s->data, expected));
    g_assert_cmpuint(s->size, ==, g_bytes_get_size(expected));
}

static void test_uimage(void)
{
    g_autoptr(GBytes) plain = pattern(700000), packed = gzip_of(plain);
    for (unsigned comp = 0; comp < 2; comp++) {
        Image *image = accepted(uimage_new(0x400000, 0x400010, 2, comp, comp ? packed : plain), RAM);
        g_assert_cmphex(image->entry, ==, 0x400010);
        g_assert_cmphex(image->low, ==, 0x400000);
        g_assert_cmphex(image->high, ==, 0x400000 + 700000);
        g_assert_cmpstr(image->format, ==, "uImage");
        assert_holds(image, plain);
        image_free(image);
    }
}

static void test_uimage_noload(void)
{
    g_autoptr(GBytes) plain = pattern(4096);
    Image *image = accepted(uimage_new(0xdeadbeef, 0x40, 14, 0, plain), RAM);
    g_assert_cmphex(image->low, ==, 0);
    g_assert_cmphex(image->entry, ==, 0x40);
    image_free(image);
}

static GByteArray *uimage_byte(uint32_t at, uint8_t value, bool seal)
{
    g_autoptr(GBytes) plain = pattern(4096);
    GByteArray *b = uimage_new(0, 0, 2, 0, plain);
    b->data[at] = value;
    if (seal)
        uimage_seal(b);
    return b;
}

static GByteArray *uimage_gzip_broken(void)
{
    g_autoptr(GBytes) plain = pattern(70000), packed = gzip_of(plain);
    g_autoptr(GBytes) cut = g_bytes_new_from_bytes(packed, 0, g_bytes_get_size(packed) - 12);
    return uimage_new(0, 0, 2, 1, cut);
}

static void test_uimage_refused(void)
{
    refused(g_byte_array_set_size(uimage_byte(0, 0x27, true), 63), "k: uImage: truncated in its header");
    refused(g_byte_array_set_size(uimage_byte(0, 0x27, true), 4159),
            "k: uImage: truncated: 4096 bytes of data announced, 4095 there");
    refused(uimage_byte(12, 0xff, true), "k: uImage: truncated: 4278194176 bytes of data announced, 4096 there");
    refused(uimage_byte(16, 1, false), "k: uImage: corrupt: wrong CRC of the header");
    refused(uimage_byte(4159, 0, false), "k: uImage: corrupt: wrong CRC of the data");
    refused(uimage_byte(29, 2, true), "k: uImage: for another processor (architecture 2), not PowerPC");
    refused(uimage_byte(30, 3, true), "k: uImage: type 3 is not a kernel");
    refused(uimage_byte(31, 3, true), "k: uImage: compression 3 is not supported, only none and gzip");
    refused(uimage_byte(22, 0x10, true), "k: uImage: entry 0x1000 is not in its data, 0x0 to 0x1000");
    refused(uimage_byte(16, 0xff, true), "k: uImage: does not fit: it needs RAM up to 0xff001000, and -m gives 64 MiB");

    g_autoptr(GError) error = NULL;
    g_assert_null(load(uimage_gzip_broken(), RAM, &error));
    g_assert_true(g_str_has_prefix(error->message, "k: uImage: corrupt gzip data: "));
    g_assert_null(strchr(error->message, '\n'));
}

/* 100 MiB of zeros are 100 KiB of gzip: it is given up as soon as it is more than RAM. */
/* --- images of several files */

static GBytes *small_tree(void)
{
    void *fdt = g_malloc0(256);
    g_assert_cmpint(fdt_create_empty_tree(fdt, 256), ==, 0);
    g_assert_cmpint(fdt_setprop_u32(fdt, 0, "answer", 42), ==, 0);
    g_assert_cmpint(fdt_pack(fdt), ==, 0);
    return g_bytes_new_take(fdt, fdt_totalsize(fdt));
}

/* The table of sizes, then the files, each padded. */
static GBytes *multi(GBytes *const *files, unsigned n)
{
    GByteArray *b = zeros(4 * (n + 1));
    for (unsigned i = 0; i < n; i++) {
        static const uint8_t padding[3];
        gsize size;
        const uint8_t *data = g_bytes_get_data(files[i], &size);
        be32(b, 4 * i, (uint32_t)size);
        g_byte_array_append(b, data, (guint)size);
        g_byte_array_append(b, padding, -(guint)size & 3);
    }
    return g_byte_array_free_to_bytes(b);
}

static void assert_parts(const Image *image, GBytes *initrd, GBytes *dtb)
{
    g_assert_true(initrd ? image->initrd && g_bytes_equal(image->initrd, initrd) : !image->initrd);
    g_assert_true(dtb ? image->dtb && g_bytes_equal(image->dtb, dtb) : !image->dtb);
}

static void test_multi(void)
{
    g_autoptr(GBytes) plain = pattern(7001), packed = gzip_of(plain), initrd = pattern(333), tree = small_tree();
    for (unsigned comp = 0; comp < 2; comp++) {
        for (unsigned n = 1; n <= 3; n++) {
            GBytes *files[] = {comp ? packed : plain, initrd, tree};
            g_autoptr(GBytes) all = multi(files, n);
            Image *image = accepted(uimage_new(0x400000, 0x400010, 4, comp, all), RAM);
            assert_holds(image, plain);
            assert_parts(image, n > 1 ? initrd : NULL, n > 2 ? tree : NULL);
            image_free(image);
        }
    }
}

static void test_multi_refused(void)
{
    g_autoptr(GBytes) plain = pattern(64), none = pattern(0), bad_tree = pattern(64);
    GBytes *files[] = {plain, plain, bad_tree, plain};
    g_autoptr(GBytes) empty = multi(NULL, 0), four = multi(files, 4), broken = multi(files, 3), two = multi(files, 2);
    g_autoptr(GBytes) cut = g_bytes_new_from_bytes(two, 0, g_bytes_get_size(two) - 4), table = g_bytes_new_from_bytes(two, 0, 8);
    refused(uimage_new(0, 0, 4, 0, empty), "k: uImage: no file in it");
    refused(uimage_new(0, 0, 4, 0, none), "k: uImage: no file in it");
    refused(uimage_new(0, 0, 4, 0, four), "k: uImage: more than 3 files in it: kernel, initrd and device tree have a use here");
    refused(uimage_new(0, 0, 4, 0, cut), "k: uImage: file 2 of 2 in it goes on beyond its data");
    refused(uimage_new(0, 0, 4, 0, table), "k: uImage: file 1 of 2 in it goes on beyond its data");
    refused(uimage_new(0, 0, 4, 0, broken), "k: device tree: not a device tree blob (no 0xd00dfeed at its start)");
}

/* A FIT image of a kernel, an initrd and a tree, as it is made. */
typedef struct Fit {
    void *fdt;
} Fit;

enum { FIT_SIZE = 64 << 10 };

static int fit_node(Fit *f, const char *parent, const char *name)
{
    return fdt_add_subnode(f->fdt, fdt_path_offset(f->fdt, parent), name);
}

static void fit_bytes(Fit *f, const char *path, const char *property, const void *data, gsize size)
{
    g_assert_cmpint(fdt_setprop(f->fdt, fdt_path_offset(f->fdt, path), property, data, (int)size), ==, 0);
}

static void fit_text(Fit *f, const char *path, const char *property, const char *text)
{
    fit_bytes(f, path, property, text, strlen(text) + 1);
}

static void fit_u32(Fit *f, const char *path, const char *property, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    fit_bytes(f, path, property, &value, 4);
}

static void fit_file(Fit *f, const char *path, const char *type, GBytes *data)
{
    g_autofree char *parent = g_path_get_dirname(path);
    gsize size;
    const void *bytes = g_bytes_get_data(data, &size);
    g_assert_cmpint(fit_node(f, parent, path + strlen(parent) + 1), >=, 0);
    fit_text(f, path, "type", type);
    fit_text(f, path, "arch", "ppc");
    fit_text(f, path, "compression", "none");
    fit_bytes(f, path, "data", bytes, size);
}

static void fit_hash(Fit *f, const char *image, const char *name, const char *algorithm, const void *value, gsize size)
{
    g_autofree char *path = g_strconcat(image, "/", name, NULL);
    g_assert_cmpint(fit_node(f, image, name), >=, 0);
    fit_text(f, path, "algo", algorithm);
    fit_bytes(f, path, "value", value, size);
}

static Fit fit_new(GBytes *kernel, GBytes *initrd, GBytes *tree)
{
    Fit f = {.fdt = g_malloc0(FIT_SIZE)};
    g_assert_cmpint(fdt_create_empty_tree(f.fdt, FIT_SIZE), ==, 0);
    fit_node(&f, "/", "images");
    fit_node(&f, "/", "configurations");
    fit_file(&f, "/images/kernel-1", "kernel", kernel);
    fit_u32(&f, "/images/kernel-1", "load", 0x100000);
    fit_u32(&f, "/images/kernel-1", "entry", 0x100008);
    fit_file(&f, "/images/ramdisk-1", "ramdisk", initrd);
    fit_file(&f, "/images/fdt-1", "flat_dt", tree);
    fit_text(&f, "/configurations", "default", "conf");
    fit_node(&f, "/configurations", "other");
    fit_node(&f, "/configurations", "conf");
    fit_text(&f, "/configurations/conf", "kernel", "kernel-1");
    fit_text(&f, "/configurations/conf", "ramdisk", "ramdisk-1");
    fit_text(&f, "/configurations/conf", "fdt", "fdt-1");
    return f;
}

static GByteArray *fit_done(Fit *f)
{
    fdt_pack(f->fdt);
    GByteArray *b = g_byte_array_new();
    g_byte_array_append(b, f->fdt, fdt_totalsize(f->fdt));
    g_clear_pointer(&f->fdt, g_free);
    return b;
}

static void test_fit(void)
{
    g_autoptr(GBytes) kernel = pattern(5000), packed = gzip_of(kernel), initrd = pattern(301), tree = small_tree(),
                      zipped = gzip_of(tree);
    for (unsigned gzip = 0; gzip < 2; gzip++) {
        Fit f = fit_new(gzip ? packed : kernel, initrd, gzip ? zipped : tree);
        uint8_t crc[4];
        gsize size;
        const uint8_t *data = g_bytes_get_data(gzip ? packed : kernel, &size);
        uint32_t sum = GUINT32_TO_BE(crc32_bitwise(data, (guint)size));
        memcpy(crc, &sum, 4);
        fit_hash(&f, "/images/kernel-1", "hash-1", "crc32", crc, 4);
        fit_hash(&f, "/images/kernel-1", "hash-2", "of a later time", crc, 4);
        if (gzip) {
            fit_text(&f, "/images/kernel-1", "compression", "gzip");
            fit_text(&f, "/images/fdt-1", "compression", "gzip");
        }
        Image *image = accepted(fit_done(&f), RAM);
        g_assert_cmpstr(image->format, ==, "FIT image");
        g_assert_cmphex(image->low, ==, 0x100000);
        g_assert_cmphex(image->entry, ==, 0x100008);
        assert_holds(image, kernel);
        assert_parts(image, initrd, tree);
        image_free(image);
    }
}

/* Behind the tree, by either way of saying where. */
static void test_fit_external_data(void)
{
    g_autoptr(GBytes) kernel = pattern(5000), initrd = pattern(301), tree = small_tree();
    for (unsigned way = 0; way < 3; way++) {
        Fit f = fit_new(kernel, initrd, tree);
        fdt_delprop(f.fdt, fdt_path_offset(f.fdt, "/images/kernel-1"), "data");
        fit_u32(&f, "/images/kernel-1", "data-size", 5000);
        fit_u32(&f, "/images/kernel-1", way == 1 ? "data-position" : "data-offset", way == 1 ? 0x2000 : 8);
        GByteArray *b = fit_done(&f);
        guint end = way == 1 ? 0x2000 : ((b->len + 3) & ~3u) + 8;
        guint old = b->len;
        g_byte_array_set_size(b, end);
        memset(b->data + old, 0xff, end - old);
        g_byte_array_append(b, g_bytes_get_data(kernel, NULL), way == 2 ? 4999 : 5000);
        if (way == 2) {
            g_autoptr(GError) error = NULL;
            g_assert_null(load(b, RAM, &error));
            g_assert_nonnull(strstr(error->message, "image kernel-1: truncated: "));
            continue;
        }
        Image *image = accepted(b, RAM);
        assert_holds(image, kernel);
        assert_parts(image, initrd, tree);
        image_free(image);
    }
}

typedef enum FitFault {
    FIT_NO_IMAGES,
    FIT_NO_CONFIGURATION,
    FIT_OTHER_CONFIGURATION,
    FIT_NO_KERNEL,
    FIT_NO_IMAGE,
    FIT_TYPE,
    FIT_ARCH,
    FIT_LOAD,
    FIT_DATA,
    FIT_COMPRESSION,
    FIT_HASH,
    FIT_HASHES,
    FIT_OVERLAY,
    FIT_TREE,
    FIT_FAR
} FitFault;

static void fit_damage(Fit *f, FitFault fault)
{
    static const uint8_t wrong[20] = {1};
    const char *kernel = "/images/kernel-1", *conf = "/configurations/conf";
    switch (fault) {
    case FIT_NO_IMAGES:
        fdt_del_node(f->fdt, fdt_path_offset(f->fdt, "/images"));
        break;
    case FIT_NO_CONFIGURATION:
        fdt_del_node(f->fdt, fdt_path_offset(f->fdt, "/configurations"));
        break;
    case FIT_OTHER_CONFIGURATION:
        fit_text(f, "/configurations", "default", "third");
        break;
    case FIT_NO_KERNEL:
        fdt_delprop(f->fdt, fdt_path_offset(f->fdt, conf), "kernel");
        break;
    case FIT_NO_IMAGE:
        fit_text(f, conf, "ramdisk", "ramdisk-2");
        break;
    case FIT_TYPE:
        fit_text(f, kernel, "type", "firmware");
        break;
    case FIT_ARCH:
        fit_text(f, kernel, "arch", "arm64");
        break;
    case FIT_LOAD:
        fdt_delprop(f->fdt, fdt_path_offset(f->fdt, kernel), "load");
        break;
    case FIT_DATA:
        fdt_delprop(f->fdt, fdt_path_offset(f->fdt, kernel), "data");
        break;
    case FIT_COMPRESSION:
        fit_text(f, kernel, "compression", "lzma");
        break;
    case FIT_HASH:
        fit_hash(f, kernel, "hash-1", "sha1", wrong, 20);
        break;
    case FIT_HASHES:
        for (unsigned i = 0; i < 17; i++) {
            g_autofree char *name = g_strdup_printf("hash-%u", i);
            fit_hash(f, kernel, name, "of a later time", wrong, 20);
        }
        break;
    case FIT_OVERLAY:
        fit_bytes(f, conf, "fdt", "fdt-1\0fdt-2", 12);
        break;
    case FIT_TREE:
        fit_text(f, conf, "fdt", "ramdisk-1");
        break;
    case FIT_FAR:
        fit_u32(f, kernel, "load", 0xfffffff0);
        fit_u32(f, kernel, "entry", 0xfffffff0);
        break;
    }
}

static void test_fit_refused(void)
{
    static const char *const messages[] = {
        [FIT_NO_IMAGES] = "it is a device tree without /images: for -dtb, perhaps",
        [FIT_NO_CONFIGURATION] = "it has no default configuration",
        [FIT_OTHER_CONFIGURATION] = "it has no default configuration",
        [FIT_NO_KERNEL] = "its default configuration names no kernel",
        [FIT_NO_IMAGE] = "its configuration names an image ramdisk-2 that is not there",
        [FIT_TYPE] = "image kernel-1: type firmware is not a kernel",
        [FIT_ARCH] = "image kernel-1: for another processor (arm64), not PowerPC",
        [FIT_LOAD] = "image kernel-1: no load or entry address",
        [FIT_DATA] = "image kernel-1: no data",
        [FIT_COMPRESSION] = "image kernel-1: compression lzma is not supported, only none and gzip",
        [FIT_HASH] = "corrupt: image kernel-1 has another sha1 than it says",
        [FIT_HASHES] = "image kernel-1: more than 16 hashes",
        [FIT_OVERLAY] = "several images as fdt of one configuration, as overlays are, are not yet supported",
        [FIT_FAR] = "does not fit: it needs RAM up to 0x100001378, and -m gives 64 MiB",
    };
    g_autoptr(GBytes) kernel = pattern(5000), initrd = pattern(301), tree = small_tree();
    for (unsigned i = 0; i < G_N_ELEMENTS(messages); i++) {
        Fit f = fit_new(kernel, initrd, tree);
        fit_damage(&f, i);
        g_autofree char *want =
            g_strdup_printf("k: %s: %s", i == FIT_TREE ? "device tree" : "FIT image",
                            i == FIT_TREE ? "not a device tree blob (no 0xd00dfeed at its start)" : messages[i]);
        refused(fit_done(&f), want);
    }
}

static void test_gzip_bomb(void)
{
    g_autoptr(GBytes) bomb = NULL;
    {
        g_autoptr(GBytes) plain = g_bytes_new_take(g_malloc0(100 << 20), 100 << 20);
        bomb = gzip_of(plain);
    }
    refused(uimage_new(0x100000, 0x100000, 2, 1, bomb),
            "k: uImage: does not fit: unpacked at 0x100000 it is larger than RAM (-m gives 64 MiB)");
}

/* As much as RAM holds, of what is packed best: a step for each piece of it. */
static void test_uimage_takes_linear_time(void)
{
    g_autoptr(GBytes) packed = NULL;
    {
        g_autoptr(GBytes) plain = g_bytes_new_take(g_malloc0(RAM), RAM);
        packed = gzip_of(plain);
    }
    Image *image = accepted(uimage_new(0, 0, 2, 1, packed), RAM);
    g_assert_cmphex(image->high, ==, RAM);
    g_assert_cmpuint(image->steps, >, 1);
    g_assert_cmpuint(image->steps, <=, 4 * RAM / (256 << 10));
    image_free(image);
}

static GByteArray *text(const char *s)
{
    return g_byte_array_append(g_byte_array_new(), (const guint8 *)s, (guint)strlen(s));
}

static void test_other_files(void)
{
    refused(text(""), "k: kernel: not a kernel image: the file is empty");
    refused(text("#!/bin/sh"), "k: kernel: not a kernel image: neither ELF nor uImage nor FIT image");
    refused(text("\x1f\x8b\x08"), "k: kernel: not a kernel image: it is gzip data; unpack it, or wrap it into a uImage");
    refused(text("\xd0\x0d\xfe\xed"), "k: FIT image: not a device tree blob (no 0xd00dfeed at its start)");
}

/* --- files */

static char *temp_file(const void *data, gsize size)
{
    char *path = NULL;
    int fd = g_file_open_tmp("quoin-loader-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
    return path;
}

static void test_raw(void)
{
    g_autofree char *path = temp_file("initial ram disk", 16);
    g_autoptr(GError) error = NULL;
    Image *image = image_load_raw(path, "initrd", RAM, &error);
    g_assert_no_error(error);
    image_move(image, RAM - 16);
    g_assert_cmphex(image->low, ==, RAM - 16);
    g_assert_cmphex(image->high, ==, RAM);
    image_move(image, MIB);
    g_assert_cmphex(image->low, ==, MIB);
    g_assert_cmphex(g_array_index(image->segments, ImageSegment, 0).gpa, ==, MIB);
    image_free(image);
    g_assert_null(image_load_raw(path, "initrd", 15, &error));
    g_autofree char *expected = g_strdup_printf("%s: larger than 0 MiB, the most that can be used of it", path);
    g_assert_cmpstr(error->message, ==, expected);
    g_unlink(path);
}

static void test_firmware_is_called_so(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("loader-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, "#!/bin/sh\n", 10), ==, 10);
    close(fd);
    g_assert_null(image_load_firmware(path, RAM, &error));
    g_autofree char *expected = g_strdup_printf("%s: firmware: not a firmware image: neither ELF nor uImage nor FIT image", path);
    g_assert_cmpstr(error->message, ==, expected);
    g_unlink(path);
}

static void test_missing_file(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(image_load_kernel("/nonexistent/vmlinux", RAM, &error));
    g_assert_cmpstr(error->message, ==, "/nonexistent/vmlinux: cannot open: No such file or directory");
    g_clear_error(&error);
    g_assert_null(image_load_kernel("/", RAM, &error));
    g_assert_cmpstr(error->message, ==, "/: cannot read: Is a directory");
}

/* --- device trees */

static GByteArray *tree(void)
{
    GByteArray *b = zeros(1024);
    g_assert_cmpint(fdt_create_empty_tree(b->data, 1024), ==, 0);
    g_assert_cmpint(fdt_setprop_string(b->data, 0, "model", "a board"), ==, 0);
    g_assert_cmpint(fdt_pack(b->data), ==, 0);
    return g_byte_array_set_size(b, fdt_totalsize(b->data));
}

static void tree_refused(GByteArray *b /* take */, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(b);
    g_assert_null(image_check_dtb_bytes("t", bytes, &error));
    g_assert_true(g_str_has_prefix(error->message, message));
    g_assert_null(strchr(error->message, '\n'));
}

static void test_tree(void)
{
    GByteArray *b = tree();
    guint size = b->len;
    g_byte_array_set_size(b, size + 100);
    memset(b->data + size, 0, 100); /* padding */
    g_autofree char *path = temp_file(b->data, b->len);
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = image_load_dtb(path, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_bytes_get_size(bytes), ==, size);
    g_byte_array_unref(b);
    g_unlink(path);
}

static void test_tree_refused(void)
{
    tree_refused(text("no tree"), "t: device tree: not a device tree blob (no 0xd00dfeed at its start)");
    GByteArray *b = tree();
    guint size = b->len;
    g_autofree char *cut = g_strdup_printf("t: device tree: totalsize says %u bytes, the file has %u (truncated?)", size, size - 4);
    tree_refused(g_byte_array_set_size(b, size - 4), cut);
    g_autofree char *more = g_strdup_printf("t: device tree: totalsize says %u bytes, but data goes on to %u", size, size + 4);
    tree_refused(g_byte_array_append(tree(), (const guint8 *)"more", 4), more);
    b = tree();
    be32(b, 4, 1 << 30);
    tree_refused(b, "t: device tree: totalsize says 1073741824 bytes, the file has ");
    b = tree();
    be32(b, 4, 48);
    tree_refused(b, "t: device tree: totalsize says 48 bytes, but data goes on to ");
    b = tree();
    be32(b, 20, 4);
    tree_refused(b, "t: device tree: version 4, compatible with 16; only 17 will do");
    b = tree();
    be32(b, 20, 20);
    be32(b, 24, 18);
    tree_refused(b, "t: device tree: version 20, compatible with 18; only 17 will do");
    b = tree();
    be32(b, 8, 0xfffffff0); /* off_dt_struct */
    tree_refused(b, "t: device tree: damaged: ");
    b = tree();
    be32(b, fdt_off_dt_struct(b->data), 7); /* no such tag */
    tree_refused(b, "t: device tree: damaged: ");
}

/* The root node, then its one property: what says that it is longer than the structure, by a little or modulo 2^32, is refused. */
static void test_tree_lengths(void)
{
    static const uint32_t lengths[] = {17, 64, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc, 0xffffffff};
    enum { PROPERTY = 8, LENGTH = PROPERTY + 4, NAME = PROPERTY + 8 };
    for (unsigned i = 0; i < G_N_ELEMENTS(lengths); i++) {
        GByteArray *b = tree();
        be32(b, fdt_off_dt_struct(b->data) + LENGTH, lengths[i]);
        tree_refused(b, "t: device tree: damaged: what begins at byte ");
    }
    GByteArray *b = tree();
    be32(b, fdt_off_dt_struct(b->data) + NAME, 0xfffffff0);
    tree_refused(b, "t: device tree: damaged: what begins at byte ");
    b = tree();
    memset(b->data + fdt_off_dt_struct(b->data) + 4, 'x', fdt_size_dt_struct(b->data) - 4); /* the root's name */
    tree_refused(b, "t: device tree: damaged: what begins at byte ");
}

/* Blocks that do not lie where their words can be loaded. */
static void test_tree_misaligned(void)
{
    for (guint by = 1; by < 8; by++) {
        GByteArray *b = tree();
        guint from = fdt_off_dt_struct(b->data);
        g_byte_array_set_size(b, b->len + by);
        memmove(b->data + from + by, b->data + from, b->len - by - from);
        fdt_set_totalsize(b->data, b->len);
        fdt_set_off_dt_struct(b->data, from + by);
        fdt_set_off_dt_strings(b->data, fdt_off_dt_strings(b->data) + by);
        if (by == 4) {
            g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(b);
            g_autoptr(GBytes) good = image_check_dtb_bytes("t", bytes, NULL);
            g_assert_nonnull(good);
            continue;
        }
        g_autofree char *message =
            g_strdup_printf("t: device tree: damaged: its structure begins at byte %u, not at a multiple of 4", from + by);
        tree_refused(b, message);
    }
    GByteArray *b = tree();
    fdt_set_off_mem_rsvmap(b->data, 44);
    tree_refused(b, "t: device tree: damaged: its memory reservations begin at byte 44, not at a multiple of 8");
}

/* What cannot become a guest's tree is refused before anything walks through it. */
static void test_tree_too_large(void)
{
    const guint size = 2 << 20;
    GByteArray *b = zeros(size);
    g_assert_cmpint(fdt_create_empty_tree(b->data, (int)size), ==, 0);
    g_autofree char *value = g_malloc0(MIB);
    g_assert_cmpint(fdt_setprop(b->data, 0, "large", value, MIB), ==, 0);
    tree_refused(b, "t: device tree: too large: ");

    /* A name that reaches through the strings block. */
    g_autofree char *name = g_strnfill(256, 'n');
    b = zeros(4096);
    g_assert_cmpint(fdt_create_empty_tree(b->data, 4096), ==, 0);
    g_assert_cmpint(fdt_setprop_empty(b->data, 0, name + 1), ==, 0);
    g_assert_cmpint(fdt_setprop_empty(b->data, 0, "x"), ==, 0);
    g_autoptr(GBytes) good = g_bytes_new(b->data, b->len), checked = image_check_dtb_bytes("t", good, NULL);
    g_assert_nonnull(checked);
    g_assert_cmpint(fdt_setprop_empty(b->data, 0, name), ==, 0);
    tree_refused(b, "t: device tree: damaged: the name of a property, at byte ");
}

/* Nothing of it is read; on a 32-bit host it could not be. */
static void test_a_huge_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("loader-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    bool made = ftruncate(fd, INT64_C(5) << 30) == 0;
    close(fd);
    Image *image = made ? image_load_kernel(path, RAM, &error) : NULL;
    g_unlink(path);
    if (!made) {
        g_test_skip("no file of 5 GiB can be made here");
        return;
    }
    g_assert_null(image);
    g_autofree char *want = g_strconcat(path, ": larger than 1024 MiB, the most that can be used of it", NULL);
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
    g_assert_cmpstr(error->message, ==, want);
}

UNIT_TESTS(loader)
{
    g_test_add_func("/loader/a-huge-file-is-refused-unread", test_a_huge_file);
    g_test_add_func("/loader/elf/a-virtual-entry-is-translated", test_elf_virtual_entry);
    g_test_add_func("/loader/elf/a-physical-entry-is-kept", test_elf_physical_entry);
    g_test_add_func("/loader/elf/puts-data-and-zeros-nothing-else", test_elf_put);
    g_test_add_func("/loader/elf/data-counts-where-others-have-zeros", test_elf_data_in_zeros);
    g_test_add_func("/loader/elf/takes-steps-as-its-headers", test_elf_takes_linear_time);
    g_test_add_func("/loader/elf/zeros-stay-untouched", test_elf_zeros_stay_untouched);
    g_test_add_func("/loader/elf/a-relocatable-one-goes-where-its-kernel-sees-it", test_elf_relocatable_goes_low);
    g_test_add_func("/loader/elf/a-relocatable-one-at-the-bottom-stays", test_elf_relocatable_stays_low);
    g_test_add_func("/loader/elf/bad-ones-are-refused", test_elf_refused);
    g_test_add_func("/loader/uimage/plain-and-gzip", test_uimage);
    g_test_add_func("/loader/uimage/noload-goes-to-zero", test_uimage_noload);
    g_test_add_func("/loader/uimage/bad-ones-are-refused", test_uimage_refused);
    g_test_add_func("/loader/uimage/several-files", test_multi);
    g_test_add_func("/loader/uimage/bad-ones-of-several-files-are-refused", test_multi_refused);
    g_test_add_func("/loader/fit/kernel-initrd-and-tree", test_fit);
    g_test_add_func("/loader/fit/data-behind-the-tree", test_fit_external_data);
    g_test_add_func("/loader/fit/bad-ones-are-refused", test_fit_refused);
    g_test_add_func("/loader/uimage/a-gzip-bomb-is-bounded-by-ram", test_gzip_bomb);
    g_test_add_func("/loader/uimage/takes-steps-as-its-payload", test_uimage_takes_linear_time);
    g_test_add_func("/loader/other-files-are-named", test_other_files);
    g_test_add_func("/loader/raw-must-fit", test_raw);
    g_test_add_func("/loader/firmware-is-called-so", test_firmware_is_called_so);
    g_test_add_func("/loader/a-missing-file-is-named", test_missing_file);
    g_test_add_func("/loader/tree/padding-is-cut-off", test_tree);
    g_test_add_func("/loader/tree/bad-ones-are-refused", test_tree_refused);
    g_test_add_func("/loader/tree/lengths-beyond-the-structure-are-refused", test_tree_lengths);
    g_test_add_func("/loader/tree/misaligned-blocks-are-refused", test_tree_misaligned);
    g_test_add_func("/loader/tree/too-large-ones-are-refused", test_tree_too_large);
}
