/* SPDX-License-Identifier: MIT
 *
 * The declared effects of each row against what executing it does, in random states: nothing but what is declared changes; what is
 * declared as read decides everything; and each kind of effect that a row declares is seen at least once.
 */
#include "cpu/e500/effects.h"
#include "cpu/e500/exec_fp.h"
#include "cpu/e500/spr.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

/* At least so many trials of a row, and more until all that it declares was seen. */
enum { TRIALS = 60, TRIALS_MAX = 5000, PC = 0x8000, WINDOW = 0x4100, MODELS = 2 };

/* --- sets of state: the same shape for what differs, what is read and what is written --- */

typedef struct Set {
    uint32_t gpr, high, fpr, cr, res;
} Set;

static Set reads(const InsnEffects *e)
{
    return (Set){e->gpr_in, e->high_in, e->fpr_in, e->cr_in, e->in};
}

static Set writes(const InsnEffects *e)
{
    return (Set){e->gpr_out, e->high_out, e->fpr_out, e->cr_out, e->out};
}

static Set both(Set a, Set b)
{
    return (Set){a.gpr & b.gpr, a.high & b.high, a.fpr & b.fpr, a.cr & b.cr, a.res & b.res};
}

static Set either(Set a, Set b)
{
    return (Set){a.gpr | b.gpr, a.high | b.high, a.fpr | b.fpr, a.cr | b.cr, a.res | b.res};
}

static Set without(Set a, Set b)
{
    return (Set){a.gpr & ~b.gpr, a.high & ~b.high, a.fpr & ~b.fpr, a.cr & ~b.cr, a.res & ~b.res};
}

static bool is_empty(Set a)
{
    return !(a.gpr | a.high | a.fpr | a.cr | a.res);
}

static bool system_differs(const E500 *a, const E500 *b)
{
    for (unsigned i = 0; i < E500_SPR_SLOTS; i++)
        if (i != SPR_SPEFSCR && a->s.spr[i] != b->s.spr[i])
            return true;
    return a->s.xer_count != b->s.xer_count || a->s.waiting != b->s.waiting || a->s.held != b->s.held ||
           a->doorbells != b->doorbells || a->tb_offset != b->tb_offset || a->atb_offset != b->atb_offset ||
           a->dec_expiry != b->dec_expiry || memcmp(a->s.pmr, b->s.pmr, sizeof a->s.pmr) ||
           memcmp(a->s.tlb0, b->s.tlb0, sizeof a->s.tlb0) || memcmp(a->s.tlb1, b->s.tlb1, sizeof a->s.tlb1) ||
           memcmp(a->s.tlb0_nv, b->s.tlb0_nv, sizeof a->s.tlb0_nv);
}

static Set difference(const E500 *a, const E500 *b)
{
    Set d = {.cr = a->s.cr ^ b->s.cr};

    for (unsigned i = 0; i < 32; i++) {
        d.gpr |= (uint32_t)(a->s.gpr[i].w != b->s.gpr[i].w) << i;
        d.high |= (uint32_t)(a->s.gpr[i].h != b->s.gpr[i].h) << i;
        d.fpr |= (uint32_t)(a->s.fpr[i] != b->s.fpr[i]) << i;
    }
    d.res = (a->s.ca != b->s.ca ? RES_CA : 0) | (a->s.ov != b->s.ov ? RES_OV : 0) | (a->s.so != b->s.so ? RES_SO : 0) |
            (a->s.lr != b->s.lr ? RES_LR : 0) | (a->s.ctr != b->s.ctr ? RES_CTR : 0) | (a->s.fpscr != b->s.fpscr ? RES_FPSCR : 0) |
            (a->s.acc != b->s.acc ? RES_ACC : 0) | (a->s.spr[SPR_SPEFSCR] != b->s.spr[SPR_SPEFSCR] ? RES_SPEFSCR : 0) |
            (a->s.msr != b->s.msr ? RES_MSR : 0) |
            (a->reserve != b->reserve || (a->reserve && a->reserve_gpa != b->reserve_gpa) ? RES_RESERVE : 0) |
            (system_differs(a, b) ? RES_SYSTEM : 0);
    return d;
}

