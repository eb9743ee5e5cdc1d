/* SPDX-License-Identifier: MIT
 *
 * Decoded instructions.  One row of insn.def makes: an InsnId, the decoder's match, the prototype exec_<id>(), operands for
 * disassembler and register sets, a line of docs/INSNS.md and the differential tests' subjects.
 */
#pragma once

#include "cpu/e500/core.h"
#include "cpu/e500/disassemble.h"

/* Categories (Power ISA 2.06B Book I §1.3.5), per core model. */
enum {
    CAT_B = 1 << 0,    /* Base */
    CAT_E = 1 << 1,    /* Embedded */
    CAT_WT = 1 << 2,   /* Wait */
    CAT_FP = 1 << 3,   /* classic floating point */
    CAT_EPD = 1 << 4,  /* Embedded.External PID */
    CAT_EHV = 1 << 5,  /* Embedded.Hypervisor: no model a guest sees has it, see docs/decisions */
    CAT_PC = 1 << 6,   /* Embedded.Processor Control: msgsnd, msgclr */
    CAT_PM = 1 << 7,   /* Embedded.Performance Monitor */
    CAT_ECL = 1 << 8,  /* Embedded Cache Locking */
    CAT_ED = 1 << 9,   /* Embedded.Enhanced Debug: rfdi, dnh */
    CAT_ATB = 1 << 10, /* Alternate Time Base */
    CAT_DS = 1 << 11,  /* Decorated Storage */
    CAT_EXP = 1 << 12, /* e500mc: dcbal, dcbzl */
    CAT_SPE = 1 << 13, /* SPE, for e500v2 */
    CAT_EFS = 1 << 14, /* embedded scalar single, for e500v2 */
    CAT_EFD = 1 << 15, /* embedded scalar double, for e500v2 */
    CAT_EFV = 1 << 16, /* embedded vector single, for e500v2 */
    CAT_MC = 1 << 17,  /* what the architecture gained after the e500v2: sc with LEV, ehpriv, lwsync, tlbilx, mfocrf, mtocrf */
    CAT_V2 = 1 << 18,  /* what stood in their place, and the branch buffer's instructions */
    /* rows that need two of them */
    CAT_FP_EPD = CAT_FP | CAT_EPD,
    CAT_FP_DS = CAT_FP | CAT_DS,
    /* what a model has */
    CATS_E500MC =
        CAT_B | CAT_E | CAT_WT | CAT_FP | CAT_EPD | CAT_PC | CAT_PM | CAT_ECL | CAT_ED | CAT_ATB | CAT_DS | CAT_EXP | CAT_MC,
    CATS_E500V2 = CAT_B | CAT_E | CAT_PM | CAT_ECL | CAT_ATB | CAT_SPE | CAT_EFS | CAT_EFD | CAT_EFV | CAT_V2,
};

/* Classes: what a row does, for documentation and for those who pick rows to test; and an effect that each of the class has. */
#define INSN_CLASS_LIST(X)                                            \
    X(BRANCH, "branch", ENDS)                                         \
    X(TRAP, "trap", TRAPS)                                            \
    X(CR, "condition register", NONE)                                 \
    X(INTEGER, "integer", NONE)                                       \
    X(LOAD, "load", NONE)                                             \
    X(STORE, "store", NONE)                                           \
    X(ATOMIC, "reservation", NONE)                                    \
    X(EPID, "external PID, privileged", PRIVILEGED)                   \
    X(CACHE, "cache", NONE)                                           \
    X(CACHE_SUPV, "cache, privileged", PRIVILEGED)                    \
    X(SYNC, "barrier", BARRIER)                                       \
    X(SYSTEM, "system", NONE)                                         \
    X(SPR, "special registers", NONE)                                 \
    X(SUPV, "system, privileged", PRIVILEGED)                         \
    X(FP_LOAD, "floating-point load", NONE)                           \
    X(FP_STORE, "floating-point store", NONE)                         \
    X(FP_EPID, "floating-point external PID, privileged", PRIVILEGED) \
    X(FP, "floating point", FPSCR)                                    \
    X(FP_MOVE, "floating-point move", NONE)                           \
    X(FPSCR, "FPSCR", NONE)                                           \
    X(SPE, "SPE vector", NONE)                                        \
    X(SPE_LOAD, "SPE load", NONE)                                     \
    X(SPE_STORE, "SPE store", NONE)                                   \
    X(SPE_MULTIPLY, "SPE accumulate, multiply, divide", NONE)         \
    X(EFP, "embedded floating point", SPEFSCR)                        \
    X(EFP_TEST, "embedded floating-point test", NONE)

