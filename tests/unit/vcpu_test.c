/* SPDX-License-Identifier: MIT
 *
 * vCPU threads, write-back hooks and rebuilding, with an accelerator that only keeps books.
 */
#include "cpu/vcpu.h"
#include "tests/unit/unit.h"

#include <string.h>

enum { CPUS = 2, STORY_MAX = 64 };

typedef struct FakeVm {
    AccelVm base;
    unsigned serial;
    unsigned n_ram, n_eventfds;
    bool source[ACCEL_MPIC_SOURCES];
    bool logging;
    uint64_t written; /* sum of sizes */
} FakeVm;

typedef struct FakeVcpu {
    AccelVcpu base;
    unsigned index;
    GThread *thread; /* it was created in: every call must come from there */
    E500State state;
    bool kicked; /* atomic */
    uint32_t irqs;
    unsigned points; /* break- and watchpoints */
} FakeVcpu;

/* Books, and orders for what to do; one test at a time. */
static struct {
    unsigned vms_open, vcpus_alive, vms_made;
    int put_levels[STORY_MAX];
    unsigned n_puts;
    unsigned completions; /* pending exits that took effect */
    int fail_create;      /* this vCPU index fails on VMs after the first; −1: none */
    bool fail_put;
    unsigned more_caps;
    bool fail_eventfd, fail_source, fail_log; /* on VMs after the first */
    VcpuExitKind first_exit;                  /* of each vCPU's first run; then INTR at kicks */
    VcpuExitKind completes_with;              /* the first completion */
    unsigned served[VCPU_EXIT_KINDS];
    unsigned ran; /* a bit for each vCPU */
} book;
static GMutex book_lock;

static AccelVm *vm_open(const AccelConfig *config, GError **error);

static bool available(char **why_not)
{
    return true;
}

static void vm_close(AccelVm *vm)
{
    book.vms_open--;
    g_free(vm);
}

static unsigned vm_caps(const AccelVm *vm)
{
    return ACCEL_CAP_HCALL_EXIT | ACCEL_CAP_REBUILD | ACCEL_CAP_STATE_WRITE | book.more_caps;
}

static bool vm_map_ram(AccelVm *vm, const AccelRam *ram, GError **error)
{
    ((FakeVm *)vm)->n_ram++;
    return true;
}

static bool refuse(AccelVm *vm, bool wanted, const char *what, GError **error)
{
    if (!wanted || ((FakeVm *)vm)->serial == 1)
        return false;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "%s: no memory", what);
    return true;
}

static void vm_ram_written(AccelVm *vm, uint64_t gpa, uint64_t size)
{
    ((FakeVm *)vm)->written += size;
}

static bool vm_dirty_log(AccelVm *vm, bool on, GError **error)
{
    if (refuse(vm, book.fail_log, "dirty log", error))
        return false;
    ((FakeVm *)vm)->logging = on;
    return true;
}

static bool vm_eventfd(AccelVm *vm, const AccelEventfd *eventfd, GError **error)
{
    if (refuse(vm, book.fail_eventfd, "eventfd", error))
        return false;
    ((FakeVm *)vm)->n_eventfds++;
    return true;
}

static bool vm_set_source(AccelVm *vm, unsigned source, bool level, GError **error)
{
    if (refuse(vm, book.fail_source, "source", error))
        return false;
    ((FakeVm *)vm)->source[source] = level;
    return true;
}

static unsigned vm_hcall_instructions(const AccelVm *vm, uint32_t insn[4])
{
    insn[0] = 0x44000022;
    return 1;
}

static AccelVcpu *vcpu_create(AccelVm *vm, unsigned index, GError **error)
{
    if (((FakeVm *)vm)->serial > 1 && (int)index == book.fail_create) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOMEM, "vCPU %u: no memory", index);
        return NULL;
    }
    FakeVcpu *v = g_new0(FakeVcpu, 1);
    v->base.vm = vm;
    v->index = index;
    v->thread = g_thread_self();
    book.vcpus_alive++;
    return &v->base;
}

static FakeVcpu *own(AccelVcpu *vcpu)
{
    FakeVcpu *v = (FakeVcpu *)vcpu;
    g_assert_true(v->thread == g_thread_self());
    return v;
}

static void vcpu_destroy(AccelVcpu *vcpu)
{
    g_free(own(vcpu));
    book.vcpus_alive--;
}

