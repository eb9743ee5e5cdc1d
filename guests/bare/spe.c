/* SPDX-License-Identifier: MIT
 * The e500v2's SPE and embedded floating point: vectors, accumulator, loads and stores, the edges
 * of its arithmetic, and the three interrupts.  SPE Programming Environments Manual; e500 Core
 * Reference Manual. */
#include "guest.h"

#define ONE      0x3f800000u
#define PMAX     0x7f7fffffu
#define INF      0x7f800000u
#define NAN_     0x7fc00000u
#define TINY     0x00800000u /* the smallest normal number */
#define DENORMAL 0x00000001u

/* SPEFSCR */
#define SOVH  0x80000000u
#define OVH   0x40000000u
#define FINVH 0x08000000u
#define FINXS 0x00200000u
#define FINVS 0x00100000u
#define FDBZS 0x00080000u
#define FUNFS 0x00040000u
#define FOVFS 0x00020000u
#define SOV   0x00008000u
#define OV    0x00004000u
#define FG    0x00002000u
#define FX    0x00001000u
#define FINV  0x00000800u
#define FDBZ  0x00000400u
#define FUNF  0x00000200u
#define FOVF  0x00000100u
#define FINXE 0x40u
#define FINVE 0x20u
#define FDBZE 0x10u
#define FUNFE 0x08u
#define FOVFE 0x04u
#define UP    2u

__asm__(".machine e500");

/* r3 → { a, b, accumulator, SPEFSCR before; result, SPEFSCR after, CR }: the instruction works on
 * r5 and r6 into r4. */
typedef struct {
    uint64_t a, b, acc;
    uint32_t fscr_in, fscr_out;
    uint64_t result, acc_out;
    uint32_t cr;
} Spe;

#define SPE_PROBE(name, insn)                                                                      \
    extern const char name[], name##_insn[];                                                       \
    __asm__(".pushsection .text\n\t.balign 16\n\t.globl " #name ", " #name "_insn\n" #name ":\n\t" \
            "evldd 5,0(3); evldd 6,8(3); evldd 7,16(3); evmra 7,7; lwz 7,24(3); mtspr 512,7;"      \
            "evxor 4,4,4; li 7,0; mtcr 7\n" #name "_insn: " insn "\n\t"                            \
            "evstdd 4,32(3); mfcr 7; stw 7,48(3); mfspr 7,512; stw 7,28(3);"                       \
            "evxor 4,4,4; evmwumiaa 4,4,4; evstdd 4,40(3); blr\n\t.popsection")

SPE_PROBE(p_evaddw, "evaddw 4,5,6");
SPE_PROBE(p_evsubfw, "evsubfw 4,5,6");
SPE_PROBE(p_evsubifw, "evsubifw 4,3,5");
SPE_PROBE(p_evmergehilo, "evmergehilo 4,5,6");
SPE_PROBE(p_evmergelohi, "evmergelohi 4,5,6");
SPE_PROBE(p_evslw, "evslw 4,5,6");
SPE_PROBE(p_evsrws, "evsrws 4,5,6");
SPE_PROBE(p_evrlwi, "evrlwi 4,5,8");
SPE_PROBE(p_evsplati, "evsplati 4,-3");
SPE_PROBE(p_evsplatfi, "evsplatfi 4,-16");
SPE_PROBE(p_evcntlsw, "evcntlsw 4,5");
SPE_PROBE(p_evrndw, "evrndw 4,5");
SPE_PROBE(p_evcmpgts, "evcmpgts 2,5,6");
SPE_PROBE(p_evcmpgtu, "evcmpgtu 2,5,6");
SPE_PROBE(p_evsel, "evcmpgts 2,5,6; evsel 4,5,6,2");
SPE_PROBE(p_brinc, "brinc 4,5,6");
SPE_PROBE(p_evmhessf, "evmhessf 4,5,6");
SPE_PROBE(p_evmhossfaaw, "evmhossfaaw 4,5,6");
SPE_PROBE(p_evmhegsmfaa, "evmhegsmfaa 4,5,6");
SPE_PROBE(p_evmhousianw, "evmhousianw 4,5,6");
SPE_PROBE(p_evmwhssfa, "evmwhssfa 4,5,6");
SPE_PROBE(p_evmwlssiaaw, "evmwlssiaaw 4,5,6");
SPE_PROBE(p_evmwsmian, "evmwsmian 4,5,6");
SPE_PROBE(p_evmwssf, "evmwssf 4,5,6");
SPE_PROBE(p_evdivws, "evdivws 4,5,6");
SPE_PROBE(p_evaddssiaaw, "evaddssiaaw 4,5");
SPE_PROBE(p_evsubfusiaaw, "evsubfusiaaw 4,5");
SPE_PROBE(p_efsadd, "efsadd 4,5,6");
SPE_PROBE(p_efssub, "efssub 4,5,6");
SPE_PROBE(p_efsmul, "efsmul 4,5,6");
SPE_PROBE(p_efsdiv, "efsdiv 4,5,6");
SPE_PROBE(p_efscmplt, "efscmplt 2,5,6");
SPE_PROBE(p_efststgt, "efststgt 2,5,6");
SPE_PROBE(p_efsctsi, "efsctsi 4,5");
SPE_PROBE(p_efsctuiz, "efsctuiz 4,5");
SPE_PROBE(p_efsctsf, "efsctsf 4,5");
SPE_PROBE(p_efscfsi, "efscfsi 4,5");
SPE_PROBE(p_efscfd, "efscfd 4,5");
SPE_PROBE(p_efdcfs, "efdcfs 4,5");
SPE_PROBE(p_efdadd, "efdadd 4,5,6");
SPE_PROBE(p_efddiv, "efddiv 4,5,6");
SPE_PROBE(p_efdctsiz, "efdctsiz 4,5");
SPE_PROBE(p_efdneg, "efdneg 4,5");
SPE_PROBE(p_evfsadd, "evfsadd 4,5,6");
SPE_PROBE(p_evfsmul, "evfsmul 4,5,6");
SPE_PROBE(p_evfscmpeq, "evfscmpeq 2,5,6");

