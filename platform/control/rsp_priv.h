/* SPDX-License-Identifier: MIT
 *
 * Between rsp.c (packets), rsp_parse.c (their pieces), rsp_commands.c and rsp_data.c (what they ask
 * for).
 */
#pragma once

#include <glib.h>

#include "platform/control/rsp.h"

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
    bool waiting;          /* the client waits for a stop reply */
    unsigned thread_g;     /* thread that g, p, m, … are about */
    unsigned thread_c;     /* of s and c; G_MAXUINT: all */
    bool swbreak, hwbreak; /* the client knows these stop reasons */
    bool physical;         /* memory is read and written by physical address */
    RspStop stop;
    RspPoint points[RSP_POINTS_MAX];
    unsigned n_points;
    char *xml;
    unsigned g_regs; /* registers in a g packet */
};

void rsp_reply(Rsp *rsp, const char *text);
void rsp_reply_bytes(Rsp *rsp, char first, const char *data, size_t size); /* binary, escaped */
void rsp_execute(Rsp *rsp, const char *packet);                            /* rsp_commands.c */
void rsp_reply_stop(Rsp *rsp);
bool rsp_send_points(Rsp *rsp); /* hands the client's points to the target */

/* Errno-like, as gdb's own stubs use them; gdb prints only that there was an error. */
#define REPLY_IO      "E05"
#define REPLY_FAULT   "E14"
#define REPLY_INVALID "E22"

/* rsp_parse.c: each takes something off the front of *p; false: it is not there. */
bool rsp_take(const char **p, char c);
bool rsp_take_hex(const char **p, uint64_t *value); /* 1 to 16 digits */
bool rsp_take_ea(const char **p, Ea *ea);           /* at most EA_MAX */
/* "-1" all, "0" any (here the first), else id.  *thread: index, or G_MAXUINT for all. */
bool rsp_take_thread(const Rsp *rsp, const char **p, unsigned *thread);
/* Exactly size bytes, big-endian; rsp_append_hex() likewise. */
bool rsp_take_value(const char **p, size_t size, uint64_t *value);
void rsp_append_hex(GString *out, size_t size, uint64_t value);

/* rsp_data.c */
void rsp_read_regs(Rsp *rsp, const char *p);
void rsp_write_regs(Rsp *rsp, const char *p);
void rsp_read_reg(Rsp *rsp, const char *p);
void rsp_write_reg(Rsp *rsp, const char *p);
void rsp_read_memory(Rsp *rsp, const char *p);
void rsp_write_memory(Rsp *rsp, const char *p);
void rsp_write_binary(Rsp *rsp, const char *p);
