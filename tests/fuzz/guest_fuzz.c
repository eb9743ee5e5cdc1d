/* SPDX-License-Identifier: MIT
 *
 * The input is a guest: it is put at physical 0x1000 and executed, first as supervisor, with every
 * register pointing somewhere into RAM.  It may do what it likes; the engine must come back with
 * exits that make sense.  The last byte says what debugging goes on meanwhile: its own, and
 * somebody's from outside.
 *
 * Engine and core of a bench execute it in lock step with the plain interpreter, which is the oracle:
 * after each slice all of the core, the pages that were stored to, the reservation and the exit must be
 * the same.  Where they differ the target ends with what cpu/soft/lockstep_report.c says.
 *
 * A replay runs each input on all benches; libFuzzer, for which that is four times the work for one
 * input, on the one that the input's bytes choose.
 */
#include <string.h>

#include "cpu/accel.h"
#include "cpu/e500/bits.h"
#include "cpu/e500/insn.h"
#if HAVE_JIT
#include "cpu/jit/jit.h"
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak)); /* libFuzzer's; none in a replay */

enum { RAM = 1 << 17, CODE = 0x1000, EXITS = 8 };
/* Instructions between two exits, of which an input has 64.  Debugged, each is a slice of its own: a comparison of the whole state. */
enum { RUN_NS = 40, DEBUGGED_RUN_NS = 5 };

static uint8_t ram[RAM] __attribute__((aligned(4096)));

/* The last byte of the input. */
enum {
    OWN_STEPS = 1,     /* instruction complete, branch taken */
    OWN_TRANSFERS = 2, /* interrupts and returns, traps */
    OWN_ADDRESSES = 4, /* ranges of instructions and data */
    HOST_STEPS = 8,    /* every other run */
    HOST_POINTS = 16,
    DEBUG_ENABLED = 32, /* MSR[DE] at first */
};

enum { DEBUGGED = OWN_STEPS | OWN_TRANSFERS | OWN_ADDRESSES | HOST_STEPS | HOST_POINTS };

static void debug_itself(E500State *s, uint8_t how)
{
    s->spr[SPR_DBCR0] = (how & 7 ? DBCR0_IDM : 0) | (how & OWN_STEPS ? DBCR0_ICMP | DBCR0_BRT : 0) |
                        (how & OWN_TRANSFERS ? DBCR0_IRPT | DBCR0_RET | DBCR0_TRAP | DBCR0_CIRPT | DBCR0_CRET : 0) |
                        (how & OWN_ADDRESSES ? 0xcfu << 16 : 0);
    s->spr[SPR_DBCR1] = s->spr[SPR_DBCR2] = (uint32_t)(how >> 6) << 22;
    s->spr[SPR_IAC1] = s->spr[SPR_DAC1] = CODE + 8;
    s->spr[SPR_IAC2] = s->spr[SPR_DAC2] = 0x5000;
    s->msr |= how & DEBUG_ENABLED ? MSR_DE : 0;
}

static void debug_outside(AccelVcpu *vcpu, uint8_t how, bool step)
{
    AccelDebug debug = {.single_step = step && (how & HOST_STEPS)};

    if (how & HOST_POINTS) {
        debug.n_breakpoints = 1;
        debug.breakpoint[0] = CODE + 0x40;
        debug.n_watchpoints = 2;
        debug.watchpoint[0] = (AccelWatchpoint){0x6ffe, 0x9001, false, true};
        debug.watchpoint[1] = (AccelWatchpoint){RAM + 0x10, RAM + 0x10, true, true}; /* a device */
    }
    if (!step) /* over what was met */
        debug.n_breakpoints = debug.n_watchpoints = 0;
    g_assert_true(accel_soft.vcpu_set_debug(vcpu, &debug, NULL));
}

