/* SPDX-License-Identifier: MIT
 * KVM_HC_VM_SHUTDOWN: it does not return; the exit status is the runner's to see. */
#include "guest.h"
#include "hcall_guest.h"

void guest_main(void)
{
    if (!hcall_promised("has-shutdown")) {
        report_skip("shutdown by hypercall", "the tree does not promise it");
        return;
    }
    report("shutdown by hypercall", true);
    report_summary();
    call_KVM_HC_VM_SHUTDOWN(NULL, NULL);
    report("it came back", false);
}
