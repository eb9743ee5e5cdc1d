/* SPDX-License-Identifier: MIT */
#include "platform/control/dump.h"

#include <elf.h>
#include <string.h>

#include "platform/control/inspect.h"

/*
 * Linux' struct elf_prstatus of a 32-bit PowerPC: where its registers begin, how many there are, and the size of the whole.  The registers
 * are r0 … r31, then these (arch/powerpc/include/uapi/asm/ptrace.h).
 */
enum {
    PRSTATUS_PID = 24,
    PRSTATUS_REGS = 72,
    PRSTATUS_N_REGS = 48,
    PRSTATUS_SIZE = PRSTATUS_REGS + 4 * PRSTATUS_N_REGS + 4,
    REG_NIP = 32,
    REG_MSR = 33,
    REG_CTR = 35,
    REG_LR = 36,
    REG_XER = 37,
    REG_CR = 38,
};
enum { FPREGS_SIZE = 33 * 8, SPE_SIZE = 32 * 4 + 8 + 4, LOADS_MAX = E500_TLB1_MAX + 1 };

typedef struct Load {
    uint64_t ea, gpa, size;
} Load;

typedef struct Dump {
    const ControlView *view;
    uint64_t begin, end; /* of the RAM in the file */
    Load load[LOADS_MAX];
    unsigned n_loads;
    GByteArray *notes;
} Dump;

static void put32(uint8_t *at, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    memcpy(at, &value, sizeof(value));
}

static void put64(uint8_t *at, uint64_t value)
{
    put32(at, (uint32_t)(value >> 32));
    put32(at + 4, (uint32_t)value);
}

/* --- notes */

static void add_note(GByteArray *notes, const char *name, uint32_t type, const uint8_t *data, size_t size)
{
    Elf32_Nhdr head = {GUINT32_TO_BE((uint32_t)strlen(name) + 1), GUINT32_TO_BE((uint32_t)size), GUINT32_TO_BE(type)};
    char padded[8] = "";
    g_strlcpy(padded, name, sizeof(padded));
    g_byte_array_append(notes, (const uint8_t *)&head, sizeof(head));
    g_byte_array_append(notes, (const uint8_t *)padded, sizeof(padded)); /* both names have five to eight bytes with their end */
    g_byte_array_append(notes, data, (guint)size);                       /* all sizes are multiples of four */
}

static void note_status(GByteArray *notes, const E500State *s, unsigned cpu)
{
    uint8_t status[PRSTATUS_SIZE] = {0}, *regs = status + PRSTATUS_REGS;
    put32(status + PRSTATUS_PID, cpu + 1);
    for (unsigned i = 0; i < 32; i++)
        put32(regs + 4 * i, s->gpr[i].w);
    put32(regs + 4 * REG_NIP, (uint32_t)s->pc);
    put32(regs + 4 * REG_MSR, s->msr);
    put32(regs + 4 * REG_CTR, (uint32_t)s->ctr);
    put32(regs + 4 * REG_LR, (uint32_t)s->lr);
    put32(regs + 4 * REG_XER, e500_xer(s));
    put32(regs + 4 * REG_CR, s->cr);
    add_note(notes, "CORE", NT_PRSTATUS, status, sizeof(status));
}

static void note_fp(GByteArray *notes, const E500State *s)
{
    uint8_t fp[FPREGS_SIZE];
    for (unsigned i = 0; i < 32; i++)
        put64(fp + 8 * i, s->fpr[i]);
    put64(fp + 8 * 32, s->fpscr);
    add_note(notes, "CORE", NT_FPREGSET, fp, sizeof(fp));
}

/* Upper halves, the accumulator, SPEFSCR. */
static void note_spe(GByteArray *notes, const E500State *s)
{
    uint8_t spe[SPE_SIZE];
    for (unsigned i = 0; i < 32; i++)
        put32(spe + 4 * i, s->gpr[i].h);
    put64(spe + 4 * 32, s->acc);
    put32(spe + 4 * 32 + 8, (uint32_t)s->spr[SPR_SPEFSCR]);
    add_note(notes, "LINUX", NT_PPC_SPE, spe, sizeof(spe));
}

static bool add_notes(Dump *d, GError **error)
{
    for (unsigned cpu = 0; cpu < vcpus_count(d->view->vcpus); cpu++) {
        const E500State *s = inspect_state(d->view, cpu, error);
        if (!s)
            return false;
        note_status(d->notes, s, cpu);
        if (d->view->model->core == E500_CORE_V2)
            note_spe(d->notes, s);
        else
            note_fp(d->notes, s);
    }
    return true;
}

/* --- memory */

/* A range of effective addresses, as far as it is in the file's RAM, unless some of them are listed already. */
static void add_load(Dump *d, uint64_t ea, uint64_t gpa, uint64_t size)
{
    uint64_t first = MAX(gpa, d->begin), end = MIN(gpa + size, d->end);
    if (first >= end || d->n_loads == LOADS_MAX)
        return;
    Load load = {ea + (first - gpa), first, end - first};
    for (unsigned i = 0; i < d->n_loads; i++) {
        const Load *other = &d->load[i];
        if (load.ea < other->ea + other->size && other->ea < load.ea + load.size)
            return;
    }
    d->load[d->n_loads++] = load;
}

