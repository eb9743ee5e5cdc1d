/* SPDX-License-Identifier: MIT
 *
 * Contexts, and forgetting translations that the soft TLB or the fetch TLB remember.  mem.c fills
 * them.
 */
#include "cpu/e500/mmu.h"

/* --- contexts --- */

uint64_t e500_context(bool as, uint8_t pid, bool pr)
{
    /* Bit 31 keeps a tag of the first page apart from SOFT_TLB_EMPTY. */
    return (uint64_t)(1u << 31 | (uint32_t)as << 9 | (uint32_t)pr << 8 | pid) << 32;
}

uint64_t e500_external_context(const E500 *c, E500Access access)
{
    uint32_t epc = c->s.spr[access == ACCESS_WRITE ? SPR_EPSC : SPR_EPLC];

    return e500_context(epc >> 30 & 1, (uint8_t)epc, epc >> 31);
}

void e500_context_changed(E500 *c)
{
    bool pr = c->s.msr & MSR_PR;
    uint8_t pid = (uint8_t)c->s.spr[SPR_PID];
    uint64_t fetch = e500_context(c->s.msr & MSR_IS, pid, pr);

    c->ctx_data = e500_context(c->s.msr & MSR_DS, pid, pr);
    c->ctx_store = c->vm->granules ? UINT64_MAX : c->ctx_data;
    if (fetch != c->ctx_fetch) {
        c->ctx_fetch = fetch;
        c->fetch_page = 1;
    }
}

/* --- soft TLB --- */

void e500_soft_tlb_flush(E500 *c)
{
    for (unsigned i = 0; i < E500_SOFT_TLB_SIZE; i++)
        c->soft_tlb[i].tag_read = c->soft_tlb[i].tag_write = SOFT_TLB_EMPTY;
    for (unsigned i = 0; i < E500_FETCH_TLB_SIZE; i++)
        c->fetch_tlb[i].tag = SOFT_TLB_EMPTY;
    c->fetch_page = 1;
}

void e500_soft_tlb_flush_page(E500 *c, Ea ea)
{
    E500SoftTlb *t = &c->soft_tlb[(ea >> 12) % E500_SOFT_TLB_SIZE];

    t->tag_read = t->tag_write = SOFT_TLB_EMPTY;
    c->fetch_tlb[(ea >> 12) % E500_FETCH_TLB_SIZE].tag = SOFT_TLB_EMPTY;
    if (c->fetch_page == (ea & 0xfffff000u))
        c->fetch_page = 1;
}

void e500_soft_tlb_flush_range(E500 *c, Ea ea, uint64_t size)
{
    if (size > 64 * 4096) {
        e500_soft_tlb_flush(c);
        return;
    }
    for (uint64_t at = 0; at < size; at += 4096)
        e500_soft_tlb_flush_page(c, ea + (Ea)at);
}

uint8_t *e500_vm_ram(const E500Vm *vm, uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < vm->n_ram; i++) {
        const AccelRam *r = &vm->ram[i];

        if (gpa >= r->gpa && gpa - r->gpa < r->size && size <= r->size - (gpa - r->gpa))
            return (uint8_t *)r->hva + (gpa - r->gpa);
    }
    return NULL;
}
