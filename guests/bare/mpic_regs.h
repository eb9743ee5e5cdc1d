/* SPDX-License-Identifier: MIT
 * Registers of the Freescale MPIC 4.2 and 2.0 (QorIQ and MPC8544E reference manuals, "Programmable
 * interrupt controller"). */
#pragma once
#include "guest.h"

#define MPIC_BRR1          (MPIC + 0x0)
#define MPIC_FRR           (MPIC + 0x1000)
#define MPIC_GCR           (MPIC + 0x1020)
#define MPIC_IPIVPR(n)     (MPIC + 0x10a0 + 0x10 * (n))
#define MPIC_PIR           (MPIC + 0x1090)
#define MPIC_SVR           (MPIC + 0x10e0)
#define MPIC_TFRR          (MPIC + 0x10f0)
#define MPIC_GTCCR(n)      (MPIC + 0x1100 + 0x40 * (n))
#define MPIC_GTBCR(n)      (MPIC + 0x1110 + 0x40 * (n))
#define MPIC_GTVPR(n)      (MPIC + 0x1120 + 0x40 * (n))
#define MPIC_GTDR(n)       (MPIC + 0x1130 + 0x40 * (n))
#define MPIC_MSIR(n)       (MPIC + 0x1600 + 0x10 * (n))
#define MPIC_MSISR         (MPIC + 0x1720)
#define MPIC_MSIIR         (MPIC + 0x1740)
#define MPIC_IVPR(source)  (MPIC + 0x10000 + 0x20 * (source))
#define MPIC_IDR(source)   (MPIC_IVPR(source) + 0x10)
#define MPIC_ILR(source)   (MPIC_IVPR(source) + 0x18)
#define MPIC_CPU(cpu, reg) (MPIC + 0x20000 + 0x1000 * (cpu) + (reg))
#define MPIC_IPIDR(n)      MPIC_CPU(0, 0x40 + 0x10 * (n))
#define MPIC_CTPR          MPIC_CPU(0, 0x80)
#define MPIC_WHOAMI        MPIC_CPU(0, 0x90)
#define MPIC_IACK          MPIC_CPU(0, 0xa0)
#define MPIC_EOI           MPIC_CPU(0, 0xb0)

#define VPR_MSK               0x80000000u
#define VPR_A                 0x40000000u
#define VPR_P                 0x00800000u /* active high */
#define VPR_S                 0x00400000u /* level */
#define VPR(priority, vector) ((uint32_t)(priority) << 16 | (vector))
#define IDR_CI0               0x40000000u /* version 2.0 */
#define GCR_RST               0x80000000u
#define GCR_MIXED             0x20000000u
#define GCR_PROXY             0x60000000u