/* The large pages of TLB1 are where a system has itself; those of TLB0 come and go.  The boot CPU's are taken first. */
static bool add_pages(Dump *d, GError **error)
{
    for (unsigned cpu = 0; cpu < vcpus_count(d->view->vcpus); cpu++) {
        const E500State *s = inspect_state(d->view, cpu, error);
        if (!s)
            return false;
        for (unsigned i = 0; i < d->view->model->tlb1_entries; i++) {
            const E500TlbEntry *e = &s->tlb1[i];
            uint64_t size = UINT64_C(1024) << 2 * ((e->mas1 & MAS1_TSIZE) >> MAS1_TSIZE_SHIFT);
            if (e->mas1 & MAS1_V)
                add_load(d, e->mas2 & ~(size - 1) & UINT32_MAX, e->mas7_3 & MAS7_3_RPN & ~(size - 1), size);
        }
    }
    return true;
}

static bool add_loads(Dump *d, const DumpPlan *plan, GError **error)
{
    if (plan->paging)
        return add_pages(d, error);
    add_load(d, d->begin, d->begin, d->end - d->begin);
    return true;
}

/* --- the file */

static Elf32_Ehdr elf_header(const Dump *d)
{
    Elf32_Ehdr head = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2MSB, EV_CURRENT},
        .e_type = GUINT16_TO_BE(ET_CORE),
        .e_machine = GUINT16_TO_BE(EM_PPC),
        .e_version = GUINT32_TO_BE(EV_CURRENT),
        .e_phoff = GUINT32_TO_BE((uint32_t)sizeof(Elf32_Ehdr)),
        .e_ehsize = GUINT16_TO_BE((uint16_t)sizeof(Elf32_Ehdr)),
        .e_phentsize = GUINT16_TO_BE((uint16_t)sizeof(Elf32_Phdr)),
        .e_phnum = GUINT16_TO_BE((uint16_t)(d->n_loads + 1)),
    };
    return head;
}

static Elf32_Phdr program_header(uint32_t type, uint64_t offset, uint64_t ea, uint64_t gpa, uint64_t size)
{
    return (Elf32_Phdr){
        .p_type = GUINT32_TO_BE(type),
        .p_offset = GUINT32_TO_BE((uint32_t)offset),
        .p_vaddr = GUINT32_TO_BE((uint32_t)ea),
        .p_paddr = GUINT32_TO_BE((uint32_t)gpa),
        .p_filesz = GUINT32_TO_BE((uint32_t)size),
        .p_memsz = GUINT32_TO_BE((uint32_t)size),
        .p_flags = type == PT_LOAD ? GUINT32_TO_BE(PF_R | PF_W | PF_X) : 0,
    };
}

/* All that stands before the RAM. */
static GByteArray *headers(const Dump *d)
{
    GByteArray *out = g_byte_array_new();
    uint32_t notes_at = (uint32_t)(sizeof(Elf32_Ehdr) + (d->n_loads + 1) * sizeof(Elf32_Phdr));
    uint64_t ram_at = notes_at + d->notes->len;
    Elf32_Ehdr head = elf_header(d);
    Elf32_Phdr note = program_header(PT_NOTE, notes_at, 0, 0, d->notes->len);
    g_byte_array_append(out, (const uint8_t *)&head, sizeof(head));
    g_byte_array_append(out, (const uint8_t *)&note, sizeof(note));
    for (unsigned i = 0; i < d->n_loads; i++) {
        const Load *l = &d->load[i];
        Elf32_Phdr load = program_header(PT_LOAD, ram_at + (l->gpa - d->begin), l->ea, l->gpa, l->size);
        g_byte_array_append(out, (const uint8_t *)&load, sizeof(load));
    }
    g_byte_array_append(out, d->notes->data, d->notes->len);
    return out;
}

static bool take_range(Dump *d, const DumpPlan *plan, GError **error)
{
    uint64_t ram = memory_size(d->view->memory), length = plan->length ? plan->length : ram - MIN(plan->begin, ram);
    d->begin = plan->begin;
    d->end = plan->begin + length;
    if (!length || !memory_contains(d->view->memory, plan->begin, length)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAULT,
                    "Invalid begin 0x%" PRIx64 "/length %" PRIu64 ": RAM has %" PRIu64 " bytes", plan->begin, plan->length, ram);
        return false;
    }
    if (d->end > UINT32_MAX - (1 << 20)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "A 32-bit ELF file has no room for this much RAM: begin and length dump a part that lies below 4 GiB");
        return false;
    }
    return true;
}

bool dump_write(const ControlView *view, const DumpPlan *plan, const char *file, uint64_t *written, GError **error)
{
    g_autoptr(GByteArray) notes = g_byte_array_new();
    Dump d = {.view = view, .notes = notes};
    if (!take_range(&d, plan, error) || !add_notes(&d, error) || !add_loads(&d, plan, error))
        return false;
    g_autoptr(GByteArray) head = headers(&d);
    int fd = inspect_create(view, file, error);
    if (fd < 0)
        return false;
    bool ok = inspect_append(fd, head->data, head->len, file, error) &&
              inspect_append_ram(fd, view, d.begin, d.end - d.begin, file, error);
    if (written)
        *written = d.end - d.begin;
    return inspect_close(fd, ok, file, error);
}
