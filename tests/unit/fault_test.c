/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <glib.h>

#include "cpu/fault.h"
#include "tests/unit/unit.h"

static void nth(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(fault_arm("get-state:2", &error));
    g_assert_false(fault_here(FAULT_PUT_STATE, NULL));
    g_assert_false(fault_here(FAULT_GET_STATE, NULL));
    g_assert_true(fault_here(FAULT_GET_STATE, &error));
    g_assert_cmpstr(error->message, ==, "injected fault: reading vCPU state");
    g_assert_false(fault_here(FAULT_GET_STATE, NULL));
}

static void numbers(void)
{
    static const struct {
        const char *spec;
        int number;
    } rows[] = {{"kvm-run", EINVAL}, {"kvm-run:1:EINVAL", EINVAL}, {"kvm-run:1:ENOMEM", ENOMEM}, {"kvm-run:1:EINTR", EINTR}};
    FOR_ROWS (i, rows) {
        g_assert_true(fault_arm(rows[i].spec, NULL));
        g_assert_cmpint(fault_errno_here(FAULT_KVM_RUN), ==, rows[i].number);
        g_assert_cmpint(fault_errno_here(FAULT_KVM_RUN), ==, 0);
    }
}

static void refused(void)
{
    static const char *const rows[][2] = {
        {"nothing", "-M inject-fault=nothing: unknown fault point 'nothing'; -M inject-fault=help lists them"},
        {"", "-M inject-fault=: unknown fault point ''; -M inject-fault=help lists them"},
        {"reset:0", "-M inject-fault=reset:0: '0' is not a number from 1 to 2147483647"},
        {"kvm-run:1:EPERM", "-M inject-fault=kvm-run:1:EPERM: 'EPERM' is not one of EINVAL, ENOMEM, EINTR, EIO, ENOSPC"},
    };
    FOR_ROWS (i, rows) {
        g_autoptr(GError) error = NULL;
        g_assert_false(fault_arm(rows[i][0], &error));
        g_assert_cmpstr(error->message, ==, rows[i][1]);
    }
}

UNIT_TESTS(fault)
{
    g_test_add_func("/fault/the-nth-passing-fails-and-no-other", nth);
    g_test_add_func("/fault/a-request-fails-with-the-errno-asked-for", numbers);
    g_test_add_func("/fault/what-is-not-a-fault-is-refused", refused);
}
