/* SPDX-License-Identifier: MIT
 *
 * The translator's own structures.  docs/JIT.md has the picture.
 *
 * Each vCPU has a Jit: its own blocks, its own code memory.  All of it is touched by the vCPU's own thread, but for the mail (smc.c).
 */
#pragma once

#include "cpu/e500/insn.h"
#include "cpu/jit/ir.h"
#include "cpu/soft/fast.h"
#include "cpu/soft/soft.h"

typedef struct Jit Jit;
typedef struct JitBlock JitBlock;

/*
 * What one load or store of a block found in the soft TLB last: a copy of tag and addend there, the tag with an epoch.  It lies at the end
 * of code memory, so that the code finds it at a fixed distance; it is written by the other address.
 */
typedef struct JitSite {
    uint64_t tag;
    uint64_t addend;
} JitSite;

/*
 * An access whose page is another one again after less than so many instructions, so many times, wanders: its block is made anew, and looks
 * at the soft TLB each time.  One that walks through memory changes its page less often.
 */
enum { JIT_SITE_SOON = 64, JIT_SITE_CHANGES = 500 };

/* What is known of an access: its page changes too often for a site; it lies outside of the window too often for that. */
enum { JIT_WANDERS = 1, JIT_OUTSIDE = 2 };

/* A condition that is not in its place yet: home a less home b, or less imm; or the carry, 1 if a < imm, or ≤ where so said. */
typedef struct JitLate {
    uint8_t k;     /* of a condition; JIT_LATE_CARRY */
    uint8_t flags; /* LATE_… */
    uint8_t a, b;
    uint32_t imm;
} JitLate;
enum { JIT_LATE_CARRY = 8, LATE_SIGNED = 1, LATE_IMM = 2, LATE_OR_EQUAL = 4 };

/*
 * Where homes lie in the middle of a block: of each host register the word of the state that it is stored to before C is called, and the one
 * that it is loaded from behind it.  The word JIT_WORD_NOWHERE is for registers that hold none.
 */
enum { JIT_MAP_REGS = 10 };
typedef struct JitMap {
    int16_t store[JIT_MAP_REGS], load[JIT_MAP_REGS]; /* as the emitter addresses the state */
    uint32_t n_late;
    JitLate late[];
} JitMap;

/* An instruction that a block hands to the interpreter: always, or when its inline access does not hit. */
typedef struct JitRecord {
    InsnExec *exec;
    Insn insn;
    Ea pc;
    uint8_t left;  /* as IrOp.left */
    uint8_t flags; /* RECORD_… */
    /* Of an inline access: */
    uint16_t changes; /* of the site's page that came soon after the one before, until it is found to wander */
    uint32_t last;    /* the budget when it changed last */
    uint32_t size;    /* bytes, if it may be misaligned; else more than a page has */
    JitSite *site;    /* NULL: it wanders, or looks into the window */
    JitBlock *block;
    const uint8_t *word; /* the instruction in guest RAM */
    const JitMap *map;   /* NULL: homes lie as between blocks */
} JitRecord;

enum {
    RECORD_CR_IN = 1,   /* reads CR as it lies in E500State */
    RECORD_CR_OUT = 2,  /* writes it */
    RECORD_CONTEXT = 4, /* may change what the tag of targets says */
    RECORD_LOOK = 8,    /* may set the limit to 0, of this core: look */
    RECORD_STATUS = 16, /* reads or writes FPSCR: the note is used up (note.c) */
    RECORD_NEW = 32,    /* writes all of FPSCR that a note tells: the note is dropped */
    RECORD_WINDOW = 64, /* looks into the window: `changes` counts when it was the soft TLB that had the page */
};

/* A jump of a block to an instruction of its own page. */
typedef struct JitLink {
    uint8_t *patch;    /* in writable memory: the distance of the jump */
    uint8_t *unlinked; /* likewise: where it leads when it is not linked */
    Ea pc;
    bool apart; /* to a block without groups */
    JitBlock *to;
    struct JitLink *next; /* of the same target */
} JitLink;

