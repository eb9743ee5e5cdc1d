/* SPDX-License-Identifier: MIT
 *
 * Random numbers are dense where arithmetic has its edges.  Invalid forms (Power ISA 2.06 Book I
 * §1.9.2) are not made: what they do is nobody's promise.
 */
#include "tests/diff/user/generate.h"

#include <string.h>

#include "cpu/e500/softfp.h"

enum { NOP = 0x60000000, LWARX = 0x7c000028 };

uint64_t random_next(Random *r) /* splitmix64 */
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static bool one_in(Random *r, uint32_t n)
{
    return random_below(r, n) == 0;
}

static bool has_operand(InsnId id, OperandId operand)
{
    for (unsigned i = 0; i < INSN_OPERANDS_MAX; i++)
        if (insn_info[id].operand[i] == operand)
            return true;
    return false;
}

static bool is_fp(InsnId id)
{
    return insn_info[id].cls == IC_FP || insn_info[id].cls == IC_FP_MOVE;
}

static bool is_efp(InsnId id)
{
    return insn_info[id].cls == IC_EFP || insn_info[id].cls == IC_EFP_TEST;
}

static unsigned field(uint32_t word, OperandId operand)
{
    return operand_value(operand, word);
}

static uint32_t with_field(uint32_t word, OperandId operand, uint32_t value)
{
    const OperandInfo *op = &operand_info[operand];
    uint32_t mask = (1u << op->width) - 1;
    if (op->kind == OK_SPR)
        value = (value & 31) << 5 | value >> 5;
    return (word & ~(mask << op->shift)) | (value & mask) << op->shift;
}

/* --- words --- */

static uint32_t random_immediate(Random *r)
{
    static const uint16_t edges[] = {0, 1, 2, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff};
    return one_in(r, 3) ? edges[random_below(r, G_N_ELEMENTS(edges))] : (uint32_t)random_next(r) & 0xffff;
}

/* Small fields where not every value is a valid form. */
static uint32_t random_field(Random *r, OperandId operand, InsnId id)
{
    uint32_t any = (uint32_t)random_next(r) & ((1u << operand_info[operand].width) - 1);
    switch ((int)operand) {
    case OPERAND_ID_L: /* 64-bit comparison */
    case OPERAND_ID_CT:
    case OPERAND_ID_TH:
    case OPERAND_ID_DUI:
    case OPERAND_ID_WC:
    case OPERAND_ID_BH: /* a reserved field on the e500v2, as EH is */
    case OPERAND_ID_EH:
        return 0;
    case OPERAND_ID_LS:
    case OPERAND_ID_MO:
        return any & 1;
    case OPERAND_ID_BO:
        return id == INSN_bcctr ? any | 4 : any; /* no decrement of what is branched to */
    default:
        return any;
    }
}

static uint32_t random_special(Random *r)
{
    static const uint16_t numbers[] = {SPRNO_XER, SPRNO_LR, SPRNO_CTR, SPRNO_SRR0, SPRNO_SPRG0};
    return numbers[random_below(r, G_N_ELEMENTS(numbers))];
}

static uint32_t random_operand(Random *r, OperandId operand, InsnId id, uint32_t word, Ea slot)
{
    const OperandInfo *op = &operand_info[operand];
    uint32_t any = (uint32_t)random_next(r);
    switch ((OperandKind)op->kind) {
    case OK_SIMM:
    case OK_SIMM_SHIFTED:
    case OK_DISP:
        return random_immediate(r);
    case OK_UIMM:
        if (operand == OPERAND_ID_FXM && (id == INSN_mfocrf || id == INSN_mtocrf))
            return 1u << (any & 7);
        return op->width == 16 ? random_immediate(r) : any;
    case OK_BRANCH:
        return word & 2 ? slot + SLOT_TARGET : SLOT_TARGET - SLOT_INSN;
    case OK_SPR:
        return random_special(r);
    case OK_DISP_2:
    case OK_DISP_4:
    case OK_DISP_8:
        return any;
    case OK_FIELD:
    case OK_HINT:
        return random_field(r, operand, id);
    case OK_GPR_OR_0:
        return one_in(r, 8) ? 0 : any;
    case OK_NONE:
    case OK_GPR:
    case OK_GPR64:
    case OK_GPR_TO_31:
    case OK_FPR:
    case OK_CRF:
    case OK_CRB:
    case OK_FPSCRF:
    case OK_MASK_END:
        break;
    }
    return any;
}

static bool is_load(InsnId id)
{
    return has_operand(id, OPERAND_ID_RT) || has_operand(id, OPERAND_ID_RTM);
}

