/* SPDX-License-Identifier: MIT
 * Asks for a reset as soon as it runs, again and again, by each way there is, with what a reset must undo still going on. */
#include "hostile.h"

void guest_main(void)
{
    static uint8_t area[64] __attribute__((aligned(64)));
    uint32_t seed = boot_seed();
    const uint32_t args[8] = {3, 0, (uint32_t)area, 64}, nothing[8] = {(uint32_t)-1};

    call_QUOIN_AREA_REGISTER(args, NULL);
    for (;;) {
        switch (next_random(&seed) % 4) {
        case 0:
            call_KVM_HC_VM_RESET(nothing, NULL);
            break;
        case 1:
            call_FH_PARTITION_RESTART(nothing, NULL);
            break;
        case 2:
            call_FH_SYSTEM_RESET(nothing, NULL);
            break;
        case 3:
            if (board_has("/soc"))
                io_write32(GUTS + 0xb0, 2);
            break;
        }
    }
}