/* --- random words --- */

static uint32_t random_operand(GRand *r, OperandId id)
{
    static const uint16_t spr[] = {SPRNO_XER, SPRNO_LR, SPRNO_CTR, SPRNO_SPEFSCR, SPRNO_SRR0, SPRNO_SPRG1, SPRNO_DEC, SPRNO_TBL};
    const OperandInfo *op = &operand_info[id];
    uint32_t any = g_rand_int(r) & ((1u << op->width) - 1), number = spr[any % G_N_ELEMENTS(spr)];

    if ((g_rand_int(r) & 7) == 0)
        any &= 1;
    if (op->kind == OK_DISP) /* near its base: ±1 KiB */
        return any & 0x8000 ? any | 0xfc00 : any & 0x3ff;
    if (op->kind == OK_SPR && any & 0x200)
        return (number & 31) << 5 | number >> 5;
    return any;
}

/* A word of the row that the model executes. */
static void random_word(GRand *r, InsnId id, const E500Model *model, Insn *in)
{
    const InsnInfo *row = &insn_info[id];

    do {
        uint32_t word = row->match | (g_rand_int(r) & insn_flag_bits(row->flags));
        for (unsigned i = 0; i < INSN_OPERANDS_MAX && row->operand[i] != OPERAND_ID_NONE; i++) {
            const OperandInfo *op = &operand_info[row->operand[i]];
            uint32_t bits = ((1u << op->width) - 1) << op->shift & ~insn_flag_bits(row->flags);
            word |= random_operand(r, (OperandId)row->operand[i]) << op->shift & bits;
        }
        insn_decode(word & ~(model->reserved_illegal ? insn_reserved(id, model) : 0), model, in);
    } while (in->id != id);
}

/* --- random states --- */

static uint32_t edgy_word(GRand *r)
{
    static const uint32_t edges[] = {0,          1,          2,          31,         32,         0x7fffffff,
                                     0x80000000, UINT32_MAX, 0x7f800000, 0x3f800000, 0x007fffff, E500_HCALL_MAGIC};
    return g_rand_int(r) & 1 ? g_rand_int(r) : edges[g_rand_int(r) % G_N_ELEMENTS(edges)];
}

static uint64_t edgy_double(GRand *r)
{
    static const uint32_t edges[] = {0, 0x7ff00000, 0x7ff80000, 0x7ff40000, 0x3ff00000, 0x00100000, 0x7fe00000, 0x41e00000};
    uint32_t high = g_rand_int(r) & 3 ? 0x3fe00000 | (g_rand_int(r) & 0x803fffff) : edges[g_rand_int(r) % G_N_ELEMENTS(edges)];
    return (uint64_t)high << 32 | (g_rand_int(r) & 1 ? g_rand_int(r) : 0);
}

/* Addresses near each other, seldom misaligned, seldom of no page. */
static uint32_t some_address(GRand *r)
{
    uint32_t any = g_rand_int(r);
    return (any & 0x1f) == 0 ? 0xf0000000u : 0x1000 + (any >> 8 & (any & 0xe0 ? 0xff8 : 0xfff));
}

static void random_gprs(GRand *r, E500 *c, Set which, bool addresses)
{
    bool all_equal = (g_rand_int(r) & 7) == 0;
    for (unsigned i = 0; i < 32; i++) {
        uint32_t w = addresses ? some_address(r) : edgy_word(r), h = edgy_word(r);
        uint64_t f = edgy_double(r);
        if (!addresses && g_rand_int(r) % 4 == 0) { /* a double in a GPR */
            w = (uint32_t)f;
            h = (uint32_t)(f >> 32);
        }
        if (all_equal && i > 0) {
            w = c->s.gpr[0].w;
            h = c->s.gpr[0].h;
        }
        if (which.gpr >> i & 1)
            c->s.gpr[i].w = w;
        if (which.high >> i & 1)
            c->s.gpr[i].h = h;
        if (which.fpr >> i & 1)
            c->s.fpr[i] = f;
    }
}

