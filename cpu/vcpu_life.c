/* SPDX-License-Identifier: MIT
 *
 * The life of the vCPUs of a VM: made with their threads, made again on a new VM handle, freed.
 */
#include "cpu/fault.h"
#include "cpu/vcpu_priv.h"

typedef struct CreateCall {
    AccelVm *vm;
    const AccelDebug *debug;
    AccelVcpu *handle;
    GError *error;
} CreateCall;

/* Makes a handle with all that is attached to the vCPU.  In the vCPU's own thread. */
static void create(Vcpu *vcpu, void *opaque)
{
    CreateCall *call = opaque;
    const AccelOps *ops = vcpu->set->ops;
    call->handle = ops->vcpu_create(call->vm, vcpu->index, &call->error);
    if (!call->handle)
        return;
    const AccelDebug *debug = call->debug;
    if ((debug->single_step || debug->n_breakpoints || debug->n_watchpoints) &&
        !ops->vcpu_set_debug(call->handle, debug, &call->error)) {
        ops->vcpu_destroy(call->handle);
        call->handle = NULL;
    }
}

static void destroy(Vcpu *vcpu, void *opaque)
{
    AccelVcpu **handle = opaque;
    if (*handle)
        vcpu->set->ops->vcpu_destroy(*handle);
    *handle = NULL;
}

void vcpus_rebuild_cancel(Vcpus *set)
{
    if (!set->fresh)
        return;
    for (unsigned i = 0; i < set->n; i++)
        vcpu_call(&set->vcpu[i].pub, destroy, &set->vcpu[i].fresh);
    set->ops->vm_close(set->fresh);
    set->fresh = NULL;
}

/* Attaches everything to the new VM itself.  Levels of wires follow at commit, as they may change until then. */
static bool attach_all(Vcpus *set, GError **error)
{
    for (guint i = 0; i < set->ram->len; i++)
        if (!set->ops->vm_map_ram(set->fresh, &g_array_index(set->ram, AccelRam, i), error))
            return false;
    for (guint i = 0; i < set->eventfds->len; i++)
        if (!set->ops->vm_eventfd(set->fresh, &g_array_index(set->eventfds, AccelEventfd, i), error))
            return false;
    return !set->dirty_log || set->ops->vm_dirty_log(set->fresh, true, error);
}

bool vcpus_rebuild_prepare(Vcpus *set, GError **error)
{
    set->fresh = set->ops->vm_open(&set->config, error);
    if (!set->fresh)
        return false;
    if (!attach_all(set, error)) {
        vcpus_rebuild_cancel(set);
        return false;
    }
    for (unsigned i = 0; i < set->n; i++) {
        VcpuThread *t = &set->vcpu[i];
        CreateCall call = {.vm = set->fresh, .debug = &t->debug};
        vcpu_call(&t->pub, create, &call);
        t->fresh = call.handle;
        if (!call.handle) {
            g_propagate_error(error, call.error);
            vcpus_rebuild_cancel(set);
            return false;
        }
    }
    return true;
}

/* The inputs are set now and not when the handle was made, because finishing an exit may have changed them meanwhile. */
static void take_fresh(Vcpus *set, VcpuThread *t)
{
    g_mutex_lock(&set->lock);
    t->pub.handle = g_steal_pointer(&t->fresh);
    for (unsigned irq = 0; irq < ACCEL_IRQS; irq++)
        if (t->irqs & 1u << irq)
            set->ops->vcpu_set_irq(t->pub.handle, irq, true);
    g_mutex_unlock(&set->lock);
}

/* With the lock.  On a new VM all wires are low, so only raised ones are set. */
static bool set_levels(Vcpus *set, GError **error)
{
    for (unsigned i = 0; i < ACCEL_MPIC_SOURCES; i++)
        if (set->source[i] && !set->ops->vm_set_source(set->vm, i, true, error))
            return false;
    return true;
}

bool vcpus_rebuild_commit(Vcpus *set, GError **error)
{
    for (unsigned i = 0; i < set->n; i++) {
        VcpuThread *t = &set->vcpu[i];
        vcpu_call(&t->pub, destroy, &t->pub.handle);
        take_fresh(set, t);
        t->pub.exit = (VcpuExit){0};
        t->pub.valid = t->pub.dirty = false;
    }
    g_mutex_lock(&set->lock);
    AccelVm *old = set->vm;
    set->vm = g_steal_pointer(&set->fresh);
    bool ok = set_levels(set, error);
    g_mutex_unlock(&set->lock);
    set->ops->vm_close(old);
    return ok && !fault_here(FAULT_REBUILD_COMMIT, error);
}

bool vcpus_map_ram(Vcpus *set, const AccelRam *ram, GError **error)
{
    if (!set->ops->vm_map_ram(set->vm, ram, error))
        return false;
    g_array_append_val(set->ram, *ram);
    return true;
}

void vcpus_ram_written(Vcpus *set, uint64_t gpa, uint64_t size)
{
    if (set->wants_ram_written)
        set->ops->vm_ram_written(set->vm, gpa, size);
}

