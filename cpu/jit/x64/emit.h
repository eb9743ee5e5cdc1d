/* SPDX-License-Identifier: MIT
 *
 * The emitter's inside: how homes lie in registers, and a block under construction.
 *
 * While code executes: rbp points into the core (BIAS behind its first byte, so that the registers of the guest are within a byte's
 * displacement), r15 is the budget: instructions left in the slice.  rax, rcx, rdx are free.  The others hold the pinned homes, whose upper
 * halves are 0.
 */
#pragma once

#include "cpu/jit/jit.h"
#include "cpu/jit/x64/asm.h"

typedef struct Stub {
    uint8_t *from;       /* distance of the jump that leads here */
    uint8_t *hit, *back; /* of accesses: where to go on with the access, and behind it */
    const IrOp *op;
} Stub;

typedef struct Emit {
    Asm a;
    Jit *jit;
    JitBlock *block;
    const IrBlock *ir;
    int32_t bias;
    uint8_t pin[40]; /* of a home: its register, or NO_REG */
    int flags_hold;  /* the host's flags are those of condition n; −1: of none */
    int rax_holds;   /* rax is condition n */
    unsigned n_stubs;
    Stub stub[IR_MAX];
} Emit;

static inline int32_t field(const Emit *e, uint32_t offset)
{
    return (int32_t)offset - e->bias;
}

static inline int32_t home_at(const Emit *e, unsigned home)
{
    return field(e, ir_layout.home[home]);
}

void emit_begin(Emit *e, Jit *jit);
uint8_t *emit_routine(const Emit *e, const uint8_t *execute); /* a routine's address in writable memory */

/* A register that holds the home: its own, or `spare` after a load. */
Reg emit_use(Emit *e, unsigned home, Reg spare);
void emit_get(Emit *e, Reg to, unsigned home);               /* to = home */
void emit_put(Emit *e, unsigned home, Reg from);             /* home = from */
void emit_alu(Emit *e, unsigned op, Reg reg, unsigned home); /* reg op= home */
Reg emit_target(const Emit *e, unsigned home, Reg spare);    /* where to make a value that emit_put() then takes */

void emit_spill(Emit *e);
void emit_reload(Emit *e);

void emit_integer(Emit *e, const IrOp *op); /* emit_int.c */
void emit_access(Emit *e, const IrOp *op);  /* emit_mem.c */
void emit_access_stub(Emit *e, const Stub *stub);
void emit_compare(Emit *e, const IrOp *op); /* emit_flow.c */
void emit_select(Emit *e, const IrOp *op);
void emit_exit_if(Emit *e, const IrOp *op);
void emit_exit_stub(Emit *e, const Stub *stub);
void emit_exit(Emit *e, Ea pc, unsigned left);
void emit_exit_to(Emit *e, const IrOp *op);
void emit_call(Emit *e, const IrOp *op);
void emit_call_routine(Emit *e, const uint8_t *routine);
void emit_call_record(Emit *e, const void *record);
