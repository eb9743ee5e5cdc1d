/* SPDX-License-Identifier: MIT
 *
 * Text of an instruction, from its row: mnemonic, flags, operands, in objdump's spelling.
 */
#include <stdarg.h>
#include <stdio.h>

#include "cpu/e500/insn.h"

typedef struct Text {
    char *at;
    size_t left; /* with room for the terminating zero; 0 only for a buffer of size 0 */
} Text;

G_GNUC_PRINTF(2, 3) static void put(Text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(t->at, t->left, format, args);
    va_end(args);
    size_t used = n < 0 ? 0 : (size_t)n < t->left ? (size_t)n : t->left ? t->left - 1 : 0;
    t->at += used;
    t->left -= used;
}

static void put_cr_bit(Text *t, unsigned bit)
{
    static const char *const name[] = {"lt", "gt", "eq", "so"};
    if (bit >= 4)
        put(t, "4*cr%u+", bit / 4);
    put(t, "%s", name[bit % 4]);
}

static void put_operand(Text *t, const Insn *in, OperandId id, Ea pc)
{
    unsigned value = operand_value(id, in->word);

    switch ((OperandKind)operand_info[id].kind) {
    case OK_GPR_OR_0:
        if (value == 0) {
            put(t, "0");
            break;
        }
        /* fall through */
    case OK_GPR:
    case OK_GPR64:
    case OK_GPR_TO_31:
        put(t, "r%u", value);
        break;
    case OK_FPR:
        put(t, "f%u", value);
        break;
    case OK_CRF:
    case OK_FPSCRF:
        put(t, "cr%u", value);
        break;
    case OK_CRB:
        put_cr_bit(t, value);
        break;
    case OK_SIMM_SHIFTED:
        put(t, "%d", (int16_t)value);
        break;
    case OK_SIMM:
    case OK_DISP:
    case OK_DISP_2:
    case OK_DISP_4:
    case OK_DISP_8:
        put(t, "%d", in->imm);
        break;
    case OK_FIELD:
    case OK_HINT:
    case OK_MASK_END:
    case OK_UIMM:
    case OK_SPR:
        put(t, "%u", value);
        break;
    case OK_BRANCH:
        put(t, "0x%" PRIx64, (uint64_t)(Ea)((in->flags & INSN_AA ? 0 : pc) + (Ea)in->imm));
        break;
    case OK_NONE:
        break;
    }
}

/* A displacement and its base are written as one operand: d(base). */
static void put_operands(Text *t, const Insn *in, const uint8_t operand[], Ea pc)
{
    bool base = false;

    for (unsigned i = 0; i < INSN_OPERANDS_MAX && operand[i] != OPERAND_ID_NONE; i++) {
        put(t, base ? "(" : i ? "," : "");
        put_operand(t, in, (OperandId)operand[i], pc);
        if (base)
            put(t, ")");
        base = operand_is_displacement((OperandId)operand[i]);
    }
}

void insn_disassemble(uint32_t word, const E500Model *model, Ea pc, char *text, size_t size)
{
    Text t = {text, size};
    Insn in;

    if (size)
        text[0] = '\0';
    insn_decode(word, model, &in);
    if (in.id == INSN_ILLEGAL) {
        put(&t, ".long 0x%x", word);
        return;
    }
    const InsnInfo *row = &insn_info[in.id];
    char name[16];
    g_snprintf(name, sizeof(name), "%s%s%s%s%s", row->name, in.flags & INSN_OE ? "o" : "", in.flags & INSN_LK ? "l" : "",
               in.flags & INSN_AA ? "a" : "", in.flags & INSN_RC ? "." : "");
    if (row->operand[0] == OPERAND_ID_NONE)
        put(&t, "%s", name);
    else
        put(&t, "%-7s ", name);
    put_operands(&t, &in, row->operand, pc);
}
