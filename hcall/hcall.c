/* SPDX-License-Identifier: MIT */
#include "hcall/hcall.h"

#include <inttypes.h>
#include <string.h>

#include <glib.h>

#include "cpu/log.h"
#include "cpu/timeline.h"

typedef struct HcallRow {
    const char *name;
    uint32_t token;
    uint8_t n_in, n_out;
    uint16_t needs;
    EvStatus (*handler)(Hcall *call);
} HcallRow;

static const HcallRow rows[HCALL_COUNT] = {
#define HCALL(id, vendor, number, n_in, n_out, needs, doc) \
    [HCALL_##id] = {#id, (uint32_t)EV_VENDOR_##vendor << 16 | (number), n_in, n_out, HCALL_NEED_##needs, hcall_##id},
#include "hcall/hcall.def"
#undef HCALL
};

G_STATIC_ASSERT(HCALL_NEEDS <= 16); /* HcallRow.needs */
#define HCALL(id, vendor, number, n_in, n_out, needs, doc) G_STATIC_ASSERT((n_in) <= 8 && (n_out) <= 7 && (number) <= 0xffff);
#include "hcall/hcall.def"
#undef HCALL

uint32_t hcall_token(HcallId id)
{
    return rows[id].token;
}

const char *hcall_name(HcallId id)
{
    return rows[id].name;
}

unsigned hcall_needs(HcallId id)
{
    return rows[id].needs;
}

const char *hcall_status_name(uint64_t status)
{
    static const char *const names[] = {
#define X(name, value) [name] = #name,
        EV_STATUS_LIST(X)
#undef X
    };
    return status < G_N_ELEMENTS(names) ? names[status] : "?";
}

static const HcallRow *row_find(uint64_t token)
{
    for (unsigned i = 0; i < HCALL_COUNT; i++)
        if (rows[i].token == token)
            return &rows[i];
    return NULL;
}

static void append_values(GString *line, unsigned first_reg, const uint64_t *values, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        g_string_append_printf(line, "%sr%u=0x%" PRIx64, i ? ", " : "", first_reg + i, values[i]);
}

/* "hcall: vCPU 0: KVM_HC_FEATURES("; row NULL: nobody knows the token. */
static GString *call_text(const Hcall *call, uint64_t token, const HcallRow *row)
{
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, "hcall: vCPU %u: ", call->vcpu);
    if (row) {
        g_string_append_printf(line, "%s(", row->name);
        append_values(line, 3, call->in, row->n_in);
        g_string_append(line, ")");
    } else {
        g_string_append_printf(line, "token 0x%" PRIx64, token);
    }
    return line;
}

/* Whether the status tells of a mistake in the call, which -d guest_errors shows; the others are answers that a correct guest gets, too. */
static bool is_guest_error(EvStatus status)
{
    return status == EV_EPERM || status == EV_EFAULT || status == EV_EINVAL || status == EV_CONFIG || status == EV_INVALID_STATE ||
           status == EV_UNIMPLEMENTED;
}

static void report_guest_error(const Hcall *call, uint64_t token, const HcallRow *row, EvStatus status)
{
    if (call->deferred || !is_guest_error(status) || !log_on(LOG_GUEST_ERRORS))
        return;
    g_autoptr(GString) line = call_text(call, token, row);
    log_line(LOG_GUEST_ERRORS, "%s: %s%s", line->str, hcall_status_name(status),
             !row                         ? ", there is no such call"
             : status == EV_UNIMPLEMENTED ? ", the tree does not promise it"
                                          : "");
}

