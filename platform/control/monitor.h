/* SPDX-License-Identifier: MIT
 *
 * All monitors of a command line: -monitor, -qmp, -mon, and that of -serial mon:stdio.  Main thread.
 */
#pragma once

#include "platform/control/view.h"
#include "platform/options/config.h"

typedef struct Monitors Monitors;

/* What config and view name is borrowed and outlives them.  Waits for the clients of those that say so. */
Monitors *monitors_new(const Config *config, const ControlView *view, GError **error);
void monitors_free(Monitors *monitors); /* NULL: nothing */
