/* SPDX-License-Identifier: MIT
 *
 * What the whole machine is doing, who may ask for a change, and the one place that makes it.
 *
 * run_request() may be called from any thread and any signal handler; requests coalesce: the most severe wins and a lesser one
 * that it makes moot is dropped.  run_apply(), in the main thread, is the only code that changes the state.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* X(id, QMP name, vCPUs run, doc) */
#define RUN_STATE_LIST(X)                                                                                          \
    X(PRELAUNCH, "prelaunch", false, "built, never run: -S, or before the first start")                            \
    X(RUNNING, "running", true, "vCPUs execute")                                                                   \
    X(PAUSED, "paused", false, "stopped by the host; cont goes on")                                                \
    X(DEBUG, "debug", false, "stopped by gdb or a breakpoint; cont goes on")                                       \
    X(SHUTDOWN, "shutdown", false, "guest is off, kept by -no-shutdown; only reset or quit leads out")             \
    X(WATCHDOG, "watchdog", false, "stopped by the guest's watchdog with -action watchdog=pause; cont goes on")    \
    X(IO_ERROR, "io-error", false, "stopped by an error of a drive with werror= or rerror=stop; cont tries again") \
    X(GUEST_PANICKED, "guest-panicked", false, "checkstop; only reset or quit leads out")                          \
    X(INMIGRATE, "inmigrate", false, "-incoming: waits for a machine that comes from elsewhere")                   \
    X(FINISH_MIGRATE, "finish-migrate", false, "stopped, and the last of it is sent elsewhere")                    \
    X(POSTMIGRATE, "postmigrate", false, "it has moved elsewhere; cont lets it go on here all the same")           \
    X(INTERNAL_ERROR, "internal-error", false, "a commit failed half way; only quit leads out")                    \
    X(FINISHED, "shutdown", false, "the program is ending")

typedef enum RunStateId {
#define X(id, name, runs, doc) RUN_STATE_##id,
    RUN_STATE_LIST(X)
#undef X
        RUN_STATES
} RunStateId;

/* Why; least severe first.  X(id, class, guest, doc): class is what it asks for. */
#define RUN_CAUSE_LIST(X)                                                                           \
    X(HOST_CONT, CONT, false, "cont by QMP or gdb, or the first start")                             \
    X(MIGRATION_IN, MIGRATE, false, "-incoming")                                                    \
    X(MIGRATION_STOP, MIGRATE, false, "the machine moves, and its last part is sent")               \
    X(MIGRATION_DONE, MIGRATE, false, "the other side has it")                                      \
    X(MIGRATION_FAILED, MIGRATE, false, "the other side has it not: it is again what it was")       \
    X(HOST_STOP, STOP, false, "stop by QMP")                                                        \
    X(DEBUG_STOP, STOP, false, "breakpoint, step done, gdb attached or interrupted")                \
    X(DRIVE_ERROR, STOP, false, "a drive with werror= or rerror=stop could not be written or read") \
    X(HOST_POWERDOWN, POWERDOWN, false, "system_powerdown by QMP: the power button")                \
    X(GUEST_WATCHDOG, WATCHDOG, true, "second expiry of a vCPU's watchdog")                         \
    X(GUEST_RESET_HCALL, RESET, true, "KVM_HC_VM_RESET, FH_PARTITION_RESTART")                      \
    X(GUEST_SYSTEM_RESET, RESET, true, "FH_SYSTEM_RESET")                                           \
    X(GUEST_RESET_DEVICE, RESET, true, "GUTS RSTCR, DBCR0[RST]")                                    \
    X(HOST_RESET, RESET, false, "system_reset by QMP")                                              \
    X(GUEST_CRASH, CRASH, true, "checkstop: machine check with MSR[ME] = 0")                        \
    X(GUEST_SHUTDOWN_HCALL, SHUTDOWN, true, "KVM_HC_VM_SHUTDOWN, FH_PARTITION_STOP")                \
    X(GUEST_SHUTDOWN_DEVICE, SHUTDOWN, true, "GPIO power-off pin")                                  \
    X(HOST_SIGNAL, QUIT, false, "SIGINT, SIGTERM, SIGHUP")                                          \
    X(HOST_QUIT, QUIT, false, "quit by QMP or Ctrl-a x")                                            \
    X(HOST_ERROR, ERROR, false, "the host failed: accelerator, vCPU state")

typedef enum RunCause {
#define X(id, class, guest, doc) RUN_CAUSE_##id,
    RUN_CAUSE_LIST(X)
#undef X
        RUN_CAUSES
} RunCause;

typedef enum RunClass {
    RUN_CLASS_CONT,
    RUN_CLASS_MIGRATE,
    RUN_CLASS_STOP,
    RUN_CLASS_POWERDOWN,
    RUN_CLASS_WATCHDOG,
    RUN_CLASS_RESET,
    RUN_CLASS_CRASH,
    RUN_CLASS_SHUTDOWN,
    RUN_CLASS_QUIT,
    RUN_CLASS_ERROR,
    RUN_CLASSES
} RunClass;

/* What listeners (QMP, gdb) hear, in the main thread, after the change. */
typedef enum RunEvent {
    RUN_EVENT_RESUME,
    RUN_EVENT_STOP,
    RUN_EVENT_RESET,
    RUN_EVENT_SHUTDOWN,
    RUN_EVENT_POWERDOWN, /* somebody pressed the power button; the guest may power off by itself */
    RUN_EVENT_WATCHDOG,  /* the guest's watchdog expired; the event of what -action watchdog= does follows */
    RUN_EVENT_PANIC,     /* the guest crashed; the event of what -action panic= does follows */
    RUN_EVENTS
} RunEvent;

typedef struct RunState RunState;
typedef void RunListener(void *opaque, RunEvent event, RunCause cause);

const char *run_state_name(RunStateId id);
const char *run_cause_name(RunCause cause);
bool run_cause_by_guest(RunCause cause);

RunStateId run_state(const RunState *rs);       /* any thread */
void run_request(RunState *rs, RunCause cause); /* any thread, signal-safe */
void run_listen(RunState *rs, RunListener *fn, void *opaque);
/* Main thread, not under the device lock, not from a listener: what was requested until now has happened on return. */
void run_apply(RunState *rs);
/*
 * For a look at registers and memory of a machine that runs: what was requested until now happens, then the vCPUs are parked, and nobody is
 * told.  True: they ran, and run_let_go() follows.  Main thread, as run_apply().
 */
bool run_hold(RunState *rs);
void run_let_go(RunState *rs);
