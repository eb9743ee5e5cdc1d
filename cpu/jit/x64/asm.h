/* SPDX-License-Identifier: MIT
 *
 * Encoding of the x86-64 instructions that the emitter uses (Intel SDM volume 2).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef enum Reg {
    RAX,
    RCX,
    RDX,
    RBX,
    RSP,
    RBP,
    RSI,
    RDI,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    NO_REG,
    STATE = RBP,
    BUDGET = R15
} Reg;

/* Condition codes, as in jcc, setcc and cmovcc; the lowest bit inverts. */
enum { CC_B = 2, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_L = 12, CC_GE, CC_LE, CC_G };

/* Opcodes: the byte, and what stands before it. */
enum {
    OP_0F = 0x100,
    OP_0F38 = 0x200,
    OP_66 = 0x400,
    OP_F2 = 0x800,
    OP_F3 = 0x1000,
    OP_W = 0x2000,    /* 64 bits */
    OP_BYTE = 0x4000, /* the register operand is a byte */

    OP_ADD = 0x03,
    OP_OR = 0x0b,
    OP_ADC = 0x13,
    OP_SBB = 0x1b,
    OP_AND = 0x23,
    OP_SUB = 0x2b,
    OP_XOR = 0x33,
    OP_CMP = 0x3b,
    OP_LOAD = 0x8b,
    OP_STORE = 0x89,
    OP_LEA = 0x8d,
    OP_TEST = 0x85,
    OP_MOVSXD = 0x63 | OP_W,
    OP_IMUL = 0xaf | OP_0F,
    OP_MOVZX8 = 0xb6 | OP_0F,
    OP_MOVZX16 = 0xb7 | OP_0F,
    OP_MOVSX8 = 0xbe | OP_0F,
    OP_MOVSX16 = 0xbf | OP_0F,
    OP_LZCNT = 0xbd | OP_0F | OP_F3,
    OP_MOVBE_LOAD = 0xf0 | OP_0F38,
    OP_MOVBE_STORE = 0xf1 | OP_0F38,
    OP_GROUP_IMM = 0x81, /* the operation is the register operand: */
    GROUP_ADD = 0,
    GROUP_OR = 1,
    GROUP_ADC = 2,
    GROUP_AND = 4,
    GROUP_SUB = 5,
    GROUP_XOR = 6,
    GROUP_CMP = 7,
    OP_SHIFT_CL = 0xd3, /* likewise: */
    OP_SHIFT_IMM = 0xc1,
    SHIFT_ROL = 0,
    SHIFT_SHL = 4,
    SHIFT_SHR = 5,
    SHIFT_SAR = 7,
    OP_UNARY = 0xf7, /* likewise: */
    UNARY_NOT = 2,
    UNARY_NEG = 3,
    UNARY_DIV = 6,
    UNARY_IDIV = 7,
};

typedef struct Asm {
    uint8_t *p; /* in writable memory */
} Asm;

static inline void asm8(Asm *a, unsigned v)
{
    *a->p++ = (uint8_t)v;
}

static inline void asm32(Asm *a, uint32_t v)
{
    memcpy(a->p, &v, 4);
    a->p += 4;
}

static inline void asm64(Asm *a, uint64_t v)
{
    memcpy(a->p, &v, 8);
    a->p += 8;
}

static inline void asm_opcode(Asm *a, unsigned op, unsigned reg, unsigned index, unsigned base, bool base_is_byte)
{
    unsigned rex = (op & OP_W ? 8 : 0) | (reg & 8 ? 4 : 0) | (index & 8 ? 2 : 0) | (base & 8 ? 1 : 0);
    bool byte_needs = (op & OP_BYTE && reg >= 4) || (base_is_byte && base >= 4);

    if (op & OP_66)
        asm8(a, 0x66);
    if (op & OP_F2)
        asm8(a, 0xf2);
    if (op & OP_F3)
        asm8(a, 0xf3);
    if (rex || byte_needs)
        asm8(a, 0x40 | rex);
    if (op & (OP_0F | OP_0F38))
        asm8(a, 0x0f);
    if (op & OP_0F38)
        asm8(a, 0x38);
    asm8(a, op);
}