typedef enum InsnClass {
#define X(id, doc, effect) IC_##id,
    INSN_CLASS_LIST(X)
#undef X
        INSN_CLASSES
} InsnClass;

typedef enum InsnId {
#define INSN(id, ...) INSN_##id,
#include "cpu/e500/insn.def"
#undef INSN
    INSN_ILLEGAL,
    INSN_COUNT
} InsnId;

enum { INSN_RC = 1, INSN_OE = 2, INSN_AA = 4, INSN_LK = 8 }; /* Insn.flags: forms that share a row */

typedef struct Insn {
    uint32_t word;
    uint16_t id;
    uint8_t flags;
    uint8_t rt;  /* bits 6–10: RT RS FRT FRS BO TO; BF is rt >> 2, L is rt & 1 */
    uint8_t ra;  /* bits 11–15: RA FRA BI BA; BFA is ra >> 2 */
    uint8_t rb;  /* bits 16–20: RB FRB SH BB */
    uint8_t rc;  /* bits 21–25: FRC MB; isel's BC */
    uint8_t me;  /* bits 26–30 */
    int32_t imm; /* of the operand kinds that say so (OK_…): sign-extended D/SI, SI << 16 of addis, zero-extended UI,
                    displacement of a branch, SPR/PMR/TBR number (halves swapped back), FXM, FLM, U, LEV, OC, E, the mask MB to ME; else 0 */
} Insn;

typedef ExecResult InsnExec(E500 *c, const Insn *in);

#define INSN(id, ...) InsnExec exec_##id;
#include "cpu/e500/insn.def"
#undef INSN

/* How to execute a row.  INSN_ILLEGAL, and a privileged row in problem state, raise a program interrupt. */
extern InsnExec *const insn_exec[INSN_COUNT];

/* --- operands --- */

typedef enum OperandKind {
    OK_NONE,
    OK_GPR,       /* its low word */
    OK_GPR64,     /* all of it */
    OK_GPR_OR_0,  /* register 0 means the value 0 */
    OK_GPR_TO_31, /* this and all following registers */
    OK_FPR,
    OK_CRF,          /* field of CR */
    OK_CRB,          /* bit of CR */
    OK_FPSCRF,       /* field of FPSCR */
    OK_FIELD,        /* small number, not in Insn.imm */
    OK_HINT,         /* the same; changes no result, and is a reserved field to a core of E500Model.reserved_illegal */
    OK_SIMM,         /* from here on: Insn.imm */
    OK_SIMM_SHIFTED, /* Insn.imm = value << 16 */
    OK_UIMM,
    OK_MASK_END, /* small number; Insn.imm = the rotate mask from MB to it */
    OK_DISP,     /* written d(base): the next operand is the base */
    OK_DISP_2,   /* the same, unsigned, in units of 2, 4 or 8 bytes */
    OK_DISP_4,
    OK_DISP_8,
    OK_BRANCH, /* byte displacement in the field, low two bits are AA and LK */
    OK_SPR,    /* two five-bit halves, swapped */
} OperandKind;

enum { OPERAND_N, OPERAND_R, OPERAND_W, OPERAND_RW = OPERAND_R | OPERAND_W };

typedef enum OperandId {
#define OPERAND(id, shift, width, kind, access, doc) OPERAND_ID_##id,
#include "cpu/e500/operand.def"
#undef OPERAND
    OPERANDS
} OperandId;

typedef struct OperandInfo {
    const char *name, *doc;
    uint8_t shift, width;
    uint8_t kind;   /* OperandKind */
    uint8_t access; /* OPERAND_R, …_W of the register it names */
} OperandInfo;

enum { INSN_OPERANDS_MAX = 6 };

/* --- effects: effect.def; of a decoded word: effects.h --- */

