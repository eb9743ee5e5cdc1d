/* SPDX-License-Identifier: MIT */
#include "hcall/hcall.h"
#include "tests/unit/unit.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "cpu/log.h"

enum { ALL = HCALL_NEED_IDLE | HCALL_NEED_RESET | HCALL_NEED_SHUTDOWN };

typedef struct Requests {
    unsigned resets, shutdowns, vcpu;
    bool can;
} Requests;

static bool request_reset(void *opaque, unsigned vcpu)
{
    Requests *r = opaque;
    r->resets++;
    r->vcpu = vcpu;
    return r->can;
}

static bool request_shutdown(void *opaque, unsigned vcpu)
{
    Requests *r = opaque;
    r->shutdowns++;
    r->vcpu = vcpu;
    return r->can;
}

/* One channel, handle 7, that echoes: it holds sixteen bytes. */
static struct Channel {
    uint8_t bytes[16];
    unsigned n;
} channel;

static bool channel_send(void *opaque, uint32_t handle, const uint8_t *data, unsigned size, unsigned *sent)
{
    g_assert_cmpuint(size, <=, 16);
    *sent = MIN(size, 16 - channel.n);
    memcpy(channel.bytes + channel.n, data, *sent);
    channel.n += *sent;
    return handle == 7;
}

static bool channel_receive(void *opaque, uint32_t handle, uint8_t *data, unsigned size, unsigned *got)
{
    g_assert_cmpuint(size, <=, 16);
    *got = MIN(size, channel.n);
    memcpy(data, channel.bytes, *got);
    memmove(channel.bytes, channel.bytes + *got, channel.n -= *got);
    return handle == 7;
}

static bool channel_poll(void *opaque, uint32_t handle, unsigned *to_receive, unsigned *to_send)
{
    *to_receive = channel.n;
    *to_send = 16 - channel.n;
    return handle == 7;
}

/* The controller's services: what they were called with, and results that no guest value equals. */
static struct {
    unsigned calls, vcpu;
    uint32_t arg[4];
    EvStatus status;
} seen;

static EvStatus note(unsigned vcpu, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    seen.calls++;
    seen.vcpu = vcpu;
    const uint32_t arg[4] = {a, b, c, d};
    memcpy(seen.arg, arg, sizeof arg);
    return seen.status;
}

static EvStatus set_config(void *opaque, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return note(0, a, b, c, d);
}

static EvStatus get_config(void *opaque, uint32_t a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *b = 0x51;
    *c = 0x52;
    *d = 0x53;
    return note(0, a, 0, 0, 0);
}

static EvStatus two(void *opaque, uint32_t a, uint32_t b)
{
    return note(0, a, b, 0, 0);
}

static EvStatus get_mask(void *opaque, uint32_t a, uint32_t *b)
{
    *b = 0x51;
    return note(0, a, 0, 0, 0);
}

static EvStatus one_of_cpu(void *opaque, unsigned vcpu, uint32_t a)
{
    return note(vcpu, a, 0, 0, 0);
}

static EvStatus two_of_cpu(void *opaque, unsigned vcpu, uint32_t a, uint32_t b)
{
    return note(vcpu, a, b, 0, 0);
}

static EvStatus get_of_cpu(void *opaque, unsigned vcpu, uint32_t a, uint32_t *b)
{
    *b = 0x51;
    return note(vcpu, a, 0, 0, 0);
}

static EvStatus msgsnd(void *opaque, uint32_t message)
{
    return note(0, message, 0, 0, 0);
}

static const HcallServices services = {
    .request_reset = request_reset,
    .request_shutdown = request_shutdown,
    .byte_channel_send = channel_send,
    .byte_channel_receive = channel_receive,
    .byte_channel_poll = channel_poll,
    .int_set_config = set_config,
    .int_get_config = get_config,
    .int_set_mask = two,
    .int_get_mask = get_mask,
    .int_iack = get_of_cpu,
    .int_eoi = one_of_cpu,
    .int_send_ipi = two,
    .int_set_task_priority = two_of_cpu,
    .int_get_task_priority = get_of_cpu,
    .msgsnd = msgsnd,
    .doorbell_send = msgsnd,
};

/* Every argument register holds a value of its own, to be found again. */
static VcpuExit exit_for(uint64_t token)
{
    VcpuExit exit = {.kind = VCPU_EXIT_EPAPR_HCALL};
    exit.epapr_hcall.nr = token;
    exit.epapr_hcall.ret = 0x5a5a5a5a;
    exit.epapr_hcall.idle = true; /* stale */
    for (unsigned i = 0; i < 8; i++)
        exit.epapr_hcall.args[i] = 0xa0000003 + i;
    return exit;
}