static void check_debug(const VcpuExit *exit, uint8_t how)
{
    g_assert_true(how & (HOST_STEPS | HOST_POINTS));
    switch (exit->debug.reason) {
    case VCPU_DEBUG_WATCHPOINT:
        g_assert_cmpuint(exit->debug.watchpoint, <, 2);
        g_assert_true(how & HOST_POINTS);
        break;
    case VCPU_DEBUG_STEP:
        g_assert_true(how & HOST_STEPS);
        break;
    case VCPU_DEBUG_BREAKPOINT: /* or ehpriv */
        break;
    }
}

/* At every vector: a handler that goes on behind what trapped. */
static void put_handler(void)
{
    const uint32_t words[] = {
        0x7ffa02a6, /* mfspr r31,SRR0 */
        0x3bff0004, /* addi r31,r31,4 */
        0x7ffa03a6, /* mtspr SRR0,r31 */
        0x4c000064, /* rfi */
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        uint32_t be = GUINT32_TO_BE(words[i]);
        memcpy(ram + 4 * i, &be, sizeof(be));
    }
}

static void start_state(E500State *s, const E500Model *model)
{
    e500_state_reset(s, model, 0);
    s->pc = CODE;
    s->msr = MSR_FP | MSR_SPE | MSR_ME | MSR_CE | MSR_EE;
    for (unsigned i = 0; i < 32; i++)
        s->gpr[i].w = i * 0x1000 + i;
    /* 64 MiB from 0: RAM and, beyond it, devices */
    s->tlb1[0] = (E500TlbEntry){.mas1 = 0xc0000000u | 8 << 8, .mas7_3 = 0x3f};
}

static void answer(VcpuExit *exit, uint64_t noise)
{
    switch (exit->kind) {
    case VCPU_EXIT_MMIO:
        g_assert_true(exit->mmio.size == 1 || exit->mmio.size == 2 || exit->mmio.size == 4 || exit->mmio.size == 8);
        g_assert_cmpuint(exit->mmio.gpa % exit->mmio.size, ==, 0);
        g_assert_cmpuint(exit->mmio.gpa >> 36, ==, 0);
        exit->mmio.data = noise;
        exit->mmio.failed = noise % 5 == 0;
        break;
    case VCPU_EXIT_EPAPR_HCALL:
        for (unsigned i = 0; i < 8; i++)
            g_assert_cmpuint(exit->epapr_hcall.args[i] >> 32, ==, 0);
        exit->epapr_hcall.ret = noise & 15;
        exit->epapr_hcall.idle = noise & 16;
        break;
    case VCPU_EXIT_EPR:
        exit->epr.epr = (uint32_t)noise;
        break;
    case VCPU_EXIT_FATAL:
        g_error("%s", exit->fatal.message);
    case VCPU_EXIT_KINDS:
        g_assert_not_reached();
    case VCPU_EXIT_INTR:
    case VCPU_EXIT_IDLE:
    case VCPU_EXIT_DEBUG:
    case VCPU_EXIT_WATCHDOG:
    case VCPU_EXIT_SHUTDOWN:
        break;
    }
}

/* A core of one kind with one engine, made once: putting FULL state makes it new. */
typedef struct Bench {
    const char *core;
    bool jit;
    TimeSource time;
    AccelVm *vm; /* NULL: not made yet */
    AccelVcpu *vcpu;
    bool was_debugged; /* by somebody from outside */
    unsigned runs;
} Bench;

static void bench_open(Bench *b)
{
    AccelRam block = {.gpa = 0, .size = RAM, .hva = ram};
    AccelConfig config = {
        .model = e500_model_find(b->core),
        .time = &b->time,
        .tb_hz = 400000000,
        .n_vcpus = 1,
        .external_proxy = true,
        .verify = true,
        .jit = b->jit,
        .code_bytes = 1 << 20,
    };

    time_source_init(&b->time, true, 0);
    b->vm = accel_soft.vm_open(&config, NULL);
    g_assert_true(accel_soft.vm_map_ram(b->vm, &block, NULL));
    b->vcpu = accel_soft.vcpu_create(b->vm, 0, NULL);
}