bool vcpus_dirty_log(Vcpus *set, bool on, GError **error)
{
    if (!set->ops->vm_dirty_log(set->vm, on, error))
        return false;
    set->dirty_log = on;
    return true;
}

void vcpus_dirty_fetch(Vcpus *set, uint64_t gpa, uint64_t n_pages, uint8_t *bitmap)
{
    g_assert(set->dirty_log);
    set->ops->vm_dirty_fetch(set->vm, gpa, n_pages, bitmap);
}

bool vcpus_eventfd(Vcpus *set, const AccelEventfd *eventfd, GError **error)
{
    if (!set->ops->vm_eventfd(set->vm, eventfd, error))
        return false;
    g_array_append_val(set->eventfds, *eventfd);
    return true;
}

bool vcpus_set_source(Vcpus *set, unsigned source, bool level, GError **error)
{
    g_mutex_lock(&set->lock);
    set->source[source] = level;
    bool ok = set->ops->vm_set_source(set->vm, source, level, error);
    g_mutex_unlock(&set->lock);
    return ok;
}

bool vcpus_message(Vcpus *set, uint32_t value, GError **error)
{
    g_mutex_lock(&set->lock);
    bool ok = set->ops->vm_message(set->vm, value, error);
    g_mutex_unlock(&set->lock);
    return ok;
}

Vcpus *vcpus_new(const AccelOps *ops, const AccelConfig *config, VcpuServe *serve, void *opaque, GError **error)
{
    Vcpus *set = g_new0(Vcpus, 1);
    set->ops = ops;
    set->config = *config;
    set->config.wake = vcpu_wake_up;
    set->config.wake_opaque = set;
    if (!config->time->is_virtual) { /* virtual time is looked at between slices, and devices look at it */
        set->config.serve = vcpu_serve_inside;
        set->config.serve_opaque = set;
    }
    set->serve = serve;
    set->opaque = opaque;
    set->ram = g_array_new(FALSE, FALSE, sizeof(AccelRam));
    set->eventfds = g_array_new(FALSE, FALSE, sizeof(AccelEventfd));
    set->vcpu = g_new0(VcpuThread, config->n_vcpus);
    g_mutex_init(&set->lock);
    g_cond_init(&set->idle);
    set->vm = ops->vm_open(&set->config, error);
    if (!set->vm) {
        vcpus_free(set);
        return NULL;
    }
    set->in_turn = config->time->is_virtual;
    set->turn = config->n_vcpus - 1;
    if (set->in_turn && !(vcpus_caps(set) & ACCEL_CAP_VIRTUAL_TIME)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "-icount: -accel %s has no virtual time; soft has", ops->name);
        vcpus_free(set);
        return NULL;
    }
    set->wants_ram_written = ops->vm_caps(set->vm) & ACCEL_CAP_RAM_WRITTEN;
    for (unsigned i = 0; i < config->n_vcpus; i++) {
        VcpuThread *t = &set->vcpu[i];
        char name[16];
        t->pub.set = set;
        t->pub.index = i;
        t->executing = true; /* until it parks for the first time */
        g_cond_init(&t->wake);
        g_snprintf(name, sizeof(name), "vcpu%u", i);
        set->n = i + 1;
        t->thread = fault_here(FAULT_VCPU_THREAD, error) ? NULL : g_thread_try_new(name, vcpu_thread, t, error);
        if (!t->thread) {
            g_prefix_error(error, "vCPU %u: no thread for it: ", i);
            g_cond_clear(&t->wake);
            set->n = i; /* those that have one are asked to end */
            vcpus_free(set);
            return NULL;
        }
        CreateCall call = {.vm = set->vm, .debug = &t->debug};
        vcpu_call(&t->pub, create, &call);
        t->pub.handle = call.handle;
        if (!call.handle) {
            g_propagate_error(error, call.error);
            vcpus_free(set);
            return NULL;
        }
    }
    return set;
}

void vcpus_free(Vcpus *set)
{
    if (!set)
        return;
    vcpus_rebuild_cancel(set);
    for (unsigned i = 0; i < set->n; i++)
        vcpu_call(&set->vcpu[i].pub, destroy, &set->vcpu[i].pub.handle);
    g_mutex_lock(&set->lock);
    set->quitting = true;
    for (unsigned i = 0; i < set->n; i++)
        g_cond_broadcast(&set->vcpu[i].wake);
    g_mutex_unlock(&set->lock);
    for (unsigned i = 0; i < set->n; i++) {
        g_thread_join(set->vcpu[i].thread);
        g_cond_clear(&set->vcpu[i].wake);
    }
    if (set->vm)
        set->ops->vm_close(set->vm);
    g_array_unref(set->ram);
    g_array_unref(set->eventfds);
    g_free(set->vcpu);
    g_cond_clear(&set->idle);
    g_mutex_clear(&set->lock);
    g_free(set);
}
