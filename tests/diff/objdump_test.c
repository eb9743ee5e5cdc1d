/* SPDX-License-Identifier: MIT
 *
 * Decoder and disassembler of each core against objdump: every row with several operand patterns,
 * and random words.
 *
 * Two texts agree when they are equal.  Every disagreement must be described by a row of
 * objdump.def, and every row of it must be seen at least once.  objdump's dialect is raw and the
 * core: extended mnemonics off, the closest selection of rows.
 */
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu/e500/insn.h"

enum { SEED = 0x51554f49, PATTERNS = 48, RANDOM_WORDS = 100000, SHOWN_MAX = 40 };

static const char *objdump; /* the program */

/* --- listed disagreements --- */

/* What a predicate looks at. */
typedef struct Case {
    bool v2; /* of the e500v2 */
    uint32_t word;
    Insn in; /* our decoding */
    const char *ours, *theirs;
    bool valid;        /* ours is an instruction */
    bool accepted;     /* theirs is */
    uint32_t reserved; /* reserved bits that are set */
} Case;

static bool is(const Case *k, InsnId id)
{
    return k->in.id == id;
}

static bool opcode(const Case *k, unsigned op, unsigned xo) /* of a word that we refuse */
{
    return k->word >> 26 == op && (k->word >> 1 & 1023) == xo;
}

static bool one_bit(int32_t mask)
{
    return mask && !(mask & (mask - 1));
}

static bool names(const Case *k, const char *mnemonic)
{
    size_t n = strlen(mnemonic);
    return strncmp(k->theirs, mnemonic, n) == 0 && (k->theirs[n] == ' ' || k->theirs[n] == '\0');
}

/* theirs is ours and a tail */
static bool plus(const Case *k, const char *tail)
{
    size_t n = strlen(k->ours);
    return strncmp(k->theirs, k->ours, n) == 0 && strcmp(k->theirs + n, tail) == 0;
}

static bool plus_number(const Case *k, unsigned number)
{
    char tail[8];
    g_snprintf(tail, sizeof(tail), ",%u", number);
    return plus(k, tail);
}

/* The last two operands, without what stands before them. */
static const char *two_last(const char *text)
{
    const char *at = strrchr(text, ',');
    if (!at)
        return "";
    while (at > text && at[-1] != ',' && at[-1] != ' ')
        at--;
    return at;
}

static bool same_two_last(const Case *k)
{
    return strcmp(two_last(k->ours), two_last(k->theirs)) == 0;
}

static bool touch_hint_as_register(const Case *k)
{
    g_autofree char *numbered = g_strdup(k->theirs);
    char *hint = strstr(numbered, " r");
    if (hint)
        memmove(hint + 1, hint + 2, strlen(hint + 2) + 1);
    return hint && strcmp(numbered, k->ours) == 0;
}

/* Bits of BO that mean nothing with the others: z, and the hint at = 01. */
static bool bo_has_ignored_bits(unsigned bo)
{
    switch (bo & 0x14) {
    case 0x00:
        return bo & 1;
    case 0x04:
        return (bo & 3) == 1;
    case 0x10:
        return (bo & 9) == 1;
    default:
        return bo & 0x0b;
    }
}

/* The same in the architecture that the e500v2 was made for, whose only hint is the last bit, y. */
static bool bo_has_ignored_bits_v2(unsigned bo)
{
    switch (bo & 0x14) {
    case 0x04:
        return bo & 2;
    case 0x10:
        return bo & 8;
    case 0x14:
        return bo & 0x0b;
    default:
        return false;
    }
}

static bool names_one_of(const Case *k, const char *const mnemonics[])
{
    for (; *mnemonics; mnemonics++)
        if (names(k, *mnemonics))
            return true;
    return false;
}
#define NAMES(...) names_one_of(k, (const char *const[]){__VA_ARGS__, NULL})

/* A base of 0 written r0. */
static bool base_as_r0(const Case *k)
{
    const char *in_x = strstr(k->theirs, ",r0,"), *in_d = strstr(k->theirs, "(r0)");
    const char *at = in_x ? in_x : in_d;
    g_autofree char *zero = at ? g_strdup_printf("%.*s%s", (int)(at + 1 - k->theirs), k->theirs, at + 2) : NULL;
    return zero && strcmp(zero, k->ours) == 0;
}

#define DISAGREE(name, predicate, clause) \
    static bool is_##name(const Case *k)  \
    {                                     \
        return predicate;                 \
    }
#include "tests/diff/objdump.def"
#undef DISAGREE

static struct Listed {
    const char *name, *clause;
    bool (*holds)(const Case *k);
    unsigned seen;
} listed[] = {
#define DISAGREE(name, predicate, clause) {#name, clause, is_##name, 0},
#include "tests/diff/objdump.def"
#undef DISAGREE
    {NULL, NULL, NULL, 0},
};

/* --- words --- */

static void add(GArray *words, uint32_t word)
{
    word = GUINT32_TO_BE(word);
    g_array_append_val(words, word);
}

static uint32_t some_operands(GRand *random, const InsnInfo *row)
{
    uint32_t word = row->match;
    for (unsigned i = 0; i < INSN_OPERANDS_MAX && row->operand[i] != OPERAND_ID_NONE; i++) {
        const OperandInfo *op = &operand_info[row->operand[i]];
        uint32_t all = (1u << op->width) - 1, field = g_rand_int(random) & all;
        switch (g_rand_int_range(random, 0, 8)) { /* corners more often than chance has them */
        case 0:
            field = 0;
            break;
        case 1:
            field = all;
            break;
        case 2:
            field = 1u << g_rand_int_range(random, 0, op->width);
            break;
        default:
            break;
        }
        if (op->kind == OK_BRANCH)
            field &= ~3u;
        word |= field << op->shift;
    }
    return word | (g_rand_int(random) & insn_flag_bits(row->flags));
}

