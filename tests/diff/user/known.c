/* SPDX-License-Identifier: MIT */
#include "tests/diff/user/known.h"

#include <signal.h>
#include <string.h>

#include "cpu/e500/softfp.h"

/* --- rows that are not compared --- */

static const struct {
    const char *row, *reason;
} exclusions[] = {
    {"sc", "a system call of the emulated Linux; to a bare guest an interrupt (Book I, System Call)"},
    {"ehpriv", "user-mode emulation has no hypervisor (Book III-E, category E.HV)"},
    {"wait", "waits for an interrupt that a user program never sees (Book II, Wait)"},
    {"dnh", "halts into a debugger where one is enabled (Book III-E, Debugger Notify Halt)"},
    {"mftb", "time goes on between the two (Book II, Time Base)"},
    {"mfpmr", "qemu-ppc lacks category E.PM (Book III-E appendix D)"},
    {"mtpmr", "qemu-ppc lacks category E.PM (Book III-E appendix D)"},
    {"lbdx", "qemu-ppc lacks category DS (Book II, Decorated Storage)"},
    {"lhdx", "qemu-ppc lacks category DS (Book II, Decorated Storage)"},
    {"lwdx", "qemu-ppc lacks category DS (Book II, Decorated Storage)"},
    {"lfddx", "qemu-ppc lacks category DS (Book II, Decorated Storage)"},
    {"stbdx", "qemu-ppc lacks category DS (Book II, Decorated Storage)"},
    {"sthdx", "qemu-ppc lacks category DS (Book II, Decorated Storage)"},
    {"stwdx", "qemu-ppc lacks category DS (Book II, Decorated Storage)"},
    {"stfddx", "qemu-ppc lacks category DS (Book II, Decorated Storage)"},
    {"dsn", "qemu-ppc lacks category DS (Book II, Decorated Storage)"},
    {"dcbal", "qemu-ppc lacks it (EREF, dcbal: dcba with L = 1)"},
    {"dcblc", "qemu-ppc lacks it (EREF, Cache Locking)"},
    {"icblc", "qemu-ppc lacks it (EREF, Cache Locking)"},
    {"bbelr", "qemu-ppc lacks it (e500 core manual, Branch Buffer Locking)"},
    {"bblels", "qemu-ppc lacks it (e500 core manual, Branch Buffer Locking)"},
    {"evmh*", "qemu-ppc lacks it (SPE Programming Environments Manual)"},
    {"evmwh*", "qemu-ppc lacks it (SPE Programming Environments Manual)"},
    {"evmwl*", "qemu-ppc lacks it (SPE Programming Environments Manual)"},
    {"evmwssf*", "qemu-ppc lacks it (SPE Programming Environments Manual)"},
    {"evmwsmf*", "qemu-ppc lacks it (SPE Programming Environments Manual)"},
    {"evmw?mian", "qemu-ppc lacks it (SPE Programming Environments Manual)"},
    {"ev*iaaw", "qemu-ppc lacks it (SPE Programming Environments Manual)"},
    {"evdivw?", "qemu-ppc lacks it (SPE Programming Environments Manual)"},
    {"evrndw", "qemu-ppc cuts where it should mask (SPE Programming Environments Manual, evrndw)"},
    {"evslw", "qemu-ppc returns the shift (SPE Programming Environments Manual, evslw)"},
    {"evsrw?", "qemu-ppc returns the shift (SPE Programming Environments Manual, evsrws, evsrwu)"},
    {"evfscmp*", "qemu-ppc spoils two fields of CR (SPE Programming Environments Manual, evfscmpgt)"},
    {"evfstst*", "qemu-ppc spoils two fields of CR (SPE Programming Environments Manual, evfststgt)"},
    {"evldh", "qemu-ppc mixes up its halves (SPE Programming Environments Manual, evldh)"},
    {"evlwhsplat", "qemu-ppc mixes up its halves (SPE Programming Environments Manual, evlwhsplat)"},
    {"evlwhsplatx", "qemu-ppc mixes up its halves (SPE Programming Environments Manual, evlwhsplatx)"},
    {"e*cfsf", "qemu-ppc takes 32 bits after the point for 31 (SPE Programming Environments "
               "Manual, efscfsf)"},
    {"e*ctsf", "qemu-ppc takes 32 bits after the point for 31 (SPE Programming Environments "
               "Manual, efsctsf)"},
    {"evfsctsi", "qemu-ppc loses the high element (SPE Programming Environments Manual, evfsctsi)"},
    {"brinc", "the number of mask bits is the implementation's (SPE Programming Environments "
              "Manual, brinc)"},
    {"evldhx", "qemu-ppc mixes up its halves (SPE Programming Environments Manual, evldhx)"},
};

