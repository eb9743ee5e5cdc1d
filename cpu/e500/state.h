/* SPDX-License-Identifier: MIT
 *
 * The architected state of one e500 core, as the platform, gdb and snapshots see it, and the levels at
 * which parts of it are written back to an accelerator.
 */
#pragma once

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The two types that are as wide as a core's registers: an effective address (pc, LR and CTR too), and an SPR.  All cores so far have 32
 * bits.  Whoever keeps, compares or prints one uses these names and takes no width for granted.
 */
typedef uint32_t Ea;
typedef uint32_t E500Spr;
#define EA_MAX  ((Ea) ~(Ea)0)
#define PRI_EA  "08" PRIx32 /* "0x%" PRI_EA */
#define PRI_SPR "08" PRIx32

/* A 64-bit GPR whose low word is what 32-bit instructions see; they leave the high word alone (SPE). */
typedef union E500Gpr {
    uint64_t d;
    struct {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        uint32_t w, h;
#else
        uint32_t h, w;
#endif
    };
} E500Gpr;

/* How much of the state put_state() must write (each level includes the ones before it). */
typedef enum StateLevel {
    STATE_RUNTIME, /* the machine runs, other vCPUs too: what executing code changes */
    STATE_RESET,   /* all vCPUs stopped, after a reset: also what a running guest seldom changes */
    STATE_FULL,    /* all vCPUs stopped, after init, load or a rebuilt VM: everything */
} StateLevel;

/* SPRNO_x: the number mtspr/mfspr encode.  SPR_x: the row's slot in E500State.spr[]. */
enum {
#define SPR(number, NAME, ...) SPRNO_##NAME = (number),
#include "cpu/e500/spr.def"
#undef SPR
};

typedef enum E500SprSlot {
#define SPR(number, NAME, ...) SPR_##NAME,
#include "cpu/e500/spr.def"
#undef SPR
    E500_SPR_SLOTS
} E500SprSlot;

/* Fields of MAS1 and MAS3 (EREF 2.0 §6); TSIZE is the power of four of KiB that the page has. */
#define MAS1_V           0x80000000u
#define MAS1_IPROT       0x40000000u
#define MAS1_TID         0x00ff0000u
#define MAS1_TS          0x00001000u
#define MAS1_TSIZE       0x00000f00u
#define MAS1_TSIZE_SHIFT 8
#define MAS3_PERMISSIONS 0x0000003fu           /* UX SX UW SW UR SR */
#define MAS7_3_RPN       UINT64_C(0xffffff000) /* of both registers together: 36 bits of physical address */

/* A TLB entry in MAS form (the layout of the MAS registers it was written from). */
typedef struct E500TlbEntry {
    E500Spr mas1;    /* V IPROT TID TS TSIZE */
    E500Spr mas2;    /* EPN, WIMGE attributes */
    uint64_t mas7_3; /* RPN (36 bits), U0-U3, UX SX UW SW UR SR */
    uint32_t mas8;   /* only kept between get_state and put_state under KVM; it has no meaning without category E.HV */
} E500TlbEntry;

enum {
    E500_TLB0_WAYS = 4,
    E500_TLB0_ENTRIES = 512,
    E500_TLB0_SETS = E500_TLB0_ENTRIES / E500_TLB0_WAYS, /* set = (ea >> 12) & 127 */
    E500_TLB1_MAX = 64,
    E500_PMRS = 32,
};

/* What a software core has received and not taken yet, so that no register shows it. */
enum {
    E500_PENDING_DOORBELL = 1 << 0,
    E500_PENDING_CRITICAL_DOORBELL = 1 << 1,
    E500_PENDING_NMI = 1 << 2,
    E500_PENDING_EPR = 1 << 3,           /* external proxy: EPR holds the vector of an interrupt that is taken next */
    E500_PENDING_WATCHDOG = 1 << 4,      /* the watchdog expired for the second time, which is not reported yet */
    E500_PENDING_WATCHDOG_TOLD = 1 << 5, /* it was reported, and the guest has not fed the watchdog since */
};