/* RA = RT or 0 in a load with update, a base among the targets of lmw. */
static bool is_invalid_form(InsnId id, uint32_t word)
{
    unsigned rt = field(word, OPERAND_ID_RT), ra = field(word, OPERAND_ID_RA);
    if (has_operand(id, OPERAND_ID_RAU))
        return ra == 0 || (is_load(id) && ra == rt);
    if (has_operand(id, OPERAND_ID_D2) || has_operand(id, OPERAND_ID_D4) || has_operand(id, OPERAND_ID_D8))
        return ra == 0; /* valid, but nothing is mapped there */
    return has_operand(id, OPERAND_ID_RTM) && ra >= rt;
}

void generate_words(Random *r, InsnId id, unsigned slot, Record *out)
{
    const InsnInfo *info = &insn_info[id];
    Ea slot_ea = SLOTS_EA + slot * SLOT_SIZE;
    uint32_t word;
    do {
        word = info->match | (insn_flag_bits(info->flags) & (uint32_t)random_next(r));
        for (unsigned i = 0; i < INSN_OPERANDS_MAX && info->operand[i] != OPERAND_ID_NONE; i++) {
            OperandId operand = info->operand[i];
            uint32_t flags = word & insn_flag_bits(info->flags);
            word = with_field(word, operand, random_operand(r, operand, id, word, slot_ea));
            if (operand_info[operand].kind == OK_BRANCH)
                word = (word & ~3u) | flags;
        }
    } while (is_invalid_form(id, word));
    if (has_operand(id, OPERAND_ID_D) && !has_operand(id, OPERAND_ID_RAU) && field(word, OPERAND_ID_RA) == 0)
        word = with_field(word, OPERAND_ID_D, MEM_EA + 8 * random_below(r, 16));
    out->slot = slot;
    out->insn = word;
    out->prefix = NOP;
    if (id == INSN_stwcx && !one_in(r, 4)) {
        /* a free register takes what lwarx loads */
        unsigned free = 0;
        while (free == field(word, OPERAND_ID_RS) || free == field(word, OPERAND_ID_RA) || free == field(word, OPERAND_ID_RB))
            free++;
        out->prefix = with_field(LWARX | (word & 0x001ff800), OPERAND_ID_RT, free);
    }
}

/* --- values --- */

