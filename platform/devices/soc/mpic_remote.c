/* SPDX-License-Identifier: MIT
 *
 * An MPIC whose registers are the accelerator's.
 */
#include "cpu/log.h"
#include "platform/devices/soc/mpic_internal.h"

static const StateField remote_derived[] = {
    {.name = "all", .size = sizeof(Mpic), .count = 1, .stride = sizeof(Mpic)}, /* the accelerator has the state */
};
STATE_STRUCT_DERIVED(Mpic, remote);

static bool remote_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value)
{
    *value = 0;
    LOG(LOG_UNIMP, "%s: read of +0x%05x, which the kernel's MPIC lacks", dev->id, (unsigned)offset);
    return size == 4;
}

static bool remote_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value)
{
    LOG(LOG_UNIMP, "%s: 0x%08x to +0x%05x, which the kernel's MPIC lacks", dev->id, (unsigned)value, (unsigned)offset);
    return size == 4;
}

static const DeviceOps mpic_remote_ops = {
    .name = "mpic",
    .state = &remote_state,
    .read = remote_read,
    .write = remote_write,
    .describe = mpic_describe,
};

Device *mpic_remote_new(const char *id, const IrqLine *sources)
{
    Mpic *m = g_new0(Mpic, 1);
    device_init(&m->dev, &mpic_remote_ops, id);
    m->remote = *sources;
    return &m->dev;
}
