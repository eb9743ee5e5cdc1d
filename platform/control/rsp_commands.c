/* SPDX-License-Identifier: MIT
 *
 * What packets say.  Each command parses all of its packet before it does anything; what does not
 * parse is answered E22.
 */
#include <string.h>

#include "platform/control/gdb_regs.h"
#include "platform/control/rsp_priv.h"

/* --- break- and watchpoints */

bool rsp_send_points(Rsp *rsp)
{
    return rsp->target->set_points(rsp->opaque, rsp->points, rsp->n_points);
}

/* "TYPE,EA,SIZE" and perhaps ";…" of Z and z.  The size of a breakpoint says what to patch: here
 * nothing is. */
static bool take_point(const char *p, RspPoint *point)
{
    uint64_t size;

    point->type = (RspPointType)*p++;
    if (!rsp_take(&p, ',') || !rsp_take_ea(&p, &point->ea) || !rsp_take(&p, ',') || !rsp_take_hex(&p, &size) || (*p && *p != ';'))
        return false;
    if (point->type == RSP_POINT_SOFTWARE || point->type == RSP_POINT_HARDWARE)
        size = 4;
    point->size = (Ea)size;
    return size >= 1 && size <= EA_MAX && point->ea <= EA_MAX - (size - 1);
}

static unsigned find_point(const Rsp *rsp, const RspPoint *point)
{
    unsigned i = 0;

    while (i < rsp->n_points &&
           (rsp->points[i].type != point->type || rsp->points[i].ea != point->ea || rsp->points[i].size != point->size))
        i++;
    return i;
}

/* What the target does not take is not kept: gdb would believe in it.  Other types are not served:
 * empty answer. */
static void change_point(Rsp *rsp, const char *p, bool insert)
{
    RspPoint point;

    if (*p < '0' || *p > '4') {
        rsp_reply(rsp, "");
        return;
    }
    if (!take_point(p, &point)) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    unsigned i = find_point(rsp, &point);
    bool there = i < rsp->n_points, change = insert != there;
    if (change && insert) {
        if (i == RSP_POINTS_MAX) {
            rsp_reply(rsp, REPLY_INVALID);
            return;
        }
        rsp->points[rsp->n_points++] = point;
    } else if (change) {
        rsp->points[i] = rsp->points[--rsp->n_points];
    }
    if (rsp_send_points(rsp)) {
        rsp_reply(rsp, "OK");
        return;
    }
    if (change && insert) {
        rsp->n_points--;
        rsp_send_points(rsp);
    }
    rsp_reply(rsp, REPLY_IO);
}

static void cmd_insert(Rsp *rsp, const char *p)
{
    change_point(rsp, p, true);
}

static void cmd_remove(Rsp *rsp, const char *p)
{
    change_point(rsp, p, false);
}

/* --- running */

static bool has_point(const Rsp *rsp, RspPointType type, Ea ea)
{
    return find_point(rsp, &(RspPoint){type, ea, 4}) < rsp->n_points;
}

/* "watch:EA;" and the like: a reason that gdb can tell apart, if it said so or always could. */
static void append_reason(const Rsp *rsp, GString *out)
{
    switch (rsp->stop.point) {
    case RSP_POINT_SOFTWARE:
    case RSP_POINT_HARDWARE:
        if (rsp->hwbreak && has_point(rsp, RSP_POINT_HARDWARE, rsp->stop.ea))
            g_string_append(out, "hwbreak:;");
        else if (rsp->swbreak && has_point(rsp, RSP_POINT_SOFTWARE, rsp->stop.ea))
            g_string_append(out, "swbreak:;");
        break;
    case RSP_POINT_WRITE:
        g_string_append_printf(out, "watch:%" PRIx64 ";", (uint64_t)rsp->stop.ea);
        break;
    case RSP_POINT_READ:
        g_string_append_printf(out, "rwatch:%" PRIx64 ";", (uint64_t)rsp->stop.ea);
        break;
    case RSP_POINT_ACCESS:
        g_string_append_printf(out, "awatch:%" PRIx64 ";", (uint64_t)rsp->stop.ea);
        break;
    case RSP_POINT_NONE:
        break;
    }
}

