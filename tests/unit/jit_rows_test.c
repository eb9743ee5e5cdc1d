/* SPDX-License-Identifier: MIT
 *
 * The translator against the plain engine, row by row of insn.def: short blocks of one row, with random operands and states.  Every seed is
 * printed; QUOIN_SEED=n repeats one.
 */
#include "tests/unit/jit_pair.h"
#include "tests/unit/unit.h"

#if HAVE_JIT
#include "cpu/e500/exec_fp.h"
#include "cpu/e500/granule.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/ram.h"

enum { SAMPLES = 40, WORDS = 3, DATA = 0x40000, NEAR = 0x9000 };

/* Values at which results change: the same ones again, 0, small ones, the largest. */
static uint32_t random_value(GRand *r)
{
    static const uint32_t edge[] = {0, 1, 2, 31, 32, 33, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
    switch (g_rand_int(r) % 4) {
    case 0:
        return edge[g_rand_int(r) % G_N_ELEMENTS(edge)];
    case 1:
        return g_rand_int(r);
    default: /* an address, at times near the end of a page, or of RAM */
        if (g_rand_int(r) % 32 == 0)
            return SOFT_RAM - 0x110 + g_rand_int(r) % 0x120;
        return DATA + (g_rand_boolean(r) ? g_rand_int(r) % 0x8000 : 0x1000 * (g_rand_int(r) % 4) + 0xff0 + g_rand_int(r) % 32);
    }
}

typedef enum Mood { ANY, ORDINARY, HALF_WAY, BORDER, MOODS } Mood;

/* Doubles at which operations are something else: NaNs, infinities, zeros, denormals, the ends of double and of single, half-way cases. */
static uint64_t random_double(GRand *r, Mood mood)
{
    static const uint64_t edge[] = {
        0,
        UINT64_C(0x7ff0000000000000), /* infinity */
        UINT64_C(0x7ff8000000000000), /* quiet, signalling */
        UINT64_C(0x7ff0000000000001),
        UINT64_C(0x7ff4000020000000), /* with a payload that a single has, too */
        UINT64_C(0x7fefffffffffffff), /* largest and smallest */
        UINT64_C(0x0010000000000000),
        UINT64_C(0x000fffffffffffff),
        UINT64_C(0x0000000000000001),
        UINT64_C(0x47efffffe0000000), /* those of a single, and what rounds to none */
        UINT64_C(0x47effffff0000000),
        UINT64_C(0x3810000000000000),
        UINT64_C(0x380fffffc0000000),
        UINT64_C(0x380fffffffffffff),
        UINT64_C(0x36a0000000000000),
        UINT64_C(0x3ff0000000000000), /* 1, 1 + 2^-52, half-way between singles, 1.5 */
        UINT64_C(0x3ff0000000000001),
        UINT64_C(0x3ff0000010000000),
        UINT64_C(0x3ff0000030000000),
        UINT64_C(0x3ff8000000000000),
        UINT64_C(0x41dfffffffc00000), /* 2^31 - 1, 2^31, 2^31 - 0.5 */
        UINT64_C(0x41e0000000000000),
        UINT64_C(0x41dfffffffe00000),
    };
    /* the ends of double and of single precision, and what multiplies to them */
    static const uint16_t border[] = {1, 512, 1534, 2045, 896, 960, 1087, 1150};
    uint64_t sign = (uint64_t)g_rand_boolean(r) << 63, fraction = (uint64_t)g_rand_int(r) << 32 | g_rand_int(r);
    fraction &= UINT64_C(0xfffffffffffff);
    if (mood == BORDER)
        return sign | (uint64_t)(border[g_rand_int(r) % G_N_ELEMENTS(border)] + g_rand_int(r) % 3 - 1) << 52 |
               (g_rand_boolean(r)   ? fraction & UINT64_C(0xc000000000000)
                : g_rand_boolean(r) ? ~UINT64_C(0) >> 12
                                    : fraction);
    switch (mood == ANY ? g_rand_int(r) % 9 : mood == HALF_WAY ? 5 + g_rand_int(r) % 2 : 4 + g_rand_int(r) % 5) {
    case 0:
    case 1:
        return sign | edge[g_rand_int(r) % G_N_ELEMENTS(edge)];
    case 2: /* anything */
        return sign | (uint64_t)(g_rand_int(r) & 0x7ff) << 52 | fraction;
    case 3: /* a single near the ends of singles */
        return sign | (uint64_t)((g_rand_boolean(r) ? 897 - 30 : 1150 - 30) + g_rand_int(r) % 60) << 52 |
               (fraction & ~UINT64_C(0x1fffffff));
    case 4: /* a single near 1 */
        return sign | (uint64_t)(1023 - 3 + g_rand_int(r) % 7) << 52 | (fraction & ~UINT64_C(0x1fffffff));
    case 5: /* half-way between two, and something small beside it */
        if (g_rand_boolean(r))
            return sign | (uint64_t)(1023 - 70 + g_rand_int(r) % 40) << 52;
        return sign | (uint64_t)1023 << 52 | (fraction & ~UINT64_C(0x1fffffff)) | 0x10000000;
    case 6: /* few bits: sums cancel, products are exact, quotients are half-way */
        if (g_rand_int(r) % 4 == 0)
            return sign;
        return sign | (uint64_t)(1023 - 3 + g_rand_int(r) % 7) << 52 | (fraction & UINT64_C(0xc000000000000));
    default: /* a double near 1 */
        return sign | (uint64_t)(1023 - 3 + g_rand_int(r) % 7) << 52 | fraction;
    }
}

/* Most often what programs have: exceptions off, to nearest.  The summary bits are what they are the summary of. */
static uint32_t random_fpscr(GRand *r)
{
    uint32_t fpscr = g_rand_int(r) & (g_rand_boolean(r) ? 0xffffff00u : 0xffffff00u & ~(uint32_t)(FPSCR_XX | FPSCR_VX_CAUSES));
    if (g_rand_int(r) % 3 == 0)
        fpscr = 0;
    if (g_rand_int(r) % 6 == 0)
        fpscr |= g_rand_int(r) & 0xff;
    return fpscr_summarize(fpscr);
}

static uint32_t random_spefscr(GRand *r)
{
    uint32_t spefscr = g_rand_int(r) % 3 ? g_rand_int(r) & 0xff3fff00u : 0;
    if (g_rand_int(r) % 3 == 0)
        spefscr |= g_rand_int(r) & 0x7f;
    return spefscr;
}

/* Pages that follow one another lie elsewhere in RAM in another order: TLB0's entry comes before the one of TLB1. */
static void shuffle_pages(E500State *s)
{
    for (unsigned n = 0; n < 5; n++) {
        Ea ea = DATA + 0x1000 * n;
        s->tlb0[(ea >> E500_PAGE_BITS) % E500_TLB0_SETS * E500_TLB0_WAYS] =
            (E500TlbEntry){.mas1 = 0x80000000u | 1 << 8, .mas2 = ea, .mas7_3 = (DATA + 0x8000 - 0x1000 * n) | 0x3f};
    }
}

static void random_state(E500State *s, const E500Model *model, GRand *r)
{
    Mood mood = (Mood)(g_rand_int(r) % MOODS);
    uint32_t aligned = g_rand_boolean(r) ? ~7u : UINT32_MAX;
    e500_state_reset(s, model, 0);
    s->pc = SOFT_CODE;
    s->msr = MSR_ME | (g_rand_int(r) % 8 ? MSR_FP | MSR_SPE : 0) | (g_rand_int(r) % 4 ? 0 : MSR_PR) |
             (g_rand_int(r) & (MSR_FE0 | MSR_FE1));
    s->tlb1[0] = (E500TlbEntry){.mas1 = 0xc0000000u | 5 << 8, .mas7_3 = 0x3f};
    if (g_rand_boolean(r))
        shuffle_pages(s);
    s->tlb1[1] = (E500TlbEntry){.mas1 = 0x80000000u | 1 << 8, .mas2 = SOFT_DEVICE, .mas7_3 = SOFT_DEVICE_GPA | 0x3f};
    for (unsigned i = 0; i < 32; i++) {
        s->gpr[i].d = (uint64_t)g_rand_int(r) << 32 | (random_value(r) & aligned);
        if (model->categories & CAT_EFD && i < 16) { /* pairs of singles, or doubles */
            uint64_t high = softfp_to_single(random_double(r, mood)), low = softfp_to_single(random_double(r, mood));
            s->gpr[i].d = g_rand_boolean(r) ? high << 32 | low : random_double(r, mood);
        }
        s->fpr[i] = random_double(r, mood);
    }
    if (model->categories & CAT_FP)
        s->fpscr = random_fpscr(r);
    else
        s->spr[SPR_SPEFSCR] = random_spefscr(r);
    s->cr = g_rand_int(r);
    s->lr = SOFT_CODE + 4 * (g_rand_int(r) % 16);
    s->ctr = g_rand_boolean(r) ? g_rand_int(r) % 3 : SOFT_CODE + 4 * (g_rand_int(r) % 16);
    s->so = (uint8_t)(g_rand_int(r) % 4 == 0);
    s->ov = (uint8_t)g_rand_boolean(r);
    s->ca = (uint8_t)g_rand_boolean(r);
    s->spr[SPR_SRR0] = SOFT_CODE + 4 * (g_rand_int(r) % 16);
    s->spr[SPR_SRR1] = g_rand_int(r) & (MSR_ME | MSR_EE | MSR_PR | MSR_FP | MSR_SPE | MSR_FE0 | MSR_FE1 | MSR_DS);
    for (E500SprSlot slot = SPR_MAS0; slot <= SPR_MAS3; slot++)
        s->spr[slot] = g_rand_int(r) & (slot == SPR_MAS0 ? 0x1003ffffu : UINT32_MAX);
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

static unsigned windows; /* blocks that ran with one */

/* The same block twice: the second time a load or store finds its page in the soft TLB. */
static void try_block(SoftFixture *plain, SoftFixture *jit, const uint32_t *word, unsigned words, unsigned steps, const char *what,
                      GRand *r)
{
    const E500Model *model = soft_core(plain, 0)->model;
    jit_flush(jit_of(soft_core(jit, 0))); /* or its page would be interpreted, as one that is written over again and again */
    for (unsigned twice = 0; twice < 2; twice++) {
        random_state(&plain->state, model, r);
        E500State before = plain->state;
        SoftFixture *both[] = {plain, jit};
        for (unsigned i = 0; i < 2; i++) {
            SoftFixture *f = both[i];
            for (unsigned n = 0; n < 16; n++)
                soft_put_word(f, SOFT_CODE + 4 * n, n < words ? word[n] : insn_info[INSN_b].match);
            accel_soft.vm_ram_written(f->vm, SOFT_CODE, 64);
            f->exit[0] = (VcpuExit){0};
            g_assert_true(accel_soft.vcpu_put_state(f->vcpu[0], &plain->state, STATE_FULL, NULL));
            soft_core(f, 0)->window.again = 0;
            if (twice) /* a write of the MMU's registers dropped all translations; these are found again */
                for (Ea ea = DATA; ea < DATA + 0x5000; ea += 0x1000) {
                    uint8_t value;
                    g_assert_cmpint(e500_load8(soft_core(f, 0), ea, &value), ==, EXEC_NEXT);
                }
            windows += f == jit && soft_core(f, 0)->window.size;
            soft_run_for(f, 0, steps);
        }
        const E500 *x = soft_core(plain, 0), *y = soft_core(jit, 0);
        if (plain->exit[0].kind != jit->exit[0].kind || x->count.instructions != y->count.instructions ||
            memcmp(&x->s, &y->s, sizeof(x->s)))
            pair_fail(plain, jit, word, words, &before, what);
        if (memcmp(plain->ram + DATA, jit->ram + DATA, NEAR)) /* the rest when the test ends: it takes longer than the block */
            pair_fail(plain, jit, word, words, &before, "memory");
    }
}

static void try_row(SoftFixture *plain, SoftFixture *jit, InsnId id, GRand *r)
{
    uint32_t word[WORDS];
    for (unsigned i = 0; i < WORDS; i++)
        word[i] = random_word(id, soft_core(plain, 0)->model, r);
    try_block(plain, jit, word, WORDS, WORDS + 1, insn_info[id].name, r);
}

static void rows_do_what_the_interpreter_does(gconstpointer model_name)
{
    Pair p;

    pair_up(&p, model_name, 0x0b10c000);
    for (unsigned i = 0; i < SOFT_RAM; i++)
        p.plain.ram[i] = p.jit.ram[i] = (uint8_t)(i >= DATA ? g_rand_int(p.r) : 0);
    uint32_t categories = soft_core(&p.plain, 0)->model->categories;
    for (unsigned id = 0; id < INSN_ILLEGAL; id++)
        for (unsigned n = 0; n < SAMPLES && (categories & insn_info[id].categories) == insn_info[id].categories; n++)
            try_row(&p.plain, &p.jit, (InsnId)id, p.r);
    g_assert_cmpuint(((Jit *)((SoftVcpu *)p.jit.vcpu[0])->engine_data)->stats.blocks, >, SAMPLES); /* else nothing was compared */
    pair_down(&p);
}

/* --- blocks of floating point: what an instruction leaves to the next one --- */

enum { BLOCK = 12, BLOCKS = 3500, CATS_FLOAT = CAT_FP | CAT_SPE | CAT_EFS | CAT_EFD };

typedef struct FloatRun {
    const char *model;
    bool called; /* as on a host that lacks what it takes to do otherwise */
} FloatRun;

static InsnId random_fp_row(const E500Model *model, GRand *r)
{
    while (true) {
        InsnId id = (InsnId)(g_rand_int(r) % INSN_ILLEGAL);
        const InsnInfo *row = &insn_info[id];
        bool has = row->categories & CATS_FLOAT && (model->categories & row->categories) == row->categories;
        if (has && (row->cls == IC_FP || row->cls == IC_EFP || g_rand_int(r) % 8 == 0))
            return id;
    }
}

/* Four registers for all: each is read and written again and again.  Rc only now and then. */
static uint32_t random_fp_word(const E500Model *model, GRand *r)
{
    InsnId id = random_fp_row(model, r);
    uint32_t free_bits = ~insn_info[id].mask & ~insn_reserved(id, model);
    uint32_t word = insn_info[id].match | (g_rand_int(r) & free_bits &
                                           ~(28u << 21 | 28u << 16 | 28u << 11 | (insn_info[id].cls == IC_FP ? 28u << 6 : 0)));
    if (insn_info[id].cls == IC_FP_LOAD || insn_info[id].cls == IC_FP_STORE) /* most addresses are good */
        word = insn_info[id].match | (word & free_bits & ~0xff03u);
    if (g_rand_int(r) % 16)
        word = (word & ~insn_flag_bits(insn_info[id].flags)) | insn_info[id].match;
    if (id == INSN_mtfsf && g_rand_boolean(r))
        word |= 0xffu << 17;
    return word;
}

static void floating_point_blocks_do_what_the_interpreter_does(gconstpointer data)
{
    const FloatRun *run = data;
    Pair p;

    jit_fp = !run->called;
    pair_up(&p, run->model, 0x0f10a700);
    jit_fp = true;
    for (unsigned i = DATA; i < SOFT_RAM; i += 8) { /* doubles, or singles */
        uint64_t v = GUINT64_TO_BE(random_double(p.r, ANY));
        uint32_t single[] = {GUINT32_TO_BE(softfp_to_single(random_double(p.r, ANY))),
                             GUINT32_TO_BE(softfp_to_single(random_double(p.r, ANY)))};
        memcpy(p.plain.ram + i, g_rand_boolean(p.r) ? (const void *)&v : single, 8);
        memcpy(p.jit.ram + i, p.plain.ram + i, 8);
    }
    for (unsigned n = 0; n < BLOCKS; n++) {
        uint32_t word[BLOCK];
        unsigned words = 1 + g_rand_int(p.r) % BLOCK;
        for (unsigned i = 0; i < words; i++)
            word[i] = random_fp_word(soft_core(&p.plain, 0)->model, p.r);
        try_block(&p.plain, &p.jit, word, words, words + 1, "a block", p.r);
    }
    pair_down(&p);
}

/* --- blocks of accesses from few registers: groups of them, and what ends a group --- */

/* A base register, or one of four that hold data. */
static unsigned random_register(GRand *r, bool base)
{
    return (base ? 1 : 4) + g_rand_int(r) % (base ? 3 : 4);
}

static uint32_t random_access_word(GRand *r)
{
    static const InsnId access[] = {INSN_lwz, INSN_lwz, INSN_stw, INSN_stw,  INSN_lbz,  INSN_stb, INSN_lhz,
                                    INSN_lha, INSN_sth, INSN_lfd, INSN_stfd, INSN_lwzu, INSN_stwu};
    int distance = (int)(g_rand_int(r) % 48) - 8;
    return word_d(access[g_rand_int(r) % G_N_ELEMENTS(access)], random_register(r, false), random_register(r, true),
                  g_rand_int(r) % 8 ? distance * 4 : distance);
}

static uint32_t random_other_word(const E500Model *model, GRand *r)
{
    switch (g_rand_int(r) % 10) {
    case 0: /* a base moves on */
    case 1: {
        unsigned base = random_register(r, true);
        return word_d(INSN_addi, g_rand_boolean(r) ? base : random_register(r, true), base, (int)(g_rand_int(r) % 64) * 4 - 64);
    }
    case 2: /* mr */ {
        unsigned from = random_register(r, true);
        return word_x(INSN_or, from, random_register(r, true), from);
    }
    case 3: /* another base */
        return word_x(INSN_or, random_register(r, true), random_register(r, true), random_register(r, true));
    case 4:
        return word_x(INSN_dcbz, 0, 0, random_register(r, true));
    case 8:
    case 9:
        return word_x(g_rand_boolean(r) ? INSN_lwarx : INSN_stwcx, random_register(r, false), 0, random_register(r, true));
    case 5:
        return word_x(INSN_cmp, g_rand_int(r) % 8 << 2, random_register(r, false), random_register(r, false));
    case 6: /* bc to the next instruction but one, on any bit of CR */
        return insn_info[INSN_bc].match | (g_rand_boolean(r) ? 12u : 4u) << 21 | g_rand_int(r) % 32 << 16 | 8;
    default: {
        static const InsnId cr[] = {INSN_mfcr, INSN_mtcrf, INSN_crxor, INSN_creqv, INSN_cror, INSN_crandc};
        InsnId id = cr[g_rand_int(r) % G_N_ELEMENTS(cr)];
        bool moves = id == INSN_mfcr || id == INSN_mtcrf;
        uint32_t word = insn_info[id].match | (g_rand_int(r) & ~insn_info[id].mask & ~insn_reserved(id, model));
        if (!moves && g_rand_boolean(r)) /* a bit combined with itself: crclr, crset */
            word = (word & ~(31u << 11)) | (word >> 16 & 31) << 11;
        return moves ? (word & ~(31u << 21)) | random_register(r, false) << 21 : word;
    }
    }
}

/* A page counts its stores, or does not. */
static void change_pages(SoftFixture *f, uint32_t which)
{
    E500Vm *vm = &((SoftVm *)f->vm)->e500;
    for (unsigned n = 0; n < 9; n++) {
        uint64_t gpa = DATA + 0x1000 * n;
        if (which >> n & 1)
            e500_page_flag_set(vm, soft_core(f, 0), gpa, E500_PAGE_SIZE, PAGE_RESERVED);
        else
            e500_page_flag_clear(vm, gpa, E500_PAGE_SIZE, PAGE_RESERVED | PAGE_SETTLED);
    }
}

/* The first core as if it were alone: then nobody counts stores, and its reservations are translated. */
static void leave_alone(SoftFixture *f)
{
    g_clear_pointer(&((SoftVm *)f->vm)->e500.granules, g_free);
}

typedef struct AccessRun {
    const char *model;
    bool alone;
} AccessRun;

static void blocks_of_accesses_do_what_the_interpreter_does(gconstpointer data)
{
    const AccessRun *run = data;
    Pair p;

    pair_up(&p, run->model, 0x0ace5500);
    windows = 0;
    if (run->alone) {
        leave_alone(&p.plain);
        leave_alone(&p.jit);
    }
    for (unsigned i = DATA; i < SOFT_RAM; i++)
        p.plain.ram[i] = p.jit.ram[i] = (uint8_t)g_rand_int(p.r);
    for (unsigned n = 0; n < BLOCKS; n++) {
        uint32_t word[BLOCK];
        unsigned words = 3 + g_rand_int(p.r) % (BLOCK - 2);
        for (unsigned i = 0; i < words; i++)
            word[i] = g_rand_int(p.r) % 4 ? random_access_word(p.r) : random_other_word(soft_core(&p.plain, 0)->model, p.r);
        uint32_t which = g_rand_int(p.r);
        if (!run->alone) {
            change_pages(&p.plain, which);
            change_pages(&p.jit, which);
        }
        try_block(&p.plain, &p.jit, word, words, words + 1, "a block", p.r);
    }
    g_assert_cmpuint(windows, >, BLOCKS / 8);
    /* Each store counted once, and in the right granule. */
    size_t size = run->alone ? 0 : E500_GRANULES * sizeof(uintptr_t);
    if (size)
        g_assert_cmpmem(((SoftVm *)p.plain.vm)->e500.granules, size, ((SoftVm *)p.jit.vm)->e500.granules, size);
    pair_down(&p);
}
#endif

UNIT_TESTS(jit_rows)
{
#if HAVE_JIT
    static const AccessRun mc = {"e500mc", false}, v2 = {"e500v2", false}, alone = {"e500mc", true};
    g_test_add_data_func("/jit/blocks-of-accesses-do-what-the-interpreter-does/e500mc", &mc,
                         blocks_of_accesses_do_what_the_interpreter_does);
    g_test_add_data_func("/jit/blocks-of-accesses-do-what-the-interpreter-does/e500v2", &v2,
                         blocks_of_accesses_do_what_the_interpreter_does);
    g_test_add_data_func("/jit/blocks-of-accesses-do-what-the-interpreter-does/alone", &alone,
                         blocks_of_accesses_do_what_the_interpreter_does);
    g_test_add_data_func("/jit/rows-do-what-the-interpreter-does/e500mc", "e500mc", rows_do_what_the_interpreter_does);
    static const FloatRun inline_ = {"e500mc", false}, called = {"e500mc", true}, spe = {"e500v2", false};
    g_test_add_data_func("/jit/floating-point-blocks-do-what-the-interpreter-does/inline", &inline_,
                         floating_point_blocks_do_what_the_interpreter_does);
    g_test_add_data_func("/jit/floating-point-blocks-do-what-the-interpreter-does/called", &called,
                         floating_point_blocks_do_what_the_interpreter_does);
    g_test_add_data_func("/jit/floating-point-blocks-do-what-the-interpreter-does/spe", &spe,
                         floating_point_blocks_do_what_the_interpreter_does);
    g_test_add_data_func("/jit/rows-do-what-the-interpreter-does/e500v2", "e500v2", rows_do_what_the_interpreter_does);
#endif
}
