/* SPDX-License-Identifier: MIT
 *
 * The fast engine against the plain one: each special form against its row's function, and random code, privileged code among it, in lock
 * step.  Every seed is printed; QUOIN_SEED=n repeats one.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/e500/ram.h"
#if HAVE_JIT
#include "cpu/jit/jit.h"
#endif
#include "cpu/soft/fast.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/soft_fixture.h"
#include "tests/unit/unit.h"

static GRand *random_new(unsigned round)
{
    const char *wanted = g_getenv("QUOIN_SEED");
    guint32 seed = wanted ? (guint32)strtoul(wanted, NULL, 0) : 0x51ed0000u + round;
    g_test_message("QUOIN_SEED=0x%x", seed);
    return g_rand_new_with_seed(seed);
}

/* --- special forms --- */

enum { SAMPLES = 400, BASES = 0x10000 };

/* Registers hold addresses near BASES as often as anything else. */
static void random_registers(E500 *c, GRand *r)
{
    for (unsigned i = 0; i < 32; i++)
        c->s.gpr[i].d = (uint64_t)g_rand_int(r) << 32 | (g_rand_boolean(r) ? BASES + g_rand_int(r) % 0x4000 : g_rand_int(r));
    c->s.cr = g_rand_int(r);
    c->s.lr = g_rand_int(r);
    c->s.ctr = g_rand_boolean(r) ? g_rand_int(r) % 3 : g_rand_int(r);
    c->s.so = (uint8_t)g_rand_boolean(r);
    c->s.ov = (uint8_t)g_rand_boolean(r);
    c->s.ca = (uint8_t)g_rand_boolean(r);
    c->s.pc = 0x2000;
}

/* An instruction of the form.  Random bits, but that flags and the fields which forms ask for are often what they ask. */
static bool random_insn(const E500 *c, const FastForm *form, GRand *r, Insn *in)
{
    for (unsigned tries = 0; tries < 10000; tries++) {
        uint32_t word = insn_info[form->id].match | (g_rand_int(r) & ~insn_info[form->id].mask);
        static const uint32_t spr[] = {SPRNO_LR, SPRNO_CTR}, bo[] = {4, 12, 16, 20};
        if (g_rand_boolean(r))
            word &= ~insn_flag_bits(insn_info[form->id].flags) | insn_info[form->id].match;
        if (g_rand_boolean(r))
            word &= ~(31u << 16) | insn_info[form->id].match;
        if (form->id == INSN_mfspr || form->id == INSN_mtspr)
            word = (word & ~(1023u << 11)) | spr[g_rand_int(r) & 1] << 16;
        if (form->id == INSN_bc || form->id == INSN_bclr || form->id == INSN_bcctr)
            word = (word & ~(31u << 21)) | bo[g_rand_int(r) & 3] << 21;
        if (form->id == INSN_or && g_rand_boolean(r))
            word = (word & ~(31u << 11)) | (word >> 21 & 31) << 11;
        word &= ~insn_reserved(form->id, c->model);
        insn_decode(word, c->model, in);
        if (in->id == form->id && form->applies(in))
            return true;
    }
    return false;
}

static void forms_do_what_their_rows_do(Fixture *f, gconstpointer unused)
{
    GRand *r = random_new(0);
    E500 *plain = f->core[0], *fast = f->core[1];
    g_autofree uint8_t *before = g_malloc(FIXTURE_RAM), *after = g_malloc(FIXTURE_RAM);
    enum { FIRST = BASES - 0x8000, LAST = BASES + 0xc000 + 8 };

    for (unsigned i = FIRST; i < LAST; i++)
        f->ram[i] = (uint8_t)g_rand_int(r);
    for (unsigned i = 0; i < fast_forms_n; i++) {
        const FastForm *form = &fast_forms[i];
        for (unsigned n = 0; n < SAMPLES; n++) {
            Insn in;
            random_registers(plain, r);
            if (!random_insn(plain, form, r, &in))
                g_error("%s: no word decodes to it", form->name);
            g_assert_true(fast_exec(&in) == form->exec); /* no earlier form takes it away */
            fast->s = plain->s;
            fast->s.spr[SPR_PIR] = plain->s.spr[SPR_PIR];
            memcpy(before, f->ram + FIRST, LAST - FIRST);
            ExecResult want = insn_exec[in.id](plain, &in);
            plain->device.open = fast->device.open = false;
            memcpy(after, f->ram + FIRST, LAST - FIRST);
            memcpy(f->ram + FIRST, before, LAST - FIRST);
            ExecResult got = form->exec(fast, &in);
            plain->device.open = fast->device.open = false;
            if (got != want || memcmp(&plain->s, &fast->s, sizeof(plain->s)) || memcmp(after, f->ram + FIRST, LAST - FIRST))
                g_error("%s: word 0x%08x: not as %s does it", form->name, in.word, insn_info[form->id].name);
        }
    }
    g_rand_free(r);
}

