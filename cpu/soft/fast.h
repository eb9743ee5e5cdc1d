/* SPDX-License-Identifier: MIT
 *
 * The special forms of the fast engine: what a row of insn.def comes to for certain operands, as a function of its own.
 */
#pragma once

#include "cpu/e500/insn.h"
#include "cpu/soft/engine.h"

typedef struct FastForm {
    const char *name;
    InsnId id;                       /* of the row it is a form of */
    bool (*applies)(const Insn *in); /* to this instruction of the row */
    InsnExec *exec;                  /* as insn_exec[id], where it applies */
} FastForm;

extern const FastForm fast_forms[];
extern const unsigned fast_forms_n;

InsnExec *fast_exec(const Insn *in); /* of a special form that applies, else the row's */

/* For engines that let the fast one execute what they do not. */
typedef struct FastTables FastTables;
FastTables *fast_tables_new(const E500Model *model);
void fast_tables_free(FastTables *tables); /* kept for the next one of the model; not NULL */
/*
 * Executes at least one instruction, from s.pc to the next jump, trap or end of a page at most, and no further than the limit or where
 * core.done is `until`.  core.done is below both.  The result is that of run_slice(): false is an exit.
 */
bool fast_run_straight(SoftVcpu *vcpu, FastTables *tables, uint32_t until);
