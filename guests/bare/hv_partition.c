/* SPDX-License-Identifier: MIT
 * The doorbells that tell a guest of Freescale's hypervisor about its own partition.  bootargs: "watchdog": its own expires, and nothing
 * else comes of it; "host": the host stops it, lets it go on, and then asks it to power off. */
#include "guest.h"
#include "hcall_guest.h"

PROBE(spin_on, "1: b 1b");

static uint32_t interrupt_of(const char *compatible)
{
    int node = fdt_next_with(-1, "compatible", compatible);
    const uint32_t *cells = node < 0 ? NULL : fdt_property(node, "interrupts", NULL);
    return cells ? cells[0] : 0xffff;
}

/* Unmasks an interrupt.  Those that came while all were masked are taken by priority. */
static void unmask(uint32_t n, uint32_t priority)
{
    call_EV_INT_SET_CONFIG((const uint32_t[4]){n, 1, priority, 0}, NULL);
    call_EV_INT_SET_MASK((const uint32_t[2]){n, 0}, NULL);
}

/* The next interrupt, acknowledged by the core and ended. */
static uint32_t comes(void)
{
    Trap t = trap_run(spin_on, MSR_EE, 0, 0, 0, 0);
    if (t.vector != VEC_EXTERNAL)
        return 0;
    call_EV_INT_EOI(&t.epr, NULL);
    return t.epr;
}

void guest_main(void)
{
    uint32_t watchdog = interrupt_of("fsl,hv-watchdog-expiration-doorbell");
    uint32_t state = interrupt_of("fsl,hv-state-change-doorbell");
    uint32_t shutdown = interrupt_of("fsl,hv-shutdown-doorbell");
    uint32_t out[8];

    if (watchdog == 0xffff) {
        report_skip("doorbells of the partition", "the tree has none");
        return;
    }
    unmask(watchdog, 10);
    unmask(state, 9);
    unmask(shutdown, 8);
    if (told_to("host")) {
        report_eq("stopped and continued: the state-change doorbell", comes(), state);
        report_eq("asked to power off: the shutdown doorbell", comes(), shutdown);
        return;
    }
    const uint32_t *handle = fdt_property(fdt_next_with(-1, "compatible", "fsl,hv-partition-handle"), "hv-handle", NULL);
    report_eq("the partition's handle is as good as -1", call_FH_PARTITION_GET_STATUS(handle, out), EV_SUCCESS);
    report_eq("it runs", out[0], 1);
    mtspr(SPR_TSR, TSR_ENW | TSR_WIS);
    mtspr(SPR_TCR, (54 & 3) << 30 | (54 >> 2) << 17 | 2 << 28);
    report_eq("the watchdog expires: the watchdog doorbell", comes(), watchdog);
}
