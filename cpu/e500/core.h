/* SPDX-License-Identifier: MIT
 *
 * One software e500 core: architected state plus what an engine needs to execute it.  No engine and no
 * platform in here: an access to something that is not RAM becomes an exit.
 *
 * Threads: everything runs on the core's own thread, but for the members marked atomic and the functions
 * that say so.
 */
#pragma once

#include "cpu/accel.h"
#include "cpu/e500/state.h"

typedef enum E500Excp {
#define EXCP(id, ivor, class, doc) EXCP_##id,
#include "cpu/e500/excp.def"
#undef EXCP
    E500_EXCPS
} E500Excp;

/* What executing one instruction came to. */
typedef enum ExecResult {
    EXEC_NEXT, /* done; pc + 4 follows */
    EXEC_JUMP, /* done; c->s.pc is already where execution goes on */
    EXEC_TRAP, /* interrupt recorded by e500_raise*(); nothing of the instruction took effect */
    EXEC_EXIT, /* c->exit holds an exit; pc still at this instruction, which is executed again after it */
} ExecResult;

typedef enum E500Access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE } E500Access;

/* MSR bits as Book III-E names them, in the order of the 32-bit register. */
enum {
    MSR_GS = 1u << 28,   /* guest state: category E.HV, reads 0 here */
    MSR_UCLE = 1u << 26, /* user cache-lock enable */
    MSR_SPE = 1u << 25,
    MSR_WE = 1u << 18, /* wait state enable (e500v2; Linux's e500 idle) */
    MSR_CE = 1u << 17,
    MSR_EE = 1u << 15,
    MSR_PR = 1u << 14,
    MSR_FP = 1u << 13,
    MSR_ME = 1u << 12,
    MSR_FE0 = 1u << 11,
    MSR_DE = 1u << 9,
    MSR_FE1 = 1u << 8,
    MSR_UBLE = 1u << 10, /* user branch buffer locking (e500v2) */
    MSR_IS = 1u << 5,
    MSR_DS = 1u << 4,
    MSR_PMM = 1u << 2,
    MSR_RI = 1u << 1,
};

/* ESR bits (EREF 2.0 §3.9.6). */
enum {
    ESR_PIL = 1u << 27, /* illegal instruction */
    ESR_PPR = 1u << 26, /* privileged instruction */
    ESR_PTR = 1u << 25, /* trap */
    ESR_FP = 1u << 24,
    ESR_ST = 1u << 23,  /* store-class operation */
    ESR_DLK = 1u << 21, /* data cache locking */
    ESR_ILK = 1u << 20, /* instruction cache locking */
    ESR_PUO = 1u << 18, /* unimplemented operation */
    ESR_BO = 1u << 17,  /* byte ordering */
    ESR_EPID = 1u << 4, /* external-PID access */
    ESR_VLEMI = 1u << 5,
    ESR_SPE = 1u << 7,
};

/* MCSR bits of the e500mc (core manual §2.9). */
enum {
    MCSR_MCP = 1u << 31,        /* machine check input */
    MCSR_L2MMU_MHIT = 1u << 27, /* more than one TLB entry matched */
    MCSR_NMI = 1u << 20,
    MCSR_MAV = 1u << 19, /* MCAR is valid */
    MCSR_MEA = 1u << 18, /* MCAR holds an effective address */
    MCSR_IF = 1u << 16,  /* bus error on an instruction fetch */
    MCSR_LD = 1u << 15,  /* on a load */
    MCSR_ST = 1u << 14,  /* on a store */
    MCSR_LDG = 1u << 13, /* on a guarded load */
};

/* Its bus errors as the e500v2 tells them; it says nothing else that can happen here. */
enum { MCSR_V2_BUS_IBERR = 1u << 4, MCSR_V2_BUS_RBERR = 1u << 3, MCSR_V2_BUS_WBERR = 1u << 2 };

enum {
    HID0_DOZE = 1u << 23, /* what MSR[WE] enters */
    HID0_NAP = 1u << 22,
    HID0_SLEEP = 1u << 21,
    HID0_EN_MAS7_UPDATE = 1u << 7,
};

