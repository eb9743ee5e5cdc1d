/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "hcall/hcall.h"
#include "platform/machine/partition.h"
#include "tests/unit/unit.h"

#include <libfdt.h>

/* Of the list of strings; NULL: it is not there. */
static const char *string(Partition *p, const char *name)
{
    for (const NodesAlias *s = partition_strings(p); s->name; s++)
        if (!strcmp(s->name, name))
            return s->path;
    return NULL;
}

static const char *reason(Partition *p)
{
    return string(p, "fsl,hv-reason-stopped");
}

static void power_on(void)
{
    Partition *p = partition_new(NULL), *named = partition_new("left");
    g_assert_cmpstr(string(p, "guest-name"), ==, "quoin");
    g_assert_cmpstr(string(named, "guest-name"), ==, "left");
    g_assert_cmpstr(partition_name(named), ==, "left");
    g_assert_cmpstr(string(p, "fsl,hv-sys-reset-status"), ==, "power-on-reset");
    g_assert_null(reason(p));
    g_assert_null(string(p, "fsl,hv-stopped-by"));
    partition_free(p);
    partition_free(named);
    partition_free(NULL);
}

static void causes(void)
{
    static const struct {
        RunCause cause;
        RunStateId from;
        const char *reason, *status;
    } rows[] = {
        {RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING, "restart", "power-on-reset"},
        {RUN_CAUSE_GUEST_RESET_DEVICE, RUN_STATE_RUNNING, "restart", "power-on-reset"},
        {RUN_CAUSE_GUEST_SYSTEM_RESET, RUN_STATE_RUNNING, NULL, "hard-reset"},
        {RUN_CAUSE_HOST_RESET, RUN_STATE_RUNNING, NULL, "hard-reset"},
        {RUN_CAUSE_HOST_RESET, RUN_STATE_PAUSED, NULL, "hard-reset"},
        {RUN_CAUSE_HOST_RESET, RUN_STATE_DEBUG, NULL, "hard-reset"},
        {RUN_CAUSE_HOST_RESET, RUN_STATE_SHUTDOWN, "stop", "hard-reset"},
    };
    FOR_ROWS (i, rows) {
        Partition *p = partition_new(NULL);
        partition_stopped(p, false, 0, 0);
        g_assert_null(reason(p)); /* nothing before the next boot */
        partition_reset(p, rows[i].cause, rows[i].from);
        g_assert_cmpstr(reason(p), ==, rows[i].reason);
        g_assert_cmpstr(string(p, "fsl,hv-stopped-by"), ==, rows[i].reason ? "self" : NULL);
        g_assert_cmpstr(string(p, "fsl,hv-sys-reset-status"), ==, rows[i].status);
        partition_free(p);
    }
}

/* What a boot is told, the next is not. */
static void told_once(void)
{
    Partition *p = partition_new(NULL);
    partition_stopped(p, false, 0, 0);
    partition_reset(p, RUN_CAUSE_HOST_RESET, RUN_STATE_SHUTDOWN);
    g_assert_cmpstr(reason(p), ==, "stop");
    partition_reset(p, RUN_CAUSE_HOST_RESET, RUN_STATE_SHUTDOWN);
    g_assert_null(reason(p));
    g_assert_cmpstr(string(p, "fsl,hv-sys-reset-status"), ==, "hard-reset");
    partition_reset(p, RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING);
    g_assert_cmpstr(string(p, "fsl,hv-sys-reset-status"), ==, "hard-reset"); /* of the system, not of this boot */
    partition_free(p);
}

static void watchdog(void)
{
    Partition *p = partition_new(NULL);
    partition_stopped(p, true, 2, 3);
    g_assert_cmpuint(partition_wrs(p, 2), ==, 0);
    partition_reset(p, RUN_CAUSE_GUEST_WATCHDOG, RUN_STATE_RUNNING);
    g_assert_cmpstr(reason(p), ==, "watchdog");
    g_assert_cmpstr(string(p, "fsl,hv-stopped-by"), ==, "vcpu-2");
    for (unsigned i = 0; i < 4; i++)
        g_assert_cmpuint(partition_wrs(p, i), ==, i == 2 ? 3 : 0);
    partition_reset(p, RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING);
    g_assert_cmpuint(partition_wrs(p, 2), ==, 0);
    partition_free(p);
}

