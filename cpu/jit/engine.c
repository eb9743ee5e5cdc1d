/* SPDX-License-Identifier: MIT
 *
 * The translating engine.  It finds the block of a pc, enters it, and does what the code came back for.  Code that was not executed
 * often, what is left of a slice, and everything when there is no code memory is the fast engine's.
 */
#include <stdio.h>
#include <string.h>

#include "cpu/e500/bits.h"
#include "cpu/e500/exec_spe.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/softfp.h"
#include "cpu/jit/cond.h"
#include "cpu/jit/jit.h"
#include "cpu/log.h"

/* --- CR: in the engine words while code executes, in s.cr for everybody else --- */

static void cr_to_words(Jit *jit, E500 *c)
{
    for (unsigned i = 0; i < 8; i++)
        c->engine[JIT_WORD_CONDITIONS + i] = cond_from_field(c->s.cr >> (28 - 4 * i) & 15);
    jit->cr_in_words = true;
}

static void cr_from_words(E500 *c)
{
    uint32_t cr = 0;
    for (unsigned i = 0; i < 8; i++)
        cr = cr << 4 | cond_to_field(c->engine[JIT_WORD_CONDITIONS + i]);
    c->s.cr = cr;
}

static void need_cr(Jit *jit, E500 *c)
{
    if (jit->cr_in_words)
        cr_from_words(c);
    jit->cr_in_words = false;
}

/* --- what decides a translation --- */

static bool is_plain(const E500 *c)
{
    if (c->model->categories & CAT_FP)
        return c->s.msr & MSR_FP && !(c->s.fpscr & FPSCR_CONTROL);
    /* An overflow that interrupts is not inexact; so before FINXS is set the host's flag must not be asked for one. */
    uint32_t f = c->s.spr[SPR_SPEFSCR];
    return !(f & (SPEFSCR_FRMC | SPEFSCR_FINXE)) && (f & SPEFSCR_FINXS || !(f & (SPEFSCR_FOVFE | SPEFSCR_FUNFE)));
}

uint32_t jit_state(const E500 *c)
{
    return (c->s.msr & MSR_FP ? JIT_STATE_FP : 0) | (c->s.msr & MSR_SPE ? JIT_STATE_SPE : 0) | (c->s.so ? JIT_STATE_SO : 0) |
           (c->s.msr & MSR_PR ? JIT_STATE_PR : 0) | (is_plain(c) ? JIT_STATE_FP_PLAIN : 0);
}

/*
 * Tags are a context, above the bits of an address, and in the bits that contexts leave free: of targets the state word and the fetch epoch,
 * of sites the data epoch.  An epoch comes again after 2^16 others, and before that nothing of it may be left.
 */
enum { TAG_STATE_SHIFT = 42, TAG_EPOCH_SHIFT = TAG_STATE_SHIFT + JIT_STATE_BITS, TAG_EPOCH_BITS = 63 - TAG_EPOCH_SHIFT };
G_STATIC_ASSERT((int)TAG_STATE_SHIFT > (int)CONTEXT_AS_SHIFT &&
                (int)TAG_EPOCH_SHIFT + (int)TAG_EPOCH_BITS == (int)CONTEXT_VALID_SHIFT);

static uint64_t epoch_bits(uint32_t epoch)
{
    return (uint64_t)(epoch & ((1u << TAG_EPOCH_BITS) - 1)) << TAG_EPOCH_SHIFT;
}

static bool epoch_is_used_up(uint32_t *seen, uint32_t now)
{
    bool used_up = (now ^ *seen) >> TAG_EPOCH_BITS;
    *seen = now;
    return used_up;
}

void jit_tags(Jit *jit, E500 *c)
{
    if (epoch_is_used_up(&jit->fetch_epoch, c->fetch_epoch))
        memset(jit->target, 0, JIT_TARGETS * sizeof(JitTarget));
    if (epoch_is_used_up(&jit->data_epoch, c->data_epoch) && jit->code.write)
        memset(jit->code.write + jit->code.sites, 0, jit->code.size - jit->code.sites);
    c->engine[JIT_WORD_TARGET_TAG] = c->ctx_fetch | (uint64_t)jit_state(c) << TAG_STATE_SHIFT | epoch_bits(c->fetch_epoch);
    c->engine[JIT_WORD_EPOCH] = epoch_bits(c->data_epoch);
    c->engine[JIT_WORD_TAG] = c->ctx_data | epoch_bits(c->data_epoch);
}

/* --- an instruction that a block hands over --- */

