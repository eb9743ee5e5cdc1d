/* SPDX-License-Identifier: MIT
 *
 * What gdb and QMP see of the machine: nothing else of it is within their reach.  Everything is borrowed from it.
 */
#pragma once

#include <glib.h>

#include "cpu/vcpu.h"
#include "hcall/hcall.h"
#include "platform/base/event.h"
#include "platform/base/memory.h"
#include "platform/block/drive.h"
#include "platform/machine/areas.h"
#include "platform/machine/runstate.h"

typedef struct ControlView {
    RunState *run; /* every change of what the machine does is asked for here */
    Vcpus *vcpus;
    const E500Model *model;
    Memory *memory;
    const HcallEnv *hcall;     /* counters; under the device lock */
    const Areas *areas;        /* under the device lock; NULL: the machine has none */
    const GPtrArray *chardevs; /* of Chardev*; NULL: none */
    const GPtrArray *drives;   /* of Block*; NULL: none */
    Event *drive_errors;       /* one of them has an error to be told; NULL: none */
    const char *name;          /* -name, UTF-8; NULL: none */
    const char *accel;         /* -accel, its name */
    const char *watchdog;      /* -action watchdog=, its word */
} ControlView;
