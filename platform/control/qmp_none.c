/* SPDX-License-Identifier: MIT
 *
 * In the place of the QMP monitor in a build without json-glib.
 */
#include "platform/control/qmp.h"

Qmp *qmp_new(LinkOpen *open, const void *how, const ControlView *view, GError **error)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "-qmp: this build has no QMP: that needs json-glib (package libjson-glib-dev) "
                "when it is built");
    return NULL;
}

void qmp_free(Qmp *qmp) {}
