/* SPDX-License-Identifier: MIT
 *
 * A virtio device on the PCI bus: VIRTIO 1.1 §4.1.  Modern, legacy or, as a transitional device, both at once.  Interrupts go by INTx,
 * or by MSI-X where the guest switches it on.
 */
#pragma once

#include "platform/devices/pci/pci.h"
#include "platform/devices/virtio/virtio.h"

typedef struct VirtioPciConfig {
    const char *name;    /* id= of the command line, borrowed; NULL: none */
    bool legacy, modern; /* one of them at least */
    unsigned vectors;    /* of MSI-X; 0: it has none */
    Event *again;        /* VirtioTransport's */
} VirtioPciConfig;

PciDevice *virtio_pci_new(const char *id, Virtio *virtio /* take */, const VirtioPciConfig *config);
