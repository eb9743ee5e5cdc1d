/* SPDX-License-Identifier: MIT
 * QUOIN_AREA_REGISTER and QUOIN_AREA_UNREGISTER (docs/MEMORY-AREAS.md), with the first type that the tree lists. */
#include "suite.h"

#define NONE    0x7ffffff0u
#define NOWHERE 0xf
#define SIZE    64

static uint8_t area[4 * SIZE] __attribute__((aligned(64)));

void check_areas(void)
{
    const CallId reg = CALL_QUOIN_AREA_REGISTER, unreg = CALL_QUOIN_AREA_UNREGISTER;
    uint32_t length = 0, out[8], at = (uint32_t)area;
    const uint32_t *types = fdt_property(fdt_node("/hypervisor"), "quoin,memory-areas", &length);

    if (!types || length < 8)
        return;
    const uint32_t type = types[0];
    succeeds(unreg, "all that there are", IN(0), NULL);
    fails(unreg, "what is not registered", IN(type), EV_ENOENT);
    fails(unreg, "a type that is none", IN(NONE), EV_ENODEV);
    fails(reg, "a type that is none", IN(NONE, 0, at, SIZE), EV_ENODEV);
    fails(reg, "an address that is not aligned", IN(type, 0, at + 4, SIZE), EV_EINVAL);
    fails(reg, "no size", IN(type, 0, at, 0), EV_EINVAL);
    fails(reg, "a size that is not aligned", IN(type, 0, at, SIZE + 4), EV_EINVAL);
    fails(reg, "a size beyond a page", IN(type, 0, at, 8192), EV_EINVAL);
    fails(reg, "not in memory", IN(type, NOWHERE, 0, SIZE), EV_EFAULT);
    if (succeeds(reg, "an area", IN(type, 0, at, SIZE), out)) {
        check(reg, OUTPUTS, "are the bytes maintained, as the area says itself",
              out[0] == SIZE && ((volatile uint32_t *)area)[1] == SIZE);
        fails(reg, "the type again", IN(type, 0, at + 2 * SIZE, SIZE), EV_INVALID_STATE);
        if (length >= 16)
            fails(reg, "another type in the same place", IN(types[2], 0, at, 2 * SIZE), EV_CONFIG);
    }
    succeeds(unreg, "the area", IN(type), NULL);
    fails(unreg, "the area again", IN(type), EV_ENOENT);
}
