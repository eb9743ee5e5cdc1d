/* SPDX-License-Identifier: MIT
 *
 * The slow half of loads, stores and fetches: soft TLB misses, device accesses, misaligned and
 * page-crossing accesses, little-endian pages, external PIDs.
 *
 * The e500 cores do misaligned loads and stores in hardware.  Of RAM they are done byte by byte; of
 * a device they are split into naturally aligned pieces, lowest address first, each its own MMIO
 * exit.  Both pages of an access that crosses are translated before any byte moves, so an interrupt
 * finds nothing half done.
 */
#include "cpu/e500/debug.h"
#include "cpu/e500/granule.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"

typedef struct Piece {
    uint64_t gpa;
    uint8_t *host; /* NULL: a device */
    unsigned size;
    bool little_endian, guarded;
} Piece;

static ExecResult raise_mmu(E500 *c, E500MmuResult why, Ea ea, uint64_t ctx, E500Access access, uint32_t esr)
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

/* Big-endian RAM goes into the soft TLB with whatever the page permits. */
static void soft_tlb_fill(E500 *c, Ea ea, uint64_t ctx, const E500Translation *t, uint8_t *page)
{
    E500SoftTlb *slot = &c->soft_tlb[(ea >> 12) % E500_SOFT_TLB_SIZE];
    uint64_t tag = ctx | (ea & 0xfffff000u);

    slot->tag_read = t->read ? tag : SOFT_TLB_EMPTY;
    slot->tag_write = t->write ? tag : SOFT_TLB_EMPTY;
    slot->addend = (uintptr_t)page - (ea & 0xfffff000u);
    slot->gpa_page = (t->gpa & ~UINT64_C(0xfff)) | (t->mas2 & 0x1f);
    c->count.tlb_fills++;
}

/* Translates one page's part of an access. */
static ExecResult resolve(E500 *c, Ea ea, E500Access access, unsigned flags, Piece *out)
{
    uint64_t ctx = flags & MEM_EPID ? e500_external_context(c, access) : c->ctx_data;
    const E500SoftTlb *slot = &c->soft_tlb[(ea >> 12) % E500_SOFT_TLB_SIZE];
    E500Translation t;
    E500MmuResult result;
    uint8_t *page;

    if ((access == ACCESS_WRITE ? slot->tag_write : slot->tag_read) == (ctx | (ea & 0xfffff000u))) {
        out->host = (uint8_t *)(slot->addend + ea);
        out->gpa = (slot->gpa_page & ~UINT64_C(0xfff)) | (ea & 0xfff);
        out->little_endian = out->guarded = false;
        return EXEC_NEXT;
    }
    result = e500_mmu_lookup(c, ea, ctx, access, &t);
    if (result != MMU_OK)
        return raise_mmu(c, result, ea, ctx, access, flags & MEM_EPID ? ESR_EPID : 0);
    if (t.multiple)
        e500_tell_multiple(c, ea);
    page = e500_vm_ram(c->vm, t.gpa & ~UINT64_C(0xfff), 4096);
    if (page && !(t.mas2 & MAS2_E) && !e500_debug_watches_page(c, ea & 0xfffff000u))
        soft_tlb_fill(c, ea, ctx, &t, page);
    out->gpa = t.gpa;
    out->host = page ? page + (ea & 0xfff) : NULL;
    out->little_endian = t.mas2 & MAS2_E;
    out->guarded = t.mas2 & MAS2_G;
    return EXEC_NEXT;
}

