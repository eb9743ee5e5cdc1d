/* SPDX-License-Identifier: MIT
 *
 * The lock-step engine.  A slice goes so:
 *
 *   1. The core is copied.  All pages of RAM are marked (PAGE_KEPT), so that the first store to one keeps what was there before.
 *   2. The engine under test executes the slice, with all that belongs to it: its stores are inline after the first of a page, it asks other
 *      cores by mail, traces are written.
 *   3. Its pages are put back, and the reference executes as many instructions from the copy.  It is a core of its own, which nobody kicks
 *      or interrupts; so where it stops is its own doing.
 *   4. Its pages are put back as well, both are compared, and the first run's pages are put in place again.
 *
 * Both runs end before a device access or a hypercall, which is made once and completes outside of engines (run.c).  What the reference asks
 * of other cores is asked twice, which does no harm: to forget a translation, or a doorbell that is rung already.
 */
#include <string.h>

#include "cpu/e500/granule.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/ram.h"
#include "cpu/log.h"
#include "cpu/soft/lockstep.h"

enum { TRACE_MAX = 64 }; /* instructions that a report shows: the last ones */

/* --- pages --- */

static SoftVcpu *vcpu_of(E500 *c)
{
    return (SoftVcpu *)(void *)((char *)c - offsetof(SoftVcpu, core));
}

/* Outside of a slice, where an answered device access completes, the page stays marked. */
static void before_store(E500 *c, uint64_t gpa)
{
    SoftVcpu *vcpu = vcpu_of(c);
    Journal *j = &vcpu->lockstep->journal[vcpu == &vcpu->lockstep->reference ? PLAIN : TESTED];
    if (!vcpu->lockstep->in_slice)
        return;
    if (j->n == j->pages->len)
        g_ptr_array_add(j->pages, g_new(KeptPage, 1));
    KeptPage *page = j->pages->pdata[j->n++];
    page->gpa = gpa & ~(uint64_t)(E500_PAGE_SIZE - 1);
    page->host = e500_ram_host(c->vm, page->gpa, E500_PAGE_SIZE);
    memcpy(page->before, page->host, E500_PAGE_SIZE);
    e500_page_flag_clear(c->vm, page->gpa, E500_PAGE_SIZE, PAGE_KEPT);
}

/* The run is over: RAM is again as it was before. */
static void take_back(Journal *j)
{
    for (unsigned i = 0; i < j->n; i++) {
        KeptPage *page = j->pages->pdata[i];
        memcpy(page->after, page->host, E500_PAGE_SIZE);
        memcpy(page->host, page->before, E500_PAGE_SIZE);
    }
}

static void put_in_place(const Journal *j)
{
    for (unsigned i = 0; i < j->n; i++) {
        const KeptPage *page = j->pages->pdata[i];
        memcpy(page->host, page->after, E500_PAGE_SIZE);
    }
}

/* The pages are marked again: before another core executes, which would not know that they are not. */
static void empty_journal(Journal *j, E500 *c)
{
    for (unsigned i = 0; i < j->n; i++) {
        const KeptPage *page = j->pages->pdata[i];
        e500_page_keep(c->vm, page->gpa);
    }
    if (j->n)
        e500_soft_tlb_protect(c, 0, UINT64_MAX);
    j->n = 0;
}

/* --- the core, and the reference's --- */

static void copy_between(E500 *to, const E500 *from, size_t first, size_t end)
{
    memcpy((char *)to + first, (const char *)from + first, end - first);
}

/* Copies what instructions read and write, and not what belongs to a core's surroundings: its mail, its soft TLB, its index and VM. */
static void copy_core(E500 *to, const E500 *from)
{
    VcpuExit *exit = to->exit;
    copy_between(to, from, offsetof(E500, s), offsetof(E500, attention));
    copy_between(to, from, offsetof(E500, tlb1_valid), offsetof(E500, epr_taken) + sizeof(from->epr_taken));
    to->exit = exit;
    to->done = from->done;
    to->doorbells = __atomic_load_n(&from->doorbells, __ATOMIC_SEQ_CST);
    to->irq_lines = __atomic_load_n(&from->irq_lines, __ATOMIC_SEQ_CST);
}

bool lockstep_reserves(const E500 *c)
{
    return c->reserve && (!c->vm->granules || granule_version(granule_find(c->vm->granules, c->reserve_gpa)) == c->reserve_version);
}

