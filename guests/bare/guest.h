/* SPDX-License-Identifier: MIT
 *
 * What a bare-metal test guest sees.  A guest is one file with a guest_main(); it reports each case
 * by a sentence, and returns: the library prints PASS: sentence | FAIL: sentence: got x want y |
 * SKIP: sentence (why) on UART0, last SUMMARY: with how many there were of each, and powers the
 * machine off.  tests/guests/run reads those lines; without a SUMMARY the guest ended early.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "regs.h"

void guest_main(void);

/* --- reporting (report.c) */

bool report(const char *sentence, bool ok);
bool report_eq(const char *sentence, uint32_t got, uint32_t want);
bool report_eq64(const char *sentence, uint64_t got, uint64_t want);
void report_skip(const char *sentence, const char *why);
/* The line that ends a report, for a guest whose last act is to end the machine itself; others leave it to guest_finish(). */
void report_summary(void);
/* Hold back output while UART0 is under test; unhold prints what was held. */
void report_hold(void);
void report_unhold(void);
/* Says MEASURE (the runner notes memory, descriptors, threads of the program) or COUNT and waits
 * for the answer: how many times it was asked so in this run, over all boots. */
unsigned report_ask(const char *word);
/* A line with some %s %u %x (32 bits; %x is eight digits), for the reader's eyes. */
void say(const char *format, ...);
/* Prints SUMMARY and powers off: by hypercall where the tree promises it, else by
 * GPIO pin 0, else (a board without) it asks for a reset, which ends the program under -no-reboot.
 */
_Noreturn void guest_finish(void);
_Noreturn void guest_power_off(void);

/* --- traps (trap.c) */

typedef struct {
    uint32_t back_chain[4];
    uint32_t gpr[32];
    uint32_t cr, lr, ctr, xer;
    uint32_t vector, srr0, srr1; /* srr: of the vector's class */
} TrapFrame;

#define TRAP_NONE 100 /* the function came back by itself */

typedef struct {
    uint32_t vector;     /* VEC_… or TRAP_NONE */
    uint32_t srr0, srr1; /* of the class: SRR, CSRR, DSRR or MCSRR */
    uint32_t esr, dear, mcsr, mcar, dbsr;
    uint32_t msr;    /* in the handler */
    uint32_t mas[8]; /* at the handler's entry; [5] unused */
    uint32_t epr;
    uint32_t ret; /* r3 */
} Trap;

/* Runs pc(a, b, c, d) with MSR = msr until it returns or an interrupt comes for which no handler is
 * installed, and tells what happened.  All else (stack, callee-saved registers, MSR) is as before.
 */
Trap trap_run(const void *pc, uint32_t msr, uint32_t a, uint32_t b, uint32_t c, uint32_t d);

/* An installed handler is called for its vector and the interrupted code continues at frame->srr0.
 */
typedef void TrapHandler(TrapFrame *frame);
void trap_handle(unsigned vector, TrapHandler *handler);
void trap_init_cpu(void); /* IVPR and IVORs; for a secondary CPU */

