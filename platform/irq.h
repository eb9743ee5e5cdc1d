/* SPDX-License-Identifier: MIT
 *
 * A wire from a device to whoever listens: setter + opaque + pin.  Under the device lock.
 */
#pragma once

#include <stdbool.h>

typedef struct IrqLine {
    void (*set)(void *opaque, unsigned pin, bool level);
    void *opaque;
    unsigned pin;
} IrqLine;

static inline void irq_set(const IrqLine *line, bool level)
{
    if (line->set)
        line->set(line->opaque, line->pin, level);
}