/* --- lock step --- */

enum { ROUNDS = 1500, STEPS = 60, CODE_WORDS = 256, HANDLERS = 0x4000 };

/* What random code is made of: any row, and more often what changes the context, memory translation, timers or the flow. */
static const InsnId frequent[] = {
    INSN_mtmsr,   INSN_mfmsr, INSN_wrtee, INSN_wrteei, INSN_rfi,   INSN_rfci, INSN_tlbwe, INSN_tlbre, INSN_tlbsx,
    INSN_tlbivax, INSN_sc,    INSN_mtspr, INSN_mfspr,  INSN_mtspr, INSN_lwz,  INSN_stw,   INSN_lmw,   INSN_stmw,
    INSN_bc,      INSN_b,     INSN_bclr,  INSN_addi,   INSN_lwzu,  INSN_stwx, INSN_lbz,   INSN_stb,   INSN_lwarx,
    INSN_stwcx,   INSN_cmpi,  INSN_cmpl,  INSN_isync,  INSN_dcbz,  INSN_tw,
};
static const unsigned frequent_spr[] = {
    SPRNO_DEC,  SPRNO_DECAR, SPRNO_TCR,   SPRNO_TSR,   SPRNO_TBL,  SPRNO_PID,  SPRNO_MAS0, SPRNO_MAS1,
    SPRNO_MAS2, SPRNO_MAS3,  SPRNO_MAS6,  SPRNO_SRR0,  SPRNO_SRR1, SPRNO_LR,   SPRNO_CTR,  SPRNO_XER,
    SPRNO_ESR,  SPRNO_DEAR,  SPRNO_SPRG0, SPRNO_DBCR0, SPRNO_DBSR, SPRNO_IAC1, SPRNO_DAC1, SPRNO_HID0,
};

static uint32_t random_word(const E500Model *model, GRand *r)
{
    InsnId id = g_rand_int(r) % 3 ? frequent[g_rand_int(r) % G_N_ELEMENTS(frequent)] : (InsnId)(g_rand_int(r) % INSN_ILLEGAL);
    uint32_t word = insn_info[id].match | (g_rand_int(r) & ~insn_info[id].mask & ~insn_reserved(id, model));
    if (id == INSN_mtspr || id == INSN_mfspr) {
        unsigned n = frequent_spr[g_rand_int(r) % G_N_ELEMENTS(frequent_spr)];
        word = (word & ~(1023u << 11)) | (n & 31) << 16 | n >> 5 << 11;
    }
    if (id == INSN_b)
        word = insn_info[id].match | (g_rand_int(r) & 0xfc) | (g_rand_boolean(r) ? 0x03ffff00 : 0) | (g_rand_int(r) & 1);
    if (id == INSN_bc)
        word = (word & 0xffff0001) | (g_rand_int(r) & 0x7c) | (g_rand_boolean(r) ? 0xff80 : 0);
    return word;
}

static uint32_t word_spr(InsnId id, unsigned rt, unsigned n)
{
    return insn_info[id].match | rt << 21 | (n & 31) << 16 | n >> 5 << 11;
}

/* Where a class of interrupts returns to, by what. */
typedef struct Return {
    unsigned srr0, srr1;
    InsnId by;
} Return;

static Return return_of(const E500Model *model, unsigned ivor)
{
    bool mc = model->core == E500_CORE_MC;
    if (ivor == 1)
        return (Return){SPRNO_MCSRR0, SPRNO_MCSRR1, INSN_rfmci};
    if (ivor == 15 && mc)
        return (Return){SPRNO_DSRR0, SPRNO_DSRR1, INSN_rfdi};
    if (ivor == 0 || ivor == 12 || ivor == 15)
        return (Return){SPRNO_CSRR0, SPRNO_CSRR1, INSN_rfci};
    return (Return){SPRNO_SRR0, SPRNO_SRR1, INSN_rfi};
}

