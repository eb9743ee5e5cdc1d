/* SPDX-License-Identifier: MIT
 *
 * SPE multiplications against a model that reads their names, and embedded floating point against
 * the host's and against the manual's tables of results.
 */
#include <fenv.h>
#include <math.h>

#include "cpu/e500/exec_spe.h"
#include "cpu/e500/insn.h"
#include "cpu/e500/interrupt.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

static E500 *spe_core(Fixture *f)
{
    E500 *c = f->core[0];
    f->vm.model = c->model = e500_model_find("e500v2");
    c->s.msr = MSR_SPE;
    return c;
}

static ExecResult execute(E500 *c, InsnId id, unsigned rt, unsigned ra, unsigned rb)
{
    Insn in;
    insn_decode(insn_info[id].match | rt << 21 | ra << 16 | rb << 11, c->model, &in);
    g_assert_cmpuint(in.id, ==, id);
    return insn_exec[id](c, &in);
}

/* --- multiplication: the model, where the compiler has integers of twice 64 bits --- */

#ifdef __SIZEOF_INT128__
static uint64_t random64(GRand *r)
{
    static const uint32_t edges[] = {0, 1, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x80008000};
    uint64_t v = 0;
    for (unsigned i = 0; i < 2; i++)
        v = v << 32 | (g_rand_int_range(r, 0, 3) ? g_rand_int(r) : edges[g_rand_int_range(r, 0, G_N_ELEMENTS(edges))]);
    return v;
}

typedef __int128 Int;

typedef struct Model {
    uint64_t result, acc;
    bool over_h, over_l, tells;
} Model;

static Int element(uint64_t v, unsigned lsb, unsigned bits, bool is_signed)
{
    uint64_t field = v >> lsb & (UINT64_MAX >> (64 - bits));
    return is_signed && field >> (bits - 1) ? (Int)field - ((Int)1 << bits) : (Int)field;
}

static Int clamp(Int v, unsigned bits, bool is_signed, bool *over)
{
    Int low = is_signed ? -((Int)1 << (bits - 1)) : 0;
    Int high = is_signed ? ((Int)1 << (bits - 1)) - 1 : ((Int)1 << bits) - 1;
    *over |= v < low || v > high;
    return v < low ? low : v > high ? high : v;
}

/* "evm" h|w, e|o|h|l, g?, s|u, s|m, i|f, then nothing, a, aa, an, aaw, anw. */
static Model model(const char *name, uint64_t a, uint64_t b, uint64_t acc)
{
    const char *p = name + 3;
    bool halves = *p++ == 'h', whole_words = !halves && *p != 'h' && *p != 'l';
    char part = whole_words ? '-' : *p++;
    bool guarded = halves && *p == 'g' && p++;
    bool is_signed = *p++ == 's', saturate = *p++ == 's', fraction = *p++ == 'f';
    bool plus = g_str_has_prefix(p, "aa"), minus = g_str_has_prefix(p, "an");
    bool wide = guarded || whole_words;
    Model m = {.acc = acc, .tells = saturate};
    for (unsigned i = 0; i < (wide ? 1u : 2u); i++) {
        unsigned lsb = 32 * i;
        bool *over = i ? &m.over_h : &m.over_l;
        unsigned bits = halves ? 16 : 32, at = lsb + (halves && part == 'e' ? 16 : 0);
        Int product = element(a, at, bits, is_signed) * element(b, at, bits, is_signed);
        if (fraction)
            product *= 2;
        if (fraction && saturate)
            product = clamp(product, 2 * bits, true, over);
        if (part == 'h' && !halves)
            product >>= 32;
        else if (part == 'l')
            product = element((uint64_t)product, 0, 32, is_signed);
        else if (!wide)
            product = element((uint64_t)product, 0, 32, is_signed);
        Int sum = product;
        if (plus || minus) {
            Int before = element(acc, lsb, wide ? 64 : 32, is_signed);
            sum = plus ? before + product : before - product;
            if (saturate && wide)
                clamp(sum, 64, true, over); /* the overflow is recorded, and the sum wraps all the same */
            else if (saturate)
                sum = clamp(sum, 32, is_signed, over);
        }
        m.result |= wide ? (uint64_t)sum : (uint64_t)(uint32_t)sum << lsb;
    }
    if (*p)
        m.acc = m.result;
    return m;
}

