/* SPDX-License-Identifier: MIT
 *
 * Every request to KVM goes through here: one place to name a failure, and to make each fail on purpose.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cpu/kvm/kvm.h"

static const struct {
    unsigned long request;
    const char *name;
} requests[FAULTS] = {
#define X(id, name, doc) [FAULT_##id] = {id, doc},
    FAULT_KVM_LIST(X)
#undef X
};

void kvm_fd_init(KvmFd *of, bool of_thread, const char *format, ...)
{
    va_list args;
    *of = (KvmFd){.fd = -1, .process = getpid(), .thread = pthread_self(), .of_thread = of_thread};
    va_start(args, format);
    g_vsnprintf(of->name, sizeof(of->name), format, args);
    va_end(args);
}

/* KVM's documentation forbids a request from anybody else.  Linux does not check, and what comes of it is undefined. */
static bool is_owner(const KvmFd *on)
{
    return on->of_thread ? pthread_equal(on->thread, pthread_self()) : on->process == getpid();
}

static int issue(FaultId request, const KvmFd *on, uintptr_t arg)
{
    int injected = fault_errno_here(request);
    if (injected) {
        errno = injected;
        return -1;
    }
    return ioctl(on->fd, requests[request].request, arg);
}

int kvm_ioctl(FaultId request, const KvmFd *on, uintptr_t arg, GError **error)
{
    int r;
    if (!is_owner(on)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_PERM, "%s on %s: from a %s that it does not belong to",
                    requests[request].name, on->name, on->of_thread ? "thread" : "process");
        errno = EPERM;
        return -1;
    }
    do
        r = issue(request, on, arg);
    while (r < 0 && errno == EINTR); /* the signal of a kick interrupted the request before it did anything */
    if (r < 0) {
        int why = errno;
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(why), "%s on %s: %s (%s)", requests[request].name, on->name,
                    g_strerror(why), strerrorname_np(why));
    }
    return r;
}

/* An injected EINTR comes after the pending exit took effect, as a real one does. */
int kvm_ioctl_run(KvmVcpu *vcpu)
{
    int injected = is_owner(&vcpu->vcpu) ? fault_errno_here(FAULT_KVM_RUN) : EPERM;
    if (injected && injected != EINTR) {
        errno = injected;
        return -1;
    }
    if (injected)
        __atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    return ioctl(vcpu->vcpu.fd, KVM_RUN, 0);
}
