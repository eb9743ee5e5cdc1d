/* SPDX-License-Identifier: MIT
 *
 * In what the two runs of a slice differ.
 */
#include <string.h>

#include "cpu/soft/lockstep.h"

enum { LINES_MAX = 64 }; /* of one kind in a report */

/* --- registers --- */

/* A member of the core, or an array of such: `each` bytes, `stride` bytes apart. */
typedef struct Row {
    const char *name;
    size_t offset, each, stride;
    unsigned n;
} Row;

#define ONE(member)                                                        \
    {                                                                      \
#member, offsetof(E500, member), sizeof(((E500 *)0)->member), 0, 1 \
    }
#define STATE(member)                                                          \
    {                                                                          \
#member, offsetof(E500, s.member), sizeof(((E500 *)0)->s.member), 0, 1 \
    }
#define MANY(member, part, count)                                                                                                 \
    {                                                                                                                             \
#member #part, offsetof(E500, s.member[0] part), sizeof(((E500 *)0)->s.member[0] part), sizeof(((E500 *)0)->s.member[0]), \
            count                                                                                                                 \
    }

static const Row rows[] = {
    STATE(pc),
    STATE(lr),
    STATE(ctr),
    STATE(cr),
    STATE(msr),
    STATE(so),
    STATE(ov),
    STATE(ca),
    STATE(xer_count),
    MANY(gpr, .d, 32),
    STATE(acc),
    MANY(fpr, , 32),
    STATE(fpscr),
    MANY(spr, , E500_SPR_SLOTS),
    MANY(pmr, , E500_PMRS),
    MANY(tlb0, .mas1, E500_TLB0_ENTRIES),
    MANY(tlb0, .mas2, E500_TLB0_ENTRIES),
    MANY(tlb0, .mas7_3, E500_TLB0_ENTRIES),
    MANY(tlb1, .mas1, E500_TLB1_MAX),
    MANY(tlb1, .mas2, E500_TLB1_MAX),
    MANY(tlb1, .mas7_3, E500_TLB1_MAX),
    MANY(tlb0_nv, , E500_TLB0_SETS),
    STATE(held),
    STATE(waiting),
    /* members of E500 outside of E500State that instructions change */
    ONE(done),
    ONE(ctx_data),
    ONE(ctx_fetch),
    ONE(device.open),
    ONE(device.at),
    ONE(tb_offset),
    ONE(atb_offset),
    ONE(dec_expiry),
    ONE(timer_deadline_ns),
    ONE(timer_tb),
    ONE(doorbells),
    ONE(tlb1_valid),
    ONE(icmp_armed),
    ONE(watchdog_exit),
    ONE(watchdog_told),
    ONE(epr_taken),
};

static const char *const spr_names[] = {
#define SPR(number, NAME, ...) [SPR_##NAME] = #NAME,
#include "cpu/e500/spr.def"
#undef SPR
};

static const E500 *core_of(const LockStep *l, unsigned run)
{
    return &l->run[run].vcpu->core;
}

static uint64_t value_of(const E500 *c, const Row *row, unsigned i)
{
    uint64_t value = 0;
    const uint8_t *at = (const uint8_t *)c + row->offset + i * row->stride;
    for (size_t k = 0; k < row->each; k++)
        value |= (uint64_t)at[k] << 8 * (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? k : row->each - 1 - k);
    return value;
}

static void describe_value(const LockStep *l, const Row *row, unsigned i, GString *report)
{
    const int digits = 2 * (int)row->each;
    if (row->offset == offsetof(E500, s.spr))
        g_string_append_printf(report, "\n  %s:", spr_names[i]);
    else if (row->n > 1)
        g_string_append_printf(report, "\n  %.*s[%u]%s:", (int)strcspn(row->name, " ."), row->name, i,
                               row->name + strcspn(row->name, "."));
    else
        g_string_append_printf(report, "\n  %s:", row->name);
    g_string_append_printf(report, " before 0x%0*" PRIx64 ", %s 0x%0*" PRIx64 ", %s 0x%0*" PRIx64, digits,
                           value_of(&l->before, row, i), l->run[TESTED].name, digits, value_of(core_of(l, TESTED), row, i),
                           l->run[PLAIN].name, digits, value_of(core_of(l, PLAIN), row, i));
}

