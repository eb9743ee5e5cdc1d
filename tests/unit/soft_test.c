/* SPDX-License-Identifier: MIT
 *
 * cpu/soft: what holds for an exit between the moment it is answered and the moment it takes effect.
 */
#include <sched.h>

#include "cpu/e500/mail.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/ram.h"
#include "tests/unit/soft_fixture.h"
#include "tests/unit/unit.h"

/* --- device accesses of every kind, and what others do before they complete --- */

/* Instructions that access the device, with r4 as the base and r5 = 0 as the index.  The device gives the bytes 0x11, 0x12, … in order
 * of address. */
#define MC "e500mc"
#define V2 "e500v2"
static const struct {
    const char *model;
    InsnId id;
    bool indexed;
    int d;             /* displacement, where it is not indexed */
    Ea base;           /* r4 before */
    unsigned accesses; /* exits that it takes */
    uint64_t r3;       /* afterwards; 0, and of a store: unchanged */
    Ea r4;             /* afterwards */
} access_row[] = {
    {MC, INSN_lbz, false, 0, SOFT_DEVICE, 1, 0x11, SOFT_DEVICE},
    {MC, INSN_lhz, false, 2, SOFT_DEVICE, 1, 0x1112, SOFT_DEVICE},
    {MC, INSN_lha, false, 2, SOFT_DEVICE, 1, 0x1112, SOFT_DEVICE},
    {MC, INSN_lwz, false, 4, SOFT_DEVICE, 1, 0x11121314, SOFT_DEVICE},
    {MC, INSN_lwzu, false, 4, SOFT_DEVICE, 1, 0x11121314, SOFT_DEVICE + 4},
    {MC, INSN_lwz, false, 1, SOFT_DEVICE, 3, 0x11121314, SOFT_DEVICE},
    {MC, INSN_lwbrx, true, 0, SOFT_DEVICE, 1, 0x14131211, SOFT_DEVICE},
    {MC, INSN_lhbrx, true, 0, SOFT_DEVICE + 1, 2, 0x1211, SOFT_DEVICE + 1},
    {MC, INSN_lwepx, true, 0, SOFT_DEVICE, 1, 0x11121314, SOFT_DEVICE},
    {MC, INSN_lmw, false, 0, SOFT_DEVICE, 29, 0x11121314, 0x15161718},
    {MC, INSN_lfd, false, 0, SOFT_DEVICE, 1, 0, SOFT_DEVICE},
    {MC, INSN_stw, false, 0, SOFT_DEVICE, 1, 0x21222324, SOFT_DEVICE},
    {MC, INSN_stwu, false, 8, SOFT_DEVICE, 1, 0x21222324, SOFT_DEVICE + 8},
    {MC, INSN_stw, false, 3, SOFT_DEVICE, 3, 0x21222324, SOFT_DEVICE},
    {MC, INSN_sthbrx, true, 0, SOFT_DEVICE, 1, 0x21222324, SOFT_DEVICE},
    {MC, INSN_stmw, false, 0, SOFT_DEVICE, 29, 0x21222324, SOFT_DEVICE},
    {MC, INSN_stfd, false, 0, SOFT_DEVICE, 1, 0x21222324, SOFT_DEVICE},
    {MC, INSN_dcbz, true, 0, SOFT_DEVICE, 8, 0x21222324, SOFT_DEVICE},
    {MC, INSN_stwepx, true, 0, SOFT_DEVICE, 1, 0x21222324, SOFT_DEVICE},
    {V2, INSN_evldd, false, 0, SOFT_DEVICE, 1, UINT64_C(0x1112131415161718), SOFT_DEVICE},
    {V2, INSN_evldw, false, 0, SOFT_DEVICE, 2, UINT64_C(0x1112131415161718), SOFT_DEVICE},
    {V2, INSN_evldh, false, 0, SOFT_DEVICE, 4, UINT64_C(0x1112131415161718), SOFT_DEVICE},
    {V2, INSN_evstdw, false, 0, SOFT_DEVICE, 2, 0x21222324, SOFT_DEVICE},
    {V2, INSN_dcbz, true, 0, SOFT_DEVICE, 4, 0x21222324, SOFT_DEVICE},
};

