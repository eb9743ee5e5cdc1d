/* SPDX-License-Identifier: MIT
 *
 * Where homes lie.  Between blocks each pinned home is in its own register and the others are in memory, so that a jump from block to block
 * moves nothing.  Inside of a block, which is straight code with ways out, it is known what is used next: a home that is used often enough
 * gets the register of the one that is not needed for longest.  All instructions that are emitted for this leave the flags alone.
 */
#include "cpu/jit/x64/emit.h"

static const uint8_t pin_regs[] = {RBX, RSI, RDI, R8, R9, R10, R11, R12, R13, R14};
const unsigned jit_pins = sizeof(pin_regs);
G_STATIC_ASSERT(sizeof(pin_regs) == JIT_MAP_REGS);

static uint64_t bit_of(unsigned home)
{
    return UINT64_C(1) << home;
}

static EmitMap canonical(void)
{
    EmitMap m = {.dirty = 0};
    memset(m.reg, NO_REG, sizeof(m.reg));
    memset(m.home, IR_NONE, sizeof(m.home));
    for (unsigned i = 0; i < jit_pins; i++) {
        m.reg[ir_layout.order[i]] = pin_regs[i];
        m.home[pin_regs[i]] = ir_layout.order[i];
        m.dirty |= bit_of(ir_layout.order[i]);
    }
    return m;
}

static Reg pin_of(const Emit *e, unsigned home)
{
    return (Reg)e->canonical.reg[home];
}

void emit_homes_begin(Emit *e)
{
    e->map = e->canonical = canonical();
    e->last_map = NULL;
    e->late = (EmitLate){{NULL}};
}

/* --- reading and writing them --- */

Reg emit_use(Emit *e, unsigned home, Reg spare)
{
    if (e->map.reg[home] != NO_REG)
        return e->map.reg[home];
    asm_rm(&e->a, OP_LOAD, spare, STATE, home_at(e, home));
    return spare;
}

void emit_get(Emit *e, Reg to, unsigned home)
{
    if (e->map.reg[home] != NO_REG)
        asm_mov(&e->a, to, e->map.reg[home]);
    else
        asm_rm(&e->a, OP_LOAD, to, STATE, home_at(e, home));
}

void emit_put(Emit *e, unsigned home, Reg from)
{
    if (e->map.reg[home] != NO_REG)
        asm_mov(&e->a, e->map.reg[home], from);
    else
        asm_rm(&e->a, OP_STORE, from, STATE, home_at(e, home));
}

void emit_alu(Emit *e, unsigned op, Reg reg, unsigned home)
{
    if (e->map.reg[home] != NO_REG)
        asm_rr(&e->a, op, reg, e->map.reg[home]);
    else
        asm_rm(&e->a, op, reg, STATE, home_at(e, home));
}

Reg emit_target(const Emit *e, unsigned home, Reg spare)
{
    return e->map.reg[home] != NO_REG ? (Reg)e->map.reg[home] : spare;
}

/* --- registers change hands --- */

static void unmap(Emit *e, unsigned home)
{
    e->map.home[e->map.reg[home]] = IR_NONE;
    e->map.reg[home] = NO_REG;
    e->map.dirty &= ~bit_of(home);
    e->map.fresh &= ~bit_of(home);
}

static void map(Emit *e, unsigned home, Reg reg)
{
    e->map.home[reg] = (uint8_t)home;
    e->map.reg[home] = (uint8_t)reg;
}

static void store_home(Emit *e, unsigned home)
{
    asm_rm(&e->a, OP_STORE, e->map.reg[home], STATE, home_at(e, home));
    e->map.dirty &= ~bit_of(home);
}

static void load_home(Emit *e, unsigned home, Reg reg)
{
    asm_rm(&e->a, OP_LOAD, reg, STATE, home_at(e, home));
    map(e, home, reg);
}

/* Nobody will see its value, not even who makes a late condition of it. */
static bool is_dead(const Emit *e, unsigned home, unsigned at)
{
    uint64_t dead = e->plan.dead[at] & bit_of(home);
    return dead && !(emit_late_homes(e) & dead); /* what is late is looked through for the few homes that are dead */
}

