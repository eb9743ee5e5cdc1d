/* SPDX-License-Identifier: MIT
 * Hypercalls by the tree's word only (ePAPR 1.1 §7.5): the instructions, and what is promised. */
#include "guest.h"

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
