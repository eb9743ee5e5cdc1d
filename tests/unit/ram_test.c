/* SPDX-License-Identifier: MIT
 *
 * Page flags: which stores meet them, who has to know before they hold, reservations.
 */
#include "cpu/e500/granule.h"
#include "cpu/e500/insn.h"
#include "cpu/e500/mail.h"
#include "cpu/e500/ram.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/unit.h"

enum { PAGE = 0x40000, OTHER_PAGE = 0x80000 }; /* of RAM; not in one stretch of reservations */

/* What the hook of code pages heard. */
static struct {
    unsigned n;
    E500 *by;
    uint64_t gpa, size;
} heard;

static void code_written(void *opaque, E500 *by, uint64_t gpa, uint64_t size)
{
    g_assert_true(opaque == &heard);
    heard.n++;
    heard.by = by;
    heard.gpa = gpa;
    heard.size = size;
}

static void listen(Fixture *f)
{
    memset(&heard, 0, sizeof(heard));
    f->vm.code_written = code_written;
    f->vm.code_opaque = &heard;
}

/* With reservations that count stores, as several cores have them. */
static void several_up(Fixture *f, gconstpointer unused)
{
    fixture_up(f, unused);
    f->vm.granules = g_new0(uintptr_t, E500_GRANULES);
}

static void several_down(Fixture *f, gconstpointer unused)
{
    g_free(f->vm.granules);
    fixture_down(f, unused);
}

#define TEST_SEVERAL(path, function) g_test_add(path, Fixture, NULL, several_up, function, several_down)

static bool stores_inline(const E500 *c, Ea ea)
{
    return c->soft_tlb[e500_soft_tlb_index(ea)].tag_write == e500_tag(c->ctx_data, ea);
}

/* --- stores of cores --- */

typedef ExecResult Store(E500 *c, Ea ea);

static ExecResult store_byte(E500 *c, Ea ea)
{
    return e500_store8(c, ea, 1);
}

static ExecResult store_word(E500 *c, Ea ea)
{
    return e500_store32(c, ea, 1);
}

static ExecResult store_doubleword(E500 *c, Ea ea)
{
    return e500_store64(c, ea, 1);
}

static ExecResult store_misaligned(E500 *c, Ea ea)
{
    return e500_store32(c, ea + 1, 1);
}

static ExecResult store_across(E500 *c, Ea ea)
{
    return e500_store32(c, ea - 2, 1);
}

static ExecResult store_units(E500 *c, Ea ea)
{
    const uint64_t value[4] = {1, 2, 3, 4};
    return e500_store_units(c, ea, 4, 4, MEM_MULTIPLE, value);
}

static ExecResult execute(E500 *c, InsnId id, Ea ea)
{
    Insn in = {.id = (uint16_t)id, .rt = 3, .ra = 0, .rb = 4};
    c->s.gpr[4].w = ea;
    return insn_exec[id](c, &in);
}

static ExecResult zero(E500 *c, Ea ea)
{
    return execute(c, INSN_dcbz, ea);
}

static ExecResult store_conditionally(E500 *c, Ea ea)
{
    ExecResult r = execute(c, INSN_lwarx, ea);
    return r == EXEC_NEXT ? execute(c, INSN_stwcx, ea) : r;
}

static ExecResult store_external(E500 *c, Ea ea)
{
    return execute(c, INSN_stwepx, ea);
}

static const struct {
    const char *name;
    Store *store;
} stores[] = {
    {"a byte", store_byte},
    {"a word", store_word},
    {"a doubleword", store_doubleword},
    {"a misaligned word", store_misaligned},
    {"a word across two pages", store_across},
    {"stmw", store_units},
    {"dcbz", zero},
    {"stwcx.", store_conditionally},
    {"stwepx", store_external},
};

