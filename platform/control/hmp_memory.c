/* SPDX-License-Identifier: MIT
 *
 * Memory and registers, in the formats of QEMU 7.2 to the letter: scripts parse them (tests/control/run compares the two).
 */
#include "platform/control/hmp_priv.h"

#include <string.h>

#include "cpu/e500/disassemble.h"
#include "platform/base/lock.h"
#include "platform/control/dump.h"
#include "platform/control/inspect.h"

enum { DUMP_BYTES_MAX = 256 << 10 }; /* of one x or xp */

/* --- x, xp, print */

/* As QEMU prints a character. */
static void print_char(HmpCall *call, uint64_t value)
{
    static const char special[] = "\'\\\n\r", spelled[] = "\'\\nr";
    uint32_t c = (uint32_t)value;
    const char *at = c && c < 128 ? strchr(special, (int)c) : NULL;
    if (at)
        hmp_print(call, "'\\%c'", spelled[at - special]);
    else if (c >= 32 && c <= 126)
        hmp_print(call, "'%c'", (char)c);
    else
        hmp_print(call, "'\\x%02" PRIx32 "'", c);
}

static uint64_t value_at(const uint8_t *at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

/* Columns that a value of this size needs in this format. */
static int width(char format, unsigned size)
{
    switch (format) {
    case 'o':
        return (int)(size * 8 + 2) / 3;
    case 'x':
        return (int)size * 2;
    case 'u':
    case 'd':
        return (int)(size * 8 * 10 + 32) / 33;
    default:
        return 0;
    }
}

static void print_value(HmpCall *call, char format, unsigned size, uint64_t value)
{
    int columns = width(format, size);
    switch (format) {
    case 'o':
        hmp_print(call, " %#*" PRIo64, columns, value);
        break;
    case 'u':
        hmp_print(call, " %*" PRIu64, columns, value);
        break;
    case 'd':
        hmp_print(call, " %*" PRId64, columns, (int64_t)value); /* of less than 8 bytes never negative, as in QEMU */
        break;
    case 'c':
        hmp_print(call, " ");
        print_char(call, value);
        break;
    default:
        hmp_print(call, " 0x%0*" PRIx64, columns, value);
    }
}

static bool read_line(const HmpCall *call, bool physical, uint64_t address, uint8_t *to, size_t size)
{
    const HmpSession *s = call->session;
    return physical ? memory_read(s->view->memory, address, to, size) : inspect_read(s->view, s->cpu, (Ea)address, to, size);
}

/* Instructions, with the words that they are. */
static void dump_code(HmpCall *call, bool physical)
{
    uint64_t address = call->argument[0].number;
    uint8_t word[4];
    char text[64];
    for (unsigned i = 0; i < call->count; i++, address += sizeof word) {
        hmp_print(call, "0x%08" PRIx64 ":", physical ? address : address & EA_MAX);
        if (!read_line(call, physical, address, word, sizeof word)) {
            hmp_print(call, " unable to read memory\n");
            return;
        }
        insn_disassemble((uint32_t)value_at(word, 4), call->session->view->model, (Ea)address, text, sizeof text);
        size_t mnemonic = strcspn(text, " ");
        hmp_print(call, "  %08" PRIx32 "  %-8.*s %s\n", (uint32_t)value_at(word, 4), (int)mnemonic, text,
                  text + mnemonic + strspn(text + mnemonic, " "));
    }
}

static void dump(HmpCall *call, bool physical)
{
    const HmpSession *s = call->session;
    unsigned size = s->format == 'c' ? 1 : s->size, line = s->size == 1 ? 8 : 16;
    uint64_t address = call->argument[0].number, left = (uint64_t)call->count * s->size;
    if (s->format == 'i') {
        dump_code(call, physical);
        return;
    }
    for (uint8_t data[16]; left > 0;) {
        if (left < line)
            line = (unsigned)left;
        hmp_print(call, physical ? "%016" PRIx64 ":" : "%08" PRIx64 ":", physical ? address : address & EA_MAX);
        if (!read_line(call, physical, address, data, line)) {
            hmp_print(call, " Cannot access memory\n");
            return;
        }
        for (unsigned i = 0; i < line; i += size)
            print_value(call, s->format, size, value_at(data + i, size));
        hmp_print(call, "\n");
        address += line;
        left -= line;
    }
}

/* The machine stands still while it is looked at. */
static void held(HmpCall *call, void (*look)(HmpCall *call))
{
    RunState *run = call->session->view->run;
    bool ran = run_hold(run);
    look(call);
    if (ran)
        run_let_go(run);
}

static void dump_virtual(HmpCall *call)
{
    dump(call, false);
}

static void dump_physical(HmpCall *call)
{
    dump(call, true);
}

static bool bounded(HmpCall *call)
{
    unsigned size = call->session->format == 'i' ? 4 : call->session->size;
    if ((uint64_t)call->count * size <= DUMP_BYTES_MAX)
        return true;
    hmp_print(call, "at most %d bytes at a time\n", DUMP_BYTES_MAX);
    return false;
}

void hmp_cmd_x(HmpCall *call)
{
    if (bounded(call))
        held(call, dump_virtual);
}

void hmp_cmd_xp(HmpCall *call)
{
    if (bounded(call))
        held(call, dump_physical);
}

void hmp_cmd_print(HmpCall *call)
{
    uint64_t value = call->argument[0].number;
    switch (call->session->format) {
    case 'o':
        hmp_print(call, "%#" PRIo64, value);
        break;
    case 'u':
        hmp_print(call, "%" PRIu64, value);
        break;
    case 'd':
        hmp_print(call, "%" PRId64, (int64_t)value);
        break;
    case 'c':
        print_char(call, value);
        break;
    default:
        hmp_print(call, "%#" PRIx64, value);
    }
    hmp_print(call, "\n");
}

/* --- files */

static void save(HmpCall *call, bool physical)
{
    const HmpSession *s = call->session;
    uint64_t at = call->argument[0].number, size = call->argument[1].number;
    const char *file = call->argument[2].word;
    GError *error = NULL;
    bool ran = run_hold(s->view->run);
    bool ok = physical ? inspect_save_physical(s->view, at, size, file, &error)
                       : inspect_save_virtual(s->view, s->cpu, at, size, file, &error);
    if (ran)
        run_let_go(s->view->run);
    if (!ok)
        hmp_complain(call, error);
}

void hmp_cmd_memsave(HmpCall *call)
{
    save(call, false);
}

void hmp_cmd_pmemsave(HmpCall *call)
{
    save(call, true);
}

void hmp_cmd_dump_guest_memory(HmpCall *call)
{
    const ControlView *view = call->session->view;
    const char *file = call->argument[call->n - 1].word;
    DumpPlan plan = {.paging = call->n == 2 && !strcmp(call->argument[0].word, "-p")};
    GError *error = NULL;
    if (call->n == 2 && !plan.paging) {
        hmp_print(call, "unsupported option %s\n", call->argument[0].word);
        return;
    }
    bool ran = run_hold(view->run);
    bool ok = dump_write(view, &plan, file, NULL, &error);
    if (ran)
        run_let_go(view->run);
    if (!ok)
        hmp_complain(call, error);
}

/* --- info registers */

typedef struct SprColumn {
    const char *name;
    int slot; /* −1: this core lacks it, and it is 0 */
} SprColumn;

/* What stands behind the registers of every core, four a line, with QEMU's names and blanks. */
static const SprColumn columns[] = {
    {" SRR0", SPR_SRR0},    {" SRR1", SPR_SRR1},      {"   PVR", SPR_PVR},      {"VRSAVE", SPR_USPRG0},
    {"SPRG0", SPR_SPRG0},   {"SPRG1", SPR_SPRG1},     {" SPRG2", SPR_SPRG2},    {" SPRG3", SPR_SPRG3},
    {"SPRG4", SPR_SPRG4},   {"SPRG5", SPR_SPRG5},     {" SPRG6", SPR_SPRG6},    {" SPRG7", SPR_SPRG7},
    {"CSRR0", SPR_CSRR0},   {"CSRR1", SPR_CSRR1},     {"MCSRR0", SPR_MCSRR0},   {"MCSRR1", SPR_MCSRR1},
    {"  TCR", SPR_TCR},     {"  TSR", SPR_TSR},       {"   ESR", SPR_ESR},      {"  DEAR", SPR_DEAR},
    {"  PIR", SPR_PIR},     {"DECAR", SPR_DECAR},     {"  IVPR", SPR_IVPR},     {"  EPCR", -1},
    {" MCSR", SPR_MCSR},    {"SPRG8", SPR_SPRG8},     {"   EPR", SPR_EPR},      {NULL, 0},
    {" MCAR", SPR_MCAR},    {" PID1", SPR_PID1},      {"  PID2", SPR_PID2},     {"   SVR", SPR_SVR},
    {" MAS0", SPR_MAS0},    {" MAS1", SPR_MAS1},      {"  MAS2", SPR_MAS2},     {"  MAS3", SPR_MAS3},
    {" MAS4", SPR_MAS4},    {" MAS6", SPR_MAS6},      {"  MAS7", SPR_MAS7},     {"   PID", SPR_PID},
    {"MMUCFG", SPR_MMUCFG}, {"TLB0CFG", SPR_TLB0CFG}, {"TLB1CFG", SPR_TLB1CFG},
};

static void print_columns(HmpCall *call, const E500State *s)
{
    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
        bool last = i % 4 == 3 || i + 1 == G_N_ELEMENTS(columns) || !columns[i + 1].name;
        if (columns[i].name)
            hmp_print(call, "%s %" PRI_SPR "%s", columns[i].name, columns[i].slot < 0 ? (E500Spr)0 : s->spr[columns[i].slot],
                      last ? "\n" : " ");
    }
}

