/* SPDX-License-Identifier: MIT
 *
 * What the files of the MPIC share: mpic.c delivers, mpic_regs.c decodes, mpic_timers.c counts.
 */
#pragma once

#include "platform/devices/soc/mpic.h"

enum { MPIC_IPIS = 4, MPIC_TIMERS = 8, MPIC_GROUP_TIMERS = 4, MPIC_GROUPS = 2 };
enum {
    MPIC_SOURCE_IPI = MPIC_SOURCES, /* sources of its own, beyond those with wires */
    MPIC_SOURCE_TIMER = MPIC_SOURCE_IPI + MPIC_IPIS,
    MPIC_SOURCES_ALL = MPIC_SOURCE_TIMER + MPIC_TIMERS,
    MPIC_WORDS = (MPIC_SOURCES_ALL + 31) / 32,
};

#define IVPR_MSK      0x80000000u
#define IVPR_A        0x40000000u
#define IVPR_P        0x00800000u
#define IVPR_S        0x00400000u
#define IVPR_PRIORITY 0x000f0000u
#define IVPR_VECTOR   0x0000ffffu
#define IDR_EP        0x80000000u /* version 2.0: to the pin IRQ_OUT, which nothing is wired to */
#define IDR_CI0       0x40000000u /* version 2.0: to CINT of CPU 0; the next lower bit: of CPU 1 … */
#define GCR_R         0x80000000u
#define GCR_M         0x60000000u
#define GTBCR_CI      0x80000000u
#define GTCCR_TOG     0x80000000u

/* What differs between versions. */
typedef struct MpicVersion {
    uint32_t brr1;    /* block ID 0x0040 and the version */
    uint32_t sources; /* how many FRR says there are */
    uint32_t gcr_kept;
    bool has_ilr;    /* ILR says which output a source goes to; without it IDR[CIn] does */
    bool has_errors; /* EISR, EIMR */
    unsigned cpus_max;
} MpicVersion;

typedef struct Mpic {
    Device dev;
    const MpicVersion *version;
    unsigned n_cpus;
    IrqLine out[MPIC_CPUS_MAX][MPIC_OUTPUTS];
    IrqLine remote; /* mpic_remote_new() alone: where the sources go */
    Clock *clock;
    ClockTimer *timer;
    uint8_t n_wires[MPIC_SOURCES];
    uint32_t wires[MPIC_SOURCES]; /* levels; others drive them, so a reset leaves them */

    IrqLine core_reset[MPIC_CPUS_MAX]; /* up while the CPU's bit of PIR is set */

    uint32_t gcr, svr, eimr, pir;
    uint32_t ivpr[MPIC_SOURCES_ALL]; /* IVPR without A, which is computed */
    uint32_t idr[MPIC_SOURCES_ALL];
    uint32_t ilr[MPIC_SOURCES_ALL];
    uint32_t pending[MPIC_SOURCES_ALL]; /* latched.  IPIs and timers: bit per CPU; edges: 1; level:
                                           unused */
    uint32_t ctpr[MPIC_CPUS_MAX];
    uint32_t in_service[MPIC_CPUS_MAX * MPIC_WORDS]; /* bit per source */
    uint32_t msir[MPIC_MSI_REGISTERS];

    uint32_t tfrr[MPIC_GROUPS], tcr[MPIC_GROUPS];
    uint32_t gtbcr[MPIC_TIMERS];
    uint8_t toggle[MPIC_TIMERS];
    uint32_t left[MPIC_TIMERS]; /* ticks to the next expiry, as of at_ns; 0: never loaded */
    uint64_t at_ns[MPIC_TIMERS];

    /* Derived: */
    uint32_t ready[MPIC_WORDS];           /* asks some CPU's INT, not masked */
    uint8_t direct_out[MPIC_SOURCES_ALL]; /* the CINT or MCP that it holds up at direct_cpus */
    uint32_t direct_cpus[MPIC_SOURCES_ALL];
    uint16_t n_direct[MPIC_CPUS_MAX][MPIC_OUTPUTS];
    bool int_level[MPIC_CPUS_MAX];
} Mpic;

/* mpic.c */
void mpic_source_update(Mpic *m, unsigned source); /* after any change of the source's registers or wires */
void mpic_cpu_update(Mpic *m, unsigned cpu);
bool mpic_source_is_level(const Mpic *m, unsigned source);
bool mpic_source_active(const Mpic *m, unsigned source); /* IVPR[A] */
uint32_t mpic_cpus(const Mpic *m);                       /* bit per CPU */
uint32_t mpic_idr_kept(const Mpic *m, unsigned source);
void mpic_raise(Mpic *m, unsigned source, uint32_t cpus); /* latches an IPI or timer */
uint32_t mpic_acknowledge(Mpic *m, unsigned cpu);
void mpic_end_of_interrupt(Mpic *m, unsigned cpu);
void mpic_set_pir(Mpic *m, uint32_t cpus); /* bit per CPU */
void mpic_wire_set(Mpic *m, unsigned source, unsigned wire, bool level);

/* mpic_regs.c */
bool mpic_read(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t *value);
bool mpic_write(Device *dev, unsigned region, uint64_t offset, unsigned size, uint64_t value);
void mpic_describe(Device *dev, Dts *dts);

/* mpic_timers.c; timer 0–7 */
void mpic_timers_run(Mpic *m); /* brings all counts to now; arms the clock */
uint32_t mpic_timer_gtccr(Mpic *m, unsigned timer);
void mpic_timer_set_gtbcr(Mpic *m, unsigned timer, uint32_t value);
void mpic_timer_set_tcr(Mpic *m, unsigned group, uint32_t value);
