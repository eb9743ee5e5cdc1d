/* SPDX-License-Identifier: MIT
 *
 * vCPU threads, and the state copies and their write-back.  Making and rebuilding: vcpu_life.c.
 *
 * A vCPU thread is in one of three places: executing (in vcpu_run, or serving its exit), asleep after an IDLE exit (counts as
 * executing), or parked in park_wait(), where it also runs what vcpu_call() hands it.  set->running says where it should be.
 */
#include "cpu/vcpu_priv.h"

#include "cpu/log.h"
#include "cpu/timeline.h"

/* ---- the thread ---- */

/* With the lock.  Leaves with executing set, or false to end. */
static bool park_wait(Vcpus *set, VcpuThread *t)
{
    while (!set->running || t->held_back || t->call) {
        /* Every time round: a resume sets `executing`, even if a park follows before this thread wakes up. */
        t->executing = t->asleep = false;
        g_cond_broadcast(&set->idle);
        if (t->call) {
            const VcpuCall *call = t->call;
            g_mutex_unlock(&set->lock);
            call->fn(&t->pub, call->opaque);
            g_mutex_lock(&set->lock);
            t->call = NULL;
        } else if (set->quitting) {
            return false;
        } else {
            g_cond_wait(&t->wake, &set->lock);
        }
    }
    t->executing = true;
    return true;
}

/* After an IDLE exit, where time is the host's: until an interrupt input changes, a kick, or the deadline. */
static void idle_sleep(Vcpus *set, VcpuThread *t, uint64_t deadline_ns)
{
    const TimeSource *ts = set->config.time;
    const uint64_t begin = timeline_on(TIMELINE_EXIT) ? timeline_ns() : 0;
    uint64_t now = time_now_ns(ts);
    g_mutex_lock(&set->lock);
    t->asleep = true;
    while (!t->awake && set->running) {
        if (deadline_ns == UINT64_MAX) {
            g_cond_wait(&t->wake, &set->lock);
        } else {
            if (now >= deadline_ns)
                break;
            gint64 us = (gint64)MIN((deadline_ns - now) / 1000 + 1, (uint64_t)G_TIME_SPAN_HOUR);
            g_cond_wait_until(&t->wake, &set->lock, g_get_monotonic_time() + us);
            now = time_now_ns(ts);
        }
    }
    t->awake = t->asleep = false;
    g_mutex_unlock(&set->lock);
    timeline_span(TIMELINE_EXIT, t->pub.index, "asleep", begin, 0);
}

/*
 * A pending exit takes effect only by re-entry.  What comes of that is served too: the next access (lmw from a device), the end of a core
 * that takes no machine check, or of the accelerator.
 */
static void finish_exit(Vcpu *vcpu, void *opaque)
{
    Vcpus *set = vcpu->set;
    while (vcpu->exit.kind != VCPU_EXIT_INTR) {
        set->ops->vcpu_run(vcpu->handle, &vcpu->exit, true);
        VcpuExitKind kind = vcpu->exit.kind;
        if (kind == VCPU_EXIT_MMIO || kind == VCPU_EXIT_EPR || kind == VCPU_EXIT_SHUTDOWN || kind == VCPU_EXIT_FATAL)
            set->serve(set->opaque, vcpu, &vcpu->exit);
    }
}

/* Serves an exit, and traces it; one that was merely kicked out of the guest tells nothing. */
static bool serve(Vcpus *set, VcpuThread *t, VcpuExit *exit)
{
    const VcpuExitKind kind = exit->kind;
    const uint64_t gpa = kind == VCPU_EXIT_MMIO ? exit->mmio.gpa : 0;
    const uint64_t begin = timeline_on(TIMELINE_EXIT) && kind != VCPU_EXIT_INTR ? timeline_ns() : 0;

    if (log_on(LOG_EXIT) && kind != VCPU_EXIT_INTR) {
        g_autofree char *text = vcpu_exit_text(exit);
        log_line(LOG_EXIT, "vCPU %u: exit %s", t->pub.index, text);
    }
    bool go_on = set->serve(set->opaque, &t->pub, exit);
    timeline_span(TIMELINE_EXIT, t->pub.index, vcpu_exit_name(kind), begin, gpa);
    return go_on;
}

