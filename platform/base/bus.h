/* SPDX-License-Identifier: MIT
 *
 * The physical address space outside RAM: which device answers where.  Under the device lock.
 */
#pragma once

#include "platform/base/device.h"

typedef struct Bus Bus;

Bus *bus_new(void);
void bus_free(Bus *bus); /* not the devices */
/* [gpa, gpa + size) goes to dev as `region`.  Fails when it overlaps another range, naming both. */
bool bus_map(Bus *bus, uint64_t gpa, uint64_t size, Device *dev, unsigned region, GError **error);
/* Reserves a range (RAM) so that no device is mapped there. */
bool bus_reserve(Bus *bus, uint64_t gpa, uint64_t size, const char *who, GError **error);
void bus_unmap(Bus *bus, Device *dev, unsigned region);
/*
 * false: nobody answers; counted, and traced with -d guest_errors.  size 1, 2, 4, 8; gpa a multiple
 * of it.
 */
bool bus_read(Bus *bus, uint64_t gpa, unsigned size, uint64_t *value);
bool bus_write(Bus *bus, uint64_t gpa, unsigned size, uint64_t value);
uint64_t bus_unmapped_count(const Bus *bus);
/*
 * Which vCPU the calling thread's accesses come from (MPIC per-CPU registers); a vCPU's thread sets
 * it once.  0 at first.
 */
void bus_set_initiator(unsigned vcpu);
unsigned bus_initiator(void);