/* A page of RAM that came since the last slice is kept from now on. */
static void keep_ram(LockStep *l, E500 *c)
{
    for (; l->n_ram < c->vm->n_ram; l->n_ram++) {
        const AccelRam *block = &c->vm->ram[l->n_ram].block;
        e500_page_flag_set(c->vm, c, block->gpa, block->size, PAGE_KEPT);
        l->flags[l->n_ram] = g_malloc(block->size >> E500_PAGE_BITS);
        memset(l->flags[l->n_ram], PAGE_KEPT, block->size >> E500_PAGE_BITS);
    }
}

/* The reference's VM: as the vCPU's, but for the pages' flags, and that the reference stands in the vCPU's place. */
static void make_vm(LockStep *l, const E500 *c)
{
    l->vm = *c->vm;
    for (unsigned i = 0; i < l->n_ram; i++)
        l->vm.ram[i].flags = l->flags[i];
    l->vm.granules = NULL; /* no other core stores meanwhile, so nobody has to count */
    l->vm.code_written = NULL;
    l->vm.wake = NULL;
    l->vm.core[c->index] = &l->reference.core;
}

/* To the start of the slice, RAM as it was then. */
static void rewind_reference(LockStep *l)
{
    E500 *c = &l->reference.core;
    copy_core(c, &l->before);
    c->reserve = l->reserve;
    c->attention = 0;
    l->exit = l->exit_was;
    e500_soft_tlb_flush(c);
    e500_context_changed(c);
    empty_journal(&l->journal[PLAIN], c);
}

/* The same of the vCPU itself; its engine hears that its code may have changed. */
static void rewind_tested(SoftVcpu *vcpu)
{
    LockStep *l = vcpu->lockstep;
    E500 *c = &vcpu->core;
    for (unsigned i = 0; i < l->journal[TESTED].n; i++) {
        const KeptPage *page = l->journal[TESTED].pages->pdata[i];
        e500_ram_written(c->vm, page->gpa, E500_PAGE_SIZE);
    }
    empty_journal(&l->journal[TESTED], c);
    copy_core(c, &l->before);
    if (l->reserve && c->vm->granules)
        c->reserve_version = granule_version(granule_find(c->vm->granules, c->reserve_gpa));
    *c->exit = l->exit_was;
    e500_soft_tlb_flush(c);
    e500_context_changed(c);
}

/* --- the two runs --- */

static void prepare(SoftVcpu *vcpu)
{
    LockStep *l = vcpu->lockstep;
    E500 *c = &vcpu->core;
    keep_ram(l, c);
    make_vm(l, c);
    copy_core(&l->before, c);
    l->reserve = lockstep_reserves(c);
    l->exit_was = *c->exit;
}

/* Both, each to the limit at most, from where prepare() or rewind_tested() left.  RAM is as it was before.  True: they came to the same. */
static bool run_both(SoftVcpu *vcpu, uint32_t limit)
{
    LockStep *l = vcpu->lockstep;
    E500 *c = &vcpu->core, *r = &l->reference.core;

    l->run[TESTED].left = !l->engine->run_slice(vcpu);
    take_back(&l->journal[TESTED]);
    rewind_reference(l);
    r->limit = MIN(limit, c->done + l->run[TESTED].left); /* an instruction that leaves is not counted */
    log_silence(true);                                    /* once is enough */
    l->run[PLAIN].left = !soft_plain.run_slice(&l->reference);
    log_silence(false);
    take_back(&l->journal[PLAIN]);
    /* An interrupt that came or went meanwhile may have been seen by one of them alone. */
    return lockstep_same(l) || __atomic_load_n(&c->irq_lines, __ATOMIC_SEQ_CST) != l->before.irq_lines;
}

static bool run_again(SoftVcpu *vcpu, uint32_t limit)
{
    rewind_tested(vcpu);
    __atomic_store_n(&vcpu->core.limit, limit, __ATOMIC_SEQ_CST);
    return run_both(vcpu, limit);
}

/* --- a difference --- */