bool vcpu_serve_inside(void *opaque, unsigned index, VcpuExit *exit)
{
    Vcpus *set = opaque;
    VcpuThread *t = &set->vcpu[index];
    t->begins_nap = false;
    t->told_off |= !serve(set, t, exit);
    return !t->told_off && !t->begins_nap;
}

void *vcpu_thread(void *opaque)
{
    VcpuThread *t = opaque;
    Vcpus *set = t->pub.set;
    VcpuExit *exit = &t->pub.exit;

    g_mutex_lock(&set->lock);
    for (;;) {
        if (!set->running || t->held_back || t->call) {
            steal_end(&t->pub.steal);
            if (!park_wait(set, t))
                break;
        }
        if (t->napping) {
            steal_end(&t->pub.steal);
            vcpu_turn_offer(set);
            if (exit->kind == VCPU_EXIT_INTR || t->pub.deferred) {
                g_cond_wait(&t->wake, &set->lock);
            } else {
                g_mutex_unlock(&set->lock);
                finish_exit(&t->pub, NULL);
                g_mutex_lock(&set->lock);
            }
            continue;
        }
        if (!vcpu_turn_is_mine(set, t)) {
            g_cond_wait(&t->wake, &set->lock);
            continue;
        }
        t->awake = t->asleep = false;
        g_mutex_unlock(&set->lock);

        if (!t->pub.steal.counting && !set->config.time->is_virtual)
            steal_begin(&t->pub.steal);
        t->pub.valid = false; /* from here on the accelerator has the state */
        set->ops->vcpu_run(t->pub.handle, exit, false);
        bool go_on = serve(set, t, exit) && !t->told_off;
        t->told_off = false;
        if (go_on && exit->kind == VCPU_EXIT_IDLE && !set->in_turn) {
            steal_end(&t->pub.steal);
            idle_sleep(set, t, exit->idle.deadline_ns);
        }

        g_mutex_lock(&set->lock);
        vcpu_turn_after(set, t, go_on);
        if (!go_on)
            t->held_back = true;
    }
    g_mutex_unlock(&set->lock);
    return NULL;
}

void vcpu_call(Vcpu *vcpu, void (*fn)(Vcpu *vcpu, void *opaque), void *opaque)
{
    VcpuThread *t = thread_of(vcpu);
    Vcpus *set = vcpu->set;
    VcpuCall call = {fn, opaque};

    g_mutex_lock(&set->lock);
    g_assert(!t->call && !set->running);
    t->call = &call;
    g_cond_broadcast(&t->wake);
    while (t->call)
        g_cond_wait(&set->idle, &set->lock);
    g_mutex_unlock(&set->lock);
}

/* ---- running and parking ---- */

void vcpu_wake_up(void *opaque, unsigned index)
{
    Vcpus *set = opaque;
    VcpuThread *t = &set->vcpu[index];
    g_mutex_lock(&set->lock);
    t->awake = true;
    g_cond_broadcast(&t->wake);
    vcpu_turn_offer(set);
    g_mutex_unlock(&set->lock);
}

void vcpu_kick(Vcpu *vcpu)
{
    vcpu->set->ops->vcpu_kick(vcpu->handle);
    vcpu_wake_up(vcpu->set, vcpu->index);
}

void vcpu_set_irq(Vcpu *vcpu, AccelIrq irq, bool level)
{
    Vcpus *set = vcpu->set;
    VcpuThread *t = thread_of(vcpu);
    g_mutex_lock(&set->lock);
    if (irq != ACCEL_IRQ_NMI) /* an NMI is an edge: it has no level to remember */
        t->irqs = level ? t->irqs | 1u << irq : t->irqs & ~(1u << irq);
    if (level && (irq == ACCEL_IRQ_NMI || irq == ACCEL_IRQ_MCHECK))
        t->napping = false;
    set->ops->vcpu_set_irq(vcpu->handle, irq, level);
    t->awake = true;
    g_cond_broadcast(&t->wake);
    vcpu_turn_offer(set);
    g_mutex_unlock(&set->lock);
}

void vcpu_send_nmi(Vcpu *vcpu)
{
    vcpu_set_irq(vcpu, ACCEL_IRQ_NMI, true);
}

