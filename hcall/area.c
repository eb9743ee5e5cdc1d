/* SPDX-License-Identifier: MIT
 *
 * Registered memory areas: the two calls (vendor 0, docs/MEMORY-AREAS.md), and the table of types.
 */
#include "hcall/area.h"

#include <glib.h>

#include "hcall/hcall.h"

const AreaType area_types[AREA_COUNT] = {
#define X(id, number, size, per, writer, doc) [AREA_##id] = {#id, number, size, AREA_PER_##per, AREA_WRITER_##writer, doc},
    AREA_LIST(X, AREA_NO_FIELD)
#undef X
};

#define ROW(id, number, size, per, writer, doc) \
    G_STATIC_ASSERT((number) != AREA_ALL && (size) % AREA_ALIGN == 0 && (size) <= AREA_SIZE_MAX);
#define FIELD(area, id, offset, bits, doc) \
    G_STATIC_ASSERT((offset) >= 8 && (offset) % ((bits) / 8) == 0 && ((bits) == 32 || (bits) == 64));
AREA_LIST(ROW, FIELD)

AreaId area_find(uint64_t number)
{
    AreaId id = 0;

    while (id < AREA_COUNT && area_types[id].number != number)
        id++;
    return id;
}

EvStatus hcall_QUOIN_AREA_REGISTER(Hcall *call)
{
    HcallEnv *env = call->env;
    AreaId id = area_find(call->in[0]);

    if (id == AREA_COUNT)
        return EV_ENODEV;
    /* Each register holds half of the address.  Where a 64-bit guest sets bits beyond that half, it names nothing that is RAM. */
    if ((call->in[1] | call->in[2]) >> 32)
        return EV_EFAULT;
    uint64_t gpa = call->in[1] << 32 | call->in[2];
    EvStatus status = env->services->area_register(env->opaque, call->vcpu, id, gpa, call->in[3]);
    if (status == EV_SUCCESS)
        call->out[0] = MIN(area_types[id].size, call->in[3]);
    return status;
}

EvStatus hcall_QUOIN_AREA_UNREGISTER(Hcall *call)
{
    HcallEnv *env = call->env;
    AreaId id = area_find(call->in[0]);

    if (call->in[0] == AREA_ALL) {
        for (id = 0; id < AREA_COUNT; id++)
            env->services->area_unregister(env->opaque, call->vcpu, id);
        return EV_SUCCESS;
    }
    return id < AREA_COUNT ? env->services->area_unregister(env->opaque, call->vcpu, id) : EV_ENODEV;
}
