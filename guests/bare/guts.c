/* SPDX-License-Identifier: MIT
 * Global utilities: PVR, SVR, and a reset by RSTCR after which all is as at power-on but RAM is
 * kept. */
#include "guest.h"

#define MAGIC 0x51e5c0de

void guest_main(void)
{
    volatile struct {
        uint32_t magic, boots;
    } *kept = (void *)keep_area;
    const char *fault = fresh_fault();

    if (kept->magic != MAGIC) {
        kept->magic = MAGIC;
        kept->boots = 0;
    }
    if (++kept->boots == 1) {
        fresh_dirty();
        io_write32(GUTS + 0xb0, 2);
        for (;;)
            ;
    }
    report_eq("RSTCR resets once", kept->boots, 2);
    if (fault)
        say("    %s\n", fault);
    report("all is as after power-on", !fault);
    report_eq("GUTS PVR is the core's", io_read32(GUTS + 0xa0), mfspr(SPR_PVR));
    report_eq("GUTS SVR is the core's", io_read32(GUTS + 0xa4), mfspr(SPR_SVR));
    io_write32(GUTS + 0xb0, 1); /* HRESET_REQ is bit 1 only */
    report("RSTCR without HRESET_REQ does nothing", true);
    kept->magic = 0;
}
