/* SPDX-License-Identifier: MIT
 *
 * What cores ask of one another.
 *
 * A core alone changes its own TLB arrays and its own soft TLB.  Whoever wants another core to forget something puts a request into
 * that core's mail; it does as asked before its next instruction, or before it executes again.
 */
#pragma once

#include "cpu/e500/core.h"

/* tlbivax with this effective address, asked of all other cores.  c's own thread. */
void e500_mail_tlbivax(E500 *c, Ea arg);
/*
 * All cores but `by`, which may be NULL, are to forget that they may store to [gpa, gpa + size) without looking at its page flags.  Any
 * thread.
 */
void e500_mail_protect(const E500Vm *vm, const E500 *by, uint64_t gpa, uint64_t size);
/*
 * Every core but `by`, which may be NULL, that executes instructions now has done what it was asked before this call.  What it stored
 * before that is in memory.  Any thread.  A thread that waits for it may hold the device lock, and no lock that a core takes while it
 * executes (Vcpus.lock); a core that waits attends its own mail meanwhile, or two would wait for each other.
 */
bool e500_mail_done(const E500Vm *vm, const E500 *by);
/* Does what others asked of c.  c's own thread. */
void e500_mail_attend(E500 *c);
