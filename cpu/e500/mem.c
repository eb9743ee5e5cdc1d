/* SPDX-License-Identifier: MIT
 *
 * The slow half of loads, stores and fetches: soft TLB misses, device accesses, misaligned and
 * page-crossing accesses, little-endian pages, external PIDs.
 *
 * The e500 cores do misaligned loads and stores in hardware.  They are split into naturally aligned
 * accesses, lowest address first; of a device each is an MMIO exit of its own (device.h).  An
 * operand lies in two pages at most, and both are translated before any byte moves, so an interrupt
 * finds nothing half done.
 */
#include "cpu/e500/debug.h"
#include "cpu/e500/device.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/ram.h"

static ExecResult raise_mmu(E500 *c, E500MmuResult why, Ea ea, E500Context ctx, E500Access access, uint32_t esr)
{
    if (access == ACCESS_WRITE)
        esr |= ESR_ST;
    switch (why) {
    case MMU_MISS:
        e500_tlb_missed(c, ea, ctx);
        return e500_raise_data(c, EXCP_DTLB_MISS, esr, ea);
    case MMU_DENIED:
        return e500_raise_data(c, EXCP_DATA_STORAGE, esr, ea);
    case MMU_MULTIPLE:
        return e500_raise_machine_check(c, MCSR_L2MMU_MHIT | MCSR_MAV | MCSR_MEA, ea);
    case MMU_OK:
        break;
    }
    g_return_val_if_reached(EXEC_NEXT);
}

/* As much as the page's flags permit of stores that do not come here. */
static void permit_stores(const E500 *c, E500SoftTlb *slot, E500Tag tag)
{
    unsigned flags = e500_page_flags(c->vm, e500_slot_gpa(slot, 0));

    if (!flags)
        slot->tag_write = tag;
    else if (!(flags & ~(unsigned)(PAGE_RESERVED | PAGE_SETTLED)))
        slot->gpa_flags |= SLOT_COUNTED;
}

/* Big-endian RAM goes into the soft TLB with whatever the page permits. */
static void soft_tlb_fill(E500 *c, Ea ea, E500Context ctx, const E500Translation *t, uint8_t *page)
{
    E500SoftTlb *slot = &c->soft_tlb[e500_soft_tlb_index(ea)];
    E500Tag tag = e500_tag(ctx, ea);

    slot->tag_read = t->read ? tag : E500_TAG_EMPTY;
    slot->tag_write = E500_TAG_EMPTY;
    slot->addend = (uintptr_t)page - (ea & EA_PAGE_MASK);
    slot->gpa_flags = (t->gpa & ~UINT64_C(0xfff)) | (t->mas2 & SLOT_WIMGE) | (t->write ? SLOT_WRITABLE : 0);
    if (t->write)
        permit_stores(c, slot, tag);
    if (t->of_pid && e500_context_is_own(ctx))
        e500_soft_tlb_of_pid(c, ea);
    c->count.tlb_fills++;
    if (t->page_size > E500_PAGE_SIZE && !t->of_pid && ctx == c->ctx_data && e500_context_is_own(ctx))
        e500_window_look(c, ea, t->page_size);
}

static void device_tlb_fill(E500 *c, Ea ea, E500Context ctx, const E500Translation *t)
{
    c->device_tlb[e500_device_tlb_index(ea)] =
        (E500DeviceTlb){e500_tag(ctx, ea), (t->gpa & ~UINT64_C(0xfff)) | (t->mas2 & SLOT_WIMGE) | (t->read ? SLOT_READABLE : 0) |
                                               (t->write ? SLOT_WRITABLE : 0)};
    if (t->of_pid && e500_context_is_own(ctx))
        e500_soft_tlb_of_pid(c, ea);
}

void e500_soft_tlb_expect(E500 *c, Ea ea, E500Context ctx)
{
    E500Translation t;

    if (e500_mmu_lookup(c, ea, ctx, ACCESS_READ, &t) != MMU_OK || t.multiple)
        return;
    uint8_t *page = e500_ram_host(c->vm, t.gpa & ~UINT64_C(0xfff), 4096);
    if (page && !(t.mas2 & MAS2_E) && !e500_debug_watches_page(c, ea & EA_PAGE_MASK))
        soft_tlb_fill(c, ea, ctx, &t, page);
}

