/* SPDX-License-Identifier: MIT
 *
 * The plain engine: fetch, decode (memoized by word), call the exec function of the instruction's row.  It is what other engines are
 * compared with.
 */
#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"
#include "cpu/soft/soft.h"

/*
 * Decoding is a pure function of the instruction word, so it is memoized by word: no invalidation exists, and code that
 * changes itself needs no attention (docs/decisions/006-decoding-by-word.md).
 */
enum { DECODED_BITS = 15, DECODED_SIZE = 1 << DECODED_BITS };

typedef struct Decoded {
    InsnExec *exec;
    Insn insn;
} Decoded;

static void start(SoftVcpu *vcpu)
{
    Decoded *table = g_new(Decoded, DECODED_SIZE), zero = {0};
    insn_decode(0, vcpu->core.model, &zero.insn);
    zero.exec = insn_exec[zero.insn.id];
    for (size_t i = 0; i < DECODED_SIZE; i++)
        table[i] = zero; /* each entry is a true decoding of its word */
    vcpu->engine_data = table;
}

static void stop(SoftVcpu *vcpu)
{
    g_free(vcpu->engine_data);
}

static inline const Decoded *decode(Decoded *table, const E500Model *model, uint32_t word)
{
    Decoded *d = &table[(uint32_t)(word * 0x9e3779b1u) >> (32 - DECODED_BITS)];
    if (__builtin_expect(d->insn.word != word, 0)) {
        insn_decode(word, model, &d->insn);
        d->exec = insn_exec[d->insn.id];
    }
    return d;
}

static bool run_slice(SoftVcpu *vcpu)
{
    E500 *c = &vcpu->core;
    Decoded *table = vcpu->engine_data;

    for (; c->done < __atomic_load_n(&c->limit, __ATOMIC_RELAXED); c->done++) {
        uint32_t word;
        Ea pc = c->s.pc;
        if (__builtin_expect(e500_fetch(c, pc, &word) != EXEC_NEXT, 0)) {
            if (!e500_deliver_trap(c))
                return false;
            continue;
        }
        const Decoded *d = decode(table, c->model, word);
        ExecResult r = d->exec(c, &d->insn);
        if (__builtin_expect(r == EXEC_NEXT, 1))
            c->s.pc = pc + 4;
        else if (r != EXEC_JUMP && !soft_insn_ended(vcpu, r, &d->insn))
            return false;
    }
    return true;
}

const SoftEngine soft_plain = {
    .name = "plain",
    .doc = "one instruction after the other, by the tables",
    .slice = 1024,
    .start = start,
    .stop = stop,
    .run_slice = run_slice,
};