static void assert_guest_values(const VcpuExit *exit, unsigned from_output)
{
    for (unsigned i = from_output; i < 7; i++)
        g_assert_cmphex(exit->epapr_hcall.args[i], ==, 0xa0000004 + i);
}

static void unknown_token(void)
{
    static const uint64_t unknown[] = {0, 1, 0x10008, 0x2a0004, 0x2a0102, 0xffffffff, 0x1002a0003, UINT64_MAX, 0x80010010};
    HcallEnv env = {.present = ALL, .services = &services};

    FOR_ROWS (i, unknown) {
        VcpuExit exit = exit_for(unknown[i]);
        g_assert_cmpint(hcall_serve(&env, 0, &exit), ==, HCALL_ANSWERED);
        g_assert_cmphex(exit.epapr_hcall.ret, ==, EV_UNIMPLEMENTED);
        g_assert_cmphex(exit.epapr_hcall.nr, ==, unknown[i]);
        g_assert_false(exit.epapr_hcall.idle);
        assert_guest_values(&exit, 0);
        g_assert_cmpuint(env.unknown, ==, i + 1);
    }
}

static void served_when_present(void)
{
    for (unsigned present = 0; present <= ALL; present++) {
        for (unsigned id = 0; id < HCALL_COUNT; id++) {
            Requests requests = {.can = true};
            HcallEnv env = {.present = present, .services = &services, .opaque = &requests};
            VcpuExit exit = exit_for(hcall_token(id));
            HcallOutcome outcome = hcall_serve(&env, 1, &exit);

            g_assert_cmpuint(env.count[id], ==, 1);
            if ((hcall_needs(id) & ~present) == 0) {
                g_assert_true(outcome == HCALL_DEFERRED || exit.epapr_hcall.ret != EV_UNIMPLEMENTED);
                continue;
            }
            g_assert_cmpint(outcome, ==, HCALL_ANSWERED);
            g_assert_cmphex(exit.epapr_hcall.ret, ==, EV_UNIMPLEMENTED);
            g_assert_cmpuint(requests.resets + requests.shutdowns, ==, 0);
            g_assert_false(exit.epapr_hcall.idle);
            assert_guest_values(&exit, 0);
        }
    }
}

static void idle(void)
{
    HcallEnv env = {.present = ALL, .services = &services};
    VcpuExit exit = exit_for(0x10010);

    exit.epapr_hcall.idle = false;
    g_assert_cmpint(hcall_serve(&env, 0, &exit), ==, HCALL_ANSWERED);
    g_assert_cmphex(exit.epapr_hcall.ret, ==, EV_SUCCESS);
    g_assert_true(exit.epapr_hcall.idle);
    assert_guest_values(&exit, 0);
}

static void features(void)
{
    HcallEnv env = {.present = ALL, .services = &services};
    VcpuExit exit = exit_for(0x2a0003);

    g_assert_cmpint(hcall_serve(&env, 0, &exit), ==, HCALL_ANSWERED);
    g_assert_cmphex(exit.epapr_hcall.ret, ==, EV_SUCCESS);
    g_assert_cmphex(exit.epapr_hcall.args[0], ==, 0);
    assert_guest_values(&exit, 1);
    g_assert_false(exit.epapr_hcall.idle);
}

/* One call with these arguments, r3 on; its status. */
static uint64_t call(VcpuExit *exit, uint64_t token, const uint64_t *args, unsigned n)
{
    HcallEnv env = {.present = ALL, .services = &services};
    *exit = exit_for(token);
    memcpy(exit->epapr_hcall.args, args, n * sizeof args[0]);
    g_assert_cmpint(hcall_serve(&env, 0, exit), ==, HCALL_ANSWERED);
    return exit->epapr_hcall.ret;
}

static void byte_channel_order(void)
{
    VcpuExit exit;
    channel.n = 0;
    const uint64_t send[] = {7, 7, 0x61626364, 0x65666768, 0x696a6b6c, 0x6d6e6f70};
    g_assert_cmpuint(call(&exit, 0x10001, send, 6), ==, EV_SUCCESS);
    g_assert_cmpuint(exit.epapr_hcall.args[0], ==, 7);
    g_assert_cmpmem(channel.bytes, channel.n, "abcdefg", 7);
    g_assert_cmphex(exit.epapr_hcall.args[1], ==, 0x61626364); /* the guest's own */

    const uint64_t receive[] = {7, 6};
    g_assert_cmpuint(call(&exit, 0x10002, receive, 2), ==, EV_SUCCESS);
    const uint64_t got[] = {6, 0x61626364, 0x65660000, 0, 0, 0xa0000009, 0xa000000a};
    g_assert_cmpmem(exit.epapr_hcall.args, sizeof got, got, sizeof got);
    g_assert_cmpuint(channel.n, ==, 1);
}

