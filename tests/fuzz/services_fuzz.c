/* SPDX-License-Identifier: MIT
 *
 * Hypercalls of two vCPUs, one after another or at once, against all that a machine of the paravirtual board serves: its memory, tree, interrupt controller,
 * byte channels, doorbells, areas, vCPUs.  The vCPUs execute nothing; their calls are made in their place.
 *
 * Input: a byte (bits 1:0 which reset comes first, bit 7 that the calls are made in turn, else by two threads at once), then records;
 * bit 0 of `who` says which vCPU makes the call.  Bytes that are left over lie in guest memory at 0x3000.
 */
#include <glib.h>
#include <string.h>
#include <sys/prctl.h>

#include "platform/machine/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IN_TURN = 0x80 };
enum { VCPUS = 2, RAM = 64 << 20, RECORDS_MAX = 4096, WORDS = 0x1000, LIST = 0x2000, LEFT = 0x3000 };

typedef struct Record {
    uint8_t who, call;
    uint8_t shape[8];
    uint8_t arg[8][4];
} Record;

typedef struct Caller {
    Machine *machine;
    Vcpu *vcpu;
    const Record *records;
    size_t n;
    uint64_t calls;
} Caller;

static Machine *machine_of_two(void)
{
    static const char *const argv[] = {"quoin",
                                       "-M",
                                       "p4080ds-hv,has-reset=on,has-shutdown=on,external-proxy=off",
                                       "-cpu",
                                       "e500mc",
                                       "-smp",
                                       "2",
                                       "-m",
                                       "64",
                                       "-serial",
                                       "null",
                                       "-serial",
                                       "null",
                                       "-kernel",
                                       "none",
                                       "-chardev",
                                       "ringbuf,id=c,size=64",
                                       "-device",
                                       "epapr-byte-channel,chardev=c",
                                       "-device",
                                       "epapr-doorbell,name=bell"};
    static Config config;
    static Boot boot;
    GError *error = NULL;

    if (options_parse(G_N_ELEMENTS(argv), (char **)argv, &config, &error) != OPTIONS_RUN)
        g_error("%s", error->message);
    config.kernel = NULL; /* nothing is executed */
    if (!boot_load(&boot, &config, &error))
        g_error("%s", error->message);
    Machine *machine = machine_new(&config, &boot, &error);
    if (!machine)
        g_error("%s", error->message);
    return machine;
}

/* ---- what a caller may point at ---- */

static void fill_memory(Memory *memory, const uint8_t *left, size_t n_left)
{
    static const char *const words[] = {"/",     "compatible", "/chosen",     "/fuzz/a@1", "fuzz,x",
                                        "/cpus", "reg",        "/hypervisor", "guest-name"};
    /* Few bytes, a page and a little more, nothing, more than there is: what is copied whole takes no time. */
    static const uint64_t lengths[8] = {1, 16, 256, 4096, 4097, 0, (uint64_t)RAM + 1, UINT64_MAX};

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        memory_write(memory, WORDS + 16 * i, words[i], strlen(words[i]) + 1);
    for (unsigned i = 0; i < 8; i++) {
        const uint64_t transfer[4] = {GUINT64_TO_BE(LEFT + 8 * i), GUINT64_TO_BE(0x8000 + 64 * i), GUINT64_TO_BE(lengths[i]), 0};
        memory_write(memory, LIST + sizeof(transfer) * i, transfer, sizeof(transfer));
    }
    memory_write(memory, LEFT, left, MIN(n_left, 4096));
}

/* Most of 32 random bits are no use to anybody. */
static uint32_t shaped(uint8_t shape, uint32_t arg)
{
    switch (shape % 12) {
    case 1:
        return arg & 0xff;
    case 2:
        return UINT32_MAX;
    case 3:
        return WORDS + (arg & 0xf0);
    case 4:
        return LIST + (arg & 0xe0);
    case 5:
        return 0;
    case 6:
        return LEFT + (arg & 0xfff);
    case 7:
        return arg % RAM;
    case 8:
        return arg & 3;
    case 9:
        return 64 << (arg & 7);
    case 10:
        return arg & 7;
    case 11:
        return RAM - (arg & 0xff);
    }
    return arg;
}

/* ---- the calls ---- */

static unsigned outputs_of(uint64_t token)
{
    static const uint8_t n_out[HCALL_COUNT] = {
#define HCALL(id, vendor, number, n_in, outs, needs, doc) outs,
#include "hcall/hcall.def"
#undef HCALL
    };
    for (unsigned id = 0; id < HCALL_COUNT; id++)
        if (hcall_token(id) == token)
            return n_out[id];
    return 0;
}

