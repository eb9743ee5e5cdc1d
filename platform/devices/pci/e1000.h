/* SPDX-License-Identifier: MIT
 *
 * Intel 82540EM gigabit Ethernet controller (8086:100e): PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual.
 * Frames are sent and received at once, so FIFOs, delays and wake-up are registers without effect; interrupts are throttled by ITR.
 */
#pragma once

#include "platform/base/clock.h"
#include "platform/devices/pci/pci.h"
#include "platform/net/net.h"

typedef struct E1000Config {
    Clock *clock;
    Net *net; /* NULL: no cable */
    uint8_t mac[NET_MAC_SIZE];
} E1000Config;

PciDevice *e1000_new(const char *id, const E1000Config *config);
