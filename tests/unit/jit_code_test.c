/* SPDX-License-Identifier: MIT
 *
 * The translator's code memory, and code that is written over after it was translated.
 */
#include "tests/unit/soft_fixture.h"
#include "tests/unit/unit.h"

#if HAVE_JIT
#include <stdio.h>

#include "cpu/e500/ram.h"
#include "cpu/fault.h"
#include "cpu/jit/jit.h"

static Jit *jit_at(SoftFixture *f, unsigned index)
{
    return ((SoftVcpu *)f->vcpu[index])->engine_data;
}

static void up(SoftFixture *f)
{
    jit_hot = 0;
    soft_up_engine(f, "e500mc", true, &soft_jit);
}

static uint32_t branch(int distance)
{
    return insn_info[INSN_b].match | ((uint32_t)distance & 0x03fffffc);
}

/* li r3, n; b back: a block of its own */
static void put_loop(SoftFixture *f, int n)
{
    soft_put_word(f, SOFT_CODE, word_d(INSN_addi, 3, 0, n));
    soft_put_word(f, SOFT_CODE + 4, branch(-4));
}

/* --- written over --- */

static void a_devices_write_is_executed_at_once(void)
{
    SoftFixture f;
    up(&f);
    for (int n = 1; n < 20; n++) {
        put_loop(&f, n);
        accel_soft.vm_ram_written(f.vm, SOFT_CODE, 8);
        soft_run_for(&f, 0, 10);
        g_assert_cmpint((int)soft_core(&f, 0)->s.gpr[3].w, ==, n);
    }
    g_assert_cmpuint(jit_at(&f, 0)->stats.invalidated, >=, 18);
    soft_down(&f, NULL);
}

/* vCPU 1 stores what vCPU 0 executes next. */
static void another_cores_store_is_executed_at_once(void)
{
    SoftFixture f;
    up(&f);
    put_loop(&f, 0);
    soft_put_word(&f, 0x3000, word_d(INSN_stw, 5, 0, SOFT_CODE));
    soft_put_word(&f, 0x3004, insn_info[INSN_isync].match);
    soft_put_word(&f, 0x3008, branch(-8));
    soft_core(&f, 1)->s.pc = 0x3000;
    for (int n = 1; n < 20; n++) {
        soft_core(&f, 1)->s.gpr[5].w = word_d(INSN_addi, 3, 0, n);
        soft_run_for(&f, 1, 3);
        soft_run_for(&f, 0, 10);
        g_assert_cmpint((int)soft_core(&f, 0)->s.gpr[3].w, ==, n);
    }
    g_assert_cmpuint(jit_at(&f, 0)->stats.invalidated, >=, 18);
    soft_down(&f, NULL);
}

/* The store changes an instruction behind it in its own block. */
static void a_block_that_writes_itself_goes_on_with_what_it_wrote(void)
{
    SoftFixture f;
    up(&f);
    soft_put_word(&f, SOFT_CODE, word_d(INSN_addi, 5, 5, 1));
    soft_put_word(&f, SOFT_CODE + 4, word_d(INSN_stw, 5, 0, SOFT_CODE + 8));
    soft_put_word(&f, SOFT_CODE + 8, word_d(INSN_addi, 3, 0, 0));
    soft_put_word(&f, SOFT_CODE + 12, branch(-12));
    soft_core(&f, 0)->s.gpr[5].w = word_d(INSN_addi, 3, 0, 0);
    for (int n = 1; n < 100; n++) {
        soft_run_for(&f, 0, 4);
        g_assert_cmphex(soft_core(&f, 0)->s.pc, ==, SOFT_CODE);
        g_assert_cmpint((int)soft_core(&f, 0)->s.gpr[3].w, ==, n);
    }
    soft_down(&f, NULL);
}

/* A page that is stored to beside its code stops being one of code, and its stores are inline again, until it is executed once more. */
static void a_page_that_became_data_has_no_flag(void)
{
    SoftFixture f;
    up(&f);
    put_loop(&f, 7);
    soft_run_for(&f, 0, 10);
    E500Vm *vm = &((SoftVm *)f.vm)->e500;
    g_assert_true(e500_page_flags(vm, SOFT_CODE) & PAGE_CODE);
    for (unsigned i = 0; i < 200; i++)
        accel_soft.vm_ram_written(f.vm, SOFT_CODE + 0x800, 4);
    soft_core(&f, 0)->s.pc = 0x3000; /* zeros: an illegal instruction */
    soft_run_for(&f, 0, 1);
    g_assert_false(e500_page_flags(vm, SOFT_CODE) & PAGE_CODE);
    soft_core(&f, 0)->s.pc = SOFT_CODE;
    soft_run_for(&f, 0, 10);
    g_assert_true(e500_page_flags(vm, SOFT_CODE) & PAGE_CODE);
    g_assert_cmpuint(soft_core(&f, 0)->s.gpr[3].w, ==, 7);
    soft_down(&f, NULL);
}

