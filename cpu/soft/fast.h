/* SPDX-License-Identifier: MIT
 *
 * The special forms of the fast engine: what a row of insn.def comes to for certain operands, as a function of its own.
 */
#pragma once

#include "cpu/e500/insn.h"

typedef struct FastForm {
    const char *name;
    InsnId id;                       /* of the row it is a form of */
    bool (*applies)(const Insn *in); /* to this instruction of the row */
    InsnExec *exec;                  /* as insn_exec[id], where it applies */
} FastForm;

extern const FastForm fast_forms[];
extern const unsigned fast_forms_n;

InsnExec *fast_exec(const Insn *in); /* of a special form that applies, else the row's */