/* "hcall: vCPU 0: KVM_HC_FEATURES() = EV_SUCCESS, r4=0x0" */
static void trace(const Hcall *call, uint64_t token, const HcallRow *row, EvStatus status, uint64_t begin_ns)
{
    timeline_span(TIMELINE_HCALL, call->vcpu, row ? row->name : "unknown token", begin_ns, token);
    report_guest_error(call, token, row, status);
    if (!log_on(LOG_HCALL))
        return;
    g_autoptr(GString) line = call_text(call, token, row);
    if (call->deferred) {
        g_string_append(line, ": requested");
    } else {
        g_string_append_printf(line, " = %s", hcall_status_name(status));
        if (row && row->n_out && status != EV_UNIMPLEMENTED) {
            g_string_append(line, ", ");
            append_values(line, 4, call->out, row->n_out);
        }
    }
    log_line(LOG_HCALL, "%s", line->str);
}

/*
 * r4 .. r10 come back from args[0 .. 6], and went out in args[1 .. 7]: moving them down one place
 * leaves every register that the call does not name as the guest had it.
 */
void hcall_answer(VcpuExit *exit, EvStatus status)
{
    uint64_t *args = exit->epapr_hcall.args;

    memmove(args, args + 1, 7 * sizeof args[0]);
    exit->epapr_hcall.ret = status;
}

/* The n-th of a sequence that looks random (a bijective mix of the counter), so that the counter is all its state. */
static uint32_t scramble_value(HcallEnv *env)
{
    uint64_t x = ++env->scrambled * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(x ^ x >> 32);
}

/*
 * -M scramble=on: what a caller may not rely on after a call is overwritten, so that a guest which does is found.  Here that is r4 to r10
 * beyond the outputs; the accelerator does the same to its other volatile registers.
 */
static void scramble(HcallEnv *env, VcpuExit *exit, unsigned n_out)
{
    for (unsigned i = n_out; i < 7; i++)
        exit->epapr_hcall.args[i] = scramble_value(env);
    exit->epapr_hcall.scramble = scramble_value(env) | 1;
}

HcallOutcome hcall_serve(HcallEnv *env, unsigned vcpu, VcpuExit *exit)
{
    uint64_t token = exit->epapr_hcall.nr;
    const HcallRow *row = row_find(token);
    Hcall call = {.env = env, .vcpu = vcpu};
    EvStatus status = EV_UNIMPLEMENTED;
    bool served = false;
    const uint64_t begin = timeline_on(TIMELINE_HCALL) ? timeline_ns() : 0;

    exit->epapr_hcall.idle = false;
    exit->epapr_hcall.scramble = 0;
    if (!row) {
        env->unknown++;
    } else {
        env->count[row - rows]++;
        memcpy(call.in, exit->epapr_hcall.args, row->n_in * sizeof call.in[0]);
        /* An output that the handler leaves alone keeps the guest's value. */
        memcpy(call.out, exit->epapr_hcall.args + 1, sizeof call.out);
        served = (row->needs & ~env->present) == 0;
        if (served)
            status = row->handler(&call);
    }
    trace(&call, token, row, status, begin);
    if (call.deferred)
        return HCALL_DEFERRED;
    hcall_answer(exit, status);
    if (served)
        memcpy(exit->epapr_hcall.args, call.out, row->n_out * sizeof call.out[0]);
    exit->epapr_hcall.idle = call.idle;
    if (env->scramble)
        scramble(env, exit, served ? row->n_out : 0);
    return HCALL_ANSWERED;
}

/* The run state ends the call by resetting or ending the machine, or answers EV_INTERNAL. */
EvStatus hcall_request(Hcall *call, bool (*ask)(void *opaque, unsigned vcpu))
{
    if (!ask(call->env->opaque, call->vcpu))
        return EV_INTERNAL;
    call->deferred = true;
    return EV_SUCCESS;
}

void hcall_log_counts(const HcallEnv *env)
{
    if (!log_on(LOG_HCALL))
        return;
    for (unsigned i = 0; i < HCALL_COUNT; i++)
        if (env->count[i])
            log_line(LOG_HCALL, "hcall: %" PRIu64 " × %s", env->count[i], rows[i].name);
    if (env->unknown)
        log_line(LOG_HCALL, "hcall: %" PRIu64 " × unknown token", env->unknown);
}
