/* SPDX-License-Identifier: MIT
 *
 * Words and layouts are those of Freescale's hypervisor (fsl,hv-… properties of /hypervisor; struct hv_error).
 */
#include "platform/machine/partition.h"

#include <string.h>

enum { ERRORS_MAX = 16 };
enum { MCSR_MAV = 1u << 19, MCSR_LD = 1u << 15, MCSR_ST = 1u << 14 };

typedef struct BusError {
    uint64_t gpa;
    bool is_write;
} BusError;

/* Why the partition was stopped. */
typedef struct Stop {
    enum { STOP_NONE, STOP_RESTART, STOP_STOP, STOP_WATCHDOG, STOP_REASONS } reason;
    unsigned vcpu, wrc;
} Stop;

struct Partition {
    char *name;
    GuestTree *tree;
    Stop pending; /* since the last reset */
    Stop told;    /* what this boot's tree says */
    bool was_system_reset;
    char who[16];
    NodesAlias strings[5];
    BusError errors[ERRORS_MAX]; /* oldest first */
    unsigned n_errors;
};

static const StateField partition_fields[] = {
    STATE_FIELD(Partition, pending.reason, 0),   STATE_FIELD(Partition, pending.vcpu, 0), STATE_FIELD(Partition, pending.wrc, 0),
    STATE_FIELD(Partition, told.reason, 0),      STATE_FIELD(Partition, told.vcpu, 0),    STATE_FIELD(Partition, told.wrc, 0),
    STATE_FIELD(Partition, was_system_reset, 0), STATE_COLUMN(Partition, errors, gpa),    STATE_COLUMN(Partition, errors, is_write),
    STATE_FIELD(Partition, n_errors, 0),
};
static const StateField partition_derived[] = {
    STATE_DERIVED(Partition, name),
    STATE_DERIVED(Partition, tree), /* by partition_save() */
    STATE_DERIVED(Partition, who),
    STATE_DERIVED(Partition, strings),
};
STATE_STRUCT(Partition, partition);

/* As much as a tree may have above what the machine writes into it. */
enum { TREE_MAX = 960 * 1024 };

Partition *partition_new(const char *name)
{
    Partition *p = g_new0(Partition, 1);
    p->name = g_strdup(name ? name : "quoin");
    p->tree = guest_tree_new(TREE_MAX, PARTITION_GROWTH);
    return p;
}

void partition_free(Partition *p)
{
    if (!p)
        return;
    guest_tree_free(p->tree);
    g_free(p->name);
    g_free(p);
}

const char *partition_name(const Partition *p)
{
    return p->name;
}

GuestTree *partition_tree(Partition *p)
{
    return p->tree;
}

/* ---- stops ---- */

void partition_stopped(Partition *p, bool watchdog, unsigned vcpu, unsigned wrc)
{
    p->pending = (Stop){watchdog ? STOP_WATCHDOG : STOP_STOP, vcpu, wrc};
}

void partition_reset(Partition *p, RunCause cause, RunStateId from)
{
    Stop stop = {.reason = STOP_NONE};
    bool stood = from != RUN_STATE_RUNNING && from != RUN_STATE_PAUSED && from != RUN_STATE_DEBUG;

    if (cause == RUN_CAUSE_GUEST_WATCHDOG || (cause == RUN_CAUSE_HOST_RESET && stood))
        stop = p->pending;
    else if (cause == RUN_CAUSE_GUEST_RESET_HCALL || cause == RUN_CAUSE_GUEST_RESET_DEVICE)
        stop.reason = STOP_RESTART;
    if (cause == RUN_CAUSE_HOST_RESET || cause == RUN_CAUSE_GUEST_SYSTEM_RESET) {
        p->was_system_reset = true;
        guest_tree_forget(p->tree);
    }
    p->told = stop;
    p->pending = (Stop){.reason = STOP_NONE};
    p->n_errors = 0;
}

unsigned partition_wrs(const Partition *p, unsigned vcpu)
{
    return p->told.reason == STOP_WATCHDOG && p->told.vcpu == vcpu ? p->told.wrc : 0;
}

