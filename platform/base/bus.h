/* SPDX-License-Identifier: MIT
 *
 * The physical address space outside of RAM: which device answers where, and what becomes of an access that none does.  All of it
 * under the device lock.
 */
#pragma once

#include "platform/base/device.h"

typedef struct Bus Bus;

Bus *bus_new(void);
void bus_free(Bus *bus); /* the devices are their owners' */
/* [gpa, gpa + size) goes to dev as `region`.  Fails when it overlaps another range, naming both. */
bool bus_map(Bus *bus, uint64_t gpa, uint64_t size, Device *dev, unsigned region, GError **error);
/* Reserves a range (RAM) so that no device is mapped there. */
bool bus_reserve(Bus *bus, uint64_t gpa, uint64_t size, const char *who, GError **error);
void bus_unmap(Bus *bus, Device *dev, unsigned region);
/* From now on an access inside of [gpa, last] that nobody answers reads zeros and writes nothing, instead of failing. */
void bus_set_zeros(Bus *bus, uint64_t gpa, uint64_t last);
/*
 * false: nobody answers, or the device refuses; traced with -d guest_errors.  Where bus_set_zeros() holds it is true instead, and
 * the first such access to a block of 4 KiB is traced with -d unimp.  size 1, 2, 4, 8; gpa a multiple of it.
 */
bool bus_read(Bus *bus, uint64_t gpa, unsigned size, uint64_t *value);
bool bus_write(Bus *bus, uint64_t gpa, unsigned size, uint64_t value);
uint64_t bus_unmapped_count(const Bus *bus); /* accesses that nobody answered, whether they failed or read zeros */
/*
 * Which vCPU the accesses of the calling thread come from.  The MPIC's per-CPU registers depend on it, and messages name it.  A
 * thread is vCPU 0's until it sets this.
 */
void bus_set_initiator(unsigned vcpu);
unsigned bus_initiator(void);
