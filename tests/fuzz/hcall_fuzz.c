/* SPDX-License-Identifier: MIT
 *
 * Hypercalls from a guest that tries anything: 66-byte records of {what is present, what the services say, r11, r3..r10}.
 * Whatever it asks, it gets a status that ePAPR knows, and no register changes that the call does not name.
 */
#include <glib.h>
#include <string.h>

#include "hcall/hcall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Record {
    uint8_t present, answers;
    uint8_t nr[8];
    uint8_t args[8][8];
} Record;

static uint8_t answers;

static bool request_reset(void *opaque, unsigned vcpu)
{
    return answers & 1;
}

static bool request_shutdown(void *opaque, unsigned vcpu)
{
    return answers & 2;
}

/* Says what it likes, and gives and takes as much; never more than it was asked for. */
static bool channel_send(void *opaque, uint32_t handle, const uint8_t *data, unsigned size, unsigned *sent)
{
    g_assert_cmpuint(size, <=, 16);
    *sent = MIN(size, answers >> 4);
    return answers & 4;
}

static bool channel_receive(void *opaque, uint32_t handle, uint8_t *data, unsigned size, unsigned *got)
{
    g_assert_cmpuint(size, <=, 16);
    *got = MIN(size, answers >> 4);
    memset(data, answers, *got);
    return answers & 4;
}

static bool channel_poll(void *opaque, uint32_t handle, unsigned *to_receive, unsigned *to_send)
{
    *to_receive = *to_send = answers;
    return answers & 4;
}

/* The interrupt controller and doorbells: values that fit into 32 bits come, any status may go. */
static EvStatus any_status(void)
{
    return (EvStatus)(answers % (EV_BUFFER_OVERFLOW + 1));
}

static EvStatus set_config(void *opaque, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    return any_status();
}

static EvStatus get_config(void *opaque, uint32_t a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *b = *c = *d = answers;
    return any_status();
}

static EvStatus take_two(void *opaque, uint32_t a, uint32_t b)
{
    return any_status();
}

static EvStatus get_mask(void *opaque, uint32_t a, uint32_t *b)
{
    *b = answers;
    return any_status();
}

static EvStatus get_of_cpu(void *opaque, unsigned vcpu, uint32_t a, uint32_t *b)
{
    *b = answers;
    return any_status();
}

static EvStatus take_of_cpu(void *opaque, unsigned vcpu, uint32_t a)
{
    return any_status();
}

static EvStatus take_two_of_cpu(void *opaque, unsigned vcpu, uint32_t a, uint32_t b)
{
    return any_status();
}

static EvStatus msgsnd(void *opaque, uint32_t message)
{
    g_assert_cmphex(message & ~0x0c003fffu, ==, 0); /* a doorbell, critical or not, by PIR or to all */
    return any_status();
}

static EvStatus doorbell_send(void *opaque, uint32_t handle)
{
    return any_status();
}

static const HcallServices services = {
    .int_set_config = set_config,
    .int_get_config = get_config,
    .int_set_mask = take_two,
    .int_get_mask = get_mask,
    .int_iack = get_of_cpu,
    .int_eoi = take_of_cpu,
    .int_send_ipi = take_two,
    .int_set_task_priority = take_two_of_cpu,
    .int_get_task_priority = get_of_cpu,
    .msgsnd = msgsnd,
    .doorbell_send = doorbell_send,
    .request_reset = request_reset,
    .request_shutdown = request_shutdown,
    .byte_channel_send = channel_send,
    .byte_channel_receive = channel_receive,
    .byte_channel_poll = channel_poll,
};

static uint64_t be64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return GUINT64_FROM_BE(v);
}

static unsigned outputs_of(uint64_t nr, unsigned present)
{
    static const uint8_t n_out[HCALL_COUNT] = {
#define HCALL(id, vendor, number, n_in, n_out, needs, doc) n_out,
#include "hcall/hcall.def"
#undef HCALL
    };
    for (unsigned id = 0; id < HCALL_COUNT; id++)
        if (hcall_token(id) == nr && !(hcall_needs(id) & ~present))
            return n_out[id];
    return 0;
}

static void serve_one(HcallEnv *env, const Record *r)
{
    VcpuExit exit = {.kind = VCPU_EXIT_EPAPR_HCALL};
    uint64_t before[8];
    exit.epapr_hcall.nr = be64(r->nr);
    for (unsigned i = 0; i < 8; i++)
        before[i] = exit.epapr_hcall.args[i] = be64(r->args[i]);
    env->present = r->present & (HCALL_NEED_IDLE | HCALL_NEED_RESET | HCALL_NEED_SHUTDOWN | HCALL_NEED_INT | HCALL_NEED_DOORBELL |
                                 HCALL_NEED_MSGSND);
    answers = r->answers;

    unsigned n_out = outputs_of(exit.epapr_hcall.nr, env->present);
    if (hcall_serve(env, r->answers >> 4, &exit) == HCALL_DEFERRED) {
        for (unsigned i = 0; i < 8; i++)
            g_assert_cmpuint(exit.epapr_hcall.args[i], ==, before[i]);
        hcall_answer(&exit, EV_INTERNAL);
    }
    g_assert_cmpuint(exit.epapr_hcall.ret, <=, EV_BUFFER_OVERFLOW);
    g_assert_cmpuint(exit.epapr_hcall.nr, ==, be64(r->nr));
    for (unsigned i = n_out; i < 7; i++)
        g_assert_cmpuint(exit.epapr_hcall.args[i], ==, before[i + 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HcallEnv env = {.services = &services};
    uint64_t calls = 0, counted;
    for (; size >= sizeof(Record); data += sizeof(Record), size -= sizeof(Record), calls++)
        serve_one(&env, (const Record *)data);
    counted = env.unknown;
    for (unsigned id = 0; id < HCALL_COUNT; id++)
        counted += env.count[id];
    g_assert_cmpuint(counted, ==, calls);
    return 0;
}
