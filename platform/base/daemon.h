/* SPDX-License-Identifier: MIT
 *
 * A program that goes on in the background (-daemonize), and what it gives up before the guest runs (-chroot, -runas).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * Before there is a second thread.  Returns in the child, a session of its own; the parent stays at the terminal until daemon_ready(), or
 * until the child ends, whose exit status it takes over: so an error is seen by who started the program.
 */
bool daemon_start(GError **error);
void daemon_ready(
    void); /* once: the parent ends in success; standard input, output and error are /dev/null.  Without daemon_start(): nothing */

/* user: a name, or UID:GID.  NULL: what is not wanted.  False: it has given up nothing, or not all, and must end. */
bool rights_give_up(const char *root, const char *user, GError **error);
