/* SPDX-License-Identifier: MIT
 *
 * From a word to a row of insn.def.
 *
 * Lookup: the primary opcode selects either one chain of rows or a table by bits 21–30, built once from match and mask of the
 * rows; forms that ignore some of those bits (XO, A) fill all their places.  Rows that share a place (mfcr, mfocrf) are chained in
 * the order of the table.
 */
#include "cpu/e500/insn.h"
#include "cpu/e500/interrupt.h"

_Static_assert(sizeof(Insn) <= 24, "decoded instructions are cached in numbers");

/* --- forms: match, mask, flags --- */

#define OPCD(op)  ((uint32_t)(op) << 26)
#define XO_AT(xo) ((uint32_t)(xo) << 1)
#define BIT(n)    (1u << (31 - (n))) /* as the architecture numbers them */
#define MASK_OPCD OPCD(63)
#define MASK_X    (MASK_OPCD | XO_AT(1023))

#define FORM_D(op)              OPCD(op), MASK_OPCD, 0
#define FORM_I(op)              OPCD(op), MASK_OPCD, INSN_AA | INSN_LK
#define FORM_B(op)              OPCD(op), MASK_OPCD, INSN_AA | INSN_LK
#define FORM_M(op)              OPCD(op), MASK_OPCD, INSN_RC
#define FORM_SC(op)             OPCD(op) | BIT(30), MASK_OPCD | BIT(30), 0
#define FORM_X(op, xo)          OPCD(op) | XO_AT(xo), MASK_X, 0
#define FORM_X_RC(op, xo)       OPCD(op) | XO_AT(xo), MASK_X, INSN_RC
#define FORM_X_FIXED(op, xo, f) (OPCD(op) | (f) << 21 | (f) << 16 | (f) << 11 | XO_AT(xo)), UINT32_MAX, 0
#define FORM_X_1(op, xo)        OPCD(op) | XO_AT(xo) | BIT(31), MASK_X | BIT(31), 0
#define FORM_X_L(op, xo, l)     OPCD(op) | XO_AT(xo) | BIT(10) * (l), MASK_X | BIT(10), 0
#define FORM_X_L2(op, xo, l)    OPCD(op) | XO_AT(xo) | BIT(10) * (l), MASK_X | BIT(9) | BIT(10), 0
#define FORM_EVX(op, xo)        OPCD(op) | (xo), MASK_OPCD | 0x7ff, 0
#define FORM_EVS(op, xo)        OPCD(op) | (xo) << 3, MASK_OPCD | 0x7f8, 0
#define FORM_XFX_0(op, xo)      OPCD(op) | XO_AT(xo), MASK_X | BIT(11), 0
#define FORM_XFX_1(op, xo)      OPCD(op) | XO_AT(xo) | BIT(11), MASK_X | BIT(11), 0
#define FORM_XL(op, xo)         OPCD(op) | XO_AT(xo), MASK_X, 0
#define FORM_XL_LK(op, xo)      OPCD(op) | XO_AT(xo), MASK_X, INSN_LK
#define FORM_XO(op, xo)         OPCD(op) | XO_AT(xo), MASK_OPCD | XO_AT(511), INSN_OE | INSN_RC
#define FORM_XO_RC(op, xo)      OPCD(op) | XO_AT(xo), MASK_OPCD | XO_AT(511), INSN_RC
#define FORM_A(op, xo)          OPCD(op) | XO_AT(xo), MASK_OPCD | XO_AT(31), INSN_RC
#define FORM_A_0(op, xo)        OPCD(op) | XO_AT(xo), MASK_OPCD | XO_AT(31), 0

/* --- the tables --- */

#define OPS(...) OPS_N(__VA_ARGS__, NONE, NONE, NONE, NONE, NONE, NONE)
#define OPS_N(a, b, c, d, e, f, ...)                                                                   \
    {                                                                                                  \
        OPERAND_ID_##a, OPERAND_ID_##b, OPERAND_ID_##c, OPERAND_ID_##d, OPERAND_ID_##e, OPERAND_ID_##f \
    }

