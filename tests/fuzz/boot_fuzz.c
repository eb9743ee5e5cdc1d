/* SPDX-License-Identifier: MIT
 *
 * A whole machine from hostile files: options, a program, an initrd of any size, a tree, together in RAM of several sizes.  Either one
 * line says why not, or everything is in RAM where the guest is told that it is, nothing lies on anything else, and a reset does it again.
 *
 * Input: a Head; then the program, and what is left is the tree.
 */
#include <glib.h>
#include <libfdt.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cpu/log.h"
#include "platform/machine/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MIB = 1 << 20, PAGE = 4096, PATH = 32 };

enum { /* Head.flags */
       HYPERVISOR = 1,
       RAM_SHIFT = 1, /* two bits: an index of ram_mib */
       BIOS = 8,      /* the program is -bios's; else -kernel's */
       KERNEL = 16,   /* with BIOS: the same file is the kernel as well */
       INITRD = 32,
       RIGHT_CRC = 128, /* the program is a uImage whose CRCs are put right, as nobody finds them by trying */
};

static const unsigned ram_mib[4] = {64, 65, 96, 128}; /* from the least there is; Linux maps 64 MiB at first */

typedef struct Head {
    uint8_t flags;
    uint8_t initrd_pages[2];
    uint8_t program_size[2];
} Head;

/* Files of this process alone. */
typedef struct Files {
    int program, initrd, tree;
} Files;

/* A machine of one board and RAM size, made once: power-on makes it new. */
typedef struct Bench {
    Machine *machine;
    Config config;
    Boot boot;
} Bench;

/* ---- the files ---- */