/* Registers whose only readers are instructions that say RES_SYSTEM. */
static void random_system(GRand *r, E500 *c)
{
    static const uint16_t slots[] = {SPR_SRR0,  SPR_SRR1,  SPR_CSRR0, SPR_CSRR1, SPR_DSRR0, SPR_DSRR1,  SPR_MCSRR0, SPR_MCSRR1,
                                     SPR_SPRG0, SPR_SPRG1, SPR_SPRG7, SPR_DEAR,  SPR_ESR,   SPR_USPRG0, SPR_MCAR};
    FOR_ROWS (i, slots)
        c->s.spr[slots[i]] = g_rand_int(r);
}

/* Gives new values to what is in the set. */
static void randomize(GRand *r, E500 *c, Set which, bool addresses)
{
    uint32_t any = g_rand_int(r);

    random_gprs(r, c, which, addresses);
    c->s.cr = (c->s.cr & ~which.cr) | (g_rand_int(r) & which.cr);
    c->s.ca = which.res & RES_CA ? any & 1 : c->s.ca;
    c->s.ov = which.res & RES_OV ? any >> 1 & 1 : c->s.ov;
    c->s.so = which.res & RES_SO ? any >> 2 & 1 : c->s.so;
    c->s.lr = which.res & RES_LR ? g_rand_int(r) : c->s.lr;
    c->s.ctr = which.res & RES_CTR ? (any & 8 ? any >> 4 & 3 : g_rand_int(r)) : c->s.ctr;
    c->s.acc = which.res & RES_ACC ? (uint64_t)edgy_word(r) << 32 | edgy_word(r) : c->s.acc;
    if (which.res & RES_FPSCR)
        c->s.fpscr = fpscr_summarize(g_rand_int(r) & (any & 0x30 ? 0xffffff07u : UINT32_MAX));
    if (which.res & RES_SPEFSCR)
        c->s.spr[SPR_SPEFSCR] = g_rand_int(r) & (any & 0x40 ? 0xff3eff03 : 0xff3eff7f);
    if (which.res & RES_RESERVE) {
        c->reserve = any & 0x80;
        c->reserve_gpa = some_address(r) & ~3u;
        c->reserve_value = 0;
    }
    if (which.res & RES_SYSTEM)
        random_system(r, c);
}

static void random_msr(GRand *r, E500 *c)
{
    uint32_t any = g_rand_int(r), msr = MSR_ME | MSR_FP | MSR_SPE;

    if ((any & 0xf) == 0)
        msr &= ~(uint32_t)(MSR_FP | MSR_SPE);
    msr |= any & (MSR_FE0 | MSR_FE1 | MSR_UCLE | MSR_UBLE | MSR_EE | MSR_CE | MSR_RI);
    e500_set_msr(c, msr | (any & 0x30000000 ? 0 : MSR_PR));
}

/* --- one execution --- */

typedef struct Rig {
    Fixture f;
    E500 *core, *fresh; /* its state after a reset, to begin each execution from */
} Rig;

typedef struct Outcome {
    ExecResult result;
    E500 *before, *after;
    uint8_t before_ram[WINDOW], ram[WINDOW];
    VcpuExit exit;
} Outcome;

static const Set ALL = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, INT32_MAX};

static void rig_up(Rig *rig, const E500Model *model)
{
    fixture_up(&rig->f, NULL);
    rig->f.vm.model = model;
    rig->core = rig->f.core[0];
    e500_core_init(rig->core, &rig->f.vm, 0);
    fixture_map(rig->core, 0, 5, 0, 0, MAP_IPROT, MAP_ALL);
    rig->core->attention = 0;
    rig->fresh = g_memdup2(rig->core, sizeof(E500));
}

static void rig_down(Rig *rig)
{
    g_free(rig->fresh);
    fixture_down(&rig->f, NULL);
}

