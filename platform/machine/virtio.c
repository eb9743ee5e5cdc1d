/* SPDX-License-Identifier: MIT
 *
 * virtio devices of -device, and what they refer to.
 */
#include <string.h>

#include "platform/devices/pci/host.h"
#include "platform/devices/pci/msix.h"
#include "platform/devices/virtio/balloon.h"
#include "platform/devices/virtio/blk.h"
#include "platform/devices/virtio/mmio.h"
#include "platform/devices/virtio/net.h"
#include "platform/devices/virtio/p9.h"
#include "platform/devices/virtio/pci.h"
#include "platform/devices/virtio/rng.h"
#include "platform/devices/virtio/serial.h"
#include "platform/machine/machine.h"

static bool bad_value(GError **error, const char *text)
{
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    return false;
}

/* How many vectors of MSI-X a device has: where nobody takes messages none, unless the command line has them. */
static unsigned vectors(const Machine *m, const DeviceOption *option, const Virtio *v)
{
    if (device_option_string(option, "vectors"))
        return (unsigned)MIN(device_option_number(option, "vectors"), PCI_MSIX_VECTORS_MAX + 1u);
    return machine_takes_messages(m) ? MIN(virtio_n_queues(v) + 1, (unsigned)PCI_MSIX_VECTORS_MAX) : 0;
}

/* Takes v. */
static bool plug_pci(Machine *m, const DeviceOption *option, Virtio *v, GError **error)
{
    const VirtioPciConfig config = {
        .name = option->id,
        .legacy = !device_option_on(option, "disable-legacy"),
        .modern = !device_option_on(option, "disable-modern"),
        .vectors = vectors(m, option, v),
        .again = machine_new_event(m, error),
    };
    unsigned devfn;
    g_autofree char *tag = NULL;
    if (!config.again)
        ; /* the error is set */
    else if (!config.legacy && !config.modern)
        bad_value(error, "disable-legacy and disable-modern leave nothing of it");
    else if (config.vectors > PCI_MSIX_VECTORS_MAX)
        bad_value(error, "vectors are 32 at most");
    else
        tag = machine_pci_place(m, option, &devfn, error);
    if (tag)
        pci_host_plug(m->pci, virtio_pci_new(tag, v, &config), devfn);
    else
        virtio_free(v);
    return tag;
}

/* Onto the platform bus.  Takes v. */
static bool plug_mmio(Machine *m, Virtio *v, GError **error)
{
    VirtioMmioConfig config = {.memory = m->memory, .again = machine_new_event(m, error)};
    if (!config.again || !machine_next_input(m, true, &config.irq, error)) {
        virtio_free(v);
        return false;
    }
    g_autofree char *id = g_strdup_printf("virtio-mmio%u", m->buses[DEVICE_BUS_PLATFORM]->devices->len);
    return machine_plug_platform(m, virtio_mmio_new(id, v, &config), VIRTIO_MMIO_SIZE, error);
}

/* Onto the bus that the type is made for, where the option says.  Takes v. */
static bool plug(Machine *m, const DeviceOption *option, Virtio *v, GError **error)
{
    return device_types[option->type].bus == DEVICE_BUS_PCI ? plug_pci(m, option, v, error) : plug_mmio(m, v, error);
}

/* --- random numbers */

static Entropy *add_entropy(Machine *m, const char *id, Entropy *entropy)
{
    const NamedEntropy named = {id, entropy};
    if (entropy)
        g_array_append_val(m->entropies, named);
    return entropy;
}

/* The source of an object, which all devices that refer to it share.  With virtual time a run repeats itself, so the host's is not asked. */
static Entropy *find_entropy(Machine *m, const char *id, GError **error)
{
    const BackendConfig *object = NULL;
    for (guint i = 0; i < m->entropies->len; i++)
        if (!g_strcmp0(g_array_index(m->entropies, NamedEntropy, i).id, id))
            return g_array_index(m->entropies, NamedEntropy, i).entropy;
    for (guint i = 0; id && i < m->config->objects->len; i++) {
        const BackendConfig *each = m->config->objects->pdata[i];
        object = strcmp(each->id, id) ? object : each;
    }
    if (m->time.is_virtual && (!object || g_str_has_prefix(object->text, "rng-builtin")))
        return add_entropy(m, id, entropy_new_repeated());
    return add_entropy(m, id, object ? entropy_new(object->text, error) : entropy_new_host());
}