/* How many registers differ, each with a line in the report.  Without a report the first difference is enough: 0 or 1. */
static unsigned compare_registers(const LockStep *l, GString *report)
{
    const E500State *t = &core_of(l, TESTED)->s, *p = &core_of(l, PLAIN)->s;
    const bool same_state = !memcmp(t, p, sizeof(*t)); /* nearly always, and then the rows of E500State are skipped */
    unsigned differ = 0;
    for (const Row *row = rows; row < rows + G_N_ELEMENTS(rows); row++) {
        if (same_state && row->offset >= offsetof(E500, s) && row->offset < offsetof(E500, s) + sizeof(*t))
            continue;
        for (unsigned i = 0; i < row->n; i++) {
            size_t at = row->offset + i * row->stride;
            if (!memcmp((const char *)core_of(l, TESTED) + at, (const char *)core_of(l, PLAIN) + at, row->each))
                continue;
            if (!report)
                return 1;
            if (++differ <= LINES_MAX)
                describe_value(l, row, i, report);
        }
    }
    return differ;
}

/* --- reservation, attention --- */

static bool compare_reservation(const LockStep *l, GString *report)
{
    const E500 *t = core_of(l, TESTED), *p = core_of(l, PLAIN);
    bool held[] = {lockstep_reserves(t), p->reserve};
    if (held[0] == held[1] && (!held[0] || (t->reserve_gpa == p->reserve_gpa && t->reserve_value == p->reserve_value)))
        return false;
    for (unsigned i = 0; report && i < LOCK_RUNS; i++) {
        const E500 *c = core_of(l, i);
        g_string_append_printf(report, i ? ", %s " : "\n  reservation: %s ", l->run[i].name);
        if (held[i])
            g_string_append_printf(report, "of 0x%09" PRIx64 ", which was 0x%08x", c->reserve_gpa, c->reserve_value);
        else
            g_string_append(report, "none");
    }
    return true;
}

/* What the reference asked itself to look at before the next instruction, the engine under test has to look at as well. */
static bool compare_attention(const LockStep *l, GString *report)
{
    uint32_t missed = core_of(l, PLAIN)->attention & ~__atomic_load_n(&core_of(l, TESTED)->attention, __ATOMIC_SEQ_CST);
    if (missed && report)
        g_string_append_printf(report, "\n  attention: %s 0x%x more than %s", l->run[PLAIN].name, missed, l->run[TESTED].name);
    return missed;
}

/* --- exits --- */

static bool same_exit(const VcpuExit *a, const VcpuExit *b)
{
    if (a->kind != b->kind)
        return false;
    const VcpuExitKind kind = a->kind;
    switch (kind) {
    case VCPU_EXIT_MMIO:
        return a->mmio.gpa == b->mmio.gpa && a->mmio.size == b->mmio.size && a->mmio.is_write == b->mmio.is_write &&
               a->mmio.data == b->mmio.data;
    case VCPU_EXIT_EPAPR_HCALL:
        return a->epapr_hcall.nr == b->epapr_hcall.nr &&
               !memcmp(a->epapr_hcall.args, b->epapr_hcall.args, sizeof(a->epapr_hcall.args));
    case VCPU_EXIT_DEBUG:
        return a->debug.reason == b->debug.reason && a->debug.pc == b->debug.pc;
    case VCPU_EXIT_SHUTDOWN:
        return a->shutdown.reason == b->shutdown.reason;
    case VCPU_EXIT_WATCHDOG:
        return a->watchdog.wrc == b->watchdog.wrc;
    case VCPU_EXIT_INTR:
    case VCPU_EXIT_IDLE:
    case VCPU_EXIT_EPR:
    case VCPU_EXIT_FATAL:
    case VCPU_EXIT_KINDS:
        break;
    }
    return true;
}

/* An instruction whose device accesses are under way is completed by what the engine left of it. */
static bool same_accessing(const LockStep *l)
{
    return !core_of(l, PLAIN)->device.open || l->run[TESTED].vcpu->accessing.word == l->run[PLAIN].vcpu->accessing.word;
}

