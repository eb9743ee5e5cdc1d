/* SPDX-License-Identifier: MIT
 *
 * The BookE MMU of the e500 cores, MMU architecture version 1.0 (EREF 2.0 §6; e500mc core manual
 * ch. 6): TLB0 holds 4K pages in sets of four, TLB1 pages of 4K to 4G in any entry.
 *
 * A core alone changes its own TLB arrays.  tlbivax asks the other cores by mail (mail.h); tlbsync
 * waits until those that execute have done as asked.
 */
#include <inttypes.h>
#include <string.h>

#include "cpu/e500/mail.h"
#include "cpu/e500/mmu.h"
#include "cpu/log.h"

enum {
    MAS0_TLBSEL_SHIFT = 28,
    MAS0_ESEL_SHIFT = 16,
    TSIZE_4K = 1,
    TSIZE_MAX = 11, /* 4^11 KiB = 4 GiB */
    TLBIVAX_INV_ALL = 1 << 2,
    TLBIVAX_TLBSEL = 1 << 3,
};

#define MAS2_EPN     ((E500Spr)EA_PAGE_MASK)
#define MAS2_ATTR    0x0000007fu
#define MAS4_TIDSELD 0x00030000u

/* --- entries --- */

static uint64_t entry_size(const E500TlbEntry *e)
{
    return UINT64_C(1024) << (2 * ((e->mas1 & MAS1_TSIZE) >> MAS1_TSIZE_SHIFT));
}

static bool entry_covers(const E500TlbEntry *e, Ea ea)
{
    return ((ea ^ e->mas2) & ~(entry_size(e) - 1) & MAS2_EPN) == 0;
}

static bool entry_in_space(const E500TlbEntry *e, bool as)
{
    return !(e->mas1 & MAS1_TS) == !as;
}

/* TLB1 has few entries near most addresses: of a kernel's, none near those of processes. */
static unsigned part_of(Ea ea)
{
    return (uint32_t)ea >> 28;
}

static uint8_t entry_tid(const E500TlbEntry *e)
{
    return (e->mas1 & MAS1_TID) >> 16;
}

/* PID0 and, on the e500v2, PID1 and PID2: an entry is visible if its TID is any of them.  On a core with one PID the other two are 0
 * here and match nothing more, as a TID of 0 is visible to all. */
typedef struct Pids {
    uint8_t pid[3];
} Pids;

static Pids pids_of(const E500 *c, uint8_t pid0)
{
    return (Pids){{pid0, (uint8_t)c->s.spr[SPR_PID1], (uint8_t)c->s.spr[SPR_PID2]}};
}

static bool entry_visible(const E500TlbEntry *e, Pids p)
{
    uint8_t tid = entry_tid(e);

    return !tid || tid == p.pid[0] || tid == p.pid[1] || tid == p.pid[2];
}

static unsigned tlb0_set(Ea ea)
{
    return (ea >> E500_PAGE_BITS) % E500_TLB0_SETS;
}

typedef struct Hit {
    const E500TlbEntry *entry;
    unsigned tlb, esel, count;
    bool of_pid; /* an entry that covers the address is not of all PIDs */
} Hit;

/* Where several entries match, the first one that was found stays the hit. */
static inline void hit_look(Hit *hit, const E500TlbEntry *entry, Ea ea, bool as, Pids pids, unsigned tlb, unsigned esel)
{
    /* One branch for all of it: which of several entries is the right one, the host cannot predict. */
    if (!(((entry->mas1 & MAS1_V) != 0) & entry_in_space(entry, as) & entry_covers(entry, ea)))
        return;
    hit->of_pid |= entry_tid(entry) != 0;
    if (entry_visible(entry, pids) && !hit->count++)
        *hit = (Hit){entry, tlb, esel, 1, hit->of_pid};
}

/*
 * The entry that translates ea.  Where several match, which an e500 core forbids and does not notice by itself, the lower one is
 * taken: TLB0 before TLB1, and in each the lower number.
 */