/* False: leave the code; the state is whole, and jit->result says what came of the instruction. */
bool jit_exec(E500 *c, const JitRecord *record, uint32_t budget)
{
    Jit *jit = jit_of(c);
    uint32_t done = (uint32_t)c->engine[JIT_WORD_LIMIT] - budget - record->left;

    jit->stats.calls++;
    if (record->site && !record->site->left)
        jit_emit_give_up(jit, record);
    c->s.pc = record->pc;
    c->done = done - 1;
    if (record->flags & RECORD_CR_IN)
        cr_from_words(c);
    bool status = record->flags & (RECORD_STATUS | RECORD_NEW);
    if (status)
        jit_inexact_take(c);
    if (record->flags & RECORD_STATUS)
        jit_note_settle(c);
    if (record->flags & RECORD_NEW)
        c->engine[JIT_WORD_NOTE] = 0;
    ExecResult r = record->exec(c, &record->insn);
    if (status)
        jit_inexact_forget(c);
    if (record->flags & RECORD_CR_OUT)
        cr_to_words(jit, c);
    if (record->flags & RECORD_CONTEXT || c->data_epoch != jit->data_epoch || c->fetch_epoch != jit->fetch_epoch)
        jit_tags(jit, c);
    jit->result = r;
    if (r == EXEC_NEXT)
        c->s.pc = record->pc + 4;
    else if (r != EXEC_JUMP) {
        jit->ended = record;
        return false;
    }
    c->done = done;
    /* An instruction that was executed to no effect, lwarx or tlbsync, is where it was. */
    return __atomic_load_n(&c->limit, __ATOMIC_RELAXED) && !(r == EXEC_JUMP && c->s.pc == record->pc);
}

/* --- translating --- */

static JitBlock *translate(Jit *jit, E500 *c, uint64_t gpa, Ea pc, uint32_t state)
{
    JitPage *page = jit_page(jit, gpa & ~UINT64_C(0xfff));
    if (page->rewritten > 64 || !jit_smc_watch(jit, page))
        return NULL;
    JitBlock *b = jit_alloc(jit, sizeof(*b) + JIT_LINKS_MAX * sizeof(JitLink));
    *b = (JitBlock){.gpa = gpa, .pc = pc, .state = state};
    jit_front(jit, c->fetch_host, pc, state, &b->first, &b->last);
    ir_simplify(&jit->ir);
    size_t used = jit->code.used;
    b->code = jit_emit(jit, b);
    if (!b->code) {
        jit_flush(jit);
        return NULL;
    }
    jit_block_add(jit, page, b);
    LOG(LOG_JIT, "vCPU %u: block 0x%" PRI_EA " at 0x%09" PRIx64 ": %u instructions, %zu bytes", c->index, pc, gpa, jit->ir.n_insns,
        jit->code.used - used);
    jit->stats.blocks++;
    jit->stats.block_insns += jit->ir.n_insns;
    jit->stats.block_bytes += jit->code.used - used;
    return b;
}

unsigned jit_hot = 4;
bool jit_fp = true;

static bool is_hot(Jit *jit, uint64_t gpa)
{
    uint8_t *heat = &jit->heat[(uint32_t)(gpa >> 2) * 0x9e3779b1u >> 18];
    return *heat >= jit_hot || ++*heat > jit_hot;
}

/* The block of s.pc, whose page is the fetch page; NULL: interpret. */
static JitBlock *block_of_pc(Jit *jit, E500 *c)
{
    uint64_t gpa = c->fetch_gpa + (c->s.pc & 0xfff);
    uint32_t state = jit_state(c);
    JitBlock *b = jit_block_find(jit, gpa, c->s.pc, state);
    if (!b && is_hot(jit, gpa))
        b = translate(jit, c, gpa, c->s.pc, state);
    return b;
}

/* --- running --- */

static bool fetches(E500 *c)
{
    return (c->s.pc & EA_PAGE_MASK) == c->fetch_page || e500_fetch_slow(c, c->s.pc) == EXEC_NEXT;
}

static const uint8_t *code_of_pc(Jit *jit, E500 *c)
{
    JitTarget *t = jit_target(jit, c->s.pc);
    uint64_t tag = c->engine[JIT_WORD_TARGET_TAG] | c->s.pc;

    if (t->tag == tag && !jit->unlinked)
        return t->code;
    jit->stats.target_misses++;
    if (c->s.pc & 3 || !fetches(c)) /* what it raised is raised once more by whoever executes it */
        return NULL;
    JitBlock *b = block_of_pc(jit, c);
    if (!b)
        return NULL;
    if (jit->unlinked && !jit->unlinked->to)
        jit_link(jit, jit->unlinked, b);
    e500_fetch_mark(c, c->s.pc);
    *t = (JitTarget){tag, b->code};
    return b->code;
}

static bool interpret(Jit *jit, E500 *c, uint32_t until)
{
    uint32_t before = c->done;
    need_cr(jit, c);
    jit_note_settle(c);
    bool on = fast_run_straight(jit->vcpu, jit->tables, until);
    jit->stats.interpreted += c->done - before;
    return on;
}