struct JitBlock {
    uint64_t gpa;
    Ea pc;
    uint32_t state; /* jit_state() */
    JitBlock *next; /* of the same hash */
    JitBlock *next_in_page;
    const uint8_t *code;  /* where it is entered */
    JitLink *incoming;    /* links to it */
    uint32_t first, last; /* offsets in the page of the first and the last word it was made from */
    uint16_t n_links;
    bool dead;
    JitLink *link;
};

/* A page whose code was written over so many times is interpreted, until a kernel has found another use for it. */
enum { JIT_REWRITTEN_MAX = 64, JIT_LEFT_ALONE = 1 << 26 };

typedef struct JitPage {
    uint64_t gpa;
    JitBlock *blocks;
    uint64_t words;        /* bit n: code was translated from bytes 64 n to 64 n + 63 */
    bool settled;          /* all cores know that the page has code */
    unsigned written;      /* stores to it that met code or not, since it became one */
    unsigned rewritten;    /* times that its code was written over, until it was left alone for JIT_LEFT_ALONE instructions */
    uint64_t rewritten_at; /* E500Counters.instructions the last time */
} JitPage;

/*
 * Where a pc's block is entered: by pc and all that decides what its translation is.  There are several tables of targets, for the
 * supervisor's and for processes, so that these do not displace each other's.
 */
typedef struct JitTarget {
    uint64_t tag;
    const uint8_t *code;
} JitTarget;
enum { JIT_TARGET_BITS = 14, JIT_TARGETS = 1 << JIT_TARGET_BITS, JIT_TARGET_TABLES = 4 };

/* Counters of -accel soft,stats=on: X(name, what it counts) */
#define JIT_STATS(X)                                                                       \
    X(interpreted, "instructions executed by the interpreter between blocks")              \
    X(blocks, "blocks translated")                                                         \
    X(block_insns, "guest instructions in them")                                           \
    X(block_bytes, "bytes of host code in them")                                           \
    X(entries, "times that code was entered from the dispatcher")                          \
    X(links, "jumps linked")                                                               \
    X(target_misses, "targets that were looked up in C")                                   \
    X(invalidated, "blocks dropped: written over, or made anew because an access wanders") \
    X(flushes, "times that code memory was full, or all of it became stale")

typedef struct JitStats {
#define X(name, doc) uint64_t name;
    JIT_STATS(X)
#undef X
} JitStats;

/* Code memory: the same pages twice, once to write and once to execute. */
typedef struct JitCode {
    uint8_t *write;
    const uint8_t *execute;
    size_t size, used, first; /* first: where blocks begin, behind the common routines */
    size_t sites;             /* where the sites begin, which grow downwards from the end */
} JitCode;

/* Why code was left. */
typedef enum JitReason { JIT_LIMIT, JIT_LOOKUP, JIT_LINK, JIT_ENDED } JitReason;

/* Whose site is to be filled anew: of a load, of a store; COUNTED: of a store that can also be made in a page that counts its stores. */
enum { JIT_REFILL_LOAD, JIT_REFILL_STORE, JIT_REFILL_COUNTED, JIT_REFILL_GROUP = 3, JIT_REFILL_GROUP_STORE, JIT_REFILLS };

/* The routines that all blocks share (the emitter makes them). */
typedef struct JitRoutines {
    unsigned (*enter)(void *base, const uint8_t *code); /* a JitReason */
    const uint8_t *leave, *leave_canonical, *lookup, *unlinked, *call, *call_mapped, *leaf, *returned_elsewhere;
    const uint8_t *refill[E500_SPACES][JIT_REFILLS]; /* of a load's site, of a store's */
    const uint8_t *constants;
} JitRoutines;

enum { JIT_CODE_BYTES = 32 << 20 /* if the user does not say */ };
enum { JIT_HASH_BITS = 16, JIT_HEAT = 1 << 14 };
extern unsigned jit_hot; /* so many times code is interpreted before it is translated; tests set it */
extern bool jit_fp;      /* whether floating point is translated where the host can; tests clear it */
enum { JIT_MAIL_MAX = 64 };
typedef struct JitMail {
    uint64_t gpa, size;
} JitMail;