static Hit tlb_find(const E500 *c, Ea ea, bool as, Pids pids)
{
    const E500TlbEntry *set = &c->s.tlb0[tlb0_set(ea) * E500_TLB0_WAYS];
    Hit hit = {0};

    for (unsigned way = 0; way < E500_TLB0_WAYS; way++)
        hit_look(&hit, &set[way], ea, as, pids, 0, way);
    for (uint64_t near = c->tlb1_near[part_of(ea)]; near; near &= near - 1) {
        unsigned n = (unsigned)__builtin_ctzll(near);

        hit_look(&hit, &c->s.tlb1[n], ea, as, pids, 1, n);
    }
    return hit;
}

/* Only the e500mc looks for a second match, and only when software asks it to (e500mc core manual, HID0[EN_L2MMU_MHD]). */
static bool detects_multiple(const E500 *c)
{
    return c->model->core == E500_CORE_MC && c->s.spr[SPR_HID0] & HID0_EN_L2MMU_MHD;
}

void e500_tell_multiple(E500 *c, Ea ea)
{
    unsigned page = (uint32_t)(ea >> E500_PAGE_BITS) * 0x9e3779b1u >> 24; /* one of 256, as the bits of multiple_told are */
    uint32_t bit = 1u << page % 32;

    if (c->multiple_told[page / 32] & bit)
        return;
    c->multiple_told[page / 32] |= bit;
    LOG(LOG_GUEST_ERRORS, "vCPU %u: pc 0x%" PRI_EA ": more than one TLB entry translates 0x%" PRI_EA "; the lower one is used",
        c->index, c->s.pc, ea);
}

static uint8_t context_pid(const E500 *c, E500Context ctx)
{
    return e500_context_is_own(ctx) ? (uint8_t)c->s.spr[SPR_PID] : e500_context_pid(ctx);
}

E500MmuResult e500_mmu_lookup(const E500 *c, Ea ea, E500Context ctx, E500Access access, E500Translation *out)
{
    Hit hit = tlb_find(c, ea, e500_context_as(ctx), pids_of(c, context_pid(c, ctx)));
    uint32_t allowed;

    if (!hit.count)
        return MMU_MISS;
    allowed = (uint32_t)hit.entry->mas7_3 >>
              (e500_context_pr(ctx) ? 1 : 0); /* each user permission is the bit left of the supervisor's */
    out->page_size = entry_size(hit.entry);
    out->gpa = (hit.entry->mas7_3 & MAS7_3_RPN & ~(out->page_size - 1)) | (ea & (out->page_size - 1));
    out->mas2 = hit.entry->mas2;
    out->read = allowed & 1;
    out->write = allowed & 4;
    out->execute = allowed & 16;
    out->multiple = hit.count > 1;
    out->of_pid = hit.of_pid;
    if (out->multiple && detects_multiple(c))
        return MMU_MULTIPLE; /* *out is filled all the same: a debugger may look through it */
    if (access == ACCESS_READ ? out->read : access == ACCESS_WRITE ? out->write : out->execute)
        return MMU_OK;
    return MMU_DENIED;
}

/* --- invalidating --- */

/* A valid entry goes, or comes: a page that is remembered may not be translated any more, or have a second match. */
static void entry_changed(E500 *c, const E500TlbEntry *e)
{
    Ea ea = e->mas2 & MAS2_EPN;

    /* PIDs of 0 find what all PIDs see, and nothing more. */
    if (entry_tid(e) && entry_size(e) == E500_PAGE_SIZE && !tlb_find(c, ea, e->mas1 & MAS1_TS, (Pids){{0}}).count)
        e500_soft_tlb_flush_page_of_pid(c, ea);
    else
        e500_soft_tlb_flush_range(c, ea, entry_size(e));
}

static void entry_invalidate(E500 *c, E500TlbEntry *e)
{
    if (!(e->mas1 & MAS1_V) || (e->mas1 & MAS1_IPROT))
        return;
    LOG(LOG_MMU, "vCPU %u: entry mas1 0x%" PRI_SPR " mas2 0x%" PRI_SPR " invalidated", c->index, e->mas1, e->mas2);
    entry_changed(c, e);
    e->mas1 &= ~MAS1_V;
}

static void tlb1_count_valid(E500 *c)
{
    c->tlb1_valid = 0;
    memset(c->tlb1_near, 0, sizeof(c->tlb1_near));
    for (unsigned i = 0; i < c->model->tlb1_entries; i++) {
        const E500TlbEntry *e = &c->s.tlb1[i];
        Ea base = e->mas2 & MAS2_EPN & (Ea) ~(entry_size(e) - 1);

        if (!(e->mas1 & MAS1_V))
            continue;
        c->tlb1_valid |= UINT64_C(1) << i;
        for (unsigned part = part_of(base); part <= part_of(base + (Ea)(entry_size(e) - 1)); part++)
            c->tlb1_near[part] |= UINT64_C(1) << i;
    }
}