void rsp_reply_stop(Rsp *rsp)
{
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_printf(out, "T%02x", rsp->stop.signal);
    append_reason(rsp, out);
    g_string_append_printf(out, "thread:%x;", rsp->stop.thread + 1);
    rsp_reply(rsp, out->str);
}

/* A guest that is off cannot run, nor can one whose breakpoints the accelerator refused: say so on gdb's console, and that it stopped. */
static void resume(Rsp *rsp, const RspResume *how)
{
    static const char why[] = "The guest cannot run: it is off or broken (reset it first), or quoin said what failed.\n";

    rsp->waiting = true;
    if (rsp->target->resume(rsp->opaque, how) || !rsp->waiting)
        return;
    g_autoptr(GString) out = g_string_new("O");
    for (const char *c = why; *c; c++)
        rsp_append_hex(out, 1, (uint8_t)*c);
    rsp_reply(rsp, out->str);
    rsp_stopped(rsp, &(RspStop){.thread = rsp->stop.thread, .signal = RSP_SIGTRAP});
}

/* s and c: one thread steps or all run; the others of a step stand still. */
static void resume_plain(Rsp *rsp, RspResume what, const char *p)
{
    unsigned n = rsp->target->n_threads(rsp->opaque);
    unsigned thread = rsp->thread_c == G_MAXUINT ? rsp->thread_g : rsp->thread_c;
    g_autofree RspResume *how = g_new0(RspResume, n);
    Ea ea;

    if (*p) {
        E500State *s = rsp->target->state(rsp->opaque, thread);
        if (!s || !rsp_take_ea(&p, &ea) || *p) {
            rsp_reply(rsp, REPLY_INVALID);
            return;
        }
        gdb_reg_set(s, GDB_REG_PC, ea);
        rsp->target->state_changed(rsp->opaque, thread);
    }
    for (unsigned i = 0; what == RSP_CONTINUE && i < n; i++)
        how[i] = RSP_CONTINUE;
    how[thread] = what;
    resume(rsp, how);
}

static void cmd_step(Rsp *rsp, const char *p)
{
    resume_plain(rsp, RSP_STEP, p);
}

static void cmd_continue(Rsp *rsp, const char *p)
{
    resume_plain(rsp, RSP_CONTINUE, p);
}

/* C and S bring a signal, "sig[;ea]": a CPU has none, so it is dropped. */
static const char *after_signal(const char *p)
{
    p = strchr(p, ';');
    return p ? p + 1 : "";
}

static void cmd_continue_signal(Rsp *rsp, const char *p)
{
    resume_plain(rsp, RSP_CONTINUE, after_signal(p));
}

static void cmd_step_signal(Rsp *rsp, const char *p)
{
    resume_plain(rsp, RSP_STEP, after_signal(p));
}

/* ";s:1;c": for each thread the first action that names it. */
static void cmd_vcont(Rsp *rsp, const char *p)
{
    unsigned n = rsp->target->n_threads(rsp->opaque);
    g_autofree RspResume *how = g_new0(RspResume, n);
    g_autofree bool *named = g_new0(bool, n);
    bool any = false;

    while (rsp_take(&p, ';')) {
        RspResume what = *p == 's' || *p == 'S' ? RSP_STEP : RSP_CONTINUE;
        bool with_signal = *p == 'S' || *p == 'C';
        unsigned thread = G_MAXUINT;
        uint64_t ignored;
        if (!*p || !strchr("sScC", *p) || (p++, with_signal && !rsp_take_hex(&p, &ignored)) ||
            (rsp_take(&p, ':') && !rsp_take_thread(rsp, &p, &thread))) {
            rsp_reply(rsp, REPLY_INVALID);
            return;
        }
        for (unsigned i = 0; i < n; i++) {
            if (!named[i] && (thread == G_MAXUINT || thread == i)) {
                any = named[i] = true;
                how[i] = what;
            }
        }
    }
    if (*p || !any)
        rsp_reply(rsp, REPLY_INVALID);
    else
        resume(rsp, how);
}

static void cmd_vcont_what(Rsp *rsp, const char *p)
{
    rsp_reply(rsp, "vCont;c;C;s;S");
}

static void cmd_why(Rsp *rsp, const char *p)
{
    rsp_reply_stop(rsp);
}

