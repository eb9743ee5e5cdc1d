/* SPDX-License-Identifier: MIT */
#include "cpu/fault.h"

#include <string.h>

static const struct {
    const char *name, *doc;
} faults[FAULTS] = {
#define X(id, name, doc) {name, doc},
    FAULT_LIST(X)
#undef X
};

static int armed = FAULTS; /* none */
static int passings_left;  /* atomic */

bool fault_arm(const char *spec, GError **error)
{
    const char *colon = strchr(spec, ':');
    size_t len = colon ? (size_t)(colon - spec) : strlen(spec);
    guint64 nth = 1;
    if (colon && !g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXINT, &nth, error)) {
        g_prefix_error(error, "inject-fault=%s: ", spec);
        return false;
    }
    for (int i = 0; i < FAULTS; i++) {
        if (strlen(faults[i].name) == len && !memcmp(faults[i].name, spec, len)) {
            passings_left = (int)nth;
            armed = i;
            return true;
        }
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "inject-fault=%s: no such fault point", spec);
    return false;
}

bool fault_here(FaultId id, GError **error)
{
    if (G_LIKELY(armed != (int)id))
        return false;
    if (__atomic_sub_fetch(&passings_left, 1, __ATOMIC_RELAXED) != 0)
        return false;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "injected fault: %s", faults[id].doc);
    return true;
}
