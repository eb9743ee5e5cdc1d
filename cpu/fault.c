/* SPDX-License-Identifier: MIT */
#include "cpu/fault.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *name, *doc;
} faults[FAULTS] = {
#define X(id, name, doc) {name, doc},
    FAULT_LIST(X)
#undef X
};

static int armed = FAULTS; /* a FaultId; FAULTS: none is armed */
static int passings_left;  /* atomic: it fails when this becomes 0 */
static int fails_with = EINVAL;

static const struct {
    const char *name;
    int number;
} errors[] = {{"EINVAL", EINVAL}, {"ENOMEM", ENOMEM}, {"EINTR", EINTR}, {"EIO", EIO}, {"ENOSPC", ENOSPC}};

static bool parse_errno(const char *name, int *number)
{
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
        if (!strcmp(errors[i].name, name)) {
            *number = errors[i].number;
            return true;
        }
    }
    return false;
}

bool fault_arm(const char *spec, GError **error)
{
    g_auto(GStrv) part = g_strsplit(spec, ":", 3);
    guint64 nth = 1;
    fails_with = EINVAL;
    if (part[0] && part[1]) {
        if (!g_ascii_string_to_unsigned(part[1], 10, 1, G_MAXINT, &nth, NULL)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-M inject-fault=%s: '%s' is not a number from 1 to %d",
                        spec, part[1], G_MAXINT);
            return false;
        }
        if (part[2] && !parse_errno(part[2], &fails_with)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "-M inject-fault=%s: '%s' is not one of EINVAL, ENOMEM, EINTR, EIO, ENOSPC", spec, part[2]);
            return false;
        }
    }
    for (int i = 0; i < FAULTS; i++) {
        if (!g_strcmp0(faults[i].name, part[0])) {
            passings_left = (int)nth;
            armed = i;
            return true;
        }
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "-M inject-fault=%s: unknown fault point '%s'; -M inject-fault=help lists them", spec, part[0] ? part[0] : "");
    return false;
}

static bool passes(FaultId id)
{
    return G_LIKELY(armed != (int)id) || __atomic_sub_fetch(&passings_left, 1, __ATOMIC_RELAXED) != 0;
}

bool fault_here(FaultId id, GError **error)
{
    if (passes(id))
        return false;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "injected fault: %s", faults[id].doc);
    return true;
}

int fault_errno_here(FaultId id)
{
    return passes(id) ? 0 : fails_with;
}
