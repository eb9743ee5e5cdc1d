/* SPDX-License-Identifier: MIT
 *
 * Fault points: places where the host may fail, made to fail on purpose by `-M …,inject-fault=NAME[:N]` so that tests reach every
 * error path.  Costs one compare when none is armed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define FAULT_LIST(X)                                                                              \
    X(VM_OPEN, "vm-open", "opening a VM handle")                                                   \
    X(MAP_RAM, "map-ram", "giving RAM to a VM")                                                    \
    X(VCPU_CREATE, "vcpu-create", "creating a vCPU")                                               \
    X(SET_DEBUG, "set-debug", "giving breakpoints to a vCPU")                                      \
    X(REBUILD_COMMIT, "rebuild-commit", "replacing the old VM by the new one")                     \
    X(PUT_STATE, "put-state", "writing vCPU state")                                                \
    X(GET_STATE, "get-state", "reading vCPU state")                                                \
    X(BUILD_TREE, "build-tree", "building the device tree at a reset")                             \
    X(RESET, "reset", "accepting a request for a reset")                                           \
    X(SHUTDOWN, "shutdown", "accepting a request for a shutdown")

typedef enum FaultId {
#define X(id, name, doc) FAULT_##id,
    FAULT_LIST(X)
#undef X
        FAULTS
} FaultId;

/* "NAME" or "NAME:N": the Nth passing (from 1) and no other fails.  Before threads start. */
bool fault_arm(const char *spec, GError **error);
/* True: fail here, now; *error (if asked for) is set.  Any thread. */
bool fault_here(FaultId id, GError **error);