bool machine_create_virtio_rng(Machine *m, const DeviceOption *option, GError **error)
{
    VirtioRngConfig config = {
        .entropy = find_entropy(m, device_option_string(option, "rng"), error),
        .clock = m->clock,
        .max_bytes = device_option_number(option, "max-bytes"),
        .period_ms = (uint32_t)MIN(device_option_number(option, "period"), UINT32_MAX),
    };
    if (!config.entropy)
        return false;
    if (!config.period_ms || !config.max_bytes)
        return bad_value(error, "max-bytes and period must not be 0");
    return plug(m, option, virtio_rng_new(&config), error);
}

/* --- disks, networks, memory */

static bool is_sector(uint64_t size)
{
    return size >= 512 && size <= 32768 && (size & (size - 1)) == 0;
}

bool machine_create_virtio_blk(Machine *m, const DeviceOption *option, GError **error)
{
    const uint64_t logical = device_option_number(option, "logical_block_size"),
                   n_queues = device_option_number(option, "num-queues");
    const uint64_t physical = device_option_number(option, "physical_block_size");
    VirtioBlkConfig config = {
        .block = machine_drive(m, device_option_string(option, "drive")),
        .serial = device_option_string(option, "serial"),
        .logical_size = (uint32_t)logical,
        .block_size = (uint32_t)MAX(logical, physical),
        .n_queues = (unsigned)n_queues,
        .discard = device_option_on(option, "discard"),
        .write_zeroes = device_option_on(option, "write-zeroes"),
    };
    if (!is_sector(logical) || !is_sector(physical))
        return bad_value(error, "a block size is a power of two from 512 to 32768");
    if (n_queues < 1 || n_queues > VIRTIO_BLK_QUEUES_MAX)
        return bad_value(error, "num-queues is from 1 to 16");
    return plug(m, option, virtio_blk_new(&config), error);
}

/* What a property switches off, and what is of no use without that (VIRTIO 1.1 §5.1.3.1). */
static uint64_t features_off(const DeviceOption *option)
{
    static const struct {
        const char *key;
        uint64_t features;
    } switches[] = {
        {"csum", NET_F_CSUM | NET_F_HOST_TSO4 | NET_F_HOST_TSO6},
        {"host_tso4", NET_F_HOST_TSO4},
        {"host_tso6", NET_F_HOST_TSO6},
        {"guest_csum", NET_F_GUEST | NET_F_CTRL_GUEST_OFFLOADS},
        {"guest_tso4", NET_F_GUEST_TSO4},
        {"guest_tso6", NET_F_GUEST_TSO6},
        {"mrg_rxbuf", NET_F_MRG_RXBUF},
        {"ctrl_vq",
         NET_F_CTRL_VQ | NET_F_CTRL_RX | NET_F_CTRL_RX_EXTRA | NET_F_CTRL_VLAN | NET_F_CTRL_MAC_ADDR | NET_F_CTRL_GUEST_OFFLOADS},
    };
    uint64_t off = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(switches); i++)
        off |= device_option_on(option, switches[i].key) ? 0 : switches[i].features;
    return off;
}

bool machine_create_virtio_net(Machine *m, const DeviceOption *option, GError **error)
{
    const MachineNic nic = machine_nic(m, option);
    VirtioNetConfig config = {.net = nic.net, .transmit = machine_new_event(m, error)};
    memcpy(config.mac, nic.mac, sizeof(config.mac));
    config.without = features_off(option);
    return config.transmit && plug(m, option, virtio_net_new(&config), error);
}

bool machine_create_virtio_balloon(Machine *m, const DeviceOption *option, GError **error)
{
    const VirtioBalloonConfig config = {.deflate_on_oom = device_option_on(option, "deflate-on-oom")};
    Virtio *balloon = virtio_balloon_new(&config);
    if (!plug(m, option, balloon, error))
        return false;
    m->balloon = m->balloon ? m->balloon : balloon;
    return true;
}

