/* SPDX-License-Identifier: MIT
 *
 * The translator against the plain engine, row by row of insn.def: short blocks of one row, with random operands and states.  Every seed is
 * printed; QUOIN_SEED=n repeats one.
 */
#include "tests/unit/soft_fixture.h"
#include "tests/unit/unit.h"

#if HAVE_JIT
#include <inttypes.h>
#include <stdlib.h>

#include "cpu/e500/mem.h"
#include "cpu/jit/jit.h"

enum { SAMPLES = 60, WORDS = 3, DATA = 0x40000 };

/* Values at which results change: the same ones again, 0, small ones, the largest. */
static uint32_t random_value(GRand *r)
{
    static const uint32_t edge[] = {0, 1, 2, 31, 32, 33, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
    switch (g_rand_int(r) % 4) {
    case 0:
        return edge[g_rand_int(r) % G_N_ELEMENTS(edge)];
    case 1:
        return g_rand_int(r);
    default: /* an address, at times near the end of a page */
        return DATA + (g_rand_boolean(r) ? g_rand_int(r) % 0x8000 : 0x1000 * (g_rand_int(r) % 4) + 0xff0 + g_rand_int(r) % 32);
    }
}

static void random_state(E500State *s, const E500Model *model, GRand *r)
{
    e500_state_reset(s, model, 0);
    s->pc = SOFT_CODE;
    s->msr = MSR_ME | (g_rand_int(r) % 8 ? MSR_FP | MSR_SPE : 0) | (g_rand_int(r) % 4 ? 0 : MSR_PR);
    s->tlb1[0] = (E500TlbEntry){.mas1 = 0xc0000000u | 5 << 8, .mas7_3 = 0x3f};
    s->tlb1[1] = (E500TlbEntry){.mas1 = 0x80000000u | 1 << 8, .mas2 = SOFT_DEVICE, .mas7_3 = SOFT_DEVICE_GPA | 0x3f};
    for (unsigned i = 0; i < 32; i++) {
        s->gpr[i].d = (uint64_t)g_rand_int(r) << 32 | random_value(r);
        s->fpr[i] = (uint64_t)g_rand_int(r) << 32 | g_rand_int(r);
    }
    s->cr = g_rand_int(r);
    s->lr = SOFT_CODE + 4 * (g_rand_int(r) % 16);
    s->ctr = g_rand_boolean(r) ? g_rand_int(r) % 3 : SOFT_CODE + 4 * (g_rand_int(r) % 16);
    s->so = (uint8_t)(g_rand_int(r) % 4 == 0);
    s->ov = (uint8_t)g_rand_boolean(r);
    s->ca = (uint8_t)g_rand_boolean(r);
    for (E500SprSlot slot = SPR_IVOR0; slot <= SPR_IVOR15; slot++)
        s->spr[slot] = 0x8000 + 0x40u * (unsigned)(slot - SPR_IVOR0);
}

static uint32_t random_word(InsnId id, const E500Model *model, GRand *r)
{
    uint32_t word = insn_info[id].match | (g_rand_int(r) & ~insn_info[id].mask & ~insn_reserved(id, model));
    if (g_rand_boolean(r))
        word &= ~insn_flag_bits(insn_info[id].flags) | insn_info[id].match;
    if (g_rand_int(r) % 4 == 0) /* both operands the same register */
        word = insn_info[id].match | (word & ~insn_info[id].mask & ~(31u << 11)) |
               ((word >> 16 & 31) << 11 & ~insn_info[id].mask & ~insn_reserved(id, model));
    if (id == INSN_b)
        word &= ~0x03ffff80u;
    if (id == INSN_bc)
        word &= 0xffff003fu;
    if ((id == INSN_mfspr || id == INSN_mtspr) && g_rand_boolean(r))
        word = (word & ~(1023u << 11)) | (g_rand_boolean(r) ? SPRNO_LR : SPRNO_XER) << 16;
    return word;
}

static void fail(const SoftFixture *a, const SoftFixture *b, const uint32_t *word, const char *what)
{
    const E500 *x = soft_core((SoftFixture *)a, 0), *y = soft_core((SoftFixture *)b, 0);
    for (unsigned i = 0; i < WORDS; i++) {
        char text[96];
        insn_disassemble(word[i], x->model, SOFT_CODE + 4 * i, text, sizeof(text));
        g_test_message("%08x %s", word[i], text);
    }
    for (unsigned i = 0; i < 32; i++)
        if (x->s.gpr[i].d != y->s.gpr[i].d)
            g_test_message("r%u: %016" PRIx64 ", translated %016" PRIx64, i, x->s.gpr[i].d, y->s.gpr[i].d);
    g_error("%s: pc 0x%08x cr 0x%08x xer 0x%08x done %" PRIu64 ", translated 0x%08x 0x%08x 0x%08x %" PRIu64, what, x->s.pc, x->s.cr,
            e500_xer(&x->s), x->count.instructions, y->s.pc, y->s.cr, e500_xer(&y->s), y->count.instructions);
}

/* The same block twice: the second time a load or store finds its page in the soft TLB. */
static void try_row(SoftFixture *plain, SoftFixture *jit, InsnId id, GRand *r)
{
    const E500Model *model = soft_core(plain, 0)->model;
    uint32_t word[WORDS];
    for (unsigned i = 0; i < WORDS; i++)
        word[i] = random_word(id, model, r);
    for (unsigned twice = 0; twice < 2; twice++) {
        random_state(&plain->state, model, r);
        SoftFixture *both[] = {plain, jit};
        for (unsigned i = 0; i < 2; i++) {
            SoftFixture *f = both[i];
            for (unsigned n = 0; n < 16; n++)
                soft_put_word(f, SOFT_CODE + 4 * n, n < WORDS ? word[n] : insn_info[INSN_b].match);
            accel_soft.vm_ram_written(f->vm, SOFT_CODE, 64);
            f->exit[0] = (VcpuExit){0};
            g_assert_true(accel_soft.vcpu_put_state(f->vcpu[0], &plain->state, STATE_FULL, NULL));
            if (twice) /* a write of the MMU's registers dropped all translations; these are found again */
                for (Ea ea = DATA; ea < DATA + 0x5000; ea += 0x1000) {
                    uint8_t value;
                    g_assert_cmpint(e500_load8(soft_core(f, 0), ea, &value), ==, EXEC_NEXT);
                }
            soft_run_for(f, 0, WORDS + 1);
        }
        const E500 *x = soft_core(plain, 0), *y = soft_core(jit, 0);
        if (plain->exit[0].kind != jit->exit[0].kind || x->count.instructions != y->count.instructions ||
            memcmp(&x->s, &y->s, sizeof(x->s)))
            fail(plain, jit, word, insn_info[id].name);
        if (memcmp(plain->ram, jit->ram, SOFT_RAM))
            fail(plain, jit, word, "memory");
    }
}

static void rows_do_what_the_interpreter_does(gconstpointer model_name)
{
    const char *wanted = g_getenv("QUOIN_SEED");
    guint32 seed = wanted ? (guint32)strtoul(wanted, NULL, 0) : 0x0b10c000;
    GRand *r = g_rand_new_with_seed(seed);
    SoftFixture plain, jit;

    g_test_message("QUOIN_SEED=0x%x", seed);
    jit_hot = 0;
    soft_up_engine(&plain, model_name, true, &soft_plain);
    soft_up_engine(&jit, model_name, true, &soft_jit);
    for (unsigned i = 0; i < SOFT_RAM; i++)
        plain.ram[i] = jit.ram[i] = (uint8_t)(i >= DATA ? g_rand_int(r) : 0);
    uint32_t categories = soft_core(&plain, 0)->model->categories;
    for (unsigned id = 0; id < INSN_ILLEGAL; id++)
        for (unsigned n = 0; n < SAMPLES && (categories & insn_info[id].categories) == insn_info[id].categories; n++)
            try_row(&plain, &jit, (InsnId)id, r);
    g_assert_cmpuint(((Jit *)((SoftVcpu *)jit.vcpu[0])->engine_data)->stats.blocks, >, SAMPLES); /* else nothing was compared */
    soft_down(&plain, NULL);
    soft_down(&jit, NULL);
    g_rand_free(r);
}
#endif

UNIT_TESTS(jit_rows)
{
#if HAVE_JIT
    g_test_add_data_func("/jit/rows-do-what-the-interpreter-does/e500mc", "e500mc", rows_do_what_the_interpreter_does);
    g_test_add_data_func("/jit/rows-do-what-the-interpreter-does/e500v2", "e500v2", rows_do_what_the_interpreter_does);
#endif
}
