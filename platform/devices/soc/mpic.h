/* SPDX-License-Identifier: MIT
 *
 * Freescale MPIC, version 2.0 or 4.2: the interrupt controller of the platform, with its timers,
 * inter-processor interrupts and shared message signalled interrupts (MSI).  Version 2.0 has no
 * external proxy, no ILR and no error interrupts; there the destination register sends to CINT.
 *
 * Sources as in IVPR register order: 0–11 external (edge or level by IVPR[S]), 16–255 internal
 * (level), of which 224–231 are the eight MSI registers'.  A raised wire means active; IVPR[P] is
 * kept and has no effect.  Without an 8259 behind it pass-through mode delivers as mixed mode does.
 *
 * Registers are 32 bits wide.  The private area at +0 is that of bus_initiator().
 */
#pragma once

#include "platform/base/clock.h"
#include "platform/base/device.h"
#include "platform/base/irq.h"

enum { MPIC_SIZE = 0x40000, MPIC_CPUS_MAX = 32, MPIC_SOURCES = 256, MPIC_EXTERNAL = 12, MPIC_INTERNAL = 16 };
enum { MPIC_MSI_SOURCE = 0xe0, MPIC_MSI_REGISTERS = 8, MPIC_MSIIR = 0x1740 /* where messages are stored to */ };
enum { MPIC_TIMER_HZ = 25000000 };

/* Version 2.0 has room for 15 CPUs: two bits each in a destination register. */
typedef enum MpicModel { MPIC_20 = 20, MPIC_42 = 42 } MpicModel;
/* Second cell of an interrupt specifier: what a device's wire means. */
typedef enum MpicSense { MPIC_EDGE_RISING, MPIC_LEVEL_LOW, MPIC_LEVEL_HIGH, MPIC_EDGE_FALLING } MpicSense;

typedef enum MpicOutput { MPIC_OUT_INT, MPIC_OUT_CINT, MPIC_OUT_MCP, MPIC_OUTPUTS } MpicOutput;

/* id: also the name of its phandle.  out[n_cpus]. */
Device *mpic_new(const char *id, MpicModel model, unsigned n_cpus, const IrqLine out[][MPIC_OUTPUTS], Clock *clock);
/* The CPU's core is held in reset while the line is up: PIR, the processor initialization register.  Before the first use. */
void mpic_wire_core_reset(Device *dev, unsigned cpu, const IrqLine *line);
/*
 * Stands for an MPIC of the accelerator's own, which serves the guest's accesses before they reach the bus and drives the cores' inputs.
 * This device has the wires to it, its nodes in the tree, and the few registers that the other one lacks: they read 0.
 */
Device *mpic_remote_new(const char *id, const IrqLine *sources /* pin: source */);
/*
 * A new wire to a source, of either.  Each call gives another one, at most 32; a source is active while any of
 * its wires is raised.
 */
IrqInput mpic_input(Device *dev, unsigned source, MpicSense sense);
/* GCR[M] = external proxy ("coreint"): the core acknowledges by itself. */
bool mpic_external_proxy(Device *dev);
/* What a source does just now.  False: there is none of this number, or the accelerator's own has it. */
typedef struct MpicSource {
    bool masked, level, asks, in_service; /* asks: an edge that came, or a level that is active, and nobody serves it yet */
    unsigned vector, priority;
    uint32_t cpus; /* bit n: CPU n gets it */
} MpicSource;
bool mpic_look(const Device *dev, unsigned source, MpicSource *s);
/*
 * Acknowledges for a core that takes an external interrupt under external proxy; value for EPR.  In
 * the other modes nothing is acknowledged (the guest reads IACK) and the value is 0.
 */
uint32_t mpic_iack(Device *dev, unsigned cpu);
