/* SPDX-License-Identifier: MIT
 *
 * Between rsp.c (packets) and rsp_commands.c (what they say).
 */
#pragma once

#include <glib.h>

#include "platform/control/rsp.h"

typedef struct RspBreakpoint {
    char type; /* '0' or '1': gdb may have both at one place */
    Ea ea;
} RspBreakpoint;

struct Rsp {
    const RspTarget *target;
    void *opaque;
    /* packets */
    enum { RSP_BETWEEN, RSP_PAYLOAD, RSP_SUM1, RSP_SUM2 } at;
    GString *packet;   /* payload being received; NUL-terminated */
    uint8_t sum, want; /* checksum as counted, as sent */
    bool too_long;
    bool acks;
    GString *last; /* last packet sent, for a '-' */
    /* session */
    bool connected;
    bool waiting; /* the client waits for a stop reply */
    unsigned thread_g; /* thread that g, p, m, … are about */
    unsigned thread_c; /* of s and c; G_MAXUINT: all */
    unsigned stop_thread, stop_signal;
    RspBreakpoint breakpoints[RSP_BREAKPOINTS_MAX];
    unsigned n_breakpoints;
    char *xml;
};

void rsp_reply(Rsp *rsp, const char *text);
void rsp_reply_bytes(Rsp *rsp, char first, const char *data, size_t size); /* binary, escaped */
void rsp_execute(Rsp *rsp, const char *packet);                            /* rsp_commands.c */
void rsp_reply_stop(Rsp *rsp);
bool rsp_send_breakpoints(Rsp *rsp); /* to the target */
