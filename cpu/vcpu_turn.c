/* SPDX-License-Identifier: MIT
 *
 * Virtual time: the vCPUs execute one at a time, in turn (docs/decisions/012-virtual-time-in-turn.md).
 *
 * A turn lasts as long as TURN instructions do and is measured in virtual time, which nothing moves but the instructions of the vCPU whose
 * turn it is.  So where a turn ends does not depend on the host: neither on how its threads are scheduled nor on kicks.  When all vCPUs are
 * idle, time goes to the next event.  Each function is called with set->lock.
 */
#include "cpu/vcpu_priv.h"

/* Long enough that handing over, which takes the host some microseconds, does not dominate. */
enum { TURN = 4096 };

bool vcpu_turn_is_mine(const Vcpus *set, const VcpuThread *t)
{
    return !set->in_turn || (set->turn_given && set->turn == t->pub.index);
}

/* A vCPU that a debugger holds or that naps has no part in this; an idle one has until something wakes it. */
static bool takes_part(const VcpuThread *t)
{
    return !t->held_back && !t->napping;
}

static bool can_run(const VcpuThread *t, uint64_t now)
{
    return takes_part(t) && (!t->asleep || t->awake || now >= t->deadline_ns);
}

static void give(Vcpus *set, unsigned index)
{
    TimeSource *ts = set->config.time;
    uint64_t end = set->n == 1 ? UINT64_MAX : time_now_ns(ts) + ((uint64_t)TURN << ts->icount_shift);
    set->turn = index;
    set->turn_given = true;
    __atomic_store_n(&ts->turn_end_ns, end, __ATOMIC_RELAXED);
    g_cond_broadcast(&set->vcpu[index].wake);
}

/* The first vCPU after `last` that can run gets the turn. */
static bool give_next(Vcpus *set, unsigned last)
{
    uint64_t now = time_now_ns(set->config.time);
    for (unsigned k = 1; k <= set->n; k++) {
        unsigned i = (last + k) % set->n;
        if (can_run(&set->vcpu[i], now)) {
            give(set, i);
            return true;
        }
    }
    return false;
}

/* When the next event comes that wakes somebody: a timer of a device or of a core. */
static uint64_t next_event(const Vcpus *set)
{
    uint64_t next = __atomic_load_n(&set->config.time->next_deadline_ns, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < set->n; i++)
        if (takes_part(&set->vcpu[i]) && set->vcpu[i].asleep)
            next = MIN(next, set->vcpu[i].deadline_ns);
    return next;
}

void vcpu_turn_pass(Vcpus *set)
{
    set->turn_given = false;
    if (give_next(set, set->turn))
        return;
    /* From here on it starts with the first vCPU, whoever was the last to look whether it is still idle. */
    uint64_t next = next_event(set);
    set->turn = set->n - 1;
    if (next == UINT64_MAX)
        return; /* vcpu_turn_offer(), when somebody outside wakes a vCPU */
    time_source_advance_to(set->config.time, next);
    if (give_next(set, set->turn))
        return;
    /* A device's timer: some vCPU has to leave its run for the platform to serve it. */
    for (unsigned i = 0; i < set->n; i++) {
        if (takes_part(&set->vcpu[i])) {
            give(set, i);
            return;
        }
    }
}

void vcpu_turn_offer(Vcpus *set)
{
    if (set->in_turn && set->running && !(set->turn_given && takes_part(&set->vcpu[set->turn])))
        vcpu_turn_pass(set);
}

void vcpu_turn_after(Vcpus *set, VcpuThread *t, bool go_on)
{
    const TimeSource *ts = set->config.time;
    const VcpuExit *exit = &t->pub.exit;

    if (!set->in_turn || !go_on) /* it is about to be parked, and goes on afterwards */
        return;
    if (exit->kind == VCPU_EXIT_IDLE) {
        t->asleep = true;
        t->deadline_ns = exit->idle.deadline_ns;
    }
    if (t->asleep || t->napping || time_now_ns(ts) >= __atomic_load_n(&ts->turn_end_ns, __ATOMIC_RELAXED))
        vcpu_turn_pass(set);
}

void vcpus_get_turn(const Vcpus *set, VcpusTurn *turn)
{
    *turn = (VcpusTurn){set->turn_given, set->turn, __atomic_load_n(&set->config.time->turn_end_ns, __ATOMIC_RELAXED)};
}

bool vcpus_set_turn(Vcpus *set, const VcpusTurn *turn)
{
    if (turn->vcpu >= set->n)
        return false;
    set->turn_given = turn->given;
    set->turn = turn->vcpu;
    __atomic_store_n(&set->config.time->turn_end_ns, turn->end_ns, __ATOMIC_RELAXED);
    return true;
}
