/* SPDX-License-Identifier: MIT
 *
 * Doorbells of -device: made, found by their handle, and sent, by hypercall or by a store.
 */
#include "platform/devices/hv/doorbell.h"

#include "cpu/log.h"
#include "platform/devices/hv/doorbell_page.h"
#include "platform/machine/machine.h"

static Device *find(const Machine *m, uint32_t handle)
{
    Device *dev;
    for (unsigned i = 0; handle && (dev = device_bus_get(m->buses[DEVICE_BUS_HANDLES], i)); i++)
        if (doorbell_is(dev) && doorbell_send_handle(dev) == handle)
            return dev;
    return NULL;
}

/* ---- by a store ---- */

static void store(void *opaque, uint32_t handle)
{
    const Machine *m = opaque;
    Device *dev = find(m, handle);
    LOG(LOG_HCALL, "doorbell page: 0x%x", handle);
    if (!dev || !doorbell_takes_stores(dev))
        LOG(LOG_GUEST_ERRORS, "doorbell page: no doorbell with handle 0x%x is sent by a store", handle);
    else
        doorbell_send(dev);
}

static void send_heard(void *dev)
{
    doorbell_send(dev);
}

/*
 * Where KVM can, it takes the guest's store itself and writes to an eventfd.  When the interrupt controller is KVM's too and the guest rings
 * itself, that eventfd raises the interrupt, and this program is not involved; otherwise it wakes the main loop.
 */
static bool store_to_event(Machine *m, Device *dev, const DoorbellConfig *config, GError **error)
{
    if (!(vcpus_caps(m->vcpus) & ACCEL_CAP_IOEVENTFD))
        return true;
    Event *event = config->chr ? NULL : config->input.event;
    if (!event) {
        event = machine_new_event(m, error);
        if (!event)
            return false;
        event_listen(event, send_heard, dev);
    }
    const AccelEventfd eventfd = {
        .fd = event_fd(event),
        .kind = ACCEL_EVENTFD_STORE,
        .gpa = config->store,
        .size = 4,
        .value = config->send,
    };
    return vcpus_eventfd(m->vcpus, &eventfd, error);
}

/* All doorbells that are sent by a store share one page. */
static bool add_page(Machine *m, GError **error)
{
    if (m->doorbell_page)
        return true;
    m->doorbell_page = doorbell_page_new("doorbell-page", store, m);
    return machine_add_device(m, DEVICE_BUS_SYSTEM, m->doorbell_page, m->board->doorbell_page, DOORBELL_PAGE_SIZE, error);
}

/* ---- making ---- */

bool machine_create_doorbell(Machine *m, const DeviceOption *option, GError **error)
{
    const char *chardev = device_option_string(option, "chardev");
    bool mmio = device_option_on(option, "mmio");
    DoorbellConfig config = {.name = device_option_string(option, "name")};
    if (!machine_next_input(m, false, &config.input, error))
        return false;
    config.send = machine_next_handle(m);
    config.receive = machine_next_handle(m);
    config.chr = chardev ? machine_chardev(m, chardev) : NULL;
    config.store = mmio ? m->board->doorbell_page : 0;
    g_autofree char *id = g_strdup_printf("doorbell%u", config.send);
    Device *dev = doorbell_new(id, &config);
    device_bus_add(m->buses[DEVICE_BUS_HANDLES], dev);
    return !mmio || (add_page(m, error) && store_to_event(m, dev, &config, error));
}

/* ---- by hypercall ---- */

EvStatus machine_doorbell_send(void *machine, uint32_t handle)
{
    Device *dev = find(machine, handle);
    if (!dev)
        return EV_EINVAL;
    return doorbell_send(dev) == DOORBELL_SENT ? EV_SUCCESS : EV_CONFIG;
}
