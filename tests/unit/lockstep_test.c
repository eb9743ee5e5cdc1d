/* SPDX-License-Identifier: MIT
 *
 * The lock-step engine: an engine that is wrong in one thing is caught, and named with what it did; one that is right is not, and what it
 * did stands.
 */
#include <string.h>

#include "cpu/e500/interrupt.h"
#include "cpu/e500/mem.h"
#include "cpu/e500/ram.h"
#include "tests/unit/soft_fixture.h"
#include "tests/unit/unit.h"

/* --- an engine that is wrong --- */

/* It does as the plain one does, but that behind the instruction at FAULT_AT it does something else. */
enum { FAULT_AT = SOFT_CODE + 8, DATA = 0x20000 };

static void (*fault)(E500 *c);
static unsigned starts, stops;

static bool wrong_run_slice(SoftVcpu *vcpu)
{
    E500 *c = &vcpu->core;
    uint32_t limit;
    while (c->done < (limit = c->limit)) {
        Ea pc = c->s.pc;
        c->limit = c->done + 1;
        bool go_on = soft_plain.run_slice(vcpu);
        bool ended = !c->limit; /* by the instruction itself */
        c->limit = ended ? 0 : limit;
        if (pc == FAULT_AT)
            fault(c);
        if (!go_on)
            return false;
    }
    return true;
}

static void wrong_start(SoftVcpu *vcpu)
{
    soft_plain.start(vcpu);
    starts++;
}

static void wrong_stop(SoftVcpu *vcpu)
{
    soft_plain.stop(vcpu);
    stops++;
}

static const SoftEngine wrong = {.name = "wrong", .start = wrong_start, .stop = wrong_stop, .run_slice = wrong_run_slice};

/* What it does wrong. */
static void fault_gpr(E500 *c)
{
    c->s.gpr[7].w ^= 0x10;
}
static void fault_high_half(E500 *c)
{
    c->s.gpr[7].h = 1;
}
static void fault_cr(E500 *c)
{
    c->s.cr |= 0x1000;
}
static void fault_spr(E500 *c)
{
    c->s.spr[SPR_SRR0] = 0x1234;
}
static void fault_tlb(E500 *c)
{
    c->s.tlb1[5].mas2 = 0x70000000;
}
static void fault_timer(E500 *c)
{
    c->dec_expiry--;
}
static void fault_reservation(E500 *c)
{
    c->reserve = true;
    c->reserve_gpa = DATA;
}
static void fault_store_elsewhere(E500 *c)
{
    e500_store32(c, DATA + 0x8000, 0xdeadbeef);
}
static void fault_store_value(E500 *c)
{
    e500_store16(c, DATA + 2, 0x4321);
}
static void fault_stores_nothing(E500 *c)
{
    e500_store32(c, DATA, 0);
}
static void fault_stores_twice(E500 *c) /* inline by now */
{
    e500_store8(c, DATA + 0xffe, 1);
    e500_store8(c, DATA + 0xffe, 2);
}
static void fault_exit_address(E500 *c)
{
    c->exit->mmio.gpa += 4;
}
static void fault_exit_value(E500 *c)
{
    c->exit->mmio.data = 77;
}
static void fault_exit_kind(E500 *c)
{
    c->exit->kind = VCPU_EXIT_DEBUG;
    c->exit->debug.reason = VCPU_DEBUG_STEP;
}
static void fault_goes_on(E500 *c) /* does not notice that the instruction wants attention */
{
    c->limit = 100;
}
static void fault_too_far(E500 *c)
{
    c->done += 200;
}

