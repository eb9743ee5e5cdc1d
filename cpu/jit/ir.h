/* SPDX-License-Identifier: MIT
 *
 * The middle language: what a block of guest instructions does, in terms that neither the guest's nor the host's architecture decides.
 *
 * A home is a 32-bit word of the state: a guest register.  Its value lies in a host register for good (a pinned home) or in memory.
 * At every op that has a record (IrRecord) all homes can be written back, so an access that fails finds the state as the instruction found it.
 *
 * A condition is a signed 64-bit value: the difference of what was compared.  It holds four bits as a CR field does (cond.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cpu/e500/state.h"

enum { IR_NONE = 255 }; /* no home */

/*
 * IR_LIST(X): X(id, text).  d is written, a and b are read; imm, k and flags as told.  `r` is the record: the op may leave the block.
 */
#define IR_LIST(X)                                                                            \
    X(SET, "d = imm")                                                                         \
    X(MOV, "d = a")                                                                           \
    X(ADD, "d = a + b|imm")                                                                   \
    X(SUB, "d = a - b")                                                                       \
    X(RSUB, "d = imm - a")                                                                    \
    X(AND, "d = a & b|imm")                                                                   \
    X(OR, "d = a | b|imm")                                                                    \
    X(XOR, "d = a ^ b|imm")                                                                   \
    X(ANDC, "d = a & ~b")                                                                     \
    X(ORC, "d = a | ~b")                                                                      \
    X(NAND, "d = ~(a & b)")                                                                   \
    X(NOR, "d = ~(a | b)")                                                                    \
    X(EQV, "d = ~(a ^ b)")                                                                    \
    X(MUL, "d = a * b|imm")                                                                   \
    X(MULHS, "d = a * b >> 32, signed")                                                       \
    X(MULHU, "d = a * b >> 32, unsigned")                                                     \
    X(DIVS, "d = a / b, signed; a if there is no quotient")                                   \
    X(DIVU, "d = a / b, unsigned; a if b is 0")                                               \
    X(SHL, "d = a << b, b of six bits")                                                       \
    X(SHR, "d = a >> b, b of six bits")                                                       \
    X(SAR, "d = a >> b|k with sign, carry = ones lost of a negative")                         \
    X(ROT, "d = rotl(a, b|k) & imm")                                                          \
    X(INSERT, "d = rotl(a, k) & imm | d & ~imm")                                              \
    X(CLZ, "d = leading zeros of a")                                                          \
    X(EXT8, "d = (int8_t)a")                                                                  \
    X(EXT16, "d = (int16_t)a")                                                                \
    X(ADDC, "d = a + b|imm + carry-in, carry = carry-out; IR_NOT_A: ~a")                      \
    X(CMP, "condition k = a - b|imm; IR_SIGNED")                                              \
    X(CMOVE, "condition d = condition a")                                                     \
    X(SEL, "d = condition bit k ? a (or 0) : b")                                              \
    X(LOAD, "d = memory[a + b + imm] of 1 << k bytes; r")                                     \
    X(STORE, "memory[a + b + imm] of 1 << k bytes = d; r")                                    \
    X(LOAD_WIDE, "wide d = memory[a + b + imm] of 1 << k bytes; r")                           \
    X(STORE_WIDE, "memory[a + b + imm] of 1 << k bytes = wide d; r")                          \
    X(WMOV, "wide d = wide a, its sign as IR_ABS and IR_NEG say")                             \
    X(WSEL, "wide d = wide a >= 0 ? wide k : wide b")                                         \
    X(FADD, "wide d = a + b; r, note")                                                        \
    X(FSUB, "wide d = a - b; r, note")                                                        \
    X(FMUL, "wide d = a * k; r, note")                                                        \
    X(FDIV, "wide d = a / b; r, note")                                                        \
    X(FMA, "wide d = a * k + b, rounded once; r, note")                                       \
    X(FROUND, "wide d = b as a single; r, note")                                              \
    X(FINT, "wide d = b as an integer of 32 bits, toward 0; r, note")                         \
    X(FCMP, "condition k = wide a compared with wide b; r, note")                             \
    X(FSTATUS, "status = low word of wide a; r")                                              \
    X(PADD, "pair d = a + b; r, note")                                                        \
    X(PSUB, "pair d = a - b; r, note")                                                        \
    X(PMUL, "pair d = a * b; r, note")                                                        \
    X(PDIV, "pair d = a / b; r, note")                                                        \
    X(PINT, "home d = b as a signed integer, toward 0; r, note")                              \
    X(PFROM, "pair d = signed integer in home b; r, note")                                    \
    X(PCMP, "condition k: GT if pair a relation mask pair b; r, note")                        \
    X(PMOVE, "pair d = upper half of a or lower, lower half of b or upper")                   \
    X(GET, "d = word of the state at offset imm")                                             \
    X(PUT, "word of the state at offset imm = a, its bits of mask")                           \
    X(CR_GET, "d = all conditions as a word")                                                 \
    X(CR_SET, "the conditions of mask, bit 7 - n for n, = those of word a")                   \
    X(CR_BIT, "condition bit k = bits d and b combined as table imm says: bit 2 d + b of it") \
    X(ZERO, "the aligned 1 << k bytes around a + b = 0; r")                                   \
    X(RESERVE, "d = word at a + b, which is reserved; r")                                     \
    X(STORE_RESERVED, "word at a + b = d, if it is still reserved: condition 0 says EQ; r")   \
    X(ENABLE, "interrupts are enabled as bit MSR[EE] of imm, or of a, says; r")               \
    X(FENCE, "orders all accesses")                                                           \
    X(CALL, "the interpreter executes it; r")                                                 \
    X(TURN, "leave to where function imm of jit_turns says; r")                               \
    X(EXIT_IF, "leave to imm if condition bit k is IR_IF_SET; IR_COUNT …")                    \
    X(EXIT, "leave to imm")                                                                   \
    X(EXIT_TO, "leave to a")