/*
 * What others do to the vCPU between the answer to its exit and its next run, which completes the exit.  INSIDE: answers come in the middle
 * of the instruction, and it is told to leave behind it.
 */
typedef enum Between { NOTHING, UNRELATED_TLBIVAX, OWN_TLBIVAX, PARKED, WATCHED, REWRITTEN, INSIDE, BETWEENS } Between;

static void disturb(SoftFixture *f, Between what)
{
    AccelDebug watch = {.n_watchpoints = 1, .watchpoint = {{SOFT_DEVICE, SOFT_DEVICE + 0xfff, true, true}}};
    switch (what) {
    case UNRELATED_TLBIVAX: /* more than the mail holds: everything that is not protected goes */
        for (unsigned i = 0; i < E500_MAIL_MAX + 1; i++)
            e500_tlbivax(soft_core(f, 1), 0x70000000 + i * 4096);
        break;
    case OWN_TLBIVAX: /* TLBSEL = 1 */
        e500_tlbivax(soft_core(f, 1), SOFT_DEVICE | 1 << 3);
        break;
    case PARKED:
        disturb(f, UNRELATED_TLBIVAX);
        g_assert_true(accel_soft.vcpu_get_state(f->vcpu[0], &f->state, NULL));
        break;
    case WATCHED:
        g_assert_true(accel_soft.vcpu_set_debug(f->vcpu[0], &watch, NULL));
        break;
    case REWRITTEN: /* by another core: the instruction began as what it was */
        soft_put_word(f, SOFT_CODE, 0);
        break;
    case INSIDE:
        disturb(f, OWN_TLBIVAX);
        g_assert_true(
            e500_mail_done(&((SoftVm *)f->vm)->e500, soft_core(f, 1))); /* or the device could wait for who waits for it */
        g_assert_false(e500_tlbsync_done(soft_core(f, 1)));
        break;
    case NOTHING:
    case BETWEENS:
        break;
    }
}

typedef struct Answers {
    SoftFixture *f;
    unsigned n;
    uint64_t next;
    uint8_t byte;
} Answers;

static void answer(Answers *a, VcpuExit *exit)
{
    g_assert_cmpint(exit->kind, ==, VCPU_EXIT_MMIO);
    g_assert_cmphex(exit->mmio.gpa, ==, a->next);
    a->n++;
    a->next += exit->mmio.size;
    if (!exit->mmio.is_write) {
        exit->mmio.data = 0;
        for (unsigned i = 0; i < exit->mmio.size; i++)
            exit->mmio.data = exit->mmio.data << 8 | a->byte++;
    }
}

static bool serve_inside(void *opaque, unsigned index, VcpuExit *exit)
{
    Answers *a = opaque;
    g_assert_cmpuint(index, ==, 0);
    answer(a, exit);
    disturb(a->f, INSIDE);
    return false;
}

/* Answers the accesses of the instruction at SOFT_CODE; each names the device once, in ascending order. */
static void answer_all(SoftFixture *f, unsigned accesses, Ea offset, Between what)
{
    Answers answers = {.f = f, .next = SOFT_DEVICE_GPA + offset, .byte = 0x11};

    if (what == INSIDE) {
        ((SoftVm *)f->vm)->e500.serve = serve_inside;
        ((SoftVm *)f->vm)->e500.serve_opaque = &answers;
    }
    soft_run(f, 0, false);
    if (what == INSIDE) {
        g_assert_cmpuint(answers.n, ==, accesses);
        accesses = 0;
    }
    for (unsigned n = 0; n < accesses; n++) {
        answer(&answers, &f->exit[0]);
        disturb(f, what);
        g_assert_cmphex(soft_core(f, 0)->s.pc, ==, SOFT_CODE);
        soft_run(f, 0, true);
    }
}