#define FX(...) FX_N(__VA_ARGS__, NONE, NONE, NONE)
#define FX_N(a, b, c, ...)     \
    {                          \
        FX_##a, FX_##b, FX_##c \
    }

const OperandInfo operand_info[OPERANDS] = {
#define OPERAND(id, shift, width, kind, access, doc) {#id, doc, shift, width, OK_##kind, OPERAND_##access},
#include "cpu/e500/operand.def"
#undef OPERAND
};

const EffectInfo effect_info[EFFECTS] = {
#define EFFECT(id, reads, writes, flags, memory, size, doc) {#id, doc, reads, writes, flags, MEMORY_##memory, size},
#include "cpu/e500/effect.def"
#undef EFFECT
};

const uint8_t insn_class_effect[INSN_CLASSES] = {
#define X(id, doc, effect) FX_##effect,
    INSN_CLASS_LIST(X)
#undef X
};

const InsnInfo insn_info[INSN_ILLEGAL] = {
#define INSN(id, name, form, cat, cls, ops, ...) [INSN_##id] = {name, FORM_##form, CAT_##cat, IC_##cls, ops, __VA_ARGS__},
#include "cpu/e500/insn.def"
#undef INSN
};

static ExecResult exec_illegal(E500 *c, const Insn *in)
{
    return e500_illegal(c, in->word);
}

static InsnExec *const supervisor_exec[INSN_ILLEGAL] = {
#define INSN(id, ...) [INSN_##id] = exec_##id,
#include "cpu/e500/insn.def"
#undef INSN
};

/* Stands in insn_exec[] for each privileged row, so that the others pay nothing for the check. */
static ExecResult exec_privileged(E500 *c, const Insn *in)
{
    return c->s.msr & MSR_PR ? e500_privileged(c) : supervisor_exec[in->id](c, in);
}

enum {
#define X(id, doc, effect) IC_##id##_IS_PRIVILEGED = FX_##effect == FX_PRIVILEGED,
    INSN_CLASS_LIST(X)
#undef X
};

InsnExec *const insn_exec[INSN_COUNT] = {
#define INSN(id, name, form, cat, cls, ...) [INSN_##id] = IC_##cls##_IS_PRIVILEGED ? exec_privileged : exec_##id,
#include "cpu/e500/insn.def"
#undef INSN
    [INSN_ILLEGAL] = exec_illegal,
};

/* --- fields --- */

static uint32_t swap_halves(uint32_t field)
{
    return (field & 31) << 5 | field >> 5;
}

uint32_t operand_value(OperandId id, uint32_t word)
{
    const OperandInfo *op = &operand_info[id];
    uint32_t field = word >> op->shift & ((1u << op->width) - 1);
    return op->kind == OK_SPR ? swap_halves(field) : field;
}

uint32_t insn_flag_bits(unsigned flags)
{
    return (flags & (INSN_RC | INSN_LK) ? BIT(31) : 0) | (flags & INSN_AA ? BIT(30) : 0) | (flags & INSN_OE ? BIT(21) : 0);
}

uint32_t insn_reserved(InsnId id, const E500Model *model)
{
    const InsnInfo *row = &insn_info[id];
    uint32_t known = row->mask | insn_flag_bits(row->flags);
    for (unsigned i = 0; i < INSN_OPERANDS_MAX && row->operand[i] != OPERAND_ID_NONE; i++) {
        const OperandInfo *op = &operand_info[row->operand[i]];
        if (op->kind != OK_HINT || !model->reserved_illegal)
            known |= ((1u << op->width) - 1) << op->shift;
    }
    return ~known;
}

/* --- lookup --- */

enum { NO_ROW = INSN_ILLEGAL, EXTENDED = 1024 };

/* How a row's immediate is made, precomputed so that decoding does not look at operands. */
typedef enum ImmKind { IMM_NONE, IMM_SIGNED, IMM_SHIFTED, IMM_UNSIGNED, IMM_SCALED, IMM_BRANCH, IMM_SPR, IMM_MASK } ImmKind;