static const struct {
    const char *name;
    const void *pc;
    uint64_t a, b, acc;
    uint32_t fscr;
    uint64_t result;
    uint32_t fscr_after;
} rows[] = {
#define ROW(p, ...)            \
    {                          \
#p, p_##p, __VA_ARGS__ \
    }
#define ROW2(p, name, ...)       \
    {                            \
        name, p_##p, __VA_ARGS__ \
    }
    ROW(evaddw, 0x7fffffffffffffffull, 0x0000000100000002ull, 0, 0, 0x8000000000000001ull, 0),
    ROW(evsubfw, 0x0000000100000005ull, 0x0000000000000003ull, 0, 0, 0xfffffffffffffffeull, 0),
    ROW(evsubifw, 0x0000000100000005ull, 0, 0, 0, 0xfffffffe00000002ull, 0),
    ROW(evmergehilo, 0x1111111122222222ull, 0x3333333344444444ull, 0, 0, 0x1111111144444444ull, 0),
    ROW(evmergelohi, 0x1111111122222222ull, 0x3333333344444444ull, 0, 0, 0x2222222233333333ull, 0),
    ROW(evslw, 0x1111111122222222ull, 0x0000002000000004ull, 0, 0, 0x0000000022222220ull, 0),
    ROW(evsrws, 0x8000000080000000ull, 0x0000003f00000004ull, 0, 0, 0xfffffffff8000000ull, 0),
    ROW(evrlwi, 0x1234567889abcdefull, 0, 0, 0, 0x34567812abcdef89ull, 0),
    ROW(evsplati, 0, 0, 0, 0, 0xfffffffdfffffffdull, 0),
    ROW(evsplatfi, 0, 0, 0, 0, 0x8000000080000000ull, 0),
    ROW(evcntlsw, 0xfff0000000000001ull, 0, 0, 0, 0x0000000c0000001full, 0),
    ROW(evrndw, 0x1234800012347fffull, 0, 0, 0, 0x1235000012340000ull, 0),
    ROW(evsel, 0x0000000500000001ull, 0x0000000100000005ull, 0, 0, 0x0000000500000005ull, 0),
    ROW(brinc, 0x00000000, 0xff, 0, 0, 0x80, 0),
    ROW2(brinc, "brinc carries to the right", 0x80, 0xff, 0, 0, 0x40, 0),
    ROW(evmhessf, 0x8000000040000000ull, 0x8000000040000000ull, 0, 0, 0x7fffffff20000000ull, SOVH | OVH),
    ROW(evmhossfaaw, 0x0000400000008000ull, 0x0000400000008000ull, 0x7000000000000001ull, 0, 0x7fffffff7fffffffull,
        SOVH | OVH | SOV | OV),
    ROW(evmhegsmfaa, 0x0000000080000000ull, 0x0000000080000000ull, 0xffffffffffffffffull, 0, 0x000000007fffffffull, 0),
    ROW(evmhousianw, 0x000000020000ffffull, 0x000000030000ffffull, 0x0000000700000000ull, 0, 0x0000000100000000ull, SOV | OV),
    ROW(evmwhssfa, 0x8000000040000000ull, 0x8000000040000000ull, 0, 0, 0x7fffffff20000000ull, SOVH | OVH),
    ROW(evmwlssiaaw, 0x0001000000000003ull, 0x0000800000000004ull, 0xffffffff7fffffffull, 0, 0x800000007fffffffull,
        SOVH | OVH | SOV | OV),
    ROW(evmwsmian, 0x00000000ffffffffull, 0x0000000000000005ull, 0, 0, 5, 0),
    ROW(evmwssf, 0x0000000080000000ull, 0x0000000080000000ull, 0, OVH, 0x7fffffffffffffffull, SOV | OV),
    ROW(evdivws, 0x8000000000000007ull, 0xfffffffffffffffeull, 0, 0, 0x7ffffffffffffffdull, SOVH | OVH),
    ROW(evaddssiaaw, 0x7fffffff80000000ull, 0, 0x0000000100000001ull, 0, 0x7fffffff80000001ull, SOVH | OVH),
    ROW(evsubfusiaaw, 0x0000000200000001ull, 0, 0x0000000100000001ull, 0, 0x0000000000000000ull, SOVH | OVH),
    ROW2(efsadd, "efsadd: exact", ONE, ONE, 0, 0, 0x40000000, 0),
    ROW2(efsadd, "efsadd: a tie goes to even", ONE, 0x33800000, 0, 0, ONE, FG | FINXS),
    ROW2(efsadd, "efsadd: more than a tie goes up", ONE, 0x33800001, 0, 0, ONE + 1, FG | FX | FINXS),
    ROW2(efsadd, "efsadd: to zero", ONE, 0x33800001, 0, 1, ONE, FG | FX | FINXS | 1),
    ROW2(efsadd, "efsadd: infinity is an error, the largest number the result", INF, ONE, 0, 0, PMAX, FINV | FINVS),
    ROW2(efssub, "efssub: of a NaN", ONE, NAN_, 0, 0, PMAX | 0x80000000, FINV | FINVS),
    ROW2(efsadd, "efsadd: a denormal is zero", ONE, DENORMAL, 0, 0, ONE, FINV | FINVS),
    ROW2(efsadd, "efsadd: overflow", PMAX, PMAX, 0, 0, PMAX, FOVF | FOVFS | FINXS),
    ROW2(efsmul, "efsmul: underflow keeps the sign", TINY, 0xbf000000, 0, 0, 0x80000000, FUNF | FUNFS | FINXS),
    ROW2(efsmul, "efsmul: zero times infinity", 0, INF, 0, 0, 0, FINV | FINVS),
    ROW2(efsdiv, "efsdiv: by zero", 0xbf800000, 0, 0, 0, PMAX | 0x80000000, FDBZ | FDBZS),
    ROW2(efsdiv, "efsdiv: zero by zero", 0, 0, 0, 0, PMAX, FINV | FINVS),
    ROW2(efsdiv, "efsdiv: by infinity", ONE, INF, 0, 0, 0, FINV | FINVS),
    ROW2(efsdiv, "efsdiv: a third", ONE, 0x40400000, 0, 0, 0x3eaaaaab, FG | FX | FINXS),
    ROW2(efsctsi, "efsctsi: to nearest", 0x40200000, 0, 0, 0, 2, FG | FINXS),
    ROW2(efsctsi, "efsctsi: too large", 0x4f000000, 0, 0, 0, 0x7fffffff, FINV | FINVS),
    ROW2(efsctsi, "efsctsi: the lowest", 0xcf000000, 0, 0, 0, 0x80000000, 0),
    ROW2(efsctsi, "efsctsi: of a NaN", NAN_, 0, 0, 0, 0, FINV | FINVS),
    ROW2(efsctuiz, "efsctuiz: cuts", 0x40700000, 0, 0, 0, 3, FG | FX | FINXS),
    ROW2(efsctsf, "efsctsf: a half", 0x3f000000, 0, 0, 0, 0x40000000, 0),
    ROW2(efscfsi, "efscfsi: -16777217", 0xfeffffffu, 0, 0, 0, 0xcb800000, FG | FINXS),
    ROW2(efscfd, "efscfd: overflow", 0x47f0000000000000ull, 0, 0, 0, PMAX, FOVF | FOVFS | FINXS),
    ROW2(efscfd, "efscfd: rounds", 0x3ff0000010000000ull, 0, 0, 0, ONE, FG | FINXS),
    ROW2(efdcfs, "efdcfs: exact", 0xc0490fdb, 0, 0, 0, 0xc00921fb60000000ull, 0),
    ROW2(efdcfs, "efdcfs: infinity", INF, 0, 0, 0, 0x7fefffffffffffffull, FINV | FINVS),
    ROW2(efdadd, "efdadd: the last bit", 0x3ff0000000000000ull, 0x3cb0000000000001ull, 0, 0, 0x3ff0000000000001ull, FX | FINXS),
    ROW2(efddiv, "efddiv: two thirds", 0x4000000000000000ull, 0x4008000000000000ull, 0, 0, 0x3fe5555555555555ull, FX | FINXS),
    ROW2(efdctsiz, "efdctsiz: cuts", 0xc01c000000000000ull, 0, 0, 0, 0xfffffff9, 0),
    ROW2(efdneg, "efdneg: of a denormal", 1, 0, 0, 0, 0x8000000000000001ull, FINV | FINVS),
    ROW2(evfsadd, "evfsadd: both", 0x3f80000040000000ull, 0x3f80000040400000ull, 0, 0, 0x4000000040a00000ull, 0),
    ROW2(evfsmul, "evfsmul: an error in the high one", 0x7f80000040000000ull, 0x3f80000040400000ull, 0, 0, 0x7f7fffff40c00000ull,
         FINVH | FINVS),
};

