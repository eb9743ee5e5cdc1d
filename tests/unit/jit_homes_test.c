/* SPDX-License-Identifier: MIT
 *
 * Where the translator keeps registers inside of a block: random blocks that use more registers than the host has, with ways out, accesses
 * that fault and slices that end in their middle.  The plain engine says what is right.
 */
#include "tests/unit/jit_pair.h"
#include "tests/unit/unit.h"

#if HAVE_JIT
enum { BLOCKS = 3000, LONGEST = 60, SLOTS = 64, DATA = 0x40000, DATA_SIZE = 0x9000, VECTORS = 0x8000, BASES = 3 };

static uint32_t word_spr(InsnId id, unsigned rt, unsigned spr)
{
    return insn_info[id].match | rt << 21 | (spr & 31) << 16 | spr >> 5 << 11;
}

/* An interrupt's handler goes on behind the instruction. */
static void put_handlers(SoftFixture *f)
{
    enum { SPRG0 = 272, SRR0 = 26 };
    for (unsigned n = 0; n < 16; n++) {
        Ea at = VECTORS + 0x40 * n;
        soft_put_word(f, at, word_spr(INSN_mtspr, 3, SPRG0));
        soft_put_word(f, at + 4, word_spr(INSN_mfspr, 3, SRR0));
        soft_put_word(f, at + 8, word_d(INSN_addi, 3, 3, 4));
        soft_put_word(f, at + 12, word_spr(INSN_mtspr, 3, SRR0));
        soft_put_word(f, at + 16, word_spr(INSN_mfspr, 3, SPRG0));
        soft_put_word(f, at + 20, insn_info[INSN_rfi].match);
    }
}

/* Registers 1 to BASES hold addresses.  The others that a block uses are few enough to be used again, and more than the host has. */
typedef struct Choice {
    GRand *r;
    unsigned n;
    uint8_t reg[20];
    unsigned accesses; /* of ten instructions */
} Choice;

static void choose(Choice *c)
{
    c->n = 3 + g_rand_int(c->r) % 17;
    c->accesses = 1 + g_rand_int(c->r) % 8;
    for (unsigned i = 0; i < c->n; i++)
        c->reg[i] = (uint8_t)(g_rand_int(c->r) % 8 ? BASES + 1 + g_rand_int(c->r) % (31 - BASES) : g_rand_int(c->r) % 32);
}

static unsigned one(const Choice *c)
{
    return c->reg[g_rand_int(c->r) % c->n];
}

static uint32_t integer_word(const Choice *c)
{
    static const InsnId three[] = {INSN_add, INSN_subf, INSN_and,   INSN_or,    INSN_xor,    INSN_andc,  INSN_orc,   INSN_nand,
                                   INSN_nor, INSN_eqv,  INSN_mullw, INSN_mulhw, INSN_mulhwu, INSN_divw,  INSN_divwu, INSN_slw,
                                   INSN_srw, INSN_sraw, INSN_addc,  INSN_adde,  INSN_subfc,  INSN_subfe, INSN_isel,  INSN_rlwnm};
    static const InsnId immediate[] = {INSN_addi,  INSN_addis, INSN_addic, INSN_addic_rc, INSN_subfic,
                                       INSN_mulli, INSN_ori,   INSN_xoris, INSN_andi};
    static const InsnId two[] = {INSN_cntlzw, INSN_extsb, INSN_extsh, INSN_neg, INSN_addze, INSN_subfme};
    GRand *r = c->r;
    uint32_t rc = g_rand_int(r) % 4 == 0;
    InsnId id;
    switch (g_rand_int(r) % 8) {
    case 0:
    case 1:
    case 2:
        id = three[g_rand_int(r) % G_N_ELEMENTS(three)];
        return word_x(id, one(c), one(c), one(c)) | (id == INSN_isel    ? g_rand_int(r) % 32 << 6
                                                     : id == INSN_rlwnm ? g_rand_int(r) % 1024 << 1
                                                                        : rc);
    case 3:
    case 4:
        return word_d(immediate[g_rand_int(r) % G_N_ELEMENTS(immediate)], one(c), one(c), (int)g_rand_int(r));
    case 5:
        return insn_info[g_rand_boolean(r) ? INSN_rlwinm : INSN_rlwimi].match | one(c) << 21 | one(c) << 16 |
               (g_rand_int(r) % 0x8000) << 1 | rc;
    case 6:
        return word_x(INSN_srawi, one(c), one(c), g_rand_int(r) % 32) | rc;
    default:
        return word_x(two[g_rand_int(r) % G_N_ELEMENTS(two)], one(c), one(c), 0) | rc;
    }
}

