/* SPDX-License-Identifier: MIT
 * KVM_HC_VM_RESET, twice: everything is as after power-on, but RAM outside the images is kept. */
#include "guest.h"
#include "hcall_guest.h"

#define MAGIC 0x51e5e701

typedef struct {
    uint32_t magic, boots, faults;
    uint32_t pattern[256];
} Kept;

static uint32_t expected(uint32_t boot, unsigned i)
{
    return (boot << 16 | i) * 0x9e3779b1u;
}

static bool pattern_kept(const Kept *kept)
{
    for (unsigned i = 0; i < 256; i++)
        if (kept->pattern[i] != expected(kept->boots, i))
            return false;
    return true;
}

void guest_main(void)
{
    Kept *kept = (Kept *)keep_area;
    const char *fault = fresh_fault();

    if (!hcall_promised("has-reset")) {
        report_skip("reset by hypercall", "the tree does not promise it");
        return;
    }
    if (kept->magic != MAGIC)
        *kept = (Kept){.magic = MAGIC};
    else if (!pattern_kept(kept))
        kept->faults |= 1;
    if (fault) {
        say("boot %u: %s\n", kept->boots, fault);
        kept->faults |= 2;
    }
    if (++kept->boots < 3) {
        for (unsigned i = 0; i < 256; i++)
            kept->pattern[i] = expected(kept->boots, i);
        fresh_dirty();
        uint32_t status = call_KVM_HC_VM_RESET(NULL, NULL);
        say("reset returned %u\n", status);
        kept->faults |= 4;
    }
    report_eq("three boots", kept->boots, 3);
    report("RAM outside the images is kept", !(kept->faults & 1));
    report("all else is as after power-on", !(kept->faults & 2));
    report("the call does not return", !(kept->faults & 4));
    kept->magic = 0;
}
