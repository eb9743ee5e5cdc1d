/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "hcall/hcall.h"
#include "platform/machine/partition.h"
#include "tests/unit/unit.h"

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
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
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

UNIT_TESTS(partition)
{
    g_test_add_func("/partition/power-on-has-no-reason", power_on);
    g_test_add_func("/partition/the-next-boot-is-told-why-the-last-one-ended", causes);
    g_test_add_func("/partition/a-stop-is-told-once", told_once);
    g_test_add_func("/partition/a-watchdog-names-its-vcpu", watchdog);
    g_test_add_func("/partition/a-stop-that-the-guest-survived-is-forgotten", survived);
    g_test_add_func("/partition/errors-are-fetched-oldest-first", errors);
    g_test_add_func("/partition/errors-without-end-keep-the-first", full);
}
