/* SPDX-License-Identifier: MIT
 *
 * ELF kernels: 32-bit big-endian PowerPC, ET_EXEC and ET_DYN.
 */
#include "platform/image/priv.h"

#include <elf.h>
#include <string.h>

/* System V ABI, Elf32_Ehdr and Elf32_Phdr: where the fields are in the file. */
enum {
    EHDR_SIZE = 52,
    EHDR_TYPE = 16,
    EHDR_MACHINE = 18,
    EHDR_ENTRY = 24,
    EHDR_PHOFF = 28,
    EHDR_PHENTSIZE = 42,
    EHDR_PHNUM = 44,
    PHDR_SIZE = 32,
    DYNAMIC_MAX = 64 << 10, /* bytes of a dynamic section that are looked at: DT_RELA is among the first entries of a real one */
    EARLY_MAP = 64 << 20,
};

typedef struct ElfSegment {
    uint64_t offset, vaddr, gpa, filesz, memsz; /* each fits in 32 bits, so that no sum of two overflows */
} ElfSegment;

typedef struct Elf {
    ImageFile *file;
    uint64_t entry;
    bool relocatable; /* it runs wherever it is put: ET_DYN, or it relocates itself */
    bool has_dynamic; /* a PT_DYNAMIC was seen; by the ABI there is one at most */
    uint64_t align;   /* largest p_align */
    GArray *segments; /* of ElfSegment; ascending by gpa once all are known */
    uint64_t end;     /* gpa behind the last byte of all segments */
    uint64_t steps;   /* for Image */
} Elf;

bool elf_recognise(const uint8_t *data, uint64_t size)
{
    return size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0;
}

static bool elf_header(Elf *elf, GError **error)
{
    const uint8_t *h = elf->file->data;
    if (elf->file->size < EHDR_SIZE)
        return image_bad(elf->file, error, "truncated in its header");
    if (h[EI_CLASS] == ELFCLASS64)
        return image_bad(elf->file, error, "a 64-bit program, and the core is a 32-bit one");
    if (h[EI_CLASS] != ELFCLASS32)
        return image_bad(elf->file, error, "unknown class %u", h[EI_CLASS]);
    if (h[EI_DATA] != ELFDATA2MSB)
        return image_bad(elf->file, error, "little-endian, and the machine boots big-endian programs");
    if (h[EI_VERSION] != EV_CURRENT)
        return image_bad(elf->file, error, "unknown version %u", h[EI_VERSION]);
    unsigned machine = image_be16(h + EHDR_MACHINE), type = image_be16(h + EHDR_TYPE);
    if (machine != EM_PPC)
        return image_bad(elf->file, error, "for another processor (machine %u), not PowerPC", machine);
    if (type != ET_EXEC && type != ET_DYN)
        return image_bad(elf->file, error, "%s", type == ET_REL ? "an object file; link it" : "not executable");
    elf->entry = image_be32(h + EHDR_ENTRY);
    elf->relocatable = type == ET_DYN;
    return true;
}

/* ePAPR wrappers are linked as position-independent, but typed ET_EXEC for firmware that knows nothing else. */
static bool has_relocations(Elf *elf, const uint8_t *phdr)
{
    uint64_t offset = image_be32(phdr + 4), size = image_be32(phdr + 16);
    if (offset + size > elf->file->size)
        return false;
    size = MIN(size, DYNAMIC_MAX);
    const uint8_t *entry = elf->file->data + offset;
    for (; size >= 8 && image_be32(entry) != DT_NULL; entry += 8, size -= 8) {
        elf->steps++;
        if (image_be32(entry) == DT_RELA)
            return true;
    }
    return false;
}

static bool elf_segment(Elf *elf, unsigned i, const uint8_t *p, GError **error)
{
    elf->steps++;
    if (image_be32(p) == PT_DYNAMIC && !elf->has_dynamic) {
        elf->has_dynamic = true;
        elf->relocatable |= has_relocations(elf, p);
    }
    if (image_be32(p) != PT_LOAD || image_be32(p + 20) == 0)
        return true;
    ElfSegment s = {
        .offset = image_be32(p + 4),
        .vaddr = image_be32(p + 8),
        .gpa = image_be32(p + 12),
        .filesz = image_be32(p + 16),
        .memsz = image_be32(p + 20),
    };
    if (s.filesz > s.memsz)
        return image_bad(elf->file, error, "segment %u has more bytes in the file than in memory", i);
    if (s.offset + s.filesz > elf->file->size)
        return image_bad(elf->file, error, "truncated: segment %u ends at byte %" PRIu64 ", the file at %" PRIu64, i,
                         s.offset + s.filesz, elf->file->size);
    elf->align = MAX(elf->align, image_be32(p + 28));
    g_array_append_val(elf->segments, s);
    return true;
}

