/* SPDX-License-Identifier: MIT
 *
 * Differential test of the interpreter's instruction functions against qemu-ppc in user mode.
 *
 * For every row of insn.def: words and operands from a fixed seed, executed by the stub under
 * qemu-ppc and by us, compared register by register.  A difference must be explained by known.c,
 * and every explanation must still be needed.
 * Usage: user_diff [-n RECORDS] [-s SEED] [-v] STUB-FPR STUB-SPE [MNEMONIC...]
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/diff/user/execute.h"
#include "tests/diff/user/generate.h"
#include "tests/diff/user/known.h"

enum {
    BATCH = 1024,
    WORDS = 64,         /* words of a batch, each with BATCH / WORDS sets of operands */
    FP_WEIGHT = 4,      /* rows with three 64-bit operands need more of them */
    REPORTS_PER_ROW = 4 /* differences printed */
};

typedef struct Options {
    char **rows; /* NULL-terminated; empty: all */
    unsigned records;
    uint64_t seed;
    bool verbose;
} Options;

typedef struct Core {
    const E500Model *model;
    const char *stub; /* for qemu-ppc -cpu MODEL */
    bool spe;
} Core;

typedef struct Oracle {
    int to, from;
    GPid pid;
} Oracle;

typedef struct Tally {
    unsigned passed, failed, excluded;
    uint64_t records;
    uint64_t *hits;      /* of known_list */
    bool *row_was_asked; /* [INSN_ILLEGAL] */
} Tally;

/* --- the oracle --- */

static G_NORETURN void die(const char *what)
{
    fprintf(stderr, "user_diff: %s\n", what);
    exit(1);
}

static void oracle_start(Oracle *o, const char *qemu, const Core *core)
{
    const char *argv[] = {qemu, "-cpu", core->model->name, core->stub, NULL};
    g_autoptr(GError) error = NULL;
    if (!g_spawn_async_with_pipes(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &o->pid, &o->to, &o->from, NULL,
                                  &error))
        die(error->message);
}

static void transfer(int fd, void *data, size_t size, bool writing)
{
    for (uint8_t *p = data; size > 0;) {
        ssize_t n = writing ? write(fd, p, size) : read(fd, p, size);
        if (n <= 0)
            die(writing ? "qemu-ppc takes no more records" : "qemu-ppc ended before its last record");
        p += n;
        size -= (size_t)n;
    }
}

/* Host order ↔ the wire's big-endian; its own inverse. */
static void swap_record(Record *r)
{
    for (unsigned i = 0; i < 32; i++) {
        r->gpr[i] = GUINT32_TO_BE(r->gpr[i]);
        r->fpr[i] = GUINT64_TO_BE(r->fpr[i]);
    }
    r->fpscr = GUINT64_TO_BE(r->fpscr);
    for (uint32_t *p = &r->cr; p <= &r->spefscr; p++)
        *p = GUINT32_TO_BE(*p);
    r->acc = GUINT64_TO_BE(r->acc);
}

static void oracle_run(Oracle *o, const Record *in, Record *out, uint32_t count)
{
    uint32_t wire_count = GUINT32_TO_BE(count);
    memcpy(out, in, count * sizeof(Record));
    for (uint32_t i = 0; i < count; i++)
        swap_record(&out[i]);
    transfer(o->to, &wire_count, sizeof(wire_count), true);
    transfer(o->to, out, count * sizeof(Record), true);
    transfer(o->from, out, count * sizeof(Record), false);
    for (uint32_t i = 0; i < count; i++)
        swap_record(&out[i]);
}

static void oracle_stop(Oracle *o)
{
    int status;
    uint32_t end = 0;
    transfer(o->to, &end, sizeof(end), true);
    if (waitpid(o->pid, &status, 0) != o->pid || !WIFEXITED(status))
        die("qemu-ppc did not end as asked");
    close(o->to);
    close(o->from);
}

/* --- comparing --- */

static Difference compare(const Record *a, const Record *b, bool spe)
{
    Difference d = {0};
    for (unsigned i = 0; i < 32; i++) {
        d.bits[FIELD_GPR] |= a->gpr[i] ^ b->gpr[i];
        d.bits[spe ? FIELD_GPR64 : FIELD_FPR] |= a->fpr[i] ^ b->fpr[i];
    }
    if (spe) {
        d.bits[FIELD_GPR64] &= ~d.bits[FIELD_GPR]; /* told once */
        d.bits[FIELD_SPEFSCR] = a->spefscr ^ b->spefscr;
        d.bits[FIELD_ACC] = a->acc ^ b->acc;
    } else {
        d.bits[FIELD_FPSCR] = (uint32_t)(a->fpscr ^ b->fpscr);
    }
    d.bits[FIELD_CR] = a->cr ^ b->cr;
    d.bits[FIELD_XER] = a->xer ^ b->xer;
    d.bits[FIELD_LR] = a->lr ^ b->lr;
    d.bits[FIELD_CTR] = a->ctr ^ b->ctr;
    d.bits[FIELD_EXIT] = a->exit ^ b->exit;
    d.bits[FIELD_MEM] = memcmp(a->mem, b->mem, RECORD_MEM_SIZE) != 0;
    return d;
}

