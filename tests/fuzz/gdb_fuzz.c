/* SPDX-License-Identifier: MIT
 *
 * A gdb client's bytes.  Each line of the input is a packet's payload, framed here; one that starts
 * with byte 1 goes as it is, and byte 2 stops the target for the reason that the next byte names.
 * The target is asked only for what it has, and what goes back is well framed.
 */
#include <glib.h>
#include <string.h>

#include "platform/control/rsp.h"

enum { THREADS = 2, PAGE = 0x10000, PAGE_SIZE = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Target {
    Rsp *rsp;
    E500State state[THREADS];
    uint8_t memory[PAGE_SIZE];
    bool running;
} Target;

static unsigned n_threads(void *opaque)
{
    return THREADS;
}

static bool stopped(void *opaque)
{
    return !((Target *)opaque)->running;
}

static void stop_with(Target *t, const RspStop *stop)
{
    if (!t->running)
        return;
    t->running = false;
    rsp_stopped(t->rsp, stop);
}

static void stop(void *opaque)
{
    stop_with(opaque, &(RspStop){.signal = RSP_SIGINT});
}

static E500State *state(void *opaque, unsigned thread)
{
    Target *t = opaque;
    g_assert_false(t->running);
    g_assert_cmpuint(thread, <, THREADS);
    return &t->state[thread];
}

static void state_changed(void *opaque, unsigned thread)
{
    state(opaque, thread);
}

static bool in_page(Ea ea, size_t size)
{
    return ea >= PAGE && ea - PAGE <= PAGE_SIZE && size <= PAGE_SIZE - (ea - PAGE);
}

static bool read_memory(void *opaque, unsigned thread, Ea ea, void *to, size_t size)
{
    g_assert_cmpuint(size, <=, RSP_PACKET_MAX);
    state(opaque, thread);
    if (!in_page(ea, size))
        return false;
    memcpy(to, ((Target *)opaque)->memory + (ea - PAGE), size);
    return true;
}

static bool write_memory(void *opaque, unsigned thread, Ea ea, const void *from, size_t size)
{
    g_assert_cmpuint(size, <=, RSP_PACKET_MAX);
    state(opaque, thread);
    if (!in_page(ea, size))
        return false;
    memcpy(((Target *)opaque)->memory + (ea - PAGE), from, size);
    return true;
}

static bool read_physical(void *opaque, uint64_t gpa, void *to, size_t size)
{
    return gpa <= EA_MAX && read_memory(opaque, 0, (Ea)gpa, to, size);
}

static bool write_physical(void *opaque, uint64_t gpa, const void *from, size_t size)
{
    return gpa <= EA_MAX && write_memory(opaque, 0, (Ea)gpa, from, size);
}

static char *monitor(void *opaque, const char *line)
{
    return g_strdup(line);
}

static bool set_points(void *opaque, const RspPoint *list, unsigned n)
{
    g_assert_false(((Target *)opaque)->running);
    g_assert_cmpuint(n, <=, RSP_POINTS_MAX);
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmpint(list[i].type, >=, RSP_POINT_SOFTWARE);
        g_assert_cmpint(list[i].type, <=, RSP_POINT_ACCESS);
        g_assert_cmpuint(list[i].size, >=, 1);
        g_assert_cmpuint(list[i].ea, <=, list[i].ea + (list[i].size - 1));
    }
    return n < RSP_POINTS_MAX / 2;
}

static bool resume(void *opaque, const RspResume *how)
{
    Target *t = opaque;
    g_assert_false(t->running);
    for (unsigned i = 0; i < THREADS; i++)
        g_assert_true(how[i] == RSP_HOLD || how[i] == RSP_CONTINUE || how[i] == RSP_STEP);
    t->running = t->state[0].pc != 0; /* at 0 it is off */
    return t->running;
}

static void end_program(void *opaque) {}

/* An acknowledgement, or a packet, perhaps one after the other. */
static void send_bytes(void *opaque, const void *data, size_t size)
{
    const char *p = data, *end = p + size;
    uint8_t sum = 0;

    if (size == 1) {
        g_assert_true(*p == '+' || *p == '-');
        return;
    }
    g_assert_cmpint(*p++, ==, '$');
    while (p < end && *p != '#') {
        g_assert_cmpint(*p, !=, '$');
        sum += (uint8_t)*p++;
    }
    g_assert_cmpint(end - p, ==, 3);
    g_assert_cmpint(g_ascii_xdigit_value(p[1]) << 4 | g_ascii_xdigit_value(p[2]), ==, sum);
}

static void send_packet(Target *t, const char *payload, size_t size)
{
    g_autoptr(GString) packet = g_string_new("$");
    uint8_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += (uint8_t)payload[i];
    g_string_append_len(packet, payload, (gssize)size);
    g_string_append_printf(packet, "#%02x", sum);
    rsp_receive(t->rsp, packet->str, packet->len);
}

static void one_line(Target *t, const char *line, size_t size)
{
    if (size && line[0] == 1)
        rsp_receive(t->rsp, line + 1, size - 1);
    else if (size > 1 && line[0] == 2)
        stop_with(t, &(RspStop){.thread = line[1] & 1,
                                .signal = RSP_SIGTRAP,
                                .point = line[1] & 8 ? RSP_POINT_SOFTWARE + (line[1] >> 4) % 5 : RSP_POINT_NONE,
                                .ea = 0x1000});
    else
        send_packet(t, line, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const RspTarget ops = {
        n_threads,     stopped,        stop,       state,  state_changed, read_memory, write_memory,
        read_physical, write_physical, set_points, resume, end_program,   monitor,     send_bytes,
    };
    static Target t;
    const char *at = (const char *)data, *end = at + size;

    memset(&t, 0, sizeof t);
    t.running = true;
    t.rsp = rsp_new(&ops, e500_model_find(size & 1 ? "e500v2" : "e500mc"), &t);
    rsp_opened(t.rsp);
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((newline ? newline : end) - at);
        one_line(&t, at, n);
        at += n + 1;
    }
    rsp_closed(t.rsp);
    rsp_free(t.rsp);
    return 0;
}
