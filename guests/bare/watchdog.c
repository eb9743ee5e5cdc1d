/* SPDX-License-Identifier: MIT
 * A watchdog that expires twice with TCR[WRC] set.  bootargs say what it is to lead to: nothing (it resets), "nmi" (a machine check) or
 * "none" (the guest runs on).  After a reset tree and TSR[WRS] say what it was. */
#include "guest.h"

#define MAGIC      0x7d06f00d
#define TCR_WRC(n) ((n) << 28)
#define WRC        2
#define MCSR_MCP   0x80000000u
#define MCSR_NMI   0x00100000u

static volatile uint32_t nmis, mcsr;

static void count_nmi(TrapFrame *frame)
{
    nmis++;
    mcsr = mfspr(SPR_MCSR);
    mtspr(SPR_MCSR, mcsr);
    mtspr(SPR_TCR, 0); /* all but WRC, which stays once it is set */
    mtspr(SPR_TSR, TSR_ENW | TSR_WIS);
}

/* Time base bit 54 of 0 to 63: an expiry every 1024 ticks. */
static void arm(void)
{
    const unsigned bit = 54;
    mtspr(SPR_TSR, TSR_ENW | TSR_WIS);
    mtspr(SPR_TCR, (bit & 3) << 30 | (bit >> 2) << 17 | TCR_WRC(WRC));
}

static const char *hypervisor_says(const char *property)
{
    const char *value = fdt_property(fdt_node("/hypervisor"), property, NULL);
    return value ? value : "";
}

static void after_reset(void)
{
    report("the tree says that a watchdog stopped it", !strcmp(hypervisor_says("fsl,hv-reason-stopped"), "watchdog"));
    report("the tree says whose", !strcmp(hypervisor_says("fsl,hv-stopped-by"), "vcpu-0"));
    report_eq("TSR[WRS] is TCR[WRC]", mfspr(SPR_TSR) & TSR_WRS, TCR_WRC(WRC));
}

static void by_nmi(void)
{
    trap_handle(VEC_MCHECK, count_nmi);
    mtmsr(mfmsr() | MSR_ME);
    arm();
    while (!nmis)
        ;
    report("the watchdog raises a machine check", true);
    report_eq("MCSR says so", mcsr, cpu_is_e500v2() ? MCSR_MCP : MCSR_NMI);
}

static void by_nothing(void)
{
    arm();
    uint64_t end = timebase() + (kvm_serves() ? 64 << 20 : 16 * 1024); /* KVM's expires by the host's ticks */
    while (timebase() < end)
        ;
    report("the guest runs on", true);
}

void guest_main(void)
{
    if (told_to("nmi")) {
        by_nmi();
    } else if (told_to("none")) {
        by_nothing();
    } else if (keep_area[0] == MAGIC) {
        keep_area[0] = 0;
        after_reset();
    } else {
        keep_area[0] = MAGIC;
        arm();
        for (;;)
            ;
    }
}
