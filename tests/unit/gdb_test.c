/* SPDX-License-Identifier: MIT
 *
 * gdb's protocol against a target of two threads and one page of memory.
 */
#include <glib.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "platform/control/gdb_regs.h"
#include "platform/control/rsp.h"
#include "tests/unit/unit.h"

enum { THREADS = 2, PAGE = 0x10000, PAGE_SIZE = 4096 };

typedef struct Fake {
    Rsp *rsp;
    E500State state[THREADS];
    bool changed[THREADS], unreadable;
    uint8_t memory[PAGE_SIZE];
    bool running, off, killed;
    unsigned stops;
    RspResume how[THREADS];
    RspPoint points[RSP_POINTS_MAX];
    unsigned n_points, max_points;
    GString *out;
} Fake;

static unsigned n_threads(void *opaque)
{
    return THREADS;
}

static bool stopped(void *opaque)
{
    return !((Fake *)opaque)->running;
}

static void stop(void *opaque)
{
    Fake *f = opaque;
    f->stops++;
    if (f->running) {
        f->running = false;
        rsp_stopped(f->rsp, &(RspStop){.signal = RSP_SIGINT});
    }
}

static E500State *state(void *opaque, unsigned thread)
{
    Fake *f = opaque;
    g_assert_false(f->running);
    g_assert_cmpuint(thread, <, THREADS);
    return f->unreadable ? NULL : &f->state[thread];
}

static void state_changed(void *opaque, unsigned thread)
{
    ((Fake *)opaque)->changed[thread] = true;
}

static bool in_page(Ea ea, size_t size)
{
    return ea >= PAGE && ea - PAGE <= PAGE_SIZE && size <= PAGE_SIZE - (ea - PAGE);
}

static bool read_memory(void *opaque, unsigned thread, Ea ea, void *to, size_t size)
{
    Fake *f = opaque;
    g_assert_false(f->running);
    if (!in_page(ea, size))
        return false;
    memcpy(to, f->memory + (ea - PAGE), size);
    return true;
}

static bool write_memory(void *opaque, unsigned thread, Ea ea, const void *from, size_t size)
{
    Fake *f = opaque;
    g_assert_false(f->running);
    if (!in_page(ea, size))
        return false;
    memcpy(f->memory + (ea - PAGE), from, size);
    return true;
}

/* Physical memory is the same page, above the effective addresses. */
static const uint64_t above = UINT64_C(0x100000000);

static bool read_physical(void *opaque, uint64_t gpa, void *to, size_t size)
{
    return gpa >= above && read_memory(opaque, 0, (Ea)(gpa - above), to, size);
}

static bool write_physical(void *opaque, uint64_t gpa, const void *from, size_t size)
{
    return gpa >= above && write_memory(opaque, 0, (Ea)(gpa - above), from, size);
}

static char *monitor(void *opaque, const char *line)
{
    return strcmp(line, "info status") ? g_strdup("") : g_strdup("VM status: paused\r\n");
}

static bool set_points(void *opaque, const RspPoint *list, unsigned n)
{
    Fake *f = opaque;
    g_assert_false(f->running);
    g_assert_cmpuint(n, <=, RSP_POINTS_MAX);
    memcpy(f->points, list, n * sizeof list[0]);
    f->n_points = n;
    return n <= f->max_points;
}

static bool resume(void *opaque, const RspResume *how)
{
    Fake *f = opaque;
    g_assert_false(f->running);
    memcpy(f->how, how, sizeof f->how);
    f->running = !f->off;
    return f->running;
}

static void end_program(void *opaque)
{
    ((Fake *)opaque)->killed = true;
}

static void send_bytes(void *opaque, const void *data, size_t size)
{
    g_string_append_len(((Fake *)opaque)->out, data, (gssize)size);
}

static const RspTarget target = {
    n_threads,     stopped,        stop,       state,  state_changed, read_memory, write_memory,
    read_physical, write_physical, set_points, resume, end_program,   monitor,     send_bytes,
};