/* It went on after its watchdog had stopped it: its own reset is what counts. */
static void survived(void)
{
    Partition *p = partition_new(NULL);
    partition_stopped(p, true, 0, 2);
    partition_reset(p, RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING);
    g_assert_cmpstr(reason(p), ==, "restart");
    g_assert_cmpuint(partition_wrs(p, 0), ==, 0);
    partition_free(p);
}

typedef struct Record {
    union {
        char bytes[HCALL_ERROR_SIZE];
        uint64_t align;
    };
} Record;

static uint32_t word(const Record *r, unsigned offset)
{
    uint32_t value;
    memcpy(&value, r->bytes + offset, sizeof(value));
    return GUINT32_FROM_BE(value);
}

static void errors(void)
{
    enum { MCSR = 672, MCAR = 680, LD = 1 << 15, ST = 1 << 14, MAV = 1 << 19 };
    Partition *p = partition_new(NULL);
    Record r, before;
    memset(&r, 0x5a, sizeof(r));
    before = r;
    g_assert_false(partition_error_peek(p, &r));
    g_assert_cmpmem(&r, sizeof(r), &before, sizeof(before));
    partition_error_drop(p); /* of nothing */
    partition_bus_error(p, 0x123456789, false);
    partition_bus_error(p, 0xe0000000, true);
    for (unsigned i = 0; i < 2; i++) { /* peeking takes nothing away */
        g_assert_true(partition_error_peek(p, &r));
        g_assert_cmpstr(r.bytes, ==, "machine check");
        g_assert_cmphex(word(&r, MCSR), ==, MAV | LD);
        g_assert_cmphex(word(&r, MCAR), ==, 1);
        g_assert_cmphex(word(&r, MCAR + 4), ==, 0x23456789);
    }
    partition_error_drop(p);
    g_assert_true(partition_error_peek(p, &r));
    g_assert_cmphex(word(&r, MCSR), ==, MAV | ST);
    g_assert_cmphex(word(&r, MCAR + 4), ==, 0xe0000000);
    partition_error_drop(p);
    g_assert_false(partition_error_peek(p, &r));
    partition_free(p);
}

/* A guest that makes more of them than it fetches loses the later ones, and a reset all. */
static void full(void)
{
    Partition *p = partition_new(NULL);
    Record r;
    unsigned kept = 0;
    for (unsigned i = 0; i < 1000; i++)
        partition_bus_error(p, i * 4, false);
    for (; partition_error_peek(p, &r); partition_error_drop(p))
        g_assert_cmphex(word(&r, 684), ==, kept++ * 4);
    g_assert_cmpuint(kept, >, 1);
    g_assert_cmpuint(kept, <, 1000);
    partition_bus_error(p, 0, false);
    partition_reset(p, RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING);
    g_assert_false(partition_error_peek(p, &r));
    partition_free(p);
}

/* ---- a tree at its limit ---- */

enum { LIMIT = 1 << 20 };

static Nodes nodes_of(Partition *p)
{
    return (Nodes){
        .cpu = "e500mc",
        .n_cpus = 1,
        .ram_size = 64 << 20,
        .hcall_instructions = {0x44000022},
        .n_hcall_instructions = 1,
        .present = HCALL_NEED_PARTITION,
        .hypervisor = partition_strings(p),
    };
}

/* A user's tree of that many bytes. */
static GBytes *file_of(size_t filling)
{
    char *fdt = g_malloc0(2 * LIMIT);
    g_autofree char *value = g_malloc0(filling);
    fdt32_t two = cpu_to_fdt32(2);
    g_assert_cmpint(fdt_create_empty_tree(fdt, 2 * LIMIT), ==, 0);
    fdt_setprop(fdt, 0, "#address-cells", &two, 4);
    fdt_setprop(fdt, 0, "#size-cells", &two, 4);
    g_assert_cmpint(fdt_setprop(fdt, 0, "filling", value, (int)filling), ==, 0);
    fdt_pack(fdt);
    return g_bytes_new_take(fdt, fdt_totalsize(fdt));
}

static GBytes *adopted_of(size_t filling, Partition *p)
{
    g_autoptr(NodesReport) report = nodes_report_new();
    g_autoptr(GBytes) file = file_of(filling);
    Nodes nodes = nodes_of(p);
    GBytes *adopted = nodes_adopt(file, &nodes, report, NULL);
    g_assert_nonnull(adopted);
    return adopted;
}