/* The instruction at FAULT_AT, and what the report says. */
static const struct {
    const char *path;
    void (*fault)(E500 *c);
    uint32_t word;
    const char *report;
} rows[] = {
    {"register", fault_gpr, 0x38e00001, "gpr[7].d: before 0x0000000000000000, wrong 0x0000000000000011, plain 0x0000000000000001"},
    {"upper-half", fault_high_half, 0x38e00001, "gpr[7].d: before 0x0000000000000000, wrong 0x0000000100000001"},
    {"condition", fault_cr, 0x38e00001, "cr: before 0x00000000, wrong 0x00001000, plain 0x00000000"},
    {"spr", fault_spr, 0x38e00001, "SRR0: before 0x00000000, wrong 0x00001234, plain 0x00000000"},
    {"tlb", fault_tlb, 0x38e00001, "tlb1[5].mas2: before 0x00000000, wrong 0x70000000"},
    {"timer", fault_timer, 0x38e00001, "dec_expiry: before 0x"},
    {"reservation", fault_reservation, 0x38e00001, "reservation: wrong of 0x000020000, which was 0x00000000, plain none"},
    {"store-elsewhere", fault_store_elsewhere, 0x91440000,
     "memory 0x000028000, 4 bytes: before 00000000 wrong deadbeef plain 00000000"},
    {"store-of-another-value", fault_store_value, 0x91440000, "memory 0x000020002, 2 bytes: before 0000 wrong 4321 plain 5678"},
    {"store-left-out", fault_stores_nothing, 0x91440000,
     "memory 0x000020000, 4 bytes: before 00000000 wrong 00000000 plain 12345678"},
    {"store-inline", fault_stores_twice, 0x91440000, "memory 0x000020ffe, 1 bytes: before 00 wrong 02 plain 00"},
    {"exit-address", fault_exit_address, 0x91450000,
     "exit: wrong MMIO: write of 4 bytes at 0xfe0000004: 0x12345678 of instruction "
     "0x91450000; plain MMIO: write of 4 bytes at 0xfe0000000: 0x12345678"},
    {"exit-value", fault_exit_value, 0x91450000, "write of 4 bytes at 0xfe0000000: 0x4d of instruction"},
    {"exit-kind", fault_exit_kind, 0x91450000, "exit: wrong DEBUG: step, pc"},
    {"attention", fault_goes_on, 0x7d400124 /* mtmsr r10 */, "done: before 0x00000000, wrong"},
    {"too-many-instructions", fault_too_far, 0x38e00001, "done: before 0x00000000, wrong 0x000000cb, plain 0x00000003"},
};

static void put_code(SoftFixture *f, uint32_t word)
{
    const uint32_t code[] = {
        word_d(INSN_addi, 6, 6, 1), word_d(INSN_stw, 6, 4, 0x100), word,
        word_d(INSN_addi, 6, 6, 1), word_d(INSN_addi, 6, 6, 1),    insn_info[INSN_b].match /* to itself */,
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(code); i++)
        soft_put_word(f, SOFT_CODE + 4 * i, code[i]);
    E500 *c = soft_core(f, 0);
    c->s.gpr[4].w = DATA;
    c->s.gpr[5].w = SOFT_DEVICE;
    c->s.gpr[10].w = 0x12345678;
}

static void a_wrong_engine_is_caught(gconstpointer data)
{
    unsigned i = GPOINTER_TO_UINT(data);
    SoftFixture f;
    starts = stops = 0;
    soft_up_tested(&f, "e500mc", true, &soft_lockstep, &wrong);
    put_code(&f, rows[i].word);
    if (rows[i].fault == fault_goes_on) { /* a doorbell waits for MSR[EE], which this sets */
        soft_core(&f, 0)->s.gpr[10].w = MSR_EE;
        soft_core(&f, 0)->doorbells = 1;
    }
    fault = rows[i].fault;
    VcpuExit *exit = soft_run_for(&f, 0, 50);
    g_assert_cmpint(exit->kind, ==, VCPU_EXIT_FATAL);
    g_test_message("%s", exit->fatal.message);
    if (!strstr(exit->fatal.message, rows[i].report))
        g_error("'%s' is not in the report:\n%s", rows[i].report, exit->fatal.message);
    g_assert_nonnull(strstr(exit->fatal.message, "from pc 0x00001000"));
    g_assert_nonnull(strstr(exit->fatal.message, "\n    0x00001000:  38c60001  addi    r6,r6,1\n    0x00001004:  90c40100"));
    soft_down(&f, NULL);
    g_assert_cmpuint(starts, ==, SOFT_CPUS);
    g_assert_cmpuint(stops, ==, SOFT_CPUS);
}

