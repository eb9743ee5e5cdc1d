/* SPDX-License-Identifier: MIT
 *
 * The machine at work: serving vCPU exits, and what the run state asks of it.
 */
#include "cpu/fault.h"
#include "cpu/log.h"
#include "platform/base/lock.h"
#include "platform/devices/virtio/virtio.h"
#include "platform/machine/machine.h"

void machine_host_error(Machine *m, GError *error)
{
    g_mutex_lock(&m->error_lock);
    if (m->host_error)
        g_error_free(error);
    else
        m->host_error = error;
    g_mutex_unlock(&m->error_lock);
    run_request(m->run, RUN_CAUSE_HOST_ERROR);
}

/* ---- exits, each in its vCPU's thread ---- */

static void serve_mmio(Machine *m, Vcpu *vcpu, VcpuExit *exit)
{
    uint64_t gpa = exit->mmio.gpa;
    unsigned size = exit->mmio.size;
    device_lock();
    bus_set_initiator(vcpu->index);
    if (exit->mmio.is_write)
        exit->mmio.failed = !bus_write(m->bus, gpa, size, exit->mmio.data);
    else
        exit->mmio.failed = !bus_read(m->bus, gpa, size, &exit->mmio.data);
    if (exit->mmio.failed)
        partition_bus_error(m->partition, gpa, exit->mmio.is_write);
    device_unlock();
}

static void serve_hcall(Machine *m, Vcpu *vcpu, VcpuExit *exit)
{
    device_lock();
    vcpu->deferred = hcall_serve(&m->hcall, vcpu->index, exit) == HCALL_DEFERRED;
    device_unlock();
}

static void serve_epr(Machine *m, Vcpu *vcpu, VcpuExit *exit)
{
    device_lock();
    exit->epr.epr = m->proxy.acknowledge(m->proxy.dev, vcpu->index);
    device_unlock();
}

static void serve_timers(Machine *m)
{
    if (!m->time.is_virtual)
        return; /* timers of the host's time are the main loop's */
    device_lock();
    clock_run_due(m->clock);
    device_unlock();
}

/* What the guest asked of this vCPU's core, and who it is. */
typedef struct CoreEdit {
    const E500Model *model;
    unsigned cpu;
    CpuRelease release;
} CoreEdit;

/* A reset does not touch the time base, which all cores share. */
static void reset_core(E500State *s, const CoreEdit *edit)
{
    uint64_t tb = s->tb, atb = s->atb;
    e500_state_reset(s, edit->model, edit->cpu);
    e500_state_firmware(s, edit->model);
    s->tb = tb;
    s->atb = atb;
    s->held = true;
}

static void edit_core(E500State *s, void *opaque)
{
    const CoreEdit *edit = opaque;
    if (edit->release.reset)
        reset_core(s, edit);
    if (edit->release.let_go && s->held)
        boot_release_state(s, edit->release.entry, edit->release.r3);
}

/* Does what a device asked for this vCPU's core.  True: its core was reset or released, so it must not go to sleep now. */
static bool serve_release(Machine *m, Vcpu *vcpu)
{
    CpuRelease *release = &m->release[vcpu->index];
    if (!__atomic_load_n(&release->pending, __ATOMIC_ACQUIRE))
        return false;
    device_lock();
    CoreEdit edit = {m->model, vcpu->index, *release};
    *release = (CpuRelease){0};
    device_unlock();
    if (edit.release.reset)
        vcpu_set_irq(vcpu, ACCEL_IRQ_NMI, false); /* an NMI that came before the reset is forgotten */
    GError *error = NULL;
    if (!vcpu_edit_own_state(vcpu, edit_core, &edit, edit.release.reset ? STATE_RESET : STATE_RUNTIME, &error))
        machine_host_error(m, error);
    return true;
}

/* -action watchdog=: what lets the guest run on is done here; what stops or resets it is the run state's to do. */
static void serve_watchdog(Machine *m, Vcpu *vcpu, unsigned wrc)
{
    switch (m->config->action_watchdog) {
    case WATCHDOG_RESET:
    case WATCHDOG_SHUTDOWN:
    case WATCHDOG_POWEROFF:
    case WATCHDOG_PAUSE:
        device_lock();
        partition_stopped(m->partition, true, vcpu->index, wrc);
        device_unlock();
        machine_report_touch(m, vcpu);
        break;
    case WATCHDOG_INJECT_NMI:
        vcpu_send_nmi(vcpu);
        machine_ring_watchdog(m);
        break;
    case WATCHDOG_DEBUG:
        message_guest("vCPU %u: the watchdog expired", vcpu->index);
        machine_report_touch(m, vcpu);
        machine_ring_watchdog(m);
        break;
    case WATCHDOG_NONE:
        machine_ring_watchdog(m);
        break;
    }
    run_request(m->run, RUN_CAUSE_GUEST_WATCHDOG);
}

