/* SPDX-License-Identifier: MIT
 *
 * Calls and returns of translated code, whose way back is predicted, against the plain engine: functions that call each other in two pages,
 * return elsewhere, write over each other's code, and switch the PID, which decides what the second page is: a supervisor by itself, a user by
 * a system call.
 */
#include "tests/unit/unit.h"

#if HAVE_JIT
#include "cpu/e500/spr.h"
#include "tests/unit/jit_pair.h"

enum {
    FUNCTIONS = 11,
    WORDS = 16,               /* of a function */
    FIRST = SOFT_RAM - 0x100, /* effective: four functions up to the end of RAM, and the others in the page behind it */
    PAGE = 0x6000,            /* that one's physical address with PID 1; the next page's with PID 2 */
    SPINS = 0x800,            /* b . */
    HANDLER = 0xf00,
    PROGRAMS = 800,
};
/* Registers: two that count, one for addresses, what each function came from, a base of each page, a word of code, two PIDs */
enum { R_COUNT = 3, R_ADDRESS = 12, R_LR = 14, R_OTHER = 27, R_FIRST = 28, R_WORD = 29, R_PIDS = 30 };

static uint32_t spr_word(InsnId id, unsigned reg, unsigned spr)
{
    return insn_info[id].match | reg << 21 | (spr & 31) << 16 | (spr >> 5) << 11;
}

static uint32_t counts(GRand *r)
{
    unsigned reg = R_COUNT + g_rand_int(r) % 2;
    return word_d(INSN_addi, reg, reg, 1 + (int)(g_rand_int(r) % 1000));
}

/* A call of a later function, by its distance or by CTR. */
static unsigned call(uint32_t *word, unsigned n, unsigned at, GRand *r)
{
    unsigned to = n + 1 + g_rand_int(r) % (FUNCTIONS - n - 1);
    Ea target = FIRST + 4 * WORDS * to;

    if (g_rand_int(r) % 3) {
        word[0] = insn_info[INSN_b].match | ((target - (FIRST + 4 * (WORDS * n + at))) & 0x03fffffc) | 1;
        return 1;
    }
    word[0] = word_d(INSN_addis, R_ADDRESS, 0, (int)(target >> 16));
    word[1] = word_d(INSN_ori, R_ADDRESS, R_ADDRESS, (int)(target & 0xffff));
    word[2] = spr_word(INSN_mtspr, R_ADDRESS, SPRNO_CTR);
    word[3] = insn_info[INSN_bcctr].match | 20 << 21 | 1;
    return 4;
}

static unsigned anything(uint32_t *word, unsigned n, unsigned at, bool is_user, GRand *r)
{
    unsigned what = g_rand_int(r) % 64;

    switch (what < 3 ? what : 3 + what % 8) {
    case 0: /* a word of a function is written over */
        *word = word_d(INSN_stw, R_WORD, R_FIRST, 0xf00 + (int)(g_rand_int(r) % (4 * WORDS)) * 4);
        return 1;
    case 1:
        *word = word_d(INSN_stw, R_WORD, R_OTHER, (int)(g_rand_int(r) % (7 * WORDS)) * 4 + (g_rand_boolean(r) ? 0x1000 : 0));
        return 1;
    case 2:
        *word = is_user ? insn_info[INSN_sc].match : spr_word(INSN_mtspr, R_PIDS + g_rand_int(r) % 2, SPRNO_PID);
        return 1;
    case 3: /* where am I? */
        *word = insn_info[INSN_bc].match | 20 << 21 | 31 << 16 | 4 | 1;
        return 1;
    case 4: /* bclr, on a bit of CR; CR changes */
        *word = insn_info[INSN_bclr].match | (g_rand_boolean(r) ? 12u : 4u) << 21 | g_rand_int(r) % 4 << 16;
        return 1;
    case 5:
        *word = word_d(INSN_cmpi, 0, R_COUNT, (int)(g_rand_int(r) % 4000));
        return 1;
    case 6:
    case 7:
        if (n + 1 < FUNCTIONS && at + 4 < WORDS - 3)
            return call(word, n, at, r);
        break;
    }
    *word = counts(r);
    return 1;
}

static void make_function(uint32_t *word, unsigned n, bool is_user, GRand *r)
{
    unsigned at = 0;

    word[at++] = spr_word(INSN_mfspr, R_LR + n, SPRNO_LR);
    while (at < WORDS - 3)
        at += anything(word + at, n, at, is_user, r);
    word[at++] = g_rand_int(r) % 8 ? counts(r) : word_d(INSN_addi, R_LR + n, R_LR + n, (int)(g_rand_int(r) % 5) * 4 - 8);
    word[at++] = spr_word(INSN_mtspr, R_LR + n, SPRNO_LR);
    word[at++] = insn_info[INSN_bclr].match | 20 << 21;
}

/* A system call switches to one of the two PIDs, by what has been counted. */
static void put_handler(SoftFixture *f)
{
    const uint32_t word[] = {
        insn_info[INSN_rlwinm].match | R_COUNT << 21 | R_ADDRESS << 16 | 27 << 11 | 31 << 6 | 31 << 1, /* bit 0x20 */
        word_d(INSN_addi, R_ADDRESS, R_ADDRESS, 1),
        spr_word(INSN_mtspr, R_ADDRESS, SPRNO_PID),
        insn_info[INSN_rfi].match,
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(word); i++)
        soft_put_word(f, HANDLER + 4 * i, word[i]);
}

