/* SPDX-License-Identifier: MIT
 *
 * Disk controllers of -device beside virtio's, flash, and cards.
 */
#include "platform/devices/pci/host.h"
#include "platform/devices/pci/msix.h"
#include "platform/devices/pci/nvme.h"
#include "platform/devices/platform/pflash.h"
#include "platform/devices/soc/esdhc.h"
#include "platform/devices/soc/mpic.h"
#include "platform/machine/machine.h"

static bool bad_value(GError **error, const char *text)
{
    g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, text);
    return false;
}

static uint64_t nvme_vectors(const Machine *m, const DeviceOption *option, uint64_t pairs)
{
    if (device_option_string(option, "msix_qsize"))
        return device_option_number(option, "msix_qsize");
    return machine_takes_messages(m) ? MIN(pairs + 1, PCI_MSIX_VECTORS_MAX) : 0;
}

bool machine_create_nvme(Machine *m, const DeviceOption *option, GError **error)
{
    const uint64_t pairs = device_option_number(option, "max_ioqpairs"), vectors = nvme_vectors(m, option, pairs);
    if (pairs < 1 || pairs > NVME_IO_QUEUES_MAX)
        return bad_value(error, "max_ioqpairs is from 1 to 64");
    if (vectors > PCI_MSIX_VECTORS_MAX)
        return bad_value(error, "msix_qsize is 32 at most");
    unsigned devfn;
    const NvmeConfig config = {
        .name = option->id,
        .block = machine_drive(m, device_option_string(option, "drive")),
        .serial = device_option_string(option, "serial"),
        .n_io_queues = (unsigned)pairs,
        .vectors = (unsigned)vectors,
        .again = machine_new_event(m, error),
    };
    g_autofree char *tag = config.again ? machine_pci_place(m, option, &devfn, error) : NULL;
    if (tag)
        pci_host_plug(m->pci, nvme_new(tag, &config), devfn);
    return tag;
}

bool machine_create_pflash(Machine *m, const DeviceOption *option, GError **error)
{
    Block *block = machine_drive(m, device_option_string(option, "drive"));
    g_autofree char *id = g_strdup_printf("pflash%u", m->buses[DEVICE_BUS_PLATFORM]->devices->len);
    Device *dev = pflash_new(id, block, error);
    return dev && machine_plug_platform(m, dev, block_size(block), error);
}

/* There is one slot. */
bool machine_create_sd_card(Machine *m, const DeviceOption *option, GError **error)
{
    if (!m->mpic)
        return bad_value(error, "this board has no eSDHC");
    if (m->esdhc)
        return bad_value(error, "there is a card in the slot of the eSDHC already");
    const EsdhcConfig config = {
        .irq = mpic_input(m->mpic, SOC_IRQ_ESDHC, MPIC_LEVEL_HIGH),
        .memory = m->memory,
        .block = machine_drive(m, device_option_string(option, "drive")),
    };
    m->esdhc = esdhc_new("esdhc", &config, error);
    return m->esdhc && machine_add_device(m, DEVICE_BUS_SOC, m->esdhc, SOC_ESDHC, ESDHC_SIZE, error);
}