static void print_cr(HmpCall *call, uint32_t cr)
{
    hmp_print(call, "CR %08" PRIx32 "  [", cr);
    for (int field = 28; field >= 0; field -= 4) {
        uint32_t bits = cr >> field & 15;
        hmp_print(call, " %c%c", bits & 8 ? 'L' : bits & 4 ? 'G' : bits & 2 ? 'E' : '-', bits & 1 ? 'O' : ' ');
    }
    hmp_print(call, " ]             RES %08x\n", 0xffffffff); /* which line is reserved, the copy of the state does not tell */
}

/* HF, iidx and didx are of QEMU's translator; here they tell the address space and privilege that its two indices stand for. */
static void print_registers(HmpCall *call, const E500State *s, unsigned cpu)
{
    unsigned user = s->msr >> 14 & 1, is = s->msr >> 5 & 1, ds = s->msr >> 4 & 1;
    hmp_print(call, "NIP %" PRI_EA "   LR %" PRI_EA " CTR %" PRI_EA " XER %08" PRIx32 " CPU#%u\n", s->pc, s->lr, s->ctr,
              e500_xer(s), cpu);
    hmp_print(call, "MSR %08" PRIx32 " HID0 %" PRI_SPR "  HF %08x iidx %u didx %u\n", s->msr, s->spr[SPR_HID0], 0, is * 2 + !user,
              ds * 2 + !user);
    hmp_print(call, "TB %08" PRIx32 " %08" PRIx32 " DECR %" PRIu32 "\n", (uint32_t)(s->tb >> 32), (uint32_t)s->tb,
              (uint32_t)s->spr[SPR_DEC]);
    for (unsigned i = 0; i < 32; i += 4)
        hmp_print(call, "GPR%02u %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n", i, s->gpr[i].d, s->gpr[i + 1].d,
                  s->gpr[i + 2].d, s->gpr[i + 3].d);
    print_cr(call, s->cr);
    for (unsigned i = 0; i < 32; i += 4)
        hmp_print(call, "FPR%02u %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n", i, s->fpr[i], s->fpr[i + 1],
                  s->fpr[i + 2], s->fpr[i + 3]);
    hmp_print(call, "FPSCR %08" PRIx32 "\n", s->fpscr);
    print_columns(call, s);
}

