/* SPDX-License-Identifier: MIT
 *
 * A wire from a device to whoever listens: a function that is told the level, with its argument and the pin.  Under the device lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dts/dts.h"
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
    Event *event;       /* of an edge input: to signal it is another way to send a pulse.  Borrowed; NULL: it has none */
} IrqInput;

/* Properties interrupts and interrupt-parent of a node: n inputs of one controller. */
static inline void irq_describe(Dts *dts, const IrqInput *const *inputs, unsigned n)
{
    uint32_t cells[16];
    g_assert(n >= 1 && 2 * n <= G_N_ELEMENTS(cells));
    for (unsigned i = 0; i < n; i++) {
        cells[2 * i] = inputs[i]->cells[0];
        cells[2 * i + 1] = inputs[i]->cells[1];
    }
    dts_cells(dts, "interrupts", cells, 2 * n);
    dts_u32(dts, "interrupt-parent", dts_ref(dts, inputs[0]->parent));
}
#define IRQ_DESCRIBE(dts, ...)                                \
    irq_describe(dts, (const IrqInput *const[]){__VA_ARGS__}, \
                 sizeof((const IrqInput *const[]){__VA_ARGS__}) / sizeof(const IrqInput *))
