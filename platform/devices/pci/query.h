/* SPDX-License-Identifier: MIT
 *
 * What is on the PCI bus, for whoever looks in from outside: the answer of query-pci, with QEMU's names.
 */
#pragma once

#include "platform/devices/pci/host.h"

GVariant *pci_host_query(Device *host); /* [PciInfo] of qmp.def, floating.  Under the device lock */