static void every_store_meets_the_flags(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    listen(f);
    FOR_ROWS (i, stores) {
        for (unsigned used = 0; used < 2; used++) { /* the page was stored to inline before, or not */
            g_test_message("%s", stores[i].name);
            e500_soft_tlb_flush(c);
            if (used)
                g_assert_cmpint(stores[i].store(c, PAGE), ==, EXEC_NEXT);
            heard.n = 0;
            e500_page_flag_set(&f->vm, c, PAGE, E500_PAGE_SIZE, PAGE_CODE | PAGE_CLEAN);
            g_assert_false(stores_inline(c, PAGE));
            g_assert_cmpint(stores[i].store(c, PAGE), ==, EXEC_NEXT);
            g_assert_cmpuint(heard.n, >, 0);
            g_assert_true(heard.by == c);
            g_assert_cmphex(heard.gpa & ~UINT64_C(0xfff), ==, PAGE);
            g_assert_cmphex(heard.gpa + heard.size - 1, <, PAGE + E500_PAGE_SIZE);
            g_assert_cmphex(e500_page_flags(&f->vm, PAGE), ==, PAGE_CODE); /* no longer clean */
            e500_page_flag_clear(&f->vm, PAGE, E500_PAGE_SIZE, PAGE_CODE);
        }
    }
}

static void a_page_without_flags_is_stored_to_inline(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    listen(f);
    e500_page_flag_set(&f->vm, NULL, PAGE, E500_PAGE_SIZE, PAGE_CLEAN);
    g_assert_cmpint(e500_store32(c, PAGE + 8, 1), ==, EXEC_NEXT); /* fills the soft TLB, and the page is not clean after it */
    g_assert_cmpint(e500_store32(c, PAGE + 8, 2), ==, EXEC_NEXT);
    g_assert_true(stores_inline(c, PAGE));
    g_assert_cmpint(e500_store32(c, PAGE - 8, 1), ==, EXEC_NEXT);
    g_assert_true(stores_inline(c, PAGE - 8));
    e500_page_flag_set(&f->vm, c, PAGE, E500_PAGE_SIZE, PAGE_CODE);
    g_assert_false(stores_inline(c, PAGE));
    g_assert_true(stores_inline(c, PAGE - 8));
    g_assert_cmpint(e500_store32(c, PAGE, 1), ==, EXEC_NEXT);
    g_assert_false(stores_inline(c, PAGE));
    g_assert_cmpuint(heard.n, ==, 1);
    g_assert_cmpuint(heard.size, ==, 4);
}

/* --- other cores --- */

static void a_flag_holds_when_every_core_knows(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0], *other = f->core[1];

    g_assert_cmpint(e500_store32(other, PAGE, 1), ==, EXEC_NEXT);
    g_assert_true(stores_inline(other, PAGE));
    e500_enter(other);
    other->attention = 0;
    e500_page_flag_set(&f->vm, c, PAGE, E500_PAGE_SIZE, PAGE_CODE);
    g_assert_true(stores_inline(other, PAGE)); /* a core alone changes its soft TLB */
    g_assert_cmphex(other->attention & E500_ATT_MAIL, !=, 0);
    g_assert_false(e500_mail_done(&f->vm, c));
    e500_mail_attend(other);
    g_assert_false(stores_inline(other, PAGE));
    g_assert_true(e500_mail_done(&f->vm, c));
    g_assert_true(e500_mail_done(&f->vm, NULL));
    e500_leave(other);
}

static void nobody_waits_for_a_core_that_stands_still(Fixture *f, gconstpointer unused)
{
    g_assert_cmpint(e500_store32(f->core[1], PAGE, 1), ==, EXEC_NEXT);
    e500_page_flag_set(&f->vm, NULL, PAGE, E500_PAGE_SIZE, PAGE_CODE);
    g_assert_true(e500_mail_done(&f->vm, NULL));
    g_assert_cmpuint(f->core[1]->has_mail, ==, 1); /* and it attends it before it executes */
    e500_mail_attend(f->core[1]);
    g_assert_false(stores_inline(f->core[1], PAGE));
}