const char *known_exclusion(InsnId id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(exclusions); i++)
        if (g_pattern_match_simple(exclusions[i].row, insn_info[id].name))
            return exclusions[i].reason;
    return NULL;
}

/* --- conditions --- */

static bool ended_in_sigfpe(const Record *in, const Record *ours, const Record *theirs)
{
    return ours->exit == SIGFPE && theirs->exit == SIGFPE;
}

static bool kept_fr(const Record *in, const Record *ours, const Record *theirs)
{
    return !((in->fpscr ^ theirs->fpscr) & FPSCR_FR);
}

static bool has_new_exception(const Record *in, const Record *out)
{
    return out->fpscr & ~in->fpscr & FPSCR_EXCEPTIONS;
}

static bool fx_for_an_old_exception(const Record *in, const Record *ours, const Record *theirs)
{
    return theirs->fpscr & FPSCR_FX && !has_new_exception(in, ours);
}

static bool fx_forgotten(const Record *in, const Record *ours, const Record *theirs)
{
    return ours->fpscr & ~theirs->fpscr & FPSCR_FX && has_new_exception(in, ours);
}

/* Only the field asked for counts. */
static bool agrees_in_the_field(const Record *in, const Record *ours, const Record *theirs)
{
    unsigned rt = operand_value(OPERAND_ID_RT, in->insn), mask = operand_value(OPERAND_ID_FXM, in->insn);
    for (unsigned i = 0; i < 8; i++)
        if (mask & 0x80 >> i && (ours->gpr[rt] ^ theirs->gpr[rt]) & 0xf0000000 >> 4 * i)
            return false;
    return true;
}

static uint64_t result(const Record *record, const Record *in)
{
    return record->fpr[operand_value(OPERAND_ID_FRT, in->insn)];
}

static bool result_is_nan(const Record *in, const Record *ours, const Record *theirs)
{
    return softfp_is_nan(result(ours, in)) && softfp_is_nan(result(theirs, in));
}

/* Single format has it denormal, double format normal, and the oracle looked at it as a double. */
static bool result_is_denormal_as_single(const Record *in, const Record *ours, const Record *theirs)
{
    uint64_t v = result(ours, in);
    return v == result(theirs, in) && softfp_class(v, SOFTFP_SINGLE) != softfp_class(v, SOFTFP_DOUBLE) &&
           (theirs->fpscr & FPSCR_FPRF) == softfp_class(v, SOFTFP_DOUBLE);
}

/* A source that no single-precision number equals. */
static bool operands_beyond_single(const Record *in, const Record *ours, const Record *theirs)
{
    Insn decoded;
    insn_decode(in->insn, e500_model_find("e500mc"), &decoded);
    for (unsigned i = 0; i < INSN_OPERANDS_MAX; i++) {
        OperandId operand = insn_info[decoded.id].operand[i];
        uint64_t v = in->fpr[operand_value(operand, in->insn) & 31];
        if (operand_info[operand].kind == OK_FPR && operand != OPERAND_ID_FRT && softfp_from_single(softfp_to_single(v)) != v)
            return ended_in_sigfpe(in, ours, theirs);
    }
    return false;
}