static uint32_t access_word(const Choice *c)
{
    static const InsnId near[] = {INSN_lwz, INSN_stw,  INSN_lbz,  INSN_stb,  INSN_lha,
                                  INSN_sth, INSN_lwzu, INSN_stwu, INSN_lbzu, INSN_stbu};
    static const InsnId indexed[] = {INSN_lwzx, INSN_stwx, INSN_lwzux, INSN_stwux, INSN_lwbrx, INSN_stwbrx};
    GRand *r = c->r;
    unsigned base = 1 + g_rand_int(r) % BASES;
    if (g_rand_int(r) % 16 == 0) /* most likely an interrupt */
        base = one(c);
    if (g_rand_int(r) % 4)
        return word_d(near[g_rand_int(r) % G_N_ELEMENTS(near)], one(c), base, (int)(g_rand_int(r) % 64) * 4);
    return word_x(indexed[g_rand_int(r) % G_N_ELEMENTS(indexed)], one(c), base, one(c));
}

static uint32_t compare_word(const Choice *c)
{
    static const InsnId id[] = {INSN_cmp, INSN_cmpl, INSN_cmpi, INSN_cmpli};
    unsigned which = g_rand_int(c->r) % 4, field = g_rand_int(c->r) % 3 * 4;
    return which < 2 ? word_x(id[which], field, one(c), one(c))
                     : word_d(id[which], field, one(c), (int)(g_rand_boolean(c->r) ? 0 : g_rand_int(c->r)));
}

/* bc on one of the first three fields or on CTR, `words` away. */
static uint32_t branch_word(const Choice *c, int words)
{
    static const unsigned bo[] = {12, 4, 12, 4, 16, 18};
    return insn_info[INSN_bc].match | bo[g_rand_int(c->r) % G_N_ELEMENTS(bo)] << 21 | g_rand_int(c->r) % 12 << 16 |
           ((uint32_t)words * 4 & 0xfffc);
}

static uint32_t other_word(const Choice *c)
{
    enum { LR = 8, CTR = 9 };
    unsigned spr = g_rand_boolean(c->r) ? LR : CTR;
    switch (g_rand_int(c->r) % 6) {
    case 0:
        return word_spr(INSN_mtspr, one(c), spr);
    case 1:
        return word_spr(INSN_mfspr, one(c), spr);
    case 2:
        return word_x(INSN_mfcr, one(c), 0, 0);
    case 3: /* the interpreter's, in the middle of a block */
        return word_d(g_rand_boolean(c->r) ? INSN_lmw : INSN_stmw, 24 + g_rand_int(c->r) % 8, 1 + g_rand_int(c->r) % BASES, 0);
    default:
        return word_d(INSN_addi, 1 + g_rand_int(c->r) % BASES, 1 + g_rand_int(c->r) % BASES, (int)(g_rand_int(c->r) % 64) * 4 - 64);
    }
}

static uint32_t any_word(const Choice *c)
{
    if (g_rand_int(c->r) % 10 < c->accesses)
        return access_word(c);
    switch (g_rand_int(c->r) % 8) {
    case 0:
        return compare_word(c);
    case 1:
        return branch_word(c, 2 + (int)(g_rand_int(c->r) % 4));
    case 2:
        return g_rand_boolean(c->r) ? other_word(c) : integer_word(c);
    default:
        return integer_word(c);
    }
}