static void a_full_mailbox_protects_everything(Fixture *f, gconstpointer unused)
{
    E500 *other = f->core[1];

    g_assert_cmpint(e500_store32(other, OTHER_PAGE, 1), ==, EXEC_NEXT);
    for (unsigned i = 0; i <= E500_MAIL_MAX; i++)
        e500_page_flag_set(&f->vm, NULL, PAGE + i * E500_PAGE_SIZE, E500_PAGE_SIZE, PAGE_CODE);
    g_assert_true(stores_inline(other, OTHER_PAGE));
    e500_mail_attend(other);
    g_assert_false(stores_inline(other, OTHER_PAGE));
}

/* --- reservations --- */

static bool stwcx(E500 *c, Ea ea)
{
    g_assert_cmpint(execute(c, INSN_stwcx, ea), ==, EXEC_NEXT);
    return c->s.cr >> 29 & 1;
}

static void a_reservation_waits_for_the_others(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0], *other = f->core[1];

    g_assert_cmpint(e500_store32(other, PAGE, 1), ==, EXEC_NEXT);
    e500_enter(other);
    for (unsigned turn = 0; turn < 3; turn++) {
        g_assert_cmpint(execute(c, INSN_lwarx, PAGE), ==, EXEC_JUMP);
        g_assert_false(c->reserve);
    }
    g_assert_cmpuint(other->mail.n_protect, ==, 1);                        /* it asks once */
    g_assert_cmpint(execute(f->core[2], INSN_lwarx, PAGE), ==, EXEC_JUMP); /* the first asker's flag is not enough for another */
    e500_mail_attend(other);
    g_assert_cmpint(execute(c, INSN_lwarx, PAGE), ==, EXEC_NEXT);
    g_assert_cmpint(execute(f->core[2], INSN_lwarx, PAGE + 64), ==, EXEC_NEXT);
    g_assert_cmpint(e500_store32(other, PAGE, 1), ==, EXEC_NEXT); /* the value that is there */
    g_assert_false(stwcx(c, PAGE));
    g_assert_true(stwcx(f->core[2], PAGE + 64));
    e500_leave(other);
}

static void every_store_of_others_takes_a_reservation(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0], *other = f->core[1];

    FOR_ROWS (i, stores) {
        g_test_message("%s", stores[i].name);
        g_assert_cmpint(stores[i].store(other, PAGE), ==, EXEC_NEXT);
        uint32_t before;
        memcpy(&before, f->ram + PAGE, 4);
        g_assert_cmpint(execute(c, INSN_lwarx, PAGE), ==, EXEC_NEXT);
        e500_mail_attend(other); /* as it does before it executes */
        g_assert_cmpint(stores[i].store(other, PAGE), ==, EXEC_NEXT);
        memcpy(f->ram + PAGE, &before, 4); /* changed back */
        g_assert_false(stwcx(c, PAGE));
        g_assert_cmpint(execute(c, INSN_lwarx, PAGE), ==, EXEC_NEXT);
        g_assert_cmpint(stores[i].store(other, OTHER_PAGE), ==, EXEC_NEXT);
        g_assert_true(stwcx(c, PAGE));
    }
}

static void own_stores_spare_a_reservation(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    g_assert_cmpint(execute(c, INSN_lwarx, PAGE), ==, EXEC_NEXT);
    g_assert_cmpint(store_word(c, PAGE + 4), ==, EXEC_NEXT);
    g_assert_cmpint(store_misaligned(c, PAGE + 8), ==, EXEC_NEXT);
    g_assert_true(stwcx(c, PAGE));
    g_assert_false(stwcx(c, PAGE));
    g_assert_cmpint(execute(c, INSN_lwarx, PAGE), ==, EXEC_NEXT);
    g_assert_cmpint(store_word(f->core[1], PAGE + 12), ==, EXEC_NEXT);
    g_assert_cmpint(store_word(c, PAGE + 4), ==, EXEC_NEXT); /* does not hide the other's */
    g_assert_false(stwcx(c, PAGE));
}