static void vcpu_run(AccelVcpu *vcpu, VcpuExit *exit, bool complete_only)
{
    FakeVcpu *v = own(vcpu);
    g_mutex_lock(&book_lock);
    if (exit->kind == VCPU_EXIT_MMIO || exit->kind == VCPU_EXIT_EPAPR_HCALL) {
        book.completions++;
        v->state.gpr[3].w = exit->kind == VCPU_EXIT_MMIO ? (uint32_t)exit->mmio.data : (uint32_t)exit->epapr_hcall.ret;
    }
    VcpuExitKind next = book.first_exit;
    book.first_exit = VCPU_EXIT_INTR;
    if (!complete_only)
        book.ran |= 1u << v->index;
    g_mutex_unlock(&book_lock);
    *exit = (VcpuExit){.kind = VCPU_EXIT_INTR};
    if (complete_only) {
        exit->kind = book.completes_with;
        book.completes_with = VCPU_EXIT_INTR;
        return;
    }
    if (next != VCPU_EXIT_INTR) {
        exit->kind = next;
        if (next == VCPU_EXIT_IDLE)
            exit->idle.deadline_ns = UINT64_MAX;
        return;
    }
    while (!__atomic_exchange_n(&v->kicked, false, __ATOMIC_SEQ_CST))
        g_thread_yield();
}

static void vcpu_kick_(AccelVcpu *vcpu)
{
    __atomic_store_n(&((FakeVcpu *)vcpu)->kicked, true, __ATOMIC_SEQ_CST);
}

static void vcpu_set_irq_(AccelVcpu *vcpu, AccelIrq irq, bool level)
{
    FakeVcpu *v = (FakeVcpu *)vcpu;
    v->irqs = level ? v->irqs | 1u << irq : v->irqs & ~(1u << irq);
}

static bool vcpu_get_state(AccelVcpu *vcpu, E500State *state, GError **error)
{
    *state = own(vcpu)->state;
    return true;
}

static bool vcpu_put_state(AccelVcpu *vcpu, const E500State *state, StateLevel level, GError **error)
{
    FakeVcpu *v = own(vcpu);
    if (book.fail_put) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "vCPU %u: writing TCR: EINVAL", v->index);
        return false;
    }
    e500_state_copy(&v->state, state, level);
    book.put_levels[book.n_puts++] = level;
    return true;
}

static bool vcpu_set_debug_(AccelVcpu *vcpu, const AccelDebug *debug, GError **error)
{
    own(vcpu)->points = debug->n_breakpoints + debug->n_watchpoints;
    return true;
}

static bool vcpu_translate_(AccelVcpu *vcpu, Ea ea, uint64_t *gpa)
{
    *gpa = ea;
    return own(vcpu) != NULL;
}

static const AccelOps fake = {
    .name = "fake",
    .doc = "keeps books",
    .available = available,
    .vm_open = vm_open,
    .vm_close = vm_close,
    .vm_caps = vm_caps,
    .vm_map_ram = vm_map_ram,
    .vm_hcall_instructions = vm_hcall_instructions,
    .vm_ram_written = vm_ram_written,
    .vm_dirty_log = vm_dirty_log,
    .vm_eventfd = vm_eventfd,
    .vm_set_source = vm_set_source,
    .vcpu_create = vcpu_create,
    .vcpu_destroy = vcpu_destroy,
    .vcpu_run = vcpu_run,
    .vcpu_kick = vcpu_kick_,
    .vcpu_set_irq = vcpu_set_irq_,
    .vcpu_get_state = vcpu_get_state,
    .vcpu_put_state = vcpu_put_state,
    .vcpu_set_debug = vcpu_set_debug_,
    .vcpu_translate = vcpu_translate_,
};

static AccelVm *vm_open(const AccelConfig *config, GError **error)
{
    FakeVm *vm = g_new0(FakeVm, 1);
    vm->base.ops = &fake;
    vm->serial = ++book.vms_made;
    book.vms_open++;
    return &vm->base;
}