/* The reference executes the slice once more, one instruction at a time. */
static void trace(LockStep *l, GString *report)
{
    E500 *c = &l->reference.core;
    uint32_t n = l->run[PLAIN].vcpu->core.done - l->before.done + l->run[PLAIN].left, word;
    rewind_reference(l);
    log_silence(true);
    for (uint32_t i = 0; i < n; i++) {
        char text[96] = "(cannot be fetched)";
        bool fetched = e500_fetch(c, c->s.pc, &word) == EXEC_NEXT;
        if (fetched)
            insn_disassemble(word, c->model, c->s.pc, text, sizeof(text));
        if (n - i <= TRACE_MAX)
            g_string_append_printf(report, "\n    0x%" PRI_EA ":  %08x  %s", c->s.pc, fetched ? word : 0, text);
        c->limit = c->done + 1;
        soft_plain.run_slice(&l->reference);
    }
    log_silence(false);
    take_back(&l->journal[PLAIN]);
}

/* Of the two runs as they are now. */
static void describe(LockStep *l)
{
    const E500 *c = &l->run[TESTED].vcpu->core;
    GString *report = g_string_new(NULL);
    g_string_printf(report, "engine %s and engine %s differ after %u instructions from pc 0x%" PRI_EA ":", l->run[TESTED].name,
                    l->run[PLAIN].name, MAX(c->done, l->reference.core.done) - l->before.done, l->before.s.pc);
    lockstep_describe(l, report);
    g_string_append(report, "\n  executed:");
    trace(l, report);
    g_free(l->report);
    l->report = g_string_free(report, FALSE);
}

/*
 * The fewest instructions that differ, by halves.  An engine may do other things for fewer instructions, and then what was seen first is
 * what is shown.
 */
static void shorten(SoftVcpu *vcpu)
{
    LockStep *l = vcpu->lockstep;
    uint32_t same = l->before.done, differs = MAX(vcpu->core.done, l->reference.core.done);
    differs += l->run[TESTED].left || l->run[PLAIN].left;
    while (differs - same > 1) {
        uint32_t half = same + (differs - same) / 2;
        if (run_again(vcpu, half))
            same = half;
        else
            differs = half;
    }
    if (!run_again(vcpu, differs))
        describe(l);
}

/* --- the engine --- */

static bool run_slice(SoftVcpu *vcpu)
{
    LockStep *l = vcpu->lockstep;
    E500 *c = &vcpu->core;
    const uint32_t limit = __atomic_load_n(&c->limit, __ATOMIC_SEQ_CST);

    if (c->done >= limit)
        return true;
    prepare(vcpu);
    l->in_slice = true;
    bool same = run_both(vcpu, limit);
    if (!same) {
        describe(l);
        shorten(vcpu);
    }
    put_in_place(&l->journal[TESTED]);
    empty_journal(&l->journal[TESTED], c);
    l->in_slice = false;
    if (same)
        return !l->run[TESTED].left;
    *c->exit = (VcpuExit){.kind = VCPU_EXIT_FATAL, .fatal = {.message = l->report}};
    return false;
}

static void start(SoftVcpu *vcpu)
{
    LockStep *l = g_new0(LockStep, 1);
    E500 *c = &vcpu->core;
    vcpu->lockstep = l;
    l->engine = ((SoftVm *)vcpu->base.vm)->tested;
    c->vm->before_store = before_store;
    for (unsigned i = 0; i < G_N_ELEMENTS(l->journal); i++)
        l->journal[i].pages = g_ptr_array_new_with_free_func(g_free);
    l->run[TESTED] = (LockRun){l->engine->name, vcpu, &l->journal[TESTED], false};
    l->run[PLAIN] = (LockRun){soft_plain.name, &l->reference, &l->journal[PLAIN], false};
    make_vm(l, c);
    e500_core_init(&l->reference.core, &l->vm, c->index);
    l->reference.core.exit = &l->exit;
    l->reference.lockstep = l;
    soft_plain.start(&l->reference);
    l->engine->start(vcpu);
}

static void stop(SoftVcpu *vcpu)
{
    LockStep *l = vcpu->lockstep;
    l->engine->stop(vcpu);
    soft_plain.stop(&l->reference);
    for (unsigned i = 0; i < G_N_ELEMENTS(l->journal); i++)
        g_ptr_array_unref(l->journal[i].pages);
    for (unsigned i = 0; i < l->n_ram; i++)
        g_free(l->flags[i]);
    g_free(l->report);
    g_free(l);
}

const SoftEngine soft_lockstep = {
    .name = "verify",
    .doc = "another engine and the plain one in lock step; the first difference stops the machine",
    .slice = 1024,
    .start = start,
    .stop = stop,
    .run_slice = run_slice,
};