/* Each does something at random, acknowledges all timers, and returns with an MSR that lets the code go on: behind the instruction, or to
 * some other place where it was the fetch that failed. */
static void put_handlers(SoftFixture *f, GRand *r)
{
    const E500Model *model = soft_core(f, 0)->model;
    for (unsigned ivor = 0; ivor < 16; ivor++) {
        Return to = return_of(model, ivor);
        uint32_t msr = MSR_ME | MSR_FP | (g_rand_boolean(r) ? MSR_EE | MSR_CE | MSR_DE : 0) | (g_rand_int(r) % 4 ? 0 : MSR_PR);
        bool elsewhere = ivor == 3 || ivor == 14;
        Ea at = HANDLERS + ivor * 64;
        const uint32_t code[] = {
            word_d(INSN_addi, 29, 29, (int16_t)g_rand_int(r)),
            word_d(INSN_addis, 30, 0, -1),
            word_spr(INSN_mtspr, 30, SPRNO_TSR),
            word_spr(INSN_mtspr, 30, SPRNO_DBSR),
            word_d(INSN_addis, 30, 0, (int)(MSR_SPE >> 16)),
            word_d(INSN_ori, 30, 30, (int)(msr & 0xffff)),
            word_spr(INSN_mtspr, 30, to.srr1),
            word_spr(INSN_mfspr, 31, to.srr0),
            elsewhere ? word_d(INSN_addi, 31, 0, SOFT_CODE + 4 * (int)(g_rand_int(r) % CODE_WORDS)) : word_d(INSN_addi, 31, 31, 4),
            word_spr(INSN_mtspr, 31, to.srr0),
            insn_info[to.by].match,
        };
        FOR_ROWS (i, code)
            soft_put_word(f, at + 4 * i, code[i]);
    }
}

/* Random code may take its own translation away; then there is nothing more to see. */
static bool is_lost(const E500 *c)
{
    E500Translation t;
    E500Context ctx = e500_context(false, (uint8_t)c->s.spr[SPR_PID], false);
    return e500_mmu_lookup(c, HANDLERS, ctx, ACCESS_EXECUTE, &t) != MMU_OK || t.gpa != HANDLERS;
}

/* Into RAM, most often; into the device; anywhere. */
static uint32_t random_pointer(GRand *r)
{
    switch (g_rand_int(r) % 6) {
    case 0:
        return SOFT_DEVICE + g_rand_int(r) % 0x1000;
    case 1:
        return g_rand_int(r);
    default:
        return g_rand_int(r) % SOFT_RAM;
    }
}

static void random_start(SoftFixture *f, GRand *r)
{
    const E500Model *model = soft_core(f, 0)->model;
    E500State *s = &f->state;
    for (unsigned i = 0; i < CODE_WORDS; i++)
        soft_put_word(f, SOFT_CODE + 4 * i, random_word(model, r));
    put_handlers(f, r);
    e500_state_reset(s, model, 0);
    s->pc = SOFT_CODE + 4 * (g_rand_int(r) % CODE_WORDS);
    s->msr = MSR_ME | MSR_FP | MSR_SPE | (g_rand_boolean(r) ? MSR_EE | MSR_CE : 0) | (g_rand_int(r) % 4 ? 0 : MSR_PR);
    for (unsigned i = 0; i < 32; i++)
        s->gpr[i].d = (uint64_t)g_rand_int(r) << 32 | random_pointer(r);
    s->lr = SOFT_CODE + g_rand_int(r) % (4 * CODE_WORDS);
    s->ctr = SOFT_CODE + g_rand_int(r) % (4 * CODE_WORDS);
    for (E500SprSlot slot = SPR_IVOR0; slot <= SPR_IVOR15; slot++)
        s->spr[slot] = HANDLERS + (unsigned)(slot - SPR_IVOR0) * 64;
    s->spr[SPR_SRR0] = s->spr[SPR_CSRR0] = SOFT_CODE + 0x40;
    s->spr[SPR_SRR1] = s->spr[SPR_CSRR1] = MSR_ME | MSR_EE;
    s->spr[SPR_DEC] = 1 + g_rand_int(r) % 200;
    s->spr[SPR_TCR] = 1u << 26 | 1u << 23 | (g_rand_int(r) & 3u << 24) | 0xfu << 13;
    s->tlb1[0] = (E500TlbEntry){.mas1 = 0xc0000000u | 5 << 8, .mas7_3 = 0x3f};
    s->tlb1[1] = (E500TlbEntry){.mas1 = 0x80000000u | 1 << 8, .mas2 = SOFT_DEVICE, .mas7_3 = SOFT_DEVICE_GPA | 0x3f};
    g_assert_true(accel_soft.vcpu_put_state(f->vcpu[0], s, STATE_FULL, NULL));
}