static bool resolves_to_device(const E500 *c, Ea ea, E500Tag tag, E500Access access, E500Piece *out)
{
    const E500DeviceTlb *d = &c->device_tlb[e500_device_tlb_index(ea)];

    if (d->tag != tag || !(d->gpa_flags & (access == ACCESS_WRITE ? SLOT_WRITABLE : SLOT_READABLE)))
        return false;
    out->gpa = (d->gpa_flags & ~UINT64_C(0xfff)) | (ea & ~EA_PAGE_MASK);
    out->host = NULL;
    out->little_endian = false;
    out->guarded = d->gpa_flags & MAS2_G;
    return true;
}

/* Translates one page's part of an access. */
static ExecResult resolve(E500 *c, Ea ea, E500Access access, unsigned flags, E500Piece *out)
{
    E500Context ctx = flags & MEM_EPID ? e500_external_context(c, access) : c->ctx_data;
    const E500SoftTlb *slot = &c->soft_tlb[e500_soft_tlb_index(ea)];
    E500Tag tag = e500_tag(ctx, ea);
    E500Translation t;
    E500MmuResult result;
    uint8_t *page;

    if (access == ACCESS_WRITE ? e500_slot_writable(slot, tag) : slot->tag_read == tag) {
        out->host = (uint8_t *)(slot->addend + ea);
        out->gpa = e500_slot_gpa(slot, ea);
        out->little_endian = out->guarded = false;
        return EXEC_NEXT;
    }
    if (resolves_to_device(c, ea, tag, access, out))
        return EXEC_NEXT;
    result = e500_mmu_lookup(c, ea, ctx, access, &t);
    if (result != MMU_OK)
        return raise_mmu(c, result, ea, ctx, access, flags & MEM_EPID ? ESR_EPID : 0);
    if (t.multiple)
        e500_tell_multiple(c, ea);
    page = e500_ram_host(c->vm, t.gpa & ~UINT64_C(0xfff), 4096);
    if (page && !(t.mas2 & MAS2_E) && !e500_debug_watches_page(c, ea & EA_PAGE_MASK))
        soft_tlb_fill(c, ea, ctx, &t, page);
    else if (!page && !(t.mas2 & MAS2_E))
        device_tlb_fill(c, ea, ctx, &t);
    out->gpa = t.gpa;
    out->host = page ? page + (ea & 0xfff) : NULL;
    out->little_endian = t.mas2 & MAS2_E;
    out->guarded = t.mas2 & MAS2_G;
    return EXEC_NEXT;
}

/* Debug events of n accesses of `unit` bytes each from ea on: the words of a multiple are one access each, elements are not. */
static ExecResult watch(E500 *c, Ea ea, unsigned unit, unsigned n, E500Access access, unsigned flags)
{
    if (__builtin_expect(!e500_debug_watches(c), 1))
        return EXEC_NEXT;
    return flags & MEM_MULTIPLE ? e500_debug_multiple(c, ea, n, access) : e500_debug_data_access(c, ea, unit * n, access, false);
}

/* An operand of n units of `unit` bytes. */
static ExecResult resolve_all(E500 *c, Ea ea, unsigned unit, unsigned n, E500Access access, unsigned flags, E500Piece piece[2])
{
    unsigned room = E500_PAGE_SIZE - (ea & ~EA_PAGE_MASK), size = unit * n;
    ExecResult r;

    piece[0].size = size <= room ? size : room;
    piece[1].size = size - piece[0].size;
    r = resolve(c, ea, access, flags, &piece[0]);
    if (r == EXEC_NEXT && piece[1].size) {
        r = resolve(c, ea + room, access, flags, &piece[1]);
        /* One access, two byte orders: EREF 2.0 §6.4.8.2 */
        if (r == EXEC_NEXT && room % unit && piece[0].little_endian != piece[1].little_endian)
            r = e500_raise_data(c, EXCP_DATA_STORAGE, ESR_BO | (access == ACCESS_WRITE ? ESR_ST : 0), ea + room);
    }
    return r == EXEC_NEXT ? watch(c, ea, unit, n, access, flags) : r;
}

static bool is_ram(const E500Piece piece[2])
{
    return piece[0].host && (!piece[1].size || piece[1].host);
}

/* Aligned units of RAM in one page.  Each is one access, as other cores may watch it. */
static bool is_whole(const E500Piece piece[2], unsigned unit)
{
    return !piece[1].size && piece[0].host && !((uintptr_t)piece[0].host & (unit - 1));
}