void e500_tlb_flash(E500 *c, bool tlb0, bool tlb1)
{
    LOG(LOG_MMU, "vCPU %u: all of TLB%s invalidated", c->index, tlb0 && tlb1 ? "0 and TLB1" : tlb0 ? "0" : "1");
    for (unsigned i = 0; tlb0 && i < E500_TLB0_ENTRIES; i++)
        c->s.tlb0[i].mas1 &= ~MAS1_V; /* TLB0 has no IPROT */
    for (unsigned i = 0; tlb1 && i < c->model->tlb1_entries; i++)
        if (!(c->s.tlb1[i].mas1 & MAS1_IPROT))
            c->s.tlb1[i].mas1 &= ~MAS1_V;
    tlb1_count_valid(c);
    e500_soft_tlb_flush(c);
}

/* tlbivax compares the EPN only: TID and TS do not matter (e500mc core manual §6.5, MAV 1.0). */
void e500_tlb_invalidate(E500 *c, Ea arg)
{
    if (arg & TLBIVAX_INV_ALL) {
        e500_tlb_flash(c, !(arg & TLBIVAX_TLBSEL), arg & TLBIVAX_TLBSEL);
        return;
    }
    if (arg & TLBIVAX_TLBSEL) {
        for (unsigned i = 0; i < c->model->tlb1_entries; i++)
            if (entry_covers(&c->s.tlb1[i], arg))
                entry_invalidate(c, &c->s.tlb1[i]);
        tlb1_count_valid(c);
        return;
    }
    for (unsigned way = 0; way < E500_TLB0_WAYS; way++) {
        E500TlbEntry *e = &c->s.tlb0[tlb0_set(arg) * E500_TLB0_WAYS + way];

        if (entry_covers(e, arg))
            entry_invalidate(c, e);
    }
}

void e500_tlbivax(E500 *c, Ea ea)
{
    e500_tlb_invalidate(c, ea);
    e500_mail_tlbivax(c, ea);
}

/* A core that does not execute attends its mail before it does, so nobody has to wait for it. */
bool e500_tlbsync_done(const E500 *c)
{
    for (unsigned i = 0; i < c->vm->n_cores; i++) {
        const E500 *other = c->vm->core[i];

        if (other && other != c && __atomic_load_n(&other->has_mail, __ATOMIC_SEQ_CST) &&
            __atomic_load_n(&other->in_guest, __ATOMIC_SEQ_CST))
            return false;
    }
    return true;
}

static void invalidate_page_of_pid(E500 *c, Ea ea, uint8_t pid, bool as)
{
    E500TlbEntry *set = &c->s.tlb0[tlb0_set(ea) * E500_TLB0_WAYS];

    for (unsigned way = 0; way < E500_TLB0_WAYS; way++)
        if (entry_tid(&set[way]) == pid && entry_in_space(&set[way], as) && entry_covers(&set[way], ea))
            entry_invalidate(c, &set[way]);
    for (uint64_t valid = c->tlb1_valid; valid; valid &= valid - 1) {
        E500TlbEntry *e = &c->s.tlb1[__builtin_ctzll(valid)];

        if (entry_tid(e) == pid && entry_in_space(e, as) && entry_covers(e, ea))
            entry_invalidate(c, e);
    }
}

static void invalidate_pid(E500 *c, uint8_t pid)
{
    for (unsigned i = 0; i < E500_TLB0_ENTRIES; i++)
        if (entry_tid(&c->s.tlb0[i]) == pid)
            entry_invalidate(c, &c->s.tlb0[i]);
    for (unsigned i = 0; i < c->model->tlb1_entries; i++)
        if (entry_tid(&c->s.tlb1[i]) == pid)
            entry_invalidate(c, &c->s.tlb1[i]);
}

