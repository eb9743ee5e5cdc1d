/* SPDX-License-Identifier: MIT
 *
 * The translating engine.  It finds the block of a pc, enters it, and does what the code came back for.  Code that was not executed
 * often, what is left of a slice, and everything when there is no code memory is the fast engine's.
 */
#include <stdio.h>
#include <string.h>

#include "cpu/e500/bits.h"
#include "cpu/e500/exec_spe.h"
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/mmu.h"
#include "cpu/e500/softfp.h"
#include "cpu/jit/cond.h"
#include "cpu/jit/jit.h"
#include "cpu/log.h"
#include "cpu/timeline.h"

/* --- CR: in the engine words while code executes, in s.cr for everybody else --- */

const uint64_t jit_conditions[16] = {
#define C2(n) COND_OF_FIELD(n), COND_OF_FIELD(n + 1)
    C2(0), C2(2), C2(4), C2(6), C2(8), C2(10), C2(12), C2(14),
#undef C2
};

static void cr_to_words(Jit *jit, E500 *c)
{
    for (unsigned i = 0; i < 8; i++)
        c->engine[JIT_WORD_CONDITIONS + i] = jit_conditions[c->s.cr >> (28 - 4 * i) & 15];
    jit->cr_in_words = true;
}

uint32_t jit_cr_get(const uint64_t *conditions)
{
    uint32_t cr = 0;
    for (unsigned i = 0; i < 8; i++)
        cr = cr << 4 | cond_to_field(conditions[i]);
    return cr;
}

void jit_cr_bit(uint64_t *conditions, uint32_t what)
{
    uint32_t k = what >> 14, a = what >> 9 & 31, b = what >> 4 & 31, bit = 8u >> k % 4;
    uint32_t of_a = cond_to_field(conditions[a / 4]) >> (3 - a % 4) & 1, of_b = cond_to_field(conditions[b / 4]) >> (3 - b % 4) & 1;
    uint32_t field = cond_to_field(conditions[k / 4]) & ~bit;
    conditions[k / 4] = jit_conditions[what >> (2 * of_a + of_b) & 1 ? field | bit : field];
}

static void cr_from_words(E500 *c)
{
    c->s.cr = jit_cr_get(&c->engine[JIT_WORD_CONDITIONS]);
}

static void need_cr(Jit *jit, E500 *c)
{
    if (jit->cr_in_words)
        cr_from_words(c);
    jit->cr_in_words = false;
}

static E500 *core_of(uint64_t *conditions)
{
    return (E500 *)(void *)((uint8_t *)conditions - offsetof(E500, engine[JIT_WORD_CONDITIONS]));
}

