/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "platform/machine/runstate_ops.h"
#include "tests/unit/unit.h"

/* A machine that only writes down what is asked of it. */
typedef struct Fake {
    GString *log;
    RunResetResult reset_result;
    GError *error;
    bool resume_fails;
    RunState *rs;
    int request_while_parking, request_in_reset; /* RunCause, or −1 */
    bool deferred;                               /* a vCPU waits for the answer to its hypercall; a reset gives one */
} Fake;

static void park(void *opaque)
{
    Fake *f = opaque;
    g_string_append(f->log, "park ");
    if (f->request_while_parking >= 0)
        run_request(f->rs, (RunCause)f->request_while_parking);
    f->request_while_parking = -1;
}

static bool resume(void *opaque, GError **error)
{
    Fake *f = opaque;
    if (f->resume_fails) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "vCPU 0: writing gpr: no");
        return false;
    }
    g_assert_false(f->deferred);
    g_string_append(f->log, "resume ");
    return true;
}

static void start_time(void *opaque)
{
    g_string_append(((Fake *)opaque)->log, "start ");
}

static void stop_time(void *opaque)
{
    g_string_append(((Fake *)opaque)->log, "stop ");
}

static RunResetResult reset(void *opaque, RunCause cause, GError **error)
{
    Fake *f = opaque;
    g_string_append(f->log, "reset ");
    f->deferred = false;
    if (f->request_in_reset >= 0)
        run_request(f->rs, (RunCause)f->request_in_reset);
    if (f->reset_result != RUN_RESET_DONE)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "prepare: no");
    return f->reset_result;
}

static const GError *host_error(void *opaque)
{
    return ((Fake *)opaque)->error;
}

static void finished(void *opaque)
{
    g_string_append(((Fake *)opaque)->log, "finished ");
}

static void power_button(void *opaque)
{
    g_string_append(((Fake *)opaque)->log, "button ");
}

static const RunOps ops = {park, resume, start_time, stop_time, reset, host_error, finished, power_button};

static void hear(void *opaque, RunEvent event, RunCause cause)
{
    static const char *const names[] = {"RESUME ", "STOP ", "RESET ", "SHUTDOWN ", "POWERDOWN ", "WATCHDOG ", "PANIC "};
    g_assert_cmpuint(event, <, G_N_ELEMENTS(names));
    g_string_append(((Fake *)opaque)->log, names[event]);
}

static void fake_init(Fake *f, const RunPolicy *policy)
{
    *f = (Fake){.log = g_string_new(NULL), .request_while_parking = -1, .request_in_reset = -1};
    f->error = g_error_new(G_FILE_ERROR, G_FILE_ERROR_FAILED, "host: no");
    f->rs = run_new(policy, &ops, f, NULL);
    g_assert_nonnull(f->rs);
    run_listen(f->rs, hear, f);
}

static void fake_clear(Fake *f)
{
    run_free(f->rs);
    g_error_free(f->error);
    g_string_free(f->log, TRUE);
}

/* Applies one request and compares what happened. */
static void expect(Fake *f, RunCause cause, RunStateId state, const char *log)
{
    g_string_truncate(f->log, 0);
    run_request(f->rs, cause);
    run_apply(f->rs);
    g_assert_cmpstr(f->log->str, ==, log);
    g_assert_cmpstr(run_state_name(run_state(f->rs)), ==, run_state_name(state));
    g_assert_cmpint(run_state(f->rs), ==, state);
}

static void quiet(void)
{
    /* Other tests look at the messages; here they would only be among the results. */
    g_assert_nonnull(freopen("/dev/null", "w", stderr));
}

static const RunPolicy plain = {.watchdog = RUN_RST, .exit_host_failure = 1, .exit_guest_crash = 3};