/* --- pages that nobody reserves in any more --- */

enum { MANY = 1 << 20 }; /* stores after which any page has fallen that does so */

static unsigned store_until_it_falls(Fixture *f, E500 *c, Ea ea)
{
    unsigned n = 0;
    while (n < MANY && e500_page_flags(&f->vm, PAGE) & PAGE_RESERVED) {
        g_assert_cmpint(e500_store32(c, ea, 7), ==, EXEC_NEXT);
        n++;
    }
    return n;
}

static void a_page_that_is_only_stored_to_falls(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0], *other = f->core[1];
    unsigned before = 0;

    for (unsigned n = 0; n < 4; n++) {
        g_assert_cmpint(execute(c, INSN_lwarx, PAGE), ==, EXEC_NEXT);
        e500_mail_attend(other);
        unsigned now = store_until_it_falls(f, other, PAGE + 0x800);
        g_assert_cmpuint(now, >, before); /* each time later */
        g_assert_cmpuint(now, <, MANY);
        before = now;
        g_assert_cmphex(e500_page_flags(&f->vm, PAGE), ==, 0);
        g_assert_true(stores_inline(other, PAGE + 0x800));
        g_assert_cmphex(e500_page_flags(&f->vm, PAGE + E500_PAGE_SIZE), ==, PAGE_RESERVED | PAGE_SETTLED); /* it alone */
    }
}

static void a_reservation_is_lost_when_its_page_falls(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0], *other = f->core[1];

    g_assert_cmpint(execute(c, INSN_lwarx, PAGE), ==, EXEC_NEXT);
    e500_mail_attend(other);
    g_assert_cmpuint(store_until_it_falls(f, other, PAGE + 0x800), <, MANY);
    uint32_t value = 0;
    g_assert_cmpint(e500_load32(other, PAGE, &value), ==, EXEC_NEXT);
    g_assert_cmpint(e500_store32(other, PAGE, value), ==, EXEC_NEXT); /* which nobody counts */
    g_assert_false(stwcx(c, PAGE));
}

static void a_page_that_is_reserved_in_does_not_fall(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0], *other = f->core[1];

    for (unsigned n = 0; n < 2000; n++) {
        g_assert_cmpint(execute(c, INSN_lwarx, PAGE), ==, EXEC_NEXT);
        e500_mail_attend(other);
        for (unsigned i = 0; i < 500; i++)
            g_assert_cmpint(e500_store32(other, PAGE + 0x800, i), ==, EXEC_NEXT);
    }
    g_assert_cmphex(e500_page_flags(&f->vm, PAGE), ==, PAGE_RESERVED | PAGE_SETTLED);
}

/* --- writes of others than cores --- */

static void what_others_write_meets_the_flags(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    listen(f);
    g_assert_cmpint(execute(c, INSN_lwarx, PAGE + 0x100), ==, EXEC_NEXT);
    e500_page_flag_set(&f->vm, NULL, PAGE, 2 * E500_PAGE_SIZE, PAGE_CODE | PAGE_CLEAN);
    e500_mail_attend(c);
    e500_ram_written(&f->vm, PAGE + E500_PAGE_SIZE - 4, 8);
    g_assert_cmpuint(heard.n, ==, 2);
    g_assert_null(heard.by);
    g_assert_cmphex(heard.gpa, ==, PAGE + E500_PAGE_SIZE);
    g_assert_cmphex(heard.size, ==, 4);
    g_assert_cmphex(e500_page_flags(&f->vm, PAGE) & PAGE_CLEAN, ==, 0);
    g_assert_cmphex(e500_page_flags(&f->vm, PAGE + E500_PAGE_SIZE) & PAGE_CLEAN, ==, 0);
    g_assert_true(stwcx(c, PAGE + 0x100)); /* another granule */
    g_assert_cmpint(execute(c, INSN_lwarx, PAGE + 0x100), ==, EXEC_NEXT);
    e500_ram_written(&f->vm, 0, FIXTURE_RAM);
    g_assert_false(stwcx(c, PAGE + 0x100));
    e500_ram_written(&f->vm, FIXTURE_RAM - 4, UINT64_C(1) << 20); /* what is not RAM has no flags */
}