static Fake *fake_new(void)
{
    Fake *f = g_new0(Fake, 1);
    f->out = g_string_new(NULL);
    f->max_points = RSP_POINTS_MAX;
    f->rsp = rsp_new(&target, e500_model_find("e500mc"), f);
    rsp_opened(f->rsp);
    return f;
}

static void fake_free(Fake *f)
{
    rsp_free(f->rsp);
    g_string_free(f->out, TRUE);
    g_free(f);
}

static char *frame(const char *payload, size_t size)
{
    GString *s = g_string_new("$");
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += (uint8_t)payload[i];
    g_string_append_len(s, payload, (gssize)size);
    g_string_append_printf(s, "#%02x", sum);
    return g_string_free(s, FALSE);
}

/* Sends one packet; what comes back must be "+" and the answer framed.  NULL: "+" only. */
static void expect(Fake *f, const char *packet, const char *answer)
{
    g_autofree char *in = frame(packet, strlen(packet));
    g_autofree char *framed = answer ? frame(answer, strlen(answer)) : g_strdup("");
    g_autofree char *want = g_strconcat("+", framed, NULL);

    g_string_truncate(f->out, 0);
    rsp_receive(f->rsp, in, strlen(in));
    g_assert_cmpstr(f->out->str, ==, want);
}

static void expect_raw(Fake *f, const char *in, const char *want)
{
    g_string_truncate(f->out, 0);
    rsp_receive(f->rsp, in, strlen(in));
    g_assert_cmpstr(f->out->str, ==, want);
}

static void framing(void)
{
    Fake *f = fake_new();

    expect(f, "qAttached", "1");
    expect_raw(f, "$qAttached#00", "-");
    expect_raw(f, "$qAttached#8", "");
    expect_raw(f, "f", "+$1#31");
    expect_raw(f, "-", "$1#31");
    expect_raw(f, "noise+++", "");
    expect_raw(f, "$qAttached#zz", "-");
    expect(f, "vMustReplyEmpty", "");
    expect(f, "QStartNoAckMode", "OK");
    expect_raw(f, "$qAttached#8f", "$1#31");
    expect_raw(f, "$qAttached#00", "");
    fake_free(f);
}

static void too_long(void)
{
    Fake *f = fake_new();
    g_autofree char *big = g_strnfill(RSP_PACKET_MAX + 1, 'm');
    g_autofree char *in = frame(big, strlen(big));

    expect_raw(f, in, "-");
    rsp_receive(f->rsp, "$qC\0#b4", 7); /* the checksum is right */
    g_assert_cmpstr(f->out->str, ==, "-+");
    expect(f, "qAttached", "1");
    fake_free(f);
}

static void registers(void)
{
    Fake *f = fake_new();
    E500State *s = &f->state[1];
    size_t size = 0;

    for (unsigned i = 0; i < 32; i++) {
        s->gpr[i].w = 0x01000000 + i;
        s->fpr[i] = UINT64_C(0x4000000000000000) + i;
    }
    s->pc = 0x1234;
    e500_set_xer(s, 0xe000007f);
    expect(f, "Hg2", "OK");
    expect(f, "p1f", "0100001f");
    expect(f, "p21", "4000000000000001");
    expect(f, "p40", "00001234");
    expect(f, "p45", "e000007f");
    for (unsigned reg = 0; reg < GDB_G_REGS; reg++)
        size += gdb_reg_size(reg) * 2;
    g_string_truncate(f->out, 0);
    rsp_receive(f->rsp, "$g#67", 5);
    g_assert_cmpuint(f->out->len, ==, size + strlen("+$#00"));
    g_autofree char *all = g_strndup(f->out->str + 2, size);
    g_assert_true(g_str_has_prefix(all, "0100000001000001"));
    expect(f, "P3=89abcdef", "OK");
    g_assert_cmphex(s->gpr[3].w, ==, 0x89abcdef);
    g_assert_true(f->changed[1] && !f->changed[0]);
    /* What g gave, G takes: all is as it was. */
    g_autofree char *back = g_strconcat("G", all, NULL);
    expect(f, back, "OK");
    g_assert_cmphex(s->gpr[3].w, ==, 0x01000003);
    g_assert_cmphex(s->fpr[31], ==, UINT64_C(0x400000000000001f));
    g_assert_cmphex(e500_xer(s), ==, 0xe000007f);
    f->unreadable = true;
    expect(f, "p0", "E05");
    expect(f, "g", "E05");
    fake_free(f);
}

