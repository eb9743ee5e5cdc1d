/* SPDX-License-Identifier: MIT
 *
 * The instruction table for people and scripts.
 *   insn-tool disas [MODEL]   words in hex on stdin, one a line, as text
 *   insn-tool rows [MODEL]    one line a row: id, mnemonic, match, mask, flag bits, reserved bits, class, operands
 *   insn-tool docs            docs/INSNS.md
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/e500/insn.h"
#include "cpu/jit/jit.h"

static const char *const id_name[] = {
#define INSN(id, ...) #id,
#include "cpu/e500/insn.def"
#undef INSN
};

static const struct {
    const char *name, *doc;
} class_name[] = {
#define X(id, doc, effect) {#id, doc},
    INSN_CLASS_LIST(X)
#undef X
};

static const struct {
    uint32_t bit;
    const char *name, *doc;
} category[] = {
    {CAT_B, "B", "Base"},
    {CAT_E, "E", "Embedded"},
    {CAT_WT, "WT", "Wait"},
    {CAT_FP, "FP", "Floating-Point"},
    {CAT_EPD, "E.PD", "Embedded.External PID"},
    {CAT_EHV, "E.HV", "Embedded.Hypervisor"},
    {CAT_PC, "E.PC", "Embedded.Processor Control"},
    {CAT_PM, "E.PM", "Embedded.Performance Monitor"},
    {CAT_ECL, "E.CL", "Embedded.Cache Locking"},
    {CAT_ED, "E.ED", "Embedded.Enhanced Debug"},
    {CAT_ATB, "ATB", "Alternate Time Base"},
    {CAT_DS, "DS", "Decorated Storage"},
    {CAT_EXP, "DEO", "Data Cache Extended Operations"},
    {CAT_SPE, "SP", "Signal Processing Engine"},
    {CAT_EFS, "SP.FS", "SPE.Embedded Float Scalar Single"},
    {CAT_EFD, "SP.FD", "SPE.Embedded Float Scalar Double"},
    {CAT_EFV, "SP.FV", "SPE.Embedded Float Vector"},
    {CAT_MC, "mc", "what the architecture gained after the e500v2: sc with LEV, ehpriv, lwsync, tlbilx, mfocrf, mtocrf"},
    {CAT_V2, "v2", "what stood in their place, and branch buffer locking"},
};

static void print_categories(uint32_t set)
{
    const char *space = "";
    for (size_t i = 0; i < G_N_ELEMENTS(category); i++) {
        if (set & category[i].bit) {
            printf("%s%s", space, category[i].name);
            space = " ";
        }
    }
}

static bool row_known(const InsnInfo *row, const E500Model *model)
{
    return (row->categories & model->categories) == row->categories;
}

/* --- modes --- */

static int disassemble(const E500Model *model)
{
    char line[64], text[96];
    Ea pc = 0;

    for (; fgets(line, sizeof(line), stdin); pc += 4) {
        insn_disassemble((uint32_t)strtoul(line, NULL, 16), model, pc, text, sizeof(text));
        puts(text);
    }
    return 0;
}

static int list_rows(const E500Model *model)
{
    for (unsigned id = 0; id < INSN_ILLEGAL; id++) {
        const InsnInfo *row = &insn_info[id];
        if (!row_known(row, model))
            continue;
        printf("%s %s %08x %08x %08x %08x %s", id_name[id], row->name, row->match, row->mask, insn_flag_bits(row->flags),
               insn_reserved(id, model), class_name[row->cls].name);
        for (unsigned i = 0; i < INSN_OPERANDS_MAX && row->operand[i] != OPERAND_ID_NONE; i++) {
            const OperandInfo *op = &operand_info[row->operand[i]];
            printf(" %s:%u:%u", op->name, op->shift, op->width);
        }
        putchar('\n');
    }
    return 0;
}

static void doc_effects(const InsnInfo *row)
{
    const char *space = "";
    EffectId of_class = (EffectId)insn_class_effect[row->cls];

    if (of_class != FX_NONE) {
        printf("%s", effect_info[of_class].name);
        space = " ";
    }
    for (unsigned i = 0; i < INSN_EFFECTS_MAX && row->effect[i] != FX_NONE; i++, space = " ")
        printf("%s%s", space, effect_info[row->effect[i]].name);
}

static void doc_row(unsigned id, const E500Model *model)
{
    const InsnInfo *row = &insn_info[id];
    bool base = false;

    printf("| `%s` | ", row->name);
    if (row->flags & INSN_OE)
        printf("`o` ");
    if (row->flags & INSN_RC)
        printf("`.` ");
    if (row->flags & INSN_LK)
        printf("`l` ");
    if (row->flags & INSN_AA)
        printf("`a` ");
    printf("| ");
    for (unsigned i = 0; i < INSN_OPERANDS_MAX && row->operand[i] != OPERAND_ID_NONE; i++) {
        printf("%s%s%s", base ? "(" : i ? "," : "", operand_info[row->operand[i]].name, base ? ")" : "");
        base = operand_is_displacement((OperandId)row->operand[i]);
    }
    printf(" | ");
    print_categories(row->categories);
    printf(" | ");
    doc_effects(row);
    printf(" | %s | `%08x` | `%08x` | `%08x` |\n", jit_row_is_native(id) ? "" : "call", row->match, row->mask,
           insn_reserved(id, model));
}