/* The code left because an instruction of it did not simply complete. */
static bool ended(Jit *jit, E500 *c)
{
    const JitRecord *r = jit->ended;
    if (!r)
        return true;
    jit->ended = NULL;
    if (!soft_insn_ended(jit->vcpu, jit->result, &r->insn))
        return false;
    c->done++;
    return true;
}

/* Enters the code of s.pc, if there is any; else, and when a block does not fit into the slice, interprets. */
static bool step(Jit *jit, E500 *c, uint32_t limit)
{
    jit_tags(jit, c);
    const uint8_t *code = code_of_pc(jit, c);
    jit_tags(jit, c); /* to translate may have marked a page as code */
    jit->unlinked = NULL;
    if (!code)
        return interpret(jit, c, UINT32_MAX);
    if (!jit->cr_in_words)
        cr_to_words(jit, c);
    c->engine[JIT_WORD_LIMIT] = limit;
    jit_inexact_forget(c);
    jit->stats.entries++;
    JitReason reason = jit->routine.enter(c, code);
    if (c->engine[JIT_WORD_NOTE]) /* inline floating point leaves one */
        jit_inexact_take(c);
    switch (reason) {
    case JIT_LIMIT: /* what is left of the slice is shorter than the block */
        return c->done >= __atomic_load_n(&c->limit, __ATOMIC_RELAXED) || interpret(jit, c, limit);
    case JIT_ENDED:
        return ended(jit, c);
    case JIT_LINK:
        jit->unlinked = (JitLink *)(uintptr_t)c->engine[JIT_WORD_LINK];
        c->s.pc = jit->unlinked->pc;
        break;
    case JIT_LOOKUP:
        break;
    }
    return true;
}

static bool run_slice(SoftVcpu *vcpu)
{
    Jit *jit = vcpu->engine_data;
    E500 *c = &vcpu->core;
    uint32_t limit;
    bool on = true;

    jit_smc_attend(jit);
    while (on && c->done < (limit = __atomic_load_n(&c->limit, __ATOMIC_RELAXED)))
        on = jit->off ? interpret(jit, c, UINT32_MAX) : step(jit, c, limit);
    jit->unlinked = NULL;
    need_cr(jit, c);
    jit_note_settle(c);
    return on;
}

/* --- starting and stopping --- */

static void tell_stats(const Jit *jit)
{
    const E500 *c = &jit->vcpu->core;
    if (!((const SoftVm *)jit->vcpu->base.vm)->stats)
        return;
    fprintf(stderr, "vCPU %u: %" PRIu64 " instructions\n", c->index, c->count.instructions);
#define X(name, doc) fprintf(stderr, "vCPU %u: %" PRIu64 " %s\n", c->index, jit->stats.name, doc);
    JIT_STATS(X)
#undef X
}

/* Without code memory everything is interpreted, and that is said once. */
static void open_code(Jit *jit, size_t size)
{
    static int told;
    g_autoptr(GError) error = NULL;
    if (!jit_host_supported())
        g_set_error(&error, G_FILE_ERROR, G_FILE_ERROR_NOSYS, "the processor lacks an instruction that it needs");
    else if (jit_code_new(&jit->code, size, &error)) {
        jit_emit_routines(jit);
        jit->has_fp = jit_fp && jit_host_has_fp();
        jit->code.first = jit->code.used;
        return;
    }
    jit->off = true;
    if (!__atomic_exchange_n(&told, 1, __ATOMIC_RELAXED))
        g_printerr("quoin: -accel soft,jit=on: %s; instructions are interpreted\n", error->message);
}

static void start(SoftVcpu *vcpu)
{
    Jit *jit = g_new0(Jit, 1);
    jit->vcpu = vcpu;
    vcpu->engine_data = jit;
    jit->tables = fast_tables_new(vcpu->core.model);
    jit->pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    jit->arena = g_ptr_array_new_with_free_func(g_free);
    jit->target = g_new0(JitTarget, JIT_TARGETS);
    g_mutex_init(&jit->lock);
    vcpu->core.engine[JIT_WORD_JIT] = (uintptr_t)jit;
    vcpu->core.engine[JIT_WORD_TARGETS] = (uintptr_t)jit->target;
    SoftVm *vm = (SoftVm *)vcpu->base.vm;
    open_code(jit, vm->code_bytes ? vm->code_bytes : JIT_CODE_BYTES);
    jit_smc_join(jit);
}

static void stop(SoftVcpu *vcpu)
{
    Jit *jit = vcpu->engine_data;
    jit_smc_leave(jit);
    tell_stats(jit);
    jit_code_free(&jit->code);
    g_hash_table_unref(jit->pages);
    g_ptr_array_unref(jit->arena);
    g_free(jit->target);
    fast_tables_free(jit->tables);
    g_mutex_clear(&jit->lock);
    g_free(jit);
}

const SoftEngine soft_jit = {
    .name = "jit",
    .doc = "blocks of instructions translated to the host's",
    .slice = 16384,
    .start = start,
    .stop = stop,
    .run_slice = run_slice,
};
