/* SPDX-License-Identifier: MIT
 *
 * What network cards are connected to, and their addresses.
 */
#include "platform/machine/machine.h"

#include <string.h>

#include "platform/devices/pci/e1000.h"
#include "platform/devices/pci/host.h"
#include "platform/devices/platform/etsec.h"

#include "cpu/log.h"

bool machine_add_nets(Machine *m, GError **error)
{
    for (guint i = 0; i < m->config->netdevs->len; i++) {
        const BackendConfig *config = m->config->netdevs->pdata[i];
        Net *net = net_new(config->text, error);
        if (!net)
            return false;
        g_ptr_array_add(m->nets, net);
        if (!config->used_by)
            message_warning("-netdev %s: no card has netdev=%s", config->text, config->id);
    }
    return true;
}

static Net *find(const Machine *m, const char *id)
{
    for (guint i = 0; id && i < m->nets->len; i++)
        if (!strcmp(net_id(m->nets->pdata[i]), id))
            return m->nets->pdata[i];
    return NULL;
}

/* mac= of a card of the command line, whose place among the devices is this; false: it has none. */
static bool given_mac(const Machine *m, guint place, uint8_t mac[NET_MAC_SIZE])
{
    const DeviceOption *option = m->config->devices->pdata[place];
    const DeviceProperty *property = device_types[option->type].properties;
    for (unsigned i = 0; property[i].key; i++)
        if (property[i].type == PROPERTY_MAC && option->value[i])
            return net_mac_parse(property[i].key, option->value[i], mac, NULL);
    return false;
}

/* The next address that no card was given by the command line. */
static void next_mac(Machine *m, uint8_t mac[NET_MAC_SIZE])
{
    static const uint8_t first[NET_MAC_SIZE] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    bool is_taken = true;
    while (is_taken) {
        unsigned last = first[5] + m->n_macs++;
        memcpy(mac, first, NET_MAC_SIZE);
        mac[5] = (uint8_t)last;
        mac[4] = (uint8_t)(mac[4] + (last >> 8));
        is_taken = false;
        for (guint i = 0; i < m->config->devices->len; i++) {
            uint8_t other[NET_MAC_SIZE];
            is_taken |= given_mac(m, i, other) && !memcmp(mac, other, NET_MAC_SIZE);
        }
    }
}

MachineNic machine_nic(Machine *m, const DeviceOption *option)
{
    MachineNic nic = {.net = find(m, device_option_string(option, "netdev"))};
    const char *mac = device_option_string(option, "mac");
    if (!mac || !net_mac_parse("mac", mac, nic.mac, NULL))
        next_mac(m, nic.mac);
    NamedNic named = {.option = option};
    memcpy(named.mac, nic.mac, sizeof(named.mac));
    g_array_append_val(m->nics, named);
    return nic;
}

bool machine_create_etsec(Machine *m, const DeviceOption *option, GError **error)
{
    unsigned n = m->buses[DEVICE_BUS_PLATFORM]->devices->len;
    EtsecConfig config = {.memory = m->memory, .clock = m->clock};
    if (!machine_next_input(m, true, &config.tx, error) || !machine_next_input(m, true, &config.rx, error) ||
        !machine_next_input(m, true, &config.error, error))
        return false;
    MachineNic nic = machine_nic(m, option);
    config.net = nic.net;
    memcpy(config.mac, nic.mac, NET_MAC_SIZE);
    g_autofree char *id = g_strdup_printf("etsec%u", n);
    return machine_plug_platform(m, etsec_new(id, &config), ETSEC_SIZE, error);
}

bool machine_create_e1000(Machine *m, const DeviceOption *option, GError **error)
{
    unsigned devfn;
    g_autofree char *id = machine_pci_place(m, option, &devfn, error);
    if (!id)
        return false;
    MachineNic nic = machine_nic(m, option);
    E1000Config config = {.clock = m->clock, .net = nic.net};
    memcpy(config.mac, nic.mac, NET_MAC_SIZE);
    PciDevice *pci = e1000_new(id, &config);
    pci->name = option->id;
    pci_host_plug(m->pci, pci, devfn);
    return true;
}