static void serve_shutdown(Machine *m, Vcpu *vcpu, VcpuShutdownReason reason)
{
    if (reason == VCPU_SHUTDOWN_RESET) {
        run_request(m->run, RUN_CAUSE_GUEST_RESET_DEVICE);
        return;
    }
    message_error("vCPU %u: checkstop: machine check with MSR[ME] = 0", vcpu->index);
    run_request(m->run, RUN_CAUSE_GUEST_CRASH);
}

/*
 * Before this returns, the main thread may already have taken a request that serving made, and be about to park this vCPU.
 * run_requested() is false then, so the number of requests made is compared, too: a vCPU that entered the guest once more would execute
 * past its breakpoint, or go on after a hypercall that is not answered.
 */
bool machine_serve(void *machine, Vcpu *vcpu, VcpuExit *exit)
{
    Machine *m = machine;
    uint32_t made = run_requests_made(m->run);
    const VcpuExitKind kind = exit->kind;
    __atomic_add_fetch(&m->exits[vcpu->index][MIN(kind, VCPU_EXIT_KINDS - 1)], 1, __ATOMIC_RELAXED);
    switch (kind) {
    case VCPU_EXIT_MMIO:
        serve_mmio(m, vcpu, exit);
        break;
    case VCPU_EXIT_EPAPR_HCALL:
        serve_hcall(m, vcpu, exit);
        break;
    case VCPU_EXIT_EPR:
        serve_epr(m, vcpu, exit);
        break;
    case VCPU_EXIT_IDLE:
        serve_timers(m);
        if (serve_release(m, vcpu))
            exit->kind = VCPU_EXIT_INTR;
        break;
    case VCPU_EXIT_INTR:
        serve_timers(m);
        serve_release(m, vcpu);
        break;
    case VCPU_EXIT_DEBUG:
        run_request(m->run, RUN_CAUSE_DEBUG_STOP);
        break;
    case VCPU_EXIT_WATCHDOG:
        serve_watchdog(m, vcpu, exit->watchdog.wrc);
        break;
    case VCPU_EXIT_SHUTDOWN:
        serve_shutdown(m, vcpu, exit->shutdown.reason);
        break;
    case VCPU_EXIT_FATAL:
    case VCPU_EXIT_KINDS:
        machine_host_error(m, g_error_new(G_FILE_ERROR, G_FILE_ERROR_FAILED, "vCPU %u: %s", vcpu->index, exit->fatal.message));
        break;
    }
    areas_after_exit(m->areas, vcpu->index, kind, &vcpu->steal);
    return made == run_requests_made(m->run) && !run_requested(m->run);
}

/* ---- what the run state asks for, in the main thread ---- */

static void park(void *opaque)
{
    Machine *m = opaque;
    vcpus_park(m->vcpus);
}

static bool resume(void *opaque, GError **error)
{
    Machine *m = opaque;
    return vcpus_resume(m->vcpus, error);
}

static void start_time(void *opaque)
{
    Machine *m = opaque;
    device_lock();
    for (guint i = 0; i < m->drives->len; i++)
        block_retry(m->drives->pdata[i]);
    time_source_start(&m->time);
    areas_time_runs(m->areas);
    clock_rearm(m->clock);
    device_unlock();
}

static void stop_time(void *opaque)
{
    Machine *m = opaque;
    machine_settle_drives(m); /* a machine that stands still changes nothing, RAM and disks included */
    device_lock();
    for (guint i = 0; i < m->servers->len; i++)
        virtio_settle(m->servers->pdata[i]);
    time_source_stop(&m->time);
    clock_rearm(m->clock);
    device_unlock();
}

/* Time is stopped meanwhile: the vCPUs' state is written one after the other, and all must get the same time base. */
static RunResetResult reset(void *opaque, RunCause cause, GError **error)
{
    Machine *m = opaque;
    bool runs = run_state(m->run) == RUN_STATE_RUNNING;
    if (runs)
        stop_time(m);
    RunResetResult result = machine_reset(m, cause, error);
    if (runs)
        start_time(m);
    return result;
}

static void power_button(void *opaque)
{
    machine_ring_shutdown(opaque);
}

static const GError *host_error(void *opaque)
{
    return ((Machine *)opaque)->host_error;
}

static void finished(void *opaque)
{
    g_main_loop_quit(((Machine *)opaque)->loop);
}

const RunOps machine_run_ops = {
    .park = park,
    .resume = resume,
    .start_time = start_time,
    .stop_time = stop_time,
    .reset = reset,
    .host_error = host_error,
    .finished = finished,
    .power_button = power_button,
};

int machine_run(Machine *m)
{
    if (!m->config->start_paused)
        run_request(m->run, RUN_CAUSE_HOST_CONT);
    if (run_state(m->run) != RUN_STATE_FINISHED) /* a signal may have come while -qmp waited for its client */
        g_main_loop_run(m->loop);
    hcall_log_counts(&m->hcall);
    return run_exit_status(m->run);
}