const NodesAlias *partition_strings(Partition *p)
{
    static const char *const reasons[] = {[STOP_RESTART] = "restart", [STOP_STOP] = "stop", [STOP_WATCHDOG] = "watchdog"};
    NodesAlias *s = p->strings;

    *s++ = (NodesAlias){"guest-name", p->name};
    *s++ = (NodesAlias){"fsl,hv-sys-reset-status", p->was_system_reset ? "hard-reset" : "power-on-reset"};
    if (p->told.reason != STOP_NONE) {
        if (p->told.reason == STOP_WATCHDOG)
            g_snprintf(p->who, sizeof(p->who), "vcpu-%u", p->told.vcpu);
        else
            g_strlcpy(p->who, "self", sizeof(p->who));
        *s++ = (NodesAlias){"fsl,hv-reason-stopped", reasons[p->told.reason]};
        *s++ = (NodesAlias){"fsl,hv-stopped-by", p->who};
    }
    *s = (NodesAlias){NULL, NULL};
    return p->strings;
}

/* ---- errors ---- */

void partition_bus_error(Partition *p, uint64_t gpa, bool is_write)
{
    if (p->n_errors < ERRORS_MAX)
        p->errors[p->n_errors++] = (BusError){gpa, is_write};
}

/* struct hv_error: domain, error, path in the hypervisor's and in the guest's tree, and for a machine check mcsr, mcar, mcsrr0, mcsrr1. */
bool partition_error_peek(const Partition *p, void *record)
{
    enum { DOMAIN = 0, ERROR = 32, DETAIL = 672, MCSR = DETAIL, MCAR = DETAIL + 8 };
    const BusError *e = &p->errors[0];
    uint32_t mcsr = GUINT32_TO_BE(MCSR_MAV | (e->is_write ? MCSR_ST : MCSR_LD));
    uint64_t mcar = GUINT64_TO_BE(e->gpa);
    char *bytes = record;

    if (p->n_errors == 0)
        return false;
    memset(bytes, 0, HCALL_ERROR_SIZE);
    strcpy(bytes + DOMAIN, "machine check");
    strcpy(bytes + ERROR, "bus error: nothing answers at the address");
    memcpy(bytes + MCSR, &mcsr, sizeof(mcsr));
    memcpy(bytes + MCAR, &mcar, sizeof(mcar));
    return true;
}

void partition_error_drop(Partition *p)
{
    if (p->n_errors > 0)
        memmove(p->errors, p->errors + 1, --p->n_errors * sizeof(p->errors[0]));
}

/* ---- saved ---- */

void partition_save(const Partition *p, SectionWriter *to)
{
    g_autoptr(GByteArray) fdt = g_byte_array_new();
    g_autoptr(GByteArray) changes = g_byte_array_new();
    guest_tree_save(p->tree, fdt, changes);
    section_put(to, &partition_state, p);
    section_put_bytes(to, "tree", fdt->data, fdt->len);
    section_put_bytes(to, "changes", changes->data, changes->len);
}

static bool stop_means_something(Stop *stop)
{
    stop->wrc &= 3;
    return stop->reason < STOP_REASONS;
}

void partition_load(Partition *p, Section *from)
{
    size_t fdt_size, changes_size;
    Partition new = *p;
    const uint8_t *fdt = section_get_bytes(from, "tree", TREE_MAX, &fdt_size);
    const uint8_t *changes = section_get_bytes(from, "changes", TREE_MAX, &changes_size);
    if (!section_get(from, &partition_state, &new))
        return;
    if (!stop_means_something(&new.pending) || !stop_means_something(&new.told) || new.n_errors > ERRORS_MAX) {
        section_refuse(from, "no reason to stop, or more than %d errors", ERRORS_MAX);
        return;
    }
    if (guest_tree_load(p->tree, fdt, fdt_size, changes, changes_size))
        *p = new;
    else
        section_refuse(from, "the guest's tree or what it set in it is damaged");
}