struct Jit {
    SoftVcpu *vcpu;
    FastTables *tables;
    JitCode code;
    JitRoutines routine;
    bool off;                          /* no code memory: the interpreter executes everything */
    bool has_fp;                       /* jit_host_has_fp() */
    bool cr_in_words;                  /* CR lies in the engine words, not in s.cr */
    uint32_t fetch_epoch[E500_SPACES]; /* that the tags of targets are of */
    uint32_t data_epoch[E500_SPACES];  /* that the tags of sites are of */
    uint32_t epochs;                   /* E500.epochs then */
    bool on;                           /* false: c->exit holds an exit */
    unsigned made, dropped;            /* blocks since the last flush */
    JitLink *unlinked;
    JitBlock *hash[1 << JIT_HASH_BITS];
    GHashTable *pages;  /* gpa → JitPage */
    GHashTable *manner; /* JitRecord.word of an access → JIT_WANDERS, JIT_OUTSIDE */
    JitBlock *making;
    GPtrArray *arena; /* memory of blocks and records, freed at once */
    size_t arena_used;
    JitTarget *target; /* all tables */
    uint8_t heat[JIT_HEAT];
    IrBlock ir;
    JitStats stats;
    uint64_t calls[INSN_COUNT]; /* of each row's function */
    GMutex lock;                /* of the mail */
    uint32_t has_mail;
    unsigned n_mail;
    JitMail mail[JIT_MAIL_MAX];
};

/* Words of E500.engine that code uses. */
enum {
    JIT_WORD_CONDITIONS = 0,
    JIT_WORD_TARGETS = 8,
    JIT_WORD_TARGET_TAG = 9,
    JIT_WORD_LIMIT = 10,
    JIT_WORD_LINK = 11,
    JIT_WORD_JIT = 12,
    JIT_WORD_TAG = 13,   /* of sites: the context */
    JIT_WORD_EPOCH = 14, /* what it has more than ctx_data */
    JIT_WORD_NOTE = 15,  /* of floating point: ir.h */
    JIT_WORD_NOTE_A = 16,
    JIT_WORD_NOTE_B = 17,
    JIT_WORD_NOTE_C = 18,
    JIT_WORD_NOTE_COMPARED = 19,
    JIT_WORD_NOTE_CONVERTED = 20,
    JIT_WORD_GROUPS = 21, /* to 28 */
    JIT_WORD_GRANULES = 29,
    JIT_WORD_GRANULE = 30, /* that a store has taken */
    JIT_WORD_NOWHERE = 31, /* JitMap */
    JIT_WORD_STACK = 32,   /* of calls: where it is empty */
};

static inline Jit *jit_of(const E500 *c)
{
    return (Jit *)(uintptr_t)c->engine[JIT_WORD_JIT];
}

static inline JitTarget *jit_target(Jit *jit, Ea pc)
{
    return (JitTarget *)(uintptr_t)jit->vcpu->core.engine[JIT_WORD_TARGETS] + (pc >> 2 & (JIT_TARGETS - 1));
}

/* --- what a translation depends on beside its words and its address --- */

enum {
    JIT_STATE_FP = 1,
    JIT_STATE_SPE = 2,
    JIT_STATE_SO = 4,
    JIT_STATE_PR = 8,
    JIT_STATE_FP_PLAIN = 16, /* floating point is as it most often is: is_plain() in engine.c */
    JIT_STATE_BITS = 5
};
#define JIT_STATE_APART (UINT32_C(1) << 31) /* of a block only: it has no groups (groups.c) */
uint32_t jit_state(const E500 *c);
/* Brings the tags of targets and of sites up to date: a context, the state word, an epoch changed. */
void jit_tags(Jit *jit, E500 *c);

/* --- front.c: guest instructions to the middle language --- */
/* From pc on, at most to the end of the page, whose words lie at `page`.  False: nothing to be gained, interpret. */
void jit_front(Jit *jit, const uint8_t *page, Ea pc, uint32_t state, uint32_t *first, uint32_t *last);
bool jit_row_is_native(InsnId id); /* has a translation of its own, at least for some forms */