/* The report is about as few instructions as show it, wherever in a slice they are. */
static void the_report_is_short(void)
{
    SoftFixture f;
    soft_up_tested(&f, "e500mc", true, &soft_lockstep, &wrong);
    put_code(&f, 0x38e00001);
    fault = fault_gpr;
    VcpuExit *exit = soft_run_for(&f, 0, 900);
    g_assert_cmpint(exit->kind, ==, VCPU_EXIT_FATAL);
    g_test_message("%s", exit->fatal.message);
    g_assert_true(
        g_str_has_prefix(exit->fatal.message, "engine wrong and engine plain differ after 3 instructions from pc 0x00001000:"));
    g_assert_true(g_str_has_suffix(exit->fatal.message, "\n    0x00001008:  38e00001  addi    r7,0,1"));
    g_assert_cmphex(soft_get_word(&f, DATA + 0x100), ==, 1); /* the engine's under test is what stands */
    soft_down(&f, NULL);
}

/* --- engines that are right --- */

/* Stores, a device access, a hypercall, the time, doorbells to itself and another core, reservations: each happens once. */
static void run_right(const SoftEngine *engine, GString *result)
{
    const uint32_t code[] = {
        word_d(INSN_addi, 6, 6, 1),
        word_d(INSN_stw, 6, 4, 0),
        insn_info[INSN_mfspr].match | 7 << 21 | (SPRNO_TBL & 31) << 16 | SPRNO_TBL >> 5 << 11,
        word_d(INSN_stw, 7, 4, 8),
        word_x(INSN_lwarx, 8, 0, 4),
        word_d(INSN_addi, 8, 8, 1),
        word_x(INSN_stwcx, 8, 0, 4),
        word_d(INSN_lwz, 9, 5, 0),
        word_d(INSN_stw, 9, 4, 12),
        word_x(INSN_msgsnd, 0, 0, 12),
        word_x(INSN_tlbivax, 0, 0, 11),
        0x44000022, /* sc 1 */
        word_d(INSN_stw, 3, 4, 16),
        insn_info[INSN_b].match | (-52 & 0x03fffffc),
    };
    SoftFixture f;
    soft_up_tested(&f, "e500mc", true, engine, &soft_fast);
    unsigned reads = 0, calls = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(code); i++)
        soft_put_word(&f, SOFT_CODE + 4 * i, code[i]);
    for (unsigned cpu = 0; cpu < SOFT_CPUS; cpu++) {
        E500 *c = soft_core(&f, cpu);
        c->s.gpr[4].w = DATA;
        c->s.gpr[5].w = SOFT_DEVICE;
        c->s.gpr[11].w = 0x30000;
        c->s.gpr[12].w = 1u << 26; /* a doorbell to all */
    }
    for (unsigned turn = 0; turn < 200; turn++) {
        unsigned cpu = turn & 1;
        VcpuExit *exit = soft_run_for(&f, cpu, 1 + turn % 11);
        if (exit->kind == VCPU_EXIT_MMIO)
            exit->mmio.data = ++reads;
        else if (exit->kind == VCPU_EXIT_EPAPR_HCALL)
            exit->epapr_hcall.ret = ++calls;
        else if (exit->kind != VCPU_EXIT_INTR)
            g_error("%s", exit->kind == VCPU_EXIT_FATAL ? exit->fatal.message : vcpu_exit_name(exit->kind));
        g_string_append_printf(result, "%u %u %u %u 0x%08x 0x%08x\n", turn, exit->kind, reads, calls, soft_core(&f, cpu)->s.pc,
                               soft_core(&f, cpu)->doorbells);
    }
    for (unsigned i = 0; i < 5; i++)
        g_string_append_printf(result, "0x%08x\n", soft_get_word(&f, DATA + 4 * i));
    g_string_append_printf(result, "%u ns", (unsigned)time_now_ns(&f.time));
    soft_down(&f, NULL);
}

