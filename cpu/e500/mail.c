/* SPDX-License-Identifier: MIT
 *
 * Requests of cores to others.  Why nobody misses one:
 *
 * The sender puts it into the box, sets has_mail, then looks whether the receiver executes.  The receiver sets `executing`, then looks
 * at has_mail, then executes.  All four are sequentially consistent, so one of the two sees the other: either the receiver does what
 * it is asked before it executes, or the sender sees it executing and waits until has_mail is 0.
 */
#include "cpu/e500/mail.h"
#include "cpu/e500/mmu.h"

/* With the box's lock. */
static void notify(E500 *to)
{
    __atomic_store_n(&to->has_mail, 1, __ATOMIC_SEQ_CST);
}

static void post_tlbivax(E500 *to, Ea arg)
{
    E500Mail *box = &to->mail;

    g_mutex_lock(&box->lock);
    if (box->n_tlb < E500_MAIL_MAX)
        box->tlb[box->n_tlb] = arg;
    if (box->n_tlb <= E500_MAIL_MAX)
        box->n_tlb++;
    notify(to);
    g_mutex_unlock(&box->lock);
    e500_attention(to, E500_ATT_MAIL);
}

static void post_protect(E500 *to, uint64_t gpa, uint64_t size)
{
    E500Mail *box = &to->mail;

    g_mutex_lock(&box->lock);
    if (box->n_protect < E500_MAIL_MAX)
        box->protect[box->n_protect++] = (E500MailRange){gpa, size};
    else
        box->protect[0] = (E500MailRange){
            0, UINT64_MAX}; /* more than fit into the box: the receiver invalidates everything, which is always right */
    notify(to);
    g_mutex_unlock(&box->lock);
    e500_attention(to, E500_ATT_MAIL);
}

void e500_mail_tlbivax(E500 *c, Ea arg)
{
    for (unsigned i = 0; i < c->vm->n_cores; i++)
        if (c->vm->core[i] && c->vm->core[i] != c)
            post_tlbivax(c->vm->core[i], arg);
}

void e500_mail_protect(const E500Vm *vm, const E500 *by, uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < vm->n_cores; i++)
        if (vm->core[i] && vm->core[i] != by)
            post_protect(vm->core[i], gpa, size);
}

bool e500_mail_done(const E500Vm *vm, const E500 *by)
{
    for (unsigned i = 0; i < vm->n_cores; i++) {
        const E500 *other = vm->core[i];

        if (other && other != by && __atomic_load_n(&other->has_mail, __ATOMIC_SEQ_CST) &&
            __atomic_load_n(&other->executing, __ATOMIC_SEQ_CST))
            return false;
    }
    return true;
}

void e500_mail_attend(E500 *c)
{
    E500Mail *box = &c->mail;

    if (!__atomic_load_n(&c->has_mail, __ATOMIC_SEQ_CST))
        return;
    g_mutex_lock(&box->lock);
    if (box->n_tlb > E500_MAIL_MAX)
        e500_tlb_flash(c, true, true);
    else
        for (unsigned i = 0; i < box->n_tlb; i++)
            e500_tlb_invalidate(c, box->tlb[i]);
    for (unsigned i = 0; i < box->n_protect; i++)
        e500_soft_tlb_protect(c, box->protect[i].gpa, box->protect[i].size);
    box->n_tlb = box->n_protect = 0;
    __atomic_store_n(&c->has_mail, 0, __ATOMIC_SEQ_CST); /* only now: others wait for it */
    g_mutex_unlock(&box->lock);
}
