/* SPDX-License-Identifier: MIT
 *
 * Code that is written over: by this vCPU, by another one, by a device, a hypercall, a debugger.
 *
 * A page of which a vCPU translated instructions has PAGE_CODE, so every store to it is heard of (cpu/e500/ram.h).  The vCPU's own store
 * drops the blocks at once, and the block that stored is left behind the store.  For any other vCPU the store goes into its mail, and its
 * limit is set to 0: it attends to it before it enters its next block.  So whoever stores an instruction and then tells the other vCPU by a
 * second store, as the architecture asks, finds it executing the new one.
 */
#include <string.h>

#include "cpu/e500/mail.h"
#include "cpu/e500/ram.h"
#include "cpu/jit/jit.h"

/* A VM's: which vCPUs have blocks of which pages. */
typedef struct JitVm {
    E500Vm *vm;
    GHashTable *users; /* gpa of a page → JitUsers */
    Jit *jit[64];
    unsigned n;
} JitVm;

typedef struct JitUsers {
    uint64_t gpa;
    uint64_t vcpus; /* bit n: vCPU n */
} JitUsers;

static GMutex lock; /* of all of it, of all VMs: stores to code are rare */

/* --- mail --- */

static void post(Jit *to, uint64_t gpa, uint64_t size)
{
    g_mutex_lock(&to->lock);
    if (to->n_mail < JIT_MAIL_MAX)
        to->mail[to->n_mail++] = (JitMail){gpa, size};
    else
        to->mail[0] = (JitMail){0, UINT64_MAX}; /* more than fit: all code */
    __atomic_store_n(&to->has_mail, 1, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&to->lock);
    e500_attention(&to->vcpu->core, 0);
}

void jit_smc_attend(Jit *jit)
{
    if (__builtin_expect(!__atomic_load_n(&jit->has_mail, __ATOMIC_SEQ_CST), 1))
        return;
    JitMail mail[JIT_MAIL_MAX];
    g_mutex_lock(&jit->lock);
    unsigned n = jit->n_mail;
    memcpy(mail, jit->mail, n * sizeof(mail[0]));
    jit->n_mail = 0;
    __atomic_store_n(&jit->has_mail, 0, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&jit->lock);
    for (unsigned i = 0; i < n; i++)
        if (mail[i].size == UINT64_MAX)
            jit_flush(jit);
        else
            jit_smc_written(jit, mail[i].gpa, mail[i].size);
}

/* --- whose pages --- */

/* With the lock.  Without users a page's stores are nobody's business any more. */
static void leave_page(JitVm *v, Jit *jit, JitUsers *users)
{
    users->vcpus &= ~(UINT64_C(1) << jit->vcpu->core.index);
    if (!users->vcpus)
        e500_page_flag_clear(v->vm, users->gpa, E500_PAGE_SIZE, PAGE_CODE);
}

bool jit_smc_watch(Jit *jit, JitPage *page)
{
    E500 *c = &jit->vcpu->core;
    JitVm *v = c->vm->code_opaque;

    if (!page->settled) {
        g_mutex_lock(&lock);
        JitUsers *users = g_hash_table_lookup(v->users, &page->gpa);
        if (!users) {
            users = g_new0(JitUsers, 1);
            users->gpa = page->gpa;
            g_hash_table_insert(v->users, &users->gpa, users);
        }
        if (!(users->vcpus >> c->index & 1)) {
            users->vcpus |= UINT64_C(1) << c->index;
            e500_page_flag_set(c->vm, c, page->gpa, E500_PAGE_SIZE, PAGE_CODE);
        }
        g_mutex_unlock(&lock);
        page->settled = e500_mail_done(c->vm, c);
    }
    return page->settled;
}

static void unwatch(Jit *jit, JitPage *page)
{
    JitVm *v = jit->vcpu->core.vm->code_opaque;

    g_mutex_lock(&lock);
    JitUsers *users = g_hash_table_lookup(v->users, &page->gpa);
    if (users)
        leave_page(v, jit, users);
    g_mutex_unlock(&lock);
    page->settled = false;
}