/* --- memory --- */

/* 30,000 blocks of two instructions, round and round.  By bl, which ends a block. */
enum { CHAIN = 0x10000, CHAIN_BLOCKS = 30000 };

static void put_chain(SoftFixture *f)
{
    for (unsigned i = 0; i < CHAIN_BLOCKS; i++) {
        soft_put_word(f, CHAIN + 8 * i, word_d(INSN_addi, 3, 3, 1));
        soft_put_word(f, CHAIN + 8 * i + 4, branch(i + 1 < CHAIN_BLOCKS ? 4 : -8 * (CHAIN_BLOCKS - 1) - 4) | 1);
    }
    soft_core(f, 0)->s.pc = CHAIN;
}

static void code_goes_on_when_its_memory_is_full(void)
{
    SoftFixture f;
    jit_hot = 0;
    soft_up_code(&f, "e500mc", true, &soft_jit, 1 << 20);
    put_chain(&f);
    soft_run_for(&f, 0, 10 * CHAIN_BLOCKS);
    g_assert_cmpuint(soft_core(&f, 0)->s.gpr[3].w, ==, 5 * CHAIN_BLOCKS);
    g_assert_cmpuint(jit_at(&f, 0)->stats.flushes, >, 2);
    soft_down(&f, NULL);
}

static void without_memory_everything_is_interpreted(void)
{
    SoftFixture f;
    g_assert_true(fault_arm("code-memory:1", NULL));
    up(&f);
    g_assert_true(jit_at(&f, 0)->off);
    g_assert_false(jit_at(&f, 1)->off);
    put_chain(&f);
    soft_run_for(&f, 0, 100);
    g_assert_cmpuint(soft_core(&f, 0)->s.gpr[3].w, ==, 50);
    g_assert_cmpuint(jit_at(&f, 0)->stats.blocks, ==, 0);
    soft_down(&f, NULL);
}

/* Of both mappings of code memory, and of anything else. */
static void no_address_is_writable_and_executable(void)
{
    SoftFixture f;
    up(&f);
    put_loop(&f, 1);
    soft_run_for(&f, 0, 10);
    g_autofree char *maps = NULL;
    g_assert_true(g_file_get_contents("/proc/self/maps", &maps, NULL, NULL));
    g_auto(GStrv) line = g_strsplit(maps, "\n", -1);
    unsigned writable = 0, executable = 0;
    for (unsigned i = 0; line[i] && *line[i]; i++) {
        const char *access = strchr(line[i], ' ') + 1;
        g_assert_false(access[1] == 'w' && access[2] == 'x');
        if (strstr(line[i], "quoin-code")) {
            writable += access[1] == 'w';
            executable += access[2] == 'x';
        }
    }
    g_assert_cmpuint(writable, ==, SOFT_CPUS);
    g_assert_cmpuint(executable, ==, SOFT_CPUS);
    soft_down(&f, NULL);
}
#endif

UNIT_TESTS(jit_code)
{
#if HAVE_JIT
    g_test_add_func("/jit/a-devices-write-is-executed-at-once", a_devices_write_is_executed_at_once);
    g_test_add_func("/jit/another-cores-store-is-executed-at-once", another_cores_store_is_executed_at_once);
    g_test_add_func("/jit/a-block-that-writes-itself-goes-on-with-what-it-wrote",
                    a_block_that_writes_itself_goes_on_with_what_it_wrote);
    g_test_add_func("/jit/a-page-that-became-data-has-no-flag", a_page_that_became_data_has_no_flag);
    g_test_add_func("/jit/code-goes-on-when-its-memory-is-full", code_goes_on_when_its_memory_is_full);
    g_test_add_func("/jit/without-memory-everything-is-interpreted", without_memory_everything_is_interpreted);
    g_test_add_func("/jit/no-address-is-writable-and-executable", no_address_is_writable_and_executable);
#endif
}
