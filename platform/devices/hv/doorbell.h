/* SPDX-License-Identifier: MIT
 *
 * A doorbell (ePAPR 1.1 §7.6): who sends it gives whoever receives it an interrupt, and nothing else.  Both ends are nodes of one
 * tree, a handle each, unless the doorbell has only one.  Without a back end the guest that sends is the one that receives.
 *
 * With a back end what is sent goes out as one byte, 0x01, and each byte that comes in, whatever its value, is a ring: two programs
 * with a socket between them ring each other.  Rings that come before the interrupt is acknowledged are one, so a back end whose queue
 * is full of rings needs no more of them.
 *
 * The interrupt is an edge: the interrupt controller keeps it, and a doorbell has no state.
 */
#pragma once

#include "platform/chardev/chardev.h"
#include "platform/base/device.h"
#include "platform/base/irq.h"

typedef struct DoorbellConfig {
    const char *name;       /* label of both nodes; copied; NULL: none */
    const char *compatible; /* of the receiving end, before "epapr,hv-receive-doorbell"; NULL: nothing more; not copied */
    uint32_t send, receive; /* handles; 0: there is no such end */
    IrqInput input;         /* of the receiving end */
    Chardev *chr;           /* NULL: none */
    uint64_t store;         /* gpa where a 32-bit store of the sending handle sends, too (doorbell_page.h); 0: nowhere */
} DoorbellConfig;

typedef enum DoorbellResult { DOORBELL_SENT, DOORBELL_NOBODY /* NOBODY: no one is connected to the back end */ } DoorbellResult;

Device *doorbell_new(const char *id, const DoorbellConfig *config);
bool doorbell_is(const Device *dev);
uint32_t doorbell_send_handle(const Device *dev); /* 0: it has no sending end */
bool doorbell_takes_stores(const Device *dev);
DoorbellResult doorbell_send(Device *dev); /* the guest sends it */
void doorbell_ring(Device *dev);           /* raises the interrupt of the guest's receiving end */