static void answer_exit(VcpuExit *exit, uint32_t noise)
{
    if (exit->kind == VCPU_EXIT_MMIO) {
        if (!exit->mmio.is_write)
            exit->mmio.data = noise;
        exit->mmio.failed = noise % 7 == 0;
    } else if (exit->kind == VCPU_EXIT_EPAPR_HCALL) {
        exit->epapr_hcall.ret = noise & 15;
    }
}

static void assert_same(SoftFixture *a, SoftFixture *b, unsigned step)
{
    const E500 *x = soft_core(a, 0), *y = soft_core(b, 0);
    if (x->s.pc != y->s.pc || a->exit[0].kind != b->exit[0].kind || x->count.instructions != y->count.instructions)
        g_error("step %u: pc 0x%08x and 0x%08x, exit %s and %s, %" PRIu64 " and %" PRIu64 " instructions", step, x->s.pc, y->s.pc,
                vcpu_exit_name(a->exit[0].kind), vcpu_exit_name(b->exit[0].kind), x->count.instructions, y->count.instructions);
    if (memcmp(&x->s, &y->s, sizeof(x->s)))
        g_error("step %u: pc 0x%08x: the states differ", step, x->s.pc);
    g_assert_cmpuint(time_now_ns(&a->time), ==, time_now_ns(&b->time));
}

/* Runs both for the same number of instructions at a time: one, some, many. */
static void run_in_step(SoftFixture *plain, SoftFixture *fast, GRand *r)
{
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned n = g_rand_boolean(r) ? 1 : 1 + g_rand_int(r) % 97;
        uint32_t noise = g_rand_int(r);
        bool line = g_rand_int(r) % 16 == 0, kick = g_rand_int(r) % 16 == 0;
        for (unsigned i = 0; i < 2; i++) {
            SoftFixture *f = i ? fast : plain;
            if (line)
                accel_soft.vcpu_set_irq(f->vcpu[0], (AccelIrq)(noise % ACCEL_IRQ_MCHECK), noise & 0x100);
            if (kick)
                accel_soft.vcpu_kick(f->vcpu[0]);
            soft_run_for(f, 0, n);
        }
        assert_same(plain, fast, step);
        VcpuExitKind kind = plain->exit[0].kind;
        if (kind == VCPU_EXIT_SHUTDOWN || is_lost(soft_core(plain, 0)))
            return;
        if (kind == VCPU_EXIT_IDLE) { /* time goes on to its next event */
            uint64_t deadline = plain->exit[0].idle.deadline_ns;
            if (deadline == UINT64_MAX)
                return;
            time_source_advance_to(&plain->time, deadline);
            time_source_advance_to(&fast->time, deadline);
        }
        if (kind == VCPU_EXIT_MMIO) {
            g_assert_cmphex(plain->exit[0].mmio.gpa, ==, fast->exit[0].mmio.gpa);
            g_assert_cmpuint(plain->exit[0].mmio.size, ==, fast->exit[0].mmio.size);
            g_assert_cmphex(plain->exit[0].mmio.data, ==, fast->exit[0].mmio.data);
        }
        answer_exit(&plain->exit[0], noise);
        answer_exit(&fast->exit[0], noise);
    }
}

typedef struct Pair {
    const char *model;
    const SoftEngine *engine; /* against the plain one */
} Pair;