static gint by_gpa(gconstpointer a, gconstpointer b)
{
    const ElfSegment *x = a, *y = b;
    return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

static const ElfSegment *segment_at(const Elf *elf, guint i)
{
    return &g_array_index(elf->segments, ElfSegment, i);
}

/* No byte may come from two segments.  Zeros of one and data of another may meet: linkers write such files, and the data counts. */
static bool elf_check_data(Elf *elf, GError **error)
{
    const ElfSegment *last = NULL; /* with data */
    for (guint i = 0; i < elf->segments->len; i++) {
        const ElfSegment *s = segment_at(elf, i);
        elf->end = MAX(elf->end, s->gpa + s->memsz);
        if (!s->filesz)
            continue;
        if (last && s->gpa < last->gpa + last->filesz)
            return image_bad(elf->file, error, "overlapping segments at physical 0x%" PRIx64 " and 0x%" PRIx64, last->gpa, s->gpa);
        last = s;
    }
    return true;
}

static bool elf_segments(Elf *elf, GError **error)
{
    const uint8_t *h = elf->file->data;
    uint64_t offset = image_be32(h + EHDR_PHOFF);
    unsigned n = image_be16(h + EHDR_PHNUM), size = image_be16(h + EHDR_PHENTSIZE);
    if (n && size != PHDR_SIZE)
        return image_bad(elf->file, error, "program headers of %u bytes, not %d", size, PHDR_SIZE);
    if (n == PN_XNUM)
        return image_bad(elf->file, error, "too many program headers");
    if (offset + (uint64_t)n * PHDR_SIZE > elf->file->size)
        return image_bad(elf->file, error, "truncated in its program headers");
    for (unsigned i = 0; i < n; i++) {
        if (!elf_segment(elf, i, h + offset + i * PHDR_SIZE, error))
            return false;
    }
    if (!elf->segments->len)
        return image_bad(elf->file, error, "nothing to load in it (no PT_LOAD segment)");
    g_array_sort(elf->segments, by_gpa);
    return elf_check_data(elf, error);
}

/*
 * Linux's zImage.epapr is linked at 512 MiB.  It leaves a copy of the tree behind itself, and the kernel that it unpacks to 0
 * sees 64 MiB early in its life: the wrapper has to be below that, yet above the kernel.
 */
static bool elf_place(Elf *elf, GError **error)
{
    const uint64_t ram = elf->file->ram_size;
    ElfSegment *s = (ElfSegment *)elf->segments->data, *last = s + elf->segments->len - 1;
    uint64_t low = s->gpa, end = elf->end, align = MAX(elf->align, 1 << 20);
    if (elf->relocatable && end > EARLY_MAP && (align & (align - 1)) == 0) {
        uint64_t to = (MIN(EARLY_MAP / 2, ram / 4) & ~(align - 1)) + (low & (align - 1));
        if (to < low && to <= ram && end - low <= ram - to) {
            for (; s <= last; s++)
                s->gpa -= low - to;
            return true;
        }
    }
    if (end > ram)
        return image_too_big(elf->file, end, error);
    return true;
}

/* A virtual entry by the segment it lies in; a physical one as it is. */
static bool elf_translate_entry(const Elf *elf, uint64_t *entry, GError **error)
{
    for (guint i = 0; i < elf->segments->len; i++) {
        const ElfSegment *s = segment_at(elf, i);
        if (elf->entry >= s->vaddr && elf->entry - s->vaddr < s->filesz) {
            *entry = elf->entry - s->vaddr + s->gpa;
            return true;
        }
    }
    for (guint i = 0; i < elf->segments->len; i++) {
        const ElfSegment *s = segment_at(elf, i);
        if (elf->entry >= s->gpa && elf->entry - s->gpa < s->filesz) {
            *entry = elf->entry;
            return true;
        }
    }
    return image_bad(elf->file, error, "entry 0x%" PRIx64 " lies outside of every segment", elf->entry);
}

static void add_zeros(Image *image, uint64_t from, uint64_t to)
{
    if (from < to)
        image_add(image, from, to - from, g_bytes_new_static(NULL, 0));
}

/* One pass over the segments: the data of each, and zeros wherever one has memory and none has data. */
static bool elf_fill(const Elf *elf, Image *image, GError **error)
{
    uint64_t done = 0, covered = 0; /* gpa up to which the image is complete; to which segments seen so far reach */
    for (guint i = 0; i < elf->segments->len; i++) {
        const ElfSegment *s = segment_at(elf, i);
        if (s->filesz || s->gpa > covered) {
            add_zeros(image, done, MIN(covered, s->gpa));
            done = s->gpa;
        }
        if (s->filesz) {
            GBytes *data = image_copy(elf->file, s->offset, s->filesz, error);
            if (!data)
                return false;
            image_add(image, s->gpa, s->filesz, data);
            done += s->filesz;
        }
        covered = MAX(covered, s->gpa + s->memsz);
    }
    add_zeros(image, done, covered);
    return true;
}

Image *elf_load(ImageFile *file, GError **error)
{
    file->format = "ELF";
    g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(ElfSegment));
    Elf elf = {.file = file, .segments = segments};
    uint64_t entry;
    if (!elf_header(&elf, error) || !elf_segments(&elf, error) || !elf_place(&elf, error) ||
        !elf_translate_entry(&elf, &entry, error))
        return NULL;
    if (entry & 3)
        return image_bad(file, error, "entry 0x%" PRIx64 " is not a multiple of 4", elf.entry);

    Image *image = image_new("ELF");
    image->entry = entry;
    image->steps = elf.steps;
    if (!elf_fill(&elf, image, error))
        g_clear_pointer(&image, image_free);
    return image;
}