static void random_state(E500State *s, const E500Model *model, GRand *r)
{
    e500_state_reset(s, model, 0);
    s->pc = SOFT_CODE;
    s->msr = MSR_ME;
    s->tlb1[0] = (E500TlbEntry){.mas1 = 0xc0000000u | 5 << 8, .mas7_3 = 0x3f};
    for (unsigned i = 0; i < 32; i++)
        s->gpr[i].d = (uint64_t)g_rand_int(r) << 32 | (g_rand_int(r) % 4 ? g_rand_int(r) : g_rand_int(r) % 64);
    for (unsigned i = 1; i <= BASES; i++)
        s->gpr[i].w = DATA + (g_rand_boolean(r) ? g_rand_int(r) % (DATA_SIZE - 0x200) / 4 * 4 : 0x1f00 + g_rand_int(r) % 64 * 4);
    s->cr = g_rand_int(r);
    s->ca = (uint8_t)g_rand_boolean(r);
    s->so = (uint8_t)(g_rand_int(r) % 8 == 0);
    s->lr = g_rand_int(r);
    s->ctr = g_rand_int(r) % 4 ? g_rand_int(r) % 40 : g_rand_int(r);
    for (E500SprSlot slot = SPR_IVOR0; slot <= SPR_IVOR15; slot++)
        s->spr[slot] = VECTORS + 0x40u * (unsigned)(slot - SPR_IVOR0);
}

static void put_code(SoftFixture *f, const uint32_t *word, unsigned words)
{
    for (unsigned n = 0; n < SLOTS; n++)
        soft_put_word(f, SOFT_CODE + 4 * n, n < words ? word[n] : insn_info[INSN_b].match);
    put_handlers(f);
    accel_soft.vm_ram_written(f->vm, SOFT_CODE, 4 * SLOTS);
    accel_soft.vm_ram_written(f->vm, VECTORS, 0x400);
}

/* The code from a random state, for so many instructions; then for the rest of them, which begin wherever the first ones ended. */
static void run_both(Pair *p, const uint32_t *word, unsigned words, unsigned first, unsigned rest)
{
    const E500Model *model = soft_core(&p->plain, 0)->model;
    random_state(&p->plain.state, model, p->r);
    E500State before = p->plain.state;
    SoftFixture *both[] = {&p->plain, &p->jit};
    for (unsigned i = 0; i < 2; i++) {
        put_code(both[i], word, words);
        both[i]->exit[0] = (VcpuExit){0};
        g_assert_true(accel_soft.vcpu_put_state(both[i]->vcpu[0], &p->plain.state, STATE_FULL, NULL));
    }
    for (unsigned part = 0; part < 2; part++) {
        for (unsigned i = 0; i < 2; i++)
            soft_run_for(both[i], 0, part ? rest : first);
        const E500 *x = soft_core(&p->plain, 0), *y = soft_core(&p->jit, 0);
        if (p->plain.exit[0].kind != p->jit.exit[0].kind || x->count.instructions != y->count.instructions ||
            memcmp(&x->s, &y->s, sizeof(x->s)))
            pair_fail(&p->plain, &p->jit, word, words, &before, part ? "behind the slice" : "a block");
        if (memcmp(p->plain.ram + DATA, p->jit.ram + DATA, DATA_SIZE))
            pair_fail(&p->plain, &p->jit, word, words, &before, "memory");
    }
}

static void fill_data(Pair *p)
{
    for (unsigned i = DATA; i < SOFT_RAM; i++)
        p->plain.ram[i] = p->jit.ram[i] = (uint8_t)g_rand_int(p->r);
}

