/* SPDX-License-Identifier: MIT
 *
 * A wire from a device to whoever listens: setter + opaque + pin.  Under the device lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "platform/base/event.h"

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

/* An input of an interrupt controller: its wire, and what the tree says of it. */
typedef struct IrqInput {
    IrqLine line;
    const char *parent; /* the name of the controller's phandle, for dts_ref() */
    uint32_t cells[2];  /* interrupt specifier */
    Event *event;       /* an edge: signalling it is a pulse, too; borrowed; NULL: there is none */
} IrqInput;
