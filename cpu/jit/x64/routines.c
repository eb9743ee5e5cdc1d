/* SPDX-License-Identifier: MIT
 *
 * The routines that all blocks share: how code is entered and left, and how it calls C.
 */
#include "cpu/jit/x64/emit.h"

#include <cpuid.h>

/* By CPUID itself: not every compiler's __builtin_cpu_supports() knows these names. */
bool jit_host_supported(void)
{
    enum { ABM = 1 << 5 }; /* has lzcnt */
    unsigned a, b, c, d;
    bool movbe = __get_cpuid(1, &a, &b, &c, &d) && c & bit_MOVBE;
    bool bmi = __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_BMI && b & bit_BMI2;
    bool lzcnt = __get_cpuid(0x80000001, &a, &b, &c, &d) && c & ABM;
    return movbe && bmi && lzcnt;
}

static const uint8_t saved[] = {RBX, RBP, R12, R13, R14, R15};

static void get_budget(Emit *e)
{
    asm_rm(&e->a, OP_LOAD, BUDGET, STATE, field(e, ir_layout.limit_at_entry));
    asm_rm(&e->a, OP_SUB, BUDGET, STATE, field(e, ir_layout.done));
}

enum { NO_PC = 1 }; /* at the bottom of the stack of calls */

/* enter(base, code).  Inside of code the stack is aligned for a call.  The first frame leads to where nothing is expected (emit_exit.c). */
static void routine_enter(Emit *e)
{
    Asm *a = &e->a;
    for (unsigned i = 0; i < sizeof(saved); i++)
        asm_opcode(a, 0x50 | (saved[i] & 7), 0, 0, saved[i], false);
    asm_ri(a, OP_W, GROUP_SUB, RSP, 8);
    asm_rm(a, OP_LEA | OP_W, STATE, RDI, e->bias);
    asm_rr(a, OP_LOAD | OP_W, RAX, RSI);
    asm8(a, 0x6a); /* push */
    asm8(a, NO_PC);
    asm_set64(a, RDX, (uintptr_t)e->jit->routine.returned_elsewhere);
    asm8(a, 0x50 | RDX);
    asm_rm(a, OP_STORE | OP_W, RSP, STATE, field(e, ir_layout.stack));
    get_budget(e);
    emit_reload(e);
    asm_rr(a, 0xff, 4, RAX);
}

/* eax: the reason; pc is in its place */
static void routine_leave(Emit *e)
{
    Asm *a = &e->a;
    e->jit->routine.leave = emit_here(e);
    emit_spill(e);
    asm_rm(a, OP_LOAD, RCX, STATE, field(e, ir_layout.limit_at_entry));
    asm_rr(a, OP_SUB, RCX, BUDGET);
    asm_rm(a, OP_STORE, RCX, STATE, field(e, ir_layout.done));
    e->jit->routine.leave_canonical = emit_here(e);
    emit_forget_calls(e);
    asm_ri(a, OP_W, GROUP_ADD, RSP, 3 * 8);
    for (unsigned i = sizeof(saved); i-- > 0;)
        asm_opcode(a, 0x58 | (saved[i] & 7), 0, 0, saved[i], false);
    asm8(a, 0xc3);
}

void emit_leave_with(Emit *e, JitReason reason, const uint8_t *where)
{
    asm_set(&e->a, RAX, reason);
    asm_jump_to(&e->a, emit_routine(e, where));
}

/* eax: the pc whose block is not in the table of targets */
static void routine_lookup(Emit *e)
{
    e->jit->routine.lookup = emit_here(e);
    asm_rm(&e->a, OP_STORE, RAX, STATE, field(e, ir_layout.pc));
    emit_leave_with(e, JIT_LOOKUP, e->jit->routine.leave);
}

/* rax: a JitLink that leads nowhere yet */
static void routine_unlinked(Emit *e)
{
    e->jit->routine.unlinked = emit_here(e);
    asm_rm(&e->a, OP_STORE | OP_W, RAX, STATE, field(e, ir_layout.link));
    emit_leave_with(e, JIT_LINK, e->jit->routine.leave);
}

