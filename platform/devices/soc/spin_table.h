/* SPDX-License-Identifier: MIT
 *
 * Where secondary CPUs wait for an address to start at (ePAPR 1.1 §5.5.2).  One entry a CPU:
 *     +0  u64 addr   1: wait; bit 0 clear: go there
 *     +8  u64 r3     value of r3 at the entry
 *     +16 u32 reserved
 *     +20 u32 pir
 *     +24 u64 reserved
 * Read and written in naturally aligned pieces of 1, 2, 4 or 8 bytes.
 */
#pragma once

#include "platform/base/device.h"

enum { SPIN_TABLE_ENTRY = 0x20, SPIN_TABLE_CPUS_MAX = 32, SPIN_TABLE_SIZE = 0x400 };

/* The guest lets a CPU go that waits here.  The boot CPU runs from the start, and waits here only after spin_table_hold(). */
typedef void SpinTableRelease(void *opaque, unsigned cpu, uint64_t entry, uint64_t r3);

Device *spin_table_new(const char *id, unsigned n_cpus, SpinTableRelease *release, void *opaque);
/* The CPU's core was reset by itself: it waits at its entry again, which is as after power-on. */
void spin_table_hold(Device *dev, unsigned cpu);
uint64_t spin_table_entry(uint64_t table, unsigned cpu); /* gpa of a CPU's entry: its cpu-release-addr in the tree */