/* op reg, rm: both registers.  `reg` is the operation of a group. */
static inline void asm_rr(Asm *a, unsigned op, unsigned reg, unsigned rm)
{
    asm_opcode(a, op, reg, 0, rm, (op & ~(unsigned)OP_W) == OP_MOVSX8 || (op & ~(unsigned)OP_W) == OP_MOVZX8);
    asm8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* The bytes that name [base + index << scale + disp] */
static inline void asm_modrm(Asm *a, unsigned reg, Reg base, Reg index, unsigned scale, int32_t disp)
{
    bool sib = index != NO_REG || (base & 7) == RSP;
    bool none = disp == 0 && (base & 7) != RBP, small = disp >= -128 && disp <= 127;

    asm8(a, (none ? 0 : small ? 0x40 : 0x80) | (reg & 7) << 3 | (sib ? 4 : (base & 7)));
    if (sib)
        asm8(a, scale << 6 | (index == NO_REG ? 4 : (index & 7)) << 3 | (base & 7));
    if (!none && small)
        asm8(a, (uint8_t)disp);
    else if (!none)
        asm32(a, (uint32_t)disp);
}

/* op reg, [base + index << scale + disp]; index NO_REG: none */
static inline void asm_rx(Asm *a, unsigned op, unsigned reg, Reg base, Reg index, unsigned scale, int32_t disp)
{
    asm_opcode(a, op, reg, index == NO_REG ? 0 : index, base, false);
    asm_modrm(a, reg, base, index, scale, disp);
}

static inline void asm_rm(Asm *a, unsigned op, unsigned reg, Reg base, int32_t disp)
{
    asm_rx(a, op, reg, base, NO_REG, 0, disp);
}

/* A group's operation with an immediate. */
static inline void asm_ri(Asm *a, unsigned wide, unsigned group, Reg rm, int32_t imm)
{
    bool small = imm >= -128 && imm <= 127;
    asm_rr(a, (small ? 0x83 : OP_GROUP_IMM) | wide, group, rm);
    if (small)
        asm8(a, (uint8_t)imm);
    else
        asm32(a, (uint32_t)imm);
}

static inline void asm_mi(Asm *a, unsigned wide, unsigned group, Reg base, int32_t disp, int32_t imm)
{
    bool small = imm >= -128 && imm <= 127;
    asm_rm(a, (small ? 0x83 : OP_GROUP_IMM) | wide, group, base, disp);
    if (small)
        asm8(a, (uint8_t)imm);
    else
        asm32(a, (uint32_t)imm);
}

static inline void asm_shift(Asm *a, unsigned wide, unsigned group, Reg rm, unsigned n)
{
    asm_rr(a, OP_SHIFT_IMM | wide, group, rm);
    asm8(a, n);
}

static inline void asm_mov(Asm *a, Reg to, Reg from) /* 32 bits; the upper half becomes 0 */
{
    if (to != from)
        asm_rr(a, OP_LOAD, to, from);
}

static inline void asm_set(Asm *a, Reg to, uint32_t value) /* leaves flags alone */
{
    asm_opcode(a, 0xb8 | (to & 7), 0, 0, to, false);
    asm32(a, value);
}

static inline void asm_set64(Asm *a, Reg to, uint64_t value)
{
    asm_opcode(a, 0xb8 | (to & 7) | OP_W, 0, 0, to, false);
    asm64(a, value);
}

/* VEX-encoded with three operands (BMI2, BMI1); pp, map and W as the manual's encoding says. */
static inline void asm_vex(Asm *a, unsigned map, unsigned pp, unsigned opcode, Reg reg, Reg vvvv, Reg rm, bool wide)
{
    asm8(a, 0xc4);
    asm8(a, (reg & 8 ? 0 : 0x80) | 0x40 | (rm & 8 ? 0 : 0x20) | map);
    asm8(a, (wide ? 0x80 : 0) | (~(unsigned)vvvv & 15) << 3 | pp);
    asm8(a, opcode);
    asm8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/*
 * Vector instructions, VEX-encoded: opcode, what stands in the prefix, and that W is 1.  The upper halves of vector registers are nobody's.
 */
enum {
    V_0F = 1 << 8,
    V_0F38 = 2 << 8,
    V_0F3A = 3 << 8,
    V_66 = 1 << 10,
    V_F3 = 2 << 10,
    V_F2 = 3 << 10,
    V_W = 1 << 12,

    V_MOVSD_LOAD = 0x10 | V_0F | V_F2,
    V_MOVSD_STORE = 0x11 | V_0F | V_F2,
    V_MOVAPD = 0x28 | V_0F | V_66,
    V_MOVD_TO = 0x6e | V_0F | V_66, /* to a vector register */
    V_MOVD_FROM = 0x7e | V_0F | V_66,
    V_MOVQ_TO = V_MOVD_TO | V_W,
    V_MOVQ_FROM = V_MOVD_FROM | V_W,
    V_AND = 0x54 | V_0F | V_66,
    V_OR = 0x56 | V_0F | V_66,
    V_XOR = 0x57 | V_0F | V_66,
    V_ADDSD = 0x58 | V_0F | V_F2,
    V_MULSD = 0x59 | V_0F | V_F2,
    V_SUBSD = 0x5c | V_0F | V_F2,
    V_DIVSD = 0x5e | V_0F | V_F2,
    V_UCOMISD = 0x2e | V_0F | V_66,
    V_CVTSD2SS = 0x5a | V_0F | V_F2,
    V_CVTSS2SD = 0x5a | V_0F | V_F3,
    V_CVTTSD2SI = 0x2c | V_0F | V_F2,
    V_CMPSD = 0xc2 | V_0F | V_F2,
    V_BLENDV = 0x4b | V_0F3A | V_66,
    V_UCOMISS = 0x2e | V_0F,
    V_ADDSS = 0x58 | V_0F | V_F3,
    V_MULSS = 0x59 | V_0F | V_F3,
    V_SUBSS = 0x5c | V_0F | V_F3,
    V_DIVSS = 0x5e | V_0F | V_F3,
    V_CVTTSS2SI = 0x2c | V_0F | V_F3,
    V_CVTSI2SS = 0x2a | V_0F | V_F3,
    V_CVTSI2SD = 0x2a | V_0F | V_F2,
    V_PINSRD = 0x22 | V_0F3A | V_66,
    V_FMADD231 = 0xb9 | V_0F38 | V_66 | V_W,
    V_FMSUB231 = 0xbb | V_0F38 | V_66 | V_W,
    V_FNMADD231 = 0xbd | V_0F38 | V_66 | V_W,
    V_FNMSUB231 = 0xbf | V_0F38 | V_66 | V_W,
    V_PEXT = 0xf5 | V_0F38 | V_F3 | V_W,
};
enum { NO_VVVV = 0 };

static inline void asm_vex_prefix(Asm *a, unsigned op, unsigned reg, unsigned vvvv, unsigned index, unsigned base)
{
    unsigned map = op >> 8 & 3, pp = op >> 10 & 3;
    unsigned last = (op & V_W ? 0x80u : 0) | (~vvvv & 15) << 3 | pp;

    if (map == 1 && !(op & V_W) && !(index & 8) && !(base & 8)) {
        asm8(a, 0xc5);
        asm8(a, (reg & 8 ? 0 : 0x80u) | last);
    } else {
        asm8(a, 0xc4);
        asm8(a, (reg & 8 ? 0 : 0x80u) | (index & 8 ? 0 : 0x40u) | (base & 8 ? 0 : 0x20u) | map);
        asm8(a, last);
    }
    asm8(a, op);
}

static inline void asm_v_rr(Asm *a, unsigned op, unsigned reg, unsigned vvvv, unsigned rm)
{
    asm_vex_prefix(a, op, reg, vvvv, 0, rm);
    asm8(a, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* An operand at [base + disp] */
static inline void asm_v_rm(Asm *a, unsigned op, unsigned reg, unsigned vvvv, Reg base, int32_t disp)
{
    asm_vex_prefix(a, op, reg, vvvv, 0, base);
    asm_modrm(a, reg, base, NO_REG, 0, disp);
}

/* An operand `at`, which has a fixed distance from the code.  No immediate follows. */
static inline void asm_v_constant(Asm *a, unsigned op, unsigned reg, unsigned vvvv, const uint8_t *at)
{
    asm_vex_prefix(a, op, reg, vvvv, 0, 0);
    asm8(a, (reg & 7) << 3 | 5);
    asm32(a, (uint32_t)(at - (a->p + 4)));
}

/* rorx to, from, n */
static inline void asm_rorx(Asm *a, Reg to, Reg from, unsigned n)
{
    asm_vex(a, 3, 3, 0xf0, to, RAX, from, false);
    asm8(a, n);
}

/* --- jumps; their distances are patched --- */

static inline uint8_t *asm_jump(Asm *a)
{
    asm8(a, 0xe9);
    asm32(a, 0);
    return a->p - 4;
}

static inline uint8_t *asm_jcc(Asm *a, unsigned cc)
{
    asm8(a, 0x0f);
    asm8(a, 0x80 | cc);
    asm32(a, 0);
    return a->p - 4;
}

static inline void asm_patch(uint8_t *at, const uint8_t *to) /* both in the same mapping */
{
    int32_t distance = (int32_t)(to - (at + 4));
    memcpy(at, &distance, 4);
}

static inline void asm_jump_to(Asm *a, const uint8_t *to)
{
    asm_patch(asm_jump(a), to);
}

static inline void asm_jcc_to(Asm *a, unsigned cc, const uint8_t *to)
{
    asm_patch(asm_jcc(a, cc), to);
}