/* A function of assembly whose first instruction is the one of interest: SRR0 == its name. */
#define PROBE(name, body)     \
    extern const char name[]; \
    __asm__(".pushsection .text\n\t.balign 16\n\t.globl " #name "\n" #name ":\n\t" body "\n\tblr\n\t.popsection")

/* --- the machine (machine.c) */

#define CCSR 0xe0000000u               /* EA */
extern uint64_t ccsr_pa;               /* where the tree says it is: F_E000_0000, or the board's own place */
bool board_is(const char *compatible); /* the root's first compatible string */
bool board_has(const char *path);      /* a node */
void ccsr_map(unsigned n);             /* TLB1 entry n: CCSR, 1 MiB */
#define UART0    (CCSR + 0x4500)
#define MPIC     (CCSR + 0x40000)
#define GUTS     (CCSR + 0xe0000)
#define GPIO     (CCSR + 0xff000)
#define I2C      (CCSR + 0x3000)
#define PCI_HOST (CCSR + 0x8000)

/* Free for tests: effective addresses from here to CCSR have no translation after start. */
#define TEST_EA 0x40000000u
/* What _start found. */
extern struct {
    uint32_t gpr1[31]; /* r1..r31 */
    uint32_t msr;
} entry_state;
#define entry_gpr(n) entry_state.gpr1[(n)-1]
/* RAM outside all images: kept over a reset, 4 KiB */
extern uint32_t keep_area[];
extern char image_end[];

typedef struct {
    uint32_t mas0, mas1, mas2, mas3, mas7;
} TlbEntry;

#define MAS0_TLB1(entry) (0x10000000u | (uint32_t)(entry) << 16)
#define MAS0_TLB0(way)   ((uint32_t)(way) << 16)
#define MAS1_VALID       0x80000000u
#define MAS1_IPROT       0x40000000u
#define MAS1_TID(pid)    ((uint32_t)(pid) << 16)
#define MAS1_TS          0x1000u
#define MAS1_TSIZE(n)    ((uint32_t)(n) << 7) /* 2^n KiB; 4K = 2, 64M = 16 */
#define MAS2_W           16
#define MAS2_I           8
#define MAS2_M           4
#define MAS2_G           2
#define MAS2_E           1
#define MAS3_UX          0x20
#define MAS3_SX          0x10
#define MAS3_UW          0x08
#define MAS3_SW          0x04
#define MAS3_UR          0x02
#define MAS3_SR          0x01

void tlb_write(TlbEntry e);
TlbEntry tlb_read(uint32_t mas0, uint32_t ea);
/* TLB1 entry n: 2^tsize KiB, EA to PA, MAS3 permission bits; attributes in the low bits of ea. */
void tlb1_map(unsigned n, uint32_t ea, uint64_t pa, unsigned tsize, uint32_t permissions);
void tlb1_unmap(unsigned n);
/* Writes code through to memory so that fetches see it. */
void code_sync(const void *p, size_t bytes);

#define mfspr(spr)                                                         \
    ({                                                                     \
        uint32_t v_;                                                       \
        __asm__ volatile("mfspr %0, %1" : "=r"(v_) : "i"(spr) : "memory"); \
        v_;                                                                \
    })
#define mtspr(spr, value) __asm__ volatile("mtspr %0, %1\n\tisync" : : "i"(spr), "r"((uint32_t)(value)) : "memory")

static inline uint32_t mfmsr(void)
{
    uint32_t v;
    __asm__ volatile("mfmsr %0" : "=r"(v) : : "memory");
    return v;
}

static inline void mtmsr(uint32_t v)
{
    __asm__ volatile("mtmsr %0\n\tisync" : : "r"(v) : "memory");
}

static inline uint8_t io_read8(uint32_t ea)
{
    uint8_t v = *(volatile uint8_t *)ea;
    __asm__ volatile("mbar 1" : : : "memory");
    return v;
}

static inline void io_write8(uint32_t ea, uint8_t v)
{
    *(volatile uint8_t *)ea = v;
    __asm__ volatile("mbar 1" : : : "memory");
}

static inline uint32_t io_read32(uint32_t ea)
{
    uint32_t v = *(volatile uint32_t *)ea;
    __asm__ volatile("mbar 1" : : : "memory");
    return v;
}

static inline void io_write32(uint32_t ea, uint32_t v)
{
    *(volatile uint32_t *)ea = v;
    __asm__ volatile("mbar 1" : : : "memory");
}

uint64_t timebase(void);

/* The core this guest runs on: guests are built for both, and ask where they differ. */
static inline bool cpu_is_e500v2(void)
{
    return mfspr(SPR_PVR) >> 16 == 0x8021;
}

static inline unsigned cpu_line(void) /* bytes of a cache line */
{
    return cpu_is_e500v2() ? 32 : 64;
}

static inline unsigned cpu_tlb1_entries(void)
{
    return mfspr(SPR_TLB1CFG) & 0xfff;
}

/* --- more CPUs (cpus.c); -smp of at most CPUS_MAX */

#define CPUS_MAX 32
unsigned cpus_count(void); /* that the tree has */
unsigned cpu_index(void);  /* PIR */
/* Lets all others go by the spin table and returns when each has said that it is there. */
void cpus_start(void);
typedef void CpuTask(unsigned cpu);
void cpus_run(CpuTask *task);   /* CPU 0 only: task(n) on every CPU n at once */
void cpus_begin(CpuTask *task); /* the same in two halves: on all others but not here ... */
void cpus_end(void);            /* ... and when they are through */
void cpus_meet(void);           /* inside a task: goes on when every CPU has come here */

/* The barriers' compiler half is in the clobber. */
static inline void sync(void)
{
    __asm__ volatile("sync" : : : "memory");
}

/* Until an interrupt, or not at all. */
static inline void cpu_wait(void)
{
    if (cpu_is_e500v2())
        mtmsr(mfmsr() | 1u << 18); /* MSR[WE] */
    else
        __asm__ volatile("wait" : : : "memory");
}

/* In a loop that waits for another CPU: that one may need the processor of the host on which this one spins. */
static inline void cpu_relax(void)
{
    __asm__ volatile("or 27,27,27" : : : "memory");
}

static inline uint32_t atomic_add(volatile uint32_t *p, uint32_t n)
{
    uint32_t v;

    __asm__ volatile("1: lwarx %0,0,%1; add %0,%0,%2; stwcx. %0,0,%1; bne- 1b" : "=&r"(v) : "r"(p), "r"(n) : "memory", "cr0");
    return v;
}

/* --- the device tree (fdt.c): a reader that trusts nothing it cannot check */

/* Offset of a node by its path; a component without @unit matches the first of that name; < 0:
 * none. */
int fdt_node(const char *path);
/* The property's bytes, or NULL; *length (may be NULL) set. */
const void *fdt_property(int node, const char *name, uint32_t *length);
/* Next node after this one whose property has this string (NUL-terminated); node < 0 starts. */
int fdt_next_with(int node, const char *property, const char *value);
bool fdt_valid(void);
uint32_t fdt_total_size(void);
bool told_to(const char *word);           /* the command line is this word */
uint32_t boot_number(uint32_t otherwise); /* that the command line begins with */

/* --- hypercalls (hcall.c): only where the tree has /hypervisor */

bool hcall_present(void);                  /* a /hypervisor with usable hcall-instructions */
bool hcall_promised(const char *property); /* e.g. "has-reset": there, and empty */
bool kvm_serves(void);                     /* a kernel's KVM is below, with its magic page and its limits */
void hcall_raw(uint32_t regs[9]);          /* r3..r11 in and out */

/* --- resets (fresh.c): RAM outside the images is all that one boot leaves to the next */

void fresh_dirty(void);        /* marks on core, devices and images */
const char *fresh_fault(void); /* the first that is not as after power-on; NULL: none */

/* --- the few of the C library that the compiler may call */

void *memset(void *p, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
