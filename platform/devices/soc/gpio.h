/* SPDX-License-Identifier: MIT
 *
 * QorIQ GPIO controller: 32 pins, pin 0 is the most significant bit.  Registers are 32 bits wide.
 * Pin 0 is wired to the power-off line.
 */
#pragma once

#include "platform/base/device.h"
#include "platform/base/irq.h"

enum { GPIO_SIZE = 0x1000, GPIO_PINS = 32 };

/*
 * irq is raised for an event that GPIMR lets through.  power_off follows pin 0 while that is an output.
 */
Device *gpio_new(const char *id, IrqInput irq, IrqLine power_off);
/*
 * Tells the guest, in a node below the root, that pin 0 of `gpio` is for "gpio-poweroff".  No
 * registers.
 */
Device *gpio_power_off_new(const char *id, const Device *gpio);
IrqLine gpio_input(Device *dev, unsigned pin); /* drives a pin from outside */
