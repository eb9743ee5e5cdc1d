/* SPDX-License-Identifier: MIT
 * Random words as instructions, executed with all privilege.  A life is some hundred pieces of code, and then a reset; a loop is ended
 * by the watchdog, whose second expiry resets the machine, and a guest that destroyed itself by tests/hostile/run.  The next life begins
 * with another seed. */
#include "hostile.h"

enum { WORDS = 64, PIECES = 300 };
static uint32_t page[1024] __attribute__((aligned(4096)));

/* Half of the words are of opcodes that have many instructions below them. */
static uint32_t word(uint32_t *seed)
{
    static const uint8_t opcodes[] = {4, 19, 31, 31, 31, 59, 63, 46, 47, 17};
    uint32_t r = next_random(seed), w = next_random(seed);

    if (r & 1)
        w = (w & 0x03ffffff) | (uint32_t)opcodes[(r >> 1) % sizeof opcodes] << 26;
    return w;
}

void guest_main(void)
{
    uint32_t seed = boot_seed();

    mtspr(SPR_TSR, 0xffffffff);
    mtspr(SPR_TCR, 1u << 30 | 2u << 28 | 9u << 17); /* WP: some milliseconds; WRC: reset */
    for (unsigned n = 0; n < PIECES; n++) {
        for (unsigned i = 0; i < WORDS; i++)
            page[i] = word(&seed);
        page[WORDS] = 0x4e800020; /* blr */
        code_sync(page, sizeof page);
        mtspr(SPR_TSR, 1u << 30 | 1u << 31); /* the piece before came to its end */
        trap_run(page, mfmsr(), next_random(&seed), (uint32_t)page, next_random(&seed), TEST_EA);
    }
    call_KVM_HC_VM_RESET(NULL, NULL);
}
