/* SPDX-License-Identifier: MIT
 *
 * A QMP monitor (-qmp SPEC): JSON commands and events over a socket, as QEMU's users and libvirt-like tools speak it.
 * Main thread.  Commands are in qmp_commands.def; state changes go through run_request(), events come from run_listen().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "hcall/hcall.h"
#include "platform/machine/areas.h"
#include "platform/machine/runstate.h"

typedef struct Qmp Qmp; /* built with json-glib; else qmp_new() says that it was not */

/* run and hcall are borrowed and outlive it; nothing is told after qmp_free() only because the run state is idle by then. */
Qmp *qmp_new(const char *spec, RunState *run, const HcallEnv *hcall, GError **error);
void qmp_set_watchdog(Qmp *qmp, const char *action);        /* of -action watchdog=, for the WATCHDOG event.  Borrowed */
void qmp_set_name(Qmp *qmp, const char *name);              /* of the guest, UTF-8, for query-name; NULL: none.  Borrowed */
void qmp_set_areas(Qmp *qmp, const Areas *areas);           /* for x-query-memory-areas.  Borrowed */
void qmp_set_chardevs(Qmp *qmp, const GPtrArray *chardevs); /* of Chardev*, for ringbuf-…; NULL: none.  Borrowed */
void qmp_free(Qmp *qmp);
