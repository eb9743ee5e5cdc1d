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
#include "cpu/e500/soft_tlb.h"
#include "cpu/e500/state.h"

typedef enum E500Excp {
#define EXCP(id, ivor, class, kind, doc) EXCP_##id,
#include "cpu/e500/excp.def"
#undef EXCP
    E500_EXCPS
} E500Excp;

/* What executing one instruction came to. */
typedef enum ExecResult {
    EXEC_NEXT, /* done; pc + 4 follows */
    EXEC_JUMP, /* done; c->s.pc is already where execution goes on */
    EXEC_TRAP, /* interrupt recorded by e500_raise*(); nothing of the instruction took effect */
    EXEC_EXIT, /* c->exit holds an exit; pc still at this instruction, which completes when the exit was answered (device.h) */
} ExecResult;

typedef enum E500Access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE } E500Access;

/* The part of an instruction's storage operand that lies in one page, translated. */
typedef struct E500Piece {
    uint64_t gpa;
    uint8_t *host; /* NULL: a device */
    unsigned size; /* bytes; 0: there is no such part */
    bool little_endian, guarded;
} E500Piece;

enum { E500_OPERAND_MAX = 128 }; /* bytes: lmw and stmw of all registers have the longest operand */

/*
 * The instruction under way whose operand lies in a device, at least in part.  Its operand was translated, checked and shown to the
 * debuggers once, before the first device access; what came of that stands here until the instruction completes (device.h).
 */
typedef struct E500DeviceOperand {
    bool open;   /* there is such an instruction, and c->exit is or was its MMIO exit */
    bool failed; /* nobody answered the access at `at`: the rest is not made */
    bool is_write;
    uint8_t unit; /* bytes of the longest single access: of a register that lmw loads, of an element */
    E500Piece piece[2];
    unsigned at; /* offset in the operand of the access that the exit asks for; the operand's size when none is left */
    uint8_t bytes[E500_OPERAND_MAX]; /* the operand in order of address: what a store writes, what a load was answered so far */
} E500DeviceOperand;

typedef struct E500Counters {
    uint64_t instructions;  /* executed; a device access and a hypercall count once, when they complete */
    uint64_t unimplemented; /* program interrupts for instructions and SPRs the core lacks */
    uint64_t tlb_fills;
} E500Counters;

/* What other cores ask of this one (mail.h). */
enum { E500_MAIL_MAX = 16 };
typedef struct E500MailRange {
    uint64_t gpa, size;
} E500MailRange;
typedef struct E500Mail {
    GMutex lock;
    unsigned n_tlb;        /* of tlb; more than fit: everything unprotected goes, which tlbivax may always do */
    Ea tlb[E500_MAIL_MAX]; /* tlbivax's effective address: EPN, TLBSEL, INV_ALL */
    unsigned n_protect;    /* of protect */
    E500MailRange protect[E500_MAIL_MAX];
} E500Mail;

/* A block of guest RAM, and the flags of each of its pages (ram.h). */
typedef struct E500Ram {
    AccelRam block;
    uint8_t *flags;  /* atomic: one for each page */
    uint32_t *quiet; /* atomic: likewise, what is known of its stores and reservations (ram.c) */
} E500Ram;
enum { E500_RAM_MAX = 8 };

struct E500;
/* A page with PAGE_CODE was written, by core `by` or, NULL, by somebody else.  `by`'s thread, or any. */
typedef void E500CodeWritten(void *opaque, struct E500 *by, uint64_t gpa, uint64_t size);

/* What surrounds a core; filled by the engine, shared by all cores of a VM. */
typedef struct E500Vm {
    const E500Model *model;
    TimeSource *time;
    uint64_t tb_hz;
    bool external_proxy;
    unsigned n_ram;
    E500Ram ram[E500_RAM_MAX];
    void (*wake)(void *opaque, unsigned index); /* AccelConfig's */
    void *wake_opaque;
    bool (*serve)(void *opaque, unsigned index, VcpuExit *exit); /* AccelConfig's; NULL: device accesses are exits */
    void *serve_opaque;
    uintptr_t *granules;           /* granule.h; NULL: one core, whose stores nobody watches */
    uint32_t falls;                /* times that a page lost PAGE_RESERVED; ram.c's lock */
    E500CodeWritten *code_written; /* NULL: nobody sets PAGE_CODE */
    void *code_opaque;
    void (*before_store)(struct E500 *c, uint64_t gpa); /* of core c to a page with PAGE_KEPT; NULL: nobody sets it */
    unsigned n_cores;
    struct E500 *core[64]; /* for tlbivax, icbi, msgsnd; entries set before any core runs */
} E500Vm;

#define E500_SETTLING_NONE UINT64_MAX

/* What an engine keeps of translations beside the soft TLB and the fetch TLB: e500_keep(). */
enum { E500_MARK_BITS = 12, E500_MARKS = 1 << E500_MARK_BITS };
#define E500_MARK_FACTOR 0x9e3779b1u
typedef struct E500Kept {
    uint64_t marks[E500_MARKS / 64];
    uint32_t epoch;
} E500Kept;
enum { E500_SUPERVISOR, E500_USER, E500_SPACES }; /* who accesses: MSR[PR] */

/*
 * A stretch of addresses at which a supervisor's data is RAM that may be read and written, all of it mapped by large entries for every PID
 * and in the host's memory in one piece (window.c).  An engine may look here before it looks into the soft TLB, and whatever lies inside has
 * no other translation.  A store also looks at the page's flags, and may reach into the next page.
 */