/* What an instruction may read or write beside GPRs and FPRs. */
#define RESOURCE_LIST(X)                                                                   \
    X(CA, "XER[CA]")                                                                       \
    X(OV, "XER[OV]")                                                                       \
    X(SO, "XER[SO]")                                                                       \
    X(CR0, "CR field 0")                                                                   \
    X(CR1, "CR field 1")                                                                   \
    X(CR, "all of CR")                                                                     \
    X(CR_FIELDS, "the CR fields that FXM names")                                           \
    X(LR, "LR")                                                                            \
    X(CTR, "CTR")                                                                          \
    X(FPSCR, "FPSCR")                                                                      \
    X(SPEFSCR, "SPEFSCR")                                                                  \
    X(ACC, "SPE accumulator")                                                              \
    X(MEMORY, "memory")                                                                    \
    X(RESERVE, "the reservation")                                                          \
    X(MSR, "MSR")                                                                          \
    X(TIME, "time base and decrementer: how many instructions came before counts")         \
    X(SYSTEM, "all other SPRs, XER's byte count, TLBs, doorbells, whether the core waits") \
    X(SPR, "what the SPR operand names: one of the others")                                \
    X(ARGUMENTS, "r0, r3 to r11")

enum {
#define X(id, doc) RES_BIT_##id,
    RESOURCE_LIST(X)
#undef X
#define X(id, doc) RES_##id = 1 << RES_BIT_##id,
        RESOURCE_LIST(X)
#undef X
};

enum {
    EFFECT_TRAPS = 1,      /* may end in an interrupt or in an exit: then all state counts as read */
    EFFECT_PRIVILEGED = 2, /* in problem state it is a program interrupt with ESR[PPR] */
    EFFECT_CONTEXT = 4,    /* may change how later instructions are fetched, translated, permitted or interrupted */
    EFFECT_ENDS = 8,       /* ends a block: the next instruction is not sure to follow, or there is something to look at first */
    EFFECT_BARRIER = 16,   /* orders storage accesses */
};

typedef enum InsnMemory { MEMORY_NONE, MEMORY_LOAD, MEMORY_STORE, MEMORY_TOUCH /* translated only */ } InsnMemory;
enum { SIZE_MANY = 254, SIZE_LINE = 255 };

typedef enum EffectId {
#define EFFECT(id, ...) FX_##id,
#include "cpu/e500/effect.def"
#undef EFFECT
    EFFECTS
} EffectId;

typedef struct EffectInfo {
    const char *name, *doc;
    uint32_t reads, writes; /* RES_… */
    uint8_t flags;          /* EFFECT_… */
    uint8_t memory, size;   /* InsnMemory; bytes or SIZE_… */
} EffectInfo;

enum { INSN_EFFECTS_MAX = 3 };

/* A row as data, for everybody but the interpreter's hot path. */
typedef struct InsnInfo {
    const char *name;
    uint32_t match, mask;
    uint8_t flags;                      /* INSN_… a word of this row may carry */
    uint32_t categories;                /* all of these are needed */
    uint8_t cls;                        /* InsnClass */
    uint8_t operand[INSN_OPERANDS_MAX]; /* OperandId; OPERAND_ID_NONE ends them */
    uint8_t effect[INSN_EFFECTS_MAX];   /* EffectId, without the class's; FX_NONE ends them */
} InsnInfo;

extern const OperandInfo operand_info[OPERANDS];
extern const EffectInfo effect_info[EFFECTS];
extern const uint8_t insn_class_effect[INSN_CLASSES]; /* EffectId */
extern const InsnInfo insn_info[INSN_ILLEGAL];

static inline bool operand_is_displacement(OperandId id) /* written d(base) */
{
    return operand_info[id].kind >= OK_DISP && operand_info[id].kind <= OK_DISP_8;
}

uint32_t operand_value(OperandId id, uint32_t word); /* the raw field; OK_SPR halves swapped back */
uint32_t insn_flag_bits(unsigned flags);             /* where in the word INSN_… sit */
/* The bits that are neither fixed, flag nor operand on this core.  They are ignored, or illegal if model->reserved_illegal. */
uint32_t insn_reserved(InsnId id, const E500Model *model);

/* A pure function of word and model: may be memoized by word. */
void insn_decode(uint32_t word, const E500Model *model, Insn *out);
bool e500_branch_would_be_taken(const E500 *c, const Insn *in); /* false for what is not a branch */