static void run(Rig *rig, const E500 *from, const Insn *in, Outcome *out)
{
    *rig->core = *from;
    rig->core->s.pc = PC;
    memset(&rig->f.exit, 0, sizeof rig->f.exit);
    *out->before = *rig->core;
    memcpy(out->before_ram, rig->f.ram, WINDOW);
    out->result = insn_exec[in->id](rig->core, in);
    *out->after = *rig->core;
    memcpy(out->ram, rig->f.ram, WINDOW);
    memcpy(rig->f.ram, out->before_ram, WINDOW);
    out->exit = rig->f.exit;
}

static bool completed(const Outcome *o)
{
    return o->result == EXEC_NEXT || o->result == EXEC_JUMP;
}

static bool same_trap(const Outcome *a, const Outcome *b)
{
    const E500 *x = a->after, *y = b->after;
    return a->result != EXEC_TRAP || (x->trap.excp == y->trap.excp && x->trap.esr == y->trap.esr &&
                                      x->trap.has_dear == y->trap.has_dear && (!x->trap.has_dear || x->trap.dear == y->trap.dear));
}

static bool same_exit(const Outcome *a, const Outcome *b)
{
    return a->result != EXEC_EXIT ||
           (a->exit.kind == b->exit.kind && (a->exit.kind != VCPU_EXIT_EPAPR_HCALL ||
                                             !memcmp(&a->exit.epapr_hcall, &b->exit.epapr_hcall, sizeof a->exit.epapr_hcall)));
}

static bool same_stores(const Outcome *a, const Outcome *b)
{
    for (unsigned i = 0; i < WINDOW; i++) {
        bool stored = a->ram[i] != a->before_ram[i] || b->ram[i] != b->before_ram[i];
        if (stored && a->ram[i] != b->ram[i])
            return false;
    }
    return true;
}

/* --- what must hold --- */

#define FAIL(in, ...) g_error("row %s, word 0x%08x: %s", insn_info[(in)->id].name, (in)->word, g_strdup_printf(__VA_ARGS__))

#define SET_FORMAT  "gpr %08x high %08x fpr %08x cr %08x resources %05x"
#define SET_ARGS(s) (s).gpr, (s).high, (s).fpr, (s).cr, (s).res

static void stays_in_what_is_declared(const Insn *in, const InsnEffects *e, const Outcome *o)
{
    const E500 *a = o->before, *b = o->after;
    Set more = without(difference(a, b), writes(e));
    unsigned first = 0, last = WINDOW;

    if (!completed(o))
        more.res &= ~(uint32_t)RES_SYSTEM; /* a TLB miss writes MAS registers when it is found */
    if (!is_empty(more))
        FAIL(in, "changes what it does not declare: " SET_FORMAT, SET_ARGS(more));
    while (first < WINDOW && o->ram[first] == o->before_ram[first])
        first++;
    while (last > first && o->ram[last - 1] == o->before_ram[last - 1])
        last--;
    if (last - first > (e->out & RES_MEMORY ? e->size : 0))
        FAIL(in, "stores %u bytes, declares %u", last - first, e->out & RES_MEMORY ? e->size : 0);
    if (!completed(o) && !(e->flags & EFFECT_TRAPS))
        FAIL(in, "traps or exits and does not declare it");
    if (o->result == EXEC_JUMP && !(e->flags & EFFECT_ENDS))
        FAIL(in, "jumps and does not declare that it ends a block");
    if (b->attention & ~a->attention && !(e->flags & EFFECT_ENDS))
        FAIL(in, "leaves something to look at and does not declare that it ends a block");
    if ((a->ctx_data != b->ctx_data || a->ctx_fetch != b->ctx_fetch || a->s.msr != b->s.msr) && !(e->flags & EFFECT_CONTEXT))
        FAIL(in, "changes the context and does not declare it");
    bool refused = o->result == EXEC_TRAP && b->trap.excp == EXCP_PROGRAM && b->trap.esr == ESR_PPR;
    if (e->flags & EFFECT_PRIVILEGED && a->s.msr & MSR_PR && !refused)
        FAIL(in, "is privileged and runs in problem state");
    if (e->flags & EFFECT_PRIVILEGED && !(a->s.msr & MSR_PR) && refused)
        FAIL(in, "is refused as privileged in supervisor state");
}