/* Invalidates entries of this core only.  T = 0: all; 1: those of a PID; 3: a page of a PID and address space. */
void e500_tlbilx(E500 *c, unsigned t, Ea ea)
{
    uint8_t spid = (uint8_t)(c->s.spr[SPR_MAS6] >> 16);

    if (t == 0)
        e500_tlb_flash(c, true, true);
    else if (t == 1)
        invalidate_pid(c, spid);
    else
        invalidate_page_of_pid(c, ea, spid, c->s.spr[SPR_MAS6] & 1);
    tlb1_count_valid(c);
}

/* --- tlbre, tlbwe, tlbsx, misses --- */

/* The entry that MAS0 and MAS2 select.  Entry numbers beyond the array wrap; NULL for TLB numbers beyond 1. */
static E500TlbEntry *selected(E500 *c)
{
    uint32_t mas0 = c->s.spr[SPR_MAS0];
    unsigned esel = mas0 >> MAS0_ESEL_SHIFT & 0xfff;

    switch (mas0 >> MAS0_TLBSEL_SHIFT & 3) {
    case 0:
        return &c->s.tlb0[tlb0_set(c->s.spr[SPR_MAS2]) * E500_TLB0_WAYS + esel % E500_TLB0_WAYS];
    case 1:
        return &c->s.tlb1[esel % c->model->tlb1_entries];
    default:
        return NULL;
    }
}

static bool in_tlb0(const E500 *c, const E500TlbEntry *e)
{
    return e >= c->s.tlb0 && e < c->s.tlb0 + E500_TLB0_ENTRIES;
}

/* The e500v2 writes MAS7 only for software that says it knows MAS7, by HID0[EN_MAS7_UPDATE]. */
static bool updates_mas7(const E500 *c)
{
    return c->model->core != E500_CORE_V2 || c->s.spr[SPR_HID0] & HID0_EN_MAS7_UPDATE;
}

static void mas_from_entry(E500 *c, const E500TlbEntry *e)
{
    c->s.spr[SPR_MAS1] = e->mas1;
    c->s.spr[SPR_MAS2] = e->mas2;
    c->s.spr[SPR_MAS3] = (uint32_t)e->mas7_3;
    if (updates_mas7(c))
        c->s.spr[SPR_MAS7] = (uint32_t)(e->mas7_3 >> 32);
}

void e500_tlbre(E500 *c)
{
    const E500TlbEntry *e = selected(c);
    E500Spr *mas0 = &c->s.spr[SPR_MAS0];

    if (!e) {
        c->s.spr[SPR_MAS1] &= ~MAS1_V;
        return;
    }
    if (in_tlb0(c, e)) {
        unsigned set = tlb0_set(c->s.spr[SPR_MAS2]);
        uint32_t set_bits = set << 12; /* even an entry that was never written shows the set that it is in */

        mas_from_entry(c, e);
        c->s.spr[SPR_MAS2] = (c->s.spr[SPR_MAS2] & ~0x7f000u) | set_bits;
        *mas0 = (*mas0 & ~3u) | c->s.tlb0_nv[set];
    } else {
        mas_from_entry(c, e);
    }
}

/* The entry that the MAS registers describe, without what the array cannot hold: other page sizes, IPROT in TLB0, address bits inside
 * of the page. */
static E500TlbEntry entry_from_mas(const E500 *c, bool tlb0)
{
    uint32_t tsize = (c->s.spr[SPR_MAS1] & MAS1_TSIZE) >> MAS1_TSIZE_SHIFT;
    E500TlbEntry e = {
        .mas1 = c->s.spr[SPR_MAS1] & (MAS1_V | MAS1_IPROT | MAS1_TID | MAS1_TS),
        .mas2 = c->s.spr[SPR_MAS2] & (MAS2_EPN | MAS2_ATTR),
        .mas7_3 = (uint64_t)(c->s.spr[SPR_MAS7] & 0xf) << 32 | (c->s.spr[SPR_MAS3] & 0xfffff3ffu),
    };
    uint64_t inside;

    tsize = tlb0 ? TSIZE_4K : CLAMP(tsize, TSIZE_4K, TSIZE_MAX);
    e.mas1 |= tsize << MAS1_TSIZE_SHIFT;
    if (tlb0)
        e.mas1 &= ~MAS1_IPROT;
    inside = (entry_size(&e) - 1) & ~UINT64_C(0xfff);
    e.mas2 &= (E500Spr)~inside;
    e.mas7_3 &= ~inside;
    return e;
}

