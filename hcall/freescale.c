/* SPDX-License-Identifier: MIT
 *
 * Freescale's partition calls (vendor 2), for a hypervisor with one partition: the caller's.  It is its own manager, and there is
 * no DMA: what would need another partition or an I/O MMU answers as that hypervisor does for a handle or a unit that does not exist.
 */
#include "hcall/hcall.h"

#include <string.h>

#include <glib.h>

enum {
    HANDLE_SELF = UINT32_MAX, /* −1 */
    STATUS_RUNNING = 1,
    QUEUE_GUEST = 0,

    /* Of the interface (FH_DTPROP_MAX_…). */
    DTPROP_PATH_MAX = 4096, /* with its NUL */
    DTPROP_SIZE_MAX = 32768,

    /* Of this hypervisor: one call may not stop everything for long. */
    MEMCPY_ENTRIES_MAX = 65536,
    MEMCPY_BYTES_MAX = 64 << 20,
};

static bool is_self(const Hcall *call, unsigned arg)
{
    return (uint32_t)call->in[arg] == (uint32_t)HANDLE_SELF ||
           (call->env->partition && (uint32_t)call->in[arg] == call->env->partition);
}

static uint64_t pair(const Hcall *call, unsigned high, unsigned low)
{
    return call->in[high] << 32 | (uint32_t)call->in[low];
}

#define SERVE(call, service, ...) ((call)->env->services->service((call)->env->opaque, ##__VA_ARGS__))

/* ---- the partition ---- */

EvStatus hcall_FH_PARTITION_RESTART(Hcall *call)
{
    return is_self(call, 0) ? hcall_request(call, call->env->services->request_reset) : EV_EINVAL;
}

EvStatus hcall_FH_PARTITION_STOP(Hcall *call)
{
    return is_self(call, 0) ? hcall_request(call, call->env->services->request_shutdown) : EV_EINVAL;
}

EvStatus hcall_FH_SYSTEM_RESET(Hcall *call)
{
    return hcall_request(call, call->env->services->request_system_reset);
}

EvStatus hcall_FH_PARTITION_GET_STATUS(Hcall *call)
{
    if (!is_self(call, 0))
        return EV_EINVAL;
    call->out[0] = STATUS_RUNNING;
    return EV_SUCCESS;
}

EvStatus hcall_FH_PARTITION_START(Hcall *call)
{
    return is_self(call, 0) ? EV_INVALID_STATE : EV_EINVAL;
}

/* ---- memory ---- */

typedef struct Transfer {
    uint64_t source, target, size, reserved;
} Transfer;

/* In host order.  Everything is checked before the first byte moves. */
static EvStatus transfers_check(const Hcall *call, Transfer *list, size_t n)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++) {
        Transfer *t = &list[i];
        t->source = GUINT64_FROM_BE(t->source);
        t->target = GUINT64_FROM_BE(t->target);
        t->size = GUINT64_FROM_BE(t->size);
        if (t->reserved)
            return EV_EINVAL;
        if (!SERVE(call, mem_contains, t->source, t->size) || !SERVE(call, mem_contains, t->target, t->size))
            return EV_EFAULT;
        if (t->size > MEMCPY_BYTES_MAX - total)
            return EV_EINVAL;
        total += t->size;
    }
    return EV_SUCCESS;
}

EvStatus hcall_FH_PARTITION_MEMCPY(Hcall *call)
{
    uint64_t gpa = pair(call, 3, 2);
    uint32_t n = (uint32_t)call->in[4];

    if (!is_self(call, 0) || !is_self(call, 1) || gpa % sizeof(Transfer) || n > MEMCPY_ENTRIES_MAX)
        return EV_EINVAL;
    g_autofree Transfer *list = g_new(Transfer, n);
    if (!SERVE(call, mem_read, gpa, list, n * sizeof(Transfer)))
        return EV_EFAULT;
    EvStatus status = transfers_check(call, list, n);
    for (size_t i = 0; i < n && status == EV_SUCCESS; i++)
        if (!SERVE(call, mem_copy, list[i].target, list[i].source, list[i].size))
            status = EV_EFAULT;
    return status;
}

/* ---- the device tree ---- */

/* A string that ends within DTPROP_PATH_MAX bytes; NULL with *status when there is none. */
static char *read_string(const Hcall *call, uint64_t gpa, EvStatus *status)
{
    g_autofree char *text = g_malloc(DTPROP_PATH_MAX);
    for (size_t i = 0; i < DTPROP_PATH_MAX; i++) {
        if (gpa + i < gpa || !SERVE(call, mem_read, gpa + i, text + i, 1)) {
            *status = EV_EFAULT;
            return NULL;
        }
        if (!text[i])
            return g_steal_pointer(&text);
    }
    *status = EV_EINVAL;
    return NULL;
}

typedef struct PropertyCall {
    char *path, *name;
    uint64_t value;
    uint32_t size;
} PropertyCall;