static void check_rows(void)
{
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Spe s = {.a = rows[i].a, .b = rows[i].b, .acc = rows[i].acc, .fscr_in = rows[i].fscr};
        Trap t = trap_run(rows[i].pc, MSR_SPE, (uint32_t)&s, 0, 0, 0);
        bool ok = t.vector == TRAP_NONE && s.result == rows[i].result && s.fscr_out == rows[i].fscr_after;
        if (!ok)
            say("    %s: vector %u, 0x%x%x, SPEFSCR 0x%x\n", rows[i].name, t.vector, (uint32_t)(s.result >> 32), (uint32_t)s.result,
                s.fscr_out);
        report(rows[i].name, ok);
    }
}

static Spe run(const void *pc, uint64_t a, uint64_t b)
{
    Spe s = {.a = a, .b = b};

    trap_run(pc, MSR_SPE, (uint32_t)&s, 0, 0, 0);
    return s;
}

static void comparisons(void)
{
    report_eq("evcmpgts: high, low, either, both", run(p_evcmpgts, 0x0000000100000001ull, 0xffffffff00000002ull).cr, 0x00a00000);
    report_eq("evcmpgtu", run(p_evcmpgtu, 0x0000000100000003ull, 0xffffffff00000002ull).cr, 0x00600000);
    report_eq("efscmplt", run(p_efscmplt, 0xbf800000, ONE).cr & 0x00400000, 0x00400000);
    report_eq("efststgt: a NaN is a large number", run(p_efststgt, NAN_, ONE).cr & 0x00400000, 0x00400000);
    report_eq("evfscmpeq: zeros of both signs are equal", run(p_evfscmpeq, 0x80000000bf800000ull, ONE).cr, 0x00a00000);
    report_eq64("evmwhssfa: into the accumulator too", run(p_evmwhssfa, 0x4000000040000000ull, 0x4000000020000000ull).acc_out,
                0x2000000010000000ull);
}