/* b began with other values in everything that is not declared as read. */
static void is_decided_by_what_is_declared(const Insn *in, const InsnEffects *e, const Outcome *a, const Outcome *b)
{
    Set differ = both(difference(a->after, b->after), writes(e));

    if (a->result != b->result || a->after->s.pc != b->after->s.pc || !same_trap(a, b) || !same_exit(a, b) || !same_stores(a, b))
        FAIL(in, "ends otherwise when what it does not read is changed");
    if (!completed(a)) /* it may not have come as far as to write */
        differ = both(differ, either(difference(a->before, a->after), difference(b->before, b->after)));
    differ.res &= ~(uint32_t)RES_SYSTEM;
    if (!is_empty(differ))
        FAIL(in, "writes otherwise when what it does not read is changed: " SET_FORMAT, SET_ARGS(differ));
}

/* --- that nothing is declared in vain --- */

/* Kinds of state rather than registers: one bit for all GPRs. */
enum { KIND_GPR = 1 << 27, KIND_HIGH = 1 << 28, KIND_FPR = 1 << 29, KIND_CR = 1 << 30 };

static const uint32_t seen_resources =
    RES_CA | RES_OV | RES_SO | RES_LR | RES_CTR | RES_FPSCR | RES_SPEFSCR | RES_ACC | RES_RESERVE | RES_MSR;

static uint32_t kinds(Set s)
{
    return (s.gpr ? KIND_GPR : 0) | (s.high ? KIND_HIGH : 0) | (s.fpr ? KIND_FPR : 0) | (s.cr ? KIND_CR : 0) |
           (s.res & seen_resources);
}

typedef struct Seen {
    uint32_t declared_in, declared_out, in, out;
    bool declared_traps, traps;
} Seen;

static Set only(Set s, uint32_t kind)
{
    return (Set){kind & KIND_GPR ? s.gpr : 0, kind & KIND_HIGH ? s.high : 0, kind & KIND_FPR ? s.fpr : 0, kind & KIND_CR ? s.cr : 0,
                 s.res & kind};
}

/* Changes one kind of what is read, and looks whether anything comes out otherwise. */
static void change_an_input(Rig *rig, GRand *r, const Insn *in, const InsnEffects *e, const Outcome *a, Outcome *b, Seen *seen)
{
    uint32_t candidates = kinds(reads(e)) & ~(uint32_t)RES_MSR, kind;

    if (!candidates)
        return;
    do
        kind = 1u << (g_rand_int(r) & 31);
    while (!(kind & candidates));
    g_autofree E500 *from = g_memdup2(a->before, sizeof(E500));
    randomize(r, from, only(reads(e), kind), e->memory != MEMORY_NONE);
    run(rig, from, in, b);
    if (a->result != b->result || a->after->s.pc != b->after->s.pc || !same_trap(a, b) || !same_exit(a, b) || !same_stores(a, b) ||
        !is_empty(both(difference(a->after, b->after), writes(e))))
        seen->in |= kind;
}

static void try_once(Rig *rig, GRand *r, InsnId id, Outcome o[2], Seen *seen)
{
    Insn in;
    InsnEffects e;

    random_word(r, id, rig->core->model, &in);
    insn_effects(&in, rig->core->model, &e);
    bool addresses = e.memory != MEMORY_NONE;
    g_autofree E500 *from = g_memdup2(rig->fresh, sizeof(E500));
    randomize(r, from, ALL, addresses);
    *rig->core = *from;
    random_msr(r, rig->core);
    *from = *rig->core;
    run(rig, from, &in, &o[0]);
    stays_in_what_is_declared(&in, &e, &o[0]);

    seen->declared_in |= kinds(reads(&e));
    seen->declared_out |= kinds(writes(&e));
    seen->declared_traps |= (e.flags & EFFECT_TRAPS) != 0;
    seen->out |= kinds(difference(o[0].before, o[0].after));
    seen->traps |= !completed(&o[0]);
    change_an_input(rig, r, &in, &e, &o[0], &o[1], seen);

    randomize(r, from, without(ALL, reads(&e)), addresses);
    run(rig, from, &in, &o[1]);
    is_decided_by_what_is_declared(&in, &e, &o[0], &o[1]);
}