static void an_answer_takes_effect_whatever_happens_meanwhile(void)
{
    FOR_ROWS (i, access_row) {
        for (Between what = NOTHING; what < BETWEENS; what++) {
            SoftFixture f;
            soft_up_with(&f, access_row[i].model, true);
            E500 *c = soft_core(&f, 0);
            unsigned line = c->model->cache_line;
            Ea offset = access_row[i].base + (access_row[i].indexed ? 0 : (Ea)access_row[i].d) - SOFT_DEVICE;
            uint32_t word =
                access_row[i].indexed ? word_x(access_row[i].id, 3, 4, 5) : word_d(access_row[i].id, 3, 4, access_row[i].d);
            if (access_row[i].id == INSN_dcbz)
                word = word_x(INSN_dcbz, 0, 4, 5), offset &= ~(line - 1);
            soft_put_word(&f, SOFT_CODE, word);
            c->s.gpr[3].w = 0x21222324;
            c->s.gpr[4].w = access_row[i].base;
            answer_all(&f, access_row[i].accesses, offset, what);
            g_test_message("%s, case %d", insn_info[access_row[i].id].name, what);
            g_assert_cmpint(f.exit[0].kind, ==, VCPU_EXIT_INTR);
            g_assert_cmphex(c->s.pc, ==, SOFT_CODE + 4);
            if (access_row[i].id != INSN_lfd)
                g_assert_cmphex(c->s.gpr[3].d, ==, access_row[i].r3 ? access_row[i].r3 : 0x21222324);
            else
                g_assert_cmphex(c->s.fpr[3], ==, UINT64_C(0x1112131415161718));
            g_assert_cmphex(c->s.gpr[4].w, ==, access_row[i].r4);
            g_assert_cmpuint(c->count.instructions, ==, 1);
            g_assert_cmpuint(time_now_ns(&f.time), ==, 1);
            soft_down(&f, NULL);
        }
    }
}

/* Served late, but served: the next access finds the translation gone. */
static void mail_is_served_after_completion(SoftFixture *f, gconstpointer unused)
{
    E500 *c = soft_core(f, 0);
    soft_put_word(f, SOFT_CODE, word_d(INSN_lwz, 3, 4, 0));
    soft_put_word(f, SOFT_CODE + 4, word_d(INSN_lwz, 3, 4, 0));
    c->s.gpr[4].w = SOFT_DEVICE;
    soft_run(f, 0, false);
    e500_tlbivax(soft_core(f, 1), SOFT_DEVICE | 1 << 3);
    g_assert_false(e500_tlbsync_done(soft_core(f, 1))); /* the translation is in use until the access is complete */
    f->exit[0].mmio.data = 7;
    soft_run(f, 0, true);
    g_assert_true(e500_tlbsync_done(soft_core(f, 1)));
    g_assert_cmpuint(c->s.gpr[3].w, ==, 7);
    soft_run_for(f, 0, 1);
    g_assert_cmpint(f->exit[0].kind, ==, VCPU_EXIT_INTR);
    g_assert_cmphex(c->s.spr[SPR_SRR0], ==, SOFT_CODE + 4);
    g_assert_cmphex(c->s.spr[SPR_DEAR], ==, SOFT_DEVICE);
}

static void a_reset_drops_the_answer(SoftFixture *f, gconstpointer unused)
{
    E500 *c = soft_core(f, 0);
    soft_put_word(f, SOFT_CODE, word_d(INSN_lwz, 3, 4, 0));
    c->s.gpr[4].w = SOFT_DEVICE;
    soft_run(f, 0, false);
    g_assert_cmpint(f->exit[0].kind, ==, VCPU_EXIT_MMIO);
    e500_state_reset(&f->state, c->model, 0);
    f->state.pc = 0x2000;
    g_assert_true(accel_soft.vcpu_put_state(f->vcpu[0], &f->state, STATE_RESET, NULL));
    soft_run(f, 0, true);
    g_assert_cmpint(f->exit[0].kind, ==, VCPU_EXIT_INTR);
    g_assert_cmphex(c->s.pc, ==, 0x2000);
    g_assert_cmphex(c->s.gpr[3].w, ==, 0);
}

