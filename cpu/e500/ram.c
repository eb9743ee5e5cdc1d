/* SPDX-License-Identifier: MIT
 *
 * Guest RAM, page flags, and the stores that look at them.
 *
 * Reservations.  docs/decisions/008-reservations.md has the reasons.  Only pages in which somebody reserves count their stores, by
 * granules (granule.h).  The first lwarx in a stretch of pages sets PAGE_RESERVED and has all cores take it out of their soft TLBs; when
 * they have, it sets PAGE_SETTLED, and only then a reservation is made.  A page that is stored to again and again, while nobody reserves in
 * it, loses both flags; an lwarx in it then settles it alone.
 */
#include <string.h>

#include "cpu/e500/granule.h"
#include "cpu/e500/mail.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/ram.h"

/* Reservations are prepared for this many bytes at once.  Each preparation waits for the other cores, so fewer are better; stores to
 * all of it are slower afterwards, so smaller is better. */
enum { RESERVED_STRETCH = 1 << 16 };

/*
 * Of so many counted stores of a core one looks whether its page is worth counting.  A page falls when SAMPLES_MIN of these meet it with
 * no lwarx between; twice as many each time that it fell before, so a page that has its flags for a reason keeps them.
 */
enum { SAMPLE_STORES = 1024, SAMPLES_MIN = 2, FALLS_MAX = 16, QUIET_FALLS_SHIFT = 24 };

static GMutex lock; /* of PAGE_SETTLED, of all VMs: the flag comes and goes with it only, which is seldom */

bool e500_ram_add(E500Vm *vm, const AccelRam *block)
{
    if (vm->n_ram == G_N_ELEMENTS(vm->ram))
        return false;
    uint64_t pages = block->size >> E500_PAGE_BITS;
    vm->ram[vm->n_ram++] = (E500Ram){*block, g_malloc0(pages + 1 /* E500Window.flags */), g_new0(uint32_t, pages)};
    return true;
}

void e500_ram_free(E500Vm *vm)
{
    while (vm->n_ram) {
        g_free(vm->ram[--vm->n_ram].flags);
        g_free(vm->ram[vm->n_ram].quiet);
    }
}

static inline const E500Ram *ram_find(const E500Vm *vm, uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < vm->n_ram; i++) {
        const AccelRam *r = &vm->ram[i].block;

        if (gpa >= r->gpa && gpa - r->gpa < r->size && size <= r->size - (gpa - r->gpa))
            return &vm->ram[i];
    }
    return NULL;
}

uint8_t *e500_ram_host(const E500Vm *vm, uint64_t gpa, uint64_t size)
{
    const E500Ram *r = ram_find(vm, gpa, size);

    return r ? (uint8_t *)r->block.hva + (gpa - r->block.gpa) : NULL;
}

/* --- page flags --- */

static inline uint8_t *flags_of(const E500Vm *vm, uint64_t gpa)
{
    const E500Ram *r = ram_find(vm, gpa, 1);

    return &r->flags[(gpa - r->block.gpa) >> E500_PAGE_BITS];
}

static inline unsigned flags_load(const uint8_t *flags)
{
    return __atomic_load_n(flags, __ATOMIC_SEQ_CST);
}

unsigned e500_page_flags(const E500Vm *vm, uint64_t gpa)
{
    return flags_load(flags_of(vm, gpa));
}

static void flags_or(const E500Vm *vm, uint64_t gpa, uint64_t size, unsigned flags)
{
    uint64_t first = gpa >> E500_PAGE_BITS, last = (gpa + size - 1) >> E500_PAGE_BITS;

    for (uint64_t page = first; page <= last; page++)
        __atomic_or_fetch(flags_of(vm, page << E500_PAGE_BITS), flags, __ATOMIC_SEQ_CST);
}

static void protect(const E500Vm *vm, E500 *by, uint64_t gpa, uint64_t size)
{
    if (by)
        e500_soft_tlb_protect(by, gpa, size);
    e500_mail_protect(vm, by, gpa, size);
}

void e500_page_flag_set(const E500Vm *vm, E500 *by, uint64_t gpa, uint64_t size, unsigned flag)
{
    flags_or(vm, gpa, size, flag);
    protect(vm, by, gpa, size);
}

void e500_page_keep(const E500Vm *vm, uint64_t gpa)
{
    flags_or(vm, gpa, 1, PAGE_KEPT);
}

void e500_page_flag_clear(const E500Vm *vm, uint64_t gpa, uint64_t size, unsigned flag)
{
    uint64_t first = gpa >> E500_PAGE_BITS, last = (gpa + size - 1) >> E500_PAGE_BITS;

    for (uint64_t page = first; page <= last; page++)
        __atomic_and_fetch(flags_of(vm, page << E500_PAGE_BITS), (uint8_t)~flag, __ATOMIC_SEQ_CST);
}

/*
 * What a write of [gpa, gpa + size), all of one page, asks for besides granules.  After the write: a fetch of the dirty log in between
 * calls the page clean, and the next one does not.
 */