static void describe_exit(const LockRun *run, GString *report)
{
    const VcpuExit *exit = run->vcpu->core.exit;
    if (!run->left) {
        g_string_append(report, "none");
        return;
    }
    g_autofree char *text = vcpu_exit_text(exit);
    g_string_append(report, text);
    for (unsigned i = 0; exit->kind == VCPU_EXIT_EPAPR_HCALL && i < G_N_ELEMENTS(exit->epapr_hcall.args); i++)
        g_string_append_printf(report, " r%u 0x%" PRIx64, 3 + i, exit->epapr_hcall.args[i]);
    if (run->vcpu->core.device.open)
        g_string_append_printf(report, " of instruction 0x%08x", run->vcpu->accessing.word);
}

static bool compare_exits(const LockStep *l, GString *report)
{
    const LockRun *t = &l->run[TESTED], *p = &l->run[PLAIN];
    if (t->left == p->left && (!t->left || (same_exit(t->vcpu->core.exit, p->vcpu->core.exit) && same_accessing(l))))
        return false;
    for (unsigned i = 0; report && i < LOCK_RUNS; i++) {
        g_string_append_printf(report, i ? "; %s " : "\n  exit: %s ", l->run[i].name);
        describe_exit(&l->run[i], report);
    }
    return true;
}

/* --- memory --- */

static const KeptPage *find_page(const Journal *j, uint64_t gpa)
{
    for (unsigned i = 0; i < j->n; i++) {
        const KeptPage *page = j->pages->pdata[i];
        if (page->gpa == gpa)
            return page;
    }
    return NULL;
}

static void append_bytes(GString *report, const char *name, const uint8_t *bytes, unsigned n)
{
    g_string_append_printf(report, " %s ", name);
    for (unsigned i = 0; i < n; i++)
        g_string_append_printf(report, "%02x", bytes[i]);
}

/* A page as it was and as the two runs left it.  How many stretches of it differ. */
static unsigned compare_page(const LockStep *l, uint64_t gpa, const uint8_t *before, const uint8_t *const after[LOCK_RUNS],
                             GString *report)
{
    enum { STRETCH = 16 };
    unsigned differ = 0;
    for (unsigned i = 0; i < E500_PAGE_SIZE; i++) {
        unsigned n = 0;
        while (n < STRETCH && i + n < E500_PAGE_SIZE && after[TESTED][i + n] != after[PLAIN][i + n])
            n++;
        if (!n)
            continue;
        if (++differ <= LINES_MAX) {
            g_string_append_printf(report, "\n  memory 0x%09" PRIx64 ", %u bytes:", gpa + i, n);
            append_bytes(report, "before", before + i, n);
            append_bytes(report, l->run[TESTED].name, after[TESTED] + i, n);
            append_bytes(report, l->run[PLAIN].name, after[PLAIN] + i, n);
        }
        i += n - 1;
    }
    return differ;
}

/* Goes through the pages that either run stored to; one that both did is compared once, as a page of the engine under test. */
static unsigned compare_memory(const LockStep *l, GString *report)
{
    unsigned differ = 0;
    for (unsigned run = 0; run < LOCK_RUNS; run++) {
        const Journal *j = l->run[run].journal;
        for (unsigned i = 0; i < j->n; i++) {
            const KeptPage *mine = j->pages->pdata[i], *other = find_page(l->run[!run].journal, mine->gpa);
            const uint8_t *after[LOCK_RUNS];
            after[run] = mine->after;
            after[!run] = other ? other->after : mine->before;
            if ((run && other) || !memcmp(after[TESTED], after[PLAIN], E500_PAGE_SIZE))
                continue;
            if (!report)
                return 1;
            differ += compare_page(l, mine->gpa, mine->before, after, report);
        }
    }
    return differ;
}

/* --- all of it --- */

bool lockstep_same(const LockStep *l)
{
    return !(compare_registers(l, NULL) || compare_reservation(l, NULL) || compare_attention(l, NULL) || compare_exits(l, NULL) ||
             compare_memory(l, NULL));
}

void lockstep_describe(const LockStep *l, GString *report)
{
    unsigned registers = compare_registers(l, report);
    if (registers > LINES_MAX)
        g_string_append_printf(report, "\n  %u registers in all", registers);
    compare_reservation(l, report);
    compare_attention(l, report);
    compare_exits(l, report);
    unsigned stretches = compare_memory(l, report);
    if (stretches > LINES_MAX)
        g_string_append_printf(report, "\n  %u stretches of memory in all", stretches);
}