void jit_smc_forget(Jit *jit)
{
    GHashTableIter iter;
    gpointer page;

    g_hash_table_iter_init(&iter, jit->pages);
    while (g_hash_table_iter_next(&iter, NULL, &page))
        unwatch(jit, page);
}

/* --- stores --- */

enum {
    STRAY_STORES = 64, /* so many stores beside a page's code, and the page has become data */
};

static void drop_page(Jit *jit, JitPage *page)
{
    for (; page->blocks; page->blocks = page->blocks->next_in_page)
        if (!page->blocks->dead)
            jit_block_drop(jit, page->blocks);
    page->words = 0;
    page->written = 0;
    unwatch(jit, page);
}

/* Drops the blocks made from [from, to] of the page.  What is left decides whether the page is still code. */
static void drop_overlapping(Jit *jit, JitPage *page, uint32_t from, uint32_t to)
{
    page->words = 0;
    for (JitBlock **at = &page->blocks; *at;) {
        JitBlock *b = *at;
        if (b->first <= to && from < b->last + 4) {
            *at = b->next_in_page;
            jit_block_drop(jit, b);
        } else {
            for (uint32_t n = b->first / 64; n <= b->last / 64; n++)
                page->words |= UINT64_C(1) << n;
            at = &b->next_in_page;
        }
    }
}

void jit_smc_written(Jit *jit, uint64_t gpa, uint64_t size)
{
    uint64_t page_gpa = gpa & ~UINT64_C(0xfff);
    JitPage *page = g_hash_table_lookup(jit->pages, &page_gpa);
    uint32_t from = gpa & 0xfff, to = (uint32_t)(from + size - 1);

    if (!page || !page->settled)
        return;
    bool meets = false;
    for (uint32_t n = from / 64; n <= to / 64; n++)
        meets |= page->words >> n & 1;
    if (meets) {
        uint64_t before = jit->stats.invalidated;
        drop_overlapping(jit, page, from, to);
        if (jit->stats.invalidated != before) {
            page->rewritten++;
            page->rewritten_at = jit->vcpu->core.count.instructions;
            e500_attention(&jit->vcpu->core, 0); /* the block that stored may be among them */
        }
    }
    if (!page->blocks || ++page->written > STRAY_STORES)
        drop_page(jit, page);
}

/* E500CodeWritten */
static void code_written(void *opaque, E500 *by, uint64_t gpa, uint64_t size)
{
    JitVm *v = opaque;
    uint64_t page = gpa & ~UINT64_C(0xfff);

    g_mutex_lock(&lock);
    JitUsers *users = g_hash_table_lookup(v->users, &page);
    uint64_t vcpus = users ? users->vcpus : 0;
    for (uint64_t left = vcpus; left; left &= left - 1) {
        unsigned n = (unsigned)__builtin_ctzll(left);
        if (v->jit[n] && (!by || by->index != n))
            post(v->jit[n], gpa, size);
    }
    g_mutex_unlock(&lock);
    if (by && vcpus >> by->index & 1)
        jit_smc_written(v->jit[by->index], gpa, size);
}

/* --- a VM's vCPUs come and go --- */

void jit_smc_join(Jit *jit)
{
    E500Vm *vm = jit->vcpu->core.vm;

    g_mutex_lock(&lock);
    JitVm *v = vm->code_opaque;
    if (!v) {
        v = g_new0(JitVm, 1);
        v->vm = vm;
        v->users = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
        vm->code_opaque = v;
        vm->code_written = code_written;
    }
    v->jit[jit->vcpu->core.index] = jit;
    v->n++;
    g_mutex_unlock(&lock);
}

void jit_smc_leave(Jit *jit)
{
    E500Vm *vm = jit->vcpu->core.vm;
    JitVm *v = vm->code_opaque;

    jit_smc_forget(jit);
    g_mutex_lock(&lock);
    v->jit[jit->vcpu->core.index] = NULL;
    if (!--v->n) {
        vm->code_written = NULL;
        vm->code_opaque = NULL;
        g_hash_table_unref(v->users);
        g_free(v);
    }
    g_mutex_unlock(&lock);
}
