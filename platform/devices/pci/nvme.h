/* SPDX-License-Identifier: MIT
 *
 * NVMe: a disk with queues in the guest's memory (1b36:0010).  NVM Express Base Specification 1.4, the NVM command set, one namespace of
 * 512-byte blocks.  Reads and writes are carried out by the drive's threads; what the host refuses is a status to the guest.
 */
#pragma once

#include "platform/base/event.h"
#include "platform/block/block.h"
#include "platform/devices/pci/pci.h"

enum { NVME_SERIAL_MAX = 20, NVME_IO_QUEUES_MAX = 64 };

typedef struct NvmeConfig {
    const char *name;     /* of the command line, as PciDevice.name */
    Block *block;         /* borrowed */
    const char *serial;   /* the first 20 characters count; borrowed */
    unsigned n_io_queues; /* pairs, 1 to NVME_IO_QUEUES_MAX */
    unsigned vectors;     /* of MSI-X; 0: none */
    Event *again;         /* borrowed: goes on with queues that have more in them than is done at once; NULL: all is done at once */
} NvmeConfig;

PciDevice *nvme_new(const char *id, const NvmeConfig *config);