/* DBCR0 and DBSR bits. */
enum {
    DBCR0_IDM = 1u << 30,
    DBCR0_RST = 3u << 28,
    DBCR0_ICMP = 1u << 27,
    DBCR0_BRT = 1u << 26,
    DBCR0_IRPT = 1u << 25,
    DBCR0_TRAP = 1u << 24,
    DBCR0_RET = 1u << 15,
    DBCR0_CIRPT = 1u << 6, /* category E.ED */
    DBCR0_CRET = 1u << 5,
    DBSR_IDE = 1u << 31, /* it happened while MSR[DE] was 0 */
    DBSR_UDE = 1u << 30,
    DBSR_MRR = 3u << 28, /* most recent reset: no event */
    DBSR_ICMP = 1u << 27,
    DBSR_BRT = 1u << 26,
    DBSR_IRPT = 1u << 25,
    DBSR_TRAP = 1u << 24,
    DBSR_RET = 1u << 15,
    DBSR_CIRPT = 1u << 6,
    DBSR_CRET = 1u << 5,
};

/* Attribute bits of MAS2. */
enum { MAS2_E = 1, MAS2_G = 2, MAS2_M = 4, MAS2_I = 8, MAS2_W = 16 };

/*
 * Soft TLB: the last translations, per core.  A tag holds the context (AS, PID, PR) in its upper half and the
 * page's EA in the lower, so a PID or MSR write invalidates nothing; an impossible value means empty.
 */
typedef struct E500SoftTlb {
    uint64_t tag_read, tag_write;
    uintptr_t addend;  /* host address of a byte = addend + ea */
    uint64_t gpa_page; /* low bits: WIMGE of the page */
} E500SoftTlb;

/* The same for fetches; tag as above. */
typedef struct E500FetchTlb {
    uint64_t tag;
    const uint8_t *host; /* of the page */
} E500FetchTlb;

enum { E500_SOFT_TLB_SIZE = 1024, E500_FETCH_TLB_SIZE = 256 };
#define SOFT_TLB_EMPTY UINT64_C(1) /* never equals a page-aligned tag */

/* Device accesses of the current instruction that already came back: it is executed again and finds them here. */
enum { E500_REPLAY_MAX = 72 }; /* lswx of 128 bytes at a page crossing needs the most */
typedef struct E500Replay {
    unsigned done, next; /* answered; next one while executing again */
    uint64_t data[E500_REPLAY_MAX];
    bool failed[E500_REPLAY_MAX];
} E500Replay;

typedef struct E500Counters {
    uint64_t instructions;
    uint64_t interrupts[E500_EXCPS];
    uint64_t unimplemented; /* program interrupts for instructions and SPRs the core lacks */
    uint64_t tlb_fills;
} E500Counters;

/*
 * Invalidations other cores asked this one for (tlbivax): a core alone modifies its own TLB arrays, before its
 * next instruction.
 */
enum { E500_TLB_MAIL_MAX = 16 };
typedef struct E500TlbMail {
    GMutex lock;
    unsigned n;                /* of arg; more than fit: everything unprotected goes (which is always allowed) */
    Ea arg[E500_TLB_MAIL_MAX]; /* tlbivax's effective address: EPN, TLBSEL, INV_ALL */
} E500TlbMail;

/* What surrounds a core; filled by the engine, shared by all cores of a VM. */
typedef struct E500Vm {
    const E500Model *model;
    TimeSource *time;
    uint64_t tb_hz;
    bool external_proxy;
    unsigned n_ram;
    AccelRam ram[8];
    void (*wake)(void *opaque, unsigned index); /* AccelConfig's */
    void *wake_opaque;
    uintptr_t *granules; /* granule.h; NULL: one core, whose stores nobody watches */
    unsigned n_cores;
    struct E500 *core[64]; /* for tlbivax, icbi, msgsnd; entries set before any core runs */
} E500Vm;