static void spe_registers(void)
{
    E500State s = {0};
    g_autofree char *v2 = gdb_target_xml(E500_CORE_V2), *mc = gdb_target_xml(E500_CORE_MC);

    g_assert_nonnull(strstr(v2, "org.gnu.gdb.power.spe"));
    g_assert_null(strstr(v2, "org.gnu.gdb.power.fpu"));
    g_assert_null(strstr(mc, "org.gnu.gdb.power.spe"));
    s.gpr[5].d = 0x1111111122222222;
    g_assert_cmphex(gdb_reg_get(&s, GDB_REG_EVH0 + 5), ==, 0x11111111);
    g_assert_true(gdb_reg_set(&s, GDB_REG_EVH0 + 5, 0x33333333));
    g_assert_cmphex(s.gpr[5].d, ==, 0x3333333322222222);
    g_assert_true(gdb_reg_set(&s, GDB_REG_ACC, UINT64_C(0x123456789abcdef0)));
    g_assert_cmphex(gdb_reg_get(&s, GDB_REG_ACC), ==, UINT64_C(0x123456789abcdef0));
    g_assert_cmpuint(gdb_reg_size(GDB_REG_ACC), ==, 8);
    /* no FPR lies between what a g packet of that core holds */
    g_assert_cmpuint(gdb_g_regs(E500_CORE_V2), ==, GDB_REG_FPR0);
}

static void bad_registers(void)
{
    static const char *const wrong[] = {
        "p", "pffff", "p100000000", "p1 ", "P1", "P1=", "P1=12", "P1=123456789", "P1=1234567g",        "Pffff=00000000",      "G00",
        "G", "Hg3",   "Hgx",        "Hx1", "H",  "T0",  "T3",    "Tx",           "qThreadExtraInfo,9", "qThreadExtraInfo,-1",
    };
    Fake *f = fake_new();

    FOR_ROWS (i, wrong)
        expect(f, wrong[i], "E22");
    g_assert_false(f->changed[0] || f->changed[1]);
    fake_free(f);
}

/* What STATE_RUNTIME does not write back would be lost: a new value is refused, the one that is there already is taken. */
static void special_registers(void)
{
    Fake *f = fake_new();
    g_autofree char *read = g_strdup_printf("p%x", GDB_REG_SPR0 + SPR_SRR0);
    g_autofree char *write = g_strdup_printf("P%x=00001230", GDB_REG_SPR0 + SPR_SRR0);
    g_autofree char *ivpr = g_strdup_printf("P%x=00010000", GDB_REG_SPR0 + SPR_IVPR);
    g_autofree char *pvr = g_strdup_printf("P%x=00010000", GDB_REG_SPR0 + SPR_PVR);
    g_autofree char *lr = g_strdup_printf("p%x", GDB_REG_SPR0 + SPR_LR);

    expect(f, write, "OK");
    expect(f, read, "00001230");
    expect(f, ivpr, "E05");
    expect(f, pvr, "E05");
    for (unsigned reg = 0; reg < GDB_REGS; reg++) {
        size_t size = gdb_reg_size(reg);
        if (!size)
            continue;
        g_autofree char *same = g_strdup_printf("P%x=%0*" PRIx64, reg, (int)size * 2, gdb_reg_get(&f->state[0], reg));
        g_test_message("register %u", reg);
        expect(f, same, "OK");
    }
    g_autofree char *mcar = g_strdup_printf("P%x=00010000", GDB_REG_SPR0 + SPR_MCAR);
    expect(f, mcar, "OK");
    g_assert_cmphex(f->state[0].spr[SPR_MCAR], ==, 0x10000);
    expect(f, lr, "E22");
    fake_free(f);
}

