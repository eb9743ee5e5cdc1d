/* SPDX-License-Identifier: MIT
 *
 * An ePAPR byte channel (ePAPR 1.1 §7.5): bytes between hypercalls and a chardev, with back-pressure both ways and nothing lost.
 * The guest names it by a handle; it has no registers.
 *
 * Interrupts, both level: rx while there is something to receive; tx while there is room to send.  After a send that was short, tx
 * falls until half of the back end's queue is free, so that a guest is not woken for a byte at a time.
 *
 * A reset of the machine leaves a channel alone: what the guest sent is the host's, what the host sent waits for the next guest.
 */
#pragma once

#include "platform/chardev/chardev.h"
#include "platform/base/device.h"
#include "platform/base/irq.h"

enum { BYTE_CHANNEL_MAX = 16 }; /* the most bytes that one call moves */

typedef struct ByteChannelWires {
    IrqInput rx, tx;
} ByteChannelWires;

/* name: label of its node; NULL: the node has none */
Device *byte_channel_new(const char *id, uint32_t handle, const char *name, Chardev *chr, const ByteChannelWires *wires);
bool byte_channel_is(const Device *dev);
uint32_t byte_channel_handle(const Device *dev);
/* Bytes accepted or got: 0 … size.  Of a channel whose other end nobody holds, all are accepted, and dropped. */
size_t byte_channel_send(Device *dev, const uint8_t *data, size_t size);
size_t byte_channel_receive(Device *dev, uint8_t *data, size_t size);
/* Bytes that receive would give, and send certainly take. */
void byte_channel_poll(Device *dev, size_t *to_receive, size_t *to_send);
