/* SPDX-License-Identifier: MIT
 *
 * Blocks: finding them, linking them, dropping them.
 *
 * The key is the physical address of the first instruction, its effective address (code has addresses of its own in it) and the state word.
 * So a write to PID or a TLB drops nothing: a translation that is found again by the same key is right whoever maps it.
 */
#include <string.h>

#include "cpu/e500/mmu.h"
#include "cpu/jit/jit.h"
#include "cpu/log.h"

/* The blocks of a page lie beside each other, so that a short run touches little of the table. */
static JitBlock **bucket(Jit *jit, uint64_t gpa, Ea pc)
{
    enum { WITHIN_BITS = 8 };
    uint32_t page = (uint32_t)(gpa >> E500_PAGE_BITS ^ gpa >> 32) * 0x9e3779b1u ^ (uint32_t)(pc >> E500_PAGE_BITS) * 0x85ebca6bu;
    return &jit->hash[page >> (32 - JIT_HASH_BITS + WITHIN_BITS) << WITHIN_BITS | (gpa >> 2 & ((1u << WITHIN_BITS) - 1))];
}

JitBlock *jit_block_find(Jit *jit, uint64_t gpa, Ea pc, uint32_t state)
{
    JitBlock *b = *bucket(jit, gpa, pc);
    while (b && (b->gpa != gpa || b->pc != pc || b->state != state))
        b = b->next;
    return b;
}

void jit_block_add(Jit *jit, JitPage *page, JitBlock *b)
{
    JitBlock **at = bucket(jit, b->gpa, b->pc);
    b->next = *at;
    *at = b;
    b->next_in_page = page->blocks;
    jit->made++;
    page->blocks = b;
    for (uint32_t n = b->first / 64; n <= b->last / 64; n++)
        page->words |= UINT64_C(1) << n;
}

JitPage *jit_page(Jit *jit, uint64_t gpa)
{
    JitPage *page = g_hash_table_lookup(jit->pages, &gpa);
    if (!page) {
        page = g_new0(JitPage, 1);
        page->gpa = gpa;
        g_hash_table_insert(jit->pages, &page->gpa, page);
    }
    return page;
}

/* --- links --- */

void jit_link(Jit *jit, JitLink *link, JitBlock *to)
{
    link->to = to;
    link->next = to->incoming;
    to->incoming = link;
    jit_emit_link(link, to->code, &jit->code);
    jit->stats.links++;
}

static void unlink_from_target(Jit *jit, JitLink *link)
{
    JitLink **at = &link->to->incoming;
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    link->to = NULL;
}

/* The block's code stays as it is until the next flush: it may be executing. */
void jit_block_drop(Jit *jit, JitBlock *b)
{
    if (b->dead) /* one that had an access that wanders: its page still has it */
        return;
    JitBlock **at = bucket(jit, b->gpa, b->pc);
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    for (unsigned i = 0; i < b->n_links; i++)
        if (b->link[i].to)
            unlink_from_target(jit, &b->link[i]);
    while (b->incoming) {
        JitLink *link = b->incoming;
        unlink_from_target(jit, link);
        jit_emit_link(link, NULL, &jit->code);
    }
    for (unsigned i = 0; i < JIT_TARGET_TABLES; i++) {
        JitTarget *t = &jit->target[i * JIT_TARGETS + (b->pc >> 2 & (JIT_TARGETS - 1))];
        if (t->code == b->code)
            *t = (JitTarget){0};
    }
    b->dead = true;
    jit->dropped++;
    LOG(LOG_JIT, "vCPU %u: block 0x%" PRI_EA " dropped", jit->vcpu->core.index, b->pc);
    jit->stats.invalidated++;
}

/* The block may be the one that executes: it goes on to its end. */
void jit_manner(Jit *jit, JitRecord *record)
{
    unsigned known = GPOINTER_TO_UINT(g_hash_table_lookup(jit->manner, record->word));
    unsigned new = record->flags &RECORD_WINDOW ? JIT_OUTSIDE : JIT_WANDERS;
    g_hash_table_insert(jit->manner, (void *)(uintptr_t)record->word, GUINT_TO_POINTER(known | new));
    record->changes = JIT_SITE_CHANGES;
    jit_block_drop(jit, record->block);
}

void jit_flush(Jit *jit)
{
    jit_smc_forget(jit);
    g_hash_table_remove_all(jit->pages);
    g_hash_table_remove_all(jit->manner);
    memset(jit->hash, 0, sizeof(jit->hash));
    memset(jit->target, 0, JIT_TARGET_TABLES * JIT_TARGETS * sizeof(JitTarget));
    g_ptr_array_set_size(jit->arena, 0);
    jit->unlinked = NULL;
    jit->made = jit->dropped = 0;
    jit->code.used = jit->code.first;
    jit->code.sites = jit->code.size;
    jit->stats.flushes++;
}