static uint64_t host_load(const uint8_t *host, unsigned size)
{
    switch (size) {
    case 1:
        return __atomic_load_n(host, __ATOMIC_RELAXED);
    case 2:
        return e500_swap(__atomic_load_n((const uint16_t *)(const void *)host, __ATOMIC_RELAXED), 2);
    case 4:
        return e500_swap(__atomic_load_n((const uint32_t *)(const void *)host, __ATOMIC_RELAXED), 4);
    default:
        return e500_swap(__atomic_load_n((const uint64_t *)(const void *)host, __ATOMIC_RELAXED), 8);
    }
}

/* --- operands: in memory, as bytes in order of address, as values --- */

static uint64_t byte_reverse(uint64_t value, unsigned size)
{
    return __builtin_bswap64(value) >> 8 * (8 - size);
}

static uint64_t in_page_order(const E500Piece *p, uint64_t value, unsigned size)
{
    return p->little_endian ? byte_reverse(value, size) : value;
}

static void bytes_from_ram(const E500Piece *p, unsigned unit, uint8_t *bytes)
{
    for (unsigned at = 0, size; at < p->size; at += size) {
        size = e500_aligned_size(p->gpa + at, unit, p->size - at);
        e500_bytes_put(bytes + at, size, host_load(p->host + at, size));
    }
}

static void bytes_to_ram(E500 *c, const E500Piece *p, unsigned unit, const uint8_t *bytes)
{
    for (unsigned at = 0, size; at < p->size; at += size) {
        size = e500_aligned_size(p->gpa + at, unit, p->size - at);
        e500_ram_store(c, p->gpa + at, p->host + at, size, e500_bytes_get(bytes + at, size));
    }
}

/* The bytes that devices did not give, then the units' values, each in the byte order of the page it begins in. */
static void load_pieces(const E500Piece piece[2], unsigned unit, unsigned n, uint8_t *bytes, uint64_t value[])
{
    for (unsigned i = 0, at = 0; i < 2; at += piece[i++].size)
        if (piece[i].size && piece[i].host)
            bytes_from_ram(&piece[i], unit, bytes + at);
    for (unsigned i = 0; i < n; i++)
        value[i] = in_page_order(&piece[i * unit >= piece[0].size], e500_bytes_get(bytes + i * unit, unit), unit);
}

static void store_pieces(E500 *c, const E500Piece piece[2], unsigned unit, const uint8_t *bytes)
{
    for (unsigned i = 0, at = 0; i < 2; at += piece[i++].size)
        if (piece[i].size && piece[i].host)
            bytes_to_ram(c, &piece[i], unit, bytes + at);
}

static ExecResult loaded_from_device(E500 *c, unsigned unit, unsigned n, uint64_t value[])
{
    ExecResult r = e500_device_close(c);

    if (r == EXEC_NEXT)
        load_pieces(c->device.piece, unit, n, c->device.bytes, value);
    return r;
}

static ExecResult stored_to_device(E500 *c, unsigned unit)
{
    ExecResult r = e500_device_close(c);

    if (r == EXEC_NEXT)
        store_pieces(c, c->device.piece, unit, c->device.bytes);
    return r;
}

ExecResult e500_load_units(E500 *c, Ea ea, unsigned unit, unsigned n, unsigned flags, uint64_t value[])
{
    const E500DeviceOperand *d = &c->device;
    E500Piece piece[2];
    uint8_t bytes[E500_OPERAND_MAX];
    ExecResult r;

    if (d->open)
        return loaded_from_device(c, unit, n, value);
    r = resolve_all(c, ea, unit, n, ACCESS_READ, flags, piece);
    if (r != EXEC_NEXT)
        return r;
    if (!is_ram(piece)) {
        r = e500_device_open(c, piece, unit, NULL);
        return r == EXEC_NEXT ? loaded_from_device(c, unit, n, value) : r;
    }
    if (!is_whole(piece, unit))
        load_pieces(piece, unit, n, bytes, value);
    else
        for (unsigned i = 0; i < n; i++)
            value[i] = in_page_order(&piece[0], host_load(piece[0].host + i * unit, unit), unit);
    return EXEC_NEXT;
}