static void everything_happens_once(void)
{
    g_autoptr(GString) plain = g_string_new(NULL), both = g_string_new(NULL);
    run_right(&soft_plain, plain);
    run_right(&soft_lockstep, both);
    g_assert_cmpstr(plain->str, ==, both->str);
}

/* What another core stored between two slices takes the reservation away from both runs. */
static void a_reservation_is_lost_in_both(void)
{
    SoftFixture f;
    soft_up_tested(&f, "e500mc", true, &soft_lockstep, &soft_fast);
    E500 *c = soft_core(&f, 0);
    soft_put_word(&f, SOFT_CODE, word_x(INSN_lwarx, 8, 0, 4));
    soft_put_word(&f, SOFT_CODE + 4, word_x(INSN_stwcx, 4, 0, 4));
    c->s.gpr[4].w = DATA;
    soft_run_for(&f, 0, 1);
    g_assert_true(c->reserve);
    soft_core(&f, 1)->s.gpr[4].w = DATA;
    soft_core(&f, 1)->s.pc = SOFT_CODE + 8;
    soft_put_word(&f, SOFT_CODE + 8, word_d(INSN_stw, 3, 4, 0)); /* the value that is there */
    g_assert_cmpint(soft_run_for(&f, 1, 1)->kind, ==, VCPU_EXIT_INTR);
    g_assert_cmpint(soft_run_for(&f, 0, 1)->kind, ==, VCPU_EXIT_INTR);
    g_assert_cmphex(c->s.cr >> 29 & 1, ==, 0);
    g_assert_cmphex(soft_get_word(&f, DATA), ==, 0);
    soft_down(&f, NULL);
}

/* RAM is marked again for each slice, and is not at all in another engine's. */
static void pages_are_kept_only_in_lock_step(void)
{
    SoftFixture f;
    soft_up_tested(&f, "e500mc", true, &soft_lockstep, &soft_fast);
    put_code(&f, 0x38e00001);
    soft_run_for(&f, 0, 5);
    soft_run_for(&f, 0, 5);
    for (unsigned gpa = 0; gpa < SOFT_RAM; gpa += 4096)
        g_assert_true(e500_page_flags(&((SoftVm *)f.vm)->e500, gpa) & PAGE_KEPT);
    soft_down(&f, NULL);
    soft_up_engine(&f, "e500mc", true, &soft_fast);
    put_code(&f, 0x38e00001);
    soft_run_for(&f, 0, 5);
    for (unsigned gpa = 0; gpa < SOFT_RAM; gpa += 4096)
        g_assert_cmphex(e500_page_flags(&((SoftVm *)f.vm)->e500, gpa), ==, 0);
    soft_down(&f, NULL);
}

static void host_time_is_refused(void)
{
    TimeSource time;
    g_autoptr(GError) error = NULL;
    time_source_init(&time, false, 0);
    AccelConfig config = {.model = e500_model_find("e500mc"), .time = &time, .tb_hz = NS_PER_SECOND, .n_vcpus = 1, .verify = true};
    g_assert_null(accel_soft.vm_open(&config, &error));
    g_assert_nonnull(strstr(error->message, "virtual time"));
}

UNIT_TESTS(lockstep)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/lockstep/a-wrong-engine-is-caught/", rows[i].path, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), a_wrong_engine_is_caught);
    }
    g_test_add_func("/lockstep/the-report-is-short", the_report_is_short);
    g_test_add_func("/lockstep/everything-happens-once", everything_happens_once);
    g_test_add_func("/lockstep/a-reservation-is-lost-in-both", a_reservation_is_lost_in_both);
    g_test_add_func("/lockstep/pages-are-kept-only-in-lock-step", pages_are_kept_only_in_lock_step);
    g_test_add_func("/lockstep/host-time-is-refused", host_time_is_refused);
}