static GArray *make_words(void)
{
    GArray *words = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    GRand *random = g_rand_new_with_seed(SEED);

    for (unsigned id = 0; id < INSN_ILLEGAL; id++) {
        for (unsigned n = 0; n < PATTERNS; n++)
            add(words, some_operands(random, &insn_info[id]));
        for (unsigned n = 0; n < PATTERNS / 4; n++)
            add(words, some_operands(random, &insn_info[id]) | (g_rand_int(random) & insn_reserved(id, e500_model_find("e500mc"))));
    }
    for (unsigned n = 0; n < RANDOM_WORDS; n++)
        add(words, g_rand_int(random));
    /* Uniform words seldom hit the crowded primary opcodes. */
    static const uint8_t crowded[] = {4, 19, 31, 59, 63};
    for (unsigned n = 0; n < RANDOM_WORDS; n++)
        add(words, (g_rand_int(random) & 0x03ffffff) | (uint32_t)crowded[n % 5] << 26);
    g_rand_free(random);
    return words;
}

/* --- objdump's opinion --- */

/* The text of every word, in order; NULL: objdump failed. */
static GPtrArray *their_texts(const GArray *words, const char *dialect, char **output)
{
    g_autofree char *file = NULL;
    g_autoptr(GError) error = NULL;
    int status, fd = g_file_open_tmp("quoin-objdump-XXXXXX", &file, &error);
    if (fd < 0) {
        fprintf(stderr, "objdump_test: %s\n", error->message);
        return NULL;
    }
    close(fd);
    const char *argv[] = {objdump, "-D", "-z", "-b", "binary", "-m", "powerpc:common", "-EB", "-M", dialect, file, NULL};
    bool ok = g_file_set_contents(file, words->data, (gssize)(words->len * sizeof(uint32_t)), &error) &&
              g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, output, NULL, &status, &error) &&
              g_spawn_check_wait_status(status, &error);
    g_unlink(file);
    if (!ok) {
        fprintf(stderr, "objdump_test: %s\n", error->message);
        return NULL;
    }
    GPtrArray *texts = g_ptr_array_new();
    for (char *line = *output, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        char *bytes = strchr(line, '\t'), *text = bytes ? strchr(bytes + 1, '\t') : NULL;
        if (text)
            g_ptr_array_add(texts, g_strchomp(text + 1));
    }
    return texts;
}

/* --- comparison --- */

static struct Listed *explanation(const Case *k)
{
    for (struct Listed *l = listed; l->name; l++)
        if (l->holds(k))
            return l;
    return NULL;
}

/* The reserved bits that are set in a word, be it refused for them. */
static uint32_t reserved_set(uint32_t word, const E500Model *model)
{
    E500Model lenient = *model;
    Insn in;

    lenient.reserved_illegal = false;
    insn_decode(word, &lenient, &in);
    return in.id == INSN_ILLEGAL ? 0 : word & insn_reserved(in.id, model);
}

static unsigned compare(const GArray *words, const GPtrArray *texts, const E500Model *model)
{
    unsigned unlisted = 0;

    for (guint i = 0; i < words->len; i++) {
        char ours[96];
        Case k = {.v2 = model->core == E500_CORE_V2, .word = GUINT32_FROM_BE(g_array_index(words, uint32_t, i)), .ours = ours};
        k.theirs = g_ptr_array_index(texts, i);
        insn_disassemble(k.word, model, i * 4, ours, sizeof(ours));
        if (strcmp(ours, k.theirs) == 0)
            continue;
        insn_decode(k.word, model, &k.in);
        k.valid = k.in.id != INSN_ILLEGAL;
        k.accepted = !g_str_has_prefix(k.theirs, ".long");
        k.reserved = reserved_set(k.word, model);
        struct Listed *why = explanation(&k);
        if (why)
            why->seen++;
        else if (unlisted++ < SHOWN_MAX)
            printf("FAIL %s %08x: %s | objdump: %s\n", model->name, k.word, ours, k.theirs);
    }
    return unlisted;
}

static bool check_core(const GArray *words, const char *model, const char *dialect)
{
    g_autofree char *output = NULL;
    g_autoptr(GPtrArray) texts = their_texts(words, dialect, &output);
    if (!texts || texts->len != words->len) {
        printf("FAIL objdump: %u words in, %u lines out\n", words->len, texts ? texts->len : 0);
        return false;
    }
    unsigned unlisted = compare(words, texts, e500_model_find(model));
    if (unlisted)
        printf("FAIL objdump: %s: %u of %u words disagree without a row in tests/diff/objdump.def\n", model, unlisted, words->len);
    return unlisted == 0;
}

int main(int argc, char **argv)
{
    objdump = argc > 1 ? argv[1] : "powerpc-linux-gnu-objdump";
    g_autofree char *found = g_find_program_in_path(objdump);
    if (!found) {
        printf("SKIP objdump: %s is not installed\n0 passed, 0 failed, 1 skipped\n", objdump);
        return 0;
    }
    g_autoptr(GArray) words = make_words();
    unsigned passed = 0, failed = 0;
    *(check_core(words, "e500mc", "raw,e500mc") ? &passed : &failed) += 1;
    *(check_core(words, "e500v2", "raw,e500") ? &passed : &failed) += 1;
    for (const struct Listed *l = listed; l->name; l++) {
        if (!l->seen)
            printf("FAIL objdump: listed disagreement %s no longer occurs (%s)\n", l->name, l->clause);
        *(l->seen ? &passed : &failed) += 1;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