/* What makes a form of the row invalid, precomputed from its operands. */
enum { CHECK_UPDATE = 1, CHECK_UPDATE_LOAD = 2, CHECK_L = 4, CHECK_NO_DECREMENT = 8, CHECK_T = 16 };

typedef struct Match {
    uint32_t match, mask, categories;
    uint32_t reserved; /* on a core of E500Model.reserved_illegal */
    uint16_t next;     /* row that shares the place, or NO_ROW */
    uint8_t flags;
    uint8_t imm, shift, width, scale;
    uint8_t checks;
} Match;

static struct {
    Match row[INSN_ILLEGAL];
    uint16_t primary[64];           /* first row of a primary opcode without extended one */
    int8_t table[64];               /* or the index of its table, from 0; −1: none */
    uint16_t extended[5][EXTENDED]; /* of 4, 19, 31, 59, 63 */
} lookup;

static void chain(uint16_t *place, unsigned id)
{
    while (*place != NO_ROW && *place != id)
        place = &lookup.row[*place].next;
    *place = (uint16_t)id;
}

static uint8_t checks_of(unsigned id, const uint8_t operand[])
{
    uint8_t checks = id == INSN_bcctr ? CHECK_NO_DECREMENT : 0;

    for (unsigned i = 0; i < INSN_OPERANDS_MAX; i++) {
        if (operand[i] == OPERAND_ID_RAU)
            checks |= operand[0] == OPERAND_ID_RT ? CHECK_UPDATE | CHECK_UPDATE_LOAD : CHECK_UPDATE;
        if (operand[i] == OPERAND_ID_L)
            checks |= CHECK_L;
        if (operand[i] == OPERAND_ID_T)
            checks |= CHECK_T;
    }
    return checks;
}

static void build_row(unsigned id)
{
    static const E500Model strict = {.reserved_illegal = true};
    const InsnInfo *info = &insn_info[id];
    Match *row = &lookup.row[id];

    *row = (Match){
        .match = info->match,
        .mask = info->mask,
        .categories = info->categories,
        .reserved = insn_reserved(id, &strict),
        .next = NO_ROW,
        .flags = info->flags,
        .imm = IMM_NONE,
    };
    for (unsigned i = 0; i < INSN_OPERANDS_MAX; i++) {
        static const uint8_t imm[] = {
            /* of an OperandKind */
            [OK_SIMM] = IMM_SIGNED,   [OK_SIMM_SHIFTED] = IMM_SHIFTED, [OK_UIMM] = IMM_UNSIGNED,
            [OK_DISP] = IMM_SIGNED,   [OK_BRANCH] = IMM_BRANCH,        [OK_SPR] = IMM_SPR,
            [OK_MASK_END] = IMM_MASK, [OK_DISP_2] = IMM_SCALED,        [OK_DISP_4] = IMM_SCALED,
            [OK_DISP_8] = IMM_SCALED,
        };
        const OperandInfo *op = &operand_info[info->operand[i]];
        if (imm[op->kind] != IMM_NONE) {
            row->imm = imm[op->kind];
            row->shift = op->shift;
            row->width = op->width;
            row->scale = (uint8_t)(op->kind - OK_DISP);
        }
    }
    row->checks = checks_of(id, info->operand);
}

static void build(void)
{
    unsigned tables = 0;

    for (unsigned op = 0; op < 64; op++) {
        lookup.primary[op] = NO_ROW;
        lookup.table[op] = -1;
    }
    for (unsigned t = 0; t < G_N_ELEMENTS(lookup.extended); t++)
        for (unsigned xo = 0; xo < EXTENDED; xo++)
            lookup.extended[t][xo] = NO_ROW;
    for (unsigned id = 0; id < INSN_ILLEGAL; id++)
        build_row(id);
    for (unsigned id = 0; id < INSN_ILLEGAL; id++) {
        uint32_t match = insn_info[id].match, mask = insn_info[id].mask;
        unsigned op = match >> 26;
        if (!(mask & XO_AT(30))) { /* no extended opcode, of which the shortest is that of A form; sc fixes bit 30 */
            chain(&lookup.primary[op], id);
            continue;
        }
        if (lookup.table[op] < 0) {
            g_assert(tables < G_N_ELEMENTS(lookup.extended));
            lookup.table[op] = (int8_t)tables++;
        }
        unsigned ignored = ~(mask >> 1) & (EXTENDED - 1), fixed = match >> 1 & (EXTENDED - 1), bits = ignored;
        do /* with each value of the bits that the form ignores */
            chain(&lookup.extended[lookup.table[op]][fixed | bits], id);
        while ((bits = (bits - 1) & ignored) != ignored);
    }
}

