/* SPDX-License-Identifier: MIT
 * The first words: what the machine is, by its device tree. */
#include "guest.h"

static const char *string(int node, const char *property)
{
    const char *s = fdt_property(node, property, NULL);

    return s ? s : "(not said)";
}

static uint32_t memory_mib(void)
{
    uint32_t length, mib = 0;
    const uint32_t *reg = fdt_property(fdt_node("/memory"), "reg", &length);

    for (; reg && length >= 16; reg += 4, length -= 16) /* #address-cells = #size-cells = 2 */
        mib += reg[2] << 12 | reg[3] >> 20;
    return mib;
}

static uint32_t cpu_count(void)
{
    uint32_t n = 0;

    for (int node = -1; (node = fdt_next_with(node, "device_type", "cpu")) >= 0;)
        n++;
    return n;
}

static void say_hypervisor(void)
{
    static const char *const promises[] = {"has-idle", "has-reset", "has-shutdown"};

    if (!hcall_present()) {
        say("No hypervisor: no hypercalls here.\n");
        return;
    }
    say("Hypervisor: %s, with hypercalls", string(fdt_node("/hypervisor"), "compatible"));
    for (unsigned i = 0; i < 3; i++)
        if (hcall_promised(promises[i]))
            say(" %s", promises[i]);
    say("\n");
}

void guest_main(void)
{
    say("Hello from a bare %s (PVR 0x%x) on \"%s\".\n", cpu_is_e500v2() ? "e500v2" : "e500mc", mfspr(SPR_PVR),
        string(fdt_node("/"), "model"));
    say("Memory: %u MiB.  CPUs: %u.  Device tree: %u bytes.\n", memory_mib(), cpu_count(), fdt_total_size());
    say_hypervisor();
    report("the device tree is where r3 points", fdt_valid());
    report("the tree names the platform", board_is("fsl,qemu-e500") || board_is("MPC8544DS") || board_is("fsl,P4080DS-hv"));
    report("the tree says how much memory there is", memory_mib() >= 16);
    report("the tree has a cpu", cpu_count() >= 1);
}
