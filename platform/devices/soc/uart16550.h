/* SPDX-License-Identifier: MIT
 *
 * 16550A UART as in the PC16550D data sheet, byte registers at stride 1.  Sends as fast as the back
 * end takes it; input that does not fit stays with the back end.
 */
#pragma once

#include "platform/chardev/chardev.h"
#include "platform/base/clock.h"
#include "platform/base/device.h"
#include "platform/base/irq.h"

enum { UART16550_SIZE = 0x100 };

typedef struct Uart16550Config {
    uint32_t index; /* cell-index */
    uint32_t hz;    /* input clock */
} Uart16550Config;

/* Borrows chr (NULL: nobody listens) and clock; takes over chr's handlers. */
Device *uart16550_new(const char *id, const Uart16550Config *config, Chardev *chr, IrqInput irq, Clock *clock);
/* What the back end's handlers do, for a front end without a Chardev. */
size_t uart16550_can_receive(Device *dev);
void uart16550_receive(Device *dev, const uint8_t *data, size_t size);
void uart16550_break(Device *dev);
