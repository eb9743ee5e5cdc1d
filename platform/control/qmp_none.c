/* SPDX-License-Identifier: MIT
 *
 * In the place of the QMP monitor in a build without json-glib.
 */
#include "platform/control/qmp.h"

bool qmp_is_there(GError **error)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "this build has no QMP: that needs json-glib (package libjson-glib-dev) when it is built");
    return false;
}

Qmp *qmp_new(LinkOpen *open, const void *how, const ControlView *view, GError **error)
{
    g_return_val_if_reached(NULL);
}

void qmp_free(Qmp *qmp) {}