/* One or two pieces; *n says how many. */
static ExecResult resolve_all(E500 *c, Ea ea, unsigned size, E500Access access, unsigned flags, Piece piece[2], unsigned *n)
{
    unsigned room = 4096 - (ea & 0xfff);
    ExecResult r;

    piece[0].size = size <= room ? size : room;
    piece[1].size = size - piece[0].size;
    *n = piece[1].size ? 2 : 1;
    r = resolve(c, ea, access, flags, &piece[0]);
    if (r == EXEC_NEXT && *n == 2) {
        r = resolve(c, ea + room, access, flags, &piece[1]);
        /* One access, two byte orders: EREF 2.0 §6.4.8.2 */
        if (r == EXEC_NEXT && piece[0].little_endian != piece[1].little_endian)
            r = e500_raise_data(c, EXCP_DATA_STORAGE, ESR_BO | (access == ACCESS_WRITE ? ESR_ST : 0), ea + room);
    }
    if (r == EXEC_NEXT && e500_debug_watches(c))
        r = e500_debug_data_access(c, ea, size, access, false);
    return r;
}

/* --- aligned RAM in one access, as other cores may watch it --- */

static bool is_whole(const Piece *p, unsigned n)
{
    return n == 1 && p->host && !((uintptr_t)p->host & (p->size - 1));
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

static inline void host_store(uint8_t *host, unsigned size, uint64_t value)
{
    switch (size) {
    case 1:
        __atomic_store_n(host, (uint8_t)value, __ATOMIC_RELAXED);
        break;
    case 2:
        __atomic_store_n((uint16_t *)(void *)host, (uint16_t)e500_swap(value, 2), __ATOMIC_RELAXED);
        break;
    case 4:
        __atomic_store_n((uint32_t *)(void *)host, (uint32_t)e500_swap(value, 4), __ATOMIC_RELAXED);
        break;
    default:
        __atomic_store_n((uint64_t *)(void *)host, e500_swap(value, 8), __ATOMIC_RELAXED);
        break;
    }
}

/* Every store to RAM but those of the inline fast path. */
static inline void ram_store(E500 *c, uint64_t gpa, uint8_t *host, unsigned size, uint64_t value)
{
    uintptr_t was, *granule = granule_store_begin(c, gpa, &was);

    host_store(host, size, value);
    granule_store_end(c, granule, was);
}

/* --- devices --- */

static ExecResult bus_error(E500 *c, const Piece *p, uint64_t gpa, bool is_write)
{
    uint32_t mcsr = is_write ? MCSR_ST : p->guarded ? MCSR_LD | MCSR_LDG : MCSR_LD;

    return e500_raise_machine_check(c, mcsr | MCSR_MAV, gpa);
}

/* One aligned access: the answer if there is one already, else the exit that asks for it. */
static ExecResult device_access(E500 *c, const Piece *p, uint64_t gpa, unsigned size, bool is_write, uint64_t *data)
{
    E500Replay *r = &c->replay;

    if (r->next < r->done) {
        unsigned i = r->next++;

        if (r->failed[i])
            return bus_error(c, p, gpa, is_write);
        *data = r->data[i];
        return EXEC_NEXT;
    }
    if (r->done == E500_REPLAY_MAX) /* no instruction needs as many */
        return bus_error(c, p, gpa, is_write);
    *c->exit = (VcpuExit){
        .kind = VCPU_EXIT_MMIO,
        .mmio = {.gpa = gpa, .size = (uint8_t)size, .is_write = is_write, .data = is_write ? *data : 0},
    };
    r->next = 0;
    return EXEC_EXIT;
}

/* Largest naturally aligned piece at gpa that is not longer than `left`. */
static unsigned aligned_size(uint64_t gpa, unsigned left)
{
    unsigned size = 8;

    while (size > left || gpa % size)
        size /= 2;
    return size;
}

static uint64_t low_bytes(uint64_t value, unsigned n)
{
    return n == 8 ? value : value & ((UINT64_C(1) << 8 * n) - 1);
}

/* Both read memory in ascending order: the first byte is the most significant one. */
static ExecResult piece_load(E500 *c, const Piece *p, uint64_t *value)
{
    for (unsigned at = 0, size; at < p->size; at += size) {
        uint64_t data = 0;

        if (p->host) {
            size = 1;
            data = __atomic_load_n(p->host + at, __ATOMIC_RELAXED);
        } else {
            ExecResult r;

            size = aligned_size(p->gpa + at, p->size - at);
            r = device_access(c, p, p->gpa + at, size, false, &data);
            if (r != EXEC_NEXT)
                return r;
        }
        *value = (size == 8 ? 0 : *value << 8 * size) | low_bytes(data, size);
    }
    return EXEC_NEXT;
}

/* The low p->size bytes of value. */
static ExecResult piece_store(E500 *c, const Piece *p, uint64_t value)
{
    for (unsigned at = 0, size; at < p->size; at += size) {
        if (p->host) {
            size = 1;
            ram_store(c, p->gpa + at, p->host + at, 1, (uint8_t)(value >> 8 * (p->size - at - 1)));
        } else {
            uint64_t data;
            ExecResult r;

            size = aligned_size(p->gpa + at, p->size - at);
            data = low_bytes(value >> 8 * (p->size - at - size), size);
            r = device_access(c, p, p->gpa + at, size, true, &data);
            if (r != EXEC_NEXT)
                return r;
        }
    }
    return EXEC_NEXT;
}

static uint64_t byte_reverse(uint64_t value, unsigned size)
{
    return __builtin_bswap64(value) >> 8 * (8 - size);
}

ExecResult e500_load_slow(E500 *c, Ea ea, unsigned size, unsigned flags, uint64_t *value)
{
    Piece piece[2];
    unsigned n;
    uint64_t v = 0;
    ExecResult r = resolve_all(c, ea, size, ACCESS_READ, flags, piece, &n);

    if (r == EXEC_NEXT && is_whole(piece, n))
        v = host_load(piece[0].host, size);
    else
        for (unsigned i = 0; i < n && r == EXEC_NEXT; i++)
            r = piece_load(c, &piece[i], &v);
    if (r == EXEC_NEXT)
        *value = !(flags & MEM_LE) == !piece[0].little_endian ? v : byte_reverse(v, size);
    return r;
}

ExecResult e500_store_slow(E500 *c, Ea ea, unsigned size, unsigned flags, uint64_t value)
{
    const E500SoftTlb *slot = &c->soft_tlb[(ea >> 12) % E500_SOFT_TLB_SIZE];
    Piece piece[2];
    unsigned n;

    if (!flags && slot->tag_write == (c->ctx_data | (ea & (0xfffff000u | (size - 1))))) {
        ram_store(c, (slot->gpa_page & ~UINT64_C(0xfff)) | (ea & 0xfff), (uint8_t *)(slot->addend + ea), size, value);
        return EXEC_NEXT;
    }
    ExecResult r = resolve_all(c, ea, size, ACCESS_WRITE, flags, piece, &n);
    if (r != EXEC_NEXT)
        return r;
    if (!(flags & MEM_LE) != !piece[0].little_endian)
        value = byte_reverse(value, size);
    if (is_whole(piece, n)) {
        ram_store(c, piece[0].gpa, piece[0].host, size, value);
        return EXEC_NEXT;
    }
    /* Devices first: once every exit is answered nothing can fail any more but a bus error. */
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < n && r == EXEC_NEXT; i++)
            if (!piece[i].host == !pass)
                r = piece_store(c, &piece[i], i + 1 < n ? value >> 8 * piece[1].size : value);
    return r;
}

ExecResult e500_mem_probe(E500 *c, Ea ea, unsigned size, E500Access access, unsigned flags, uint64_t *gpa, uint8_t **host)
{
    Piece p;
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
    E500FetchTlb *slot = &c->fetch_tlb[(pc >> 12) % E500_FETCH_TLB_SIZE];
    uint64_t tag = c->ctx_fetch | (pc & 0xfffff000u);
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
        page = e500_vm_ram(c->vm, t.gpa & ~UINT64_C(0xfff), 4096);
        if (!page)
            return e500_raise_machine_check(c, MCSR_IF | MCSR_MAV, t.gpa);
        slot->tag = tag;
        slot->host = page;
    }
    c->fetch_page = pc & 0xfffff000u;
    c->fetch_host = slot->host;
    return EXEC_NEXT;
}