static bool is_empty(const Difference *d)
{
    for (unsigned i = 0; i < FIELDS; i++)
        if (d->bits[i] != 0)
            return false;
    return true;
}

#define HEX64 "%016" G_GINT64_MODIFIER "x"

static void print_operands(InsnId id, const Record *in, bool spe)
{
    for (unsigned i = 0; i < INSN_OPERANDS_MAX; i++) {
        const OperandInfo *op = &operand_info[insn_info[id].operand[i]];
        unsigned n = operand_value(insn_info[id].operand[i], in->insn);
        if (op->kind == OK_FPR)
            printf(" f%u=" HEX64, n, in->fpr[n]);
        else if (op->kind == OK_GPR || op->kind == OK_GPR64 || op->kind == OK_GPR_OR_0)
            printf(spe ? " r%u=" HEX64 : " r%u=%08" G_GINT64_MODIFIER "x", n, spe ? in->gpr64[n] : in->gpr[n]);
    }
    if (spe)
        printf(" acc=" HEX64 " spefscr=%08x", in->acc, in->spefscr);
    printf(" cr=%08x xer=%08x fpscr=%08x lr=%08x ctr=%08x\n", in->cr, in->xer, (uint32_t)in->fpscr, in->lr, in->ctr);
}

static void print_difference(const Core *core, InsnId id, const Record *in, const Record *ours, const Record *theirs,
                             const Difference *unexplained)
{
    char text[64];
    insn_disassemble(in->insn, core->model, SLOTS_EA + in->slot * SLOT_SIZE + SLOT_INSN, text, sizeof(text));
    printf("  %08x %s:", in->insn, text);
    print_operands(id, in, core->spe);
    for (unsigned i = 0; i < 32; i++)
        if (ours->gpr[i] != theirs->gpr[i])
            printf("    r%u: ours %08x, qemu-ppc %08x\n", i, ours->gpr[i], theirs->gpr[i]);
    for (unsigned i = 0; i < 32; i++)
        if (ours->fpr[i] != theirs->fpr[i])
            printf("    %c%u: ours " HEX64 ", qemu-ppc " HEX64 "\n", core->spe ? 'r' : 'f', i, ours->fpr[i], theirs->fpr[i]);
    const struct {
        Field field;
        uint32_t ours, theirs;
    } words[] = {
        {FIELD_FPSCR, (uint32_t)ours->fpscr, (uint32_t)theirs->fpscr},
        {FIELD_CR, ours->cr, theirs->cr},
        {FIELD_XER, ours->xer, theirs->xer},
        {FIELD_LR, ours->lr, theirs->lr},
        {FIELD_CTR, ours->ctr, theirs->ctr},
        {FIELD_EXIT, ours->exit, theirs->exit},
        {FIELD_SPEFSCR, ours->spefscr, theirs->spefscr},
        {FIELD_ACC, (uint32_t)(ours->acc >> 32), (uint32_t)(theirs->acc >> 32)},
        {FIELD_ACC, (uint32_t)ours->acc, (uint32_t)theirs->acc},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (words[i].ours != words[i].theirs)
            printf("    %s: ours %08x, qemu-ppc %08x\n", field_name(words[i].field), words[i].ours, words[i].theirs);
    for (unsigned i = 0; i < RECORD_MEM_SIZE; i++)
        if (ours->mem[i] != theirs->mem[i])
            printf("    memory[%u]: ours %02x, qemu-ppc %02x\n", i, ours->mem[i], theirs->mem[i]);
    for (unsigned i = 0; i < FIELDS; i++)
        if (unexplained->bits[i])
            printf("    not listed: %s bits %" G_GINT64_MODIFIER "x\n", field_name(i), unexplained->bits[i]);
}

/* --- rows --- */

static void generate_batch(Random *random, InsnId id, bool spe, Record *batch, unsigned count)
{
    unsigned words = MIN(WORDS, count);
    memset(batch, 0, count * sizeof(Record));
    for (unsigned i = 0; i < count; i++) {
        if (i < words) {
            generate_words(random, id, i % SLOTS, &batch[i]);
        } else {
            batch[i].slot = batch[i % words].slot;
            batch[i].insn = batch[i % words].insn;
            batch[i].prefix = batch[i % words].prefix;
        }
        generate_values(random, id, spe, &batch[i]);
    }
}

/* Number of records that differ in a way not listed. */
static unsigned run_row(const Options *options, const Core *core, Oracle *oracle, Executor *executor, InsnId id, Tally *tally)
{
    static Record in[BATCH], theirs[BATCH];
    Random random = {options->seed + id * UINT64_C(0x100000001b3)};
    InsnClass cls = insn_info[id].cls;
    unsigned left = options->records * (cls == IC_FP || cls == IC_EFP ? FP_WEIGHT : 1), bad = 0;
    for (unsigned count; left > 0; left -= count) {
        count = MIN(left, BATCH);
        generate_batch(&random, id, core->spe, in, count);
        oracle_run(oracle, in, theirs, count);
        for (unsigned i = 0; i < count; i++) {
            Record ours = in[i];
            executor_run(executor, &ours);
            Difference d = compare(&ours, &theirs[i], core->spe);
            known_explain(id, &in[i], &ours, &theirs[i], &d, tally->hits);
            if (!is_empty(&d) && bad++ < REPORTS_PER_ROW)
                print_difference(core, id, &in[i], &ours, &theirs[i], &d);
        }
        tally->records += count;
    }
    return bad;
}

static bool is_wanted(const Options *options, InsnId id)
{
    return !*options->rows || g_strv_contains((const char *const *)options->rows, insn_info[id].name);
}

static void run_rows(const Options *options, const Core *core, Oracle *oracle, Executor *executor, Tally *tally)
{
    uint32_t categories = core->model->categories;
    for (unsigned id = 0; id < INSN_ILLEGAL; id++) {
        const InsnInfo *info = &insn_info[id];
        if (!is_wanted(options, id) || (info->categories & categories) != info->categories)
            continue;
        const char *reason = known_exclusion(id);
        if (reason) {
            tally->excluded++;
            if (options->verbose)
                printf("  - %s: not compared: %s\n", info->name, reason);
            continue;
        }
        tally->row_was_asked[id] = true;
        unsigned bad = run_row(options, core, oracle, executor, id, tally);
        if (bad) {
            printf("not ok %s: %s: %u differences not listed in tests/diff/user/known.c\n", core->model->name, info->name, bad);
            tally->failed++;
        } else {
            tally->passed++;
            if (options->verbose)
                printf("ok %s: %s\n", core->model->name, info->name);
        }
        fflush(stdout);
    }
}

static void run_core(const Options *options, const Core *core, const char *qemu, Tally *tally)
{
    Oracle oracle;
    Executor *executor = executor_new(core->model);
    oracle_start(&oracle, qemu, core);
    run_rows(options, core, &oracle, executor, tally);
    oracle_stop(&oracle);
    executor_free(executor);
}

/* A listed disagreement that was looked for and did not occur is an error of the list. */
static void check_list(const Options *options, Tally *tally)
{
    for (unsigned i = 0; i < known_count; i++) {
        bool all_asked = true, any = false;
        for (unsigned id = 0; id < INSN_ILLEGAL; id++)
            if (known_applies(&known_list[i], id)) {
                any = true;
                all_asked = all_asked && tally->row_was_asked[id];
            }
        if (!any || (all_asked && tally->hits[i] == 0)) {
            printf("not ok list:%s%s %" G_GINT64_MODIFIER "x: no longer occurs\n", known_list[i].rows,
                   field_name(known_list[i].field), known_list[i].mask);
            tally->failed++;
        } else if (options->verbose && tally->hits[i] != 0) {
            printf("  %8" G_GUINT64_FORMAT " listed:%s%s: %s\n", tally->hits[i], known_list[i].rows,
                   field_name(known_list[i].field), known_list[i].clause);
        }
    }
}

static int skip(const char *what)
{
    printf("SKIP: %s\n0 passed, 0 failed, 1 skipped\n", what);
    return 0;
}

int main(int argc, char **argv)
{
    Options options = {.records = 1024, .seed = 1};
    Tally tally = {0};
    for (int c; (c = getopt(argc, argv, "n:s:v")) != -1;) {
        if (c == 'n')
            options.records = (unsigned)strtoul(optarg, NULL, 0);
        else if (c == 's')
            options.seed = strtoull(optarg, NULL, 0);
        else if (c == 'v')
            options.verbose = true;
        else
            die("usage: user_diff [-n RECORDS] [-s SEED] [-v] STUB-FPR STUB-SPE [MNEMONIC...]");
    }
    if (argc - optind < 2)
        die("the stubs for qemu-ppc must be named");
    const Core cores[] = {
        {e500_model_find("e500mc"), argv[optind], false},
        {e500_model_find("e500v2"), argv[optind + 1], true},
    };
    options.rows = &argv[optind + 2];
    g_autofree char *qemu = g_find_program_in_path("qemu-ppc");
    if (!qemu)
        return skip("no qemu-ppc (package qemu-user)");
    if (access(cores[0].stub, R_OK) != 0 || access(cores[1].stub, R_OK) != 0)
        return skip("the stubs were not built: no powerpc-linux-gnu-gcc (package gcc-powerpc-linux-gnu)");
    printf("seed %" G_GUINT64_FORMAT ", %u records a row\n", options.seed, options.records);
    tally.hits = g_new0(uint64_t, known_count);
    tally.row_was_asked = g_new0(bool, INSN_ILLEGAL);
    for (size_t i = 0; i < G_N_ELEMENTS(cores); i++)
        run_core(&options, &cores[i], qemu, &tally);
    check_list(&options, &tally);
    printf("%" G_GUINT64_FORMAT " records, %u rows not compared\n", tally.records, tally.excluded);
    printf("%u passed, %u failed\n", tally.passed, tally.failed);
    g_free(tally.hits);
    g_free(tally.row_was_asked);
    return tally.failed != 0;
}
