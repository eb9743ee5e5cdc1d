/* SPDX-License-Identifier: MIT
 *
 * Between the protocol (rsp.h), its socket, and the machine.
 */
#include "platform/control/gdb.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/chardev/chardev.h"
#include "platform/control/hmp.h"
#include "platform/control/inspect.h"
#include "platform/control/link.h"
#include "platform/control/rsp.h"

struct Gdb {
    ControlView view;
    bool executing; /* a line of `monitor` */
    char *spec;     /* where it listens; NULL: nowhere */
    Link link;
    LinkSocket socket;
    LinkChardev chardev;
    Rsp *rsp;
    HmpSession session; /* of gdb's `monitor` */
    AccelDebug debug;   /* break- and watchpoints, the same on all vCPUs; single_step differs */
    bool warned;
};

G_STATIC_ASSERT((int)RSP_POINTS_MAX <= (int)ACCEL_BREAKPOINTS_MAX);

static Vcpu *vcpu_of(const Gdb *gdb, unsigned thread)
{
    return vcpus_get(gdb->view.vcpus, thread);
}

static void complain(GError *error)
{
    message_error("gdb: %s", error->message);
    g_error_free(error);
}

static bool debug_write(Gdb *gdb, unsigned thread, bool single_step)
{
    GError *error = NULL;

    gdb->debug.single_step = single_step;
    if (vcpu_set_debug(vcpu_of(gdb, thread), &gdb->debug, &error))
        return true;
    complain(error);
    return false;
}

/* --- what the protocol asks for */

static unsigned n_threads(void *opaque)
{
    return vcpus_count(((Gdb *)opaque)->view.vcpus);
}

static bool stopped(void *opaque)
{
    return run_state(((Gdb *)opaque)->view.run) != RUN_STATE_RUNNING;
}

static void stop(void *opaque)
{
    Gdb *gdb = opaque;

    run_request(gdb->view.run, RUN_CAUSE_DEBUG_STOP);
    run_apply(gdb->view.run);
}

static E500State *state(void *opaque, unsigned thread)
{
    Vcpu *vcpu = vcpu_of(opaque, thread);
    GError *error = NULL;

    if (vcpu_synchronize_state(vcpu, &error))
        return &vcpu->state;
    complain(error);
    return NULL;
}

static void state_changed(void *opaque, unsigned thread)
{
    vcpu_state_changed(vcpu_of(opaque, thread));
}

static bool read_physical(void *opaque, uint64_t gpa, void *to, size_t size)
{
    return memory_read(((Gdb *)opaque)->view.memory, gpa, to, size);
}

static bool write_physical(void *opaque, uint64_t gpa, const void *from, size_t size)
{
    return memory_write(((Gdb *)opaque)->view.memory, gpa, from, size);
}

static char *monitor(void *opaque, const char *line)
{
    Gdb *gdb = opaque;

    gdb->executing = true;
    char *text = hmp_execute(&gdb->session, line);
    gdb->executing = false;
    return text;
}

static bool read_memory(void *opaque, unsigned thread, Ea ea, void *to, size_t size)
{
    return inspect_read(&((Gdb *)opaque)->view, thread, ea, to, size);
}

static bool write_memory(void *opaque, unsigned thread, Ea ea, const void *from, size_t size)
{
    return inspect_write(&((Gdb *)opaque)->view, thread, ea, from, size);
}

/* Where gdb and guest share one set of debug registers (decision 007), the user is told so, once. */
static void warn_of_shared_debug(Gdb *gdb, unsigned n)
{
    if (n && !gdb->warned && !(vcpus_caps(gdb->view.vcpus) & ACCEL_CAP_DEBUG_BESIDE)) {
        gdb->warned = true;
        message_warning("gdb: the guest's own debug events stand still while gdb has break- or watchpoints");
    }
}

static bool set_points(void *opaque, const RspPoint *list, unsigned n)
{
    Gdb *gdb = opaque;
    AccelDebug debug = {0};
    bool ok = true;

    for (unsigned i = 0; i < n; i++) {
        const RspPoint *p = &list[i];
        if (p->type == RSP_POINT_SOFTWARE || p->type == RSP_POINT_HARDWARE) {
            debug.breakpoint[debug.n_breakpoints++] = p->ea;
        } else if (debug.n_watchpoints < ACCEL_WATCHPOINTS_MAX) {
            debug.watchpoint[debug.n_watchpoints++] = (AccelWatchpoint){
                .first = p->ea,
                .last = p->ea + (p->size - 1),
                .read = p->type != RSP_POINT_WRITE,
                .write = p->type != RSP_POINT_READ,
            };
        } else {
            return false;
        }
    }
    gdb->debug = debug;
    warn_of_shared_debug(gdb, n);
    for (unsigned i = 0; i < n_threads(gdb); i++)
        ok = debug_write(gdb, i, false) && ok;
    return ok;
}

static bool resume(void *opaque, const RspResume *how)
{
    Gdb *gdb = opaque;

    for (unsigned i = 0; i < n_threads(gdb); i++) {
        vcpu_of(gdb, i)->hold = how[i] == RSP_HOLD;
        if (how[i] == RSP_STEP && !debug_write(gdb, i, true))
            return false;
    }
    run_request(gdb->view.run, RUN_CAUSE_HOST_CONT);
    run_apply(gdb->view.run);
    return !stopped(gdb);
}

static void end_program(void *opaque)
{
    run_request(((Gdb *)opaque)->view.run, RUN_CAUSE_HOST_QUIT);
}

static void send_bytes(void *opaque, const void *data, size_t size)
{
    link_send(&((Gdb *)opaque)->link, data, size);
}

