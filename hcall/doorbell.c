/* SPDX-License-Identifier: MIT
 *
 * Doorbells between partitions (vendor 1; ePAPR 1.1 §7.6).
 */
#include "hcall/hcall.h"

EvStatus hcall_EV_DOORBELL_SEND(Hcall *call)
{
    const HcallEnv *env = call->env;
    if (call->in[0] > UINT32_MAX)
        return EV_EINVAL;
    return env->services->doorbell_send(env->opaque, (uint32_t)call->in[0]);
}