void vcpu_nap(Vcpu *vcpu)
{
    g_mutex_lock(&vcpu->set->lock);
    thread_of(vcpu)->napping = true;
    thread_of(vcpu)->begins_nap = true;
    g_mutex_unlock(&vcpu->set->lock);
}

void vcpu_wake(Vcpu *vcpu)
{
    g_mutex_lock(&vcpu->set->lock);
    thread_of(vcpu)->napping = false;
    g_cond_broadcast(&thread_of(vcpu)->wake);
    vcpu_turn_offer(vcpu->set);
    g_mutex_unlock(&vcpu->set->lock);
}

VcpuActivity vcpu_activity(const Vcpu *vcpu)
{
    const VcpuThread *t = (const VcpuThread *)vcpu;
    g_mutex_lock(&vcpu->set->lock);
    VcpuActivity activity = t->napping ? VCPU_NAPS : t->asleep ? VCPU_WAITS : VCPU_RUNS;
    g_mutex_unlock(&vcpu->set->lock);
    return activity;
}

void vcpus_park(Vcpus *set)
{
    g_mutex_lock(&set->lock);
    set->running = false;
    for (unsigned i = 0; i < set->n; i++) {
        set->ops->vcpu_kick(set->vcpu[i].pub.handle);
        g_cond_broadcast(&set->vcpu[i].wake);
    }
    for (unsigned i = 0; i < set->n; i++)
        while (set->vcpu[i].executing)
            g_cond_wait(&set->idle, &set->lock);
    g_mutex_unlock(&set->lock);
}

bool vcpus_parked(const Vcpus *set)
{
    return !set->running; /* main thread only, and vcpus_park() waits */
}

/* ---- calls into the accelerator, marshalled ---- */

typedef struct StateCall {
    StateLevel level;
    bool ok;
    GError *error;
} StateCall;

void vcpu_finish_exit(Vcpu *vcpu)
{
    if (!vcpu->deferred && vcpu->exit.kind != VCPU_EXIT_INTR)
        vcpu_call(vcpu, finish_exit, NULL);
}

static void get_state(Vcpu *vcpu, void *opaque)
{
    StateCall *call = opaque;
    call->ok = vcpu->set->ops->vcpu_get_state(vcpu->handle, &vcpu->state, &call->error);
}

static void put_state(Vcpu *vcpu, void *opaque)
{
    StateCall *call = opaque;
    call->ok = vcpu->set->ops->vcpu_put_state(vcpu->handle, &vcpu->state, call->level, &call->error);
}

static bool state_write(Vcpu *vcpu, StateLevel level, GError **error)
{
    StateCall call = {.level = level};
    vcpu_call(vcpu, put_state, &call);
    if (!call.ok) {
        g_propagate_error(error, call.error);
        return false;
    }
    vcpu->dirty = false;
    return true;
}

bool vcpu_synchronize_state(Vcpu *vcpu, GError **error)
{
    if (vcpu->valid)
        return true;
    StateCall call = {0};
    vcpu_finish_exit(vcpu);
    vcpu_call(vcpu, get_state, &call);
    if (!call.ok) {
        g_propagate_error(error, call.error);
        return false;
    }
    vcpu->valid = true;
    vcpu->dirty = false;
    return true;
}

void vcpu_state_changed(Vcpu *vcpu)
{
    g_assert(vcpu->valid);
    vcpu->dirty = true;
}

bool vcpu_read_own_state(Vcpu *vcpu, E500State *state, GError **error)
{
    return vcpu->set->ops->vcpu_get_state(vcpu->handle, state, error);
}

bool vcpu_edit_own_state(Vcpu *vcpu, void (*edit)(E500State *state, void *opaque), void *opaque, StateLevel level, GError **error)
{
    const AccelOps *ops = vcpu->set->ops;
    if (!ops->vcpu_get_state(vcpu->handle, &vcpu->state, error))
        return false;
    edit(&vcpu->state, opaque);
    return ops->vcpu_put_state(vcpu->handle, &vcpu->state, level, error);
}