/* --- interrupts */

static void one_efp(const char *name, const char *state, const void *pc, const char *insn, uint64_t a, uint64_t b, uint32_t fscr,
                    unsigned vector, uint32_t status)
{
    Spe s = {.a = a, .b = b, .fscr_in = fscr};
    Trap t = trap_run(pc, MSR_SPE, (uint32_t)&s, 0, 0, 0);
    uint32_t behind = vector == VEC_EFP_ROUND ? 4 : 0;

    report(name, t.vector == vector && t.srr0 == (uint32_t)insn + behind && t.esr == ESR_SPE);
    report_eq(state, mfspr(SPR_SPEFSCR), fscr | status);
}
#define EFP(name, probe, ...) one_efp(name, name ": SPEFSCR", probe, probe##_insn, __VA_ARGS__)

extern const char round_result[], round_insn[];
__asm__(".pushsection .text; .balign 16; round_result: mtspr 512,5; round_insn: efsadd 3,3,4; blr; "
        ".popsection");

static uint32_t rounded;

static void on_round(TrapFrame *frame)
{
    rounded = frame->gpr[3];
}

static void interrupts(void)
{
    EFP("an invalid operand, enabled", p_efsadd, INF, ONE, FINVE, VEC_EFP_DATA, FINV | FINVS);
    EFP("a division by zero, enabled", p_efsdiv, ONE, 0, FDBZE, VEC_EFP_DATA, FDBZ | FDBZS);
    EFP("an overflow, enabled", p_efsmul, PMAX, PMAX, FOVFE, VEC_EFP_DATA, FOVF | FOVFS);
    EFP("an underflow, enabled", p_efsmul, TINY, TINY, FUNFE, VEC_EFP_DATA, FUNF | FUNFS);
    EFP("one element's error ends both", p_evfsadd, 0x7f8000003f800000ull, ONE, FINVE, VEC_EFP_DATA, FINVH | FINVS);
    EFP("an inexact result, enabled", p_efsdiv, ONE, 0x40400000, FINXE, VEC_EFP_ROUND, FG | FX | FINXS);
    EFP("rounding up is left to software", p_efsdiv, ONE, 0x40400000, UP, VEC_EFP_ROUND, FG | FX | FINXS);
    mtspr(SPR_SPEFSCR, 0);

    trap_handle(VEC_EFP_ROUND, on_round);
    Trap t = trap_run(round_result, 0, ONE, 0x33800001, FINXE, 0);
    report_eq("the round interrupt finds the truncated result", rounded, ONE);
    report("and goes on behind the instruction", t.vector == TRAP_NONE && t.ret == ONE);
    trap_handle(VEC_EFP_ROUND, NULL);
    mtspr(SPR_SPEFSCR, 0);
}