/* --- what the run state tells */

static RspStop why_stopped(const Gdb *gdb, unsigned thread)
{
    const VcpuExit *exit = &vcpu_of(gdb, thread)->exit;
    RspStop stop = {.thread = thread, .signal = RSP_SIGTRAP};

    switch (exit->debug.reason) {
    case VCPU_DEBUG_BREAKPOINT:
        stop.point = RSP_POINT_HARDWARE;
        stop.ea = (Ea)exit->debug.pc;
        break;
    case VCPU_DEBUG_WATCHPOINT: {
        const AccelWatchpoint *w = &gdb->debug.watchpoint[exit->debug.watchpoint];
        stop.point = !w->read ? RSP_POINT_WRITE : !w->write ? RSP_POINT_READ : RSP_POINT_ACCESS;
        stop.ea = (Ea)exit->debug.ea;
        break;
    }
    case VCPU_DEBUG_STEP:
        break;
    }
    return stop;
}

/* A step or a hold lasts for one resume only.  Any vCPU that met a breakpoint or finished a step is reported as the reason. */
static void machine_stopped(Gdb *gdb)
{
    RspStop stop = {.signal = RSP_SIGINT};

    for (unsigned i = 0; i < n_threads(gdb); i++) {
        Vcpu *vcpu = vcpu_of(gdb, i);
        vcpu->hold = false;
        debug_write(gdb, i, false);
        if (vcpu->exit.kind != VCPU_EXIT_DEBUG)
            continue;
        if (stop.signal == RSP_SIGINT)
            stop = why_stopped(gdb, i);
        vcpu_finish_exit(vcpu); /* finished here, so that it is not taken for the reason of a later stop */
    }
    rsp_stopped(gdb->rsp, &stop);
}

static void told(void *opaque, RunEvent event, RunCause cause)
{
    Gdb *gdb = opaque;

    if (!gdb->link.type) /* nobody debugs */
        return;
    if (event == RUN_EVENT_STOP)
        machine_stopped(gdb);
    if (event == RUN_EVENT_RESET) /* a vCPU that stands still would never start again */
        for (unsigned i = 0; i < n_threads(gdb); i++)
            vcpu_of(gdb, i)->hold = false;
}

/* --- the connection's side */

static void opened(void *opaque)
{
    Gdb *gdb = opaque;

    hmp_session_init(&gdb->session, &gdb->view);
    rsp_opened(gdb->rsp);
}

static void received(void *opaque, const char *data, size_t size)
{
    rsp_receive(((Gdb *)opaque)->rsp, data, size);
}

static void closed(void *opaque)
{
    rsp_closed(((Gdb *)opaque)->rsp);
}

/* A socket that listens, a back end that -chardev gives, or one of its own. */
static bool open_link(Gdb *gdb, const char *spec, const ControlSocketOps *ops, GError **error)
{
    static const char prefix[] = "chardev:";

    if (g_str_has_prefix(spec, "tcp:") || g_str_has_prefix(spec, "unix:")) {
        gdb->socket = (LinkSocket){"-gdb", spec, "server=on,wait=off"};
        return link_open_socket(&gdb->link, ops, gdb, &gdb->socket, error);
    }
    gdb->chardev.owned = !g_str_has_prefix(spec, prefix);
    gdb->chardev.chr =
        gdb->chardev.owned ? chardev_new("-gdb", "gdb", spec, error) : link_find_chardev(gdb->view.chardevs, spec + strlen(prefix));
    return gdb->chardev.chr && link_open_chardev(&gdb->link, ops, gdb, &gdb->chardev, error);
}

Gdb *gdb_new(const ControlView *view)
{
    static const RspTarget target = {
        .n_threads = n_threads,
        .stopped = stopped,
        .stop = stop,
        .state = state,
        .state_changed = state_changed,
        .read = read_memory,
        .write = write_memory,
        .read_physical = read_physical,
        .write_physical = write_physical,
        .set_points = set_points,
        .resume = resume,
        .kill = end_program,
        .monitor = monitor,
        .send = send_bytes,
    };

    if (!(vcpus_caps(view->vcpus) & ACCEL_CAP_SET_DEBUG))
        return NULL;
    Gdb *gdb = g_new0(Gdb, 1);
    gdb->view = *view;
    gdb->view.gdb = gdb;
    gdb->rsp = rsp_new(&target, view->model, gdb);
    run_listen(view->run, told, gdb);
    return gdb;
}

static void stop_listening(Gdb *gdb)
{
    if (!gdb->link.type)
        return;
    rsp_closed(gdb->rsp);
    link_close(&gdb->link);
    g_clear_pointer(&gdb->spec, g_free);
}

bool gdb_listen(Gdb *gdb, const char *spec, const ControlView *view, GError **error)
{
    static const ControlSocketOps ops = {opened, received, closed, .drained = NULL};

    if (!gdb && !spec)
        return true;
    if (!gdb) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-gdb %s: accelerator %s has no breakpoints and single step",
                    spec, view->accel);
        return false;
    }
    stop_listening(gdb);
    gdb->spec = g_strdup(spec);
    return !spec || open_link(gdb, gdb->spec, &ops, error);
}

bool gdb_is_executing(const Gdb *gdb)
{
    return gdb->executing;
}

void gdb_free(Gdb *gdb)
{
    if (!gdb)
        return;
    if (gdb->link.type)
        rsp_exited(gdb->rsp);
    link_close(&gdb->link);
    rsp_free(gdb->rsp);
    g_free(gdb->spec);
    g_free(gdb);
}
