/* SPDX-License-Identifier: MIT
 *
 * The window (E500Window): what the large TLB1 entries of a kernel's linear map, or of a program without a kernel, have in common.
 *
 * It is found where the soft TLB is filled by such an entry, and lost where the soft TLB loses one of its pages (soft_tlb.c).  So each change
 * of the TLB arrays, of a watchpoint or of the context that concerns it is met there.
 */
#include "cpu/e500/debug.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/ram.h"

enum {
    WINDOW_LEAST = 1 << 20, /* bytes: less is not worth it */
    WINDOW_AGAIN = 256,     /* fills after a search that found nothing better */
};

typedef struct Stretch {
    Ea base;
    uint64_t bytes, gpa;
} Stretch;

static uint64_t bytes_of(const E500TlbEntry *e)
{
    return UINT64_C(1024) << (2 * ((e->mas1 & MAS1_TSIZE) >> MAS1_TSIZE_SHIFT));
}

static Ea base_of(const E500TlbEntry *e)
{
    return e->mas2 & EA_PAGE_MASK & (Ea) ~(bytes_of(e) - 1);
}

/* What an entry maps for a supervisor of every PID, for loads and for stores. */
static bool maps(const E500TlbEntry *e, bool as, Stretch *out)
{
    const uint32_t read_and_write = 5;

    *out = (Stretch){base_of(e), bytes_of(e), e->mas7_3 & MAS7_3_RPN & ~(bytes_of(e) - 1)};
    return e->mas1 & MAS1_V && !(e->mas1 & MAS1_TID) && !(e->mas1 & MAS1_TS) == !as && !(e->mas2 & MAS2_E) &&
           (e->mas7_3 & read_and_write) == read_and_write;
}

static bool meets(const Stretch *s, const E500TlbEntry *e, bool as)
{
    Ea base = base_of(e);

    return e->mas1 & MAS1_V && !(e->mas1 & MAS1_TS) == !as &&
           (base - (uint64_t)s->base < s->bytes || s->base - (uint64_t)base < bytes_of(e));
}

/* Puts s, or *at and s, together where they follow one another in both kinds of addresses. */
static bool join(Stretch *at, const Stretch *s)
{
    if ((uint64_t)at->base + at->bytes == s->base && at->gpa + at->bytes == s->gpa) {
        at->bytes += s->bytes;
        return true;
    }
    if ((uint64_t)s->base + s->bytes == at->base && s->gpa + s->bytes == at->gpa) {
        *at = (Stretch){s->base, at->bytes + s->bytes, s->gpa};
        return true;
    }
    return false;
}

/* The entries around ea that continue each other; *used has a bit for each of them. */
static bool gather(const E500 *c, Ea ea, bool as, Stretch *at, uint64_t *used)
{
    Stretch s;
    bool grown = true;

    *used = 0;
    for (uint64_t valid = c->tlb1_valid; valid && !*used; valid &= valid - 1) {
        unsigned n = (unsigned)__builtin_ctzll(valid);
        if (maps(&c->s.tlb1[n], as, at) && ea - (uint64_t)at->base < at->bytes)
            *used = UINT64_C(1) << n;
    }
    while (*used && grown) {
        grown = false;
        for (uint64_t left = c->tlb1_valid & ~*used; left; left &= left - 1) {
            unsigned n = (unsigned)__builtin_ctzll(left);
            if (maps(&c->s.tlb1[n], as, &s) && join(at, &s)) {
                *used |= UINT64_C(1) << n;
                grown = true;
            }
        }
    }
    return *used;
}

/* No other entry, of whatever PID, translates an address of it. */
static bool is_alone(const E500 *c, const Stretch *s, bool as, uint64_t used)
{
    for (uint64_t left = c->tlb1_valid & ~used; left; left &= left - 1)
        if (meets(s, &c->s.tlb1[__builtin_ctzll(left)], as))
            return false;
    for (unsigned i = 0; i < E500_TLB0_ENTRIES; i++)
        if (meets(s, &c->s.tlb0[i], as))
            return false;
    return true;
}

/* The part of it that is RAM, of the block in which ea lies. */
static const E500Ram *in_ram(const E500 *c, Ea ea, Stretch *s)
{
    uint64_t gpa = s->gpa + (ea - s->base);

    for (unsigned i = 0; i < c->vm->n_ram; i++) {
        const AccelRam *r = &c->vm->ram[i].block;
        if (gpa - r->gpa >= r->size)
            continue;
        uint64_t from = MAX(s->gpa, r->gpa), end = MIN(s->gpa + s->bytes, r->gpa + r->size);
        *s = (Stretch){s->base + (Ea)(from - s->gpa), end - from, from};
        return &c->vm->ram[i];
    }
    return NULL;
}

/* False: there is none around ea that is better than what there is. */
static bool open_around(E500 *c, Ea ea)
{
    bool as = e500_context_as(c->ctx_data);
    E500Window *w = &c->window;
    uint64_t used;
    Stretch s;

    if (e500_debug_watches(c) || !gather(c, ea, as, &s, &used))
        return false;
    const E500Ram *ram = in_ram(c, ea, &s);
    if (!ram || s.bytes < WINDOW_LEAST || (s.bytes <= w->bytes && w->context == c->ctx_data) || s.bytes > UINT32_MAX ||
        !is_alone(c, &s, as, used))
        return false;
    w->base = s.base;
    w->bytes = s.bytes;
    w->addend = (uintptr_t)ram->block.hva + (s.gpa - ram->block.gpa) - s.base;
    w->flags = &ram->flags[(s.gpa - ram->block.gpa) >> E500_PAGE_BITS];
    w->context = c->ctx_data;
    e500_window_enter(c);
    return true;
}

void e500_window_look(E500 *c, Ea ea, uint64_t page_size)
{
    const E500Window *w = &c->window;

    if ((w->size && (Ea)(ea - w->base) < w->bytes) || page_size < WINDOW_LEAST || c->count.tlb_fills < w->again)
        return;
    if (!open_around(c, ea))
        c->window.again = c->count.tlb_fills + WINDOW_AGAIN;
}
