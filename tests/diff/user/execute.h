/* SPDX-License-Identifier: MIT
 *
 * Our side: executes a record on a core of its own model, with flat RAM and in user mode.
 */
#pragma once

#include "cpu/e500/state.h"
#include "tests/diff/user/record.h"

typedef struct Executor Executor;

Executor *executor_new(const E500Model *model);
void executor_free(Executor *x);
/* *record in host byte order: in and out. */
void executor_run(Executor *x, Record *record);
