/* SPDX-License-Identifier: MIT */
#include "platform/base/board.h"

#include <glib.h>
#include <string.h>

#include "cpu/e500/state.h"

static const Board table[] = {
    {
        .name = "ppce500",
        .doc = "paravirtual e500 board",
        .model = "QEMU ppce500",
        .compatible = {"fsl,qemu-e500"},
        .cpu = E500_MODEL_DEFAULT,
        .cpus_max = 32,
        .ram_max = UINT64_C(0xc00000000),
        .clock_hz = 400000000,
        .ccsr = UINT64_C(0xfe0000000),
        .pci_memory = UINT64_C(0xc00000000),
        .pci_memory_bus = UINT32_C(0xe0000000),
        .pci_io = UINT64_C(0xfe1000000),
        .pci_slot = 1,
        .pci_slots = 31,
        .spin_table = UINT64_C(0xfef000000),
        .doorbell_page = UINT64_C(0xfef001000),
        .platform = UINT64_C(0xf00000000),
        .mpic = 42,
        .edge_inputs = {5, 7},
        .level_inputs = {64, 128},
        .nic = "virtio-net-pci",
        .has_gpio = true,
    },
    {
        .name = "mpc8544ds",
        .doc = "MPC8544DS development system, 32-bit physical",
        .model = "MPC8544DS",
        .compatible = {"MPC8544DS", "MPC85xxDS"},
        .cpu = E500_MODEL_DEFAULT,
        .cpus_max = 15, /* critical-interrupt bits of MPIC 2.0 are beside those of the CPUs */
        .ram_max = UINT64_C(0xc0000000),
        .clock_hz = 400000000,
        .ccsr = UINT64_C(0xe0000000),
        .pci_memory = UINT64_C(0xc0000000),
        .pci_memory_bus = UINT32_C(0xc0000000),
        .pci_io = UINT64_C(0xe1000000),
        .pci_slot = 17,
        .pci_slots = 2,
        .spin_table = UINT64_C(0xef000000),
        .doorbell_page = UINT64_C(0xef001000),
        .platform = UINT64_C(0xf0000000),
        .mpic = 20,
        .edge_inputs = {5, 7},
        .level_inputs = {50, 30},
        .nic = "virtio-net-pci",
    },
    {
        .name = "p4080ds-hv",
        .doc = "paravirtual board, an e500mc unless -cpu says otherwise, as a guest of Freescale's hypervisor on a P4080DS sees it",
        .model = "fsl,P4080DS",
        .compatible = {"fsl,P4080DS-hv"},
        .cpu = "e500mc",
        .cpus_max = 32,
        .ram_max = UINT64_C(0xc00000000),
        .clock_hz = 400000000,
        .spin_table = UINT64_C(0xfef000000),
        .doorbell_page = UINT64_C(0xfef001000),
        .platform = UINT64_C(0xf00000000),
        .direct_eoi = UINT64_C(0xfe0060000),
        .nic = "virtio-net-device",
    },
};

const Board *boards(size_t *n)
{
    *n = G_N_ELEMENTS(table);
    return table;
}

const Board *board_find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (!strcmp(name, table[i].name))
            return &table[i];
    return NULL;
}
