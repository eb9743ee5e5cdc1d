/* SPDX-License-Identifier: MIT
 *
 * Contexts, and removing translations from the soft TLB, the device TLB and the fetch TLB.  mem.c fills them.
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
    E500Context fetch = e500_own_context(c->s.msr & MSR_IS, pid, pr);

    c->ctx_data = e500_own_context(c->s.msr & MSR_DS, pid, pr);
    e500_window_enter(c);
    if (fetch != c->ctx_fetch) {
        c->ctx_fetch = fetch;
        c->fetch_page = 1;
    }
}

void e500_soft_tlb_of_pid(E500 *c, Ea ea)
{
    if (c->n_of_pid < E500_OF_PID_MAX)
        c->of_pid[c->n_of_pid] = ea & EA_PAGE_MASK;
    if (c->n_of_pid <= E500_OF_PID_MAX)
        c->n_of_pid++;
}

/* --- soft TLB --- */

static void forget(E500 *c, E500Kept *kept)
{
    kept->epoch++;
    memset(kept->marks, 0, sizeof(kept->marks));
    c->epochs++;
}

static void forget_page(E500 *c, E500Kept *kept, Ea ea)
{
    unsigned n = e500_mark(ea);
    if (kept->marks[n / 64] >> n % 64 & 1)
        forget(c, kept);
}

void e500_soft_tlb_flush(E500 *c)
{
    for (unsigned i = 0; i < E500_SPACES; i++) {
        forget(c, &c->kept_fetches[i]);
        forget(c, &c->kept_data[i]);
    }
    for (unsigned i = 0; i < E500_SOFT_TLB_SIZE; i++)
        c->soft_tlb[i].tag_read = c->soft_tlb[i].tag_write = E500_TAG_EMPTY;
    for (unsigned i = 0; i < E500_FETCH_TLB_SIZE; i++)
        c->fetch_tlb[i].tag = E500_TAG_EMPTY;
    for (unsigned i = 0; i < E500_DEVICE_TLB_SIZE; i++)
        c->device_tlb[i].tag = E500_TAG_EMPTY;
    c->fetch_page = 1;
    c->n_of_pid = 0;
    e500_window_close(c);
}

static void drop_page(E500 *c, Ea ea)
{
    E500SoftTlb *t = &c->soft_tlb[e500_soft_tlb_index(ea)];
    E500FetchTlb *f = &c->fetch_tlb[e500_fetch_tlb_index(ea)];
    E500DeviceTlb *d = &c->device_tlb[e500_device_tlb_index(ea)];

    if (e500_tag_is_of_page(t->tag_read, ea) || e500_tag_is_of_page(t->tag_write, ea))
        t->tag_read = t->tag_write = E500_TAG_EMPTY;
    if (e500_tag_is_of_page(f->tag, ea))
        f->tag = E500_TAG_EMPTY;
    if (e500_tag_is_of_page(d->tag, ea))
        d->tag = E500_TAG_EMPTY;
    if (c->fetch_page == (ea & EA_PAGE_MASK))
        c->fetch_page = 1;
    if ((Ea)(ea - c->window.base) < c->window.bytes)
        e500_window_close(c);
}

void e500_soft_tlb_flush_page(E500 *c, Ea ea)
{
    drop_page(c, ea);
    for (unsigned i = 0; i < E500_SPACES; i++) {
        forget_page(c, &c->kept_fetches[i], ea);
        forget_page(c, &c->kept_data[i], ea);
    }
}

static bool supervisor_has_of_pid(const E500 *c, Ea ea)
{
    bool has = c->n_of_pid > E500_OF_PID_MAX;
    for (unsigned i = 0; i < c->n_of_pid && !has; i++)
        has = c->of_pid[i] == (ea & EA_PAGE_MASK);
    return has;
}

void e500_soft_tlb_flush_page_of_pid(E500 *c, Ea ea)
{
    if (supervisor_has_of_pid(c, ea)) {
        e500_soft_tlb_flush_page(c, ea);
        return;
    }
    drop_page(c, ea);
    forget_page(c, &c->kept_fetches[E500_USER], ea);
    forget_page(c, &c->kept_data[E500_USER], ea);
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

/* A user's tags name the PID, and stay right. */
void e500_pid_changed(E500 *c)
{
    if (c->n_of_pid > E500_OF_PID_MAX)
        e500_soft_tlb_flush(c);
    for (unsigned i = 0; i < c->n_of_pid; i++) {
        drop_page(c, c->of_pid[i]);
        forget_page(c, &c->kept_fetches[E500_SUPERVISOR], c->of_pid[i]);
        forget_page(c, &c->kept_data[E500_SUPERVISOR], c->of_pid[i]);
    }
    c->n_of_pid = 0;
    e500_context_changed(c);
}

void e500_soft_tlb_protect(E500 *c, uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < E500_SPACES; i++)
        forget(c, &c->kept_data[i]);
    for (unsigned i = 0; i < E500_SOFT_TLB_SIZE; i++)
        if (e500_slot_gpa(&c->soft_tlb[i], 0) - gpa < size) {
            c->soft_tlb[i].tag_write = E500_TAG_EMPTY;
            c->soft_tlb[i].gpa_flags &= ~(uint64_t)SLOT_COUNTED;
        }
}