/* Host instructions that it takes to have the home elsewhere from op `at` on until it is used next. */
static unsigned cost_of(const Emit *e, unsigned home, unsigned at)
{
    bool again = pin_of(e, home) != NO_REG || e->plan.next[at + 1][home] != PLAN_NEVER;
    if (is_dead(e, home, at))
        return 0;
    return (again ? 1 : 0) + (e->map.dirty & bit_of(home) && again ? 1 : 0);
}

/* How much it speaks for taking a home's register away at op `at`: how late it is used next, less what it costs. */
static int spare_of(const Emit *e, unsigned home, unsigned at)
{
    enum { FREE = 2 * IR_MAX, OPS_OF_COST = 4 };
    unsigned cost = cost_of(e, home, at), next = e->plan.next[at][home];
    if (!cost)
        return FREE;
    return (int)(next == PLAN_NEVER ? IR_MAX : next - at) - OPS_OF_COST * (int)cost;
}

/* The register that is missed least, of those that hold none of `locked`; NO_REG: there is none. */
static Reg find_victim(const Emit *e, unsigned at, uint64_t locked, Reg own)
{
    Reg best = NO_REG;
    int best_spare = INT_MIN;
    for (unsigned i = 0; i < jit_pins; i++) {
        Reg reg = pin_regs[i];
        unsigned home = e->map.home[reg];
        if (home != IR_NONE && locked & bit_of(home))
            continue;
        int spare = home == IR_NONE ? INT_MAX - 1 : spare_of(e, home, at);
        if (spare > best_spare || (spare == best_spare && reg == own)) {
            best = reg;
            best_spare = spare;
        }
    }
    return best;
}

static void evict(Emit *e, Reg reg, unsigned at)
{
    unsigned home = e->map.home[reg];
    if (home == IR_NONE)
        return;
    if (e->map.dirty & bit_of(home) && !is_dead(e, home, at))
        store_home(e, home);
    unmap(e, home);
}

/*
 * A home in memory: is it worth a register from op `at` on, and which?  What counts are its uses until the other home's next one; a pinned
 * home has to be loaded in the end.
 */
static Reg choose(const Emit *e, unsigned home, unsigned at, uint64_t locked)
{
    Reg own = pin_of(e, home), reg = find_victim(e, at, locked, own);
    unsigned other = reg == NO_REG ? IR_NONE : e->map.home[reg];
    unsigned cost = other == IR_NONE ? 0 : cost_of(e, other, at);
    unsigned until = cost ? e->plan.next[at][other] : PLAN_NEVER, one = e->plan.likely[at];
    unsigned gain = e->plan.uses[at][home] - (until == PLAN_NEVER ? 0 : e->plan.uses[until][home]) +
                    (own != NO_REG && until == PLAN_NEVER ? one : 0);

    return reg != NO_REG && gain >= 2 * one && gain > cost * one ? reg : NO_REG;
}

void emit_homes_before(Emit *e, unsigned at)
{
    const IrOp *op = &e->ir->op[at];
    uint64_t writes = ir_writes(op), reads = ir_reads(op) | (emit_late_homes(e) & writes), locked = reads | writes;

    if (emit_ends_part(op))
        return;
    for (uint64_t left = locked; left; left &= left - 1) {
        unsigned home = (unsigned)__builtin_ctzll(left);
        Reg reg = e->map.reg[home] == NO_REG ? choose(e, home, at, locked) : NO_REG;
        if (reg == NO_REG)
            continue;
        evict(e, reg, at);
        if (reads & bit_of(home)) {
            load_home(e, home, reg);
        } else {
            map(e, home, reg);
            e->map.fresh |= bit_of(home);
        }
    }
}

void emit_homes_after(Emit *e, const IrOp *op)
{
    for (uint64_t left = ir_writes(op); left; left &= left - 1) {
        unsigned home = (unsigned)__builtin_ctzll(left);
        if (e->map.reg[home] != NO_REG)
            e->map.dirty |= bit_of(home);
    }
    e->map.fresh = 0;
}

/* --- from one map to another --- */