static GBytes *boot_of(GBytes *adopted, Partition *p)
{
    Nodes nodes = nodes_of(p);
    GBytes *tree = nodes_renew(adopted, &nodes, NULL);
    g_assert_nonnull(tree);
    return tree;
}

/* What fits at power-on fits after any resets, for whatever reason; and what the guest set in it is still there. */
static void grows_within_bounds(void)
{
    static const RunCause causes[] = {RUN_CAUSE_GUEST_RESET_HCALL, RUN_CAUSE_GUEST_RESET_DEVICE, RUN_CAUSE_GUEST_SYSTEM_RESET,
                                      RUN_CAUSE_GUEST_WATCHDOG, RUN_CAUSE_HOST_RESET};
    static const RunStateId from[] = {RUN_STATE_RUNNING, RUN_STATE_PAUSED, RUN_STATE_SHUTDOWN};
    Partition *p = partition_new("a name of some length");
    g_autoptr(GBytes) small = adopted_of(0, p), first = boot_of(small, p);
    const size_t power_on = LIMIT - PARTITION_GROWTH;
    g_autoptr(GBytes) adopted = adopted_of((power_on - g_bytes_get_size(first)) & ~(size_t)3, p);
    size_t least = SIZE_MAX, most = 0;
    for (unsigned i = 0; i < 1000; i++) {
        g_autoptr(GBytes) tree = boot_of(adopted, p);
        size_t size = g_bytes_get_size(tree);
        if (i == 0)
            g_assert_true(size <= power_on && size > power_on - 4);
        g_assert_cmpuint(size, <=, LIMIT);
        least = MIN(least, size);
        most = MAX(most, size);
        if (g_test_rand_bit())
            partition_stopped(p, g_test_rand_bit(), (unsigned)g_test_rand_int_range(0, 32), 2);
        partition_reset(p, causes[g_test_rand_int_range(0, G_N_ELEMENTS(causes))],
                        from[g_test_rand_int_range(0, G_N_ELEMENTS(from))]);
    }
    g_assert_cmpuint(most, >, power_on); /* it did grow */
    g_assert_cmpuint(least, <, most);
    partition_free(p);
}

/* The same with as much set by the guest as may be. */
static void changes_survive_growth(void)
{
    Partition *p = partition_new(NULL);
    g_autoptr(GBytes) adopted = adopted_of(900 * 1024, p), first = boot_of(adopted, p);
    bool dropped;
    g_bytes_unref(guest_tree_boot(partition_tree(p), first, &dropped));
    g_autofree char *value = g_malloc0(LIMIT);
    uint32_t size = 0;
    for (uint32_t step = 64 * 1024; step > 0; step /= 2)
        if (guest_tree_set(partition_tree(p), "/own", "thing", value, size + step) == EV_SUCCESS)
            size += step;
    g_assert_cmpuint(size, >, 32 * 1024);
    for (unsigned i = 0; i < 10; i++) {
        partition_stopped(p, true, 31, 2);
        partition_reset(p, i % 2 ? RUN_CAUSE_GUEST_WATCHDOG : RUN_CAUSE_GUEST_RESET_HCALL, RUN_STATE_RUNNING);
        g_autoptr(GBytes) base = boot_of(adopted, p), tree = guest_tree_boot(partition_tree(p), base, &dropped);
        g_assert_false(dropped);
        g_assert_cmpuint(g_bytes_get_size(tree), >, 900 * 1024 + size);
    }
    partition_free(p);
}

UNIT_TESTS(partition)
{
    g_test_add_func("/partition/power-on-has-no-reason", power_on);
    g_test_add_func("/partition/the-next-boot-is-told-why-the-last-one-ended", causes);
    g_test_add_func("/partition/a-stop-is-told-once", told_once);
    g_test_add_func("/partition/a-watchdog-names-its-vcpu", watchdog);
    g_test_add_func("/partition/a-stop-that-the-guest-survived-is-forgotten", survived);
    g_test_add_func("/partition/errors-are-fetched-oldest-first", errors);
    g_test_add_func("/partition/errors-without-end-keep-the-first", full);
    g_test_add_func("/partition/a-tree-that-fits-at-power-on-fits-at-every-reset", grows_within_bounds);
    g_test_add_func("/partition/what-the-guest-set-survives-growth", changes_survive_growth);
}
