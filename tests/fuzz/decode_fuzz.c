/* SPDX-License-Identifier: MIT
 *
 * Decoder and disassembler on arbitrary words: a valid decoding matches its row, its reserved bits are ignored or, on a core where
 * they are, illegal, and its text is complete and fits any buffer.
 */
#include <glib.h>
#include <string.h>

#include "cpu/e500/insn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_row(uint32_t word, const E500Model *model, const Insn *in)
{
    const InsnInfo *row = &insn_info[in->id];
    Insn other;

    g_assert_cmphex(word & row->mask, ==, row->match);
    g_assert_cmphex(row->categories & model->categories, ==, row->categories);
    g_assert_cmphex(in->flags & ~row->flags, ==, 0);
    insn_decode(word ^ insn_reserved(in->id, model), model, &other);
    if (model->reserved_illegal && insn_reserved(in->id, model)) {
        g_assert_cmpuint(other.id, ==, INSN_ILLEGAL);
    } else {
        g_assert_cmpuint(other.id, ==, in->id);
        g_assert_cmpint(other.imm, ==, in->imm);
    }
}

static void check_word(uint32_t word, Ea pc, const E500Model *model)
{
    char text[96], small[12];
    Insn in;

    insn_decode(word, model, &in);
    g_assert_cmphex(in.word, ==, word);
    g_assert_cmpuint(in.id, <, INSN_COUNT);
    g_assert_nonnull(insn_exec[in.id]);
    if (in.id != INSN_ILLEGAL)
        check_row(word, model, &in);
    insn_disassemble(word, model, pc, text, sizeof(text));
    g_assert_cmpuint(strlen(text), >, 0);
    g_assert_cmpuint(strlen(text), <, sizeof(text) - 1);
    g_assert_true(g_str_has_prefix(text, ".long") == (in.id == INSN_ILLEGAL));
    insn_disassemble(word, model, pc, small, sizeof(small));
    g_assert_true(strncmp(text, small, sizeof(small) - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n;
    const E500Model *models = e500_models(&n);

    for (size_t at = 0; at + 4 <= size; at += 4) {
        uint32_t word;
        memcpy(&word, data + at, 4);
        for (size_t m = 0; m < n; m++)
            check_word(GUINT32_FROM_BE(word), (Ea)at, &models[m]);
    }
    return 0;
}
