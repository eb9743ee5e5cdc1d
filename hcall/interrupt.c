/* SPDX-License-Identifier: MIT
 *
 * The virtual interrupt controller (vendor 1; ePAPR 1.1 §7.5): EV_INT_… and EV_MSGSND.  All arguments are 32 bits wide, for
 * 64-bit guests as well: what does not fit is EV_EINVAL.
 */
#include "hcall/hcall.h"

#include <stddef.h>

static bool fits(const Hcall *call, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (call->in[i] > UINT32_MAX)
            return false;
    return true;
}

static uint32_t in(const Hcall *call, unsigned i)
{
    return (uint32_t)call->in[i];
}

EvStatus hcall_EV_INT_SET_CONFIG(Hcall *call)
{
    const HcallEnv *env = call->env;
    if (!fits(call, 4))
        return EV_EINVAL;
    return env->services->int_set_config(env->opaque, in(call, 0), in(call, 1), in(call, 2), in(call, 3));
}

EvStatus hcall_EV_INT_GET_CONFIG(Hcall *call)
{
    const HcallEnv *env = call->env;
    uint32_t config = 0, priority = 0, cpu = 0;
    if (!fits(call, 1))
        return EV_EINVAL;
    EvStatus status = env->services->int_get_config(env->opaque, in(call, 0), &config, &priority, &cpu);
    if (status == EV_SUCCESS) {
        call->out[0] = config;
        call->out[1] = priority;
        call->out[2] = cpu;
    }
    return status;
}

EvStatus hcall_EV_INT_SET_MASK(Hcall *call)
{
    const HcallEnv *env = call->env;
    return fits(call, 2) ? env->services->int_set_mask(env->opaque, in(call, 0), in(call, 1)) : EV_EINVAL;
}

EvStatus hcall_EV_INT_GET_MASK(Hcall *call)
{
    const HcallEnv *env = call->env;
    uint32_t mask = 0;
    if (!fits(call, 1))
        return EV_EINVAL;
    EvStatus status = env->services->int_get_mask(env->opaque, in(call, 0), &mask);
    if (status == EV_SUCCESS)
        call->out[0] = mask;
    return status;
}

EvStatus hcall_EV_INT_IACK(Hcall *call)
{
    const HcallEnv *env = call->env;
    uint32_t interrupt = 0;
    if (!fits(call, 1))
        return EV_EINVAL;
    EvStatus status = env->services->int_iack(env->opaque, call->vcpu, in(call, 0), &interrupt);
    if (status == EV_SUCCESS)
        call->out[0] = interrupt;
    return status;
}

EvStatus hcall_EV_INT_EOI(Hcall *call)
{
    const HcallEnv *env = call->env;
    return fits(call, 1) ? env->services->int_eoi(env->opaque, call->vcpu, in(call, 0)) : EV_EINVAL;
}

EvStatus hcall_EV_INT_SEND_IPI(Hcall *call)
{
    const HcallEnv *env = call->env;
    return fits(call, 2) ? env->services->int_send_ipi(env->opaque, in(call, 0), in(call, 1)) : EV_EINVAL;
}

EvStatus hcall_EV_INT_SET_TASK_PRIORITY(Hcall *call)
{
    const HcallEnv *env = call->env;
    if (!fits(call, 2))
        return EV_EINVAL;
    return env->services->int_set_task_priority(env->opaque, call->vcpu, in(call, 0), in(call, 1));
}

EvStatus hcall_EV_INT_GET_TASK_PRIORITY(Hcall *call)
{
    const HcallEnv *env = call->env;
    uint32_t priority = 0;
    if (!fits(call, 1))
        return EV_EINVAL;
    EvStatus status = env->services->int_get_task_priority(env->opaque, call->vcpu, in(call, 0), &priority);
    if (status == EV_SUCCESS)
        call->out[0] = priority;
    return status;
}

/*
 * What rB of msgsnd says (Power ISA 2.06B Book III-E ch. 9).  The instruction ignores a message that it does not know; a caller gets a status:
 * only the two doorbells of a guest are messages, and the bits between are reserved.
 */
EvStatus hcall_EV_MSGSND(Hcall *call)
{
    enum { DBELL_CRIT = 1, BROADCAST = 1 << 26, PIRTAG = 0x3fff };
    const HcallEnv *env = call->env;
    uint32_t message = in(call, 0);
    if (!fits(call, 1) || message >> 27 > DBELL_CRIT || (message & ~(1u << 27 | BROADCAST | PIRTAG)) != 0)
        return EV_EINVAL;
    return env->services->msgsnd(env->opaque, message);
}
