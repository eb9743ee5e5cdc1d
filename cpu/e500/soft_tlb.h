/* SPDX-License-Identifier: MIT
 *
 * The soft TLB: a core's last translations, so that a load or store of RAM is a compare and an access (mem.h).
 *
 * A tag is a context and the effective address of a page.  The context holds what a translation depends on besides the address (AS, PID,
 * PR), so writing MSR invalidates nothing, and writing PID next to nothing.  A supervisor's own context does not name the PID: most of what
 * a kernel uses is mapped for every PID (TID 0), and what is not is dropped when PID is written (e500_context_changed()).
 * The context lies in the bits above the address: this is the only place that knows where.
 */
#pragma once

#include "cpu/e500/state.h"

enum { E500_PAGE_BITS = 12, E500_PAGE_SIZE = 1 << E500_PAGE_BITS };
#define EA_PAGE_MASK (~(Ea)(E500_PAGE_SIZE - 1))

typedef uint64_t E500Context; /* e500_context(); bits of a tag that no effective address has */
typedef uint64_t E500Tag;
#define E500_TAG_EMPTY ((E500Tag)1) /* no page has it */

enum {
    CONTEXT_PID_SHIFT = 32,
    CONTEXT_PR_SHIFT = 40,
    CONTEXT_AS_SHIFT = 41,
    CONTEXT_OWN_SHIFT = 42,   /* the PID is what the PID register holds */
    CONTEXT_VALID_SHIFT = 63, /* always 1: the tag of the first page of PID 0 is not E500_TAG_EMPTY */
};

static inline E500Context e500_context(bool as, uint8_t pid, bool pr)
{
    return UINT64_C(1) << CONTEXT_VALID_SHIFT | (E500Context)as << CONTEXT_AS_SHIFT | (E500Context)pr << CONTEXT_PR_SHIFT |
           (E500Context)pid << CONTEXT_PID_SHIFT;
}

/* Of what a core executes by itself. */
static inline E500Context e500_own_context(bool as, uint8_t pid, bool pr)
{
    return pr ? e500_context(as, pid, true) : e500_context(as, 0, false) | UINT64_C(1) << CONTEXT_OWN_SHIFT;
}

static inline bool e500_context_is_own(E500Context ctx)
{
    return ctx >> CONTEXT_OWN_SHIFT & 1;
}

static inline bool e500_context_as(E500Context ctx)
{
    return ctx >> CONTEXT_AS_SHIFT & 1;
}

static inline bool e500_context_pr(E500Context ctx)
{
    return ctx >> CONTEXT_PR_SHIFT & 1;
}

/* Not of a supervisor's own context. */
static inline uint8_t e500_context_pid(E500Context ctx)
{
    return (uint8_t)(ctx >> CONTEXT_PID_SHIFT);
}

static inline E500Tag e500_tag(E500Context ctx, Ea ea)
{
    return ctx | (ea & EA_PAGE_MASK);
}

static inline bool e500_tag_is_of_page(E500Tag tag, Ea ea) /* in whatever context */
{
    return ((Ea)tag & EA_PAGE_MASK) == (ea & EA_PAGE_MASK);
}

/* Equals the tag of ea's page only if an access of `size` bytes, a power of two, is aligned there. */
static inline E500Tag e500_tag_aligned(E500Context ctx, Ea ea, unsigned size)
{
    return ctx | (ea & (EA_PAGE_MASK | (size - 1)));
}

/* A page of big-endian RAM that no debugger watches. */
typedef struct E500SoftTlb {
    E500Tag tag_read;   /* loads are allowed */
    E500Tag tag_write;  /* stores are allowed, and the page has no flags (ram.h) */
    uintptr_t addend;   /* host address of a byte = addend + ea */
    uint64_t gpa_flags; /* physical address of the page, and SLOT_… */
} E500SoftTlb;

enum {
    SLOT_WIMGE = 0x1f,    /* of the page */
    SLOT_WRITABLE = 0x20, /* stores are allowed in the context of tag_read, by way of e500_store_slow() */
    SLOT_COUNTED = 0x40,  /* and all that they have to do besides is to count in their granule (ram.h) */
    SLOT_READABLE = 0x80, /* of an E500DeviceTlb: loads are allowed in the context of its tag */
};

static inline uint64_t e500_slot_gpa(const E500SoftTlb *slot, Ea ea)
{
    return (slot->gpa_flags & ~UINT64_C(0xfff)) | (ea & ~EA_PAGE_MASK);
}

/* The page with that tag may be stored to. */
static inline bool e500_slot_writable(const E500SoftTlb *slot, E500Tag tag)
{
    return slot->tag_write == tag || (slot->tag_read == tag && slot->gpa_flags & SLOT_WRITABLE);
}

/* The same for fetches. */
typedef struct E500FetchTlb {
    E500Tag tag;
    const uint8_t *host; /* of the page */
    uint64_t gpa;        /* likewise */
} E500FetchTlb;

/* The same for big-endian pages that are no RAM. */
typedef struct E500DeviceTlb {
    E500Tag tag;
    uint64_t gpa_flags; /* as a slot's */
} E500DeviceTlb;

enum { E500_SOFT_TLB_SIZE = 1024, E500_FETCH_TLB_SIZE = 256, E500_DEVICE_TLB_SIZE = 16 };

static inline unsigned e500_soft_tlb_index(Ea ea)
{
    return (ea >> E500_PAGE_BITS) % E500_SOFT_TLB_SIZE;
}

static inline unsigned e500_device_tlb_index(Ea ea)
{
    return (ea >> E500_PAGE_BITS) % E500_DEVICE_TLB_SIZE;
}

static inline unsigned e500_fetch_tlb_index(Ea ea)
{
    return (ea >> E500_PAGE_BITS) % E500_FETCH_TLB_SIZE;
}