static void engines_agree_on_random_code(gconstpointer data)
{
    const Pair *pair = data;
#if HAVE_JIT
    jit_hot = 0; /* everything is translated at once */
#endif
    SoftFixture plain, fast;
    soft_up_engine(&plain, pair->model, true, &soft_plain);
    soft_up_engine(&fast, pair->model, true, pair->engine);
    for (unsigned round = 0; round < ROUNDS; round++) {
        GRand *r = random_new(round);
        memset(plain.ram, 0, SOFT_RAM);
        plain.exit[0] = fast.exit[0] = (VcpuExit){0};
        random_start(&plain, r);
        memcpy(fast.ram, plain.ram, SOFT_RAM);
        accel_soft.vm_ram_written(fast.vm, 0, SOFT_RAM);
        g_assert_true(accel_soft.vcpu_put_state(fast.vcpu[0], &plain.state, STATE_FULL, NULL));
        run_in_step(&plain, &fast, r);
        g_assert_cmpmem(plain.ram, SOFT_RAM, fast.ram, SOFT_RAM);
        g_rand_free(r);
        if (g_getenv("QUOIN_SEED"))
            break;
    }
    uint64_t executed = soft_core(&plain, 0)->count.instructions;
    g_test_message("%" PRIu64 " instructions", executed);
    g_assert_true(g_getenv("QUOIN_SEED") || executed > 100 * ROUNDS); /* else the code stops before it does anything */
    soft_down(&plain, NULL);
    soft_down(&fast, NULL);
}

/* --- what each engine has to notice by itself --- */

static const SoftEngine *const engines[] = {
    &soft_plain,
    &soft_fast,
#if HAVE_JIT
    &soft_jit,
#endif
};

/* tlbwe gives the page that executes another physical page: the next instruction comes from there. */
static void a_page_mapped_anew_is_executed_at_once(void)
{
    FOR_ROWS (i, engines) {
        SoftFixture f;
        soft_up_engine(&f, "e500mc", true, engines[i]);
        E500 *c = soft_core(&f, 0);
        soft_put_word(&f, 0x8000, insn_info[INSN_tlbwe].match);
        soft_put_word(&f, 0x8004, word_d(INSN_addi, 3, 0, 1));
        soft_put_word(&f, 0x9004, word_d(INSN_addi, 3, 0, 2));
        fixture_map(c, 2, 1, 0x40000000, 0x8000, 0, MAP_ALL);
        c->s.spr[SPR_MAS3] = 0x9000 | MAP_ALL; /* MAS0 to MAS2 are still those of the entry */
        c->s.pc = 0x40000000;
        soft_run_for(&f, 0, 2);
        g_assert_cmphex(c->s.pc, ==, 0x40000008);
        g_assert_cmpuint(c->s.gpr[3].w, ==, 2);
        soft_down(&f, NULL);
    }
}

/* A store to the very next instruction, after that one was executed before. */
static void a_word_stored_is_executed_at_once(void)
{
    FOR_ROWS (i, engines) {
        SoftFixture f;
        soft_up_engine(&f, "e500mc", true, engines[i]);
        E500 *c = soft_core(&f, 0);
        soft_put_word(&f, SOFT_CODE, word_d(INSN_stw, 5, 0, SOFT_CODE + 4));
        soft_put_word(&f, SOFT_CODE + 4, word_d(INSN_addi, 3, 0, 1));
        soft_put_word(&f, SOFT_CODE + 8, insn_info[INSN_b].match | (-8 & 0x03fffffc));
        c->s.gpr[5].w = word_d(INSN_addi, 3, 0, 1);
        soft_run_for(&f, 0, 3);
        g_assert_cmpuint(c->s.gpr[3].w, ==, 1);
        c->s.gpr[5].w = word_d(INSN_addi, 3, 0, 2);
        soft_run_for(&f, 0, 2);
        g_assert_cmpuint(c->s.gpr[3].w, ==, 2);
        soft_down(&f, NULL);
    }
}

UNIT_TESTS(engine)
{
    g_test_add_func("/engine/a-page-mapped-anew-is-executed-at-once", a_page_mapped_anew_is_executed_at_once);
    g_test_add_func("/engine/a-word-stored-is-executed-at-once", a_word_stored_is_executed_at_once);
    TEST("/engine/forms-do-what-their-rows-do", forms_do_what_their_rows_do);
    static const Pair pairs[] = {
        {"e500mc", &soft_fast},
        {"e500v2", &soft_fast},
#if HAVE_JIT
        {"e500mc", &soft_jit},
        {"e500v2", &soft_jit},
#endif
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *path =
            g_strdup_printf("/engine/engines-agree-on-random-code/%s/%s", pairs[i].engine->name, pairs[i].model);
        g_test_add_data_func(path, &pairs[i], engines_agree_on_random_code);
    }
}