static void byte_channel_counts(void)
{
    VcpuExit exit;
    channel.n = 10;
    const uint64_t sixteen[] = {7, 16}, seventeen[] = {7, 17}, none[] = {7, 0};
    const uint64_t many[] = {7, 0xffffffff};
    g_assert_cmpuint(call(&exit, 0x10001, seventeen, 2), ==, EV_EINVAL);
    assert_guest_values(&exit, 1);
    g_assert_cmpuint(call(&exit, 0x10001, sixteen, 2), ==, EV_SUCCESS); /* short */
    g_assert_cmpuint(exit.epapr_hcall.args[0], ==, 6);
    g_assert_cmpuint(call(&exit, 0x10001, sixteen, 2), ==, EV_EAGAIN); /* full */
    g_assert_cmpuint(exit.epapr_hcall.args[0], ==, 0);
    g_assert_cmpuint(call(&exit, 0x10001, none, 2), ==, EV_SUCCESS);
    g_assert_cmpuint(exit.epapr_hcall.args[0], ==, 0);
    g_assert_cmpuint(call(&exit, 0x10003, none, 1), ==, EV_SUCCESS);
    g_assert_cmpuint(exit.epapr_hcall.args[0], ==, 16);
    g_assert_cmpuint(exit.epapr_hcall.args[1], ==, 0);
    assert_guest_values(&exit, 2);
    g_assert_cmpuint(call(&exit, 0x10002, none, 2), ==, EV_SUCCESS);
    g_assert_cmpuint(exit.epapr_hcall.args[0], ==, 0);
    g_assert_cmpuint(call(&exit, 0x10002, many, 2), ==, EV_SUCCESS); /* clamped */
    g_assert_cmpuint(exit.epapr_hcall.args[0], ==, 16);
    g_assert_cmpuint(call(&exit, 0x10002, many, 2), ==, EV_SUCCESS); /* nothing there */
    g_assert_cmpuint(exit.epapr_hcall.args[0], ==, 0);
}

static void byte_channel_handle(void)
{
    for (unsigned i = 1; i <= 3; i++) {
        VcpuExit exit;
        const uint64_t args[] = {8, 1};
        g_assert_cmpuint(call(&exit, 0x10000 + i, args, 2), ==, EV_EINVAL);
        g_assert_cmpuint(exit.epapr_hcall.args[0], ==, 1);
        assert_guest_values(&exit, 1);
    }
}

static void refused_request(void)
{
    for (unsigned shutdown = 0; shutdown < 2; shutdown++) {
        Requests requests = {.can = false};
        HcallEnv env = {.present = ALL, .services = &services, .opaque = &requests};
        VcpuExit exit = exit_for(0x2a0100 + shutdown);

        g_assert_cmpint(hcall_serve(&env, 3, &exit), ==, HCALL_ANSWERED);
        g_assert_cmphex(exit.epapr_hcall.ret, ==, EV_INTERNAL);
        assert_guest_values(&exit, 0);
        g_assert_cmpuint(requests.resets, ==, !shutdown);
        g_assert_cmpuint(requests.shutdowns, ==, shutdown);
        g_assert_cmpuint(requests.vcpu, ==, 3);
    }
}

static void deferred_request(void)
{
    Requests requests = {.can = true};
    HcallEnv env = {.present = ALL, .services = &services, .opaque = &requests};
    VcpuExit exit = exit_for(0x2a0100), before = exit;

    g_assert_cmpint(hcall_serve(&env, 0, &exit), ==, HCALL_DEFERRED);
    g_assert_cmpmem(exit.epapr_hcall.args, sizeof exit.epapr_hcall.args, before.epapr_hcall.args, sizeof before.epapr_hcall.args);
    hcall_answer(&exit, EV_INTERNAL);
    g_assert_cmphex(exit.epapr_hcall.ret, ==, EV_INTERNAL);
    assert_guest_values(&exit, 0);
}

