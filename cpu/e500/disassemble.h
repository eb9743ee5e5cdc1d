/* SPDX-License-Identifier: MIT
 *
 * Instructions as text, for whoever shows them.
 */
#pragma once

#include "cpu/e500/state.h"

/*
 * "mnemonic operands" as objdump -M raw prints it, branch targets absolute; always terminated, cut off where `size` bytes do not hold it.
 * A pure function of word, model and pc.  Any thread.
 */
void insn_disassemble(uint32_t word, const E500Model *model, Ea pc, char *text, size_t size);