typedef struct E500State {
    Ea pc;
    Ea lr, ctr;
    uint32_t cr;
    uint32_t msr;
    uint8_t so, ov, ca; /* XER[SO], XER[OV], XER[CA]: 0 or 1 */
    uint8_t xer_count;  /* XER[57:63]: byte count of lswx and stswx */
    E500Gpr gpr[32];
    uint64_t acc; /* SPE accumulator */
    uint64_t fpr[32];
    uint32_t fpscr;
    E500Spr spr[E500_SPR_SLOTS];
    uint32_t pmr[E500_PMRS];              /* performance monitor registers, slots as spr.c says */
    uint64_t tb;                          /* time base at the moment of get_state; put at FULL */
    uint64_t atb;                         /* alternate time base, likewise */
    E500TlbEntry tlb0[E500_TLB0_ENTRIES]; /* [set * ways + way] */
    E500TlbEntry tlb1[E500_TLB1_MAX];
    uint8_t tlb0_nv[E500_TLB0_SETS]; /* next victim way of each set (MAS0[NV]) */
    bool held;                       /* secondary CPU not yet released from the spin table: executes nothing */
    uint8_t pending;                 /* E500_PENDING_…: what the core has taken in and not taken yet; put at FULL */
    bool waiting;                    /* inside wait, MSR[WE] or EV_IDLE: executes nothing until an interrupt is taken */
} E500State;

static inline uint32_t e500_xer(const E500State *s)
{
    return (uint32_t)s->so << 31 | (uint32_t)s->ov << 30 | (uint32_t)s->ca << 29 | s->xer_count;
}

static inline void e500_set_xer(E500State *s, uint32_t xer)
{
    s->so = xer >> 31 & 1;
    s->ov = xer >> 30 & 1;
    s->ca = xer >> 29 & 1;
    s->xer_count = xer & 0x7f;
}

/*
 * Sub-states by write-back level: every member of E500State but spr in exactly one row (a unit test
 * asserts it).  Each SPR carries its own level in spr.def.
 */
#define E500_STATE_TABLE(X) \
    X(gpr, RUNTIME)         \
    X(acc, RUNTIME)         \
    X(fpr, RUNTIME)         \
    X(pc, RUNTIME)          \
    X(lr, RUNTIME)          \
    X(ctr, RUNTIME)         \
    X(cr, RUNTIME)          \
    X(msr, RUNTIME)         \
    X(fpscr, RUNTIME)       \
    X(so, RUNTIME)          \
    X(ov, RUNTIME)          \
    X(ca, RUNTIME)          \
    X(xer_count, RUNTIME)   \
    X(held, RUNTIME)        \
    X(waiting, RUNTIME)     \
    X(tlb0, RUNTIME)        \
    X(tlb1, RUNTIME)        \
    X(tlb0_nv, RUNTIME)     \
    X(pmr, RESET)           \
    X(pending, FULL)        \
    X(tb, FULL)             \
    X(atb, FULL)

enum { E500_CORE_MC = 1, E500_CORE_V2 = 2, E500_CORE_ALL = 3 };

/* A core model: what `-cpu NAME` selects. */
typedef struct E500Model {
    const char *name;
    uint32_t pvr, svr;
    uint32_t categories;   /* bit set of CAT_… (cpu/e500/insn.h) */
    uint8_t core;          /* E500_CORE_…: the column of spr.def */
    bool reserved_illegal; /* an instruction with a reserved bit set is illegal; else the bit is ignored */
    uint32_t msr_mask;     /* MSR bits it has */
    uint16_t tlb1_entries;
    uint8_t cache_line; /* bytes that dcbz clears and icbi invalidates */
    const char *doc;
} E500Model;

#define E500_MODEL_DEFAULT "e500v2_v30"              /* the core that the ppce500 machine has when nobody names one */
const E500Model *e500_model_find(const char *name);  /* of either table or by an alias, in any case; NULL: unknown */
const E500Model *e500_models(size_t *n);             /* the cores */
const E500Model *e500_chips(size_t *n);              /* their other revisions, and the chips that have them */
const char *e500_alias(size_t i, const char **name); /* the i-th alias and what it stands for; NULL: there are no more */

/*
 * State after power-on: every register as the core manual's reset column says, TLBs empty, PIR =
 * cpu_index.  pc, TLB1[0] and the boot registers are the platform's to set (platform/image/boot.c).
 */
void e500_state_reset(E500State *s, const E500Model *model, unsigned cpu_index);

/* Adds to that state what firmware sets before it enters its client, on the boot CPU and at the spin table alike. */
void e500_state_firmware(E500State *s, const E500Model *model);

/* Copies from src to dst every sub-state whose level is at most `level`. */
void e500_state_copy(E500State *dst, const E500State *src, StateLevel level);