/* Ones from bit mb to bit me, around the end when mb > me. */
static uint32_t rotate_mask(unsigned mb, unsigned me)
{
    uint32_t from_mb = UINT32_MAX >> mb, to_me = UINT32_MAX << (31 - me);
    return mb <= me ? from_mb & to_me : from_mb | to_me;
}

static int32_t immediate(const Match *row, uint32_t word)
{
    uint32_t field = word >> row->shift & ((1u << row->width) - 1);
    unsigned spare = 32 - row->width;

    switch ((ImmKind)row->imm) {
    case IMM_SIGNED:
        return (int32_t)(field << spare) >> spare;
    case IMM_SHIFTED:
        return (int32_t)(field << 16);
    case IMM_UNSIGNED:
        return (int32_t)field;
    case IMM_SCALED:
        return (int32_t)(field << row->scale);
    case IMM_BRANCH:
        return (int32_t)((field & ~3u) << spare) >> spare;
    case IMM_MASK:
        return (int32_t)rotate_mask(word >> 6 & 31, field);
    case IMM_SPR:
        return (int32_t)swap_halves(field);
    case IMM_NONE:
        break;
    }
    return 0;
}

/*
 * Invalid forms that the cores refuse as illegal (EREF 2.0 §3.3.1.4, e500mc core manual §3.4.3).  Others, such as lmw with rA
 * among its targets, are executed.
 */
static bool is_invalid_form(unsigned checks, const Insn *in)
{
    return (checks & CHECK_UPDATE && in->ra == 0) ||           /* nothing to update */
           (checks & CHECK_UPDATE_LOAD && in->ra == in->rt) || /* two results, one register */
           (checks & CHECK_L && in->rt & 1) ||                 /* 64-bit comparison */
           (checks & CHECK_NO_DECREMENT && !(in->rt & 4)) ||   /* bcctr that changes CTR */
           (checks & CHECK_T && (in->rt & 3) == 2);            /* tlbilx of a kind that does not exist */
}

static unsigned find(uint32_t word, uint32_t categories)
{
    unsigned op = word >> 26;
    int table = lookup.table[op];
    unsigned id = table < 0 ? lookup.primary[op] : lookup.extended[table][word >> 1 & (EXTENDED - 1)];

    for (; id != NO_ROW; id = lookup.row[id].next) {
        const Match *row = &lookup.row[id];
        if ((word & row->mask) == row->match && (categories & row->categories) == row->categories)
            break;
    }
    return id;
}

void insn_decode(uint32_t word, const E500Model *model, Insn *out)
{
    static gsize built;
    if (g_once_init_enter(&built)) {
        build();
        g_once_init_leave(&built, 1);
    }

    unsigned id = find(word, model->categories);
    *out = (Insn){
        .word = word,
        .id = (uint16_t)id,
        .rt = word >> 21 & 31,
        .ra = word >> 16 & 31,
        .rb = word >> 11 & 31,
        .rc = word >> 6 & 31,
        .me = word >> 1 & 31,
    };
    if (id == INSN_ILLEGAL)
        return;
    const Match *row = &lookup.row[id];
    bool reserved_set = model->reserved_illegal && word & row->reserved;
    if (reserved_set || (row->checks && is_invalid_form(row->checks, out))) {
        out->id = INSN_ILLEGAL;
        return;
    }
    unsigned flags = (word & BIT(31) ? INSN_RC | INSN_LK : 0) | (word & BIT(30) ? INSN_AA : 0) | (word & BIT(21) ? INSN_OE : 0);
    out->flags = (uint8_t)(flags & row->flags);
    out->imm = immediate(row, word);
}
