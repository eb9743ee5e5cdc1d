/* SPDX-License-Identifier: MIT
 *
 * A unit test file holds one UNIT_TESTS(module) { g_test_add_func(…); … }, module being its name without _test.c.  The makefile
 * lists the modules; main.c has each add its cases.
 */
#pragma once

#include <glib.h>

#define UNIT_TESTS(module)    \
    void unit_##module(void); \
    void unit_##module(void)