static void cmd_detach(Rsp *rsp, const char *p)
{
    unsigned n = rsp->target->n_threads(rsp->opaque);
    g_autofree RspResume *how = g_new(RspResume, n);

    rsp_reply(rsp, "OK");
    rsp->n_points = 0;
    rsp_send_points(rsp);
    for (unsigned i = 0; i < n; i++)
        how[i] = RSP_CONTINUE;
    rsp->target->resume(rsp->opaque, how);
}

static void cmd_kill(Rsp *rsp, const char *p)
{
    rsp->target->kill(rsp->opaque);
}

static void cmd_vkill(Rsp *rsp, const char *p)
{
    rsp_reply(rsp, "OK");
    rsp->target->kill(rsp->opaque);
}

/* --- threads and queries */

static void cmd_thread(Rsp *rsp, const char *p)
{
    char which = *p;
    unsigned thread;

    if ((which != 'g' && which != 'c') || (p++, !rsp_take_thread(rsp, &p, &thread)) || *p) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    if (which == 'c')
        rsp->thread_c = thread;
    else
        rsp->thread_g = thread == G_MAXUINT ? 0 : thread;
    rsp_reply(rsp, "OK");
}

static void cmd_alive(Rsp *rsp, const char *p)
{
    uint64_t id;
    bool ok = rsp_take_hex(&p, &id) && !*p && id >= 1 && id <= rsp->target->n_threads(rsp->opaque);

    rsp_reply(rsp, ok ? "OK" : REPLY_INVALID);
}

static void cmd_supported(Rsp *rsp, const char *p)
{
    char text[160];

    rsp->swbreak = strstr(p, "swbreak+") != NULL;
    rsp->hwbreak = strstr(p, "hwbreak+") != NULL;
    g_snprintf(text, sizeof text, "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+",
               RSP_PACKET_MAX);
    rsp_reply(rsp, text);
}

static void cmd_no_acks(Rsp *rsp, const char *p)
{
    rsp_reply(rsp, "OK");
    rsp->acks = false;
}

/* "offset,length" of target.xml: 'm' and a piece, 'l' and the last one. */
static void cmd_xml(Rsp *rsp, const char *p)
{
    uint64_t offset, size, total = strlen(rsp->xml);

    if (!rsp_take_hex(&p, &offset) || !rsp_take(&p, ',') || !rsp_take_hex(&p, &size) || *p || offset > total) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    uint64_t n = MIN(MIN(size, total - offset), RSP_PACKET_MAX / 2);
    rsp_reply_bytes(rsp, offset + n < total ? 'm' : 'l', rsp->xml + offset, (size_t)n);
}

static void cmd_attached(Rsp *rsp, const char *p)
{
    rsp_reply(rsp, "1");
}

static void cmd_current(Rsp *rsp, const char *p)
{
    char text[16];

    g_snprintf(text, sizeof text, "QC%x", rsp->thread_g + 1);
    rsp_reply(rsp, text);
}

static void cmd_first_threads(Rsp *rsp, const char *p)
{
    g_autoptr(GString) out = g_string_new("m");

    for (unsigned i = 0; i < rsp->target->n_threads(rsp->opaque); i++)
        g_string_append_printf(out, "%s%x", i ? "," : "", i + 1);
    rsp_reply(rsp, out->str);
}

static void cmd_more_threads(Rsp *rsp, const char *p)
{
    rsp_reply(rsp, "l");
}

static void cmd_thread_info(Rsp *rsp, const char *p)
{
    unsigned thread;

    if (!rsp_take_thread(rsp, &p, &thread) || thread == G_MAXUINT || *p) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    const E500State *s = rsp->target->state(rsp->opaque, thread);
    g_autofree char *text = g_strdup_printf("vCPU %u%s", thread,
                                            !s           ? ""
                                            : s->held    ? " (in the spin table)"
                                            : s->waiting ? " (waiting)"
                                                         : "");
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *c = text; *c; c++)
        rsp_append_hex(out, 1, (uint8_t)*c);
    rsp_reply(rsp, out->str);
}

/* --- what QEMU's clients send besides */

static void cmd_ask_physical(Rsp *rsp, const char *p)
{
    rsp_reply(rsp, rsp->physical ? "1" : "0");
}

static void cmd_physical(Rsp *rsp, const char *p)
{
    bool ok = (*p == '0' || *p == '1') && !p[1];

    rsp->physical = ok ? *p == '1' : rsp->physical;
    rsp_reply(rsp, ok ? "OK" : REPLY_INVALID);
}