/* An adjusted exponent that eight bits do not hold, where the oracle keeps only those. */
static bool exponent_was_cut(const Record *in, const Record *ours, const Record *theirs)
{
    unsigned exp = result(ours, in) >> 52 & 0x7ff;
    return ended_in_sigfpe(in, ours, theirs) && (exp < 1023 - 126 || exp > 1023 + 127);
}

/* -(a * c + b) with the rounding mode of the number after negation: up and down changed places. */
static bool was_negated_before_rounding(const Record *in, const Record *ours, const Record *theirs)
{
    uint64_t a = in->fpr[operand_value(OPERAND_ID_FRA, in->insn)], b = in->fpr[operand_value(OPERAND_ID_FRB, in->insn)];
    uint64_t c = in->fpr[operand_value(OPERAND_ID_FRC, in->insn)];
    bool subtract = !(in->insn & 2), single = in->insn >> 26 == 59;
    Softfp fp = {.fpscr = (uint32_t)in->fpscr ^ 1};
    uint64_t v =
        softfp_fma(&fp, a, c, b, SOFTFP_NEGATE_RESULT | (subtract ? SOFTFP_NEGATE_B : 0), single ? SOFTFP_SINGLE : SOFTFP_DOUBLE);
    return in->fpscr & 2 && v == result(theirs, in);
}

static bool negation_moved_an_overflow(const Record *in, const Record *ours, const Record *theirs)
{
    return was_negated_before_rounding(in, ours, theirs) &&
           (theirs->fpscr & FPSCR_FPRF) == softfp_class(result(theirs, in), SOFTFP_DOUBLE);
}

static bool zero_times_infinity(const Record *in, const Record *ours, const Record *theirs)
{
    return ours->fpscr & theirs->fpscr & FPSCR_VXIMZ;
}

static bool operand_is_zero(const Record *in, const Record *ours, const Record *theirs)
{
    return (in->fpr[operand_value(OPERAND_ID_FRB, in->insn)] & ~SOFTFP_SIGN) == 0;
}

static bool enabled_invalid(const Record *in, const Record *ours, const Record *theirs)
{
    return in->fpscr & FPSCR_VE && ended_in_sigfpe(in, ours, theirs);
}

/* --- embedded floating point --- */

static bool efp_low_is_default(const Record *in, const Record *ours, const Record *theirs)
{
    return ours->spefscr & 0xf00; /* FINV FDBZ FUNF FOVF */
}

static bool efp_high_is_default(const Record *in, const Record *ours, const Record *theirs)
{
    bool is_vector = (in->insn & 0x7e0) == 0x280;
    return ours->spefscr & (is_vector ? 0x0f000000 : 0xf00);
}

static bool is_odd_number(uint64_t v, unsigned exponent_bits)
{
    uint64_t exp = v << 1 >> (64 - exponent_bits);
    return exp == (1u << exponent_bits) - 1 || (exp == 0 && v << 1 != 0);
}

/* Infinity, NaN or denormal. */
static bool efp_operand_is_odd(const Record *in, const Record *ours, const Record *theirs)
{
    uint64_t a = in->gpr64[in->insn >> 16 & 31], b = in->gpr64[in->insn >> 11 & 31];
    bool is_double = (in->insn & 0x7e0) == 0x2e0;
    return is_double ? is_odd_number(a, 11) || is_odd_number(b, 11) : is_odd_number(a << 32, 8) || is_odd_number(b << 32, 8);
}

/* --- disagreements --- */

#define ALL     UINT64_MAX
#define SINGLES " fadds fsubs fmuls fdivs fmadds fmsubs fnmadds fnmsubs fres "
#define FUSED   " fmadd fmadds fmsub fmsubs fnmadd fnmadds fnmsub fnmsubs "
#define CR1_FX  0x08000000
#define CR1     0x0f000000

