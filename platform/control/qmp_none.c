/* SPDX-License-Identifier: MIT
 *
 * In the place of qmp.c in a build without json-glib.
 */
#include "platform/control/qmp.h"

Qmp *qmp_new(const char *spec, RunState *run, const HcallEnv *hcall, GError **error)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "-qmp %s: this build has no QMP: that needs json-glib (package libjson-glib-dev) "
                "when it is built",
                spec);
    return NULL;
}

void qmp_set_name(Qmp *qmp, const char *name) {}

void qmp_set_watchdog(Qmp *qmp, const char *action) {}

void qmp_set_areas(Qmp *qmp, const Areas *areas) {}

void qmp_set_chardevs(Qmp *qmp, const GPtrArray *chardevs) {}

void qmp_free(Qmp *qmp) {}
