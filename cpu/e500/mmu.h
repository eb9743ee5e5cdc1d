/* SPDX-License-Identifier: MIT
 *
 * Translation: the exact model (mmu.c), and the translations that are remembered (soft_tlb.c).
 */
#pragma once

#include "cpu/e500/bits.h"
#include "cpu/e500/core.h"

typedef struct E500Translation {
    uint64_t gpa;
    uint32_t mas2;             /* WIMGE */
    uint64_t page_size;        /* bytes */
    bool read, write, execute; /* permissions for the asking privilege */
    bool multiple;             /* other entries match too; this is the one that counts */
    bool of_pid;               /* with another PID it may be another translation */
} E500Translation;

/* MMU_MULTIPLE: more than one entry matches and the core detects it, which is a machine check. */
typedef enum E500MmuResult { MMU_OK, MMU_MISS, MMU_DENIED, MMU_MULTIPLE } E500MmuResult;

/* The exact model; no side effect.  ctx as ctx_data: e500_context(). */
E500MmuResult e500_mmu_lookup(const E500 *c, Ea ea, E500Context ctx, E500Access access, E500Translation *out);
E500Context e500_external_context(const E500 *c, E500Access access); /* EPLC, or EPSC for ACCESS_WRITE */
void e500_tell_multiple(E500 *c, Ea ea);                             /* -d guest_errors: E500Translation.multiple was used */
void e500_tlb_missed(E500 *c, Ea ea, E500Context ctx);               /* MAS registers after a TLB miss, from MAS4's defaults */
void e500_tlb_replaced(E500 *c);                                     /* s.tlb0, s.tlb1 or a PID were written as a whole */
void e500_pid_changed(E500 *c);                                      /* PID changed */
void e500_soft_tlb_of_pid(E500 *c, Ea ea); /* this page was remembered in a supervisor's context, and is of one PID */
void e500_context_changed(E500 *c);        /* MSR[PR,IS,DS] changed */
void e500_soft_tlb_flush(E500 *c);         /* also forgets fetch_page, and the window */
void e500_soft_tlb_flush_page(E500 *c, Ea ea);
void e500_soft_tlb_flush_page_of_pid(E500 *c, Ea ea); /* for all PIDs it has no translation, before and after */
void e500_soft_tlb_flush_range(E500 *c, Ea ea, uint64_t size);
/*
 * For an engine that keeps what it knows of the translation of a page beside the soft TLB (tags and addend of data) and the fetch TLB.  It
 * marks the page, of fetches or of data and of who accesses, and once that epoch is another one, nothing holds that it kept.
 */
static inline unsigned e500_mark(Ea ea) /* a hash: pages of a kernel and of a process lie at like distances */
{
    return (uint32_t)(ea >> E500_PAGE_BITS) * E500_MARK_FACTOR >> (32 - E500_MARK_BITS);
}
static inline void e500_keep(E500Kept *kept, Ea ea)
{
    unsigned n = e500_mark(ea);
    kept->marks[n / 64] |= UINT64_C(1) << n % 64;
}
/* The page was mapped just now: the user is about to access it.  mem.c's, with what fills the soft TLB. */
void e500_soft_tlb_expect(E500 *c, Ea ea, E500Context ctx);
void e500_soft_tlb_protect(E500 *c, uint64_t gpa, uint64_t size); /* stores to these pages miss from now on */

/* window.c: the soft TLB was filled with ea, of the core's own context, by an entry of page_size bytes for all PIDs. */
void e500_window_look(E500 *c, Ea ea, uint64_t page_size);
static inline void e500_window_enter(E500 *c) /* ctx_data is another one */
{
    uint64_t all = c->window.context == c->ctx_data ? c->window.bytes : 0;
    c->window.size = all ? (uint32_t)(all - E500_WINDOW_REACH + 1) : 0;
}
static inline void e500_window_close(E500 *c)
{
    c->window.bytes = c->window.size = 0;
}

/* tlbre, tlbwe, tlbsx, MMUCSR0; ea as tlbivax and tlbilx encode it */
void e500_tlbre(E500 *c);
void e500_tlbwe(E500 *c);
void e500_tlbsx(E500 *c, Ea ea);
void e500_tlb_invalidate(E500 *c, Ea ea);     /* of this core, what tlbivax with ea names */
void e500_tlbivax(E500 *c, Ea ea);            /* this core now, the others before their next instruction */
bool e500_tlbsync_done(const E500 *c);        /* no other core still uses what tlbivax invalidated */
void e500_tlbilx(E500 *c, unsigned t, Ea ea); /* this core only */
void e500_tlb_flash(E500 *c, bool tlb0, bool tlb1);