/* Arguments reach the controller, results the guest when it says success, and nothing else changes. */
static void interrupt_calls(void)
{
    static const struct {
        HcallId id;
        unsigned n_in, n_out;
        bool of_cpu;
    } rows[] = {
        {HCALL_EV_INT_SET_CONFIG, 4, 0, false},
        {HCALL_EV_INT_GET_CONFIG, 1, 3, false},
        {HCALL_EV_INT_SET_MASK, 2, 0, false},
        {HCALL_EV_INT_GET_MASK, 1, 1, false},
        {HCALL_EV_INT_IACK, 1, 1, true},
        {HCALL_EV_INT_EOI, 1, 0, true},
        {HCALL_EV_INT_SEND_IPI, 2, 0, false},
        {HCALL_EV_INT_SET_TASK_PRIORITY, 2, 0, true},
        {HCALL_EV_INT_GET_TASK_PRIORITY, 1, 1, true},
        {HCALL_EV_DOORBELL_SEND, 1, 0, false},
    };
    HcallEnv env = {.present = HCALL_NEED_INT | HCALL_NEED_DOORBELL, .services = &services};

    FOR_ROWS (i, rows) {
        VcpuExit exit = exit_for(hcall_token(rows[i].id));
        seen.calls = 0;
        seen.status = EV_SUCCESS;
        hcall_serve(&env, 2, &exit);
        g_assert_cmpuint(exit.epapr_hcall.ret, ==, EV_SUCCESS);
        g_assert_cmpuint(seen.calls, ==, 1);
        g_assert_cmpuint(seen.vcpu, ==, rows[i].of_cpu ? 2 : 0);
        for (unsigned n = 0; n < rows[i].n_in; n++)
            g_assert_cmphex(seen.arg[n], ==, 0xa0000003 + n);
        for (unsigned n = 0; n < rows[i].n_out; n++)
            g_assert_cmphex(exit.epapr_hcall.args[n], ==, 0x51 + n);
        assert_guest_values(&exit, rows[i].n_out);

        exit = exit_for(hcall_token(rows[i].id));
        seen.status = EV_EINVAL;
        hcall_serve(&env, 0, &exit);
        g_assert_cmpuint(exit.epapr_hcall.ret, ==, EV_EINVAL);
        assert_guest_values(&exit, 0);

        seen.calls = 0;
        seen.status = EV_SUCCESS;
        for (unsigned n = 0; n < rows[i].n_in; n++) { /* a 64-bit value is no other number */
            exit = exit_for(hcall_token(rows[i].id));
            exit.epapr_hcall.args[n] |= UINT64_C(1) << 32;
            hcall_serve(&env, 0, &exit);
            g_assert_cmpuint(exit.epapr_hcall.ret, ==, EV_EINVAL);
        }
        g_assert_cmpuint(seen.calls, ==, 0);
    }
}

static void msgsnd_takes_doorbells_only(void)
{
    static const struct {
        uint64_t message;
        EvStatus status;
    } rows[] = {
        {0, EV_SUCCESS},
        {0x3fff, EV_SUCCESS},
        {1 << 26, EV_SUCCESS},
        {1 << 27 | 1, EV_SUCCESS},
        {2 << 27, EV_EINVAL},    /* a doorbell of a guest's guest */
        {0xf8000000, EV_EINVAL}, /* undefined */
        {1 << 14, EV_EINVAL},    /* a logical partition */
        {UINT64_C(1) << 32, EV_EINVAL},
    };
    HcallEnv env = {.present = HCALL_NEED_MSGSND, .services = &services};

    FOR_ROWS (i, rows) {
        VcpuExit exit = exit_for(hcall_token(HCALL_EV_MSGSND));
        exit.epapr_hcall.args[0] = rows[i].message;
        seen.calls = 0;
        seen.status = EV_SUCCESS;
        hcall_serve(&env, 0, &exit);
        g_assert_cmpuint(exit.epapr_hcall.ret, ==, rows[i].status);
        g_assert_cmpuint(seen.calls, ==, rows[i].status == EV_SUCCESS);
        if (seen.calls)
            g_assert_cmphex(seen.arg[0], ==, rows[i].message);
    }
}

static void tokens(void)
{
    g_assert_cmphex(hcall_token(HCALL_EV_IDLE), ==, 0x10010);
    g_assert_cmphex(hcall_token(HCALL_KVM_HC_FEATURES), ==, 0x2a0003);
    g_assert_cmphex(hcall_token(HCALL_KVM_HC_VM_RESET), ==, 0x2a0100);
    g_assert_cmphex(hcall_token(HCALL_KVM_HC_VM_SHUTDOWN), ==, 0x2a0101);
    for (unsigned a = 0; a < HCALL_COUNT; a++)
        for (unsigned b = 0; b < a; b++)
            g_assert_cmphex(hcall_token(a), !=, hcall_token(b));
}

