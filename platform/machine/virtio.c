/* SPDX-License-Identifier: MIT
 *
 * virtio devices of -device, and what they refer to.
 */
#include <string.h>

#include "platform/devices/pci/host.h"
#include "platform/devices/virtio/pci.h"
#include "platform/devices/virtio/rng.h"
#include "platform/machine/machine.h"

/* Onto the PCI bus, where the option says.  Takes v. */
static bool plug(Machine *m, const DeviceOption *option, Virtio *v, GError **error)
{
    const VirtioPciConfig config = {
        .name = option->id,
        .legacy = !device_option_on(option, "disable-legacy"),
        .modern = !device_option_on(option, "disable-modern"),
    };
    unsigned devfn;
    g_autofree char *tag = NULL;
    if (!config.legacy && !config.modern)
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "disable-legacy and disable-modern leave nothing of it");
    else
        tag = machine_pci_place(m, option, &devfn, error);
    if (tag)
        pci_host_plug(m->pci, virtio_pci_new(tag, v, &config), devfn);
    else
        virtio_free(v);
    return tag;
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
    if (!config.period_ms || !config.max_bytes) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "max-bytes and period must not be 0");
        return false;
    }
    return plug(m, option, virtio_rng_new(&config), error);
}
