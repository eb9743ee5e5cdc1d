/* SPDX-License-Identifier: MIT
 *
 * The plain engine and the translator side by side, for tests that give both the same code and state.  Every seed is printed; QUOIN_SEED=n
 * repeats one.
 */
#pragma once

#include <inttypes.h>
#include <stdlib.h>

#include "cpu/jit/jit.h"
#include "tests/unit/soft_fixture.h"

/* An interpreter and the translator, which get the same code and state, and the source of what is random in these. */
typedef struct Pair {
    SoftFixture plain, jit;
    GRand *r;
} Pair;

static inline void pair_up(Pair *p, const char *model, guint32 seed)
{
    const char *wanted = g_getenv("QUOIN_SEED");
    if (wanted)
        seed = (guint32)strtoul(wanted, NULL, 0);
    g_test_message("QUOIN_SEED=0x%x", seed);
    p->r = g_rand_new_with_seed(seed);
    jit_hot = 0;
    soft_up_engine(&p->plain, model, true, &soft_plain);
    soft_up_engine(&p->jit, model, true, &soft_jit);
}

static inline void pair_down(Pair *p)
{
    g_assert_cmpmem(p->plain.ram, SOFT_RAM, p->jit.ram, SOFT_RAM);
    soft_down(&p->plain, NULL);
    soft_down(&p->jit, NULL);
    g_rand_free(p->r);
}

static inline void pair_fail(const SoftFixture *a, const SoftFixture *b, const uint32_t *word, unsigned words,
                             const E500State *before, const char *what)
{
    const E500 *x = soft_core((SoftFixture *)a, 0), *y = soft_core((SoftFixture *)b, 0);
    for (unsigned i = 0; i < words; i++) {
        char text[96];
        insn_disassemble(word[i], x->model, SOFT_CODE + 4 * i, text, sizeof(text));
        g_test_message("%08x %s", word[i], text);
    }
    for (unsigned i = 0; i < 32; i++)
        if (x->s.gpr[i].d != y->s.gpr[i].d)
            g_test_message("r%u: %016" PRIx64 ", translated %016" PRIx64, i, x->s.gpr[i].d, y->s.gpr[i].d);
    for (unsigned i = 0; i < 32; i++)
        if (x->s.fpr[i] != y->s.fpr[i])
            g_test_message("f%u: %016" PRIx64 ", translated %016" PRIx64, i, x->s.fpr[i], y->s.fpr[i]);
    for (unsigned i = 0; i < 4; i++)
        g_test_message("before: f%u %016" PRIx64, i, before->fpr[i]);
    for (unsigned i = 0; i < 32; i++)
        g_test_message("before: r%u %016" PRIx64, i, before->gpr[i].d);
    g_test_message("SPEFSCR 0x%08x before, 0x%08x, translated 0x%08x", before->spr[SPR_SPEFSCR], x->s.spr[SPR_SPEFSCR],
                   y->s.spr[SPR_SPEFSCR]);
    g_test_message("FPSCR 0x%08x before, 0x%08x, translated 0x%08x", before->fpscr, x->s.fpscr, y->s.fpscr);
    g_error("%s: pc 0x%08x cr 0x%08x xer 0x%08x done %" PRIu64 ", translated 0x%08x 0x%08x 0x%08x %" PRIu64, what, x->s.pc, x->s.cr,
            e500_xer(&x->s), x->count.instructions, y->s.pc, y->s.cr, e500_xer(&y->s), y->count.instructions);
}
