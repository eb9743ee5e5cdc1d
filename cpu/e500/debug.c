/* SPDX-License-Identifier: MIT
 *
 * The guest's own debugging: events of DBCR0–2 in internal debug mode (EREF 2.0 §8).
 *
 * It costs nothing while DBCR0[IDM] is 0.  Instruction events make the core look before every
 * instruction; a page with a watched address stays out of the soft TLB, so that every access to it
 * comes by the slow path.  The watchpoints of a debugger outside, E500.host_watch, go the same way,
 * but never through the guest's registers (docs/decisions).
 *
 * Neither core has data value compares or more than two instruction address compares.  Critical
 * interrupt taken and critical return are of category E.ED, the e500mc's.
 */
#include "cpu/e500/debug.h"
#include "cpu/e500/insn.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"

enum {
    DBCR0_IAC1 = 1u << 23,
    DBCR0_IAC2 = 1u << 22,
    DBCR0_ALWAYS = DBCR0_RET | DBCR0_CRET | 1u << 23 | 1u << 22, /* events that are recorded even with MSR[DE] = 0 */
    DBCR0_WITH_DE = DBCR0_ICMP | DBCR0_BRT,
    DBCR0_DAC1_SHIFT = 18, /* two bits: 01 stores, 10 loads, 11 both */
    DBCR0_DAC2_SHIFT = 16,
    DBCR0_DAC = 0xfu << 16,
    DBSR_IAC1 = 1u << 23,
    DBSR_IAC2 = 1u << 22,
    DBSR_DAC1R = 1u << 19,
    DBSR_DAC1W = 1u << 18,
    DBSR_DAC2R = 1u << 17,
    DBSR_DAC2W = 1u << 16,
    /* DBCR1 and DBCR2 alike, for the first register of the pair; the second's are four bits right
     */
    US_SHIFT = 30,
    ER_SHIFT = 28,
    PAIR_MODE_SHIFT = 22,
};

bool e500_debug_event(E500 *c, uint32_t dbsr)
{
    if (!(c->s.spr[SPR_DBCR0] & DBCR0_IDM))
        return false;
    c->s.spr[SPR_DBSR] |= dbsr | (c->s.msr & MSR_DE ? 0 : DBSR_IDE);
    return c->s.msr & MSR_DE;
}

bool e500_debug_looks_at_instructions(const E500 *c)
{
    uint32_t dbcr0 = c->s.spr[SPR_DBCR0];

    return (dbcr0 & DBCR0_IDM) && (dbcr0 & (DBCR0_ALWAYS | (c->s.msr & MSR_DE ? DBCR0_WITH_DE : 0)));
}

/* xxUS: 00 any, 10 supervisor, 11 user; xxER: 00 any, 10 address space 0, 11 address space 1 */
static bool state_matches(uint32_t control, unsigned which, bool pr, bool as)
{
    uint32_t us = control >> (US_SHIFT - 4 * which) & 3, er = control >> (ER_SHIFT - 4 * which) & 3;

    return (us < 2 || (us == 3) == pr) && (er < 2 || (er == 3) == as);
}

/*
 * Which of the pair's compares an address in [first, last], an aligned power of two of them, meets:
 * bit 0 the first register's, bit 1 the second's.  The two work as one in all modes but exact
 * compare: whichever is enabled tells of it.
 */
static unsigned compare_pair(uint32_t control, Ea one, Ea two, Ea first, Ea last)
{
    switch (control >> PAIR_MODE_SHIFT & 3) {
    case 1: /* equal in the bits that the second has set */
        return ((first ^ one) & two & ~(last - first)) ? 0 : 3;
    case 2: /* from the first to below the second */
        return last >= one && first < two ? 3 : 0;
    case 3: /* below the first, or from the second on */
        return first < one || last >= two ? 3 : 0;
    default:
        return (one >= first && one <= last) | (two >= first && two <= last) << 1;
    }
}

/* BRT, RET and CRET come before the branch or return is executed. */
static void look_at_next(E500 *c, uint32_t dbcr0)
{
    uint32_t word;
    Insn in;

    if (!(dbcr0 & (DBCR0_BRT | DBCR0_RET | DBCR0_CRET)) || e500_fetch(c, c->s.pc, &word) != EXEC_NEXT)
        return; /* the fetch of the instruction will raise this again */
    insn_decode(word, c->model, &in);
    if ((dbcr0 & DBCR0_RET) && in.id == INSN_rfi)
        e500_debug_event(c, DBSR_RET);
    if ((dbcr0 & DBCR0_CRET) && in.id == INSN_rfci && c->model->core == E500_CORE_MC)
        e500_debug_event(c, DBSR_CRET);
    if ((dbcr0 & DBCR0_BRT) && (c->s.msr & MSR_DE) && e500_branch_would_be_taken(c, &in))
        e500_debug_event(c, DBSR_BRT);
}

