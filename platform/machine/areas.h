/* SPDX-License-Identifier: MIT
 *
 * Memory areas that the guest registered (docs/MEMORY-AREAS.md): who has which, and the writing of those that are the host's.
 *
 * An area per vCPU is registered, written and unregistered by that vCPU's thread alone, or by the main thread while it is parked;
 * one of the machine under the device lock.
 */
#pragma once

#include "cpu/steal.h"
#include "cpu/vcpu_exit.h"
#include "hcall/hcall.h"
#include "platform/base/clock.h"
#include "platform/base/memory.h"
#include "platform/base/section.h"

enum { AREAS_PERIOD_US = 10000, AREAS_STEAL_EVERY_US = 1000 };

typedef struct Areas Areas;

typedef struct AreasConfig {
    Memory *memory;
    Clock *clock;
    unsigned n_vcpus;
    bool
        wall_is_machine_time; /* WALL_CLOCK is machine time plus wall_start_s; otherwise it is the host's time of day plus wall_start_s */
    int64_t wall_start_s;
    /* Makes the vCPU leave the guest soon, if it executes, because its STEAL_TIME is to be written.  NULL: this accelerator counts none. */
    void (*call_out)(void *opaque, unsigned vcpu);
    void *opaque;
} AreasConfig;

Areas *areas_new(const AreasConfig *config); /* what the config points to must live longer than the Areas */
void areas_free(Areas *areas);

/* Statuses and their order: docs/MEMORY-AREAS.md.  Under the device lock, in the vCPU's thread, before areas_after_exit() of that exit. */
EvStatus areas_register(Areas *areas, unsigned vcpu, AreaId id, uint64_t gpa, uint64_t size, const Steal *steal);
EvStatus areas_unregister(Areas *areas, unsigned vcpu, AreaId id);

void areas_reset(Areas *areas);     /* all are dropped.  Main thread, vCPUs parked; under the device lock */
void areas_time_runs(Areas *areas); /* machine time goes on, the vCPUs do not yet; under the device lock */
/* An exit was served: the vCPU's own areas are brought up to date.  In its thread. */
void areas_after_exit(Areas *areas, unsigned vcpu, VcpuExitKind kind, Steal *steal);

/* What a debugger or a log wants to know; under the device lock. */
typedef struct AreaView {
    uint64_t gpa;
    uint32_t size;
} AreaView;
unsigned areas_n_vcpus(const Areas *areas);
bool areas_view(const Areas *areas, unsigned vcpu, AreaId id, AreaView *view); /* false: not registered */

typedef struct AreaTouch {
    bool torn; /* the guest is, or died, writing: the numbers may not belong together */
    uint64_t touches, time_base;
} AreaTouch;
bool areas_touch(const Areas *areas, unsigned vcpu, AreaTouch *touch); /* false: no WATCHDOG_TOUCH */

/* Main thread, vCPUs parked; under the device lock.  A section for each vCPU, called areas0, areas1, … */
void areas_save(const Areas *areas, GByteArray *to);
/* steal: what vCPU i's thread counted so far here, from where STEAL_TIME goes on. */
void areas_load(Areas *areas, Sections *from, const Steal *(*steal)(void *opaque, unsigned vcpu), void *opaque);
