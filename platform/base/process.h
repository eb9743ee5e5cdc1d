/* SPDX-License-Identifier: MIT
 *
 * What belongs to the process and not to a Machine.  This is the whole list; everything else hangs on a Machine or is local to a thread.
 *
 *  | what                                       | where               | why it is the process's
 *  |--------------------------------------------|---------------------|------------------------------------------------------
 *  | standard error, -D, -d                     | cpu/log.c           | a process has one standard error; messages come from
 *  |                                            |                     | code that knows no machine
 *  | the armed fault point                      | cpu/fault.c         | for tests: one fault in one run
 *  | the device lock                            | base/lock.c         | main loop sources of all kinds take it and have no
 *  |                                            |                     | machine at hand; there is one machine in a process
 *  | the default GMainContext                   | glib                | signals and sockets are sources of it
 *  | stdio's owner, the terminal's mode         | chardev/open.c,     | a process has one standard input, and a signal handler
 *  |                                            | chardev/tty.c       | must find the mode
 *  | signal dispositions, files to remove,      | base/process.c      | the kernel's notion of a process
 *  | limits                                     |                     |
 *
 * Tables of constants are not state and not listed.
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
/* The file at this path is removed if a signal ends the program.  Main thread. */
void process_own_file(const char *path);
void process_remove_file(const char *path); /* now; it is the process's no longer */
/* Called in a signal handler, so by async-signal-safe means alone; at most PROCESS_HOOKS of them.  Main thread. */
enum { PROCESS_HOOKS = 4 };
void process_on_fatal_signal(void (*hook)(void));
