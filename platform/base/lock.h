/* SPDX-License-Identifier: MIT
 *
 * The device lock: the one lock that protects all devices, the bus, interrupt wiring and device timers.
 *
 * Held by: a vCPU thread while it serves an MMIO, EPR or hypercall exit; the main thread around timer and chardev
 * callbacks into devices, reset and tree building.  Never held while waiting for a vCPU, and nothing that blocks is called
 * under it.  Not recursive.
 */
#pragma once

#include <stdbool.h>

void device_lock(void);
void device_unlock(void);
bool device_lock_held(void); /* by this thread; for assertions */
