/* SPDX-License-Identifier: MIT
 *
 * What network cards are connected to, and their addresses.
 */
#include "platform/machine/machine.h"

#include <string.h>

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
    return nic;
}