typedef struct E500 {
    E500State s;
    /* --- micro state, never written back --- */
    uint64_t ctx_data, ctx_fetch; /* soft TLB context of data accesses and of fetches; e500_context_changed() */
    uint64_t ctx_store;           /* ctx_data, or what no tag equals where stores must take their granule */
    Ea fetch_page;                /* page of fetch_host; 1 (never a page) when none */
    const uint8_t *fetch_host;    /* host address of the page being executed */
    bool reserve;                 /* lwarx reservation held */
    uint64_t reserve_gpa;
    uint32_t reserve_value;
    uintptr_t reserve_version; /* granule.h */
    VcpuExit *exit;
    E500Replay replay;
    struct {
        E500Excp excp;
        uint32_t esr;
        Ea dear;
        bool has_dear;
        uint32_t mcsr; /* machine check only */
        uint64_t mcar;
    } trap;
    int64_t tb_offset; /* time base = ticks of the TimeSource + tb_offset */
    int64_t atb_offset;
    uint64_t dec_expiry;        /* time base at which DEC reaches 0; UINT64_MAX: it stands still at 0 */
    uint64_t timer_deadline_ns; /* TimeSource time of the next timer event that matters; UINT64_MAX: none */
    uint32_t attention;         /* atomic: E500_ATT_… : look before the next instruction */
    uint32_t irq_lines;         /* atomic: bit per AccelIrq */
    uint32_t doorbells;         /* atomic: bit 0 doorbell, bit 1 critical doorbell pending */
    uint32_t remote_tlb;        /* atomic: tlb_mail is not empty: e500_attend_remote_tlb() */
    uint32_t in_guest;          /* atomic: between e500_enter() and e500_leave(): it looks at attention soon */
    E500TlbMail tlb_mail;
    uint64_t tlb1_valid;          /* bit n: s.tlb1[n] is valid */
    uint64_t timer_tb;            /* time base up to which FIT and watchdog events were counted */
    bool icmp_armed;              /* the instruction before this one started with DBCR0[ICMP] on and was not interrupted */
    bool watchdog_exit;           /* second expiry of the watchdog, to be reported as an exit */
    bool watchdog_told;           /* it was: not again before the guest has fed it */
    bool host_debug;              /* somebody outside debugs the guest: ehpriv 1 is theirs, else illegal */
    const AccelDebug *host_watch; /* theirs, if it has watchpoints; borrowed */
    bool epr_taken;               /* the EPR exit came back: s.spr[SPR_EPR] holds the vector */
    E500FetchTlb fetch_tlb[E500_FETCH_TLB_SIZE];
    E500SoftTlb soft_tlb[E500_SOFT_TLB_SIZE];
    E500Counters count;
    const E500Model *model;
    E500Vm *vm;
    unsigned index;
} E500;

/* Reasons for c->attention.  Set with e500_attention() from any thread. */
enum {
    E500_ATT_KICK = 1 << 0,  /* leave with INTR */
    E500_ATT_IRQ = 1 << 1,   /* an interrupt input, MSR or timer status changed: look for interrupts to take */
    E500_ATT_TLB = 1 << 2,   /* remote_tlb */
    E500_ATT_DEBUG = 1 << 3, /* breakpoints or single step are on: engine takes its careful path; sticky */
};

static inline void e500_attention(E500 *c, uint32_t why) /* any thread, signal-safe */
{
    __atomic_or_fetch(&c->attention, why, __ATOMIC_SEQ_CST);
}

/* As e500_attention(), for another core, which may be asleep. */
static inline void e500_wake(E500 *c, uint32_t why) /* any thread */
{
    e500_attention(c, why);
    if (c->vm->wake)
        c->vm->wake(c->vm->wake_opaque, c->index);
}

/* msgsnd with this message, by whomever.  Any thread. */
void e500_msgsnd(const E500Vm *vm, uint32_t message);

