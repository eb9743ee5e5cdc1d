/* SPDX-License-Identifier: MIT
 *
 * A gdb server on the machine (-gdb SPEC, -s): one client.  Main thread.  It stops and continues the machine through the run
 * state only, and sees memory as the current thread's vCPU translates it.
 */
#pragma once

#include <glib.h>

#include "platform/control/view.h"

typedef struct Gdb Gdb;

/* What the view names is borrowed and outlives the server. */
Gdb *gdb_new(const char *spec, const ControlView *view, GError **error);
void gdb_free(Gdb *gdb); /* tells the client first that the machine ended */
