/* SPDX-License-Identifier: MIT
 *
 * What gdb and monitors see of the machine: nothing else of it is within their reach.  Everything is borrowed from it.
 */
#pragma once

#include <glib.h>

#include "cpu/vcpu.h"
#include "hcall/hcall.h"
#include "platform/base/device_bus.h"
#include "platform/base/event.h"
#include "platform/base/memory.h"
#include "platform/base/notice.h"
#include "platform/block/drive.h"
#include "platform/machine/areas.h"
#include "platform/machine/runstate.h"
#include "platform/migrate/migrate.h"
#include "platform/options/config.h"
#include "platform/snapshot/job.h"

/* As MachineTopic has them. */
typedef enum ControlTopic { CONTROL_EXITS, CONTROL_IRQ, CONTROL_PIC, CONTROL_ROMS, CONTROL_NETWORK, CONTROL_JIT } ControlTopic;

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
    const char *panic;         /* what -action panic= comes to, in QMP's words: "pause", "poweroff" */
    const Config *config;      /* the command line */
    DeviceBus *const *buses;   /* of DEVICE_BUS_CARRIED, each with the devices that stand on it; under the device lock */
    Snapshots *snapshots;      /* NULL: none can be taken */
    Jobs *jobs;                /* the same */
    Migration *migration;      /* NULL: the machine cannot move */
    Notices *notices;          /* what happens beside the run state; NULL: nothing */
    /*
     * What other floors have to say to a query: the value that QMP answers with, floating.  Under the device lock.  NULL: there is nothing
     * of the kind, and the answer is an empty list.
     */
    GVariant *(*query_pci)(void *opaque);
    /* Asks the guest to keep no more of its RAM than *target bytes (NULL: asks nothing); *left: what it has now.  Under the device lock.
     * False, or NULL: no device for it. */
    bool (*balloon)(void *opaque, const uint64_t *target, uint64_t *left);
    /* Lines of text about a topic: `info exits` and its like (ControlTopic).  Under the device lock.  NULL: nothing. */
    void (*tell)(void *opaque, unsigned topic, GString *to);
    struct Gdb *gdb; /* its server, for `gdbserver`; NULL: the accelerator has no breakpoints */
    void *query_opaque;
    /* Makes or truncates a file for memsave and its like, to be written.  −1: the error is set.  NULL: any that this process may write. */
    int (*create_file)(const char *file, GError **error);
} ControlView;
