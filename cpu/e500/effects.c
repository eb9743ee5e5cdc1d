/* SPDX-License-Identifier: MIT
 *
 * From a row's operands, flags and effects to the sets of a decoded word.
 */
#include "cpu/e500/effects.h"

/* Adds to the set that reads or writes, as the operand's access says. */
static void add(uint32_t *in, uint32_t *out, unsigned access, uint32_t bits)
{
    if (access & OPERAND_R)
        *in |= bits;
    if (access & OPERAND_W)
        *out |= bits;
}

static uint32_t cr_field_bits(unsigned field)
{
    return 0xf0000000u >> 4 * field;
}

static uint32_t cr_bit(unsigned bit)
{
    return 0x80000000u >> bit;
}

/* --- operands --- */

static void add_register(InsnEffects *e, const OperandInfo *op, unsigned n)
{
    switch ((OperandKind)op->kind) {
    case OK_GPR_OR_0:
        add(&e->gpr_in, &e->gpr_out, n ? op->access : OPERAND_N, 1u << n);
        break;
    case OK_GPR64:
        e->flags |= EFFECT_TRAPS;
        add(&e->high_in, &e->high_out, op->access, 1u << n);
        add(&e->gpr_in, &e->gpr_out, op->access, 1u << n);
        break;
    case OK_GPR:
        add(&e->gpr_in, &e->gpr_out, op->access, 1u << n);
        break;
    case OK_GPR_TO_31:
        add(&e->gpr_in, &e->gpr_out, op->access, UINT32_MAX << n);
        break;
    case OK_FPR:
        e->flags |= EFFECT_TRAPS;
        add(&e->fpr_in, &e->fpr_out, op->access, 1u << n);
        break;
    case OK_CRF:
        add(&e->cr_in, &e->cr_out, op->access, cr_field_bits(n));
        break;
    case OK_CRB:
        add(&e->cr_in, &e->cr_out, op->access, cr_bit(n));
        break;
    case OK_NONE:
    case OK_FPSCRF: /* an effect says FPSCR */
    case OK_FIELD:
    case OK_HINT:
    case OK_SIMM:
    case OK_SIMM_SHIFTED:
    case OK_UIMM:
    case OK_MASK_END:
    case OK_DISP:
    case OK_DISP_2:
    case OK_DISP_4:
    case OK_DISP_8:
    case OK_BRANCH:
    case OK_SPR:
        break;
    }
}

/* BO: with 4 CTR is left alone, with 16 the CR bit is not looked at. */
static void add_operand(InsnEffects *e, OperandId id, const Insn *in)
{
    if (id == OPERAND_ID_BO && !(in->rt & 4)) {
        e->in |= RES_CTR;
        e->out |= RES_CTR;
    }
    if (id != OPERAND_ID_BI || !(in->rt & 16))
        add_register(e, &operand_info[id], operand_value(id, in->word));
}

/* --- effects --- */

/* What an SPR's number stands for, and what else moving it does. */
static void add_spr(InsnEffects *e, const Insn *in, const E500Model *model, unsigned access)
{
    switch (in->imm) {
    case SPRNO_XER: /* its byte count has no use here but to be read back */
        add(&e->in, &e->out, access, RES_SO | RES_OV | RES_CA | RES_SYSTEM);
        return;
    case SPRNO_LR:
        add(&e->in, &e->out, access, RES_LR);
        return;
    case SPRNO_CTR:
        add(&e->in, &e->out, access, RES_CTR);
        return;
    case SPRNO_SPEFSCR:
        e->flags |= model->categories & CAT_SPE ? 0 : EFFECT_TRAPS;
        add(&e->in, &e->out, access, RES_SPEFSCR);
        return;
    default:
        break;
    }
    /* All other SPRs are one resource: reading one may ask for the time, writing one may change anything but what is told above. */
    e->in |= RES_SYSTEM | RES_TIME;
    e->flags |= EFFECT_TRAPS;
    if (access & OPERAND_W) {
        e->out |= RES_SYSTEM;
        e->flags |= EFFECT_CONTEXT | EFFECT_ENDS;
    }
}

static uint32_t fields_of(unsigned fxm)
{
    uint32_t bits = 0;
    for (unsigned field = 0; field < 8; field++)
        if (fxm & 0x80u >> field)
            bits |= cr_field_bits(field);
    return bits;
}

/* The bits of CR that a set of resources means. */
static uint32_t cr_of(uint32_t resources, const Insn *in)
{
    return (resources & RES_CR0 ? cr_field_bits(0) : 0) | (resources & RES_CR1 ? cr_field_bits(1) : 0) |
           (resources & RES_CR ? UINT32_MAX : 0) | (resources & RES_CR_FIELDS ? fields_of((unsigned)in->imm) : 0);
}

static uint8_t bytes(unsigned size, const Insn *in, const E500Model *model)
{
    return (uint8_t)(size == SIZE_MANY ? 4u * (32u - in->rt) : size == SIZE_LINE ? model->cache_line : size);
}

static void add_effect(InsnEffects *e, const EffectInfo *effect, const Insn *in, const E500Model *model)
{
    const uint32_t stand_ins = RES_CR0 | RES_CR1 | RES_CR | RES_CR_FIELDS | RES_SPR | RES_ARGUMENTS;

    e->in |= effect->reads & ~stand_ins;
    e->out |= effect->writes & ~stand_ins;
    e->cr_in |= cr_of(effect->reads, in);
    e->cr_out |= cr_of(effect->writes, in);
    e->flags |= effect->flags;
    if (effect->memory) {
        e->memory = effect->memory;
        e->size = bytes(effect->size, in, model);
    }
    if (effect->reads & RES_ARGUMENTS)
        e->gpr_in |= 1 | 0x1ffu << 3;
    if (effect->reads & RES_SPR)
        add_spr(e, in, model, OPERAND_R);
    if (effect->writes & RES_SPR)
        add_spr(e, in, model, OPERAND_W);
}

/* --- flags --- */

static void add_flags(InsnEffects *e, const Insn *in, const InsnInfo *row)
{
    bool is_fp = row->categories & CAT_FP;

    if (in->flags & INSN_RC) {
        e->in |= is_fp ? RES_FPSCR : RES_SO;
        e->cr_out |= cr_field_bits(is_fp ? 1 : 0);
    }
    if (in->flags & INSN_OE) {
        e->in |= RES_SO;
        e->out |= RES_SO | RES_OV;
    }
    if (in->flags & INSN_LK)
        e->out |= RES_LR;
}

void insn_effects(const Insn *in, const E500Model *model, InsnEffects *out)
{
    const InsnInfo *row = &insn_info[in->id];

    *out = (InsnEffects){0};
    for (unsigned i = 0; i < INSN_OPERANDS_MAX && row->operand[i] != OPERAND_ID_NONE; i++)
        add_operand(out, (OperandId)row->operand[i], in);
    add_effect(out, &effect_info[insn_class_effect[row->cls]], in, model);
    for (unsigned i = 0; i < INSN_EFFECTS_MAX && row->effect[i] != FX_NONE; i++)
        add_effect(out, &effect_info[row->effect[i]], in, model);
    add_flags(out, in, row);
    if (row->cls == IC_FP) /* an enabled invalid operation or division by zero leaves the target alone (Book I §4.4.1, §4.4.2) */
        out->fpr_in |= out->fpr_out;
}
