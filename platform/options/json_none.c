/* SPDX-License-Identifier: MIT
 *
 * Built without json-glib.
 */
#include "platform/options/priv.h"

bool option_json(const char *option, const char *first, const char *arg, char **text, GError **error)
{
    *text = NULL;
    return *arg != '{' ||
           option_bad(error, "%s: this program was built without json-glib, which JSON needs; KEY=VALUE,… is the same", option);
}
