/* SPDX-License-Identifier: MIT
 *
 * KVM's hypercalls (vendor 42).
 */
#include "hcall/hcall.h"

/*
 * No feature bit: the magic page (bit 1) spares traps that this software never takes, and reset and
 * shutdown are promised by properties of /hypervisor, never by a bit.
 */
EvStatus hcall_KVM_HC_FEATURES(Hcall *call)
{
    call->out[0] = 0;
    return EV_SUCCESS;
}

EvStatus hcall_KVM_HC_VM_RESET(Hcall *call)
{
    return hcall_request(call, call->env->services->request_reset);
}

EvStatus hcall_KVM_HC_VM_SHUTDOWN(Hcall *call)
{
    return hcall_request(call, call->env->services->request_shutdown);
}
