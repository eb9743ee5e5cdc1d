/* SPDX-License-Identifier: MIT
 *
 * Every request to KVM goes through here: one place to name a failure, and to make each fail on purpose.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "cpu/kvm/kvm.h"

static const struct {
    unsigned long request;
    const char *name;
} requests[FAULTS] = {
#define X(id, name, doc) [FAULT_##id] = {id, doc},
    FAULT_KVM_LIST(X)
#undef X
};

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
    do
        r = issue(request, on, arg);
    while (r < 0 && errno == EINTR); /* a kick's signal: nothing was done */
    if (r < 0) {
        int why = errno;
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(why), "%s on %s: %s (%s)", requests[request].name, on->name,
                    g_strerror(why), strerrorname_np(why));
    }
    return r;
}

/* An injected EINTR comes as a real one would: after what was open took effect. */
int kvm_ioctl_run(KvmVcpu *vcpu)
{
    int injected = fault_errno_here(FAULT_KVM_RUN);
    if (injected && injected != EINTR) {
        errno = injected;
        return -1;
    }
    if (injected)
        __atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    return ioctl(vcpu->vcpu.fd, KVM_RUN, 0);
}