/* Serves MMIO with 42, leaves hypercalls open. */
static bool serve(void *opaque, Vcpu *vcpu, VcpuExit *exit)
{
    __atomic_fetch_add(&book.served[exit->kind], 1, __ATOMIC_SEQ_CST);
    if (exit->kind == VCPU_EXIT_MMIO) {
        exit->mmio.data = 42;
        return false; /* a request is under way: park with the exit answered, not complete */
    }
    if (exit->kind == VCPU_EXIT_EPAPR_HCALL) {
        vcpu->deferred = true;
        return false;
    }
    return true;
}

static TimeSource time_source;

static Vcpus *set_new_with(VcpuExitKind first_exit, unsigned more_caps)
{
    memset(&book, 0, sizeof(book));
    book.fail_create = -1;
    book.first_exit = first_exit;
    book.more_caps = more_caps;
    time_source_init(&time_source, false, 0);
    AccelConfig config = {.model = e500_model_find("e500mc"), .time = &time_source, .tb_hz = 1, .n_vcpus = CPUS};
    Vcpus *set = vcpus_new(&fake, &config, serve, NULL, NULL);
    g_assert_nonnull(set);
    AccelRam ram = {0};
    g_assert_true(vcpus_map_ram(set, &ram, NULL));
    return set;
}

static Vcpus *set_new(VcpuExitKind first_exit)
{
    return set_new_with(first_exit, 0);
}

static void set_free(Vcpus *set)
{
    vcpus_free(set);
    g_assert_cmpuint(book.vms_open, ==, 0);
    g_assert_cmpuint(book.vcpus_alive, ==, 0);
}

/* Parks again when one of the vCPUs in the mask ran; on a host with one CPU the others need not
 * have. */
static void run_until_parked_by(Vcpus *set, unsigned mask)
{
    g_assert_true(vcpus_resume(set, NULL));
    for (unsigned ran = 0; !(ran & mask);) {
        g_mutex_lock(&book_lock);
        ran = book.ran;
        g_mutex_unlock(&book_lock);
        g_thread_yield();
    }
    vcpus_park(set);
}

static void run_until_parked(Vcpus *set)
{
    run_until_parked_by(set, UINT_MAX);
}

static void test_levels(void)
{
    Vcpus *set = set_new(VCPU_EXIT_INTR);
    g_assert_true(vcpus_post_init(set, NULL));
    g_assert_true(vcpus_post_reset(set, NULL));
    g_assert_true(vcpu_synchronize_state(vcpus_get(set, 0), NULL));
    vcpu_state_changed(vcpus_get(set, 0));
    run_until_parked(set);
    const int want[] = {STATE_FULL, STATE_FULL, STATE_RESET, STATE_RESET, STATE_RUNTIME};
    g_assert_cmpuint(book.n_puts, ==, G_N_ELEMENTS(want));
    g_assert_cmpmem(book.put_levels, sizeof(want), want, sizeof(want));
    set_free(set);
}

static void test_clean_copy_is_not_written(void)
{
    Vcpus *set = set_new(VCPU_EXIT_INTR);
    for (unsigned i = 0; i < CPUS; i++)
        g_assert_true(vcpu_synchronize_state(vcpus_get(set, i), NULL));
    run_until_parked(set);
    g_assert_cmpuint(book.n_puts, ==, 0);
    set_free(set);
}

static void test_change_survives_run(void)
{
    Vcpus *set = set_new(VCPU_EXIT_INTR);
    Vcpu *vcpu = vcpus_get(set, 1);
    g_assert_true(vcpu_synchronize_state(vcpu, NULL));
    vcpu->state.gpr[7].w = 7;
    vcpu_state_changed(vcpu);
    run_until_parked_by(set, 1u << 1);
    g_assert_false(vcpu->valid); /* it ran: the copy is old */
    g_assert_true(vcpu_synchronize_state(vcpu, NULL));
    g_assert_cmpuint(vcpu->state.gpr[7].w, ==, 7);
    set_free(set);
}

static void test_failed_write_is_named(void)
{
    g_autoptr(GError) error = NULL;
    Vcpus *set = set_new(VCPU_EXIT_INTR);
    book.fail_put = true;
    g_assert_false(vcpus_post_init(set, &error));
    g_assert_nonnull(strstr(error->message, "vCPU 0: writing TCR"));
    g_clear_error(&error);
    g_assert_true(vcpu_synchronize_state(vcpus_get(set, 1), NULL));
    vcpu_state_changed(vcpus_get(set, 1));
    g_assert_false(vcpus_resume(set, &error));
    g_assert_nonnull(strstr(error->message, "vCPU 1"));
    g_assert_true(vcpus_parked(set));
    set_free(set);
}

