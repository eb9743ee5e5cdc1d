/* SPDX-License-Identifier: MIT
 *
 * A machine: everything that one command line makes.  Built, run and freed by the main thread.
 */
#pragma once

#include "cpu/vcpu.h"
#include "hcall/hcall.h"
#include "platform/bus.h"
#include "platform/chardev.h"
#include "platform/clock.h"
#include "platform/config.h"
#include "platform/loader.h"
#include "platform/memory.h"
#include "platform/runstate.h"

typedef struct Machine {
    const Config *config;
    Memory *memory;
    Bus *bus;
    TimeSource time;
    Clock *clock;
    Vcpus *vcpus;
    RunState *run;
    HcallEnv hcall;
    GPtrArray *devices; /* of Device*, owned */
    Chardev *serial[SERIALS_MAX];
    uint64_t boot_count; /* resets since start + 1 */
} Machine;

Machine *machine_new(const Config *config, GError **error);
void machine_free(Machine *machine);
int machine_run(Machine *machine); /* until the run state is FINISHED; exit status */
/* Guest memory as a debugger sees it, through vcpu's translation; RAM only.  Parked.  False: not all mapped. */
bool machine_debug_read(Machine *machine, Vcpu *vcpu, Ea ea, void *to, size_t size);
bool machine_debug_write(Machine *machine, Vcpu *vcpu, Ea ea, const void *from, size_t size);