bool vcpus_resume(Vcpus *set, GError **error)
{
    for (unsigned i = 0; i < set->n; i++) {
        Vcpu *vcpu = &set->vcpu[i].pub;
        g_assert(!vcpu->deferred); /* otherwise its guest would go on without an answer to its hypercall */
        if (vcpu->dirty && !state_write(vcpu, STATE_RUNTIME, error))
            return false;
        if (vcpu->hold) /* a held vCPU must not leave an instruction half done, for which others would wait */
            vcpu_finish_exit(vcpu);
    }
    g_mutex_lock(&set->lock);
    set->running = true;
    for (unsigned i = 0; i < set->n; i++) {
        set->vcpu[i].held_back = set->vcpu[i].pub.hold;
        set->vcpu[i].executing = !set->vcpu[i].pub.hold; /* so that a park right after waits for it */
        g_cond_broadcast(&set->vcpu[i].wake);
    }
    vcpu_turn_offer(set);
    g_mutex_unlock(&set->lock);
    return true;
}

/* For a reset: a vCPU that napped is awake again, and an NMI that was on its way is forgotten. */
static bool write_all(Vcpus *set, StateLevel level, GError **error)
{
    set->turn_given = false;
    set->turn = set->n - 1;
    for (unsigned i = 0; i < set->n; i++) {
        vcpu_wake(&set->vcpu[i].pub);
        vcpu_set_irq(&set->vcpu[i].pub, ACCEL_IRQ_NMI, false);
    }
    for (unsigned i = 0; i < set->n; i++)
        if (!state_write(&set->vcpu[i].pub, level, error))
            return false;
    return true;
}

bool vcpus_post_reset(Vcpus *set, GError **error)
{
    return write_all(set, STATE_RESET, error);
}

bool vcpus_post_init(Vcpus *set, GError **error)
{
    return write_all(set, STATE_FULL, error);
}

bool vcpus_pre_save(Vcpus *set, GError **error)
{
    for (unsigned i = 0; i < set->n; i++) {
        if (!vcpu_synchronize_state(&set->vcpu[i].pub, error))
            return false;
        set->vcpu[i].pub.dirty = true;
    }
    return true;
}

void vcpu_get_place(const Vcpu *vcpu, VcpuPlace *place)
{
    const VcpuThread *t = (const VcpuThread *)vcpu;
    g_mutex_lock(&vcpu->set->lock);
    *place = (VcpuPlace){t->napping, t->asleep, t->deadline_ns};
    g_mutex_unlock(&vcpu->set->lock);
}

void vcpu_set_place(Vcpu *vcpu, const VcpuPlace *place)
{
    VcpuThread *t = thread_of(vcpu);
    g_mutex_lock(&vcpu->set->lock);
    t->napping = place->napping;
    t->asleep = place->asleep && vcpu->set->in_turn;
    t->awake = false;
    t->deadline_ns = place->deadline_ns;
    g_mutex_unlock(&vcpu->set->lock);
}

static void translate(Vcpu *vcpu, void *opaque)
{
    struct {
        Ea ea;
        uint64_t *gpa;
        bool ok;
    } *call = opaque;
    call->ok = vcpu->set->ops->vcpu_translate(vcpu->handle, call->ea, call->gpa);
}

bool vcpu_translate(Vcpu *vcpu, Ea ea, uint64_t *gpa)
{
    struct {
        Ea ea;
        uint64_t *gpa;
        bool ok;
    } call = {ea, gpa, false};
    vcpu_call(vcpu, translate, &call);
    return call.ok;
}

typedef struct DebugCall {
    const AccelDebug *debug;
    bool ok;
    GError *error;
} DebugCall;

static void set_debug(Vcpu *vcpu, void *opaque)
{
    DebugCall *call = opaque;
    call->ok = vcpu->set->ops->vcpu_set_debug(vcpu->handle, call->debug, &call->error);
}

bool vcpu_set_debug(Vcpu *vcpu, const AccelDebug *debug, GError **error)
{
    DebugCall call = {.debug = debug};
    vcpu_call(vcpu, set_debug, &call);
    if (call.ok)
        thread_of(vcpu)->debug = *debug;
    else
        g_propagate_error(error, call.error);
    return call.ok;
}

unsigned vcpus_count(const Vcpus *set)
{
    return set->n;
}

Vcpu *vcpus_get(Vcpus *set, unsigned index)
{
    return &set->vcpu[index].pub;
}

AccelVm *vcpus_vm(Vcpus *set)
{
    return set->vm;
}

unsigned vcpus_caps(const Vcpus *set)
{
    return set->ops->vm_caps(set->vm);
}
