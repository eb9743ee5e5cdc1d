/* SPDX-License-Identifier: MIT
 * GPIO registers.  Pin 0 powers the machine off: every guest ends by it where there is no
 * hypercall, so here it is only shown that it does not act while it is an input.  MPC8569E RM §22.
 */
#include "guest.h"

enum { DIR = 0, ODR = 4, DAT = 8, IER = 12, IMR = 16, ICR = 20 };

void guest_main(void)
{
    report_eq("GPDIR is 0 after reset", io_read32(GPIO + DIR), 0);
    io_write32(GPIO + DIR, 0x0ff00000);
    report_eq("GPDIR reads back", io_read32(GPIO + DIR), 0x0ff00000);
    io_write32(GPIO + ODR, 0x00300000);
    report_eq("GPODR reads back", io_read32(GPIO + ODR), 0x00300000);
    io_write32(GPIO + DAT, 0x05500000);
    report_eq("GPDAT reads the driven pins", io_read32(GPIO + DAT) & 0x0ff00000, 0x05500000);
    io_write32(GPIO + IMR, 0x00100000);
    report_eq("GPIMR reads back", io_read32(GPIO + IMR), 0x00100000);
    io_write32(GPIO + ICR, 0x00200000);
    report_eq("GPICR reads back", io_read32(GPIO + ICR), 0x00200000);
    io_write32(GPIO + DAT, 0x80000000); /* an input: nothing happens */
    report("pin 0 does nothing as an input", true);
    io_write32(GPIO + DIR, 0);
    io_write32(GPIO + ODR, 0);
    io_write32(GPIO + IMR, 0);
}