const Known known_list[] = {
    {" class:FP ", FIELD_FPSCR, FPSCR_FR, kept_fr,
     "Book I §4.2.2: FR says whether the last rounding grew the fraction; qemu-ppc leaves it"},
    {" class:FP ", FIELD_FPSCR, FPSCR_FX, fx_for_an_old_exception,
     "Book I §4.2.2: FX is set when an exception bit goes from 0 to 1, not when it was 1 before"},
    {" class:FP ", FIELD_CR, CR1_FX, fx_for_an_old_exception, "Book I §2.3.1: CR1 copies FPSCR"},
    {" mtfsb1 ", FIELD_FPSCR, FPSCR_FX, fx_forgotten,
     "Book I §4.2.2: FX is set when an exception bit goes from 0 to 1, in mtfsb1 too"},
    {" mtfsb1 ", FIELD_CR, CR1_FX, fx_forgotten, "Book I §2.3.1: CR1 copies FPSCR"},
    {" class:FP ", FIELD_CR, CR1, ended_in_sigfpe,
     "Book I §2.3.1: Rc = 1 sets CR1 also when an enabled exception ends the instruction"},
    {" class:FP ", FIELD_FPSCR, FPSCR_FI, ended_in_sigfpe, "Book I §4.4.1: an enabled invalid operation clears FR and FI"},
    {SINGLES, FIELD_FPR, 0x1fffffff, result_is_nan,
     "Book I §4.3.5.1: undefined, a NaN operand was not representable in single format"},
    {SINGLES "frsp ", FIELD_FPSCR, FPSCR_FPRF, result_is_denormal_as_single,
     "Book I appendix A.1: FPRF tells a denormalized single result"},
    {SINGLES, FIELD_FPR, ALL, operands_beyond_single,
     "Book I §4.3.5.1: undefined; an enabled overflow or underflow too far out for the adjusted "
     "exponent"},
    {SINGLES, FIELD_FPSCR, FPSCR_FPRF, operands_beyond_single, "Book I §4.3.5.1: the line above"},
    {" frsp ", FIELD_FPR, ALL, exponent_was_cut,
     "Book I §4.4.3, §4.4.4: the exponent of an enabled overflow or underflow is adjusted by 192 "
     "and no further"},
    {" frsp ", FIELD_FPSCR, FPSCR_FPRF, exponent_was_cut, "Book I §4.4.3, §4.4.4: the line above"},
    {" fctiw fctiwz ", FIELD_FPR, UINT64_C(0xffffffff00000000), NULL,
     "Book I, Floating Convert To Integer Word: the upper half is undefined"},
    {" fctiw fctiwz ", FIELD_FPSCR, FPSCR_FPRF, NULL, "Book I, Floating Convert To Integer Word: FPRF is undefined"},
    {FUSED, FIELD_FPSCR, FPSCR_VXSNAN, zero_times_infinity, "Book I §4.4: VXSNAN is set together with VXIMZ"},
    {" fnmadd fnmadds fnmsub fnmsubs ", FIELD_FPR, ALL, was_negated_before_rounding,
     "Book I, Floating Negative Multiply-Add: rounds, then negates"},
    {" fnmadd fnmadds fnmsub fnmsubs ", FIELD_FPSCR, FPSCR_FPRF | FPSCR_OX | FPSCR_FEX, negation_moved_an_overflow,
     "Book I, Floating Negative Multiply-Add: the line above, where one side overflowed or became "
     "zero"},
    {" fnmadd fnmadds fnmsub fnmsubs ", FIELD_CR, CR1, negation_moved_an_overflow,
     "Book I §2.3.1: CR1 copies FPSCR: the line above"},
    {" fnmadd fnmadds fnmsub fnmsubs ", FIELD_EXIT, ALL, negation_moved_an_overflow,
     "Book I, Floating Negative Multiply-Add: the same where overflow is enabled"},
    {" fres ", FIELD_FPR, ALL, operand_is_zero,
     "Book I, Floating Reciprocal Estimate: the reciprocal of zero is infinity (not one half)"},
    {" fres ", FIELD_FPSCR, FPSCR_FPRF, operand_is_zero, "Book I, Floating Reciprocal Estimate: the line above"},
    {" mtfsb1 ", FIELD_FPSCR, FPSCR_NI, NULL, "Book I, Move To FPSCR Bit 1: any bit but FEX and VX; qemu-ppc not NI"},
    {" fcmpo ", FIELD_FPSCR, FPSCR_VXVC, enabled_invalid,
     "Book I, Floating Compare Ordered: a signalling NaN with VE = 1 does not set VXVC"},
    {" fcmpo ", FIELD_FPSCR, FPSCR_FPRF & ~FPSCR_FPCC, NULL, "Book I, Floating Compare: writes FPCC and leaves C alone"},
    {" fcmpu fcmpo ", FIELD_FPSCR, FPSCR_FI, NULL, "Book I, Floating Compare: leaves FI alone"},
    {" mfocrf ", FIELD_GPR, ALL, agrees_in_the_field,
     "Book I, Move From One Condition Register Field: the bits outside the field are undefined"},
    {" mtspr ", FIELD_XER, 0x1fffff80, NULL, "Book I §3.2.2: reserved bits of XER"},
    {" dcbstep dcbfep dcbtep dcbtstep dcbzep dcbzlep icbiep ", FIELD_EXIT, ALL, NULL,
     "Book III-E, External Process ID Instructions: privileged"},
    {" dcbzep dcbzlep ", FIELD_MEM, ALL, NULL, "Book III-E, External Process ID Instructions: privileged"},
    {" class:EFP ", FIELD_SPEFSCR, ALL, NULL, "SPE Programming Environments Manual §2.2.3: qemu-ppc keeps no status"},
    {" class:EFP ", FIELD_GPR, ALL, efp_low_is_default,
     "SPE Programming Environments Manual, tables of results: defaults, not what IEEE 754 gives"},
    {" class:EFP ", FIELD_GPR64, ALL, efp_high_is_default,
     "SPE Programming Environments Manual, tables of results: the same in the high element"},
    {" efscmpgt efscmplt efscmpeq efdcmpgt efdcmplt efdcmpeq efststgt efststlt efststeq efdtstgt "
     "efdtstlt efdtsteq ",
     FIELD_CR, ALL, efp_operand_is_odd,
     "SPE Programming Environments Manual, efscmpgt: NaNs, infinities and denormals are compared "
     "as if normalized"},
    {" dcbtls dcbtstls icbtls ", FIELD_EXIT, ALL, NULL,
     "EREF, user cache locking exception: with MSR[UCLE] = 0 a user's cache locking is a data "
     "storage interrupt"},
};
const unsigned known_count = G_N_ELEMENTS(known_list);

