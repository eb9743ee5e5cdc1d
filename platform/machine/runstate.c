/* SPDX-License-Identifier: MIT
 *
 * Requests are bits in one word; an eventfd wakes the main loop.  run_apply() takes the word and makes at most one change of each
 * rank, most severe first; what to do in which state is the table `transitions`.
 */
#include "platform/machine/runstate.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cpu/log.h"
#include "cpu/timeline.h"
#include "platform/machine/runstate_ops.h"

static const struct {
    const char *name;
    bool runs;
} states[RUN_STATES] = {
#define X(id, name, runs, doc) {name, runs},
    RUN_STATE_LIST(X)
#undef X
};

static const struct {
    const char *name;
    RunClass class;
    bool guest;
} causes[RUN_CAUSES] = {
#define X(id, class, guest, doc) {#id, RUN_CLASS_##class, guest},
    RUN_CAUSE_LIST(X)
#undef X
};

/* What a request does in a state.  The columns are in the order of RunClass. */
/* clang-format off */
static const RunAction transitions[RUN_STATES][RUN_CLASSES] = {
    /*                             CONT     MIGRATE  STOP     POWERDWN WATCHDOG RESET    CRASH    SHUTDOWN QUIT     ERROR */
    [RUN_STATE_PRELAUNCH]      = {RUN_GO,  RUN_MIG, RUN_NOP, RUN_BTN, RUN_NOP, RUN_RST, RUN_NOP, RUN_OFF, RUN_END, RUN_ERR},
    [RUN_STATE_RUNNING]        = {RUN_NOP, RUN_MIG, RUN_HLT, RUN_BTN, RUN_DOG, RUN_RST, RUN_BAD, RUN_OFF, RUN_END, RUN_ERR},
    [RUN_STATE_PAUSED]         = {RUN_GO,  RUN_MIG, RUN_NOP, RUN_BTN, RUN_NOP, RUN_RST, RUN_BAD, RUN_OFF, RUN_END, RUN_ERR},
    [RUN_STATE_DEBUG]          = {RUN_GO,  RUN_MIG, RUN_HLT, RUN_BTN, RUN_NOP, RUN_RST, RUN_BAD, RUN_OFF, RUN_END, RUN_ERR},
    [RUN_STATE_SHUTDOWN]       = {RUN_NOP, RUN_MIG, RUN_NOP, RUN_NOP, RUN_NOP, RUN_RST, RUN_NOP, RUN_NOP, RUN_END, RUN_ERR},
    [RUN_STATE_WATCHDOG]       = {RUN_GO,  RUN_MIG, RUN_HLT, RUN_BTN, RUN_NOP, RUN_RST, RUN_BAD, RUN_OFF, RUN_END, RUN_ERR},
    [RUN_STATE_IO_ERROR]       = {RUN_GO,  RUN_NOP, RUN_HLT, RUN_BTN, RUN_NOP, RUN_RST, RUN_BAD, RUN_OFF, RUN_END, RUN_ERR},
    [RUN_STATE_GUEST_PANICKED] = {RUN_NOP, RUN_MIG, RUN_NOP, RUN_NOP, RUN_NOP, RUN_RST, RUN_NOP, RUN_OFF, RUN_END, RUN_ERR},
    [RUN_STATE_INMIGRATE]      = {RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_END, RUN_ERR},
    [RUN_STATE_FINISH_MIGRATE] = {RUN_NOP, RUN_MIG, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_END, RUN_ERR},
    [RUN_STATE_POSTMIGRATE]    = {RUN_GO,  RUN_MIG, RUN_NOP, RUN_NOP, RUN_NOP, RUN_RST, RUN_NOP, RUN_OFF, RUN_END, RUN_ERR},
    [RUN_STATE_INTERNAL_ERROR] = {RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_END, RUN_NOP},
    [RUN_STATE_FINISHED]       = {RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP, RUN_NOP},
};
/* clang-format on */

RunAction run_transition(RunStateId state, RunClass class)
{
    return transitions[state][class];
}

typedef struct Listener {
    RunListener *fn;
    void *opaque;
} Listener;

struct RunState {
    const RunPolicy *policy;
    const RunOps *ops;
    void *opaque;
    uint32_t state;   /* atomic RunStateId; written by run_apply() only */
    uint32_t pending; /* atomic: bit per RunCause */
    uint32_t made;    /* atomic: requests ever made, counted before they are pending */
    int wake_fd;
    guint wake_source;
    RunStateId moved_from; /* of FINISH_MIGRATE: where it leads back to */
    bool applying;
    int exit_status;
    GArray *listeners; /* of Listener */
};