typedef enum IrOpcode {
#define X(id, text) IR_##id,
    IR_LIST(X)
#undef X
        IR_OPS
} IrOpcode;

enum {
    IR_IMM = 1, /* imm instead of b */
    /* ADDC: */
    IR_NOT_A = 2,
    IR_CIN_ONE = 4,
    IR_CIN = 8, /* carry-in is the carry; else 0 or IR_CIN_ONE */
    /* CMP, LOAD: */
    IR_SIGNED = 2,
    /* LOAD, STORE, and the wide ones: */
    IR_REVERSED = 4, /* least significant byte first */
    IR_UPDATE = 8,   /* a = the address, after the access */
    IR_GROUP_FIRST = 16,
    IR_WANDERS = 32, /* its page changes most of the time */
    IR_WINDOW = 64,  /* it lies in the window most of the time */
    /* STORE_WIDE of 4 bytes: */
    IR_WORD = 2, /* the lower half as it is; else 4 bytes are a single-precision number */
    /* WMOV, FMA, arithmetic: */
    IR_SINGLE = 1, /* the result is rounded to single precision */
    IR_ABS = 2,
    IR_NEG = 4,   /* the sign of the result is turned round, behind IR_ABS and behind rounding */
    IR_NEG_B = 8, /* - b instead of + b */
    /* LOAD_WIDE, STORE_WIDE: */
    IR_PAIR = 4, /* of a pair */
    /* PMOVE: */
    IR_A_LOW = 1,
    IR_B_HIGH = 2,
    /* CALL: */
    IR_ENDS = 2,   /* the block ends: go on at the pc that it leaves */
    IR_STATUS = 4, /* reads or writes the status */
    /* EXIT_IF: */
    IR_IF_SET = 2,
    IR_COUNT = 4, /* first --a; then the condition is a ≠ 0, or a = 0 with IR_COUNT_ZERO; k does not matter */
    IR_COUNT_ZERO = 8,
    IR_TO_HOME = 16, /* leave to b */
    /* EXIT, EXIT_TO: a call, which most likely comes back to mask */
    IR_CALLS = 1,
    /* EXIT_TO, EXIT_IF with IR_TO_HOME: most likely back behind the last call */
    IR_RETURNS = 32,
};

typedef struct IrOp {
    uint8_t op, d, a, b;
    uint8_t k, flags;
    uint8_t left;  /* instructions of the block behind this op's own */
    uint8_t group; /* of a LOAD or STORE: which, from 1 on; 0: none */
    uint32_t imm, mask;
    uint8_t span, align; /* of a group's first access: its bytes begin at a + mask, aligned so */
    uint8_t at;          /* of each access of a group: its distance from the group's first byte */
    void *record;        /* of ops that may leave the block to C: JitRecord, which the emitter passes on */
} IrOp;

enum { IR_MAX = 256, IR_INSNS_MAX = 64, IR_GROUPS = 8 };

/*
 * A pair is a home and the 32 bits above it in memory, which are never in a register: a double, or with IR_SINGLE a single in the home alone.
 * For pairs a denormal operand is not ordinary either.
 *
 * Floating point.  A wide home is 64 bits, a double.  Ops with "note" change the status: what it says of the result (its class, whether it was
 * rounded and where) nobody computes unless it is read.  Instead a note is left of the last op: its imm, which is the front's name for it, in
 * the lower half, and copies of its operands.  Code leaves a block with a note in place (IrLayout), or with 0, which says that the status is
 * whole.  Only what is an ordinary number, and has an ordinary result, is computed by the host; else the record is executed.
 */
