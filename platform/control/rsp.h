/* SPDX-License-Identifier: MIT
 *
 * gdb's remote serial protocol, server side: bytes in, calls on a target, bytes out (Debugging with GDB, appendix E).
 * Knows no socket and no machine.  A client's input is bounded and never trusted.  Threads are vCPUs; gdb's thread id = index + 1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/e500/state.h"

typedef struct Rsp Rsp;

enum {
    RSP_PACKET_MAX = 0x4000, /* bytes of payload, either way */
    RSP_POINTS_MAX = 64,
    RSP_SIGINT = 2,
    RSP_SIGTRAP = 5,
};

/* A break- or watchpoint of the client; type as Z packets name it. */
typedef enum RspPointType {
    RSP_POINT_NONE,
    RSP_POINT_SOFTWARE = '0', /* gdb may have both kinds at one place */
    RSP_POINT_HARDWARE = '1',
    RSP_POINT_WRITE = '2',
    RSP_POINT_READ = '3',
    RSP_POINT_ACCESS = '4',
} RspPointType;

typedef struct RspPoint {
    RspPointType type;
    Ea ea;
    Ea size; /* bytes, at least 1, that end by EA_MAX; 4 for a breakpoint */
} RspPoint;

/* Why a thread stopped. */
typedef struct RspStop {
    unsigned thread, signal;
    RspPointType point; /* what it met: a breakpoint, of either kind, or a watchpoint */
    Ea ea;              /* of the instruction, or of the first watched byte */
} RspStop;

/* What a thread does after a resume. */
typedef enum RspResume { RSP_HOLD, RSP_CONTINUE, RSP_STEP } RspResume;

typedef struct RspTarget {
    unsigned (*n_threads)(void *opaque);
    bool (*stopped)(void *opaque);
    void (*stop)(void *opaque); /* stopped on return; rsp_stopped() was called if it ran */
    /* These only while stopped. */
    E500State *(*state)(void *opaque, unsigned thread); /* borrowed; NULL: cannot be read */
    void (*state_changed)(void *opaque, unsigned thread);
    bool (*read)(void *opaque, unsigned thread, Ea ea, void *to, size_t size);
    bool (*write)(void *opaque, unsigned thread, Ea ea, const void *from, size_t size);
    /* RAM by physical address, as Qqemu.PhyMemMode asks for it. */
    bool (*read_physical)(void *opaque, uint64_t gpa, void *to, size_t size);
    bool (*write_physical)(void *opaque, uint64_t gpa, const void *from, size_t size);
    bool (*set_points)(void *opaque, const RspPoint *list, unsigned n); /* in all threads; false: too many, or none at all */
    bool (*resume)(void *opaque, const RspResume *how);                 /* how[thread].  False: it cannot run, the guest is off */
    void (*kill)(void *opaque);
    char *(*monitor)(void *opaque,
                     const char *line); /* any time: what a monitor prints for this line; g_free.  NULL: there is no monitor */
    void (*send)(void *opaque, const void *data, size_t size); /* any time */
} RspTarget;

Rsp *rsp_new(const RspTarget *target, const E500Model *model, void *opaque);
void rsp_free(Rsp *rsp);
void rsp_opened(Rsp *rsp); /* a new client: stops the target */
void rsp_closed(Rsp *rsp); /* the client is gone: its points go; the target runs or stays as it is */
void rsp_receive(Rsp *rsp, const char *data, size_t size);
void rsp_stopped(Rsp *rsp, const RspStop *stop); /* told to the client if it waits for it */
void rsp_exited(Rsp *rsp);                       /* the program ends */