PROBE(u_evaddw, "evaddw 3,3,3");
PROBE(u_evldd, "evldd 4,0(3)");
PROBE(u_efdadd, "efdadd 4,4,4");
PROBE(u_efsadd, "efsadd 4,4,4");
PROBE(u_brinc, "brinc 4,4,4");

static void one_unavailable(const char *name, const void *pc, uint32_t msr)
{
    Trap t = trap_run(pc, msr, 0, 0, 0, 0);

    report(name, t.vector == VEC_SPE && t.srr0 == (uint32_t)pc && t.esr == ESR_SPE);
}

static void unavailable(void)
{
    one_unavailable("evaddw without MSR[SPE]", u_evaddw, 0);
    one_unavailable("evldd from nowhere without MSR[SPE]: unavailable comes first", u_evldd, MSR_PR);
    one_unavailable("efdadd without MSR[SPE]", u_efdadd, 0);
    report_eq("efsadd needs no MSR[SPE]", trap_run(u_efsadd, MSR_PR, 0, 0, 0, 0).vector, TRAP_NONE);
    report_eq("brinc needs no MSR[SPE]", trap_run(u_brinc, 0, 0, 0, 0, 0).vector, TRAP_NONE);
    report_eq("evaddw with it runs", trap_run(u_evaddw, MSR_SPE, 0, 0, 0, 0).vector, TRAP_NONE);
}

/* --- memory */

