/* SPDX-License-Identifier: MIT
 *
 * Where homes lie: in their host registers, or in memory.
 */
#include "cpu/jit/x64/emit.h"

static const uint8_t pin_regs[] = {RBX, RSI, RDI, R8, R9, R10, R11, R12, R13, R14};
const unsigned jit_pins = sizeof(pin_regs);

void emit_homes_begin(Emit *e)
{
    memset(e->pin, NO_REG, sizeof(e->pin));
    for (unsigned i = 0; i < jit_pins; i++)
        e->pin[ir_layout.order[i]] = pin_regs[i];
}

Reg emit_use(Emit *e, unsigned home, Reg spare)
{
    if (e->pin[home] != NO_REG)
        return e->pin[home];
    asm_rm(&e->a, OP_LOAD, spare, STATE, home_at(e, home));
    return spare;
}

void emit_get(Emit *e, Reg to, unsigned home)
{
    if (e->pin[home] != NO_REG)
        asm_mov(&e->a, to, e->pin[home]);
    else
        asm_rm(&e->a, OP_LOAD, to, STATE, home_at(e, home));
}

void emit_put(Emit *e, unsigned home, Reg from)
{
    if (e->pin[home] != NO_REG)
        asm_mov(&e->a, e->pin[home], from);
    else
        asm_rm(&e->a, OP_STORE, from, STATE, home_at(e, home));
}

void emit_alu(Emit *e, unsigned op, Reg reg, unsigned home)
{
    if (e->pin[home] != NO_REG)
        asm_rr(&e->a, op, reg, e->pin[home]);
    else
        asm_rm(&e->a, op, reg, STATE, home_at(e, home));
}

Reg emit_target(const Emit *e, unsigned home, Reg spare)
{
    return e->pin[home] != NO_REG ? (Reg)e->pin[home] : spare;
}

void emit_spill(Emit *e)
{
    for (unsigned i = 0; i < jit_pins; i++)
        asm_rm(&e->a, OP_STORE, pin_regs[i], STATE, home_at(e, ir_layout.order[i]));
}

void emit_reload(Emit *e)
{
    for (unsigned i = 0; i < jit_pins; i++)
        asm_rm(&e->a, OP_LOAD, pin_regs[i], STATE, home_at(e, ir_layout.order[i]));
}
