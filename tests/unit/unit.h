/* SPDX-License-Identifier: MIT
 *
 * A unit test file holds one UNIT_TESTS(module) { g_test_add_func(…); … }, module being its name without _test.c.  The makefile
 * lists the modules; main.c has each add its cases.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define UNIT_TESTS(module)    \
    void unit_##module(void); \
    void unit_##module(void)

/* A loop over a table.  When an assertion fails in it, the output says in which row. */
#define FOR_ROWS(i, rows) for (unsigned i = 0; i < G_N_ELEMENTS(rows) && unit_row(#rows, i); i++)

bool unit_row(const char *table, unsigned row); /* true */
