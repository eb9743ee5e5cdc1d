/* SPDX-License-Identifier: MIT
 * 1e6 stores to a device that does nothing with them, UART0's scratch register: an exit's way and back. */
#include "bench_bare.h"

void guest_main(void)
{
    uint32_t stores = 1000000 / divisor();

    begin("mmio");
    for (uint32_t n = 0; n < stores; n++)
        *(volatile uint8_t *)(UART0 + 7) = (uint8_t)n;
    end("mmio", io_read8(UART0 + 7) + stores);
}
