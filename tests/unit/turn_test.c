/* SPDX-License-Identifier: MIT
 *
 * Virtual time with several vCPUs: it is a function of the instructions they executed, whoever kicks and parks them meanwhile.  Real
 * threads, the real accelerator.
 */
#include <string.h>

#include "cpu/e500/bits.h"
#include "cpu/e500/insn.h"
#include "cpu/soft/soft.h"
#include "cpu/vcpu.h"
#include "tests/unit/unit.h"

enum { CPUS = 3, RAM = 1 << 18, CODE = 0x1000, HANDLER = 0x3000, LOG = 0x10000, LOG_SIZE = 0x8000, DEVICE = 0x80000 };

typedef struct Guest {
    TimeSource time;
    Vcpus *set;
    uint8_t *ram;
    bool finished;        /* atomic: vCPU 0 stored to the device */
    uint64_t finished_ns; /* and when */
} Guest;

static uint32_t row_d(InsnId id, unsigned rt, unsigned ra, int d)
{
    return insn_info[id].match | rt << 21 | ra << 16 | (uint16_t)d;
}

static uint32_t row_spr(InsnId id, unsigned rt, unsigned spr)
{
    return insn_info[id].match | rt << 21 | (spr & 31) << 16 | spr >> 5 << 11;
}

static void put_code(Guest *g, Ea at, const uint32_t *word, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t big = GUINT32_TO_BE(word[i]);
        memcpy(g->ram + at + 4 * i, &big, 4);
    }
}

/* vCPU 0 logs the time base r3 times, then stores to the device. */
static void put_busy(Guest *g)
{
    const uint32_t code[] = {
        row_spr(INSN_mfspr, 5, SPRNO_TBL), row_d(INSN_stw, 5, 4, 0), row_d(INSN_addi, 4, 4, 4), row_d(INSN_addic_rc, 3, 3, -1),
        row_d(INSN_bc, 4, 2, -16),         row_d(INSN_stw, 5, 6, 0), insn_info[INSN_b].match,
    };
    put_code(g, CODE, code, G_N_ELEMENTS(code));
}

/* The others wait for their decrementer, whose handler logs the time base. */
static void put_idle(Guest *g)
{
    const uint32_t code[] = {insn_info[INSN_wait].match, insn_info[INSN_b].match | (0x3fffffc & -4)};
    const uint32_t handler[] = {
        row_spr(INSN_mfspr, 5, SPRNO_TBL), row_d(INSN_stw, 5, 4, 0),          row_d(INSN_addi, 4, 4, 4),
        row_d(INSN_addis, 5, 0, 0x0800),   row_spr(INSN_mtspr, 5, SPRNO_TSR), insn_info[INSN_rfi].match,
    };
    put_code(g, CODE + 0x100, code, G_N_ELEMENTS(code));
    put_code(g, HANDLER, handler, G_N_ELEMENTS(handler));
}

static bool serve(void *opaque, Vcpu *vcpu, VcpuExit *exit)
{
    Guest *g = opaque;
    if (exit->kind != VCPU_EXIT_MMIO)
        return true;
    g->finished_ns = time_now_ns(&g->time);
    __atomic_store_n(&g->finished, true, __ATOMIC_SEQ_CST);
    return false;
}

/* vCPU 0 is busy, the others wait. */
static void start(Guest *g, unsigned logs, unsigned shift)
{
    const E500Model *model = e500_model_find("e500mc");
    memset(g, 0, sizeof(*g));
    time_source_init(&g->time, true, shift);
    g->ram = g_aligned_alloc(1, RAM, 4096);
    memset(g->ram, 0, RAM);
    put_busy(g);
    put_idle(g);
    AccelConfig config = {.model = model, .time = &g->time, .tb_hz = NS_PER_SECOND, .n_vcpus = CPUS};
    g->set = vcpus_new(&accel_soft, &config, serve, g, NULL);
    AccelRam block = {.gpa = 0, .size = RAM, .hva = g->ram};
    g_assert_true(vcpus_map_ram(g->set, &block, NULL));
    for (unsigned i = 0; i < CPUS; i++) {
        E500State *s = &vcpus_get(g->set, i)->state;
        e500_state_reset(s, model, i);
        s->tlb1[0] = (E500TlbEntry){.mas1 = 0xc0000000u | 5 << 8, .mas7_3 = 0x3f};
        s->pc = i == 0 ? CODE : CODE + 0x100;
        s->gpr[3].w = logs;
        s->gpr[4].w = LOG + i * LOG_SIZE;
        s->gpr[6].w = DEVICE;
        s->msr = i == 0 ? 0 : MSR_EE;
        s->spr[SPR_IVOR10] = HANDLER;
        s->spr[SPR_DEC] = s->spr[SPR_DECAR] = i == 0 ? 0 : 1000 + 333 * i;
        s->spr[SPR_TCR] = i == 0 ? 0 : 1u << 26 | 1u << 22; /* DIE, ARE */
    }
    g_assert_true(vcpus_post_init(g->set, NULL));
}

static uint64_t executed(const Guest *g)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < CPUS; i++)
        n += ((SoftVcpu *)vcpus_get(g->set, i)->handle)->core.count.instructions;
    return n;
}

