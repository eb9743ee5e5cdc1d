/* SPDX-License-Identifier: MIT
 *
 * Why a vCPU stopped executing the guest.  One tagged union for every accelerator.
 *
 * Contract: accel vcpu_run() fills the exit.  The platform serves it and writes its answers into the
 * same union.  The exit is complete only when vcpu_run() is entered again: until then the vCPU's
 * registers are those from before the access or hypercall.  cpu/vcpu.c finishes a pending exit before
 * anybody may look at or replace the state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* INTR is zero: an exit that was never filled is nothing to serve and nothing to complete. */
#define VCPU_EXIT_LIST(X)                                                                 \
    X(INTR, "kicked, or the virtual clock reached a deadline; nothing to serve")          \
    X(MMIO, "guest access to a physical address that is not RAM")                         \
    X(EPAPR_HCALL, "hypercall that the accelerator does not serve itself")                \
    X(IDLE, "nothing to execute until an interrupt or a deadline (wait, MSR[WE], nap)")   \
    X(DEBUG, "breakpoint, watchpoint or single step; pc not advanced past the first two") \
    X(WATCHDOG, "second expiry of the guest's watchdog with TCR[WRC] set")                \
    X(EPR, "external interrupt is being taken: acknowledge it, give the vector")          \
    X(SHUTDOWN, "the core cannot go on: checkstop, or DBCR0[RST]")                        \
    X(FATAL, "the accelerator failed; message says what")

typedef enum VcpuExitKind {
#define X(id, doc) VCPU_EXIT_##id,
    VCPU_EXIT_LIST(X)
#undef X
        VCPU_EXIT_KINDS
} VcpuExitKind;

typedef enum VcpuDebugReason {
    VCPU_DEBUG_BREAKPOINT, /* host breakpoint at pc, or the guest executed ehpriv 1 */
    VCPU_DEBUG_STEP,
    VCPU_DEBUG_WATCHPOINT, /* the instruction at pc is about to access watched data: nothing of it took effect */
} VcpuDebugReason;

typedef enum VcpuShutdownReason {
    VCPU_SHUTDOWN_CHECKSTOP, /* machine check with MSR[ME] = 0 */
    VCPU_SHUTDOWN_RESET,     /* DBCR0[RST]: the guest asks for a reset of its core */
} VcpuShutdownReason;

typedef struct VcpuExit {
    VcpuExitKind kind;
    union {
        struct {
            uint64_t gpa;
            uint64_t data; /* value as a big-endian access sees it, in the low size bytes; write: in, read: out */
            uint8_t size;  /* 1, 2, 4 or 8; gpa is a multiple of it */
            bool is_write;
            bool failed; /* out: nobody answers there: the guest gets a machine check */
        } mmio;
        struct {
            uint64_t nr;       /* r11 */
            uint64_t ret;      /* out: r3 */
            uint64_t args[8];  /* in: r3..r10; out: args[0..6] = r4..r10.  Upper halves zero for a
                                 32-bit guest.  hcall_serve() leaves the guest's own values where
                                 the call names no output. */
            uint32_t scramble; /* out: not 0: a seed; the accelerator overwrites r0, r11, r12, CTR, XER and the volatile
                                  fields of CR with what comes of it */
            bool idle;         /* out: after completion wait for an interrupt, as `wait` does (EV_IDLE) */
        } epapr_hcall;
        struct {
            uint64_t deadline_ns; /* TimeSource time of the core's next timer event; UINT64_MAX: none */
        } idle;
        struct {
            VcpuDebugReason reason;
            uint64_t pc;
            unsigned watchpoint; /* index into AccelDebug.watchpoint */
            uint64_t ea;         /* first watched byte of the access */
        } debug;
        struct {
            uint32_t wrc; /* TCR[WRC]: 1 core, 2 chip, 3 system reset */
        } watchdog;
        struct {
            uint32_t epr; /* out: vector for EPR */
        } epr;
        struct {
            VcpuShutdownReason reason;
        } shutdown;
        struct {
            const char *message; /* the accelerator's, until this vCPU is entered again or destroyed */
        } fatal;
    };
} VcpuExit;

const char *vcpu_exit_name(VcpuExitKind kind);
char *vcpu_exit_text(const VcpuExit *exit); /* before it is served: "MMIO: read of 4 bytes at 0x0e0004500" */
