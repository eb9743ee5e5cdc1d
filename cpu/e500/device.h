/* SPDX-License-Identifier: MIT
 *
 * The device accesses of an instruction.
 *
 * The life of one, by the example of a load that two accesses answer:
 *   1. exec_lwz() asks e500_load_slow().  It resolves the operand: translation, permission, debug events.  A device has part of it, so
 *      e500_device_open() writes down what was resolved and c->exit asks for the first access.  The instruction comes to EXEC_EXIT.
 *   2. The exit is answered.  e500_device_answered() takes the answer and asks for the second access, without executing anything.
 *   3. That is answered as well, and e500_device_answered() says that none is left.  The engine calls exec_lwz() of the very instruction
 *      again: no register changed meanwhile.  Its e500_load_slow() finds the record open, resolves nothing and gives the bytes there.
 *
 * So an access that was answered takes effect, whatever others do in between: tlbivax, watchpoints, a new instruction at pc.  It needs
 * this rule of the exec_*.c files: an instruction calls the slow path once for its whole operand, before it changes any register.
 */
#pragma once

#include "cpu/e500/core.h"

/*
 * Opens the record for an operand that a device has part of, and makes c->exit its first access.  bytes: what a store writes, in order
 * of address; NULL for a load.  Returns EXEC_EXIT; or EXEC_NEXT where all accesses were answered at once (E500Vm.serve), and the record is
 * to be closed.
 */
ExecResult e500_device_open(E500 *c, const E500Piece piece[2], unsigned unit, const uint8_t *bytes);
/*
 * *answer is the exit that c->exit asked for, answered.  EXEC_EXIT: c->exit asks for the next access.  EXEC_NEXT: none is left, execute the
 * instruction.  EXEC_JUMP: nothing is under way any more (a reset came between), the answer means nothing.
 */
ExecResult e500_device_answered(E500 *c, const VcpuExit *answer);
/* Closes the record.  EXEC_NEXT: all accesses were answered; EXEC_TRAP: nobody answered one of them, which is a machine check. */
ExecResult e500_device_close(E500 *c);

/* The longest naturally aligned access at gpa that is no longer than `unit`, a power of two, and `left`. */
static inline unsigned e500_aligned_size(uint64_t gpa, unsigned unit, unsigned left)
{
    while (unit > left || gpa % unit)
        unit /= 2;
    return unit;
}

/* A value of `size` bytes as it lies in memory, most significant byte first. */
static inline void e500_bytes_put(uint8_t *at, unsigned size, uint64_t value)
{
    for (unsigned i = size; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
}
static inline uint64_t e500_bytes_get(const uint8_t *at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}