typedef enum Disturbance { NONE, KICKS, PARKS, DISTURBANCES } Disturbance;

static void run_disturbed(Guest *g, Disturbance how)
{
    g_assert_true(vcpus_resume(g->set, NULL));
    for (unsigned i = 0; !__atomic_load_n(&g->finished, __ATOMIC_SEQ_CST); i++) {
        if (how == KICKS)
            vcpu_kick(vcpus_get(g->set, i % CPUS));
        if (how == PARKS) {
            vcpus_park(g->set);
            g_assert_true(vcpu_synchronize_state(vcpus_get(g->set, i % CPUS), NULL));
            g_assert_true(vcpus_resume(g->set, NULL));
        }
        g_thread_yield();
    }
    vcpus_park(g->set);
}

static void finish(Guest *g)
{
    vcpus_free(g->set);
    g_aligned_free(g->ram);
}

static uint32_t logged(const Guest *g, unsigned vcpu, unsigned n)
{
    uint32_t big;
    memcpy(&big, g->ram + LOG + vcpu * LOG_SIZE + 4 * n, 4);
    return GUINT32_FROM_BE(big);
}

/* One vCPU never rests, so time is what all of them executed and not a nanosecond more. */
static void an_idle_vcpu_does_not_move_the_clock(void)
{
    for (unsigned shift = 0; shift <= 4; shift += 4) {
        Guest g;
        start(&g, 5000, shift);
        run_disturbed(&g, NONE);
        vcpu_finish_exit(vcpus_get(g.set, 0));
        g_assert_cmpuint(time_now_ns(&g.time), ==, executed(&g) << shift);
        g_assert_cmpuint(g.finished_ns, >=, (UINT64_C(5) * 5000) << shift); /* five instructions a turn of the loop */
        for (unsigned i = 1; i < CPUS; i++)
            g_assert_cmpuint(logged(&g, i, 3), !=, 0); /* their timers went on */
        finish(&g);
    }
}

/* All are idle most of the time: time goes from event to event, and stops at each. */
static void time_goes_from_event_to_event(void)
{
    enum { END = 100000, HANDLER_LENGTH = 6 };
    Guest g;
    start(&g, 0, 0);
    const uint32_t code[] = {insn_info[INSN_wait].match, row_d(INSN_stw, 5, 6, 0)};
    put_code(&g, CODE, code, G_N_ELEMENTS(code));
    E500State *s = &vcpus_get(g.set, 0)->state;
    s->spr[SPR_DEC] = END; /* ends the wait; MSR[EE] = 0, so it is not taken */
    s->spr[SPR_TCR] = 1u << 26;
    g_assert_true(vcpus_post_init(g.set, NULL));
    run_disturbed(&g, NONE);
    g_assert_cmpuint(g.finished_ns, >=, END);
    g_assert_cmpuint(g.finished_ns, <=, END + CPUS * (HANDLER_LENGTH + 2));
    for (unsigned i = 1; i < CPUS; i++) {
        uint32_t period = 1000 + 333 * i;
        for (uint32_t n = 0; n < END / period; n++) {
            /* Another vCPU's handler may execute when the time has come. */
            g_assert_cmpuint(logged(&g, i, n), >=, (n + 1) * period);
            g_assert_cmpuint(logged(&g, i, n), <=, (n + 1) * period + CPUS * (HANDLER_LENGTH + 2));
        }
        g_assert_cmpuint(logged(&g, i, END / period), ==, 0);
    }
    finish(&g);
}

enum { LOOPS = 8000, BUSY_NS = 5 * LOOPS }; /* vCPU 0 is busy until then at least: five instructions a turn of the loop */

/* A reading while vCPU 0 was busy; how far the others get after its end, before they are parked, is the host's. */
static uint32_t read_in_time(const Guest *g, unsigned vcpu, unsigned n)
{
    uint32_t reading = logged(g, vcpu, n);
    return reading < BUSY_NS ? reading : 0;
}

static void readings_do_not_depend_on_the_host(void)
{
    Guest first;
    start(&first, LOOPS, 0);
    run_disturbed(&first, NONE);
    for (unsigned i = 0; i < 3 * DISTURBANCES; i++) {
        Guest again;
        start(&again, LOOPS, 0);
        run_disturbed(&again, i % DISTURBANCES);
        g_assert_cmpuint(again.finished_ns, ==, first.finished_ns);
        for (unsigned cpu = 0; cpu < CPUS; cpu++)
            for (unsigned n = 0; n < LOG_SIZE / 4; n++)
                g_assert_cmpuint(read_in_time(&again, cpu, n), ==, read_in_time(&first, cpu, n));
        finish(&again);
    }
    finish(&first);
}

UNIT_TESTS(turn)
{
    g_test_add_func("/turn/an-idle-vcpu-does-not-move-the-clock", an_idle_vcpu_does_not_move_the_clock);
    g_test_add_func("/turn/time-goes-from-event-to-event", time_goes_from_event_to_event);
    g_test_add_func("/turn/readings-do-not-depend-on-the-host", readings_do_not_depend_on_the_host);
}
