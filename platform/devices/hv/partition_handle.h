/* SPDX-License-Identifier: MIT
 *
 * How a guest of Freescale's hypervisor knows a partition ("fsl,hv-partition-handle"), with the doorbells that tell of it.  Here it is
 * the guest's own: there is no other.
 */
#pragma once

#include "platform/base/device.h"

typedef struct PartitionHandleConfig {
    uint32_t handle;
    const char *name;     /* label; copied */
    Device *state_change; /* doorbells, which it owns from now on */
    Device *watchdog;
} PartitionHandleConfig;

Device *partition_handle_new(const char *id, const PartitionHandleConfig *config);