/* Has jit_exec() execute the JitRecord in rax; the stack is aligned for that.  Flags: E if the block goes on. */
static void call_exec(Emit *e)
{
    Asm *a = &e->a;
    asm_rr(a, OP_LOAD | OP_W, RSI, RAX);
    asm_rm(a, OP_LEA | OP_W, RDI, STATE, -e->bias);
    asm_mov(a, RDX, BUDGET);
    asm_set64(a, RAX, (uintptr_t)jit_exec);
    asm_rr(a, 0xff, 2, RAX);
    asm8(a, 0x58 | RCX);
    asm_ri(a, 0, GROUP_CMP, RAX, JIT_GO_ON);
}

static void back_to_block(Emit *e)
{
    asm_rr(&e->a, OP_TEST | OP_W, RSP, RSP); /* ZF is 0 */
    asm8(&e->a, 0xc3);
}

/* Behind call_exec(): the block does not go on.  What comes empties the stack of calls. */
static void go_elsewhere(Emit *e)
{
    Asm *a = &e->a;
    uint8_t *go_to = asm_jcc(a, CC_A);
    emit_leave_with(e, JIT_ENDED, e->jit->routine.leave_canonical);
    asm_patch(go_to, a->p);
    get_budget(e);
    emit_reload(e);
    emit_exit_to_pc(e, 0);
}

/* eax: the pc to which the guest returns; it is not what the stack of calls says, or the stack is empty */
static void routine_returned_elsewhere(Emit *e)
{
    e->jit->routine.returned_elsewhere = emit_here(e);
    emit_forget_calls(e);
    asm_ri(&e->a, 0, GROUP_AND, RAX, ~3);
    emit_to_target(e);
}

/*
 * Called; rax: a JitRecord.  Comes back, with ZF 0, if the block goes on (JitNext).  The first one is of records without a map, whose homes
 * lie as between blocks.
 */
static void routine_call(Emit *e)
{
    Asm *a = &e->a;
    e->jit->routine.call = emit_here(e);
    emit_spill(e);
    asm8(a, 0x50 | RCX);
    call_exec(e);
    uint8_t *elsewhere = asm_jcc(a, CC_NE);
    emit_reload(e);
    back_to_block(e);

    e->jit->routine.call_mapped = emit_here(e);
    asm_rm(a, OP_LOAD | OP_W, RCX, RAX, offsetof(JitRecord, map));
    emit_spill_mapped(e);
    asm8(a, 0x50 | RCX);
    call_exec(e);
    uint8_t *elsewhere_too = asm_jcc(a, CC_NE);
    emit_reload_mapped(e);
    back_to_block(e);

    asm_patch(elsewhere, a->p);
    asm_patch(elsewhere_too, a->p);
    go_elsewhere(e);
}

/* Called; rax: a function of the conditions and of edx, which changes no home.  Its result is in eax. */
static void routine_leaf(Emit *e)
{
    static const uint8_t kept[] = {RSI, RDI, R8, R9, R10, R11};
    Asm *a = &e->a;
    e->jit->routine.leaf = emit_here(e);
    for (unsigned i = 0; i < sizeof(kept); i++)
        asm_opcode(a, 0x50 | (kept[i] & 7), 0, 0, kept[i], false);
    asm_ri(a, OP_W, GROUP_SUB, RSP, 8);
    asm_rm(a, OP_LEA | OP_W, RDI, STATE, field(e, ir_layout.conditions));
    asm_mov(a, RSI, RDX);
    asm_rr(a, 0xff, 2, RAX);
    asm_ri(a, OP_W, GROUP_ADD, RSP, 8);
    for (unsigned i = sizeof(kept); i-- > 0;)
        asm_opcode(a, 0x58 | (kept[i] & 7), 0, 0, kept[i], false);
    asm8(a, 0xc3);
}

void jit_emit_routines(Jit *jit)
{
    g_autofree Emit *e = g_new0(Emit, 1);
    emit_begin(e, jit);
    emit_fp_constants(e);
    routine_leave(e);
    routine_lookup(e);
    routine_returned_elsewhere(e);
    memcpy(&jit->routine.enter, &(const uint8_t *){emit_here(e)}, sizeof(jit->routine.enter));
    routine_enter(e);
    routine_unlinked(e);
    routine_call(e);
    routine_leaf(e);
    emit_refill_routines(e);
    emit_finish(e);
}