static void memory(void)
{
    Fake *f = fake_new();

    expect(f, "M10000,4:deadbeef", "OK");
    expect(f, "m10000,4", "deadbeef");
    expect(f, "m10ffe,4", "0000");
    expect(f, "m20000,4", "E14");
    expect(f, "m10000,0", "");
    expect(f, "M10ffe,4:01020304", "E14");
    expect(f, "m10ffe,2", "0000");
    expect(f, "mffffffff,ffffffffffffffff", "E14");
    static const char *const wrong[] = {
        "m",
        "m1",
        "m1,",
        "m,1",
        "m100000000,1",
        "m1,12345678901234567",
        "m1,1x",
        "M10000,4:dead",
        "M10000,1:zz",
        "M10000,1:0102",
        "M10000,ffffffff:00",
        "M10000,4",
    };
    FOR_ROWS (i, wrong)
        expect(f, wrong[i], "E22");
    g_assert_cmphex(f->memory[0], ==, 0xde);
    /* A long read is cut to what a packet holds. */
    g_string_truncate(f->out, 0);
    g_autofree char *in = frame("m10000,ffffff", 13);
    rsp_receive(f->rsp, in, strlen(in));
    g_assert_cmpuint(f->out->len, ==, PAGE_SIZE * 2 + strlen("+$#00"));
    fake_free(f);
}

static void physical(void)
{
    Fake *f = fake_new();

    expect(f, "qqemu.PhyMemMode", "0");
    expect(f, "m100010000,1", "E22"); /* no effective address */
    expect(f, "Qqemu.PhyMemMode:1", "OK");
    expect(f, "qqemu.PhyMemMode", "1");
    expect(f, "M100010000,4:c0ffee00", "OK");
    expect(f, "m100010000,4", "c0ffee00");
    expect(f, "m10000,4", "E14");
    expect(f, "Qqemu.PhyMemMode:2", "E22");
    expect(f, "Qqemu.PhyMemMode:", "E22");
    expect(f, "Qqemu.PhyMemMode:0", "OK");
    expect(f, "m10000,4", "c0ffee00");
    fake_free(f);
}

static void binary(void)
{
    static const char packet[] = "X10000,5:\0}\x03}]a\0"; /* '#' and '}' come changed */
    Fake *f = fake_new();

    expect(f, "X10000,0:", "OK"); /* how gdb asks whether there is X */
    g_autofree char *in = g_malloc(sizeof packet + 3);
    uint8_t sum = 0;
    for (size_t i = 0; i < sizeof packet - 1; i++)
        sum += (uint8_t)packet[i];
    in[0] = '$';
    memcpy(in + 1, packet, sizeof packet - 1);
    g_snprintf(in + sizeof packet, 4, "#%02x", sum);
    g_string_truncate(f->out, 0);
    rsp_receive(f->rsp, in, sizeof packet + 3);
    g_assert_cmpstr(f->out->str, ==, "+$OK#9a");
    expect(f, "m10000,5", "00237d6100");
    expect(f, "X10000,2:a", "E22");
    expect(f, "X10000,1:ab", "E22");
    expect(f, "X20000,1:a", "E14");
    expect(f, "X10000,1", "E22");
    fake_free(f);
}

static void monitor_lines(void)
{
    Fake *f = fake_new();

    g_string_truncate(f->out, 0);
    expect_raw(f, "$qRcmd,696e666f20737461747573#14", "+$O564d207374617475733a207061757365640a#31$OK#9a");
    expect(f, "qRcmd,", "OK");
    expect(f, "qRcmd,6", "E22");
    expect(f, "qRcmd,zz", "E22");
    fake_free(f);
}