static void test_mmio_is_finished_first(void)
{
    Vcpus *set = set_new(VCPU_EXIT_MMIO);
    run_until_parked(set);
    g_assert_cmpuint(book.completions, ==, 0);
    Vcpu *one = vcpus_get(set, 0)->exit.kind == VCPU_EXIT_MMIO ? vcpus_get(set, 0) : vcpus_get(set, 1);
    g_assert_true(vcpu_synchronize_state(one, NULL));
    g_assert_cmpuint(book.completions, ==, 1);
    g_assert_cmpuint(one->state.gpr[3].w, ==, 42);
    set_free(set);
}

/* What comes of completing is the platform's to know: a checkstop, a failure of the host. */
static void test_end_at_completion_is_served(void)
{
    static const VcpuExitKind ends[] = {VCPU_EXIT_FATAL, VCPU_EXIT_SHUTDOWN};
    FOR_ROWS (i, ends) {
        Vcpus *set = set_new(VCPU_EXIT_MMIO);
        run_until_parked(set);
        Vcpu *one = vcpus_get(set, vcpus_get(set, 0)->exit.kind == VCPU_EXIT_MMIO ? 0 : 1);
        book.completes_with = ends[i];
        vcpu_finish_exit(one);
        g_assert_cmpuint(book.served[ends[i]], ==, 1);
        g_assert_cmpint(one->exit.kind, ==, VCPU_EXIT_INTR);
        vcpu_finish_exit(one);
        g_assert_cmpuint(book.served[ends[i]], ==, 1);
        set_free(set);
    }
}

static void test_deferred_stays_open(void)
{
    Vcpus *set = set_new(VCPU_EXIT_EPAPR_HCALL);
    run_until_parked(set);
    Vcpu *one = vcpus_get(set, 0)->deferred ? vcpus_get(set, 0) : vcpus_get(set, 1);
    g_assert_true(one->deferred);
    vcpu_finish_exit(one);
    g_assert_cmpuint(book.completions, ==, 0);
    one->exit.epapr_hcall.ret = 9;
    one->deferred = false;
    g_assert_true(vcpu_synchronize_state(one, NULL));
    g_assert_cmpuint(book.completions, ==, 1);
    g_assert_cmpuint(one->state.gpr[3].w, ==, 9);
    set_free(set);
}

/* A park that comes before the threads woke up for the resume: they have to say again that they are
 * parked. */
static void test_park_right_after_resume(void)
{
    Vcpus *set = set_new(VCPU_EXIT_INTR);
    for (unsigned i = 0; i < 1000; i++) {
        g_assert_true(vcpus_resume(set, NULL));
        vcpus_park(set);
    }
    set_free(set);
}

static void test_idle_wakes(void)
{
    Vcpus *set = set_new(VCPU_EXIT_IDLE);
    run_until_parked(set); /* returns: parking wakes a sleeper */
    g_assert_true(vcpus_parked(set));
    set_free(set);
}

static FakeVcpu *handle(Vcpus *set, unsigned index)
{
    return (FakeVcpu *)vcpus_get(set, index)->handle;
}

static void test_rebuild_attaches_everything(void)
{
    Vcpus *set = set_new(VCPU_EXIT_INTR);
    AccelDebug debug = {.n_breakpoints = 3}, watch = {.n_watchpoints = 1};
    g_assert_true(vcpu_set_debug(vcpus_get(set, 1), &debug, NULL));
    g_assert_true(vcpu_set_debug(vcpus_get(set, 0), &watch, NULL));
    vcpu_set_irq(vcpus_get(set, 0), ACCEL_IRQ_EXTERNAL, true);
    vcpu_set_irq(vcpus_get(set, 0), ACCEL_IRQ_CRITICAL, true);
    vcpu_set_irq(vcpus_get(set, 1), ACCEL_IRQ_EXTERNAL, true);
    g_assert_true(vcpus_rebuild_prepare(set, NULL));
    vcpu_set_irq(vcpus_get(set, 0), ACCEL_IRQ_CRITICAL, false); /* as an exit that is finished in between may */
    vcpu_set_irq(vcpus_get(set, 1), ACCEL_IRQ_EXTERNAL, false);
    g_assert_cmpuint(book.vms_open, ==, 2);
    g_assert_true(vcpus_rebuild_commit(set, NULL));
    g_assert_cmpuint(book.vms_open, ==, 1);
    g_assert_cmpuint(book.vcpus_alive, ==, CPUS);
    g_assert_cmpuint(((FakeVm *)vcpus_vm(set))->serial, ==, 2);
    g_assert_cmpuint(((FakeVm *)vcpus_vm(set))->n_ram, ==, 1);
    g_assert_cmpuint(handle(set, 0)->irqs, ==, 1u << ACCEL_IRQ_EXTERNAL);
    g_assert_cmpuint(handle(set, 1)->irqs, ==, 0);
    g_assert_cmpuint(handle(set, 1)->points, ==, 3);
    g_assert_cmpuint(handle(set, 0)->points, ==, 1);
    g_assert_true(vcpus_post_init(set, NULL));
    run_until_parked(set);
    set_free(set);
}

