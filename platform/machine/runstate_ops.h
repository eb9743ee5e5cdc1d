/* SPDX-License-Identifier: MIT
 *
 * The run state's inner side: what the machine gives it.  Only machine.c, runstate.c and their tests include this.
 */
#pragma once

#include "platform/machine/runstate.h"

/* What a request does in a state; the cells of the transition table. */
typedef enum RunAction {
    RUN_FORGOTTEN, /* a cell that nobody filled; a test asks for each */
    RUN_NOP,       /* nothing: the request means nothing in this state */
    RUN_GO,        /* vCPUs run */
    RUN_HLT,       /* vCPUs stop: PAUSED, DEBUG or WATCHDOG by cause */
    RUN_MIG,       /* to or from one of the states of a machine that moves, by cause */
    RUN_BTN,       /* the power button is pressed: a guest that has one is told, and goes on */
    RUN_DOG,       /* what -action watchdog= says */
    RUN_RST,       /* reset (under -no-reboot: RUN_OFF) */
    RUN_BAD,       /* guest crashed: what -action panic= says */
    RUN_OFF,       /* guest is off (under -no-shutdown: SHUTDOWN, kept) */
    RUN_END,       /* the program ends */
    RUN_ERR,       /* INTERNAL_ERROR */
} RunAction;

/* The user's choices. */
typedef struct RunPolicy {
    bool shutdown_on_reset; /* -no-reboot */
    bool pause_on_shutdown; /* -no-shutdown */
    bool stay_on_error;     /* somebody can look at an INTERNAL_ERROR: gdb or QMP is there */
    RunAction watchdog;     /* NOP, HLT, RST, OFF, END */
    enum { RUN_PANIC_SHUTDOWN, RUN_PANIC_PAUSE } panic;
    int exit_host_failure, exit_guest_crash;
} RunPolicy;

typedef enum RunResetResult {
    RUN_RESET_DONE,
    RUN_RESET_REFUSED, /* before anything was changed; *error says why */
    RUN_RESET_FAILED,  /* half way; *error names the step */
} RunResetResult;

/* All called by run_apply(), main thread. */
typedef struct RunOps {
    void (*park)(void *opaque);                   /* returns when no vCPU executes */
    bool (*resume)(void *opaque, GError **error); /* after park, when the state is RUNNING */
    void (*start_time)(void *opaque);
    void (*stop_time)(void *opaque);
    RunResetResult (*reset)(void *opaque, RunCause cause, GError **error);
    const GError *(*host_error)(void *opaque); /* why HOST_ERROR was requested */
    void (*finished)(void *opaque);
    void (*power_button)(void *opaque); /* tells the guest, on a board that has a power button */
} RunOps;

RunState *run_new(const RunPolicy *policy, const RunOps *ops, void *opaque, GError **error);
void run_free(RunState *rs);
bool run_requested(const RunState *rs); /* any thread: a request waits to be applied */
/* Any thread: how many requests were ever made.  It tells a thread that its own request is being
 * applied even after run_requested() is false again. */
uint32_t run_requests_made(const RunState *rs);
int run_exit_status(const RunState *rs);
RunAction run_transition(RunStateId state, RunClass class);
RunClass run_cause_class(RunCause cause);

/* A saved machine's state becomes this one's, vCPUs parked; one that ran is PAUSED.  False: not one that a machine is saved in. */
bool run_restore(RunState *rs, RunStateId state);