static void multiplications_do_what_their_names_say(Fixture *f, gconstpointer unused)
{
    E500 *c = spe_core(f);
    GRand *r = g_rand_new_with_seed(1);
    unsigned rows = 0;
    for (unsigned id = 0; id < INSN_ILLEGAL; id++) {
        const char *name = insn_info[id].name;
        if (!g_str_has_prefix(name, "evm") || insn_info[id].cls != IC_SPE_MULTIPLY || id == INSN_evmra)
            continue;
        rows++;
        for (unsigned n = 0; n < 2000; n++) {
            uint64_t a = random64(r), b = random64(r), acc = random64(r);
            uint32_t before = g_rand_int(r) & (SPEFSCR_SOVH | SPEFSCR_OVH | SPEFSCR_SOV | SPEFSCR_OV);
            Model m = model(name, a, b, acc);
            uint32_t after = before;
            if (m.tells)
                after = (before & (SPEFSCR_SOVH | SPEFSCR_SOV)) | (m.over_h ? SPEFSCR_SOVH | SPEFSCR_OVH : 0) |
                        (m.over_l ? SPEFSCR_SOV | SPEFSCR_OV : 0);
            c->s.gpr[5].d = a;
            c->s.gpr[6].d = b;
            c->s.acc = acc;
            c->s.spr[SPR_SPEFSCR] = before;
            g_assert_cmpint(execute(c, id, 4, 5, 6), ==, EXEC_NEXT);
            if (c->s.gpr[4].d != m.result || c->s.acc != m.acc || c->s.spr[SPR_SPEFSCR] != after)
                g_error("%s %016" G_GINT64_MODIFIER "x %016" G_GINT64_MODIFIER "x acc %016" G_GINT64_MODIFIER
                        "x: %016" G_GINT64_MODIFIER "x, model %016" G_GINT64_MODIFIER "x; SPEFSCR %08x, model %08x",
                        name, a, b, acc, c->s.gpr[4].d, m.result, c->s.spr[SPR_SPEFSCR], after);
        }
    }
    g_assert_cmpuint(rows, ==, 86);
    g_rand_free(r);
}
#endif

/* --- embedded floating point: truncation, guard and sticky --- */

static uint32_t single(float v)
{
    uint32_t w;
    memcpy(&w, &v, 4);
    return w;
}

static float random_float(GRand *r)
{
    uint32_t w = (g_rand_int(r) & 0x807fffff) | (uint32_t)g_rand_int_range(r, 127 - 10, 127 + 10) << 23;
    float v;
    memcpy(&v, &w, 4);
    return v;
}

/* Of doubles that hold the exact result: what is cut off below a single. */
static uint32_t cut_bits(double exact)
{
    uint64_t d;
    memcpy(&d, &exact, 8);
    return (d & 0x10000000 ? SPEFSCR_FG : 0) | (d & 0x0fffffff ? SPEFSCR_FX : 0);
}

static void cut_bits_are_those_below_the_result(Fixture *f, gconstpointer unused)
{
    E500 *c = spe_core(f);
    GRand *r = g_rand_new_with_seed(2);
    for (unsigned n = 0; n < 20000; n++) {
        float x = random_float(r), y = random_float(r);
        bool sum = n & 1;
        volatile double exact = sum ? (double)x + y : (double)x * y;
        for (unsigned frmc = 0; frmc < 2; frmc++) {
            fesetround(frmc ? FE_TOWARDZERO : FE_TONEAREST);
            volatile float rounded = (float)exact;
            fesetround(FE_TONEAREST);
            c->s.gpr[5].w = single(x);
            c->s.gpr[6].w = single(y);
            c->s.spr[SPR_SPEFSCR] = frmc;
            g_assert_cmpint(execute(c, sum ? INSN_efsadd : INSN_efsmul, 4, 5, 6), ==, EXEC_NEXT);
            g_assert_cmphex(c->s.gpr[4].w, ==, single(rounded));
            uint32_t cut = exact == 0 ? 0 : cut_bits(exact);
            g_assert_cmphex(c->s.spr[SPR_SPEFSCR], ==, frmc | cut | (cut ? SPEFSCR_FINXS : 0));
        }
    }
    g_rand_free(r);
}

