/* SPDX-License-Identifier: MIT
 *
 * The guest as a partition of Freescale's hypervisor: what outlives a reset (why it was stopped, what it set in its tree) and the queue
 * of its errors.  Under the device lock.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "dts/guest_tree.h"
#include "dts/nodes.h"
#include "platform/base/section.h"
#include "platform/machine/runstate.h"

typedef struct Partition Partition;

/* Bytes by which partition_strings() may make a tree longer than at power-on: two properties and their names. */
enum { PARTITION_GROWTH = 128 };

Partition *partition_new(const char *name); /* name: NULL: "quoin" */
void partition_free(Partition *p);
const char *partition_name(const Partition *p);
GuestTree *partition_tree(Partition *p);

/*
 * What stopped the guest: FH_PARTITION_STOP and its kin, or a vCPU's watchdog, whose TCR[WRC] is wrc.  The next boot's tree tells; one
 * that the guest survived (continued) is forgotten by then.
 */
void partition_stopped(Partition *p, bool watchdog, unsigned vcpu, unsigned wrc);
/* A reset, from `from`: decides what the next tree says. */
void partition_reset(Partition *p, RunCause cause, RunStateId from);
/* TSR[WRS] of the vCPU after that reset. */
unsigned partition_wrs(const Partition *p, unsigned vcpu);
/* Strings for /hypervisor; a list that ends with NULL, valid until the next call. */
const NodesAlias *partition_strings(Partition *p);

/* An access that nothing answered; kept for FH_ERR_GET_INFO as long as there is room. */
void partition_bus_error(Partition *p, uint64_t gpa, bool is_write);
bool partition_error_peek(const Partition *p, void *record);
void partition_error_drop(Partition *p);

void partition_save(const Partition *p, SectionWriter *to);
void partition_load(Partition *p, Section *from);
