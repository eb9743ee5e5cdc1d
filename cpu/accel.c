/* SPDX-License-Identifier: MIT */
#include "cpu/accel.h"

#include <string.h>

static const struct {
    const char *name;
    const AccelOps *ops;
} accels[] = {
#define X(word, ops) {word, &ops},
    ACCEL_LIST(X)
#undef X
};

const AccelOps *accel_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(accels); i++)
        if (!strcmp(accels[i].name, name))
            return accels[i].ops;
    return NULL;
}