bool machine_balloon(void *machine, const uint64_t *target, uint64_t *left)
{
    const Machine *m = machine;
    if (!m->balloon)
        return false;
    uint64_t ram = memory_size(m->memory);
    if (target)
        virtio_balloon_set_target(m->balloon, ram - MIN(*target, ram));
    *left = ram - MIN(virtio_balloon_actual(m->balloon), ram);
    return true;
}

/* --- directories of the host */

bool machine_create_virtio_9p(Machine *m, const DeviceOption *option, GError **error)
{
    const BackendConfig *fsdev = NULL;
    VirtioP9Config config = {.tag = device_option_string(option, "mount_tag")};
    for (guint i = 0; i < m->config->fsdevs->len; i++) {
        const BackendConfig *each = m->config->fsdevs->pdata[i];
        fsdev = strcmp(each->id, device_option_string(option, "fsdev")) ? fsdev : each;
    }
    if (strlen(config.tag) > VIRTIO_9P_TAG_MAX)
        return bad_value(error, "mount_tag is longer than 32 bytes");
    config.share = share_new(fsdev->text, error);
    if (!config.share)
        return false;
    g_ptr_array_add(m->shares, config.share);
    config.served = machine_new_event(m, error);
    Virtio *v = config.served ? virtio_p9_new(&config) : NULL;
    if (!v || !plug(m, option, v, error))
        return false;
    g_ptr_array_add(m->servers, v);
    return true;
}

/* --- consoles and ports */

bool machine_create_virtio_serial(Machine *m, const DeviceOption *option, GError **error)
{
    const uint64_t max_ports = device_option_number(option, "max_ports");
    if (max_ports < 1 || max_ports > VIRTIO_SERIAL_PORTS_MAX)
        return bad_value(error, "max_ports is from 1 to 31");
    const VirtioSerialConfig config = {.max_ports = (unsigned)max_ports, .notices = m->notices};
    Virtio *v = virtio_serial_new(&config);
    NamedSerial named = {.virtio = v};
    if (!plug(m, option, v, error))
        return false;
    named.bus = option->id ? g_strdup_printf("%s.0", option->id) : g_strdup_printf("virtio-serial%u.0", m->serial_buses->len);
    g_array_append_val(m->serial_buses, named);
    return true;
}

/* The bus that a port names, or else the first one. */
static Virtio *find_serial(Machine *m, const char *bus, GError **error)
{
    const char *first = NULL;
    for (guint i = 0; i < m->serial_buses->len; i++) {
        const NamedSerial *each = &g_array_index(m->serial_buses, NamedSerial, i);
        first = first ? first : each->bus;
        if (!bus || !strcmp(each->bus, bus))
            return each->virtio;
    }
    if (first)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "bus: no virtio-serial before it is '%s'; the first is '%s'",
                    bus, first);
    else
        bad_value(error, "no virtio-serial comes before it on the command line");
    return NULL;
}

static bool add_port(Machine *m, const DeviceOption *option, bool console, GError **error)
{
    Virtio *v = find_serial(m, option->bus, error);
    const VirtioSerialPortConfig config = {
        .name = device_option_string(option, "name"),
        .id = option->id,
        .chr = machine_chardev(m, device_option_string(option, "chardev")),
        .console = console,
        .number = device_option_string(option, "nr") ? (int)MIN(device_option_number(option, "nr"), INT_MAX) : -1,
    };
    return v && virtio_serial_add_port(v, &config, error);
}

bool machine_create_virtconsole(Machine *m, const DeviceOption *option, GError **error)
{
    return add_port(m, option, true, error);
}

bool machine_create_virtserialport(Machine *m, const DeviceOption *option, GError **error)
{
    return add_port(m, option, false, error);
}

/* --- the same by the other transport: plug() sees from the type which one it is */

#define SAME_BY_MMIO(id)                                                                    \
    bool machine_create_##id##_mmio(Machine *m, const DeviceOption *option, GError **error) \
    {                                                                                       \
        return machine_create_##id(m, option, error);                                       \
    }
SAME_BY_MMIO(virtio_rng)
SAME_BY_MMIO(virtio_blk)
SAME_BY_MMIO(virtio_net)
SAME_BY_MMIO(virtio_balloon)
SAME_BY_MMIO(virtio_serial)
SAME_BY_MMIO(virtio_9p)
#undef SAME_BY_MMIO
