/* SPDX-License-Identifier: MIT
 *
 * A QMP monitor (-qmp SPEC): JSON commands and events over a socket, as QEMU's users and libvirt-like tools speak it.
 * Main thread.  Commands are in qmp_commands.def; state changes go through run_request(), events come from run_listen().
 */
#pragma once

#include <glib.h>

#include "platform/control/view.h"

typedef struct Qmp Qmp; /* built with json-glib; else qmp_new() says that it was not */

/* What the view names is borrowed and outlives the monitor.  The run state tells nothing after qmp_free(): the machine has ended by then. */
Qmp *qmp_new(const char *spec, const ControlView *view, GError **error);
void qmp_free(Qmp *qmp);