/* The way into each state from a fresh machine. */
static const struct {
    RunStateId state;
    RunPolicy policy;
    RunCause causes[3];
    unsigned n;
} ways[] = {
    {RUN_STATE_PRELAUNCH, {.watchdog = RUN_RST}, {0}, 0},
    {RUN_STATE_RUNNING, {.watchdog = RUN_RST}, {RUN_CAUSE_HOST_CONT}, 1},
    {RUN_STATE_PAUSED, {.watchdog = RUN_RST}, {RUN_CAUSE_HOST_CONT, RUN_CAUSE_HOST_STOP}, 2},
    {RUN_STATE_DEBUG, {.watchdog = RUN_RST}, {RUN_CAUSE_HOST_CONT, RUN_CAUSE_DEBUG_STOP}, 2},
    {RUN_STATE_SHUTDOWN,
     {.pause_on_shutdown = true, .watchdog = RUN_RST},
     {RUN_CAUSE_HOST_CONT, RUN_CAUSE_GUEST_SHUTDOWN_HCALL},
     2},
    {RUN_STATE_WATCHDOG, {.watchdog = RUN_HLT}, {RUN_CAUSE_HOST_CONT, RUN_CAUSE_GUEST_WATCHDOG}, 2},
    {RUN_STATE_IO_ERROR, {.watchdog = RUN_RST}, {RUN_CAUSE_HOST_CONT, RUN_CAUSE_DRIVE_ERROR}, 2},
    {RUN_STATE_GUEST_PANICKED, {.panic = RUN_PANIC_PAUSE, .watchdog = RUN_RST}, {RUN_CAUSE_HOST_CONT, RUN_CAUSE_GUEST_CRASH}, 2},
    {RUN_STATE_INMIGRATE, {.watchdog = RUN_RST}, {RUN_CAUSE_MIGRATION_IN}, 1},
    {RUN_STATE_FINISH_MIGRATE, {.watchdog = RUN_RST}, {RUN_CAUSE_HOST_CONT, RUN_CAUSE_MIGRATION_STOP}, 2},
    {RUN_STATE_POSTMIGRATE, {.watchdog = RUN_RST}, {RUN_CAUSE_HOST_CONT, RUN_CAUSE_MIGRATION_STOP, RUN_CAUSE_MIGRATION_DONE}, 3},
    {RUN_STATE_INTERNAL_ERROR, {.stay_on_error = true, .watchdog = RUN_RST}, {RUN_CAUSE_HOST_CONT, RUN_CAUSE_HOST_ERROR}, 2},
    {RUN_STATE_FINISHED, {.watchdog = RUN_RST}, {RUN_CAUSE_HOST_CONT, RUN_CAUSE_HOST_QUIT}, 2},
};
G_STATIC_ASSERT(G_N_ELEMENTS(ways) == RUN_STATES); /* a state without a way into it would not be tested */

/*
 * Where each request leads from each state, under the policy of the state's row in `ways`.  Written out by hand, so that the table of
 * runstate.c is compared with something that does not come from it.  One letter for each cause in the order of RUN_CAUSE_LIST:
 * '.' the state stays, else the state it becomes: L prelaunch, R running, P paused, D debug, I io-error, m inmigrate,
 * f finish-migrate, p postmigrate, F finished.
 */
/* clang-format off */
static const char *const leads_to[RUN_STATES] = {
    /*                            cont                       guest's watchdog
     *                            | migration: in, stop,     | four resets
     *                            | |    done, failed        | |   crash
     *                            | |    stop                | |   |
     *                            | |    | debug stop        | |   |
     *                            | |    | | drive error     | |   | two shutdowns
     *                            | |    | | | powerdown     | |   | |  signal, quit, host error
     *                            v v    v v v v             v v   v v  v */
    [RUN_STATE_PRELAUNCH]      = "R" "mf.." "." "." "." "."  "." "...." "." "FF" "FFF",
    [RUN_STATE_RUNNING]        = "." ".f.." "P" "D" "I" "."  "." "...." "F" "FF" "FFF",
    [RUN_STATE_PAUSED]         = "R" ".f.." "." "." "." "."  "." "LLLL" "F" "FF" "FFF",
    [RUN_STATE_DEBUG]          = "R" ".f.." "P" "." "I" "."  "." "LLLL" "F" "FF" "FFF",
    [RUN_STATE_SHUTDOWN]       = "." ".f.." "." "." "." "."  "." "LLLL" "." ".." "FFF",
    [RUN_STATE_WATCHDOG]       = "R" ".f.." "P" "D" "I" "."  "." "LLLL" "F" "FF" "FFF",
    [RUN_STATE_IO_ERROR]       = "R" "...." "P" "D" "." "."  "." "LLLL" "F" "FF" "FFF",
    [RUN_STATE_GUEST_PANICKED] = "." ".f.." "." "." "." "."  "." "LLLL" "." "FF" "FFF",
    [RUN_STATE_INMIGRATE]      = "." "...." "." "." "." "."  "." "...." "." ".." "FFF",
    [RUN_STATE_FINISH_MIGRATE] = "." "..pP" "." "." "." "."  "." "...." "." ".." "FFF",
    [RUN_STATE_POSTMIGRATE]    = "R" ".f.." "." "." "." "."  "." "LLLL" "." "FF" "FFF",
    [RUN_STATE_INTERNAL_ERROR] = "." "...." "." "." "." "."  "." "...." "." ".." "FF.",
    [RUN_STATE_FINISHED]       = "." "...." "." "." "." "."  "." "...." "." ".." "...",
};
/* clang-format on */