static void doubles_are_cut_as_the_host_cuts_them(Fixture *f, gconstpointer unused)
{
    static const InsnId ids[] = {INSN_efdadd, INSN_efdsub, INSN_efdmul, INSN_efddiv};
    E500 *c = spe_core(f);
    GRand *r = g_rand_new_with_seed(3);
    for (unsigned n = 0; n < 40000; n++) {
        volatile double x = g_rand_double(r) - 0.5, y = g_rand_double(r) + 0.1, v;
        fesetround(FE_TOWARDZERO);
        v = n % 4 == 0 ? x + y : n % 4 == 1 ? x - y : n % 4 == 2 ? x * y : x / y;
        fesetround(FE_TONEAREST);
        double xs[3] = {x, y, v};
        uint64_t d[3];
        memcpy(d, xs, sizeof d);
        c->s.gpr[5].d = d[0];
        c->s.gpr[6].d = d[1];
        c->s.spr[SPR_SPEFSCR] = 1;
        execute(c, ids[n % 4], 4, 5, 6);
        g_assert_cmphex(c->s.gpr[4].d, ==, d[2]);
    }
    g_rand_free(r);
}

/* --- the tables of results: what an operand is decides (SPE Programming Environments Manual) ---
 */

enum { PLUS_INF = 0x7f800000, A_NAN = 0x7fc00000, TINY_ = 0x00000001, NUMBER = 0x40490fdb, LARGEST = 0x7f7fffff };
static const uint32_t operands[] = {PLUS_INF, A_NAN, TINY_, 0, NUMBER};

typedef struct Expected {
    char kind; /* M: the largest number; 0; A, B: that operand; ?: computed */
    bool invalid, by_zero;
} Expected;

static Expected expected_sum(unsigned a, unsigned b)
{
    bool odd = a < 3 || b < 3;
    if (a < 2 || b < 2)
        return (Expected){'M', true, false};
    if (a == 4 && b == 4)
        return (Expected){'?', false, false};
    return (Expected){a == 4 ? 'A' : b == 4 ? 'B' : '0', odd, false};
}

static Expected expected_product(unsigned a, unsigned b)
{
    bool odd = a < 3 || b < 3, zero = a == 2 || a == 3 || b == 2 || b == 3;
    return (Expected){zero ? '0' : a < 2 || b < 2 ? 'M' : '?', odd, false};
}

static Expected expected_quotient(unsigned a, unsigned b)
{
    bool odd = a < 3 || b < 3;
    if (b < 2)
        return (Expected){'0', true, false};
    if (b == 2 || b == 3)
        return (Expected){'M', odd || a == 3, a == 4 && b == 3};
    return (Expected){a < 2 ? 'M' : a == 4 ? '?' : '0', odd, false};
}

static void edges_yield_the_defaults_of_the_tables(Fixture *f, gconstpointer unused)
{
    static const struct {
        InsnId id;
        Expected (*expected)(unsigned a, unsigned b);
    } operations[] = {{INSN_efsadd, expected_sum}, {INSN_efsmul, expected_product}, {INSN_efsdiv, expected_quotient}};
    E500 *c = spe_core(f);
    FOR_ROWS (o, operations)
        for (unsigned a = 0; a < 5; a++)
            for (unsigned b = 0; b < 5; b++) {
                Expected e = operations[o].expected(a, b);
                c->s.gpr[5].w = operands[a];
                c->s.gpr[6].w = operands[b];
                c->s.spr[SPR_SPEFSCR] = 0;
                g_assert_cmpint(execute(c, operations[o].id, 4, 5, 6), ==, EXEC_NEXT);
                uint32_t status = (e.invalid ? SPEFSCR_FINV | SPEFSCR_FINVS : 0) | (e.by_zero ? SPEFSCR_FDBZ | SPEFSCR_FDBZS : 0);
                if (e.kind == '?')
                    continue;
                g_assert_cmphex(c->s.gpr[4].w, ==, e.kind == 'M' ? LARGEST : e.kind == '0' ? 0 : NUMBER);
                g_assert_cmphex(c->s.spr[SPR_SPEFSCR], ==, status);
            }
}

static void a_data_interrupt_leaves_the_target_alone(Fixture *f, gconstpointer unused)
{
    E500 *c = spe_core(f);
    c->s.gpr[4].d = 0x1111222233334444;
    c->s.gpr[5].d = UINT64_C(0x3f8000007f800000);
    c->s.spr[SPR_SPEFSCR] = SPEFSCR_FINVE;
    g_assert_cmpint(execute(c, INSN_evfsadd, 4, 5, 5), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_SPE_FP_DATA);
    g_assert_cmphex(c->s.gpr[4].d, ==, 0x1111222233334444);
    g_assert_cmphex(c->s.spr[SPR_SPEFSCR], ==, SPEFSCR_FINVE | SPEFSCR_FINV | SPEFSCR_FINVS);
}

