/* SPDX-License-Identifier: MIT
 *
 * The device accesses of an instruction, one exit after the other.
 */
#include <string.h>

#include "cpu/e500/device.h"
#include "cpu/e500/interrupt.h"

/* The piece that byte `at` of the operand belongs to; NULL behind the end. */
static const E500Piece *piece_at(const E500DeviceOperand *d, unsigned at, unsigned *offset)
{
    bool second = at >= d->piece[0].size;

    *offset = second ? at - d->piece[0].size : at;
    return *offset < d->piece[second].size ? &d->piece[second] : NULL;
}

/* Asks for the access at d->at, or for the first behind the RAM that begins there. */
static ExecResult ask(E500 *c)
{
    E500DeviceOperand *d = &c->device;
    unsigned offset;
    const E500Piece *p = piece_at(d, d->at, &offset);

    if (p && p->host) {
        d->at += p->size - offset;
        p = piece_at(d, d->at, &offset);
    }
    if (!p || p->host)
        return EXEC_NEXT;
    unsigned size = e500_aligned_size(p->gpa + offset, d->unit, p->size - offset);
    c->exit->kind = VCPU_EXIT_MMIO;
    c->exit->mmio.gpa = p->gpa + offset;
    c->exit->mmio.size = (uint8_t)size;
    c->exit->mmio.is_write = d->is_write;
    c->exit->mmio.failed = false;
    c->exit->mmio.data = d->is_write ? e500_bytes_get(d->bytes + d->at, size) : 0;
    return EXEC_EXIT;
}

/*
 * Has the accesses answered here and now, where somebody does.  Meanwhile the core counts as not executing: the device may wait for a lock
 * that is held by who waits for the core.  What others asked for in between, it attends to when the instruction is complete.
 */
static ExecResult serve(E500 *c)
{
    ExecResult r = EXEC_EXIT;

    while (r == EXEC_EXIT && c->vm->serve) {
        __atomic_store_n(&c->executing, 0, __ATOMIC_RELEASE); /* not e500_leave(): it stays in the guest */
        bool go_on = c->vm->serve(c->vm->serve_opaque, c->index, c->exit);
        __atomic_store_n(&c->executing, 1, __ATOMIC_SEQ_CST);
        if (!go_on)
            e500_attention(c, E500_ATT_KICK);
        r = e500_device_answered(c, c->exit);
    }
    if (r == EXEC_NEXT)
        c->exit->kind = VCPU_EXIT_INTR;
    return r;
}

ExecResult e500_device_open(E500 *c, const E500Piece piece[2], unsigned unit, const uint8_t *bytes)
{
    E500DeviceOperand *d = &c->device;

    d->open = true;
    d->failed = false;
    d->is_write = bytes != NULL;
    d->unit = (uint8_t)unit;
    d->piece[0] = piece[0];
    d->piece[1] = piece[1];
    d->at = 0;
    if (bytes)
        memcpy(d->bytes, bytes, piece[0].size + piece[1].size);
    ExecResult r = ask(c);
    return r == EXEC_EXIT ? serve(c) : r;
}

ExecResult e500_device_answered(E500 *c, const VcpuExit *answer)
{
    E500DeviceOperand *d = &c->device;
    unsigned offset, size = answer->mmio.size;

    if (!d->open)
        return EXEC_JUMP;
    const E500Piece *p = piece_at(d, d->at, &offset);
    g_assert(p && answer->mmio.gpa == p->gpa + offset && answer->mmio.is_write == d->is_write &&
             size == e500_aligned_size(p->gpa + offset, d->unit, p->size - offset));
    d->failed = answer->mmio.failed;
    if (d->failed)
        return EXEC_NEXT;
    if (!d->is_write)
        e500_bytes_put(d->bytes + d->at, size, answer->mmio.data);
    d->at += size;
    return ask(c);
}

ExecResult e500_device_close(E500 *c)
{
    E500DeviceOperand *d = &c->device;
    unsigned offset;
    const E500Piece *p = piece_at(d, d->at, &offset);

    d->open = false;
    if (!d->failed)
        return EXEC_NEXT;
    uint32_t mcsr = d->is_write ? MCSR_ST : p->guarded ? MCSR_LD | MCSR_LDG : MCSR_LD;
    return e500_raise_machine_check(c, mcsr | MCSR_MAV, p->gpa + offset);
}
