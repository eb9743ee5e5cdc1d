/* SPDX-License-Identifier: MIT
 *
 * The registers as gdb numbers them, and target.xml which tells it so.  Names and order of the standard features are gdb's
 * (org.gnu.gdb.power.core, and .fpu or, on the e500v2, .spe); then the SPRs, numbered by their row in spr.def.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/e500/state.h"

enum {
    GDB_REG_FPR0 = 32,
    GDB_REG_PC = 64,
    GDB_REG_MSR,
    GDB_REG_CR,
    GDB_REG_LR,
    GDB_REG_CTR,
    GDB_REG_XER,
    GDB_REG_FPSCR,
    GDB_REG_SPR0,
    GDB_REG_EVH0 = GDB_REG_SPR0 + E500_SPR_SLOTS, /* upper halves of the GPRs */
    GDB_REG_ACC = GDB_REG_EVH0 + 32,
    GDB_REGS,
    GDB_G_REGS = GDB_REG_SPR0,
};

unsigned gdb_g_regs(unsigned core); /* a g packet holds those below; the rest go by p */

size_t gdb_reg_size(unsigned reg); /* bytes; 0: not shown */
uint64_t gdb_reg_get(const E500State *s, unsigned reg);
bool gdb_reg_set(E500State *s, unsigned reg,
                 uint64_t value);    /* false: it cannot change while the machine exists, and this is another value */
char *gdb_target_xml(unsigned core); /* with the SPRs of E500_CORE_…; g_free */