enum { E500_WINDOW_REACH = 256 };
typedef struct E500Window {
    uint32_t size;        /* ea - base < size: the E500_WINDOW_REACH bytes from ea on lie inside; 0: none, or not in this context */
    Ea base;              /* a multiple of a page */
    uintptr_t addend;     /* host address of a byte = addend + ea */
    const uint8_t *flags; /* of the page of base, and of those that follow (ram.h) */
    uint64_t bytes;       /* all of it; 0: none */
    E500Context context;
    uint64_t again; /* E500Counters.tlb_fills from which on another search may be worth it */
} E500Window;

enum { E500_ENGINE_WORDS = 40, E500_OF_PID_MAX = 64 };

typedef struct E500 {
    /* --- what an engine touches at each instruction stands together: this, and the registers that s begins with --- */
    uint32_t done;                      /* instructions of the slice that were executed so far; 0 outside of one */
    uint32_t limit;                     /* atomic: the slice is over when done reaches it; attention sets it to 0 */
    E500Context ctx_data, ctx_fetch;    /* of data accesses and of fetches; e500_context_changed() */
    const uint8_t *fetch_host;          /* host address of the page being executed */
    uint64_t fetch_gpa;                 /* physical address of it */
    Ea fetch_page;                      /* page of fetch_host; 1 (never a page) when none */
    uint64_t engine[E500_ENGINE_WORDS]; /* the engine's own, and nobody else's */
    E500State s;
    /* --- what the engine keeps besides the architected state; put_state() and get_state() pass it over --- */
    bool reserve; /* lwarx reservation held */
    uint64_t reserve_gpa;
    uint32_t reserve_value;
    uintptr_t reserve_version; /* granule.h */
    uint64_t settling;         /* where it set PAGE_RESERVED and has not seen all cores agree; E500_SETTLING_NONE (ram.c) */
    uint32_t settling_falls;   /* E500Vm.falls then */
    int32_t until_sample;      /* counted stores until one is looked at (ram.c) */
    VcpuExit *exit;
    E500DeviceOperand device;
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
    uint32_t has_mail;          /* atomic: mail is not empty: e500_mail_attend() */
    uint32_t executing;         /* atomic: between e500_enter() and e500_leave(): it attends its mail before the next instruction */
    uint32_t in_guest;          /* atomic: it executes or is in the middle of an instruction: e500_enter(), e500_leave() */
    E500Mail mail;
    uint64_t tlb1_valid;       /* bit n: s.tlb1[n] is valid */
    uint64_t tlb1_near[16];    /* the same of those that meet the sixteenth part of all addresses whose number that is */
    uint32_t multiple_told[8]; /* a bit for each of 256 hashes of a page: e500_tell_multiple() spoke of it since the last reset */
    uint64_t timer_tb;         /* time base up to which FIT and watchdog events were counted */
    bool icmp_armed;           /* the instruction before this one started with DBCR0[ICMP] on and was not interrupted */
    bool watchdog_exit;        /* second expiry of the watchdog, to be reported as an exit */
    bool watchdog_told;        /* that exit was made, and the guest has not fed its watchdog since */
    bool host_debug;           /* a debugger outside of the guest is attached: ehpriv 1 is its breakpoint, else illegal */
    const AccelDebug *host_watch; /* what that debugger asked for, if it has watchpoints; else NULL; borrowed */
    bool epr_taken;               /* the EPR exit came back: s.spr[SPR_EPR] holds the vector */
    unsigned n_of_pid;            /* of of_pid; more than fit: any page */
    Ea of_pid[E500_OF_PID_MAX];   /* pages that the soft TLB or the fetch TLB has in a supervisor's context for one PID */
    E500Window window;
    E500Kept kept_fetches[E500_SPACES], kept_data[E500_SPACES];
    uint32_t epochs; /* changes of all epochs */
    E500DeviceTlb device_tlb[E500_DEVICE_TLB_SIZE];
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
    E500_ATT_MAIL = 1 << 2,  /* has_mail */
    E500_ATT_DEBUG = 1 << 3, /* breakpoints or single step are on: engine takes its careful path; sticky */
};

static inline void e500_attention(E500 *c, uint32_t why) /* any thread, signal-safe */
{
    __atomic_or_fetch(&c->attention, why, __ATOMIC_SEQ_CST);
    __atomic_store_n(&c->limit, 0, __ATOMIC_SEQ_CST);
}

/*
 * The time that the core sees.  In virtual mode it goes on with each instruction; the TimeSource itself learns of them when the slice is
 * over, before anybody else can look at it.
 */
static inline uint64_t e500_now_ns(const E500 *c)
{
    const TimeSource *ts = c->vm->time;
    return time_now_ns(ts) + (ts->is_virtual ? (uint64_t)c->done << ts->icount_shift : 0);
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
    __atomic_store_n(&c->in_guest, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&c->executing, 1, __ATOMIC_SEQ_CST); /* before it looks at its mail */
}
/* While device accesses of an instruction are under way its translations are in use: another core's tlbsync waits for them. */
static inline void e500_leave(E500 *c)
{
    __atomic_store_n(&c->executing, 0, __ATOMIC_RELEASE); /* what it stored is in memory by then */
    if (!c->device.open)
        __atomic_store_n(&c->in_guest, 0, __ATOMIC_RELEASE);
}

/* s was replaced as a whole (put_state): brings everything that is derived from it up to date. */
void e500_state_replaced(E500 *c, StateLevel level);
void e500_state_pending(E500 *c);                         /* s.pending as of now: s is about to be read */
void e500_core_init(E500 *c, E500Vm *vm, unsigned index); /* zeroed memory in */