enum { IR_GREATER, IR_LESS, IR_EQUAL }; /* relations of PCMP */
enum {
    NOTE_OP = 0xffff,
    NOTE_COMPARED = 1 << 16,  /* after that op FCMP made the condition kept in note_compared */
    NOTE_CONVERTED = 1 << 17, /* and FINT converted note_converted */
};

typedef struct IrBlock {
    Ea pc;            /* of its first instruction */
    unsigned n_insns; /* that it takes off the budget when it is entered */
    bool loops;       /* several turns of one */
    bool so;          /* XER[SO], which each comparison copies */
    unsigned space;   /* which of two spaces its data accesses go to */
    unsigned n;
    IrOp op[IR_MAX];
} IrBlock;

/* --- uses.c: of homes, as bits --- */
uint64_t ir_reads(const IrOp *op);   /* CALL: none; it takes them from where they lie at a block's edge */
uint64_t ir_writes(const IrOp *op);  /* likewise */
bool ir_accesses(const IrOp *op);    /* LOAD, STORE, and the wide ones */
bool ir_may_leave(const IrOp *op);   /* to another block, or to C */
unsigned ir_exits(const IrBlock *b); /* how many jumps to other blocks it may need */
/* Homes that are written again before anything reads them or may leave the block: before op, from those behind it. */
uint64_t ir_dead_before(const IrOp *op, uint64_t dead);

/* The middle's pass over a finished block: takes out what nothing reads. */
void ir_simplify(IrBlock *b);
/* And another one, of blocks that are to have groups: it finds accesses that lie close together. */
void ir_group(IrBlock *b);

/* Behind that: it takes out what makes a home that nothing reads. */
void ir_drop_dead(IrBlock *b);

/* --- what the emitter knows of the state: offsets from the core's first byte --- */

typedef struct IrLayout {
    unsigned homes;
    uint32_t wide_home[32]; /* of 64 bits; in memory whenever a record is executed */
    uint32_t home[40];
    uint32_t group; /* engine words: what the first access of each group found */
    uint32_t pc, carry, done, limit, limit_at_entry, conditions, context, link;
    uint32_t stack;                         /* engine word: where the emitter's stack of calls begins */
    uint32_t status;                        /* of floating point: a word */
    uint32_t status_plain, status_set;      /* FSTATUS: bits that must be 0, bits that must be 1; else its record is executed */
    uint32_t note, note_operand[3];         /* engine words: the note; its operands a, b, k */
    uint32_t note_compared, note_converted; /* engine words: as NOTE_… say */
    uint32_t targets, target_tag;           /* engine words: base of the table of targets; what a target's tag has beside the pc */
    uint32_t tag_context;                   /* engine word: the context as tags of sites have it */
    uint32_t tag_epoch;                     /* engine word: what it has more than the context */
    uint32_t tlb, tlb_read, tlb_write, tlb_addend, tlb_flags;
    /* Words of a window: an access at ea with ea - base < size needs no look into the TLB; at flags + (ea - base >> page_bits) lie a byte for
     * its page and one for the next, which are 0 if a store there has nothing else to do. */
    uint32_t window_base, window_size, window_addend, window_flags;
    uint32_t uncached; /* of tlb_flags: no lines of the page lie in a cache */
    /* Of tlb_flags: stores have to count in their granule.  The bits above page_bits are those of the physical address. */
    uint32_t counted;
    uint32_t granules, granule; /* engine words: the table, of 1 << granule_index_bits words, and the one that a store holds */
    uint32_t nowhere;           /* engine word: what lies in it does not matter */
    uint32_t reserve;           /* a byte: a reservation is held */
    /* Of what: 64 bits of physical address; the word there, as it lay in memory.  One core alone has no table, and this is all it needs. */
    uint32_t reserve_gpa, reserve_value;
    uint32_t enabled, enabled_bit; /* a word, and its bit that says that interrupts are enabled */
    uint32_t until_sample;         /* a word that each store that counts makes less: below 0 one is looked at */
    unsigned granule_bits, granule_index_bits;
    uint32_t
        data_marks[2]; /* by space: a bit for each hash of a page that a site knows: its number * mark_factor >> 32 - mark_bits */
    uint32_t mark_factor, mark_bits;
    unsigned tlb_index_bits, tlb_entry_bits, page_bits;
    /* The homes in the order in which it is worth to pin them; as many as the host has registers for. */
    unsigned n_order;
    uint8_t order[40];
} IrLayout;

extern const IrLayout ir_layout;
