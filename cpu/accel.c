/* SPDX-License-Identifier: MIT */
#include "cpu/accel.h"

#include <string.h>

static const struct {
    const char *name;
    const AccelOps *ops;
} accels[] = {
    {"soft", &accel_soft},
    {"tcg", &accel_soft}, /* QEMU's word for the same */
    {"kvm", &accel_kvm},
};

const AccelOps *accel_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(accels); i++)
        if (!strcmp(accels[i].name, name))
            return accels[i].ops;
    return NULL;
}