/* Two bits of family, six of number; half of the last family: anything. */
static uint64_t token_of(uint8_t call, uint64_t any)
{
    uint32_t number = call & 31, upper = call >> 5 & 1;

    switch (call >> 6) {
    case 0:
        return EV_VENDOR_EPAPR << 16 | upper << 5 | number;
    case 1:
        return EV_VENDOR_FREESCALE << 16 | upper << 5 | number;
    case 2:
        return EV_VENDOR_KVM << 16 | upper << 8 | number;
    }
    return upper ? any : EV_VENDOR_LOCAL << 16 | 0x100 | number;
}

static void call_one(Caller *caller, const Record *r)
{
    Vcpu *vcpu = caller->vcpu;
    VcpuExit *exit = &vcpu->exit;
    uint64_t before[8], token;

    *exit = (VcpuExit){.kind = VCPU_EXIT_EPAPR_HCALL};
    for (unsigned i = 0; i < 8; i++) {
        uint32_t arg;
        memcpy(&arg, r->arg[i], sizeof(arg));
        before[i] = exit->epapr_hcall.args[i] = shaped(r->shape[i], GUINT32_FROM_BE(arg));
    }
    token = token_of(r->call, before[7]);
    exit->epapr_hcall.nr = token;
    machine_serve(caller->machine, vcpu, exit);
    if (vcpu->deferred) {
        for (unsigned i = 0; i < 8; i++)
            g_assert_cmpuint(exit->epapr_hcall.args[i], ==, before[i]);
        hcall_answer(exit, EV_INTERNAL); /* as if it could not be done after all */
        vcpu->deferred = false;
    }
    g_assert_cmpuint(exit->epapr_hcall.ret, <=, EV_BUFFER_OVERFLOW);
    g_assert_cmpuint(exit->epapr_hcall.nr, ==, token);
    for (unsigned i = outputs_of(token); i < 7; i++)
        g_assert_cmpuint(exit->epapr_hcall.args[i], ==, before[i + 1]);
    *exit = (VcpuExit){.kind = VCPU_EXIT_INTR};
    caller->calls++;
}

/* A pool's thread: tells `through` when it is. */
static void call_all(gpointer opaque, gpointer through)
{
    Caller *caller = opaque;
    for (size_t i = 0; i < caller->n; i++)
        if ((caller->records[i].who & 1) == caller->vcpu->index)
            call_one(caller, &caller->records[i]);
    g_async_queue_push(through, caller);
}

static void call_at_once(Caller *callers)
{
    static GThreadPool *pool;
    static GAsyncQueue *through;
    if (!pool) {
        through = g_async_queue_new();
        pool = g_thread_pool_new(call_all, through, VCPUS, TRUE, NULL);
    }
    for (unsigned i = 0; i < VCPUS; i++)
        g_thread_pool_push(pool, &callers[i], NULL);
    for (unsigned i = 0; i < VCPUS; i++)
        g_async_queue_pop(through);
}

static void call_in_turn(Caller *callers)
{
    for (size_t i = 0; i < callers->n; i++)
        call_one(&callers[callers->records[i].who & 1], &callers->records[i]);
}

static uint64_t counted(const HcallEnv *env)
{
    uint64_t n = env->unknown;
    for (unsigned id = 0; id < HCALL_COUNT; id++)
        n += env->count[id];
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const RunCause resets[] = {RUN_CAUSE_HOST_RESET, RUN_CAUSE_GUEST_RESET_HCALL, RUN_CAUSE_GUEST_WATCHDOG,
                                      RUN_CAUSE_GUEST_SYSTEM_RESET};
    static Machine *machine; /* one for all inputs: a fuzzer makes thousands a second */
    GError *error = NULL;

    if (size < 1)
        return 0;
    if (!machine) {
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* a reset clears what was touched: small pages */
        machine = machine_of_two();
    }
    size_t n = MIN((size - 1) / sizeof(Record), RECORDS_MAX), used = 1 + n * sizeof(Record);
    g_assert_cmpint(machine_reset(machine, resets[*data % G_N_ELEMENTS(resets)], &error), ==, RUN_RESET_DONE);
    fill_memory(machine->memory, data + used, size - used);

    uint64_t before = counted(&machine->hcall);
    Caller callers[VCPUS];
    for (unsigned i = 0; i < VCPUS; i++)
        callers[i] = (Caller){machine, vcpus_get(machine->vcpus, i), (const Record *)(data + 1), n, 0};
    (*data & IN_TURN ? call_in_turn : call_at_once)(callers);
    g_assert_cmpuint(callers[0].calls + callers[1].calls, ==, n);
    g_assert_cmpuint(counted(&machine->hcall) - before, ==, n);
    return 0;
}
