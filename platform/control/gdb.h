/* SPDX-License-Identifier: MIT
 *
 * A gdb server on the machine (-gdb SPEC, -s): one client.  Main thread.  It stops and continues the machine through the run
 * state only, and sees memory as the current thread's vCPU translates it.
 */
#pragma once

#include <glib.h>

#include "platform/machine/machine.h"

typedef struct Gdb Gdb;

Gdb *gdb_new(Machine *machine, const char *spec, GError **error);
void gdb_free(Gdb *gdb); /* before the machine; tells the client that it ended */
