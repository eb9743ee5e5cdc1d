/* SPDX-License-Identifier: MIT
 *
 * Packets: $payload#xx, acknowledged by + and - until the client asks for no acknowledgements; 0x03
 * outside of one is Ctrl-C.
 */
#include <string.h>

#include "platform/control/gdb_regs.h"
#include "platform/control/rsp_priv.h"

static void send_raw(Rsp *rsp, const char *data, size_t size)
{
    rsp->target->send(rsp->opaque, data, size);
}

/* Frames rsp->last, which holds '$' and the payload already. */
static void send_last(Rsp *rsp)
{
    uint8_t sum = 0;

    for (size_t i = 1; i < rsp->last->len; i++)
        sum += (uint8_t)rsp->last->str[i];
    g_string_append_printf(rsp->last, "#%02x", sum);
    send_raw(rsp, rsp->last->str, rsp->last->len);
}

void rsp_reply(Rsp *rsp, const char *text)
{
    g_string_assign(rsp->last, "$");
    g_string_append(rsp->last, text);
    send_last(rsp);
}

void rsp_reply_bytes(Rsp *rsp, char first, const char *data, size_t size)
{
    g_string_assign(rsp->last, "$");
    g_string_append_c(rsp->last, first);
    for (size_t i = 0; i < size; i++) {
        bool escape = memchr("#$}*", data[i], 4) != NULL;
        if (escape)
            g_string_append_c(rsp->last, '}');
        g_string_append_c(rsp->last, escape ? data[i] ^ 0x20 : data[i]);
    }
    send_last(rsp);
}

static void interrupt(Rsp *rsp)
{
    if (!rsp->target->stopped(rsp->opaque))
        rsp->target->stop(rsp->opaque);
    else if (rsp->waiting)
        rsp_stopped(rsp, &(RspStop){.thread = rsp->stop.thread, .signal = RSP_SIGINT});
}

static void between(Rsp *rsp, char c)
{
    if (c == '$') {
        rsp->at = RSP_PAYLOAD;
        rsp->sum = 0;
        rsp->too_long = false;
        g_string_truncate(rsp->packet, 0);
    } else if (c == 3) {
        interrupt(rsp);
    } else if (c == '-' && rsp->acks && rsp->last->len) {
        send_raw(rsp, rsp->last->str, rsp->last->len);
    } /* '+' and noise: nothing to do */
}

static void payload(Rsp *rsp, char c)
{
    if (c == '#') {
        rsp->at = RSP_SUM1;
        return;
    }
    rsp->sum += (uint8_t)c;
    if (rsp->packet->len >= RSP_PACKET_MAX)
        rsp->too_long = true;
    else
        g_string_append_c(rsp->packet, c);
}

static void complete(Rsp *rsp)
{
    bool good = rsp->sum == rsp->want && !rsp->too_long;

    rsp->at = RSP_BETWEEN;
    if (rsp->acks)
        send_raw(rsp, good ? "+" : "-", 1);
    /* A payload with a NUL in it is no command, but for the one that carries bytes as they are. */
    if (good && (rsp->packet->str[0] == 'X' || strlen(rsp->packet->str) == rsp->packet->len))
        rsp_execute(rsp, rsp->packet->str);
}

void rsp_receive(Rsp *rsp, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int digit = g_ascii_xdigit_value(data[i]);
        switch (rsp->at) {
        case RSP_BETWEEN:
            between(rsp, data[i]);
            break;
        case RSP_PAYLOAD:
            payload(rsp, data[i]);
            break;
        case RSP_SUM1:
            rsp->want = (uint8_t)((unsigned)digit << 4);
            rsp->too_long |= digit < 0;
            rsp->at = RSP_SUM2;
            break;
        case RSP_SUM2:
            rsp->want |= digit & 0xf;
            rsp->too_long |= digit < 0;
            complete(rsp);
            break;
        }
    }
}

void rsp_stopped(Rsp *rsp, const RspStop *stop)
{
    rsp->stop = *stop;
    if (!rsp->waiting)
        return;
    rsp->waiting = false;
    rsp->thread_g = stop->thread;
    rsp_reply_stop(rsp);
}

void rsp_exited(Rsp *rsp)
{
    if (rsp->waiting)
        rsp_reply(rsp, "W00");
    rsp->waiting = false;
}

void rsp_opened(Rsp *rsp)
{
    rsp->at = RSP_BETWEEN;
    rsp->acks = true;
    rsp->waiting = false;
    rsp->connected = true;
    rsp->thread_g = 0;
    rsp->thread_c = G_MAXUINT;
    g_string_truncate(rsp->last, 0);
    rsp->swbreak = rsp->hwbreak = rsp->physical = false;
    rsp->stop = (RspStop){.signal = RSP_SIGTRAP};
    if (!rsp->target->stopped(rsp->opaque))
        rsp->target->stop(rsp->opaque);
}

void rsp_closed(Rsp *rsp)
{
    bool ran = !rsp->target->stopped(rsp->opaque);

    rsp->connected = rsp->waiting = false;
    if (rsp->n_points == 0)
        return;
    if (ran)
        rsp->target->stop(rsp->opaque);
    rsp->n_points = 0;
    rsp_send_points(rsp);
    if (ran) {
        unsigned n = rsp->target->n_threads(rsp->opaque);
        g_autofree RspResume *how = g_new(RspResume, n);
        for (unsigned i = 0; i < n; i++)
            how[i] = RSP_CONTINUE;
        rsp->target->resume(rsp->opaque, how);
    }
}

Rsp *rsp_new(const RspTarget *target, const E500Model *model, void *opaque)
{
    Rsp *rsp = g_new0(Rsp, 1);

    rsp->target = target;
    rsp->opaque = opaque;
    rsp->packet = g_string_new(NULL);
    rsp->last = g_string_new(NULL);
    rsp->xml = gdb_target_xml(model->core);
    rsp->g_regs = gdb_g_regs(model->core);
    return rsp;
}

void rsp_free(Rsp *rsp)
{
    if (!rsp)
        return;
    g_string_free(rsp->packet, TRUE);
    g_string_free(rsp->last, TRUE);
    g_free(rsp->xml);
    g_free(rsp);
}
