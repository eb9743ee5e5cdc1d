/* SPDX-License-Identifier: MIT
 *
 * The virtual interrupt controller of a hypervisor (ePAPR 1.1 §7.5, "epapr,hv-pic").  It has no registers: a guest works it by the
 * hypercalls EV_INT_…, each of which is a function here.
 *
 * Interrupts are numbered: 1–4 are the four inter-processor interrupts (IPI), from 16 on come the wires.  A number that nothing is
 * wired to does not exist.  For each interrupt:
 *     config       bit 1 = level, else edge; bit 0 = polarity, kept and without effect: a raised wire means active
 *     priority     0–15, 15 the most urgent; 0 is never delivered.  8 after reset
 *     destination  the CPU that gets it; that of an IPI is whom it is sent to
 *     mask         1 after reset.  Holds back what comes; what is in service stays there
 *
 * A CPU is asked when an unmasked interrupt for it is more urgent than its task priority (0 after reset) and than everything in
 * service there; of equals the lowest number goes first.  Acknowledging puts an interrupt in service, until its end (EOI).
 * An edge is remembered from the moment it comes, masked or not, until it is acknowledged, and many are one; a level asks again
 * after EOI while it is active.  No interrupt is in service at two CPUs, but an IPI.
 *
 * Who acknowledges: with external proxy the core does, when it takes the interrupt, and finds the number in EPR; else the guest, by
 * EV_INT_IACK.  EOI names its interrupt.  With direct EOI there is also a page as that of an MPIC's CPU: a write of 4 bytes to +0xb0 ends the
 * most urgent interrupt in service at the writing CPU, and the tree sets bit 2 of each specifier.
 */
#pragma once

#include "platform/base/device.h"
#include "platform/base/irq.h"

enum { HV_PIC_CPUS_MAX = 32, HV_PIC_INTERRUPTS = 512, HV_PIC_PAGE_SIZE = 0x1000 };
enum { HV_PIC_IPI_FIRST = 1, HV_PIC_IPIS = 4, HV_PIC_WIRE_FIRST = 16 };
enum { HV_PIC_SPURIOUS = 0xffff };
enum { HV_PIC_POLARITY = 1 << 0, HV_PIC_LEVEL = 1 << 1, HV_PIC_DIRECT_EOI = 1 << 2 /* DIRECT_EOI is a bit of specifiers only */ };

typedef struct HvPicConfig {
    uint32_t handle; /* hv-handle of its node, by which EV_INT_IACK names it */
    unsigned n_cpus;
    bool external_proxy;
    uint64_t direct_eoi; /* gpa of the page, where region 0 is to be mapped; 0: none */
} HvPicConfig;

typedef enum HvPicResult {
    HV_PIC_OK,
    HV_PIC_INVALID, /* no such interrupt, CPU, configuration, … */
    HV_PIC_STATE,   /* not in this mode, or nothing to end */
} HvPicResult;

Device *hv_pic_new(const char *id, const HvPicConfig *config, const IrqLine *out /* [n_cpus] */);
/* A new wire and its number.  False: all HV_PIC_INTERRUPTS are taken. */
bool hv_pic_input(Device *dev, bool level, IrqInput *in);

HvPicResult hv_pic_set_config(Device *dev, uint32_t interrupt, uint32_t config, uint32_t priority, uint32_t cpu);
HvPicResult hv_pic_get_config(Device *dev, uint32_t interrupt, uint32_t *config, uint32_t *priority, uint32_t *cpu);
HvPicResult hv_pic_set_mask(Device *dev, uint32_t interrupt, uint32_t mask);
HvPicResult hv_pic_get_mask(Device *dev, uint32_t interrupt, uint32_t *mask);
/* handle: the controller's, or 0.  HV_PIC_STATE with external proxy. */
HvPicResult hv_pic_iack(Device *dev, unsigned cpu, uint32_t handle, uint32_t *interrupt);
/* HV_PIC_STATE: not in service at this CPU. */
HvPicResult hv_pic_eoi(Device *dev, unsigned cpu, uint32_t interrupt);
/* ipi: 0–3; cpus: bit n = CPU n, at least one. */
HvPicResult hv_pic_send_ipi(Device *dev, uint32_t ipi, uint32_t cpus);
HvPicResult hv_pic_set_task_priority(Device *dev, unsigned cpu, uint32_t handle, uint32_t priority);
HvPicResult hv_pic_get_task_priority(Device *dev, unsigned cpu, uint32_t handle, uint32_t *priority);
/* The core acknowledges by external proxy: value for EPR; HV_PIC_SPURIOUS when the reason is gone. */
uint32_t hv_pic_proxy(Device *dev, unsigned cpu);
