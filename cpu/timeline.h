/* SPDX-License-Identifier: MIT
 *
 * -trace FILE: what happened when, on one time line for each vCPU, in the format that Perfetto and Chrome's about:tracing show
 * ("Trace Event Format", JSON array).  One file for the whole process; any thread, any lock held.
 *
 * An event costs a look at the host's clock and a lock that hardly anybody else wants.  A thread of its own writes the file; where it cannot
 * keep up, events are left out, and the file's end says how many.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* X(id, word, whether it is traced unless the user says, doc); a kind's argument is called as argument_of[] in timeline.c says */
#define TIMELINE_LIST(X)                                                                         \
    X(EXIT, "exit", true, "vCPU exits, and how long serving one or idling took")                 \
    X(HCALL, "hcall", true, "hypercalls")                                                        \
    X(INT, "int", true, "interrupts that come from outside of the instruction: devices, timers") \
    X(FAULT, "fault", false, "interrupts of instructions: TLB misses, system calls, program")    \
    X(JIT, "jit", true, "translations of the guest's code")                                      \
    X(BLOCK, "block", true, "requests to disks, from submission to their end")                   \
    X(MACHINE, "machine", true, "resets, stops and other events of QMP")

typedef enum TimelineKind {
#define X(id, word, usual, doc) TIMELINE_##id,
    TIMELINE_LIST(X)
#undef X
        TIMELINE_KINDS
} TimelineKind;

/* Lanes beside those of vCPUs, which are their numbers. */
enum { TIMELINE_LANE_MACHINE = 1000, TIMELINE_LANE_BLOCK };

extern uint32_t timeline_mask; /* bit n: kind n is traced; set before any other thread is there */

static inline bool timeline_on(TimelineKind kind)
{
    return __builtin_expect(timeline_mask >> kind & 1, 0);
}

/* Before any other thread is there.  mask: bits of kinds; 0: the usual ones. */
bool timeline_open(const char *path, uint32_t mask, GError **error);
/* Behind all other threads: writes what is left.  False: the file is not whole. */
bool timeline_close(GError **error);

uint64_t timeline_ns(void); /* of the host's monotonic clock, whether anything is traced or not; never 0 */

/*
 * name: a static string, of letters, digits, spaces and _ - . only.  argument: shown as the kind's: an address, a token, a number of bytes.
 * An event takes from begin_ns until now; begin_ns 0: it was traced by nobody when it began, and is left out.
 */
void timeline_span(TimelineKind kind, unsigned lane, const char *name, uint64_t begin_ns, uint64_t argument);
void timeline_instant(TimelineKind kind, unsigned lane, const char *name, uint64_t argument);