static RunStateId expected_state(RunStateId from, RunCause cause)
{
    g_assert_nonnull(leads_to[from]);
    g_assert_cmpuint(strlen(leads_to[from]), ==, RUN_CAUSES);
    switch (leads_to[from][cause]) {
    case '.':
        return from;
    case 'L':
        return RUN_STATE_PRELAUNCH;
    case 'R':
        return RUN_STATE_RUNNING;
    case 'P':
        return RUN_STATE_PAUSED;
    case 'D':
        return RUN_STATE_DEBUG;
    case 'I':
        return RUN_STATE_IO_ERROR;
    case 'm':
        return RUN_STATE_INMIGRATE;
    case 'f':
        return RUN_STATE_FINISH_MIGRATE;
    case 'p':
        return RUN_STATE_POSTMIGRATE;
    case 'F':
        return RUN_STATE_FINISHED;
    }
    g_assert_not_reached();
}

static void test_every_transition(gconstpointer which)
{
    const unsigned cell = GPOINTER_TO_UINT(which);
    const unsigned w = cell / RUN_CAUSES;
    const RunCause cause = cell % RUN_CAUSES;
    Fake f;
    fake_init(&f, &ways[w].policy);
    for (unsigned i = 0; i < ways[w].n; i++) {
        run_request(f.rs, ways[w].causes[i]);
        run_apply(f.rs);
    }
    g_assert_cmpint(run_state(f.rs), ==, ways[w].state);
    RunStateId want = expected_state(ways[w].state, cause);
    run_request(f.rs, cause);
    g_string_truncate(f.log, 0);
    run_apply(f.rs);
    g_assert_cmpint(run_state(f.rs), ==, want);
    /* vCPUs were parked for it, and run again exactly when the state says so. */
    g_assert_true(g_str_has_prefix(f.log->str, "park "));
    g_assert_cmpint(strstr(f.log->str, "resume ") != NULL, ==, want == RUN_STATE_RUNNING);
    fake_clear(&f);
}

static void test_every_cell(void)
{
    for (unsigned s = 0; s < RUN_STATES; s++)
        for (unsigned c = 0; c < RUN_CLASSES; c++)
            if (run_transition(s, c) == RUN_FORGOTTEN)
                g_error("runstate.c: transitions says nothing of state %s (%u), class %u", run_state_name(s), s, c);
}

static void test_terminal_states(void)
{
    for (unsigned c = 0; c < RUN_CLASSES; c++) {
        g_assert_cmpint(run_transition(RUN_STATE_FINISHED, c), ==, RUN_NOP);
        if (c != RUN_CLASS_QUIT)
            g_assert_cmpint(run_transition(RUN_STATE_INTERNAL_ERROR, c), ==, RUN_NOP);
    }
    for (unsigned s = 0; s < RUN_STATES; s++)
        if (s != RUN_STATE_FINISHED)
            g_assert_cmpint(run_transition(s, RUN_CLASS_QUIT), ==, RUN_END);
}