/* The engine is about to execute guest instructions, or stopped doing so.  Core's own thread. */
static inline void e500_enter(E500 *c)
{
    __atomic_store_n(&c->in_guest, 1, __ATOMIC_SEQ_CST); /* before it looks at attention */
}
static inline void e500_leave(E500 *c)
{
    __atomic_store_n(&c->in_guest, 0, __ATOMIC_RELEASE);
}

/* An instruction completed or trapped: answers of its device accesses are used up. */
static inline void e500_replay_reset(E500 *c)
{
    c->replay.done = c->replay.next = 0;
}

/* --- interrupts (interrupt.c) --- */

const char *e500_excp_name(E500Excp excp); /* its row in excp.def */

/* Record a synchronous interrupt for the instruction at s.pc.  Return EXEC_TRAP always. */
ExecResult e500_raise(E500 *c, E500Excp excp, uint32_t esr);
ExecResult e500_raise_data(E500 *c, E500Excp excp, uint32_t esr, Ea dear);
ExecResult e500_raise_machine_check(E500 *c, uint32_t mcsr, uint64_t mcar); /* bus error */
static inline ExecResult e500_illegal(E500 *c)
{
    return e500_raise(c, EXCP_PROGRAM, ESR_PIL);
}
static inline ExecResult e500_privileged(E500 *c)
{
    return e500_raise(c, EXCP_PROGRAM, ESR_PPR);
}

/*
 * Deliver c->trap after EXEC_TRAP: SRRs, MSR, ESR, DEAR, pc = IVPR | IVOR.  False: it cannot be (machine check
 * with MSR[ME] = 0): *c->exit is SHUTDOWN.
 */
bool e500_deliver_trap(E500 *c);
/*
 * Take the highest pending and enabled asynchronous interrupt, if any.  EXEC_JUMP: taken; EXEC_NEXT: none; EXEC_EXIT: EPR exit
 * to be answered first, or SHUTDOWN.  Clears s.waiting when something is pending.
 */
ExecResult e500_take_interrupt(E500 *c);
bool e500_interrupt_pending(const E500 *c);                   /* something asserted, enabled by MSR or not: ends wait and EV_IDLE */
ExecResult e500_return_from(E500 *c, Ea srr0, uint32_t srr1); /* rfi, rfci, rfdi, rfmci */
void e500_set_msr(E500 *c, uint32_t msr);                     /* masks to what the core has; updates contexts */
/* The end of an instruction that writes MSR and goes on at next: EXEC_JUMP, or EXEC_TRAP there for an enabled FP exception. */
ExecResult e500_msr_written(E500 *c, uint32_t msr, Ea next);
/* The answered EPAPR_HCALL exit: ret → r3, args[0..6] → r4..r10, pc + 4; s.waiting when it says idle. */
void e500_complete_hcall(E500 *c, const VcpuExit *exit);
void e500_scramble(E500State *s, uint32_t seed); /* as its `scramble` says */
#define E500_HCALL_MAGIC 0x4b564d21u             /* r0 of a hypercall on a core whose sc has no LEV */

/* --- the guest's own debugging (debug.c) --- */

/* One bit per event of DBSR: record it if DBCR0[IDM]; true: MSR[DE] too, a debug interrupt follows at once. */
bool e500_debug_event(E500 *c, uint32_t dbsr);
bool e500_debug_looks_at_instructions(const E500 *c); /* ICMP, BRT, RET, CRET, IAC */
void e500_debug_before_instruction(E500 *c);          /* records what the last one and the next one are events for */
bool e500_debug_watches(const E500 *c);               /* data anywhere: DAC, or a debugger outside */
bool e500_debug_watches_page(const E500 *c, Ea page); /* in this page */
/*
 * An access is about to happen: EXEC_TRAP, a debug interrupt comes first; EXEC_EXIT, a watchpoint of the debugger does.
 * A block operation is about all of the aligned block of `size` bytes around ea.
 */
ExecResult e500_debug_data_access(E500 *c, Ea ea, unsigned size, E500Access access, bool block);
/* The same of n words, all before the first one: what a stopped load multiple read of a device it would read again. */
ExecResult e500_debug_multiple(E500 *c, Ea ea, unsigned n, E500Access access);
void e500_debug_rewritten(E500 *c); /* DBCRn, IACn or DACn changed */