static void a_round_interrupt_comes_behind_the_instruction(Fixture *f, gconstpointer unused)
{
    E500 *c = spe_core(f);
    c->s.pc = 0x1000;
    c->s.gpr[5].w = 0x3f800000;
    c->s.gpr[6].w = 0x33800001;
    c->s.spr[SPR_SPEFSCR] = SPEFSCR_FINXE;
    g_assert_cmpint(execute(c, INSN_efsadd, 4, 5, 6), ==, EXEC_TRAP);
    g_assert_true(e500_deliver_trap(c));
    g_assert_cmphex(c->s.spr[SPR_SRR0], ==, 0x1004);
    g_assert_cmphex(c->s.spr[SPR_ESR], ==, ESR_SPE);
    g_assert_cmphex(c->s.gpr[4].w, ==, 0x3f800000); /* truncated */
}

static void elements_have_their_own_byte_order(Fixture *f, gconstpointer unused)
{
    E500 *c = spe_core(f);
    fixture_map(c, 1, 1, 0x40000000, 0x2000, 0, MAP_SUPERVISOR | MAP_LITTLE_ENDIAN);
    for (unsigned i = 0; i < 8; i++)
        f->ram[0x2000 + i] = (uint8_t)(i + 1);
    c->s.gpr[5].w = 0x40000000;
    execute(c, INSN_evlddx, 4, 0, 5);
    g_assert_cmphex(c->s.gpr[4].d, ==, 0x0807060504030201);
    execute(c, INSN_evldwx, 4, 0, 5);
    g_assert_cmphex(c->s.gpr[4].d, ==, 0x0403020108070605);
    execute(c, INSN_evldhx, 4, 0, 5);
    g_assert_cmphex(c->s.gpr[4].d, ==, 0x0201040306050807);
    execute(c, INSN_evstdhx, 4, 0, 5);
    g_assert_cmphex(f->ram[0x2000], ==, 1);
}

static void the_hypercall_is_told_by_r0(Fixture *f, gconstpointer unused)
{
    E500 *c = spe_core(f);
    c->s.gpr[0].w = E500_HCALL_MAGIC;
    c->s.gpr[11].w = 0x2a0101;
    g_assert_cmpint(execute(c, INSN_sc_magic, 0, 0, 0), ==, EXEC_EXIT);
    g_assert_cmpint(f->exit.kind, ==, VCPU_EXIT_EPAPR_HCALL);
    g_assert_cmphex(f->exit.epapr_hcall.nr, ==, 0x2a0101);
    c->s.gpr[0].w = E500_HCALL_MAGIC + 1;
    g_assert_cmpint(execute(c, INSN_sc_magic, 0, 0, 0), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_SYSTEM_CALL);
    c->s.gpr[0].w = E500_HCALL_MAGIC;
    c->s.msr |= MSR_PR;
    g_assert_cmpint(execute(c, INSN_sc_magic, 0, 0, 0), ==, EXEC_TRAP);
    g_assert_cmpint(c->trap.excp, ==, EXCP_SYSTEM_CALL);
}

static void msr_we_sleeps_when_hid0_says_how(Fixture *f, gconstpointer unused)
{
    E500 *c = spe_core(f);
    e500_set_msr(c, MSR_WE);
    g_assert_false(c->s.waiting);
    e500_set_msr(c, 0);
    c->s.spr[SPR_HID0] = HID0_NAP;
    e500_set_msr(c, MSR_WE | MSR_EE);
    g_assert_true(c->s.waiting);
}

UNIT_TESTS(exec_spe)
{
#ifdef __SIZEOF_INT128__
    TEST("/exec-spe/multiplications-do-what-their-names-say", multiplications_do_what_their_names_say);
#endif
    TEST("/exec-spe/elements-have-their-own-byte-order", elements_have_their_own_byte_order);
    TEST("/exec-spe/the-hypercall-is-told-by-r0", the_hypercall_is_told_by_r0);
    TEST("/exec-spe/msr-we-sleeps-when-hid0-says-how", msr_we_sleeps_when_hid0_says_how);
    TEST("/exec-efp/cut-bits-are-those-below-the-result", cut_bits_are_those_below_the_result);
    TEST("/exec-efp/doubles-are-cut-as-the-host-cuts-them", doubles_are_cut_as_the_host_cuts_them);
    TEST("/exec-efp/edges-yield-the-defaults-of-the-tables", edges_yield_the_defaults_of_the_tables);
    TEST("/exec-efp/a-data-interrupt-leaves-the-target-alone", a_data_interrupt_leaves_the_target_alone);
    TEST("/exec-efp/a-round-interrupt-comes-behind-the-instruction", a_round_interrupt_comes_behind_the_instruction);
}
