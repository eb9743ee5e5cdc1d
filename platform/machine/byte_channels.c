/* SPDX-License-Identifier: MIT
 *
 * Byte channels, of -device and of a board without UARTs: made, found by their handle, and served.
 */
#include "platform/devices/hv/byte_channel.h"

#include <string.h>

#include "cpu/log.h"
#include "platform/machine/machine.h"

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
static bool add_one(Machine *m, Chardev *chr, const char *name, bool console, GError **error)
{
    ByteChannelWires wires;
    if (!machine_next_input(m, true, &wires.rx, error) || !machine_next_input(m, true, &wires.tx, error))
        return false;
    uint32_t handle = m->n_byte_channels++ ? machine_next_handle(m) : 0;
    g_autofree char *id = g_strdup_printf("byte-channel%u", handle);
    device_bus_add(m->buses[DEVICE_BUS_HANDLES], byte_channel_new(id, handle, name, chr, &wires));
    if (console) {
        g_free(m->console);
        m->console = g_strdup_printf("/hypervisor/handles/byte-channel@%x", handle);
    }
    return true;
}

/* For -serial.  The first is the guest's console and is always made; the second only when -serial names a back end for it. */
bool machine_add_serial_channels(Machine *m, GError **error)
{
    for (unsigned i = 0; i < SERIALS_MAX; i++)
        if ((i == 0 || strcmp(m->config->serial[i], "null")) && !add_one(m, m->serial[i], NULL, i == 0, error))
            return false;
    return true;
}

bool machine_create_byte_channel(Machine *m, const DeviceOption *option, GError **error)
{
    return add_one(m, machine_chardev(m, device_option_string(option, "chardev")), device_option_string(option, "name"),
                   device_option_on(option, "console"), error);
}

/* ---- hypercalls */

static Device *find(Machine *m, const char *call, uint32_t handle)
{
    Device *dev;
    for (unsigned i = 0; (dev = device_bus_get(m->buses[DEVICE_BUS_HANDLES], i)); i++)
        if (byte_channel_is(dev) && byte_channel_handle(dev) == handle)
            return dev;
    LOG(LOG_GUEST_ERRORS, "%s: no byte channel has the handle 0x%x", call, handle);
    return NULL;
}

bool machine_byte_channel_send(void *machine, uint32_t handle, const uint8_t *data, unsigned size, unsigned *sent)
{
    Device *dev = find(machine, "EV_BYTE_CHANNEL_SEND", handle);
    if (dev)
        *sent = (unsigned)byte_channel_send(dev, data, size);
    return dev != NULL;
}

bool machine_byte_channel_receive(void *machine, uint32_t handle, uint8_t *data, unsigned size, unsigned *got)
{
    Device *dev = find(machine, "EV_BYTE_CHANNEL_RECEIVE", handle);
    if (dev)
        *got = (unsigned)byte_channel_receive(dev, data, size);
    return dev != NULL;
}

bool machine_byte_channel_poll(void *machine, uint32_t handle, unsigned *to_receive, unsigned *to_send)
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
