/* SPDX-License-Identifier: MIT
 *
 * Guest RAM as the cores of a VM see it: the host memory behind it, what is known of each page, and every store to it.
 *
 * A page has flags.  A store to a page without any needs nothing but the store, and the soft TLB lets it through inline (mem.h).  A page
 * with a flag is in no soft TLB for stores: they come here, are made, and what the flag asks for follows.  So a flag costs nothing where
 * there is none.  Where counting is all that is asked for, the soft TLB says so (SLOT_COUNTED), and an engine may do that by itself.
 *
 * Setting a flag is the delicate part, as another core may be in the middle of a store that has not seen it.  Three steps: set it; ask
 * all cores to take the page out of their soft TLBs (mail.h); wait until those that execute have.  From then on no store misses the
 * flag, and those that did are in memory.  Taking a flag away needs nothing of the kind.
 */
#pragma once

#include "cpu/e500/core.h"

enum {
    PAGE_CODE = 1,     /* an engine translated instructions of this page: E500Vm.code_written() hears of each store */
    PAGE_CLEAN = 2,    /* the dirty log is on and nobody wrote here since it was fetched; the first store takes the flag away */
    PAGE_RESERVED = 4, /* somebody reserves here: stores count in their granule (granule.h); goes when nobody has for many stores */
    PAGE_SETTLED = 8,  /* PAGE_RESERVED, and all cores know it: reservations may be made */
    PAGE_KEPT = 16,    /* E500Vm.before_store() hears of a core's next store before it is made, and takes the flag away */
};

/* False: there are E500_RAM_MAX blocks already.  Before cores execute. */
bool e500_ram_add(E500Vm *vm, const AccelRam *block);
void e500_ram_free(E500Vm *vm); /* forgets all blocks */
/* Host address of [gpa, gpa + size) when it is all RAM of one block, else NULL. */
uint8_t *e500_ram_host(const E500Vm *vm, uint64_t gpa, uint64_t size);
unsigned e500_page_flags(const E500Vm *vm, uint64_t gpa); /* of the page; any thread */

/*
 * Sets PAGE_CODE, PAGE_CLEAN or PAGE_KEPT of the pages of [gpa, gpa + size), which are RAM, and asks the cores.  Settled when e500_mail_done(vm, by).
 * `by` is the calling core, whose own soft TLB is done at once, or NULL.  Any thread.
 */
void e500_page_flag_set(const E500Vm *vm, E500 *by, uint64_t gpa, uint64_t size, unsigned flag);
/*
 * Sets PAGE_KEPT of a page again, of which only c has stored to since it was taken away, and asks nobody.  c's soft TLB is the caller's to
 * protect.  c's own thread.
 */
void e500_page_keep(const E500Vm *vm, uint64_t gpa);
void e500_page_flag_clear(const E500Vm *vm, uint64_t gpa, uint64_t size, unsigned flag); /* any thread */

/* --- stores of core c, by the host address of gpa; all of its page --- */

/* Naturally aligned: 1, 2, 4 or 8 bytes.  One store, as other cores may watch it. */
void e500_ram_store(E500 *c, uint64_t gpa, uint8_t *host, unsigned size, uint64_t value);
/* `size` bytes of zeros, an aligned block of at most a granule: one store to reservations. */
void e500_ram_zero(E500 *c, uint64_t gpa, uint8_t *host, unsigned size);
/*
 * lwarx.  Makes c's reservation of the word at gpa; *raw is the word as it lies in memory.  False: other cores have to hear of it first;
 * execute the instruction again.
 */
bool e500_ram_reserve(E500 *c, uint64_t gpa, const uint32_t *host, uint32_t *raw);
/* stwcx. to the word that c reserved.  False: the reservation was lost, nothing is stored. */
bool e500_ram_store_reserved(E500 *c, uint32_t *host, uint32_t raw);

/*
 * The dirty log is on while somebody fetches: fetching makes pages clean, stopping it takes PAGE_CLEAN from all.  AccelOps.vm_dirty_fetch
 * says what is reported.
 */
void e500_ram_fetch_dirty(const E500Vm *vm, uint64_t gpa, uint64_t n_pages, uint8_t *bitmap);
void e500_ram_stop_dirty(const E500Vm *vm);

/* Somebody else than a core wrote there: a device, a hypercall, a debugger.  After the write.  Any thread.  What is not RAM is passed over. */
void e500_ram_written(const E500Vm *vm, uint64_t gpa, uint64_t size);