static void nobody_answers_once(SoftFixture *f, gconstpointer unused)
{
    E500 *c = soft_core(f, 0);
    soft_put_word(f, SOFT_CODE, word_d(INSN_lmw, 29, 4, 0));
    c->s.gpr[4].w = SOFT_DEVICE;
    soft_run(f, 0, false);
    f->exit[0].mmio.data = 1;
    soft_run(f, 0, true);
    g_assert_cmphex(f->exit[0].mmio.gpa, ==, SOFT_DEVICE_GPA + 4);
    f->exit[0].mmio.failed = true;
    soft_run(f, 0, true);
    g_assert_cmpint(f->exit[0].kind, ==, VCPU_EXIT_INTR);
    g_assert_cmphex(c->s.spr[SPR_MCAR], ==, (uint32_t)(SOFT_DEVICE_GPA + 4));
    g_assert_cmphex(c->s.spr[SPR_MCSRR0], ==, SOFT_CODE);
    g_assert_cmphex(c->s.gpr[29].w, ==, 0);
}

/* It counts, and takes its time, when it completes. */
static void a_hypercall_counts_once(SoftFixture *f, gconstpointer unused)
{
    E500 *c = soft_core(f, 0);
    soft_put_word(f, SOFT_CODE, word_d(INSN_addi, 3, 0, 5));
    soft_put_word(f, SOFT_CODE + 4, 0x44000022); /* sc 1 */
    soft_run(f, 0, false);
    g_assert_cmpint(f->exit[0].kind, ==, VCPU_EXIT_EPAPR_HCALL);
    g_assert_cmpuint(time_now_ns(&f->time), ==, 1);
    f->exit[0].epapr_hcall.ret = 9;
    soft_run(f, 0, true);
    g_assert_cmpuint(c->s.gpr[3].w, ==, 9);
    g_assert_cmpuint(c->count.instructions, ==, 2);
    g_assert_cmpuint(time_now_ns(&f->time), ==, 2);
}

/* A slice that attention cuts into pieces is as long as a whole one, and no instruction is left out. */
static void attention_leaves_nothing_out(SoftFixture *f, gconstpointer unused)
{
    E500 *c = soft_core(f, 0);
    soft_put_word(f, SOFT_CODE, word_d(INSN_addi, 3, 3, 1));
    soft_put_word(f, SOFT_CODE + 4, insn_info[INSN_b].match | (-4 & 0x03fffffc));
    for (unsigned i = 0; i < 100; i++) {
        accel_soft.vcpu_set_irq(f->vcpu[0], ACCEL_IRQ_EXTERNAL, i & 1); /* MSR[EE] is 0 */
        if (i % 3 == 0)
            accel_soft.vcpu_kick(f->vcpu[0]);
        soft_run_for(f, 0, 7);
        g_assert_cmpint(f->exit[0].kind, ==, VCPU_EXIT_INTR);
        if (i % 3 == 0) /* the kick came first */
            soft_run(f, 0, false);
        g_assert_cmpuint(c->count.instructions, ==, 7 * (i + 1));
        g_assert_cmpuint(time_now_ns(&f->time), ==, 7 * (i + 1));
        g_assert_cmpuint(c->s.gpr[3].w, ==, (7 * (i + 1) + 1) / 2);
    }
}

/* --- dirty log --- */

enum { PAGES = SOFT_RAM >> 12 };

/* The pages that a fetch of all RAM reports: how many, and the sum of their numbers. */
static unsigned fetch(SoftFixture *f, unsigned *sum)
{
    uint8_t bitmap[PAGES / 8];
    unsigned n = 0;

    *sum = 0;
    accel_soft.vm_dirty_fetch(f->vm, 0, PAGES, bitmap);
    for (unsigned i = 0; i < PAGES; i++)
        if (bitmap[i / 8] >> i % 8 & 1)
            n++, *sum += i;
    return n;
}

