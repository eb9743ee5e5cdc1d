/* SPDX-License-Identifier: MIT
 *
 * Byte channels of -device: made, found by their handle, and served.
 */
#include "platform/devices/byte_channel.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/machine.h"

Chardev *machine_chardev(Machine *m, const char *id)
{
    for (guint i = 0; i < m->chardevs->len; i++) {
        if (!strcmp(chardev_label(m->chardevs->pdata[i]), id))
            return m->chardevs->pdata[i];
    }
    return NULL;
}

/*
 * The first has handle 0: that is the one which Linux's early console speaks to, and without it its driver takes one tty more than
 * there are channels.
 */
static bool add_one(Machine *m, const ByteChannelConfig *config, bool first, GError **error)
{
    ByteChannelWires wires;
    if (!machine_next_input(m, true, &wires.rx, error) ||
        !machine_next_input(m, true, &wires.tx, error)) {
        g_prefix_error(error, "-device epapr-byte-channel,chardev=%s: ", config->chardev);
        return false;
    }
    uint32_t handle = first ? 0 : machine_next_handle(m);
    g_autofree char *id = g_strdup_printf("byte-channel%u", handle);
    Device *dev = byte_channel_new(id, handle, config->name, machine_chardev(m, config->chardev),
                                   &wires);
    g_ptr_array_add(m->handles, dev);
    if (config->console)
        m->console = g_strdup_printf("/hypervisor/handles/byte-channel@%x", handle);
    return true;
}

bool machine_add_byte_channels(Machine *m, GError **error)
{
    const GPtrArray *all = m->config->byte_channels;
    if (all->len && !(vcpus_caps(m->vcpus) & ACCEL_CAP_HCALL_EXIT)) {
        g_set_error(error, CONFIG_ERROR, CONFIG_ERROR_OPTION,
                    "-device epapr-byte-channel: accelerator %s keeps hypercalls to itself",
                    vcpus_vm(m->vcpus)->ops->name);
        return false;
    }
    for (guint i = 0; i < all->len; i++) {
        if (!add_one(m, all->pdata[i], i == 0, error))
            return false;
    }
    return true;
}

/* ---- hypercalls */

static Device *find(Machine *m, const char *call, uint32_t handle)
{
    for (guint i = 0; i < m->handles->len; i++) {
        Device *dev = m->handles->pdata[i];
        if (byte_channel_is(dev) && byte_channel_handle(dev) == handle)
            return dev;
    }
    LOG(LOG_GUEST_ERRORS, "%s: no byte channel has the handle 0x%x", call, handle);
    return NULL;
}

bool machine_byte_channel_send(void *machine, uint32_t handle, const uint8_t *data, unsigned size,
                               unsigned *sent)
{
    Device *dev = find(machine, "EV_BYTE_CHANNEL_SEND", handle);
    if (dev)
        *sent = (unsigned)byte_channel_send(dev, data, size);
    return dev != NULL;
}

bool machine_byte_channel_receive(void *machine, uint32_t handle, uint8_t *data, unsigned size,
                                  unsigned *got)
{
    Device *dev = find(machine, "EV_BYTE_CHANNEL_RECEIVE", handle);
    if (dev)
        *got = (unsigned)byte_channel_receive(dev, data, size);
    return dev != NULL;
}

bool machine_byte_channel_poll(void *machine, uint32_t handle, unsigned *to_receive,
                               unsigned *to_send)
{
    Device *dev = find(machine, "EV_BYTE_CHANNEL_POLL", handle);
    size_t rx, tx;
    if (!dev)
        return false;
    byte_channel_poll(dev, &rx, &tx);
    *to_receive = (unsigned)rx;
    *to_send = (unsigned)tx;
    return true;
}