/* Devices first: once every exit is answered nothing can fail any more but a bus error. */
ExecResult e500_store_units(E500 *c, Ea ea, unsigned unit, unsigned n, unsigned flags, const uint64_t value[])
{
    const E500DeviceOperand *d = &c->device;
    E500Piece piece[2];
    uint8_t bytes[E500_OPERAND_MAX];
    ExecResult r;

    if (d->open)
        return stored_to_device(c, unit);
    r = resolve_all(c, ea, unit, n, ACCESS_WRITE, flags, piece);
    if (r != EXEC_NEXT)
        return r;
    if (is_whole(piece, unit)) {
        for (unsigned i = 0; i < n; i++)
            e500_ram_store(c, piece[0].gpa + i * unit, piece[0].host + i * unit, unit, in_page_order(&piece[0], value[i], unit));
        return EXEC_NEXT;
    }
    for (unsigned i = 0; i < n; i++)
        e500_bytes_put(bytes + i * unit, unit, in_page_order(&piece[i * unit >= piece[0].size], value[i], unit));
    if (!is_ram(piece)) {
        r = e500_device_open(c, piece, unit, bytes);
        return r == EXEC_NEXT ? stored_to_device(c, unit) : r;
    }
    store_pieces(c, piece, unit, bytes);
    return EXEC_NEXT;
}

ExecResult e500_load_slow(E500 *c, Ea ea, unsigned size, unsigned flags, uint64_t *value)
{
    return e500_load_units(c, ea, size, 1, flags, value);
}

/* An aligned store to a page with flags, by the translation in the soft TLB.  It may have lost them. */
static void store_to_slot(E500 *c, E500SoftTlb *slot, Ea ea, unsigned size, uint64_t value)
{
    uint64_t gpa = e500_slot_gpa(slot, ea);

    e500_ram_store(c, gpa, (uint8_t *)(slot->addend + ea), size, value);
    permit_stores(c, slot, e500_tag(c->ctx_data, ea));
}

ExecResult e500_store_slow(E500 *c, Ea ea, unsigned size, unsigned flags, uint64_t value)
{
    E500SoftTlb *slot = &c->soft_tlb[e500_soft_tlb_index(ea)];

    if (!flags && e500_slot_writable(slot, e500_tag_aligned(c->ctx_data, ea, size))) {
        store_to_slot(c, slot, ea, size, value);
        return EXEC_NEXT;
    }
    return e500_store_units(c, ea, size, 1, flags, &value);
}

ExecResult e500_mem_probe(E500 *c, Ea ea, unsigned size, E500Access access, unsigned flags, uint64_t *gpa, uint8_t **host)
{
    E500Piece p;
    ExecResult r = resolve(c, ea, access, flags, &p);

    if (r == EXEC_NEXT && e500_debug_watches(c))
        r = e500_debug_data_access(c, ea, size, access, size > 4);
    if (r == EXEC_NEXT) {
        *gpa = p.gpa;
        *host = p.host;
    }
    return r;
}

/* --- fetches --- */

/*
 * Instructions come from big-endian RAM only.  A little-endian page raises an instruction storage
 * interrupt with ESR[BO]; what is not RAM is a bus error, never an exit.
 */
ExecResult e500_fetch_slow(E500 *c, Ea pc)
{
    E500FetchTlb *slot = &c->fetch_tlb[e500_fetch_tlb_index(pc)];
    E500Tag tag = e500_tag(c->ctx_fetch, pc);
    E500Translation t;
    const uint8_t *page;

    if (slot->tag != tag) {
        switch (e500_mmu_lookup(c, pc, c->ctx_fetch, ACCESS_EXECUTE, &t)) {
        case MMU_MISS:
            e500_tlb_missed(c, pc, c->ctx_fetch);
            return e500_raise(c, EXCP_ITLB_MISS, 0);
        case MMU_DENIED:
            return e500_raise(c, EXCP_INST_STORAGE, 0);
        case MMU_MULTIPLE:
            return e500_raise_machine_check(c, MCSR_L2MMU_MHIT | MCSR_MAV | MCSR_MEA, pc);
        case MMU_OK:
            break;
        }
        if (t.multiple)
            e500_tell_multiple(c, pc);
        if (t.mas2 & MAS2_E)
            return e500_raise(c, EXCP_INST_STORAGE, ESR_BO);
        page = e500_ram_host(c->vm, t.gpa & ~UINT64_C(0xfff), 4096);
        if (!page)
            return e500_raise_machine_check(c, MCSR_IF | MCSR_MAV, t.gpa);
        slot->tag = tag;
        slot->host = page;
        slot->gpa = t.gpa & ~UINT64_C(0xfff);
        if (t.of_pid && e500_context_is_own(c->ctx_fetch))
            e500_soft_tlb_of_pid(c, pc);
    }
    c->fetch_page = pc & EA_PAGE_MASK;
    c->fetch_host = slot->host;
    c->fetch_gpa = slot->gpa;
    return EXEC_NEXT;
}
