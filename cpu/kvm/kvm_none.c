/* SPDX-License-Identifier: MIT
 *
 * Stands for the kvm accelerator where Quoin is not built for PowerPC, and says that it is not available there.
 */
#include "cpu/accel.h"

static bool kvm_available(char **why_not)
{
    if (why_not)
        *why_not = g_strdup("KVM runs e500 guests on e500 hosts, and this program was not built for one");
    return false;
}

const AccelOps accel_kvm = {
    .name = "kvm",
    .doc = "the hypervisor of a Linux host on an e500 core",
    .available = kvm_available,
};