uint32_t jit_enable(uint64_t *conditions)
{
    E500 *c = core_of(conditions);
    e500_enable_external(c);
    return __atomic_load_n(&c->limit, __ATOMIC_RELAXED);
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
enum { TAG_STATE_SHIFT = 43, TAG_EPOCH_SHIFT = TAG_STATE_SHIFT + JIT_STATE_BITS, TAG_EPOCH_BITS = 63 - TAG_EPOCH_SHIFT };
G_STATIC_ASSERT((int)TAG_STATE_SHIFT > (int)CONTEXT_OWN_SHIFT &&
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

/* Whatever of the last time that an epoch had these bits goes. */
static void use_up_epochs(Jit *jit, const E500 *c)
{
    bool fetches = false, data = false;
    for (unsigned i = 0; i < E500_SPACES; i++) {
        fetches |= epoch_is_used_up(&jit->fetch_epoch[i], c->kept_fetches[i].epoch);
        data |= epoch_is_used_up(&jit->data_epoch[i], c->kept_data[i].epoch);
    }
    jit->epochs = c->epochs;
    if (fetches)
        memset(jit->target, 0, JIT_TARGET_TABLES * JIT_TARGETS * sizeof(JitTarget));
    if (data && jit->code.write)
        memset(jit->code.write + jit->code.sites, 0, jit->code.size - jit->code.sites);
}

void jit_tags(Jit *jit, E500 *c)
{
    if (jit->epochs != c->epochs)
        use_up_epochs(jit, c);
    bool user = c->s.msr & MSR_PR;
    unsigned table = user ? 1 + e500_context_pid(c->ctx_fetch) % (JIT_TARGET_TABLES - 1) : 0;
    c->engine[JIT_WORD_TARGETS] = (uintptr_t)(jit->target + table * JIT_TARGETS);
    c->engine[JIT_WORD_TARGET_TAG] =
        c->ctx_fetch | (uint64_t)jit_state(c) << TAG_STATE_SHIFT | epoch_bits(c->kept_fetches[user].epoch);
    c->engine[JIT_WORD_EPOCH] = epoch_bits(c->kept_data[user].epoch);
    c->engine[JIT_WORD_TAG] = c->ctx_data | c->engine[JIT_WORD_EPOCH];
}

/* --- turns to another context --- */

static uint32_t turn_call(uint64_t *conditions, uint32_t next)
{
    E500 *c = core_of(conditions);
    e500_system_call(c, next);
    jit_tags(jit_of(c), c);
    return c->s.pc;
}

static uint32_t turn_back(uint64_t *conditions, uint32_t next)
{
    E500 *c = core_of(conditions);
    uint32_t msr = c->s.spr[SPR_SRR1];
    if (msr & ~c->s.msr & (MSR_FE0 | MSR_FE1) && c->s.fpscr & FPSCR_FEX) /* it may be an interrupt (e500_msr_written()) */
        return JIT_NO_TURN;
    e500_set_msr(c, msr);
    jit_tags(jit_of(c), c);
    return c->s.spr[SPR_SRR0] & ~3u;
}

static uint32_t turn_tlb(uint64_t *conditions, uint32_t next)
{
    E500 *c = core_of(conditions);
    e500_tlbwe(c);
    if (c->epochs != jit_of(c)->epochs)
        jit_tags(jit_of(c), c);
    return next;
}

uint32_t (*const jit_turns[])(uint64_t *,
                              uint32_t) = {[JIT_TURN_CALL] = turn_call, [JIT_TURN_BACK] = turn_back, [JIT_TURN_TLB] = turn_tlb};

/* --- an instruction that a block hands over --- */

/* The instruction raised an interrupt, or needs an exit.  After an interrupt the code goes on at the handler, unless somebody wants attention. */
static JitNext insn_ended(Jit *jit, E500 *c, const JitRecord *record, ExecResult r)
{
    if (!soft_insn_ended(jit->vcpu, r, &record->insn)) {
        jit->on = false;
        return JIT_LEAVE;
    }
    c->done++;
    jit_tags(jit, c);
    return __atomic_load_n(&c->limit, __ATOMIC_RELAXED) ? JIT_GO_TO : JIT_LEAVE;
}

static uint32_t home_of(const E500 *c, unsigned home)
{
    uint32_t v;
    memcpy(&v, (const uint8_t *)c + ir_layout.home[home], sizeof(v));
    return v;
}

/* Conditions that the code has left to whoever wants to know them. */
static void make_conditions(E500 *c, const JitMap *map)
{
    for (unsigned i = 0; i < map->n_late; i++) {
        const JitLate *late = &map->late[i];
        uint32_t a = home_of(c, late->a), b = late->flags & LATE_IMM ? late->imm : home_of(c, late->b);
        if (late->k == JIT_LATE_CARRY)
            c->s.ca = late->flags & LATE_OR_EQUAL ? a <= b : a < b;
        else if (late->flags & LATE_SIGNED)
            c->engine[JIT_WORD_CONDITIONS + late->k] = (uint64_t)((int64_t)(int32_t)a - (int32_t)b);
        else
            c->engine[JIT_WORD_CONDITIONS + late->k] = (uint64_t)a - b;
    }
}

JitNext jit_exec(E500 *c, JitRecord *record, uint32_t budget)
{
    Jit *jit = jit_of(c);
    uint32_t done = (uint32_t)c->engine[JIT_WORD_LIMIT] - budget - record->left;

    jit->calls[record->insn.id]++;
    if (record->map)
        make_conditions(c, record->map);
    if (!record->changes && (record->site || record->flags & RECORD_WINDOW))
        jit_manner(jit, record);
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
    if (r != EXEC_NEXT && r != EXEC_JUMP)
        return insn_ended(jit, c, record, r);
    uint64_t tag = c->engine[JIT_WORD_TARGET_TAG];
    if (record->flags & RECORD_CONTEXT || c->epochs != jit->epochs)
        jit_tags(jit, c);
    c->done = done;
    if (r == EXEC_NEXT)
        c->s.pc = record->pc + 4;
    else if (c->s.pc == record->pc)
        return JIT_LEAVE; /* executed to no effect, as lwarx or tlbsync may be: it is where it was */
    if (!__atomic_load_n(&c->limit, __ATOMIC_RELAXED))
        return JIT_LEAVE;
    return tag == c->engine[JIT_WORD_TARGET_TAG] ? JIT_GO_ON : JIT_GO_TO;
}

/* --- translating --- */

/* A guest that boots again and again leaves blocks behind whose memory only a flush gives back. */
static bool mostly_dead(const Jit *jit)
{
    return jit->dropped > 512 && jit->dropped > 2 * (jit->made - jit->dropped);
}

static JitBlock *translate(Jit *jit, E500 *c, uint64_t gpa, Ea pc, uint32_t state)
{
    if (mostly_dead(jit))
        jit_flush(jit);
    JitPage *page = jit_page(jit, gpa & ~UINT64_C(0xfff));
    if (c->count.instructions - page->rewritten_at >= JIT_LEFT_ALONE)
        page->rewritten = 0;
    if (page->rewritten > JIT_REWRITTEN_MAX || !jit_smc_watch(jit, page))
        return NULL;
    const uint64_t begin = timeline_on(TIMELINE_JIT) ? timeline_ns() : 0;
    JitBlock *b = jit_alloc(jit, sizeof(*b));
    *b = (JitBlock){.gpa = gpa, .pc = pc, .state = state};
    jit->making = b;
    jit_front(jit, c->fetch_host, pc, state, &b->first, &b->last);
    ir_simplify(&jit->ir);
    if (!(state & JIT_STATE_APART))
        ir_group(&jit->ir);
    ir_drop_dead(&jit->ir);
    size_t used = jit->code.used;
    b->link = jit_alloc(jit, ir_exits(&jit->ir) * sizeof(JitLink));
    b->code = jit_emit(jit, b);
    if (!b->code) {
        jit_flush(jit);
        return NULL;
    }
    jit_block_add(jit, page, b);
    jit_trace_block(jit, b, jit->code.used - used);
    timeline_span(TIMELINE_JIT, c->index, "translate", begin, pc);
    jit->stats.blocks++;
    jit->stats.block_insns += jit->ir.n_insns;
    jit->stats.block_bytes += jit->code.used - used;
    return b;
}

unsigned jit_hot = 32;
bool jit_fp = true;

static bool is_hot(Jit *jit, uint64_t gpa)
{
    uint8_t *heat = &jit->heat[(uint32_t)(gpa >> 2) * 0x9e3779b1u >> 18];
    return *heat >= jit_hot || ++*heat > jit_hot;
}

/* The block of s.pc, whose page is the fetch page; NULL: interpret. */
static JitBlock *block_of_pc(Jit *jit, E500 *c, uint32_t variant)
{
    uint64_t gpa = c->fetch_gpa + (c->s.pc & 0xfff);
    uint32_t state = jit_state(c) | variant;
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
    bool apart = jit->unlinked && jit->unlinked->apart;
    JitBlock *b = block_of_pc(jit, c, apart ? JIT_STATE_APART : 0);
    if (!b)
        return NULL;
    if (jit->unlinked && !jit->unlinked->to)
        jit_link(jit, jit->unlinked, b);
    e500_keep(&c->kept_fetches[c->s.msr & MSR_PR ? E500_USER : E500_SUPERVISOR], c->s.pc);
    if (!apart)
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

/*
 * By how many instructions a slice may be longer than its limit.  What does not fit into it is interpreted, or the last block is let through:
 * in real time, where a slice is as long as it is only so that somebody looks at the clock.  Nothing else may be near: no sample, no comparison
 * with another engine, no single step.
 */
static uint32_t slack(const Jit *jit, const E500 *c, uint32_t limit)
{
    const SoftVcpu *vcpu = jit->vcpu;
    bool only_clock = !c->vm->time->is_virtual && vcpu->next_sample == UINT64_MAX && vcpu->engine == &soft_jit;
    return only_clock && limit == soft_jit.slice ? IR_INSNS_MAX : 0;
}

/* Enters the code of s.pc, if there is any; else, and when a block does not fit into the slice, interprets. */
static bool step(Jit *jit, E500 *c, uint32_t limit)
{
    jit_tags(jit, c);
    const uint8_t *code = code_of_pc(jit, c);
    if (jit->epochs != c->epochs) /* to translate may have marked a page as code */
        jit_tags(jit, c);
    jit->unlinked = NULL;
    if (!code)
        return interpret(jit, c, UINT32_MAX);
    if (!jit->cr_in_words)
        cr_to_words(jit, c);
    c->engine[JIT_WORD_LIMIT] = limit + slack(jit, c, limit);
    jit_inexact_forget(c);
    jit->stats.entries++;
    jit->on = true;
    JitReason reason = jit->routine.enter(c, code);
    if (c->engine[JIT_WORD_NOTE]) /* inline floating point leaves one */
        jit_inexact_take(c);
    switch (reason) {
    case JIT_LIMIT: /* what is left of the slice is shorter than the block */
        return c->done >= __atomic_load_n(&c->limit, __ATOMIC_RELAXED) || interpret(jit, c, limit);
    case JIT_ENDED:
        return jit->on;
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

/* The rows whose functions blocks called most. */
static void tell_calls(const Jit *jit)
{
    uint64_t all = 0, below = UINT64_MAX;
    for (unsigned i = 0; i < INSN_COUNT; i++)
        all += jit->calls[i];
    fprintf(stderr, "vCPU %u: %" PRIu64 " instructions that blocks handed to the interpreter's functions:", jit->vcpu->core.index,
            all);
    for (unsigned n = 0; n < 12; n++) {
        unsigned most = INSN_COUNT;
        for (unsigned i = 0; i < INSN_COUNT; i++)
            if (jit->calls[i] && jit->calls[i] < below && (most == INSN_COUNT || jit->calls[i] > jit->calls[most]))
                most = i;
        if (most == INSN_COUNT)
            break;
        below = jit->calls[most];
        fprintf(stderr, " %s %" PRIu64, insn_info[most].name, below);
    }
    fputc('\n', stderr);
}

static void tell_stats(const Jit *jit)
{
    const E500 *c = &jit->vcpu->core;
    if (!((const SoftVm *)jit->vcpu->base.vm)->stats)
        return;
    fprintf(stderr, "vCPU %u: %" PRIu64 " instructions\n", c->index, c->count.instructions);
#define X(name, doc) fprintf(stderr, "vCPU %u: %" PRIu64 " %s\n", c->index, jit->stats.name, doc);
    JIT_STATS(X)
#undef X
    tell_calls(jit);
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
        g_printerr("quoin: -accel soft: nothing is translated, instructions are interpreted: %s\n", error->message);
}

static void start(SoftVcpu *vcpu)
{
    Jit *jit = g_new0(Jit, 1);
    jit->vcpu = vcpu;
    vcpu->engine_data = jit;
    jit->tables = fast_tables_new(vcpu->core.model);
    jit->pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    jit->manner = g_hash_table_new(NULL, NULL);
    jit->arena = g_ptr_array_new_with_free_func(g_free);
    jit->target = g_new0(JitTarget, JIT_TARGET_TABLES * JIT_TARGETS);
    g_mutex_init(&jit->lock);
    vcpu->core.engine[JIT_WORD_JIT] = (uintptr_t)jit;
    vcpu->core.engine[JIT_WORD_GRANULES] = (uintptr_t)vcpu->core.vm->granules;
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
    g_hash_table_unref(jit->manner);
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