static void breakpoints(void)
{
    Fake *f = fake_new();

    expect(f, "Z0,1000,4", "OK");
    expect(f, "Z1,1000,4", "OK");
    expect(f, "Z0,1000,4", "OK");
    expect(f, "Z0,2000,4", "OK");
    g_assert_cmpuint(f->n_points, ==, 3);
    expect(f, "z0,1000,4", "OK");
    g_assert_cmpuint(f->n_points, ==, 2);
    expect(f, "z1,1000,4", "OK");
    g_assert_cmpuint(f->n_points, ==, 1);
    g_assert_cmphex(f->points[0].ea, ==, 0x2000);
    expect(f, "z0,7777,4", "OK");
    expect(f, "Z5,1000,4", "");
    expect(f, "Z0,1000", "E22");
    expect(f, "Z0", "E22");
    expect(f, "Z", "");
    for (unsigned i = 1; i < RSP_POINTS_MAX; i++) {
        g_autofree char *packet = g_strdup_printf("Z0,%x,4", 0x10000 + i * 4);
        expect(f, packet, "OK");
    }
    expect(f, "Z0,9000,4", "E22");
    g_assert_cmpuint(f->n_points, ==, RSP_POINTS_MAX);
    rsp_closed(f->rsp);
    g_assert_cmpuint(f->n_points, ==, 0);
    fake_free(f);
}

static void resuming(void)
{
    Fake *f = fake_new();

    expect(f, "vCont;s:2", NULL);
    g_assert_cmpint(f->how[0], ==, RSP_HOLD);
    g_assert_cmpint(f->how[1], ==, RSP_STEP);
    f->running = false;
    g_string_truncate(f->out, 0);
    rsp_stopped(f->rsp, &(RspStop){.thread = 1, .signal = RSP_SIGTRAP});
    g_assert_cmpstr(f->out->str, ==, "$T05thread:2;#d8");
    expect(f, "qC", "QC2");
    expect(f, "vCont;s:1;c", NULL);
    g_assert_cmpint(f->how[0], ==, RSP_STEP);
    g_assert_cmpint(f->how[1], ==, RSP_CONTINUE);
    expect(f, "g", "E05"); /* not while it runs */
    expect(f, "Z0,1000,4", "E05");
    expect_raw(f, "\3", "$T02thread:1;#d4");
    expect(f, "c", NULL);
    g_assert_cmpint(f->how[0], ==, RSP_CONTINUE);
    g_assert_cmpint(f->how[1], ==, RSP_CONTINUE);
    expect_raw(f, "\3", "$T02thread:1;#d4");
    expect(f, "s1230", NULL);
    g_assert_cmphex(f->state[0].pc, ==, 0x1230);
    expect_raw(f, "\3", "$T02thread:1;#d4");
    expect(f, "C05;1234", NULL);
    g_assert_cmphex(f->state[0].pc, ==, 0x1234);
    expect_raw(f, "\3", "$T02thread:1;#d4");
    static const char *const wrong[] = {"vCont", "vCont;", "vCont;x", "vCont;s:9", "vCont;c;", "vCont;C", "c12x"};
    FOR_ROWS (i, wrong)
        expect(f, wrong[i], "E22");
    g_assert_false(f->running);
    fake_free(f);
}

static void guest_is_off(void)
{
    Fake *f = fake_new();

    f->off = true;
    g_string_truncate(f->out, 0);
    rsp_receive(f->rsp, "$c#63", 5);
    g_assert_true(g_str_has_prefix(f->out->str, "+$O"));
    g_assert_true(g_str_has_suffix(f->out->str, "$T05thread:1;#d7"));
    fake_free(f);
}