static void a_dirty_log_names_each_page_that_was_written(SoftFixture *f, gconstpointer unused)
{
    unsigned sum;

    g_assert_true(accel_soft.vm_caps(f->vm) & ACCEL_CAP_DIRTY_LOG);
    g_assert_true(accel_soft.vm_dirty_log(f->vm, true, NULL));
    g_assert_cmpuint(fetch(f, &sum), ==, PAGES); /* the first */
    g_assert_cmpuint(fetch(f, &sum), ==, 0);
    /* Two stores to each of pages 0x30 and 0x31, by two vCPUs, and one of a vCPU that stored there before the log was fetched. */
    for (unsigned i = 0; i < SOFT_CPUS; i++) {
        E500 *c = soft_core(f, i);
        c->s.gpr[4].w = 0x30000 + i * 0x1000;
        soft_put_word(f, SOFT_CODE, word_d(INSN_stw, 3, 4, 0));
        soft_put_word(f, SOFT_CODE + 4, word_d(INSN_stw, 3, 4, 8));
        soft_put_word(f, SOFT_CODE + 8, word_d(INSN_stw, 3, 4, 12));
        soft_run_for(f, i, 2);
    }
    g_assert_cmpuint(fetch(f, &sum), ==, 2);
    g_assert_cmpuint(sum, ==, 0x30 + 0x31);
    soft_run_for(f, 1, 1);
    g_assert_cmpuint(fetch(f, &sum), ==, 1);
    g_assert_cmpuint(sum, ==, 0x31);
    accel_soft.vm_ram_written(f->vm, 0x7fff, 2);
    g_assert_cmpuint(fetch(f, &sum), ==, 2);
    g_assert_cmpuint(sum, ==, 7 + 8);
    g_assert_true(accel_soft.vm_dirty_log(f->vm, true, NULL)); /* begins again */
    g_assert_cmpuint(fetch(f, &sum), ==, PAGES);
    g_assert_true(accel_soft.vm_dirty_log(f->vm, false, NULL));
    for (unsigned i = 0; i < PAGES; i++)
        g_assert_cmphex(e500_page_flags(&((SoftVm *)f->vm)->e500, i << 12), ==, 0);
}

/* --- a vCPU that waits for another one --- */

static unsigned yields;

/* The C library's gives way to this one. */
int sched_yield(void)
{
    yields++;
    return 0;
}

/* Two instructions without an end, the second a branch to the first: how often the host's processor was offered to others meanwhile. */
static unsigned yields_in_loop(SoftFixture *f, uint32_t first)
{
    yields = 0;
    soft_put_word(f, SOFT_CODE, first);
    soft_put_word(f, SOFT_CODE + 4, insn_info[INSN_b].match | (0x03fffffc & -4));
    g_assert_cmpint(soft_run_for(f, 0, 100000)->kind, ==, VCPU_EXIT_INTR);
    return yields;
}

static void only_a_vcpu_that_spins_offers_its_processor(SoftFixture *f, gconstpointer unused)
{
    g_assert_cmpuint(yields_in_loop(f, word_d(INSN_addi, 3, 3, 1)), ==, 0);
    g_assert_cmpuint(yields_in_loop(f, word_d(INSN_lwz, 3, 0, 0x2000)), >, 50);
}

#define SOFT_TEST(path, function) g_test_add(path, SoftFixture, NULL, soft_up, function, soft_down)

UNIT_TESTS(soft)
{
    SOFT_TEST("/soft/only-a-vcpu-that-spins-offers-its-processor", only_a_vcpu_that_spins_offers_its_processor);
    g_test_add_func("/soft/an-answer-takes-effect-whatever-happens-meanwhile", an_answer_takes_effect_whatever_happens_meanwhile);
    SOFT_TEST("/soft/mail-is-served-after-completion", mail_is_served_after_completion);
    SOFT_TEST("/soft/a-reset-drops-the-answer", a_reset_drops_the_answer);
    SOFT_TEST("/soft/a-dirty-log-names-each-page-that-was-written", a_dirty_log_names_each_page_that_was_written);
    SOFT_TEST("/soft/nobody-answers-once", nobody_answers_once);
    SOFT_TEST("/soft/a-hypercall-counts-once", a_hypercall_counts_once);
    SOFT_TEST("/soft/attention-leaves-nothing-out", attention_leaves_nothing_out);
}
