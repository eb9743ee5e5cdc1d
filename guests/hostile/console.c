/* SPDX-License-Identifier: MIT
 * Writes to its console for ever, as fast as it is taken. */
#include "hostile.h"

void guest_main(void)
{
    for (;;)
        say("nobody asked for this line of %u bytes\n", 40);
}
