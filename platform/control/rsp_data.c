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

/* Addresses of 64 bits where they are physical; past the end of an effective address there is nothing. */
static bool take_address(const Rsp *rsp, const char **p, uint64_t *address)
{
    return rsp_take_hex(p, address) && (rsp->physical || *address <= EA_MAX);
}

static bool read_piece(Rsp *rsp, uint64_t address, uint8_t *to, size_t size)
{
    if (rsp->physical)
        return rsp->target->read_physical(rsp->opaque, address, to, size);
    return rsp->target->read(rsp->opaque, rsp->thread_g, (Ea)address, to, size);
}

static bool write_all(Rsp *rsp, uint64_t address, const uint8_t *from, size_t size)
{
    if (rsp->physical)
        return rsp->target->write_physical(rsp->opaque, address, from, size);
    return rsp->target->write(rsp->opaque, rsp->thread_g, (Ea)address, from, size);
}

/* How much of [ea, ea + size) can be read from the start on: gdb takes a short answer.  Page by
 * page, as mappings go. */
static size_t read_some(Rsp *rsp, uint64_t ea, uint8_t *to, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t n = MIN(size - done, 4096 - ((ea + done) & 4095));
        if (!read_piece(rsp, ea + done, to + done, n))
            break;
        done += n;
    }
    return done;
}

void rsp_read_memory(Rsp *rsp, const char *p)
{
    uint64_t ea, size;

    if (!take_address(rsp, &p, &ea) || !rsp_take(&p, ',') || !rsp_take_hex(&p, &size) || *p) {
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
    uint64_t ea, size, byte;
    bool ok =
        take_address(rsp, &p, &ea) && rsp_take(&p, ',') && rsp_take_hex(&p, &size) && rsp_take(&p, ':') && size <= sizeof data;

    for (size_t i = 0; ok && i < size; i++) {
        ok = rsp_take_value(&p, 1, &byte);
        data[i] = (uint8_t)byte;
    }
    if (!ok || *p) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    ok = write_all(rsp, ea, data, (size_t)size);
    rsp_reply(rsp, ok ? "OK" : REPLY_FAULT);
}

/* "ADDRESS,SIZE:" and that many bytes, of which '}' stands before one that was changed by 0x20.  A write of nothing asks whether there is X. */
void rsp_write_binary(Rsp *rsp, const char *p)
{
    uint8_t data[RSP_PACKET_MAX];
    uint64_t ea, size;
    size_t n = 0;
    bool ok =
        take_address(rsp, &p, &ea) && rsp_take(&p, ',') && rsp_take_hex(&p, &size) && rsp_take(&p, ':') && size <= sizeof data;
    const char *end = rsp->packet->str + rsp->packet->len;

    while (ok && p < end && n < size) {
        bool escaped = *p == '}' && p + 1 < end;
        p += escaped;
        data[n++] = (uint8_t)(*p++ ^ (escaped ? 0x20 : 0));
    }
    if (!ok || p != end || n != size) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    ok = n == 0 || write_all(rsp, ea, data, n);
    rsp_reply(rsp, ok ? "OK" : REPLY_FAULT);
}
