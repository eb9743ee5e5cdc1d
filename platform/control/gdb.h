/* SPDX-License-Identifier: MIT
 *
 * A gdb server on the machine (-gdb SPEC, -s): one client.  Main thread.  It stops and continues the machine through the run
 * state only, and sees memory as the current thread's vCPU translates it.
 */
#pragma once

#include <glib.h>

#include "platform/control/view.h"

typedef struct Gdb Gdb;

/* What the view names is borrowed and outlives the server, which listens nowhere yet.  NULL: the accelerator has no breakpoints. */
Gdb *gdb_new(const ControlView *view);
/*
 * From now on it listens there, and nowhere else; a client that it has is hung up on.  spec NULL: nowhere.  False: the error is set, and it
 * listens nowhere.  Not called for a line of its own client's, which is in use.
 */
bool gdb_listen(Gdb *gdb /* NULL: an error */, const char *spec, const ControlView *view, GError **error);
bool gdb_is_executing(const Gdb *gdb); /* a line that its client sent to the monitor */
void gdb_free(Gdb *gdb);               /* tells the client first that the machine ended */
