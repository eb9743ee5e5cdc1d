/* SPDX-License-Identifier: MIT
 * Hypercalls by the tree's word only (ePAPR 1.1 §7.5): the instructions, and what is promised. */
#include "guest.h"
#include "hcall_guest.h"

extern uint32_t hcall_slot[4];
void hcall_init(void);

static bool present;

void hcall_init(void)
{
    uint32_t length, first;
    const uint32_t *insns = fdt_property(fdt_node("/hypervisor"), "hcall-instructions", &length);

    if (!insns || length < 4 || length > 16 || length % 4)
        return;
    first = insns[0];
    for (unsigned i = 0; i < length / 4; i++)
        hcall_slot[i] = insns[i];
    code_sync(hcall_slot, 16);
    present = first != 0;
}

bool hcall_present(void)
{
    return present;
}

bool hcall_promised(const char *property)
{
    uint32_t length;

    return present && fdt_property(fdt_node("/hypervisor"), property, &length) && length == 0;
}

bool kvm_serves(void)
{
    uint32_t out[8] = {0};

    return present && call_KVM_HC_FEATURES(NULL, out) == 0 && (out[0] & 2); /* KVM_FEATURE_MAGIC_PAGE */
}