static uint32_t random_word(Random *r)
{
    static const uint32_t edges[] = {0,          1,          2,          31,         32,         33,        63,
                                     0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
    uint64_t any = random_next(r);
    switch (any >> 60) {
    case 0:
    case 1:
    case 2:
        return edges[random_below(r, G_N_ELEMENTS(edges))];
    case 3:
    case 4:
        return (uint32_t)any >> (any >> 40 & 31);
    case 5:
        return ~((uint32_t)any >> (any >> 40 & 31));
    case 6:
        return (uint32_t)any & 63;
    default:
        return (uint32_t)any;
    }
}

static uint64_t make_double(uint64_t sign, uint64_t exp, uint64_t frac)
{
    return (sign & 1) << 63 | (exp & 0x7ff) << 52 | (frac & UINT64_C(0xfffffffffffff));
}

static uint64_t random_fpr(Random *r)
{
    static const uint64_t edges[] = {
        0,
        UINT64_C(0x0000000000000001),
        UINT64_C(0x000fffffffffffff),
        UINT64_C(0x0010000000000000),
        UINT64_C(0x3690000000000000),
        UINT64_C(0x36a0000000000000),
        UINT64_C(0x380fffffe0000000),
        UINT64_C(0x3810000000000000),
        UINT64_C(0x3fe0000000000000),
        UINT64_C(0x3ff0000000000000),
        UINT64_C(0x41dfffffffc00000),
        UINT64_C(0x41e0000000000000),
        UINT64_C(0x47efffffe0000000),
        UINT64_C(0x47effffff0000000),
        UINT64_C(0x7fefffffffffffff),
        UINT64_C(0x7ff0000000000000),
        UINT64_C(0x63f8000000000001),
        UINT64_C(0x7ff0000000000001),
        UINT64_C(0x7ff8000000000000),
        UINT64_C(0x7fffffffffffffff),
    };
    uint64_t any = random_next(r), frac = random_next(r), sign = any >> 63;
    unsigned shift = any >> 40 & 63;
    if ((any & 3) == 0)
        frac = frac << shift;
    else if ((any & 3) == 1)
        frac = ~(frac << shift);
    else if ((any & 7) == 2)
        frac &= ~UINT64_C(0x1fffffff); /* a single-precision fraction */
    switch (any >> 56 & 15) {
    case 0:
    case 1:
        return sign << 63 | edges[random_below(r, G_N_ELEMENTS(edges))];
    case 2: /* about the ends of single */
        return make_double(sign, (any >> 20 & 1 ? 896 - 24 : 1150 - 4) + (any >> 21 & 31), frac);
    case 3: /* about the ends of double */
        return make_double(sign, (any >> 20 & 1 ? 0 : 2047 - 3) + (any >> 21 & 3), frac);
    case 4:
        return make_double(sign, any >> 20, frac);
    case 5: /* small integers and halves */
        return make_double(sign, 1023 + (any >> 20 & 3), frac & UINT64_C(0xc000000000000));
    case 6: /* a NaN */
        return make_double(sign, 2047, frac | 1);
    default:
        return make_double(sign, 1023 - 32 + (any >> 20 & 63), frac);
    }
}

/* No exception that is already there may be enabled: the stub could not even load such a value. */
static uint32_t random_fpscr(Random *r)
{
    uint32_t any = (uint32_t)random_next(r), enables = 0;
    if (one_in(r, 4))
        enables = (uint32_t)random_next(r) & 0xf8;
    any = one_in(r, 2) ? any & FPSCR_FPRF : any & ~(uint32_t)(FPSCR_RESERVED | FPSCR_NI | 0xf8);
    if (enables & FPSCR_VE)
        any &= ~(uint32_t)FPSCR_VX_CAUSES;
    any &= ~(enables << 22 & (FPSCR_OX | FPSCR_UX | FPSCR_ZX | FPSCR_XX));
    any &= ~(uint32_t)(FPSCR_VX | FPSCR_FEX);
    if (any & FPSCR_VX_CAUSES)
        any |= FPSCR_VX;
    if (one_in(r, 16))
        any |= FPSCR_NI;
    return (any & ~(uint32_t)FPSCR_RN) | enables | random_below(r, 4);
}

/* Operands that nearly cancel, or are equal, are rare among random ones. */
static void relate_fprs(Random *r, Record *record)
{
    uint64_t *a = &record->fpr[record->insn >> 16 & 31], *b = &record->fpr[record->insn >> 11 & 31];
    uint64_t *c = &record->fpr[record->insn >> 6 & 31];
    uint64_t near = random_below(r, 3), sign = random_next(r) & SOFTFP_SIGN;
    switch (random_below(r, 8)) {
    case 0:
        *b = (*a + near) ^ sign;
        break;
    case 1:
        *c = UINT64_C(0x3ff0000000000000) + near;
        *b = (*a - near) ^ sign;
        break;
    case 2: { /* the product, rounded, so that a fused sum is what rounding lost */
        Softfp fp = {.fpscr = (uint32_t)near};
        *b = softfp_mul(&fp, *a, *c, SOFTFP_DOUBLE) ^ sign;
        break;
    }
    case 3:
        if (one_in(r, 8)) { /* zero times infinity, plus anything */
            *a = SOFTFP_INFINITY | sign;
            *c = 0;
        }
        break;
    case 4:
        if (one_in(r, 4)) { /* the greatest number of a format, plus what is likely little */
            *a &= ~(UINT64_C(3) << 61);
            *b = sign | (near ? UINT64_C(0x47efffffe0000000) : UINT64_C(0x7fefffffffffffff));
        }
        break;
    default:
        break;
    }
}

/* Where the access goes: its bytes, up to 128 of them, stay inside record->mem. */
static Ea random_ea(Random *r, InsnId id, bool halve)
{
    uint32_t offset = random_below(r, RECORD_MEM_SIZE - 128);
    if (halve || one_in(r, 2))
        offset &= ~7u;
    if (insn_info[id].cls == IC_SPE_LOAD || insn_info[id].cls == IC_SPE_STORE)
        offset &= ~7u; /* SPE Programming Environments Manual: aligned by their size */
    if (has_operand(id, OPERAND_ID_RTM) || has_operand(id, OPERAND_ID_RSM) || insn_info[id].cls == IC_ATOMIC)
        offset &= ~3u; /* these must be aligned (Book I, Load Multiple Word; Book II, lwarx) */
    return MEM_EA + offset;
}

static bool is_access(InsnId id)
{
    switch ((int)insn_info[id].cls) {
    case IC_LOAD:
    case IC_STORE:
    case IC_ATOMIC:
    case IC_FP_LOAD:
    case IC_FP_STORE:
    case IC_CACHE:
    case IC_CACHE_SUPV:
    case IC_EPID:
    case IC_FP_EPID:
    case IC_SPE_LOAD:
    case IC_SPE_STORE:
        return true;
    default:
        return false;
    }
}

static uint32_t displacement(InsnId id, uint32_t word)
{
    for (unsigned i = 0; i < INSN_OPERANDS_MAX; i++) {
        OperandId operand = insn_info[id].operand[i];
        unsigned kind = operand_info[operand].kind;
        if (kind >= OK_DISP_2 && kind <= OK_DISP_8)
            return operand_value(operand, word) << (kind - OK_DISP);
    }
    return (uint32_t)(int32_t)(int16_t)word;
}

static void aim(Random *r, InsnId id, Record *record)
{
    unsigned ra = field(record->insn, OPERAND_ID_RA), rb = field(record->insn, OPERAND_ID_RB);
    bool indexed = has_operand(id, OPERAND_ID_RB), base = ra != 0 || has_operand(id, OPERAND_ID_RAU);
    Ea ea = random_ea(r, id, indexed && ra == rb);
    if (!indexed) {
        if (base)
            record->gpr[ra] = ea - displacement(id, record->insn);
    } else if (has_operand(id, OPERAND_ID_RA) || !base) { /* decorated: RB alone is the address */
        record->gpr[rb] = ea;
    } else if (ra == rb) {
        record->gpr[ra] = ea / 2;
    } else {
        record->gpr[rb] = ea - record->gpr[ra];
    }
}

/* --- a core with SPE: GPRs of 64 bits --- */

static bool is_double_row(InsnId id)
{
    return insn_info[id].categories & CAT_EFD;
}

static uint32_t random_single(Random *r)
{
    return softfp_to_single(random_fpr(r));
}

/* Numbers, integers to convert, and pairs that nearly cancel. */
static void randomize_efp(Random *r, InsnId id, Record *record)
{
    for (unsigned i = 0; i < 32; i++) {
        uint64_t v = is_double_row(id) ? random_fpr(r) : (uint64_t)random_single(r) << 32 | random_single(r);
        record->gpr64[i] = one_in(r, 4) ? (uint64_t)random_word(r) << 32 | random_word(r) : v;
    }
    uint64_t *a = &record->gpr64[record->insn >> 16 & 31], *b = &record->gpr64[record->insn >> 11 & 31];
    uint64_t signs = random_next(r) & (is_double_row(id) ? SOFTFP_SIGN : UINT64_C(0x8000000080000000));
    if (one_in(r, 4))
        *b = (*a ^ signs) + random_below(r, 3);
}

/* What random numbers for GPRs and FPRs were made serves as 64-bit GPRs; addresses stay in the low
 * words. */
static void widen_gprs(Random *r, InsnId id, Record *record)
{
    record->spefscr = (uint32_t)random_next(r) & 0xff3eff00; /* nothing enabled, to nearest */
    record->acc = (uint64_t)random_word(r) << 32 | random_word(r);
    for (unsigned i = 0; i < 32; i++) {
        if (is_efp(id))
            record->gpr[i] = (uint32_t)record->gpr64[i];
        else
            record->gpr64[i] = (uint64_t)random_word(r) << 32 | record->gpr[i];
    }
}

void generate_values(Random *r, InsnId id, bool spe, Record *record)
{
    for (unsigned i = 0; i < 32; i++) {
        record->gpr[i] = random_word(r);
        record->fpr[i] = random_fpr(r);
    }
    record->cr = random_word(r);
    record->xer = (uint32_t)random_next(r) & 0xe0000000;
    record->lr = record->ctr = random_word(r);
    record->fpscr = random_fpscr(r);
    for (unsigned i = 0; i < RECORD_MEM_SIZE; i += 8) {
        uint64_t value = random_fpr(r);
        memcpy(&record->mem[i], &value, 8);
    }
    if (id == INSN_bclr || id == INSN_bcctr) {
        Ea target = SLOTS_EA + record->slot * SLOT_SIZE + SLOT_TARGET;
        *(id == INSN_bclr ? &record->lr : &record->ctr) = target | random_below(r, 4);
        if (id == INSN_bclr)
            record->ctr = random_below(r, 3);
    } else if (id == INSN_bc) {
        record->ctr = random_below(r, 3);
    }
    if (is_fp(id))
        relate_fprs(r, record);
    if (is_efp(id))
        randomize_efp(r, id, record);
    if (is_access(id))
        aim(r, id, record);
    if (spe)
        widen_gprs(r, id, record);
}