static void blocks_of_many_registers_do_what_the_interpreter_does(gconstpointer model_name)
{
    Pair p;

    pair_up(&p, model_name, 0x3dde);
    Choice c = {.r = p.r};
    fill_data(&p);
    for (unsigned n = 0; n < BLOCKS; n++) {
        uint32_t word[LONGEST];
        unsigned words = 4 + g_rand_int(p.r) % (LONGEST - 4);
        choose(&c);
        for (unsigned i = 0; i < words; i++)
            word[i] = any_word(&c);
        if (g_rand_int(p.r) % 4 == 0) { /* a carry that an interrupt sees, and nobody else */
            word[0] = word_d(g_rand_boolean(p.r) ? INSN_subfic : INSN_addic, one(&c), one(&c), (int)g_rand_int(p.r) % 64);
            word[1] = word_d(INSN_lwz, one(&c), one(&c), 0);
            word[2] = word_d(INSN_addic, one(&c), one(&c), 1);
        }
        jit_flush(jit_of(soft_core(&p.jit, 0)));
        for (unsigned again = 0; again < 3; again++)
            run_both(&p, word, words, g_rand_boolean(p.r) ? words + 1 : 1 + g_rand_int(p.r) % (3 * words),
                     1 + g_rand_int(p.r) % words);
    }
    pair_down(&p);
}

/* A comparison is left for later, and the register that was compared is given another one when it is written by who asks. */
static void a_comparison_is_kept_until_its_operand_is_written(gconstpointer model_name)
{
    static const uint8_t pinned[] = {9, 10, 3, 4, 1, 31, 5, 6, 8, 7};
    enum { X = 20, GT_OF_CR0 = 1 << 6 };
    uint32_t word[LONGEST];
    unsigned words = 0;
    Pair p;

    pair_up(&p, model_name, 1);
    fill_data(&p);
    word[words++] = word_d(INSN_cmpi, 0, X, 20);
    for (unsigned i = 0; i < G_N_ELEMENTS(pinned); i++) /* so none of these can be missed until here */
        word[words++] = word_d(INSN_addi, pinned[i], pinned[i], 1);
    word[words++] = word_x(INSN_isel, X, 4, 5) | GT_OF_CR0;
    for (unsigned i = 0; i < 4; i++)
        word[words++] = word_x(INSN_add, X + 1 + i, X, X + i);
    word[words++] = word_d(INSN_cmpi, 0, X + 1, 0);
    for (unsigned again = 0; again < 64; again++)
        run_both(&p, word, words, words + 1, 1);
    pair_down(&p);
}

/* A few instructions, some of which may leave the loop or skip the next one, and a branch back to the begin; slices end everywhere. */
static void loops_do_what_the_interpreter_does(gconstpointer model_name)
{
    Pair p;

    pair_up(&p, model_name, 0x100b5000);
    Choice c = {.r = p.r};
    fill_data(&p);
    for (unsigned n = 0; n < BLOCKS; n++) {
        uint32_t word[LONGEST];
        unsigned words = 1 + g_rand_int(p.r) % 18;
        choose(&c);
        for (unsigned i = 0; i < words; i++)
            word[i] = any_word(&c);
        word[words - 1] =
            g_rand_int(p.r) % 8 ? branch_word(&c, 1 - (int)words) : insn_info[INSN_b].match | ((1 - words) * 4 & 0x3fffffc);
        jit_flush(jit_of(soft_core(&p.jit, 0)));
        for (unsigned again = 0; again < 3; again++)
            run_both(&p, word, words, 1 + g_rand_int(p.r) % 300, 1 + g_rand_int(p.r) % 300);
    }
    pair_down(&p);
}
#endif

UNIT_TESTS(jit_homes)
{
#if HAVE_JIT
    g_test_add_data_func("/jit/blocks-of-many-registers-do-what-the-interpreter-does/e500mc", "e500mc",
                         blocks_of_many_registers_do_what_the_interpreter_does);
    g_test_add_data_func("/jit/blocks-of-many-registers-do-what-the-interpreter-does/e500v2", "e500v2",
                         blocks_of_many_registers_do_what_the_interpreter_does);
    g_test_add_data_func("/jit/a-comparison-is-kept-until-its-operand-is-written", "e500mc",
                         a_comparison_is_kept_until_its_operand_is_written);
    g_test_add_data_func("/jit/loops-do-what-the-interpreter-does/e500mc", "e500mc", loops_do_what_the_interpreter_does);
    g_test_add_data_func("/jit/loops-do-what-the-interpreter-does/e500v2", "e500v2", loops_do_what_the_interpreter_does);
#endif
}
