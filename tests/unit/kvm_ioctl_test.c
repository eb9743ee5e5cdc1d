/* SPDX-License-Identifier: MIT
 *
 * Requests to KVM where there is none: whom kvm_ioctl() lets through, and what it says of a failure.
 */
#include <glib.h>

#include "tests/unit/unit.h"

#ifdef __powerpc__
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpu/kvm/kvm.h"

static KvmFd null_fd(bool of_thread)
{
    KvmFd fd;
    kvm_fd_init(&fd, of_thread, "vCPU %u", 7);
    g_assert_cmpint(fd.fd, ==, -1);
    fd.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fd.fd, >=, 0);
    return fd;
}

static char *message_of(const KvmFd *fd)
{
    struct kvm_regs regs;
    GError *error = NULL;
    g_assert_cmpint(kvm_ioctl(FAULT_KVM_GET_REGS, fd, (uintptr_t)&regs, &error), ==, -1);
    g_assert_cmpint(kvm_ioctl(FAULT_KVM_GET_REGS, fd, (uintptr_t)&regs, NULL), ==, -1);
    char *message = g_strdup(error->message);
    g_error_free(error);
    return message;
}

/* Linux says that /dev/null has no such request, qemu-ppc that it knows of none. */
static bool kernel_says_no(const char *message)
{
    return g_str_has_suffix(message, " (ENOTTY)") || g_str_has_suffix(message, " (ENOSYS)");
}

static void names(void)
{
    KvmFd fd = null_fd(true);
    g_autofree char *kernels = message_of(&fd), *injected = NULL;
    g_assert_true(g_str_has_prefix(kernels, "KVM_GET_REGS on vCPU 7: "));
    g_assert_true(kernel_says_no(kernels));
    g_assert_true(fault_arm("kvm-get-regs:1:ENOMEM", NULL));
    injected = message_of(&fd);
    g_assert_true(g_str_has_suffix(injected, " (ENOMEM)"));
    close(fd.fd);
}

/* It was interrupted before it did anything: done again, and then refused for good. */
static void interrupted(void)
{
    KvmFd fd = null_fd(true);
    g_assert_true(fault_arm("kvm-get-regs:1:EINTR", NULL));
    g_autofree char *message = message_of(&fd);
    g_assert_true(kernel_says_no(message));
    close(fd.fd);
}

static void *in_thread(void *fd)
{
    return message_of(fd);
}

static void other_thread(void)
{
    KvmFd vcpu = null_fd(true), vm = null_fd(false);
    g_autofree char *refused = g_thread_join(g_thread_new("other", in_thread, &vcpu));
    g_autofree char *let = g_thread_join(g_thread_new("other", in_thread, &vm));
    g_assert_cmpstr(refused, ==, "KVM_GET_REGS on vCPU 7: from a thread that it does not belong to");
    g_assert_true(kernel_says_no(let));
    KvmVcpu v = {.vcpu = vcpu};
    v.vcpu.thread = 0;
    g_assert_cmpint(kvm_ioctl_run(&v), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
    close(vcpu.fd);
    close(vm.fd);
}

static void other_process(void)
{
    KvmFd vm = null_fd(false);
    pid_t child = fork();
    if (child == 0) {
        int r = kvm_ioctl(FAULT_KVM_GET_REGS, &vm, 0, NULL);
        _exit(r == -1 && errno == EPERM ? 0 : 1);
    }
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
    close(vm.fd);
}

UNIT_TESTS(kvm_ioctl)
{
    g_test_add_func("/kvm-ioctl/a-failure-names-request-object-and-errno", names);
    g_test_add_func("/kvm-ioctl/an-interrupted-request-is-made-again", interrupted);
    g_test_add_func("/kvm-ioctl/a-vcpu-is-its-threads-alone", other_thread);
    g_test_add_func("/kvm-ioctl/a-vm-is-its-processs-alone", other_process);
}
#else
static void elsewhere(void)
{
    g_test_skip("KVM for PowerPC is a PowerPC's");
}

UNIT_TESTS(kvm_ioctl)
{
    g_test_add_func("/kvm-ioctl/needs-a-powerpc", elsewhere);
}
#endif
