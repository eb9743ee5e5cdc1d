/* SPDX-License-Identifier: MIT
 *
 * The guest's own debugging: events of DBCR0–2 in internal debug mode (EREF 2.0 §8).
 *
 * It costs nothing while DBCR0[IDM] is 0.  Instruction events make the core look before every
 * instruction; a page with a watched address stays out of the soft TLB, so that every access to it
 * comes by the slow path.
 */
#include "cpu/e500/insn.h"
#include "cpu/e500/mem.h"

enum {
    DBCR0_IAC1 = 1u << 23,
    DBCR0_IAC2 = 1u << 22,
    DBCR0_INSTRUCTION = DBCR0_ICMP | DBCR0_BRT | DBCR0_RET | 1u << 23 | 1u << 22,
    DBCR0_DAC1_SHIFT = 18, /* two bits: 01 stores, 10 loads, 11 both */
    DBCR0_DAC2_SHIFT = 16,
    DBCR0_DAC = 0xfu << 16,
    DBSR_IDE = 1u << 31, /* it happened while MSR[DE] was 0 */
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

    return (dbcr0 & DBCR0_IDM) && (c->s.msr & MSR_DE) && (dbcr0 & DBCR0_INSTRUCTION);
}

/* xxUS: 00 any, 10 supervisor, 11 user; xxER: 00 any, 10 address space 0, 11 address space 1 */
static bool state_matches(uint32_t control, unsigned which, bool pr, bool as)
{
    uint32_t us = control >> (US_SHIFT - 4 * which) & 3, er = control >> (ER_SHIFT - 4 * which) & 3;

    return (us < 2 || (us == 3) == pr) && (er < 2 || (er == 3) == as);
}

/* Which of the pair's compares [first, last] meets: bit 0 the first register's, bit 1 the second's.
 */
static unsigned compare_pair(uint32_t control, Ea one, Ea two, Ea first, Ea last)
{
    switch (control >> PAIR_MODE_SHIFT & 3) {
    case 1: /* equal in the bits that the second has set */
        return ((first ^ one) & two) == 0;
    case 2: /* from the first to below the second */
        return last >= one && first < two;
    case 3: /* outside of that */
        return first < one || last >= two;
    default:
        return (one >= first && one <= last) | (two >= first && two <= last) << 1;
    }
}

/* BRT and RET come before the branch or return is executed. */
static void look_at_next(E500 *c, uint32_t dbcr0)
{
    uint32_t word;
    Insn in;

    if (!(dbcr0 & (DBCR0_BRT | DBCR0_RET)) || e500_fetch(c, c->s.pc, &word) != EXEC_NEXT)
        return; /* the fetch proper will raise it */
    insn_decode(word, c->model, &in);
    if ((dbcr0 & DBCR0_RET) && in.id == INSN_rfi)
        e500_debug_event(c, DBSR_RET);
    if ((dbcr0 & DBCR0_BRT) && e500_branch_would_be_taken(c, &in))
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
    c->icmp_armed = dbcr0 & DBCR0_ICMP;
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

bool e500_debug_watches_page(const E500 *c, Ea page)
{
    return watches_data(c) && compare_pair(c->s.spr[SPR_DBCR2], c->s.spr[SPR_DAC1],
                                           c->s.spr[SPR_DAC2], page, page | 0xfff);
}

bool e500_debug_data_access(E500 *c, Ea ea, unsigned size, E500Access access)
{
    uint32_t dbcr0 = c->s.spr[SPR_DBCR0], dbcr2 = c->s.spr[SPR_DBCR2];
    bool pr = c->s.msr & MSR_PR, as = c->s.msr & MSR_DS, write = access == ACCESS_WRITE;
    uint32_t wanted = write ? 1 : 2;
    uint32_t dbsr = 0;
    unsigned hit;

    if (!watches_data(c))
        return false;
    hit = compare_pair(dbcr2, c->s.spr[SPR_DAC1], c->s.spr[SPR_DAC2], ea, ea + size - 1);
    if ((hit & 1) && (dbcr0 >> DBCR0_DAC1_SHIFT & wanted) && state_matches(dbcr2, 0, pr, as))
        dbsr |= write ? DBSR_DAC1W : DBSR_DAC1R;
    if ((hit & 2) && (dbcr0 >> DBCR0_DAC2_SHIFT & wanted) && state_matches(dbcr2, 1, pr, as))
        dbsr |= write ? DBSR_DAC2W : DBSR_DAC2R;
    return dbsr && e500_debug_event(c, dbsr);
}

void e500_debug_rewritten(E500 *c)
{
    e500_soft_tlb_flush(c); /* other pages may be watched now */
    if (c->s.spr[SPR_DBCR0] & DBCR0_IDM)
        e500_attention(c, E500_ATT_IRQ);
}
