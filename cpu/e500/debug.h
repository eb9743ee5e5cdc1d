/* SPDX-License-Identifier: MIT
 *
 * The guest's own debugging, and a debugger's watchpoints (debug.c).
 */
#pragma once

#include "cpu/e500/core.h"

/* One bit per event of DBSR: record it if DBCR0[IDM]; true: MSR[DE] too, a debug interrupt follows at once. */
bool e500_debug_event(E500 *c, uint32_t dbsr);
bool e500_debug_looks_at_instructions(const E500 *c); /* ICMP, BRT, RET, CRET, IAC */
void e500_debug_before_instruction(E500 *c);          /* records what the last one and the next one are events for */
bool e500_debug_watches(const E500 *c);               /* data anywhere: DAC, or a debugger outside */
bool e500_debug_watches_page(const E500 *c, Ea page); /* in this page */
/*
 * An access is about to happen: EXEC_TRAP, a debug interrupt comes first; EXEC_EXIT, a watchpoint of the debugger does.
 * A block operation is about all of the aligned block of `size` bytes around ea.
 */
ExecResult e500_debug_data_access(E500 *c, Ea ea, unsigned size, E500Access access, bool block);
/* The same of n words, all before the first one: what a stopped load multiple read of a device it would read again. */
ExecResult e500_debug_multiple(E500 *c, Ea ea, unsigned n, E500Access access);
void e500_debug_rewritten(E500 *c); /* DBCRn, IACn or DACn changed */
