/* SPDX-License-Identifier: MIT
 *
 * kexec VMLINUX INITRD: starts another kernel from this one, with the tree that this one was given.  Of the tree only the place of
 * the initrd changes, and the digit behind "quoin.boot=" in the command line, which counts the kernels.
 *
 * The new kernel is entered as ePAPR 1.1 section 5.4.1.2 says, by a page of code behind its tree: Linux enters that with neither.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, MIB = 1 << 20, INITRD_GPA = 64 * MIB, SEGMENTS = 16 };
enum { FDT_BEGIN_NODE = 1, FDT_END_NODE, FDT_PROP, FDT_NOP };

typedef struct Image {
    struct kexec_segment segments[SEGMENTS];
    unsigned count;
    uint32_t end; /* of the kernel: no segment behind it yet */
} Image;

/* What the entry page begins with: seven words behind it, r3 to r9, are loaded, then the one after them is called. */
extern const char entry_code[], entry_code_end[];
__asm__(".pushsection .rodata; .balign 4; .globl entry_code, entry_code_end\n"
        "entry_code: bcl 20, 31, 1f; 1: mflr 12; addi 12, 12, entry_code_end - 1b;"
        "lwz 3, 0(12); lwz 4, 4(12); lwz 5, 8(12); lwz 6, 12(12); lwz 7, 16(12); lwz 8, 20(12); lwz 9, 24(12);"
        "lwz 12, 28(12); mtctr 12; bctr\n"
        "entry_code_end: .popsection");
enum { EPAPR_MAGIC = 0x45504150 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static char *read_file(const char *path, size_t *size)
{
    struct stat about;
    int fd = open(path, O_RDONLY);

    if (fd < 0 || fstat(fd, &about))
        die(path);
    char *text = malloc(about.st_size);
    *size = 0;
    for (ssize_t n; *size < (size_t)about.st_size && (n = read(fd, text + *size, about.st_size - *size)) > 0; *size += n)
        ;
    close(fd);
    if (*size != (size_t)about.st_size)
        die(path);
    return text;
}

static uint32_t round_up(uint32_t n, uint32_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static void add(Image *image, const void *bytes, size_t size, uint32_t gpa, size_t memory)
{
    if (image->count == SEGMENTS) {
        fprintf(stderr, "kexec: more than %d segments\n", SEGMENTS);
        exit(1);
    }
    image->segments[image->count++] = (struct kexec_segment){bytes, size, (void *)gpa, round_up(memory, PAGE)};
}

static uint32_t add_kernel(Image *image, const char *path)
{
    size_t size;
    const char *elf = read_file(path, &size);
    const Elf32_Ehdr *head = (const Elf32_Ehdr *)elf;
    const Elf32_Phdr *part = (const Elf32_Phdr *)(elf + head->e_phoff);
    uint32_t entry = 0;

    for (int i = 0; i < head->e_phnum; i++, part++) {
        if (part->p_type != PT_LOAD)
            continue;
        add(image, elf + part->p_offset, part->p_filesz, part->p_paddr, part->p_memsz);
        if (head->e_entry - part->p_vaddr < part->p_memsz)
            entry = head->e_entry - part->p_vaddr + part->p_paddr;
        if (part->p_paddr + part->p_memsz > image->end)
            image->end = part->p_paddr + part->p_memsz;
    }
    return entry;
}

/* A property's value, one or two cells, anywhere in the tree: the names occur once. */
static char *find_property(char *tree, const char *wanted, uint32_t *size)
{
    const uint32_t *header = (const uint32_t *)tree;
    const char *names = tree + header[3];

    for (uint32_t *at = (uint32_t *)(tree + header[2]); *at >= FDT_BEGIN_NODE && *at <= FDT_NOP;) {
        uint32_t token = *at++;

        if (token == FDT_BEGIN_NODE)
            at += strlen((char *)at) / 4 + 1;
        if (token != FDT_PROP)
            continue;
        *size = at[0];
        if (!strcmp(names + at[1], wanted))
            return (char *)(at + 2);
        at += 2 + round_up(*size, 4) / 4;
    }
    fprintf(stderr, "kexec: the tree has no %s\n", wanted);
    exit(1);
}

static void set_number(char *tree, const char *name, uint32_t value)
{
    uint32_t size;
    char *to = find_property(tree, name, &size);

    memset(to, 0, size);
    memcpy(to + size - sizeof value, &value, sizeof value);
}

static char *make_tree(size_t *size, size_t initrd_size)
{
    uint32_t length;
    char *tree = read_file("/sys/firmware/fdt", size);
    char *digit = strstr(find_property(tree, "bootargs", &length), "quoin.boot=");

    if (digit)
        digit[strlen("quoin.boot=")]++;
    set_number(tree, "linux,initrd-start", INITRD_GPA);
    set_number(tree, "linux,initrd-end", INITRD_GPA + initrd_size);
    return tree;
}

int main(int argc, char **argv)
{
    static Image image;
    static char page[PAGE];
    size_t initrd_size, tree_size;

    if (argc != 3)
        return 2;
    uint32_t kernel = add_kernel(&image, argv[1]);
    char *initrd = read_file(argv[2], &initrd_size);
    char *tree = make_tree(&tree_size, initrd_size);
    uint32_t tree_gpa = round_up(image.end, MIB), entry_gpa = tree_gpa + round_up(tree_size, PAGE);
    uint32_t registers[] = {tree_gpa, 0, 0, EPAPR_MAGIC, INITRD_GPA, 0, 0, kernel};
    size_t code_size = entry_code_end - entry_code;

    memcpy(page, entry_code, code_size);
    memcpy(page + code_size, registers, sizeof registers);
    add(&image, tree, tree_size, tree_gpa, tree_size);
    add(&image, page, PAGE, entry_gpa, PAGE);
    add(&image, initrd, initrd_size, INITRD_GPA, initrd_size);
    if (syscall(SYS_kexec_load, entry_gpa, image.count, image.segments, KEXEC_ARCH_PPC))
        die("kexec_load");
    sync();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
    die("reboot");
}