static void put_code(SoftFixture *f, const uint32_t *word)
{
    for (unsigned i = 0; i < FUNCTIONS * WORDS; i++)
        if (i < 4 * WORDS)
            soft_put_word(f, FIRST + 4 * i, word[i]);
        else /* the same function, but for what it counts */
            for (unsigned pid = 0; pid < 2; pid++)
                soft_put_word(f, PAGE + 0x1000 * pid + 4 * (i - 4 * WORDS),
                              word[i] ^ (pid && word[i] >> 26 == 14 && (word[i] >> 21 & 31) < 8 ? 0x1000 : 0));
    for (Ea ea = SPINS; ea < SPINS + 0x800; ea += 4)
        soft_put_word(f, ea, insn_info[INSN_b].match);
    put_handler(f);
    accel_soft.vm_ram_written(f->vm, 0, SOFT_RAM);
}

static void make_state(E500State *s, const E500Model *model, bool is_user, GRand *r)
{
    e500_state_reset(s, model, 0);
    s->pc = FIRST;
    s->lr = FIRST; /* again and again: a call has to be linked before it is one of the host's */
    s->msr = MSR_ME | (is_user ? MSR_PR : 0);
    s->tlb1[0] = (E500TlbEntry){.mas1 = 0xc0000000u | 5 << 8, .mas7_3 = 0x3f};
    for (unsigned pid = 1; pid < 3; pid++) /* set 0 */
        s->tlb0[pid] =
            (E500TlbEntry){.mas1 = MAS1_V | pid << 16 | 1 << 8, .mas2 = SOFT_RAM, .mas7_3 = (PAGE + 0x1000 * (pid - 1)) | 0x3f};
    s->spr[SPR_PID] = 1;
    s->gpr[R_FIRST].w = FIRST & EA_PAGE_MASK;
    s->gpr[R_OTHER].w = PAGE;
    s->gpr[R_WORD].w = counts(r);
    s->gpr[R_PIDS].w = 1;
    s->gpr[R_PIDS + 1].w = 2;
    for (E500SprSlot slot = SPR_IVOR0; slot <= SPR_IVOR15; slot++)
        s->spr[slot] = SPINS + 0x400;
    s->spr[SPR_IVOR8] = HANDLER;
}

static void compare(const Pair *p, const E500State *before, const uint32_t *word)
{
    const E500 *x = soft_core((SoftFixture *)&p->plain, 0), *y = soft_core((SoftFixture *)&p->jit, 0);

    if (x->count.instructions != y->count.instructions || memcmp(&x->s, &y->s, sizeof(x->s)) ||
        memcmp(p->plain.ram, p->jit.ram, SOFT_RAM))
        pair_fail(&p->plain, &p->jit, word, FUNCTIONS * WORDS, before, "functions");
}

static void run_both(Pair *p, const uint32_t *word, bool is_user)
{
    SoftFixture *both[] = {&p->plain, &p->jit};
    make_state(&p->plain.state, soft_core(&p->plain, 0)->model, is_user, p->r);
    E500State before = p->plain.state;

    for (unsigned i = 0; i < 2; i++) {
        put_code(both[i], word);
        both[i]->exit[0] = (VcpuExit){0};
        g_assert_true(accel_soft.vcpu_put_state(both[i]->vcpu[0], &before, STATE_FULL, NULL));
    }
    for (unsigned part = 0; part < 3; part++) {
        unsigned n = 1 + g_rand_int(p->r) % 3000;
        for (unsigned i = 0; i < 2; i++)
            soft_run_for(both[i], 0, n);
        compare(p, &before, word);
    }
}

static void calls_come_back_as_in_the_interpreter(void)
{
    Pair p;
    uint32_t word[FUNCTIONS * WORDS];

    pair_up(&p, "e500mc", 0x0ca11500);
    for (unsigned n = 0; n < PROGRAMS; n++) {
        for (unsigned i = 0; i < FUNCTIONS; i++)
            make_function(word + WORDS * i, i, n % 2, p.r);
        jit_flush(jit_of(soft_core(&p.jit, 0)));
        for (unsigned again = 0; again < 2; again++)
            run_both(&p, word, n % 2);
    }
    g_assert_cmpuint(jit_of(soft_core(&p.jit, 0))->stats.links, >, PROGRAMS);
    pair_down(&p);
}

/* A guest that calls and never returns: the host's stack is emptied with each slice. */
static void calls_without_returns_do_no_harm(void)
{
    Pair p;

    pair_up(&p, "e500mc", 0);
    SoftFixture *both[] = {&p.plain, &p.jit};
    for (unsigned i = 0; i < 2; i++) {
        soft_put_word(both[i], SOFT_CODE, word_d(INSN_addi, 3, 3, 1));
        soft_put_word(both[i], SOFT_CODE + 4, insn_info[INSN_b].match | (-4 & 0x03fffffc) | 1);
        soft_run_for(both[i], 0, 1000001);
    }
    g_assert_cmpuint(soft_core(&p.jit, 0)->s.gpr[3].w, ==, soft_core(&p.plain, 0)->s.gpr[3].w);
    g_assert_cmpuint(soft_core(&p.jit, 0)->s.gpr[3].w, >=, 500000);
    pair_down(&p);
}
#endif

UNIT_TESTS(jit_calls)
{
#if HAVE_JIT
    g_test_add_func("/jit/calls-come-back-as-in-the-interpreter", calls_come_back_as_in_the_interpreter);
    g_test_add_func("/jit/calls-without-returns-do-no-harm", calls_without_returns_do_no_harm);
#endif
}