static void test_order_of_events(void)
{
    Fake f;
    fake_init(&f, &plain);
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    expect(&f, RUN_CAUSE_HOST_STOP, RUN_STATE_PAUSED, "park stop STOP ");
    expect(&f, RUN_CAUSE_HOST_RESET, RUN_STATE_PRELAUNCH, "park reset RESET ");
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    expect(&f, RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING, "park reset RESET resume ");
    expect(&f, RUN_CAUSE_GUEST_SHUTDOWN_HCALL, RUN_STATE_FINISHED, "park SHUTDOWN stop finished ");
    g_assert_cmpint(run_exit_status(f.rs), ==, 0);
    fake_clear(&f);
}

static void batch(Fake *f, const RunCause *causes, unsigned n, RunStateId state, const char *log)
{
    run_request(f->rs, RUN_CAUSE_HOST_CONT);
    run_apply(f->rs);
    for (unsigned i = 0; i < n; i++) {
        f->deferred |= causes[i] == RUN_CAUSE_GUEST_RESET_HCALL || causes[i] == RUN_CAUSE_GUEST_SHUTDOWN_HCALL;
        run_request(f->rs, causes[i]);
    }
    g_string_truncate(f->log, 0);
    run_apply(f->rs);
    g_assert_cmpstr(f->log->str, ==, log);
    g_assert_cmpint(run_state(f->rs), ==, state);
    g_assert_false(run_requested(f->rs));
    fake_clear(f);
}

static void test_severity(void)
{
    Fake f;
    fake_init(&f, &plain);
    batch(&f, (RunCause[]){RUN_CAUSE_GUEST_RESET_HCALL, RUN_CAUSE_GUEST_SHUTDOWN_HCALL, RUN_CAUSE_GUEST_RESET_DEVICE}, 3,
          RUN_STATE_FINISHED, "park SHUTDOWN stop finished ");
    fake_init(&f, &plain);
    batch(&f, (RunCause[]){RUN_CAUSE_GUEST_RESET_HCALL, RUN_CAUSE_GUEST_RESET_DEVICE, RUN_CAUSE_GUEST_WATCHDOG}, 3,
          RUN_STATE_RUNNING, "park reset RESET resume ");
    fake_init(&f, &plain);
    batch(&f, (RunCause[]){RUN_CAUSE_HOST_STOP, RUN_CAUSE_HOST_RESET}, 2, RUN_STATE_PAUSED, "park reset RESET stop STOP ");
}

/* A request that came to nothing, or only told the guest something, leaves the guest's own requests of the batch alone. */
static void test_power_button_in_batches(void)
{
    static const struct {
        RunCause other;
        RunStateId state;
        const char *log;
    } rows[] = {
        {RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING, "park reset RESET button POWERDOWN resume "},
        {RUN_CAUSE_GUEST_SYSTEM_RESET, RUN_STATE_RUNNING, "park reset RESET button POWERDOWN resume "},
        {RUN_CAUSE_GUEST_RESET_DEVICE, RUN_STATE_RUNNING, "park reset RESET button POWERDOWN resume "},
        {RUN_CAUSE_GUEST_WATCHDOG, RUN_STATE_RUNNING, "park WATCHDOG reset RESET button POWERDOWN resume "},
        {RUN_CAUSE_GUEST_SHUTDOWN_HCALL, RUN_STATE_FINISHED, "park SHUTDOWN stop finished "},
        {RUN_CAUSE_GUEST_SHUTDOWN_DEVICE, RUN_STATE_FINISHED, "park SHUTDOWN stop finished "},
        {RUN_CAUSE_HOST_STOP, RUN_STATE_PAUSED, "park button POWERDOWN stop STOP "},
    };
    FOR_ROWS (i, rows) {
        g_test_message("with %s", run_cause_name(rows[i].other));
        Fake f;
        fake_init(&f, &plain);
        batch(&f, (RunCause[]){RUN_CAUSE_HOST_POWERDOWN, rows[i].other}, 2, rows[i].state, rows[i].log);
    }
}