static void attach_events(Vcpus *set)
{
    const AccelEventfd pulse = {.fd = 5, .kind = ACCEL_EVENTFD_SOURCE, .source = 7},
                       store = {.fd = 6, .kind = ACCEL_EVENTFD_STORE, .gpa = 0xfef001000, .size = 4, .value = 1};
    g_assert_true(vcpus_eventfd(set, &pulse, NULL));
    g_assert_true(vcpus_eventfd(set, &store, NULL));
    g_assert_true(vcpus_set_source(set, 42, true, NULL));
    g_assert_true(vcpus_set_source(set, 43, true, NULL));
}

static void test_rebuild_attaches_events_and_sources(void)
{
    Vcpus *set = set_new(VCPU_EXIT_INTR);
    attach_events(set);
    for (unsigned i = 0; i < 2; i++) {
        g_assert_true(vcpus_rebuild_prepare(set, NULL));
        g_assert_true(vcpus_set_source(set, 43, false, NULL));
        g_assert_true(((FakeVm *)vcpus_vm(set))->source[42]);
        g_assert_true(vcpus_rebuild_commit(set, NULL));
        const FakeVm *vm = (FakeVm *)vcpus_vm(set);
        g_assert_cmpuint(vm->serial, ==, i + 2);
        g_assert_cmpuint(vm->n_eventfds, ==, 2);
        g_assert_true(vm->source[42]);
        g_assert_false(vm->source[43]);
    }
    set_free(set);
}

static void test_failed_events(void)
{
    g_autoptr(GError) prepare = NULL, commit = NULL;
    Vcpus *set = set_new(VCPU_EXIT_INTR);
    attach_events(set);
    AccelVm *old = vcpus_vm(set);
    book.fail_eventfd = true;
    g_assert_false(vcpus_rebuild_prepare(set, &prepare));
    g_assert_cmpstr(prepare->message, ==, "eventfd: no memory");
    g_assert_true(vcpus_vm(set) == old);
    g_assert_cmpuint(book.vms_open, ==, 1);
    book.fail_eventfd = false;
    book.fail_source = true;
    g_assert_true(vcpus_rebuild_prepare(set, NULL));
    g_assert_false(vcpus_rebuild_commit(set, &commit)); /* too late to refuse: the machine stops */
    g_assert_cmpstr(commit->message, ==, "source: no memory");
    g_assert_cmpuint(book.vms_open, ==, 1);
    set_free(set);
}

static void test_failed_prepare_loses_nothing(void)
{
    for (int bad = 0; bad < CPUS; bad++) {
        g_autoptr(GError) error = NULL;
        Vcpus *set = set_new(VCPU_EXIT_INTR);
        AccelVm *old = vcpus_vm(set);
        AccelVcpu *handles[CPUS] = {vcpus_get(set, 0)->handle, vcpus_get(set, 1)->handle};
        book.fail_create = bad;
        g_assert_false(vcpus_rebuild_prepare(set, &error));
        g_assert_nonnull(error);
        g_assert_true(vcpus_vm(set) == old);
        for (unsigned i = 0; i < CPUS; i++)
            g_assert_true(vcpus_get(set, i)->handle == handles[i]);
        g_assert_cmpuint(book.vms_open, ==, 1);
        g_assert_cmpuint(book.vcpus_alive, ==, CPUS);
        run_until_parked(set);
        set_free(set);
    }
}

