/* SPDX-License-Identifier: MIT
 * A reset with reset-ram=clear: nothing in RAM tells of the boot before, so the runner counts the
 * boots. */
#include "guest.h"
#include "hcall_guest.h"

static bool clear(uint32_t from, uint32_t to)
{
    for (uint32_t p = from; p < to; p += 4)
        if (*(volatile uint32_t *)p)
            return false;
    return true;
}

void guest_main(void)
{
    uint32_t after_image = (uint32_t)image_end;
    uint32_t from = kvm_serves() ? 0x1000 : 0; /* KVM's magic page is at 0 until a guest says otherwise */
    uint32_t low = clear(from, 0x100000);
    bool middle = clear(after_image, 0xa00000);
    unsigned boot = report_ask("COUNT");

    if (boot < 3) {
        memset((void *)after_image, 0x5a, 0xa00000 - after_image);
        memset((void *)(from + 64), 0x5a, 0x100000 - 64 - from);
        call_KVM_HC_VM_RESET(NULL, NULL);
    }
    report_eq("three boots", boot, 3);
    report("RAM below the image is clear", low);
    report("RAM behind the image is clear", middle);
}