/* A crash means nothing to a guest that is off; it must not take the host's reset with it. */
static void test_nothing_makes_nothing_moot(void)
{
    RunPolicy policy = plain;
    policy.pause_on_shutdown = true;
    Fake f;
    fake_init(&f, &policy);
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    expect(&f, RUN_CAUSE_GUEST_SHUTDOWN_HCALL, RUN_STATE_SHUTDOWN, "park SHUTDOWN stop STOP ");
    run_request(f.rs, RUN_CAUSE_GUEST_CRASH);
    run_request(f.rs, RUN_CAUSE_GUEST_SHUTDOWN_DEVICE);
    expect(&f, RUN_CAUSE_HOST_RESET, RUN_STATE_PRELAUNCH, "park reset RESET ");
    fake_clear(&f);
}

static void test_stop_and_cont(void)
{
    Fake f;
    fake_init(&f, &plain);
    batch(&f, (RunCause[]){RUN_CAUSE_HOST_STOP, RUN_CAUSE_HOST_CONT}, 2, RUN_STATE_RUNNING, "park resume ");
    fake_init(&f, &plain);
    batch(&f, (RunCause[]){RUN_CAUSE_HOST_CONT, RUN_CAUSE_HOST_STOP}, 2, RUN_STATE_PAUSED, "park stop STOP ");
}

static void test_request_on_the_way_to_parking(void)
{
    Fake f;
    fake_init(&f, &plain);
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    f.request_while_parking = RUN_CAUSE_GUEST_SHUTDOWN_HCALL;
    expect(&f, RUN_CAUSE_HOST_STOP, RUN_STATE_FINISHED, "park SHUTDOWN stop finished ");
    fake_clear(&f);
}

static void test_reset_refused(void)
{
    Fake f;
    fake_init(&f, &plain);
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    f.reset_result = RUN_RESET_REFUSED;
    expect(&f, RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING, "park reset resume ");
    f.reset_result = RUN_RESET_DONE;
    expect(&f, RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING, "park reset RESET resume ");
    fake_clear(&f);
}

static void test_reset_failed(void)
{
    RunPolicy watched = plain;
    watched.stay_on_error = true;
    Fake f;
    fake_init(&f, &watched);
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    f.reset_result = RUN_RESET_FAILED;
    expect(&f, RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_INTERNAL_ERROR, "park reset stop STOP ");
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_INTERNAL_ERROR, "park ");
    expect(&f, RUN_CAUSE_HOST_QUIT, RUN_STATE_FINISHED, "park SHUTDOWN finished ");
    g_assert_cmpint(run_exit_status(f.rs), ==, 1);
    fake_clear(&f);
}

static void test_failed_write_back(void)
{
    Fake f;
    fake_init(&f, &plain);
    f.resume_fails = true;
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_FINISHED, "park start RESUME stop STOP finished ");
    g_assert_cmpint(run_exit_status(f.rs), ==, 1);
    fake_clear(&f);
}

static void test_no_reboot(void)
{
    RunPolicy policy = plain;
    policy.shutdown_on_reset = true;
    Fake f;
    fake_init(&f, &policy);
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    expect(&f, RUN_CAUSE_GUEST_RESET_DEVICE, RUN_STATE_FINISHED, "park SHUTDOWN stop finished ");
    g_assert_cmpint(run_exit_status(f.rs), ==, 0);
    fake_clear(&f);
}

static void test_crash_status(void)
{
    Fake f;
    fake_init(&f, &plain);
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    expect(&f, RUN_CAUSE_GUEST_CRASH, RUN_STATE_FINISHED, "park PANIC SHUTDOWN stop finished ");
    g_assert_cmpint(run_exit_status(f.rs), ==, 3);
    fake_clear(&f);
}

/* One vCPU asks for a reset, another meets its checkstop on the way to the parking place. */
static void test_crash_before_reset(void)
{
    Fake f;
    fake_init(&f, &plain);
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    f.request_in_reset = RUN_CAUSE_GUEST_CRASH;
    expect(&f, RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING, "park reset RESET resume ");
    run_apply(f.rs);
    g_assert_cmpint(run_state(f.rs), ==, RUN_STATE_RUNNING);
    f.request_in_reset = RUN_CAUSE_HOST_ERROR;
    expect(&f, RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING, "park reset RESET resume ");
    run_apply(f.rs);
    g_assert_cmpint(run_state(f.rs), ==, RUN_STATE_FINISHED);
    fake_clear(&f);
}

