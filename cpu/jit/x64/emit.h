/* SPDX-License-Identifier: MIT
 *
 * The emitter's inside: how homes lie in registers, and a block under construction.
 *
 * While code executes: rbp points into the core (BIAS behind its first byte, so that the registers of the guest are within a byte's
 * displacement), r15 is the budget: instructions left in the slice.  rax, rcx, rdx are free.  The others hold homes, and the upper halves of these
 * registers are 0: between blocks the pinned homes, each in its own register; inside of a block those that are used next (homes.c).  xmm0 and xmm1 are free; the others hold wide homes, whose values are in memory as well (emit_fp.c).
 */
#pragma once

#include "cpu/jit/jit.h"
#include "cpu/jit/x64/asm.h"

enum { XMMS = 16 };

/* What is known of floating point at one place of a block. */
typedef struct EmitFp {
    uint8_t home[XMMS]; /* the wide home that a vector register holds, or IR_NONE */
    uint16_t age[XMMS]; /* when it was used last */
    const IrOp *last;   /* the op that a note would be left of; NULL: none of this block */
    uint8_t saved;      /* bit n: its operand n is in its place already */
    bool compared, converted;
    bool written; /* the note is in its place */
} EmitFp;

enum { MAP_HOMES = 40, MAP_REGS = 16 };

/* Which homes lie in registers at one place of a block.  The others lie in memory. */
typedef struct EmitMap {
    uint8_t reg[MAP_HOMES]; /* of a home: its register, or NO_REG */
    uint8_t home[MAP_REGS]; /* of a register: its home, or IR_NONE */
    uint64_t dirty;         /* homes whose words in memory may be older than their registers */
    uint64_t fresh;         /* homes whose registers do not have them yet, as the op in hand writes them; memory does */
} EmitMap;

/*
 * Conditions, and as the last one the carry, that are not in their place yet: the op that says what they are, whose operands still are what
 * they were (late.c); NULL: it is in its place.
 */
enum { LATE_CARRY = 8, LATES };
typedef struct EmitLate {
    const IrOp *by[LATES];
} EmitLate;

/* What becomes of homes behind each op: of the op itself and those that follow it, up to the block's end or a call. */
typedef struct EmitPlan {
    uint16_t next[IR_MAX + 1][MAP_HOMES]; /* the number of the op that uses a home next; PLAN_NEVER: none */
    uint16_t uses[IR_MAX + 1][MAP_HOMES]; /* the sum of `likely` of those that do */
    uint8_t likely[IR_MAX + 1];           /* that the op is executed, of 128 */
    uint64_t dead[IR_MAX + 1];            /* ir_dead_before() */
} EmitPlan;
enum { PLAN_NEVER = UINT16_MAX };

typedef struct Stub {
    uint8_t *from;       /* distance of the jump that leads here */
    uint8_t *also, *too; /* of others; NULL: there are none */
    uint8_t *again;      /* where to go on if that was right after all; NULL: nowhere */
    uint8_t *hit, *back; /* where to go on with the op, and behind it */
    uint8_t *apart;      /* of a group: distance of the jump where its accesses lie in two pages */
    const IrOp *op;
    uint8_t x[4]; /* vector registers of a floating-point op: operands a, b, k, and the result */
    EmitFp before, after;
    EmitMap map; /* before the op, and so is: */
    EmitLate late;
} Stub;