/* Loads from r3 and stores the register to r4; or the other way round. */
#define MEM_PROBE(name, load, store) PROBE(name, load "; " store)
MEM_PROBE(m_evldd, "evldd 5,0(3)", "evstdd 5,0(4)");
MEM_PROBE(m_evldh, "evldh 5,0(3)", "evstdd 5,0(4)");
MEM_PROBE(m_evlhhesplat, "evlhhesplat 5,2(3)", "evstdd 5,0(4)");
MEM_PROBE(m_evlhhossplat, "evlhhossplat 5,4(3)", "evstdd 5,0(4)");
MEM_PROBE(m_evlwhe, "evlwhe 5,4(3)", "evstdd 5,0(4)");
MEM_PROBE(m_evlwhou, "evlwhou 5,4(3)", "evstdd 5,0(4)");
MEM_PROBE(m_evlwhosx, "li 6,4; evlwhosx 5,3,6", "evstdd 5,0(4)");
MEM_PROBE(m_evlwwsplat, "evlwwsplat 5,4(3)", "evstdd 5,0(4)");
MEM_PROBE(m_evlwhsplat, "evlwhsplat 5,0(3)", "evstdd 5,0(4)");
MEM_PROBE(m_evstwhe, "evldd 5,0(3)", "evstwhe 5,0(4)");
MEM_PROBE(m_evstwho, "evldd 5,0(3)", "evstwho 5,0(4)");
MEM_PROBE(m_evstwwe, "evldd 5,0(3)", "evstwwe 5,0(4)");
MEM_PROBE(m_evstdw, "evldd 5,0(3)", "evstdw 5,0(4)");
PROBE(m_evstdd_only, "evstdd 5,0(3)");
PROBE(m_evlwhe_only, "evlwhe 5,0(3)");

static uint64_t source __attribute__((aligned(8))) = 0x0123456789abcdefull;

static void one_memory(const char *name, const void *pc, uint64_t want)
{
    static uint64_t target __attribute__((aligned(8)));

    target = 0;
    trap_run(pc, MSR_SPE, (uint32_t)&source, (uint32_t)&target, 0, 0);
    report_eq64(name, target, want);
}

static void one_alignment(const char *name, const void *pc, uint32_t ea, uint32_t esr)
{
    Trap t = trap_run(pc, MSR_SPE, ea, 0, 0, 0);

    report(name, t.vector == VEC_ALIGNMENT && t.srr0 == (uint32_t)pc && t.dear == ea && t.esr == esr);
}

static void memory(void)
{
    one_memory("evldd", m_evldd, 0x0123456789abcdefull);
    one_memory("evldh", m_evldh, 0x0123456789abcdefull);
    one_memory("evlhhesplat", m_evlhhesplat, 0x4567000045670000ull);
    one_memory("evlhhossplat", m_evlhhossplat, 0xffff89abffff89abull);
    one_memory("evlwhe", m_evlwhe, 0x89ab0000cdef0000ull);
    one_memory("evlwhou", m_evlwhou, 0x000089ab0000cdefull);
    one_memory("evlwhosx", m_evlwhosx, 0xffff89abffffcdefull);
    one_memory("evlwwsplat", m_evlwwsplat, 0x89abcdef89abcdefull);
    one_memory("evlwhsplat", m_evlwhsplat, 0x0123012345674567ull);
    one_memory("evstwhe", m_evstwhe, 0x012389ab00000000ull);
    one_memory("evstwho", m_evstwho, 0x4567cdef00000000ull);
    one_memory("evstwwe", m_evstwwe, 0x0123456700000000ull);
    one_memory("evstdw", m_evstdw, 0x0123456789abcdefull);
    one_alignment("evldd at a word", u_evldd, (uint32_t)&source + 4, ESR_SPE);
    one_alignment("evstdd at a word: ESR[ST]", m_evstdd_only, (uint32_t)&source + 4, ESR_SPE | ESR_ST);
    one_alignment("evlwhe at a halfword", m_evlwhe_only, (uint32_t)&source + 2, ESR_SPE);
    Trap t = trap_run(u_evldd, MSR_SPE, TEST_EA, 0, 0, 0);
    report("evldd from nowhere: ESR[SPE]", t.vector == VEC_DTLB && t.esr == ESR_SPE && t.dear == TEST_EA);
}

/* 32-bit instructions leave the upper halves alone, and so does an interrupt. */
extern const char upper[];
__asm__(".pushsection .text; .balign 16; upper: evsplati 5,7; evmergehilo 6,5,5; li 6,1; addi "
        "6,6,1; lwz 6,0(3); tw 31,6,6;"
        "evmergehi 3,6,6; blr; .popsection");

static void step_over(TrapFrame *frame)
{
    frame->srr0 += 4;
}

void guest_main(void)
{
    check_rows();
    comparisons();
    interrupts();
    unavailable();
    memory();
    trap_handle(VEC_PROGRAM, step_over);
    report_eq("32-bit results and interrupts leave upper words alone", trap_run(upper, MSR_SPE, (uint32_t)&source, 0, 0, 0).ret, 7);
}