static uint32_t crc32_of(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static uint32_t word_at(const uint8_t *at)
{
    uint32_t be;
    memcpy(&be, at, sizeof(be));
    return GUINT32_FROM_BE(be);
}

static void put_word(uint8_t *at, uint32_t word)
{
    uint32_t be = GUINT32_TO_BE(word);
    memcpy(at, &be, sizeof(be));
}

/* Bytes 4 to 7 of a uImage are the CRC of its header, taken with zeros there; 24 to 27 that of the data, whose size is at 12. */
static void correct_crc(uint8_t *uimage, size_t size)
{
    enum { HEADER = 64 };
    if (size < HEADER)
        return;
    put_word(uimage + 24, crc32_of(uimage + HEADER, MIN(word_at(uimage + 12), size - HEADER)));
    put_word(uimage + 4, 0);
    put_word(uimage + 4, crc32_of(uimage, HEADER));
}

static void file_fill(int fd, const uint8_t *data, size_t size)
{
    g_assert_cmpint(ftruncate(fd, 0), ==, 0);
    g_assert_cmpint(pwrite(fd, data, size, 0), ==, (ssize_t)size);
}

/* A few pages, since each is read and copied twice; or more than RAM has.  tests/unit/layout_test.c has those that nearly fill RAM. */
static uint64_t initrd_size(const Head *head, uint64_t ram)
{
    return (head->initrd_pages[0] == 0xff ? ram : 0) + (uint64_t)(head->initrd_pages[1] & 15) * PAGE;
}

/* Holes read as zeros; the first and the last byte are something else. */
static void initrd_fill(int fd, uint64_t size)
{
    g_assert_cmpint(ftruncate(fd, 0), ==, 0);
    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    if (size) {
        g_assert_cmpint(pwrite(fd, "I", 1, 0), ==, 1);
        g_assert_cmpint(pwrite(fd, "D", 1, (off_t)size - 1), ==, 1);
    }
}

/* True: there is a tree. */
static bool files_fill(const Files *files, const Head *head, uint64_t ram, const uint8_t *data, size_t size)
{
    size_t n = MIN((size_t)(head->program_size[0] << 8 | head->program_size[1]), size);
    g_autofree uint8_t *program = g_memdup2(data, n);
    if (head->flags & RIGHT_CRC)
        correct_crc(program, n);
    file_fill(files->program, program, n);
    file_fill(files->tree, data + n, size - n);
    initrd_fill(files->initrd, initrd_size(head, ram));
    return size > n;
}

/* ---- the command line ---- */

/* With n options of {name, file}. */
static void parse(Config *config, const Head *head, unsigned ram, unsigned n, const char *const option[][2])
{
    char size[8];
    const char *argv[9 + 2 * 4] = {
        "quoin", "-M", head->flags & HYPERVISOR ? "p4080ds-hv" : "ppce500", "-serial", "null", "-serial", "null", "-m", size};
    int argc = 9;
    GError *error = NULL;
    g_snprintf(size, sizeof(size), "%u", ram);
    for (unsigned i = 0; i < n; i++) {
        argv[argc++] = option[i][0];
        argv[argc++] = option[i][1];
    }
    if (options_parse(argc, (char **)argv, config, &error) != OPTIONS_RUN)
        g_error("%s", error->message);
}

static void parse_files(Config *config, const Head *head, unsigned ram, const Files *files, bool has_tree)
{
    char program[PATH], initrd[PATH], tree[PATH];
    const char *option[4][2];
    unsigned n = 0;

    g_snprintf(program, PATH, "/proc/self/fd/%d", files->program);
    g_snprintf(initrd, PATH, "/proc/self/fd/%d", files->initrd);
    g_snprintf(tree, PATH, "/proc/self/fd/%d", files->tree);
#define OPTION(name, file) (option[n][0] = (name), option[n++][1] = (file))
    if (head->flags & BIOS)
        OPTION("-bios", program);
    if (!(head->flags & BIOS) || head->flags & KERNEL)
        OPTION("-kernel", program);
    if (head->flags & INITRD)
        OPTION("-initrd", initrd);
    if (has_tree)
        OPTION("-dtb", tree);
#undef OPTION
    parse(config, head, ram, n, option);
}

/* ---- what must hold ---- */

static void check_error(const GError *error)
{
    g_assert_nonnull(error);
    g_assert_null(strchr(error->message, '\n'));
}

static void check_apart(uint64_t low, uint64_t high, const Image *other)
{
    if (other)
        g_assert_true(high <= other->low || other->high <= low);
}

/* In RAM as it was in the file, and apart from the others. */
static void check_image(const Bench *b, const Image *image, const Image *const other[2])
{
    const uint8_t *ram = memory_hva(b->machine->memory);
    if (!image)
        return;
    g_assert_cmpuint(image->low, <, image->high);
    g_assert_cmpuint(image->high, <=, b->config.ram_size);
    check_apart(image->low, image->high, other[0]);
    check_apart(image->low, image->high, other[1]);
    check_apart(b->boot.dtb_gpa, b->boot.dtb_gpa + BOOT_DTB_MAX, image);
    for (guint i = 0; i < image->segments->len; i++) {
        const ImageSegment *s = &g_array_index(image->segments, ImageSegment, i);
        gsize size;
        const void *data = g_bytes_get_data(s->data, &size);
        g_assert_true(s->gpa >= image->low && s->gpa + s->size <= image->high && size <= s->size);
        g_assert_true(!size || !memcmp(ram + s->gpa, data, size));
    }
}

static uint64_t chosen_address(const void *tree, const char *name)
{
    int length, chosen = fdt_path_offset(tree, "/chosen");
    const uint8_t *value = fdt_getprop(tree, chosen, name, &length);
    g_assert_nonnull(value);
    g_assert_true(length == 4 || length == 8);
    return length == 4 ? word_at(value) : (uint64_t)word_at(value) << 32 | word_at(value + 4);
}

static void check_tree(const Bench *b)
{
    const Boot *boot = &b->boot;
    const uint8_t *tree = (const uint8_t *)memory_hva(b->machine->memory) + boot->dtb_gpa;
    g_assert_cmpuint(boot->dtb_gpa + BOOT_DTB_MAX, <=, b->config.ram_size);
    g_assert_cmpint(fdt_check_full(tree, BOOT_DTB_MAX), ==, 0);
    if (boot->initrd) {
        g_assert_cmpuint(chosen_address(tree, "linux,initrd-start"), ==, boot->initrd->low);
        g_assert_cmpuint(chosen_address(tree, "linux,initrd-end"), ==, boot->initrd->high);
    }
}

static void check_cpu(const Bench *b)
{
    const E500State *s = &vcpus_get(b->machine->vcpus, 0)->state;
    g_assert_cmpuint(s->pc, >=, b->boot.program->low);
    g_assert_cmpuint(s->pc, <, b->boot.program->high);
    g_assert_cmpuint(s->gpr[3].w, ==, b->boot.dtb_gpa);
    g_assert_cmpuint(s->gpr[7].w, >=, b->boot.dtb_gpa + BOOT_DTB_MAX);
}

static void check_machine(const Bench *b)
{
    const Boot *boot = &b->boot;
    check_image(b, boot->program, (const Image *const[2]){boot->kernel, boot->initrd});
    check_image(b, boot->kernel, (const Image *const[2]){boot->program, boot->initrd});
    check_image(b, boot->initrd, (const Image *const[2]){boot->program, boot->kernel});
    check_tree(b);
    check_cpu(b);
}

/* ---- a run ---- */

/* The machine keeps nothing of an input. */
static void bench_clear(Bench *b)
{
    g_clear_pointer(&b->machine->base_tree, g_bytes_unref);
    boot_clear(&b->boot);
    config_clear(&b->config);
}

/* With no program at all, as nothing is executed. */
static void bench_open(Bench *b, const Head *head, unsigned ram)
{
    static const char *const none[][2] = {{"-kernel", "none"}};
    GError *error = NULL;
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* power-on clears what was touched: small pages */
    parse(&b->config, head, ram, 1, none);
    b->config.kernel = NULL;
    if (!boot_load(&b->boot, &b->config, &error) || !(b->machine = machine_new(&b->config, &b->boot, &error)))
        g_error("%s", error->message);
    bench_clear(b);
}

static void power_on(Bench *b)
{
    Machine *m = b->machine;
    g_autoptr(GError) error = NULL;
    m->resets = 0;
    if (!machine_power_on(m, &error)) {
        check_error(error);
        return;
    }
    check_machine(b);
    if (machine_reset(m, RUN_CAUSE_GUEST_WATCHDOG, &error) != RUN_RESET_DONE) /* the partition's longest strings */
        g_error("it powered on, but: %s", error->message);
    check_machine(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Bench benches[2][G_N_ELEMENTS(ram_mib)];
    static Files files = {-1, -1, -1};
    g_autoptr(GError) error = NULL;
    Head head;

    if (size < sizeof(head))
        return 0;
    memcpy(&head, data, sizeof(head));
    unsigned which = head.flags >> RAM_SHIFT & 3, ram = ram_mib[which];
    Bench *b = &benches[head.flags & HYPERVISOR][which];
    log_silence(true); /* warnings about trees */
    if (files.program < 0)
        files = (Files){memfd_create("program", 0), memfd_create("initrd", 0), memfd_create("tree", 0)};
    if (!b->machine)
        bench_open(b, &head, ram);
    bool has_tree = files_fill(&files, &head, (uint64_t)ram * MIB, data + sizeof(head), size - sizeof(head));
    parse_files(&b->config, &head, ram, &files, has_tree);
    if (boot_load(&b->boot, &b->config, &error))
        power_on(b);
    else
        check_error(error);
    bench_clear(b);
    return 0;
}