static void test_ram_written_where_it_is_wanted(void)
{
    Vcpus *set = set_new(VCPU_EXIT_INTR);
    vcpus_ram_written(set, 0, 7);
    g_assert_cmpuint(((FakeVm *)vcpus_vm(set))->written, ==, 0);
    set_free(set);
}

static void test_rebuild_starts_the_dirty_log_again(void)
{
    Vcpus *set = set_new_with(VCPU_EXIT_INTR, ACCEL_CAP_RAM_WRITTEN | ACCEL_CAP_DIRTY_LOG);
    g_autoptr(GError) error = NULL;
    vcpus_ram_written(set, 0, 7);
    g_assert_cmpuint(((FakeVm *)vcpus_vm(set))->written, ==, 7);
    g_assert_true(vcpus_dirty_log(set, true, NULL));
    book.fail_log = true;
    g_assert_false(vcpus_rebuild_prepare(set, &error));
    g_assert_cmpstr(error->message, ==, "dirty log: no memory");
    g_assert_cmpuint(book.vms_open, ==, 1);
    book.fail_log = false;
    g_assert_true(vcpus_rebuild_prepare(set, NULL));
    g_assert_true(vcpus_rebuild_commit(set, NULL));
    g_assert_true(((FakeVm *)vcpus_vm(set))->logging);
    g_assert_true(vcpus_dirty_log(set, false, NULL));
    g_assert_true(vcpus_rebuild_prepare(set, NULL));
    g_assert_true(vcpus_rebuild_commit(set, NULL));
    g_assert_false(((FakeVm *)vcpus_vm(set))->logging);
    set_free(set);
}

static void test_many_rebuilds(void)
{
    Vcpus *set = set_new(VCPU_EXIT_INTR);
    for (int i = 0; i < 100; i++) {
        g_assert_true(vcpus_rebuild_prepare(set, NULL));
        g_assert_true(vcpus_rebuild_commit(set, NULL));
        g_assert_true(vcpus_post_init(set, NULL));
        book.n_puts = 0;
    }
    g_assert_cmpuint(book.vms_open, ==, 1);
    g_assert_cmpuint(book.vcpus_alive, ==, CPUS);
    set_free(set);
}

UNIT_TESTS(vcpu)
{
    g_test_add_func("/vcpu/each-hook-writes-at-its-level", test_levels);
    g_test_add_func("/vcpu/a-copy-nobody-changed-is-not-written", test_clean_copy_is_not_written);
    g_test_add_func("/vcpu/a-changed-copy-reaches-the-accelerator", test_change_survives_run);
    g_test_add_func("/vcpu/a-failed-write-names-the-register-and-nobody-runs", test_failed_write_is_named);
    g_test_add_func("/vcpu/a-pending-mmio-is-finished-before-the-state-is-read", test_mmio_is_finished_first);
    g_test_add_func("/vcpu/an-end-that-comes-of-finishing-an-exit-is-served", test_end_at_completion_is_served);
    g_test_add_func("/vcpu/a-deferred-hypercall-stays-open-until-it-is-answered", test_deferred_stays_open);
    g_test_add_func("/vcpu/a-park-right-after-a-resume-ends", test_park_right_after_resume);
    g_test_add_func("/vcpu/parking-wakes-an-idle-vcpu", test_idle_wakes);
    g_test_add_func("/vcpu/rebuild-attaches-memory-interrupts-break-and-watchpoints-again", test_rebuild_attaches_everything);
    g_test_add_func("/vcpu/rebuild-attaches-eventfds-and-sources-again", test_rebuild_attaches_events_and_sources);
    g_test_add_func("/vcpu/events-that-cannot-be-attached-refuse-or-stop", test_failed_events);
    g_test_add_func("/vcpu/a-prepare-that-fails-loses-nothing", test_failed_prepare_loses_nothing);
    g_test_add_func("/vcpu/only-who-wants-it-hears-of-written-ram", test_ram_written_where_it_is_wanted);
    g_test_add_func("/vcpu/a-rebuild-starts-the-dirty-log-again", test_rebuild_starts_the_dirty_log_again);
    g_test_add_func("/vcpu/a-hundred-rebuilds-leave-one-vm", test_many_rebuilds);
}