/* The translator gives up a page that was written over 64 times, and each input is written over the last one. */
static void forget_code(Bench *b)
{
#if HAVE_JIT
    jit_hot = 0; /* an input is short: what it executes once is translated */
    if (b->jit && b->runs++ % 32 == 0)
        jit_flush(((SoftVcpu *)b->vcpu)->engine_data);
#endif
}

static void bench_start(Bench *b, const uint8_t *data, size_t size, uint8_t how)
{
    static E500State s;
    const AccelDebug none = {0};

    if (!b->vm)
        bench_open(b);
    time_source_init(&b->time, true, 0);
    memset(ram, 0, RAM);
    put_handler();
    memcpy(ram + CODE, data, MIN(size, (size_t)RAM - CODE));
    accel_soft.vm_ram_written(b->vm, 0, RAM);
    forget_code(b);
    for (unsigned irq = 0; irq < ACCEL_IRQS; irq++)
        accel_soft.vcpu_set_irq(b->vcpu, irq, false);
    if (b->was_debugged)
        g_assert_true(accel_soft.vcpu_set_debug(b->vcpu, &none, NULL));
    b->was_debugged = how & (HOST_STEPS | HOST_POINTS);
    start_state(&s, e500_model_find(b->core));
    debug_itself(&s, how);
    g_assert_true(accel_soft.vcpu_put_state(b->vcpu, &s, STATE_FULL, NULL));
}

static void run(Bench *b, const uint8_t *data, size_t size)
{
    uint8_t how = size ? data[size - 1] : 0;
    static E500State s;
    VcpuExit exit = {0};
    uint64_t noise = 0x9e3779b97f4a7c15u, run_ns = how & DEBUGGED ? DEBUGGED_RUN_NS : RUN_NS;

    bench_start(b, data, size, how);
    for (unsigned i = 0; i < EXITS; i++) {
        __atomic_store_n(&b->time.next_deadline_ns, time_now_ns(&b->time) + run_ns, __ATOMIC_RELAXED);
        if (b->was_debugged)
            debug_outside(b->vcpu, how, i & 1);
        accel_soft.vcpu_run(b->vcpu, &exit, false);
        if (exit.kind == VCPU_EXIT_SHUTDOWN || exit.kind == VCPU_EXIT_WATCHDOG)
            break;
        if (exit.kind == VCPU_EXIT_DEBUG)
            check_debug(&exit, how);
        if (exit.kind == VCPU_EXIT_IDLE) /* an interrupt ends it, or the input's end */
            accel_soft.vcpu_set_irq(b->vcpu, i % ACCEL_IRQS, i & 4);
        noise = noise * 6364136223846793005u + 1442695040888963407u;
        answer(&exit, noise >> 20);
    }
    g_assert_true(accel_soft.vcpu_get_state(b->vcpu, &s, NULL));
}

/* Half of the time one word becomes an instruction, any row with any operands: few words are one by chance. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    uint32_t random = seed * 0x9e3779b1u;
    if (size < 4 || seed & 1)
        return LLVMFuzzerMutate(data, size, max_size);
    const InsnInfo *row = &insn_info[(random >> 8) % G_N_ELEMENTS(insn_info)];
    uint32_t word = GUINT32_TO_BE(row->match | (random * 0x85ebca6bu & ~row->mask));
    memcpy(data + (random >> 3) % (size / 4) * 4, &word, sizeof(word));
    return size;
}

static uint32_t checksum(const uint8_t *data, size_t size)
{
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ data[i]) * 16777619u;
    return sum >> 16;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Bench benches[] = {
        {.core = "e500mc"},
        {.core = "e500v2"},
#if HAVE_JIT
        {.core = "e500mc", .jit = true},
        {.core = "e500v2", .jit = true},
#endif
    };

    if (LLVMFuzzerMutate) {
        run(&benches[checksum(data, size) % G_N_ELEMENTS(benches)], data, size);
        return 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(benches); i++)
        run(&benches[i], data, size);
    return 0;
}