const char *run_state_name(RunStateId id)
{
    return states[id].name;
}

const char *run_cause_name(RunCause cause)
{
    return causes[cause].name;
}

bool run_cause_by_guest(RunCause cause)
{
    return causes[cause].guest;
}

RunClass run_cause_class(RunCause cause)
{
    return causes[cause].class;
}

RunStateId run_state(const RunState *rs)
{
    return __atomic_load_n(&rs->state, __ATOMIC_ACQUIRE);
}

bool run_requested(const RunState *rs)
{
    return __atomic_load_n(&rs->pending, __ATOMIC_ACQUIRE) != 0;
}

int run_exit_status(const RunState *rs)
{
    return rs->exit_status;
}

uint32_t run_requests_made(const RunState *rs)
{
    return __atomic_load_n(&rs->made, __ATOMIC_SEQ_CST);
}

enum { CONT_BITS = 1u << RUN_CAUSE_HOST_CONT, STOP_BITS = 1u << RUN_CAUSE_HOST_STOP | 1u << RUN_CAUSE_DEBUG_STOP };

void run_request(RunState *rs, RunCause cause)
{
    uint32_t bit = 1u << cause, drop = 0, was, now;
    /* stop and cont cancel each other: the later one counts. */
    if (bit & CONT_BITS)
        drop = STOP_BITS;
    else if (bit & STOP_BITS)
        drop = CONT_BITS;
    __atomic_fetch_add(&rs->made, 1, __ATOMIC_SEQ_CST);
    was = __atomic_load_n(&rs->pending, __ATOMIC_RELAXED);
    do
        now = (was & ~drop) | bit;
    while (!__atomic_compare_exchange_n(&rs->pending, &was, now, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    int saved = errno; /* may be a signal handler */
    uint64_t one = 1;
    if (write(rs->wake_fd, &one, sizeof(one)) < 0) {
        /* The counter is full, so the main loop has been woken already. */
    }
    errno = saved;
}

void run_listen(RunState *rs, RunListener *fn, void *opaque)
{
    Listener l = {fn, opaque};
    g_array_append_val(rs->listeners, l);
}

static void tell(RunState *rs, RunEvent event, RunCause cause)
{
    static const char *const names[RUN_EVENTS] = {
        [RUN_EVENT_RESUME] = "resume",     [RUN_EVENT_STOP] = "stop",           [RUN_EVENT_RESET] = "reset",
        [RUN_EVENT_SHUTDOWN] = "shutdown", [RUN_EVENT_POWERDOWN] = "powerdown", [RUN_EVENT_WATCHDOG] = "watchdog",
        [RUN_EVENT_PANIC] = "panic",
    };
    timeline_instant(TIMELINE_MACHINE, TIMELINE_LANE_MACHINE, names[event], 0);
    for (guint i = 0; i < rs->listeners->len; i++) {
        Listener *l = &g_array_index(rs->listeners, Listener, i);
        l->fn(l->opaque, event, cause);
    }
}

static void enter(RunState *rs, RunStateId state)
{
    __atomic_store_n(&rs->state, (uint32_t)state, __ATOMIC_RELEASE);
}

/* Leaves RUNNING for `state`; elsewhere only the state changes.  vCPUs are parked already. */
static void halt(RunState *rs, RunStateId state, RunCause cause)
{
    bool ran = states[run_state(rs)].runs;
    if (ran)
        rs->ops->stop_time(rs->opaque);
    enter(rs, state);
    if (ran && state != RUN_STATE_FINISHED)
        tell(rs, RUN_EVENT_STOP, cause);
}

static void fail(RunState *rs, GError *error)
{
    message_error("%s", error->message);
    g_error_free(error);
    rs->exit_status = rs->policy->exit_host_failure;
    halt(rs, RUN_STATE_INTERNAL_ERROR, RUN_CAUSE_HOST_ERROR);
    if (!rs->policy->stay_on_error) {
        enter(rs, RUN_STATE_FINISHED);
        rs->ops->finished(rs->opaque);
    }
}

static void finish(RunState *rs, RunCause cause, int status)
{
    if (rs->exit_status == 0)
        rs->exit_status = status;
    halt(rs, RUN_STATE_FINISHED, cause);
    rs->ops->finished(rs->opaque);
}

static void reset(RunState *rs, RunCause cause)
{
    GError *error = NULL;
    bool running = states[run_state(rs)].runs;
    switch (rs->ops->reset(rs->opaque, cause, &error)) {
    case RUN_RESET_DONE:
        /* A vCPU that crashed on its way to be parked crashed in the machine that is reset now. */
        __atomic_fetch_and(&rs->pending, ~(1u << RUN_CAUSE_GUEST_CRASH), __ATOMIC_SEQ_CST);
        if (!running)
            enter(rs, RUN_STATE_PRELAUNCH);
        tell(rs, RUN_EVENT_RESET, cause);
        break;
    case RUN_RESET_REFUSED: /* nothing lost: the guest runs on */
        message_guest("reset: %s", error->message);
        g_error_free(error);
        break;
    case RUN_RESET_FAILED:
        fail(rs, error);
        break;
    }
}

static void shutdown(RunState *rs, RunCause cause)
{
    tell(rs, RUN_EVENT_SHUTDOWN, cause);
    if (rs->policy->pause_on_shutdown)
        halt(rs, RUN_STATE_SHUTDOWN, cause);
    else
        finish(rs, cause, 0);
}

static void crash(RunState *rs, RunCause cause)
{
    tell(rs, RUN_EVENT_PANIC, cause);
    switch (rs->policy->panic) {
    case RUN_PANIC_PAUSE:
        halt(rs, RUN_STATE_GUEST_PANICKED, cause);
        break;
    case RUN_PANIC_SHUTDOWN:
        tell(rs, RUN_EVENT_SHUTDOWN, cause);
        finish(rs, cause, rs->policy->exit_guest_crash);
        break;
    }
}

/* What a request comes to in the state that it meets: a cell of the table, or the user's choice in its place. */
static RunAction action_for(RunState *rs, RunCause cause)
{
    RunAction action = run_transition(run_state(rs), causes[cause].class);
    if (action == RUN_DOG) {
        action = rs->policy->watchdog;
        tell(rs, RUN_EVENT_WATCHDOG, cause);
    }
    if (action == RUN_RST && rs->policy->shutdown_on_reset)
        action = RUN_OFF;
    return action;
}

static RunStateId halted_by(RunCause cause)
{
    return cause == RUN_CAUSE_DEBUG_STOP       ? RUN_STATE_DEBUG
           : cause == RUN_CAUSE_GUEST_WATCHDOG ? RUN_STATE_WATCHDOG
           : cause == RUN_CAUSE_DRIVE_ERROR    ? RUN_STATE_IO_ERROR
                                               : RUN_STATE_PAUSED;
}

static void migrate(RunState *rs, RunCause cause)
{
    RunStateId was = run_state(rs);
    if (cause == RUN_CAUSE_MIGRATION_IN && was == RUN_STATE_PRELAUNCH)
        enter(rs, RUN_STATE_INMIGRATE);
    else if (cause == RUN_CAUSE_MIGRATION_STOP && was != RUN_STATE_FINISH_MIGRATE && was != RUN_STATE_INMIGRATE) {
        rs->moved_from = states[was].runs ? RUN_STATE_PAUSED : was;
        halt(rs, RUN_STATE_FINISH_MIGRATE, cause);
    } else if (cause == RUN_CAUSE_MIGRATION_DONE && was == RUN_STATE_FINISH_MIGRATE)
        enter(rs, RUN_STATE_POSTMIGRATE);
    else if (cause == RUN_CAUSE_MIGRATION_FAILED && was == RUN_STATE_FINISH_MIGRATE)
        enter(rs, rs->moved_from);
}

/* Carries one request out, and returns what was done: RUN_NOP where the request means nothing in this state. */
static RunAction apply_one(RunState *rs, RunCause cause)
{
    RunAction action = action_for(rs, cause);
    switch (action) {
    case RUN_FORGOTTEN:
    case RUN_NOP:
    case RUN_DOG:
        return RUN_NOP;
    case RUN_GO:
        enter(rs, RUN_STATE_RUNNING);
        rs->ops->start_time(rs->opaque);
        tell(rs, RUN_EVENT_RESUME, cause);
        break;
    case RUN_HLT:
        halt(rs, halted_by(cause), cause);
        break;
    case RUN_MIG:
        migrate(rs, cause);
        break;
    case RUN_BTN:
        rs->ops->power_button(rs->opaque);
        tell(rs, RUN_EVENT_POWERDOWN, cause);
        break;
    case RUN_RST:
        reset(rs, cause);
        break;
    case RUN_OFF:
        shutdown(rs, cause);
        break;
    case RUN_BAD:
        crash(rs, cause);
        break;
    case RUN_END:
        tell(rs, RUN_EVENT_SHUTDOWN, cause);
        finish(rs, cause, 0);
        break;
    case RUN_ERR:
        fail(rs, g_error_copy(rs->ops->host_error(rs->opaque)));
        break;
    }
    return action;
}

/*
 * Whether something that was done in a batch leaves a less severe request of the batch without an object.  A reset leaves no vCPU that
 * asked for another one; a crash leaves none that could be reset by its own request; whoever is off or ends is asked nothing more.
 * A request that came to nothing (it meant nothing in its state) leaves the others as they were.
 */
static bool is_moot(RunClass lesser, RunAction done)
{
    switch (done) {
    case RUN_OFF:
    case RUN_END:
    case RUN_ERR:
        return true;
    case RUN_RST:
    case RUN_BAD:
        return lesser == RUN_CLASS_WATCHDOG || lesser == RUN_CLASS_RESET;
    case RUN_FORGOTTEN:
    case RUN_NOP:
    case RUN_GO:
    case RUN_HLT:
    case RUN_MIG:
    case RUN_BTN:
    case RUN_DOG:
        return false;
    }
    g_assert_not_reached();
}

void run_apply(RunState *rs)
{
    g_assert(!rs->applying);
    uint32_t pending = __atomic_exchange_n(&rs->pending, 0, __ATOMIC_SEQ_CST);
    if (!pending)
        return;
    rs->applying = true;
    rs->ops->park(rs->opaque);
    /* A vCPU may have asked for something on its way to the parking place. */
    pending |= __atomic_exchange_n(&rs->pending, 0, __ATOMIC_SEQ_CST);
    RunAction done[RUN_CAUSES];
    unsigned n_done = 0;
    for (int cause = RUN_CAUSES - 1; cause >= 0; cause--) {
        bool moot = !(pending & 1u << cause);
        for (unsigned i = 0; i < n_done && !moot; i++)
            moot = is_moot(causes[cause].class, done[i]);
        if (!moot)
            done[n_done++] = apply_one(rs, (RunCause)cause);
    }
    rs->applying = false;
    GError *error = NULL;
    if (states[run_state(rs)].runs && !rs->ops->resume(rs->opaque, &error))
        fail(rs, error);
}

/* A vCPU that asked for something on its way to the parking place gets it first: let go, it would run past that. */
bool run_hold(RunState *rs)
{
    run_apply(rs);
    while (states[run_state(rs)].runs) {
        rs->ops->park(rs->opaque);
        if (!__atomic_load_n(&rs->pending, __ATOMIC_SEQ_CST))
            return true;
        run_apply(rs);
    }
    return false;
}

void run_let_go(RunState *rs)
{
    GError *error = NULL;
    if (!rs->ops->resume(rs->opaque, &error))
        fail(rs, error);
}

static gboolean woken(gint fd, GIOCondition condition, gpointer opaque)
{
    uint64_t count;
    if (read(fd, &count, sizeof(count)) == sizeof(count))
        run_apply(opaque);
    return G_SOURCE_CONTINUE;
}

RunState *run_new(const RunPolicy *policy, const RunOps *ops, void *opaque, GError **error)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "run state: eventfd: %s", g_strerror(errno));
        return NULL;
    }
    RunState *rs = g_new0(RunState, 1);
    rs->policy = policy;
    rs->ops = ops;
    rs->opaque = opaque;
    rs->state = RUN_STATE_PRELAUNCH;
    rs->wake_fd = fd;
    rs->wake_source = g_unix_fd_add(fd, G_IO_IN, woken, rs);
    rs->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
    return rs;
}

void run_free(RunState *rs)
{
    if (!rs)
        return;
    g_source_remove(rs->wake_source);
    close(rs->wake_fd);
    g_array_unref(rs->listeners);
    g_free(rs);
}

bool run_restore(RunState *rs, RunStateId state)
{
    if (state >= RUN_STATE_INTERNAL_ERROR)
        return false;
    enter(rs, states[state].runs ? RUN_STATE_PAUSED : state);
    return true;
}