/* gdb shows what comes in O packets, and takes no "\r". */
static void reply_console(Rsp *rsp, const char *text)
{
    enum { PIECE = RSP_PACKET_MAX / 4 };
    g_autoptr(GString) out = g_string_new("O");

    for (; *text; text++) {
        if (*text != '\r')
            rsp_append_hex(out, 1, (uint8_t)*text);
        if (out->len > 2 * PIECE || (!text[1] && out->len > 1)) {
            rsp_reply(rsp, out->str);
            g_string_assign(out, "O");
        }
    }
    rsp_reply(rsp, "OK");
}

/* "monitor LINE", in hexadecimal. */
static void cmd_monitor(Rsp *rsp, const char *p)
{
    g_autoptr(GString) line = g_string_new(NULL);
    uint64_t byte;
    bool ok = true;

    while (ok && *p) {
        ok = rsp_take_value(&p, 1, &byte) && byte;
        g_string_append_c(line, (char)byte);
    }
    if (!ok) {
        rsp_reply(rsp, REPLY_INVALID);
        return;
    }
    g_autofree char *text = rsp->target->monitor ? rsp->target->monitor(rsp->opaque, line->str) : NULL;
    if (text)
        reply_console(rsp, text);
    else
        rsp_reply(rsp, "");
}

/* --- the table: first match wins */

typedef enum Needs { ANY_TIME, STOPPED } Needs;

static const struct {
    const char *name;
    bool whole; /* nothing follows the name */
    Needs needs;
    void (*fn)(Rsp *rsp, const char *args);
} commands[] = {
    {"?", true, STOPPED, cmd_why},
    {"g", true, STOPPED, rsp_read_regs},
    {"G", false, STOPPED, rsp_write_regs},
    {"p", false, STOPPED, rsp_read_reg},
    {"P", false, STOPPED, rsp_write_reg},
    {"m", false, STOPPED, rsp_read_memory},
    {"M", false, STOPPED, rsp_write_memory},
    {"X", false, STOPPED, rsp_write_binary},
    {"Z", false, STOPPED, cmd_insert},
    {"z", false, STOPPED, cmd_remove},
    {"s", false, STOPPED, cmd_step},
    {"c", false, STOPPED, cmd_continue},
    {"C", false, STOPPED, cmd_continue_signal},
    {"S", false, STOPPED, cmd_step_signal},
    {"vCont?", true, ANY_TIME, cmd_vcont_what},
    {"vCont", false, STOPPED, cmd_vcont},
    {"D", false, STOPPED, cmd_detach},
    {"k", false, ANY_TIME, cmd_kill},
    {"vKill", false, ANY_TIME, cmd_vkill},
    {"H", false, ANY_TIME, cmd_thread},
    {"T", false, ANY_TIME, cmd_alive},
    {"qSupported", false, ANY_TIME, cmd_supported},
    {"QStartNoAckMode", true, ANY_TIME, cmd_no_acks},
    {"qXfer:features:read:target.xml:", false, ANY_TIME, cmd_xml},
    {"qqemu.PhyMemMode", true, ANY_TIME, cmd_ask_physical},
    {"Qqemu.PhyMemMode:", false, ANY_TIME, cmd_physical},
    {"qRcmd,", false, ANY_TIME, cmd_monitor},
    {"qAttached", false, ANY_TIME, cmd_attached},
    {"qC", true, ANY_TIME, cmd_current},
    {"qfThreadInfo", true, ANY_TIME, cmd_first_threads},
    {"qsThreadInfo", true, ANY_TIME, cmd_more_threads},
    {"qThreadExtraInfo,", false, STOPPED, cmd_thread_info},
};

void rsp_execute(Rsp *rsp, const char *packet)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        size_t n = strlen(commands[i].name);
        if (strncmp(packet, commands[i].name, n) || (commands[i].whole && packet[n]))
            continue;
        if (commands[i].needs == STOPPED && !rsp->target->stopped(rsp->opaque))
            rsp_reply(rsp, REPLY_IO);
        else
            commands[i].fn(rsp, packet + n);
        return;
    }
    rsp_reply(rsp, ""); /* not served */
}