static void scrambled(void)
{
    HcallEnv env = {.present = ALL, .services = &services, .scramble = true};
    VcpuExit exit = exit_for(0x2a0003), other = exit_for(0x10008);

    hcall_serve(&env, 0, &exit);
    g_assert_cmphex(exit.epapr_hcall.ret, ==, EV_SUCCESS);
    g_assert_cmphex(exit.epapr_hcall.args[0], ==, 0); /* its output */
    g_assert_cmphex(exit.epapr_hcall.scramble, !=, 0);
    hcall_serve(&env, 0, &other);
    g_assert_cmphex(other.epapr_hcall.ret, ==, EV_UNIMPLEMENTED);
    g_assert_cmphex(other.epapr_hcall.scramble, !=, exit.epapr_hcall.scramble);
    for (unsigned i = 0; i < 7; i++) {
        g_assert_cmphex(other.epapr_hcall.args[i], !=, 0xa0000004 + i);
        g_assert_cmphex(other.epapr_hcall.args[i], <=, UINT32_MAX);
        if (i > 0)
            g_assert_cmphex(exit.epapr_hcall.args[i], !=, 0xa0000004 + i);
    }
    env.scramble = false;
    exit = exit_for(0x10008);
    exit.epapr_hcall.scramble = 5; /* stale */
    hcall_serve(&env, 0, &exit);
    g_assert_cmphex(exit.epapr_hcall.scramble, ==, 0);
    assert_guest_values(&exit, 0);
}

static void trace_lines(void)
{
    HcallEnv env = {.present = HCALL_NEED_IDLE, .services = &services};
    g_autofree char *path = NULL, *text = NULL;
    int fd = g_file_open_tmp("hcall-XXXXXX", &path, NULL);
    VcpuExit exit;

    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(log_open(path, NULL));
    log_mask = LOG_HCALL | LOG_GUEST_ERRORS;
    exit = exit_for(0x2a0003);
    hcall_serve(&env, 0, &exit);
    exit = exit_for(0x2a0100);
    hcall_serve(&env, 1, &exit);
    exit = exit_for(0x2a0004);
    hcall_serve(&env, 0, &exit);
    hcall_log_counts(&env);
    log_mask = 0;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_unlink(path);
    g_assert_cmpstr(text, ==,
                    "hcall: vCPU 0: KVM_HC_FEATURES() = EV_SUCCESS, r4=0x0\n"
                    "hcall: vCPU 1: KVM_HC_VM_RESET(): EV_UNIMPLEMENTED, the tree does not promise it\n"
                    "hcall: vCPU 1: KVM_HC_VM_RESET() = EV_UNIMPLEMENTED\n"
                    "hcall: vCPU 0: token 0x2a0004: EV_UNIMPLEMENTED, there is no such call\n"
                    "hcall: vCPU 0: token 0x2a0004 = EV_UNIMPLEMENTED\n"
                    "hcall: 1 × KVM_HC_FEATURES\n"
                    "hcall: 1 × KVM_HC_VM_RESET\n"
                    "hcall: 1 × unknown token\n");
}

UNIT_TESTS(hcall)
{
    g_test_add_func("/hcall/unknown-token-is-unimplemented-and-counted", unknown_token);
    g_test_add_func("/hcall/a-call-is-served-exactly-when-what-it-needs-is-present", served_when_present);
    g_test_add_func("/hcall/idle-waits-after-completion", idle);
    g_test_add_func("/hcall/features-offers-none-and-touches-r4-only", features);
    g_test_add_func("/hcall/a-byte-channel-keeps-the-order-of-bytes", byte_channel_order);
    g_test_add_func("/hcall/a-byte-channel-takes-and-gives-what-fits", byte_channel_counts);
    g_test_add_func("/hcall/a-handle-of-no-byte-channel-is-invalid", byte_channel_handle);
    g_test_add_func("/hcall/refused-reset-and-shutdown-are-internal-errors", refused_request);
    g_test_add_func("/hcall/deferred-exit-is-left-whole-until-answered", deferred_request);
    g_test_add_func("/hcall/interrupt-calls-reach-the-controller", interrupt_calls);
    g_test_add_func("/hcall/msgsnd-takes-doorbells-only", msgsnd_takes_doorbells_only);
    g_test_add_func("/hcall/tokens-are-the-published-ones-and-unique", tokens);
    g_test_add_func("/hcall/scramble-overwrites-all-but-status-and-outputs", scrambled);
    g_test_add_func("/hcall/trace-names-call-arguments-status-and-outputs", trace_lines);
}
