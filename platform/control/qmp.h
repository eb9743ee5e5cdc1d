/* SPDX-License-Identifier: MIT
 *
 * A QMP monitor: JSON commands and events, as QEMU's clients speak it.  Main thread.  The table of commands and events is qmp.def; state
 * changes go through run_request(), events come from run_listen() and notices_listen().
 */
#pragma once

#include <glib.h>

#include "platform/control/link.h"
#include "platform/control/view.h"

typedef struct Qmp Qmp;

bool qmp_is_there(GError **error); /* false: built without json-glib, and there is none to be made */

/* What the view names is borrowed and outlives the monitor.  The run state tells nothing after qmp_free(): the machine has ended by then. */
Qmp *qmp_new(LinkOpen *open, const void *how, const ControlView *view, GError **error);
void qmp_free(Qmp *qmp);