static void watchpoints(void)
{
    static const char *const wrong[] = {
        "Z2", "Z2,", "Z2,1000", "Z2,1000,0", "Z3,1000,100000000", "Z4,ffffffff,2", "Z2,1000,4x", "z2,1000",
    };
    Fake *f = fake_new();

    expect(f, "Z2,1001,3", "OK");
    expect(f, "Z3,1001,3", "OK");
    expect(f, "Z4,0,ffffffff", "OK");
    expect(f, "Z2,1001,4", "OK");
    g_assert_cmpuint(f->n_points, ==, 4);
    g_assert_cmpint(f->points[1].type, ==, RSP_POINT_READ);
    g_assert_cmphex(f->points[1].ea, ==, 0x1001);
    g_assert_cmpuint(f->points[1].size, ==, 3);
    expect(f, "z2,1001,4", "OK");
    expect(f, "z2,1001,2", "OK"); /* there is no such point, which is no error */
    g_assert_cmpuint(f->n_points, ==, 3);
    FOR_ROWS (i, wrong)
        expect(f, wrong[i], "E22");
    f->max_points = 3;
    expect(f, "Z2,5000,4", "E05");
    g_assert_cmpuint(f->n_points, ==, 3); /* the refused one is not kept, the others are */
    expect(f, "z4,0,ffffffff", "OK");
    expect(f, "Z2,5000,4", "OK");
    fake_free(f);
}

static void stop_at(Fake *f, RspPointType point, Ea ea, const char *want)
{
    g_autofree char *framed = frame(want, strlen(want));

    expect(f, "c", NULL);
    f->running = false;
    g_string_truncate(f->out, 0);
    rsp_stopped(f->rsp, &(RspStop){.thread = 1, .signal = RSP_SIGTRAP, .point = point, .ea = ea});
    g_assert_cmpstr(f->out->str, ==, framed);
    expect(f, "?", want);
}

static void stop_reasons(void)
{
    Fake *f = fake_new();

    stop_at(f, RSP_POINT_WRITE, 0x1001, "T05watch:1001;thread:2;");
    stop_at(f, RSP_POINT_READ, 0xfffffffc, "T05rwatch:fffffffc;thread:2;");
    stop_at(f, RSP_POINT_ACCESS, 0, "T05awatch:0;thread:2;");
    expect(f, "Z0,1000,4", "OK");
    expect(f, "Z1,1000,4", "OK");
    stop_at(f, RSP_POINT_HARDWARE, 0x1000, "T05thread:2;"); /* the client did not say that it knows */
    expect(f, "qSupported:swbreak+;hwbreak+;xmlRegisters=i386",
           "PacketSize=4000;qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+");
    stop_at(f, RSP_POINT_HARDWARE, 0x1000, "T05hwbreak:;thread:2;");
    expect(f, "z1,1000,4", "OK");
    stop_at(f, RSP_POINT_HARDWARE, 0x1000, "T05swbreak:;thread:2;");
    stop_at(f, RSP_POINT_HARDWARE, 0x1004, "T05thread:2;"); /* the guest's own ehpriv */
    fake_free(f);
}

static void leaving(void)
{
    Fake *f = fake_new();

    f->running = true;
    rsp_opened(f->rsp);
    g_assert_cmpuint(f->stops, ==, 1);
    g_assert_false(f->running);
    expect(f, "Z0,1000,4", "OK");
    expect(f, "D", "OK");
    g_assert_true(f->running);
    g_assert_cmpuint(f->n_points, ==, 0);
    rsp_closed(f->rsp);
    g_assert_true(f->running);
    /* Gone without a word while it runs with a breakpoint: the breakpoint goes, the guest runs on.
     */
    rsp_opened(f->rsp);
    expect(f, "Z0,1000,4", "OK");
    expect(f, "c", NULL);
    rsp_closed(f->rsp);
    g_assert_true(f->running);
    g_assert_cmpuint(f->n_points, ==, 0);
    rsp_opened(f->rsp);
    expect(f, "c", NULL);
    g_string_truncate(f->out, 0);
    rsp_exited(f->rsp);
    g_assert_cmpstr(f->out->str, ==, "$W00#b7");
    expect(f, "k", NULL);
    g_assert_true(f->killed);
    fake_free(f);
}