static void page_written(const E500Vm *vm, E500 *by, uint8_t *flags, uint64_t gpa, uint64_t size)
{
    unsigned now = flags_load(flags);

    if (now & PAGE_CLEAN)
        __atomic_and_fetch(flags, (uint8_t)~PAGE_CLEAN, __ATOMIC_SEQ_CST);
    if (now & PAGE_CODE && vm->code_written)
        vm->code_written(vm->code_opaque, by, gpa, size);
}

/* --- pages fall --- */

/* A page's word: in its low bits how many samples met the page since the last lwarx in it, above QUIET_FALLS_SHIFT how often it fell. */
static inline uint32_t *quiet_of(const E500Vm *vm, uint64_t gpa)
{
    const E500Ram *r = ram_find(vm, gpa, 1);

    return &r->quiet[(gpa - r->block.gpa) >> E500_PAGE_BITS];
}

static inline unsigned times_fallen(const E500Vm *vm, uint64_t gpa)
{
    return __atomic_load_n(quiet_of(vm, gpa), __ATOMIC_RELAXED) >> QUIET_FALLS_SHIFT;
}

static void granules_count(const E500Vm *vm, uint64_t gpa, uint64_t size)
{
    uint64_t first = gpa >> E500_GRANULE_BITS, last = (gpa + size - 1) >> E500_GRANULE_BITS;

    for (uint64_t n = first; n <= last; n++) {
        uintptr_t *granule = granule_find(vm->granules, n << E500_GRANULE_BITS);
        granule_release(granule, granule_take(granule), true);
    }
}

/*
 * Stores to the page need not count any more.  The order matters: first nobody can make a reservation there (e500_ram_reserve() looks at
 * PAGE_SETTLED behind its granule), then all that there are are lost, and only then a store may pass uncounted.
 */
static void fall(E500Vm *vm, uint64_t gpa)
{
    uint64_t page = gpa & ~(uint64_t)(E500_PAGE_SIZE - 1);
    uint32_t *quiet = quiet_of(vm, page);

    g_mutex_lock(&lock);
    if (flags_load(flags_of(vm, page)) & PAGE_SETTLED) {
        e500_page_flag_clear(vm, page, E500_PAGE_SIZE, PAGE_SETTLED);
        granules_count(vm, page, E500_PAGE_SIZE);
        e500_page_flag_clear(vm, page, E500_PAGE_SIZE, PAGE_RESERVED);
        vm->falls++;
        __atomic_store_n(quiet, MIN(times_fallen(vm, page) + 1, FALLS_MAX) << QUIET_FALLS_SHIFT, __ATOMIC_RELAXED);
    }
    g_mutex_unlock(&lock);
}

/* A counted store to the page of gpa is looked at. */
static void sample(E500 *c, uint64_t gpa)
{
    c->until_sample = SAMPLE_STORES;
    uint32_t now = __atomic_add_fetch(quiet_of(c->vm, gpa), 1, __ATOMIC_RELAXED);
    uint32_t samples = now & ((1u << QUIET_FALLS_SHIFT) - 1);
    if (samples >= (uint32_t)SAMPLES_MIN << (now >> QUIET_FALLS_SHIFT))
        fall(c->vm, gpa);
}

/* --- stores --- */

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

/* Around a store of core c.  A core's own store leaves its reservation be. */
static inline uintptr_t *store_begin(E500 *c, unsigned flags, uint64_t gpa, uintptr_t *was)
{
    uintptr_t *granule = NULL;

    if (flags & PAGE_KEPT)
        c->vm->before_store(c, gpa);
    if (flags & PAGE_RESERVED) {
        granule = granule_find(c->vm->granules, gpa);
        *was = granule_take(granule);
    }
    return granule;
}

static inline void store_end(E500 *c, uint8_t *flags, uintptr_t *granule, uintptr_t was, uint64_t gpa, uint64_t size)
{
    if (granule) {
        if (c->reserve && c->reserve_version == was && granule_find(c->vm->granules, c->reserve_gpa) == granule)
            c->reserve_version = was + 2;
        granule_release(granule, was, true);
        if (--c->until_sample < 0)
            sample(c, gpa);
    }
    if (flags_load(flags) & (PAGE_CODE | PAGE_CLEAN))
        page_written(c->vm, c, flags, gpa, size);
}

void e500_ram_store(E500 *c, uint64_t gpa, uint8_t *host, unsigned size, uint64_t value)
{
    uint8_t *flags = flags_of(c->vm, gpa);
    uintptr_t was = 0, *granule = store_begin(c, flags_load(flags), gpa, &was);

    host_store(host, size, value);
    store_end(c, flags, granule, was, gpa, size);
}

void e500_ram_zero(E500 *c, uint64_t gpa, uint8_t *host, unsigned size)
{
    uint8_t *flags = flags_of(c->vm, gpa);
    uintptr_t was = 0, *granule = store_begin(c, flags_load(flags), gpa, &was);

    for (unsigned at = 0; at < size; at += 8)
        host_store(host + at, 8, 0);
    store_end(c, flags, granule, was, gpa, size);
}

/* --- reservations --- */