/* --- blocks.c --- */
void *jit_alloc(Jit *jit, size_t size);  /* until the next flush */
void jit_alloc_ends(Jit *jit, void *at); /* what was allocated last needs no more than up to there */
JitBlock *jit_block_find(Jit *jit, uint64_t gpa, Ea pc, uint32_t state);
void jit_block_add(Jit *jit, JitPage *page, JitBlock *b);
void jit_block_drop(Jit *jit, JitBlock *b);
void jit_link(Jit *jit, JitLink *link, JitBlock *to);
JitPage *jit_page(Jit *jit, uint64_t gpa);    /* made if there is none */
void jit_manner(Jit *jit, JitRecord *record); /* the access is to be made in another manner: its block goes */
void jit_flush(Jit *jit);                     /* drops all blocks; their memory is used anew */

/* --- smc.c: code that is written over --- */
void jit_smc_join(Jit *jit);
void jit_smc_leave(Jit *jit);
bool jit_smc_watch(Jit *jit, JitPage *page); /* true: every store to the page is heard of from now on */
void jit_smc_attend(Jit *jit);               /* its mail */
void jit_smc_written(Jit *jit, uint64_t gpa, uint64_t size);
void jit_smc_forget(Jit *jit); /* all its pages */

/* --- note.c: FPSCR as a note has it (ir.h) --- */
void jit_note_settle(E500 *c);          /* uses up the note, of which XX is taken: FPSCR is whole from now on */
void jit_inexact_take(E500 *c);         /* from the host, to XX */
void jit_inexact_forget(const E500 *c); /* the host is to begin anew */
/* --- trace.c --- */
void jit_trace_block(const Jit *jit, const JitBlock *b, size_t size /* bytes of its code */);

/* --- code.c --- */
bool jit_code_new(JitCode *code, size_t size, GError **error);
void jit_code_free(JitCode *code);

/* --- the emitter: x64/ --- */
bool jit_host_supported(void);
bool jit_host_has_fp(void); /* FADD, FSTATUS and what stands between them, WMOV, WSEL, and accesses to singles can be emitted */
/* Whether a floating-point op of this thread was inexact since the host was told to forget. */
bool jit_host_inexact(void);
void jit_host_inexact_forget(void);
void jit_emit_routines(Jit *jit);
/* Emits jit->ir.  NULL: there is no room.  The block has room for ir_exits() links. */
const uint8_t *jit_emit(Jit *jit, JitBlock *b);
void jit_emit_link(JitLink *link, const uint8_t *code, const JitCode *memory); /* code NULL: unlink */
extern const unsigned jit_pins; /* homes of ir_layout.order that lie in host registers */

/* What becomes of the block after an instruction that the interpreter executed. */
typedef enum JitNext {
    JIT_LEAVE, /* the state is whole, and s.pc where execution goes on */
    JIT_GO_ON, /* behind the instruction; the tag of targets is what it was, or the block ends there */
    JIT_GO_TO  /* s.pc */
} JitNext;

/* C that code calls.  The conditions are a core's eight (cond.h). */
uint32_t jit_cr_get(const uint64_t *conditions);
void jit_cr_bit(uint64_t *conditions, uint32_t what /* k << 14 | a << 9 | b << 4 | table */);
uint32_t jit_enable(uint64_t *conditions); /* enables interrupts; 0: the block is to be left */
/*
 * Instructions that end in another context and change no home: system calls, returns from interrupts, writes of the TLB.  Returned is the pc at which execution
 * goes on, or JIT_NO_TURN: nothing has been done, and the interpreter's function has to.
 */
enum { JIT_TURN_CALL, JIT_TURN_BACK, JIT_TURN_TLB, JIT_TURNS, JIT_NO_TURN = 1 };
extern uint32_t (*const jit_turns[JIT_TURNS])(uint64_t *conditions, uint32_t next /* behind the instruction */);
extern const uint64_t jit_conditions[16]; /* of each value of a field */
JitNext jit_exec(E500 *c, JitRecord *record, uint32_t budget);