typedef struct Emit {
    Asm a;
    Jit *jit;
    JitBlock *block;
    const IrBlock *ir;
    int32_t bias;
    EmitMap map;
    EmitMap canonical; /* as homes lie between blocks */
    EmitPlan plan;
    JitMap *last_map; /* of the last record that has one */
    EmitLate late;
    int flags_hold; /* the host's flags are those of condition n; −1: of none */
    int rax_holds;  /* rax is condition n */
    /* rcx, rax is what the first access of this group found; 0: of none. */
    unsigned rcx_group, rax_group;
    Reg base, index; /* the access under construction is at [base + index + disp] */
    int32_t disp;
    EmitFp fp;
    uint16_t clock; /* of EmitFp.age */
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
void emit_finish(Emit *e);                                    /* what was emitted since then stays */
const uint8_t *emit_here(const Emit *e);                      /* where the next instruction is executed */
uint8_t *emit_routine(const Emit *e, const uint8_t *execute); /* a routine's address in writable memory */

/* routines.c, refill.c: jumps to the routine `where`, which leaves for that reason. */
void emit_leave_with(Emit *e, JitReason reason, const uint8_t *where);
void emit_refill_routines(Emit *e);

/* --- plan.c --- */
void emit_plan(Emit *e);
bool emit_ends_part(const IrOp *op); /* behind it homes lie as between blocks */

/* --- late.c --- */
/* Whether the condition or the carry that op makes can be late: nobody needs it in its place until it is made anew. */
bool emit_late_pays(const Emit *e, const IrOp *op);
uint64_t emit_late_homes(const Emit *e);       /* the operands of all that are late, which have to be kept */
void emit_late_after(Emit *e, const IrOp *op); /* forgets those that nobody can know any more, and need not */
void emit_late_settle(Emit *e);                /* all of them; rax and rcx are lost */
unsigned emit_late_test(Emit *e, unsigned k);  /* compares for bit k of a late condition; the condition code that says it is set */
unsigned emit_late_map(const Emit *e, JitLate *late /* LATES of them */); /* how many there are */

/* --- homes.c --- */
void emit_homes_begin(Emit *e);                      /* as they lie between blocks */
void emit_homes_before(Emit *e, unsigned at);        /* brings what the op with that number uses into registers, or some of it */
void emit_homes_after(Emit *e, const IrOp *op);      /* what it wrote is where it should be */
void emit_homes_become(Emit *e, const EmitMap *map); /* moves them to where that map says */
void emit_settle(Emit *e);                           /* to where they lie between blocks; conditions, too; rax and rcx are lost */
void emit_homes_record(Emit *e, JitRecord *record);  /* tells it where they lie now */
/* A register that holds the home: where it lies, or `spare` after a load. */
Reg emit_use(Emit *e, unsigned home, Reg spare);
void emit_get(Emit *e, Reg to, unsigned home);               /* to = home */
void emit_put(Emit *e, unsigned home, Reg from);             /* home = from */
void emit_alu(Emit *e, unsigned op, Reg reg, unsigned home); /* reg op= home */
Reg emit_target(const Emit *e, unsigned home, Reg spare);    /* where to make a value that emit_put() then takes */

/* Of routines: between registers and memory, as homes lie between blocks, or as the JitMap in rcx says; then rdx is lost. */
void emit_spill(Emit *e);
void emit_reload(Emit *e);
void emit_spill_mapped(Emit *e);
void emit_reload_mapped(Emit *e);

/* refill.c.  rcx: offset of eax's slot in the soft TLB; flags: E if the slot has the tag in rdx */
void emit_compare_slot(Emit *e, bool is_store);
void emit_get_addend(Emit *e); /* rcx = the slot's */

void emit_integer(Emit *e, const IrOp *op); /* emit_int.c */
void emit_access(Emit *e, const IrOp *op);  /* emit_mem.c */
void emit_access_stub(Emit *e, Stub *stub);
void emit_memory(Emit *e, unsigned insn, unsigned reg); /* a host instruction whose operands are reg and what is accessed */
void emit_zero(Emit *e, const IrOp *op);
void emit_whole_stub(Emit *e, Stub *stub);  /* the interpreter executes the op instead */
void emit_address(Emit *e, const IrOp *op); /* eax = the op's */
/* rcx = the offset of the soft TLB's slot that has the page of the address in eax, which is aligned; else to the stub. */
void emit_find_slot(Emit *e, bool is_store, unsigned alignment, Stub *stub);
void emit_reserve(Emit *e, const IrOp *op); /* emit_system.c */
void emit_store_reserved(Emit *e, const IrOp *op);
void emit_enable(Emit *e, const IrOp *op);
void emit_enable_stub(Emit *e, Stub *stub);
void emit_compare(Emit *e, const IrOp *op);        /* emit_flow.c */
void emit_make_condition(Emit *e, const IrOp *op); /* rax = it */
void emit_cr_set(Emit *e, const IrOp *op);
bool emit_cr_clear(Emit *e, const IrOp *op); /* a CR_BIT that clears EQ or SO, as calls with variable arguments and kernels do */
void emit_leaf(Emit *e, uintptr_t function, uint32_t argument); /* of the conditions; the result is in eax */
void emit_select(Emit *e, const IrOp *op);
void emit_exit_if(Emit *e, const IrOp *op);
void emit_exit_stub(Emit *e, const Stub *stub);
void emit_exit(Emit *e, Ea pc, unsigned left);
void emit_exit_apart(Emit *e, Ea pc, unsigned left); /* to a block without groups */
void emit_leave(Emit *e, const IrOp *op);            /* IR_EXIT */
void emit_turn(Emit *e, const IrOp *op);
void emit_exit_to(Emit *e, const IrOp *op);
void emit_forget_calls(Emit *e); /* nothing is expected to come back */
void emit_to_target(Emit *e);    /* eax: the pc */
void emit_call(Emit *e, const IrOp *op);
void emit_exit_to_pc(Emit *e, unsigned left);
void emit_call_routine(Emit *e, const uint8_t *routine);
void emit_call_record(Emit *e, const JitRecord *record);

/* emit_wide.c */
static inline int32_t wide_at(const Emit *e, unsigned home)
{
    return field(e, ir_layout.wide_home[home]);
}

void emit_fp_constants(Emit *e); /* part of the common routines */
void emit_fp_begin(Emit *e);
/* A vector register that holds the home.  It does for at least ten calls of this and the next one. */
unsigned emit_wide_use(Emit *e, unsigned home);
unsigned emit_wide_fresh(Emit *e);                       /* one for a new value */
void emit_wide_put(Emit *e, unsigned x, unsigned home);  /* to memory */
void emit_wide_bind(Emit *e, unsigned x, unsigned home); /* it holds the home from now on, and no other does */
void emit_wide_forget(Emit *e, unsigned home);           /* none holds it */
void emit_wide_move(Emit *e, const IrOp *op);
void emit_wide_select(Emit *e, const IrOp *op);
void emit_wide_load(Emit *e, const IrOp *op, Stub *stub);
void emit_wide_store(Emit *e, const IrOp *op, Stub *stub);
void emit_wide_again(Emit *e, const Stub *stub);
bool emit_has_operand(const IrOp *op, unsigned n); /* n: 0 a, 1 b, 2 k */
unsigned emit_operand(const IrOp *op, unsigned n);
void emit_note(Emit *e, const IrOp *op,
               const uint8_t *x);               /* op is the last one; before it is computed.  x: where its operands are */
void emit_fp_note(Emit *e, EmitFp *fp);         /* before the block is left: puts the note in its place */
void emit_fp_called(Emit *e, const IrOp *op);   /* behind an IR_CALL */
void emit_fp_reload(Emit *e, const EmitFp *fp); /* vector registers, behind a call */

/* emit_pair.c */
void emit_pair(Emit *e, const IrOp *op);
void emit_pair_stub(Emit *e, const Stub *stub);
void emit_pair_load(Emit *e, const IrOp *op); /* as emit_wide_load() */
void emit_pair_store(Emit *e, const IrOp *op);

/* emit_fp.c */
void emit_fp(Emit *e, const IrOp *op);
void emit_fp_stub(Emit *e, Stub *stub);