void e500_tlbwe(E500 *c)
{
    E500TlbEntry *e = selected(c);

    if (!e)
        return;
    if (e->mas1 & MAS1_V)
        entry_changed(c, e);
    *e = entry_from_mas(c, in_tlb0(c, e));
    LOG(LOG_MMU, "vCPU %u: tlbwe mas0 0x%" PRI_SPR ": mas1 0x%" PRI_SPR " mas2 0x%" PRI_SPR " mas7_3 0x%09" PRIx64, c->index,
        c->s.spr[SPR_MAS0], e->mas1, e->mas2, e->mas7_3);
    if (e->mas1 & MAS1_V)
        entry_changed(c, e);
    if (in_tlb0(c, e))
        c->s.tlb0_nv[tlb0_set(c->s.spr[SPR_MAS2])] = c->s.spr[SPR_MAS0] & 3;
    else
        tlb1_count_valid(c);
    if (in_tlb0(c, e) && e->mas1 & MAS1_V && entry_tid(e) && entry_tid(e) == c->s.spr[SPR_PID])
        e500_soft_tlb_expect(c, e->mas2 & MAS2_EPN, e500_context(entry_in_space(e, true), entry_tid(e), true));
}

/* Writes the MAS registers as a miss does, and a search that finds nothing: where the next entry goes, and its defaults from MAS4. */
static void mas_defaults(E500 *c, Ea ea, uint32_t mas1)
{
    uint32_t mas4 = c->s.spr[SPR_MAS4];
    uint32_t mas0 = mas4 & 0x30000000u;

    if (!mas0) {
        unsigned victim = c->s.tlb0_nv[tlb0_set(ea)];

        mas0 = victim << MAS0_ESEL_SHIFT | (victim + 1) % E500_TLB0_WAYS;
    }
    c->s.spr[SPR_MAS0] = mas0;
    c->s.spr[SPR_MAS1] = mas1 | (mas4 & MAS1_TSIZE);
    c->s.spr[SPR_MAS2] = (ea & MAS2_EPN) | (mas4 & MAS2_ATTR);
    c->s.spr[SPR_MAS3] = 0;
    if (updates_mas7(c))
        c->s.spr[SPR_MAS7] = 0;
}

void e500_tlbsx(E500 *c, Ea ea)
{
    uint32_t mas6 = c->s.spr[SPR_MAS6];
    uint8_t spid = (uint8_t)(mas6 >> 16);
    Hit hit = tlb_find(c, ea, mas6 & 1, (Pids){{spid}}); /* the search PID is MAS6's, and the PID registers do not matter */

    if (!hit.count) {
        mas_defaults(c, ea, (uint32_t)spid << 16 | (mas6 & 1 ? MAS1_TS : 0));
        return;
    }
    mas_from_entry(c, hit.entry);
    c->s.spr[SPR_MAS0] = hit.tlb << MAS0_TLBSEL_SHIFT | hit.esel << MAS0_ESEL_SHIFT | (hit.tlb ? 0 : c->s.tlb0_nv[tlb0_set(ea)]);
}

/* The PID register that MAS4[TIDSELD] selects; only the e500v2 has more than one. */
static uint8_t default_tid(const E500 *c, uint8_t pid)
{
    switch ((c->s.spr[SPR_MAS4] & MAS4_TIDSELD) >> 16) {
    case 0:
        return pid;
    case 1:
        return (uint8_t)c->s.spr[SPR_PID1];
    case 2:
        return (uint8_t)c->s.spr[SPR_PID2];
    default:
        return 0;
    }
}

void e500_tlb_missed(E500 *c, Ea ea, E500Context ctx)
{
    uint8_t pid = context_pid(c, ctx);
    bool as = e500_context_as(ctx);

    mas_defaults(c, ea, MAS1_V | (uint32_t)default_tid(c, pid) << 16 | (as ? MAS1_TS : 0));
    c->s.spr[SPR_MAS6] = (uint32_t)pid << 16 | as;
}

void e500_tlb_replaced(E500 *c)
{
    for (unsigned i = 0; i < E500_TLB0_SETS; i++)
        c->s.tlb0_nv[i] %= E500_TLB0_WAYS;
    tlb1_count_valid(c);
    e500_soft_tlb_flush(c);
}
