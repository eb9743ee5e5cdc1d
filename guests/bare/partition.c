/* SPDX-License-Identifier: MIT
 * Freescale's partition calls, over several boots: RESTART, then SYSTEM_RESET, and the tree that tells; what was set in the tree
 * is there after a restart and gone after a system reset. */
#include "guest.h"
#include "hcall_guest.h"

#define MAGIC 0x7a27171d
#define SELF  0xffffffffu

typedef struct {
    uint32_t magic, boots, faults;
} Kept;

static const char path[] = "/chosen/quoin", name[] = "quoin,kept", value[] = "over a restart";

static uint32_t property_set(void)
{
    uint32_t args[8] = {SELF, 0, (uint32_t)path, 0, (uint32_t)name, 0, (uint32_t)value, sizeof(value)};
    return call_FH_PARTITION_SET_DTPROP(args, NULL);
}

static bool says(const char *property, const char *want)
{
    const char *got = fdt_property(fdt_node("/hypervisor"), property, NULL);
    return want ? got && !strcmp(got, want) : !got;
}

static bool has_set_property(void)
{
    const char *got = fdt_property(fdt_node(path), name, NULL);
    return got && !strcmp(got, value);
}

/* Bit 0: status of the system reset, 1: why and by whom, 2: what was set. */
static uint32_t faults(const char *reset, const char *reason, const char *by, bool set)
{
    uint32_t wrong = says("fsl,hv-sys-reset-status", reset) ? 0 : 1;

    if (!says("fsl,hv-reason-stopped", reason) || !says("fsl,hv-stopped-by", by))
        wrong |= 2;
    return has_set_property() == set ? wrong : wrong | 4;
}

static uint32_t faults_of(uint32_t boot)
{
    switch (boot) {
    case 0:
        return faults("power-on-reset", NULL, NULL, false);
    case 1:
        return faults("power-on-reset", "restart", "self", true);
    }
    return faults("hard-reset", NULL, NULL, false);
}

void guest_main(void)
{
    Kept *kept = (Kept *)keep_area;
    const uint32_t self[1] = {SELF};

    if (!fdt_property(fdt_node("/hypervisor"), "fsl,hv-version", NULL)) {
        report_skip("partition calls", "the tree does not promise them");
        return;
    }
    if (kept->magic != MAGIC)
        *kept = (Kept){.magic = MAGIC};
    kept->faults |= faults_of(kept->boots);
    if (kept->boots++ == 0) {
        kept->faults |= property_set() ? 8 : 0;
        call_FH_PARTITION_RESTART(self, NULL);
        kept->faults |= 16;
    } else if (kept->boots == 2) {
        call_FH_SYSTEM_RESET(NULL, NULL);
        kept->faults |= 16;
    }
    report("FH_PARTITION_RESTART and FH_SYSTEM_RESET do not return", !(kept->faults & 16));
    report("a property can be set", !(kept->faults & 8));
    report("it is there after a restart, and not after a system reset", !(kept->faults & 4));
    report("the tree says why and by whom the last boot was ended", !(kept->faults & 2));
    report("the tree knows a restart from a system reset", !(kept->faults & 1));
    kept->magic = 0;
    report_summary();
    call_FH_PARTITION_STOP(self, NULL);
    report("FH_PARTITION_STOP came back", false);
}
