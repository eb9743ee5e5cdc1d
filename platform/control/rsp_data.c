/* SPDX-License-Identifier: MIT
 *
 * Registers and memory.  Each command parses all of its packet before it does anything.
 */
#include "platform/control/gdb_regs.h"
#include "platform/control/rsp_priv.h"

static E500State *current(Rsp *rsp)
{
    return rsp->target->state(rsp->opaque, rsp->thread_g);
}

/* --- registers */

void rsp_read_regs(Rsp *rsp, const char *p)
{
    const E500State *s = current(rsp);
    g_autoptr(GString) out = g_string_new(NULL);

    for (unsigned reg = 0; s && reg < rsp->g_regs; reg++)
        rsp_append_hex(out, gdb_reg_size(reg), gdb_reg_get(s, reg));
    rsp_reply(rsp, s ? out->str : REPLY_IO);
}

void rsp_write_regs(Rsp *rsp, const char *p)
{
    E500State *s = current(rsp);
    uint64_t values[GDB_G_REGS];

    for (unsigned reg = 0; reg < rsp->g_regs; reg++) {
        if (!rsp_take_value(&p, gdb_reg_size(reg), &values[reg])) {
            rsp_reply(rsp, REPLY_INVALID);
            return;
        }
    }
    if (!s || *p) {
        rsp_reply(rsp, s ? REPLY_INVALID : REPLY_IO);
        return;
    }
    for (unsigned reg = 0; reg < rsp->g_regs; reg++)
        gdb_reg_set(s, reg, values[reg]);
    rsp->target->state_changed(rsp->opaque, rsp->thread_g);
    rsp_reply(rsp, "OK");
}

void rsp_read_reg(Rsp *rsp, const char *p)
{
    uint64_t reg;

    if (!rsp_take_hex(&p, &reg) || *p || reg >= GDB_REGS || !gdb_reg_size((unsigned)reg)) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    const E500State *s = current(rsp);
    g_autoptr(GString) out = g_string_new(NULL);
    if (s)
        rsp_append_hex(out, gdb_reg_size((unsigned)reg), gdb_reg_get(s, (unsigned)reg));
    rsp_reply(rsp, s ? out->str : REPLY_IO);
}

void rsp_write_reg(Rsp *rsp, const char *p)
{
    uint64_t reg, value;

    if (!rsp_take_hex(&p, &reg) || reg >= GDB_REGS || !gdb_reg_size((unsigned)reg) || !rsp_take(&p, '=') ||
        !rsp_take_value(&p, gdb_reg_size((unsigned)reg), &value) || *p) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    E500State *s = current(rsp);
    if (!s || !gdb_reg_set(s, (unsigned)reg, value)) {
        rsp_reply(rsp, REPLY_IO);
        return;
    }
    rsp->target->state_changed(rsp->opaque, rsp->thread_g);
    rsp_reply(rsp, "OK");
}

/* --- memory */

/* How much of [ea, ea + size) can be read from the start on: gdb takes a short answer.  Page by
 * page, as mappings go. */
static size_t read_some(Rsp *rsp, Ea ea, uint8_t *to, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t n = MIN(size - done, 4096 - ((ea + done) & 4095));
        if (!rsp->target->read(rsp->opaque, rsp->thread_g, (Ea)(ea + done), to + done, n))
            break;
        done += n;
    }
    return done;
}

void rsp_read_memory(Rsp *rsp, const char *p)
{
    Ea ea;
    uint64_t size;

    if (!rsp_take_ea(&p, &ea) || !rsp_take(&p, ',') || !rsp_take_hex(&p, &size) || *p) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    uint8_t data[RSP_PACKET_MAX / 2];
    size_t n = read_some(rsp, ea, data, (size_t)MIN(size, sizeof data));
    if (n == 0 && size > 0) {
        rsp_reply(rsp, REPLY_FAULT);
        return;
    }
    g_autoptr(GString) out = g_string_sized_new(2 * n + 1);
    for (size_t i = 0; i < n; i++)
        rsp_append_hex(out, 1, data[i]);
    rsp_reply(rsp, out->str);
}

void rsp_write_memory(Rsp *rsp, const char *p)
{
    uint8_t data[RSP_PACKET_MAX / 2];
    Ea ea;
    uint64_t size, byte;
    bool ok = rsp_take_ea(&p, &ea) && rsp_take(&p, ',') && rsp_take_hex(&p, &size) && rsp_take(&p, ':') && size <= sizeof data;

    for (size_t i = 0; ok && i < size; i++) {
        ok = rsp_take_value(&p, 1, &byte);
        data[i] = (uint8_t)byte;
    }
    if (!ok || *p) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    ok = rsp->target->write(rsp->opaque, rsp->thread_g, ea, data, (size_t)size);
    rsp_reply(rsp, ok ? "OK" : REPLY_FAULT);
}