static void doc_model(const E500Model *model)
{
    unsigned n = 0;
    for (unsigned id = 0; id < INSN_ILLEGAL; id++)
        n += row_known(&insn_info[id], model);
    printf("\n## %s\n\n%s. Categories: ", model->name, model->doc);
    print_categories(model->categories);
    printf(". %u rows.\n", n);
    for (unsigned cls = 0; cls < INSN_CLASSES; cls++) {
        bool any = false;
        for (unsigned id = 0; id < INSN_ILLEGAL; id++) {
            if (insn_info[id].cls != cls || !row_known(&insn_info[id], model))
                continue;
            if (!any)
                printf("\n### %s: %s\n\n| mnemonic | forms | operands | category | effects | jit | match | mask | reserved |\n"
                       "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
                       model->name, class_name[cls].doc);
            any = true;
            doc_row(id, model);
        }
    }
}

static void put_resources(uint32_t set)
{
    static const char *const name[] = {
#define X(id, doc) #id,
        RESOURCE_LIST(X)
#undef X
    };
    const char *space = "";

    for (size_t i = 0; i < G_N_ELEMENTS(name); i++) {
        if (set & 1u << i) {
            printf("%s%s", space, name[i]);
            space = " ";
        }
    }
}

static void doc_effect_table(void)
{
    printf("\nEffects are what operands and forms do not say. Operands name the registers and the bits of CR that are read and "
           "written; "
           "`.` writes CR0\nfrom SO, or CR1 from FPSCR; `o` writes OV and SO; `l` writes LR; BO decides about CTR. What is written "
           "is written whenever the\ninstruction completes; what may keep its old value is read, too. SYSTEM is all of the core "
           "that has no "
           "name here.\n\n| effect | | reads | writes |\n| --- | --- | --- | --- |\n");
    for (unsigned i = 1; i < EFFECTS; i++) {
        printf("| %s | %s | ", effect_info[i].name, effect_info[i].doc);
        put_resources(effect_info[i].reads);
        printf(" | ");
        put_resources(effect_info[i].writes);
        printf(" |\n");
    }
}

static int document(void)
{
    size_t n;
    const E500Model *models = e500_models(&n);

    printf(
        "# Instructions\n\n"
        "Generated by `make docs` from cpu/e500/insn.def, operand.def and effect.def.\n\n"
        "A row matches a word when `word & mask == match`. Forms: `o` sets OV and SO, `.` sets CR0 or CR1, `l` sets LR, `a` "
        "is an absolute\ntarget. Bits that are neither in the mask nor of a form or an operand are reserved: the e500mc ignores "
        "them, on the e500v2 a word\nwith one of them set is illegal. Everything without a row raises a program interrupt with "
        "ESR[PIL], as do update forms with rA = 0,\nloads with update and rA = rT, comparisons with L = 1, a bcctr that decrements "
        "CTR, and tlbilx with T = 2.\n\n"
        "Column jit: translated code calls the interpreter's function of rows marked `call` ([JIT.md](JIT.md)); of the others it "
        "does so "
        "for\nforms that set SO, SPRs other than LR and CTR, branches on both CR and CTR, and for accesses that are not a hit.\n\n"
        "| category | |\n| --- | --- |\n");
    for (size_t i = 0; i < G_N_ELEMENTS(category); i++)
        printf("| %s | %s |\n", category[i].name, category[i].doc);
    printf("\n| operand | bits | |\n| --- | --- | --- |\n");
    for (unsigned i = 1; i < OPERANDS; i++) {
        const OperandInfo *op = &operand_info[i];
        if (op->width == 1)
            printf("| %s | %u | %s |\n", op->name, 31u - op->shift, op->doc);
        else
            printf("| %s | %u–%u | %s |\n", op->name, 32u - op->shift - op->width, 31u - op->shift, op->doc);
    }
    doc_effect_table();
    for (size_t i = 0; i < n; i++)
        doc_model(&models[i]);
    return 0;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    const E500Model *model = e500_model_find(argc > 2 ? argv[2] : "e500mc");

    if (model && strcmp(mode, "disas") == 0)
        return disassemble(model);
    if (model && strcmp(mode, "rows") == 0)
        return list_rows(model);
    if (strcmp(mode, "docs") == 0)
        return document();
    fprintf(stderr, "usage: insn-tool disas|rows [MODEL] | insn-tool docs\n");
    return 2;
}