static void registers_of(HmpCall *call, unsigned cpu)
{
    GError *error = NULL;
    const E500State *s = inspect_state(call->session->view, cpu, &error);
    hmp_print(call, "\nCPU#%u\n", cpu);
    if (s)
        print_registers(call, s, cpu);
    else
        hmp_complain(call, error);
}

static void registers(HmpCall *call)
{
    unsigned n = vcpus_count(call->session->view->vcpus);
    const char *which = call->n ? call->argument[0].word : NULL;
    guint64 index = call->session->cpu;
    if (which && !strcmp(which, "-a")) {
        for (unsigned cpu = 0; cpu < n; cpu++)
            registers_of(call, cpu);
    } else if (which && !g_ascii_string_to_unsigned(which, 10, 0, n - 1, &index, NULL)) {
        hmp_print(call, "CPU#%s not available\n", which);
    } else {
        registers_of(call, (unsigned)index);
    }
}

void hmp_info_registers(HmpCall *call)
{
    held(call, registers);
}

/* --- info tlb */

static void print_entry(HmpCall *call, const E500TlbEntry *e)
{
    unsigned tsize = (e->mas1 & MAS1_TSIZE) >> MAS1_TSIZE_SHIFT;
    uint64_t size = UINT64_C(1024) << 2 * tsize;
    unsigned kib = 1u << 2 * tsize, u = (uint32_t)e->mas7_3;
    if (!(e->mas1 & MAS1_V))
        return;
    hmp_print(call, "0x%016" PRIx64 " 0x%016" PRIx64, (uint64_t)(e->mas2 & ~(size - 1)) & UINT32_MAX,
              e->mas7_3 & MAS7_3_RPN & ~(size - 1));
    hmp_print(call, " %3u%c",
              kib < 1024      ? kib
              : kib < 1 << 20 ? kib >> 10
                              : kib >> 20,
              kib < 1024      ? 'K'
              : kib < 1 << 20 ? 'M'
                              : 'G');
    hmp_print(call, " %-5u %u  S%c%c%cU%c%c%c", (unsigned)((e->mas1 & MAS1_TID) >> 16), !!(e->mas1 & MAS1_TS), u & 1 ? 'R' : '-',
              u & 4 ? 'W' : '-', u & 16 ? 'X' : '-', u & 2 ? 'R' : '-', u & 8 ? 'W' : '-', u & 32 ? 'X' : '-');
    hmp_print(call, " %c%c%c%c%c U%c%c%c%c\n", e->mas2 & 16 ? 'W' : '-', e->mas2 & 8 ? 'I' : '-', e->mas2 & 4 ? 'M' : '-',
              e->mas2 & 2 ? 'G' : '-', e->mas2 & 1 ? 'E' : '-', u & 0x200 ? '0' : '-', u & 0x100 ? '1' : '-', u & 0x80 ? '2' : '-',
              u & 0x40 ? '3' : '-');
}

static void tlb(HmpCall *call)
{
    static const char head[] = "Effective          Physical           Size TID   TS SRWX URWX WIMGE U0123\n";
    const HmpSession *session = call->session;
    GError *error = NULL;
    const E500State *s = inspect_state(session->view, session->cpu, &error);
    if (!s) {
        hmp_complain(call, error);
        return;
    }
    hmp_print(call, "\nTLB0:\n%s", head);
    for (unsigned i = 0; i < E500_TLB0_ENTRIES; i++)
        print_entry(call, &s->tlb0[i]);
    hmp_print(call, "\nTLB1:\n%s", head);
    for (unsigned i = 0; i < session->view->model->tlb1_entries; i++)
        print_entry(call, &s->tlb1[i]);
}

void hmp_info_tlb(HmpCall *call)
{
    held(call, tlb);
}