/* What keeps a vCPU from going on while its request is on the way. */
static void test_made_outlives_pending(void)
{
    Fake f;
    fake_init(&f, &plain);
    uint32_t before = run_requests_made(f.rs);
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    g_assert_cmpuint(run_requests_made(f.rs), ==, before + 1);
    run_request(f.rs, RUN_CAUSE_DEBUG_STOP);
    g_assert_cmpuint(run_requests_made(f.rs), ==, before + 2);
    run_apply(f.rs);
    g_assert_cmpuint(run_requests_made(f.rs), ==, before + 2);
    fake_clear(&f);
}

enum { THREADS = 4, REQUESTS = 1000 };

static void *ask(void *rs)
{
    for (int i = 0; i < REQUESTS; i++)
        run_request(rs, i % 2 ? RUN_CAUSE_GUEST_RESET_HCALL : RUN_CAUSE_HOST_STOP);
    run_request(rs, RUN_CAUSE_GUEST_SHUTDOWN_HCALL);
    return NULL;
}

static void test_threads(void)
{
    Fake f;
    GThread *threads[THREADS];
    fake_init(&f, &plain);
    expect(&f, RUN_CAUSE_HOST_CONT, RUN_STATE_RUNNING, "park start RESUME resume ");
    for (int i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("ask", ask, f.rs);
    while (run_state(f.rs) != RUN_STATE_FINISHED)
        g_main_context_iteration(NULL, TRUE); /* the request itself wakes the loop */
    for (int i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);
    run_apply(f.rs);
    g_assert_cmpint(run_state(f.rs), ==, RUN_STATE_FINISHED);
    fake_clear(&f);
}

UNIT_TESTS(runstate)
{
    quiet();
    g_test_add_func("/runstate/every-state-answers-every-class", test_every_cell);
    FOR_ROWS (w, ways) {
        for (unsigned c = 0; c < RUN_CAUSES; c++) {
            g_autofree char *path =
                g_strdup_printf("/runstate/%s-%u/%s", run_state_name(ways[w].state), ways[w].state, run_cause_name(c));
            g_test_add_data_func(path, GUINT_TO_POINTER(w * RUN_CAUSES + c), test_every_transition);
        }
    }
    g_test_add_func("/runstate/only-quit-leads-out-of-internal-error", test_terminal_states);
    g_test_add_func("/runstate/events-come-in-order", test_order_of_events);
    g_test_add_func("/runstate/the-most-severe-request-wins", test_severity);
    g_test_add_func("/runstate/the-power-button-loses-no-request", test_power_button_in_batches);
    g_test_add_func("/runstate/what-came-to-nothing-makes-nothing-moot", test_nothing_makes_nothing_moot);
    g_test_add_func("/runstate/the-later-of-stop-and-cont-counts", test_stop_and_cont);
    g_test_add_func("/runstate/a-request-on-the-way-to-parking-is-not-lost", test_request_on_the_way_to_parking);
    g_test_add_func("/runstate/a-refused-reset-lets-the-guest-run-on", test_reset_refused);
    g_test_add_func("/runstate/a-failed-reset-pretends-nothing", test_reset_failed);
    g_test_add_func("/runstate/a-failed-write-back-stops-the-machine", test_failed_write_back);
    g_test_add_func("/runstate/no-reboot-ends-at-a-reset", test_no_reboot);
    g_test_add_func("/runstate/a-crash-has-its-own-exit-status", test_crash_status);
    g_test_add_func("/runstate/a-crash-from-before-a-reset-is-none-after-it", test_crash_before_reset);
    g_test_add_func("/runstate/a-request-counts-as-made-after-it-was-taken", test_made_outlives_pending);
    g_test_add_func("/runstate/requests-from-many-threads-end-in-shutdown", test_threads);
}