static void a_word_that_a_device_wrote_is_not_written_over(Fixture *f, gconstpointer unused)
{
    E500 *c = f->core[0];

    g_assert_cmpint(execute(c, INSN_lwarx, PAGE), ==, EXEC_NEXT);
    f->ram[PAGE] = 7; /* written, and not yet told */
    g_assert_false(stwcx(c, PAGE));
    g_assert_cmpuint(f->ram[PAGE], ==, 7);
}

/* --- several threads --- */

enum { ROUNDS = 20000 };

static void attend(E500 *c)
{
    if (__atomic_load_n(&c->attention, __ATOMIC_RELAXED)) {
        __atomic_store_n(&c->attention, 0, __ATOMIC_SEQ_CST);
        e500_mail_attend(c);
    }
}

static uint32_t reserve(E500 *c, Ea ea)
{
    ExecResult r;
    while ((r = execute(c, INSN_lwarx, ea)) == EXEC_JUMP)
        attend(c);
    g_assert_cmpint(r, ==, EXEC_NEXT);
    return c->s.gpr[3].w;
}

/* Counts at PAGE; the words beside it change and change back all the time. */
static gpointer count(gpointer core)
{
    E500 *c = core;

    e500_enter(c);
    for (unsigned n = 0; n < ROUNDS; n++) {
        Ea mine = PAGE + 8 + 4 * c->index;
        for (;;) {
            attend(c);
            uint32_t value = reserve(c, PAGE);
            c->s.gpr[3].w = value + 1;
            if (stwcx(c, PAGE))
                break;
        }
        g_assert_cmpint(e500_store32(c, mine, n), ==, EXEC_NEXT);
        uint32_t mine_again = 0;
        g_assert_cmpint(e500_load32(c, mine, &mine_again), ==, EXEC_NEXT);
        g_assert_cmpuint(mine_again, ==, n);
    }
    e500_leave(c);
    return NULL;
}

static void threads_count_together(Fixture *f, gconstpointer unused)
{
    GThread *thread[FIXTURE_CORES];
    uint32_t sum = 0;

    for (unsigned i = 0; i < FIXTURE_CORES; i++)
        thread[i] = g_thread_new("core", count, f->core[i]);
    for (unsigned i = 0; i < FIXTURE_CORES; i++)
        g_thread_join(thread[i]);
    g_assert_cmpint(e500_load32(f->core[0], PAGE, &sum), ==, EXEC_NEXT);
    g_assert_cmpuint(sum, ==, FIXTURE_CORES * ROUNDS);
}

/* Stores that make the page fall, then one count: what is settled again and again. */
static gpointer store_and_count(gpointer core)
{
    E500 *c = core;

    e500_enter(c);
    for (unsigned n = 1; n <= ROUNDS / 100; n++) {
        Ea mine = PAGE + 0x400 + 64 * c->index;
        for (unsigned i = 0; i < 3000; i++) {
            attend(c);
            g_assert_cmpint(e500_store32(c, mine, n), ==, EXEC_NEXT);
        }
        do {
            attend(c);
            uint32_t value = reserve(c, PAGE);
            c->s.gpr[3].w = value + 1;
        } while (!stwcx(c, PAGE));
    }
    e500_leave(c);
    return NULL;
}

static void threads_count_while_the_page_falls(Fixture *f, gconstpointer unused)
{
    GThread *thread[FIXTURE_CORES];
    uint32_t sum = 0;

    for (unsigned i = 0; i < FIXTURE_CORES; i++)
        thread[i] = g_thread_new("core", store_and_count, f->core[i]);
    for (unsigned i = 0; i < FIXTURE_CORES; i++)
        g_thread_join(thread[i]);
    g_assert_cmpint(e500_load32(f->core[0], PAGE, &sum), ==, EXEC_NEXT);
    g_assert_cmpuint(sum, ==, FIXTURE_CORES * (ROUNDS / 100));
    g_assert_cmpuint(f->vm.falls, >, 0);
}

