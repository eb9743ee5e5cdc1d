/* SPDX-License-Identifier: MIT
 * A thousand resets by hypercall, or as many as the command line says (-append).  After the 100th and at the end it says MEASURE and
 * waits for a byte on UART0 while the runner counts the program's memory, descriptors and threads. */
#include "guest.h"
#include "hcall_guest.h"

#define MAGIC 0x51e51000

void guest_main(void)
{
    volatile struct {
        uint32_t magic, resets;
    } *kept = (void *)keep_area;
    const uint32_t resets = boot_number(1000);
    const char *fault = fresh_fault();

    if (!hcall_promised("has-reset")) {
        report_skip("many resets by hypercall", "the tree does not promise it");
        return;
    }
    if (kept->magic != MAGIC) {
        kept->magic = MAGIC;
        kept->resets = 0;
    }
    if (kept->resets == 100 || kept->resets == resets)
        report_ask("MEASURE");
    if (!fault && kept->resets < resets) {
        kept->resets++;
        fresh_dirty();
        call_KVM_HC_VM_RESET(NULL, NULL);
        fault = "the call returned";
    }
    if (fault)
        say("after %u resets: %s\n", kept->resets, fault);
    report_eq("as many resets as were asked for", kept->resets, resets);
    report("each found a fresh machine", !fault);
    kept->magic = 0;
}