/* --- matching --- */

const char *field_name(Field field)
{
    static const char *const names[FIELDS] = {"GPR", "FPR",  "FPSCR",  "CR",    "XER",     "LR",
                                              "CTR", "exit", "memory", "GPR64", "SPEFSCR", "ACC"};
    return names[field];
}

static const char *class_name(InsnClass cls)
{
    static const char *const names[INSN_CLASSES] = {
#define X(id, doc, effect) #id,
        INSN_CLASS_LIST(X)
#undef X
    };
    return names[cls];
}

bool known_applies(const Known *known, InsnId id)
{
    char word[48];
    g_snprintf(word, sizeof(word), " %s ", insn_info[id].name);
    if (strstr(known->rows, word))
        return true;
    g_snprintf(word, sizeof(word), " class:%s ", class_name(insn_info[id].cls));
    return strstr(known->rows, word) != NULL;
}

void known_explain(InsnId id, const Record *in, const Record *ours, const Record *theirs, Difference *difference, uint64_t *hits)
{
    const Difference all = *difference;
    for (unsigned i = 0; i < known_count; i++) {
        const Known *known = &known_list[i];
        if (!(all.bits[known->field] & known->mask) || !known_applies(known, id))
            continue;
        if (known->when && !known->when(in, ours, theirs))
            continue;
        difference->bits[known->field] &= ~known->mask;
        hits[i]++;
    }
}