/* Behind it only homes are in registers that are in registers there, too. */
static void leave_registers(Emit *e, const EmitMap *to)
{
    for (unsigned i = 0; i < jit_pins; i++) {
        unsigned home = e->map.home[pin_regs[i]];
        if (home == IR_NONE)
            continue;
        bool stays = to->reg[home] != NO_REG;
        if (e->map.dirty & bit_of(home) && !(stays && to->dirty & bit_of(home)))
            store_home(e, home);
        if (!stays || e->map.fresh & bit_of(home))
            unmap(e, home);
    }
}

static void move_home(Emit *e, unsigned home, Reg to)
{
    Reg from = e->map.reg[home];
    unsigned other = e->map.home[to];
    if (other == IR_NONE) {
        asm_mov(&e->a, to, from);
        e->map.home[from] = IR_NONE;
    } else {                                  /* of a ring */
        asm_rr(&e->a, 0x87 | OP_W, to, from); /* xchg */
        map(e, other, from);
    }
    map(e, home, to);
}

/* The next home that is to be moved: one whose register there is free, if there is such a one. */
static unsigned next_to_move(const Emit *e, const EmitMap *to)
{
    unsigned found = IR_NONE;
    for (unsigned i = 0; i < jit_pins; i++) {
        unsigned home = e->map.home[pin_regs[i]];
        if (home == IR_NONE || e->map.reg[home] == to->reg[home])
            continue;
        found = home;
        if (e->map.home[to->reg[home]] == IR_NONE)
            break;
    }
    return found;
}

void emit_homes_become(Emit *e, const EmitMap *to)
{
    unsigned home;
    leave_registers(e, to);
    while ((home = next_to_move(e, to)) != IR_NONE)
        move_home(e, home, to->reg[home]);
    for (unsigned i = 0; i < jit_pins; i++) {
        home = to->home[pin_regs[i]];
        if (home != IR_NONE && e->map.reg[home] == NO_REG)
            load_home(e, home, pin_regs[i]);
    }
    e->map = *to;
}

void emit_settle(Emit *e)
{
    emit_late_settle(e);
    emit_homes_become(e, &e->canonical);
}

/* --- for C --- */

static bool is_canonical(const EmitMap *m)
{
    for (unsigned i = 0; i < jit_pins; i++)
        if (m->home[pin_regs[i]] != ir_layout.order[i])
            return false;
    return !m->fresh;
}

void emit_homes_record(Emit *e, JitRecord *record)
{
    JitLate late[LATES] = {{.k = 0}};
    unsigned n_late = emit_late_map(e, late);
    if (!n_late && is_canonical(&e->map)) {
        record->map = NULL;
        return;
    }
    size_t size = sizeof(JitMap) + n_late * sizeof(late[0]);
    JitMap *m = jit_alloc(e->jit, size);
    m->n_late = n_late;
    memcpy(m->late, late, n_late * sizeof(late[0]));
    for (unsigned i = 0; i < jit_pins; i++) {
        unsigned home = e->map.home[pin_regs[i]];
        m->load[i] = (int16_t)(home == IR_NONE ? field(e, ir_layout.nowhere) : home_at(e, home));
        m->store[i] = home == IR_NONE || !(e->map.dirty & bit_of(home)) ? (int16_t)field(e, ir_layout.nowhere) : m->load[i];
    }
    if (e->last_map && e->last_map->n_late == n_late && !memcmp(e->last_map, m, size)) {
        jit_alloc_ends(e->jit, m);
        m = e->last_map;
    }
    e->last_map = m;
    record->map = m;
}

/* --- the routines' part: between registers and memory, as between blocks, or as the JitMap in rcx says --- */

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

static void by_map(Emit *e, unsigned op, size_t words)
{
    for (unsigned i = 0; i < jit_pins; i++) {
        asm_rm(&e->a, OP_MOVSX16 | OP_W, RDX, RCX, (int32_t)(words + i * sizeof(int16_t)));
        asm_rx(&e->a, op, pin_regs[i], STATE, RDX, 0, 0);
    }
}

void emit_spill_mapped(Emit *e)
{
    by_map(e, OP_STORE, offsetof(JitMap, store));
}

void emit_reload_mapped(Emit *e)
{
    by_map(e, OP_LOAD, offsetof(JitMap, load));
}