typedef struct Race {
    Fixture *f;
    bool end; /* atomic */
} Race;

/* Stores 1, 2, 3 … to one word. */
static gpointer store_always(gpointer data)
{
    Race *race = data;
    E500 *c = race->f->core[1];

    e500_enter(c);
    for (uint32_t n = 1; !__atomic_load_n(&race->end, __ATOMIC_RELAXED); n++) {
        attend(c);
        g_assert_cmpint(e500_store32(c, PAGE, n), ==, EXEC_NEXT);
    }
    e500_leave(c);
    return NULL;
}

static uint32_t word_now(const Fixture *f)
{
    return GUINT32_FROM_BE(__atomic_load_n((const uint32_t *)(const void *)(f->ram + PAGE), __ATOMIC_SEQ_CST));
}

/* While the page is clean, the one store that is about to say otherwise may be in memory, and no second one. */
static void no_store_slips_by_a_flag(Fixture *f, gconstpointer unused)
{
    Race race = {.f = f};
    GThread *thread = g_thread_new("core", store_always, &race);

    for (unsigned n = 0; n < 500; n++) {
        e500_page_flag_set(&f->vm, NULL, PAGE, E500_PAGE_SIZE, PAGE_CLEAN);
        while (!e500_mail_done(&f->vm, NULL))
            g_thread_yield();
        uint32_t then = word_now(f), now;
        do {
            now = word_now(f);
            if (e500_page_flags(&f->vm, PAGE) & PAGE_CLEAN)
                g_assert_cmpuint(now - then, <=, 1);
            else
                g_thread_yield();
        } while (now == then);
        while (e500_page_flags(&f->vm, PAGE) & PAGE_CLEAN)
            g_thread_yield();
    }
    __atomic_store_n(&race.end, true, __ATOMIC_RELAXED);
    g_thread_join(thread);
}

UNIT_TESTS(ram)
{
    TEST("/ram/every-store-meets-the-flags", every_store_meets_the_flags);
    TEST("/ram/a-page-without-flags-is-stored-to-inline", a_page_without_flags_is_stored_to_inline);
    TEST("/ram/a-flag-holds-when-every-core-knows", a_flag_holds_when_every_core_knows);
    TEST("/ram/nobody-waits-for-a-core-that-stands-still", nobody_waits_for_a_core_that_stands_still);
    TEST("/ram/a-full-mailbox-protects-everything", a_full_mailbox_protects_everything);
    TEST_SEVERAL("/ram/a-reservation-waits-for-the-others", a_reservation_waits_for_the_others);
    TEST_SEVERAL("/ram/every-store-of-others-takes-a-reservation", every_store_of_others_takes_a_reservation);
    TEST_SEVERAL("/ram/own-stores-spare-a-reservation", own_stores_spare_a_reservation);
    TEST_SEVERAL("/ram/a-page-that-is-only-stored-to-falls", a_page_that_is_only_stored_to_falls);
    TEST_SEVERAL("/ram/a-reservation-is-lost-when-its-page-falls", a_reservation_is_lost_when_its_page_falls);
    TEST_SEVERAL("/ram/a-page-that-is-reserved-in-does-not-fall", a_page_that_is_reserved_in_does_not_fall);
    TEST_SEVERAL("/ram/what-others-write-meets-the-flags", what_others_write_meets_the_flags);
    TEST_SEVERAL("/ram/a-word-that-a-device-wrote-is-not-written-over", a_word_that_a_device_wrote_is_not_written_over);
    TEST_SEVERAL("/ram/threads-count-together", threads_count_together);
    TEST_SEVERAL("/ram/threads-count-while-the-page-falls", threads_count_while_the_page_falls);
    TEST("/ram/no-store-slips-by-a-flag", no_store_slips_by_a_flag);
}
