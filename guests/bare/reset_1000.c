/* SPDX-License-Identifier: MIT
 * A thousand resets by hypercall.  After the 100th and at the end it says MEASURE and waits for a
 * byte on UART0 while the runner counts the program's memory, descriptors and threads. */
#include "guest.h"
#include "hcall_guest.h"

#define MAGIC  0x51e51000
#define RESETS 1000

void guest_main(void)
{
    volatile struct {
        uint32_t magic, resets;
    } *kept = (void *)keep_area;
    const char *fault = fresh_fault();

    if (!hcall_promised("has-reset")) {
        report_plan(1);
        report_skip("a thousand resets by hypercall", "the tree does not promise it");
        return;
    }
    if (kept->magic != MAGIC) {
        kept->magic = MAGIC;
        kept->resets = 0;
    }
    if (kept->resets == 100 || kept->resets == RESETS)
        report_ask("MEASURE");
    if (!fault && kept->resets < RESETS) {
        kept->resets++;
        fresh_dirty();
        call_KVM_HC_VM_RESET(NULL, NULL);
        fault = "the call returned";
    }
    report_plan(2);
    if (fault)
        say("after %u resets: %s\n", kept->resets, fault);
    report_eq("a thousand resets", kept->resets, RESETS);
    report("each found a fresh machine", !fault);
    kept->magic = 0;
}
