/* SPDX-License-Identifier: MIT
 *
 * Doorbells of -device: made, found by their handle, and sent.
 */
#include "platform/devices/doorbell.h"

#include "platform/machine.h"

static bool add_one(Machine *m, const DoorbellOption *option, GError **error)
{
    DoorbellConfig config = {.name = option->name};
    if (!machine_next_input(m, false, &config.input, error)) {
        g_prefix_error(error, "-device epapr-doorbell,name=%s: ", option->name);
        return false;
    }
    config.send = machine_next_handle(m);
    config.receive = machine_next_handle(m);
    config.chr = option->chardev ? machine_chardev(m, option->chardev) : NULL;
    g_autofree char *id = g_strdup_printf("doorbell%u", config.send);
    g_ptr_array_add(m->handles, doorbell_new(id, &config));
    return true;
}

bool machine_add_doorbells(Machine *m, GError **error)
{
    const GPtrArray *all = m->config->doorbells;
    for (guint i = 0; i < all->len; i++)
        if (!add_one(m, all->pdata[i], error))
            return false;
    return true;
}

EvStatus machine_doorbell_send(void *machine, uint32_t handle)
{
    const Machine *m = machine;
    for (guint i = 0; handle && i < m->handles->len; i++) {
        Device *dev = m->handles->pdata[i];
        if (doorbell_is(dev) && doorbell_send_handle(dev) == handle)
            return doorbell_send(dev) == DOORBELL_SENT ? EV_SUCCESS : EV_CONFIG;
    }
    return EV_EINVAL;
}