/* --- timers (timers.c) --- */
void e500_timers_init(E500 *c);   /* after state was put at FULL: anchors the time base to s.tb */
void e500_timers_update(E500 *c); /* now: DEC/FIT/WDT expiries → TSR bits, attention; recompute timer_deadline_ns */
void e500_timers_freeze(E500 *c); /* state is about to be read: s.tb, SPR_DEC as of now */
uint64_t e500_timebase(const E500 *c);
uint64_t e500_alternate_timebase(const E500 *c);
void e500_set_timebase(E500 *c, uint64_t tb); /* DEC goes on from its value */
uint32_t e500_decrementer(const E500 *c);
void e500_set_decrementer(E500 *c, uint32_t value);
void e500_timers_reload(E500 *c); /* TCR, TSR, DEC, DECAR were put; the time base was not */

/* --- SPRs and PMRs (spr.c): the table's checks; result of mfspr in *value --- */
ExecResult e500_mfspr(E500 *c, unsigned number, uint32_t *value);
ExecResult e500_mtspr(E500 *c, unsigned number, uint32_t value);
ExecResult e500_mfpmr(E500 *c, unsigned number, uint32_t *value);
ExecResult e500_mtpmr(E500 *c, unsigned number, uint32_t value);

/* --- MMU (mmu.c) --- */
typedef struct E500Translation {
    uint64_t gpa;
    uint32_t mas2;             /* WIMGE */
    uint64_t page_size;        /* bytes */
    bool read, write, execute; /* permissions for the asking privilege */
} E500Translation;

typedef enum E500MmuResult { MMU_OK, MMU_MISS, MMU_DENIED, MMU_MULTIPLE } E500MmuResult;

/* The exact model; no side effect.  ctx as ctx_data: e500_context(). */
E500MmuResult e500_mmu_lookup(const E500 *c, Ea ea, uint64_t ctx, E500Access access, E500Translation *out);
uint64_t e500_context(bool as, uint8_t pid, bool pr);             /* upper half of a soft TLB tag */
uint64_t e500_external_context(const E500 *c, E500Access access); /* EPLC, or EPSC for ACCESS_WRITE */
void e500_tlb_missed(E500 *c, Ea ea, uint64_t ctx);               /* MAS registers after a TLB miss, from MAS4's defaults */
void e500_tlb_replaced(E500 *c);                                  /* s.tlb0, s.tlb1 or a PID were written as a whole */
void e500_context_changed(E500 *c);                               /* MSR[PR,IS,DS] or PID changed */
void e500_soft_tlb_flush(E500 *c);                                /* also forgets fetch_page */
void e500_soft_tlb_flush_page(E500 *c, Ea ea);
void e500_soft_tlb_flush_range(E500 *c, Ea ea, uint64_t size);
void e500_attend_remote_tlb(E500 *c); /* E500_ATT_TLB: do what other cores asked for */
/* Host address of [gpa, gpa + size) when it is all RAM, else NULL. */
uint8_t *e500_vm_ram(const E500Vm *vm, uint64_t gpa, uint64_t size);

/* tlbre, tlbwe, tlbsx, MMUCSR0; ea as tlbivax and tlbilx encode it */
void e500_tlbre(E500 *c);
void e500_tlbwe(E500 *c);
void e500_tlbsx(E500 *c, Ea ea);
void e500_tlbivax(E500 *c, Ea ea);            /* this core now, the others before their next instruction */
bool e500_tlbsync_done(const E500 *c);        /* no other core still uses what tlbivax invalidated */
void e500_tlbilx(E500 *c, unsigned t, Ea ea); /* this core only */
void e500_tlb_flash(E500 *c, bool tlb0, bool tlb1);

/* Everything derived from s is stale: s was replaced as a whole (put_state). */
void e500_state_replaced(E500 *c, StateLevel level);
void e500_core_init(E500 *c, E500Vm *vm, unsigned index); /* zeroed memory in */
