/* SPDX-License-Identifier: MIT
 *
 * What belongs to the process and not to a Machine.  This is the whole list, and `make check-deps` compares it with the variables that the
 * compiled program has (tests/deps/statics); everything else hangs on a Machine.
 *
 *  | what                          | variables                      | where              | why it is the process's
 *  |-------------------------------|--------------------------------|--------------------|--------------------------------------------
 *  | standard error, -D, -d        | log_mask log_out out_file      | cpu/log.c          | a process has one standard error; messages
 *  |                               | out_stderr lost_listener once  |                    | come from code that knows no machine
 *  |                               | budget silent stamp            |                    |
 *  | -trace                        | timeline timeline_mask         | cpu/timeline.c     | one file; events come from code that knows no
 *  |                               |                                |                    | machine
 *  | the armed fault point         | armed passings_left fails_with | cpu/fault.c        | for tests: one fault in one run
 *  | the device lock, and whether  | mutex held                     | base/lock.c        | main loop sources of all kinds take it and
 *  |   this thread has it          |                                |                    | have no machine at hand; there is one
 *  | the vCPU whose access a       | initiator                      | base/bus.c         | a device asks which vCPU accesses it, and
 *  |   thread makes                |                                |                    | its ops have no argument for that
 *  | stdio's owner, the terminal's | stdio_owner stdio_flags raw    | chardev/open.c     | a process has one standard input, and a
 *  |   mode                        | is_raw cooked once tty_fd      | chardev/tty.c      | signal handler must find the mode
 *  | files to remove, what to do   | files hooks                    | base/process.c     | the kernel's notion of a process
 *  |   at a fatal signal           |                                |                    |
 *  | who waits for a daemon        | tell_parent                    | base/daemon.c      | a process has one parent
 *  | tables of constants           | lookup built row               | e500/decode.c      | made at the first use, never changed after
 *  |                               | of_row found                   | jit/front.c        |
 *  |                               |                                | soft/fast_forms.c  |
 *  | decoded instructions that no  | unused unused_lock             | soft/fast.c        | the next VM takes them, and the last one
 *  |   vCPU uses                   |                                |                    | does not know of it
 *  | who looks for stores to code, | lock                           | jit/smc.c          | shared by the vCPUs' threads of all VMs, and
 *  |   which pages count them      |                                | e500/ram.c         | taken seldom
 *  | the translator's settings     | jit_hot jit_fp told            | jit/engine.c       | tests set them for all machines they make
 *  | state tables that were looked | lock seen                      | base/section.c     | they are the program's, so once is enough
 *  |   at for forgotten members    |                                |                    |
 *  | handlers of GSources          | source_funcs funcs             | base/clock.c       | constants that glib wants writable
 *  |                               |                                | base/listener.c    |
 *  |                               |                                | net/watch.c        |
 *  |                               |                                | net/user.c         |
 *
 * Besides, glib has the default GMainContext, of which signals and sockets are sources, and the kernel signal dispositions and limits.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Before anything else: descriptors 0 to 2 are open, a closed pipe (SIGPIPE) and a file size limit (SIGXFSZ) are errors of write(), and
 * a signal that ends the program removes its files and calls its hooks first.
 */
void process_start(void);
/*
 * glib ends the program in an abort where it finds no descriptor, memory or thread.  Is there room for what it needs at the start, and for
 * `bytes` of address space more (the guest's RAM)?
 */
bool process_has_room(uint64_t bytes, GError **error);
bool process_lock_memory(GError **error); /* what it has and gets stays in the host's RAM */
/* The file at this path is removed if a signal ends the program.  Main thread. */
void process_own_file(const char *path);
void process_remove_file(const char *path); /* removes it now, and forgets it */
/* Called in a signal handler, so by async-signal-safe means alone; at most PROCESS_HOOKS of them.  Main thread. */
enum { PROCESS_HOOKS = 4 };
void process_on_fatal_signal(void (*hook)(void));