/* Rows whose GPRs name an address or a message, and nothing compared here comes of it. */
static bool gprs_never_matter(InsnId id)
{
    switch ((int)id) {
    case INSN_dcba: /* hints: no cache is there, and a hint never traps */
    case INSN_dcbal:
    case INSN_dcbt:
    case INSN_dcbtst:
    case INSN_dcbtep:
    case INSN_dcbtstep:
    case INSN_icbt:
    case INSN_tlbivax: /* the one translation that the test has is protected from them */
    case INSN_tlbilx:
    case INSN_msgclr:    /* no doorbell rings */
    case INSN_evmergehi: /* it reads high words alone, and no operand kind says so */
        return true;
    default:
        return false;
    }
}

static uint32_t never_mattered(InsnId id, const Seen *seen)
{
    uint32_t excused = RES_MSR | (gprs_never_matter(id) ? KIND_GPR : 0); /* no other MSR is tried */
    return seen->declared_in & ~seen->in & ~excused;
}

static uint32_t never_changed(const Seen *seen)
{
    return seen->declared_out & ~seen->out;
}

static bool all_was_seen(InsnId id, const Seen *seen)
{
    return !never_mattered(id, seen) && !never_changed(seen) && seen->declared_traps == seen->traps;
}

static void nothing_in_vain(InsnId id, const Seen *seen)
{
    if (never_mattered(id, seen))
        g_error("row %s declares as read what never matters: kinds %08x", insn_info[id].name, never_mattered(id, seen));
    if (never_changed(seen))
        g_error("row %s declares as written what never changes: kinds %08x", insn_info[id].name, never_changed(seen));
    if (seen->declared_traps && !seen->traps)
        g_error("row %s declares that it may trap and never does", insn_info[id].name);
}

static void try_row(Rig rig[MODELS], InsnId id, Outcome o[2])
{
    GRand *r = g_rand_new_with_seed(id);
    uint32_t need = insn_info[id].categories;
    Seen seen = {0};
    unsigned tried = 0;

    for (unsigned n = 0; n < TRIALS_MAX && (tried < TRIALS || !all_was_seen(id, &seen)); n++) {
        Rig *on = &rig[n % MODELS];
        if ((need & on->core->model->categories) == need) {
            try_once(on, r, id, o, &seen);
            tried++;
        }
    }
    g_assert_cmpuint(tried, >, 0);
    nothing_in_vain(id, &seen);
    g_rand_free(r);
}

static void each_row_does_what_it_declares(void)
{
    E500Model model[MODELS] = {*e500_model_find("e500mc"), *e500_model_find("e500v2")};
    Rig rig[MODELS];
    Outcome o[2];

    for (unsigned i = 0; i < 2; i++) {
        o[i].before = g_new0(E500, 1);
        o[i].after = g_new0(E500, 1);
    }
    for (unsigned m = 0; m < MODELS; m++) {
        model[m].categories |= CAT_EHV; /* so that rfgi decodes */
        rig_up(&rig[m], &model[m]);
    }
    for (unsigned id = 0; id < INSN_ILLEGAL; id++)
        try_row(rig, (InsnId)id, o);
    for (unsigned m = 0; m < MODELS; m++)
        rig_down(&rig[m]);
    for (unsigned i = 0; i < 2; i++) {
        g_free(o[i].before);
        g_free(o[i].after);
    }
}

UNIT_TESTS(effects)
{
    g_test_add_func("/effects/each-row-does-what-it-declares", each_row_does_what_it_declares);
}
