/* SPDX-License-Identifier: MIT
 *
 * The fast engine: as the plain one, but it finds a decoded instruction by its address, takes special forms (fast_forms.c), and walks along
 * a page without looking up each instruction anew.
 *
 * Every instruction word is still read from memory and compared with the one that was decoded, so no invalidation exists here either.  A
 * word that is not the expected one is looked up by word, and only if that fails it is decoded (docs/decisions/006-decoding-by-word.md).
 */
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"
#include "cpu/soft/fast.h"
#include "cpu/soft/soft.h"

enum {
    BY_ADDRESS_BITS = 14, /* 64 KiB of code */
    BY_ADDRESS = 1 << BY_ADDRESS_BITS,
    PAGES = BY_ADDRESS / 1024, /* each a part of by_address */
    BY_WORD_BITS = 13,
    BY_WORD = 1 << BY_WORD_BITS,
};

typedef struct Decoded {
    InsnExec *exec;
    uint32_t raw; /* the instruction word as it lies in memory */
    Insn insn;
} Decoded;

typedef struct FastTables {
    Decoded by_address[BY_ADDRESS]; /* index: the word's address modulo the table, so a page's words are neighbours */
    Decoded by_word[BY_WORD];       /* exec NULL: nothing yet */
    uint32_t filled;                /* a bit for each part of by_address: its entries are true decodings of their words */
    const E500Model *model;
    struct FastTables *next; /* of `unused` */
} Tables;

/*
 * Tables that no vCPU uses.  What they know depends on the model alone, so a VM that is made anew, as by a reset with reset=rebuild, takes
 * those of the one before it instead of filling its own.  The process's, since a VM does not know of the next one.
 */
static Tables *unused;
static GMutex unused_lock;

static Decoded decoding(const E500Model *model, uint32_t raw)
{
    Decoded d = {.raw = raw};
    insn_decode((uint32_t)e500_swap(raw, 4), model, &d.insn);
    d.exec = fast_exec(&d.insn);
    return d;
}

static Tables *take_unused(const E500Model *model)
{
    g_mutex_lock(&unused_lock);
    Tables **at = &unused, *tables;
    while (*at && (*at)->model != model)
        at = &(*at)->next;
    tables = *at;
    if (tables)
        *at = tables->next;
    g_mutex_unlock(&unused_lock);
    return tables;
}

FastTables *fast_tables_new(const E500Model *model)
{
    Tables *tables = take_unused(model);
    if (tables)
        return tables;
    tables = g_new0(Tables, 1); /* host pages of it that no guest code comes to are never touched */
    tables->model = model;
    return tables;
}

static __attribute__((noinline)) void fill(Tables *tables, unsigned part)
{
    Decoded zero = decoding(tables->model, 0);
    for (unsigned i = 0; i < BY_ADDRESS / PAGES; i++)
        tables->by_address[part * (BY_ADDRESS / PAGES) + i] = zero;
    tables->filled |= 1u << part;
}

void fast_tables_free(FastTables *tables)
{
    g_mutex_lock(&unused_lock);
    tables->next = unused;
    unused = tables;
    g_mutex_unlock(&unused_lock);
}

static void start(SoftVcpu *vcpu)
{
    vcpu->engine_data = fast_tables_new(vcpu->core.model);
}

static void stop(SoftVcpu *vcpu)
{
    fast_tables_free(vcpu->engine_data);
}

static __attribute__((noinline)) void refill(Tables *tables, const E500Model *model, Decoded *d, uint32_t raw)
{
    Decoded *known = &tables->by_word[(uint32_t)(raw * 0x9e3779b1u) >> (32 - BY_WORD_BITS)];
    if (known->raw != raw || !known->exec)
        *known = decoding(model, raw);
    *d = *known;
}

/*
 * Executes from s.pc to the end of its page, to a jump, to the limit or `until`, or to where the translation of the page may have changed, which is
 * when fetch_page is no longer this page.  The same results as run_slice().
 */
static inline bool run_page(SoftVcpu *vcpu, E500 *c, Tables *tables, uint32_t until)
{
    const Ea page = c->fetch_page;
    const uint32_t *word = (const uint32_t *)(const void *)(c->fetch_host + (c->s.pc & 0xffc));
    const uint32_t *end = (const uint32_t *)(const void *)(c->fetch_host + 0x1000);
    Decoded *d = &tables->by_address[c->s.pc >> 2 & (BY_ADDRESS - 1)];
    const unsigned part = c->s.pc >> 12 & (PAGES - 1);
    uint32_t done = c->done;
    Ea pc = c->s.pc; /* stored, but not loaded again: a chain of loads and stores would take longer than most instructions */

    if (__builtin_expect(!(tables->filled >> part & 1), 0))
        fill(tables, part);
    do {
        uint32_t raw = __atomic_load_n(word, __ATOMIC_RELAXED);
        if (__builtin_expect(d->raw != raw, 0))
            refill(tables, c->model, d, raw);
        ExecResult r = d->exec(c, &d->insn);
        if (__builtin_expect(r != EXEC_NEXT, 0)) {
            if (r != EXEC_JUMP && !soft_insn_ended(vcpu, r, &d->insn))
                return false;
            c->done = done + 1;
            return true;
        }
        c->s.pc = pc += 4;
        c->done = ++done;
        word++;
        d++;
    } while (done < __atomic_load_n(&c->limit, __ATOMIC_RELAXED) && c->fetch_page == page && word != end && done < until);
    return true;
}

/* As run_slice(), to the next jump at most. */
static inline bool run_straight(SoftVcpu *vcpu, E500 *c, Tables *tables, uint32_t until)
{
    if (__builtin_expect((c->s.pc & ~(Ea)0xfff) != c->fetch_page, 0) && e500_fetch_slow(c, c->s.pc) != EXEC_NEXT) {
        if (!e500_deliver_trap(c))
            return false;
        c->done++;
        return true;
    }
    return run_page(vcpu, c, tables, until);
}

bool fast_run_straight(SoftVcpu *vcpu, FastTables *tables, uint32_t until)
{
    return run_straight(vcpu, &vcpu->core, tables, until);
}

static bool run_slice(SoftVcpu *vcpu)
{
    E500 *c = &vcpu->core;

    while (c->done < __atomic_load_n(&c->limit, __ATOMIC_RELAXED))
        if (!run_straight(vcpu, c, vcpu->engine_data, UINT32_MAX))
            return false;
    return true;
}

const SoftEngine soft_fast = {
    .name = "fast",
    .doc = "instructions found by address, special forms of the frequent ones",
    .slice = 1024,
    .start = start,
    .stop = stop,
    .run_slice = run_slice,
};
