/* SPDX-License-Identifier: MIT
 *
 * Which hypercalls this machine can serve: a function for each row of hcall/need.def.  Its answer makes the promise in the tree and the
 * service of the call.
 */
#include "platform/machine/machine.h"

/* The accelerator hands hypercalls out.  Without that only those are served which it serves by itself, or hands out by another way. */
static bool has_exits(unsigned caps)
{
    return caps & ACCEL_CAP_HCALL_EXIT;
}

/* vCPU state can be written again after launch, or the VM is made anew. */
static bool can_reset(const Machine *m, unsigned caps)
{
    return (caps & ACCEL_CAP_REBUILD) || !machine_reset_rebuilds(m->config, caps);
}

static bool has_device(const Config *config, DeviceTypeId type)
{
    for (guint i = 0; i < config->devices->len; i++)
        if (((const DeviceOption *)config->devices->pdata[i])->type == type)
            return true;
    return false;
}

static bool offers_IDLE(const Machine *m, unsigned caps)
{
    return m->config->has_idle && (caps & ACCEL_CAP_IDLE);
}

static bool offers_RESET(const Machine *m, unsigned caps)
{
    return m->config->has_reset && has_exits(caps) && can_reset(m, caps);
}

static bool offers_SHUTDOWN(const Machine *m, unsigned caps)
{
    return m->config->has_shutdown && has_exits(caps);
}

static bool offers_AREAS(const Machine *m, unsigned caps)
{
    return m->config->memory_areas && (caps & ACCEL_CAP_AREA_EXIT);
}

static bool offers_INT(const Machine *m, unsigned caps)
{
    return !board_has_soc(m->board) && has_exits(caps);
}

static bool offers_DOORBELL(const Machine *m, unsigned caps)
{
    return has_device(m->config, DEVICE_TYPE_doorbell) && has_exits(caps);
}

static bool offers_PARTITION(const Machine *m, unsigned caps)
{
    return m->config->has_partition && has_exits(caps) && can_reset(m, caps);
}

static bool offers_MSGSND(const Machine *m, unsigned caps)
{
    return (caps & ACCEL_CAP_MSGSND) && has_exits(caps);
}

unsigned machine_hcalls_present(const Machine *m, unsigned caps)
{
    unsigned present = 0;
#define NEED(id, doc)         \
    if (offers_##id(m, caps)) \
        present |= HCALL_NEED_##id;
#include "hcall/need.def"
    return present;
}