static void target_xml(void)
{
    Fake *f = fake_new();
    g_autofree char *xml = gdb_target_xml(E500_CORE_MC);
    g_autoptr(GString) got = g_string_new(NULL);
    char kind = 'm';

    while (kind == 'm') {
        g_autofree char *ask = g_strdup_printf("qXfer:features:read:target.xml:%zx,80", got->len);
        g_autofree char *in = frame(ask, strlen(ask));
        g_string_truncate(f->out, 0);
        rsp_receive(f->rsp, in, strlen(in));
        kind = f->out->str[2];
        g_string_append_len(got, f->out->str + 3, (gssize)f->out->len - 6);
    }
    g_assert_cmpint(kind, ==, 'l');
    g_assert_cmpstr(got->str, ==, xml);
    g_assert_nonnull(strstr(xml, "<reg name=\"pc\" bitsize=\"32\" regnum=\"64\""));
    g_assert_nonnull(strstr(xml, "<reg name=\"f31\" bitsize=\"64\" regnum=\"63\""));
    g_assert_nonnull(strstr(xml, "<reg name=\"srr0\""));
    g_assert_null(strstr(xml, "<reg name=\"spefscr\"")); /* another core's */
    expect(f, "qXfer:features:read:target.xml:ffffff,1", "E22");
    expect(f, "qXfer:features:read:other.xml:0,1", "");
    expect(f, "qfThreadInfo", "m1,2");
    expect(f, "qsThreadInfo", "l");
    fake_free(f);
}

/* Any bytes: nothing but an assertion in a callback can go wrong here. */
static void noise(void)
{
    static const char alphabet[] = "$#+-\003gGpPmMsScCDzZHT?vq0123456789abcdef,:;=-}*";
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    Fake *f = fake_new();

    for (unsigned round = 0; round < 20000; round++) {
        char payload[24];
        size_t n = (size_t)g_rand_int_range(rand, 0, sizeof payload);
        for (size_t i = 0; i < n; i++)
            payload[i] = g_rand_int_range(rand, 0, 20) ? alphabet[g_rand_int_range(rand, 0, sizeof alphabet - 1)]
                                                       : (char)g_rand_int_range(rand, 0, 256);
        g_autofree char *in = frame(payload, n);
        rsp_receive(f->rsp, g_rand_boolean(rand) ? in : payload, n);
        if (g_rand_int_range(rand, 0, 50) == 0)
            rsp_stopped(f->rsp, &(RspStop){.thread = 1, .signal = RSP_SIGTRAP});
        g_string_truncate(f->out, 0);
    }
    rsp_receive(f->rsp, "#00", 3);
    rsp_closed(f->rsp);
    rsp_opened(f->rsp);
    expect(f, "qAttached", "1");
    fake_free(f);
}

UNIT_TESTS(gdb)
{
    g_test_add_func("/gdb/packets-are-checked-and-acknowledged", framing);
    g_test_add_func("/gdb/a-packet-too-long-or-with-a-nul-is-no-command", too_long);
    g_test_add_func("/gdb/registers-go-out-and-come-back", registers);
    g_test_add_func("/gdb/upper-halves-and-accumulator-show-on-the-core-that-has-them", spe_registers);
    g_test_add_func("/gdb/wrong-registers-and-threads-change-nothing", bad_registers);
    g_test_add_func("/gdb/special-registers-that-would-be-lost-are-refused", special_registers);
    g_test_add_func("/gdb/memory-ends-where-it-is-not-mapped", memory);
    g_test_add_func("/gdb/memory-may-be-physical", physical);
    g_test_add_func("/gdb/bytes-come-as-they-are", binary);
    g_test_add_func("/gdb/a-monitor-answers-lines", monitor_lines);
    g_test_add_func("/gdb/breakpoints-are-a-set-with-an-end", breakpoints);
    g_test_add_func("/gdb/each-thread-does-what-it-is-told", resuming);
    g_test_add_func("/gdb/a-guest-that-is-off-says-so", guest_is_off);
    g_test_add_func("/gdb/watchpoints-have-a-kind-a-place-and-a-size", watchpoints);
    g_test_add_func("/gdb/a-stop-says-what-was-met", stop_reasons);
    g_test_add_func("/gdb/leaving-takes-breakpoints-away", leaving);
    g_test_add_func("/gdb/the-target-describes-itself", target_xml);
    g_test_add_func("/gdb/noise-does-no-harm", noise);
}