void e500_debug_before_instruction(E500 *c)
{
    uint32_t dbcr0 = c->s.spr[SPR_DBCR0], dbcr1 = c->s.spr[SPR_DBCR1];
    bool pr = c->s.msr & MSR_PR, as = c->s.msr & MSR_IS;
    unsigned hit = compare_pair(dbcr1, c->s.spr[SPR_IAC1], c->s.spr[SPR_IAC2], c->s.pc, c->s.pc);

    e500_attention(c, E500_ATT_IRQ); /* and before the next one */
    if (c->icmp_armed)
        e500_debug_event(c, DBSR_ICMP);
    c->icmp_armed = (dbcr0 & DBCR0_ICMP) && (c->s.msr & MSR_DE);
    look_at_next(c, dbcr0);
    if ((hit & 1) && (dbcr0 & DBCR0_IAC1) && state_matches(dbcr1, 0, pr, as))
        e500_debug_event(c, DBSR_IAC1);
    if ((hit & 2) && (dbcr0 & DBCR0_IAC2) && state_matches(dbcr1, 1, pr, as))
        e500_debug_event(c, DBSR_IAC2);
}

static bool watches_data(const E500 *c)
{
    return (c->s.spr[SPR_DBCR0] & DBCR0_IDM) && (c->s.spr[SPR_DBCR0] & DBCR0_DAC);
}

bool e500_debug_watches(const E500 *c)
{
    return c->host_watch || watches_data(c);
}

/* The debugger's first watchpoint that wants one of the accesses to [first, last]; NULL: none does.
 */
static const AccelWatchpoint *host_watchpoint(const E500 *c, Ea first, Ea last, bool read, bool write)
{
    for (unsigned i = 0; c->host_watch && i < c->host_watch->n_watchpoints; i++) {
        const AccelWatchpoint *w = &c->host_watch->watchpoint[i];

        if (w->first <= last && w->last >= first && ((w->read && read) || (w->write && write)))
            return w;
    }
    return NULL;
}

bool e500_debug_watches_page(const E500 *c, Ea page)
{
    return (watches_data(c) && compare_pair(c->s.spr[SPR_DBCR2], c->s.spr[SPR_DAC1], c->s.spr[SPR_DAC2], page, page | 0xfff)) ||
           host_watchpoint(c, page, page | 0xfff, true, true);
}

static ExecResult exit_watchpoint(E500 *c, const AccelWatchpoint *w, Ea ea)
{
    *c->exit = (VcpuExit){
        .kind = VCPU_EXIT_DEBUG,
        .debug = {.reason = VCPU_DEBUG_WATCHPOINT,
                  .pc = c->s.pc,
                  .watchpoint = (unsigned)(w - c->host_watch->watchpoint),
                  .ea = MAX(ea, w->first)},
    };
    return EXEC_EXIT;
}

/* The address of an access is that of its first byte; that of a block operation is all of the
 * block's. */
static bool guest_watches(E500 *c, Ea first, Ea last, bool write)
{
    uint32_t dbcr0 = c->s.spr[SPR_DBCR0], dbcr2 = c->s.spr[SPR_DBCR2], dbsr = 0;
    bool pr = c->s.msr & MSR_PR, as = c->s.msr & MSR_DS;
    uint32_t wanted = write ? 1 : 2;
    unsigned hit = compare_pair(dbcr2, c->s.spr[SPR_DAC1], c->s.spr[SPR_DAC2], first, last);

    if ((hit & 1) && (dbcr0 >> DBCR0_DAC1_SHIFT & wanted) && state_matches(dbcr2, 0, pr, as))
        dbsr |= write ? DBSR_DAC1W : DBSR_DAC1R;
    if ((hit & 2) && (dbcr0 >> DBCR0_DAC2_SHIFT & wanted) && state_matches(dbcr2, 1, pr, as))
        dbsr |= write ? DBSR_DAC2W : DBSR_DAC2R;
    return dbsr && e500_debug_event(c, dbsr);
}

ExecResult e500_debug_data_access(E500 *c, Ea ea, unsigned size, E500Access access, bool block)
{
    bool write = access == ACCESS_WRITE;
    Ea first = block ? ea & ~(Ea)(size - 1) : ea, last = first + (size - 1);
    const AccelWatchpoint *w;

    if (last < first) /* an access that wraps around is watched up to the last address only */
        last = UINT32_MAX;
    w = host_watchpoint(c, first, last, !write, write);
    if (w)
        return exit_watchpoint(c, w, first);
    if (watches_data(c) && guest_watches(c, first, block ? last : first, write))
        return e500_raise(c, EXCP_DEBUG, 0);
    return EXEC_NEXT;
}

ExecResult e500_debug_multiple(E500 *c, Ea ea, unsigned n, E500Access access)
{
    ExecResult r = EXEC_NEXT;

    for (unsigned i = 0; i < n && r == EXEC_NEXT; i++)
        r = e500_debug_data_access(c, ea + 4 * i, 4, access, false);
    return r;
}

void e500_debug_rewritten(E500 *c)
{
    e500_soft_tlb_flush(c); /* other pages may be watched now */
    if (c->s.spr[SPR_DBCR0] & DBCR0_IDM)
        e500_attention(c, E500_ATT_IRQ);
}
