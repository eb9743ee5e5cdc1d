/* SPDX-License-Identifier: MIT
 * A reset or shutdown that cannot be carried out returns EV_INTERNAL and the guest runs on, nothing
 * lost; the next try succeeds.  bootargs say which call fails once: "reset" or "shutdown". */
#include "guest.h"
#include "hcall_guest.h"

#define MAGIC       0x4ef05ed1
#define EV_INTERNAL 9

typedef struct {
    uint32_t magic, status, changed;
} Kept;

/* The call, with all that must come back unchanged. */
static void try(Kept *kept, uint32_t (*call)(const uint32_t *in, uint32_t *out))
{
    uint32_t pid = 5, sprg = 0x12345678, before[64], changed = 0;
    mtspr(48, pid);
    mtspr(272, sprg);
    for (unsigned i = 0; i < 64; i++)
        before[i] = i * 0x01010101u;
    kept->status = call(NULL, NULL);
    for (unsigned i = 0; i < 64; i++)
        changed |= before[i] ^ i * 0x01010101u;
    kept->changed = changed | (mfspr(48) ^ pid) | (mfspr(272) ^ sprg);
    mtspr(48, 0);
}

void guest_main(void)
{
    Kept *kept = (Kept *)keep_area;

    if (told_to("shutdown")) {
        try(kept, call_KVM_HC_VM_SHUTDOWN);
        report_eq("a shutdown that cannot be carried out: EV_INTERNAL", kept->status, EV_INTERNAL);
        report_eq("and nothing is lost", kept->changed, 0);
        return; /* the power-off at the end is the next try */
    }
    if (kept->magic != MAGIC) {
        kept->magic = MAGIC;
        try(kept, call_KVM_HC_VM_RESET);
        call_KVM_HC_VM_RESET(NULL, NULL);
        kept->magic = 0;
        report("the second reset succeeds", false);
        return;
    }
    kept->magic = 0;
    report_eq("a reset that cannot be carried out: EV_INTERNAL", kept->status, EV_INTERNAL);
    report_eq("and nothing is lost, and the next one succeeds", kept->changed, 0);
}
