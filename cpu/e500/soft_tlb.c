/* SPDX-License-Identifier: MIT
 *
 * Contexts, and removing translations from the soft TLB and the fetch TLB.  mem.c fills them.
 */
#include <string.h>

#include "cpu/e500/mmu.h"

/* --- contexts --- */

E500Context e500_external_context(const E500 *c, E500Access access)
{
    uint32_t epc = c->s.spr[access == ACCESS_WRITE ? SPR_EPSC : SPR_EPLC];

    return e500_context(epc >> 30 & 1, (uint8_t)epc, epc >> 31);
}

void e500_context_changed(E500 *c)
{
    bool pr = c->s.msr & MSR_PR;
    uint8_t pid = (uint8_t)c->s.spr[SPR_PID];
    E500Context fetch = e500_context(c->s.msr & MSR_IS, pid, pr);

    c->ctx_data = e500_context(c->s.msr & MSR_DS, pid, pr);
    if (fetch != c->ctx_fetch) {
        c->ctx_fetch = fetch;
        c->fetch_page = 1;
    }
}

/* --- soft TLB --- */

static void fetches_changed(E500 *c)
{
    c->fetch_epoch++;
    memset(c->fetch_marks, 0, sizeof(c->fetch_marks));
}

static void data_changed(E500 *c)
{
    c->data_epoch++;
    memset(c->data_marks, 0, sizeof(c->data_marks));
}

static bool is_marked(const uint64_t marks[], Ea ea)
{
    unsigned n = (unsigned)(ea >> E500_PAGE_BITS) % E500_MARKS;
    return marks[n / 64] >> n % 64 & 1;
}

void e500_soft_tlb_flush(E500 *c)
{
    fetches_changed(c);
    data_changed(c);
    for (unsigned i = 0; i < E500_SOFT_TLB_SIZE; i++)
        c->soft_tlb[i].tag_read = c->soft_tlb[i].tag_write = E500_TAG_EMPTY;
    for (unsigned i = 0; i < E500_FETCH_TLB_SIZE; i++)
        c->fetch_tlb[i].tag = E500_TAG_EMPTY;
    c->fetch_page = 1;
}

void e500_soft_tlb_flush_page(E500 *c, Ea ea)
{
    E500SoftTlb *t = &c->soft_tlb[e500_soft_tlb_index(ea)];

    t->tag_read = t->tag_write = E500_TAG_EMPTY;
    c->fetch_tlb[e500_fetch_tlb_index(ea)].tag = E500_TAG_EMPTY;
    if (is_marked(c->fetch_marks, ea))
        fetches_changed(c);
    if (is_marked(c->data_marks, ea))
        data_changed(c);
    if (c->fetch_page == (ea & EA_PAGE_MASK))
        c->fetch_page = 1;
}

void e500_soft_tlb_flush_range(E500 *c, Ea ea, uint64_t size)
{
    if (size > 64 * E500_PAGE_SIZE) {
        e500_soft_tlb_flush(c);
        return;
    }
    for (uint64_t at = 0; at < size; at += E500_PAGE_SIZE)
        e500_soft_tlb_flush_page(c, ea + (Ea)at);
}

void e500_soft_tlb_protect(E500 *c, uint64_t gpa, uint64_t size)
{
    data_changed(c);
    for (unsigned i = 0; i < E500_SOFT_TLB_SIZE; i++)
        if (e500_slot_gpa(&c->soft_tlb[i], 0) - gpa < size)
            c->soft_tlb[i].tag_write = E500_TAG_EMPTY;
}