static EvStatus property_call(const Hcall *call, PropertyCall *p)
{
    EvStatus status = EV_EINVAL;

    *p = (PropertyCall){.value = pair(call, 5, 6), .size = (uint32_t)call->in[7]};
    if (!is_self(call, 0) || p->size > DTPROP_SIZE_MAX)
        return EV_EINVAL;
    p->path = read_string(call, pair(call, 1, 2), &status);
    p->name = p->path ? read_string(call, pair(call, 3, 4), &status) : NULL;
    return p->name ? EV_SUCCESS : status;
}

static void property_call_clear(PropertyCall *p)
{
    g_free(p->path);
    g_free(p->name);
}

EvStatus hcall_FH_PARTITION_GET_DTPROP(Hcall *call)
{
    PropertyCall p;
    const void *value;
    uint32_t size;
    EvStatus status = property_call(call, &p);

    if (status == EV_SUCCESS)
        status = SERVE(call, dtprop_get, p.path, p.name, &value, &size);
    if (status == EV_SUCCESS) {
        if (size > p.size)
            status = EV_BUFFER_OVERFLOW;
        else if (!SERVE(call, mem_write, p.value, value, size))
            status = EV_EFAULT;
        if (status != EV_EFAULT)
            call->out[0] = size;
    }
    property_call_clear(&p);
    return status;
}

EvStatus hcall_FH_PARTITION_SET_DTPROP(Hcall *call)
{
    PropertyCall p;
    EvStatus status = property_call(call, &p);

    if (status == EV_SUCCESS) {
        g_autofree void *value = g_malloc(MAX(p.size, 1));
        status = SERVE(call, mem_read, p.value, value, p.size) ? SERVE(call, dtprop_set, p.path, p.name, value, p.size) : EV_EFAULT;
    }
    property_call_clear(&p);
    return status;
}

/* ---- vCPUs ---- */

EvStatus hcall_FH_SEND_NMI(Hcall *call)
{
    uint32_t mask = (uint32_t)call->in[0];
    unsigned n = SERVE(call, n_vcpus);

    if (n < 32 && mask >> n)
        return EV_EINVAL;
    for (unsigned i = 0; i < n; i++)
        if (mask >> i & 1)
            SERVE(call, send_nmi, i);
    return EV_SUCCESS;
}

static bool names_vcpu(const Hcall *call)
{
    return is_self(call, 0) && (uint32_t)call->in[1] < SERVE(call, n_vcpus);
}

EvStatus hcall_FH_GET_CORE_STATE(Hcall *call)
{
    if (!names_vcpu(call))
        return EV_EINVAL;
    call->out[0] = SERVE(call, core_state, (unsigned)call->in[1]);
    return EV_SUCCESS;
}

/* The boot core stays awake: somebody must be there to wake the others. */
EvStatus hcall_FH_ENTER_NAP(Hcall *call)
{
    if (!names_vcpu(call) || (uint32_t)call->in[1] != call->vcpu || call->vcpu == 0)
        return EV_EINVAL;
    SERVE(call, enter_nap, call->vcpu);
    return EV_SUCCESS;
}

EvStatus hcall_FH_EXIT_NAP(Hcall *call)
{
    if (!names_vcpu(call))
        return EV_EINVAL;
    SERVE(call, exit_nap, (unsigned)call->in[1]);
    return EV_SUCCESS;
}

/* ---- errors ---- */

EvStatus hcall_FH_ERR_GET_INFO(Hcall *call)
{
    uint8_t record[HCALL_ERROR_SIZE];
    uint32_t room = (uint32_t)call->in[1], peek = (uint32_t)call->in[4];

    if ((uint32_t)call->in[0] != QUEUE_GUEST || room < sizeof(record) || room > INT32_MAX || peek > 1)
        return EV_EINVAL;
    if (!SERVE(call, error_peek, record)) {
        call->out[0] = 0;
        return EV_ENOENT;
    }
    if (!SERVE(call, mem_write, pair(call, 2, 3), record, sizeof(record)))
        return EV_EFAULT;
    if (!peek)
        SERVE(call, error_drop);
    call->out[0] = sizeof(record);
    return EV_SUCCESS;
}

/* ---- what this hypervisor has none of ---- */

EvStatus hcall_FH_DMA_ENABLE(Hcall *call)
{
    return EV_EINVAL;
}

EvStatus hcall_FH_DMA_DISABLE(Hcall *call)
{
    return EV_EINVAL;
}

EvStatus hcall_FH_VMPIC_GET_MSIR(Hcall *call)
{
    return EV_EINVAL;
}

EvStatus hcall_FH_CLAIM_DEVICE(Hcall *call)
{
    return EV_EINVAL;
}

/* Only for a partition that is stopped. */
EvStatus hcall_FH_PARTITION_STOP_DMA(Hcall *call)
{
    return is_self(call, 0) ? EV_INVALID_STATE : EV_EINVAL;
}