/* True: every core counts its stores to the page of gpa, as reservations want it. */
static bool settle(E500 *c, uint64_t gpa)
{
    E500Vm *vm = c->vm;
    const AccelRam *block = &ram_find(vm, gpa, 1)->block;
    uint64_t size = times_fallen(vm, gpa) ? E500_PAGE_SIZE : RESERVED_STRETCH, start = gpa & ~(size - 1);
    uint64_t from = MAX(start, block->gpa), end = MIN(start + size, block->gpa + block->size);

    g_mutex_lock(&lock);
    /* A page may have fallen after this core set its flag, so after any fall the flags are set, and all cores asked, once more. */
    if (c->settling != from || c->settling_falls != vm->falls) {
        c->settling = from;
        c->settling_falls = vm->falls;
        e500_page_flag_set(vm, c, from, end - from, PAGE_RESERVED);
    }
    bool done = e500_mail_done(vm, c);
    if (done) {
        c->settling = E500_SETTLING_NONE;
        flags_or(vm, from, end - from, PAGE_SETTLED);
    }
    g_mutex_unlock(&lock);
    return done;
}

/* An lwarx met the page. */
static inline void is_reserved_in(const E500Vm *vm, uint64_t gpa)
{
    uint32_t *quiet = quiet_of(vm, gpa), now = __atomic_load_n(quiet, __ATOMIC_RELAXED);

    if (now & ((1u << QUIET_FALLS_SHIFT) - 1))
        __atomic_store_n(quiet, now >> QUIET_FALLS_SHIFT << QUIET_FALLS_SHIFT, __ATOMIC_RELAXED);
}

bool e500_ram_reserve(E500 *c, uint64_t gpa, const uint32_t *host, uint32_t *raw)
{
    if (c->vm->granules) {
        if (!(e500_page_flags(c->vm, gpa) & PAGE_SETTLED) && !settle(c, gpa)) {
            g_thread_yield();
            return false;
        }
        c->reserve_version = granule_version(granule_find(c->vm->granules, gpa)); /* before the load */
        if (!(e500_page_flags(c->vm, gpa) & PAGE_SETTLED))                        /* it fell */
            return false;
        is_reserved_in(c->vm, gpa);
    }
    *raw = __atomic_load_n(host, __ATOMIC_RELAXED);
    c->reserve_value = *raw;
    c->reserve_gpa = gpa;
    c->reserve = true;
    return true;
}

/*
 * The value is compared although no core stored there: a device or a debugger may have, and what it wrote must not be written over.  It
 * is in the word before the granule counts it (e500_ram_written()).
 */
bool e500_ram_store_reserved(E500 *c, uint32_t *host, uint32_t raw)
{
    uint32_t expected = c->reserve_value;
    uintptr_t *granule = NULL;

    if (e500_page_flags(c->vm, c->reserve_gpa) & PAGE_KEPT)
        c->vm->before_store(c, c->reserve_gpa);
    if (c->vm->granules) {
        granule = granule_find(c->vm->granules, c->reserve_gpa);
        if (!granule_take_unchanged(granule, c->reserve_version))
            return false;
    }
    bool stored = __atomic_compare_exchange_n(host, &expected, raw, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    if (granule)
        granule_release(granule, c->reserve_version, stored);
    if (stored)
        page_written(c->vm, c, flags_of(c->vm, c->reserve_gpa), c->reserve_gpa, 4);
    return stored;
}

/* --- writes of others --- */

void e500_ram_written(const E500Vm *vm, uint64_t gpa, uint64_t size)
{
    while (size) {
        uint64_t n = MIN(size, E500_PAGE_SIZE - gpa % E500_PAGE_SIZE);
        uint8_t *flags = ram_find(vm, gpa, 1) ? flags_of(vm, gpa) : NULL;
        unsigned now = flags ? flags_load(flags) : 0;

        if (now & PAGE_RESERVED)
            granules_count(vm, gpa, n);
        if (now & (PAGE_CODE | PAGE_CLEAN))
            page_written(vm, NULL, flags, gpa, n);
        gpa += n;
        size -= n;
    }
}

/* --- dirty log --- */

/* A page is dirty when it is not clean, so nothing is written down when it becomes so. */
void e500_ram_fetch_dirty(const E500Vm *vm, uint64_t gpa, uint64_t n_pages, uint8_t *bitmap)
{
    memset(bitmap, 0, (n_pages + 7) / 8);
    for (uint64_t n = 0; n < n_pages; n++) {
        uint8_t *flags = flags_of(vm, gpa + (n << E500_PAGE_BITS));

        if (!(__atomic_fetch_or(flags, PAGE_CLEAN, __ATOMIC_SEQ_CST) & PAGE_CLEAN))
            bitmap[n / 8] |= (uint8_t)(1u << n % 8);
    }
    e500_mail_protect(vm, NULL, gpa, n_pages << E500_PAGE_BITS);
    while (!e500_mail_done(vm, NULL))
        g_thread_yield();
}

void e500_ram_stop_dirty(const E500Vm *vm)
{
    for (unsigned i = 0; i < vm->n_ram; i++)
        e500_page_flag_clear(vm, vm->ram[i].block.gpa, vm->ram[i].block.size, PAGE_CLEAN);
}
